//! The machine that a trace runs on: the limits that are settings of a system, not rules.
//!
//! The defaults are the trace language's machine: x86-64 Linux, no address randomisation, an
//! ordinary user.

use crate::address::{Address, PAGE_SIZE, PageRange};
use crate::limits;

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
    /// Memory advised with `MADV_HUGEPAGE` gets huge pages
    /// (`/sys/kernel/mm/transparent_hugepage/enabled` is "madvise").
    pub huge_pages: bool,
    /// The processor has protection keys (`pku` in `/proc/cpuinfo`): memory that may only be
    /// executed cannot be read.
    pub protection_keys: bool,
}

impl Machine {
    /// What a directive in a trace begins with. It is a comment to every other reader of traces.
    const DIRECTIVE: &str = "# machine:";

    /// The word for a processor with protection keys.
    const PROTECTION_KEYS: &str = "protection-keys";

    /// What a smaller or larger limit of mappings begins with, named as the system's setting is.
    const MAX_MAP_COUNT: &str = "max_map_count=";

    /// The words of the lines `# machine: …` before the first call of a trace.
    fn words_of_trace(text: &str) -> impl Iterator<Item = &str> {
        let lines = text.lines().map(str::trim);
        let remarks = lines.take_while(|line| line.is_empty() || line.starts_with('#'));
        remarks
            .filter_map(|line| line.strip_prefix(Machine::DIRECTIVE))
            .flat_map(str::split_whitespace)
    }

    /// Says whether a line of a trace asks for something of the machine.
    pub fn is_directive(line: &str) -> bool {
        Machine::keys_of_trace(line) || Machine::map_count_of_trace(line).is_some()
    }

    /// Says whether a trace asks for a processor with protection keys, in a line
    /// `# machine: protection-keys` before its first call.
    pub fn keys_of_trace(text: &str) -> bool {
        Machine::words_of_trace(text).any(|word| word == Machine::PROTECTION_KEYS)
    }

    /// The limit of mappings that a trace asks for, in a line `# machine: max_map_count=N` before
    /// its first call; N is 1 to 2147483647, as `vm.max_map_count` may be.
    pub fn map_count_of_trace(text: &str) -> Option<u64> {
        let limit = |word: &str| word.strip_prefix(Machine::MAX_MAP_COUNT)?.parse().ok();
        Machine::words_of_trace(text).filter_map(limit).find(|limit| Machine::may_limit(*limit))
    }

    /// Says whether a limit of mappings can be set.
    pub fn may_limit(max_map_count: u64) -> bool {
        (1..=i32::MAX as u64).contains(&max_map_count)
    }

    /// Takes over what a trace asks of its machine; what it does not speak of stays.
    pub fn adopt(&mut self, text: &str) {
        self.protection_keys |= Machine::keys_of_trace(text);
        self.max_map_count = Machine::map_count_of_trace(text).unwrap_or(self.max_map_count);
    }

    /// The line that makes a trace ask for this machine; empty for the one that needs no asking.
    pub fn directive(&self) -> String {
        let keys = self.protection_keys.then(|| Machine::PROTECTION_KEYS.to_owned());
        let is_other = self.max_map_count != Machine::default().max_map_count;
        let limit = is_other.then(|| format!("{}{}", Machine::MAX_MAP_COUNT, self.max_map_count));
        let words: Vec<String> = keys.into_iter().chain(limit).collect();
        if words.is_empty() {
            return String::new();
        }
        format!("{} {}\n", Machine::DIRECTIVE, words.join(" "))
    }
}

impl Default for Machine {
    fn default() -> Machine {
        Machine {
            mmap_base: 0x7fff_f7ff_f000,
            mmap_min_addr: 0x1_0000,
            fixed_min_addr: 0x1_0000,
            break_start: 0x5555_5555_9000,
            stack: PageRange::new(0x7fff_fffd_e000, 0x7fff_ffff_f000),
            frame_limit: limits::FRAMES,
            commit_limit_pages: (24 << 30) / PAGE_SIZE,
            max_map_count: limits::MAPPINGS,
            stack_limit: 8 << 20,
            memlock_limit: 8 << 20,
            huge_pages: true,
            protection_keys: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_may_ask_for_protection_keys_before_its_first_call() {
        let keys = Machine { protection_keys: true, ..Machine::default() };
        assert_eq!(keys.directive(), "# machine: protection-keys\n");
        assert_eq!(Machine::default().directive(), "");
        assert!(Machine::keys_of_trace("# a remark\n\n# machine: protection-keys\nbrk(0)"));
        assert!(!Machine::keys_of_trace("brk(0)\n# machine: protection-keys"));
        assert!(!Machine::keys_of_trace("# machine: of steam"));
    }

    #[test]
    fn a_trace_may_ask_for_another_limit_of_mappings() {
        let mut machine = Machine::default();
        machine.adopt("# machine: max_map_count=12 protection-keys\nbrk(0)");
        assert_eq!((machine.max_map_count, machine.protection_keys), (12, true));
        assert_eq!(machine.directive(), "# machine: protection-keys max_map_count=12\n");
        for none in ["max_map_count=0", "max_map_count=-1", "max_map_count=9999999999", "12"] {
            assert_eq!(Machine::map_count_of_trace(&format!("# machine: {none}")), None, "{none}");
        }
    }
}
