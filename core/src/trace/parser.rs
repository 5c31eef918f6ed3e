//! Lines of a text or log to a [`Script`].
//!
//! A log of several threads tears calls apart: `munmap(0x1000, 4096 <unfinished ...>`, lines of
//! others, `<... munmap resumed>) = 0`. The two halves become one call, and its place is a choice:
//!
//! - `munmap` stands where it began. The kernel takes the pages away early and another thread may
//!   get the address, and say so, before this one comes back. (In the log `threads-pthread` six
//!   mappings would land on pages still mapped if it stood at its end; none does this way.)
//! - Every other call stands where it came back, for only then is its result known: an `mmap` has
//!   its address from whoever gave it back before.
//!
//! What never comes back stands where its process ends, with an unknown result.
//!
//! `ltrace` tears calls for another reason: `realloc(0, 9 <unfinished ...>`, then the `malloc` that
//! the library itself makes, then `<... realloc resumed> ) = 0x…`. What stands inside is marked
//! [`nested`](ParsedCall::nested).

use super::grammar::{Fault, Head, head, tail};
use super::noise::{Prefix, attached, is_noise, prefix, resumed, signal, unfinished};
use super::pieces::{Joined, Piece, small};
use super::resolve::lacks_text;
use super::torn::{Torn, TornCalls};
use super::{
    Arg, CallName, Line, ParsedCall, ProcessCount, Recorded, Script, Severity, Span, Statement,
    Value,
};
use crate::abi::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Reads a text in slices, so that a large one need not be waited for.
///
/// ```
/// use mmap_playground_core::trace::Parser;
///
/// let mut parser = Parser::new("brk(0)\nmalloc(1)\nfork()");
/// while parser.next_lines(2) {
///     assert!(parser.bytes_read() > 0); // progress can be shown here
/// }
/// assert_eq!(parser.finish().lines.len(), 3);
/// ```
#[derive(Debug)]
pub struct Parser {
    text: Arc<str>,
    /// First byte of the next line.
    at: usize,
    /// Number of the last line read.
    number: u32,
    script: Script,
    process_index: BTreeMap<Option<u32>, usize>,
    torn: TornCalls,
    /// Names of calls that are skipped.
    names: BTreeSet<Arc<str>>,
    /// The beginning of a call behind which `strace: Process N attached` stands.
    cut: Option<(Prefix, Piece)>,
    /// The process whose lines had no pid until it had company.
    main: Option<u32>,
    /// Pids of which the log says that another process made them.
    announced: BTreeSet<u32>,
    /// Pids in brackets that have not ended.
    alive: BTreeSet<u32>,
    /// Inside the table of `strace -c`.
    in_table: bool,
}

