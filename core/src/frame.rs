//! Physical memory: numbered frames of 4096 bytes, what each holds, and which pages map it.
//!
//! Frame 0 is the shared zero page: always there, never written, not counted; nor are the 512 of
//! the huge zero page, which have numbers behind all others. A frame is in use while a page maps it
//! or a file caches it; with the last of both it is free again, and the lowest free number is
//! handed out first, so that equal calls give equal numbers. A huge page takes the lowest 512 free
//! frames in one piece on a boundary of 512, a *large folio*. Contents are shared between clones
//! until written, and a frame of zeros holds no bytes at all.

use crate::address::{HUGE_PAGE_PAGES, PAGE_SIZE, Page};
use imbl::{OrdSet, Vector};
use std::ops::Range;
use std::sync::Arc;

/// The number of a frame.
pub type FrameNumber = u32;

/// The shared zero page (`ZERO_PAGE(0)`).
pub const ZERO_FRAME: FrameNumber = 0;

/// The first frame of the huge zero page (`mm_get_huge_zero_folio`), which loads of untouched huge
/// pages share: it lies behind all frames that a machine may have.
pub const HUGE_ZERO_FRAME: FrameNumber = 1 << 20;

/// Frames of a huge page.
const HUGE_FRAMES: FrameNumber = HUGE_PAGE_PAGES as FrameNumber;

/// Says whether a frame is the zero page, or one of the huge zero page.
pub const fn is_zero_frame(number: FrameNumber) -> bool {
    number == ZERO_FRAME || is_huge_zero_frame(number)
}

/// Says whether a frame is one of the huge zero page.
pub const fn is_huge_zero_frame(number: FrameNumber) -> bool {
    number >= HUGE_ZERO_FRAME && number - HUGE_ZERO_FRAME < HUGE_FRAMES
}

/// The bytes of a frame. They begin at a cache line, as the processor fills them fastest.
#[derive(Clone, PartialEq, Debug)]
#[repr(align(64))]
pub struct Bytes([u8; PAGE_SIZE as usize]);

/// What a page holds, kept to tell later whether it still holds the very same.
#[derive(Clone, Debug)]
pub enum Contents {
    /// Nothing can be read there.
    Unreadable,
    /// Zeros.
    Zeros,
    /// The bytes of a frame; as long as they are held here, nothing is written over them.
    Bytes(Arc<Bytes>),
}

impl Contents {
    /// Says whether nothing has changed. Equal bytes in another place count as a change.
    pub fn are_still(&self, now: &Contents) -> bool {
        match (self, now) {
            (Contents::Unreadable, Contents::Unreadable) | (Contents::Zeros, Contents::Zeros) => {
                true
            }
            (Contents::Bytes(before), Contents::Bytes(now)) => Arc::ptr_eq(before, now),
            _ => false,
        }
    }
}

/// What a frame was taken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// A page of its own of private memory.
    Anonymous,
    /// A page of a file (also of shared anonymous memory), by file number and page index.
    File {
        /// Number of the file.
        file: u32,
        /// Page index in the file.
        index: u64,
    },
}

/// One frame in use.
#[derive(Clone, PartialEq, Debug)]
struct Frame {
    owner: Owner,
    /// Held by a file's page cache.
    cached: bool,
    /// Part of a large folio still, one of 512 frames that were taken for a huge page.
    large: bool,
    mapped_by: Mappings,
    /// Nothing stands for zeros.
    bytes: Option<Arc<Bytes>>,
}

impl Frame {
    /// A frame of zeros that nothing holds yet.
    fn new(owner: Owner) -> Frame {
        Frame { owner, cached: false, large: false, mapped_by: Mappings::None, bytes: None }
    }
}

/// The pages that map a frame; almost always one.
#[derive(Clone, PartialEq, Debug)]
enum Mappings {
    None,
    One(Page),
    Many(Arc<Vec<Page>>),
}

impl Mappings {
    fn as_slice(&self) -> &[Page] {
        match self {
            Mappings::None => &[],
            Mappings::One(page) => std::slice::from_ref(page),
            Mappings::Many(pages) => pages,
        }
    }

    fn insert(&mut self, page: Page) {
        match self {
            Mappings::None => *self = Mappings::One(page),
            Mappings::One(first) => {
                let mut pages = vec![*first, page];
                pages.sort_unstable();
                *self = Mappings::Many(Arc::new(pages));
            }
            Mappings::Many(pages) => {
                let pages = Arc::make_mut(pages);
                let place = pages.partition_point(|known| *known < page);
                pages.insert(place, page);
            }
        }
    }

