//! Writes `docs/reliability.md`: what was tried so far, how much of it, and what it found.
//!
//! Numbers come from the runs themselves: `docs/reliability.json` from `cargo xtask fuzz`, `mutants`,
//! `coverage`, `twice` and `browsers` and from the `monkey` of `e2e/examples`, and the inputs that ever
//! found a fault from `fuzz/crashes`. What no run measures is told in `reliability.points.md`.

use std::fmt::Write;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::Value;
use xtask::root;

use crate::record;

/// What was tried of each point, with places for the numbers.
const POINTS: &str = include_str!("reliability.points.md");

const INTRODUCTION: &str = "\
# Reliability

Written by `cargo xtask reliability` from what the runs recorded; do not edit.

";

const FUZZING: &str = "
## Fuzzing

Each target (crate `hostile`) takes any bytes through one door and asserts what must hold. libFuzzer
chooses them by what they reach (`cargo xtask fuzz`); or what libFuzzer kept and the corpus are changed at
random, without a look at what that reaches (`--random`). Every input that found a fault is kept, named
after the fault, and run by `cargo test -p hostile` ever after.

| target | chosen by libFuzzer | changed at random | faults found, all mended |
| --- | ---: | ---: | --- |
";

const MONKEY: &str = "
## The page, played with at random

Clicks, drags, wheels, zooms, keys, lines, pastes, sizes of the window and reloads in a real browser, from
a seed (`cargo run -p e2e --example monkey -- MINUTES SEED`). Each round of 60 acts ends with loading the
page again, which runs all lines again: step, totals and the whole state as the page saves it must be the
same. An error in the console, a page that has failed, more elements or more memory than there may be end
a run; only runs that did not end so are counted.

| browser | minutes | seeds | acts | loaded again | elements at most | MiB of the module at most |
| --- | ---: | --- | ---: | ---: | ---: | ---: |
";

const MUTANTS: &str = "
## Rules, changed one at a time

`cargo xtask mutants` changes the rules of `core` (the modules in `.cargo/mutants.toml`) one at a time, and
sees whether a test fails. What no test noticed and why is told in [mutants.md](mutants.md). Shares are
taken out of all changes evenly: `0/26` is every 26th.

| share | changes | caught | missed | hung | did not compile |
| --- | ---: | ---: | ---: | ---: | ---: |
";

const COVERAGE: &str = "
## Regions of core that tests reach

`cargo xtask coverage` counts them natively, by the unit tests of `core` and the quick ones beside them.
Below are the files of which more than a tenth is not reached. Much of that are sentences for people (in
`event`, `report`, `search`, `state`), which the tests of the page read, and the command line of `replay`.

| file | regions | reached |
| --- | ---: | ---: |
";

/// The share of regions below which a file is named, in percent.
const NAMED_BELOW: u64 = 90;

/// Writes the report.
pub(crate) fn write() -> Result<ExitCode> {
    fs::write(root().join("docs/reliability.md"), report(&record::read()?, &faults)?)?;
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
    let (fuzzing, inputs, found) = fuzzing(record, faults)?;
    let (monkey, minutes) = monkey(record);
    let (mutants, caught) = mutants(record);
    let (coverage, reached) = coverage(record);
    let points = POINTS
        .replace("{inputs}", &grouped(inputs))
        .replace("{found}", &grouped(found))
        .replace("{minutes}", &minutes)
        .replace("{caught}", &caught)
        .replace("{reached}", &reached)
        .replace("{twice}", &twice(record))
        .replace("{browsers}", &browsers(record));
    Ok([INTRODUCTION, &points, &fuzzing, &monkey, &mutants, &coverage].concat())
}

/// The section, how many inputs were tried, and how many faults they found.
fn fuzzing(record: &Value, faults: &dyn Fn(&str) -> Vec<String>) -> Result<(String, u64, u64)> {
    let targets = record["fuzzing"].as_object().context("no fuzzing is recorded")?;
    let mut text = FUZZING.to_owned();
    let (mut inputs, mut found) = ([0, 0], 0);
    for (target, record) in targets {
        let [chosen, random] = ["executions", "random"].map(|name| number(record, name));
        let faults = faults(target);
        inputs = [inputs[0] + chosen, inputs[1] + random];
        found += faults.len() as u64;
        let names = faults.join(", ").replace('-', " ");
        let (chosen, random) = (grouped(chosen), grouped(random));
        let _ = writeln!(text, "| {target} | {chosen} | {random} | {names} |");
    }
    let [chosen, random] = inputs.map(grouped);
    let _ = writeln!(text, "| **all** | **{chosen}** | **{random}** | **{found}** |");
    Ok((text, inputs.iter().sum(), found))
}

/// The section, and how many minutes each browser was played with.
fn monkey(record: &Value) -> (String, String) {
    let Some(browsers) = record["monkey"].as_object() else { return (String::new(), NONE.into()) };
    let (mut text, mut minutes) = (MONKEY.to_owned(), Vec::new());
    for (browser, record) in browsers {
        let cell = |name: &str| grouped(number(record, name));
        let seeds = record["seeds"].as_array().into_iter().flatten().map(Value::to_string);
        let seeds: Vec<String> = seeds.collect();
        minutes.push(format!("{browser} {}", cell("minutes")));
        let cells = [
            cell("minutes"),
            seeds.join(", "),
            cell("acts"),
            cell("rounds"),
            cell("elements"),
            cell("mebibytes"),
        ];
        let _ = writeln!(text, "| {browser} | {} |", cells.join(" | "));
    }
    (text, format!("{} minutes", minutes.join(", ")))
}

