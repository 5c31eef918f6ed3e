//! What happens at the limit of mappings (`vm.max_map_count`), here a small one: who is refused
//! when, and what stays done. The rules are those seen on Linux 6.18 at 65,530.

use mmap_playground_core::abi::Errno;
use mmap_playground_core::address::PAGE_SIZE;
use mmap_playground_core::call::{Call, Returned};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::process::Process;
use mmap_playground_core::reason::Reason;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const LIMIT: u64 = 20;
/// Where the mappings of [`filled`] begin, two pages each, with a page between.
const START: u64 = 0x1000_0000;
/// A mapping of four pages that is there besides.
const LARGE: u64 = 0x2000_0000;

fn at(index: u64) -> u64 {
    START + index * 3 * PAGE_SIZE
}

fn mmap(addr: u64, pages: u64) -> Call {
    // PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS
    Call::Mmap { addr, length: pages * PAGE_SIZE, prot: 3, flags: 0x22, fd: -1, offset: 0 }
}

fn mprotect(addr: u64, pages: u64) -> Call {
    Call::Mprotect { addr, len: pages * PAGE_SIZE, prot: 1 }
}

fn munmap(addr: u64, pages: u64) -> Call {
    Call::Munmap { addr, length: pages * PAGE_SIZE }
}

fn advise(addr: u64, pages: u64) -> Call {
    // MADV_DONTDUMP
    Call::Madvise { addr, length: pages * PAGE_SIZE, advice: 16 }
}

fn move_to(old_address: u64, new_address: u64) -> Call {
    let (old_size, new_size) = (PAGE_SIZE, PAGE_SIZE);
    Call::Mremap { old_address, old_size, new_size, flags: 3, new_address }
}

/// A process with that many mappings, the stack and a large one among them.
fn filled(count: u64) -> Process {
    let mut process = Process::new(Machine { max_map_count: LIMIT, ..Machine::default() });
    process.run(&mmap(LARGE, 4));
    let more = count - process.kernel.space.vmas().len();
    for index in 0..more {
        process.run(&mmap(at(index), 2));
    }
    assert_eq!(process.kernel.space.vmas().len(), count);
    process
}

/// Runs a call that is refused for the limit; gives the number of mappings afterwards.
fn refused(mut process: Process, call: Call, errno: Errno) -> u64 {
    let outcome = process.run(&call);
    assert_eq!(outcome.returned, Returned::Error(errno), "{call:?}");
    assert_eq!(outcome.reason, Some(Reason::TooManyMappings { limit: LIMIT }), "{call:?}");
    process.kernel.space.check(&process.kernel.frames);
    process.kernel.space.vmas().len()
}

/// Runs a call that succeeds; gives the number of mappings afterwards.
fn succeeds(mut process: Process, call: Call) -> u64 {
    let outcome = process.run(&call);
    assert!(matches!(outcome.returned, Returned::Value(_)), "{call:?}: {outcome:?}");
    process.kernel.space.check(&process.kernel.frames);
    process.kernel.space.vmas().len()
}

#[test]
fn mmap_may_make_one_more_than_the_limit() {
    let apart = mmap(0x3000_0000, 1);
    assert_eq!(succeeds(filled(LIMIT), apart.clone()), LIMIT + 1);
    assert_eq!(refused(filled(LIMIT + 1), apart, Errno::ENOMEM), LIMIT + 1);
    // It would merge, and is refused all the same.
    refused(filled(LIMIT + 1), mmap(LARGE + 4 * PAGE_SIZE, 1), Errno::ENOMEM);
}

#[test]
fn a_split_is_refused_at_the_limit() {
    assert_eq!(succeeds(filled(LIMIT - 1), mprotect(LARGE, 1)), LIMIT);
    assert_eq!(refused(filled(LIMIT), mprotect(LARGE, 1), Errno::ENOMEM), LIMIT);
    assert_eq!(succeeds(filled(LIMIT), mprotect(LARGE, 4)), LIMIT);
    assert_eq!(refused(filled(LIMIT), advise(LARGE, 1), Errno::EAGAIN), LIMIT);
}

#[test]
fn of_two_splits_the_first_stays() {
    assert_eq!(refused(filled(LIMIT - 1), mprotect(LARGE + PAGE_SIZE, 1), Errno::ENOMEM), LIMIT);
}

#[test]
fn munmap_is_refused_only_in_the_middle() {
    assert_eq!(refused(filled(LIMIT), munmap(LARGE + PAGE_SIZE, 1), Errno::ENOMEM), LIMIT);
    assert_eq!(succeeds(filled(LIMIT), munmap(LARGE, 1)), LIMIT);
    assert_eq!(succeeds(filled(LIMIT), munmap(LARGE + 3 * PAGE_SIZE, 1)), LIMIT);
    assert_eq!(succeeds(filled(LIMIT), munmap(LARGE, 4)), LIMIT - 1);
}

#[test]
fn map_fixed_in_the_middle_is_refused() {
    let fixed = |addr| match mmap(addr, 1) {
        // MAP_FIXED, and other rights
        Call::Mmap { addr, length, fd, offset, .. } => {
            Call::Mmap { addr, length, prot: 1, flags: 0x32, fd, offset }
        }
        other => other,
    };
    refused(filled(LIMIT), fixed(LARGE + PAGE_SIZE), Errno::ENOMEM);
    assert_eq!(succeeds(filled(LIMIT), fixed(LARGE)), LIMIT + 1);
}

#[test]
fn a_move_is_refused_three_before_the_limit() {
    succeeds(filled(LIMIT - 6), move_to(LARGE, 0x3000_0000));
    refused(filled(LIMIT - 5), move_to(LARGE, 0x3000_0000), Errno::ENOMEM);
    // Without MREMAP_FIXED it does not count what it may unmap at its new place.
    let moves = |new_address| Call::Mremap {
        old_address: LARGE,
        old_size: PAGE_SIZE,
        new_size: 2 * PAGE_SIZE,
        flags: 1,
        new_address,
    };
    succeeds(filled(LIMIT - 4), moves(0));
    refused(filled(LIMIT - 3), moves(0), Errno::ENOMEM);
}
