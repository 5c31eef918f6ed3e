//! A session as text, to be kept, sent in a link, or written to a file.
//!
//! What is kept is what was run, not what came of it: the texts, and for each branch which of their
//! lines it runs. Running them again gives the same session, byte for byte. The form is JSON with a
//! version:
//!
//! ```json
//! {"format": "mmap-playground session", "version": 1, "title": null, "maps": null, "heap": null,
//!  "texts": [{"text": "malloc(8)\nmalloc(9)", "choice": "unnamed"}],
//!  "branches": [{"name": "Main", "from": null, "parts": [{"text": 0, "line": 0, "steps": 2}]}],
//!  "active": 0, "position": 2, "view": {"cursor": null, "selection": null, "panel": null}}
//! ```
//!
//! A branch begins with the steps that it shares with an earlier one (`from`: that branch and how
//! many steps), then come its `parts`: so many steps of a text, from one of its lines on. It is a
//! stranger's text when it comes back: nothing in it is believed, see [`Restore`].

mod link;
mod restore;

pub use link::{from_link, text_from_link, text_to_link, to_link};
pub use restore::Restore;

use crate::address::Address;
use crate::heap::HeapSetting;
use crate::limits::SAVED_BYTES;
use crate::machine::Machine;
use crate::report::Choice;
use crate::session::{Session, Source};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What the form is called.
const FORMAT: &str = "mmap-playground session";
/// The version that is written, and the only one that is read.
const VERSION: u64 = 1;

/// A session as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Saved {
    /// What it is called.
    pub title: Option<String>,
    /// The `/proc/PID/maps` text that it starts from.
    pub maps: Option<Arc<str>>,
    /// The allocator, as a trace asks for it (`boundary-tags 32`); nothing for the usual one.
    #[serde(default)]
    pub heap: Option<String>,
    /// The processor has protection keys.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protection_keys: bool,
    /// How many mappings a process may have, where that is not the usual number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_map_count: Option<u64>,
    /// The texts that were run.
    pub texts: Vec<SavedText>,
    /// The branches; there is one at least.
    pub branches: Vec<SavedBranch>,
    /// The branch shown.
    pub active: usize,
    /// How many of its steps lie before the state shown.
    pub position: usize,
    /// Where one looks.
    #[serde(default)]
    pub view: View,
}

/// A text that was run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SavedText {
    /// The text.
    pub text: Arc<str>,
    /// The process whose lines ran.
    pub choice: Choice,
}

/// A branch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SavedBranch {
    /// Its name.
    pub name: String,
    /// An earlier branch, and how many of its steps this one begins with.
    pub from: Option<(usize, usize)>,
    /// What it runs behind those.
    pub parts: Vec<Part>,
}

/// Some steps of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// Number of the text.
    pub text: usize,
    /// The first line, as an index among those that the text is read as.
    pub line: usize,
    /// How many steps.
    pub steps: usize,
}

/// Where one looks, as far as it belongs to a session.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The address that is looked at.
    pub cursor: Option<Address>,
    /// Start and end of the pages that are selected.
    pub selection: Option<(Address, Address)>,
    /// The panel that is in front where there is room for one only.
    pub panel: Option<String>,
}

/// Why a saved session cannot be had back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SavedError {
    /// It is no saved session at all.
    NoSession,
    /// It was written in another version of the form.
    Version(u64),
    /// A part is missing or was altered; what does not fit.
    Damaged(String),
    /// It holds more of something than is read: `256 MiB`, say.
    TooMuch(String),
}

impl SavedError {
    /// It has more bytes than so many.
    fn too_long(most: usize) -> SavedError {
        SavedError::TooMuch(format!("{} MiB", most >> 20))
    }
}

impl fmt::Display for SavedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SavedError::NoSession => f.write_str("it is no saved session"),
            SavedError::Version(found) if *found > VERSION => write!(
                f,
                "it was saved by a newer version of this page (form {found}; this one reads {VERSION}): load the page again"
            ),
            SavedError::Version(found) => {
                write!(f, "it was saved in form {found}, which this page no longer reads")
            }
            SavedError::Damaged(what) => write!(f, "it is cut short or was altered: {what}"),
            SavedError::TooMuch(most) => write!(f, "it holds more than {most}"),
        }
    }
}

