//! Builds the page twice, in two folders, and compares: the same sources are to give the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use xtask::root;

use crate::shell::{command, run};
use crate::{page, record};

/// Builds what is committed here and in a fresh clone, and records whether the bytes are the same.
pub(crate) fn twice() -> Result<ExitCode> {
    let changed = crate::shell::output(command("git").args(["status", "--porcelain"]));
    let clean = changed.context("git cannot tell what has changed")?.is_empty();
    ensure!(clean, "the clone has what is committed: commit, or put away, what has changed");
    page::build()?;
    let clone = root().join("target/twice");
    if clone.exists() {
        fs::remove_dir_all(&clone)?;
    }
    run(command("git").arg("clone").arg("--quiet").arg(root()).arg(&clone))?;
    let mut again = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    again.args(["xtask", "build"]).current_dir(&clone).env_remove("CARGO_TARGET_DIR");
    run(&mut again)?;

    let (here, there) = (files(&root().join("dist"))?, files(&clone.join("dist"))?);
    let differ = difference(&here, &there);
    for name in &differ {
        println!("{} differs", name.display());
    }
    println!("{} of {} files have the same bytes.", here.len() - differ.len(), here.len());
    record::change(|record| {
        record["twice"] = json!({ "files": here.len(), "differ": differ.len() });
    })?;
    Ok(if differ.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The files below a folder, by their path in it.
fn files(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("no {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder)?.to_path_buf(), fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

/// What only one of them has, or both with other bytes.
fn difference(
    one: &BTreeMap<PathBuf, Vec<u8>>,
    other: &BTreeMap<PathBuf, Vec<u8>>,
) -> Vec<PathBuf> {
    let missing = other.keys().filter(|name| !one.contains_key(*name));
    let differs = one.iter().filter(|(name, bytes)| other.get(*name) != Some(bytes));
    differs.map(|(name, _)| name).chain(missing).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let files = |list: &[(&str, &str)]| {
            list.iter().map(|(name, text)| (name.into(), text.as_bytes().to_vec())).collect()
        };
        let one = files(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let other = files(&[("a", "1"), ("b", "3"), ("d", "3")]);
        let names: Vec<PathBuf> = ["b", "c", "d"].map(PathBuf::from).into();
        assert_eq!(difference(&one, &other), names);
        assert!(difference(&one, &one).is_empty());
    }
}
