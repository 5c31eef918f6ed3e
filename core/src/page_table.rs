//! The four-level page table of x86-64: 512 entries a table, nine bits of the address each.
//!
//! ```text
//! 47      39 38      30 29      21 20      12 11         0
//! │ PGD idx │ PUD idx  │ PMD idx  │ PTE idx  │  offset   │
//! ```
//!
//! Tables exist only where something is resident, and are shared between clones until written.
//! Entries have the processor's own bits. Source: Intel SDM volume 3A, 4.5 (4-level paging).

use crate::abi::Prot;
use crate::address::{Address, Page, PageRange};
use crate::frame::FrameNumber;
use std::sync::Arc;

/// A page's translation, with the processor's bits.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PageTableEntry(u64);

const PRESENT: u64 = 1 << 0;
const WRITABLE: u64 = 1 << 1;
const USER: u64 = 1 << 2;
const ACCESSED: u64 = 1 << 5;
const DIRTY: u64 = 1 << 6;
const NO_EXECUTE: u64 = 1 << 63;
const FRAME_SHIFT: u32 = 12;

impl PageTableEntry {
    /// An entry for a frame. A present user entry can always be read; the other rights are bits.
    pub fn new(frame: FrameNumber, writable: bool, executable: bool) -> PageTableEntry {
        let mut bits = (u64::from(frame) << FRAME_SHIFT) | PRESENT | USER;
        if writable {
            bits |= WRITABLE;
        }
        if !executable {
            bits |= NO_EXECUTE;
        }
        PageTableEntry(bits)
    }

    /// Bit 0: the page is resident.
    pub const fn present(self) -> bool {
        self.0 & PRESENT != 0
    }

    /// Bit 1: stores are allowed.
    pub const fn writable(self) -> bool {
        self.0 & WRITABLE != 0
    }

    /// Bit 2: user mode may use it. Cleared by `PROT_NONE`, whose pages stay resident.
    pub const fn user(self) -> bool {
        self.0 & USER != 0
    }

    /// Bit 5: used since the bit was cleared.
    pub const fn accessed(self) -> bool {
        self.0 & ACCESSED != 0
    }

    /// Bit 6: written since the bit was cleared.
    pub const fn dirty(self) -> bool {
        self.0 & DIRTY != 0
    }

    /// Bit 63: instruction fetches are refused.
    pub const fn no_execute(self) -> bool {
        self.0 & NO_EXECUTE != 0
    }

    /// Bits 12 and up: the frame.
    pub const fn frame(self) -> FrameNumber {
        ((self.0 & !NO_EXECUTE) >> FRAME_SHIFT) as FrameNumber
    }

    /// The rights that the entry gives without a page fault.
    pub fn prot(self) -> Prot {
        let mut prot = Prot::empty();
        if self.present() && self.user() {
            prot |= Prot::READ;
            prot.set(Prot::WRITE, self.writable());
            prot.set(Prot::EXEC, !self.no_execute());
        }
        prot
    }

    /// The same entry, with the accessed bit set, and the dirty bit too for a write.
    pub const fn touched(self, write: bool) -> PageTableEntry {
        PageTableEntry(self.0 | ACCESSED | if write { DIRTY } else { 0 })
    }

    /// The same frame, accessed and dirty bits with the rights of another protection.
    pub fn with_rights(self, accessible: bool, writable: bool, executable: bool) -> PageTableEntry {
        let mut bits = self.0 & !(WRITABLE | NO_EXECUTE | USER);
        if accessible {
            bits |= USER;
        }
        if writable {
            bits |= WRITABLE;
        }
        if !executable {
            bits |= NO_EXECUTE;
        }
        PageTableEntry(bits)
    }
}

const ENTRIES: usize = 512;

/// The lowest table: an entry a page.
#[derive(Clone, PartialEq)]
struct Leaf {
    entries: [PageTableEntry; ENTRIES],
    resident: u64,
}

/// A table of tables.
#[derive(Clone, PartialEq)]
struct Directory<T> {
    entries: [Option<Arc<T>>; ENTRIES],
    resident: u64,
}

/// What all tables can do with a page number relative to their first page.
trait Table: Clone {
    /// Pages that one entry covers.
    const ENTRY_PAGES: u64;
    fn empty() -> Self;
    fn resident(&self) -> u64;
    fn get(&self, page: u64) -> PageTableEntry;
    fn set(&mut self, page: u64, entry: PageTableEntry) -> PageTableEntry;
    /// Visits present entries from `from` up to but not including `to`, lowest first, until told
    /// to stop.
    fn visit(
        &self,
        base: u64,
        from: u64,
        to: u64,
        f: &mut dyn FnMut(Page, PageTableEntry) -> bool,
    ) -> bool;
    fn count(&self, from: u64, to: u64) -> u64;
    /// Adds the indices that a walk reaches: (index, present) a level.
    fn walk(&self, page: u64, out: &mut Vec<(u16, bool)>);
}

