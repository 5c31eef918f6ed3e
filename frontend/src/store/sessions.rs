//! Sessions that come and go: from examples, logs, links, files and earlier visits.

use super::{Store, Tab, Trouble};
use mmap_playground_core::address::PageRange;
use mmap_playground_core::machine::Machine;
use mmap_playground_core::saved::View;
use mmap_playground_core::session::Session;
use std::rc::Rc;
use yew::AttrValue;

/// A session that came from an example or a log.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The session.
    pub session: Session,
    /// What it is called.
    pub title: AttrValue,
    /// What could not be read.
    pub trouble: Vec<Trouble>,
}

/// A session that comes back from a link, a file or an earlier visit.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The session.
    pub session: Session,
    /// What it is called.
    pub title: Option<AttrValue>,
    /// Where one looked.
    pub view: View,
    /// Its number, if it has one that keeping knows.
    pub slot: Option<u32>,
}

impl Store {
    pub(super) fn load(&mut self, loaded: Loaded) {
        self.remember();
        // What was there stays where it is kept.
        if !self.session.is_empty() {
            self.slot = self.new_slot();
        }
        self.history = self.history.wrapping_add(1);
        self.pinned = false;
        self.session = loaded.session;
        self.title = Some(self.a_title_of_its_own(loaded.title));
        self.trouble = Rc::new(loaded.trouble);
        self.playing = false;
        self.moved();
        let first = self.moment.vmas.first().map(|vma| vma.range.start());
        self.cursor = self.moment.why.or_else(|| self.moment.changes.first()).or(first);
        self.focus = (self.cursor, self.focus.1.wrapping_add(1));
    }

    pub(super) fn restore_session(&mut self, restored: Restored) {
        if !self.is_empty() {
            self.remember();
        }
        self.history = self.history.wrapping_add(1);
        self.session = restored.session;
        self.titles.extend(restored.title.clone());
        self.title = restored.title;
        self.slot = restored.slot.unwrap_or_else(|| self.new_slot());
        self.trouble = Rc::default();
        self.playing = false;
        self.pinned = false;
        self.moved();
        let view = restored.view;
        if let Some(tab) = Tab::ALL.iter().find(|tab| Some(tab.id()) == view.panel.as_deref()) {
            self.tab = *tab;
        }
        self.selection = view.selection.and_then(|(start, end)| PageRange::new(start, end));
        if view.cursor.is_some() {
            self.cursor = view.cursor;
            self.pinned = true;
        }
        let first = self.moment.vmas.first().map(|vma| vma.range.start());
        self.cursor = self.cursor.or(first);
        self.focus = (self.cursor, self.focus.1.wrapping_add(1));
    }

    /// Begins an empty session; the one shown stays where it is kept, and in reach of undo.
    pub(super) fn begin_new(&mut self) {
        if self.is_empty() {
            return;
        }
        self.remember();
        self.history = self.history.wrapping_add(1);
        self.session = Session::new(Machine::default());
        self.title = None;
        self.slot = self.new_slot();
        self.trouble = Rc::default();
        self.playing = false;
        self.pinned = false;
        self.moved();
        self.cursor = None;
        self.announcement = "A new session: nothing has run.".into();
    }

    /// A title that no other session of this visit had: a number behind it where that is needed.
    fn a_title_of_its_own(&mut self, title: AttrValue) -> AttrValue {
        let with = |number: usize| AttrValue::from(format!("{title} ({number})"));
        let numbers = (2..=self.titles.len() + 2).map(with);
        let mut titles = std::iter::once(title.clone()).chain(numbers);
        let free = titles.find(|title| !self.titles.contains(title)).unwrap_or(title.clone());
        self.titles.push(free.clone());
        free
    }

    fn new_slot(&mut self) -> u32 {
        self.last_slot = self.last_slot.wrapping_add(1);
        self.last_slot
    }
}
