//! The guided start: five steps to a first fault, for somebody who is here for the first time.
//!
//! How far a person is follows from what the session has run, however it was run: by the guide's
//! button, by a form, on the map or in the console.

use crate::text::{hex, parse_number};
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE, page_floor};
use mmap_playground_core::call::Call;
use mmap_playground_core::session::{Session, Step};

/// How many steps of a session are looked through: a first fault comes early or not at all.
const LOOK: usize = 2000;

/// A step of the guide.
#[derive(Debug)]
pub struct Lesson {
    /// What is to be done.
    pub title: &'static str,
    /// What it shows.
    pub text: &'static str,
    /// What stands on the button that does it.
    pub button: &'static str,
}

/// The steps, in order.
pub static LESSONS: [Lesson; 5] = [
    Lesson {
        title: "Make a mapping",
        text: "This page is one Linux process, and you make its calls. mmap asks the kernel for \
               addresses: eight pages that may be used, and not yet any memory.",
        button: "Map eight pages",
    },
    Lesson {
        title: "Read a page",
        text: "Eight outlines: nothing is behind them. When the processor reads one, the kernel \
               has to step in: a page fault, which ends well.",
        button: "Read the first page",
    },
    Lesson {
        title: "Write to it",
        text: "What was read is a page of zeros that everybody shares. A write needs a frame of \
               its own: the kernel finds one, and the page is yours.",
        button: "Write to it",
    },
    Lesson {
        title: "Forbid writing",
        text: "mprotect takes the right away for this one page. A VMA has one protection, so the \
               mapping is split in two: see the list above the pages.",
        button: "Make it read-only",
    },
    Lesson {
        title: "Write again",
        text: "The page is there, its frame too, but it may not be written any more. Try it.",
        button: "Write again",
    },
];

/// How far a session is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// How many of the [`LESSONS`] are done.
    pub done: usize,
    /// The page that they are about, once it is mapped.
    pub page: Address,
    /// The rule behind the signal, at the end.
    pub why: Option<String>,
    /// Where the signal came: behind so many steps.
    pub end: usize,
    /// The session has gone a way of its own, or on behind the end: nobody is guided any more.
    pub strayed: bool,
}

impl Progress {
    /// Works out how far a session is, wherever one stands in it.
    pub fn of(session: &Session) -> Progress {
        let mut progress = Progress::default();
        for (index, step) in session.steps(0..LOOK) {
            progress.take(index, &step);
        }
        progress
    }

    fn take(&mut self, index: usize, step: &Step) {
        if self.done == LESSONS.len() {
            self.strayed = true;
            return;
        }
        if step.signal.is_some() {
            (self.done, self.end) = (LESSONS.len(), index + 1);
            self.why.clone_from(&step.why);
        }
        if step.failed {
            return;
        }
        match (self.done, &step.call) {
            (0, Some(Call::Mmap { .. })) => {
                if let Some(page) = parse_number(&step.result) {
                    (self.done, self.page) = (1, page);
                }
            }
            (1, Some(Call::Load { addr, .. })) => (self.done, self.page) = (2, page_floor(*addr)),
            (1 | 2, Some(Call::Store { addr, .. } | Call::Memset { addr, .. })) => {
                (self.done, self.page) = (3, page_floor(*addr));
            }
            (3, Some(Call::Mprotect { addr, prot, .. })) if prot & Prot::WRITE.bits() == 0 => {
                (self.done, self.page) = (4, *addr);
            }
            (_, Some(call)) => self.strayed |= !goes_along(self.done, call),
            (_, None) => {}
        }
    }

    /// The line that does the next step; nothing at the end.
    pub fn line(&self) -> Option<String> {
        let page = hex(self.page);
        Some(match self.done {
            0 => "p = mmap(NULL, 8*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"
                .to_owned(),
            1 => format!("load({page})"),
            2 => format!("store({page}, 0x41)"),
            3 => format!("mprotect({page}, {PAGE_SIZE}, PROT_READ)"),
            4 => format!("store({page}, 0x42)"),
            _ => return None,
        })
    }
}

/// Says whether a call that does not do the next step leaves it the next step all the same.
fn goes_along(done: usize, call: &Call) -> bool {
    match call {
        Call::Load { .. } | Call::Store { .. } | Call::Fetch { .. } => true,
        Call::Memset { .. } | Call::Memcpy { .. } | Call::Brk { addr: 0 } => true,
        // The right call, with other arguments.
        Call::Mprotect { .. } => done >= 3,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmap_playground_core::machine::Machine;

    fn after(lines: &str) -> Progress {
        let mut session = Session::new(Machine::default());
        session.run(lines);
        Progress::of(&session)
    }

    #[test]
    fn its_own_lines_lead_to_a_signal() {
        let mut session = Session::new(Machine::default());
        for done in 0..LESSONS.len() {
            let progress = Progress::of(&session);
            assert_eq!(progress.done, done);
            session.run(&progress.line().unwrap());
        }
        let end = Progress::of(&session);
        assert_eq!((end.done, end.line()), (5, None));
        assert!(end.why.unwrap().contains("may not be written"));
    }

    #[test]
    fn other_lines_lead_there_as_well() {
        assert_eq!(after("brk(NULL)").done, 0);
        assert_eq!(after("mmap(NULL, 0, 3, 0x22, -1, 0)").done, 0);
        let map = "q = mmap(NULL, 9*PAGE_SIZE, 3, 0x22, -1, 0)\n";
        assert_eq!(after(&format!("{map}memset(q + 2*PAGE_SIZE, 1, 9)")).done, 3);
        let other = after(&format!("{map}load(q + 8200)\nload(q)"));
        assert_eq!((other.done, other.page), (2, 0x7fff_f7ff_8000));
        let writable = "store(q, 1)\nmprotect(q, 4096, PROT_READ|PROT_WRITE)";
        assert_eq!(after(&format!("{map}{writable}")).done, 3);
    }

    #[test]
    fn any_signal_is_a_first_fault() {
        let early = after("store(NULL, 1)");
        assert_eq!(early.done, 5);
        assert!(early.why.is_some());
    }

    #[test]
    fn a_way_of_ones_own_ends_it() {
        assert!(after("a = malloc(100)").strayed);
        let map = "q = mmap(NULL, 9*PAGE_SIZE, 3, 0x22, -1, 0)\n";
        assert!(after(&format!("{map}mprotect(q, 4096, PROT_READ)")).strayed);
        let along = format!("brk(NULL)\nmunmap(1, 1)\n{map}load(q)\nload(q + 4096)\nstore(q, 1)\n");
        assert!(!after(&along).strayed);
        let end = after(&format!("{along}mprotect(q, 4096, PROT_READ)\nstore(q, 1)"));
        assert_eq!((end.done, end.end, end.strayed), (5, 8, false));
        let on = after(&format!("{along}mprotect(q, 4096, PROT_READ)\nstore(q, 1)\nload(q)"));
        assert!(on.strayed, "it has gone on behind the end");
    }

    #[test]
    fn where_one_stands_does_not_matter() {
        let mut session = Session::new(Machine::default());
        session.run("p = mmap(NULL, 4096, 3, 0x22, -1, 0)\nload(p)");
        session.go_to(0);
        assert_eq!(Progress::of(&session).done, 2);
    }
}
