//! What a person does, and what it does to the store.

use super::{Dialog, Loaded, Place, Restored, Store, Tab, Trouble};
use crate::calls::{ArgKind, Draft, spec};
use crate::keeping::journal;
use crate::theme::Theme;
use mmap_playground_core::address::{Address, PageRange, page_floor};
use mmap_playground_core::heap::HeapSetting;
use mmap_playground_core::limits::NAME_LETTERS;
use mmap_playground_core::session::{Landmark, Session};
use std::rc::Rc;
use yew::{AttrValue, Reducible};

/// What a person does to a branch, by its number.
#[derive(Clone, Debug)]
pub enum BranchChange {
    /// Shows it, at its end.
    Switch(usize),
    /// Gives it another name.
    Rename(usize, String),
    /// Forgets it.
    Remove(usize),
}

/// What a person does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Runs lines after the position, unless readers may run nothing.
    Run(String),
    /// Runs them for the page that a figure stands on.
    RunForHost(String),
    /// Says where the store is shown.
    Place(Place),
    /// Goes to a position.
    GoTo(usize),
    /// Goes some steps on, or back.
    Step(isize),
    /// Links the program with another allocator: all lines run again from the start, in a window
    /// where there are many.
    LinkWith(HeapSetting),
    /// Goes on with the session that was linked with another allocator.
    Linked(Box<Session>),
    /// Goes to the next landmark of a kind, or back to the one before; round at the ends.
    Jump(Landmark, bool),
    /// Chooses what the jumps go to.
    Landmark(Landmark),
    /// Changes a branch.
    Branch(BranchChange),
    /// Takes back what was run or loaded.
    Undo,
    /// Has it back.
    Redo,
    /// Selects pages, or nothing.
    Select(Option<PageRange>),
    /// Puts the inspector on an address.
    Inspect(Option<Address>),
    /// The same, and scrolls the map there.
    Show(Address),
    /// Opens the form of a call.
    Form(&'static str),
    /// Fills in the form.
    Fill(Draft),
    /// The next click on the map fills this argument; nothing stops that.
    Pick(Option<usize>),
    /// A place picked on the map.
    Picked(Address),
    /// Replaces the session.
    Load(Box<Loaded>),
    /// Goes on with a session to which a long text was added, and what of it could not be read.
    Append(Box<Session>, Rc<Vec<Trouble>>),
    /// Has a session back.
    Restore(Box<Restored>),
    /// Runs what the journal holds.
    RunJournal(Box<journal::Entry>),
    /// Begins an empty session.
    New,
    /// Gives the session a title; none if it is empty.
    Title(String),
    /// Opens or closes a window.
    Open(Option<Dialog>),
    /// Shows a panel on narrow screens.
    Tab(Tab),
    /// Changes the colours.
    Theme(Theme),
    /// Starts or stops playing.
    Play(bool),
    /// Plays at so many steps a second.
    Pace(f64),
    /// Says something to a screen reader.
    Say(AttrValue),
}

impl Reducible for Store {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut store = Store::clone(&self);
        store.tick = store.tick.wrapping_add(1);
        match action {
            Action::Run(_) | Action::LinkWith(_) | Action::Undo | Action::Redo
                if store.place.is_read_only() =>
            {
                store.announcement = "This figure can be stepped through, not changed.".into();
            }
            Action::Run(text) => store.run_noted(&text),
            Action::RunForHost(text) => store.run(&text),
            Action::Place(place) => store.place = place,
            Action::RunJournal(entry) => store.run_journal(&entry),
            Action::Restore(restored) => store.restore_session(*restored),
            Action::New => store.begin_new(),
            Action::Title(title) => {
                let title = title.trim().chars().take(NAME_LETTERS).collect::<String>();
                store.title = (!title.is_empty()).then(|| title.into());
            }
            Action::GoTo(position) => store.go_to(position),
            Action::Step(steps) => {
                let target = store.session.position().saturating_add_signed(steps);
                store.go_to(target);
                if store.session.position() == store.session.len() {
                    store.playing = false;
                }
            }
            Action::LinkWith(setting) => store.link_with(setting),
            Action::Linked(session) => store.linked(*session),
            Action::Jump(landmark, on) => store.jump(landmark, on),
            Action::Landmark(landmark) => store.landmark = landmark,
            Action::Branch(change) => store.change_branch(change),
            Action::Undo => store.exchange(true),
            Action::Redo => store.exchange(false),
            Action::Select(range) => {
                store.selection = range;
                store.pinned = range.is_some();
                if let Some(range) = range {
                    store.cursor = Some(range.start());
                    store.announcement = format!("Selected {}", crate::text::range(range)).into();
                }
            }
            Action::Inspect(address) => {
                store.cursor = address;
                store.pinned = address.is_some();
            }
            Action::Show(address) => {
                store.cursor = Some(address);
                store.pinned = true;
                store.focus = (Some(address), store.focus.1.wrapping_add(1));
            }
            Action::Form(name) => {
                if let Some(spec) = spec(name) {
                    if !std::ptr::eq(store.draft.spec, spec) {
                        store.draft = Draft::new(spec);
                        store.freshen_draft();
                        store.picking = None;
                    }
                    store.tab = Tab::Calls;
                }
            }
            Action::Fill(draft) => store.draft = draft,
            Action::Pick(argument) => store.picking = argument,
            Action::Picked(address) => {
                if let Some(argument) = store.picking.take() {
                    let spec = store.draft.spec.args.get(argument);
                    let whole = spec.is_some_and(|spec| matches!(spec.kind, ArgKind::Address));
                    let address = if whole { page_floor(address) } else { address };
                    if let Some(value) = store.draft.values.get_mut(argument) {
                        *value = crate::text::hex(address);
                    }
                }
            }
            Action::Load(loaded) => store.load(*loaded),
            Action::Append(session, trouble) => store.append(*session, trouble),
            Action::Open(dialog) => store.dialog = dialog,
            Action::Tab(tab) => store.tab = tab,
            Action::Theme(theme) => store.theme = theme,
            Action::Play(playing) => {
                store.playing = playing;
                if playing && store.session.position() == store.session.len() {
                    store.go_to(0);
                }
            }
            Action::Pace(pace) => store.pace = pace,
            Action::Say(text) => store.announcement = text,
        }
        Rc::new(store)
    }
}
