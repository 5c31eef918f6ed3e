//! The allocator's lists as plain data, read from simulated memory without touching it.
//!
//! Lists are followed by their `next` pointers, as the allocator follows them. Where a pointer
//! leads to memory that cannot be read, or back to a block seen before, the list is *broken*: it
//! ends there, with the reason beside it, and what comes before is exact.

use super::Liballoc;
use super::layout::{Field, Layout, MAGIC_DEAD, MAGIC_LIVE};
use super::malloc::payload_behind;
use crate::address::{Address, PAGE_SIZE};
use std::collections::BTreeSet;

/// All major blocks, in list order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HeapLists {
    /// The major blocks that can be reached from the root.
    pub majors: Vec<MajorBlock>,
    /// Why the list could not be followed to its end.
    pub broken: Option<String>,
}

/// A major block, as its header in memory describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MajorBlock {
    /// Where its header begins.
    pub address: Address,
    /// The `prev` pointer; 0 is NULL.
    pub prev: Address,
    /// The `next` pointer; 0 is NULL.
    pub next: Address,
    /// Its pages.
    pub pages: u32,
    /// Its bytes.
    pub size: u32,
    /// Bytes taken by headers and blocks.
    pub usage: u32,
    /// The pointer to the first minor block; 0 is NULL.
    pub first: Address,
    /// Its minor blocks, in list order.
    pub minors: Vec<MinorBlock>,
    /// Why the list of minor blocks could not be followed to its end.
    pub broken: Option<String>,
}

/// A minor block, as its header in memory describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MinorBlock {
    /// Where its header begins.
    pub address: Address,
    /// Where its payload begins.
    pub payload: Address,
    /// The `prev` pointer; 0 is NULL.
    pub prev: Address,
    /// The `next` pointer; 0 is NULL.
    pub next: Address,
    /// The major block that the header names as its owner.
    pub owner: Address,
    /// The magic number: [`MAGIC_LIVE`](super::layout::MAGIC_LIVE) if all is well.
    pub magic: u32,
    /// Bytes behind the header.
    pub size: u32,
    /// Bytes asked for.
    pub req_size: u32,
    /// What the header says of the block.
    pub life: Life,
}

/// What its header says of a minor block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// In use.
    Live,
    /// Freed, and still in a list that it should not be in.
    Dead,
    /// Free, for an allocator whose free space is made of blocks.
    Free,
    /// Neither: something wrote over the header.
    Damaged,
}

impl Life {
    /// What it means, in a few words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Life::Live => "in use",
            Life::Dead => "freed, and still in the list",
            Life::Free => "free",
            Life::Damaged => "something wrote over its header",
        }
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Life::Live => "live",
            Life::Dead => "dead",
            Life::Free => "free",
            Life::Damaged => "damaged",
        }
    }

    /// What a magic number says.
    pub const fn of_magic(magic: u32) -> Life {
        match magic {
            MAGIC_LIVE => Life::Live,
            MAGIC_DEAD => Life::Dead,
            _ => Life::Damaged,
        }
    }
}

/// Reads memory without side effects; false if some byte cannot be read.
pub type Peek<'a> = &'a dyn Fn(Address, &mut [u8]) -> bool;

/// Most blocks that are read in all: a list of more counts as broken.
const MAX_BLOCKS: usize = 1 << 20;

/// Reads the lists of a heap.
pub fn inspect(heap: &Liballoc, peek: Peek) -> HeapLists {
    let l = heap.layout;
    let mut left = MAX_BLOCKS;
    let mut pages = Pages::new(peek);
    let length = Header::length(&l.major.all());
    let (majors, broken) = follow("the root", heap.root.unwrap_or(0), &mut left, |address| {
        let header = Header::read(&mut pages, address, length)?;
        let fields = l.major;
        let major = MajorBlock {
            address,
            prev: header.field(fields.prev),
            next: header.field(fields.next),
            pages: header.field(fields.pages) as u32,
            size: header.field(fields.size) as u32,
            usage: header.field(fields.usage) as u32,
            first: header.field(fields.first),
            minors: Vec::new(),
            broken: None,
        };
        Some((major.next, major))
    });
    let mut lists = HeapLists { majors, broken };
    let length = Header::length(&l.minor.all());
    for major in &mut lists.majors {
        (major.minors, major.broken) = follow("first", major.first, &mut left, |address| {
            read_minor(Header::read(&mut pages, address, length)?, l, address)
        });
    }
    lists
}

fn read_minor(header: Header, l: &Layout, address: Address) -> Option<(Address, MinorBlock)> {
    let fields = l.minor;
    let minor = MinorBlock {
        address,
        payload: l.wrap(payload_behind(address.wrapping_add(l.minor_bytes))),
        prev: header.field(fields.prev),
        next: header.field(fields.next),
        owner: header.field(fields.owner),
        magic: header.field(fields.magic) as u32,
        size: header.field(fields.size) as u32,
        req_size: header.field(fields.req_size) as u32,
        life: Life::of_magic(header.field(fields.magic) as u32),
    };
    Some((minor.next, minor))
}