/// The section, and how many changes were caught.
fn mutants(record: &Value) -> (String, String) {
    let Some(shares) = record["mutants"].as_object() else { return (String::new(), NONE.into()) };
    let mut text = MUTANTS.to_owned();
    let mut all = [0; 4];
    for (share, record) in shares {
        let counts = ["caught", "missed", "timeout", "unviable"].map(|it| number(record, it));
        let [caught, missed, timeout, unviable] = counts.map(grouped);
        let changes = grouped(counts.iter().sum());
        let cells = [share.clone(), changes, caught, missed, timeout, unviable];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        all = std::array::from_fn(|index| all[index] + counts[index]);
    }
    // A change that hangs is noticed; one that does not compile says nothing.
    let (noticed, tried) = (all[0] + all[2], all[0] + all[1] + all[2]);
    let percent = percent(noticed, tried);
    (text, format!("{} of {} changes noticed, {percent} %", grouped(noticed), grouped(tried)))
}

/// The section, and the share of all.
fn coverage(record: &Value) -> (String, String) {
    let coverage = &record["coverage"];
    let Some(files) = coverage["files"].as_object() else { return (String::new(), NONE.into()) };
    let counts = |value: &Value| [0, 1].map(|index| value[index].as_u64().unwrap_or_default());
    let mut text = COVERAGE.to_owned();
    for (file, regions) in files {
        let [all, reached] = counts(regions);
        if reached * 100 < all * NAMED_BELOW {
            let (reached, all) = (percent(reached, all), grouped(all));
            let _ = writeln!(text, "| {file} | {all} | {reached} % |");
        }
    }
    let [all, reached] = counts(&coverage["all"]);
    let share = percent(reached, all);
    (text, format!("{share} % of {} regions", grouped(all)))
}

/// How two builds compared.
fn twice(record: &Value) -> String {
    let twice = &record["twice"];
    match (number(twice, "files"), number(twice, "differ")) {
        (0, _) => NONE.to_owned(),
        (files, 0) => format!("two builds in two folders gave the same bytes, all {files} files"),
        (files, differ) => format!("of two builds in two folders {differ} of {files} files differ"),
    }
}

/// How often in a row nothing failed in the browsers.
fn browsers(record: &Value) -> String {
    let browsers = &record["browsers"];
    if browsers.is_null() {
        return NONE.to_owned();
    }
    let (runs, tests) = (number(browsers, "in_a_row"), grouped(number(browsers, "tests")));
    match runs {
        0 => "the last of them alone had a failure".to_owned(),
        1 => format!("one of them alone, {tests} tests, without a failure"),
        runs => format!("{} in a row alone, {tests} tests each, without a failure", grouped(runs)),
    }
}

/// What stands where nothing is recorded.
const NONE: &str = "nothing is recorded yet";

fn number(record: &Value, name: &str) -> u64 {
    record[name].as_u64().unwrap_or_default()
}

/// A share in whole percent, rounded down.
fn percent(part: u64, all: u64) -> u64 {
    (part * 100).checked_div(all).unwrap_or_default()
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

    fn of(record: Value) -> String {
        let faults =
            |target: &str| if target == "text" { vec!["a-fault".to_owned()] } else { vec![] };
        report(&record, &faults).unwrap()
    }

    #[test]
    fn a_monkey_has_a_row_a_browser() {
        let run = json!({"minutes": 20, "acts": 4800, "rounds": 80, "elements": 1002,
            "mebibytes": 3, "seeds": [1, 2]});
        let report = of(json!({"fuzzing": {}, "monkey": {"Firefox": run}}));
        let row = "| Firefox | 20 | 1, 2 | 4,800 | 80 | 1,002 | 3 |\n";
        assert!(report.ends_with(row) && report.contains("Firefox 20 minutes"), "{report}");
    }

    #[test]
    fn runs_in_a_row_are_told() {
        let report = of(json!({"fuzzing": {}, "browsers": {"in_a_row": 5, "tests": 1234}}));
        assert!(
            report.contains("5 in a row alone, 1,234 tests each, without a failure"),
            "{report}"
        );
        let none = of(json!({"fuzzing": {}, "browsers": {"in_a_row": 0, "tests": 1233}}));
        assert!(none.contains("the last of them alone had a failure"), "{none}");
    }

    #[test]
    fn targets_are_added_up() {
        let report = of(
            json!({"fuzzing": {"maps": {"executions": 1_234_567}, "text": {"executions": 33, "random": 2}}}),
        );
        let rows: Vec<&str> = report.lines().rev().take(3).collect();
        assert_eq!(
            rows,
            [
                "| **all** | **1,234,600** | **2** | **1** |",
                "| text | 33 | 2 | a fault |",
                "| maps | 1,234,567 | 0 |  |"
            ]
        );
        assert!(!report.contains('{'), "a number is missing: {report}");
    }

    #[test]
    fn shares_are_added_up_and_files_that_lack_tests_are_named() {
        let share = |caught: u64, missed: u64| json!({"caught": caught, "missed": missed, "timeout": 1, "unviable": 2});
        let report = of(json!({
            "fuzzing": {},
            "mutants": {"0/26": share(30, 2), "13/26": share(15, 2)},
            "coverage": {"all": [200, 190], "files": {"a.rs": [100, 99], "b.rs": [10, 8]}},
        }));
        assert!(report.contains("| 0/26 | 35 | 30 | 2 | 1 | 2 |"), "{report}");
        assert!(report.contains("47 of 51 changes noticed, 92 %"), "{report}");
        assert!(report.contains("95 % of 200 regions"), "{report}");
        assert!(report.ends_with("| b.rs | 10 | 80 % |\n") && !report.contains("a.rs"), "{report}");
    }
}
