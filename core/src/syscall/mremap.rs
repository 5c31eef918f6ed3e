//! `mremap(2)`.
//!
//! ```text
//! shrink            grow in place          move
//! │  old  │         │ old │ free  │        │ old │        ·       ·
//! │ new│            │   new   │            ·     ·        │  new  │
//! ```
//!
//! Source: `do_mremap`, `check_mremap_params`, `check_prep_vma`, `mremap_to`, `remap_move`
//! (mm/mremap.c), Linux 6.18.

use crate::abi::{Errno, MremapFlags};
use crate::address::{
    Address, PAGE_SIZE, PageRange, USER_END, is_page_aligned, page_ceil_wrapping,
};
use crate::address_space::Changes;
use crate::event::Event;
use crate::file::FileKind;
use crate::kernel::{CallResult, Kernel, Refusal, Success, as_errno, refuse};
use crate::placement::{Huge, Wish, place};
use crate::reason::Reason;
use crate::vma::{Backing, Vma, VmaFlags};

/// The arguments, checked by themselves; lengths are rounded up to whole pages.
#[derive(Clone, Copy)]
struct Request {
    old: Address,
    old_length: u64,
    new_length: u64,
    /// By how much it grows or shrinks.
    delta: u64,
    flags: MremapFlags,
    new_address: Address,
}

impl Request {
    fn has_new_address(self) -> bool {
        self.flags.intersects(MremapFlags::FIXED | MremapFlags::DONTUNMAP)
    }
}

impl Kernel {
    /// Resizes or moves a mapping:
    /// `void *mremap(void *old_address, size_t old_size, size_t new_size, int flags, void *new_address)`.
    /// The value is the new address.
    pub(crate) fn sys_mremap(
        &mut self,
        old_address: Address,
        old_size: u64,
        new_size: u64,
        flags: u64,
        new_address: Address,
        events: &mut Vec<Event>,
    ) -> CallResult {
        let flags = MremapFlags::from_bits_retain(flags);
        let request = self.check_arguments(old_address, old_size, new_size, flags, new_address)?;
        let mut changes = Changes::default();
        let fixed = request.flags.contains(MremapFlags::FIXED);
        let result = if fixed && request.old_length == request.new_length {
            self.move_all(request, &mut changes)
        } else {
            self.remap_one(request, &mut changes)
        };
        self.settle(changes, events);
        if let Ok(success) = &result
            && request.new_length > request.old_length
            && let Some(vma) = self.space.vmas().at(success.value)
            && vma.flags.contains(VmaFlags::LOCKED)
        {
            let grown = PageRange::new(
                success.value + request.old_length,
                success.value + request.new_length,
            );
            grown.into_iter().for_each(|range| self.populate(range, events));
        }
        result
    }

    /// The arguments by themselves (`check_mremap_params`).
    fn check_arguments(
        &self,
        old: Address,
        old_size: u64,
        new_size: u64,
        flags: MremapFlags,
        new_address: Address,
    ) -> Result<Request, Refusal> {
        let combination = |text| refuse(Errno::EINVAL, Reason::FlagCombination { text });
        let known = MremapFlags::MAYMOVE | MremapFlags::FIXED | MremapFlags::DONTUNMAP;
        let unknown = flags - known;
        if !unknown.is_empty() {
            let reason = Reason::UnknownBits { argument: "flags", bits: unknown.bits() };
            return refuse(Errno::EINVAL, reason);
        }
        if !is_page_aligned(old) {
            let reason = Reason::NotPageAligned { argument: "old_address", value: old };
            return refuse(Errno::EINVAL, reason);
        }
        let old_length = page_ceil_wrapping(old_size);
        let new_length = page_ceil_wrapping(new_size);
        if new_length == 0 {
            return refuse(Errno::EINVAL, Reason::LengthZero { argument: "new_size" });
        }
        if new_length > USER_END {
            return refuse(Errno::EINVAL, Reason::PastUserEnd { address: 0, length: new_length });
        }
        let delta = old_length.abs_diff(new_length);
        let request = Request { old, old_length, new_length, delta, flags, new_address };
        if !request.has_new_address() {
            return Ok(request);
        }
        if new_address > USER_END - new_length {
            let reason = Reason::PastUserEnd { address: new_address, length: new_length };
            return refuse(Errno::EINVAL, reason);
        }
        if !is_page_aligned(new_address) {
            let reason = Reason::NotPageAligned { argument: "new_address", value: new_address };
            return refuse(Errno::EINVAL, reason);
        }
        if !flags.contains(MremapFlags::MAYMOVE) {
            return combination("MREMAP_FIXED and MREMAP_DONTUNMAP move: they need MREMAP_MAYMOVE");
        }
        if flags.contains(MremapFlags::DONTUNMAP) && old_length != new_length {
            return combination(
                "MREMAP_DONTUNMAP does not resize: old_size and new_size must agree",
            );
        }
        // `vrm_overlaps`.
        let old_end = old.wrapping_add(old_length);
        if new_address < old_end && old < new_address + new_length {
            let ranges = (
                PageRange::new(old, old_end.max(old.saturating_add(PAGE_SIZE))),
                PageRange::new(new_address, new_address + new_length),
            );
            return match ranges {
                (Some(old), Some(new)) => refuse(Errno::EINVAL, Reason::RangesOverlap { old, new }),
                _ => combination("the new range overlaps the old one"),
            };
        }
        let limit = self.machine.max_map_count;
        if self.space.vmas().len() + 2 >= limit.saturating_sub(3) {
            return refuse(Errno::ENOMEM, Reason::TooManyMappings { limit });
        }
        Ok(request)
    }

