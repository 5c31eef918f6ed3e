//! The heap in numbers: what it holds, what was asked for, and where the difference lies.

use super::{HeapState, Life, MajorState};
use crate::heap::HeapShape;
use serde::Serialize;
use std::fmt;

/// The figures of a heap at one moment, all in bytes but the counts.
///
/// `held` = `asked` + `headers` + `padding` + `free`, unless the lists are damaged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Figures {
    /// Got from the page hook: the major blocks that can be reached.
    pub held: u64,
    /// Asked for by the program and not freed.
    pub asked: u64,
    /// Headers and footers of major blocks and of blocks, also of free ones.
    pub headers: u64,
    /// Inside blocks, neither header nor asked for: alignment and rounding.
    pub padding: u64,
    /// In no block, or in free ones.
    pub free: u64,
    /// The largest stretch of free bytes.
    pub largest_hole: u64,
    /// Stretches of free bytes.
    pub holes: u64,
    /// Blocks in use.
    pub blocks: u64,
    /// Major blocks.
    pub majors: u64,
}

impl Figures {
    /// The figures of a heap.
    pub fn of(heap: &HeapState) -> Figures {
        let mut figures = Figures::default();
        for major in &heap.majors {
            figures.add(&major.figures);
        }
        figures
    }

    fn add(&mut self, other: &Figures) {
        self.held += other.held;
        self.asked += other.asked;
        self.headers += other.headers;
        self.padding += other.padding;
        self.free += other.free;
        self.largest_hole = self.largest_hole.max(other.largest_hole);
        self.holes += other.holes;
        self.blocks += other.blocks;
        self.majors += other.majors;
    }

    /// The figures of one major block.
    pub(super) fn of_major(major: &MajorState, shape: &HeapShape) -> Figures {
        let mut figures = Figures { majors: 1, ..Figures::default() };
        let end = major.address.saturating_add(u64::from(major.size));
        // The last footer of a major block with boundary tags is a fence.
        let end = end.saturating_sub(shape.footer_bytes);
        figures.held = u64::from(major.size);
        figures.headers = shape.major_bytes + shape.footer_bytes;
        let mut minors: Vec<_> = major.minors.iter().collect();
        minors.sort_by_key(|minor| minor.address);
        let mut at = major.address.saturating_add(shape.major_bytes);
        for minor in minors {
            // A header inside another block, or outside: the list is damaged.
            if minor.address < at || minor.address >= end {
                continue;
            }
            figures.hole(minor.address - at);
            let (size, tags) = (u64::from(minor.size), shape.minor_bytes + shape.footer_bytes);
            let inside = size.saturating_sub(shape.footer_bytes);
            figures.headers += tags;
            if minor.life == Life::Free {
                figures.hole(inside);
            } else {
                let asked = u64::from(minor.req_size).min(inside);
                figures.asked += asked;
                figures.padding += inside - asked;
                figures.blocks += 1;
            }
            at = minor.address.saturating_add(shape.minor_bytes).saturating_add(size);
        }
        figures.hole(end.saturating_sub(at));
        figures
    }

    fn hole(&mut self, bytes: u64) {
        self.free += bytes;
        self.holes += u64::from(bytes > 0);
        self.largest_hole = self.largest_hole.max(bytes);
    }

    /// How much more is held than was asked for, in thousandths of what is held.
    pub fn overhead(&self) -> u64 {
        thousandths(self.held.saturating_sub(self.asked), self.held)
    }

    /// Internal fragmentation: headers and padding, in thousandths of what blocks take.
    pub fn internal_fragmentation(&self) -> u64 {
        let wasted = self.headers + self.padding;
        thousandths(wasted, self.asked + wasted)
    }

    /// External fragmentation: free bytes outside the largest hole, in thousandths of all of them.
    pub fn external_fragmentation(&self) -> u64 {
        thousandths(self.free - self.largest_hole.min(self.free), self.free)
    }
}

/// A share, rounded down; 0 of nothing.
fn thousandths(part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(part) * 1000 / u128::from(whole.max(1))).unwrap_or(1000)
}

/// Says a number of thousandths as per cent, like `12.3 %`.
pub fn percent(thousandths: u64) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "{} held, {} asked, {} headers, {} padding, {} free, {} largest hole, {} holes, \
             {} blocks, {} majors, overhead {}, internal {}, external {}",
            self.held,
            self.asked,
            self.headers,
            self.padding,
            self.free,
            self.largest_hole,
            self.holes,
            self.blocks,
            self.majors,
            percent(self.overhead()),
            percent(self.internal_fragmentation()),
            percent(self.external_fragmentation()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::{Allocator, HeapSetting};
    use crate::machine::Machine;
    use crate::process::Process;
    use crate::replay::Runner;
    use crate::state::heap;
    use crate::trace::Script;

    fn after(setting: HeapSetting, text: &str) -> Figures {
        let mut process = Process::new(Machine::default());
        process.heap_setting = setting;
        let mut runner = Runner::starting_with(process);
        for line in &Script::parse(text).lines {
            runner.run(line, text);
        }
        Figures::of(&heap(&runner.process).unwrap())
    }

    const HOLED: &str = "a = malloc(100)\nb = malloc(200)\nc = malloc(300)\nfree(b)";

    #[test]
    fn every_byte_counts_once() {
        let figures = after(HeapSetting::default(), HOLED);
        assert_eq!(
            figures,
            Figures {
                held: 65536,
                asked: 400,
                headers: 120,
                padding: 64,
                free: 64952,
                largest_hole: 64680,
                holes: 2,
                blocks: 2,
                majors: 1,
            }
        );
        assert_eq!((figures.overhead(), figures.external_fragmentation()), (993, 4));
        for allocator in Allocator::ALL {
            for bits in [32, 64] {
                let it = after(HeapSetting { allocator, bits }, HOLED);
                assert_eq!(it.asked + it.headers + it.padding + it.free, it.held, "{allocator:?}");
                assert_eq!((it.holes, it.blocks), (2, 2), "{allocator:?} {bits}");
            }
        }
    }

    #[test]
    fn damaged_lists_have_figures_too() {
        let wild = format!("{HOLED}\nstore(a - 28, 0xffffffff, 4)\nstore(a - 24, 0xffffffff, 4)");
        let figures = after(HeapSetting::default(), &wild);
        assert_eq!(figures.held, 65536);
        assert_eq!(percent(figures.external_fragmentation()), "0.0 %");
    }
}