fn index_of<T: Table>(page: u64) -> usize {
    (page / T::ENTRY_PAGES) as usize % ENTRIES
}

impl Table for Leaf {
    const ENTRY_PAGES: u64 = 1;

    fn empty() -> Leaf {
        Leaf { entries: [PageTableEntry::default(); ENTRIES], resident: 0 }
    }

    fn resident(&self) -> u64 {
        self.resident
    }

    fn get(&self, page: u64) -> PageTableEntry {
        self.entries[index_of::<Leaf>(page)]
    }

    fn set(&mut self, page: u64, entry: PageTableEntry) -> PageTableEntry {
        let old = std::mem::replace(&mut self.entries[index_of::<Leaf>(page)], entry);
        self.resident += u64::from(entry.present());
        self.resident -= u64::from(old.present());
        old
    }

    fn visit(
        &self,
        base: u64,
        from: u64,
        to: u64,
        f: &mut dyn FnMut(Page, PageTableEntry) -> bool,
    ) -> bool {
        for page in from..to {
            let entry = self.entries[index_of::<Leaf>(page)];
            if entry.present() && !f(Page::containing(0).offset(base + page), entry) {
                return false;
            }
        }
        true
    }

    fn count(&self, from: u64, to: u64) -> u64 {
        (from..to).filter(|page| self.entries[index_of::<Leaf>(*page)].present()).count() as u64
    }

    fn walk(&self, page: u64, out: &mut Vec<(u16, bool)>) {
        let index = index_of::<Leaf>(page);
        out.push((index as u16, self.entries[index].present()));
    }
}

impl<T: Table> Table for Directory<T> {
    const ENTRY_PAGES: u64 = T::ENTRY_PAGES * ENTRIES as u64;

    fn empty() -> Directory<T> {
        Directory { entries: std::array::from_fn(|_| None), resident: 0 }
    }

    fn resident(&self) -> u64 {
        self.resident
    }

    fn get(&self, page: u64) -> PageTableEntry {
        match &self.entries[index_of::<Self>(page)] {
            Some(table) => table.get(page % Self::ENTRY_PAGES),
            None => PageTableEntry::default(),
        }
    }

    fn set(&mut self, page: u64, entry: PageTableEntry) -> PageTableEntry {
        let slot = &mut self.entries[index_of::<Self>(page)];
        if slot.is_none() && !entry.present() {
            return PageTableEntry::default();
        }
        let table = Arc::make_mut(slot.get_or_insert_with(|| Arc::new(T::empty())));
        let old = table.set(page % Self::ENTRY_PAGES, entry);
        if table.resident() == 0 {
            *slot = None;
        }
        self.resident += u64::from(entry.present());
        self.resident -= u64::from(old.present());
        old
    }

    fn visit(
        &self,
        base: u64,
        from: u64,
        to: u64,
        f: &mut dyn FnMut(Page, PageTableEntry) -> bool,
    ) -> bool {
        for (index, first, last) in entry_spans(Self::ENTRY_PAGES, from, to) {
            let Some(table) = &self.entries[index] else { continue };
            let start = index as u64 * Self::ENTRY_PAGES;
            if !table.visit(base + start, first, last, f) {
                return false;
            }
        }
        true
    }

    fn count(&self, from: u64, to: u64) -> u64 {
        entry_spans(Self::ENTRY_PAGES, from, to)
            .map(|(index, first, last)| match &self.entries[index] {
                None => 0,
                Some(table) if first == 0 && last == Self::ENTRY_PAGES => table.resident(),
                Some(table) => table.count(first, last),
            })
            .sum()
    }

    fn walk(&self, page: u64, out: &mut Vec<(u16, bool)>) {
        let index = index_of::<Self>(page);
        out.push((index as u16, self.entries[index].is_some()));
        if let Some(table) = &self.entries[index] {
            table.walk(page % Self::ENTRY_PAGES, out);
        }
    }
}

/// Cuts a run of pages at the borders of entries: (entry, first page in it, page behind the last).
fn entry_spans(entry_pages: u64, from: u64, to: u64) -> impl Iterator<Item = (usize, u64, u64)> {
    let entries = if from < to { from / entry_pages..to.div_ceil(entry_pages) } else { 0..0 };
    entries.map(move |index| {
        let start = index * entry_pages;
        (index as usize, from.max(start) - start, to.min(start + entry_pages) - start)
    })
}

