//! What was typed in the console, for the arrow keys; kept for the next visit.

use crate::browser;
use crate::store::Place;

/// Where the entries are kept in the browser.
const KEY: &str = "mmap-playground.history";
/// How many entries are kept.
const MOST: usize = 200;
/// From this length on a text is no entry, in bytes.
const LONG: usize = 4000;
/// Stands between entries, which may have several lines.
const BETWEEN: char = '\u{1e}';

/// What was typed before, and where the arrow keys stand in it.
#[derive(Debug, Default)]
pub struct History {
    entries: Vec<String>,
    /// How many entries back; 0 at what is being typed.
    back: usize,
    unfinished: String,
    keeps: bool,
}

impl History {
    /// That of the last visit; empty where the browser keeps nothing, and in figures.
    pub fn kept_in(place: Place) -> History {
        let keeps = !place.is_figure();
        let text = keeps.then(|| browser::stored(KEY)).flatten().unwrap_or_default();
        History { keeps, ..History::from_text(&text) }
    }

    fn from_text(text: &str) -> History {
        let entries = text.split(BETWEEN).filter(|entry| !entry.is_empty()).map(str::to_owned);
        History { entries: entries.collect(), ..History::default() }
    }

    /// Adds an entry and keeps all of them.
    pub fn push(&mut self, text: &str) {
        if self.add(text) && self.keeps {
            browser::store(KEY, &self.entries.join(&BETWEEN.to_string()));
        }
    }

    fn add(&mut self, text: &str) -> bool {
        self.back = 0;
        let known = self.entries.last().is_some_and(|last| last == text);
        if known || text.is_empty() || text.len() > LONG || text.contains(BETWEEN) {
            return false;
        }
        self.entries.push(text.to_owned());
        let over = self.entries.len().saturating_sub(MOST);
        self.entries.drain(..over);
        true
    }

    /// The entry before; remembers what is being typed.
    pub fn earlier(&mut self, current: &str) -> Option<String> {
        if self.back == 0 {
            current.clone_into(&mut self.unfinished);
        }
        let index = self.entries.len().checked_sub(self.back + 1)?;
        self.back += 1;
        self.entries.get(index).cloned()
    }

    /// The entry behind; after the last one what was being typed.
    pub fn later(&mut self) -> Option<String> {
        self.back = self.back.checked_sub(1)?;
        if self.back == 0 {
            return Some(std::mem::take(&mut self.unfinished));
        }
        self.entries.get(self.entries.len() - self.back).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_walks_back_and_returns_to_what_was_unfinished() {
        let mut history = History::from_text("one\u{1e}two");
        assert_eq!(history.earlier("thr").as_deref(), Some("two"));
        assert_eq!(history.earlier("two").as_deref(), Some("one"));
        assert_eq!(history.earlier("one"), None);
        assert_eq!(history.later().as_deref(), Some("two"));
        assert_eq!(history.later().as_deref(), Some("thr"));
        assert_eq!(history.later(), None);
    }

    #[test]
    fn entries_are_few_short_and_differ_from_the_one_before() {
        let mut history = History::default();
        assert!(history.add("one\ntwo") && !history.add("one\ntwo"));
        assert!(
            !history.add("") && !history.add(&"x".repeat(LONG + 1)) && !history.add("a\u{1e}b")
        );
        for number in 0..MOST {
            history.add(&number.to_string());
        }
        assert_eq!((history.entries.len(), history.entries[0].as_str()), (MOST, "0"));
    }
}
