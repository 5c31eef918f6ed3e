//! An address space: VMAs and page table, kept in step.
//!
//! Every operation is the same four steps: carve the range out of what is there, change it, put
//! it back, and let it merge with its neighbours. Arguments were checked before: an operation is
//! given ranges that are aligned and below the end of user space.
//!
//! Invariants, asserted by [`AddressSpace::check`]: a resident page lies in a VMA; its entry
//! allows no more than the VMA; its frame knows that the page maps it. A huge page lies in one
//! VMA: where a VMA is to begin or end inside, it is split first (`huge`).
//!
//! Source: `mm/vma.c`, `mm/mremap.c`, Linux 6.18.

use crate::abi::Prot;
use crate::address::{Address, HUGE_PAGE_PAGES, PAGE_SIZE, PMD_SIZE, Page, PageRange, USER_END};
use crate::event::Event;
use crate::file::OpenId;
use crate::frame::{Frames, Owner, is_zero_frame};
use crate::page_table::{PageTable, PageTableEntry, Rights};
use crate::reason::Reason;
use crate::runs::Runs;
use crate::vma::{Backing, Origin, Sharing, Vma, VmaFlags};
use crate::vma_set::VmaSet;
use std::ops::Range;

mod huge;

/// The VMAs, page table and break of a process.
#[derive(Clone, PartialEq, Debug)]
pub struct AddressSpace {
    /// The VMAs.
    vmas: VmaSet,
    /// The page table.
    table: PageTable,
    /// Pages with a guard (`MADV_GUARD_INSTALL`), by number: not resident, and never to be.
    guards: Runs,
    /// Stretches of 2 MiB that have a lowest page table, perhaps an empty one, by number.
    tables: Runs,
    /// Start of the heap (`mm->start_brk`).
    pub break_start: Address,
    /// The break: first address behind the heap, not rounded (`mm->brk`).
    pub break_end: Address,
    /// The address at which the program's stack began (`mm->start_stack`).
    pub stack_start: Address,
    /// Bytes that count as locked although nothing locks them any more.
    left_locked: u64,
    /// `vm.max_map_count`.
    max_map_count: u64,
    /// How many origins there have been.
    origins: u32,
}

/// What an operation did: events, and the open files that lost a VMA.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Open files that some VMA no longer shows, perhaps none any more.
    pub left: Vec<OpenId>,
}

impl Changes {
    fn add(&mut self, event: Event) {
        self.events.push(event);
    }
}

impl AddressSpace {
    /// An empty address space.
    pub fn new(break_start: Address, max_map_count: u64) -> AddressSpace {
        AddressSpace {
            vmas: VmaSet::default(),
            table: PageTable::new(),
            guards: Runs::default(),
            tables: Runs::default(),
            break_start,
            break_end: break_start,
            stack_start: 0,
            left_locked: 0,
            max_map_count,
            origins: 0,
        }
    }

    /// Changes how many VMAs there may be; those that there are stay.
    pub(crate) fn limit_vmas(&mut self, max_map_count: u64) {
        self.max_map_count = max_map_count;
    }

    /// The VMAs.
    pub fn vmas(&self) -> &VmaSet {
        &self.vmas
    }

    /// Bytes that count against `RLIMIT_MEMLOCK`.
    pub fn locked_bytes(&self) -> u64 {
        let locked = self.vmas.iter().filter(|vma| vma.flags.contains(VmaFlags::LOCKED));
        let locked: u64 = locked.map(|vma| vma.range.size_bytes()).sum();
        locked.saturating_add(self.left_locked)
    }

    /// The page table.
    pub fn table(&self) -> &PageTable {
        &self.table
    }

    /// The entry of a page, for an access.
    pub(crate) fn look_up(&mut self, page: Page) -> PageTableEntry {
        self.table.look_up(page)
    }

    /// Says whether the process has as many mappings as it may have: a split is refused.
    ///
    /// # Errors
    /// The rule, if so.
    pub fn room_for_split(&self) -> Result<(), Reason> {
        if self.vmas.len() >= self.max_map_count {
            Err(Reason::TooManyMappings { limit: self.max_map_count })
        } else {
            Ok(())
        }
    }

