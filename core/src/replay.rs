//! Runs the lines of a trace: binds names, and holds recorded results against the model's own.
//!
//! A log is what a kernel did, so where it says more than the model can know, the log wins: a
//! recorded address is where a mapping goes, a descriptor is what its note says it is, and a call
//! that only makes sense if something was mapped before implies that mapping. What the model
//! itself would have done otherwise is said beside the line: a *note* where the log may well know
//! better (placement, files), a *divergence* where the two contradict each other.

use crate::abi::{Errno, OpenFlags, Prot};
use crate::address::{Address, PAGE_SIZE, PageRange, USER_END, page_ceil_wrapping, page_floor};
use crate::address_space::Changes;
use crate::call::{Call, Outcome, Returned};
use crate::event::Event;
use crate::file::{FileId, FileKind};
use crate::kernel::Kernel;
use crate::machine::Machine;
use crate::process::Process;
use crate::reason::Reason;
use crate::trace::{
    CallName, Diagnostic, FdKind, FdNote, Line, ParsedCall, Recorded, SignalLine, Statement,
    print_result, resolve,
};
use crate::vma::{Backing, Sharing, Vma, VmaFlags};
use imbl::OrdMap;

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
        name: String,
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

/// A block that a log names by its pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Block {
    /// Bytes asked for, at least 1, so that the pointer itself lies inside.
    size: u64,
    /// Where the model's allocator put it; 0 if it had no room.
    address: Address,
}

