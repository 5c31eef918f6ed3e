//! The page-fault handler: what happens when the page table does not allow an access.
//!
//! ```text
//! no VMA there ──(one above grows down?)── grow, or SIGSEGV SEGV_MAPERR
//! its protection key forbids it ────────── SIGSEGV SEGV_PKUERR
//! the VMA forbids it ───────────────────── SIGSEGV SEGV_ACCERR
//! file, behind its end ─────────────────── SIGBUS BUS_ADRERR
//! private, read   anonymous: the zero page      file: the file's page, and its neighbours
//! private, write  a frame of its own, filled with zeros or copied (copy-on-write)
//! shared          the file's page
//! ```
//!
//! Where `MADV_HUGEPAGE` was advised and nothing is there yet, private memory gets 2 MiB at once: the
//! huge zero page, or 512 frames.
//!
//! Source: `do_user_addr_fault`, `access_error` (arch/x86), `__handle_mm_fault`,
//! `do_huge_pmd_anonymous_page`, `do_huge_pmd_wp_page` (mm/huge_memory.c), `handle_pte_fault`, `do_fault_around`, `do_wp_page`
//! (mm/memory.c), `expand_downwards` (mm/vma.c), Linux 6.18.

use crate::abi::{Prot, Signal, SignalCode};
use crate::address::{Address, PAGE_SIZE, PMD_SIZE, Page, PageRange, USER_END, page_floor};
use crate::address_space::{AddressSpace, Changes};
use crate::call::SignalInfo;
use crate::event::{Event, FaultKind};
use crate::file::{File, FileKind};
use crate::frame::{FrameNumber, HUGE_ZERO_FRAME, Owner, ZERO_FRAME, is_huge_zero_frame};
use crate::kernel::{FilePage, Kernel};
use crate::page_table::PageTableEntry;
use crate::read_ahead::Pattern;
use crate::reason::{Access, Reason};
use crate::vma::{STACK_GUARD_GAP, Sharing, Vma, VmaFlags};
use std::ops::Range;

/// An access that ends in a signal, and the rule behind it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The signal.
    pub info: SignalInfo,
    /// Why.
    pub reason: Reason,
}

/// Where `[vsyscall]` is, whose code the kernel runs in the program's stead; it sends a signal
/// without an address for a fetch of anything but its three calls (`emulate_vsyscall`).
///
/// Differs: those three calls are not made.
const VSYSCALL: Address = 0xffff_ffff_ff60_0000;

/// How many pages a read of a file brings in at once (`fault_around_bytes`, 64 KiB).
const FAULT_AROUND_PAGES: u64 = 16;

impl Kernel {
    /// Makes an access to one page possible, or says which signal it ends in.
    ///
    /// # Errors
    /// The signal, with the address that `si_addr` shows.
    pub fn fault(
        &mut self,
        address: Address,
        access: Access,
        events: &mut Vec<Event>,
    ) -> Result<(), Fault> {
        if access == Access::Execute && page_floor(address) == VSYSCALL {
            let info =
                SignalInfo { signal: Signal::SIGSEGV, code: SignalCode::SI_KERNEL, address: 0 };
            return Err(Fault { info, reason: Reason::KernelAddress { address } });
        }
        if address >= USER_END {
            return Err(segv(SignalCode::SEGV_MAPERR, address, Reason::KernelAddress { address }));
        }
        let vma = self.vma_for(address, events)?;
        let page = Page::containing(address);
        let entry = self.space.table().get(page);
        if vma.key() != 0 && access != Access::Execute {
            let reason = Reason::KeyForbids { address, key: vma.key(), access };
            return Err(segv(SignalCode::SEGV_PKUERR, address, reason));
        }
        let allowed = match access {
            Access::Read => vma.is_accessible(),
            Access::Write => vma.prot.contains(Prot::WRITE),
            // A fetch from a page that is not there counts as a read: the page becomes resident
            // before the processor finds that it may not be executed (`access_error`).
            Access::Execute => {
                vma.prot.contains(Prot::EXEC) || (vma.is_accessible() && !entry.present())
            }
        };
        if !allowed {
            let reason = Reason::ProtectionForbids { address, prot: vma.prot, access };
            return Err(segv(SignalCode::SEGV_ACCERR, address, reason));
        }
        if self.space.is_guarded(page) {
            return Err(segv(SignalCode::SEGV_MAPERR, address, Reason::GuardPage { address }));
        }
        let write = access == Access::Write;
        let kind = match (entry.present(), self.file_page(&vma, address)) {
            (true, _) => self.fault_present(&vma, page, entry, write)?,
            (false, None) => self.fault_anonymous(&vma, page, write)?,
            (false, Some(file_page)) => self.fault_file(&vma, address, file_page, write)?,
        };
        self.page_faults += 1;
        events.push(Event::PageFault { page, kind });
        Ok(())
    }

