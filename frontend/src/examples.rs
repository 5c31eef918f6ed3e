//! The examples that come with the page.

use crate::store::{Action, Loaded, troubles};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::session::Session;

/// An example: a trace, perhaps on top of a maps text.
#[derive(PartialEq, Debug)]
pub struct Example {
    /// Its name in ids.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it shows.
    pub summary: &'static str,
    /// The text of `/proc/PID/maps` that it starts from; empty for an empty address space.
    pub maps: &'static str,
    /// The trace.
    pub trace: &'static str,
}

/// All of them, in the order of the menu.
pub static EXAMPLES: &[Example] = &[
    Example {
        id: "split",
        title: "Split a mapping",
        summary: "One VMA becomes three, and one again; a hole that is no error",
        maps: "",
        trace: include_str!("../examples/split.trace"),
    },
    Example {
        id: "sigsegv",
        title: "Two ways to SIGSEGV",
        summary: "Nothing mapped there, or mapped without the right",
        maps: "",
        trace: include_str!("../examples/sigsegv.trace"),
    },
    Example {
        id: "malloc",
        title: "malloc becomes mmap and mprotect",
        summary: "the allocator liballoc asks for 16 pages; an overrun kills a header",
        maps: "",
        trace: include_str!("../examples/malloc.trace"),
    },
    Example {
        id: "file",
        title: "A file, private and shared",
        summary: "Copy-on-write beside writes that reach the file, and SIGBUS behind its end",
        maps: "",
        trace: include_str!("../examples/file.trace"),
    },
    Example {
        id: "ls",
        title: "A real program: ls",
        summary: "Every memory call of /usr/bin/ls on Linux, from strace",
        maps: include_str!("../examples/ls.maps"),
        trace: include_str!("../examples/ls.strace"),
    },
];

/// The action that loads an example, run to its end.
pub fn load(example: &Example) -> Action {
    let (mut session, _) = if example.maps.is_empty() {
        (Session::new(Machine::default()), Vec::new())
    } else {
        Session::start_from_maps(example.maps)
    };
    let report = session.run(example.trace);
    let trouble = troubles(example.trace, &report.diagnostics);
    Action::Load(Box::new(Loaded { session, title: example.title.into(), trouble }))
}
