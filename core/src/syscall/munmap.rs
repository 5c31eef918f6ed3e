//! `munmap(2)`.
//!
//! Source: `do_vmi_munmap`, `vms_gather_munmap_vmas` (mm/vma.c), Linux 6.18.

use crate::abi::Errno;
use crate::address::{Address, PageRange, USER_END, is_page_aligned, page_ceil_wrapping};
use crate::address_space::Changes;
use crate::event::Event;
use crate::kernel::{CallResult, Kernel, as_errno, refuse};
use crate::reason::Reason;

impl Kernel {
    /// Unmaps pages: `int munmap(void *addr, size_t length)`. Holes are no error. The value is 0.
    pub(crate) fn sys_munmap(
        &mut self,
        addr: Address,
        length: u64,
        events: &mut Vec<Event>,
    ) -> CallResult {
        if !is_page_aligned(addr) {
            return refuse(Errno::EINVAL, Reason::NotPageAligned { argument: "addr", value: addr });
        }
        if addr > USER_END || length > USER_END - addr {
            return refuse(Errno::EINVAL, Reason::PastUserEnd { address: addr, length });
        }
        let Some(range) = PageRange::new(addr, addr + page_ceil_wrapping(length)) else {
            return refuse(Errno::EINVAL, Reason::LengthZero { argument: "length" });
        };
        as_errno(Errno::ENOMEM, self.space.room_to_unmap(range))?;
        let mut changes = Changes::default();
        self.space.unmap(range, &mut self.frames, &mut changes);
        self.settle(changes, events);
        Ok(0.into())
    }
}
