//! The allocators under any calls and any damage to what lies around their blocks: no panic, no
//! endless walk.

use crate::model::address::Address;
use crate::model::call::{Call, Returned, SignalInfo};
use crate::model::event::HeapEvent;
use crate::model::heap::{Allocator, Heap, HeapSetting};
use crate::model::liballoc::Host;
use arbitrary::Unstructured;
use test_host::ByteHost;

/// The byte array that stands in for the process in the tests of the model too.
#[allow(dead_code)]
#[path = "../../core/src/liballoc/test_host.rs"]
mod test_host;
use crate::model;

/// Accesses that one call may make before it counts as hanging.
const MOST_ACCESSES: u64 = 1 << 21;
/// Acts of one input at most.
const MOST: usize = 200;

/// Pages that the allocator gets in all: a `calloc` that went wrong clears all it has.
const MOST_PAGES: u64 = 4096;

/// A host whose memory ends: what it gave does not come back.
struct Bounded {
    bytes: ByteHost,
    pages_left: u64,
}

impl Host for Bounded {
    fn load(&mut self, address: Address, bytes: &mut [u8]) -> Result<(), SignalInfo> {
        self.bytes.load(address, bytes)
    }

    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<(), SignalInfo> {
        self.bytes.store(address, bytes)
    }

    fn map_pages(&mut self, page_count: i32) -> Result<Option<Address>, SignalInfo> {
        // The hook takes it as an `unsigned int` of bytes.
        let pages = u64::from(page_count as u32) & 0xf_ffff;
        let Some(left) = self.pages_left.checked_sub(pages) else { return Ok(None) };
        self.pages_left = left;
        self.bytes.map_pages(page_count)
    }

    fn unmap_pages(&mut self, address: Address, page_count: i32) -> i32 {
        self.bytes.unmap_pages(address, page_count)
    }

    fn event(&mut self, event: HeapEvent) {
        self.bytes.event(event);
    }
}

/// Plays calls and damage.
pub(crate) fn run(bytes: &[u8]) {
    let mut numbers = Unstructured::new(bytes);
    let _ = play(&mut numbers);
}

fn play(from: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let setting =
        HeapSetting { allocator: *from.choose(&Allocator::ALL)?, bits: *from.choose(&[64, 32])? };
    let top = if setting.bits == 32 { 0xf7ff_e000 } else { test_host::TOP };
    let (mut heap, mut host) =
        (Heap::new(setting), Bounded { bytes: ByteHost::below(top), pages_left: MOST_PAGES });
    let mut payloads: Vec<Address> = vec![top - 0x1000];
    for _ in 0..MOST {
        if from.is_empty() {
            break;
        }
        let payload = *from.choose(&payloads)?;
        if from.ratio(1, 3)? {
            let at = payload.wrapping_sub(from.int_in_range(0..=120)?);
            let value = value(from, payload)?.to_le_bytes();
            let width = 1 << from.int_in_range(0..=3)?;
            let _ = host.store(at, &value[..width]);
            continue;
        }
        let call = call(from, payload)?;
        host.bytes.accesses = 0;
        if let Ok(Some(Returned::Value(made @ 1..))) = heap.run(&mut host, &call) {
            payloads.push(made);
        }
        assert!(
            host.bytes.accesses < MOST_ACCESSES,
            "{call:?} made {} accesses",
            host.bytes.accesses
        );
        host.bytes.events.clear();
        host.bytes.hooks.clear();
    }
    heap.books();
    heap.inspect(&|address, bytes| host.bytes.peek(address, bytes));
    Ok(())
}

/// What is written over a header.
fn value(from: &mut Unstructured<'_>, payload: Address) -> arbitrary::Result<u64> {
    Ok(match from.int_in_range(0..=4_u8)? {
        0 => from.arbitrary()?,
        1 => payload.wrapping_sub(from.int_in_range(0..=200)?),
        2 => *from.choose(&[0xc001_c0de, 0xdead_dead, 0, u64::MAX, i64::MAX as u64])?,
        3 => payload & !0xfff,
        _ => from.int_in_range(0..=300)?,
    })
}

fn call(from: &mut Unstructured<'_>, payload: Address) -> arbitrary::Result<Call> {
    let size = match from.int_in_range(0..=9_u8)? {
        0 => u64::MAX - from.int_in_range(0..=200)?,
        1 => 1 << from.int_in_range(0..=63)?,
        2 => from.int_in_range(0..=70_000)?,
        _ => from.int_in_range(0..=400)?,
    };
    // Megabytes that calloc clears, or realloc copies, would be real ones in the byte array.
    let size = if (1 << 20..1 << 33).contains(&size) { size >> 13 } else { size };
    let ptr = match from.int_in_range(0..=9_u8)? {
        0 => from.arbitrary()?,
        1 => payload.wrapping_add(from.int_in_range(0..=64)?),
        2 => 0,
        _ => payload,
    };
    Ok(match from.int_in_range(0..=5_u8)? {
        0 => Call::Malloc { size },
        1 => Call::Malloc { size: from.arbitrary()? },
        2 => Call::Calloc { nmemb: size, size: from.int_in_range(0..=2)? },
        3 => Call::Realloc { ptr, size },
        _ => Call::Free { ptr },
    })
}
