//! The states that are kept along a line of steps, so that any other can be had by running on from
//! the nearest before it.
//!
//! However many steps there are, there are at most [`MOST`] of these states: when there are more,
//! every second one goes, and they stand twice as far apart. A stretch that is run again leaves
//! finer ones behind, for who looks at one moment looks at its neighbours next.

use crate::replay::Runner;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many steps share a state, at first.
pub(super) const FIRST: usize = 64;
/// States that are kept along the whole line at most.
const MOST: usize = 128;
/// How many finer ones stand between two of them where a stretch was run again.
const FINER: usize = 64;

/// States by how many steps lie before them. They are behind pointers, for moving many of them at
/// once would need more stack than browsers give.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoints {
    start: Arc<Runner>,
    /// Those along the line, the start aside.
    along: BTreeMap<usize, Arc<Runner>>,
    /// How far apart those along the line stand: [`FIRST`] times a power of two.
    spacing: usize,
    /// The finer ones of the stretches last run again.
    near: BTreeMap<usize, Arc<Runner>>,
}

impl Checkpoints {
    /// The start alone.
    pub(super) fn starting_with(runner: Runner) -> Checkpoints {
        let (along, near) = (BTreeMap::new(), BTreeMap::new());
        Checkpoints { start: Arc::new(runner), along, spacing: FIRST, near }
    }

    /// The state before the first step.
    pub(super) fn start(&self) -> &Runner {
        &self.start
    }

    /// The state kept last before a position, or at it, and where it stands.
    pub(super) fn nearest(&self, position: usize) -> (usize, &Runner) {
        let both = [&self.along, &self.near].into_iter();
        let kept = both.filter_map(|states| states.range(..=position).next_back());
        let nearest = kept.max_by_key(|(at, _)| **at);
        nearest.map_or((0, &*self.start), |(at, state)| (*at, &**state))
    }

    /// Notes the state behind the last step there is.
    pub(super) fn grow(&mut self, position: usize, runner: &Runner) {
        if !position.is_multiple_of(self.spacing) {
            return;
        }
        self.along.insert(position, Arc::new(runner.clone()));
        if self.along.len() > MOST {
            self.spacing *= 2;
            let spacing = self.spacing;
            self.along.retain(|position, _| position.is_multiple_of(spacing));
        }
    }

    /// Notes a state on the way through steps that ran before.
    pub(super) fn pass(&mut self, position: usize, runner: &Runner) {
        let finer = (self.spacing / FINER).max(FIRST);
        let wanted = finer < self.spacing && position.is_multiple_of(finer);
        if !wanted
            || position == 0
            || self.along.contains_key(&position)
            || self.near.contains_key(&position)
        {
            return;
        }
        self.near.insert(position, Arc::new(runner.clone()));
        if self.near.len() > 2 * FINER {
            // What is farthest from here goes.
            let first = self.near.first_key_value().map_or(position, |(first, _)| *first);
            let last = self.near.last_key_value().map_or(position, |(last, _)| *last);
            let from_first = position.saturating_sub(first) > last.saturating_sub(position);
            self.near.remove(if from_first { &first } else { &last });
        }
    }

    /// Forgets the states behind a position.
    pub(super) fn truncate(&mut self, position: usize) {
        self.along.retain(|kept, _| *kept <= position);
        self.near.retain(|kept, _| *kept <= position);
        self.spacing = FIRST;
        while position / self.spacing >= MOST {
            self.spacing *= 2;
        }
    }

    /// Where they stand along the line.
    pub(super) fn positions(&self) -> impl Iterator<Item = usize> {
        std::iter::once(0).chain(self.along.keys().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;

    fn runner(calls: u64) -> Runner {
        let mut runner = Runner::new(Machine::default());
        runner.counts.calls = calls;
        runner
    }

    fn grown(steps: usize) -> Checkpoints {
        let mut states = Checkpoints::starting_with(runner(0));
        for position in 1..=steps {
            states.grow(position, &runner(position as u64));
        }
        states
    }

    fn nearest(states: &Checkpoints, position: usize) -> usize {
        let (at, state) = states.nearest(position);
        assert_eq!(state.counts.calls, at as u64);
        at
    }

    #[test]
    fn there_are_never_too_many_and_the_nearest_is_never_far() {
        for steps in [0, 63, 64, 8191, 8192, 20_000, 100_000] {
            let states = grown(steps);
            let kept: Vec<usize> = states.positions().collect();
            assert!(kept.len() <= MOST + 1, "{steps}");
            assert!(steps < 8192 || kept.len() >= MOST / 2, "{steps}: {}", kept.len());
            for position in (0..=steps).step_by(997) {
                let at = nearest(&states, position);
                assert!(at <= position && position - at < states.spacing, "{steps} {position}");
            }
        }
    }

    #[test]
    fn what_was_run_again_is_near_next_time() {
        let mut states = grown(100_000);
        assert_eq!(states.spacing, 1024);
        assert_eq!(nearest(&states, 50_000), 49_152);
        for position in 49_153..=50_000 {
            states.pass(position, &runner(position as u64));
        }
        assert_eq!(nearest(&states, 50_000), 49_984);
        assert_eq!(nearest(&states, 49_152), 49_152);
        for position in 1..=100_000 {
            states.pass(position, &runner(position as u64));
        }
        assert!(states.near.len() <= 2 * FINER);
        assert_eq!(nearest(&states, 99_999), 99_968);
    }

    #[test]
    fn a_beginning_keeps_what_it_has() {
        let mut states = grown(100_000);
        states.pass(64, &runner(64));
        states.truncate(3000);
        assert_eq!(states.positions().collect::<Vec<_>>(), [0, 1024, 2048]);
        assert_eq!((nearest(&states, 3000), nearest(&states, 100)), (2048, 64));
        states.grow(3008, &runner(3008));
        assert_eq!(nearest(&states, 4000), 3008, "they stand as near as in a short one again");
    }
}
