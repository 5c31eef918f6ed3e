//! The page's one state: the session and its earlier and later versions, what is selected, the
//! form, and what the views share. Actions change it; every view reads it.
//!
//! Lines run through [`Action::Run`] only, whether typed, clicked or dragged.

mod action;
mod moment;
mod panels;
mod place;
mod running;
mod sessions;
#[cfg(test)]
mod tests;
mod trouble;

pub use action::{Action, BranchChange};
pub use moment::Moment;
pub use panels::{Dialog, Tab};
pub use place::Place;
pub use sessions::{Loaded, Restored};
pub use trouble::{Trouble, troubles};

use crate::calls::{Draft, spec};
use crate::theme::Theme;
use mmap_playground_core::address::{Address, PageRange};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::saved::View;
use mmap_playground_core::session::{Landmark, Session, Step};
use mmap_playground_core::state::HeapReader;
use running::spoken;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// The store as components get it.
pub type StoreContext = UseReducerHandle<Store>;

/// How many earlier sessions undo keeps.
const UNDO_DEPTH: usize = 200;

/// A session that undo goes back to.
#[derive(Clone, Debug)]
struct Kept {
    session: Session,
    slot: u32,
    title: Option<AttrValue>,
}

/// Everything the page knows.
#[derive(Clone, Debug)]
pub struct Store {
    /// Lines run, and the state at the position.
    pub session: Session,
    /// What the views ask of it.
    pub moment: Rc<Moment>,
    /// What is known of the heap from the moments before.
    heap: Rc<RefCell<HeapReader>>,
    past: Vec<Kept>,
    future: Vec<Kept>,
    /// Lines that could not be read the last time something ran.
    pub trouble: Rc<Vec<Trouble>>,
    /// What ran last could not be read, none of it: undo takes that back first.
    refused: bool,
    /// How often that was taken back.
    pub taken_back: u32,
    /// The page (or byte) that the inspector is about.
    pub cursor: Option<Address>,
    /// The person chose the cursor: it stays where it is while they step.
    pinned: bool,
    /// Pages selected by dragging.
    pub selection: Option<PageRange>,
    /// The form as filled in.
    pub draft: Draft,
    /// The argument of the form that the next click on the map fills.
    pub picking: Option<usize>,
    /// A place that the map should scroll to, with a number that grows.
    pub focus: (Option<Address>, u32),
    /// What a screen reader should say.
    pub announcement: AttrValue,
    /// The window over the page.
    pub dialog: Option<Dialog>,
    /// The panel shown on narrow screens.
    pub tab: Tab,
    /// The colours.
    pub theme: Theme,
    /// Steps are running by themselves.
    pub playing: bool,
    /// How fast, in steps a second.
    pub pace: f64,
    /// What the jumps go to.
    pub landmark: Landmark,
    /// What the session came from.
    pub title: Option<AttrValue>,
    /// What sessions were called in this visit.
    titles: Vec<AttrValue>,
    /// The number of the session, under which it is kept.
    pub slot: u32,
    /// The highest number that a new session got.
    last_slot: u32,
    /// What is about to run is written down first.
    pub journals: bool,
    /// Where this is shown.
    pub place: Place,
    /// Grows whenever the state shown changes.
    pub revision: u32,
    /// Grows whenever the steps themselves change, not only where one stands among them.
    pub history: u32,
    /// Grows whenever anything changes.
    tick: u32,
}

impl PartialEq for Store {
    fn eq(&self, other: &Store) -> bool {
        self.tick == other.tick
    }
}

impl Store {
    /// The page as it is at first.
    pub fn new(theme: Theme) -> Store {
        let session = Session::new(Machine::default());
        let heap = Rc::<RefCell<HeapReader>>::default();
        let moment = Rc::new(Moment::of(&session, &mut heap.borrow_mut()));
        let spec = spec("mmap").unwrap_or(&crate::calls::CALLS[0]);
        let mut draft = Draft::new(spec);
        draft.result_name = "p".to_owned();
        Store {
            session,
            moment,
            heap,
            past: Vec::new(),
            future: Vec::new(),
            trouble: Rc::default(),
            refused: false,
            taken_back: 0,
            titles: Vec::new(),
            cursor: None,
            selection: None,
            draft,
            picking: None,
            focus: (None, 0),
            announcement: AttrValue::default(),
            dialog: None,
            tab: Tab::Calls,
            theme,
            playing: false,
            pace: 1.5,
            landmark: Landmark::Failure,
            title: None,
            slot: 0,
            last_slot: 0,
            journals: false,
            place: Place::Page,
            revision: 0,
            history: 0,
            pinned: false,
            tick: 0,
        }
    }

