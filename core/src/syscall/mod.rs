//! The system calls, a file per manual page. Each begins like the ERRORS section of its page, in
//! the kernel's order; then follows one operation on memory or on a file.
//!
//! A refused call leaves the state as it was. Where Linux keeps part of the work, the comment
//! says so.

mod brk;
mod files;
mod madvise;
mod mmap;
mod mprotect;
mod mremap;
mod msync;
mod munmap;
mod open;

pub use files::Read;
pub(crate) use mmap::MmapArguments;
