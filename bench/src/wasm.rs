//! What a host of WebAssembly calls: it has the clock, so it also measures.

use crate::calls;
use crate::heap;
use crate::model::Model;
use std::cell::RefCell;

thread_local! {
    static MODEL: RefCell<Option<(Model, Vec<calls::Op>)>> = const { RefCell::new(None) };
    static HEAP: RefCell<Vec<heap::HeapOp>> = const { RefCell::new(Vec::new()) };
}

/// Makes the slots and a list of calls over them.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_calls(slots: u32, calls: u32) {
    let slots = u64::from(slots);
    let list = calls::list(slots, calls as usize, 1);
    MODEL.set(Some((Model::with(&calls::slots(slots)), list)));
}

/// Runs the list once.
#[unsafe(no_mangle)]
pub extern "C" fn run_calls() {
    MODEL.with_borrow_mut(|model| {
        if let Some((model, list)) = model {
            model.run(list);
        }
    });
}

/// Makes a list of calls of the allocator.
#[unsafe(no_mangle)]
pub extern "C" fn prepare_heap(calls: u32, live: u32) {
    HEAP.set(heap::list(calls as usize, live as usize, 1));
}

/// Runs that list in a fresh process.
#[unsafe(no_mangle)]
pub extern "C" fn run_heap() {
    HEAP.with_borrow(|list| std::hint::black_box(heap::in_the_model(list)));
}
