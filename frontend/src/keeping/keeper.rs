//! Who keeps: saves snapshots one after the other, the newest only, and tries again after a failure.

use super::journal;
use super::shelf::{Entry, Found, Record, Shelf};
use crate::browser;
use crate::incoming::Came;
use crate::store::Store;
use mmap_playground_core::saved::{Saved, View};
use mmap_playground_core::session::{Session, Source};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Time until a failed save is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// What is told when two windows have gone on with one session.
const TWO_WINDOWS: &str = "Another window went on with this session. Both are kept: what this \
    window makes of it is a session of its own from here.";

/// How keeping stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Status {
    /// There is nothing to keep.
    Nothing,
    /// A save is under way.
    Saving,
    /// All is saved.
    Saved,
    /// It could not be saved; why.
    Failed(String),
}

impl Status {
    /// Its word in attributes.
    pub const fn word(&self) -> &'static str {
        match self {
            Status::Nothing => "nothing",
            Status::Saving => "saving",
            Status::Saved => "saved",
            Status::Failed(_) => "failed",
        }
    }
}

/// What is to be kept: as cheap to take as a session is to clone.
#[derive(Clone)]
pub struct Snapshot {
    slot: u32,
    session: Session,
    name: String,
    titled: bool,
    view: View,
}

impl Snapshot {
    /// What is to be kept of the page as it is now.
    pub fn of(store: &Store) -> Snapshot {
        Snapshot {
            slot: store.slot,
            session: store.session.clone(),
            name: store.name(),
            titled: store.title.is_some(),
            view: store.view(),
        }
    }

    fn is_empty(&self) -> bool {
        self.session.is_empty()
            && self.session.branches().len() == 1
            && self.session.initial_maps().is_none()
    }
}

/// What is known of a session in the database.
struct Slot {
    id: String,
    /// When it was saved last; nothing if it is not there yet.
    changed: Option<f64>,
    /// Its texts, by where they lie in memory; they are held, so that nothing else comes to lie
    /// there.
    texts: HashMap<*const Source, Text>,
    next: u32,
}

/// A text of a session in the database.
struct Text {
    number: u32,
    source: Arc<Source>,
    /// A save that had it has succeeded.
    there: bool,
}

impl Slot {
    fn new() -> Slot {
        Slot { id: browser::unique(), changed: None, texts: HashMap::new(), next: 0 }
    }
}

/// Texts by their numbers.
type Texts = Vec<(u32, Arc<str>)>;

