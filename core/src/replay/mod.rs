//! Runs the lines of a trace: binds names, and holds recorded results against the model's own.
//!
//! A log is what a kernel did, so where it says more than the model can know, the log wins: a
//! recorded address is where a mapping goes, a descriptor is what its note says it is, and a call
//! that only makes sense if something was mapped before implies that mapping. What the model
//! itself would have done otherwise is said beside the line: a *note* where the log may well know
//! better (placement, files), a *divergence* where the two contradict each other.

mod blocks;
mod descriptors;
mod places;

use crate::abi::{Errno, OpenFlags};
use crate::address::{Address, PageRange};
use crate::call::{Call, Outcome, Returned, SignalInfo};
use crate::event::Event;
use crate::machine::Machine;
use crate::process::Process;
use crate::reason::Reason;
use crate::trace::{
    CallName, Diagnostic, FdKind, FdNote, Line, ParsedCall, Recorded, SignalLine, Statement,
    print_call, print_result, resolve,
};
use crate::vma::Sharing;
use blocks::Block;
use imbl::OrdMap;
use std::sync::Arc;

/// What came of one line.
#[derive(Clone, PartialEq, Debug)]
pub struct Ran {
    /// What the line was.
    pub kind: RanKind,
    /// Where model and log contradict each other.
    pub divergence: Option<String>,
    /// What the log knew better, what was inferred.
    pub notes: Vec<String>,
}

/// What a line was.
#[derive(Clone, PartialEq, Debug)]
pub enum RanKind {
    /// A call that ran; its arguments as the model saw them.
    Call(Call, Outcome),
    /// A call that was not run.
    Skipped {
        /// Its name, or its text where that is known.
        name: Arc<str>,
    },
    /// A signal that the log shows, not caused by a call of the trace.
    Signal(SignalLine),
    /// A line that could not be run: a name without a value, a wrong number of arguments.
    Unreadable(Diagnostic),
    /// Nothing to show: the end of the program, a signal that belongs to the call before.
    Nothing,
}

/// Counts over a whole run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Calls that ran.
    pub calls: u64,
    /// Calls that were not run.
    pub skipped: u64,
    /// Divergences.
    pub divergences: u64,
    /// Signals, of calls and of the log.
    pub signals: u64,
    /// Calls that were refused.
    pub errors: u64,
    /// Lines that could not be read.
    pub unreadable: u64,
    /// Mappings that the kernel chose a place for, and the log has them where something was mapped:
    /// what unmapped it is not in the log, or what it began from is of another moment.
    pub displacing: u64,
}

impl Counts {
    /// What was counted since another, earlier count of the same run.
    pub const fn since(&self, earlier: &Counts) -> Counts {
        Counts {
            calls: self.calls.saturating_sub(earlier.calls),
            skipped: self.skipped.saturating_sub(earlier.skipped),
            divergences: self.divergences.saturating_sub(earlier.divergences),
            signals: self.signals.saturating_sub(earlier.signals),
            errors: self.errors.saturating_sub(earlier.errors),
            unreadable: self.unreadable.saturating_sub(earlier.unreadable),
            displacing: self.displacing.saturating_sub(earlier.displacing),
        }
    }
}

/// A process, and what the lines so far have said about names, blocks and descriptors.
#[derive(Clone, PartialEq, Debug)]
pub struct Runner {
    /// The process.
    pub process: Process,
    /// Counts so far.
    pub counts: Counts,
    names: OrdMap<Box<str>, u64>,
    /// Recorded blocks by their recorded address.
    blocks: OrdMap<Address, Block>,
    /// The signal that the last call ended in, while the log has not shown it.
    pending: Pending,
    /// What the log has said about the machine so far.
    log: LogFacts,
}

