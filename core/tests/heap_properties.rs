//! Random calls of the allocators, with and without damage to their headers.
//!
//! Without damage the invariants hold after every call; with damage nothing panics and nothing hangs.
//! `HEAP_OPS` says how many calls of each kind there are (short by default), `HEAP_SEED` which ones:
//!
//! ```sh
//! HEAP_OPS=1000000 HEAP_SEED=7 cargo test --release -p mmap-playground-core --test heap_properties
//! ```
#![cfg(not(target_arch = "wasm32"))]

use mmap_playground_core as model;
use mmap_playground_core::address::Address;
use mmap_playground_core::call::{Call, Returned};
use mmap_playground_core::heap::{Allocator, Heap, HeapSetting, HeapShape};
use mmap_playground_core::liballoc::{HeapLists, Host, Life, MajorBlock};
use std::collections::BTreeMap;
use test_host::ByteHost;

#[allow(dead_code)]
#[path = "../src/liballoc/test_host.rs"]
mod test_host;

/// Calls after which a run begins afresh.
const RUN: u64 = 400;

/// A number from the environment.
fn setting(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => otherwise,
    }
}

/// Both allocators, compiled both ways.
fn settings() -> impl Iterator<Item = HeapSetting> {
    Allocator::ALL
        .into_iter()
        .flat_map(|allocator| [64, 32].map(|bits| HeapSetting { allocator, bits }))
}

/// Numbers that look random (G. Marsaglia's xorshift64).
struct Random(u64);

impl Random {
    /// Those of one run.
    fn of(seed: u64, run: u64) -> Random {
        let mut random = Random((seed ^ run << 20).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit.max(1)
    }

    fn size(&mut self) -> u64 {
        let limit = [16, 300, 300, 5000, 70_000][self.below(5) as usize];
        self.below(limit)
    }
}

/// An allocator on a byte array, and what its user knows.
struct Rig {
    setting: HeapSetting,
    heap: Heap,
    host: ByteHost,
    /// Payloads in use: their bytes, and what they are filled with.
    live: BTreeMap<Address, (u64, u8)>,
}

impl Rig {
    fn new(setting: HeapSetting) -> Rig {
        let top = if setting.bits == 32 { 0xf7ff_e000 } else { test_host::TOP };
        let host = ByteHost::below(top);
        Rig { setting, heap: Heap::new(setting), host, live: BTreeMap::new() }
    }

    fn run(&mut self, call: &Call) -> Option<Returned> {
        self.host.accesses = 0;
        let result = self.heap.run(&mut self.host, call);
        assert!(self.host.accesses < 1 << 21, "{call:?} made {} accesses", self.host.accesses);
        self.host.events.clear();
        self.host.hooks.clear();
        result.ok().flatten()
    }

    fn address(&mut self, call: &Call) -> Address {
        match self.run(call) {
            Some(Returned::Value(address)) => address,
            other => panic!("{call:?} gave {other:?}"),
        }
    }

    fn lists(&self) -> HeapLists {
        self.heap.inspect(&|address, bytes| self.host.peek(address, bytes))
    }

    fn any_payload(&self, random: &mut Random) -> Option<Address> {
        let index = random.below(self.live.len() as u64) as usize;
        self.live.keys().nth(index).copied()
    }

    fn fill(&mut self, payload: Address, bytes: u64, with: u8) {
        for piece in pages(payload, bytes) {
            let filled = vec![with; (piece.1) as usize];
            self.host.store(piece.0, &filled).expect("a payload that can be written");
        }
        self.live.insert(payload, (bytes, with));
    }

    fn forget(&mut self, payload: Address, at: Address, kept: u64) {
        let (bytes, with) = self.live.remove(&payload).expect("a block in use");
        for (address, length) in pages(at, bytes.min(kept)) {
            let mut read = vec![0; length as usize];
            self.host.load(address, &mut read).expect("a payload that can be read");
            assert!(read.iter().all(|&byte| byte == with), "the contents of {payload:#x} changed");
        }
    }

    /// A call that a program without mistakes could make.
    fn sound_call(&mut self, random: &mut Random) {
        let with = random.next() as u8;
        let payload = if self.live.len() > 40 || random.below(5) < 2 {
            self.any_payload(random)
        } else {
            None
        };
        let size = random.size();
        match (payload, random.below(3)) {
            (Some(payload), 0) if size > 0 => {
                let moved = self.address(&Call::Realloc { ptr: payload, size });
                self.forget(payload, moved, size);
                self.fill(moved, size, with);
            }
            (Some(payload), _) => {
                self.forget(payload, payload, u64::MAX);
                assert_eq!(self.run(&Call::Free { ptr: payload }), Some(Returned::Void));
            }
            (None, 0) => {
                let payload = self.address(&Call::Calloc { nmemb: size, size: 1 });
                self.live.insert(payload, (size, 0));
                self.forget(payload, payload, size);
                self.fill(payload, size, with);
            }
            (None, _) => {
                let payload = self.address(&Call::Malloc { size });
                self.fill(payload, size, with);
            }
        }
    }

