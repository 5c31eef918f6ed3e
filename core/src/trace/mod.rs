//! The trace language: text to [`Call`](crate::call::Call)s and back.
//!
//! The language is what `strace` and `ltrace` print, and what a person may write beside it: names
//! for results, sums, `PAGE_SIZE`. The way of a line: `noise` takes off what the tools put around
//! a call (pids, times, signals), [`lexer`] cuts the rest into tokens, `grammar` makes a
//! [`ParsedCall`] of them, [`parser`] puts together what a log has torn apart, [`resolve()`] turns
//! names into numbers, [`printer`] goes the way back, [`complete`] helps
//! with typing, and so does `meant`, where a line is C and no call. Nothing here
//! knows a process.
//!
//! Parsing never fails and never panics: a line that cannot be read becomes one [`Diagnostic`],
//! and the lines around it stay. Lines refer to the source by [`Span`]; their text is not copied.

pub mod complete;
mod grammar;
pub mod lexer;
mod meant;
pub mod names;
mod noise;
pub mod parser;
mod part;
mod pieces;
pub mod printer;
mod recognise;
pub mod resolve;
mod torn;

pub use names::CallName;
pub use parser::Parser;
pub use part::{LogTime, Part, Sieve};
pub use printer::{print_call, print_line, print_result, print_signal};
pub use recognise::{Kind, recognise};
pub use resolve::resolve;

use std::sync::Arc;

/// A part of the source text, in bytes. Texts of more than 4 GiB are not meant to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// First byte behind it.
    pub end: u32,
}

impl Span {
    /// The text that it stands for; empty where it does not fit the source.
    pub fn of(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// Something to tell about one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Line in the source, from 1.
    pub line: u32,
    /// Column in that line, from 1, in bytes.
    pub column: u32,
    /// The part that it is about.
    pub span: Span,
    /// What is wrong and what was expected.
    pub message: String,
    /// Whether the line is lost.
    pub severity: Severity,
}

/// Whether a line is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The line could not be read and is left out.
    Error,
    /// Worth knowing; the line is there all the same, or left out for a good reason.
    Note,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// A whole text, read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Script {
    /// What the text says, in the order in which it is to be run.
    pub lines: Vec<Line>,
    /// What could not be read, and notes.
    pub diagnostics: Vec<Diagnostic>,
    /// The processes (or threads), in the order in which they appear.
    pub processes: Vec<ProcessCount>,
}

impl Script {
    /// Reads a text in one go; see [`Parser`] for reading it in slices.
    pub fn parse(text: &str) -> Script {
        let mut parser = Parser::new(text);
        while parser.next_lines(u32::MAX) {}
        parser.finish()
    }

    /// How many lines could not be read.
    pub fn unreadable_count(&self) -> usize {
        self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count()
    }
}

/// One process or thread of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProcessCount {
    /// Its id; nothing where the text has none.
    pub pid: Option<u32>,
    /// How many calls it made that the model knows.
    pub calls: u32,
    /// How many it made that are skipped.
    pub skipped: u32,
}

/// One statement and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// Line in the source, from 1. Of a call that a log tears apart: the line that decides its
    /// place, see [`parser`]. Never smaller than that of the [`Line`] before.
    pub number: u32,
    /// Who made the call; nothing where the text does not say.
    pub pid: Option<u32>,
    /// The source line, without its end.
    pub text: Span,
    /// What it says.
    pub statement: Statement,
}

/// What a line says.
#[derive(Clone, PartialEq, Debug)]
pub enum Statement {
    /// A call of the table.
    Call(Box<ParsedCall>),
    /// A call that the model does not run: not in the table, or its text is not in the log.
    Skipped {
        /// Its name; lines of one text share it.
        name: Arc<str>,
    },
    /// `--- SIGSEGV {...} ---`
    Signal(Box<SignalLine>),
    /// `+++ exited with 0 +++` and kin.
    Exit,
}

/// A signal as a log shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignalLine {
    /// `SIGSEGV`, …
    pub name: Box<str>,
    /// `si_code` by name where it is known (`SEGV_MAPERR`); empty if the log has none.
    pub code: Box<str>,
    /// `si_addr`, if the log has it.
    pub address: Option<u64>,
}

