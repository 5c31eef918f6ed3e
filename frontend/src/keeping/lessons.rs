//! What the browser keeps of lessons: how each went at best, and which exercises were there.

use crate::browser;
use crate::lessons::{Origin, Running};
use mmap_playground_core::lesson::LESSONS;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where it is kept.
const KEY: &str = "mmap-playground.lessons";

/// How the reader did so far.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Right answers of each finished lesson at its best, by its id.
    best: BTreeMap<String, u32>,
    /// The order in which the exercises come; 0 until the first.
    seed: u64,
    /// How many exercises were begun.
    begun: u64,
    /// How many of them were answered rightly.
    solved: u64,
}

impl Progress {
    /// What an earlier visit left.
    pub fn stored() -> Progress {
        let text = browser::stored(KEY);
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Keeps it for the next visit.
    pub fn store(&self) {
        if let Ok(text) = serde_json::to_string(self) {
            browser::store(KEY, &text);
        }
    }

    /// Right answers of a lesson at its best; nothing if it was never finished.
    pub fn best(&self, id: &str) -> Option<u32> {
        self.best.get(id).copied()
    }

    /// How many exercises were begun, and how many answered rightly.
    pub fn exercises(&self) -> (u64, u64) {
        (self.begun, self.solved)
    }

    /// The seed and the number of the next exercise, which counts as begun.
    pub fn next_exercise(&mut self) -> (u64, u64) {
        if self.seed == 0 {
            // Below 2^53, as a number of JavaScript holds it.
            self.seed = ((browser::clock() as u64).wrapping_mul(1009) % (1 << 53)) | 1;
        }
        let number = self.begun;
        self.begun = self.begun.saturating_add(1);
        (self.seed, number)
    }

    /// Takes in a lesson that is over.
    pub fn finished(&mut self, running: &Running) {
        match running.origin {
            Origin::Own(place) => {
                let Some(own) = LESSONS.get(place) else { return };
                let best = self.best.entry(own.id.to_owned()).or_default();
                *best = running.right.max(*best);
            }
            Origin::Exercise => self.solved += u64::from(running.right),
            Origin::Given => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmap_playground_core::lesson::Lesson;
    use std::rc::Rc;

    #[test]
    fn the_best_time_counts() {
        let lesson = Rc::new(Lesson::parse(LESSONS[3].text).unwrap());
        let mut running = Running::new(lesson, Origin::Own(3));
        let mut progress = Progress::default();
        assert_eq!(progress.best(LESSONS[3].id), None);
        for (right, best) in [(1, 1), (3, 3), (2, 3)] {
            running.right = right;
            progress.finished(&running);
            assert_eq!(progress.best(LESSONS[3].id), Some(best));
        }
    }

    #[test]
    fn what_is_kept_is_read_again_and_nonsense_is_forgotten() {
        let mut progress = Progress { seed: 5, ..Progress::default() };
        assert_eq!((progress.next_exercise(), progress.next_exercise()), ((5, 0), (5, 1)));
        let text = serde_json::to_string(&progress).unwrap();
        assert_eq!(serde_json::from_str::<Progress>(&text).unwrap(), progress);
        assert_eq!(serde_json::from_str::<Progress>("{}").unwrap(), Progress::default());
    }
}
