//! What is about to run, written down before it runs. A few hundred bytes in the browser's simple
//! storage, which is written at once.

use crate::browser;
use mmap_playground_core::limits::JOURNAL_BYTES;
use mmap_playground_core::session::Session;

const KEY: &str = "mmap-playground.journal";
const CURRENT: &str = "mmap-playground.session";
/// Stands in front of an entry that was tried again.
const TRIED: &str = "tried ";

/// A text, and where it was about to run: branch, steps before it, steps of the branch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Branch, position and length.
    pub place: (usize, usize, usize),
    /// The text.
    pub text: String,
}

/// What the journal holds.
#[derive(PartialEq, Eq, Debug)]
pub enum Found {
    /// Nothing: all that ran is saved.
    Nothing,
    /// A text that did not get to be saved.
    Text(Entry),
    /// A text that has been tried again already, and ended the page again.
    Lost(String),
}

/// Where a session stands.
pub fn place(session: &Session) -> (usize, usize, usize) {
    (session.active_branch(), session.position(), session.len())
}

/// Writes down what is about to run.
pub fn note(session: &Session, text: &str) {
    if text.len() <= JOURNAL_BYTES {
        let (branch, position, length) = place(session);
        browser::store(KEY, &format!("{branch} {position} {length}\n{text}"));
    }
}

/// All that ran is saved.
pub fn clear() {
    browser::forget(KEY);
}

/// Takes the entry out, to be tried once.
pub fn take() -> Found {
    let Some(kept) = browser::stored(KEY) else { return Found::Nothing };
    if let Some(lost) = kept.strip_prefix(TRIED) {
        clear();
        return Found::Lost(read(lost).map(|entry| entry.text).unwrap_or_default());
    }
    match read(&kept) {
        Some(entry) => {
            browser::store(KEY, &format!("{TRIED}{kept}"));
            Found::Text(entry)
        }
        None => {
            clear();
            Found::Nothing
        }
    }
}

fn read(kept: &str) -> Option<Entry> {
    let (place, text) = kept.split_once('\n')?;
    let mut numbers = place.split(' ').map(str::parse::<usize>);
    let mut next = || numbers.next()?.ok();
    Some(Entry { place: (next()?, next()?, next()?), text: text.to_owned() })
}

/// Which session a page that is opened shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Current {
    /// The one that this tab has shown.
    This(String),
    /// None: this tab has begun a new one.
    New,
    /// The tab is new: the one that was saved last.
    Newest,
}

/// Which session to show.
pub fn current() -> Current {
    match browser::stored_in_tab(CURRENT) {
        Some(id) if id.is_empty() => Current::New,
        Some(id) => Current::This(id),
        None => Current::Newest,
    }
}

/// Notes which session this tab shows; nothing for one that is not kept yet.
pub fn set_current(id: Option<&str>) {
    browser::store_in_tab(CURRENT, id.unwrap_or_default());
}
