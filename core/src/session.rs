//! A session: the lines run so far, as steps that can be gone back to.
//!
//! A session keeps what each step printed, and every few steps the whole state: going to a step
//! restores the nearest state before it and runs on from there, which is cheap, for a state is a
//! value that shares all it can. A session is a value too; undo keeps the old one.
//!
//! Invariant: `checkpoints[i]` is the state before step `i × INTERVAL`, and `current` is the state
//! after the first `position` steps.

mod heap;

use crate::address::Address;
use crate::call::{Call, Returned};
use crate::event::Event;
use crate::machine::Machine;
use crate::maps::parse_maps;
use crate::process::Process;
use crate::replay::{Counts, Ran, RanKind, Runner};
use crate::report::{Choice, choose, signal_sentence, why_sentence};
use crate::start::{Given, from_maps};
use crate::state::{Totals, totals};
use crate::surprise::told;
use crate::trace::{
    Diagnostic, Kind, Line, Parser, ProcessCount, Script, print_call, print_line, print_result,
    print_signal, recognise,
};
pub use heap::FiguresAt;
use imbl::Vector;
use std::sync::Arc;

/// How many steps share a stored state.
const INTERVAL: usize = 64;

/// The lines run so far, and where one stands among them.
#[derive(Clone, PartialEq, Debug)]
pub struct Session {
    steps: Vector<Arc<Step>>,
    checkpoints: Vector<Runner>,
    position: usize,
    current: Runner,
}

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
    /// The text that the line is of, for running it again.
    /// Bytes of a block's header, for the allocator in use.
    block_header: u64,
    source: Arc<str>,
    parsed: Line,
}

impl Step {
    /// The line as it was typed or imported.
    pub fn source(&self) -> &str {
        self.parsed.text.of(&self.source)
    }