    /// Says whether another mapping would be one too many. One more than the limit is allowed
    /// (`do_mmap` compares before it maps).
    ///
    /// # Errors
    /// The rule, if so.
    pub fn room_for_mapping(&self) -> Result<(), Reason> {
        if self.vmas.len() > self.max_map_count {
            Err(Reason::TooManyMappings { limit: self.max_map_count })
        } else {
            Ok(())
        }
    }

    /// Says whether unmapping a range would cut a VMA in two at the limit
    /// (`vms_gather_munmap_vmas`).
    ///
    /// # Errors
    /// The rule, if so.
    pub fn room_to_unmap(&self, range: PageRange) -> Result<(), Reason> {
        let room = self.room_for_split();
        if room.is_ok() {
            return room;
        }
        match self.vmas.at(range.start()) {
            Some(vma) if vma.range.start() < range.start() && range.end() < vma.range.end() => room,
            _ => Ok(()),
        }
    }

    /// Maps a VMA over whatever is there, and merges it with its neighbours.
    pub fn map(&mut self, vma: Vma, frames: &mut Frames, changes: &mut Changes) {
        self.unmap(vma.range, frames, changes);
        changes.add(Event::Mapped { range: vma.range });
        self.join(vma, changes);
    }

    /// Cuts VMAs in two where a range begins and ends.
    pub fn cut_out(&mut self, range: PageRange, frames: &mut Frames, changes: &mut Changes) {
        self.split_at(range.start(), frames, changes);
        self.split_at(range.end(), frames, changes);
    }

    /// Unmaps a range; holes in it are no error.
    ///
    /// ```text
    /// │  a  │   │  b  │        │ a│            │b │
    ///    └── range ──┘     →
    /// ```
    pub fn unmap(&mut self, range: PageRange, frames: &mut Frames, changes: &mut Changes) {
        let Some(mut vma) = self.vmas.overlapping(range).next().copied() else { return };
        // A range is most often that of one VMA: then there is nothing to cut, and none follows.
        if vma.range.start() < range.start() || vma.range.end() != range.end() {
            self.cut_out(range, frames, changes);
            vma = vma.clip(range).unwrap_or(vma);
        }
        loop {
            self.vmas.remove(vma.range.start());
            changes.left.extend(vma.backing.open_file());
            changes.add(Event::Unmapped { range: vma.range });
            self.drop_pages(vma.range, frames);
            self.unguard(vma.range);
            self.free_tables(vma.range);
            if vma.range.end() == range.end() {
                break;
            }
            let Some(next) = self.vmas.overlapping(range).next().copied() else { break };
            vma = next;
        }
    }

    /// Frees the page tables in which nothing is mapped any more (`free_pgtables`).
    fn free_tables(&mut self, range: PageRange) {
        let around = range.start() / PMD_SIZE..range.end().div_ceil(PMD_SIZE);
        if self.tables.next(around).is_none() {
            return;
        }
        let below = self.vmas.below(range.start()).map_or(0, |vma| vma.range.end());
        let above = self.vmas.at_or_above(range.end()).map_or(USER_END, |vma| vma.range.start());
        let first = (range.start() / PMD_SIZE).max(below.div_ceil(PMD_SIZE));
        let end = range.end().div_ceil(PMD_SIZE).min(above / PMD_SIZE);
        self.tables.remove(first..end);
    }

    /// Drops the page tables that lie wholly in a range, whose pages were dropped
    /// (`try_to_free_pte`); guards keep theirs.
    pub fn reclaim_tables(&mut self, range: PageRange) {
        let reclaimed = range.start().div_ceil(PMD_SIZE)..range.end() / PMD_SIZE;
        if reclaimed.is_empty() {
            return;
        }
        let pages = reclaimed.start * HUGE_PAGE_PAGES..reclaimed.end * HUGE_PAGE_PAGES;
        self.tables.remove(reclaimed);
        for guards in self.guards.inside(pages) {
            self.tables.add(guards.start / HUGE_PAGE_PAGES..guards.end.div_ceil(HUGE_PAGE_PAGES));
        }
    }

