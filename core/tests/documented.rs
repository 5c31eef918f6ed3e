//! What documents the model: every failure, signal and surprise names its place in the manual.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/mod.rs"]
mod support;

use mmap_playground_core::call::{Call, Outcome, Returned};
use mmap_playground_core::manual::cite;
use mmap_playground_core::replay::{RanKind, Runner};
use mmap_playground_core::surprise::{Surprise, surprises};
use mmap_playground_core::trace::Script;
use std::collections::BTreeSet;
use support::{LINUX, TRACES, names, text};

/// Runs a trace, and gives its calls with their outcomes.
fn outcomes(source: &str) -> Vec<(Call, Outcome)> {
    let mut runner = Runner::new(Default::default());
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

/// The trace that shows surprises shows each kind of them.
#[test]
fn every_surprise_is_shown() {
    let source = text(&TRACES, "surprises.trace").unwrap();
    let mut kinds = BTreeSet::new();
    for (call, outcome) in outcomes(source) {
        let Returned::Value(value) = outcome.returned else { continue };
        for surprise in surprises(&call, value, &outcome.events) {
            let name = format!("{surprise:?}");
            kinds.insert(name.split([' ', '(']).next().unwrap_or_default().to_owned());
            assert!(!surprise.citation().entry.is_empty(), "{surprise:?}");
        }
    }
    assert_eq!(kinds.len(), Surprise::KINDS, "{kinds:?}");
}
