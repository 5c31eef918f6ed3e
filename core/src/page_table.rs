//! The four-level page table of x86-64: 512 entries a table, nine bits of the address each.
//!
//! ```text
//! 47      39 38      30 29      21 20      12 11         0
//! │ PGD idx │ PUD idx  │ PMD idx  │ PTE idx  │  offset   │
//! ```
//!
//! An entry of the third level either names a table or, with the page-size bit set, maps 2 MiB by
//! itself: a huge page, in which the walk ends and 21 bits are the offset.
//!
//! Tables exist only where something is resident, and are shared between clones until written.
//! Entries have the processor's own bits. Source: Intel SDM volume 3A, 4.5 (4-level paging), 4.6.2
//! (protection keys).

use crate::abi::Prot;
use crate::address::{Address, HUGE_PAGE_PAGES, Page, PageRange};
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
const PAGE_SIZE_BIT: u64 = 1 << 7;
const KEY_SHIFT: u32 = 59;
const KEY: u64 = 0xf << KEY_SHIFT;
const NO_EXECUTE: u64 = 1 << 63;
const FRAME_SHIFT: u32 = 12;
const FRAME: u64 = (1 << 52) - (1 << FRAME_SHIFT);

/// The rights that an entry gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rights {
    /// User mode may use it.
    pub accessible: bool,
    /// Stores are allowed.
    pub writable: bool,
    /// Instruction fetches are allowed.
    pub executable: bool,
    /// The protection key, 0 to 15: loads and stores need its permission too.
    pub key: u8,
}

impl PageTableEntry {
    /// An entry for a frame. A present user entry can always be read, unless its key forbids it;
    /// the other rights are bits.
    pub fn new(frame: FrameNumber, rights: Rights) -> PageTableEntry {
        let entry = PageTableEntry((u64::from(frame) << FRAME_SHIFT) | PRESENT);
        entry.with_rights(Rights { accessible: true, ..rights })
    }

    /// The same as an entry of the third level, which maps 2 MiB from its frame on.
    #[must_use]
    pub const fn huge(self) -> PageTableEntry {
        PageTableEntry(self.0 | PAGE_SIZE_BIT)
    }

    /// The entry of a page of a huge page, once a table of entries stands in for it.
    const fn part(self, page: u64) -> PageTableEntry {
        PageTableEntry((self.0 & !PAGE_SIZE_BIT) + (page << FRAME_SHIFT))
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

    /// Bit 7, of the third level only: it maps 2 MiB.
    pub const fn is_huge(self) -> bool {
        self.0 & PAGE_SIZE_BIT != 0
    }

    /// Bits 59 to 62: the protection key.
    pub const fn key(self) -> u8 {
        ((self.0 & KEY) >> KEY_SHIFT) as u8
    }

    /// Bits 12 to 51: the frame.
    pub const fn frame(self) -> FrameNumber {
        ((self.0 & FRAME) >> FRAME_SHIFT) as FrameNumber
    }

    /// The rights that the entry gives without a page fault.
    pub fn prot(self) -> Prot {
        let mut prot = Prot::empty();
        if self.present() && self.user() {
            // No key but 0 ever allows a load or a store here (`execute_only_pkey`).
            prot.set(Prot::READ, self.key() == 0);
            prot.set(Prot::WRITE, self.key() == 0 && self.writable());
            prot.set(Prot::EXEC, !self.no_execute());
        }
        prot
    }

    /// The same entry, with the accessed bit set, and the dirty bit too for a write.
    pub const fn touched(self, write: bool) -> PageTableEntry {
        PageTableEntry(self.0 | ACCESSED | if write { DIRTY } else { 0 })
    }

    /// The same frame, accessed and dirty bits with the rights of another protection.
    #[must_use]
    pub fn with_rights(self, rights: Rights) -> PageTableEntry {
        let mut bits = self.0 & !(WRITABLE | NO_EXECUTE | USER | KEY);
        if rights.accessible {
            bits |= USER;
        }
        if rights.writable {
            bits |= WRITABLE;
        }
        if !rights.executable {
            bits |= NO_EXECUTE;
        }
        PageTableEntry(bits | u64::from(rights.key) << KEY_SHIFT & KEY)
    }
}

const ENTRIES: usize = 512;

/// What an entry of the third level leads to.
#[derive(Clone, PartialEq)]
enum Leaf {
    /// The lowest table: an entry a page.
    Table { entries: Box<[PageTableEntry; ENTRIES]>, resident: u64 },
    /// No table: the entry itself maps 2 MiB.
    Huge(PageTableEntry),
}

impl Leaf {
    /// The table that stands in for a huge page: the same frames, rights and bits page by page.
    fn split(&self) -> Leaf {
        match self {
            Leaf::Huge(entry) => Leaf::Table {
                entries: Box::new(std::array::from_fn(|page| entry.part(page as u64))),
                resident: HUGE_PAGE_PAGES,
            },
            Leaf::Table { .. } => self.clone(),
        }
    }
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
    /// What the third level leads to for a page, if to anything.
    fn leaf(&self, page: u64) -> Option<&Leaf>;
    /// Puts something else there, or nothing.
    fn set_leaf(&mut self, page: u64, leaf: Option<Leaf>);
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
        Leaf::Table { entries: Box::new([PageTableEntry::default(); ENTRIES]), resident: 0 }
    }

