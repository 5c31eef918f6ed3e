//! The kernel's side of a process: address space, frames, files.
//!
//! The system calls (`syscall/`) and the page-fault handler (`fault`) are functions over a
//! [`Kernel`]; this file holds what several of them need.

use crate::abi::{Errno, Prot};
use crate::address::{Address, PAGE_SIZE, Page, PageRange};
use crate::address_space::{AddressSpace, Changes};
use crate::event::Event;
use crate::file::{FileKind, Files, OpenId};
use crate::frame::{Contents, FrameNumber, Frames, Owner};
use crate::machine::Machine;
use crate::reason::Reason;
use crate::vma::{Backing, Sharing, Vma, VmaFlags};
use std::ops::Range;

/// Address space, frames and files of one process, and the machine's limits.
#[derive(Clone, PartialEq, Debug)]
pub struct Kernel {
    /// The machine's limits.
    pub machine: Machine,
    /// VMAs and page table.
    pub space: AddressSpace,
    /// Physical memory.
    pub frames: Frames,
    /// Files and descriptors.
    pub files: Files,
    /// How many page faults were resolved so far.
    pub page_faults: u64,
}

/// A refusal: the error, and the rule behind it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// What the program sees.
    pub errno: Errno,
    /// Why.
    pub reason: Reason,
}

/// What a system call gives: its value, with a surprise perhaps; or a refusal.
pub type CallResult = Result<Success, Refusal>;

/// A call that succeeded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Success {
    /// Its value.
    pub value: u64,
    /// What is surprising about it.
    pub surprise: Option<Reason>,
}

impl From<u64> for Success {
    fn from(value: u64) -> Success {
        Success { value, surprise: None }
    }
}

/// Shorthand for a refusal.
pub(crate) fn refuse<T>(errno: Errno, reason: Reason) -> Result<T, Refusal> {
    Err(Refusal { errno, reason })
}

/// Turns a rule into a refusal with one error.
pub(crate) fn as_errno<T>(errno: Errno, result: Result<T, Reason>) -> Result<T, Refusal> {
    result.map_err(|reason| Refusal { errno, reason })
}

impl Kernel {
    /// A fresh process on a machine: nothing mapped but the stack, if the machine has one.
    pub fn new(machine: Machine) -> Kernel {
        let mut space = AddressSpace::new(machine.break_start, machine.max_map_count);
        let mut frames = Frames::new(machine.frame_limit);
        if let Some(range) = machine.stack {
            space.stack_start = range.end() - PAGE_SIZE;
            space.map(stack(range), &mut frames, &mut Changes::default());
            // `execve` wrote the arguments to it.
            space.prepare_origin(range.start());
            space.make_table(Page::containing(space.stack_start));
        }
        Kernel { machine, space, frames, files: Files::default(), page_faults: 0 }
    }

    /// Changes settings of the machine, as an administrator does while it runs.
    pub fn change_machine(&mut self, change: impl FnOnce(&mut Machine)) {
        change(&mut self.machine);
        self.space.limit_vmas(self.machine.max_map_count);
    }

    /// Says whether a VMA is the machine's own stack, as it was at the start: a list of what a
    /// trace mapped leaves it out.
    pub fn is_initial_stack(&self, vma: &Vma) -> bool {
        self.machine.stack.is_some_and(|range| Vma { origin: None, ..*vma } == stack(range))
    }

    /// Ends an operation on the address space: forgets open files that nothing holds any more,
    /// and hands over the events.
    pub fn settle(&mut self, changes: Changes, events: &mut Vec<Event>) {
        for open in changes.left {
            self.files.release(open, self.space.vmas().uses(open), &mut self.frames);
        }
        if events.is_empty() {
            *events = changes.events;
        } else {
            events.extend(changes.events);
        }
    }

    /// Which page of its file a page of a file VMA shows, and whether that lies wholly behind the
    /// end of the file.
    pub fn file_page(&self, vma: &Vma, address: Address) -> Option<FilePage> {
        let Backing::File(open) = vma.backing else { return None };
        let open_file = self.files.open_file(open)?;
        let file = self.files.file(open_file.file)?;
        let index = vma.backing_page(address);
        Some(FilePage {
            open,
            file: open_file.file,
            index,
            beyond_end: index >= file.page_count(),
            size: file.size,
            kind: file.kind,
        })
    }

    /// Drops every page of a file from an index on out of every mapping, copies too
    /// (`unmap_mapping_range` with `even_cows`).
    pub fn drop_file_pages(&mut self, file: u32, first: u64) {
        for range in self.mapped_parts(file, first..u64::MAX) {
            self.space.drop_pages(range, &mut self.frames);
        }
    }

    /// Makes pages of a file zeros again. Mappings lose them, but keep copies of their own.
    pub fn punch_hole(&mut self, file: u32, pages: Range<u64>) {
        let first = self.files.folio(file, pages.start).start;
        let end = self.files.folio(file, pages.end.saturating_sub(1)).end;
        self.drop_shown_pages(file, first..end.max(pages.end));
        self.files.punch_hole(file, pages, &mut self.frames);
    }

