//! The model, fed with the calls of a list.

use crate::calls::{Op, PLACED};
use mmap_playground_core::abi::{MapFlags, Prot};
use mmap_playground_core::call::{Call, Outcome, Returned};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::maps::print_maps;
use mmap_playground_core::process::Process;
use mmap_playground_core::state::maps_lines;

/// A process of the model, with room for one VMA more than the kernel's limit has.
pub struct Model {
    process: Process,
}

impl Model {
    /// A process that made these calls.
    pub fn with(ops: &[Op]) -> Model {
        // The kernel's own process needs some of the 65,530 for itself; so that the model takes
        // the same lists, its stack is all it has of its own.
        let mut model = Model { process: Process::new(Machine::default()) };
        model.run(ops);
        model
    }

    /// Makes the calls.
    ///
    /// # Panics
    ///
    /// If one fails: then the list is wrong, and what it measures too.
    pub fn run(&mut self, ops: &[Op]) {
        for op in ops {
            let outcome = self.process.run(&call(*op));
            assert!(succeeded(&outcome), "{op:?}: {outcome:?}");
        }
    }

    /// Maps and unmaps, without a hint, so many times.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub fn place(&mut self, times: usize) {
        for _ in 0..times {
            let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS.bits();
            let prot = (Prot::READ | Prot::WRITE).bits();
            let mmap = Call::Mmap { addr: 0, length: PLACED, prot, flags, fd: -1, offset: 0 };
            let Returned::Value(addr) = self.process.run(&mmap).returned else {
                panic!("there is no place");
            };
            self.process.run(&Call::Munmap { addr, length: PLACED });
        }
    }

    /// Maps so many bytes that nobody will touch.
    pub fn reserve(&mut self, length: u64) {
        let flags = MapFlags::PRIVATE | (MapFlags::ANONYMOUS | MapFlags::NORESERVE).bits();
        let prot = (Prot::READ | Prot::WRITE).bits();
        let outcome =
            self.process.run(&Call::Mmap { addr: 0, length, prot, flags, fd: -1, offset: 0 });
        assert!(succeeded(&outcome), "{outcome:?}");
    }

    /// Makes calls of any kind, without looking at their outcome.
    pub fn run_calls(&mut self, calls: &[Call]) {
        for call in calls {
            std::hint::black_box(self.process.run(call));
        }
    }

    /// The address below which mappings without a hint are placed.
    pub fn mmap_base(&self) -> u64 {
        self.process.kernel.machine.mmap_base
    }

    /// The maps text.
    pub fn maps(&self) -> String {
        print_maps(&maps_lines(&self.process))
    }
}

/// The call that an operation stands for.
pub fn call(op: Op) -> Call {
    let both = (Prot::READ | Prot::WRITE).bits();
    match op {
        Op::Map { addr, length } => {
            let flags = MapFlags::PRIVATE | (MapFlags::FIXED | MapFlags::ANONYMOUS).bits();
            Call::Mmap { addr, length, prot: both, flags, fd: -1, offset: 0 }
        }
        Op::Unmap { addr, length } => Call::Munmap { addr, length },
        Op::Protect { addr, length, writable } => {
            let prot = if writable { both } else { Prot::READ.bits() };
            Call::Mprotect { addr, len: length, prot }
        }
    }
}

fn succeeded(outcome: &Outcome) -> bool {
    matches!(outcome.returned, Returned::Value(_))
}
