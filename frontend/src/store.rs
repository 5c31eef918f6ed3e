//! The page's one state: the session and its earlier and later versions, what is selected, the
//! form, and what the views share. Actions change it; every view reads it.
//!
//! Lines run through [`Action::Run`] only, whether typed, clicked or dragged.

use crate::calls::{ArgKind, Draft, spec};
use crate::grid::change::Changes;
use crate::keeping::journal;
use crate::theme::Theme;
use mmap_playground_core::address::{Address, PageRange, page_floor};
use mmap_playground_core::heap::HeapSetting;
use mmap_playground_core::machine::Machine;
use mmap_playground_core::saved::View;
use mmap_playground_core::session::{Landmark, Session, Step};
use mmap_playground_core::state::{self, HeapState, Totals, VmaView};
use mmap_playground_core::trace::{Diagnostic, Severity};
use std::rc::Rc;
use yew::prelude::*;

/// The store as components get it.
pub type StoreContext = UseReducerHandle<Store>;

/// How many earlier sessions undo keeps.
const UNDO_DEPTH: usize = 200;

/// What the views ask of one moment, worked out once for all of them.
#[derive(Debug, Default)]
pub struct Moment {
    /// The VMAs, lowest first.
    pub vmas: Vec<VmaView>,
    /// The heap, if there is one.
    pub heap: Option<HeapState>,
    /// The totals.
    pub totals: Totals,
    /// What the last call changed.
    pub changes: Changes,
    /// The place that the last failure is about.
    pub why: Option<Address>,
}

impl Moment {
    fn of(session: &Session) -> Moment {
        let process = session.process();
        let last = session.last_step();
        Moment {
            vmas: state::vmas(process),
            heap: state::heap(process),
            totals: state::totals(process),
            changes: last.map(|step| Changes::of(&step.events)).unwrap_or_default(),
            why: last.and_then(|step| step.reason_address),
        }
    }

    /// The VMA at an address.
    pub fn vma_at(&self, address: Address) -> Option<&VmaView> {
        let index = self.vmas.partition_point(|vma| vma.range.end() <= address);
        self.vmas.get(index).filter(|vma| vma.range.contains(address))
    }
}

/// A line that could not be read, as the console shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Trouble {
    /// The line.
    pub source: String,
    /// Its number in what was run, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What was expected.
    pub message: String,
}

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

/// A session that undo goes back to.
#[derive(Clone, Debug)]
struct Kept {
    session: Session,
    slot: u32,
    title: Option<AttrValue>,
}

/// A window that lies over the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialog {
    /// Import.
    Import,
    /// The keys.
    Keys,
    /// Two moments held against each other.
    Compare,
    /// The branches.
    Branches,
    /// The kept sessions.
    Sessions,
    /// The link, and the files that can be saved.
    Share,
    /// How true the page is.
    Truth,
}

/// The panel that is shown where there is room for one only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Tab {
    Calls,
    Console,
    Inspector,
    Heap,
    Frames,
}

impl Tab {
    /// All of them, in order.
    pub const ALL: [Tab; 5] = [Tab::Calls, Tab::Console, Tab::Inspector, Tab::Heap, Tab::Frames];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Tab::Calls => "Calls",
            Tab::Console => "Console",
            Tab::Inspector => "Inspector",
            Tab::Heap => "Heap",
            Tab::Frames => "Frames",
        }
    }

    /// Its name in ids and classes.
    pub const fn id(self) -> &'static str {
        match self {
            Tab::Calls => "calls",
            Tab::Console => "console",
            Tab::Inspector => "inspector",
            Tab::Heap => "heap",
            Tab::Frames => "frames",
        }
    }
}

