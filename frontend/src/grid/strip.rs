//! The whole address space as one strip: VMAs in order, holes folded to thin gaps.
//!
//! A VMA's width grows with the logarithm of its size, so that a page beside a tebibyte can be
//! seen; the strip says so. Where there are more VMAs than room, neighbours are drawn as one.

use mmap_playground_core::address::{Address, PageRange, USER_END};
use mmap_playground_core::state::VmaView;

/// Something on the strip.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// Its addresses.
    pub range: PageRange,
    /// Left edge, 0 to 1.
    pub left: f64,
    /// Width, 0 to 1.
    pub width: f64,
    /// What it is.
    pub what: What,
}

/// What an item of the strip is.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// VMAs, by index into the list: the first and how many.
    Vmas(usize, usize),
    /// A hole.
    Hole,
}

const HOLE: f64 = 3.0;
const LONG_HOLE: f64 = 14.0;
/// From this size on a hole gets the wider gap, in bytes.
const LONG: u64 = 64 << 20;

/// Lays out VMAs, lowest first, in at most about `most` pieces.
pub fn layout(vmas: &[VmaView], most: usize) -> Vec<Item> {
    let together = vmas.len().div_ceil(most.max(1)).max(1);
    let mut items: Vec<Item> = Vec::new();
    let mut behind: Address = 0;
    for (chunk_index, chunk) in vmas.chunks(together).enumerate() {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
        push_hole(&mut items, behind, first.range.start());
        if let Some(range) = PageRange::new(first.range.start(), last.range.end()) {
            let pages: u64 = chunk.iter().map(|vma| vma.range.page_count()).sum();
            let width = 5.0 + 5.0 * (pages.max(1) as f64).log2();
            let what = What::Vmas(chunk_index * together, chunk.len());
            items.push(Item { range, left: 0.0, width, what });
        }
        behind = last.range.end();
    }
    push_hole(&mut items, behind, USER_END);
    let total: f64 = items.iter().map(|item| item.width).sum();
    let mut left = 0.0;
    for item in &mut items {
        item.width /= total;
        item.left = left;
        left += item.width;
    }
    items
}

fn push_hole(items: &mut Vec<Item>, from: Address, to: Address) {
    if let Some(range) = PageRange::new(from, to) {
        let width = if range.size_bytes() >= LONG { LONG_HOLE } else { HOLE };
        items.push(Item { range, left: 0.0, width, what: What::Hole });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::vma;

    #[test]
    fn an_empty_space_is_one_hole() {
        let items = layout(&[], 100);
        assert_eq!(items.len(), 1);
        assert_eq!((items[0].left, items[0].width), (0.0, 1.0));
    }

    #[test]
    fn order_is_kept_and_the_whole_width_used() {
        let vmas = [vma(0x40_0000, 1, "r-x"), vma(0x40_1000, 1 << 28, "---")];
        let items = layout(&vmas, 100);
        assert_eq!(items.len(), 4);
        assert!(items.windows(2).all(|pair| pair[0].left < pair[1].left));
        assert!(items[2].width > items[1].width);
        let last = &items[3];
        assert!((last.left + last.width - 1.0).abs() < 1e-9);
    }

    #[test]
    fn many_vmas_are_drawn_together() {
        let vmas: Vec<_> = (0..65_530).map(|i| vma(0x40_0000 + i * 0x2000, 1, "rw-")).collect();
        assert!(layout(&vmas, 200).len() <= 402);
    }
}