    /// Makes the lowest page table over a page, as a page that was there and is gone leaves it.
    pub fn make_table(&mut self, page: Page) {
        let number = page.start() / PMD_SIZE;
        self.tables.add(number..number + 1);
    }

    /// Says whether the lowest page table over a page exists.
    pub fn has_table(&self, page: Page) -> bool {
        self.tables.contains(page.start() / PMD_SIZE)
    }

    /// Gives one VMA's part inside a range another protection and flags; cuts it out and merges
    /// it as needed. `range` must lie in one VMA.
    ///
    /// # Errors
    /// When a split would make one mapping too many. A first split stands then, if two were
    /// needed, as in Linux (`vma_modify`).
    pub fn change(
        &mut self,
        range: PageRange,
        prot: Prot,
        flags: VmaFlags,
        frames: &mut Frames,
        changes: &mut Changes,
    ) -> Result<(), Reason> {
        let Some(vma) = self.vmas.at(range.start()).copied() else { return Ok(()) };
        let Some(part) = vma.clip(range) else { return Ok(()) };
        let changed = Vma { prot, flags, ..part };
        // A merge that swallows an end of the VMA needs no split there.
        let (below, above) = self.neighbours(range);
        let joins_below = part.range.start() == vma.range.start()
            && below.is_some_and(|below| below.merges_with(&changed));
        let joins_above = part.range.end() == vma.range.end()
            && above.is_some_and(|above| changed.merges_with(&above));
        let joins = joins_below || joins_above;
        for at in [part.range.start(), part.range.end()] {
            if vma.range.start() < at && at < vma.range.end() {
                if !joins {
                    self.room_for_split()?;
                }
                self.split_at(at, frames, changes);
            }
        }
        if prot != vma.prot {
            changes.add(Event::Protected { range: part.range, before: vma.prot, after: prot });
        }
        // A part that was cut off differs from it, unless nothing changes.
        let same = (prot, flags) == (vma.prot, vma.flags);
        let beside = if same { self.neighbours(part.range) } else { (below, above) };
        match mergeable(&changed, beside) {
            (None, None) => {
                self.vmas.replace(part.range.start(), changed);
            }
            (below, above) => {
                self.vmas.remove(part.range.start());
                self.merge(changed, below, above, changes);
            }
        }
        self.refresh_rights(part.range, frames);
        Ok(())
    }

    /// Maps a VMA over a free range, without merging it (`do_brk_flags`).
    pub fn map_apart(&mut self, vma: Vma, changes: &mut Changes) {
        changes.add(Event::Mapped { range: vma.range });
        self.vmas.insert(vma);
    }

    /// Extends the VMA that ends at `range.start()` over a free range behind it (`mremap` in
    /// place, `brk`). It merges with what follows if `merge_above`.
    pub fn extend(
        &mut self,
        vma: &Vma,
        range: PageRange,
        merge_above: bool,
        changes: &mut Changes,
    ) {
        let page_offset = vma.page_offset.wrapping_add(vma.range.page_count());
        let added = Vma { range, page_offset, inferred: false, ..*vma };
        changes.add(Event::Mapped { range });
        if merge_above {
            self.join(added, changes);
        } else {
            self.vmas.replace(vma.range.start(), vma.merged(added));
        }
    }

    /// Moves the start of a mapping that grows down. It gets an origin, but never merges
    /// (`expand_downwards`).
    pub fn grow_down(&mut self, start: Address, to: Address, changes: &mut Changes) {
        let Some(vma) = self.vmas.at(start).copied() else { return };
        if let Some(range) = PageRange::new(to, vma.range.end()) {
            let pages = (start - to) / PAGE_SIZE;
            let page_offset = vma.page_offset.wrapping_sub(pages);
            self.vmas.replace(start, Vma { range, page_offset, ..vma });
            changes.add(Event::Grew { from: start, to });
        }
    }

