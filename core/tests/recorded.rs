//! Recorded files, natively and (built for wasm) in Node.

#[path = "support/checks.rs"]
mod checks;
mod support;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn linux() {
    checks::linux();
}

#[test]
fn strace() {
    checks::strace();
}

#[test]
fn strace_without_maps() {
    checks::strace_without_maps();
}

#[test]
fn traces() {
    checks::traces();
}
