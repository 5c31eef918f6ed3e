//! Loads, stores, faults and filling of memory.

use crate::calls::PAGE;
use crate::model::Model;
use mmap_playground_core::abi::{MapFlags, Prot};
use mmap_playground_core::call::{Call, StoreValue, Width};

const BASE: u64 = 0x1000_0000_0000;

/// An access whose cost is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// A load of a page that is resident.
    LoadHit,
    /// A store to a page that is resident and writable.
    StoreHit,
    /// A store to a page that was never touched.
    FirstTouch,
    /// A store to a page that shows the shared zero page.
    CopyOnWrite,
}

impl Access {
    /// All of them.
    pub const ALL: [Access; 4] =
        [Access::LoadHit, Access::StoreHit, Access::FirstTouch, Access::CopyOnWrite];

    /// What it is called in a table.
    pub const fn name(self) -> &'static str {
        match self {
            Access::LoadHit => "load, page resident",
            Access::StoreHit => "store, page resident",
            Access::FirstTouch => "store, first touch",
            Access::CopyOnWrite => "store to the zero page (copy-on-write)",
        }
    }
}

/// A process with so many pages, in the state that the access wants; and the accesses, one a page.
pub fn prepared(access: Access, pages: u64) -> (Model, Vec<Call>) {
    let flags = MapFlags::PRIVATE | (MapFlags::FIXED | MapFlags::ANONYMOUS).bits();
    let prot = (Prot::READ | Prot::WRITE).bits();
    let mut model = Model::with(&[]);
    let length = pages * PAGE;
    model.run_calls(&[Call::Mmap { addr: BASE, length, prot, flags, fd: -1, offset: 0 }]);
    let each = |call: &dyn Fn(u64) -> Call| -> Vec<Call> {
        (0..pages).map(|page| call(BASE + page * PAGE)).collect()
    };
    let store = |addr| Call::Store { addr, value: StoreValue::Number(1, Width::Eight) };
    let load = |addr| Call::Load { addr, width: Width::Eight };
    match access {
        Access::LoadHit | Access::StoreHit => model.run_calls(&each(&store)),
        Access::FirstTouch => {}
        Access::CopyOnWrite => model.run_calls(&each(&load)),
    }
    let accesses = if access == Access::LoadHit { each(&load) } else { each(&store) };
    (model, accesses)
}

/// A process with so many resident bytes, and the call that fills them.
pub fn filling(length: u64) -> (Model, Call) {
    let (mut model, _) = prepared(Access::StoreHit, length.div_ceil(PAGE));
    let call = Call::Memset { addr: BASE, byte: 7, length };
    model.run_calls(std::slice::from_ref(&call));
    (model, call)
}
