//! Linux's `mmap`, `munmap` and `mprotect` over a paged memory model, and liballoc as a program
//! inside that memory. Every rule of the playground is here; a view only shows it.
//!
//! # A trace, and the state behind it
//!
//! A [`Session`](session::Session) runs text in the language of `strace`, and keeps every step:
//!
//! ```
//! use mmap_playground_core::machine::Machine;
//! use mmap_playground_core::session::Session;
//! use mmap_playground_core::state::State;
//!
//! let mut session = Session::new(Machine::default());
//! let report = session.run(
//!     "p = mmap(NULL, 2*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
//!      mprotect(p, PAGE_SIZE, PROT_READ)\n\
//!      store(p, 1)",
//! );
//! assert!(report.diagnostics.is_empty());
//!
//! let step = session.last_step().unwrap();
//! assert!(step.signal.as_ref().unwrap().contains("SEGV_ACCERR"));
//! assert!(step.why.as_ref().unwrap().contains("it may not be written"));
//!
//! // One VMA became two. Before the second call there was one, and that is still known.
//! let vmas = |session: &Session| State::of(session.process()).vmas.len();
//! assert_eq!(vmas(&session), 2);
//! session.go_to(1);
//! assert_eq!(vmas(&session), 1);
//! ```
//!
//! # One process, by calls
//!
//! Below the text is a [`Process`](process::Process), a value: [`run`](process::Process::run)
//! takes the raw numbers that a program passes, and says what comes back, why, and what happened.
//!
//! ```
//! use mmap_playground_core::abi::Errno;
//! use mmap_playground_core::call::{Call, Returned};
//! use mmap_playground_core::machine::Machine;
//! use mmap_playground_core::process::Process;
//!
//! let mut process = Process::new(Machine::default());
//! let outcome = process.run(&Call::Munmap { addr: 1, length: 4096 });
//! assert_eq!(outcome.returned, Returned::Error(Errno::EINVAL));
//! assert!(outcome.reason.unwrap().sentence().contains("page"));
//! ```
//!
//! # An allocator on top
//!
//! ```
//! use mmap_playground_core::machine::Machine;
//! use mmap_playground_core::session::Session;
//! use mmap_playground_core::state::State;
//!
//! let mut session = Session::new(Machine::default());
//! session.run("a = malloc(100)\nb = malloc(50)\nfree(a)");
//! let heap = State::of(session.process()).heap.unwrap();
//! // 16 pages from the kernel; of the block 50 bytes, and 32 that align them.
//! assert_eq!((heap.allocated, heap.in_use), (65536, 82));
//! assert_eq!(heap.majors[0].minors[0].req_size, 50);
//! ```
//!
//! # A picture
//!
//! [`picture::svg`] draws the address space, [`picture::svg_of`] also the heap, the frames and the
//! walk of an address through the page tables:
//!
//! ```
//! use mmap_playground_core::machine::Machine;
//! use mmap_playground_core::picture::{Panel, svg_of};
//! use mmap_playground_core::session::Session;
//!
//! let mut session = Session::new(Machine::default());
//! session.run("a = malloc(100)");
//! let picture = svg_of(session.process(), "after malloc(100)", &[Panel::Map, Panel::Heap], None);
//! assert!(picture.starts_with("<svg") && picture.contains("after malloc(100)"));
//! ```
//!
//! # Where to go on
//!
//! [`replay`] holds a log against the model, [`maps`] reads and prints `/proc/PID/maps`,
//! [`compare`] tells two moments apart, [`saved`] puts a session into a link, [`lesson`] makes
//! lessons and exercises of traces. Modules stand lowest first: each names only those before it.
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
pub mod limits;

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