    fn remove(&mut self, page: Page) {
        match self {
            Mappings::None => {}
            Mappings::One(first) => {
                if *first == page {
                    *self = Mappings::None;
                }
            }
            Mappings::Many(pages) => {
                let pages = Arc::make_mut(pages);
                if let Ok(place) = pages.binary_search(&page) {
                    pages.remove(place);
                }
                if let [last] = pages[..] {
                    *self = Mappings::One(last);
                }
            }
        }
    }
}

/// All frames.
///
/// Invariant: `slots[0]` stands for the zero page and holds nothing; `free` holds exactly the
/// numbers of the empty slots behind it.
#[derive(Clone, PartialEq, Debug)]
pub struct Frames {
    slots: Vector<Option<Frame>>,
    free: OrdSet<FrameNumber>,
    limit: u32,
    zero_mappings: u64,
    huge_zero_mappings: u64,
}

impl Frames {
    /// Memory of `limit` frames, all free, besides the zero page.
    pub fn new(limit: u32) -> Frames {
        let mut slots = Vector::new();
        slots.push_back(None);
        Frames { slots, free: OrdSet::new(), limit, zero_mappings: 0, huge_zero_mappings: 0 }
    }

    /// How many frames there are, without the zero page.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// How many are in use, without the zero page.
    pub fn used(&self) -> u32 {
        (self.slots.len() - 1 - self.free.len()) as u32
    }

    /// How many frames could be taken now.
    pub fn available(&self) -> u32 {
        self.limit - self.used()
    }

    /// One more than the highest number ever in use: where a view may stop.
    pub fn highest(&self) -> u32 {
        self.slots.len() as u32
    }

    /// Takes the lowest free frame, filled with zeros. It must be mapped or cached at once.
    /// Nothing when all are in use.
    pub fn take(&mut self, owner: Owner) -> Option<FrameNumber> {
        let frame = Frame::new(owner);
        if let Some(number) = self.free.get_min().copied() {
            self.free.remove(&number);
            self.slots.set(number as usize, Some(frame));
            return Some(number);
        }
        if self.used() >= self.limit {
            return None;
        }
        self.slots.push_back(Some(frame));
        Some((self.slots.len() - 1) as FrameNumber)
    }

    /// Takes 512 frames of private memory in one piece for a huge page, the lowest on a boundary of
    /// 512, filled with zeros: gives the first. They must be mapped at once. Nothing where there are
    /// none.
    pub fn take_huge(&mut self) -> Option<FrameNumber> {
        if self.available() < HUGE_FRAMES {
            return None;
        }
        let known = self.highest();
        let is_free = |block: &Range<FrameNumber>| {
            let below = block.end.min(known).saturating_sub(block.start) as usize;
            self.free.range(block.clone()).take(HUGE_FRAMES as usize).count() == below
        };
        // Block 0 has the zero page.
        let blocks = (1..=self.limit / HUGE_FRAMES).map(|block| block * HUGE_FRAMES);
        let mut blocks = blocks.map(|first| first..first + HUGE_FRAMES);
        let found = blocks.find(|block| block.end <= self.limit + 1 && is_free(block))?;
        for number in known..found.end {
            self.slots.push_back(None);
            self.free.insert(number);
        }
        for number in found.clone() {
            self.free.remove(&number);
            let frame = Frame { large: true, ..Frame::new(Owner::Anonymous) };
            self.slots.set(number as usize, Some(frame));
        }
        Some(found.start)
    }

    /// Where the large folio lies that a frame is part of, if it is part of one. Some of it may be
    /// free, or taken for something else.
    pub fn large_folio(&self, number: FrameNumber) -> Option<Range<FrameNumber>> {
        let first = number / HUGE_FRAMES * HUGE_FRAMES;
        self.frame(number)?.large.then_some(first..first + HUGE_FRAMES)
    }

    /// Makes a frame of a large folio one by itself.
    pub fn make_small(&mut self, number: FrameNumber) {
        if let Some(Some(frame)) = self.slots.get_mut(number as usize) {
            frame.large = false;
        }
    }

    /// Says whether a frame holds nothing but zeros.
    pub fn is_all_zeros(&self, number: FrameNumber) -> bool {
        let bytes = self.frame(number).and_then(|frame| frame.bytes.as_ref());
        bytes.is_none_or(|bytes| bytes.0.iter().all(|byte| *byte == 0))
    }

