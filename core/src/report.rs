//! What a run is told as: results a line each, a summary, and which of several processes runs.

use crate::call::{Outcome, Returned};
use crate::manual::cite;
use crate::process::Process;
use crate::replay::{Counts, Ran, RanKind};
use crate::search::HeapStep;
use crate::state::rule_behind_signal;
use crate::surprise::told;
use crate::trace::{Script, print_line};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Which process of a log runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// One, by pid.
    Pid(u32),
    /// All, as threads of one address space.
    All,
    /// The lines that name no pid.
    Unnamed,
}

impl Choice {
    /// Says whether the lines of a process run.
    pub fn takes(self, pid: Option<u32>) -> bool {
        match self {
            Choice::All => true,
            Choice::Pid(chosen) => pid == Some(chosen),
            Choice::Unnamed => pid.is_none(),
        }
    }
}

/// The process that runs: the one asked for, else the first.
pub fn choose(script: &Script, asked: Option<Choice>) -> Choice {
    match (asked, script.processes.first()) {
        (Some(choice), _) => choice,
        (None, None) => Choice::All,
        (None, Some(first)) => first.pid.map_or(Choice::Unnamed, Choice::Pid),
    }
}

/// Adds a line's result: the call as strace prints it, the signal it ended in, and `# …` lines
/// with what is to be said beside it.
pub fn write_results(text: &mut String, ran: &Ran, why: bool) {
    match &ran.kind {
        RanKind::Call(call, outcome) if outcome.returned == Returned::Skipped => {
            let call = crate::trace::print_call(call);
            let _ = writeln!(text, "# skipped: {call}");
        }
        RanKind::Call(call, outcome) => {
            let _ = writeln!(text, "{}", print_line(call, &outcome.returned));
        }
        RanKind::Skipped { name } => {
            let _ = writeln!(text, "# skipped: {name}");
        }
        RanKind::Signal(signal) => {
            let _ = writeln!(text, "# signal in the log: {} {}", signal.name, signal.code);
        }
        RanKind::Unreadable(_) | RanKind::Nothing => {}
    }
    if why && let Some(sentence) = why_sentence(ran) {
        let _ = writeln!(text, "# {sentence}");
    }
    if why {
        for sentence in surprise_sentences(ran) {
            let _ = writeln!(text, "# {sentence}");
        }
    }
    if let Some(divergence) = &ran.divergence {
        let _ = writeln!(text, "# divergence: {divergence}");
    }
    for note in &ran.notes {
        let _ = writeln!(text, "# {note}");
    }
}

/// Adds `# …` lines with the steps of a call of the allocator: what it looked at, what it compared,
/// what it wrote. `before` is the process before the call.
pub fn write_search(text: &mut String, before: &Process, ran: &Ran) {
    let RanKind::Call(call, _) = &ran.kind else { return };
    let Some(search) = before.watch(call) else { return };
    for step in &search.steps {
        let _ = match step {
            HeapStep::SystemCall { call, returned } => {
                writeln!(text, "#   {}", print_line(call, returned).replace('\n', " "))
            }
            step => writeln!(text, "#   {}", step.sentence()),
        };
    }
    let _ = writeln!(text, "#   {}", search.summary());
}

/// The rule behind a failed call, a signal, or a surprise, and where the manual says it.
pub fn why_sentence(ran: &Ran) -> Option<String> {
    let RanKind::Call(call, outcome) = &ran.kind else { return None };
    let reason = ran.reason()?;
    Some(format!("{} {}", reason.sentence(), cite(call, &outcome.returned, reason)))
}

/// The rule behind a signal that a log shows and no call of it caused, and where the manual says
/// it; `process` is as the line before left it.
pub fn signal_sentence(process: &Process, ran: &Ran) -> Option<String> {
    let RanKind::Signal(signal) = &ran.kind else { return None };
    rule_behind_signal(process, signal.address?, &signal.code)
}

/// What surprises about a call that did not fail, a sentence each, and where the manual says it.
pub fn surprise_sentences(ran: &Ran) -> Vec<String> {
    match &ran.kind {
        RanKind::Call(call, Outcome { returned, events, .. }) => match returned {
            Returned::Value(value) => told(call, *value, events),
            Returned::Void => told(call, 0, events),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// A line of counts; a second one names the processes that did not run.
pub fn summary(counts: &Counts, script: &Script, choice: Choice) -> String {
    let processes = script.processes.len().max(1);
    let mut text = format!(
        "{} calls, {} skipped, {} divergences, {} signals, {} errors, {} unreadable, {} {}\n",
        counts.calls,
        counts.skipped,
        counts.divergences,
        counts.signals,
        counts.errors,
        counts.unreadable,
        processes,
        if processes == 1 { "process" } else { "processes" },
    );
    let others: Vec<String> = script
        .processes
        .iter()
        .filter(|process| !choice.takes(process.pid))
        .map(|process| {
            let name = process.pid.map_or("no pid".to_owned(), |pid| pid.to_string());
            format!("{name} ({} calls)", process.calls)
        })
        .collect();
    if !others.is_empty() {
        let _ = writeln!(text, "not run: {}", others.join(", "));
    }
    text
}