impl std::error::Error for SavedError {}

/// What stands in front of the rest, and decides how that is read.
#[derive(Serialize, Deserialize)]
struct Heading {
    format: String,
    version: u64,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    heading: Heading,
    #[serde(flatten)]
    saved: &'a Saved,
}

impl Saved {
    /// A session as it is kept; title and view are for the caller to fill in.
    pub fn of(session: &Session) -> Saved {
        Saved::with_sources(session).0
    }

    /// The same, and the texts as the session holds them, so that one may know them again.
    pub fn with_sources(session: &Session) -> (Saved, Vec<Arc<Source>>) {
        let mut sources = Sources::default();
        let mut branches = Vec::with_capacity(session.branches.len());
        for (index, branch) in session.branches.iter().enumerate() {
            let from = session.parent_of(index);
            let shared = from.map_or(0, |(_, shared)| shared);
            let before = shared.checked_sub(1).and_then(|last| branch.steps.get(last));
            let mut parts: Vec<Part> = Vec::new();
            for (start, steps) in branch.runs(shared) {
                let Some(first) = branch.steps.get(start) else { continue };
                let source = first.at.source();
                // The first run may go on with the text of the steps that are shared.
                let goes_on = before.filter(|it| start == shared && it.is_of(source));
                let line = goes_on.map_or(0, |last| last.at.ordinal() + 1);
                parts.push(Part { text: sources.number(source), line, steps });
            }
            branches.push(SavedBranch { name: branch.name.to_string(), from, parts });
        }
        let text =
            |source: &Arc<Source>| SavedText { text: source.text.clone(), choice: source.choice };
        let saved = Saved {
            title: None,
            maps: session.maps.clone(),
            heap: Some(session.heap_setting())
                .filter(|setting| *setting != HeapSetting::default())
                .map(|setting| setting.to_string()),
            protection_keys: session.has_protection_keys(),
            max_map_count: Some(session.process().kernel.machine.max_map_count)
                .filter(|limit| *limit != Machine::default().max_map_count),
            texts: sources.list.iter().map(text).collect(),
            branches,
            active: session.active,
            position: session.position(),
            view: View::default(),
        };
        (saved, sources.list)
    }

    /// Writes it.
    pub fn to_text(&self) -> String {
        let heading = Heading { format: FORMAT.to_owned(), version: VERSION };
        serde_json::to_string(&Whole { heading, saved: self }).unwrap_or_default()
    }

    /// Says whether a text looks like a saved session, so that an import can tell.
    pub fn looks_like(text: &str) -> bool {
        let start = text.trim_start_matches('\u{feff}').trim_start();
        start.starts_with('{') && start.get(..200).unwrap_or(start).contains(FORMAT)
    }

    /// Reads what [`Saved::to_text`] wrote.
    ///
    /// # Errors
    ///
    /// It is none, of another version, damaged, or too long.
    pub fn from_text(text: &str) -> Result<Saved, SavedError> {
        if text.len() > SAVED_BYTES {
            return Err(SavedError::too_long(SAVED_BYTES));
        }
        let text = text.trim_start_matches('\u{feff}');
        let damaged = |error: serde_json::Error| SavedError::Damaged(error.to_string());
        let heading: Heading = match serde_json::from_str(text) {
            Ok(heading) => heading,
            Err(error) if Saved::looks_like(text) => return Err(damaged(error)),
            Err(_) => return Err(SavedError::NoSession),
        };
        if heading.format != FORMAT {
            return Err(SavedError::NoSession);
        }
        if heading.version != VERSION {
            return Err(SavedError::Version(heading.version));
        }
        serde_json::from_str(text).map_err(damaged)
    }

    /// Runs it all again, in one go; see [`Restore`] for slices.
    ///
    /// # Errors
    ///
    /// It does not fit together.
    pub fn restore(self) -> Result<Session, SavedError> {
        let mut restore = Restore::new(self)?;
        while !restore.is_done() {
            restore.advance(usize::MAX);
        }
        restore.finish()
    }
}

