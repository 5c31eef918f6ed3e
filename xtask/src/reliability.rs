//! Writes `docs/reliability.md`: what was tried so far, how much of it, and what it found.
//!
//! Numbers come from the runs themselves: `docs/reliability.json` from `cargo xtask fuzz` and from
//! the `monkey` of `e2e/examples`, and the inputs that ever found a fault from `fuzz/crashes`.

use std::fmt::Write;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::Value;
use xtask::root;

const INTRODUCTION: &str = "\
# Reliability

Written by `cargo xtask reliability` from what the runs recorded; do not edit.

## Fuzzing

Each target (crate `hostile`) takes any bytes through one door and asserts what must hold. libFuzzer
chooses them by what they reach (`cargo xtask fuzz`). Every input that found a fault is kept, named after
the fault, and run by `cargo test -p hostile` ever after.

| target | inputs tried | faults found, all mended |
| --- | ---: | --- |
";

const MONKEY: &str = "
## The page, played with at random

Clicks, drags, wheels, keys, lines, pastes, sizes of the window and reloads in a real browser, from a seed
(`cargo run -p e2e --example monkey -- MINUTES SEED`). Each round of 60 acts ends with loading the page
again, which runs all lines again: step, totals and frames must be the same. An error in the console, a
page that has failed, or more elements than there may be end a run; only runs that did not end so are
counted.

| browser | minutes | acts | loaded again | elements at most |
| --- | ---: | ---: | ---: | ---: |
";

/// Writes the report.
pub(crate) fn write() -> Result<ExitCode> {
    let record = root().join("docs/reliability.json");
    let record = fs::read(&record).context("nothing is recorded yet: run `cargo xtask fuzz`")?;
    let report = report(&serde_json::from_slice(&record)?, &faults)?;
    fs::write(root().join("docs/reliability.md"), report)?;
    println!("Written to docs/reliability.md.");
    Ok(ExitCode::SUCCESS)
}

/// The names of the inputs that found a fault of a target.
fn faults(target: &str) -> Vec<String> {
    let files = fs::read_dir(root().join("fuzz/crashes").join(target));
    let names = files.into_iter().flatten().flatten().map(|it| it.file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn report(record: &Value, faults: &dyn Fn(&str) -> Vec<String>) -> Result<String> {
    let targets = record["fuzzing"].as_object().context("no fuzzing is recorded")?;
    let mut text = INTRODUCTION.to_owned();
    let (mut inputs, mut found) = (0, 0);
    for (target, record) in targets {
        let executions = record["executions"].as_u64().unwrap_or(0);
        let faults = faults(target);
        inputs += executions;
        found += faults.len();
        let names = faults.join(", ").replace('-', " ");
        let _ = writeln!(text, "| {target} | {} | {names} |", grouped(executions));
    }
    let _ = writeln!(text, "| **all** | **{}** | **{found}** |", grouped(inputs));
    if let Some(browsers) = record["monkey"].as_object() {
        text.push_str(MONKEY);
        for (browser, record) in browsers {
            let number = |name: &str| grouped(record[name].as_u64().unwrap_or(0));
            let [minutes, acts, rounds, elements] =
                ["minutes", "acts", "rounds", "elements"].map(number);
            let _ = writeln!(text, "| {browser} | {minutes} | {acts} | {rounds} | {elements} |");
        }
    }
    Ok(text)
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let pieces: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|it| str::from_utf8(it).unwrap_or_default())
        .collect();
    pieces.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_monkey_has_a_row_a_browser() {
        let run = json!({"minutes": 20, "acts": 4800, "rounds": 80, "elements": 1002});
        let record = json!({"fuzzing": {}, "monkey": {"Firefox": run}});
        let report = report(&record, &|_| Vec::new()).unwrap();
        assert!(report.ends_with("---: |\n| Firefox | 20 | 4,800 | 80 | 1,002 |\n"), "{report}");
    }

    #[test]
    fn targets_are_added_up() {
        let record =
            json!({"fuzzing": {"maps": {"executions": 1_234_567}, "text": {"executions": 33}}});
        let faults =
            |target: &str| if target == "text" { vec!["a-fault".to_owned()] } else { vec![] };
        let report = report(&record, &faults).unwrap();
        let rows: Vec<&str> = report.lines().rev().take(3).collect();
        assert_eq!(
            rows,
            [
                "| **all** | **1,234,600** | **1** |",
                "| text | 33 | a fault |",
                "| maps | 1,234,567 |  |"
            ]
        );
    }
}
