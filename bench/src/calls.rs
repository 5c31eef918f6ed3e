//! Lists of `mmap`, `munmap` and `mprotect` calls over a number of VMAs.
//!
//! ```text
//! BASE  ┌ slot 0 ┐        ┌ slot 1 ┐        ┌ slot 2 ┐
//!       │ 4 pages│ 4 free │ 4 pages│ 4 free │ 4 pages│ …
//! ```
//!
//! Each list leaves the address space as it found it, so that it can run again and again.

use fastrand::Rng;

/// Bytes of a page.
pub const PAGE: u64 = 4096;

/// Where the first slot begins: far from everything a process has of its own.
pub const BASE: u64 = 0x1000_0000_0000;

const SLOT: u64 = 4 * PAGE;
const STRIDE: u64 = 8 * PAGE;

/// A call, in the least that all contenders understand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// `mmap(addr, length, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0)`
    Map {
        /// Where.
        addr: u64,
        /// How many bytes.
        length: u64,
    },
    /// `munmap(addr, length)`
    Unmap {
        /// Where.
        addr: u64,
        /// How many bytes.
        length: u64,
    },
    /// `mprotect(addr, length, PROT_READ)`, with `PROT_WRITE` if `writable`
    Protect {
        /// Where.
        addr: u64,
        /// How many bytes.
        length: u64,
        /// Whether stores are allowed.
        writable: bool,
    },
}

/// The calls that make the slots.
pub fn slots(count: u64) -> Vec<Op> {
    (0..count).map(|slot| Op::Map { addr: BASE + slot * STRIDE, length: SLOT }).collect()
}

/// About so many random calls over so many slots; afterwards all is as before.
///
/// A third of them split a VMA in three and join it again, a third take a slot away and map it
/// again, a third take a page out of a slot and fill the hole.
pub fn list(count: u64, calls: usize, seed: u64) -> Vec<Op> {
    let mut random = Rng::with_seed(seed);
    let mut list = Vec::with_capacity(calls);
    while list.len() < calls {
        let slot = BASE + random.u64(0..count) * STRIDE;
        let inner = slot + PAGE;
        match random.u8(0..3) {
            0 => {
                list.push(Op::Protect { addr: inner, length: 2 * PAGE, writable: false });
                list.push(Op::Protect { addr: inner, length: 2 * PAGE, writable: true });
            }
            1 => {
                list.push(Op::Unmap { addr: slot, length: SLOT });
                list.push(Op::Map { addr: slot, length: SLOT });
            }
            _ => {
                list.push(Op::Unmap { addr: inner, length: PAGE });
                list.push(Op::Map { addr: inner, length: PAGE });
            }
        }
    }
    list
}

/// The length that a mapping without a hint asks for: it fits in no hole between two slots, and
/// all of them have to be passed over.
pub const PLACED: u64 = 8 * PAGE;

/// The calls that fill the address space below an address with slots, leaving small holes.
pub fn slots_below(top: u64, count: u64) -> Vec<Op> {
    (1..=count).map(|slot| Op::Map { addr: top - slot * STRIDE, length: SLOT }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    #[test]
    fn a_list_leaves_all_as_it_was() {
        let mut model = Model::with(&slots(50));
        let before = model.maps();
        model.run(&list(50, 500, 1));
        assert_eq!(model.maps(), before);
    }
}
