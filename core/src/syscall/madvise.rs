//! `madvise(2)`.
//!
//! Works upwards mapping by mapping: a mapping that refuses ends it, what lay before stays done;
//! holes are passed over and told at the end.
//!
//! Differs: `MADV_COLD` and `MADV_PAGEOUT` take nothing out of memory, for there is always enough;
//! `MADV_MERGEABLE` merges nothing, and `MADV_COLLAPSE` gathers private memory only. No thread
//! gathers pages in the background (`khugepaged`).
//!
//! Source: `do_madvise`, `madvise_walk_vmas`, `madvise_vma_behavior` (mm/madvise.c),
//! `madvise_collapse` (mm/khugepaged.c), Linux 6.18.

use crate::abi::{Errno, Prot};
use crate::address::{
    Address, PAGE_SIZE, PMD_SIZE, Page, PageRange, is_page_aligned, page_ceil_wrapping,
};
use crate::address_space::{AddressSpace, Changes};
use crate::event::Event;
use crate::kernel::{CallResult, Kernel, Refusal, as_errno, refuse};
use crate::page_table::PageTableEntry;
use crate::reason::{Access, Reason};
use crate::syscall::files::largest;
use crate::vma::{Backing, Sharing, Vma, VmaFlags};

/// What is advised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Advice {
    /// Flags to clear, then flags to set.
    Remember(VmaFlags, VmaFlags),
    WillNeed,
    DontNeed {
        locked_too: bool,
    },
    Free,
    Remove,
    Cold,
    Populate(Access),
    Collapse,
    GuardInstall,
    GuardRemove,
}

/// Why 2 MiB were not gathered.
enum Uncollapsed {
    /// There is not even a page table.
    Nothing,
    /// One of its pages has a guard.
    Guarded,
    /// There are no 512 frames in one piece.
    NoFrames,
}

impl Advice {
    fn from_number(number: i32) -> Option<Advice> {
        use VmaFlags as Flags;
        let order = Flags::RANDOM | Flags::SEQUENTIAL;
        let huge = Flags::HUGEPAGE | Flags::NOHUGEPAGE;
        Some(match number {
            0 => Advice::Remember(order, Flags::empty()),
            1 => Advice::Remember(order, Flags::RANDOM),
            2 => Advice::Remember(order, Flags::SEQUENTIAL),
            3 => Advice::WillNeed,
            4 => Advice::DontNeed { locked_too: false },
            8 => Advice::Free,
            9 => Advice::Remove,
            10 => Advice::Remember(Flags::empty(), Flags::DONTFORK),
            11 => Advice::Remember(Flags::DONTFORK, Flags::empty()),
            12 => Advice::Remember(Flags::empty(), Flags::MERGEABLE),
            13 => Advice::Remember(Flags::MERGEABLE, Flags::empty()),
            14 => Advice::Remember(huge, Flags::HUGEPAGE),
            15 => Advice::Remember(huge, Flags::NOHUGEPAGE),
            16 => Advice::Remember(Flags::empty(), Flags::DONTDUMP),
            17 => Advice::Remember(Flags::DONTDUMP, Flags::empty()),
            18 => Advice::Remember(Flags::empty(), Flags::WIPEONFORK),
            19 => Advice::Remember(Flags::WIPEONFORK, Flags::empty()),
            20 | 21 => Advice::Cold,
            22 => Advice::Populate(Access::Read),
            23 => Advice::Populate(Access::Write),
            24 => Advice::DontNeed { locked_too: true },
            25 => Advice::Collapse,
            102 => Advice::GuardInstall,
            103 => Advice::GuardRemove,
            _ => return None,
        })
    }
}

impl Kernel {
    /// Advises the kernel about memory: `int madvise(void *addr, size_t length, int advice)`. The
    /// value is 0.
    pub(crate) fn sys_madvise(
        &mut self,
        addr: Address,
        length: u64,
        advice: i32,
        events: &mut Vec<Event>,
    ) -> CallResult {
        let Some(advice) = Advice::from_number(advice) else {
            return refuse(Errno::EINVAL, Reason::UnknownAdvice { advice });
        };
        if !is_page_aligned(addr) {
            return refuse(Errno::EINVAL, Reason::NotPageAligned { argument: "addr", value: addr });
        }
        let rounded = page_ceil_wrapping(length);
        let end = addr.checked_add(rounded).filter(|_| length == 0 || rounded != 0);
        let Some(end) = end else {
            let reason = Reason::LengthWraps { argument: "length", value: length };
            return refuse(Errno::EINVAL, reason);
        };
        if let Advice::Populate(access) = advice {
            return self.populate_as_advised(addr, end, access, events);
        }
        let mut changes = Changes::default();
        let result = self.advise_upwards(addr, end, advice, &mut changes);
        self.settle(changes, events);
        result.map(|()| 0.into())
    }