/// Follows a list to its end, or to where it is broken. `read` gives a block and its `next`.
fn follow<Block>(
    start: &str,
    first: Address,
    left: &mut usize,
    mut read: impl FnMut(Address) -> Option<(Address, Block)>,
) -> (Vec<Block>, Option<String>) {
    let mut blocks = Vec::new();
    let mut seen = Seen::default();
    let mut at = first;
    let mut before = None;
    while at != 0 {
        let from = || match before {
            None => start.to_owned(),
            Some(before) => format!("next of {before:#x}"),
        };
        if !seen.insert(at) {
            let broken = format!("{} leads back to {at:#x}: the list runs in a circle", from());
            return (blocks, Some(broken));
        }
        if *left == 0 {
            return (blocks, Some(format!("more than {MAX_BLOCKS} blocks")));
        }
        let Some((next, block)) = read(at) else {
            let broken = format!("{} leads to {at:#x}, which cannot be read", from());
            return (blocks, Some(broken));
        };
        *left -= 1;
        blocks.push(block);
        before = Some(at);
        at = next;
    }
    (blocks, None)
}

/// The addresses that a list went through. As long as it goes upwards, as lists in good order do,
/// none can be there twice, and they need only be kept; the first step down has them sorted.
#[derive(Default)]
struct Seen {
    upwards: Vec<Address>,
    sorted: BTreeSet<Address>,
}

impl Seen {
    /// Adds an address; false if it is there already.
    fn insert(&mut self, address: Address) -> bool {
        if self.sorted.is_empty() {
            if self.upwards.last().is_none_or(|last| *last < address) {
                self.upwards.push(address);
                return true;
            }
            self.sorted = std::mem::take(&mut self.upwards).into_iter().collect();
        }
        self.sorted.insert(address)
    }
}

/// Reads memory page by page: headers in a row lie in the same one.
struct Pages<'a> {
    peek: Peek<'a>,
    /// Where the page begins that is held, if one is.
    start: Option<Address>,
    bytes: [u8; PAGE_SIZE as usize],
}

impl<'a> Pages<'a> {
    fn new(peek: Peek<'a>) -> Pages<'a> {
        Pages { peek, start: None, bytes: [0; PAGE_SIZE as usize] }
    }

    fn read(&mut self, address: Address, out: &mut [u8]) -> bool {
        let start = address - address % PAGE_SIZE;
        let offset = (address - start) as usize;
        if offset + out.len() > self.bytes.len() {
            return (self.peek)(address, out);
        }
        if self.start != Some(start) {
            self.start = (self.peek)(start, &mut self.bytes).then_some(start);
        }
        match self.start {
            Some(_) => out.copy_from_slice(&self.bytes[offset..offset + out.len()]),
            // What is not there as a whole page may be there in part.
            None => return (self.peek)(address, out),
        }
        true
    }
}

/// The bytes of a header up to the end of its last field.
struct Header {
    bytes: [u8; 40],
}

impl Header {
    /// The bytes up to the end of the last of these fields.
    fn length(fields: &[Field]) -> usize {
        fields.iter().map(|field| field.offset + field.width).max().unwrap_or(0) as usize
    }

    fn read(pages: &mut Pages, address: Address, length: usize) -> Option<Header> {
        let mut bytes = [0; 40];
        pages.read(address, &mut bytes[..length]).then_some(Header { bytes })
    }

    fn field(&self, field: Field) -> u64 {
        let mut value = [0; 8];
        let start = field.offset as usize;
        let width = field.width as usize;
        if width == 8 {
            value.copy_from_slice(&self.bytes[start..start + 8]);
        } else {
            value[..width].copy_from_slice(&self.bytes[start..start + width]);
        }
        u64::from_le_bytes(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_seen_once_in_whatever_order() {
        let mut seen = Seen::default();
        let fresh = [3, 5, 9, 4, 5, 9, 3, 4, 10].map(|address| seen.insert(address));
        assert_eq!(fresh, [true, true, true, true, false, false, false, false, true]);
        let mut circle = Seen::default();
        assert_eq!([7, 7].map(|address| circle.insert(address)), [true, false]);
    }

    #[test]
    fn headers_are_read_across_pages_and_in_pages_that_end_early() {
        // Memory from 0x1000 to 0x2010.
        let peek = |address: Address, out: &mut [u8]| {
            for (index, byte) in out.iter_mut().enumerate() {
                let at = address + index as u64;
                if !(0x1000..0x2010).contains(&at) {
                    return false;
                }
                *byte = at as u8;
            }
            true
        };
        let mut pages = Pages::new(&peek);
        let mut read = |address| {
            let mut out = [0; 4];
            pages.read(address, &mut out).then_some(out)
        };
        assert_eq!(read(0x1004), Some([4, 5, 6, 7]));
        assert_eq!(read(0x1ffe), Some([0xfe, 0xff, 0, 1]));
        assert_eq!(read(0x2008), Some([8, 9, 10, 11]));
        assert_eq!(read(0x200e), None);
        assert_eq!(read(0x1008), Some([8, 9, 10, 11]));
    }

    #[test]
    fn a_magic_number_says_how_its_block_lives() {
        let words = [MAGIC_LIVE, MAGIC_DEAD, 0x4141_4141].map(|it| Life::of_magic(it).word());
        assert_eq!(words, ["live", "dead", "damaged"]);
    }
}