/// Whether the next line may be the signal of this one.
#[derive(Clone, PartialEq, Debug, Default)]
enum Pending {
    #[default]
    None,
    /// The last call has the recorded result `?`; the signal that the model gave, if any.
    Access(Option<crate::call::SignalInfo>),
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
                if &**name == "execve" {
                    self.execve(line.text.of(source));
                }
                skipped(name)
            }
            Statement::Signal(signal) => self.compare_signal(pending, signal),
            Statement::Exit => Ran::of(RanKind::Nothing),
        };
        self.count(&ran);
        ran
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
        let call = self.translate_call(asked.clone());
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
            Call::Free { ptr } => self.forget_block(*ptr),
            Call::Realloc { ptr, size } if *size == 0 || recorded.is_some_and(|at| at != 0) => {
                self.forget_block(*ptr);
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
            self.blocks.insert(at, Block { size: size.max(1), address });
            named = recorded;
        }
        if let Some(name) = &parsed.binding {
            match named {
                Some(value) => self.names.insert(name.clone(), value),
                None => self.names.remove(name),
            };
        }
    }

    fn forget_block(&mut self, pointer: Address) {
        self.blocks.remove(&pointer);
    }

    /// A `free` or `realloc` of a block that was there before the log began: not run, or run as
    /// `malloc`.
    fn unknown_block(&mut self, call: &Call, parsed: &ParsedCall, source: &str) -> Option<Ran> {
        let (Call::Free { ptr } | Call::Realloc { ptr, .. }) = *call else { return None };
        let from_log = match parsed.recorded {
            Some(Recorded::Void) => true,
            Some(Recorded::Value(value)) => value != 0,
            _ => false,
        };
        let bound_by_name = parsed
            .args
            .first()
            .is_some_and(|arg| matches!(arg.value, crate::trace::Value::Formula(_)));
        if !from_log || bound_by_name || ptr == 0 || self.block(ptr).is_some() {
            return None;
        }
        // A pointer that the model's own allocator gave out is no pointer of a log.
        if self.process.kernel.space.vmas().at(ptr).is_some() {
            return None;
        }
        let note = format!("the block {ptr:#x} was there before the log began");
        match *call {
            Call::Realloc { size, .. } => {
                let call = Call::Malloc { size };
                let outcome = self.process.run(&call);
                self.bind(parsed, &Call::Malloc { size }, &outcome);
                let kind = RanKind::Call(call, outcome);
                Some(Ran { kind, divergence: None, notes: vec![note + ": run as malloc"] })
            }
            _ => {
                let name = parsed.span.of(source).to_owned();
                let kind = RanKind::Skipped { name };
                Some(Ran { kind, divergence: None, notes: vec![note] })
            }
        }
    }

    /// The block that holds a recorded address.
    fn block(&self, recorded: Address) -> Option<(Address, Block)> {
        let (start, block) = self.blocks.get_prev(&recorded)?;
        (recorded - start < block.size).then_some((*start, *block))
    }

    /// Where the model has what a log calls by an address.
    fn translate(&self, recorded: Address) -> Address {
        match self.block(recorded) {
            Some((start, block)) if block.address != 0 => block.address + (recorded - start),
            Some(_) => 0,
            None => recorded,
        }
    }

    fn translate_call(&self, call: Call) -> Call {
        if self.blocks.is_empty() {
            return call;
        }
        let at = |address| self.translate(address);
        match call {
            Call::Free { ptr } => Call::Free { ptr: at(ptr) },
            Call::Realloc { ptr, size } => Call::Realloc { ptr: at(ptr), size },
            Call::Load { addr, width } => Call::Load { addr: at(addr), width },
            Call::Store { addr, value } => Call::Store { addr: at(addr), value },
            Call::Fetch { addr } => Call::Fetch { addr: at(addr) },
            Call::Memset { addr, byte, length } => Call::Memset { addr: at(addr), byte, length },
            Call::Memcpy { dst, src, length } => {
                Call::Memcpy { dst: at(dst), src: at(src), length }
            }
            Call::Mprotect { addr, len, prot } => Call::Mprotect { addr: at(addr), len, prot },
            Call::Munmap { addr, length } => Call::Munmap { addr: at(addr), length },
            other => other,
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
            Call::Brk { .. } => self.learn_break(recorded),
            Call::Mmap { .. } => self.learn_base(step, recorded),
            Call::Mprotect { addr, len, .. } if recorded.value() == Some(0) => {
                self.infer(addr, len, step);
            }
            Call::Mremap { old_address, old_size, .. } if recorded.value().is_some() => {
                self.infer(old_address, old_size.max(1), step);
            }
            _ => {}
        }
        let before = self.process.clone();
        let outcome = self.process.run(&step.call);
        if self.agrees(step, recorded, &outcome) {
            return outcome;
        }
        match (&step.call, recorded) {
            (Call::Mmap { .. } | Call::Mremap { .. } | Call::Brk { .. }, _)
                if recorded.value().is_some() =>
            {
                let address = recorded.value().unwrap_or_default();
                self.force(step, before, outcome, address)
            }
            // The kernel refused what the model would do: nothing happened. What the log cannot
            // know of a descriptor is no contradiction.
            (_, Recorded::Error(name)) => {
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

    /// Puts a mapping, or the break, where the log has it.
    fn force(
        &mut self,
        step: &mut Step,
        before: Process,
        own: Outcome,
        address: Address,
    ) -> Outcome {
        let own_result = print_result(&step.call, &own.returned);
        let own_result = own_result.lines().next().unwrap_or_default().to_owned();
        let why = own.reason.as_ref().map(|reason| format!(": {}", reason.sentence()));
        let why = why.unwrap_or_default();
        self.process = before;
        let mut outcome = match step.call {
            Call::Brk { .. } => self.force_break(address),
            _ => self.force_mapping(&step.call, address),
        };
        let there = outcome.returned == Returned::Value(address);
        if there {
            step.notes.push(format!("put where the log has it; by itself: {own_result}{why}"));
            outcome.reason = None;
        } else {
            step.divergence = Some(format!("recorded {address:#x}; by itself: {own_result}{why}"));
        }
        outcome
    }

    fn force_mapping(&mut self, call: &Call, address: Address) -> Outcome {
        const MAP_FIXED: u64 = 0x10;
        const MAP_FIXED_NOREPLACE: u64 = 0x10_0000;
        const MAYMOVE_FIXED: u64 = 3;
        let forced = match *call {
            Call::Mmap { length, prot, flags, fd, offset, .. } => {
                let flags = (flags | MAP_FIXED) & !MAP_FIXED_NOREPLACE;
                Call::Mmap { addr: address, length, prot, flags, fd, offset }
            }
            Call::Mremap { old_address, old_size, new_size, flags, .. }
                if old_address == address =>
            {
                // In place: whatever the model has behind it was gone.
                let old_end = old_address.saturating_add(page_ceil_wrapping(old_size));
                let new_end = old_address.saturating_add(page_ceil_wrapping(new_size));
                if let Some(range) = PageRange::new(old_end, new_end.min(USER_END)) {
                    self.unmap(range);
                }
                Call::Mremap { old_address, old_size, new_size, flags, new_address: 0 }
            }
            Call::Mremap { old_address, old_size, new_size, flags, .. } => Call::Mremap {
                old_address,
                old_size,
                new_size,
                flags: flags | MAYMOVE_FIXED,
                new_address: address,
            },
            ref other => other.clone(),
        };
        let machine = self.process.kernel.machine.clone();
        self.process.kernel.machine = Machine {
            mmap_min_addr: 0,
            commit_limit_pages: u64::MAX,
            memlock_limit: u64::MAX,
            ..machine.clone()
        };
        let outcome = self.process.run(&forced);
        self.process.kernel.machine = machine;
        outcome
    }

    fn force_break(&mut self, address: Address) -> Outcome {
        let kernel = &mut self.process.kernel;
        let old = page_ceil_wrapping(kernel.space.break_end);
        let new = page_ceil_wrapping(address);
        let start = kernel.space.break_start;
        if address < start || address > USER_END {
            kernel.space.break_start = page_floor(address);
            kernel.space.break_end = address;
            return Outcome::value(address);
        }
        if let Some(range) = PageRange::new(old.min(new), old.max(new)) {
            self.unmap(range);
        }
        let outcome = self.process.run(&Call::Brk { addr: address });
        if outcome.returned != Returned::Value(address) {
            // Something stands right above: the heap is where the log says all the same.
            if let Some(range) = PageRange::new(old, new) {
                let vma = anonymous(range, Prot::RW, false);
                let kernel = &mut self.process.kernel;
                let mut changes = Changes::default();
                kernel.space.map(vma, &mut kernel.frames, &mut changes);
            }
            self.process.kernel.space.break_end = address;
        }
        Outcome { returned: Returned::Value(address), ..outcome }
    }

    fn unmap(&mut self, range: PageRange) {
        let kernel = &mut self.process.kernel;
        let mut changes = Changes::default();
        kernel.space.unmap(range, &mut kernel.frames, &mut changes);
        kernel.settle(changes, &mut Vec::new());
    }

    /// The first recorded break tells where the heap begins, if nothing else has.
    fn learn_break(&mut self, recorded: &Recorded) {
        let Some(address) = recorded.value() else { return };
        let space = &mut self.process.kernel.space;
        let untouched = space.break_end == space.break_start;
        if !self.log.break_known && untouched && address < USER_END {
            space.break_start = address;
            space.break_end = address;
        }
        self.log.break_known = true;
    }

    /// Without an initial state, the first place that the kernel chose tells where placement
    /// begins.
    fn learn_base(&mut self, step: &mut Step, recorded: &Recorded) {
        let Call::Mmap { addr: 0, length, flags, .. } = step.call else { return };
        let (Some(address), true) = (recorded.value(), flags & 0x10_0010 == 0) else { return };
        if self.log.base_known {
            return;
        }
        self.log.base_known = true;
        let end = address.wrapping_add(page_ceil_wrapping(length));
        let only_stack = self.process.kernel.space.vmas().len() <= 1;
        if only_stack && address < end && end < USER_END {
            let base = self.process.kernel.machine.mmap_base;
            if end != base && PageRange::new(address, end).is_some() {
                let mut probe = self.process.clone();
                if probe.run(&step.call).returned != Returned::Value(address) {
                    self.process.kernel.machine.mmap_base = end;
                    step.notes.push(format!("placement taken to begin at {end:#x}, not {base:#x}"));
                }
            }
        }
    }

    /// Adds the mappings without which a call could not have succeeded.
    fn infer(&mut self, addr: Address, length: u64, step: &mut Step) {
        let end = addr.wrapping_add(page_ceil_wrapping(length)).min(USER_END);
        let Some(range) = PageRange::new(page_floor(addr), end) else { return };
        let mut holes = Vec::new();
        let mut at = range.start();
        for vma in self.process.kernel.space.vmas().overlapping(range) {
            holes.extend(PageRange::new(at, vma.range.start()));
            at = vma.range.end();
        }
        holes.extend(PageRange::new(at, range.end()));
        for hole in holes {
            let vma = anonymous(hole, Prot::RW, true);
            let kernel = &mut self.process.kernel;
            kernel.space.map(vma, &mut kernel.frames, &mut Changes::default());
            step.notes.push(format!("{hole} must have been mapped before: inferred"));
        }
    }

    /// Makes the descriptor of a call what the log says it is. Says whether the log alone knows
    /// it.
    fn learn_descriptor(&mut self, step: &mut Step, recorded: &Recorded) -> bool {
        let (index, fd) = match step.call {
            Call::Mmap { fd, flags, .. } if flags & 0x20 == 0 => (4, fd),
            Call::Close { fd }
            | Call::Ftruncate { fd, .. }
            | Call::Pwrite64 { fd, .. }
            | Call::Pread64 { fd, .. } => (0, fd),
            _ => return false,
        };
        let note = step.parsed.fd_note(index);
        let files = &self.process.kernel.files;
        let known = files.descriptor(fd).and_then(|open| files.behind(open));
        let same = match (known, note) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(file), Some(note)) => {
                file.maps_name().trim_end_matches(" (deleted)") == note.path
            }
        };
        if same {
            let external = known.is_some_and(|file| file.size.is_none());
            // A stream that only a log knows is refused for reasons of its own.
            return external;
        }
        let bad = matches!(recorded, Recorded::Error(name) if &**name == "EBADF");
        let note = match note {
            Some(note) => note.clone(),
            // Nothing is known of it, and the log does not say that it was there.
            None if matches!(recorded, Recorded::Error(_)) => return true,
            None => FdNote { path: format!("descriptor:{fd}"), deleted: false, kind: FdKind::Path },
        };
        if !bad {
            self.external_descriptor(fd, &note, OpenFlags::from_bits_retain(2));
        }
        true
    }

    /// Gives a descriptor a file that only the log knows.
    fn external_descriptor(&mut self, fd: i32, note: &FdNote, flags: OpenFlags) {
        let kernel = &mut self.process.kernel;
        let file = external_file(kernel, note);
        let open = kernel.files.open(file, flags);
        let old = kernel.files.descriptor(fd);
        kernel.files.assign_number(open, fd);
        if let Some(old) = old {
            kernel.release(old);
        }
    }

    /// `open` and kin: the descriptor is the one that the log has, and a file that is not there
    /// is one that the log knows.
    fn run_open(&mut self, step: &mut Step, recorded: &Recorded) -> Outcome {
        let before = self.process.clone();
        let outcome = self.process.run(&step.call);
        if self.agrees(step, recorded, &outcome) && step.parsed.recorded_note().is_none() {
            return outcome;
        }
        if let Recorded::Error(name) = recorded {
            // It fails for files and rights that the log cannot know.
            self.process = before;
            let Some(errno) = Errno::from_name(name) else {
                step.diverge(recorded, &outcome);
                return outcome;
            };
            let same = outcome.returned == Returned::Error(errno);
            let reason = outcome.reason.filter(|_| same);
            return Outcome { returned: Returned::Error(errno), reason, events: Vec::new() };
        }
        let Some(fd) = recorded.value().and_then(|value| i32::try_from(value).ok()) else {
            step.diverge(recorded, &outcome);
            return outcome;
        };
        let made_here = match &outcome.returned {
            Returned::Value(own) => Some(*own as i32),
            _ => None,
        };
        match (&step.call, made_here) {
            (Call::MemfdCreate { .. }, Some(own)) => self.renumber(own, fd),
            (Call::Open { path, .. } | Call::Openat { path, .. }, own) => {
                let flags = step.open_flags();
                let note = step.parsed.recorded_note();
                let created_empty = own.is_some()
                    && (note.is_none() && !path.starts_with('/')
                        || flags.contains(OpenFlags::CREAT | OpenFlags::EXCL));
                if let (true, Some(own)) = (created_empty, own) {
                    self.renumber(own, fd);
                } else {
                    self.process = before;
                    let note = note.cloned().unwrap_or_else(|| step.note_of_path());
                    self.external_descriptor(fd, &note, flags);
                    if flags.contains(OpenFlags::DIRECTORY) {
                        self.set_kind(fd, FileKind::Directory);
                    }
                    if flags.contains(OpenFlags::TRUNC) && flags.writes() {
                        self.process.run(&Call::Ftruncate { fd, length: 0 });
                    }
                }
            }
            _ => {}
        }
        Outcome::value(fd as u64)
    }

    fn renumber(&mut self, from: i32, to: i32) {
        let kernel = &mut self.process.kernel;
        if from == to {
            return;
        }
        if let Some(open) = kernel.files.descriptor(from) {
            let old = kernel.files.descriptor(to);
            kernel.files.assign_number(open, to);
            kernel.files.close(from);
            if let Some(old) = old {
                kernel.release(old);
            }
        }
    }

    fn set_kind(&mut self, fd: i32, kind: FileKind) {
        let files = &mut self.process.kernel.files;
        let file = files.descriptor(fd).and_then(|open| files.open_file(open)).map(|o| o.file);
        if let Some(file) = file {
            files.set_kind(file, kind);
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
        *self = Runner::new(Machine::default());
        self.counts = counts;
        self.process.kernel.files = files;
    }

    /// A signal line: that of the call before, or one that the program's own code caused.
    fn compare_signal(&mut self, pending: Pending, signal: &SignalLine) -> Ran {
        let Pending::Access(own) = pending else {
            return Ran::of(RanKind::Signal(signal.clone()));
        };
        let Some(info) = own else {
            let mut ran = Ran::of(RanKind::Signal(signal.clone()));
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

    /// The rule behind the outcome.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.kind {
            RanKind::Call(_, outcome) => outcome.reason.as_ref(),
            _ => None,
        }
    }
}

fn skipped(name: &str) -> Ran {
    Ran::of(RanKind::Skipped { name: name.to_owned() })
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

/// The file that a log knows by a path, made if the model has none of that path.
fn external_file(kernel: &mut Kernel, note: &FdNote) -> FileId {
    let kind = match note.kind {
        FdKind::Memfd => FileKind::Memfd,
        FdKind::Other | FdKind::BlockDevice => FileKind::Stream,
        FdKind::CharDevice | FdKind::Path => match note.path.as_str() {
            "/dev/zero" => FileKind::DevZero,
            "/dev/null" => FileKind::DevNull,
            _ if note.kind == FdKind::CharDevice => FileKind::Stream,
            _ => FileKind::Regular,
        },
    };
    if kind == FileKind::Regular
        && let Some(file) = kernel.files.by_path(&note.path)
    {
        return file;
    }
    let path = note.path.strip_prefix("/memfd:").unwrap_or(&note.path);
    kernel.files.create(kind, path, None, 0o666)
}

/// Private anonymous memory that no call of the trace made.
fn anonymous(range: PageRange, prot: Prot, inferred: bool) -> Vma {
    Vma {
        range,
        prot,
        sharing: Sharing::Private,
        flags: VmaFlags::ACCOUNT,
        backing: Backing::Anonymous,
        page_offset: range.start() / PAGE_SIZE,
        origin: None,
        inferred,
    }
}
