//! The page's one state: the session and its earlier and later versions, what is selected, the
//! form, and what the views share. Actions change it; every view reads it.
//!
//! Lines run through [`Action::Run`] only, whether typed, clicked or dragged.

use crate::calls::{ArgKind, Draft, spec};
use crate::grid::change::Changes;
use crate::theme::Theme;
use mmap_playground_core::address::{Address, PageRange, page_floor};
use mmap_playground_core::heap::HeapSetting;
use mmap_playground_core::machine::Machine;
use mmap_playground_core::session::{Session, Step};
use mmap_playground_core::state::{self, HeapState, Totals, VmaView};
use mmap_playground_core::trace::{Diagnostic, Severity};
use std::collections::BTreeMap;
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

/// What comments say above lines, by the step below them.
pub type Remarks = BTreeMap<usize, String>;

/// A session that came from an example or a log.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The session.
    pub session: Session,
    /// What it is called.
    pub title: AttrValue,
    /// What comments say.
    pub remarks: Remarks,
    /// What could not be read.
    pub trouble: Vec<Trouble>,
}

/// A session that undo goes back to.
#[derive(Clone, Debug)]
struct Kept {
    session: Session,
    remarks: Rc<Remarks>,
    title: Option<AttrValue>,
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
    past: Vec<Kept>,
    future: Vec<Kept>,
    /// What comments say above the lines that ran, by step.
    pub remarks: Rc<Remarks>,
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
    /// What the session came from.
    pub title: Option<AttrValue>,
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
            remarks: Rc::default(),
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
    pub fn last_remark(&self) -> Option<&str> {
        let index = self.session.position().checked_sub(1)?;
        self.remarks.get(&index).map(String::as_str)
    }

    /// Nothing has been run and nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.session.is_empty() && self.title.is_none()
    }

    fn remember(&mut self) {
        if self.past.len() >= UNDO_DEPTH {
            self.past.remove(0);
        }
        self.past.push(self.keep());
        self.future.clear();
    }

    fn keep(&self) -> Kept {
        Kept {
            session: self.session.clone(),
            remarks: self.remarks.clone(),
            title: self.title.clone(),
        }
    }

    fn restore(&mut self, kept: Kept) -> Kept {
        let now = self.keep();
        self.history = self.history.wrapping_add(1);
        self.session = kept.session;
        self.remarks = kept.remarks;
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

    fn run(&mut self, text: &str) {
        let mut session = self.session.clone();
        let from = session.position();
        let report = session.run(text);
        self.trouble = Rc::new(troubles(text, &report.diagnostics));
        if report.ran > 0 {
            self.remember();
            self.session = session;
            self.history = self.history.wrapping_add(1);
            self.pinned = false;
            let remarks = Rc::make_mut(&mut self.remarks);
            remarks.retain(|step, _| *step < from);
            remarks.extend(remarks_of(text, &self.session, from));
            self.moved();
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

    fn load(&mut self, loaded: Loaded) {
        self.remember();
        self.history = self.history.wrapping_add(1);
        self.pinned = false;
        self.session = loaded.session;
        self.remarks = Rc::new(loaded.remarks);
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

/// The comments of a text, by the steps below them: those from a number on came of this text.
pub fn remarks_of(text: &str, session: &Session, from: usize) -> Remarks {
    let mut remarks = Remarks::new();
    let mut lines = text.lines().enumerate();
    if !text.contains('#') && !text.contains("//") {
        return remarks;
    }
    for (index, step) in session.steps(from..session.len()) {
        let number = step.line as usize;
        let mut remark = String::new();
        for (at, line) in lines.by_ref() {
            if at + 1 >= number {
                break;
            }
            let line = line.trim();
            let comment = line.strip_prefix('#').or_else(|| line.strip_prefix("//"));
            match comment {
                Some(words) if remark.is_empty() => words.trim().clone_into(&mut remark),
                Some(words) => {
                    remark.push(' ');
                    remark.push_str(words.trim());
                }
                None => {}
            }
        }
        if !remark.is_empty() {
            remarks.insert(index, remark);
        }
    }
    remarks
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

/// Steps looked through for failures at most, on either side of the position.
pub const LOOK: usize = 200_000;

/// The positions right after steps that failed or diverge, of a range of steps.
pub fn failed(session: &Session, steps: std::ops::Range<usize>) -> impl Iterator<Item = usize> {
    session
        .steps(steps)
        .filter(|(_, step)| step.failed || step.divergence.is_some())
        .map(|(index, _)| index + 1)
}

/// The next failure, and after the last one the first.
fn next_failure(session: &Session) -> Option<usize> {
    let position = session.position();
    let ahead = failed(session, position..position.saturating_add(LOOK)).next();
    ahead.or_else(|| failed(session, 0..position.min(LOOK)).next())
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
    /// Goes to the next step that failed, and after the last one to the first.
    NextFailure,
    /// Links the program with another allocator: all lines run again from the start.
    LinkWith(HeapSetting),
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
            Action::NextFailure => match next_failure(&store.session) {
                Some(position) => store.go_to(position),
                None => store.announcement = "No step failed.".into(),
            },
            Action::LinkWith(setting) => store.link_with(setting),
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
    fn failures_are_gone_to_in_a_circle() {
        let store = after([run("munmap(1, 1)"), run(MAP), run("store(p, 1)"), run(MAP)]);
        let to = |store: Rc<Store>| store.reduce(Action::NextFailure);
        let first = to(store);
        assert_eq!(first.session.position(), 1);
        let second = to(first);
        assert_eq!(second.session.position(), 3);
        assert_eq!(to(second).session.position(), 1);
    }

    #[test]
    fn comments_stand_above_the_step_below_them() {
        let store = after([run("# one\n# two\nbrk(0)\n\nbrk(0)\n// three\nbrk(0)")]);
        let remarks: Vec<_> = store.remarks.iter().map(|(step, text)| (*step, &**text)).collect();
        assert_eq!(remarks, [(0, "one two"), (2, "three")]);
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