    fn resident(&self) -> u64 {
        match self {
            Leaf::Table { resident, .. } => *resident,
            Leaf::Huge(_) => HUGE_PAGE_PAGES,
        }
    }

    fn get(&self, page: u64) -> PageTableEntry {
        match self {
            Leaf::Table { entries, .. } => entries[index_of::<Leaf>(page)],
            Leaf::Huge(entry) => entry.part(page % HUGE_PAGE_PAGES).huge(),
        }
    }

    fn set(&mut self, page: u64, entry: PageTableEntry) -> PageTableEntry {
        if let Leaf::Huge(_) = self {
            *self = self.split();
        }
        let Leaf::Table { entries, resident } = self else { return PageTableEntry::default() };
        let old = std::mem::replace(&mut entries[index_of::<Leaf>(page)], entry);
        *resident += u64::from(entry.present());
        *resident -= u64::from(old.present());
        old
    }

    fn leaf(&self, _: u64) -> Option<&Leaf> {
        Some(self)
    }

    fn set_leaf(&mut self, _: u64, leaf: Option<Leaf>) {
        *self = leaf.unwrap_or_else(Leaf::empty);
    }

    fn visit(
        &self,
        base: u64,
        from: u64,
        to: u64,
        f: &mut dyn FnMut(Page, PageTableEntry) -> bool,
    ) -> bool {
        for page in from..to {
            let entry = self.get(page);
            if entry.present() && !f(Page::containing(0).offset(base + page), entry) {
                return false;
            }
        }
        true
    }

    fn count(&self, from: u64, to: u64) -> u64 {
        (from..to).filter(|page| self.get(*page).present()).count() as u64
    }