    /// Advises mapping by mapping from `start` up to `end`.
    fn advise_upwards(
        &mut self,
        start: Address,
        end: Address,
        advice: Advice,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let mut hole = None;
        let mut at = start;
        while at < end {
            let vma = self.space.vmas().at_or_above(at).copied();
            let Some(vma) = vma.filter(|vma| vma.range.start() < end) else {
                hole = hole.or(Some(at));
                break;
            };
            if vma.range.start() > at {
                hole = hole.or(Some(at));
                at = vma.range.start();
            }
            let top = vma.range.end().min(end);
            if let Some(range) = PageRange::new(at, top) {
                self.advise_part(&vma, range, advice, changes)?;
            }
            at = top;
        }
        match hole {
            Some(address) => refuse(Errno::ENOMEM, Reason::HoleInRange { address }),
            None => Ok(()),
        }
    }

    /// Advises the part of one mapping.
    fn advise_part(
        &mut self,
        vma: &Vma,
        range: PageRange,
        advice: Advice,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let address = range.start();
        let locked = vma.flags.contains(VmaFlags::LOCKED);
        let not_for = |text| refuse(Errno::EINVAL, Reason::AdviceNotFor { address, text });
        match advice {
            Advice::Remember(clear, set) => return self.remember(vma, range, clear, set, changes),
            Advice::WillNeed => self.will_need(vma, range),
            Advice::DontNeed { locked_too } => {
                if locked && !locked_too {
                    return not_for("it is locked");
                }
                self.space.drop_pages(range, &mut self.frames);
                self.space.reclaim_tables(range);
            }
            Advice::Free => {
                if locked {
                    return not_for("it is locked");
                }
                if !vma.backing.is_anonymous() {
                    return not_for("only private anonymous memory can be freed");
                }
                self.space.split_folios(range, &mut self.frames);
            }
            Advice::Remove => return self.remove(vma, range),
            Advice::Cold | Advice::GuardInstall if locked => return not_for("it is locked"),
            Advice::Cold => self.space.split_folios(range, &mut self.frames),
            Advice::Populate(_) => {}
            Advice::Collapse => return self.collapse(vma, range, changes),
            Advice::GuardInstall => {
                if vma.backing.is_anonymous() {
                    self.space.prepare_origin(address);
                }
                self.space.guard(range, &mut self.frames);
            }
            Advice::GuardRemove => self.space.unguard(range),
        }
        Ok(())
    }

    /// Changes what a mapping remembers, which cuts and merges it.
    fn remember(
        &mut self,
        vma: &Vma,
        range: PageRange,
        clear: VmaFlags,
        set: VmaFlags,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let address = range.start();
        let not_for = |text| refuse(Errno::EINVAL, Reason::AdviceNotFor { address, text });
        let droppable = vma.flags.contains(VmaFlags::DROPPABLE);
        let anonymous = vma.backing == Backing::Anonymous && vma.sharing == Sharing::Private;
        if set == VmaFlags::WIPEONFORK && !anonymous {
            return not_for("only private anonymous memory can be wiped");
        }
        if clear.intersects(VmaFlags::WIPEONFORK | VmaFlags::DONTDUMP) && droppable {
            return not_for("MAP_DROPPABLE memory is wiped in children and not dumped");
        }
        // It is no error to ask for the merging of equal pages in vain (`vma_ksm_compatible`).
        if set == VmaFlags::MERGEABLE && (vma.sharing.is_shared() || droppable) {
            return Ok(());
        }
        let flags = (vma.flags - clear) | set;
        if flags == vma.flags {
            return Ok(());
        }
        let changed = self.space.change(range, vma.prot, flags, &mut self.frames, changes);
        as_errno(Errno::EAGAIN, changed)
    }