/// Everything the page knows.
#[derive(Clone, Debug)]
pub struct Store {
    /// Lines run, and the state at the position.
    pub session: Session,
    /// What the views ask of it.
    pub moment: Rc<Moment>,
    past: Vec<Kept>,
    future: Vec<Kept>,
    /// Lines that could not be read the last time something ran.
    pub trouble: Rc<Vec<Trouble>>,
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
    /// The number of the session, under which it is kept.
    pub slot: u32,
    /// The highest number that a new session got.
    last_slot: u32,
    /// What is about to run is written down first.
    pub journals: bool,
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
        let moment = Rc::new(Moment::of(&session));
        let spec = spec("mmap").unwrap_or(&crate::calls::CALLS[0]);
        let mut draft = Draft::new(spec);
        draft.result_name = "p".to_owned();
        Store {
            session,
            moment,
            past: Vec::new(),
            future: Vec::new(),
            trouble: Rc::default(),
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
            revision: 0,
            history: 0,
            pinned: false,
            tick: 0,
        }
    }

    /// Says whether there is something to undo.
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
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
        self.moment = Rc::new(Moment::of(&self.session));
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

    /// Runs lines that a person gave, after noting them in the journal.
    fn run_noted(&mut self, text: &str) {
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
    fn run_journal(&mut self, entry: &journal::Entry) {
        let before = self.history;
        if journal::place(&self.session) == entry.place {
            self.run(&entry.text);
        }
        if self.journals && self.history == before {
            journal::clear();
        }
    }

    fn restore_session(&mut self, restored: Restored) {
        if !self.is_empty() {
            self.remember();
        }
        self.history = self.history.wrapping_add(1);
        self.session = restored.session;
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

    fn new_slot(&mut self) -> u32 {
        self.last_slot = self.last_slot.wrapping_add(1);
        self.last_slot
    }

    /// Begins an empty session; the one shown stays where it is kept, and in reach of undo.
    fn begin_new(&mut self) {
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

    fn run(&mut self, text: &str) {
        let mut session = self.session.clone();
        let report = session.run(text);
        self.trouble = Rc::new(troubles(text, &report.diagnostics));
        if report.ran > 0 {
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
        }
        if let Some(first) = self.trouble.first() {
            self.announcement =
                format!("Line {}, column {}: {}", first.line, first.column, first.message).into();
        }
    }

    fn go_to(&mut self, position: usize) {
        let position = position.min(self.session.len());
        if position != self.session.position() {
            self.session.go_to(position);
            self.moved();
        }
    }

    fn jump(&mut self, landmark: Landmark, on: bool) {
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

    fn change_branch(&mut self, change: BranchChange) {
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

    fn load(&mut self, loaded: Loaded) {
        self.remember();
        // What was there stays where it is kept.
        if !self.session.is_empty() {
            self.slot = self.new_slot();
        }
        self.history = self.history.wrapping_add(1);
        self.pinned = false;
        self.session = loaded.session;
        self.title = Some(loaded.title);
        self.trouble = Rc::new(loaded.trouble);
        self.playing = false;
        self.moved();
        let first = self.moment.vmas.first().map(|vma| vma.range.start());
        self.cursor = self.moment.why.or_else(|| self.moment.changes.first()).or(first);
        self.focus = (self.cursor, self.focus.1.wrapping_add(1));
    }

    fn link_with(&mut self, setting: HeapSetting) {
        if setting == self.session.heap_setting() {
            return;
        }
        self.remember();
        self.session = self.session.with_heap(setting);
        self.history = self.history.wrapping_add(1);
        self.moved();
        let name = setting.allocator.title();
        self.announcement =
            format!("Linked with {name}, {} bits. All lines ran again.", setting.bits).into();
    }

    fn exchange(&mut self, back: bool) {
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

fn spoken(step: &Step) -> String {
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

/// How many characters stand before a column, which counts bytes from 1.
fn chars_before(line: &str, column: u32) -> usize {
    let end = (column as usize).saturating_sub(1).min(line.len());
    line.char_indices().take_while(|(index, _)| *index < end).count()
}

/// Diagnostics with the lines they are about.
pub fn troubles(text: &str, diagnostics: &[Diagnostic]) -> Vec<Trouble> {
    let most = 50;
    let mut lines = text.lines().enumerate();
    let mut troubles = Vec::new();
    let errors = diagnostics.iter().filter(|it| it.severity == Severity::Error);
    for diagnostic in errors.take(most) {
        let number = diagnostic.line as usize;
        let source = lines.by_ref().find(|(index, _)| index + 1 == number);
        troubles.push(Trouble {
            source: source.map(|(_, line)| line.chars().take(400).collect()).unwrap_or_default(),
            line: number,
            column: 1 + chars_before(source.map_or("", |(_, line)| line), diagnostic.column),
            message: diagnostic.message.clone(),
        });
    }
    troubles
}

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
    /// Runs lines after the position.
    Run(String),
    /// Goes to a position.
    GoTo(usize),
    /// Goes some steps on, or back.
    Step(isize),
    /// Links the program with another allocator: all lines run again from the start.
    LinkWith(HeapSetting),
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
            Action::Run(text) => store.run_noted(&text),
            Action::RunJournal(entry) => store.run_journal(&entry),
            Action::Restore(restored) => store.restore_session(*restored),
            Action::New => store.begin_new(),
            Action::Title(title) => {
                let title = title.trim().chars().take(80).collect::<String>();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn after(actions: impl IntoIterator<Item = Action>) -> Rc<Store> {
        let start = Rc::new(Store::new(Theme::System));
        actions.into_iter().fold(start, |store, action| store.reduce(action))
    }

    fn run(line: &str) -> Action {
        Action::Run(line.to_owned())
    }

    const MAP: &str = "p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";

    #[test]
    fn the_cursor_follows_what_changes_until_it_is_put_somewhere() {
        let store = after([run(MAP), run("load(p + PAGE_SIZE)")]);
        assert_eq!(store.cursor, Some(0x7fff_f7ff_e000));
        let store = store.reduce(Action::Step(-1));
        assert_eq!(store.cursor, Some(0x7fff_f7ff_d000));
        let store = store.reduce(Action::Inspect(Some(0x1000))).reduce(Action::Step(1));
        assert_eq!(store.cursor, Some(0x1000));
        assert_eq!(store.reduce(run("munmap(p, 1)")).cursor, Some(0x7fff_f7ff_d000));
    }

    #[test]
    fn undo_brings_back_steps_that_running_in_the_past_dropped() {
        let store = after([run(MAP), run("munmap(p, 8192)"), Action::Step(-1), run("load(p)")]);
        assert_eq!(store.session.len(), 2);
        let store = store.reduce(Action::Undo);
        assert_eq!(store.session.last_step().unwrap().result, "0x7ffff7ffd000");
        assert_eq!(store.session.len(), 2);
        let store = store.reduce(Action::Redo);
        assert!(store.last_step().unwrap().text.starts_with("load"));
    }

    #[test]
    fn another_allocator_can_be_undone() {
        let tags = HeapSetting::parse("boundary-tags 32").unwrap();
        let store = after([run("a = malloc(8)"), run("free(a)"), Action::LinkWith(tags)]);
        assert_eq!((store.session.heap_setting(), store.session.len()), (tags, 2));
        assert!(store.session.script().starts_with("# heap: boundary-tags 32\n"));
        let store = store.reduce(Action::Undo);
        assert_eq!(store.session.heap_setting(), HeapSetting::default());
        let store = store.reduce(Action::LinkWith(HeapSetting::default()));
        assert!(store.can_redo());
    }

    #[test]
    fn the_old_future_is_a_branch_to_go_back_to() {
        let store = after([run(MAP), run("munmap(p, 8192)"), Action::Step(-1), run("load(p)")]);
        assert!(store.announcement.ends_with("kept as a branch."), "{}", store.announcement);
        let store = store.reduce(Action::Branch(BranchChange::Switch(0)));
        assert!(store.last_step().unwrap().text.starts_with("munmap"));
        let store = store.reduce(Action::Branch(BranchChange::Remove(1)));
        assert_eq!(store.session.branches().len(), 1);
        assert_eq!(store.reduce(Action::Undo).session.branches().len(), 2);
    }

    #[test]
    fn a_session_that_comes_back_is_looked_at_as_before() {
        let range = PageRange::new(0x7fff_f7ff_d000, 0x7fff_f7ff_e000);
        let store = after([run(MAP), Action::Inspect(Some(0x1234)), Action::Select(range)]);
        let store = store.reduce(Action::Tab(Tab::Heap)).reduce(Action::Inspect(Some(0x1234)));
        let (session, view) = (store.session.clone(), store.view());
        let restored = Restored { session, title: Some("back".into()), view, slot: Some(7) };
        let again = after([Action::Restore(Box::new(restored))]);
        assert_eq!((again.cursor, again.selection, again.tab), (Some(0x1234), range, Tab::Heap));
        assert_eq!((again.name().as_str(), again.slot), ("back", 7));
        assert!(!again.can_undo(), "there was nothing to go back to");
    }

    #[test]
    fn a_new_session_has_a_number_of_its_own_and_undo_goes_back_to_the_old_one() {
        let store = after([run(MAP)]);
        assert_eq!(store.slot, 0, "the first stays where it began");
        let store = store.reduce(Action::New);
        assert_eq!((store.slot, store.session.len()), (1, 0));
        let store = store.reduce(run(MAP)).reduce(Action::Undo).reduce(Action::Undo);
        assert_eq!((store.slot, store.session.len()), (0, 1));
    }

    #[test]
    fn failures_are_gone_to_in_a_circle() {
        let store = after([run("munmap(1, 1)"), run(MAP), run("store(p, 1)"), run(MAP)]);
        let to = |store: Rc<Store>| store.reduce(Action::Jump(Landmark::Failure, true));
        let first = to(store);
        assert_eq!(first.session.position(), 1);
        let second = to(first);
        assert_eq!(second.session.position(), 3);
        assert_eq!(to(second).session.position(), 1);
    }

    #[test]
    fn comments_stand_above_the_step_below_them() {
        let store = after([run("# one\n# two\nbrk(0)\n\nbrk(0)\n// three\nbrk(0)")]);
        let steps = store.session.steps(0..usize::MAX);
        let remarks: Vec<_> =
            steps.filter_map(|(index, step)| Some((index, step.remark()?))).collect();
        assert_eq!(remarks, [(0, "one two".to_owned()), (2, "three".to_owned())]);
    }

    #[test]
    fn columns_count_characters() {
        let store = after([run("load(\"é\" oops")]);
        let trouble = &store.trouble[0];
        assert_eq!(trouble.source, "load(\"é\" oops");
        assert!(trouble.column <= trouble.source.chars().count() + 1);
        assert!(store.announcement.starts_with("Line 1, column"));
    }

    #[test]
    fn a_place_picked_on_the_map_fills_the_field() {
        let store = after([Action::Form("munmap"), Action::Pick(Some(0)), Action::Picked(0x1234)]);
        assert_eq!(store.draft.line(), "munmap(0x1000, PAGE_SIZE)");
        assert_eq!(store.picking, None);
    }

    #[test]
    fn every_example_reads_without_trouble() {
        for example in crate::examples::EXAMPLES {
            let store = after([crate::examples::load(example)]);
            assert_eq!(*store.trouble, [], "{}", example.title);
            let counts = store.session.counts();
            assert_eq!(counts.divergences, 0, "{}", example.title);
            assert!(counts.calls > 8, "{}", example.title);
        }
    }
}
