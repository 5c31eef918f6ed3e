//! What is kept of every step: the line, and what charts ask. The rest is told again when
//! somebody looks, by running the line again; of the steps that are looked at most it is kept too.

use super::source::{Source, SourceLine};
use super::{Landmark, Step};
use crate::abi::Errno;
use crate::call::{Call, Outcome, Returned};
use crate::event::Event;
use crate::replay::{Ran, RanKind, Runner};
use crate::state::Totals;
use bitflags::bitflags;
use std::sync::Arc;

/// So many steps at the beginning of a line of steps are kept whole; behind them those that were
/// typed.
pub(super) const WHOLE: usize = 20_000;
/// Behind them, so many that failed are, and so many that contradict their log.
const WHOLE_MARKED: usize = 1000;

bitflags! {
    /// The landmarks that a step is.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) struct Landmarks: u8 {
        const FAULT = 1 << 0;
        const FAILURE = 1 << 1;
        const SPLIT = 1 << 2;
        const MERGE = 1 << 3;
        const DIVERGENCE = 1 << 4;
    }
}

/// A step as every one is kept.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Kept {
    /// The line.
    pub(crate) at: SourceLine,
    /// A line that is no step ran right before it: the signal of the call before, perhaps.
    pub(super) behind_quiet: bool,
    /// The totals after it.
    pub(super) totals: Totals,
    /// All of it.
    pub(super) whole: Option<Arc<Step>>,
}

impl Kept {
    /// Says whether it is a line of a text.
    pub(crate) fn is_of(&self, source: &Arc<Source>) -> bool {
        Arc::ptr_eq(self.at.source(), source)
    }

    /// Runs the line again, on the state before it.
    pub(super) fn run_again(&self, runner: &mut Runner) -> Ran {
        if self.behind_quiet {
            runner.pass_line();
        }
        runner.run(self.at.line(), &self.at.source().text)
    }
}

impl Landmark {
    pub(super) const fn mark(self) -> Landmarks {
        match self {
            Landmark::Fault => Landmarks::FAULT,
            Landmark::Failure => Landmarks::FAILURE,
            Landmark::Split => Landmarks::SPLIT,
            Landmark::Merge => Landmarks::MERGE,
            Landmark::Divergence => Landmarks::DIVERGENCE,
        }
    }
}

impl Landmarks {
    /// What a line is that ran.
    pub(super) fn of(ran: &Ran) -> Landmarks {
        let mut marks = match &ran.kind {
            RanKind::Call(call, outcome) => Landmarks::of_call(call, outcome),
            RanKind::Signal(signal) if !signal.is_ignored() => Landmarks::FAILURE,
            _ => Landmarks::empty(),
        };
        marks.set(Landmarks::DIVERGENCE, ran.divergence.is_some());
        marks
    }

    fn of_call(call: &Call, outcome: &Outcome) -> Landmarks {
        let mut marks = match &outcome.returned {
            Returned::Signal(_) => Landmarks::FAULT | Landmarks::FAILURE,
            // A file that is not there is no failure.
            Returned::Error(Errno::ENOENT) if call.opens() => Landmarks::empty(),
            Returned::Error(_) => Landmarks::FAILURE,
            _ => Landmarks::empty(),
        };
        for event in &outcome.events {
            marks |= match event {
                Event::PageFault { .. } => Landmarks::FAULT,
                Event::Split { .. } => Landmarks::SPLIT,
                Event::Merged { .. } => Landmarks::MERGE,
                _ => Landmarks::empty(),
            };
        }
        marks
    }
}

/// How many steps stand out so far, wherever steps are marked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StandingOut {
    failures: usize,
    divergences: usize,
}

impl StandingOut {
    /// Counts a step; says whether it is one of the first of its kind.
    pub(super) fn count(&mut self, landmarks: Landmarks) -> bool {
        let mut first = false;
        for (mark, count) in [
            (Landmarks::FAILURE, &mut self.failures),
            (Landmarks::DIVERGENCE, &mut self.divergences),
        ] {
            if landmarks.contains(mark) {
                *count += 1;
                first |= *count <= WHOLE_MARKED;
            }
        }
        first
    }
}
