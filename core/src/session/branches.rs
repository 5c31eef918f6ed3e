//! Branches: running a line in the past keeps the old future, as a branch that can be gone back to.
//!
//! A branch is a whole line of steps. Branches share their common beginning, for their lists are
//! trees whose nodes are shared; where two part is found by looking at which steps are the same.

use super::checkpoints::Checkpoints;
use super::jumps::Marks;
use super::kept::{Kept, Landmarks, StandingOut};
use super::source::Source;
use super::{Session, Step};
use crate::limits::NAME_LETTERS;
use crate::process::Process;
use crate::replay::Runner;
use imbl::Vector;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A line of steps with a name.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) name: Arc<str>,
    pub(crate) steps: Vector<Arc<Kept>>,
    /// Where steps of another text begin, and that text: what is saved goes by texts, not by steps.
    texts: Vector<(usize, Arc<Source>)>,
    /// The first step that is of a log of strace.
    first_of_log: Option<usize>,
    pub(super) marks: Marks,
    /// What stands out among them, of those that it does not share with another branch.
    pub(super) standing_out: StandingOut,
    pub(super) checkpoints: Checkpoints,
}

/// Which states are kept along the way does not matter.
impl PartialEq for Branch {
    fn eq(&self, other: &Branch) -> bool {
        self.name == other.name
            && self.steps == other.steps
            && self.checkpoints.start() == other.checkpoints.start()
    }
}

impl Branch {
    pub(crate) fn starting_with(runner: Runner) -> Branch {
        Branch {
            name: "Main".into(),
            steps: Vector::new(),
            texts: Vector::new(),
            first_of_log: None,
            marks: Marks::default(),
            standing_out: StandingOut::default(),
            checkpoints: Checkpoints::starting_with(runner),
        }
    }

    /// Its first steps, as a branch of another name.
    pub(crate) fn beginning(&self, steps: usize, name: Arc<str>) -> Branch {
        let standing_out = StandingOut::default();
        let mut begun = Branch { name, standing_out, ..self.clone() };
        begun.steps.truncate(steps);
        begun.marks.truncate(steps);
        begun.texts.retain(|(start, _)| *start < steps);
        begun.first_of_log = begun.first_of_log.filter(|first| *first < steps);
        begun.checkpoints.truncate(steps);
        begun
    }

    /// Adds a step at the end, with what it is.
    pub(super) fn push(&mut self, step: Kept, landmarks: Landmarks) {
        let source = step.at.source();
        if self.texts.last().is_none_or(|(_, last)| !Arc::ptr_eq(last, source)) {
            self.texts.push_back((self.steps.len(), source.clone()));
            if source.is_log {
                self.first_of_log.get_or_insert(self.steps.len());
            }
        }
        self.marks.push(self.steps.len(), landmarks);
        self.steps.push_back(Arc::new(step));
    }

    /// The runs of steps of one text behind the first `skipped` steps: where each begins, and how
    /// many steps it has.
    pub(crate) fn runs(&self, skipped: usize) -> impl Iterator<Item = (usize, usize)> {
        let starts = self.texts.iter().map(|(start, _)| *start);
        let ends = starts.clone().skip(1).chain([self.steps.len()]);
        let behind = starts.zip(ends).filter(move |(_, end)| *end > skipped);
        behind.map(move |(start, end)| (start.max(skipped), end - start.max(skipped)))
    }

    /// Says whether one of its first steps is of a log of strace.
    pub(super) fn has_log_before(&self, position: usize) -> bool {
        self.first_of_log.is_some_and(|first| first < position)
    }