    /// The VMA of an address; one that grows down is grown to it.
    fn vma_for(&mut self, address: Address, events: &mut Vec<Event>) -> Result<Vma, Fault> {
        let unmapped = || segv(SignalCode::SEGV_MAPERR, address, Reason::NoMapping { address });
        let vma = *self.space.vmas().at_or_above(address).ok_or_else(unmapped)?;
        if vma.range.contains(address) {
            return Ok(vma);
        }
        if !vma.flags.contains(VmaFlags::GROWSDOWN) || address < self.machine.mmap_min_addr {
            return Err(unmapped());
        }
        let to = page_floor(address);
        if let Some(below) = self.space.vmas().below(to + 1) {
            let end = below.range.end();
            if !below.flags.contains(VmaFlags::GROWSDOWN)
                && below.is_accessible()
                && to - end < STACK_GUARD_GAP
            {
                let reason = Reason::GuardGap { address, below: end };
                return Err(segv(SignalCode::SEGV_MAPERR, address, reason));
            }
        }
        // Before it is known whether it may grow so far.
        self.space.prepare_origin(vma.range.start());
        let pages = (vma.range.start() - to) / PAGE_SIZE;
        let too_large = vma.range.end() - to > self.machine.stack_limit
            || self.check_commit(pages).is_err()
            || (vma.flags.contains(VmaFlags::LOCKED)
                && self.locked_bytes().saturating_add(vma.range.start() - to)
                    > self.machine.memlock_limit)
            || pages > vma.page_offset;
        if too_large {
            return Err(unmapped());
        }
        let mut changes = Changes::default();
        self.space.grow_down(vma.range.start(), to, &mut changes);
        self.settle(changes, events);
        self.space.vmas().at(address).copied().ok_or_else(unmapped)
    }

    /// The page is there, but its entry lacks a right that the VMA gives (`do_wp_page`).
    fn fault_present(
        &mut self,
        vma: &Vma,
        page: Page,
        entry: PageTableEntry,
        write: bool,
    ) -> Result<FaultKind, Fault> {
        let own = self.frames.owner(entry.frame()) == Some(Owner::Anonymous);
        if entry.is_huge() && (own || !write || is_huge_zero_frame(entry.frame())) {
            let zero = write && !own;
            if zero && self.huge_page(vma, page, true) {
                return Ok(FaultKind::HugePage);
            }
            if !zero {
                let rights = AddressSpace::rights(vma, own, write || entry.dirty());
                self.space.change_huge(page, |entry| entry.with_rights(rights).touched(write));
                return Ok(FaultKind::MadeWritable);
            }
            // No 512 frames in one piece: only this page gets one.
            self.space.split_huge(page.start(), &mut self.frames);
        }
        if write && !own && vma.sharing == Sharing::Private {
            let shared = self.space.table().get(page).frame();
            self.own_frame(vma, page, shared)?;
            return Ok(FaultKind::CopyOnWrite);
        }
        if write
            && !own
            && let Some(file_page) = self.file_page(vma, page.start())
        {
            self.files.made_writable(file_page.file, file_page.index);
        }
        let written = write || entry.dirty();
        let entry = entry.with_rights(AddressSpace::rights(vma, own, written)).touched(write);
        self.space.set_entry(page, entry, &mut self.frames);
        Ok(FaultKind::MadeWritable)
    }

