//! Random calls: the invariants hold after each, the VMA set equals a naive page-by-page map, and
//! going back equals running again.
#![cfg(not(target_arch = "wasm32"))]

use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange};
use mmap_playground_core::call::{Call, Returned, StoreValue, Width};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::process::Process;
use mmap_playground_core::session::Session;
use mmap_playground_core::state::{State, maps_lines};
use mmap_playground_core::trace::print_call;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

/// Where random calls play: few pages, so that they meet.
const ARENA: Address = 0x1000_0000;
const ARENA_PAGES: u64 = 24;

fn address() -> impl Strategy<Value = Address> {
    let page = (0..ARENA_PAGES).prop_map(|page| ARENA + page * PAGE_SIZE);
    prop_oneof![
        20 => page.clone(),
        2 => (page, 1..PAGE_SIZE).prop_map(|(page, offset)| page + offset),
        1 => select(vec![0, 1, 0x1000, 0x7fff_ffff_e000, 0x7fff_ffff_f000, 1 << 47, !0xfff, !0]),
    ]
}

fn length() -> impl Strategy<Value = u64> {
    prop_oneof![
        20 => (1..8u64).prop_map(|pages| pages * PAGE_SIZE),
        3 => 0..3 * PAGE_SIZE,
        1 => select(vec![0, !0, !0xfff, 1 << 47, 0x20_0000]),
    ]
}

fn prot() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 0..8u64, 1 => any::<u64>()]
}

fn advice() -> impl Strategy<Value = i32> {
    prop_oneof![9 => 0..26i32, 3 => select(vec![102, 103])]
}

fn map_flags() -> impl Strategy<Value = u64> {
    let base =
        select(vec![0x22, 0x21, 0x32, 0x31, 0x10_0022, 0x4022, 0x132, 0x8032, 0x2, 0x1, 0x12]);
    prop_oneof![30 => base, 1 => any::<u64>()]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        6 => (address(), length(), prot(), map_flags(), -1..6i32, 0..4u64).prop_map(
            |(addr, length, prot, flags, fd, page)| Call::Mmap {
                addr, length, prot, flags, fd, offset: page * PAGE_SIZE
            }
        ),
        3 => (address(), length()).prop_map(|(addr, length)| Call::Munmap { addr, length }),
        5 => (address(), length(), prot()).prop_map(|(addr, len, prot)| Call::Mprotect { addr, len, prot }),
        2 => (address(), length(), length(), 0..8u64, address()).prop_map(
            |(old_address, old_size, new_size, flags, new_address)| Call::Mremap {
                old_address, old_size, new_size, flags, new_address
            }
        ),
        2 => (address(), length(), advice()).prop_map(|(addr, length, advice)| Call::Madvise {
            addr, length, advice
        }),
        1 => (address(), length(), 0..8u64).prop_map(|(addr, length, flags)| Call::Msync {
            addr, length, flags
        }),
        1 => (0..40u64).prop_map(|pages| Call::Brk { addr: 0x5555_5555_9000 + pages * 0x800 }),
        1 => select(vec!["f", "g"]).prop_map(|path| Call::Open {
            path: path.into(), flags: 0o102, mode: 0o600
        }),
        1 => Just(Call::MemfdCreate { name: "m".into(), flags: 0 }),
        1 => (3..6i32).prop_map(|fd| Call::Close { fd }),
        1 => (3..6i32, 0..5 * PAGE_SIZE as i64).prop_map(|(fd, length)| Call::Ftruncate { fd, length }),
        1 => (3..6i32, 0..5 * PAGE_SIZE as i64).prop_map(|(fd, offset)| Call::Pwrite64 {
            fd, data: b"data".to_vec(), count: 9, offset
        }),
        4 => address().prop_map(|addr| Call::Load { addr, width: Width::Eight }),
        4 => (address(), any::<u64>()).prop_map(|(addr, number)| Call::Store {
            addr, value: StoreValue::Number(number, Width::Eight)
        }),
        1 => address().prop_map(|addr| Call::Fetch { addr }),
        1 => (address(), length()).prop_map(|(addr, length)| Call::Memset { addr, byte: 7, length: length.min(1 << 20) }),
        1 => (address(), address(), 0..9000u64).prop_map(|(dst, src, length)| Call::Memcpy { dst, src, length }),
        2 => (0..100_000u64).prop_map(|size| Call::Malloc { size }),
        1 => address().prop_map(|ptr| Call::Free { ptr }),
        1 => (address(), 0..5000u64).prop_map(|(ptr, size)| Call::Realloc { ptr, size }),
    ]
}