    /// With how many of the same steps another branch begins.
    pub(crate) fn shared_with(&self, other: &Branch) -> usize {
        let same = |index: usize| match (self.steps.get(index), other.steps.get(index)) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            _ => false,
        };
        let (mut low, mut high) = (0, self.steps.len().min(other.steps.len()));
        while low < high {
            let middle = low + (high - low) / 2;
            if same(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The state after its first `position` steps, run from the nearest that is kept; nothing if
    /// there are fewer.
    pub(super) fn runner_at(&self, position: usize) -> Option<Runner> {
        if position > self.steps.len() {
            return None;
        }
        let (from, kept) = self.checkpoints.nearest(position);
        let mut runner = kept.clone();
        for step in self.kept(from..position) {
            step.run_again(&mut runner);
        }
        Some(runner)
    }

    /// The steps of a range, as many as there are.
    pub(super) fn kept(&self, range: Range<usize>) -> impl Iterator<Item = &Arc<Kept>> {
        let end = range.end.min(self.steps.len());
        (range.start.min(end)..end).filter_map(|index| self.steps.get(index))
    }

    /// Steps in full, as many as there are in a range: as they are kept, as they were told lately, or
    /// else from running them again.
    pub(super) fn told(&self, range: Range<usize>, lately: &Lately) -> Vec<Arc<Step>> {
        let start = range.start;
        let kept: Vec<&Arc<Kept>> = self.kept(range).collect();
        let known = |step: &&Arc<Kept>| step.whole.clone().or_else(|| lately.step(step));
        if let Some(known) = kept.iter().map(known).collect() {
            return known;
        }
        let Some(mut runner) = self.runner_at(start) else { return Vec::new() };
        let tell = |step: &Arc<Kept>| {
            let ran = step.run_again(&mut runner);
            let again = || Arc::new(Step::new(ran, &runner.process, step.at.clone()));
            step.whole.clone().unwrap_or_else(again)
        };
        let told: Vec<Arc<Step>> = kept.iter().copied().map(tell).collect();
        lately.note(kept.into_iter().zip(&told));
        told
    }
}

/// The steps told lately, shared by all that came from one session: views ask for the same few again
/// after every call.
#[derive(Clone, Debug, Default)]
pub(super) struct Lately(Arc<Mutex<Vec<Told>>>);

/// A step that was told, and as what it is kept: that is the same one for all branches that share it.
type Told = (Arc<Kept>, Arc<Step>);

impl Lately {
    /// So many are known at most; with more it begins anew.
    const MOST: usize = 500;

    fn steps(&self) -> MutexGuard<'_, Vec<Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&self, kept: &Arc<Kept>) -> Option<Arc<Step>> {
        let steps = self.steps();
        let told = steps.iter().find(|(known, _)| Arc::ptr_eq(known, kept))?;
        Some(told.1.clone())
    }

    fn note<'a>(&self, told: impl Iterator<Item = (&'a Arc<Kept>, &'a Arc<Step>)>) {
        let mut steps = self.steps();
        for (kept, step) in told.filter(|(kept, _)| kept.whole.is_none()).take(Lately::MOST) {
            if steps.len() >= Lately::MOST {
                steps.clear();
            }
            steps.push((kept.clone(), step.clone()));
        }
    }
}

/// A branch as a view lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BranchView {
    /// Its name.
    pub name: Arc<str>,
    /// How many steps it has.
    pub steps: usize,
    /// With how many of them the branch shown begins too.
    pub shared: usize,
    /// It is the one shown.
    pub active: bool,
}

impl Session {
    pub(crate) fn branch(&self) -> &Branch {
        &self.branches[self.active]
    }

    /// The branches, in the order in which they were made.
    pub fn branches(&self) -> Vec<BranchView> {
        let view = |(index, branch): (usize, &Branch)| BranchView {
            name: branch.name.clone(),
            steps: branch.steps.len(),
            shared: branch.shared_with(self.branch()),
            active: index == self.active,
        };
        self.branches.iter().enumerate().map(view).collect()
    }

    /// Number of the branch shown.
    pub fn active_branch(&self) -> usize {
        self.active
    }

    /// Shows another branch, at a position of it or at its end; nothing happens if there is none
    /// of this number.
    pub fn switch_branch(&mut self, index: usize, position: usize) {
        if index >= self.branches.len() {
            return;
        }
        if index != self.active {
            self.active = index;
            self.position = 0;
            self.current = self.branch().checkpoints.start().clone();
            self.quiet = false;
        }
        self.go_to(position);
    }