    /// What a frame holds.
    pub fn contents(&self, number: FrameNumber) -> Contents {
        let bytes = self.frame(number).and_then(|frame| frame.bytes.clone());
        bytes.map_or(Contents::Zeros, Contents::Bytes)
    }

    /// Notes that a page maps a frame.
    pub fn map(&mut self, number: FrameNumber, page: Page) {
        if number == ZERO_FRAME {
            self.zero_mappings += 1;
        } else if is_huge_zero_frame(number) {
            self.huge_zero_mappings += 1;
        } else if let Some(Some(frame)) = self.slots.get_mut(number as usize) {
            frame.mapped_by.insert(page);
        }
    }

    /// Notes that a page no longer maps a frame; frees it if nothing else holds it.
    pub fn unmap(&mut self, number: FrameNumber, page: Page) {
        if number == ZERO_FRAME {
            self.zero_mappings = self.zero_mappings.saturating_sub(1);
        } else if is_huge_zero_frame(number) {
            self.huge_zero_mappings = self.huge_zero_mappings.saturating_sub(1);
        } else if let Some(Some(frame)) = self.slots.get_mut(number as usize) {
            frame.mapped_by.remove(page);
            self.free_if_unused(number);
        }
    }

    /// Says whether a file's page cache holds a frame.
    pub fn set_cached(&mut self, number: FrameNumber, cached: bool) {
        if let Some(Some(frame)) = self.slots.get_mut(number as usize) {
            frame.cached = cached;
            self.free_if_unused(number);
        }
    }

    fn free_if_unused(&mut self, number: FrameNumber) {
        let unused = matches!(
            self.slots.get(number as usize),
            Some(Some(Frame { cached: false, mapped_by: Mappings::None, .. }))
        );
        if unused {
            self.slots.set(number as usize, None);
            self.free.insert(number);
        }
    }

    /// What a frame was taken for; nothing for a free one and for the zero page.
    pub fn owner(&self, number: FrameNumber) -> Option<Owner> {
        Some(self.frame(number)?.owner)
    }

    /// The pages that map a frame, lowest first. Those of the zero page are only counted.
    pub fn pages(&self, number: FrameNumber) -> &[Page] {
        self.frame(number).map_or(&[], |frame| frame.mapped_by.as_slice())
    }

    /// How many pages map a frame.
    pub fn mapping_count(&self, number: FrameNumber) -> u64 {
        match number {
            ZERO_FRAME => self.zero_mappings,
            _ if is_huge_zero_frame(number) => self.huge_zero_mappings / HUGE_PAGE_PAGES,
            _ => self.pages(number).len() as u64,
        }
    }

    /// How many pages show the zero page, or the huge one: they have no frame of their own.
    pub fn zero_page_count(&self) -> u64 {
        self.zero_mappings + self.huge_zero_mappings
    }

    /// Copies bytes out of a frame, from an offset on, as far as the frame reaches.
    pub fn read(&self, number: FrameNumber, offset: u64, out: &mut [u8]) {
        match self.frame(number).and_then(|frame| frame.bytes.as_ref()) {
            None => out.fill(0),
            Some(bytes) => {
                let bytes = bytes.0.get(offset as usize..).unwrap_or(&[]);
                let count = bytes.len().min(out.len());
                out[..count].copy_from_slice(&bytes[..count]);
            }
        }
    }

    /// Writes bytes into a frame, from an offset on, as far as the frame reaches. The zero page
    /// stays as it is.
    pub fn write(&mut self, number: FrameNumber, offset: u64, data: &[u8]) {
        let zeros = || data.iter().all(|byte| *byte == 0);
        let bytes = self.bytes_from(number, offset, zeros);
        let count = bytes.len().min(data.len());
        bytes[..count].copy_from_slice(&data[..count]);
    }

    /// Fills bytes of a frame, from an offset on, as far as the frame reaches. The zero page stays
    /// as it is.
    pub fn fill(&mut self, number: FrameNumber, offset: u64, count: u64, byte: u8) {
        let bytes = self.bytes_from(number, offset, || byte == 0);
        let count = bytes.len().min(count as usize);
        bytes[..count].fill(byte);
    }

