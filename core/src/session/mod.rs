//! A session: the lines run so far, as steps that can be gone back to, and the branches that were
//! left by running something else in the past.
//!
//! A session keeps of each step its line and what charts ask, and here and there the whole state:
//! going to a step restores the nearest state before it and runs on from there, and what a step
//! printed is told again in the same way. A state is a value that shares all it can with others. A
//! session is a value too; undo keeps the old one.
//!
//! Invariant: there is a branch at least, `active` is the number of one, and `current` is the
//! state after the first `position` steps of that branch.

mod branches;
mod checkpoints;
mod heap;
mod import;
mod jumps;
mod kept;
mod relink;
mod script;
mod source;
mod step;
mod unrecorded;

pub use branches::BranchView;
pub use heap::FiguresAt;
pub use import::{Import, Progress, SkippedCalls};
pub use jumps::Landmark;
pub use relink::Relink;
pub use source::Source;
pub use step::Step;

use crate::machine::Machine;
use crate::maps::parse_maps;
use crate::process::Process;
use crate::replay::{Counts, RanKind, Runner};
use crate::report::choose;
use crate::start::{Given, from_maps};
use crate::state::{Totals, totals};
use crate::trace::{Diagnostic, Script};
pub(crate) use branches::Branch;
use branches::Lately;
use kept::{Kept, Landmarks, WHOLE};
use source::SourceLine;
use std::sync::{Arc, OnceLock};

/// The lines run so far, and where one stands among them.
///
/// What is run in the past leaves the old future as a branch:
///
/// ```
/// use mmap_playground_core::machine::Machine;
/// use mmap_playground_core::session::Session;
///
/// let mut session = Session::new(Machine::default());
/// session.run("a = malloc(8)\nfree(a)\nmunmap(1, 1)");
/// assert_eq!((session.position(), session.len()), (3, 3));
/// assert!(session.step(2).unwrap().failed);
///
/// session.go_to(1);
/// session.run("b = malloc(9)");
/// assert_eq!((session.len(), session.branches().len()), (2, 2));
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    /// The `/proc/PID/maps` text that it starts from, if it starts from one.
    pub(crate) maps: Option<Arc<str>>,
    pub(crate) branches: Vec<Branch>,
    pub(crate) active: usize,
    position: usize,
    current: Runner,
    /// The line that ran last is no step.
    quiet: bool,
    /// The step that led to the state shown, once somebody asked.
    last: OnceLock<Option<Arc<Step>>>,
    /// The state before that step, if it is at hand.
    before: Option<Arc<Runner>>,
    lately: Lately,
}

/// The step that led here follows from the rest.
impl PartialEq for Session {
    fn eq(&self, other: &Session) -> bool {
        let place = |session: &Session| (session.active, session.position);
        place(self) == place(other)
            && self.maps == other.maps
            && self.current == other.current
            && self.branches == other.branches
    }
}

/// What came of a text that was run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// Lines that could not be read or run, with column and what was expected.
    pub diagnostics: Vec<Diagnostic>,
    /// How many steps were added.
    pub ran: usize,
}

impl Session {
    /// A session on an empty process.
    pub fn new(machine: Machine) -> Session {
        Session::starting_with(Runner::new(machine))
    }

    /// A session that starts from some state.
    fn starting_with(runner: Runner) -> Session {
        Session {
            maps: None,
            branches: vec![Branch::starting_with(runner.clone())],
            active: 0,
            position: 0,
            current: runner,
            quiet: false,
            last: OnceLock::new(),
            before: None,
            lately: Lately::default(),
        }
    }

    /// A session that starts from a `/proc/PID/maps` text.
    pub fn start_from_maps(text: &str) -> (Session, Vec<Diagnostic>) {
        let (lines, diagnostics) = parse_maps(text);
        let process = from_maps(Machine::default(), Given::default(), &lines);
        let mut session = Session::starting_with(Runner::starting_with(process));
        session.maps = Some(text.into());
        (session, diagnostics)
    }

    /// The `/proc/PID/maps` text that it starts from, if it starts from one.
    pub fn initial_maps(&self) -> Option<&str> {
        self.maps.as_deref()
    }

