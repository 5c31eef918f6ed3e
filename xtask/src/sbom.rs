//! Lists what the page is made of, for whoever publishes it: a software bill of materials in the
//! form CycloneDX 1.5 (JSON).
//!
//! Source: `cargo metadata`. It holds what is linked into the page or runs as a macro while it is
//! built, at the versions of `Cargo.lock`; no time and no number of its own, so that the same
//! sources give the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::shell::{cargo, output};

/// The package that becomes the page.
const PAGE: &str = "mmap-playground";

/// Writes the list; gives how many crates it has.
///
/// # Errors
///
/// If cargo cannot tell the dependencies, or the file cannot be written.
pub(crate) fn write(file: &Path) -> Result<usize> {
    const METADATA: &str =
        "metadata --format-version 1 --locked --filter-platform wasm32-unknown-unknown";
    let metadata = output(&mut cargo(METADATA)).context("cargo metadata failed")?;
    let list = list(&serde_json::from_str(&metadata)?)?;
    fs::write(file, serde_json::to_string_pretty(&list)? + "\n")?;
    Ok(list["components"].as_array().map_or(0, Vec::len))
}

fn list(metadata: &Value) -> Result<Value> {
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let page = packages.values().find(|package| package["name"] == PAGE);
    let page = page.context("the page is no package")?;
    let mut found = BTreeSet::new();
    let mut open = vec![text(&page["id"])];
    while let Some(id) = open.pop() {
        if !found.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).and_then(|node| node["deps"].as_array());
        let used = dependencies.into_iter().flatten().filter(|it| !is_for_tests_only(it));
        open.extend(used.map(|it| text(&it["pkg"])));
    }
    found.remove(text(&page["id"]));
    let components = found.iter().filter_map(|id| packages.get(id)).map(|it| component(it));
    let mut components: Vec<Value> = components.collect();
    components.sort_by_key(|it| it["bom-ref"].to_string());
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(page) },
        "components": components,
    }))
}

/// Values by what their field `id` says.
fn by_id(list: &Value) -> BTreeMap<&str, &Value> {
    list.as_array().into_iter().flatten().map(|it| (text(&it["id"]), it)).collect()
}

fn is_for_tests_only(dependency: &Value) -> bool {
    let kinds = dependency["dep_kinds"].as_array();
    kinds.is_some_and(|kinds| kinds.iter().all(|kind| kind["kind"] == "dev"))
}

fn component(package: &Value) -> Value {
    let (name, version) = (text(&package["name"]), text(&package["version"]));
    let reference = format!("pkg:cargo/{name}@{version}");
    let mut component = json!({
        "type": if name == PAGE { "application" } else { "library" },
        "bom-ref": reference,
        "name": name,
        "version": version,
        "purl": reference,
    });
    if let Some(licence) = package["license"].as_str() {
        // Old manifests separate by a slash what may be chosen.
        let expression = licence.replace('/', " OR ").replace("  ", " ");
        component["licenses"] = json!([{ "expression": expression }]);
    }
    component
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tests_use_is_not_in_the_page() {
        let package = |name: &str| json!({"id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0"});
        let uses = |name: &str, kind: Value| json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "packages": [package(PAGE), package("b"), package("a"), package("t"), package("u")],
            "resolve": { "nodes": [
                {"id": PAGE, "deps": [uses("b", Value::Null), uses("t", json!("dev"))]},
                {"id": "b", "deps": [uses("a", json!("build"))]},
                {"id": "u", "deps": []},
            ] },
        });
        let list = list(&metadata).unwrap();
        let names: Vec<_> =
            list["components"].as_array().unwrap().iter().map(|it| text(&it["name"])).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(list["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(list["metadata"]["component"]["name"], PAGE);
    }
}
