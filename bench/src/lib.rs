//! Workloads for measuring, the same for every contender: the model natively and in wasm, the
//! kernel, other models.

pub mod calls;
pub mod heap;
pub mod log;
pub mod memory;
pub mod model;

#[cfg(target_arch = "wasm32")]
pub mod wasm;
