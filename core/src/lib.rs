//! Linux's `mmap`, `munmap` and `mprotect` over a paged memory model, and liballoc as a program
//! inside that memory. Every rule of the playground is here; a view only shows it.
//!
//! Modules stand lowest first: each names only those before it. `ARCHITECTURE.md` has the map.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

// Vocabulary.
pub mod address;
pub mod abi;
pub mod meaning;
pub mod reason;
pub mod event;
pub mod call;
pub mod search;

// Memory.
pub mod frame;
pub mod runs;
pub mod page_cache;
pub mod read_ahead;
pub mod file;
pub mod page_table;
pub mod vma;
pub mod vma_set;
pub mod machine;
pub mod placement;
pub mod address_space;

// Kernel and program.
pub mod kernel;
pub mod fault;
pub mod access;
pub mod syscall;
pub mod liballoc;
pub mod boundary_tags;
pub mod heap;
pub mod process;

// Text and time.
pub mod manual;
pub mod surprise;
pub mod trace;
pub mod maps;
pub mod state;
pub mod picture;
pub mod start;
pub mod replay;
pub mod report;
pub mod session;
pub mod lesson;
pub mod compare;
pub mod saved;