    /// Moves every mapping in the range, holes and all (`remap_move`, since Linux 6.17).
    fn move_all(&mut self, request: Request, changes: &mut Changes) -> CallResult {
        let end = request.old.saturating_add(request.old_length);
        let mut first = None;
        let mut at = request.old;
        while at < end {
            let vma = self.space.vmas().at_or_above(at).copied();
            let Some(vma) = vma.filter(|vma| vma.range.start() < end) else { break };
            let start = vma.range.start().max(at);
            let stop = vma.range.end().min(end);
            if first.is_none() && vma.range.start() > request.old {
                return refuse(Errno::EFAULT, Reason::NotMapped { address: request.old });
            }
            // A private mapping of /dev/zero chooses its own places, so it moves only alone.
            if matches!(vma.backing, Backing::DevZero(_)) && (first.is_some() || stop < end) {
                let reason = Reason::RangeOverSeveralMappings { address: start, end: stop };
                return refuse(Errno::EFAULT, reason);
            }
            let part = Request {
                old: start,
                old_length: stop - start,
                new_length: stop - start,
                new_address: request.new_address + (start - request.old),
                ..request
            };
            let moved = self.remap_one(part, changes)?;
            first.get_or_insert(moved);
            at = stop;
        }
        match first {
            Some(success) => Ok(success),
            None => refuse(Errno::EFAULT, Reason::NotMapped { address: request.old }),
        }
    }

    /// Resizes or moves a range that begins in one mapping.
    fn remap_one(&mut self, request: Request, changes: &mut Changes) -> CallResult {
        let Request { old, old_length, new_length, .. } = request;
        let Some(vma) = self.space.vmas().at(old).copied() else {
            return refuse(Errno::EFAULT, Reason::NotMapped { address: old });
        };
        let grows = new_length > old_length;
        if grows || request.has_new_address() {
            self.check_mapping(request, &vma)?;
        }
        if request.has_new_address() {
            return self.remap_to(request, changes);
        }
        if new_length == old_length {
            return Ok(old.into());
        }
        if !grows {
            self.unmap_part(old + new_length, old_length - new_length, changes)?;
            return Ok(old.into());
        }
        self.expand(request, &vma, changes)
    }

    /// What a mapping must be to grow or move (`check_prep_vma`).
    fn check_mapping(&self, request: Request, vma: &Vma) -> Result<(), Refusal> {
        let Request { old, old_length, new_length, .. } = request;
        if old_length == 0 && !vma.sharing.is_shared() {
            return refuse(Errno::EINVAL, Reason::OldSizeZeroPrivate);
        }
        let special = matches!(vma.backing, Backing::Kernel(_));
        if special && request.flags.contains(MremapFlags::DONTUNMAP) {
            let what = "a mapping of the kernel's own";
            return refuse(Errno::EINVAL, Reason::CannotBeMapped { what });
        }
        let kept = old_length.min(new_length);
        if kept > vma.range.end() - old {
            let end = vma.range.end();
            return refuse(Errno::EFAULT, Reason::RangeOverSeveralMappings { address: old, end });
        }
        if new_length == old_length {
            return Ok(());
        }
        if vma.backing_page(old).checked_add(new_length / PAGE_SIZE).is_none() {
            let reason = Reason::OffsetOverflow { offset: u64::MAX, length: new_length };
            return refuse(Errno::EINVAL, reason);
        }
        if special {
            let what = "a mapping of the kernel's own, which cannot grow,";
            return refuse(Errno::EFAULT, Reason::CannotBeMapped { what });
        }
        let delta = new_length.saturating_sub(old_length);
        if vma.flags.contains(VmaFlags::LOCKED)
            && self.locked_bytes().saturating_add(delta) > self.machine.memlock_limit
        {
            let text = "the locked mapping would grow over RLIMIT_MEMLOCK";
            return refuse(Errno::EAGAIN, Reason::FlagCombination { text });
        }
        Ok(())
    }

    /// Grows in place if the range ends with its mapping and the pages behind are free, else
    /// moves if that is allowed (`expand_vma`).
    fn expand(&mut self, request: Request, vma: &Vma, changes: &mut Changes) -> CallResult {
        let Request { old, old_length, new_length, .. } = request;
        let room = PageRange::new(old + old_length, old.saturating_add(new_length))
            .filter(|range| old_length == vma.range.end() - old && range.end() <= USER_END)
            .filter(|range| self.space.vmas().overlapping(*range).next().is_none());
        if let Some(range) = room {
            self.check_growth(vma, range.page_count())?;
            self.space.extend(vma, range, true, changes);
            return Ok(old.into());
        }
        if !request.flags.contains(MremapFlags::MAYMOVE) {
            return refuse(Errno::ENOMEM, Reason::NoRoom { length: new_length });
        }
        let (to, surprise) = self.place_moved(vma, request)?;
        self.move_one(request, vma, to, changes)?;
        Ok(Success { value: to, surprise })
    }