impl Parser {
    /// Starts at the beginning of a text.
    pub fn new(text: impl Into<Arc<str>>) -> Parser {
        let text = text.into();
        Parser {
            at: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 },
            text,
            number: 0,
            script: Script::default(),
            process_index: BTreeMap::new(),
            torn: TornCalls::default(),
            names: BTreeSet::new(),
            cut: None,
            main: None,
            announced: BTreeSet::new(),
            alive: BTreeSet::new(),
            in_table: false,
        }
    }

    /// How much of the text has been read, in bytes.
    pub fn bytes_read(&self) -> usize {
        self.at
    }

    /// Reads at most so many source lines; says whether there are more.
    pub fn next_lines(&mut self, count: u32) -> bool {
        for _ in 0..count {
            if self.at >= self.text.len() {
                return false;
            }
            let start = self.at;
            let text = self.text.clone();
            let rest = &text[start..];
            let length = rest.find('\n').unwrap_or(rest.len());
            self.at = start + length + usize::from(length < rest.len());
            self.number = self.number.saturating_add(1);
            let line = rest[..length].strip_suffix('\r').unwrap_or(&rest[..length]);
            let end = start + line.len();
            self.source_line(Piece { start, end, line: self.number, line_start: start });
        }
        self.at < self.text.len()
    }

    /// Ends reading: what began and never came back gets an unknown result.
    pub fn finish(mut self) -> Script {
        while self.next_lines(u32::MAX) {}
        if let Some((prefix, piece)) = self.cut.take() {
            let pid = self.owner(prefix);
            self.begin(pid, &[piece], 0);
        }
        for torn in self.torn.end() {
            self.never_returned(torn);
        }
        self.name_main_process();
        self.script
    }

    /// Gives the lines from before a process had company its pid.
    fn name_main_process(&mut self) {
        let (Some(pid), Some(index)) = (self.main, self.process_index.get(&None)) else { return };
        for line in &mut self.script.lines {
            line.pid.get_or_insert(pid);
        }
        let unnamed = self.script.processes[*index];
        let processes = &mut self.script.processes;
        if let Some(known) = processes.iter_mut().find(|process| process.pid == Some(pid)) {
            known.calls += unnamed.calls;
            known.skipped += unnamed.skipped;
            let known = *known;
            processes[*index] = known;
            let mut first = true;
            processes.retain(|process| process.pid != Some(pid) || std::mem::take(&mut first));
        } else {
            processes[*index].pid = Some(pid);
        }
    }

    fn source_line(&mut self, piece: Piece) {
        let text = self.text.clone();
        let line = &text[piece.start..piece.end];
        if let Some((at, pid)) = attached(line) {
            self.announced.insert(pid);
            self.alive.insert(pid);
            let found = prefix(&line[..at]);
            let head = Piece { start: piece.start + found.end, end: piece.start + at, ..piece };
            if self.cut.is_none() && head.start < head.end {
                self.cut = Some((found, head));
            }
            return;
        }
        if let Some((prefix, head)) = self.cut.take() {
            if !line.starts_with("[pid ") {
                return self.statement(prefix, &[head, piece]);
            }
            let pid = self.owner(prefix);
            self.begin(pid, &[head], 0);
        }
        let prefix = prefix(line);
        self.statement(prefix, &[Piece { start: piece.start + prefix.end, ..piece }]);
    }

    /// Who made the call on a line with this prefix.
    fn owner(&mut self, prefix: Prefix) -> Option<u32> {
        match prefix.pid {
            Some(pid) if prefix.bracketed => {
                if self.main.is_none() && !self.announced.contains(&pid) {
                    self.main = Some(pid);
                }
                self.alive.insert(pid);
                Some(pid)
            }
            Some(pid) => Some(pid),
            // `strace -f` leaves the pid out while there is only one process. Who it was at the
            // beginning is known at the end only.
            None if self.alive.len() == 1 && self.main.is_some() => self.alive.first().copied(),
            None => None,
        }
    }

    fn statement(&mut self, prefix: Prefix, pieces: &[Piece]) {
        let source = self.text.clone();
        let joined = Joined::new(&source, pieces);
        let text: &str = &joined.text;
        if self.in_table {
            self.in_table = !text.contains('(') && !text.ends_with("total");
            if !text.contains('(') {
                return;
            }
        }
        if is_noise(text) {
            self.in_table = text.trim_start().starts_with("% time ");
            return;
        }
        let pid = self.owner(prefix);
        let placed = *pieces.last().expect("a statement has a piece");
        if text.starts_with("---") {
            if let Some(signal) = signal(text) {
                self.push(pid, placed, Statement::Signal(Box::new(signal)));
            }
        } else if text.starts_with("+++") {
            self.process_ended(pid);
            self.push(pid, placed, Statement::Exit);
        } else if let Some((name, behind)) = resumed(text) {
            self.resumed(pid, name, &joined.behind(behind));
        } else if let Some(taken) = text.starts_with(')').then(|| self.torn.take_latest()).flatten()
        {
            // `strace -z -f` leaves `<... mmap resumed>` out.
            self.resume(taken, None, pieces);
        } else if let Some(begun) = unfinished(text) {
            self.begin(pid, pieces, text.len() - begun.len());
        } else {
            let read = head(text).and_then(|head| {
                let nested = self.is_nested(pid, &head);
                self.call(&joined, &head, nested, false)
            });
            match read {
                Ok(statement) => self.push(pid, placed, statement),
                Err(fault) => self.unreadable(&joined, fault),
            }
        }
    }

    /// Keeps the beginning of a call; the last `cut_off` bytes are the mark.
    fn begin(&mut self, pid: Option<u32>, pieces: &[Piece], cut_off: usize) {
        let mut pieces = pieces.to_vec();
        let placed = pieces.last_mut().expect("a statement has a piece");
        placed.end = placed.end.saturating_sub(cut_off).max(placed.start);
        let placed = *placed;
        let source = self.text.clone();
        let joined = Joined::new(&source, &pieces);
        let head = match head(&joined.text) {
            Ok(head) => head,
            Err(fault) => return self.unreadable(&joined, fault),
        };
        let nested = self.is_nested(pid, &head);
        let call = CallName::from_name(head.name);
        let name = head.name.into();
        let mut slot = None;
        if call == Some(CallName::Munmap)
            && let Ok(statement @ Statement::Call(_)) = self.call(&joined, &head, nested, true)
        {
            slot = Some(self.script.lines.len());
            self.push(pid, placed, statement);
        }
        let torn = Torn { pid, name, call, pieces, nested, slot };
        if let Some(given_up) = self.torn.begin(torn) {
            self.never_returned(given_up);
        }
    }

    /// Puts the rest of a call behind its beginning.
    fn resumed(&mut self, pid: Option<u32>, name: &str, rest: &[Piece]) {
        let name = head_name(name);
        match self.torn.take(pid, name) {
            Some(taken) => self.resume(taken, pid, rest),
            // It began before the log did.
            None => {
                let name = self.name(name);
                let placed = *rest.last().expect("a statement has a piece");
                self.push(pid, placed, Statement::Skipped { name });
            }
        }
    }

    /// Puts the rest of a call behind its beginning, which is the first of those given.
    fn resume(&mut self, taken: Vec<Torn>, pid: Option<u32>, rest: &[Piece]) {
        let mut taken = taken.into_iter();
        let Some(mut torn) = taken.next() else { return };
        for inner in taken.rev() {
            self.never_returned(inner);
        }
        if torn.pid.is_none() && pid.is_some() {
            self.main = pid;
        }
        let pid = pid.or(torn.pid);
        torn.pieces.extend_from_slice(rest);
        let placed = *rest.last().expect("a statement has a piece");
        let source = self.text.clone();
        let behind = Joined::new(&source, rest);
        if let Some(begun) = unfinished(&behind.text) {
            let cut_off = behind.text.len() - begun.len();
            let last = torn.pieces.last_mut().expect("just pushed");
            last.end = last.end.saturating_sub(cut_off).max(last.start);
            torn.pid = pid;
            if let Some(given_up) = self.torn.begin(torn) {
                self.never_returned(given_up);
            }
            return;
        }
        let Torn { pieces, nested, slot, .. } = torn;
        let joined = Joined::new(&source, &pieces);
        let read = head(&joined.text).and_then(|head| self.call(&joined, &head, nested, false));
        match read {
            Ok(Statement::Call(whole)) if slot.is_some() => {
                let line = slot.and_then(|slot| self.script.lines.get_mut(slot));
                if let Some(Line { statement: Statement::Call(begun), .. }) = line {
                    begun.recorded = whole.recorded;
                }
            }
            Ok(_) if slot.is_some() => {}
            Ok(statement) => self.push(pid, placed, statement),
            Err(fault) => self.unreadable(&joined, fault),
        }
    }

    /// A call of which the log has only the beginning.
    fn never_returned(&mut self, torn: Torn) {
        if torn.slot.is_some() {
            return;
        }
        let source = self.text.clone();
        let joined = Joined::new(&source, &torn.pieces);
        let read = head(&joined.text).and_then(|head| self.call(&joined, &head, torn.nested, true));
        let statement = match read {
            Ok(Statement::Call(call)) if call.args.len() >= call.name.required().len() => {
                Statement::Call(call)
            }
            _ => Statement::Skipped { name: self.name(&torn.name) },
        };
        let placed = *torn.pieces.last().expect("a statement has a piece");
        self.push(torn.pid, Piece { line: self.number, ..placed }, statement);
    }

    fn process_ended(&mut self, pid: Option<u32>) {
        if let Some(pid) = pid {
            self.alive.remove(&pid);
        }
        for torn in self.torn.end_process(pid) {
            self.never_returned(torn);
        }
    }

    /// Whether a call is part of one that the same thread has begun: the allocator's own system
    /// calls and inner allocations, or the system call behind a library's function.
    fn is_nested(&self, pid: Option<u32>, head: &Head<'_>) -> bool {
        let outer = |call: CallName| call.is_allocator() || head.system_call;
        self.torn.of(pid).iter().any(|torn| torn.call.is_some_and(outer))
    }

    /// Reads the rest of a call whose pieces are together.
    fn call(
        &mut self,
        joined: &Joined<'_>,
        head: &Head<'_>,
        nested: bool,
        open_end: bool,
    ) -> Result<Statement, Fault> {
        let text: &str = &joined.text;
        let Some(name) = CallName::from_name(head.name) else {
            if !open_end && !text[head.args..].contains([')', '<']) {
                let message = "expected `)` at the end of the call".to_owned();
                return Err(Fault { at: text.len()..text.len(), message });
            }
            self.announced.extend(child(head.name, text));
            return Ok(self.skipped(head.name));
        };
        let span = |range: Range<usize>| joined.span(range);
        let open_end = open_end || head.ltrace || joined.pieces.len() > 1;
        let mut tail = tail(text, name, head.args, open_end, &span)?;
        if tail.recorded.is_some() && tail.args.len() == UNKNOWN_ARGS {
            fit_arguments(name, &mut tail.args);
        }
        tail.recorded = tail.recorded.map(|recorded| error_in(name, recorded, head.system_call));
        if tail.recorded.is_some() && lacks_text(name, &tail.args) {
            return Ok(self.skipped(head.name));
        }
        if head.caller.starts_with("libc.so") && is_mislabelled(name, &tail.args, &tail.recorded) {
            let message = format!(
                "ltrace shows a call that libc makes to itself under a wrong name: this is no {}, and is skipped",
                head.name
            );
            let note = joined.diagnostic(head.at.clone(), message, Severity::Note);
            self.script.diagnostics.push(note);
            return Ok(self.skipped(head.name));
        }
        let (piece, _) = joined.place(head.at.start);
        Ok(Statement::Call(Box::new(ParsedCall {
            binding: head.binding.map(Into::into),
            name,
            args: tail.args.into(),
            recorded: tail.recorded,
            nested,
            line: piece.line,
            line_start: small(piece.line_start),
            span: joined.span(head.at.start..tail.end),
        })))
    }

    fn skipped(&mut self, name: &str) -> Statement {
        Statement::Skipped { name: self.name(name) }
    }

    /// A name of a call that is skipped: the same text as before, if it was seen before.
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.names.insert(name.clone());
        name
    }

    fn unreadable(&mut self, joined: &Joined<'_>, fault: Fault) {
        let diagnostic = joined.diagnostic(fault.at, fault.message, Severity::Error);
        self.script.diagnostics.push(diagnostic);
    }

    fn push(&mut self, pid: Option<u32>, piece: Piece, statement: Statement) {
        let processes = &mut self.script.processes;
        let index = *self.process_index.entry(pid).or_insert_with(|| {
            processes.push(ProcessCount { pid, calls: 0, skipped: 0 });
            processes.len() - 1
        });
        match statement {
            Statement::Call(_) => processes[index].calls += 1,
            Statement::Skipped { .. } => processes[index].skipped += 1,
            _ => {}
        }
        let text = Span { start: small(piece.line_start), end: small(piece.end) };
        self.script.lines.push(Line { number: piece.line, pid, text, statement });
    }
}

