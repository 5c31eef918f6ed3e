//! A text that was run, and its lines.

use crate::heap::HeapSetting;
use crate::machine::Machine;
use crate::report::Choice;
use crate::trace::{Kind, Line, recognise};
use std::sync::Arc;

/// A text that was run, and whose lines of it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The text.
    pub text: Arc<str>,
    /// The process whose lines ran.
    pub choice: Choice,
    /// What the text was read as, once for all steps.
    pub(crate) lines: Vec<Line>,
    /// It is a log of strace: what a real program called, without its loads and stores.
    pub(crate) is_log: bool,
}

impl Source {
    /// A text, and what it was read as.
    pub(crate) fn new(text: Arc<str>, choice: Choice, lines: Vec<Line>) -> Source {
        let is_log = recognise(&text) == Kind::Strace;
        Source { text, choice, lines, is_log }
    }
}

/// The lines follow from the text.
impl PartialEq for Source {
    fn eq(&self, other: &Source) -> bool {
        (&self.text, self.choice) == (&other.text, other.choice)
    }
}

impl Eq for Source {}

/// A line of a text that was run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SourceLine {
    source: Arc<Source>,
    /// Its index among those that the text was read as: there is one.
    ordinal: usize,
}

impl SourceLine {
    /// A line by its index; nothing if the text was read as fewer.
    pub(crate) fn new(source: &Arc<Source>, ordinal: usize) -> Option<SourceLine> {
        source.lines.get(ordinal)?;
        Some(SourceLine { source: source.clone(), ordinal })
    }

    /// The text that it is of.
    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Its index among the lines of its text.
    pub(crate) fn ordinal(&self) -> usize {
        self.ordinal
    }

    /// What it was read as.
    pub(crate) fn line(&self) -> &Line {
        &self.source.lines[self.ordinal]
    }

    /// The line as it was typed or imported.
    pub(crate) fn text(&self) -> &str {
        self.line().text.of(&self.source.text)
    }

    /// What the comments right above the line say, in one string; blank lines may stand between.
    pub(crate) fn remark(&self) -> Option<String> {
        let above = self.source.text.get(..self.line().text.start as usize)?;
        let mut words = Vec::new();
        for line in above.lines().rev().map(str::trim) {
            // A stated rule belongs to the call above it.
            if HeapSetting::of_trace(line).is_some()
                || Machine::is_directive(line)
                || line.starts_with("# WHY")
            {
                continue;
            }
            match line.strip_prefix('#').or_else(|| line.strip_prefix("//")) {
                Some(comment) => words.push(comment.trim()),
                None if line.is_empty() => {}
                None => break,
            }
        }
        words.reverse();
        (!words.is_empty()).then(|| words.join(" "))
    }
}