type Pmd = Directory<Leaf>;
type Pud = Directory<Pmd>;
type Pgd = Directory<Pud>;

/// Pages that four levels can name.
const ALL_PAGES: u64 = 1 << 36;

/// The page table of an address space: page → [`PageTableEntry`].
#[derive(Clone, PartialEq)]
pub struct PageTable {
    root: Arc<Pgd>,
}

impl PageTable {
    /// A table without a resident page.
    pub fn new() -> PageTable {
        PageTable { root: Arc::new(Pgd::empty()) }
    }

    /// Number of resident pages.
    pub fn resident(&self) -> u64 {
        self.root.resident()
    }

    /// Number of resident pages in a range.
    pub fn resident_in(&self, range: PageRange) -> u64 {
        let (from, to) = numbers(range);
        self.root.count(from, to)
    }

    /// The entry of a page; not present where no table reaches it.
    pub fn get(&self, page: Page) -> PageTableEntry {
        if page.number() < ALL_PAGES { self.root.get(page.number()) } else { Default::default() }
    }

    /// Sets the entry of a page and returns what was there.
    pub fn set(&mut self, page: Page, entry: PageTableEntry) -> PageTableEntry {
        if page.number() >= ALL_PAGES {
            return PageTableEntry::default();
        }
        Arc::make_mut(&mut self.root).set(page.number(), entry)
    }

    /// Visits the resident pages of a range, lowest first, until `f` returns false.
    pub fn visit(&self, range: PageRange, mut f: impl FnMut(Page, PageTableEntry) -> bool) {
        let (from, to) = numbers(range);
        self.root.visit(0, from, to, &mut f);
    }

    /// The resident pages of a range, lowest first.
    pub fn entries(&self, range: PageRange) -> Vec<(Page, PageTableEntry)> {
        let mut found = Vec::new();
        self.visit(range, |page, entry| {
            found.push((page, entry));
            true
        });
        found
    }

    /// The indices that a walk for an address reaches, highest level first: (index, present).
    pub fn walk(&self, address: Address) -> Vec<(u16, bool)> {
        let mut levels = Vec::with_capacity(4);
        let page = Page::containing(address).number();
        self.root.walk(page % ALL_PAGES, &mut levels);
        levels
    }
}

impl Default for PageTable {
    fn default() -> PageTable {
        PageTable::new()
    }
}

impl std::fmt::Debug for PageTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PageTable({} resident)", self.resident())
    }
}

fn numbers(range: PageRange) -> (u64, u64) {
    let first = Page::containing(range.start()).number();
    let last = Page::containing(range.end()).number();
    (first.min(ALL_PAGES), last.min(ALL_PAGES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(address: Address) -> Page {
        Page::containing(address)
    }

    #[test]
    fn entries_have_the_processors_bits() {
        let entry = PageTableEntry::new(5, true, false).touched(true);
        assert_eq!(entry.0, 0x8000_0000_0000_5067);
        assert_eq!(entry.prot(), Prot::RW);
        assert_eq!(entry.with_rights(false, false, false).prot(), Prot::empty());
        assert!(entry.with_rights(false, false, false).present());
    }

    #[test]
    fn sets_counts_and_visits_across_tables() {
        let mut table = PageTable::new();
        let entry = PageTableEntry::new(1, false, false);
        for address in [0x0, 0x1f_f000, 0x20_0000, 0x7fff_ffff_e000] {
            table.set(page(address), entry);
        }
        assert_eq!(table.resident(), 4);
        let all = PageRange::new(0, 0x7fff_ffff_f000).unwrap();
        let found: Vec<_> = table.entries(all).iter().map(|(page, _)| page.start()).collect();
        assert_eq!(found, [0x0, 0x1f_f000, 0x20_0000, 0x7fff_ffff_e000]);
        assert_eq!(table.resident_in(PageRange::new(0x1000, 0x20_1000).unwrap()), 2);
        for (page, _) in table.entries(all) {
            table.set(page, PageTableEntry::default());
        }
        assert_eq!(table, PageTable::new());
    }

    #[test]
    fn a_walk_shows_four_indices_or_where_it_stops() {
        let mut table = PageTable::new();
        assert_eq!(table.walk(0x7fff_ffff_e123), [(255, false)]);
        table.set(page(0x7fff_ffff_e000), PageTableEntry::new(1, false, false));
        let walk = table.walk(0x7fff_ffff_e123);
        assert_eq!(walk, [(255, true), (511, true), (511, true), (510, true)]);
        assert_eq!(table.walk(0x7fff_ffff_d000)[3], (509, false));
    }
}
