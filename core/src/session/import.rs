//! A long text on its way in: read and run in slices.

use super::source::SourceLine;
use super::{Detail, Pushed, Session, Source};
use crate::machine::Machine;
use crate::replay::Counts;
use crate::report::{Choice, choose};
use crate::trace::{Diagnostic, Kind, Parser, ProcessCount, recognise};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A long text on its way in: read and run in slices, so that a page can show progress and stop.
///
/// First it is read ([`Import::advance`] until [`Import::is_read`]); then its processes are known,
/// and one can be chosen; then it is run, by more of the same.
#[derive(Debug)]
pub struct Import {
    kind: Kind,
    text: Arc<str>,
    stage: Stage,
    processes: Vec<ProcessCount>,
    /// The process that was asked for.
    asked: Option<Choice>,
    /// The process that runs.
    choice: Choice,
    diagnostics: Vec<Diagnostic>,
    /// Calls that were not run, by name: how many, and the first of their lines.
    skipped: BTreeMap<Box<str>, (u64, String)>,
    /// What the session counted before.
    before: Counts,
    session: Session,
}

#[derive(Debug)]
enum Stage {
    Reading(Box<Parser>),
    /// The index of the line that is next.
    Running {
        next: usize,
        source: Arc<Source>,
    },
}

/// Calls of one name that were not run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkippedCalls {
    /// The name, or what is to be said where the line has none.
    pub name: Box<str>,
    /// How many there are.
    pub count: u64,
    /// The first of their lines, as the text has it; cut at 200 letters.
    pub example: String,
}

/// Letters of an example line at most.
const EXAMPLE_LETTERS: usize = 200;

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
    pub fn new(text: impl Into<Arc<str>>) -> Import {
        let text = text.into();
        match recognise(&text) {
            Kind::Maps => {
                let (session, diagnostics) = Session::start_from_maps(&text);
                let mut import = Import::onto(session, "");
                import.kind = Kind::Maps;
                import.diagnostics = diagnostics;
                import
            }
            _ => Import::onto(Session::new(Machine::default()), text),
        }
    }

    /// Takes a text that is to run behind what a session has run.
    pub fn onto(mut session: Session, text: impl Into<Arc<str>>) -> Import {
        let text = text.into();
        session.adopt_settings(&text);
        // It runs where the session stands: a later part of it is kept as a branch.
        let before = session.counts();
        Import {
            kind: recognise(&text),
            stage: Stage::Reading(Box::new(Parser::new(text.clone()))),
            text,
            processes: Vec::new(),
            asked: None,
            choice: Choice::All,
            diagnostics: Vec::new(),
            skipped: BTreeMap::new(),
            before,
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
                let progress = Progress { done: parser.bytes_read(), total: self.text.len() };
                if !more {
                    self.end_reading();
                }
                progress
            }
            Stage::Running { next, source } => {
                let total = source.lines.len();
                let end = next.saturating_add(lines).min(total);
                for ordinal in *next..end {
                    match self.session.push(source, ordinal, Detail::Usual) {
                        Pushed::Unreadable(diagnostic) => self.diagnostics.push(diagnostic),
                        Pushed::Step { skipped: Some(name) } => {
                            note_skipped(&mut self.skipped, &name, source, ordinal);
                        }
                        Pushed::Step { skipped: None } | Pushed::Nothing => {}
                    }
                }
                *next = end;
                Progress { done: end, total }
            }
        }
    }

    fn end_reading(&mut self) {
        let Stage::Reading(parser) = &mut self.stage else { return };
        let parser = std::mem::replace(&mut **parser, Parser::new(""));
        let script = parser.finish();
        self.choice = choose(&script, self.asked);
        self.processes = script.processes;
        self.diagnostics.extend(script.diagnostics);
        let mut lines = script.lines;
        lines.shrink_to_fit();
        let source = Source::new(self.text.clone(), self.choice, lines);
        self.stage = Stage::Running { next: 0, source: Arc::new(source) };
    }

    /// Says whether the text is read, so that its processes are known and it can be run.
    pub fn is_read(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    /// Says whether everything ran.
    pub fn is_done(&self) -> bool {
        matches!(&self.stage, Stage::Running { next, source } if *next == source.lines.len())
    }

    /// What could not be read or run so far.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The calls that were not run so far, those that are most often in the text first.
    pub fn skipped(&self) -> Vec<SkippedCalls> {
        let calls = self.skipped.iter().map(|(name, (count, example))| SkippedCalls {
            name: name.clone(),
            count: *count,
            example: example.clone(),
        });
        let mut calls: Vec<SkippedCalls> = calls.collect();
        calls.sort_by_key(|calls| std::cmp::Reverse(calls.count));
        calls
    }

    /// Counts of this text so far.
    pub fn counts(&self) -> Counts {
        let mut counts = self.session.counts().since(&self.before);
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

/// Counts a line that was not run.
fn note_skipped(
    skipped: &mut BTreeMap<Box<str>, (u64, String)>,
    call: &str,
    source: &Arc<Source>,
    ordinal: usize,
) {
    // A call that is known but not run is given as its whole text.
    let name = call.split_once('(').map_or(call, |(name, _)| name);
    if let Some((count, _)) = skipped.get_mut(name) {
        *count += 1;
    } else if let Some(line) = SourceLine::new(source, ordinal) {
        let example = line.text().trim().chars().take(EXAMPLE_LETTERS).collect();
        skipped.insert(name.into(), (1, example));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn skipped_calls_are_told_by_name() {
        let text = "\
7 write(1, \"one\", 3) = 3
7 brk(0) = 0x555555559000
7 futex(0x7ffff7fb3000, FUTEX_WAKE, 1) = 0
7 write(1, \"two\", 3) = 3
8 getpid() = 8
";
        let mut import = Import::new(text);
        while !import.is_done() {
            import.advance(1);
        }
        let skipped = import.skipped();
        let told: Vec<(&str, u64)> = skipped.iter().map(|it| (&*it.name, it.count)).collect();
        assert_eq!(told, [("write", 2), ("futex", 1)]);
        assert_eq!(skipped[0].example, "7 write(1, \"one\", 3) = 3");
        let sum: u64 = skipped.iter().map(|it| it.count).sum();
        assert_eq!(sum, import.counts().skipped);
    }

    #[test]
    fn what_is_added_is_counted_alone_and_the_old_future_is_kept() {
        let mut session = Session::new(Machine::default());
        session.run("brk(0)\nmunmap(1, 1)\nbrk(0)");
        session.go_to(2);
        let mut import = Import::onto(session.clone(), "brk(0)\nmunmap(1, 1)\n");
        while !import.is_done() {
            import.advance(1);
        }
        assert_eq!((import.counts().calls, import.counts().errors), (2, 1));
        let added = import.finish();
        session.run("brk(0)\nmunmap(1, 1)\n");
        assert_eq!(added, session);
        assert_eq!((added.len(), added.branches().len()), (4, 2));
    }
}
