//! What documents the model: every failure, signal and surprise names its place in the manual, and
//! every sentence of the manual about these calls has a recorded trace or a reason why not.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/mod.rs"]
mod support;

use mmap_playground_core::call::{Call, Outcome, Returned};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::manual::cite;
use mmap_playground_core::replay::{RanKind, Runner};
use mmap_playground_core::surprise::{Surprise, surprises};
use mmap_playground_core::trace::Script;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use support::{LINUX, TRACES, names, text};

/// Runs a trace, and gives its calls with their outcomes.
fn outcomes(source: &str) -> Vec<(Call, Outcome)> {
    let machine = Machine { protection_keys: Machine::keys_of_trace(source), ..Machine::default() };
    let mut runner = Runner::new(machine);
    let mut outcomes = Vec::new();
    for line in &Script::parse(source).lines {
        if let RanKind::Call(call, outcome) = runner.run(line, source).kind {
            outcomes.push((call, outcome));
        }
    }
    outcomes
}

#[test]
fn every_failure_and_signal_has_a_citation() {
    let mut missing = BTreeSet::new();
    let mut count = 0;
    let traces = names(&LINUX, ".trace").into_iter().map(|name| (&LINUX, name));
    for (folder, name) in traces.chain([(&TRACES, "reasons"), (&TRACES, "overrun")]) {
        for (call, outcome) in outcomes(text(folder, &format!("{name}.trace")).unwrap()) {
            let failed = matches!(outcome.returned, Returned::Error(_) | Returned::Signal(_));
            let Some(reason) = &outcome.reason else {
                assert!(!failed, "{name}: {call:?} failed without a reason");
                continue;
            };
            count += 1;
            let citation = cite(&call, &outcome.returned, reason);
            if !citation.is_listed() {
                missing.insert(format!("{citation} {reason:?} ({name})"));
            }
        }
    }
    println!("{count} failures, signals and dropped hints are cited");
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(count > 400, "only {count}");
}

/// The traces that show surprises show each kind of them.
#[test]
fn every_surprise_is_shown() {
    let traces = ["surprises.trace", "execute-only.trace"];
    let mut kinds = BTreeSet::new();
    for (call, outcome) in traces.iter().flat_map(|name| outcomes(text(&TRACES, name).unwrap())) {
        let value = match outcome.returned {
            Returned::Value(value) => value,
            Returned::Void => 0,
            _ => continue,
        };
        for surprise in surprises(&call, value, &outcome.events) {
            let name = format!("{surprise:?}");
            kinds.insert(name.split([' ', '(']).next().unwrap_or_default().to_owned());
            assert!(!surprise.citation().entry.is_empty(), "{surprise:?}");
        }
    }
    assert_eq!(kinds.len(), Surprise::KINDS, "{kinds:?}");
}

/// What `tests/linux/documented.toml` holds.
#[derive(Deserialize)]
struct Documented {
    behaviour: Vec<Behaviour>,
}

/// A sentence of a manual page, and what shows it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Behaviour {
    page: String,
    section: String,
    says: String,
    /// Traces of `tests/linux`.
    #[serde(default)]
    traces: Vec<String>,
    /// Another test.
    test: Option<String>,
    /// Why the model leaves it out.
    outside: Option<String>,
}

/// Every behaviour that the pages document has a recorded trace, another test, or a reason why it
/// is left out; every error of the pages of the memory calls is among them.
#[test]
fn every_documented_behaviour_is_accounted_for() {
    let documented: Documented = toml::from_str(text(&LINUX, "documented.toml").unwrap()).unwrap();
    let recorded: BTreeSet<&str> = names(&LINUX, ".trace").into_iter().collect();
    let mut listed = BTreeSet::new();
    let mut pages: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut said = BTreeSet::new();
    for it in &documented.behaviour {
        let Behaviour { page, section, says, .. } = it;
        let kinds = [!it.traces.is_empty(), it.test.is_some(), it.outside.is_some()];
        assert_eq!(kinds.iter().filter(|kind| **kind).count(), 1, "{page}, {section}: {says}");
        assert!(said.insert((page, section, says)), "twice: {page}, {section}: {says}");
        let counts = pages.entry(page).or_default();
        counts.iter_mut().zip(kinds).for_each(|(count, kind)| *count += usize::from(kind));
        for trace in &it.traces {
            assert!(recorded.contains(trace.as_str()), "no trace {trace}: {page}, {says}");
            listed.insert(trace.as_str());
        }
    }
    for (page, [traces, tests, outside]) in &pages {
        println!("{page}: {traces} by traces, {tests} by other tests, {outside} outside");
    }
    println!("{} of {} traces are named", listed.len(), recorded.len());
    for (page, least) in [
        ("mmap(2)", 70),
        ("munmap(2)", 8),
        ("mprotect(2)", 25),
        ("mremap(2)", 30),
        ("madvise(2)", 45),
        ("msync(2)", 12),
        ("brk(2)", 9),
    ] {
        assert!(pages[page][0] >= least, "{page}: only {}", pages[page][0]);
    }
}
