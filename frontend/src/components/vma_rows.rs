//! The rows of the list of VMAs: which stand in it, in which order, and the pages below an open one.

use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange};
use mmap_playground_core::state::VmaView;
use std::cmp::Reverse;

/// Pages of an open VMA that are listed at once; there are rows to the others.
pub const LISTED: u64 = 256;

/// A VMA, by its place among all; or a hole.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Entry {
    Vma(usize),
    Hole(PageRange),
}

/// In which order the VMAs are listed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Order {
    /// Lowest first, holes between them.
    #[default]
    Address,
    /// Largest first.
    Size,
    /// Largest first of those without a resident page, then the others.
    Untouched,
}

impl Order {
    /// All of them.
    pub const ALL: [Order; 3] = [Order::Address, Order::Size, Order::Untouched];

    /// Its name in a list of choices.
    pub const fn title(self) -> &'static str {
        match self {
            Order::Address => "lowest first",
            Order::Size => "largest first",
            Order::Untouched => "largest untouched first",
        }
    }

    /// A word for it, for the page's own use.
    pub const fn id(self) -> &'static str {
        match self {
            Order::Address => "address",
            Order::Size => "size",
            Order::Untouched => "untouched",
        }
    }
}

/// What is listed of these VMAs, which come lowest first.
pub fn entries(vmas: &[VmaView], order: Order) -> Vec<Entry> {
    if order == Order::Address {
        return with_holes(vmas);
    }
    let mut listed: Vec<usize> = (0..vmas.len()).collect();
    listed.sort_by_key(|index| {
        let vma = &vmas[*index];
        let later = order == Order::Untouched && vma.resident_pages > 0;
        (later, Reverse(vma.range.page_count()))
    });
    listed.into_iter().map(Entry::Vma).collect()
}

fn with_holes(vmas: &[VmaView]) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(vmas.len() * 2);
    let mut behind = None;
    for (index, vma) in vmas.iter().enumerate() {
        let hole = behind.and_then(|behind| PageRange::new(behind, vma.range.start()));
        entries.extend(hole.map(Entry::Hole));
        entries.push(Entry::Vma(index));
        behind = Some(vma.range.end());
    }
    entries
}

/// The VMA whose pages are listed.
#[derive(Clone, Copy, PartialEq)]
pub struct Open {
    /// An address in it.
    pub address: Address,
    /// The page, counted from 0, that is listed first.
    pub from: u64,
}

/// A row of the tree.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Row {
    /// A VMA or a hole, by index.
    Entry(usize),
    /// A page of the open VMA.
    Page(Address),
    /// Leads to the pages from this one on, so many as named.
    More(u64, u64),
}

/// The rows: what has an index, and the pages below one of them.
#[derive(Clone, Copy)]
pub struct Tree {
    entries: usize,
    /// The open VMA: its entry, its pages, and the first that is listed.
    pub open: Option<(usize, PageRange, u64)>,
}

impl Tree {
    /// The rows of what is listed.
    pub fn of(entries: &[Entry], vmas: &[VmaView], open: Option<Open>) -> Tree {
        let found = open.and_then(|open| {
            let holds = |entry: &Entry| match entry {
                Entry::Vma(index) => vmas[*index].range.contains(open.address),
                Entry::Hole(_) => false,
            };
            let index = entries.iter().position(holds)?;
            let Entry::Vma(vma) = entries[index] else { return None };
            let range = vmas[vma].range;
            let last = range.page_count().saturating_sub(1) / LISTED * LISTED;
            Some((index, range, open.from.min(last)))
        });
        Tree { entries: entries.len(), open: found }
    }

    fn child_count(&self) -> usize {
        let Some((_, range, from)) = self.open else { return 0 };
        let to = (from + LISTED).min(range.page_count());
        (to - from) as usize + usize::from(from > 0) + usize::from(to < range.page_count())
    }

    /// How many rows there are.
    pub fn row_count(&self) -> usize {
        self.entries + self.child_count()
    }

