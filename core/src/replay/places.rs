//! Where a log has a mapping or the break: put there too; and what must have been mapped before.

use super::{Runner, Step};
use crate::abi::{MapFlags, MremapFlags, Prot};
use crate::address::{Address, PAGE_SIZE, PageRange, USER_END, page_ceil_wrapping, page_floor};
use crate::address_space::Changes;
use crate::call::{Call, Outcome, Returned};
use crate::machine::Machine;
use crate::process::Process;
use crate::trace::{Recorded, print_result};
use crate::vma::{Backing, Sharing, Vma, VmaFlags};

/// The types of mappings: 1 and 3 are shared.
const SHARED: MapFlags = MapFlags::from_bits_retain(1);
const PRIVATE: MapFlags = MapFlags::from_bits_retain(2);

/// A heap that is longer began elsewhere than where heaps usually do.
const USUAL_HEAP: u64 = 1 << 30;

impl Runner {
    /// Puts a mapping, or the break, where the log has it.
    pub(super) fn force(
        &mut self,
        step: &mut Step,
        before: Process,
        own: Outcome,
        address: Address,
    ) -> Outcome {
        let own_result = print_result(&step.call, &own.returned);
        let own_result = own_result.lines().next().unwrap_or_default().to_owned();
        let why = own.reason.as_ref().map(|reason| format!(": {}", reason.sentence()));
        let why = why.unwrap_or_default();
        let displaces = chosen_range(&step.call, address)
            .is_some_and(|range| before.kernel.space.vmas().overlapping(range).next().is_some());
        self.process = before;
        let mut outcome = match step.call {
            Call::Brk { .. } => self.force_break(address),
            _ => self.force_mapping(&step.call, address),
        };
        if let (&Call::Mmap { fd, flags, .. }, Returned::Error(_)) = (&step.call, &outcome.returned)
        {
            outcome = self.force_mapping(&plain(&step.call), address);
            let anonymous = flags & MapFlags::ANONYMOUS.bits() != 0;
            if matches!(outcome.returned, Returned::Error(_)) && !anonymous {
                let refused = self.process.clone();
                self.make_mappable(fd, step.parsed.fd_note(4));
                outcome = self.force_mapping(&plain(&step.call), address);
                if matches!(outcome.returned, Returned::Error(_)) {
                    self.process = refused;
                }
            }
        }
        let there = outcome.returned == Returned::Value(address);
        if there {
            step.notes.push(format!("put where the log has it; by itself: {own_result}{why}"));
            if displaces {
                self.counts.displacing += 1;
                step.notes.push(
                    "something was mapped there: what unmapped it is not in the log".to_owned(),
                );
            }
            outcome.reason = None;
        } else {
            step.divergence = Some(format!("recorded {address:#x}; by itself: {own_result}{why}"));
        }
        outcome
    }

    pub(super) fn force_mapping(&mut self, call: &Call, address: Address) -> Outcome {
        let forced = match *call {
            Call::Mmap { length, prot, flags, fd, offset, .. } => {
                let flags = (flags | MapFlags::FIXED.bits()) & !MapFlags::FIXED_NOREPLACE.bits();
                Call::Mmap { addr: address, length, prot, flags, fd, offset }
            }
            Call::Mremap { old_address, old_size, new_size, flags, .. }
                if old_address == address =>
            {
                // In place: whatever the model has behind it was gone.
                let old_end = old_address.saturating_add(page_ceil_wrapping(old_size));
                let new_end = old_address.saturating_add(page_ceil_wrapping(new_size));
                if let Some(range) = PageRange::new(old_end, new_end.min(USER_END)) {
                    self.unmap(range);
                }
                Call::Mremap { old_address, old_size, new_size, flags, new_address: 0 }
            }
            Call::Mremap { old_address, old_size, new_size, flags, .. } => Call::Mremap {
                old_address,
                old_size,
                new_size,
                flags: flags | (MremapFlags::MAYMOVE | MremapFlags::FIXED).bits(),
                new_address: address,
            },
            ref other => other.clone(),
        };
        let machine = self.process.kernel.machine.clone();
        self.process.kernel.machine = Machine {
            mmap_min_addr: 0,
            fixed_min_addr: 0,
            commit_limit_pages: u64::MAX,
            memlock_limit: u64::MAX,
            ..machine.clone()
        };
        let outcome = self.process.run(&forced);
        self.process.kernel.machine = machine;
        outcome
    }

