//! A set of numbers as runs: cheap where what is in it comes in long stretches.

use imbl::OrdMap;
use std::ops::Range;

/// A set of numbers.
///
/// Invariant: runs are not empty, and do not touch each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Runs {
    /// Start to end.
    runs: OrdMap<u64, u64>,
}

impl Runs {
    /// Says whether a number is in it.
    pub fn contains(&self, number: u64) -> bool {
        self.runs.get_prev(&number).is_some_and(|(_, end)| number < *end)
    }

    /// The lowest number inside a range.
    pub fn next(&self, range: Range<u64>) -> Option<u64> {
        if range.start < range.end && self.contains(range.start) {
            return Some(range.start);
        }
        let (start, _) = self.runs.get_next(&range.start)?;
        Some(*start).filter(|start| range.contains(start))
    }

    /// Its parts inside a range, lowest first.
    pub fn inside(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let first = self.runs.get_prev(&range.start).map_or(range.start, |(start, _)| *start);
        let runs = self.runs.range(first..range.end.max(first));
        let parts = runs.map(|(start, end)| (*start).max(range.start)..(*end).min(range.end));
        parts.filter(|part| part.start < part.end).collect()
    }

    /// Adds a range.
    pub fn add(&mut self, range: Range<u64>) {
        let Range { mut start, mut end } = range;
        if start >= end || (end - start == 1 && self.contains(start)) {
            return;
        }
        // What touches it becomes one run with it.
        let touching = start.saturating_sub(1)..end.saturating_add(1);
        for part in self.inside(touching) {
            let Some((run_start, run_end)) = self.runs.get_prev(&part.start) else { continue };
            let (run_start, run_end) = (*run_start, *run_end);
            self.runs.remove(&run_start);
            start = start.min(run_start);
            end = end.max(run_end);
        }
        self.runs.insert(start, end);
    }

    /// Takes a range out.
    pub fn remove(&mut self, range: Range<u64>) {
        if self.next(range.clone()).is_none() {
            return;
        }
        for part in self.inside(range) {
            let Some((start, end)) = self.runs.get_prev(&part.start) else { continue };
            let (start, end) = (*start, *end);
            self.runs.remove(&start);
            if start < part.start {
                self.runs.insert(start, part.start);
            }
            if part.end < end {
                self.runs.insert(part.end, end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(runs: &Runs, range: Range<u64>) -> Vec<(u64, u64)> {
        runs.inside(range).iter().map(|part| (part.start, part.end)).collect()
    }

    #[test]
    fn runs_that_touch_become_one() {
        let mut runs = Runs::default();
        runs.add(3..5);
        runs.add(8..9);
        assert_eq!(inside(&runs, 0..10), [(3, 5), (8, 9)]);
        runs.add(5..8);
        assert_eq!(inside(&runs, 0..10), [(3, 9)]);
        assert_eq!(inside(&runs, 4..6), [(4, 6)]);
        assert_eq!((runs.contains(2), runs.contains(8), runs.contains(9)), (false, true, false));
    }

    #[test]
    fn a_hole_cuts_a_run() {
        let mut runs = Runs::default();
        runs.add(0..10);
        runs.remove(4..6);
        assert_eq!(inside(&runs, 0..u64::MAX), [(0, 4), (6, 10)]);
        runs.remove(0..u64::MAX);
        assert_eq!(runs, Runs::default());
    }
}
