//! The machine that a trace runs on: the limits that are settings of a system, not rules.
//!
//! The defaults are the trace language's machine: x86-64 Linux, no address randomisation, an
//! ordinary user.

use crate::address::{Address, PAGE_SIZE, PageRange};

/// Limits of a machine and of a process on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// Where placement starts to look downwards (`mm->mmap_base`).
    pub mmap_base: Address,
    /// Below this nothing is placed: hints are raised to it. The larger of `vm.mmap_min_addr` and
    /// what the kernel was built with (`CONFIG_LSM_MMAP_MIN_ADDR`, 65536).
    pub mmap_min_addr: Address,
    /// Below this an ordinary user may map nothing, at a fixed address neither
    /// (`vm.mmap_min_addr`).
    pub fixed_min_addr: Address,
    /// Where the heap of `brk` begins (`mm->start_brk`).
    pub break_start: Address,
    /// The initial stack; nothing where the initial state is a maps text, which has its own.
    pub stack: Option<PageRange>,
    /// How many frames of memory are simulated. An access that needs one more is killed.
    pub frame_limit: u32,
    /// RAM and swap, in pages, that one call may ask for (`vm.overcommit_memory` 0).
    pub commit_limit_pages: u64,
    /// How many mappings a process may have (`vm.max_map_count`).
    pub max_map_count: u64,
    /// How far a mapping that grows down may grow, in bytes (`RLIMIT_STACK`).
    pub stack_limit: u64,
    /// How many bytes may be locked (`RLIMIT_MEMLOCK`).
    pub memlock_limit: u64,
}

impl Default for Machine {
    fn default() -> Machine {
        Machine {
            mmap_base: 0x7fff_f7ff_f000,
            mmap_min_addr: 0x1_0000,
            fixed_min_addr: 0x1_0000,
            break_start: 0x5555_5555_9000,
            stack: PageRange::new(0x7fff_fffd_e000, 0x7fff_ffff_f000),
            frame_limit: 65536,
            commit_limit_pages: (24 << 30) / PAGE_SIZE,
            max_map_count: 65530,
            stack_limit: 8 << 20,
            memlock_limit: 8 << 20,
        }
    }
}
