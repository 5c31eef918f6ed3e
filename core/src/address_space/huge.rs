//! Huge pages: 2 MiB that one entry of the third level maps, where private memory was advised with
//! `MADV_HUGEPAGE`.
//!
//! ```text
//! first touch      border inside, part dropped      MADV_FREE, MADV_COLD of a part
//! │    huge    │ → │ 512 entries, same frames │  →  │ … and pages of zeros share the zero page │
//! ```
//!
//! Splitting the entry leaves the frames as they are, one large folio; the huge zero page becomes
//! 512 times the small one. Only splitting the folio looks at what is in the frames.
//!
//! Differs: the frames of pages that go are free at once; the kernel keeps them until nothing maps
//! the folio any more, or memory is short.
//!
//! Source: `zap_huge_pmd`, `__split_huge_pmd_locked`, `move_huge_pmd`, `__folio_split`
//! (mm/huge_memory.c), `try_to_map_unused_to_zeropage` (mm/migrate.c), `move_page_tables`
//! (mm/mremap.c), Linux 6.18.

use super::AddressSpace;
use crate::address::{Address, HUGE_PAGE_PAGES, PMD_SIZE, Page, PageRange};
use crate::frame::{FrameNumber, Frames, ZERO_FRAME, is_huge_zero_frame};
use crate::page_table::PageTableEntry;
use crate::vma::{Vma, VmaFlags, block_around};

/// What one entry of the second level covers: 1 GiB.
const PUD_SIZE: u64 = 1 << 30;

impl AddressSpace {
    /// Says whether the entry of the third level over a page is empty: neither a table nor a huge
    /// page (`pmd_none`).
    pub fn is_block_empty(&self, page: Page) -> bool {
        !self.has_table(page) && self.table.huge(page).is_none()
    }

    /// Says whether anything of the GiB around a page has a table or is a huge page
    /// (`mm_find_pmd`).
    pub fn has_upper_table(&self, page: Page) -> bool {
        let first = page.start() / PUD_SIZE * (PUD_SIZE / PMD_SIZE);
        let gib = PageRange::spanning(page.start() / PUD_SIZE * PUD_SIZE, PUD_SIZE);
        !self.tables.inside(first..first + PUD_SIZE / PMD_SIZE).is_empty()
            || gib.is_some_and(|gib| self.table.resident_in(gib) > 0)
    }

    /// Maps 2 MiB by one entry, in place of what was there; the frames follow the entry's.
    pub fn set_huge(&mut self, block: PageRange, entry: PageTableEntry, frames: &mut Frames) {
        self.drop_pages(block, frames);
        for (page, frame) in block.pages().zip(entry.frame()..) {
            frames.map(frame, page);
        }
        let number = block.start() / PMD_SIZE;
        self.tables.remove(number..number + 1);
        self.table.set_huge(Page::containing(block.start()), Some(entry));
    }

    /// Changes the entry of a huge page, whose frames stay.
    pub fn change_huge(&mut self, page: Page, change: impl Fn(PageTableEntry) -> PageTableEntry) {
        if let Some(entry) = self.table.huge(page) {
            self.table.set_huge(page, Some(change(entry)));
        }
    }

    /// Takes a huge page out of the page table.
    pub(super) fn drop_huge(&mut self, page: Page, frames: &mut Frames) {
        let (Some(entry), Some(block)) = (self.table.huge(page), block_around(page.start())) else {
            return;
        };
        self.table.set_huge(page, None);
        for (page, frame) in block.pages().zip(entry.frame()..) {
            frames.unmap(frame, page);
        }
    }

    /// Splits the huge page that an address lies inside of, not at its start; gives where it was.
    pub(super) fn split_huge_at(&mut self, at: Address, frames: &mut Frames) -> Option<PageRange> {
        if at.is_multiple_of(PMD_SIZE) { None } else { self.split_huge(at, frames) }
    }

    /// Puts a table of 512 entries in place of a huge page: its frames stay, the huge zero page
    /// becomes the small one (`__split_huge_zero_page_pmd`). Gives where it was, if there was one.
    pub fn split_huge(&mut self, at: Address, frames: &mut Frames) -> Option<PageRange> {
        let page = Page::containing(at);
        let entry = self.table.huge(page)?;
        let block = block_around(at)?;
        self.table.split_huge(page);
        self.make_table(page);
        if is_huge_zero_frame(entry.frame()) {
            for page in block.pages() {
                self.show_zero_page(page, frames);
            }
        }
        Some(block)
    }

    /// Puts the zero page in the place of a resident page.
    fn show_zero_page(&mut self, page: Page, frames: &mut Frames) {
        let Some(vma) = self.vmas.at(page.start()) else { return };
        let entry = PageTableEntry::new(ZERO_FRAME, AddressSpace::rights(vma, false, false));
        // Memory without rights keeps its pages.
        let entry = entry.with_rights(AddressSpace::rights(vma, false, false));
        self.set_entry(page, entry, frames);
    }