    /// A first touch of memory without a file (`do_huge_pmd_anonymous_page`,
    /// `do_anonymous_page`).
    fn fault_anonymous(&mut self, vma: &Vma, page: Page, write: bool) -> Result<FaultKind, Fault> {
        if self.machine.huge_pages
            && vma.huge_page_around(page.start()).is_some()
            && self.space.is_block_empty(page)
        {
            // Before it is known whether there are frames; for a read too.
            self.space.prepare_origin(page.start());
            if self.huge_page(vma, page, write) {
                return Ok(if write { FaultKind::HugePage } else { FaultKind::HugeZeroPage });
            }
        }
        if write {
            self.own_frame(vma, page, ZERO_FRAME)?;
            return Ok(FaultKind::NewFrame);
        }
        self.show(vma, page, ZERO_FRAME, false);
        Ok(FaultKind::ZeroPage)
    }

    /// Maps the 2 MiB around a page: 512 frames of zeros for a write, else the huge zero page. Says
    /// whether there were frames for it.
    fn huge_page(&mut self, vma: &Vma, page: Page, write: bool) -> bool {
        let Some(block) = vma.whole_block_around(page.start()) else { return false };
        let frame = if write { self.frames.take_huge() } else { Some(HUGE_ZERO_FRAME) };
        let Some(frame) = frame else { return false };
        let entry = PageTableEntry::new(frame, AddressSpace::rights(vma, write, write));
        self.space.set_huge(block, entry.touched(write), &mut self.frames);
        true
    }

    /// A touch of a file's page that is not resident (`do_read_fault`, `do_cow_fault`,
    /// `do_shared_fault`).
    fn fault_file(
        &mut self,
        vma: &Vma,
        address: Address,
        file_page: FilePage,
        write: bool,
    ) -> Result<FaultKind, Fault> {
        let page = Page::containing(address);
        if write && vma.sharing == Sharing::Private {
            // Before the page is looked for: also where it lies behind the end of the file.
            self.space.prepare_origin(page.start());
        }
        if !write && self.fault_around(vma, page, file_page) {
            return Ok(FaultKind::FilePage);
        }
        if file_page.beyond_end {
            return Err(beyond_end(address, file_page));
        }
        if self.read_missing(vma, file_page) && !write && self.fault_around(vma, page, file_page) {
            return Ok(FaultKind::FilePage);
        }
        let frame = self.files.page(file_page.file, file_page.index, &mut self.frames);
        let frame = frame.ok_or_else(|| self.out_of_frames())?;
        if write && vma.sharing == Sharing::Private {
            self.own_frame(vma, page, frame)?;
            return Ok(FaultKind::CopyOnWrite);
        }
        if write {
            self.files.made_writable(file_page.file, file_page.index);
        }
        self.show(vma, page, frame, write);
        self.show_folio(vma, page, file_page, write);
        Ok(FaultKind::FilePage)
    }

    /// Reads a page of a disk's file that is not cached, and others with it. Says whether it had
    /// to.
    fn read_missing(&mut self, vma: &Vma, page: FilePage) -> bool {
        if self.files.is_cached(page.file, page.index) {
            // With `MADV_RANDOM` nobody reads ahead, whatever else was advised
            // (`do_async_mmap_readahead`).
            return !vma.flags.contains(VmaFlags::RANDOM)
                && self.files.mapping_met_mark(page.open, page.index);
        }
        if !self.files.read_unread(page.file, page.index) {
            self.files.mapping_missed(page.open, pattern(vma), page.index);
        }
        true
    }

