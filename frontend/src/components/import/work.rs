//! The work behind the import window: a text on its way in, in slices, with stop; and what it
//! becomes.

use super::Handed;
use super::part::Wanted;
use super::summary::Summary;
use super::taking::Taken;
use crate::browser;
use crate::incoming::{self, Came};
use crate::store::{Action, Loaded, Restored, Store, StoreContext, troubles};
use mmap_playground_core::report::Choice;
use mmap_playground_core::saved::Saved;
use mmap_playground_core::session::{Import as Importer, Session};
use mmap_playground_core::trace::{Kind, Part, Sieve, recognise};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use web_sys::{File, HtmlDialogElement};
use yew::prelude::*;

/// Lines read or run between two looks at the clock.
const LINES: usize = 100;
/// What a pasted text is called.
pub(super) const PASTED: &str = "Pasted log";
/// Time at work between two frames of the screen, in milliseconds.
const SLICE: f64 = 40.0;
/// From this length on a text is not kept for another try, in bytes.
pub(super) const LONG: usize = 2_000_000;
/// What is said of texts that do not go together.
const NO_PAIR: &str = "These are not a maps text and its log.";
/// Bytes at the beginning of a file that tell whether it is text.
const LOOKED_AT: usize = 8192;

/// Where a text goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Place {
    /// Into a session of its own.
    #[default]
    Own,
    /// Behind the step where the session stands.
    Behind,
}

/// How far the window is.
#[derive(Clone, PartialEq)]
pub(super) enum Stage {
    /// Waiting for text; what went wrong before, if something did.
    Asking(Option<AttrValue>),
    /// Taking a file from the disk: the share done.
    Opening(f64),
    /// Only the beginning of the text fits.
    Cut(Rc<TooLong>),
    /// At work: reading before running, and the share done.
    Running { read: bool, share: f64 },
    /// Done: what was found.
    Done(Rc<Summary>),
}

/// More than fits.
#[derive(Clone, PartialEq)]
pub(super) struct TooLong {
    pub(super) name: AttrValue,
    /// How many there are; not known of a part.
    pub(super) bytes: Option<u64>,
    /// Whole lines at the beginning that fit.
    pub(super) lines: u64,
    /// Bytes of them.
    pub(super) fits: u64,
    /// The part that was asked for last.
    pub(super) wanted: Wanted,
    /// What is wrong with it.
    pub(super) wrong: Option<AttrValue>,
}

/// Where a text that does not fit can be read anew.
#[derive(Clone)]
enum Whole {
    File(File),
    Text(Rc<str>),
}

/// Bytes of a text that a part is taken from at once.
const PIECE: usize = 1 << 20;

/// The text being imported.
#[derive(Clone, Default)]
pub(super) struct Work {
    pub(super) text: Arc<str>,
    pub(super) name: AttrValue,
    /// The maps text that comes with it and goes below it, and its name.
    maps: Option<(Arc<str>, AttrValue)>,
    /// The process that was asked for.
    choice: Option<Choice>,
    pub(super) place: Place,
    /// The control that started it, by its selector: the focus goes back to it.
    control: Option<&'static str>,
    session: Option<Session>,
    /// What it is the beginning of, or a part.
    whole: Option<(Whole, Rc<TooLong>)>,
}

/// What the parts of the window share.
#[derive(Clone)]
pub(super) struct Importing {
    store: StoreContext,
    dialog: NodeRef,
    pub(super) stage: UseStateHandle<Stage>,
    pub(super) work: Rc<RefCell<Work>>,
    /// What waits for the text that goes with it: a log for its maps text, or the other way round.
    pub(super) waiting: Rc<RefCell<Option<Work>>>,
    /// Grows whenever something new begins: only the newest goes on.
    round: Rc<Cell<u32>>,
}

/// What the parts of the window share.
#[hook]
pub(super) fn use_importing(store: &StoreContext, dialog: &NodeRef) -> Importing {
    Importing {
        store: store.clone(),
        dialog: dialog.clone(),
        stage: use_state_eq(|| Stage::Asking(None)),
        work: use_mut_ref(Work::default),
        waiting: use_mut_ref(|| None),
        round: (*use_memo((), |()| Rc::new(Cell::new(0)))).clone(),
    }
}

impl PartialEq for Importing {
    fn eq(&self, other: &Importing) -> bool {
        Rc::ptr_eq(&self.work, &other.work)
    }
}

impl Importing {
    /// Stops what is at work.
    pub(super) fn stop(&self) {
        self.round.set(self.round.get().wrapping_add(1));
    }

