//! The page's one state: the session and its earlier and later versions, what is selected, the
//! form, and what the views share. Actions change it; every view reads it.
//!
//! Lines run through [`Action::Run`] only, whether typed, clicked or dragged.

use crate::calls::{ArgKind, Draft, spec};
use crate::engine::{self, Diagnostic, Machine, Session, Step};
use crate::grid::change::Changes;
use crate::theme::Theme;
use mmap_playground_core::address::{Address, PageRange, page_floor};
use mmap_playground_core::state::{HeapState, Totals, VmaView};
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
        let last = last_step(session);
        Moment {
            vmas: engine::vmas(process),
            heap: engine::heap(process),
            totals: engine::totals(process),
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

/// The step that led to the session's position.
pub fn last_step(session: &Session) -> Option<&Step> {
    session.position().checked_sub(1).map(|index| session.step(index))
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

/// A window that lies over the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialog {
    /// Import.
    Import,
    /// The keys.
    Keys,
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
    past: Vec<Session>,
    future: Vec<Session>,
    /// Lines that could not be read the last time something ran.
    pub trouble: Rc<Vec<Trouble>>,
    /// The page (or byte) that the inspector is about.
    pub cursor: Option<Address>,
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
    /// What the session came from.
    pub title: Option<AttrValue>,
    /// Grows whenever the session changes.
    pub revision: u32,
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
            title: None,
            revision: 0,
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
        last_step(&self.session)
    }

    /// Nothing has been run and nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.session.len() == 0 && self.moment.vmas.is_empty()
    }

    fn remember(&mut self) {
        if self.past.len() >= UNDO_DEPTH {
            self.past.remove(0);
        }
        self.past.push(self.session.clone());
        self.future.clear();
    }

    fn moved(&mut self) {
        self.moment = Rc::new(Moment::of(&self.session));
        self.revision = self.revision.wrapping_add(1);
        self.selection = None;
        if let Some(address) = self.moment.why.or_else(|| self.moment.changes.first()) {
            self.focus = (Some(address), self.focus.1.wrapping_add(1));
        }
        self.announcement = match self.last_step() {
            Some(step) => spoken(step).into(),
            None => "At the start: nothing has run.".into(),
        };
    }

    fn run(&mut self, text: &str) {
        let before = self.session.clone();
        let report = self.session.run(text);
        self.trouble = Rc::new(troubles(text, &report.diagnostics));
        if report.ran > 0 {
            let after = std::mem::replace(&mut self.session, before);
            self.remember();
            self.session = after;
            self.moved();
            if let Some(address) = self.moment.why.or_else(|| self.moment.changes.first()) {
                self.cursor = Some(address);
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

    fn load(&mut self, session: Session, title: AttrValue, trouble: Vec<Trouble>) {
        self.remember();
        self.session = session;
        self.title = Some(title);
        self.trouble = Rc::new(trouble);
        self.cursor = None;
        self.playing = false;
        self.moved();
        self.cursor = self.moment.changes.first();
        if self.focus.0.is_none() {
            let first = self.moment.vmas.first().map(|vma| vma.range.start());
            self.focus = (first, self.focus.1.wrapping_add(1));
        }
    }

    fn exchange(&mut self, back: bool) {
        let (from, to) = if back {
            (&mut self.past, &mut self.future)
        } else {
            (&mut self.future, &mut self.past)
        };
        if let Some(session) = from.pop() {
            to.push(std::mem::replace(&mut self.session, session));
            self.trouble = Rc::default();
            self.moved();
            let word = if back { "Undone." } else { "Redone." };
            self.announcement = format!("{word} {}", self.announcement).into();
        }
    }
}

fn spoken(step: &Step) -> String {
    let mut text = format!("{} = {}", step.text, step.result);
    for more in [&step.signal, &step.why, &step.divergence].into_iter().flatten() {
        text.push_str(". ");
        text.push_str(more);
    }
    text
}

/// Diagnostics with the lines they are about.
pub fn troubles(text: &str, diagnostics: &[Diagnostic]) -> Vec<Trouble> {
    let most = 50;
    let mut lines = text.lines().enumerate();
    let mut troubles = Vec::new();
    for diagnostic in diagnostics.iter().take(most) {
        let number = diagnostic.line as usize;
        let source = lines.by_ref().find(|(index, _)| index + 1 == number);
        troubles.push(Trouble {
            source: source.map(|(_, line)| line.chars().take(400).collect()).unwrap_or_default(),
            line: number,
            column: diagnostic.column as usize,
            message: diagnostic.message.clone(),
        });
    }
    troubles
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
    /// Replaces the session: what it is called, and what could not be read of it.
    Load(Box<Session>, AttrValue, Vec<Trouble>),
    /// Opens or closes a window.
    Open(Option<Dialog>),
    /// Shows a panel on narrow screens.
    Tab(Tab),
    /// Changes the colours.
    Theme(Theme),
    /// Starts or stops playing.
    Play(bool),
    /// Says something to a screen reader.
    Say(AttrValue),
}

impl Reducible for Store {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut store = Store::clone(&self);
        store.tick = store.tick.wrapping_add(1);
        match action {
            Action::Run(text) => store.run(&text),
            Action::GoTo(position) => store.go_to(position),
            Action::Step(steps) => {
                let target = store.session.position().saturating_add_signed(steps);
                store.go_to(target);
                if store.session.position() == store.session.len() {
                    store.playing = false;
                }
            }
            Action::Undo => store.exchange(true),
            Action::Redo => store.exchange(false),
            Action::Select(range) => {
                store.selection = range;
                if let Some(range) = range {
                    store.cursor = Some(range.start());
                    store.announcement = format!("Selected {}", crate::text::range(range)).into();
                }
            }
            Action::Inspect(address) => store.cursor = address,
            Action::Show(address) => {
                store.cursor = Some(address);
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
            Action::Load(session, title, trouble) => store.load(*session, title, trouble),
            Action::Open(dialog) => store.dialog = dialog,
            Action::Tab(tab) => store.tab = tab,
            Action::Theme(theme) => store.theme = theme,
            Action::Play(playing) => {
                store.playing = playing;
                if playing && store.session.position() == store.session.len() {
                    store.go_to(0);
                }
            }
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