impl SignalLine {
    /// Nothing comes of it unless the program has a handler. Source: signal(7), "Standard signals",
    /// default action Ign, and Cont.
    pub fn is_ignored(&self) -> bool {
        ["SIGCHLD", "SIGCLD", "SIGCONT", "SIGURG", "SIGWINCH"].contains(&&*self.name)
    }
}

/// A call as the text gives it: names are not yet numbers.
#[derive(Clone, PartialEq, Debug)]
pub struct ParsedCall {
    /// The name that its result gets.
    pub binding: Option<Box<str>>,
    /// Which call.
    pub name: CallName,
    /// Its arguments.
    pub args: Box<[Arg]>,
    /// The result that the text states.
    pub recorded: Option<Recorded>,
    /// Made inside another call of the log (`malloc` by `realloc`, `SYS_brk` by `malloc`): what it
    /// did is part of that one, so it is not run again.
    pub nested: bool,
    /// Line on which it begins, from 1.
    pub line: u32,
    /// First byte of that line.
    pub line_start: u32,
    /// From its name to its closing parenthesis.
    pub span: Span,
}

/// An argument.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg {
    /// What it says.
    pub value: Value,
    /// Where it stands.
    pub span: Span,
}

/// What an argument says.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A number, or a sum of numbers and constants.
    Number(u64),
    /// A number with a descriptor's path beside it.
    Descriptor(Box<Descriptor>),
    /// A formula in which names occur.
    Formula(Box<Formula>),
    /// A string.
    Text(Box<Text>),
}

/// A string.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// Its bytes, escapes undone.
    pub bytes: Vec<u8>,
    /// `...` follows: the log shows only its beginning.
    pub truncated: bool,
}

/// A formula in postfix order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Formula {
    /// Its steps.
    pub steps: Vec<Step>,
}

/// One step of a formula: operands are pushed, operators take two (or one) from the top.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Step {
    Number(u64),
    Name(Box<str>, Span),
    Negate,
    Add,
    Subtract,
    Multiply,
    ShiftLeft,
    Or,
}

/// A descriptor with the note that `strace -y` adds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// Its number.
    pub number: u64,
    /// What it stands for.
    pub note: FdNote,
}

/// What a descriptor stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FdNote {
    /// Path (`/srv/demo`, `/memfd:ring`) or name (`pipe:[1]`, `anon_inode:[eventfd]`).
    pub path: String,
    /// The file has no name any more.
    pub deleted: bool,
    /// What kind of thing it is.
    pub kind: FdKind,
}

/// What kind of thing a descriptor stands for, as far as a log says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FdKind {
    /// A path: a file or a folder, or a device where the log was made without `-yy`.
    Path,
    /// `/memfd:name`
    Memfd,
    /// A character device (`-yy`).
    CharDevice,
    /// A block device (`-yy`).
    BlockDevice,
    /// Pipes, sockets, anonymous inodes.
    Other,
}

/// A result as the text states it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recorded {
    /// A number; negative ones as 64-bit two's complement.
    Value(u64),
    /// A descriptor with its path.
    Descriptor(Box<Descriptor>),
    /// −1 and the errno's name; empty where the text names none.
    Error(Box<str>),
    /// `?`, or a call that never returned: nobody saw it.
    Unknown,
    /// `<void>`
    Void,
    /// A string.
    Text(Box<[u8]>),
}

impl Recorded {
    /// The number, with or without a path beside it.
    pub fn value(&self) -> Option<u64> {
        match self {
            Recorded::Value(value) => Some(*value),
            Recorded::Descriptor(descriptor) => Some(descriptor.number),
            _ => None,
        }
    }
}

impl ParsedCall {
    /// The path beside a descriptor argument.
    pub fn fd_note(&self, index: usize) -> Option<&FdNote> {
        match &self.args.get(index)?.value {
            Value::Descriptor(descriptor) => Some(&descriptor.note),
            _ => None,
        }
    }

    /// The path beside a descriptor that came back.
    pub fn recorded_note(&self) -> Option<&FdNote> {
        match self.recorded.as_ref()? {
            Recorded::Descriptor(descriptor) => Some(&descriptor.note),
            _ => None,
        }
    }

    /// A diagnostic about a part of it.
    pub(crate) fn diagnostic(&self, span: Span, message: String) -> Diagnostic {
        Diagnostic {
            line: self.line,
            column: span.start.saturating_sub(self.line_start).saturating_add(1),
            span,
            message,
            severity: Severity::Error,
        }
    }
}