    /// What surprises about a call that did not fail, a sentence each.
    pub fn surprises(&self) -> Vec<String> {
        match (&self.call, self.value) {
            (Some(call), Some(value)) => told(call, value, &self.events),
            _ => Vec::new(),
        }
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
    pub fn starting_with(runner: Runner) -> Session {
        Session {
            steps: Vector::new(),
            checkpoints: Vector::unit(runner.clone()),
            position: 0,
            current: runner,
        }
    }

    /// A session that starts from a `/proc/PID/maps` text.
    pub fn start_from_maps(text: &str) -> (Session, Vec<Diagnostic>) {
        let (lines, diagnostics) = parse_maps(text);
        let process = from_maps(Machine::default(), Given::default(), &lines);
        (Session::starting_with(Runner::starting_with(process)), diagnostics)
    }

    /// Says whether it starts from a `/proc/PID/maps` text and has run nothing yet: a log that is
    /// imported now belongs on top of it.
    pub fn waits_for_log(&self) -> bool {
        self.steps.is_empty() && self.process().kernel.machine.stack.is_none()
    }

    /// Runs the lines of a text behind the step where the session stands; what came behind that
    /// step is dropped.
    pub fn run(&mut self, text: &str) -> Report {
        self.adopt_heap_setting(text);
        let source: Arc<str> = text.into();
        let script = Script::parse(text);
        let choice = choose(&script, None);
        let mut report = Report { diagnostics: script.diagnostics, ran: 0 };
        let lines = script.lines.into_iter().filter(|line| choice.takes(line.pid));
        for line in lines {
            match self.push(&source, line) {
                Pushed::Step => report.ran += 1,
                Pushed::Nothing => {}
                Pushed::Unreadable(diagnostic) => report.diagnostics.push(diagnostic),
            }
        }
        report.diagnostics.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        report
    }

    /// Runs one line behind the step where the session stands.
    fn push(&mut self, source: &Arc<str>, line: Line) -> Pushed {
        self.steps.truncate(self.position);
        self.checkpoints.truncate(self.position / INTERVAL + 1);
        let ran = self.current.run(&line, source);
        if let RanKind::Unreadable(diagnostic) = ran.kind {
            return Pushed::Unreadable(diagnostic);
        }
        if ran.kind == RanKind::Nothing && ran.divergence.is_none() {
            return Pushed::Nothing;
        }
        let totals = totals(&self.current.process);
        let signal = signal_sentence(&self.current.process, &ran);
        let mut step = step(ran, totals, source.clone(), line);
        step.block_header = self.heap_setting().shape().minor_bytes;
        step.why = step.why.or(signal);
        self.steps.push_back(Arc::new(step));
        self.position += 1;
        if self.position.is_multiple_of(INTERVAL) {
            self.checkpoints.push_back(self.current.clone());
        }
        Pushed::Step
    }

    /// Goes to the state after the first `position` steps, or the last there is.
    pub fn go_to(&mut self, position: usize) {
        let position = position.min(self.steps.len());
        let mut from = position / INTERVAL;
        if from >= self.checkpoints.len() {
            from = self.checkpoints.len() - 1;
        }
        let near = self.position <= position && self.position >= from * INTERVAL;
        let mut at = if near { self.position } else { from * INTERVAL };
        if !near && let Some(runner) = self.checkpoints.get(from) {
            self.current = runner.clone();
        }
        while at < position {
            if let Some(step) = self.steps.get(at) {
                self.current.run(&step.parsed, &step.source);
            }
            at += 1;
        }
        self.position = position;
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Says whether nothing was run.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many steps lie before the state shown.
    pub fn position(&self) -> usize {
        self.position
    }

    /// A step, from 0.
    pub fn step(&self, index: usize) -> Option<&Arc<Step>> {
        self.steps.get(index)
    }

    /// The steps from one to another, as many as there are.
    pub fn steps(
        &self,
        range: std::ops::Range<usize>,
    ) -> impl Iterator<Item = (usize, &Arc<Step>)> {
        let end = range.end.min(self.steps.len());
        (range.start.min(end)..end).filter_map(|index| Some((index, self.steps.get(index)?)))
    }

    /// The step that led to the state shown; nothing at the start.
    pub fn last_step(&self) -> Option<&Arc<Step>> {
        self.steps.get(self.position.checked_sub(1)?)
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

    /// The lines up to the state shown, as text that can be run again.
    pub fn script(&self) -> String {
        let mut text = self.heap_setting().directive();
        for step in self.steps.iter().take(self.position) {
            text.push_str(step.source());
            text.push('\n');
        }
        text
    }

    /// The totals after each of some steps, for charts.
    pub fn totals(&self, range: std::ops::Range<usize>) -> Vec<Totals> {
        self.steps(range).map(|(_, step)| step.totals).collect()
    }
}

enum Pushed {
    Step,
    Nothing,
    Unreadable(Diagnostic),
}

fn step(ran: Ran, totals: Totals, source: Arc<str>, parsed: Line) -> Step {
    let why = why_sentence(&ran);
    let reason_address = ran.reason().and_then(|reason| reason.address());
    let mut step = Step {
        line: parsed.number,
        call: None,
        text: String::new(),
        result: String::new(),
        signal: None,
        why,
        value: None,
        reason_address,
        notes: ran.notes,
        divergence: ran.divergence,
        skipped: false,
        failed: false,
        events: Vec::new(),
        totals,
        block_header: 0,
        source,
        parsed,
    };
    match ran.kind {
        RanKind::Call(call, outcome) => {
            step.text = match &outcome.returned {
                Returned::Bytes { .. } => {
                    let line = print_line(&call, &outcome.returned);
                    line.rsplit_once(" = ").map_or(line.clone(), |(text, _)| text.to_owned())
                }
                _ => print_call(&call),
            };
            let result = print_result(&call, &outcome.returned);
            step.result = result.lines().next().unwrap_or_default().to_owned();
            if let Returned::Signal(info) = &outcome.returned {
                step.signal = Some(print_signal(info));
            }
            step.failed = matches!(outcome.returned, Returned::Error(_) | Returned::Signal(_));
            step.skipped = outcome.returned == Returned::Skipped;
            step.events = outcome.events;
            if let Returned::Value(value) = outcome.returned {
                step.value = Some(value);
            }
            step.call = Some(call);
        }
        RanKind::Skipped { name } => {
            step.text = name;
            step.skipped = true;
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
            step.text = format!("--- {name} {{si_signo={name}{details}}} ---");
            step.reason_address = signal.address;
            step.failed = true;
        }
        RanKind::Unreadable(_) | RanKind::Nothing => {}
    }
    step
}

/// A long text on its way in: read and run in slices, so that a page can show progress and stop.
///
/// First it is read ([`Import::advance`] until [`Import::is_read`]); then its processes are known,
/// and one can be chosen; then it is run, by more of the same.
#[derive(Debug)]
pub struct Import {
    kind: Kind,
    source: Arc<str>,
    stage: Stage,
    processes: Vec<ProcessCount>,
    /// The process that was asked for.
    asked: Option<Choice>,
    /// The process that runs.
    choice: Choice,
    diagnostics: Vec<Diagnostic>,
    session: Session,
}

#[derive(Debug)]
enum Stage {
    Reading(Box<Parser>),
    Running { lines: std::vec::IntoIter<Line>, total: usize },
}

/// How far an import is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Bytes read, or lines run.
    pub done: usize,
    /// Bytes or lines there are.
    pub total: usize,
}

impl Import {
    /// Takes a text that is to run on a fresh process, or, if it is a `/proc/PID/maps` text, to
    /// start from.
    pub fn new(text: &str) -> Import {
        match recognise(text) {
            Kind::Maps => {
                let (session, diagnostics) = Session::start_from_maps(text);
                let mut import = Import::onto(session, "");
                import.kind = Kind::Maps;
                import.diagnostics = diagnostics;
                import
            }
            _ => Import::onto(Session::new(Machine::default()), text),
        }
    }

    /// Takes a text that is to run behind what a session has run.
    pub fn onto(mut session: Session, text: &str) -> Import {
        session.adopt_heap_setting(text);
        let source: Arc<str> = text.into();
        Import {
            kind: recognise(text),
            stage: Stage::Reading(Box::new(Parser::new(source.clone()))),
            source,
            processes: Vec::new(),
            asked: None,
            choice: Choice::All,
            diagnostics: Vec::new(),
            session,
        }
    }

    /// What the text looks like.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The processes that it is about; known once it is read.
    pub fn processes(&self) -> &[ProcessCount] {
        &self.processes
    }

    /// The process that runs.
    pub fn choice(&self) -> Choice {
        self.choice
    }

    /// Takes another process than the first; to be said before anything ran.
    pub fn choose(&mut self, choice: Choice) {
        self.asked = Some(choice);
        self.choice = choice;
    }

    /// Reads or runs at most so many lines.
    pub fn advance(&mut self, lines: usize) -> Progress {
        match &mut self.stage {
            Stage::Reading(parser) => {
                let more = parser.next_lines(u32::try_from(lines).unwrap_or(u32::MAX));
                let progress = Progress { done: parser.bytes_read(), total: self.source.len() };
                if !more {
                    self.end_reading();
                }
                progress
            }
            Stage::Running { lines: left, total } => {
                for line in left.by_ref().take(lines) {
                    if !self.choice.takes(line.pid) {
                        continue;
                    }
                    if let Pushed::Unreadable(diagnostic) = self.session.push(&self.source, line) {
                        self.diagnostics.push(diagnostic);
                    }
                }
                Progress { done: *total - left.len(), total: *total }
            }
        }
    }

    fn end_reading(&mut self) {
        let nothing = Stage::Running { lines: Vec::new().into_iter(), total: 0 };
        if let Stage::Reading(parser) = std::mem::replace(&mut self.stage, nothing) {
            let script = parser.finish();
            self.choice = choose(&script, self.asked);
            self.processes = script.processes;
            self.diagnostics.extend(script.diagnostics);
            let total = script.lines.len();
            self.stage = Stage::Running { lines: script.lines.into_iter(), total };
        }
    }

    /// Says whether the text is read, so that its processes are known and it can be run.
    pub fn is_read(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    /// Says whether everything ran.
    pub fn is_done(&self) -> bool {
        matches!(&self.stage, Stage::Running { lines, .. } if lines.len() == 0)
    }

    /// What could not be read or run so far.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Counts so far.
    pub fn counts(&self) -> Counts {
        let mut counts = self.session.counts();
        let errors = self.diagnostics.iter();
        let errors = errors.filter(|d| d.severity == crate::trace::Severity::Error);
        counts.unreadable = errors.count() as u64;
        counts
    }

    /// The session, with all that ran.
    pub fn finish(self) -> Session {
        self.session
    }
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
            assert_eq!(*all.process(), *session(expected).process_at(position), "{position}");
        }
    }

    impl Session {
        fn process_at(&mut self, position: usize) -> &Process {
            self.go_to(position);
            self.process()
        }
    }

    #[test]
    fn running_in_the_past_drops_the_future() {
        let mut session = session(100);
        session.go_to(10);
        session.run("munmap(p, PAGE_SIZE)");
        assert_eq!((session.len(), session.position()), (11, 11));
        session.go_to(10);
        session.go_to(11);
        assert_eq!(session.last_step().unwrap().result, "0");
    }

    #[test]
    fn an_import_in_slices_is_a_run() {
        let text = "1 brk(0) = 0x555555559000\n2 brk(0) = 0x1000\n1 brk(0x55555555a000) = 0x55555555a000\n";
        let mut import = Import::new(text);
        while !import.is_done() {
            let progress = import.advance(1);
            assert!(progress.done <= progress.total);
        }
        assert_eq!(import.processes().len(), 2);
        assert_eq!(import.choice(), Choice::Pid(1));
        assert_eq!(import.counts().calls, 2);
        let mut whole = Session::new(Machine::default());
        whole.run(text);
        assert_eq!(import.finish().process(), whole.process());
        let mut second = Import::new(text);
        second.choose(Choice::Pid(2));
        while !second.is_done() {
            second.advance(1);
        }
        assert_eq!(second.counts().calls, 1);
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