    /// Copies a VMA's part at `from` to a free place `to`, of another length perhaps, and moves
    /// its resident pages there (`copy_vma`, `move_page_tables`). The old VMA stays.
    pub fn move_pages(
        &mut self,
        vma: &Vma,
        from: Address,
        old_length: u64,
        to: PageRange,
        frames: &mut Frames,
        changes: &mut Changes,
    ) {
        // Private memory that was never written takes the page numbers of its new place.
        let renumber = vma.backing.is_anonymous() && vma.origin.is_none();
        let page_offset = match (renumber, vma.backing) {
            (true, Backing::Anonymous | Backing::DevZero(_)) => to.start() / PAGE_SIZE,
            _ => vma.backing_page(from),
        };
        let moved = Vma { range: to, page_offset, inferred: false, ..*vma };
        changes.add(Event::Mapped { range: to });
        self.join(moved, changes);
        let Some(old) = PageRange::new(from, from + old_length) else { return };
        changes.add(Event::Moved { from: old, to: to.start() });
        self.move_tables(old, to.start(), frames);
        for guards in self.guards.inside(numbers(old)) {
            self.guards.remove(guards.clone());
            let moved = |number: u64| to.start() / PAGE_SIZE + (number - from / PAGE_SIZE);
            self.guards.add(moved(guards.start)..moved(guards.end));
        }
        for (page, entry) in self.table.entries(old) {
            let target = Page::containing(to.start() + (page.start() - from));
            frames.map(entry.frame(), target);
            frames.unmap(entry.frame(), page);
            self.table.set(page, PageTableEntry::default());
            self.table.set(target, entry);
        }
    }

    /// What `MREMAP_DONTUNMAP` leaves of the old VMA: unlocked, and without an origin if it moved
    /// as a whole. All of it counts as locked for good, for the kernel does not take it off
    /// `locked_vm` (`dontunmap_complete`).
    pub fn leave_behind(&mut self, range: PageRange) {
        let parts: Vec<Vma> = self.vmas.overlapping(range).copied().collect();
        for vma in parts {
            let origin = if vma.range == range { None } else { vma.origin };
            let flags = vma.flags - VmaFlags::LOCKED;
            if flags != vma.flags {
                self.left_locked = self.left_locked.saturating_add(vma.range.size_bytes());
            }
            if origin != vma.origin || flags != vma.flags {
                self.vmas.replace(vma.range.start(), Vma { origin, flags, ..vma });
            }
        }
    }

    /// Gives the VMA at an address an origin for its first page of its own: that of a direct
    /// neighbour which fits it in everything but the rights, the upper one first, else a new one
    /// (`__anon_vma_prepare`, `find_mergeable_anon_vma`).
    pub fn prepare_origin(&mut self, address: Address) {
        let Some(vma) = self.vmas.at(address).copied() else { return };
        if vma.origin.is_some() || vma.sharing == (Sharing::Shared { may_write: true }) {
            return;
        }
        let (below, above) = self.neighbours(vma.range);
        let taken = above
            .filter(|above| vma.fits_but_for_prot(above))
            .and_then(|above| above.origin)
            .or_else(|| below.filter(|below| below.fits_but_for_prot(&vma))?.origin);
        let origin = taken.unwrap_or_else(|| {
            self.origins = self.origins.saturating_add(1);
            Origin::MIN.saturating_add(self.origins - 1)
        });
        self.vmas.replace(vma.range.start(), Vma { origin: Some(origin), ..vma });
    }

    /// Makes a page resident, in place of what its entry was. It must not be in a huge page.
    pub fn set_entry(&mut self, page: Page, entry: PageTableEntry, frames: &mut Frames) {
        let old = self.table.get(page);
        if !old.present() || old.frame() != entry.frame() {
            frames.map(entry.frame(), page);
            if old.present() {
                frames.unmap(old.frame(), page);
            }
        }
        if entry.present() {
            self.make_table(page);
        }
        self.table.set(page, entry);
    }