    /// Maps the rest of a page's folio too, if all of it lies in the file, in the VMA and in one
    /// page table, and nothing is mapped there yet (`finish_fault`).
    fn show_folio(&mut self, vma: &Vma, page: Page, file_page: FilePage, write: bool) {
        let folio = self.files.folio(file_page.file, file_page.index);
        let page_count = self.files.file(file_page.file).map_or(0, File::page_count);
        if folio.end > page_count {
            return;
        }
        let Some(range) = folio_place(vma, folio) else { return };
        let others = range.pages().filter(|other| *other != page);
        let empty =
            |other: Page| !self.space.table().get(other).present() && !self.space.is_guarded(other);
        if !others.clone().all(empty) {
            return;
        }
        for other in others {
            let index = vma.backing_page(other.start());
            if let Some(frame) = self.files.page(file_page.file, index, &mut self.frames) {
                self.show(vma, other, frame, write);
            }
        }
    }

    /// Maps the cached neighbours of a page of a file: 16 pages from the larger of (the address
    /// rounded down to 64 KiB, the start of the VMA) on, within the VMA, the page table and the
    /// file. A folio of several of them is mapped whole, if it ends before the file's last page,
    /// lies in the VMA and in one page table. Says whether the page itself is there then.
    ///
    /// While there is no page table yet, the kernel maps nothing if the first folio that it finds
    /// is the last of a disk's file (`can_map_large` in `filemap_map_pages`).
    fn fault_around(&mut self, vma: &Vma, page: Page, file_page: FilePage) -> bool {
        let window = FAULT_AROUND_PAGES * PAGE_SIZE;
        let start = (page.start() / window * window).max(vma.range.start());
        let table_end = page.start() / PMD_SIZE * PMD_SIZE + PMD_SIZE;
        let end = (start + window).min(vma.range.end()).min(table_end);
        let Some(range) = PageRange::new(start, end) else { return false };
        let Some(file) = self.files.file(file_page.file) else { return false };
        let page_count = file.page_count();
        let mut indices = range.pages().map(|page| vma.backing_page(page.start()));
        let first = indices.find(|index| {
            *index < page_count && self.files.is_mapped_around(file_page.file, *index)
        });
        let Some(first) = first else { return false };
        if file_page.kind == FileKind::Regular
            && !self.space.has_table(page)
            && self.files.folio(file_page.file, first).end >= page_count
        {
            return false;
        }
        for neighbour in range.pages() {
            let index = vma.backing_page(neighbour.start());
            if index >= page_count || !self.files.is_mapped_around(file_page.file, index) {
                continue;
            }
            let folio = self.files.folio(file_page.file, index);
            let first = index == folio.start || neighbour.start() == start;
            let whole = (first && folio.end < page_count && folio.end - folio.start > 1)
                .then(|| folio_place(vma, folio));
            // Out of frames: the page that was asked for says so itself.
            let shown = match whole.flatten() {
                Some(whole) => whole.pages().all(|page| self.show_around(vma, page, file_page)),
                None => self.show_around(vma, neighbour, file_page),
            };
            if !shown {
                break;
            }
        }
        self.space.table().get(page).present()
    }

    /// Maps a cached page of a file, if nothing is there yet. Says whether there was a frame for
    /// it.
    fn show_around(&mut self, vma: &Vma, page: Page, file_page: FilePage) -> bool {
        if self.space.table().get(page).present() || self.space.is_guarded(page) {
            return true;
        }
        let index = vma.backing_page(page.start());
        let Some(frame) = self.files.page(file_page.file, index, &mut self.frames) else {
            return false;
        };
        self.show(vma, page, frame, false);
        true
    }

    /// Gives a page a frame of its own, with the contents of another.
    fn own_frame(&mut self, vma: &Vma, page: Page, from: FrameNumber) -> Result<(), Fault> {
        let frame = self.frames.take(Owner::Anonymous).ok_or_else(|| self.out_of_frames())?;
        self.frames.copy(from, frame);
        self.space.prepare_origin(page.start());
        let entry = PageTableEntry::new(frame, AddressSpace::rights(vma, true, true)).touched(true);
        self.space.set_entry(page, entry, &mut self.frames);
        Ok(())
    }