/// Whether the next line may be the signal of this one.
#[derive(Clone, PartialEq, Debug, Default)]
enum Pending {
    #[default]
    None,
    /// The last call has the recorded result `?`; the signal that the model gave, if any.
    Access(Option<SignalInfo>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct LogFacts {
    /// The initial state, or an earlier line, told where placement begins.
    base_known: bool,
    /// The initial state, or an earlier line, told where the heap begins.
    break_known: bool,
}

impl Runner {
    /// A run on an empty process.
    pub fn new(machine: Machine) -> Runner {
        Runner::starting_with(Process::new(machine))
    }

    /// A run that starts from some state.
    pub fn starting_with(process: Process) -> Runner {
        let base_known = process.kernel.machine.stack.is_none();
        Runner {
            process,
            counts: Counts::default(),
            names: OrdMap::new(),
            blocks: OrdMap::new(),
            pending: Pending::None,
            log: LogFacts { base_known, break_known: false },
        }
    }

    /// Notes that `mmap_base` was given by hand: a log does not move it.
    pub fn fix_mmap_base(&mut self) {
        self.log.base_known = true;
    }

    /// Notes that the break was given by hand: a log does not move its start.
    pub fn fix_break(&mut self) {
        self.log.break_known = true;
    }

    /// The value of a name.
    pub fn name(&self, name: &str) -> Option<u64> {
        self.names.get(name).copied().map(|value| self.translate(value))
    }

    /// The names that have a value, in order.
    pub fn names(&self) -> impl Iterator<Item = (&str, u64)> {
        self.names.iter().map(|(name, value)| (&**name, self.translate(*value)))
    }

    /// Runs one line. `source` is the text that the line's spans are of.
    pub fn run(&mut self, line: &Line, source: &str) -> Ran {
        let pending = std::mem::take(&mut self.pending);
        let ran = match &line.statement {
            Statement::Call(call) if call.nested => skipped("a call made inside another call"),
            Statement::Call(call) => self.run_call(call, source),
            Statement::Skipped { name } => {
                let text = line.text.of(source);
                if &**name == "execve" {
                    self.execve(text);
                }
                Ran {
                    notes: not_simulated(name, text).into_iter().collect(),
                    ..skipped(name.clone())
                }
            }
            Statement::Signal(signal) => self.compare_signal(pending, signal),
            Statement::Exit => Ran::of(RanKind::Nothing),
        };
        self.count(&ran);
        ran
    }

    /// Passes over a line of which nothing is known but that it stood here and did nothing.
    pub(crate) fn pass_line(&mut self) {
        self.pending = Pending::None;
    }

    fn count(&mut self, ran: &Ran) {
        let counts = &mut self.counts;
        counts.divergences += u64::from(ran.divergence.is_some());
        match &ran.kind {
            RanKind::Call(_, outcome) => match &outcome.returned {
                Returned::Skipped => counts.skipped += 1,
                returned => {
                    counts.calls += 1;
                    counts.errors += u64::from(matches!(returned, Returned::Error(_)));
                    counts.signals += u64::from(matches!(returned, Returned::Signal(_)));
                }
            },
            RanKind::Skipped { .. } => counts.skipped += 1,
            RanKind::Signal(_) => counts.signals += 1,
            RanKind::Unreadable(_) => counts.unreadable += 1,
            RanKind::Nothing => {}
        }
    }

    fn run_call(&mut self, parsed: &ParsedCall, source: &str) -> Ran {
        let resolved = resolve(parsed, &|name| self.names.get(name).copied());
        let call = match resolved {
            Ok(call) => call,
            Err(diagnostic) => return Ran::of(RanKind::Unreadable(diagnostic)),
        };
        if let Some(ran) = self.unknown_block(&call, parsed, source) {
            return ran;
        }
        let asked = call;
        let call = self.translate_call(asked.clone(), parsed.recorded.is_none());
        let mut step = Step { parsed, call, divergence: None, notes: Vec::new() };
        let outcome = match &parsed.recorded {
            None => self.process.run(&step.call),
            Some(recorded) => self.run_recorded(&mut step, recorded),
        };
        if matches!(parsed.recorded, Some(Recorded::Unknown)) {
            self.pending = Pending::Access(match outcome.returned {
                Returned::Signal(info) => Some(info),
                _ => None,
            });
        }
        self.bind(parsed, &asked, &outcome);
        let Step { call, divergence, notes, .. } = step;
        Ran { kind: RanKind::Call(call, outcome), divergence, notes }
    }
    /// Gives the result its name, and a recorded pointer its block.
    fn bind(&mut self, parsed: &ParsedCall, asked: &Call, outcome: &Outcome) {
        let value = match &outcome.returned {
            Returned::Value(value) => Some(*value),
            Returned::Bytes { count, .. } => Some(*count),
            Returned::Error(_) => Some(u64::MAX),
            Returned::Void | Returned::Signal(_) | Returned::Skipped => None,
        };
        let recorded = parsed.recorded.as_ref().and_then(Recorded::value);
        match asked {
            Call::Free { ptr } => self.free_block(*ptr),
            Call::Realloc { ptr, size }
                if *size == 0 || recorded.or(value).is_some_and(|at| at != 0) =>
            {
                self.free_block(*ptr);
            }
            _ => {}
        }
        let size = match asked {
            Call::Malloc { size } | Call::Realloc { size, .. } => Some(*size),
            Call::Calloc { nmemb, size } => Some(nmemb.saturating_mul(*size)),
            _ => None,
        };
        let mut named = value;
        if let (Some(size), Some(at), Some(address)) = (size, recorded, value)
            && at != 0
        {
            self.note_block(at, Block { size: size.max(1), address, freed: false });
            named = recorded;
        }
        if let Some(name) = &parsed.binding {
            match named {
                Some(value) => self.names.insert(name.clone(), value),
                None => self.names.remove(name),
            };
        }
    }
    /// Runs a call whose result is recorded.
    fn run_recorded(&mut self, step: &mut Step, recorded: &Recorded) -> Outcome {
        match step.call {
            Call::Open { .. } | Call::Openat { .. } | Call::MemfdCreate { .. } => {
                return self.run_open(step, recorded);
            }
            _ => {}
        }
        let unknown_fd = self.learn_descriptor(step, recorded);
        match step.call {
            Call::Brk { .. } => self.learn_break(step, recorded),
            Call::Mmap { .. } => self.learn_base(step, recorded),
            _ => {}
        }
        let holes = self.holes(&step.call, recorded);
        let places =
            matches!(step.call, Call::Mmap { .. } | Call::Mremap { .. } | Call::Brk { .. });
        // Only then the log may have its way against what the model did.
        let may_go_back = places || matches!(recorded, Recorded::Error(_)) || !holes.is_empty();
        let mut before = may_go_back.then(|| self.process.clone());
        let mut outcome = self.process.run(&step.call);
        if let (Some(plain), false) = (before.clone(), holes.is_empty())
            && outcome.is_refused()
        {
            let (alone, said) = (self.process.clone(), step.notes.len());
            // Private memory most often; some calls succeed on shared memory only.
            let mut with = self.run_with(&plain, &holes, step, Sharing::Private);
            if with.1.is_refused() {
                with = self.run_with(&plain, &holes, step, Sharing::Shared { may_write: true });
            }
            if with.1.is_refused() {
                // It was not for want of a mapping.
                self.process = alone;
                step.notes.truncate(said);
            } else {
                (before, outcome) = (Some(with.0), with.1);
            }
        }
        if self.agrees(step, recorded, &outcome) {
            return outcome;
        }
        match (before, recorded) {
            (Some(before), _) if places && recorded.value().is_some() => {
                let address = recorded.value().unwrap_or_default();
                self.force(step, before, outcome, address)
            }
            // The kernel refused what the model would do: nothing happened. What the log cannot
            // know of a descriptor is no contradiction.
            (Some(before), Recorded::Error(name)) => {
                let theirs = Errno::from_name(name);
                if !unknown_fd {
                    step.diverge(recorded, &outcome);
                }
                match (theirs, &outcome.returned) {
                    (Some(errno), Returned::Value(_) | Returned::Bytes { .. }) => {
                        self.process = before;
                        Outcome {
                            returned: Returned::Error(errno),
                            reason: None,
                            events: Vec::new(),
                        }
                    }
                    _ => outcome,
                }
            }
            _ => {
                if !(unknown_fd && step.only_descriptor()) {
                    step.diverge(recorded, &outcome);
                    return outcome;
                }
                match recorded.value() {
                    Some(value) => Outcome::value(value),
                    None => outcome,
                }
            }
        }
    }

    /// Runs a call with memory where it meets none; gives the process before it too.
    fn run_with(
        &mut self,
        plain: &Process,
        holes: &[PageRange],
        step: &mut Step,
        sharing: Sharing,
    ) -> (Process, Outcome) {
        self.process = plain.clone();
        self.infer(holes, step, sharing);
        (self.process.clone(), self.process.run(&step.call))
    }

    /// Says whether a recorded result is what the model gave.
    fn agrees(&self, step: &Step, recorded: &Recorded, outcome: &Outcome) -> bool {
        match (recorded, &outcome.returned) {
            (Recorded::Unknown, _) | (_, Returned::Skipped) => true,
            (Recorded::Error(name), Returned::Error(errno)) => {
                name.is_empty() || errno.name() == &**name
            }
            (Recorded::Void, Returned::Void) => true,
            (_, Returned::Value(value)) => {
                let Some(recorded) = recorded.value() else { return false };
                match step.call {
                    Call::Malloc { .. } | Call::Calloc { .. } | Call::Realloc { .. } => {
                        (recorded == 0) == (*value == 0)
                    }
                    Call::Memset { .. } | Call::Memcpy { .. } => self.translate(recorded) == *value,
                    _ => recorded == *value,
                }
            }
            (_, Returned::Bytes { count, .. }) => recorded.value() == Some(*count),
            (Recorded::Value(0), Returned::Void) => true,
            _ => false,
        }
    }
    /// A successful `execve` replaces the address space. The one that began the program changes
    /// nothing, for the initial state is the one behind it.
    fn execve(&mut self, text: &str) {
        let text = text.trim_end();
        let text = match text.rsplit_once(" <") {
            Some((call, duration)) if duration.ends_with('>') => call.trim_end(),
            _ => text,
        };
        if self.counts.calls == 0 || !text.ends_with("= 0") {
            return;
        }
        let files = self.process.kernel.files.clone();
        let counts = self.counts;
        let heap_setting = self.process.heap_setting;
        // The layout is that of a new program; what is set for the system, and limits, go on.
        let Machine { mmap_base, break_start, stack, .. } = Machine::default();
        let machine = self.process.kernel.machine.clone();
        *self = Runner::new(Machine { mmap_base, break_start, stack, ..machine });
        self.process.heap_setting = heap_setting;
        self.counts = counts;
        self.process.kernel.files = files;
    }

    /// A signal line: that of the call before, or one that the program's own code caused.
    fn compare_signal(&mut self, pending: Pending, signal: &SignalLine) -> Ran {
        let Pending::Access(own) = pending else {
            return Ran::of(RanKind::Signal(SignalLine::clone(signal)));
        };
        let Some(info) = own else {
            let mut ran = Ran::of(RanKind::Signal(SignalLine::clone(signal)));
            ran.divergence = Some(format!("recorded {}, but the access succeeds", signal.name));
            return ran;
        };
        let same = info.signal.name() == &*signal.name
            && (signal.code.is_empty() || info.code.name() == &*signal.code)
            && signal.address.is_none_or(|address| self.translate(address) == info.address);
        let mut ran = Ran::of(RanKind::Nothing);
        if !same {
            let address = signal.address.map(|at| format!(" at {at:#x}")).unwrap_or_default();
            let text = format!("recorded {} {}{address}", signal.name, signal.code);
            ran.divergence = Some(text);
        }
        ran
    }
}

/// A call on its way through, with what is to be said beside it.
struct Step<'a> {
    parsed: &'a ParsedCall,
    call: Call,
    divergence: Option<String>,
    notes: Vec<String>,
}

impl Step<'_> {
    fn diverge(&mut self, recorded: &Recorded, own: &Outcome) {
        let own_result = print_result(&self.call, &own.returned).replace('\n', " ");
        let why = own.reason.as_ref().map_or(String::new(), |why| format!(": {}", why.sentence()));
        let recorded = recorded_text(&self.call, recorded);
        self.divergence = Some(format!("recorded {recorded}; the model gives {own_result}{why}"));
    }