    /// Notes an access in the entry that maps a resident page.
    pub fn mark_touched(&mut self, page: Page, write: bool) {
        if let Some(huge) = self.table.huge(page) {
            if huge.touched(write) != huge {
                self.table.set_huge(page, Some(huge.touched(write)));
            }
            return;
        }
        let entry = self.table.get(page);
        if entry.present() && entry.touched(write) != entry {
            self.table.set(page, entry.touched(write));
        }
    }

    /// Drops the resident pages of a range; the VMAs stay. A huge page that lies in it in part is
    /// split first, one that does as a whole is gone with its entry (`zap_pmd_range`).
    pub fn drop_pages(&mut self, range: PageRange, frames: &mut Frames) {
        if self.table.resident_in(range) == 0 {
            return;
        }
        self.split_huge_at(range.start(), frames);
        self.split_huge_at(range.end(), frames);
        for (page, _) in self.table.huge_pages(range) {
            self.drop_huge(page, frames);
        }
        for (page, entry) in self.table.entries(range) {
            self.table.set(page, PageTableEntry::default());
            frames.unmap(entry.frame(), page);
        }
    }

    /// Guards the pages of a range; what was resident there is lost.
    pub fn guard(&mut self, range: PageRange, frames: &mut Frames) {
        self.drop_pages(range, frames);
        self.guards.add(numbers(range));
        self.tables.add(range.start() / PMD_SIZE..range.end().div_ceil(PMD_SIZE));
    }

    /// Takes the guards of a range away.
    pub fn unguard(&mut self, range: PageRange) {
        self.guards.remove(numbers(range));
    }

    /// Says whether a page has a guard.
    pub fn is_guarded(&self, page: Page) -> bool {
        self.guards.contains(page.start() / PAGE_SIZE)
    }

    /// The rights that a page's entry has without a further page fault: those of the VMA, but
    /// for writing where the frame is not the page's own, or where the file system wants to hear
    /// of the first write.
    pub fn rights(vma: &Vma, own_frame: bool, written: bool) -> Rights {
        let writable = vma.prot.contains(Prot::WRITE)
            && match vma.sharing {
                Sharing::Private => own_frame,
                Sharing::Shared { .. } => written,
            };
        let executable = vma.prot.contains(Prot::EXEC);
        Rights { accessible: vma.is_accessible(), writable, executable, key: vma.key() }
    }

    /// Brings the entries of a range in step with a changed protection (`change_protection`,
    /// `change_huge_pmd`).
    fn refresh_rights(&mut self, range: PageRange, frames: &Frames) {
        if self.table.resident_in(range) == 0 {
            return;
        }
        let Some(vma) = self.vmas.at(range.start()).copied() else { return };
        let changed = |entry: PageTableEntry| {
            let own = frames.owner(entry.frame()) == Some(Owner::Anonymous);
            entry.with_rights(AddressSpace::rights(&vma, own, entry.dirty()))
        };
        for (page, entry) in self.table.huge_pages(range) {
            self.table.set_huge(page, Some(changed(entry)));
        }
        for (page, entry) in self.table.entries(range) {
            if !entry.is_huge() {
                self.table.set(page, changed(entry));
            }
        }
    }

    /// The VMAs that touch a range from below and from above.
    pub fn neighbours(&self, range: PageRange) -> (Option<Vma>, Option<Vma>) {
        let (below, above) = self.vmas.around(range);
        (
            below.filter(|vma| vma.range.end() == range.start()).copied(),
            above.filter(|vma| vma.range.start() == range.end()).copied(),
        )
    }

    /// Cuts a VMA in two, and the huge page that lies on the border
    /// (`vma_adjust_trans_huge`).
    fn split_at(&mut self, at: Address, frames: &mut Frames, changes: &mut Changes) {
        if self.vmas.split_at(at) {
            changes.add(Event::Split { at });
            if let Some(range) = self.split_huge_at(at, frames) {
                changes.add(Event::HugeSplit { range });
            }
        }
    }