fn machine() -> Machine {
    Machine { frame_limit: 200, ..Machine::default() }
}

/// What is mapped, page by page: the simplest thing that can be right.
type Naive = BTreeMap<Address, (Prot, bool)>;

fn naive_of(process: &Process) -> Naive {
    let mut naive = Naive::new();
    for vma in process.kernel.space.vmas().iter() {
        for page in vma.range.pages().take(4096) {
            naive.insert(page.start(), (vma.prot, vma.sharing.is_shared()));
        }
    }
    naive
}

fn naive_range(naive: &mut Naive, start: Address, length: u64, value: Option<(Prot, bool)>) {
    let Some(range) = PageRange::spanning(start, length) else { return };
    for page in range.pages() {
        match value {
            Some(value) => naive.insert(page.start(), value),
            None => naive.remove(&page.start()),
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold_after_each_call(calls in prop::collection::vec(call(), 1..60)) {
        let mut process = Process::new(machine());
        for call in &calls {
            process.run(call);
            process.kernel.space.check(&process.kernel.frames);
            State::of(&process);
            maps_lines(&process);
        }
    }

    #[test]
    fn the_vma_set_equals_a_naive_map(calls in prop::collection::vec(call(), 1..60)) {
        let mut process = Process::new(machine());
        let mut naive = naive_of(&process);
        for call in &calls {
            let outcome = process.run(call);
            let rwx = |prot: u64| Prot::from_bits_retain(prot & 7);
            match (call, &outcome.returned) {
                (Call::Mmap { length, prot, flags, .. }, Returned::Value(at)) if *length <= 1 << 24 => {
                    naive_range(&mut naive, *at, *length, Some((rwx(*prot), flags & 1 != 0)));
                }
                (Call::Munmap { addr, length }, Returned::Value(0)) if *length <= 1 << 24 => {
                    naive_range(&mut naive, *addr, *length, None);
                }
                (Call::Mprotect { addr, len, prot }, Returned::Value(0))
                    if prot >> 24 == 0 && *len <= 1 << 24 =>
                {
                    let shared = |at| naive.get(&at).map(|(_, shared)| *shared);
                    let range = PageRange::spanning(*addr, *len);
                    let pages: Vec<_> = range.into_iter().flat_map(|range| range.pages()).collect();
                    let changed: Vec<_> =
                        pages.iter().map(|page| (page.start(), shared(page.start()))).collect();
                    for (at, shared) in changed {
                        let shared = shared.expect("mprotect succeeds only on what is mapped");
                        naive.insert(at, (rwx(*prot), shared));
                    }
                }
                // The others are not modelled twice: taken over as they are.
                _ => naive = naive_of(&process),
            }
            prop_assert_eq!(&naive, &naive_of(&process), "after {}", print_call(call));
        }
    }

    #[test]
    fn going_back_equals_running_again(
        calls in prop::collection::vec(call(), 1..150),
        share in 0.0..1.0f64,
    ) {
        let lines: Vec<String> = calls.iter().map(print_call).collect();
        let mut session = Session::new(Machine::default());
        session.run(&lines.join("\n"));
        let position = (session.len() as f64 * share) as usize;
        let end = session.process().clone();
        session.go_to(position);
        let mut again = Session::new(Machine::default());
        again.run(&session.script());
        prop_assert_eq!(again.process(), session.process());
        session.go_to(usize::MAX);
        prop_assert_eq!(&end, session.process());
    }

    #[test]
    fn a_refused_call_changes_nothing(calls in prop::collection::vec(call(), 1..40)) {
        let mut process = Process::new(machine());
        for call in &calls {
            let before = process.clone();
            let outcome = process.run(call);
            // Some keep what they did before they were refused, as Linux does.
            let keeps_part = match call {
                Call::Mprotect { .. } | Call::Mremap { .. } | Call::Madvise { .. } => true,
                Call::Mmap { flags, .. } => flags & 0x10 != 0,
                _ => false,
            };
            if matches!(outcome.returned, Returned::Error(_)) && !keeps_part {
                prop_assert_eq!(&before, &process, "{}", print_call(call));
            }
        }
    }
}