    /// Gathers each whole 2 MiB of a range in a huge page, page by page copied. It ends where nothing
    /// was ever there, but passes over a GiB in which nothing was, and says so at the end
    /// (`madvise_collapse`, `hpage_collapse_scan_pmd`).
    fn collapse(
        &mut self,
        vma: &Vma,
        range: PageRange,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let address = range.start();
        let not_for = |text| refuse(Errno::EINVAL, Reason::AdviceNotFor { address, text });
        let last = vma.range.end().checked_sub(PMD_SIZE).and_then(|at| vma.whole_block_around(at));
        let forbidden = vma.flags.contains(VmaFlags::NOHUGEPAGE);
        let first = address.next_multiple_of(PMD_SIZE);
        let end = range.end() / PMD_SIZE * PMD_SIZE;
        if vma.origin.is_none() || last.is_none() || forbidden || first > end {
            return not_for("no huge page fits into it");
        }
        let mut missed = None;
        for at in (first..end).step_by(PMD_SIZE as usize) {
            match self.collapse_block(vma, at, changes) {
                Ok(()) => {}
                Err(Uncollapsed::Nothing) => {
                    let text = "no huge page is made of nothing: 2 MiB of it were never touched";
                    if self.space.has_upper_table(Page::containing(at)) {
                        return not_for(text);
                    }
                    missed = Some(text);
                }
                Err(Uncollapsed::Guarded) => return not_for("no huge page holds a guard"),
                Err(Uncollapsed::NoFrames) => {
                    let limit = u64::from(self.frames.limit());
                    return refuse(Errno::ENOMEM, Reason::OutOfFrames { limit });
                }
            }
        }
        missed.map_or(Ok(()), not_for)
    }

    /// Gathers 2 MiB of a mapping in a huge page (`collapse_huge_page`).
    fn collapse_block(
        &mut self,
        vma: &Vma,
        at: Address,
        changes: &mut Changes,
    ) -> Result<(), Uncollapsed> {
        let Some(block) = vma.whole_block_around(at) else { return Err(Uncollapsed::Nothing) };
        let page = Page::containing(at);
        if self.space.table().huge(page).is_some() {
            return Ok(());
        }
        if !self.space.has_table(page) {
            return Err(Uncollapsed::Nothing);
        }
        if block.pages().any(|page| self.space.is_guarded(page)) {
            return Err(Uncollapsed::Guarded);
        }
        let first = self.frames.take_huge().ok_or(Uncollapsed::NoFrames)?;
        for (page, to) in block.pages().zip(first..) {
            let entry = self.space.table().get(page);
            if entry.present() {
                self.frames.copy(entry.frame(), to);
            }
        }
        let entry = PageTableEntry::new(first, AddressSpace::rights(vma, true, true));
        self.space.set_huge(block, entry.touched(true), &mut self.frames);
        changes.events.push(Event::Collapsed { range: block });
        Ok(())
    }

    /// Reads a disk's file ahead (`force_page_cache_ra`).
    fn will_need(&mut self, vma: &Vma, range: PageRange) {
        let Some(file_page) = self.file_page(vma, range.start()) else { return };
        let end = file_page.index.saturating_add(range.page_count());
        self.files.read_ahead(file_page.file, file_page.index..end);
    }

    /// Punches a hole into the file behind a shared mapping: the pages are zeros again, in every
    /// mapping (`madvise_remove`). Private copies stay.
    fn remove(&mut self, vma: &Vma, range: PageRange) -> Result<(), Refusal> {
        let address = range.start();
        let not_for = |errno, text| refuse(errno, Reason::AdviceNotFor { address, text });
        if vma.flags.contains(VmaFlags::LOCKED) {
            return not_for(Errno::EINVAL, "it is locked");
        }
        if vma.backing.open_file().is_none() {
            return not_for(Errno::EINVAL, "it has no file");
        }
        if vma.sharing != (Sharing::Shared { may_write: true }) {
            return not_for(Errno::EACCES, "it is not a shared mapping of a writable descriptor");
        }
        if let Some(file_page) = self.file_page(vma, address) {
            let end = file_page.index.saturating_add(range.page_count());
            let length = end.saturating_mul(PAGE_SIZE);
            if length > largest(file_page.kind) {
                return refuse(Errno::EFBIG, Reason::FileTooLarge { length });
            }
            self.punch_hole(file_page.file, file_page.index..end);
        }
        Ok(())
    }

    /// Makes pages resident, by a read or a write of each (`madvise_populate`). What was filled
    /// before a refusal stays so.
    ///
    /// Differs: it ends after as many pages as there are frames.
    fn populate_as_advised(
        &mut self,
        start: Address,
        end: Address,
        access: Access,
        events: &mut Vec<Event>,
    ) -> CallResult {
        let needed = if access == Access::Write { Prot::WRITE } else { Prot::READ };
        let count = ((end - start) / PAGE_SIZE).min(u64::from(self.frames.limit()));
        for address in (0..count).map(|page| start + page * PAGE_SIZE) {
            let Some(vma) = self.space.vmas().at(address) else {
                return refuse(Errno::ENOMEM, Reason::NotMapped { address });
            };
            if !vma.prot.contains(needed) {
                let reason = Reason::ProtectionForbids { address, prot: vma.prot, access };
                return refuse(Errno::EINVAL, reason);
            }
            if let Err(fault) = self.touch(address, access, events) {
                return refuse(Errno::EFAULT, fault.reason);
            }
        }
        Ok(0.into())
    }
}
