//! Logs as strace writes them, as long as one likes; and reading them.

use fastrand::Rng;
use mmap_playground_core::session::{Import, Session};
use std::fmt::Write;

/// Mappings that the program of the log has at most: what it maps beyond, it unmaps first.
const MOST_MAPPINGS: usize = 20_000;

/// A log of so many lines: half of them are calls that change the address space, with the results
/// that Linux gives, the other half are what programs do besides.
pub fn strace(lines: usize, seed: u64) -> String {
    let mut random = Rng::with_seed(seed);
    let mut text = String::with_capacity(lines * 90);
    let mut live: Vec<(u64, u64)> = Vec::new();
    // Placed by hand below everything else, as a program with its own arenas does.
    let mut next = 0x2000_0000_0000_u64;
    for _ in 0..lines {
        let kind = random.u8(0..8);
        let done = match kind {
            0 | 1 if live.len() < MOST_MAPPINGS => {
                let length = random.u64(1..64) * 4096;
                let address = next;
                next += length + 4096;
                live.push((address, length));
                writeln!(
                    text,
                    "mmap({address:#x}, {length}, PROT_READ|PROT_WRITE, \
                     MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = {address:#x}"
                )
            }
            0..=2 if live.len() > 100 => {
                let (address, length) = live.swap_remove(random.usize(0..live.len()));
                writeln!(text, "munmap({address:#x}, {length}) = 0")
            }
            0..=3 if !live.is_empty() => {
                let (address, length) = live[random.usize(0..live.len())];
                let prot = if random.bool() { "PROT_READ" } else { "PROT_READ|PROT_WRITE" };
                writeln!(text, "mprotect({address:#x}, {length}, {prot}) = 0")
            }
            4 | 5 => {
                writeln!(text, "read(3, \"\\177ELF\\2\\1\\1\\3\\0\\0\\0\"..., 832) = 832")
            }
            6 => writeln!(text, "futex(0x7ffff7e1a6c8, FUTEX_WAKE_PRIVATE, 2147483647) = 0"),
            _ => writeln!(text, "clock_gettime(CLOCK_MONOTONIC, {{tv_sec=812, tv_nsec=7}}) = 0"),
        };
        done.expect("a String takes everything");
    }
    text
}

/// Reads and runs a whole log, in the slices that the page takes.
pub fn import(text: String) -> Session {
    let mut import = Import::new(text);
    while !import.is_done() {
        import.advance(2000);
    }
    import.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_agrees_with_a_log() {
        let session = import(strace(3000, 1));
        assert!(session.len() > 1000);
        assert_eq!(session.counts().divergences, 0);
    }
}
