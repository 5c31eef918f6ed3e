//! The kernel that this runs on, by raw system calls.
//!
//! The mappings are made in the measuring process itself, far from its own, and taken away with
//! the value that made them.

use super::measure::Timer;
use bench::calls::{self, Op, PAGE, PLACED};
use bench::memory::Access;
use std::ptr;

/// The kernel, with the mappings of a list.
pub(crate) struct Kernel {
    made: (u64, u64),
}

/// Says whether there is a kernel to measure.
pub(crate) fn there() -> bool {
    true
}

impl Kernel {
    /// Makes the calls; nothing if the kernel refuses one.
    pub(crate) fn with(ops: &[Op]) -> Option<Kernel> {
        let first = ops.iter().map(|op| range(op).0).min()?;
        let end = ops.iter().map(|op| range(op).1).max()?;
        let mut kernel = Kernel { made: (first, end - first) };
        kernel.run(ops);
        Some(kernel)
    }

    /// Fills the highest gap of this process with slots, so that a mapping without a hint has to
    /// pass over all of them; nothing if the kernel does not place from the top.
    pub(crate) fn with_holes(count: u64) -> Option<Kernel> {
        // What the kernel would give next is the top of the highest gap that is large enough.
        let length = count * 8 * PAGE;
        let probe = map(0, length, 0);
        unmap(probe, length);
        Kernel::with(&calls::slots_below(probe + length, count))
    }

    /// Makes the calls.
    pub(crate) fn run(&mut self, ops: &[Op]) {
        for op in ops {
            match *op {
                Op::Map { addr, length } => {
                    map(addr, length, libc::MAP_FIXED);
                }
                Op::Unmap { addr, length } => unmap(addr, length),
                Op::Protect { addr, length, writable } => {
                    let prot = libc::PROT_READ | if writable { libc::PROT_WRITE } else { 0 };
                    // SAFETY: the range is one that `Op::Map` made, and nobody else's.
                    let done = unsafe { libc::mprotect(addr as *mut _, length as usize, prot) };
                    assert_eq!(done, 0, "mprotect({addr:#x}, {length})");
                }
            }
        }
    }

    /// Maps and unmaps, without a hint, so many times.
    pub(crate) fn place(&mut self, times: usize) {
        for _ in 0..times {
            let address = map(0, PLACED, 0);
            unmap(address, PLACED);
        }
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        unmap(self.made.0, self.made.1);
    }
}

/// Touches so many pages, as the access says, and counts the touching.
pub(crate) fn access(access: Access, pages: u64, timer: &mut Timer) {
    let length = pages * PAGE;
    let start = map(0, length, 0);
    // SAFETY: the pages were just mapped, readable and writable, and nobody else knows of them.
    let each = |write: bool| unsafe {
        for page in 0..pages {
            let place = (start + page * PAGE) as *mut u64;
            if write {
                ptr::write_volatile(place, 1);
            } else {
                std::hint::black_box(ptr::read_volatile(place));
            }
        }
    };
    match access {
        Access::LoadHit | Access::StoreHit => each(true),
        Access::FirstTouch => {}
        Access::CopyOnWrite => each(false),
    }
    timer.time(|| each(access != Access::LoadHit));
    unmap(start, length);
}

/// The first address that a call is about, and the first behind.
fn range(op: &Op) -> (u64, u64) {
    match *op {
        Op::Map { addr, length }
        | Op::Unmap { addr, length }
        | Op::Protect { addr, length, .. } => (addr, addr + length),
    }
}

fn map(addr: u64, length: u64, fixed: i32) -> u64 {
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | fixed;
    // SAFETY: fixed addresses are only those of the lists, where nothing of this process is.
    let start = unsafe { libc::mmap(addr as *mut _, length as usize, prot, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED, "mmap({addr:#x}, {length})");
    start as u64
}

fn unmap(addr: u64, length: u64) {
    // SAFETY: only ranges that `map` made, or holes between them, are taken away.
    let done = unsafe { libc::munmap(addr as *mut _, length as usize) };
    assert_eq!(done, 0, "munmap({addr:#x}, {length})");
}
