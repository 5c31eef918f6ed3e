//! The crate `memory_set`, which kernels written in Rust keep their mappings in.

use bench::calls::{BASE, Op, PLACED};
use memory_addr::{AddrRange, VirtAddr};
use memory_set::{MappingBackend, MemoryArea, MemorySet};

/// A back end that has no page table: what is measured is the set.
#[derive(Clone)]
struct Nothing;

impl MappingBackend for Nothing {
    type Addr = VirtAddr;
    type Flags = bool;
    type PageTable = ();

    fn map(&self, _: VirtAddr, _: usize, _: bool, _: &mut ()) -> bool {
        true
    }

    fn unmap(&self, _: VirtAddr, _: usize, _: &mut ()) -> bool {
        true
    }

    fn protect(&self, _: VirtAddr, _: usize, _: bool, _: &mut ()) -> bool {
        true
    }
}

/// A set of mappings.
pub(crate) struct Peer {
    set: MemorySet<Nothing>,
}

impl Peer {
    /// A set after these calls.
    pub(crate) fn with(ops: &[Op]) -> Peer {
        let mut peer = Peer { set: MemorySet::new() };
        peer.run(ops);
        peer
    }

    /// Makes the calls.
    pub(crate) fn run(&mut self, ops: &[Op]) {
        for op in ops {
            let done = match *op {
                Op::Map { addr, length } => self.set.map(area(addr, length), &mut (), true),
                Op::Unmap { addr, length } => {
                    self.set.unmap(VirtAddr::from(addr as usize), length as usize, &mut ())
                }
                Op::Protect { addr, length, writable } => {
                    let start = VirtAddr::from(addr as usize);
                    let change = |now: bool| (now != writable).then_some(writable);
                    self.set.protect(start, length as usize, change, &mut ())
                }
            };
            done.expect("the list is right");
        }
    }

    /// Maps and unmaps, without a hint, so many times. It searches from below.
    pub(crate) fn place(&mut self, times: usize, slots: u64) {
        let bottom = VirtAddr::from(BASE as usize);
        let end = BASE + (slots + 10) * 8 * 4096;
        let limit = AddrRange::new(bottom, VirtAddr::from(end as usize));
        for _ in 0..times {
            let place = self.set.find_free_area(bottom, PLACED as usize, limit, 4096);
            let start = place.expect("there is a place").as_usize() as u64;
            self.set.map(area(start, PLACED), &mut (), false).expect("it is free");
            let start = VirtAddr::from(start as usize);
            self.set.unmap(start, PLACED as usize, &mut ()).expect("it is there");
        }
    }
}

fn area(addr: u64, length: u64) -> MemoryArea<Nothing> {
    MemoryArea::new(VirtAddr::from(addr as usize), length as usize, true, Nothing)
}
