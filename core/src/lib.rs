//! Linux's `mmap`, `munmap` and `mprotect` over a paged memory model, and liballoc as a program
//! inside that memory. Every rule of the playground is here; a view only shows it.
//!
//! Modules stand lowest first: each names only those before it. `ARCHITECTURE.md` has the map.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

// Vocabulary.
pub mod abi;
pub mod address;
pub mod call;
pub mod event;
pub mod reason;

// Memory.
pub mod address_space;
pub mod file;
pub mod frame;
pub mod machine;
pub mod page_table;
pub mod placement;
pub mod vma;
pub mod vma_set;

// Kernel and program.
pub mod access;
pub mod fault;
pub mod kernel;
pub mod liballoc;
pub mod process;
pub mod syscall;

// Text and time.
pub mod maps;
pub mod replay;
pub mod report;
pub mod session;
pub mod start;
pub mod state;
pub mod trace;
