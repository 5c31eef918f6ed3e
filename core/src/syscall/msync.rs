//! `msync(2)`.
//!
//! Source: `SYSCALL_DEFINE3(msync)` (mm/msync.c), Linux 6.18.

use crate::abi::{Errno, MsyncFlags};
use crate::address::{Address, is_page_aligned, page_ceil_wrapping};
use crate::kernel::{CallResult, Kernel, refuse};
use crate::reason::Reason;
use crate::vma::VmaFlags;

impl Kernel {
    /// Writes changes of shared mappings to their files: `int msync(void *addr, size_t length, int flags)`.
    /// The files here always have them already. The value is 0.
    pub(crate) fn sys_msync(&self, addr: Address, length: u64, flags: u32) -> CallResult {
        let flags = MsyncFlags::from_bits_retain(flags.into());
        let unknown = flags - (MsyncFlags::ASYNC | MsyncFlags::INVALIDATE | MsyncFlags::SYNC);
        if !unknown.is_empty() {
            let reason = Reason::UnknownBits { argument: "flags", bits: unknown.bits() };
            return refuse(Errno::EINVAL, reason);
        }
        if !is_page_aligned(addr) {
            return refuse(Errno::EINVAL, Reason::NotPageAligned { argument: "addr", value: addr });
        }
        if flags.contains(MsyncFlags::ASYNC | MsyncFlags::SYNC) {
            let text = "MS_ASYNC and MS_SYNC exclude each other";
            return refuse(Errno::EINVAL, Reason::FlagCombination { text });
        }
        // A length that wraps to 0 when rounded counts as 0.
        let rounded = page_ceil_wrapping(length);
        let Some(end) = addr.checked_add(rounded) else {
            let reason = Reason::LengthWraps { argument: "length", value: length };
            return refuse(Errno::ENOMEM, reason);
        };
        let mut hole = None;
        let mut at = addr;
        while at < end {
            let Some(vma) = self.space.vmas().at_or_above(at) else {
                hole = hole.or(Some(at));
                break;
            };
            if vma.range.start() > at {
                hole = hole.or(Some(at));
                // There would be nothing to wait for.
                if flags == MsyncFlags::ASYNC || vma.range.start() >= end {
                    break;
                }
            }
            if flags.contains(MsyncFlags::INVALIDATE) && vma.flags.contains(VmaFlags::LOCKED) {
                return refuse(Errno::EBUSY, Reason::MappingLocked { address: vma.range.start() });
            }
            at = vma.range.end();
        }
        match hole {
            Some(address) => refuse(Errno::ENOMEM, Reason::NotMapped { address }),
            None => Ok(0.into()),
        }
    }
}
