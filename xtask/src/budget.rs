//! Holds what the built page weighs against what it may weigh, `bench/budget.json`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::root;

/// Above the budget by so much is still within it.
const SLACK: f64 = 1.03;

/// Weighs the page of a folder, as brotli makes it for the wire, without the guide.
pub(crate) fn check(dist: &Path) -> Result<()> {
    let text = fs::read_to_string(root().join("bench/budget.json"))?;
    let budget: Value = serde_json::from_str(&text).context("bench/budget.json")?;
    let most = budget["wire bytes"].as_f64().context("bench/budget.json has no `wire bytes`")?;
    let bytes = weigh(dist)?;
    println!("{bytes} bytes over the wire; the budget is {most}.");
    within(bytes, most)
}

fn within(bytes: f64, most: f64) -> Result<()> {
    ensure!(
        bytes <= most * SLACK,
        "the page has {bytes} bytes over the wire, and bench/budget.json allows {most} and 3 % \
         more: find what made it grow (`node bench/weigh.mjs dist`), or raise the budget on purpose"
    );
    Ok(())
}

fn weigh(dist: &Path) -> Result<f64> {
    let script = root().join("bench/weigh.mjs");
    let output = Command::new("node").arg(script).arg(dist).output();
    let output = output.context("could not start node")?;
    ensure!(output.status.success(), "node: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let all = text.lines().last().and_then(|line| line.split_whitespace().next());
    Ok(all.context("bench/weigh.mjs weighed nothing")?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_little_above_the_budget_is_within_it() {
        assert!(within(102.0, 100.0).is_ok());
        assert!(within(104.0, 100.0).is_err());
    }
}