    /// A call of a program with mistakes, or damage to what lies around blocks.
    fn wild_call(&mut self, random: &mut Random) {
        let size = [random.size(), u64::MAX - random.below(100), 1 << random.below(64)]
            [random.below(12).saturating_sub(9) as usize];
        // Gigabytes that calloc clears, or realloc copies, would be real ones in the byte array.
        let size = if (1 << 24..1 << 33).contains(&size) { size >> 10 } else { size };
        let payload = self.any_payload(random).unwrap_or(random.next());
        let ptr = [payload, payload.wrapping_add(random.below(64)), random.next(), 0]
            [random.below(12).saturating_sub(8) as usize];
        match random.below(10) {
            0..=2 => {
                if let Some(Returned::Value(payload @ 1..)) = self.run(&Call::Malloc { size }) {
                    self.live.insert(payload, (0, 0));
                }
            }
            3 => drop(self.run(&Call::Calloc { nmemb: size, size: random.below(3) })),
            4 => drop(self.run(&Call::Realloc { ptr, size })),
            5 | 6 => drop(self.run(&Call::Free { ptr })),
            _ => {
                let value = match random.below(4) {
                    0 => random.next() >> random.below(64),
                    1 => payload.wrapping_sub(random.below(120)),
                    2 => 0xc001_c0de,
                    _ => random.below(200),
                };
                let width = 1 << random.below(4);
                let at = payload.wrapping_sub(random.below(100));
                let _ = self.host.store(at, &value.to_le_bytes()[..width]);
            }
        }
    }

    /// The invariants of a heap that nobody damaged.
    fn check(&self) {
        let (lists, books, shape) = (self.lists(), self.heap.books(), self.setting.shape());
        assert_eq!(lists.broken, None);
        assert_eq!(books.errors, 0);
        let mut payloads = Vec::new();
        let (mut allocated, mut in_use) = (0, 0);
        let mut before = 0;
        for major in &lists.majors {
            assert_eq!(major.broken, None);
            assert_eq!((major.prev, major.address % 4096), (before, 0));
            before = major.address;
            allocated += u64::from(major.size);
            let usage = check_blocks(major, &shape);
            assert_eq!(usage, u64::from(major.usage), "the usage of {:#x}", major.address);
            let live = major.minors.iter().filter(|minor| minor.life == Life::Live);
            for minor in live {
                in_use += u64::from(minor.size) - shape.footer_bytes;
                payloads.push((minor.payload, u64::from(minor.req_size)));
            }
        }
        assert_eq!((books.allocated, books.in_use), (allocated, in_use));
        let listed = |bet| lists.majors.iter().any(|major| major.address == bet);
        assert!(books.best_bet.is_none_or(listed), "the best bet is no major block");
        payloads.sort_unstable();
        let known: Vec<_> = self.live.iter().map(|(at, (bytes, _))| (*at, *bytes)).collect();
        assert_eq!(payloads, known);
    }
}

/// Blocks lie inside their major block, one behind the other; gives the usage that they add up to.
fn check_blocks(major: &MajorBlock, shape: &HeapShape) -> u64 {
    let mut usage = shape.major_bytes + shape.footer_bytes;
    let mut at = major.address + shape.major_bytes;
    let (mut before, mut was_free) = (0, false);
    for minor in major.minors.iter() {
        assert!(minor.address >= at, "{:#x} overlaps the block before it", minor.address);
        assert_eq!((minor.prev, minor.owner), (before, major.address));
        assert_eq!(minor.payload % 16, 0);
        at = minor.address + shape.minor_bytes + u64::from(minor.size);
        let room = at - shape.footer_bytes - minor.payload;
        let free = minor.life == Life::Free;
        assert!(free || u64::from(minor.req_size) <= room, "{:#x} is too small", minor.address);
        assert!(!(free && was_free), "two free neighbours at {:#x}", minor.address);
        if !free {
            assert_eq!(minor.life, Life::Live);
            usage += shape.minor_bytes + u64::from(minor.size);
        }
        (before, was_free) = (minor.address, free);
    }
    assert!(at + shape.footer_bytes <= major.address + u64::from(major.size));
    usage
}

/// A stretch of bytes, cut at page boundaries.
fn pages(start: Address, bytes: u64) -> impl Iterator<Item = (Address, u64)> {
    let end = start + bytes;
    let mut at = start;
    std::iter::from_fn(move || {
        let from = at;
        at = end.min((from | 4095) + 1);
        (from < end).then(|| (from, at - from))
    })
}

/// Plays runs of calls with each setting.
fn play(seed_offset: u64, each: impl Fn(&mut Rig, &mut Random)) {
    let (ops, seed) = (setting("HEAP_OPS", 20_000), setting("HEAP_SEED", 1));
    println!("HEAP_OPS={ops} HEAP_SEED={seed}");
    for setting in settings() {
        for run in 0..ops.div_ceil(4).div_ceil(RUN) {
            let mut random = Random::of(seed + seed_offset, run);
            let mut rig = Rig::new(setting);
            for _ in 0..RUN {
                each(&mut rig, &mut random);
            }
        }
    }
}

#[test]
fn without_damage_the_invariants_hold() {
    play(0, |rig, random| {
        rig.sound_call(random);
        rig.check();
    });
}

#[test]
fn no_damage_makes_an_allocator_panic_or_hang() {
    play(1 << 32, |rig, random| {
        rig.wild_call(random);
        if random.below(16) == 0 {
            rig.lists();
        }
    });
}

#[test]
fn a_whole_heap_can_be_given_back() {
    for setting in settings() {
        let mut random = Random::of(7, 7);
        let mut rig = Rig::new(setting);
        for _ in 0..RUN {
            rig.sound_call(&mut random);
        }
        while let Some(payload) = rig.any_payload(&mut random) {
            rig.forget(payload, payload, u64::MAX);
            rig.run(&Call::Free { ptr: payload });
        }
        rig.check();
        let books = rig.heap.books();
        assert_eq!((books.allocated, books.in_use), (0, 0), "{setting}");
    }
}
