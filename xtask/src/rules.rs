//! How well the tests of `core` hold its rules: which of them no test reaches, and which could be
//! changed without a test that fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use xtask::root;

use crate::shell::{command, run};
use crate::{record, setup};

/// The versions that the output read here is of.
const MUTANTS_VERSION: &str = "27.1.0";
const LLVM_COV_VERSION: &str = "0.9.1";

/// The natively quick tests of `core`, by which regions are counted.
const TESTS: [&str; 9] = [
    "heap_properties",
    "liballoc",
    "limits",
    "picture",
    "properties",
    "recorded",
    "rules",
    "sessions",
    "trace_language",
];

fn folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), Into::into)
}

/// Changes the rules one at a time (`.cargo/mutants.toml` says where), those of a share such as
/// `0/26`, and records which changes no test notices.
pub(crate) fn mutants(share: &str) -> Result<ExitCode> {
    let tool = setup::cargo_tool("cargo-mutants", MUTANTS_VERSION)?;
    let out = folder().join("mutants");
    let mut mutants = command(tool);
    mutants.args(["mutants", "-p", "mmap-playground-core", "--sharding", "round-robin"]);
    mutants.args(["--shard", share, "--timeout", "120", "-o"]).arg(&out);
    mutants.env("CARGO_PROFILE_DEV_DEBUG", "0").env_remove("CARGO_TARGET_DIR").env_remove("CARGO");
    // It fails where a change went unnoticed: that is a finding.
    mutants.status().context("could not start cargo-mutants")?;
    let outcomes = out.join("mutants.out/outcomes.json");
    let outcomes: Value = serde_json::from_slice(&fs::read(outcomes)?)?;
    let found = of_mutants(&outcomes)?;
    println!("Share {share}: {found}");
    record::change(|record| record["mutants"][share] = found)?;
    Ok(ExitCode::SUCCESS)
}

/// What is recorded of a share: counts, and the changes that no test noticed.
fn of_mutants(outcomes: &Value) -> Result<Value> {
    ensure!(outcomes["end_time"].is_string(), "it did not run to its end");
    let all = outcomes["outcomes"].as_array().context("no outcomes")?;
    let missed = all.iter().filter(|it| it["summary"] == "MissedMutant");
    // Without line and column, which the next edit moves.
    let names = missed.filter_map(|it| it["scenario"]["Mutant"]["name"].as_str());
    let names: Vec<String> = names.map(without_place).collect();
    let mut found = json!({ "survivors": names });
    for count in ["caught", "missed", "timeout", "unviable"] {
        found[count] = outcomes[count].clone();
    }
    Ok(found)
}

/// `core/src/a.rs:1:2: replace …` without its numbers.
fn without_place(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    match (parts.next(), parts.nth(2)) {
        (Some(file), Some(change)) => format!("{file}:{change}"),
        _ => name.to_owned(),
    }
}

/// Counts which regions of `core` its quick native tests reach, and records it.
pub(crate) fn coverage() -> Result<ExitCode> {
    let tool = setup::cargo_tool("cargo-llvm-cov", LLVM_COV_VERSION)?;
    run(command("rustup").args(["component", "add", "llvm-tools"]))?;
    let out = folder().join("coverage.json");
    let mut coverage = command(tool);
    coverage.args(["llvm-cov", "-p", "mmap-playground-core", "--lib"]).env_remove("CARGO");
    coverage.args(TESTS.iter().flat_map(|test| ["--test", test]));
    run(coverage.args(["--json", "--summary-only", "--output-path"]).arg(&out))?;
    record_coverage(&out)
}

fn record_coverage(file: &Path) -> Result<ExitCode> {
    let found = of_coverage(&serde_json::from_slice(&fs::read(file)?)?)?;
    println!("{}", found["all"]);
    record::change(|record| record["coverage"] = found)?;
    Ok(ExitCode::SUCCESS)
}

/// What is recorded: of each file of `core`, and of all, how many regions there are, and how many of
/// them were reached.
fn of_coverage(coverage: &Value) -> Result<Value> {
    let files = coverage["data"][0]["files"].as_array().context("no files")?;
    let mut found: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    let mut all = [0, 0];
    for file in files {
        let name = file["filename"].as_str().unwrap_or_default().replace('\\', "/");
        let Some((_, name)) = name.split_once("/core/src/") else { continue };
        let regions = &file["summary"]["regions"];
        let counts = ["count", "covered"].map(|it| regions[it].as_u64().unwrap_or_default());
        all = [all[0] + counts[0], all[1] + counts[1]];
        found.insert(name.to_owned(), counts);
    }
    ensure!(all[0] > 0, "no file of core is among them");
    Ok(json!({ "all": all, "files": found }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survivors_are_named_without_their_place() {
        let mutant = |name: &str, summary: &str| json!({"scenario": {"Mutant": {"name": name}}, "summary": summary});
        let outcomes = json!({
            "caught": 1, "missed": 1, "timeout": 0, "unviable": 0, "end_time": "now",
            "outcomes": [
                {"scenario": "Baseline", "summary": "Success"},
                mutant("core/src/a.rs:1:2: replace < with <= in f::g", "MissedMutant"),
                mutant("core/src/a.rs:3:2: replace + with - in h", "CaughtMutant"),
            ],
        });
        let found = of_mutants(&outcomes).unwrap();
        assert_eq!(found["survivors"], json!(["core/src/a.rs: replace < with <= in f::g"]));
        assert_eq!((&found["caught"], &found["missed"]), (&json!(1), &json!(1)));
        assert!(of_mutants(&json!({ "outcomes": [] })).is_err());
    }

    #[test]
    fn regions_of_core_are_added_up() {
        let file = |name: &str, count: u64| json!({"filename": name, "summary": {"regions": {"count": count, "covered": 2}}});
        let files = [
            file("/x/core/src/vma.rs", 4),
            file("/x/hostile/src/lib.rs", 9),
            file("/x/core/src/a/b.rs", 2),
        ];
        let found = of_coverage(&json!({"data": [{ "files": files }]})).unwrap();
        assert_eq!(found, json!({"all": [6, 4], "files": {"vma.rs": [4, 2], "a/b.rs": [2, 2]}}));
    }
}
