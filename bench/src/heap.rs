//! Calls of an allocator, for liballoc in simulated memory and for the same code on a byte array.

use mmap_playground_core::address::Address;
use mmap_playground_core::call::{Call, Returned, SignalInfo};
use mmap_playground_core::event::HeapEvent;
use mmap_playground_core::liballoc::{Host, Liballoc};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::process::Process;

const PAGE: usize = 4096;

/// A call; blocks are numbered in the order in which they were asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeapOp {
    /// `malloc(size)`
    Malloc {
        /// Bytes.
        size: u64,
    },
    /// `free` of the block with this number.
    Free {
        /// The block.
        block: usize,
    },
}

/// So many calls, of blocks that a program might want, at most `live` at a time.
pub fn list(calls: usize, live: usize, seed: u64) -> Vec<HeapOp> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut list = Vec::with_capacity(calls);
    let mut blocks: Vec<usize> = Vec::new();
    let mut made = 0;
    while list.len() < calls {
        if blocks.len() >= live || (!blocks.is_empty() && random.u8(0..5) < 2) {
            let block = blocks.swap_remove(random.usize(0..blocks.len()));
            list.push(HeapOp::Free { block });
        } else {
            let size = 8 << random.u32(0..8);
            list.push(HeapOp::Malloc { size: random.u64(size / 2..=size) });
            blocks.push(made);
            made += 1;
        }
    }
    list
}

/// Runs the calls in a fresh process of the model.
pub fn in_the_model(list: &[HeapOp]) -> Vec<u64> {
    let mut process = Process::new(Machine::default());
    let mut blocks = Vec::new();
    for op in list {
        match *op {
            HeapOp::Malloc { size } => {
                let outcome = process.run(&Call::Malloc { size });
                let Returned::Value(block) = outcome.returned else { panic!("{outcome:?}") };
                blocks.push(block);
            }
            HeapOp::Free { block } => {
                process.run(&Call::Free { ptr: blocks[block] });
            }
        }
    }
    blocks
}

/// Runs the calls on a byte array.
pub fn on_a_byte_array(list: &[HeapOp]) -> Vec<u64> {
    let mut host = Bytes::default();
    let mut liballoc = Liballoc::default();
    let mut blocks = Vec::new();
    for op in list {
        match *op {
            HeapOp::Malloc { size } => {
                blocks.push(liballoc.malloc(&mut host, size).expect("no access goes astray"));
            }
            HeapOp::Free { block } => {
                liballoc.free(&mut host, blocks[block]).expect("no access goes astray");
            }
        }
    }
    blocks
}

/// The plainest host there is: an array that grows, and runs of pages given back.
#[derive(Default)]
struct Bytes {
    bytes: Vec<u8>,
    free: Vec<(usize, usize)>,
}

/// Where the array begins, so that no block is at 0.
const BASE: u64 = 0x1_0000;

impl Bytes {
    fn at(&mut self, address: Address, length: usize) -> Result<&mut [u8], SignalInfo> {
        let start = usize::try_from(address.wrapping_sub(BASE)).unwrap_or(usize::MAX);
        self.bytes.get_mut(start..start.saturating_add(length)).ok_or(SignalInfo {
            signal: mmap_playground_core::abi::Signal::SIGSEGV,
            code: mmap_playground_core::abi::SignalCode::SEGV_MAPERR,
            address,
        })
    }
}

impl Host for Bytes {
    fn load(&mut self, address: Address, bytes: &mut [u8]) -> Result<(), SignalInfo> {
        bytes.copy_from_slice(self.at(address, bytes.len())?);
        Ok(())
    }

    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<(), SignalInfo> {
        self.at(address, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    fn map_pages(&mut self, page_count: i32) -> Result<Option<Address>, SignalInfo> {
        let length = page_count as usize * PAGE;
        let start = match self.free.iter().position(|free| free.1 == length) {
            Some(index) => self.free.swap_remove(index).0,
            None => {
                self.bytes.resize(self.bytes.len() + length, 0);
                self.bytes.len() - length
            }
        };
        Ok(Some(BASE + start as u64))
    }

    fn unmap_pages(&mut self, address: Address, page_count: i32) -> i32 {
        self.free.push(((address - BASE) as usize, page_count as usize * PAGE));
        0
    }

    fn event(&mut self, _event: HeapEvent) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_run_the_same_calls() {
        let list = list(3000, 200, 1);
        assert_eq!(in_the_model(&list).len(), on_a_byte_array(&list).len());
    }
}