    /// Gives a branch another name; an empty one changes nothing.
    pub fn rename_branch(&mut self, index: usize, name: &str) {
        let name: String = name.trim().chars().take(NAME_LETTERS).collect();
        if let Some(branch) = self.branches.get_mut(index)
            && !name.is_empty()
        {
            branch.name = name.into();
        }
    }

    /// Forgets a branch that is not shown. Says whether it did.
    pub fn remove_branch(&mut self, index: usize) -> bool {
        if index == self.active || index >= self.branches.len() {
            return false;
        }
        self.branches.remove(index);
        self.active -= usize::from(index < self.active);
        true
    }

    /// The process after some steps of a branch; nothing if there is no such moment.
    pub fn process_at(&self, branch: usize, position: usize) -> Option<Process> {
        self.branches.get(branch)?.runner_at(position).map(|runner| runner.process)
    }

    /// Begins a branch with the steps before the position; the one that is left keeps its future.
    pub(super) fn fork(&mut self) {
        let name = self.free_name();
        let branch = self.branch().beginning(self.position, name);
        self.active = self.branches.len();
        self.branches.push(branch);
    }

    /// The earlier branch with which a branch has the most steps in common, and how many; nothing
    /// if it has none in common with any.
    pub(crate) fn parent_of(&self, index: usize) -> Option<(usize, usize)> {
        let branch = self.branches.get(index)?;
        let earlier = self.branches[..index].iter().enumerate();
        earlier
            .map(|(number, other)| (number, branch.shared_with(other)))
            .max_by_key(|(_, shared)| *shared)
            .filter(|(_, shared)| *shared > 0)
    }

    fn free_name(&self) -> Arc<str> {
        let mut number = self.branches.len() + 1;
        loop {
            let name = format!("Branch {number}");
            if self.branches.iter().all(|branch| *branch.name != *name) {
                return name.into();
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::machine::Machine;
    use crate::session::Session;

    fn session(steps: usize) -> Session {
        let mut session = Session::new(Machine::default());
        for index in 0..steps {
            session.run(&format!("malloc({})", index + 1));
        }
        session
    }

    #[test]
    fn the_old_future_is_a_branch() {
        let mut session = session(200);
        let end = session.process().clone();
        session.go_to(100);
        session.run("brk(0)\nbrk(0)");
        assert_eq!((session.len(), session.position()), (102, 102));
        let branches = session.branches();
        let told: Vec<_> =
            branches.iter().map(|it| (&*it.name, it.steps, it.shared, it.active)).collect();
        assert_eq!(told, [("Main", 200, 100, false), ("Branch 2", 102, 102, true)]);
        session.switch_branch(0, usize::MAX);
        assert_eq!((session.position(), session.process()), (200, &end));
        assert_eq!(session.process_at(1, 102).unwrap(), {
            session.switch_branch(1, 102);
            session.process().clone()
        });
        assert_eq!(session.process_at(1, 103), None);
        assert_eq!(session.process_at(2, 0), None);
    }

    #[test]
    fn a_line_that_cannot_be_read_makes_no_branch() {
        let mut session = session(3);
        session.go_to(1);
        session.run("mmap(oops");
        session.run("load(nobody)");
        assert_eq!((session.branches().len(), session.len()), (1, 3));
    }

    #[test]
    fn branches_are_named_and_forgotten() {
        let mut session = session(3);
        session.go_to(1);
        session.run("brk(0)");
        session.rename_branch(0, "  before ");
        session.rename_branch(0, " ");
        session.rename_branch(9, "none");
        assert_eq!(&*session.branches()[0].name, "before");
        assert!(!session.remove_branch(1) && !session.remove_branch(2));
        assert!(session.remove_branch(0));
        assert_eq!((session.branches().len(), session.active_branch()), (1, 0));
        session.go_to(0);
        session.run("brk(0)");
        assert_eq!(&*session.branches()[1].name, "Branch 3", "the first free number");
    }
}
