//! Lines that run, and going to and fro among them.

use super::{BranchChange, Dialog, Store, Trouble, troubles};
use crate::keeping::journal;
use mmap_playground_core::heap::HeapSetting;
use mmap_playground_core::session::{Landmark, Session, Step};
use std::rc::Rc;

/// Up to so many steps run again at once when another allocator is chosen; more take long enough
/// to show progress.
const LINKED_AT_ONCE: usize = 500;

impl Store {
    /// Runs lines that a person gave, after noting them in the journal.
    pub(super) fn run_noted(&mut self, text: &str) {
        if self.journals {
            journal::note(&self.session, text);
        }
        let before = self.history;
        self.run(text);
        // Nothing ran, so that nothing will be saved.
        if self.journals && self.history == before {
            journal::clear();
        }
    }

    /// Runs what was noted in the journal when the page ended.
    pub(super) fn run_journal(&mut self, entry: &journal::Entry) {
        let before = self.history;
        if journal::place(&self.session) == entry.place {
            self.run(&entry.text);
        }
        if self.journals && self.history == before {
            journal::clear();
        }
    }

    pub(super) fn run(&mut self, text: &str) {
        let mut session = self.session.clone();
        let report = session.run(text);
        let trouble = Rc::new(troubles(text, &report.diagnostics));
        if report.ran > 0 {
            self.append(session, trouble);
        } else {
            self.refused = !trouble.is_empty();
            self.in_trouble(trouble);
        }
    }

    /// Goes on with a session to which lines were added.
    pub(super) fn append(&mut self, session: Session, trouble: Rc<Vec<Trouble>>) {
        self.remember();
        let branches = self.session.branches().len();
        self.session = session;
        self.history = self.history.wrapping_add(1);
        self.pinned = false;
        self.moved();
        if self.session.branches().len() > branches {
            let kept = "What came behind this step is kept as a branch.";
            self.announcement = format!("{} {kept}", self.announcement).into();
        }
        self.in_trouble(trouble);
    }

    /// Shows what could not be read.
    fn in_trouble(&mut self, trouble: Rc<Vec<Trouble>>) {
        self.trouble = trouble;
        if let Some(first) = self.trouble.first() {
            self.announcement =
                format!("Line {}, column {}: {}", first.line, first.column, first.message).into();
        }
    }

    pub(super) fn go_to(&mut self, position: usize) {
        let position = position.min(self.session.len());
        if position != self.session.position() {
            self.session.go_to(position);
            self.moved();
        }
    }

    pub(super) fn jump(&mut self, landmark: Landmark, on: bool) {
        let session = &self.session;
        let found = match on {
            true => session.next_landmark(landmark),
            false => session.previous_landmark(landmark),
        };
        match found {
            Some(position) => self.go_to(position),
            None => self.announcement = format!("There is no {}.", landmark.word()).into(),
        }
    }

    pub(super) fn change_branch(&mut self, change: BranchChange) {
        match change {
            BranchChange::Switch(index) => {
                self.session.switch_branch(index, usize::MAX);
                self.pinned = false;
                self.moved();
                let name = self.session.branches().into_iter().find(|branch| branch.active);
                let name = name.map(|branch| branch.name).unwrap_or_default();
                self.announcement = format!("Branch {name}. {}", self.announcement).into();
            }
            BranchChange::Rename(index, name) => {
                self.remember();
                self.session.rename_branch(index, &name);
            }
            BranchChange::Remove(index) => {
                self.remember();
                self.session.remove_branch(index);
                self.announcement = "The branch is deleted; undo brings it back.".into();
            }
        }
        self.history = self.history.wrapping_add(1);
    }

    pub(super) fn link_with(&mut self, setting: HeapSetting) {
        if setting == self.session.heap_setting() {
            return;
        }
        let steps: usize = self.session.branches().iter().map(|branch| branch.steps).sum();
        // A figure has no windows.
        if steps > LINKED_AT_ONCE && !self.place.is_figure() {
            self.playing = false;
            self.dialog = Some(Dialog::Linking(setting));
        } else {
            self.linked(self.session.with_heap(setting));
        }
    }

    pub(super) fn linked(&mut self, session: Session) {
        self.remember();
        self.session = session;
        self.history = self.history.wrapping_add(1);
        self.moved();
        let setting = self.session.heap_setting();
        let name = setting.allocator.title();
        self.announcement =
            format!("Linked with {name}, {} bits. All lines ran again.", setting.bits).into();
    }
}

pub(super) fn spoken(step: &Step) -> String {
    let mut text = step.text.clone();
    if !step.result.is_empty() {
        text.push_str(" = ");
        text.push_str(&step.result);
    }
    for more in [&step.signal, &step.why, &step.divergence].into_iter().flatten() {
        text.push_str(". ");
        text.push_str(more);
    }
    text
}
