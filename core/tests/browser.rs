//! The same recorded files as in `recorded.rs`, in a headless browser: the same calls give the
//! same bytes there.
#![cfg(target_arch = "wasm32")]

#[path = "support/checks.rs"]
mod checks;
#[path = "support/original.rs"]
mod original;
mod support;

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn linux() {
    checks::linux();
}

#[wasm_bindgen_test]
fn strace() {
    checks::strace();
}

#[wasm_bindgen_test]
fn strace_without_maps() {
    checks::strace_without_maps();
}

#[wasm_bindgen_test]
fn traces() {
    checks::traces();
}

#[wasm_bindgen_test]
fn liballoc() {
    original::traces();
}

#[wasm_bindgen_test]
fn liballoc_logs() {
    original::logs();
}