    /// Puts a VMA into a free range and merges it: with both neighbours if they agree with each
    /// other too, else with the lower, else with the upper (`vma_merge_new_range`).
    fn join(&mut self, vma: Vma, changes: &mut Changes) {
        let (below, above) = mergeable(&vma, self.neighbours(vma.range));
        self.merge(vma, below, above, changes);
    }

    /// Puts a VMA into a free range, as one with those of its neighbours.
    fn merge(&mut self, vma: Vma, below: Option<Vma>, above: Option<Vma>, changes: &mut Changes) {
        let mut whole = vma;
        if let Some(below) = below {
            whole = below.merged(whole);
            changes.add(Event::Merged { at: vma.range.start() });
        }
        if let Some(above) = above {
            whole = whole.merged(above);
            changes.add(Event::Merged { at: vma.range.end() });
        }
        match (below, above) {
            (None, None) => self.vmas.insert(whole),
            (None, Some(old)) => {
                self.vmas.replace(old.range.start(), whole);
            }
            (Some(old), above) => {
                if let Some(above) = above {
                    self.vmas.remove(above.range.start());
                }
                self.vmas.replace(old.range.start(), whole);
            }
        }
    }

    /// The name that maps gives a VMA without a file: `[heap]` for whatever begins below the
    /// break and ends above its start, `[stack]` for the part with the first stack address.
    pub fn special_name(&self, vma: &Vma) -> Option<&'static str> {
        if let Backing::Kernel(index) = vma.backing {
            return Backing::KERNEL_NAMES.get(usize::from(index)).copied();
        }
        if vma.backing != Backing::Anonymous {
            return None;
        }
        if vma.range.start() < self.break_end && vma.range.end() > self.break_start {
            Some("[heap]")
        } else if vma.range.contains(self.stack_start) {
            Some("[stack]")
        } else {
            None
        }
    }

    /// Asserts the invariants.
    pub fn check(&self, frames: &Frames) {
        self.vmas.check();
        let Some(user) = PageRange::new(0, USER_END) else { return };
        for guards in self.guards.inside(numbers(user)) {
            for number in [guards.start, guards.end - 1] {
                let page = Page::containing(number * PAGE_SIZE);
                assert!(self.vmas.at(page.start()).is_some(), "{page:?} is guarded, not mapped");
                assert!(!self.table.get(page).present(), "{page:?} is guarded and resident");
            }
        }
        for (page, _) in self.table.huge_pages(user) {
            let vma = self.vmas.at(page.start());
            let whole = vma.and_then(|vma| vma.whole_block_around(page.start()));
            assert!(whole.is_some(), "the huge page of {page:?} lies in no VMA as a whole");
            assert!(!self.has_table(page), "the huge page of {page:?} has a table");
        }
        self.table.visit(user, |page, entry| {
            let vma = self.vmas.at(page.start());
            let vma = vma.unwrap_or_else(|| panic!("{page:?} is resident but not mapped"));
            assert!(
                vma.prot.contains(entry.prot() - Prot::READ),
                "{page:?} is {} in a VMA that is {}",
                entry.prot(),
                vma.prot
            );
            if !is_zero_frame(entry.frame()) {
                let known = frames.pages(entry.frame()).binary_search(&page).is_ok();
                assert!(known, "frame {} does not know {page:?}", entry.frame());
            }
            true
        });
    }
}

/// Those of its neighbours that a VMA merges with.
fn mergeable(vma: &Vma, (below, above): (Option<Vma>, Option<Vma>)) -> (Option<Vma>, Option<Vma>) {
    let below = below.filter(|below| below.merges_with(vma));
    let above = above
        .filter(|above| vma.merges_with(above))
        .filter(|above| below.is_none_or(|below| below.origins_agree(above)));
    (below, above)
}

/// The numbers of a range's pages.
fn numbers(range: PageRange) -> Range<u64> {
    range.start() / PAGE_SIZE..range.end() / PAGE_SIZE
}