    /// Says whether there is something to undo.
    pub fn can_undo(&self) -> bool {
        self.refused || !self.past.is_empty()
    }

    /// Says whether something undone can be had back.
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// The step that led here.
    pub fn last_step(&self) -> Option<&Step> {
        self.session.last_step().map(|step| &**step)
    }

    /// What a comment says above the step that led here.
    pub fn last_remark(&self) -> Option<String> {
        self.last_step()?.remark()
    }

    /// Nothing has been run and nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.session.is_empty() && self.title.is_none()
    }

    /// What the session is called, if it was given no title.
    pub fn name(&self) -> String {
        self.title.as_ref().map_or_else(|| "Untitled".to_owned(), ToString::to_string)
    }

    /// Where one looks.
    pub fn view(&self) -> View {
        View {
            cursor: self.cursor.filter(|_| self.pinned),
            selection: self.selection.map(|range| (range.start(), range.end())),
            panel: Some(self.tab.id().to_owned()),
        }
    }

    fn remember(&mut self) {
        if self.past.len() >= UNDO_DEPTH {
            self.past.remove(0);
        }
        self.past.push(self.keep());
        self.future.clear();
    }

    fn keep(&self) -> Kept {
        Kept { session: self.session.clone(), slot: self.slot, title: self.title.clone() }
    }

    fn restore(&mut self, kept: Kept) -> Kept {
        let now = self.keep();
        self.history = self.history.wrapping_add(1);
        self.session = kept.session;
        self.slot = kept.slot;
        self.title = kept.title;
        now
    }

    fn moved(&mut self) {
        self.moment = Rc::new(Moment::of(&self.session, &mut self.heap.borrow_mut()));
        self.refused = false;
        self.freshen_draft();
        self.revision = self.revision.wrapping_add(1);
        self.selection = None;
        if let Some(address) = self.moment.why.or_else(|| self.moment.changes.first()) {
            self.focus = (Some(address), self.focus.1.wrapping_add(1));
            if !self.pinned {
                self.cursor = Some(address);
            }
        }
        self.announcement = match self.last_step() {
            Some(step) => spoken(step).into(),
            None => "At the start: nothing has run.".into(),
        };
    }

    /// Names of the form that stand for nothing here make way for places that there are.
    fn freshen_draft(&mut self) {
        let names = self.session.names();
        self.draft.freshen(&names, &self.moment, self.cursor);
    }

    fn exchange(&mut self, back: bool) {
        if back && std::mem::take(&mut self.refused) {
            self.trouble = Rc::default();
            self.taken_back = self.taken_back.wrapping_add(1);
            self.announcement =
                "The line that could not be read is taken back. Undo again takes back what ran before it."
                    .into();
            return;
        }
        let kept = if back { self.past.pop() } else { self.future.pop() };
        let Some(kept) = kept else { return };
        let now = self.restore(kept);
        let (word, other) =
            if back { ("Undone.", &mut self.future) } else { ("Redone.", &mut self.past) };
        other.push(now);
        self.trouble = Rc::default();
        self.moved();
        self.announcement = format!("{word} {}", self.announcement).into();
    }
}

/// The store, from any component below the page.
#[hook]
pub fn use_store() -> StoreContext {
    use_context::<StoreContext>().expect("every component stands below the page")
}

/// What is pointed at, shared by all views; apart from the store, for it changes with the mouse.
#[derive(Clone, PartialEq)]
pub struct PointedContext(pub UseStateHandle<Option<crate::grid::scene::Pointed>>);

impl PointedContext {
    /// What is pointed at.
    pub fn get(&self) -> Option<crate::grid::scene::Pointed> {
        *self.0
    }

    /// What points at something else: the same for ever, so that who only points is not rendered
    /// with every move of the pointer.
    pub fn setter(&self) -> UseStateSetter<Option<crate::grid::scene::Pointed>> {
        self.0.setter()
    }

    /// Points at something else, or at nothing.
    pub fn set(&self, pointed: Option<crate::grid::scene::Pointed>) {
        if *self.0 != pointed {
            self.0.set(pointed);
        }
    }
}

/// What is pointed at, from any component below the page.
#[hook]
pub fn use_pointed() -> PointedContext {
    use_context::<PointedContext>().expect("every component stands below the page")
}