    /// Drops pages of a file out of every mapping, but for copies.
    pub fn drop_shown_pages(&mut self, file: u32, pages: Range<u64>) {
        for range in self.mapped_parts(file, pages) {
            for (page, entry) in self.space.table().entries(range) {
                if self.frames.owner(entry.frame()) != Some(Owner::Anonymous)
                    && let Some(range) = PageRange::spanning(page.start(), PAGE_SIZE)
                {
                    self.space.drop_pages(range, &mut self.frames);
                }
            }
        }
    }

    /// Where pages of a file are mapped.
    fn mapped_parts(&self, file: u32, pages: Range<u64>) -> Vec<PageRange> {
        let shows = |vma: &Vma| match vma.backing {
            Backing::File(open) => self.files.open_file(open).is_some_and(|open| open.file == file),
            _ => false,
        };
        let part = |vma: &Vma| {
            let index_end = vma.page_offset.saturating_add(vma.range.page_count());
            let first = pages.start.max(vma.page_offset) - vma.page_offset;
            let behind = pages.end.min(index_end).checked_sub(vma.page_offset)?;
            let at = |page: u64| vma.range.start().checked_add(page.checked_mul(PAGE_SIZE)?);
            PageRange::new(at(first)?, at(behind)?)
        };
        self.space.vmas().iter().filter(|vma| shows(vma)).filter_map(part).collect()
    }

    /// Refuses more memory in one call than RAM and swap hold together, as the heuristic of
    /// `vm.overcommit_memory` 0 does (`__vm_enough_memory`).
    ///
    /// # Errors
    /// The rule, if so.
    pub fn check_commit(&self, pages: u64) -> Result<(), Reason> {
        let limit_pages = self.machine.commit_limit_pages;
        if pages > limit_pages { Err(Reason::Overcommit { pages, limit_pages }) } else { Ok(()) }
    }

    /// How many pages of a range are counted against memory.
    pub fn accounted_pages(&self, range: PageRange) -> u64 {
        let vmas = self.space.vmas().overlapping(range);
        let accounted = vmas.filter(|vma| vma.flags.contains(VmaFlags::ACCOUNT));
        accounted.filter_map(|vma| vma.range.intersection(range)).map(PageRange::page_count).sum()
    }

    /// Bytes that count against `RLIMIT_MEMLOCK`.
    pub fn locked_bytes(&self) -> u64 {
        self.space.locked_bytes()
    }

    /// Reads memory as it stands, without a page fault: what a load would give, whatever the
    /// protections. Says where it had to stop: the first address that is not mapped, or lies
    /// behind the end of a file.
    ///
    /// # Errors
    /// The address at which nothing could be read; `out` is filled up to there.
    pub fn peek(&self, address: Address, out: &mut [u8]) -> Result<(), Address> {
        let mut done = 0;
        while done < out.len() {
            let at = address.checked_add(done as u64).ok_or(address)?;
            let offset = at % PAGE_SIZE;
            let room = ((PAGE_SIZE - offset) as usize).min(out.len() - done);
            let piece = &mut out[done..done + room];
            let frame = self.frame_seen(at).ok_or(at)?;
            match frame {
                Some(frame) => self.frames.read(frame, offset, piece),
                None => piece.fill(0),
            }
            done += room;
        }
        Ok(())
    }

    /// What [`peek`](Kernel::peek) would find in the page that begins at an address.
    pub fn contents(&self, page: Address) -> Contents {
        match self.frame_seen(page) {
            Some(Some(frame)) => self.frames.contents(frame),
            Some(None) => Contents::Zeros,
            None => Contents::Unreadable,
        }
    }

    /// The frame whose bytes a load would give; `Some(None)` where it would give zeros, and nothing
    /// where there is nothing to read.
    fn frame_seen(&self, at: Address) -> Option<Option<FrameNumber>> {
        let vma = self.space.vmas().at(at)?;
        let page = Page::containing(at);
        if self.space.is_guarded(page) {
            return None;
        }
        let entry = self.space.table().get(page);
        if entry.present() {
            return Some(Some(entry.frame()));
        }
        let Some(page) = self.file_page(vma, at) else { return Some(None) };
        if page.beyond_end {
            return None;
        }
        Some(self.files.file(page.file).and_then(|file| file.cached(page.index)))
    }
}

/// A page of a file, as a mapping shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FilePage {
    /// Through which open file it is shown.
    pub open: OpenId,
    /// The file's number.
    pub file: u32,
    /// The page's index in the file.
    pub index: u64,
    /// It lies wholly behind the end of the file.
    pub beyond_end: bool,
    /// The file's size, if it is known.
    pub size: Option<u64>,
    /// What the file is.
    pub kind: FileKind,
}

/// A stack as `execve` leaves it.
fn stack(range: PageRange) -> Vma {
    Vma {
        range,
        prot: Prot::RW,
        sharing: Sharing::Private,
        flags: VmaFlags::GROWSDOWN | VmaFlags::ACCOUNT,
        backing: Backing::Anonymous,
        page_offset: range.start() / PAGE_SIZE,
        origin: None,
        inferred: false,
    }
}