    /// The call is about a descriptor alone, not about memory.
    fn only_descriptor(&self) -> bool {
        matches!(
            self.call,
            Call::Close { .. }
                | Call::Ftruncate { .. }
                | Call::Pwrite64 { .. }
                | Call::Pread64 { .. }
        )
    }

    fn open_flags(&self) -> OpenFlags {
        match self.call {
            Call::Open { flags, .. } | Call::Openat { flags, .. } => {
                OpenFlags::from_bits_retain(flags)
            }
            _ => OpenFlags::empty(),
        }
    }

    /// The path of an `open` whose result has no note: relative ones stand below the folder that
    /// `AT_FDCWD` is noted to be.
    fn note_of_path(&self) -> FdNote {
        let path = match &self.call {
            Call::Open { path, .. } | Call::Openat { path, .. } => path.as_str(),
            _ => "",
        };
        let folder = match self.parsed.name {
            CallName::Openat => self.parsed.fd_note(0),
            _ => None,
        };
        let path = match folder {
            Some(folder) if !path.starts_with('/') => format!("{}/{path}", folder.path),
            _ => path.to_owned(),
        };
        FdNote { path, deleted: false, kind: FdKind::Path }
    }
}

impl Ran {
    fn of(kind: RanKind) -> Ran {
        Ran { kind, divergence: None, notes: Vec::new() }
    }