/// The texts of a session, numbered as they are met.
#[derive(Default)]
struct Sources {
    numbers: HashMap<*const Source, usize>,
    list: Vec<Arc<Source>>,
}

impl Sources {
    fn number(&mut self, source: &Arc<Source>) -> usize {
        let next = self.list.len();
        let number = *self.numbers.entry(Arc::as_ptr(source)).or_insert(next);
        if number == next {
            self.list.push(source.clone());
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::state::State;

    fn json(session: &Session) -> String {
        serde_json::to_string(&State::of(session.process())).unwrap()
    }

    /// A session with three branches, one of whose parents is forgotten.
    fn branched() -> Session {
        let mut session = Session::new(Machine::default());
        session.run("# first\na = malloc(8)\nb = malloc(16)\nload(0)\nfree(a)\nwhat(1) = 2");
        session.go_to(2);
        session.run("free(b)");
        session.switch_branch(0, 4);
        session.run("brk(0)\nbrk(0)");
        session.remove_branch(0);
        session.go_to(5);
        session
    }

    #[test]
    fn a_session_comes_back_as_it_was() {
        let session = branched();
        let text = Saved::of(&session).to_text();
        let again = Saved::from_text(&text).unwrap().restore().unwrap();
        assert_eq!(json(&again), json(&session));
        assert_eq!(again.branches(), session.branches());
        assert_eq!((again.position(), again.script()), (5, session.script()));
        assert_eq!(Saved::of(&again).to_text(), text);
    }

    #[test]
    fn the_form_is_the_one_that_is_told() {
        let mut session = Session::new(Machine::default());
        session.run("malloc(8)\nmalloc(9)");
        assert_eq!(
            Saved::of(&session).to_text(),
            "{\"format\":\"mmap-playground session\",\"version\":1,\"title\":null,\"maps\":null,\"heap\":null,\
             \"texts\":[{\"text\":\"malloc(8)\\nmalloc(9)\",\"choice\":\"unnamed\"}],\
             \"branches\":[{\"name\":\"Main\",\"from\":null,\"parts\":[{\"text\":0,\"line\":0,\"steps\":2}]}],\
             \"active\":0,\"position\":2,\"view\":{\"cursor\":null,\"selection\":null,\"panel\":null}}"
        );
    }

    #[test]
    fn a_maps_text_and_a_chosen_process_come_back() {
        let maps = "10000-20000 rw-p 00000000 00:00 0 \n";
        let (session, _) = Session::start_from_maps(maps);
        let log =
            "7 brk(0) = 0x555555559000\n8 munmap(0x10000, 4096) = 0\n7 brk(0) = 0x555555559000\n";
        let mut import = crate::session::Import::onto(session, log);
        import.choose(Choice::Pid(8));
        while !import.is_done() {
            import.advance(1);
        }
        let session = import.finish();
        assert_eq!(session.len(), 1);
        let again = Saved::from_text(&Saved::of(&session).to_text()).unwrap().restore().unwrap();
        assert_eq!((again.initial_maps(), json(&again)), (Some(maps), json(&session)));
    }

    #[test]
    fn what_is_no_session_of_this_version_is_told() {
        for (text, error) in [
            ("", SavedError::NoSession),
            ("brk(0)", SavedError::NoSession),
            ("{}", SavedError::NoSession),
            ("{\"format\":\"other\",\"version\":1}", SavedError::NoSession),
            ("{\"format\":\"mmap-playground session\",\"version\":0}", SavedError::Version(0)),
            ("{\"format\":\"mmap-playground session\",\"version\":9}", SavedError::Version(9)),
        ] {
            assert_eq!(Saved::from_text(text), Err(error), "{text}");
        }
        let text = Saved::of(&branched()).to_text();
        for end in 1..text.len() {
            let found = Saved::from_text(&text[..end]);
            assert!(
                matches!(found, Err(SavedError::Damaged(_) | SavedError::NoSession)),
                "{end}: {found:?}"
            );
        }
    }
}