    /// Says whether it starts from a `/proc/PID/maps` text and has run nothing yet: a log that is
    /// imported now belongs on top of it.
    pub fn waits_for_log(&self) -> bool {
        self.is_empty() && self.maps.is_some()
    }

    /// Runs the lines of a text behind the step where the session stands. What came behind that
    /// step stays, as a branch of its own.
    pub fn run(&mut self, text: &str) -> Report {
        self.adopt_settings(text);
        let script = Script::parse(text);
        let choice = choose(&script, None);
        let lines = script.lines;
        let source = Arc::new(Source::new(text.into(), choice, lines));
        let mut report = Report { diagnostics: script.diagnostics, ran: 0 };
        let typed = source.lines.len() <= TYPED;
        let detail = if typed { Detail::Whole } else { Detail::Usual };
        for ordinal in 0..source.lines.len() {
            let before = typed.then(|| Arc::new(self.current.clone()));
            let pushed = self.push(&source, ordinal, detail);
            if matches!(pushed, Pushed::Step { .. }) {
                self.before = before;
            }
            match pushed {
                Pushed::Step { .. } => report.ran += 1,
                Pushed::Nothing => {}
                Pushed::Unreadable(diagnostic) => report.diagnostics.push(diagnostic),
            }
        }
        report.diagnostics.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        report
    }

    /// Runs a line of a text behind the step where the session stands, if it is one of those that
    /// are meant to run; `ordinal` is its index among those that the text was read as.
    pub(crate) fn push(&mut self, source: &Arc<Source>, ordinal: usize, detail: Detail) -> Pushed {
        let Some(at) = SourceLine::new(source, ordinal) else { return Pushed::Nothing };
        if !source.choice.takes(at.line().pid) {
            return Pushed::Nothing;
        }
        // A signal is that of a call of the same text: what stood at the end of another, and was
        // no step, is not kept.
        if self.position.checked_sub(1).is_some_and(|last| !self.is_of(last, source)) {
            self.current.pass_line();
            self.quiet = true;
        }
        let ran = self.current.run(at.line(), &source.text);
        if let RanKind::Unreadable(diagnostic) = ran.kind {
            self.quiet = true;
            return Pushed::Unreadable(diagnostic);
        }
        if ran.kind == RanKind::Nothing && ran.divergence.is_none() {
            self.quiet = true;
            return Pushed::Nothing;
        }
        let behind_quiet = std::mem::take(&mut self.quiet);
        if self.position < self.len() {
            self.fork();
        }
        let landmarks = Landmarks::of(&ran);
        let skipped = ran.skipped();
        let totals = totals(&self.current.process);
        let branch = &mut self.branches[self.active];
        let stands_out = branch.standing_out.count(landmarks);
        let whole = (self.position < WHOLE || stands_out || detail == Detail::Whole)
            .then(|| Arc::new(Step::new(ran, &self.current.process, at.clone())));
        self.position += 1;
        self.last = OnceLock::new();
        self.before = None;
        branch.push(Kept { at, behind_quiet, totals, whole }, landmarks);
        branch.checkpoints.grow(self.position, &self.current);
        Pushed::Step { skipped }
    }

    /// Says whether a step is a line of a text.
    fn is_of(&self, step: usize, source: &Arc<Source>) -> bool {
        let step = self.branch().steps.get(step);
        step.is_some_and(|step| step.is_of(source))
    }

    /// Runs a step of another session that had the same lines.
    fn push_again(&mut self, step: &Kept) {
        if step.behind_quiet {
            self.current.pass_line();
            self.quiet = true;
        }
        self.push(step.at.source(), step.at.ordinal(), Detail::Usual);
    }

    /// Goes to the state after the first `position` steps, or the last there is.
    pub fn go_to(&mut self, position: usize) {
        let position = position.min(self.len());
        let branch = &mut self.branches[self.active];
        let (nearest, kept) = branch.checkpoints.nearest(position);
        if !(nearest..=position).contains(&self.position) {
            self.current = kept.clone();
            self.position = nearest;
            self.quiet = false;
        }
        self.last = OnceLock::new();
        self.before = None;
        while let Some(step) = branch.steps.get(self.position).filter(|_| self.position < position)
        {
            if self.position + 1 == position {
                self.before = Some(Arc::new(self.current.clone()));
            }
            step.run_again(&mut self.current);
            self.quiet = false;
            self.position += 1;
            branch.checkpoints.pass(self.position, &self.current);
        }
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.branch().steps.len()
    }

