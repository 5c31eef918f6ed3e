//! Landmarks of a session: the steps that one may want to jump to.

use super::kept::Landmarks;
use super::{Session, Step};
use imbl::Vector;
use std::ops::Range;

/// What a step can be looked for by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Landmark {
    /// A page fault, answered by the kernel or ended in a signal.
    Fault,
    /// A refused call or a signal. A file that is not there is no failure: programs look for their
    /// libraries in one folder after another.
    Failure,
    /// One VMA became two.
    Split,
    /// Two VMAs became one.
    Merge,
    /// Model and log contradict each other.
    Divergence,
}

impl Landmark {
    /// All of them, in the order of a menu.
    pub const ALL: [Landmark; 5] = [
        Landmark::Fault,
        Landmark::Failure,
        Landmark::Split,
        Landmark::Merge,
        Landmark::Divergence,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Landmark::Fault => "page fault",
            Landmark::Failure => "failure",
            Landmark::Split => "split",
            Landmark::Merge => "merge",
            Landmark::Divergence => "divergence",
        }
    }
}

impl Step {
    /// Says whether it is a landmark of this kind.
    pub fn is(&self, landmark: Landmark) -> bool {
        self.landmarks.contains(landmark.mark())
    }
}

/// The landmarks of a line of steps, by kind: looking for one costs by what is found, not by how
/// many steps there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks([Vector<u32>; Landmark::ALL.len()]);

impl Marks {
    /// Notes what the step at an index is; steps come in order.
    pub(super) fn push(&mut self, index: usize, landmarks: Landmarks) {
        let Ok(index) = u32::try_from(index) else { return };
        for (landmark, steps) in Landmark::ALL.into_iter().zip(&mut self.0) {
            if landmarks.contains(landmark.mark()) {
                steps.push_back(index);
            }
        }
    }

    /// Leaves so many steps.
    pub(super) fn truncate(&mut self, steps: usize) {
        for marked in &mut self.0 {
            let left = first_from(marked, steps);
            marked.truncate(left);
        }
    }

    /// The steps of a range that are a landmark.
    fn of(
        &self,
        landmark: Landmark,
        steps: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> {
        let marked = &self.0[landmark as usize];
        let end = first_from(marked, steps.end);
        let start = first_from(marked, steps.start).min(end);
        let found = marked.focus().narrow(start..end).into_iter();
        found.map(|index| *index as usize)
    }
}

/// Where the steps from one on begin.
fn first_from(marked: &Vector<u32>, step: usize) -> usize {
    let found = marked.binary_search_by(|index| (*index as usize).cmp(&step));
    found.unwrap_or_else(|place| place)
}

impl Session {
    /// The positions right after the steps of a range that are a landmark.
    pub fn landmarks(
        &self,
        landmark: Landmark,
        steps: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = usize> {
        self.branch().marks.of(landmark, steps).map(|index| index + 1)
    }

    /// The next position right after a landmark; behind the last one, the first of all.
    pub fn next_landmark(&self, landmark: Landmark) -> Option<usize> {
        let ahead = self.landmarks(landmark, self.position..self.len()).next();
        ahead.or_else(|| self.landmarks(landmark, 0..self.position).next())
    }

    /// The position right after the landmark before this one; before the first, the last of all.
    pub fn previous_landmark(&self, landmark: Landmark) -> Option<usize> {
        let before = self.position.saturating_sub(1);
        let behind = self.landmarks(landmark, 0..before).next_back();
        behind.or_else(|| self.landmarks(landmark, before..self.len()).next_back())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;

    const TEXT: &str = "\
p = mmap(NULL, 3*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_NONE)
openat(AT_FDCWD, \"none\", O_RDONLY)
store(p, 1)
munmap(1, 1)
mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_READ|PROT_WRITE)
brk(0) = 0x1
load(0)
";

    fn found(session: &Session, landmark: Landmark) -> Vec<usize> {
        session.landmarks(landmark, 0..session.len()).collect()
    }

    #[test]
    fn each_kind_finds_its_steps() {
        let mut session = Session::new(Machine::default());
        session.run(TEXT);
        assert_eq!(session.len(), 8);
        assert_eq!(found(&session, Landmark::Split), [2]);
        assert_eq!(found(&session, Landmark::Merge), [6]);
        assert_eq!(found(&session, Landmark::Fault), [4, 8]);
        assert_eq!(found(&session, Landmark::Failure), [5, 8], "the open does not count");
        assert!(session.step(2).unwrap().failed);
    }

    #[test]
    fn a_signal_that_is_ignored_is_no_failure() {
        let mut session = Session::new(Machine::default());
        session.run("--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---\n--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL} ---");
        assert_eq!(found(&session, Landmark::Failure), [2]);
        assert!(!session.step(0).unwrap().failed && session.step(1).unwrap().failed);
    }

    #[test]
    fn a_contradiction_is_a_divergence() {
        let mut session = Session::new(Machine::default());
        session.run("munmap(0x1000, 4096) = 0\nmunmap(0x1, 4096) = 0\nbrk(0)");
        assert_eq!(found(&session, Landmark::Divergence), [2]);
    }

    #[test]
    fn a_branch_has_the_landmarks_of_its_steps() {
        let mut session = Session::new(Machine::default());
        session.run(TEXT);
        session.go_to(5);
        session.run("munmap(1, 1)\nbrk(0)\nmunmap(1, 1)");
        assert_eq!(found(&session, Landmark::Failure), [5, 6, 8]);
        assert!(found(&session, Landmark::Merge).is_empty());
        let within = |range| session.landmarks(Landmark::Failure, range).collect::<Vec<_>>();
        assert_eq!((within(0..5), within(5..7), within(6..99)), (vec![5], vec![6], vec![8]));
        assert!(within(99..100).is_empty());
        session.switch_branch(1 - session.active_branch(), usize::MAX);
        assert_eq!(found(&session, Landmark::Failure), [5, 8]);
        assert_eq!(found(&session, Landmark::Merge), [6]);
    }

    #[test]
    fn jumps_go_round() {
        let mut session = Session::new(Machine::default());
        session.run(TEXT);
        let mut seen = Vec::new();
        for _ in 0..3 {
            session.go_to(session.next_landmark(Landmark::Failure).unwrap());
            seen.push(session.position());
        }
        assert_eq!(seen, [5, 8, 5]);
        session.go_to(session.previous_landmark(Landmark::Failure).unwrap());
        assert_eq!(session.position(), 8);
        session.go_to(session.previous_landmark(Landmark::Failure).unwrap());
        assert_eq!(session.position(), 5);
        assert_eq!(session.next_landmark(Landmark::Divergence), None);
    }
}
