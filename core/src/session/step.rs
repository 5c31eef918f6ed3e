//! A step of a session: one line that ran, with what came of it.

use super::kept::Landmarks;
use super::source::SourceLine;
use crate::abi::Errno;
use crate::address::Address;
use crate::call::{Call, Returned};
use crate::event::Event;
use crate::process::Process;
use crate::replay::{Ran, RanKind};
use crate::report::{signal_sentence, why_sentence};
use crate::state::{Totals, totals};
use crate::surprise::told;
use crate::trace::{Statement, print_call, print_line, print_result, print_signal};

/// One line that ran.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// The line's number in its text, from 1.
    pub line: u32,
    /// The call; nothing for a line that ran none.
    pub call: Option<Call>,
    /// The call as strace prints it; for other lines, what they say.
    pub text: String,
    /// What follows ` = `; empty where there is no result.
    pub result: String,
    /// The errno, if the call was refused.
    pub errno: Option<Errno>,
    /// The signal line, if the call ended in one.
    pub signal: Option<String>,
    /// The rule behind a failure, a signal or a surprise.
    pub why: Option<String>,
    /// The number that came back, if one did.
    pub value: Option<u64>,
    /// The place that the rule is about.
    pub reason_address: Option<Address>,
    /// What the log knew better, what was inferred.
    pub notes: Vec<String>,
    /// Where model and log contradict each other.
    pub divergence: Option<String>,
    /// The call was not run.
    pub skipped: bool,
    /// The call was refused, or ended in a signal.
    pub failed: bool,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The totals after it.
    pub totals: Totals,
    /// Bytes of a block's header, for the allocator in use.
    block_header: u64,
    pub(super) landmarks: Landmarks,
    at: SourceLine,
}

impl Step {
    /// Tells what came of a line; `process` is as the line left it.
    pub(super) fn new(ran: Ran, process: &Process, at: SourceLine) -> Step {
        let why = why_sentence(&ran).or_else(|| signal_sentence(process, &ran));
        let reason_address = ran.reason().and_then(|reason| reason.address());
        let mut step = Step {
            line: at.line().number,
            call: None,
            text: String::new(),
            result: String::new(),
            errno: None,
            signal: None,
            why,
            value: None,
            reason_address,
            landmarks: Landmarks::of(&ran),
            notes: ran.notes,
            divergence: ran.divergence,
            skipped: false,
            failed: false,
            events: Vec::new(),
            totals: totals(process),
            block_header: process.heap_setting.shape().minor_bytes,
            at,
        };
        step.tell(ran.kind);
        step
    }

    fn tell(&mut self, kind: RanKind) {
        match kind {
            RanKind::Call(call, outcome) => {
                self.text = match &outcome.returned {
                    Returned::Bytes { .. } => {
                        let line = print_line(&call, &outcome.returned);
                        line.rsplit_once(" = ").map_or(line.clone(), |(text, _)| text.to_owned())
                    }
                    _ => print_call(&call),
                };
                let result = print_result(&call, &outcome.returned);
                self.result = result.lines().next().unwrap_or_default().to_owned();
                match &outcome.returned {
                    Returned::Signal(info) => self.signal = Some(print_signal(info)),
                    Returned::Error(errno) => self.errno = Some(*errno),
                    Returned::Value(value) => self.value = Some(*value),
                    _ => {}
                }
                self.failed = matches!(outcome.returned, Returned::Error(_) | Returned::Signal(_));
                self.skipped = outcome.returned == Returned::Skipped;
                self.events = outcome.events;
                self.call = Some(call);
            }
            RanKind::Skipped { name } => {
                self.text = name.to_string();
                self.skipped = true;
            }
            RanKind::Signal(signal) => {
                let name = &signal.name;
                let mut details = String::new();
                if !signal.code.is_empty() {
                    details = format!(", si_code={}", signal.code);
                }
                if let Some(address) = signal.address {
                    details.push_str(&format!(", si_addr={address:#x}"));
                }
                self.text = format!("--- {name} {{si_signo={name}{details}}} ---");
                self.reason_address = signal.address;
                self.failed = !signal.is_ignored();
            }
            RanKind::Unreadable(_) | RanKind::Nothing => {}
        }
    }

    /// The name that its result got, if it got one.
    pub fn name(&self) -> Option<&str> {
        match &self.at.line().statement {
            Statement::Call(call) if !self.failed => call.binding.as_deref(),
            _ => None,
        }
    }

    /// The line as it was typed or imported.
    pub fn source(&self) -> &str {
        self.at.text()
    }

    /// What the comments right above the line say, in one string; blank lines may stand between.
    pub fn remark(&self) -> Option<String> {
        self.at.remark()
    }

    /// What surprises about a call that did not fail, a sentence each.
    pub fn surprises(&self) -> Vec<String> {
        let Some(call) = &self.call else { return Vec::new() };
        // `free` returns nothing.
        let freed = matches!(call, Call::Free { .. }) && !self.failed && !self.skipped;
        let value = self.value.or(freed.then_some(0));
        value.map(|value| told(call, value, &self.events)).unwrap_or_default()
    }

    /// The heap blocks that it placed, unlinked or found damaged: address of the header, and its
    /// bytes with the payload that was asked for.
    pub fn blocks(&self) -> impl Iterator<Item = (Address, u64)> {
        let asked = match self.call {
            Some(Call::Malloc { size } | Call::Realloc { size, .. }) => size,
            Some(Call::Calloc { nmemb, size }) => nmemb.saturating_mul(size),
            _ => 0,
        };
        self.events.iter().filter_map(move |event| match event {
            Event::Heap(heap) => Some((heap.block()?, self.block_header.saturating_add(asked))),
            _ => None,
        })
    }
}