    /// Says whether nothing was run.
    pub fn is_empty(&self) -> bool {
        self.branch().steps.is_empty()
    }

    /// How many steps lie before the state shown.
    pub fn position(&self) -> usize {
        self.position
    }

    /// A step, from 0.
    pub fn step(&self, index: usize) -> Option<Arc<Step>> {
        self.branch().told(index..index.saturating_add(1), &self.lately).pop()
    }

    /// The steps from one to another with their numbers from 0, as many as there are. What is not
    /// kept of them is told again: not for thousands of them at once.
    pub fn steps(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = (usize, Arc<Step>)> {
        (range.start..).zip(self.branch().told(range, &self.lately))
    }

    /// The step that led to the state shown; nothing at the start.
    pub fn last_step(&self) -> Option<&Arc<Step>> {
        let last = || self.step(self.position.checked_sub(1)?);
        self.last.get_or_init(last).as_ref()
    }

    /// The process at the state shown.
    pub fn process(&self) -> &Process {
        &self.current.process
    }

    /// Counts up to the state shown.
    pub fn counts(&self) -> Counts {
        self.current.counts
    }

    /// The names that have a value at the state shown.
    pub fn names(&self) -> Vec<(String, u64)> {
        self.current.names().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The totals after each of some steps, for charts.
    pub fn totals(&self, range: std::ops::Range<usize>) -> Vec<Totals> {
        self.branch().kept(range).map(|step| step.totals).collect()
    }

    /// The totals after a step, from 0.
    pub fn totals_after(&self, index: usize) -> Option<Totals> {
        Some(self.branch().steps.get(index)?.totals)
    }
}

/// A text of so many lines was typed: what came of each is looked at now.
const TYPED: usize = 100;

/// How much of a step is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Detail {
    /// What is kept of one among many: the rest is told again when somebody looks.
    Usual,
    /// All of it: somebody looks now.
    Whole,
}

/// What came of a line.
pub(crate) enum Pushed {
    Step {
        /// What it calls, if the model does not run it.
        skipped: Option<Arc<str>>,
    },
    Nothing,
    Unreadable(Diagnostic),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(lines: usize) -> Session {
        let mut session = Session::new(Machine::default());
        session.run("p = mmap(NULL, 1000*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)");
        for line in 1..lines {
            session.run(&format!("store(p + {line}*PAGE_SIZE, {line})"));
        }
        session
    }

    #[test]
    fn any_step_is_what_running_up_to_it_gives() {
        let mut all = session(200);
        for position in [0, 1, 63, 64, 65, 130, 199, 200, 7] {
            all.go_to(position);
            let expected = if position == 0 { 1 } else { position };
            let mut fresh = session(expected);
            fresh.go_to(position);
            assert_eq!(all.process(), fresh.process(), "{position}");
        }
    }

    #[test]
    fn running_in_the_past_begins_another_line_of_steps() {
        let mut session = session(100);
        session.go_to(10);
        session.run("munmap(p, PAGE_SIZE)");
        assert_eq!((session.len(), session.position()), (11, 11));
        session.go_to(10);
        session.go_to(11);
        assert_eq!(session.last_step().unwrap().result, "0");
    }

