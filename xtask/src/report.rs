//! Runs checks and tests one after the other and counts how they end.
//!
//! Nothing stops at the first failure: whoever reads the report wants all of them.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::shell;

/// What has been run so far.
#[derive(Default)]
pub(crate) struct Report {
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    count: Count,
    took: Duration,
    /// It was not run at all.
    left_out: bool,
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u32,
    failed: u32,
    ignored: u32,
}

impl Report {
    /// Runs something that counts as one test, and says whether it passed.
    pub(crate) fn check(&mut self, name: &str, work: impl FnOnce() -> Result<()>) -> bool {
        self.entry(name, || work().map(|()| Count { passed: 1, ..Count::default() }))
    }

    /// Runs a command that prints test results as `cargo test` does, and counts them.
    pub(crate) fn tests(&mut self, name: &str, command: &mut Command) -> bool {
        self.entry(name, || count_tests(command))
    }

    /// Notes something that cannot be run here. The reason goes to standard error, so that it is
    /// seen where the output is only kept.
    pub(crate) fn leave_out(&mut self, name: &str, why: &str) {
        eprintln!("NOT RUN: {name}: {why}");
        println!("\n== {name}\nNOT RUN: {why}");
        self.entries.push(Entry {
            name: name.to_owned(),
            count: Count::default(),
            took: Duration::ZERO,
            left_out: true,
        });
    }

    /// How many tests passed, and how many failed.
    pub(crate) fn counts(&self) -> (u32, u32) {
        let mut total = Count::default();
        self.entries.iter().for_each(|entry| total.add(entry.count));
        (total.passed, total.failed)
    }

    /// Prints what passed and failed, the totals alone on the last line; there, too, what was not
    /// run, lest it pass for run.
    pub(crate) fn close(self) -> ExitCode {
        println!("\nSummary");
        let width = self.entries.iter().map(|entry| entry.name.len()).max();
        let mut total = Count::default();
        for Entry { name, count, took, left_out } in &self.entries {
            if *left_out {
                println!("? {name:width$}  NOT RUN", width = width.unwrap_or_default());
                continue;
            }
            let Count { passed, failed, ignored } = count;
            let mark = if *failed == 0 { ' ' } else { '✗' };
            let ignored =
                if *ignored == 0 { String::new() } else { format!(", {ignored} ignored") };
            let (width, seconds) = (width.unwrap_or_default(), took.as_secs_f64());
            println!(
                "{mark} {name:width$}  {seconds:>5.0} s  {passed:>5} passed  {failed} failed{ignored}"
            );
            total.add(*count);
        }
        println!("{}", self.last_line(total));
        if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn last_line(&self, Count { passed, failed, .. }: Count) -> String {
        let left_out = self.entries.iter().filter(|entry| entry.left_out);
        let left_out: Vec<&str> = left_out.map(|entry| entry.name.as_str()).collect();
        match left_out.as_slice() {
            [] => format!("{passed} passed, {failed} failed"),
            names => format!("NOT RUN: {}; {passed} passed, {failed} failed", names.join(", ")),
        }
    }

    fn entry(&mut self, name: &str, work: impl FnOnce() -> Result<Count>) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let count = work().unwrap_or_else(|error| {
            println!("FAILED {name}: {error:#}");
            Count { failed: 1, ..Count::default() }
        });
        let (name, took) = (name.to_owned(), start.elapsed());
        self.entries.push(Entry { name, count, took, left_out: false });
        count.failed == 0
    }
}

/// Runs `command`, shows its output as it comes, and adds up its test results.
///
/// # Errors
///
/// If the command fails without naming a failed test, or runs no test at all:
/// something did not build, crashed, or was left out by mistake.
fn count_tests(command: &mut Command) -> Result<Count> {
    let program = shell::name(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {program}"))?;
    let output = child.stdout.take().context("no output to read")?;
    let mut total = Count::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("could not read the output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if let Some(count) = parse_result(&line) {
            total.add(count);
        }
    }
    let status = child.wait()?;
    if !status.success() && total.failed == 0 {
        println!("FAILED {program} ended with {status}, after {} tests had passed", total.passed);
        total.failed = 1;
    }
    anyhow::ensure!(total != Count::default(), "not one test ran");
    Ok(total)
}

/// Reads a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
fn parse_result(line: &str) -> Option<Count> {
    let (_, counts) = line.split_once("test result: ")?;
    let number = |what| {
        let (before, _) = counts.split_once(what)?;
        before.split_whitespace().last()?.parse().ok()
    };
    Some(Count {
        passed: number(" passed")?,
        failed: number(" failed")?,
        ignored: number(" ignored")?,
    })
}

impl Count {
    fn add(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_test_results() {
        let line =
            "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(parse_result(line), Some(Count { passed: 12, failed: 3, ignored: 1 }));
        assert_eq!(parse_result("test session::undo ... ok"), None);
    }

    #[test]
    fn what_is_left_out_is_named_on_the_last_line() {
        let mut report = Report::default();
        let total = Count { passed: 7, failed: 0, ignored: 0 };
        assert_eq!(report.last_line(total), "7 passed, 0 failed");
        report.leave_out("end to end in Firefox", "there is none");
        let line = "NOT RUN: end to end in Firefox; 7 passed, 0 failed";
        assert_eq!(report.last_line(total), line);
    }
}