    fn walk(&self, page: u64, out: &mut Vec<(u16, bool)>) {
        if let Leaf::Table { entries, .. } = self {
            let index = index_of::<Leaf>(page);
            out.push((index as u16, entries[index].present()));
        }
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

    fn leaf(&self, page: u64) -> Option<&Leaf> {
        self.entries[index_of::<Self>(page)].as_ref()?.leaf(page % Self::ENTRY_PAGES)
    }

    fn set_leaf(&mut self, page: u64, leaf: Option<Leaf>) {
        let slot = &mut self.entries[index_of::<Self>(page)];
        if slot.is_none() && leaf.is_none() {
            return;
        }
        let table = Arc::make_mut(slot.get_or_insert_with(|| Arc::new(T::empty())));
        let before = table.resident();
        table.set_leaf(page % Self::ENTRY_PAGES, leaf);
        let after = table.resident();
        if after == 0 {
            *slot = None;
        }
        self.resident = self.resident + after - before;
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
#[derive(Clone)]
pub struct PageTable {
    root: Arc<Pgd>,
    buffer: TranslationBuffer,
}

/// The walks of late: a software TLB. Any change of the table empties it, so that no invalidation
/// can be forgotten.
#[derive(Clone, Default)]
struct TranslationBuffer([(u64, PageTableEntry); TranslationBuffer::SLOTS]);

impl TranslationBuffer {
    const SLOTS: usize = 8;

    /// Where a page may stand, and what stands there is called: page 0 is not called 0, as an empty
    /// slot is.
    fn slot(&mut self, page: u64) -> (&mut (u64, PageTableEntry), u64) {
        (&mut self.0[page as usize % TranslationBuffer::SLOTS], page + 1)
    }
}

impl PartialEq for PageTable {
    fn eq(&self, other: &PageTable) -> bool {
        self.root == other.root
    }
}

impl PageTable {
    /// A table without a resident page.
    pub fn new() -> PageTable {
        PageTable { root: Arc::new(Pgd::empty()), buffer: TranslationBuffer::default() }
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

    /// The same for an access, which comes again to where one was.
    pub fn look_up(&mut self, page: Page) -> PageTableEntry {
        let (slot, tag) = self.buffer.slot(page.number());
        if slot.0 == tag {
            return slot.1;
        }
        let entry = self.get(page);
        *self.buffer.slot(page.number()).0 = (tag, entry);
        entry
    }

    /// The tables, about to be changed.
    fn root_mut(&mut self) -> &mut Pgd {
        self.buffer = TranslationBuffer::default();
        Arc::make_mut(&mut self.root)
    }

    /// Sets the entry of a page and returns what was there.
    pub fn set(&mut self, page: Page, entry: PageTableEntry) -> PageTableEntry {
        if page.number() >= ALL_PAGES {
            return PageTableEntry::default();
        }
        self.root_mut().set(page.number(), entry)
    }

    /// The entry of the third level that maps the 2 MiB around a page, if one does; its frame is
    /// the first of 512.
    pub fn huge(&self, page: Page) -> Option<PageTableEntry> {
        if page.number() >= ALL_PAGES {
            return None;
        }
        match self.root.leaf(page.number())? {
            Leaf::Huge(entry) => Some(*entry),
            Leaf::Table { .. } => None,
        }
    }

    /// Maps the 2 MiB around a page by one entry, or by none: what was there before is gone.
    pub fn set_huge(&mut self, page: Page, entry: Option<PageTableEntry>) {
        if page.number() < ALL_PAGES {
            let leaf = entry.map(|entry| Leaf::Huge(entry.huge()));
            self.root_mut().set_leaf(page.number(), leaf);
        }
    }

    /// Puts a table of 512 entries in the place of the one that maps the 2 MiB around a page.
    pub fn split_huge(&mut self, page: Page) {
        if self.huge(page).is_some() {
            let split = self.root.leaf(page.number()).map(Leaf::split);
            self.root_mut().set_leaf(page.number(), split);
        }
    }

    /// The pages of a range that are the first in it of a huge page, with the entry that maps
    /// that.
    pub fn huge_pages(&self, range: PageRange) -> Vec<(Page, PageTableEntry)> {
        let mut found: Vec<(Page, PageTableEntry)> = Vec::new();
        let mut last = None;
        self.visit(range, |page, entry| {
            let block = page.number() / HUGE_PAGE_PAGES;
            if entry.is_huge() && last != Some(block) {
                last = Some(block);
                found.extend(self.huge(page).map(|entry| (page, entry)));
            }
            true
        });
        found
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

    /// The indices that a walk for an address reaches, highest level first: (index, present). It
    /// ends at the third level in a huge page.
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

    const READ_ONLY: Rights =
        Rights { accessible: true, writable: false, executable: false, key: 0 };

    fn page(address: Address) -> Page {
        Page::containing(address)
    }

    #[test]
    fn entries_have_the_processors_bits() {
        let entry = PageTableEntry::new(5, Rights { writable: true, ..READ_ONLY }).touched(true);
        assert_eq!(entry.0, 0x8000_0000_0000_5067);
        assert_eq!(entry.prot(), Prot::RW);
        let none = Rights { accessible: false, ..READ_ONLY };
        assert_eq!(entry.with_rights(none).prot(), Prot::empty());
        assert!(entry.with_rights(none).present());
        let execute_only = entry.with_rights(Rights { executable: true, key: 1, ..READ_ONLY });
        assert_eq!(execute_only.0, 0x0800_0000_0000_5065);
        assert_eq!((execute_only.prot(), execute_only.key()), (Prot::EXEC, 1));
    }

    #[test]
    fn a_huge_page_is_one_entry_until_it_is_split() {
        let mut table = PageTable::new();
        let entry = PageTableEntry::new(512, READ_ONLY);
        table.set_huge(page(0x20_0000), Some(entry));
        assert_eq!(table.resident(), 512);
        assert_eq!(table.walk(0x20_1234), [(0, true), (0, true), (1, true)]);
        assert_eq!(table.get(page(0x20_3000)).frame(), 515);
        assert_eq!(table.resident_in(PageRange::new(0x1f_f000, 0x20_2000).unwrap()), 2);
        let around = PageRange::new(0x3f_e000, 0x50_0000).unwrap();
        assert_eq!(table.huge_pages(around), [(page(0x3f_e000), entry.huge())]);
        table.split_huge(page(0x3f_f000));
        assert_eq!(table.walk(0x20_1234), [(0, true), (0, true), (1, true), (1, true)]);
        assert_eq!(table.get(page(0x20_3000)), PageTableEntry::new(515, READ_ONLY));
        assert_eq!((table.huge(page(0x20_0000)), table.resident()), (None, 512));
        table.set_huge(page(0x20_0000), None);
        assert_eq!(table, PageTable::new());
    }

    #[test]
    fn sets_counts_and_visits_across_tables() {
        let mut table = PageTable::new();
        let entry = PageTableEntry::new(1, READ_ONLY);
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
    fn what_was_looked_up_goes_by_every_change() {
        let mut table = PageTable::new();
        let entry = |frame| PageTableEntry::new(frame, READ_ONLY);
        let (one, other) = (page(0x20_0000), page(0x20_0000 + 8 * 4096)); // of one slot
        assert_eq!(table.look_up(one), PageTableEntry::default());
        table.set(one, entry(7));
        for looked_up in [one, other, one, one] {
            assert_eq!(table.look_up(looked_up), table.get(looked_up));
        }
        table.set_huge(one, Some(entry(512)));
        assert_eq!(table.look_up(other), table.get(other));
        assert!(table.look_up(one).is_huge());
        table.split_huge(one);
        assert!(!table.look_up(one).is_huge());
        let mut clone = table.clone();
        clone.set(one, PageTableEntry::default());
        assert!(table.look_up(one).present() && !clone.look_up(one).present());
        assert_eq!(table.look_up(page(0)), PageTableEntry::default());
    }

    #[test]
    fn a_walk_shows_four_indices_or_where_it_stops() {
        let mut table = PageTable::new();
        assert_eq!(table.walk(0x7fff_ffff_e123), [(255, false)]);
        table.set(page(0x7fff_ffff_e000), PageTableEntry::new(1, READ_ONLY));
        let walk = table.walk(0x7fff_ffff_e123);
        assert_eq!(walk, [(255, true), (511, true), (511, true), (510, true)]);
        assert_eq!(table.walk(0x7fff_ffff_d000)[3], (509, false));
    }
}