/// The pid of the process that a call has made: `fork() = 7`.
fn child(name: &str, text: &str) -> Option<u32> {
    let makes = matches!(name, "fork" | "vfork" | "clone" | "clone3");
    let result = makes.then(|| text.rsplit_once("= "))??.1;
    result.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The name in `<... SYS_brk resumed>` as [`head`] gives it.
fn head_name(name: &str) -> &str {
    let name = name.rsplit_once("->").map_or(name, |(_, name)| name);
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    name.strip_prefix("SYS_").unwrap_or(name)
}

/// How many arguments ltrace shows of a call that it does not know, be they too few or too many.
const UNKNOWN_ARGS: usize = 4;

fn fit_arguments(name: CallName, args: &mut Vec<Arg>) {
    if name == CallName::Mmap {
        for number in [u64::MAX, 0] {
            args.push(Arg { value: Value::Number(number), span: args[3].span });
        }
    }
    args.truncate(name.required().len() + name.optional().len());
}

/// Finds the error in a number: −1, as a library's function gives it, or −`errno`, as ltrace shows
/// that of a system call. (The `brk` of a library gives 0 or −1 and not the break.)
fn error_in(name: CallName, recorded: Recorded, system_call: bool) -> Recorded {
    use CallName::*;
    let Recorded::Value(value) = recorded else { return recorded };
    match (name, value) {
        (Load | Fetch, _) => recorded,
        (Brk, 0 | u64::MAX) => Recorded::Unknown,
        (_, value) if system_call && (-4095..0).contains(&(value as i64)) => {
            let number = value.wrapping_neg() as i32;
            let known = Errno::ALL.iter().find(|errno| **errno as i32 == number);
            Recorded::Error(known.map_or("", |errno| errno.name()).into())
        }
        (Munmap | Mprotect | Madvise | Msync | Open | Close | Ftruncate, 0xffff_ffff)
        | (_, u64::MAX) => Recorded::Error("".into()),
        _ => recorded,
    }
}

/// Whether numbers cannot be those of the call that they are shown under.
fn is_mislabelled(name: CallName, args: &[Arg], recorded: &Option<Recorded>) -> bool {
    const MOST: u64 = 1 << 47;
    let result = recorded.as_ref().and_then(Recorded::value).unwrap_or(0);
    let number = |index: usize| match args.get(index).map(|arg| &arg.value) {
        Some(Value::Number(number)) => *number,
        _ => 0,
    };
    if !name.is_allocator() || result == 0 {
        return false;
    }
    let size = match name {
        CallName::Calloc => number(0).saturating_mul(number(1)),
        CallName::Realloc => number(1),
        _ => number(0),
    };
    result < 0x1_0000 || size >= MOST || name == CallName::Calloc && size == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::print_call;
    use crate::trace::resolve;

    /// One line for each statement: `line pid? call = result`.
    fn shown(text: &str) -> Vec<String> {
        let script = Script::parse(text);
        let mut out: Vec<String> = script.lines.iter().map(show).collect();
        out.extend(script.diagnostics.iter().map(|d| format!("{d}")));
        out
    }

    fn show(line: &Line) -> String {
        let pid = line.pid.map_or(String::new(), |pid| format!("[{pid}] "));
        let what = match &line.statement {
            Statement::Call(call) => {
                let text = resolve(call, &|_| Some(0x1000)).map_or("?".into(), |c| print_call(&c));
                let result = match &call.recorded {
                    None => String::new(),
                    Some(Recorded::Value(value)) => format!(" = {value:#x}"),
                    Some(other) => format!(" = {other:?}"),
                };
                format!("{}{text}{result}", if call.nested { "nested " } else { "" })
            }
            Statement::Skipped { name } => format!("skipped {name}"),
            Statement::Signal(signal) => format!("signal {}", signal.name),
            Statement::Exit => "exit".to_owned(),
        };
        format!("{} {pid}{what}", line.number)
    }

    #[test]
    fn a_written_trace() {
        assert_eq!(
            shown(
                "\u{feff}# two\r\np = brk(NULL); // x\r\n\r\n\tq = brk(p + 1) = 5 # \"\n  ;\nfork()\n"
            ),
            ["2 brk(NULL)", "4 brk(0x1001) = 0x5", "6 skipped fork"]
        );
    }

    #[test]
    fn broken_lines_leave_the_others() {
        assert_eq!(
            shown("brk(0)\nbrk(1\n\0\nwhat is this\nbrk(2)"),
            [
                "1 brk(NULL)",
                "5 brk(0x2)",
                "line 2, column 6: expected `,` or `)`, but the line ends",
                "line 3, column 1: expected a call, such as munmap(addr, length)",
                "line 4, column 1: expected a call, such as munmap(addr, length)",
            ]
        );
    }

    #[test]
    fn torn_calls_stand_where_they_end_but_munmap_where_it_begins() {
        assert_eq!(
            shown(
                "1  munmap(0x1000, 4096 <unfinished ...>\n\
                 2  mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>\n\
                 3  clone3({x} <unfinished ...>\n\
                 2  <... mmap resumed>) = 0x1000\n\
                 1  <... munmap resumed>) = 0\n\
                 3  <... clone3 resumed> => {parent_tid=[4]}, 88) = 4\n\
                 4  <... futex resumed>) = 0"
            ),
            [
                "1 [1] munmap(0x1000, 4096) = 0x0",
                "4 [2] mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000",
                "6 [3] skipped clone3",
                "7 [4] skipped futex",
            ]
        );
    }

    #[test]
    fn what_never_comes_back_has_no_result() {
        assert_eq!(
            shown(
                "1  pread64(3,  <unfinished ...>\n1  +++ killed by SIGKILL +++\n\
                 2  brk(NULL <unfinished ...>\n3  exit_group(0 <unfinished ...>) = ?\n\
                 4  brk(1 <no return ...>"
            ),
            [
                "2 [1] skipped pread64",
                "2 [1] exit",
                "4 [3] skipped exit_group",
                "5 [4] brk(0x1) = Unknown",
                "5 [2] brk(NULL) = Unknown",
            ]
        );
    }

    #[test]
    fn an_announcement_in_the_middle_of_a_line() {
        assert_eq!(
            shown(
                "brk(NULL) = 0x5\n\
                 clone3({x}strace: Process 8 attached\n => {parent_tid=[8]}, 88) = 8\n\
                 [pid     7] brk(0x6strace: Process 9 attached\n <unfinished ...>\n\
                 [pid     8] brk(0x7) = 0x7\n\
                 [pid     7] <... brk resumed>) = 0x6\n\
                 [pid     8] +++ exited with 0 +++\n[pid     9] +++ exited with 0 +++\n\
                 brk(0x8) = 0x8"
            ),
            [
                "1 [7] brk(NULL) = 0x5",
                "3 [7] skipped clone3",
                "6 [8] brk(0x7) = 0x7",
                "7 [7] brk(0x6) = 0x6",
                "8 [8] exit",
                "9 [9] exit",
                "10 [7] brk(0x8) = 0x8",
            ]
        );
    }

    #[test]
    fn a_call_cut_off_by_an_announcement_may_never_return() {
        assert_eq!(
            shown("[pid 7] brk(0x6strace: Process 9 attached\n[pid 9] brk(1)"),
            ["2 [9] brk(0x1)", "2 [7] brk(0x6) = Unknown"]
        );
        assert_eq!(shown("brk(0x6strace: Process 9 attached"), ["1 brk(0x6) = Unknown"]);
    }

    #[test]
    fn processes_are_counted_in_order() {
        let script = Script::parse("brk(0)\nfork() = 8\n[pid 8] brk(1)\n[pid 7] brk(2)");
        assert_eq!(
            script.processes,
            [
                ProcessCount { pid: Some(7), calls: 2, skipped: 1 },
                ProcessCount { pid: Some(8), calls: 1, skipped: 0 },
            ]
        );
    }

    #[test]
    fn the_first_process_is_known_by_its_torn_call() {
        assert_eq!(
            shown("clone({x} <unfinished ...>\n[pid 8] brk(1)\n[pid 7] <... clone resumed>) = 8"),
            ["2 [8] brk(0x1)", "3 [7] skipped clone"]
        );
        assert_eq!(
            shown(
                "brk(1)\nfork( <unfinished ...>\n[pid 8] brk(2)\n[pid 7] <... fork resumed>) = 8"
            ),
            ["1 [7] brk(0x1)", "3 [8] brk(0x2)", "4 [7] skipped fork"]
        );
        assert_eq!(
            shown("1 munmap(1, 2 <unfinished ...>\n)    = 0"),
            ["1 [1] munmap(0x1, 2) = 0x0"]
        );
    }

    #[test]
    fn calls_inside_an_allocators_call_are_nested() {
        assert_eq!(
            shown(
                "setlocale(6, \"\" <unfinished ...>\nmalloc@libc.so.6(5) = 0x9000\n\
                 <... setlocale resumed> ) = \"C\"\n\
                 realloc@libc.so.6(0, 1600 <unfinished ...>\nmalloc@libc.so.6(1600) = 0x9000\n\
                 SYS_brk(0) = 0x5000\n<... realloc resumed> )      = 0x9000\nvim->free(0) = <void>\n\
                 SYS_openat(0xffffff9c, 0x7f04ca65c0b1, 0x80000, 0) = 3\n\
                 mmap@SYS((nil), 8192, 3, 34) = -12\nmunmap(1, 2, 3, 4) = -1\n\
                 msync(1, 2, 3, 4) = 0xffffffff\nbrk(1, 2, 3, 4) = 0\n\
                 SYS_munmap(1, 2 <unfinished ...>\n<... SYS_munmap resumed> )       = "
            ),
            [
                "2 malloc(5) = 0x9000",
                "3 skipped setlocale",
                "5 nested malloc(1600) = 0x9000",
                "6 nested brk(NULL) = 0x5000",
                "7 realloc(NULL, 1600) = 0x9000",
                "8 free(NULL) = Void",
                "9 skipped openat",
                "10 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = Error(\"ENOMEM\")",
                "11 munmap(0x1, 2) = Error(\"\")",
                "12 msync(0x1, 2, MS_ASYNC|MS_INVALIDATE) = Error(\"\")",
                "13 brk(0x1) = Unknown",
                "14 munmap(0x1, 2) = Unknown",
            ]
        );
    }

    #[test]
    fn wrong_names_of_ltrace_are_noted() {
        let text = "libc.so.6->calloc(0, 1600) = 0x55a9c8401940\n\
                    libc.so.6->calloc(94187697472768, 2048) = 0x55a9c8401f90\n\
                    libc.so.6->realloc(0x55a9c8400ac0, 6) = 0x6\n\
                    libc.so.6->realloc(0x55a9c8400ac0, 6) = 0x55a9c8400ac0";
        let script = Script::parse(text);
        assert_eq!(script.diagnostics.len(), 3);
        assert_eq!(script.unreadable_count(), 0);
        assert_eq!(script.processes[0], ProcessCount { pid: None, calls: 1, skipped: 3 });
    }

    #[test]
    fn tables_of_counts_are_passed_over() {
        assert_eq!(
            shown(
                "% time     seconds  usecs/call     calls    errors syscall\n\
                 ------ ----------- ----------- --------- --------- ------\n\
                 \x20 0.00    0.000000           0         3           read\n\
                 100.00    0.000000           0        57         4 total\nbrk(0)"
            ),
            ["5 brk(NULL)"]
        );
    }

    #[test]
    fn many_unfinished_calls_stay_few() {
        let text =
            "1 f(1 <unfinished ...>\n".repeat(5000) + &"2 <... g resumed>) = 0\n".repeat(5000);
        assert_eq!(Script::parse(&text).lines.len(), 10_000);
    }
}