    /// Maps a frame that is not the page's own.
    fn show(&mut self, vma: &Vma, page: Page, frame: FrameNumber, write: bool) {
        let rights = AddressSpace::rights(vma, false, write);
        let entry = PageTableEntry::new(frame, rights).touched(write);
        self.space.set_entry(page, entry, &mut self.frames);
    }

    /// Fills a range as `MAP_POPULATE` and `MAP_LOCKED` do: pages of their own where private and
    /// writable, else as a read would. It ends, without an error, at the first page that cannot
    /// be had (`populate_vma_page_range`).
    ///
    /// Differs: it also ends after as many pages as there are frames, so that filling a terabyte
    /// with the zero page takes no page tables for it.
    pub fn populate(&mut self, range: PageRange, events: &mut Vec<Event>) {
        for page in range.pages().take(self.frames.limit() as usize) {
            let Some(vma) = self.space.vmas().at(page.start()).copied() else { return };
            let write = vma.sharing == Sharing::Private && vma.prot.contains(Prot::WRITE);
            let access = if write { Access::Write } else { Access::Read };
            if self.touch(page.start(), access, events).is_err() {
                return;
            }
        }
    }

    /// Makes a page resident as a read or a write would.
    ///
    /// # Errors
    /// The signal that the access would end in.
    pub(crate) fn touch(
        &mut self,
        address: Address,
        access: Access,
        events: &mut Vec<Event>,
    ) -> Result<(), Fault> {
        let entry = self.space.table().get(Page::containing(address));
        let there = entry.present() && (access != Access::Write || entry.writable());
        if there { Ok(()) } else { self.fault(address, access, events) }
    }

    fn out_of_frames(&self) -> Fault {
        Fault {
            info: SignalInfo { signal: Signal::SIGKILL, code: SignalCode::SI_KERNEL, address: 0 },
            reason: Reason::OutOfFrames { limit: u64::from(self.frames.limit()) },
        }
    }
}

/// Where a folio lies in a VMA, if all of it does, and in one page table.
fn folio_place(vma: &Vma, folio: Range<u64>) -> Option<PageRange> {
    let start = folio.start.checked_sub(vma.page_offset)?;
    if folio.end > vma.page_offset + vma.range.page_count() {
        return None;
    }
    let at = vma.range.start() + start * PAGE_SIZE;
    let range = PageRange::new(at, at + (folio.end - folio.start) * PAGE_SIZE)?;
    let one_table = range.start() / PMD_SIZE == (range.end() - 1) / PMD_SIZE;
    one_table.then_some(range)
}

/// How a mapping is expected to be read.
fn pattern(vma: &Vma) -> Pattern {
    let random = vma.flags.contains(VmaFlags::RANDOM);
    if vma.flags.contains(VmaFlags::HUGEPAGE) {
        Pattern::Huge { count: if random { 1 } else { 2 } }
    } else if random {
        Pattern::Random
    } else if vma.flags.contains(VmaFlags::SEQUENTIAL) {
        Pattern::Sequential
    } else if vma.prot.contains(Prot::EXEC) {
        let end = vma.page_offset.saturating_add(vma.range.page_count());
        Pattern::Executable { end }
    } else {
        Pattern::Around
    }
}

fn segv(code: SignalCode, address: Address, reason: Reason) -> Fault {
    Fault { info: SignalInfo { signal: Signal::SIGSEGV, code, address }, reason }
}

fn beyond_end(address: Address, page: FilePage) -> Fault {
    let info = SignalInfo { signal: Signal::SIGBUS, code: SignalCode::BUS_ADRERR, address };
    let reason = Reason::BeyondEndOfFile {
        address,
        file_size: page.size.unwrap_or(0),
        page_offset: page.index.saturating_mul(PAGE_SIZE),
    };
    Fault { info, reason }
}
