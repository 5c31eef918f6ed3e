//! How often the hot calls of the model ask their own allocator for memory: a count that is the
//! same on every machine, unlike a time.
//!
//! `budget.json` holds what the model needed when it was last looked at. More than a few per cent
//! above fails; what it needs less, lower there.
#![cfg(not(target_arch = "wasm32"))]

use bench::calls;
use bench::heap;
use bench::model::Model;
use serde_json::Value;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Above the budget by so much is still within it.
const SLACK: f64 = 1.03;

/// Counts what a thread asks for.
struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: hands everything on to the system's allocator, and only counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends has no counter any more, and nothing that is counted.
        let _ = ASKED.try_with(|asked| asked.set(asked.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ASKED.get();
    work();
    ASKED.get() - before
}

/// Holds a count for 1,000 calls against the budget.
fn check(what: &str, count: u64, calls: usize) {
    let count = count as f64 * 1000.0 / calls as f64;
    let budget: Value = serde_json::from_str(include_str!("../budget.json")).unwrap();
    let most = budget["allocations for 1,000 calls"][what].as_f64().expect("a line of the budget");
    println!("{what}: {count:.0} allocations for 1,000 calls; the budget is {most}");
    assert!(
        count <= most * SLACK,
        "{what}: {count:.0} allocations for 1,000 calls; bench/budget.json allows {most} and 3 % more"
    );
}

#[test]
fn calls_that_change_vmas_are_within_the_budget() {
    let list = calls::list(1000, 4000, 1);
    let mut model = Model::with(&calls::slots(1000));
    model.run(&list);
    let count = allocations(|| model.run(&list));
    check("mmap, munmap and mprotect at 1,000 VMAs", count, list.len());
}

#[test]
fn placement_is_within_the_budget() {
    const PAIRS: usize = 1000;
    let mut model = Model::with(&[]);
    model.run(&calls::slots_below(model.mmap_base(), 1000));
    model.place(PAIRS);
    let count = allocations(|| model.place(PAIRS));
    check("mmap without a hint, and munmap, at 1,000 VMAs", count, 2 * PAIRS);
}

#[test]
fn the_allocator_is_within_the_budget() {
    let list = heap::list(5000, 500, 1);
    let count = allocations(|| drop(heap::in_the_model(&list)));
    check("malloc and free", count, list.len());
}
