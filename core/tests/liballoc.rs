//! What the original liballoc 1.1 did, natively and (built for wasm) in Node.

#[path = "support/original.rs"]
mod original;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn the_recorded_outcomes_come_out_again() {
    original::traces();
}

#[test]
fn logs_end_as_their_replay_did() {
    original::logs();
}
