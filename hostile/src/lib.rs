//! What strangers may send the playground, and what must hold whatever they send.
//!
//! Each [`Target`] takes any bytes at all: makes of them what its door takes (a trace, a log, a
//! link, calls), puts that through the model, and asserts what must hold. It panics if that does
//! not hold, and takes milliseconds at most. The same functions are run by libFuzzer (`fuzz/`,
//! `cargo xtask fuzz`) on the nightly compiler, and by a test here on the stable one: over the
//! corpus, over every input that ever found a fault, and over random changes of both.

mod calls;
mod heap;
mod lessons;
mod links;
mod logs;
mod maps;
mod mutate;
mod saved;
mod session;
mod text;
mod trace;

pub use mutate::Mutator;

use mmap_playground_core as model;
use mmap_playground_core::machine::Machine;
use mmap_playground_core::session::Session;
use mmap_playground_core::state::State;
use std::borrow::Cow;

/// A door that strangers' bytes come through.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its folders in `fuzz/corpus` and `fuzz/crashes`.
    pub name: &'static str,
    /// Takes some bytes, and panics if something does not hold.
    pub run: fn(&[u8]),
    /// How long an input is at most, in bytes: what is longer finds little more and takes long.
    pub longest: usize,
    /// Folders with inputs besides the corpus, from the root of the workspace.
    pub seeds: &'static [&'static str],
}

/// All of them.
pub const TARGETS: [Target; 10] = [
    Target { name: "text", run: text::run, longest: 1024, seeds: &["core/tests/traces"] },
    Target {
        name: "trace",
        run: trace::run,
        longest: 2048,
        seeds: &["core/tests/traces", "core/tests/linux"],
    },
    Target { name: "calls", run: calls::run, longest: 1024, seeds: &[] },
    Target { name: "maps", run: maps::run, longest: 2048, seeds: &["core/tests/strace"] },
    Target { name: "saved", run: saved::run, longest: 2048, seeds: &[] },
    Target { name: "links", run: links::run, longest: 2048, seeds: &[] },
    Target { name: "logs", run: logs::run, longest: 4096, seeds: &["core/tests/strace"] },
    Target { name: "heap", run: heap::run, longest: 2048, seeds: &[] },
    Target { name: "session", run: session::run, longest: 512, seeds: &[] },
    Target { name: "lessons", run: lessons::run, longest: 2048, seeds: &["core/src/lesson/texts"] },
];

/// Gives some bytes to the target of a name.
///
/// # Panics
///
/// If something does not hold, or if there is no such target.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| panic!("there is no target {name:?}"));
    (target.run)(input);
}

/// Bytes as the page takes them from a file: what is no UTF-8 is replaced.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// A machine with little memory, so that filling it takes no time.
fn machine() -> Machine {
    Machine { frame_limit: 128, ..Machine::default() }
}

/// The state shown, byte for byte.
fn json(session: &Session) -> String {
    serde_json::to_string(&State::of(session.process())).unwrap_or_default()
}

/// The invariants of a session's memory.
fn check(session: &Session) {
    let kernel = &session.process().kernel;
    kernel.space.check(&kernel.frames);
    assert!(session.position() <= session.len());
    assert!(session.active_branch() < session.branches().len());
}