    #[test]
    fn what_is_not_kept_of_a_step_is_told_again() {
        const MAP: &str =
            "p = mmap(NULL, PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";
        let line = |index: usize| match index {
            0 => MAP.to_owned(),
            20_500 => "munmap(1, 1)".to_owned(),
            20_600 => "load(0)".to_owned(),
            _ => format!("store(p, {index})"),
        };
        let text = (0..20_700).map(line).collect::<Vec<_>>().join("\n");
        let mut session = Session::new(Machine::default());
        assert_eq!(session.run(&text).ran, 20_700);
        let is_whole = |index: usize| session.branch().steps[index].whole.is_some();
        assert!(is_whole(WHOLE - 1) && !is_whole(WHOLE) && !is_whole(20_499));
        assert!(is_whole(20_500) && is_whole(20_600), "what stands out is kept");

        let p = session.names()[0].1;
        for (index, step) in session.steps(20_480..20_520) {
            let printed = if index == 20_500 {
                "munmap(0x1, 1)".to_owned()
            } else {
                format!("store({p:#x}, {index:#x}, 1)")
            };
            assert_eq!((step.text.clone(), step.line), (printed, index as u32 + 1));
        }
        let found = |landmark| session.landmarks(landmark, 1..20_700).collect::<Vec<_>>();
        assert_eq!(found(Landmark::Failure), [20_501, 20_601]);
        assert_eq!(found(Landmark::Fault), [2, 20_601]);
        session.go_to(20_401);
        let last = session.last_step().unwrap().clone();
        assert_eq!(last.source(), "store(p, 20400)");
        assert_eq!(Some(&last), session.step(20_400).as_ref());
        assert_eq!(last.totals, session.totals_after(20_400).unwrap());
        assert_eq!(session.step(20_700), None);

        session.go_to(20_700);
        session.run("a = malloc(8)");
        assert!(session.branch().steps[20_700].whole.is_some(), "what was typed is kept");
        let at_hand = session.last_search();
        session.go_to(20_699);
        session.go_to(20_701);
        session.before = None;
        assert!(at_hand.is_some() && session.last_search() == at_hand);
    }

    #[test]
    fn a_signal_of_a_log_has_its_rule() {
        let mut session = Session::new(Machine::default());
        session.run(
            "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ff8000\n\
             --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x7ffff7ff8010} ---",
        );
        let step = session.last_step().unwrap();
        assert_eq!(
            step.text,
            "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x7ffff7ff8010} ---"
        );
        let why = step.why.as_ref().unwrap();
        assert!(step.failed && why.contains("may not be written"));
        assert!(why.contains("[mmap(2), ERRORS, SIGSEGV: a write into a read-only region]"));
    }

    #[test]
    fn a_signal_is_that_of_the_call_before_once() {
        let mut session = Session::new(Machine::default());
        session.run(
            "store(0, 1) = ?\n\
             --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL} ---\n\
             --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---\n\
             brk(0)",
        );
        let counts = session.counts();
        assert_eq!((session.len(), counts.signals, counts.divergences), (3, 2, 0));
        session.go_to(0);
        session.go_to(3);
        assert_eq!(session.counts(), counts);
        let again = session.with_protection_keys(false);
        assert_eq!((again.len(), again.counts()), (3, counts));
    }

    #[test]
    fn a_signal_is_that_of_a_call_of_the_same_text() {
        const SIGNAL: &str =
            "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---";
        let mut session = Session::new(Machine::default());
        session.run(&format!("store(0x10, 1) = ?\n{SIGNAL}"));
        assert_eq!(session.len(), 1);
        session.run(SIGNAL);
        assert_eq!(session.len(), 2);
        let again = crate::saved::Saved::of(&session).restore().unwrap();
        assert_eq!((again.len(), again.counts()), (2, session.counts()));
        // Not otherwise if one went back and forth in between.
        session.go_to(0);
        session.go_to(1);
        session.run(SIGNAL);
        assert_eq!(session.len(), 2);
    }

    #[test]
    fn a_line_of_malloc_names_its_block() {
        let mut session = Session::new(Machine::default());
        session.run("a = malloc(100)");
        let step = session.last_step().unwrap();
        let blocks: Vec<_> = step.blocks().collect();
        let heap = crate::state::heap(session.process()).unwrap();
        assert_eq!(blocks, [(heap.majors[0].minors[0].address, 140)]);
        session.run("free(a)");
        assert_eq!(session.last_step().unwrap().blocks().count(), 1);
    }

    #[test]
    fn a_broken_line_is_told_and_the_rest_runs() {
        let mut session = Session::new(Machine::default());
        let report = session.run("brk(0)\nmmap(oops\nmunmap(q, 1)\nbrk(0)");
        assert_eq!(report.ran, 2);
        let lines: Vec<_> = report.diagnostics.iter().map(|d| d.line).collect();
        assert_eq!(lines, [2, 3]);
    }
}
