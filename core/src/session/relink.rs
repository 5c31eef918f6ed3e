//! Another allocator for a session that has run: its lines run again, in slices.

use super::{Branch, Progress, Session};
use crate::heap::HeapSetting;
use crate::machine::Machine;
use crate::process::Process;
use crate::replay::Runner;

/// The lines of all branches on their way to run again, from the start, by a program that is linked
/// with another allocator; in slices, so that a page can show progress and stop. A line that can no
/// longer run, for a name in it has no value, is left out.
#[derive(Debug)]
pub struct Relink {
    old: Session,
    new: Session,
    /// The state at the start.
    start: Runner,
    /// By branch begun: how many steps there are now behind so many as there were. The last one
    /// is the branch that runs; there is one at least.
    positions: Vec<Vec<usize>>,
    progress: Progress,
}

impl Relink {
    /// Begins with the lines of a session.
    pub fn new(session: &Session, setting: HeapSetting) -> Relink {
        Relink::changing(session, |process| process.heap_setting = setting)
    }

    /// Begins with the lines of a session, and a start that differs from its own.
    fn changing(session: &Session, change: impl FnOnce(&mut Process)) -> Relink {
        let old = session.clone();
        let mut start = old.branch().runner_at(0).unwrap_or_else(|| old.current.clone());
        change(&mut start.process);
        let mut new = Session::starting_with(start.clone());
        new.maps.clone_from(&old.maps);
        new.branches.clear();
        let own = |(index, branch): (usize, &Branch)| {
            let shared = old.parent_of(index).map_or(0, |(_, shared)| shared);
            branch.steps.len().saturating_sub(shared)
        };
        let total = old.branches.iter().enumerate().map(own).sum();
        let progress = Progress { done: 0, total };
        let mut relink = Relink { old, new, start, positions: Vec::new(), progress };
        relink.begin_branch();
        relink
    }

    /// Begins the next branch where it parted from the one it came from.
    fn begin_branch(&mut self) {
        let index = self.positions.len();
        let Some(branch) = self.old.branches.get(index) else { return };
        let (begun, reached) = match self.old.parent_of(index) {
            Some((parent, shared)) => {
                let reached = self.positions[parent][..=shared].to_vec();
                let parent = &self.new.branches[parent];
                (parent.beginning(reached[shared], branch.name.clone()), reached)
            }
            None => {
                let mut begun = Branch::starting_with(self.start.clone());
                begun.name = branch.name.clone();
                (begun, vec![0])
            }
        };
        self.new.branches.push(begun);
        self.new.switch_branch(index, usize::MAX);
        self.positions.push(reached);
    }

    /// Runs at most so many lines.
    pub fn advance(&mut self, lines: usize) -> Progress {
        let mut left = lines;
        while left > 0 && !self.is_done() {
            let Some(reached) = self.positions.last_mut() else { break };
            let branch = self.new.active;
            match self.old.branches[branch].steps.get(reached.len() - 1) {
                Some(step) => {
                    self.new.push_again(step);
                    reached.push(self.new.len());
                    self.progress.done += 1;
                    left -= 1;
                }
                None => self.begin_branch(),
            }
        }
        self.progress
    }

    /// Says whether everything ran.
    pub fn is_done(&self) -> bool {
        self.progress.done == self.progress.total && self.positions.len() == self.old.branches.len()
    }

    /// The session, after running what has not run yet, standing where the old one stands.
    pub fn finish(mut self) -> Session {
        while !self.is_done() {
            self.advance(usize::MAX);
        }
        let (active, position) = (self.old.active, self.old.position);
        self.new.switch_branch(active, self.positions[active][position]);
        self.new
    }
}

impl Session {
    /// The same lines of all branches, run again as [`Relink`] does it, in one go.
    pub fn with_heap(&self, setting: HeapSetting) -> Session {
        Relink::new(self, setting).finish()
    }

    /// Says whether its processor has protection keys.
    pub fn has_protection_keys(&self) -> bool {
        self.process().kernel.machine.protection_keys
    }

    /// The same lines of all branches, run again on a processor with protection keys or without.
    pub fn with_protection_keys(&self, keys: bool) -> Session {
        self.on_machine(|machine| machine.protection_keys = keys)
    }