    pub(super) fn force_break(&mut self, address: Address) -> Outcome {
        let kernel = &mut self.process.kernel;
        let old = page_ceil_wrapping(kernel.space.break_end);
        let new = page_ceil_wrapping(address);
        let start = kernel.space.break_start;
        if address < start || address > USER_END {
            kernel.space.break_start = page_floor(address);
            kernel.space.break_end = address;
            return Outcome::value(address);
        }
        if let Some(range) = PageRange::new(old.min(new), old.max(new)) {
            self.unmap(range);
        }
        let outcome = self.process.run(&Call::Brk { addr: address });
        if outcome.returned != Returned::Value(address) {
            // Something stands right above: the heap is where the log says all the same.
            if let Some(range) = PageRange::new(old, new) {
                let vma = anonymous(range, Prot::RW, false);
                let kernel = &mut self.process.kernel;
                let mut changes = Changes::default();
                kernel.space.map(vma, &mut kernel.frames, &mut changes);
            }
            self.process.kernel.space.break_end = address;
        }
        Outcome { returned: Returned::Value(address), ..outcome }
    }

    pub(super) fn unmap(&mut self, range: PageRange) {
        let kernel = &mut self.process.kernel;
        let mut changes = Changes::default();
        kernel.space.unmap(range, &mut kernel.frames, &mut changes);
        kernel.settle(changes, &mut Vec::new());
    }

    /// The first recorded break tells where the heap begins, if nothing else has: all of it that is
    /// known, unless it grew to there from where the heap usually begins.
    pub(super) fn learn_break(&mut self, step: &Step, recorded: &Recorded) {
        let Some(address) = recorded.value() else { return };
        let Call::Brk { addr } = step.call else { return };
        let space = &mut self.process.kernel.space;
        let untouched = space.break_end == space.break_start;
        let grew = addr == address
            && address.checked_sub(space.break_start).is_some_and(|grown| grown < USUAL_HEAP);
        if !self.log.break_known && untouched && !grew && address < USER_END {
            space.break_start = address;
            space.break_end = address;
        }
        self.log.break_known = true;
    }

    /// Without an initial state, the first place that the kernel chose tells where placement
    /// begins.
    pub(super) fn learn_base(&mut self, step: &mut Step, recorded: &Recorded) {
        let Call::Mmap { addr: 0, length, flags, .. } = step.call else { return };
        let (Some(address), true) = (recorded.value(), kernel_chooses(flags)) else { return };
        if self.log.base_known {
            return;
        }
        self.log.base_known = true;
        let end = address.wrapping_add(page_ceil_wrapping(length));
        let only_stack = self.process.kernel.space.vmas().len() <= 1;
        if only_stack && address < end && end < USER_END {
            let base = self.process.kernel.machine.mmap_base;
            if end != base && PageRange::new(address, end).is_some() {
                let mut probe = self.process.clone();
                if probe.run(&step.call).returned != Returned::Value(address) {
                    self.process.kernel.machine.mmap_base = end;
                    step.notes.push(format!("placement taken to begin at {end:#x}, not {base:#x}"));
                }
            }
        }
    }

