//! The VMAs as lanes, lowest first, with the holes between them folded.
//!
//! A lane's bar grows with the logarithm of the VMA's size; along it addresses grow evenly. Tops
//! are prefix sums, so that a lane is found by binary search however many there are.

use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange, USER_END, page_floor};
use mmap_playground_core::state::VmaView;

/// Height of a VMA's lane, in CSS pixels.
pub const LANE: f64 = 26.0;
/// Height of a folded hole, in CSS pixels.
pub const FOLD: f64 = 20.0;

/// Something that has a row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Entry {
    /// A VMA, by its index.
    Vma(usize),
    /// A hole.
    Hole,
}

/// A lane.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lane {
    /// What it shows.
    pub entry: Entry,
    /// Its addresses.
    pub range: PageRange,
    /// Top edge, in CSS pixels.
    pub top: f64,
    /// Height, in CSS pixels.
    pub height: f64,
    /// Width of its bar, as a share of the widest.
    pub share: f64,
}

/// All lanes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Lanes {
    lanes: Vec<Lane>,
    height: f64,
}

impl Lanes {
    /// Lays out VMAs, lowest first.
    pub fn new(vmas: &[VmaView]) -> Lanes {
        let largest = vmas.iter().map(|vma| vma.range.page_count()).max().unwrap_or(1);
        let log = |pages: u64| (pages.max(1) as f64).log2() + 1.0;
        let mut lanes = Lanes::default();
        let mut behind = 0;
        for (index, vma) in vmas.iter().enumerate() {
            lanes.push(Entry::Hole, PageRange::new(behind, vma.range.start()), FOLD, 1.0);
            let share = log(vma.range.page_count()) / log(largest);
            lanes.push(Entry::Vma(index), Some(vma.range), LANE, share);
            behind = vma.range.end();
        }
        lanes.push(Entry::Hole, PageRange::new(behind, USER_END), FOLD, 1.0);
        lanes
    }

    fn push(&mut self, entry: Entry, range: Option<PageRange>, height: f64, share: f64) {
        if let Some(range) = range {
            self.lanes.push(Lane { entry, range, top: self.height, height, share });
            self.height += height;
        }
    }

    /// Height of all of them.
    pub fn height(&self) -> f64 {
        self.height
    }

    /// The lanes between two heights.
    pub fn between(&self, top: f64, bottom: f64) -> &[Lane] {
        let first = self.lanes.partition_point(|lane| lane.top + lane.height <= top);
        let last = self.lanes.partition_point(|lane| lane.top < bottom);
        self.lanes.get(first..last).unwrap_or(&[])
    }

    /// The lane at a height.
    pub fn at(&self, y: f64) -> Option<&Lane> {
        let index = self.lanes.partition_point(|lane| lane.top + lane.height <= y);
        self.lanes.get(index).filter(|lane| lane.top <= y)
    }

    /// The lane of an address.
    pub fn of(&self, address: Address) -> Option<&Lane> {
        let index = self.lanes.partition_point(|lane| lane.range.end() <= address);
        self.lanes.get(index).filter(|lane| lane.range.contains(address))
    }
}

/// The page at a share of a range, 0 to 1; its ends where the share is outside.
pub fn page_at(range: PageRange, share: f64) -> Address {
    let pages = range.page_count();
    let page = (share.clamp(0.0, 1.0) * pages as f64) as u64;
    range.start() + page.min(pages - 1) * PAGE_SIZE
}

/// At which share of a range the middle of an address's page is.
pub fn share_of(range: PageRange, address: Address) -> f64 {
    let pages = page_floor(address).saturating_sub(range.start()) / PAGE_SIZE;
    (pages as f64 + 0.5) / range.page_count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::vma;

    #[test]
    fn lanes_are_found_by_height_and_by_address() {
        let vmas: Vec<_> = (0..65_530).map(|i| vma(0x40_0000 + i * 0x2000, 1, "rw-")).collect();
        let lanes = Lanes::new(&vmas);
        let lane = *lanes.of(0x40_0000 + 30_000 * 0x2000).unwrap();
        assert_eq!(lane.entry, Entry::Vma(30_000));
        assert_eq!(lanes.at(lane.top + 1.0), Some(&lane));
        assert_eq!(lanes.between(lane.top, lane.top + 300.0).len(), 13);
        assert_eq!(lanes.at(-1.0), None);
        assert_eq!(lanes.at(lanes.height() + 1.0), None);
    }

    #[test]
    fn a_place_on_a_bar_is_a_page_and_back() {
        let range = vma(0x1_0000, 10, "r--").range;
        for page in 0..10 {
            let address = 0x1_0000 + page * PAGE_SIZE;
            assert_eq!(page_at(range, share_of(range, address + 5)), address);
        }
        assert_eq!(page_at(range, 7.0), 0x1_9000);
        assert_eq!(page_at(range, -1.0), 0x1_0000);
    }

    #[test]
    fn nothing_mapped_is_one_hole() {
        let lanes = Lanes::new(&[]);
        assert_eq!(lanes.height(), FOLD);
        assert_eq!(lanes.at(3.0).map(|lane| lane.entry), Some(Entry::Hole));
    }
}