    /// Stops what is at work, and asks again: for a part, if one was being read.
    pub(super) fn restart(&self) {
        self.stop();
        let mut work = self.work.borrow_mut();
        if let (Stage::Opening(_), Some((_, too_long))) = (&*self.stage, &work.whole) {
            return self.stage.set(Stage::Cut(too_long.clone()));
        }
        if let Some(waiting) = self.waiting.take() {
            *work = waiting;
        }
        if work.text.len() >= LONG || work.whole.is_some() {
            *work = Work::default(); // the memory of much is given back
        }
        drop(work);
        self.stage.set(Stage::Asking(None));
    }

    fn ask_again(&self, wrong: String) {
        self.stage.set(Stage::Asking(Some(wrong.into())));
    }

    /// Begins something new, and gives what says whether it is still the newest.
    fn begin(&self) -> impl Fn() -> bool + Clone + 'static {
        self.stop();
        let (round, mine) = (self.round.clone(), self.round.get());
        move || round.get() == mine
    }

    /// Takes what another part of the page has handed over.
    pub(super) fn take(&self, handed: Handed) {
        match handed {
            Handed::Files(files) => self.read(files),
            Handed::Text(text) => {
                // It was to run where the session stands.
                let place = if self.can_join() { Place::Behind } else { Place::Own };
                self.take_text(text, PASTED.into(), place);
            }
        }
    }

    /// Takes a text that is there already, as far as it fits.
    fn take_text(&self, text: String, name: AttrValue, place: Place) {
        self.stop();
        let mut taken = Taken::default();
        taken.take(text.as_bytes());
        let size = text.len() as u64;
        self.take_what_fits(taken, size, || Whole::Text(text.into()), name, place);
    }

    /// Starts with a text; if something of it did not fit, only when that is wanted.
    fn take_what_fits(
        &self,
        taken: Taken,
        size: u64,
        whole: impl FnOnce() -> Whole,
        name: AttrValue,
        place: Place,
    ) {
        let (cut, lines) = (taken.is_cut(), taken.lines());
        let mut work = Work { text: taken.into_text().into(), name, place, ..Work::default() };
        if !is_text(&work.text) {
            return self.ask_again(format!("{} is no text, so it is no log.", work.name));
        }
        if !cut {
            return self.start(work);
        }
        let too_long = Rc::new(TooLong {
            name: work.name.clone(),
            bytes: Some(size),
            lines,
            fits: work.text.len() as u64,
            wanted: Wanted::default(),
            wrong: None,
        });
        work.whole = Some((whole(), too_long.clone()));
        *self.work.borrow_mut() = work;
        self.stage.set(Stage::Cut(too_long));
    }

    /// Takes the beginning that fits.
    pub(super) fn take_the_beginning(&self) {
        let work = self.work.borrow().clone();
        match work.whole {
            // It was let go for a part.
            Some((_, too_long)) if work.text.is_empty() => {
                self.read_part(None, too_long.wanted.clone());
            }
            _ => self.start(Work { whole: None, ..work }),
        }
    }

    /// Reads the text that did not fit anew, and takes a part of it; without one, the beginning
    /// that fits.
    pub(super) fn read_part(&self, part: Option<Part>, wanted: Wanted) {
        let newest = self.begin();
        let Some((whole, too_long)) = self.work.borrow().whole.clone() else { return };
        let too_long = Rc::new(TooLong { wanted, ..(*too_long).clone() });
        // The beginning is let go: both together may be more than fits.
        let whole_again = Some((whole.clone(), too_long.clone()));
        let work = Work { text: "".into(), whole: whole_again, ..self.work.take() };
        *self.work.borrow_mut() = work.clone();
        self.stage.set(Stage::Opening(0.0));
        let this = self.clone();
        yew::platform::spawn_local(async move {
            let mut sieve = Sieve::new(part.unwrap_or_default());
            let (mut taken, mut passed) = (Taken::default(), Vec::new());
            let take = |bytes: &[u8], share| {
                passed.clear();
                sieve.pass(bytes, &mut passed);
                let room = newest() && taken.take(&passed);
                if room {
                    this.stage.set(Stage::Opening(share));
                }
                room
            };
            if !whole.read(take).await {
                return this.ask_again(format!("{} could not be read.", work.name));
            }
            if !newest() {
                return;
            }
            if !taken.is_cut() {
                passed.clear();
                sieve.end(&mut passed);
                taken.take(&passed);
            }
            let (cut, lines) = (taken.is_cut(), taken.lines());
            let text: Arc<str> = taken.into_text().into();
            let again = (*too_long).clone();
            if text.is_empty() {
                let many = crate::text::grouped(sieve.lines());
                let wrong = format!("None of its {many} lines is in that part.");
                let again = TooLong { wrong: Some(wrong.into()), ..again };
                this.stage.set(Stage::Cut(Rc::new(again)));
            } else if !is_text(&text) {
                this.ask_again(format!("That part of {} is no text, so it is no log.", work.name));
            } else if cut && part.is_some() {
                let fits = text.len() as u64;
                this.work.replace(Work { text, ..work });
                let again = TooLong { bytes: None, lines, fits, ..again };
                this.stage.set(Stage::Cut(Rc::new(again)));
            } else {
                this.start(Work { text, whole: None, ..work });
            }
        });
    }

    /// Says whether there is a session that a text can be added to.
    fn can_join(&self) -> bool {
        !self.store.session.is_empty()
    }

    /// Takes a text that was pasted into the window.
    pub(super) fn pasted(&self, text: String) {
        // What was read before keeps its name as long as nobody changes it.
        let name = {
            let work = self.work.borrow();
            if work.name.is_empty() || *work.text != *text {
                PASTED.into()
            } else {
                work.name.clone()
            }
        };
        self.take_text(text, name, Place::Own);
    }

    /// Runs the same text as another process.
    pub(super) fn choose(&self, choice: Choice) {
        let work = self.work.borrow().clone();
        let control = Some("input[name=pid]:checked");
        self.start(Work { choice: Some(choice), control, session: None, ..work });
    }

    /// Runs the same text at another place.
    pub(super) fn put(&self, place: Place) {
        let work = self.work.borrow().clone();
        let control = Some("input[name=place]:checked");
        self.start(Work { place, control, session: None, ..work });
    }

    /// Asks for the maps text that goes below the log that was read.
    pub(super) fn ask_for_maps(&self) {
        self.stop();
        let log = self.work.take();
        self.waiting.replace(Some(Work { session: None, ..log }));
        self.stage.set(Stage::Asking(None));
    }

    /// Goes back to the log that waits for its maps text, without one.
    pub(super) fn go_without_maps(&self) {
        if let Some(log) = self.waiting.take() {
            self.start(log);
        }
    }

    /// Reads a file and takes its text; or two, a maps text and its log.
    pub(super) fn read(&self, mut files: Vec<File>) {
        let newest = self.begin();
        if files.len() > 2 {
            return self.ask_again(NO_PAIR.to_owned());
        }
        // The smaller one first: it waits for the other.
        if files.len() == 2 && files[0].size() > files[1].size() {
            files.swap(0, 1);
        }
        self.stage.set(Stage::Opening(0.0));
        let (this, count) = (self.clone(), files.len());
        yew::platform::spawn_local(async move {
            for (index, file) in files.into_iter().enumerate() {
                let name: AttrValue = file.name().into();
                let mut taken = Taken::default();
                let take = |part: &[u8], share| {
                    let room = newest() && taken.take(part);
                    if room {
                        this.stage.set(Stage::Opening(share));
                    }
                    room
                };
                match browser::read(&file, take).await {
                    _ if !newest() => return,
                    Some(()) if index + 1 < count => {
                        let text = taken.into_text().into();
                        this.waiting.replace(Some(Work { text, name, ..Work::default() }));
                    }
                    Some(()) => {
                        let size = file.size() as u64;
                        let whole = || Whole::File(file);
                        this.take_what_fits(taken, size, whole, name, Place::Own);
                    }
                    None => return this.ask_again(format!("{name} could not be read.")),
                }
            }
        });
    }

    /// Puts a text and the one that waits for it together, if one of them is a maps text and the
    /// other one is not.
    fn pair(&self, work: Work) -> Option<Work> {
        let Some(waiting) = self.waiting.take() else { return Some(work) };
        let is_maps = |work: &Work| recognise(&work.text) == Kind::Maps;
        let (maps, log) = match (is_maps(&waiting), is_maps(&work)) {
            (true, false) => (waiting, work),
            (false, true) => (work, waiting),
            _ => {
                self.ask_again(NO_PAIR.to_owned());
                self.waiting.replace(Some(waiting));
                return None;
            }
        };
        Some(Work { maps: Some((maps.text, maps.name)), ..log })
    }

    /// Reads and runs a text, a slice after the other.
    fn start(&self, work: Work) {
        let newest = self.begin();
        let Some(work) = self.pair(work) else { return };
        self.stage.set(Stage::Running { read: false, share: 0.0 });
        if Saved::looks_like(&work.text) {
            return self.restore(work.text, newest);
        }
        *self.work.borrow_mut() = work.clone();
        let (this, session) = (self.clone(), self.store.session.clone());
        yew::platform::spawn_local(async move {
            browser::next_frame().await;
            if !newest() {
                return;
            }
            let kind = recognise(&work.text);
            let mut maps_wrong = None;
            let below = work.maps.as_ref().map(|(text, name)| {
                let below = Importer::new(text.clone());
                maps_wrong = below.diagnostics().first().map(|wrong| format!("{name}: {wrong}"));
                below.finish()
            });
            let joins = kind != Kind::Maps && below.is_none() && this.can_join();
            // A log belongs on top of a maps text that was imported right before it.
            let waits = session.waits_for_log() && kind != Kind::Maps;
            let on_top = waits || below.is_some();
            let mut importer = match (work.place, below) {
                (_, Some(below)) => Importer::onto(below, work.text.clone()),
                (Place::Behind, _) if joins => Importer::onto(session, work.text.clone()),
                _ if waits => Importer::onto(session, work.text.clone()),
                _ => Importer::new(work.text.clone()),
            };
            if let Some(choice) = work.choice {
                importer.choose(choice);
            }
            while !importer.is_done() {
                let until = browser::now() + SLICE;
                let mut progress = importer.advance(LINES);
                while !importer.is_done() && browser::now() < until {
                    progress = importer.advance(LINES);
                }
                let share = progress.done as f64 / progress.total.max(1) as f64;
                this.stage.set(Stage::Running { read: importer.is_read(), share });
                browser::next_frame().await;
                if !newest() {
                    return;
                }
            }
            let mut summary = Summary::of(&importer, joins.then_some(work.place), on_top);
            summary.control = work.control;
            summary.maps_wrong = maps_wrong.map(Into::into);
            this.work.borrow_mut().session = Some(importer.finish());
            this.stage.set(Stage::Done(Rc::new(summary)));
        });
    }

    /// Has a saved session back, and closes the window.
    fn restore(&self, text: Arc<str>, newest: impl Fn() -> bool + 'static) {
        let this = self.clone();
        yew::platform::spawn_local(async move {
            let goes_on = |share| {
                if newest() {
                    this.stage.set(Stage::Running { read: true, share });
                }
                newest()
            };
            let came = match Saved::from_text(&text) {
                Ok(saved) => incoming::run(saved, goes_on).await,
                Err(error) => Err(error),
            };
            if !newest() {
                return;
            }
            match came {
                Ok(came) => {
                    let Came { session, title, view, .. } = came;
                    let title = title.map(Into::into);
                    let restored = Restored { session, title, view, slot: None };
                    this.dispatcher().dispatch(Action::Restore(Box::new(restored)));
                    this.close();
                }
                Err(error) => {
                    this.ask_again(format!("The saved session cannot be opened: {error}."))
                }
            }
        });
    }

    /// Makes what was found the session, or a part of it, and closes the window.
    pub(super) fn accept(&self) {
        let Stage::Done(summary) = &*self.stage else { return };
        let mut work = self.work.borrow_mut();
        let Some(session) = work.session.take() else { return };
        let trouble = troubles(&work.text, &summary.diagnostics);
        let given = work.maps.as_ref().map(|(_, name)| name);
        let below = given.or(self.store.title.as_ref()).filter(|_| summary.on_maps);
        let title = below
            .map_or_else(|| work.name.clone(), |maps| format!("{} on {maps}", work.name).into());
        let action = match summary.place {
            Some(Place::Behind) => Action::Append(Box::new(session), Rc::new(trouble)),
            _ => Action::Load(Box::new(Loaded { session, title, trouble })),
        };
        self.dispatcher().dispatch(action);
        self.close();
    }

    fn dispatcher(&self) -> UseReducerDispatcher<Store> {
        self.store.dispatcher()
    }

    /// Closed by the browser, so that the focus goes back to where it was.
    fn close(&self) {
        if let Some(dialog) = self.dialog.cast::<HtmlDialogElement>() {
            dialog.close();
        }
    }
}

impl Whole {
    /// Gives it all, piece by piece with the share done, as long as more is taken; says whether it
    /// could be read.
    async fn read(&self, mut take: impl FnMut(&[u8], f64) -> bool) -> bool {
        match self {
            Whole::File(file) => browser::read(file, take).await.is_some(),
            Whole::Text(text) => {
                let mut done = 0;
                for piece in text.as_bytes().chunks(PIECE) {
                    done += piece.len();
                    if !take(piece, done as f64 / text.len() as f64) {
                        break;
                    }
                    browser::next_frame().await;
                }
                true
            }
        }
    }
}

/// Says whether what was read from a file is text: no NUL, and little that is no UTF-8.
fn is_text(text: &str) -> bool {
    let start = || text.chars().take(LOOKED_AT);
    let replaced = start().filter(|letter| *letter == char::REPLACEMENT_CHARACTER).count();
    !start().any(|letter| letter == '\0') && replaced * 10 <= start().count()
}
