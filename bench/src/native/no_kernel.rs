//! There is no Linux kernel here: its columns stay empty.

use super::measure::Timer;
use bench::calls::Op;
use bench::memory::Access;

/// No kernel.
pub(crate) enum Kernel {}

/// Says whether there is a kernel to measure.
pub(crate) fn there() -> bool {
    false
}

impl Kernel {
    /// Nothing.
    pub(crate) fn with(_: &[Op]) -> Option<Kernel> {
        None
    }

    /// Nothing.
    pub(crate) fn with_holes(_: u64) -> Option<Kernel> {
        None
    }

    /// Never called.
    pub(crate) fn run(&mut self, _: &[Op]) {}

    /// Never called.
    pub(crate) fn place(&mut self, _: usize) {}
}

/// Never called.
pub(crate) fn access(_: Access, _: u64, _: &mut Timer) {}