    /// What happened, in order; nothing for a line that ran no call.
    pub fn events(&self) -> &[Event] {
        match &self.kind {
            RanKind::Call(_, outcome) => &outcome.events,
            _ => &[],
        }
    }

    /// What it calls, or the text of the call, if it was not run.
    pub fn skipped(&self) -> Option<Arc<str>> {
        match &self.kind {
            RanKind::Skipped { name } => Some(name.clone()),
            RanKind::Call(call, outcome) if outcome.returned == Returned::Skipped => {
                Some(print_call(call).into())
            }
            _ => None,
        }
    }

    /// The rule behind the outcome.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.kind {
            RanKind::Call(_, outcome) => outcome.reason.as_ref(),
            _ => None,
        }
    }
}

/// What is said of a call that is none of ours, where somebody types it: a line of a log, which has
/// a result, is passed over without a word.
fn not_simulated(name: &str, text: &str) -> Option<String> {
    let (_, arguments) = text.split_once('(')?;
    let is_call = arguments.trim_end().trim_end_matches(';').ends_with(')');
    if !is_call || arguments.contains('=') {
        return None;
    }
    let nearest = CallName::nearest(name).map(|call| format!("; did you mean {}?", call.name()));
    Some(format!("{name} is not simulated here{}", nearest.unwrap_or_default()))
}

fn skipped(name: impl Into<Arc<str>>) -> Ran {
    Ran::of(RanKind::Skipped { name: name.into() })
}

fn recorded_text(call: &Call, recorded: &Recorded) -> String {
    match recorded {
        Recorded::Error(name) => match Errno::from_name(name) {
            Some(errno) => format!("-1 {} ({})", errno.name(), errno.text()),
            None => format!("-1 {name}"),
        },
        Recorded::Unknown => "?".to_owned(),
        Recorded::Void => "<void>".to_owned(),
        Recorded::Text(bytes) => format!("a string of {} bytes", bytes.len()),
        Recorded::Value(value) => print_result(call, &Returned::Value(*value)),
        Recorded::Descriptor(descriptor) => descriptor.number.to_string(),
    }
}