    /// Splits the large folios of which only a part lies in a range of one VMA, as `MADV_FREE` and
    /// `MADV_COLD` do (`madvise_free_pte_range`): what holds only zeros shares the zero page
    /// from then on.
    pub fn split_folios(&mut self, range: PageRange, frames: &mut Frames) {
        let mut at = range.start();
        while at < range.end() {
            let next = (at / PMD_SIZE + 1).saturating_mul(PMD_SIZE).min(range.end());
            let Some(part) = PageRange::new(at, next) else { return };
            at = next;
            if self.table.resident_in(part) == 0 {
                continue;
            }
            match self.table.huge(Page::containing(part.start())) {
                Some(_) if part.size_bytes() == PMD_SIZE => {}
                Some(entry) if is_huge_zero_frame(entry.frame()) => {}
                Some(entry) => self.split_folio(entry.frame(), frames),
                None => self.split_folios_of_table(part, frames),
            }
        }
    }

    /// The same where there is a table of entries: a folio is left alone if all of it is mapped in
    /// order in the range.
    fn split_folios_of_table(&mut self, part: PageRange, frames: &mut Frames) {
        // A frame that was freed and taken again is no part of the folio any more.
        let whole = |space: &AddressSpace, frames: &Frames, first: FrameNumber| {
            part.size_bytes() == PMD_SIZE
                && part.pages().zip(first..).all(|(page, frame)| {
                    let entry = space.table.get(page);
                    entry.present() && entry.frame() == frame && frames.large_folio(frame).is_some()
                })
        };
        for page in part.pages() {
            let frame = self.table.get(page).frame();
            if let Some(folio) = frames.large_folio(frame)
                && !whole(self, frames, folio.start)
            {
                self.split_folio(frame, frames);
            }
        }
    }

    /// Splits the large folio of a frame wherever its pages are mapped.
    fn split_folio(&mut self, frame: FrameNumber, frames: &mut Frames) {
        let Some(folio) = frames.large_folio(frame) else { return };
        for frame in folio {
            if frames.large_folio(frame).is_none() {
                continue;
            }
            if let Some(page) = frames.pages(frame).first().copied() {
                self.split_huge(page.start(), frames);
                let vma = self.vmas.at(page.start());
                let locked = vma.is_some_and(|vma| vma.flags.contains(VmaFlags::LOCKED));
                if !locked && frames.is_all_zeros(frame) {
                    self.show_zero_page(page, frames);
                    continue;
                }
            }
            frames.make_small(frame);
        }
    }

    /// Moves what stands for stretches of 2 MiB from one place to another: page tables, and huge
    /// pages. A stretch that lies alike in both places moves as a whole, and its entry is empty in
    /// the old one; of the others the new place gets a table where the old one has one. The new
    /// VMA is there already. Pages of tables are not moved here.
    pub(super) fn move_tables(&mut self, old: PageRange, to: Address, frames: &mut Frames) {
        let from = old.start();
        let alike = from % PMD_SIZE == to % PMD_SIZE;
        let (first, end) = (from / PMD_SIZE, old.end().div_ceil(PMD_SIZE));
        for (page, entry) in self.table.huge_pages(old) {
            let block = block_around(page.start()).filter(|block| alike && old.covers(*block));
            let Some(block) = block else {
                self.split_huge(page.start(), frames);
                continue;
            };
            self.drop_moved(page, block, entry, to.wrapping_add(block.start() - from), frames);
        }
        let begins_whole = from.is_multiple_of(PMD_SIZE) || self.can_realign(old, to);
        let first_whole = if begins_whole { first } else { first + 1 };
        let whole = first_whole..(old.end() / PMD_SIZE).max(first_whole);
        // In order, one after the other: where old and new place share a stretch, a table that was
        // just made for the new one counts as one of the old.
        let mut next = first;
        while let Some(number) = self.tables.next(next..end) {
            next = number + 1;
            let low = (number * PMD_SIZE).max(from);
            let high = ((number + 1) * PMD_SIZE).min(old.end());
            let (low, high) = (low - from + to, high - from + to);
            if alike && whole.contains(&number) {
                self.tables.remove(number..number + 1);
            }
            self.tables.add(low / PMD_SIZE..high.div_ceil(PMD_SIZE));
        }
    }

    /// Moves a whole huge page (`move_huge_pmd`).
    fn drop_moved(
        &mut self,
        page: Page,
        block: PageRange,
        entry: PageTableEntry,
        to: Address,
        frames: &mut Frames,
    ) {
        let target = Page::containing(to);
        for (index, old) in (0..HUGE_PAGE_PAGES).zip(block.pages()) {
            let frame = entry.frame() + index as FrameNumber;
            frames.map(frame, target.offset(index));
            frames.unmap(frame, old);
        }
        self.table.set_huge(page, None);
        self.table.set_huge(target, Some(entry));
    }

    /// Says whether the table over the start of a moved range moves as a whole although the range
    /// begins inside: nothing else lies below the start in it, in either place
    /// (`can_realign_addr`).
    fn can_realign(&self, old: PageRange, to: Address) -> bool {
        let from = old.start();
        let offset = from % PMD_SIZE;
        let free_below = |start: Address| {
            let below = PageRange::new(start - offset, start);
            let begins = self.vmas.at(start).is_some_and(|vma: &Vma| vma.range.start() == start);
            begins && below.is_none_or(|below| self.vmas.overlapping(below).next().is_none())
        };
        offset == to % PMD_SIZE
            && old.size_bytes() >= PMD_SIZE - offset
            && free_below(from)
            && free_below(to)
    }
}