    /// Where a call that succeeded, as the log has it, touches memory that is not mapped. What the
    /// program's own code does, which only a trace tells, implies nothing.
    pub(super) fn holes(&self, call: &Call, recorded: &Recorded) -> Vec<PageRange> {
        let Some(result) = recorded.value() else { return Vec::new() };
        let touched = match *call {
            Call::Mprotect { addr, len, .. } if result == 0 => [(addr, len), (0, 0)],
            Call::Madvise { addr, length, .. } | Call::Msync { addr, length, .. }
                if result == 0 =>
            {
                [(addr, length), (0, 0)]
            }
            Call::Mremap { old_address, old_size, .. } => [(old_address, old_size.max(1)), (0, 0)],
            Call::Memset { addr, length, .. } => [(addr, length), (0, 0)],
            Call::Memcpy { dst, src, length } => [(dst, length), (src, length)],
            _ => return Vec::new(),
        };
        let mut holes = Vec::new();
        for (start, length) in touched {
            let end = page_ceil_wrapping(start.saturating_add(length)).min(USER_END);
            let Some(range) = PageRange::new(page_floor(start), end) else { continue };
            let mut at = range.start();
            for vma in self.process.kernel.space.vmas().overlapping(range) {
                holes.extend(PageRange::new(at, vma.range.start()));
                at = vma.range.end();
            }
            holes.extend(PageRange::new(at, range.end()));
        }
        holes
    }

    /// Adds the mappings without which a call could not have succeeded.
    pub(super) fn infer(&mut self, holes: &[PageRange], step: &mut Step, sharing: Sharing) {
        let grows = matches!(step.call, Call::Mprotect { prot, .. }
            if Prot::from_bits_retain(prot).contains(Prot::GROWSDOWN));
        for hole in holes {
            let mut vma = anonymous(*hole, Prot::RW, true);
            vma.flags.set(VmaFlags::GROWSDOWN, grows);
            if sharing.is_shared()
                && let Some(object) = self.shared_memory(*hole)
            {
                vma = Vma { inferred: true, ..object };
            }
            let kernel = &mut self.process.kernel;
            kernel.space.map(vma, &mut kernel.frames, &mut Changes::default());
            let note = format!("{hole} must have been mapped before: inferred");
            if !step.notes.contains(&note) {
                step.notes.push(note);
            }
        }
    }

    /// A mapping of shared memory, there now.
    fn shared_memory(&mut self, range: PageRange) -> Option<Vma> {
        let flags = MapFlags::ANONYMOUS | MapFlags::FIXED | SHARED;
        self.process.run(&Call::Mmap {
            addr: range.start(),
            length: range.size_bytes(),
            prot: Prot::RW.bits(),
            flags: flags.bits(),
            fd: -1,
            offset: 0,
        });
        self.process.kernel.space.vmas().at(range.start()).filter(|vma| vma.range == range).copied()
    }
}

/// The pages of a mapping whose place the kernel chose: it chooses none that are mapped.
fn chosen_range(call: &Call, address: Address) -> Option<PageRange> {
    let Call::Mmap { length, flags, .. } = *call else { return None };
    PageRange::spanning(address, page_ceil_wrapping(length)).filter(|_| kernel_chooses(flags))
}

/// The kernel chooses the place of a mapping; an address is a hint to it.
fn kernel_chooses(flags: u64) -> bool {
    let fixed = MapFlags::FIXED | MapFlags::FIXED_NOREPLACE;
    !MapFlags::from_bits_retain(flags).intersects(fixed)
}

/// The same mapping without what only some files and machines have.
fn plain(call: &Call) -> Call {
    let mut call = call.clone();
    if let Call::Mmap { flags, .. } = &mut call {
        let asked = MapFlags::from_bits_retain(*flags);
        let kept = MapFlags::ANONYMOUS | MapFlags::GROWSDOWN | MapFlags::NORESERVE;
        let sharing = if asked.intersects(SHARED) { SHARED } else { PRIVATE };
        *flags = (asked & kept | sharing).bits();
    }
    call
}

/// Private anonymous memory that no call of the trace made.
fn anonymous(range: PageRange, prot: Prot, inferred: bool) -> Vma {
    Vma {
        range,
        prot,
        sharing: Sharing::Private,
        flags: VmaFlags::ACCOUNT,
        backing: Backing::Anonymous,
        page_offset: range.start() / PAGE_SIZE,
        origin: None,
        inferred,
    }
}