    /// The bytes of a frame, from an offset on; none of one that holds nothing but zeros yet, where
    /// `zeros` is all that is to be written.
    fn bytes_from(
        &mut self,
        number: FrameNumber,
        offset: u64,
        zeros: impl FnOnce() -> bool,
    ) -> &mut [u8] {
        let Some(Some(frame)) = self.slots.get_mut(number as usize) else { return &mut [] };
        if frame.bytes.is_none() && zeros() {
            return &mut [];
        }
        let bytes = frame.bytes.get_or_insert_with(|| Arc::new(Bytes([0; PAGE_SIZE as usize])));
        Arc::make_mut(bytes).0.get_mut(offset as usize..).unwrap_or(&mut [])
    }

    /// Makes one frame's contents those of another.
    pub fn copy(&mut self, from: FrameNumber, to: FrameNumber) {
        let bytes = self.frame(from).and_then(|frame| frame.bytes.clone());
        if let Some(Some(frame)) = self.slots.get_mut(to as usize) {
            frame.bytes = bytes;
        }
    }

    fn frame(&self, number: FrameNumber) -> Option<&Frame> {
        self.slots.get(number as usize)?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_frame_is_taken_and_the_limit_holds() {
        let mut frames = Frames::new(2);
        let page = Page::containing(0x1000);
        let first = frames.take(Owner::Anonymous).unwrap();
        frames.map(first, page);
        let second = frames.take(Owner::Anonymous).unwrap();
        frames.map(second, page.offset(1));
        assert_eq!((first, second, frames.used()), (1, 2, 2));
        assert_eq!(frames.take(Owner::Anonymous), None);
        frames.unmap(first, page);
        assert_eq!(frames.take(Owner::Anonymous), Some(1));
    }

    #[test]
    fn a_huge_page_takes_512_frames_on_a_boundary_or_none() {
        let mut frames = Frames::new(1600);
        let page = Page::containing(0);
        let small = frames.take(Owner::Anonymous).unwrap();
        frames.map(small, page);
        let first = frames.take_huge().unwrap();
        assert_eq!((small, first, frames.used()), (1, 512, 513));
        assert_eq!(frames.large_folio(700), Some(512..1024));
        (512..1024).for_each(|number| frames.map(number, page.offset(number.into())));
        assert_eq!(frames.take_huge(), Some(1024));
        assert_eq!(frames.take_huge(), None, "only 1536 to 1600 are left in one piece");
        assert_eq!(frames.take(Owner::Anonymous), Some(2));
        frames.unmap(600, page.offset(600));
        frames.make_small(601);
        assert_eq!((frames.large_folio(600), frames.large_folio(601)), (None, None));
        assert_eq!(frames.take_huge(), None, "frame 600 alone is no piece of 512");
        (512..1024).for_each(|number| frames.unmap(number, page.offset(number.into())));
        assert_eq!(frames.take_huge(), Some(512));
    }

    #[test]
    fn a_frame_lives_while_mapped_or_cached() {
        let mut frames = Frames::new(8);
        let page = Page::containing(0x1000);
        let frame = frames.take(Owner::File { file: 1, index: 0 }).unwrap();
        frames.set_cached(frame, true);
        frames.map(frame, page);
        frames.map(frame, page.offset(9));
        assert_eq!(frames.mapping_count(frame), 2);
        frames.unmap(frame, page);
        frames.set_cached(frame, false);
        assert_eq!(frames.used(), 1);
        frames.unmap(frame, page.offset(9));
        assert_eq!(frames.used(), 0);
    }

    #[test]
    fn clones_share_contents_until_written() {
        let mut frames = Frames::new(8);
        let frame = frames.take(Owner::Anonymous).unwrap();
        frames.map(frame, Page::containing(0));
        frames.write(frame, 4090, b"0123456789");
        let before = frames.clone();
        frames.write(frame, 4090, b"x");
        let (mut old, mut new) = ([0; 6], [0; 6]);
        before.read(frame, 4090, &mut old);
        frames.read(frame, 4090, &mut new);
        assert_eq!((&old, &new), (b"012345", b"x12345"));
    }

    #[test]
    fn filling_stops_at_the_frame_and_makes_no_bytes_of_zeros() {
        let mut frames = Frames::new(8);
        let frame = frames.take(Owner::Anonymous).unwrap();
        frames.fill(frame, 0, 4096, 0);
        assert!(matches!(frames.contents(frame), Contents::Zeros));
        frames.fill(frame, 4094, 10, 7);
        let mut bytes = [1; 4];
        frames.read(frame, 4092, &mut bytes);
        assert_eq!(bytes, [0, 0, 7, 7]);
        frames.fill(ZERO_FRAME, 0, 8, 7);
        assert!(frames.is_all_zeros(ZERO_FRAME));
    }
}