/// Who keeps.
pub struct Keeper {
    shelf: RefCell<Option<Rc<Shelf>>>,
    slots: RefCell<HashMap<u32, Slot>>,
    /// What is to be saved next: of each session the newest, by its number.
    waiting: RefCell<BTreeMap<u32, Snapshot>>,
    busy: Cell<bool>,
    /// The last save failed: that stands until one succeeds.
    failing: Cell<bool>,
    /// The first save waits until it is known what was kept before.
    ready: Cell<bool>,
    next_slot: Cell<u32>,
    /// The session that is shown.
    shown: Cell<u32>,
    report: Box<dyn Fn(Status)>,
    /// Tells a person what else there is to know.
    tell: Box<dyn Fn(&'static str)>,
}

impl PartialEq for Keeper {
    fn eq(&self, other: &Keeper) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Keeper {
    /// Keeps, reports how it stands, and tells what a person should know besides.
    pub fn new(
        report: impl Fn(Status) + 'static,
        tell: impl Fn(&'static str) + 'static,
    ) -> Rc<Keeper> {
        Rc::new(Keeper {
            shelf: RefCell::default(),
            slots: RefCell::default(),
            waiting: RefCell::default(),
            busy: Cell::new(false),
            failing: Cell::new(false),
            ready: Cell::new(false),
            // Numbers below are the store's own, for sessions that are new.
            next_slot: Cell::new(1 << 16),
            shown: Cell::new(0),
            report: Box::new(report),
            tell: Box::new(tell),
        })
    }

    /// Opens the database.
    ///
    /// # Errors
    ///
    /// In words for a person.
    pub async fn open(&self) -> Result<(), String> {
        let opened = self.shelf().await.map(drop);
        if let Err(wrong) = &opened {
            self.failing.set(true);
            (self.report)(Status::Failed(wrong.clone()));
        }
        self.ready.set(true);
        opened
    }

    async fn shelf(&self) -> Result<Rc<Shelf>, String> {
        if let Some(shelf) = &*self.shelf.borrow() {
            return Ok(shelf.clone());
        }
        let shelf = Rc::new(Shelf::open().await?);
        *self.shelf.borrow_mut() = Some(shelf.clone());
        Ok(shelf)
    }

    /// All kept sessions, the newest first.
    ///
    /// # Errors
    ///
    /// In words for a person.
    pub async fn list(&self) -> Result<Vec<Entry>, String> {
        self.shelf().await?.list().await
    }

    /// The key of the session that was saved last, if there is one that can be read.
    pub async fn newest(&self) -> Option<String> {
        let entries = self.list().await.ok()?;
        entries.into_iter().next().map(|entry| entry.id)
    }

    /// Reads a kept session.
    ///
    /// # Errors
    ///
    /// In words for a person.
    pub async fn read(&self, id: &str) -> Result<Option<Found>, String> {
        self.shelf().await?.read(id).await
    }

    /// Deletes a kept session.
    ///
    /// # Errors
    ///
    /// In words for a person.
    pub async fn delete(&self, id: &str) -> Result<(), String> {
        self.shelf().await?.delete(id).await
    }

    /// Puts a session down under a name of its own: a copy, or one that was deleted.
    ///
    /// # Errors
    ///
    /// In words for a person.
    pub async fn put(&self, saved: &Saved, name: &str, steps: usize) -> Result<(), String> {
        let texts: Texts = (0..).zip(saved.texts.iter().map(|text| text.text.clone())).collect();
        let mut saved = saved.clone();
        saved.title = Some(name.to_owned());
        let numbers = texts.iter().map(|(number, _)| *number).collect();
        let record = record(&browser::unique(), name, steps, saved, numbers);
        self.shelf().await?.write(&record, &texts, None).await.map(drop)
    }

    /// Gives a kept session another name.
    ///
    /// # Errors
    ///
    /// In words for a person.
    pub async fn rename(&self, id: &str, name: &str) -> Result<(), String> {
        let shelf = self.shelf().await?;
        let Some((entry, mut saved, numbers)) = shelf.read(id).await? else { return Ok(()) };
        saved.title = Some(name.to_owned());
        let record = record(id, name, entry.steps, saved, numbers);
        shelf.write(&record, &[], Some(entry.changed)).await.map(drop)
    }

    /// The key under which a session of the store is kept.
    pub fn id_of(&self, slot: u32) -> Option<String> {
        self.slots.borrow().get(&slot).map(|slot| slot.id.clone())
    }

    /// Gives a session that came back its number, and notes what of it is in the database.
    pub fn take_up(&self, came: &Came, kept: Option<(Entry, Vec<u32>)>) -> u32 {
        let number = self.next_slot.get();
        self.next_slot.set(number.wrapping_add(1));
        if let Some((entry, numbers)) = kept {
            let texts = numbers.iter().copied().zip(&came.sources);
            let slot = Slot {
                id: entry.id,
                changed: Some(entry.changed),
                next: numbers.iter().max().map_or(0, |most| most + 1),
                texts: texts
                    .map(|(number, source)| {
                        let text = Text { number, source: source.clone(), there: true };
                        (Arc::as_ptr(source), text)
                    })
                    .collect(),
            };
            journal::set_current(Some(&slot.id));
            self.slots.borrow_mut().insert(number, slot);
        }
        number
    }

    /// Saves, now or as soon as what is being saved is done.
    pub fn save(self: &Rc<Self>, snapshot: Snapshot) {
        self.shown.set(snapshot.slot);
        if snapshot.is_empty() && !self.slots.borrow().contains_key(&snapshot.slot) {
            if self.ready.get() {
                journal::set_current(None);
            }
            return;
        }
        self.waiting.borrow_mut().insert(snapshot.slot, snapshot);
        self.start();
    }

    fn start(self: &Rc<Self>) {
        if !self.busy.replace(true) {
            if !self.failing.get() {
                (self.report)(Status::Saving);
            }
            let keeper = self.clone();
            yew::platform::spawn_local(async move { keeper.work().await });
        }
    }

    /// Tries again at once.
    pub fn try_again(self: &Rc<Self>, store: &Store) {
        self.save(Snapshot::of(store));
    }

    async fn work(self: Rc<Self>) {
        let mut last = Status::Saved;
        loop {
            let Some((slot, snapshot)) = self.waiting.borrow_mut().pop_first() else { break };
            if let Err(wrong) = self.write(&snapshot).await {
                last = Status::Failed(wrong);
                // A newer one may have come meanwhile.
                self.waiting.borrow_mut().entry(slot).or_insert(snapshot);
                break;
            }
        }
        self.busy.set(false);
        let failed = matches!(last, Status::Failed(_));
        self.failing.set(failed);
        (self.report)(last);
        if failed {
            yew::platform::time::sleep(AGAIN).await;
            if !self.waiting.borrow().is_empty() {
                self.start();
            }
        } else {
            journal::clear();
        }
    }

    async fn write(&self, snapshot: &Snapshot) -> Result<(), String> {
        let shelf = self.shelf().await?;
        let (mut record, mut texts, known) = self.prepared(snapshot);
        let mut written = shelf.write(&record, &texts, known).await?;
        let number = snapshot.slot;
        if !written {
            // Another window went on with it: this one's goes on as a session of its own.
            self.slots.borrow_mut().insert(number, Slot::new());
            (record, texts, _) = self.prepared(snapshot);
            written = shelf.write(&record, &texts, None).await?;
            (self.tell)(TWO_WINDOWS);
        }
        if !written {
            return Err("another window keeps changing it".to_owned());
        }
        if let Some(slot) = self.slots.borrow_mut().get_mut(&number) {
            slot.changed = Some(record.entry.changed);
            let sent: HashSet<u32> = texts.iter().map(|(number, _)| *number).collect();
            for text in slot.texts.values_mut().filter(|text| sent.contains(&text.number)) {
                text.there = true;
            }
        }
        if self.shown.get() == number {
            journal::set_current(Some(&record.entry.id));
        }
        Ok(())
    }

    /// The record of a snapshot, the texts that the database lacks, and when it was saved last.
    fn prepared(&self, snapshot: &Snapshot) -> (Record, Texts, Option<f64>) {
        let (mut saved, sources) = Saved::with_sources(&snapshot.session);
        saved.title = snapshot.titled.then(|| snapshot.name.clone());
        saved.view = snapshot.view.clone();
        let mut slots = self.slots.borrow_mut();
        let slot = slots.entry(snapshot.slot).or_insert_with(Slot::new);
        let (mut numbers, mut texts) = (Vec::with_capacity(sources.len()), Vec::new());
        for source in sources {
            let next = slot.next;
            let text = slot.texts.entry(Arc::as_ptr(&source)).or_insert_with(|| {
                slot.next += 1;
                Text { number: next, source, there: false }
            });
            if !text.there {
                texts.push((text.number, text.source.text.clone()));
            }
            numbers.push(text.number);
        }
        let record = record(&slot.id, &snapshot.name, snapshot.session.len(), saved, numbers);
        (record, texts, slot.changed)
    }
}

fn record(id: &str, name: &str, steps: usize, mut saved: Saved, texts: Vec<u32>) -> Record {
    for text in &mut saved.texts {
        text.text = Arc::from("");
    }
    let entry =
        Entry { id: id.to_owned(), name: name.to_owned(), changed: browser::clock(), steps };
    Record { entry, outline: saved.to_text(), texts }
}