    /// Moves to a given address, or with `MREMAP_DONTUNMAP` near a hint (`mremap_to`).
    fn remap_to(&mut self, request: Request, changes: &mut Changes) -> CallResult {
        let mut request = request;
        if request.flags.contains(MremapFlags::FIXED) {
            self.unmap_part(request.new_address, request.new_length, changes)?;
            // An old range that wraps round slips through `vrm_overlaps`: it may be gone by now.
            if self.space.vmas().at(request.old).is_none() {
                return refuse(Errno::EFAULT, Reason::NotMapped { address: request.old });
            }
        }
        if request.new_length < request.old_length {
            let excess = request.old_length - request.new_length;
            self.unmap_part(request.old + request.new_length, excess, changes)?;
            request.old_length = request.new_length;
        }
        let Some(vma) = self.space.vmas().at(request.old).copied() else {
            return refuse(Errno::EFAULT, Reason::NotMapped { address: request.old });
        };
        let (to, surprise) = self.place_moved(&vma, request)?;
        self.move_one(request, &vma, to, changes)?;
        Ok(Success { value: to, surprise })
    }

    /// Where a moved mapping goes: as `mmap` would place it, looked for while the old one is
    /// still there (`vrm_set_new_addr`).
    fn place_moved(
        &self,
        vma: &Vma,
        request: Request,
    ) -> Result<(Address, Option<Reason>), Refusal> {
        let length = request.new_length;
        if request.flags.contains(MremapFlags::FIXED) {
            self.check_fixed(request.new_address, length)?;
            return Ok((request.new_address, None));
        }
        let hint = if request.has_new_address() { request.new_address } else { 0 };
        let offset = vma.backing_page(request.old).wrapping_mul(PAGE_SIZE);
        let huge = match vma.backing {
            Backing::Anonymous | Backing::Kernel(_) => Huge::IfMultiple,
            Backing::DevZero(_) if vma.sharing.is_shared() => Huge::No,
            Backing::DevZero(_) => Huge::FileOffset(offset),
            Backing::File(open) => match self.files.behind(open).map(|file| file.kind) {
                Some(FileKind::Regular) => Huge::FileOffset(offset),
                _ => Huge::No,
            },
        };
        let wish =
            Wish { hint, raises_hint: false, length, below_2gib: false, above_4gib: false, huge };
        let Some(place) = place(self.space.vmas(), &self.machine, wish) else {
            return refuse(Errno::ENOMEM, Reason::NoRoom { length });
        };
        let limit = self.machine.fixed_min_addr;
        if place.address < limit {
            let reason = Reason::BelowMmapMinAddr { address: place.address, limit };
            return refuse(Errno::EPERM, reason);
        }
        Ok((place.address, place.surprise))
    }

    /// Copies the mapping to its new place with its pages, and unmaps the old one (`move_vma`).
    fn move_one(
        &mut self,
        request: Request,
        vma: &Vma,
        to: Address,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let Request { old, old_length, new_length, .. } = request;
        let limit = self.machine.max_map_count;
        if self.space.vmas().len() >= limit.saturating_sub(3) {
            return refuse(Errno::ENOMEM, Reason::TooManyMappings { limit });
        }
        let keeps_old = request.flags.contains(MremapFlags::DONTUNMAP);
        // What a shrinking move gives back is asked for, too (`vrm_calc_charge`).
        let added = if keeps_old { new_length } else { request.delta };
        self.check_growth(vma, added / PAGE_SIZE)?;
        let Some(target) = PageRange::new(to, to.saturating_add(new_length)) else {
            return refuse(Errno::ENOMEM, Reason::NoRoom { length: new_length });
        };
        self.space.move_pages(vma, old, old_length, target, &mut self.frames, changes);
        if let Some(range) = PageRange::new(old, old.saturating_add(old_length)) {
            if keeps_old {
                self.space.leave_behind(range);
            } else {
                self.space.unmap(range, &mut self.frames, changes);
            }
        }
        Ok(())
    }

    /// Memory that an accounted mapping needs more.
    fn check_growth(&self, vma: &Vma, pages: u64) -> Result<(), Refusal> {
        if vma.flags.contains(VmaFlags::ACCOUNT) {
            as_errno(Errno::ENOMEM, self.check_commit(pages))?;
        }
        Ok(())
    }

    /// A `munmap` inside: its errors pass through.
    fn unmap_part(
        &mut self,
        start: Address,
        length: u64,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let end = start.checked_add(length).filter(|end| *end <= USER_END);
        let Some(range) = end.and_then(|end| PageRange::new(start, end)) else {
            return refuse(Errno::EINVAL, Reason::PastUserEnd { address: start, length });
        };
        as_errno(Errno::ENOMEM, self.space.room_to_unmap(range))?;
        self.space.unmap(range, &mut self.frames, changes);
        Ok(())
    }
}
