//! The conformance harness: random calls in the model and on the real kernel.
//!
//! `generator` makes calls that meet, `child` is a process on the real kernel that runs them,
//! `compare` holds the model against it after each and shrinks what differs, `guard` survives a
//! model that panics or hangs, `campaign` runs many of them, `bless` records a trace's outcome on
//! the real kernel, `known` lists what is known to differ, and `report` sums it all up. `tests/linux.rs` runs a short campaign, `examples/conformance.rs` (that is
//! `cargo xtask conformance`) any.

#![allow(dead_code, unreachable_pub)]

pub mod bless;
pub mod campaign;
pub mod child;
pub mod compare;
pub mod generator;
pub mod guard;
pub mod kernel;
pub mod known;
pub mod report;
