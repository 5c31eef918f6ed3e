//! `brk(2)`, the system call: it returns the break, whether or not it moved.
//!
//! Source: `SYSCALL_DEFINE1(brk)`, `do_brk_flags` (mm/mmap.c, mm/vma.c), Linux 6.18.

use crate::abi::Prot;
use crate::address::{Address, PAGE_SIZE, PageRange, USER_END, page_ceil_wrapping};
use crate::address_space::Changes;
use crate::event::Event;
use crate::kernel::{CallResult, Kernel, Success};
use crate::reason::Reason;
use crate::vma::{Backing, STACK_GUARD_GAP, Sharing, Vma, VmaFlags};

impl Kernel {
    /// Moves the break: `void *brk(void *addr)`. The value is the break afterwards; where it
    /// stayed although another was asked for, the reason is there as a surprise.
    pub(crate) fn sys_brk(&mut self, addr: Address, events: &mut Vec<Event>) -> CallResult {
        let before = self.space.break_end;
        let surprise = match self.move_break(addr, events) {
            Ok(()) => None,
            // Asking for 0 is the way to ask where the break is.
            Err(_) if addr == 0 => None,
            Err(reason) => Some(reason),
        };
        let after = self.space.break_end;
        if after != before {
            events.push(Event::BreakMoved { before, after });
        }
        Ok(Success { value: after, surprise })
    }

    fn move_break(&mut self, addr: Address, events: &mut Vec<Event>) -> Result<(), Reason> {
        let start = self.space.break_start;
        if addr < start {
            return Err(Reason::BreakBelowStart { start });
        }
        let old = page_ceil_wrapping(self.space.break_end);
        let new = page_ceil_wrapping(addr);
        if new < addr || new > USER_END {
            return Err(Reason::PastUserEnd { address: addr, length: 0 });
        }
        if old == new {
            self.space.break_end = addr;
            return Ok(());
        }
        let mut changes = Changes::default();
        if let Some(range) = PageRange::new(new, old) {
            let heap = self.space.vmas().at_or_above(new).filter(|vma| vma.range.start() < old);
            if heap.is_none() {
                return Err(Reason::NotMapped { address: new });
            }
            self.space.room_to_unmap(range)?;
            self.space.unmap(range, &mut self.frames, &mut changes);
        } else if let Some(range) = PageRange::new(old, new) {
            self.grow_break(range, &mut changes)?;
        }
        self.space.break_end = addr;
        self.settle(changes, events);
        Ok(())
    }

    fn grow_break(&mut self, range: PageRange, changes: &mut Changes) -> Result<(), Reason> {
        // At least one page stays free below what follows, and its guard gap.
        let above = self.space.vmas().at_or_above(range.start());
        let top = range.end() + PAGE_SIZE;
        if let Some(above) = above
            && above.range.start() < top + STACK_GUARD_GAP
            && top > above.guarded_start()
        {
            return Err(Reason::BreakMeetsMapping { at: above.range.start() });
        }
        self.space.room_for_mapping()?;
        self.check_commit(range.page_count())?;
        let heap = Vma {
            range,
            prot: Prot::RW,
            sharing: Sharing::Private,
            flags: VmaFlags::ACCOUNT,
            backing: Backing::Anonymous,
            page_offset: range.start() / PAGE_SIZE,
            origin: None,
            inferred: false,
        };
        // It joins what lies below only if that reaches into the heap.
        let below = self.space.neighbours(range).0;
        let below = below.filter(|below| below.range.end() > self.space.break_start);
        match below.filter(|below| below.merges_with(&heap)) {
            Some(below) => self.space.extend(&below, range, false, changes),
            None => self.space.map_apart(heap, changes),
        }
        Ok(())
    }
}