    /// The row at a place.
    pub fn row(&self, index: usize) -> Option<Row> {
        let Some((open, range, from)) = self.open else {
            return (index < self.entries).then_some(Row::Entry(index));
        };
        let children = self.child_count();
        if index <= open {
            return Some(Row::Entry(index));
        }
        if index > open + children {
            let entry = index - children;
            return (entry < self.entries).then_some(Row::Entry(entry));
        }
        let child = index - open - 1;
        let to = (from + LISTED).min(range.page_count());
        match (child, from > 0) {
            (0, true) => Some(Row::More(from.saturating_sub(LISTED), from)),
            _ => {
                let page = from + (child - usize::from(from > 0)) as u64;
                let behind = Row::More(to, range.page_count() - to);
                Some(if page < to { Row::Page(range.start() + page * PAGE_SIZE) } else { behind })
            }
        }
    }

    /// Where a VMA or hole stands.
    pub fn place_of_entry(&self, entry: usize) -> usize {
        match self.open {
            Some((open, ..)) if entry > open => entry + self.child_count(),
            _ => entry,
        }
    }

    /// Where a page of the open VMA stands, if it is listed.
    pub fn place_of_page(&self, address: Address) -> Option<usize> {
        let (open, range, from) = self.open.filter(|(_, range, _)| range.contains(address))?;
        let page = (address - range.start()) / PAGE_SIZE;
        let listed = page >= from && page < from + LISTED;
        listed.then(|| open + 1 + usize::from(from > 0) + (page - from) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::vma;

    #[test]
    fn holes_stand_between_vmas() {
        let vmas = [vma(0x1_0000, 1, "rw-"), vma(0x1_1000, 1, "r--"), vma(0x2_0000, 1, "r--")];
        let entries = entries(&vmas, Order::Address);
        assert_eq!(entries.len(), 4);
        assert!(matches!(entries[2], Entry::Hole(range) if range.start() == 0x1_2000));
    }

    #[test]
    fn the_largest_untouched_stands_first() {
        let mut vmas = [vma(0x1_0000, 4, "rw-"), vma(0x2_0000, 9, "r--"), vma(0x3_0000, 6, "r--")];
        vmas[1].resident_pages = 1;
        assert_eq!(entries(&vmas, Order::Size), [1, 2, 0].map(Entry::Vma));
        assert_eq!(entries(&vmas, Order::Untouched), [2, 0, 1].map(Entry::Vma));
    }

    fn tree(pages: u64, from: u64) -> (Tree, usize) {
        let vmas =
            [vma(0x1_0000, 1, "rw-"), vma(0x100_0000, pages, "r--"), vma(0x2_0000_0000, 1, "r--")];
        let entries = entries(&vmas, Order::Address);
        let open = Open { address: 0x100_0000, from };
        (Tree::of(&entries, &vmas, Some(open)), entries.len())
    }

    #[test]
    fn the_pages_of_the_open_vma_stand_below_it() {
        let (tree, entries) = tree(3, 0);
        assert_eq!(tree.row_count(), entries + 3);
        assert_eq!(tree.row(2), Some(Row::Entry(2)));
        assert_eq!(tree.row(3), Some(Row::Page(0x100_0000)));
        assert_eq!(tree.row(6), Some(Row::Entry(3)));
        assert_eq!(tree.row(tree.row_count()), None);
        assert_eq!(tree.place_of_entry(4), 7);
        assert_eq!(tree.place_of_page(0x100_2000), Some(5));
    }

    #[test]
    fn of_many_pages_a_window_is_listed() {
        let (tree, entries) = tree(1 << 18, 512);
        assert_eq!(tree.row_count(), entries + LISTED as usize + 2);
        assert_eq!(tree.row(3), Some(Row::More(256, 512)));
        assert_eq!(tree.row(4), Some(Row::Page(0x100_0000 + 512 * PAGE_SIZE)));
        let after = 512 + LISTED;
        assert_eq!(tree.row(4 + LISTED as usize), Some(Row::More(after, (1 << 18) - after)));
        assert_eq!(tree.place_of_page(0x100_0000), None);
        for index in 0..tree.row_count() {
            match tree.row(index).unwrap() {
                Row::Entry(entry) => assert_eq!(tree.place_of_entry(entry), index),
                Row::Page(page) => assert_eq!(tree.place_of_page(page), Some(index)),
                Row::More(..) => {}
            }
        }
    }
}