    /// The same lines of all branches, run again on a machine that differs from the first.
    pub(crate) fn on_machine(&self, change: impl FnOnce(&mut Machine)) -> Session {
        let change = |process: &mut Process| process.kernel.change_machine(change);
        Relink::changing(self, change).finish()
    }

    /// Takes the allocator and the machine that a text asks for, if nothing has run.
    pub(super) fn adopt_settings(&mut self, text: &str) {
        if !self.is_empty() || self.branches.len() != 1 {
            return;
        }
        if let Some(setting) = HeapSetting::of_trace(text) {
            *self = self.with_heap(setting);
        }
        let mut machine = self.process().kernel.machine.clone();
        machine.adopt(text);
        if machine != self.process().kernel.machine {
            *self = self.on_machine(|machine| machine.adopt(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_asks_for_another_limit_of_mappings_gets_and_keeps_it() {
        let mut session = Session::new(Machine::default());
        session.run("# machine: max_map_count=1\nbrk(0)");
        let lines = "a = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
            mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";
        // The stack is one, and mmap may make one more than the limit says: the second is too many.
        session.run(lines);
        let result = |session: &Session| session.last_step().unwrap().result.clone();
        assert!(result(&session).contains("ENOMEM"), "{}", result(&session));
        let saved = crate::saved::Saved::of(&session).to_text();
        let back = crate::saved::Saved::from_text(&saved).unwrap().restore().unwrap();
        assert_eq!(back.process(), session.process());
        let mut again = Session::new(Machine::default());
        again.run(&session.script());
        assert_eq!(again.process(), session.process());
        // A limit that no system has is not believed of a stranger's text.
        let wrong = saved.replace("\"max_map_count\": 1", "\"max_map_count\": 0");
        let wrong = wrong.replace("\"max_map_count\":1", "\"max_map_count\":0");
        assert_ne!(wrong, saved);
        assert!(crate::saved::Saved::from_text(&wrong).and_then(|saved| saved.restore()).is_err());
    }

    #[test]
    fn a_text_that_asks_for_protection_keys_gets_and_keeps_them() {
        let lines = "p = mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(p)\n";
        let mut session = Session::new(Machine::default());
        session.run("# machine: protection-keys");
        session.run(lines);
        let signal = |session: &Session| session.last_step().unwrap().signal.clone();
        assert!(signal(&session).unwrap().contains("SEGV_PKUERR"));
        let saved = crate::saved::Saved::of(&session).to_text();
        let again = crate::saved::Saved::from_text(&saved).unwrap().restore().unwrap();
        assert_eq!(again.process(), session.process());
        let mut copy = Session::new(Machine::default());
        copy.run(&session.script());
        assert_eq!(copy.process(), session.process());
        let without = session.with_protection_keys(false);
        assert_eq!((without.len(), signal(&without)), (2, None));
        assert!(!without.script().contains("machine:"));
    }

    #[test]
    fn a_relink_in_slices_stops_after_each_line_and_gives_the_same() {
        let tags = HeapSetting::parse("boundary-tags 32").unwrap();
        let mut session = Session::new(Machine::default());
        session.run("a = malloc(100)\nb = malloc(8)\nfree(a)\nfree(b)");
        session.go_to(2);
        session.run("free(b)\nc = malloc(40)");
        session.go_to(1);
        session.run("free(a)");
        session.switch_branch(1, 3);
        let mut relink = Relink::new(&session, tags);
        let mut seen = Vec::new();
        while !relink.is_done() {
            let progress = relink.advance(1);
            seen.push(progress.done);
            assert_eq!(progress.total, 7, "4, and 2 and 1 behind where the others parted");
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
        let slow = relink.finish();
        assert_eq!(slow, session.with_heap(tags));
        assert_eq!((slow.active_branch(), slow.position(), slow.len()), (1, 3, 4));
        assert_eq!(slow.branches(), session.branches());
    }

    #[test]
    fn nothing_to_run_is_done_at_once() {
        let session = Session::new(Machine::default());
        let mut relink = Relink::new(&session, HeapSetting::default());
        assert!(relink.is_done());
        assert_eq!(relink.advance(5), Progress { done: 0, total: 0 });
    }
}
