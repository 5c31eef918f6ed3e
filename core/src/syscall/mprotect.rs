//! `mprotect(2)`.
//!
//! Works upwards mapping by mapping, and merges as it goes. When it meets a hole or a mapping
//! that refuses, what lay before stays changed, as in Linux.
//!
//! Source: `do_mprotect_pkey`, `mprotect_fixup` (mm/mprotect.c), Linux 6.18.

use crate::abi::{Errno, Prot};
use crate::address::{Address, PageRange, is_page_aligned, page_ceil_wrapping};
use crate::address_space::Changes;
use crate::event::Event;
use crate::kernel::{CallResult, Kernel, Refusal, as_errno, refuse};
use crate::reason::Reason;
use crate::vma::{Sharing, Vma, VmaFlags};

impl Kernel {
    /// Changes a protection: `int mprotect(void *addr, size_t len, int prot)`. The value is 0.
    pub(crate) fn sys_mprotect(
        &mut self,
        addr: Address,
        len: u64,
        prot: u64,
        events: &mut Vec<Event>,
    ) -> CallResult {
        let prot = Prot::from_bits_retain(prot);
        let grows = prot & (Prot::GROWSDOWN | Prot::GROWSUP);
        if grows == Prot::GROWSDOWN | Prot::GROWSUP {
            let text = "PROT_GROWSDOWN and PROT_GROWSUP exclude each other";
            return refuse(Errno::EINVAL, Reason::FlagCombination { text });
        }
        if !is_page_aligned(addr) {
            return refuse(Errno::EINVAL, Reason::NotPageAligned { argument: "addr", value: addr });
        }
        if len == 0 {
            return Ok(0.into());
        }
        let end = addr.wrapping_add(page_ceil_wrapping(len));
        if end <= addr {
            return refuse(Errno::ENOMEM, Reason::LengthWraps { argument: "len", value: len });
        }
        let unknown = prot - grows - Prot::RWX - Prot::SEM;
        if !unknown.is_empty() {
            let reason = Reason::UnknownBits { argument: "prot", bits: unknown.bits() };
            return refuse(Errno::EINVAL, reason);
        }

        let first = self.space.vmas().at_or_above(addr).copied();
        let Some(first) = first.filter(|vma| vma.range.start() < end) else {
            return refuse(Errno::ENOMEM, Reason::NotMapped { address: addr });
        };
        let mut start = addr;
        if grows == Prot::GROWSDOWN {
            start = first.range.start();
            if !first.flags.contains(VmaFlags::GROWSDOWN) {
                return refuse(Errno::EINVAL, Reason::NotGrowing { address: start });
            }
        } else {
            if first.range.start() > addr {
                return refuse(Errno::ENOMEM, Reason::NotMapped { address: addr });
            }
            if grows == Prot::GROWSUP {
                return refuse(Errno::EINVAL, Reason::NotGrowing { address: addr });
            }
        }

        self.protect_upwards(start, end, prot - grows, events).map(|()| 0.into())
    }

    /// Changes mapping by mapping from `start` up to `end`; `asked` may have `PROT_SEM`. Locked memory
    /// that becomes writable is filled with pages of its own before the next mapping is looked at.
    fn protect_upwards(
        &mut self,
        start: Address,
        end: Address,
        asked: Prot,
        events: &mut Vec<Event>,
    ) -> Result<(), Refusal> {
        let prot = asked & Prot::RWX;
        let mut at = start;
        while at < end {
            let Some(vma) = self.space.vmas().at(at).copied() else {
                return refuse(Errno::ENOMEM, Reason::HoleInRange { address: at });
            };
            if prot.contains(Prot::WRITE) && vma.sharing == (Sharing::Shared { may_write: false }) {
                let reason = Reason::MappingMayNotBeWritten { address: at };
                return refuse(Errno::EACCES, reason);
            }
            let top = vma.range.end().min(end);
            if let Some(range) = PageRange::new(at, top) {
                let mut changes = Changes::default();
                let result = self.protect_part(&vma, range, asked, &mut changes);
                self.settle(changes, events);
                result?;
                let was_locked_unwritable = vma.flags.contains(VmaFlags::LOCKED)
                    && vma.sharing == Sharing::Private
                    && !vma.prot.contains(Prot::WRITE);
                if was_locked_unwritable && prot.contains(Prot::WRITE) {
                    self.populate(range, events);
                }
            }
            at = top;
        }
        Ok(())
    }

    /// Changes the part of one mapping (`mprotect_fixup`): private memory becomes accounted when
    /// it is first writable; anonymous memory that was never written loses that again.
    fn protect_part(
        &mut self,
        vma: &Vma,
        range: PageRange,
        asked: Prot,
        changes: &mut Changes,
    ) -> Result<(), Refusal> {
        let prot = asked & Prot::RWX;
        let mut flags = vma.flags;
        // Memory that is to be executed only gets the key for that, and loses it with any other
        // protection, PROT_SEM too (`__arch_override_mprotect_pkey`).
        let execute_only = self.machine.protection_keys && asked == Prot::EXEC;
        flags.set(VmaFlags::EXECUTE_ONLY_KEY, execute_only);
        if prot == vma.prot && flags == vma.flags {
            return Ok(());
        }
        if prot.contains(Prot::WRITE) {
            let counted = vma.sharing.is_shared()
                || vma.prot.contains(Prot::WRITE)
                || vma.flags.intersects(VmaFlags::ACCOUNT | VmaFlags::NORESERVE);
            if !counted {
                as_errno(Errno::ENOMEM, self.check_commit(range.page_count()))?;
                flags |= VmaFlags::ACCOUNT;
            }
        } else if vma.backing.is_anonymous() && vma.origin.is_none() {
            flags -= VmaFlags::ACCOUNT;
        }
        let changed = self.space.change(range, prot, flags, &mut self.frames, changes);
        as_errno(Errno::ENOMEM, changed)?;
        if execute_only != vma.flags.contains(VmaFlags::EXECUTE_ONLY_KEY) {
            changes.events.push(Event::KeyGiven { range, key: u8::from(execute_only) });
        }
        Ok(())
    }
}
