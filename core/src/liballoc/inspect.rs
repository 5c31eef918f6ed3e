//! The allocator's lists as plain data, read from simulated memory without touching it.
//!
//! Lists are followed by their `next` pointers, as the allocator follows them. Where a pointer
//! leads to memory that cannot be read, or back to a block seen before, the list is *broken*: it
//! ends there, with the reason beside it, and what comes before is exact.

use super::Liballoc;
use super::layout::{Field, Layout, MAGIC_DEAD, MAGIC_LIVE};
use super::malloc::payload_behind;
use crate::address::{Address, PAGE_SIZE};
use crate::frame::Contents;
use std::collections::BTreeSet;
use std::sync::Arc;

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
    pub minors: Arc<Vec<MinorBlock>>,
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

/// What a page holds, by where it begins.
pub type Look<'a> = &'a dyn Fn(Address) -> Contents;

/// The blocks of major blocks as they were read last, with the pages that this took: where none of
/// them has changed, they need not be read again.
///
/// Invariant: they stand by address.
#[derive(Clone, Debug, Default)]
pub struct Known(Vec<KnownList>);

#[derive(Clone, Debug)]
struct KnownList {
    major: Address,
    /// Where the list begins and ends, as the header of its major block says.
    bounds: (Address, Address),
    pages: Vec<(Address, Contents)>,
    minors: Arc<Vec<MinorBlock>>,
    broken: Option<String>,
}

/// The blocks of a major block, and why they could not be read to the end.
pub(crate) type Minors = (Arc<Vec<MinorBlock>>, Option<String>);

impl Known {
    /// Pages of one list that are held at most. A list of more has run out of its major block.
    const MOST_PAGES: usize = 1 << 12;

    /// The list of a major block, if it is known and none of its pages has changed.
    pub(crate) fn list(
        &self,
        major: Address,
        bounds: (Address, Address),
        look: Look,
    ) -> Option<Minors> {
        let list = self.0.get(self.place(major).ok()?).filter(|list| list.bounds == bounds)?;
        let unchanged = list.pages.iter().all(|(page, held)| held.are_still(&look(*page)));
        unchanged.then(|| (list.minors.clone(), list.broken.clone()))
    }

    /// Notes a list that was read, from these pages.
    pub(crate) fn note(
        &mut self,
        major: Address,
        bounds: (Address, Address),
        pages: BTreeSet<Address>,
        look: Look,
        (minors, broken): &Minors,
    ) {
        let place = self.place(major);
        if let Ok(known) = place {
            self.0.remove(known);
        }
        if pages.len() <= Known::MOST_PAGES {
            let pages = pages.into_iter().map(|page| (page, look(page))).collect();
            let (minors, broken) = (minors.clone(), broken.clone());
            let list = KnownList { major, bounds, pages, minors, broken };
            self.0.insert(place.unwrap_or_else(|free| free), list);
        }
    }

    /// Where a major block stands, or else where it would.
    fn place(&self, major: Address) -> Result<usize, usize> {
        self.0.binary_search_by_key(&major, |list| list.major)
    }

    /// Forgets all but these major blocks.
    pub(crate) fn keep(&mut self, majors: &[MajorBlock]) {
        if self.0.len() > majors.len() {
            let kept: BTreeSet<Address> = majors.iter().map(|major| major.address).collect();
            self.0.retain(|list| kept.contains(&list.major));
        }
    }
}

/// Reads the lists of a heap.
pub fn inspect(heap: &Liballoc, peek: Peek) -> HeapLists {
    inspect_again(heap, peek, &|_| Contents::Unreadable, &mut Known::default())
}

/// Reads the lists of a heap, but for those that are known and have not changed.
pub fn inspect_again(heap: &Liballoc, peek: Peek, look: Look, known: &mut Known) -> HeapLists {
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
            minors: Arc::default(),
            broken: None,
        };
        Some((major.next, major))
    });
    let mut lists = HeapLists { majors, broken };
    let length = Header::length(&l.minor.all());
    for major in &mut lists.majors {
        let bounds = (major.first, 0);
        let list = known.list(major.address, bounds, look);
        if let Some((minors, broken)) = list.filter(|(minors, _)| minors.len() <= left) {
            left -= minors.len();
            (major.minors, major.broken) = (minors, broken);
            continue;
        }
        pages.forget_visited();
        let (minors, broken) = follow("first", major.first, &mut left, |address| {
            read_minor(Header::read(&mut pages, address, length)?, l, address)
        });
        let list = (Arc::new(minors), broken);
        // What was cut off because there are too many in all may be whole the next time.
        if left > 0 {
            known.note(major.address, bounds, pages.visited(), look, &list);
        }
        (major.minors, major.broken) = list;
    }
    known.keep(&lists.majors);
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
pub(crate) struct Pages<'a> {
    peek: Peek<'a>,
    /// Where the page begins that is held, if one is.
    start: Option<Address>,
    bytes: [u8; PAGE_SIZE as usize],
    /// The pages that were looked at, the one now held aside.
    visited: BTreeSet<Address>,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(peek: Peek<'a>) -> Pages<'a> {
        let bytes = [0; PAGE_SIZE as usize];
        Pages { peek, start: None, bytes, visited: BTreeSet::new() }
    }

    /// Reads some bytes; false if one of them cannot be read.
    pub(crate) fn read(&mut self, address: Address, out: &mut [u8]) -> bool {
        let start = address - address % PAGE_SIZE;
        let offset = (address - start) as usize;
        if offset + out.len() > self.bytes.len() {
            self.visited.extend([start, start.wrapping_add(PAGE_SIZE)]);
            return (self.peek)(address, out);
        }
        if self.start != Some(start) {
            self.visited.extend(self.start);
            self.start = (self.peek)(start, &mut self.bytes).then_some(start);
        }
        match self.start {
            Some(_) => out.copy_from_slice(&self.bytes[offset..offset + out.len()]),
            // What is not there as a whole page may be there in part.
            None => {
                self.visited.insert(start);
                return (self.peek)(address, out);
            }
        }
        true
    }

    /// Begins anew to note the pages that are looked at.
    pub(crate) fn forget_visited(&mut self) {
        self.visited.clear();
    }

    /// Where the pages begin that were looked at.
    pub(crate) fn visited(&self) -> BTreeSet<Address> {
        self.visited.iter().copied().chain(self.start).collect()
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
