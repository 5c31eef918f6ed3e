//! A second allocator behind the same seam, to compare on the same trace: first fit with boundary
//! tags (D. E. Knuth, The Art of Computer Programming, volume 1, section 2.5, algorithms A and C).
//!
//! Every block, free or in use, begins with a header and ends with a footer that says the same: its
//! bytes, whether it is in use, and how many bytes were asked for. The footer is what makes it
//! cheap to join a freed block with its neighbours: the one below ends right before it.
//!
//! ```text
//! arena: pages got from the page hook
//! ┌────────┬───────┬─────┬─────────┬─────┬─────┬┄┄┄┄┄┄┄┄┄┬─────┬───────┐
//! │ header │ fence │ tag │ payload │ tag │ tag │  free   │ tag │ fence │
//! └────────┴───────┴─────┴─────────┴─────┴─────┴┄┄┄┄┄┄┄┄┄┴─────┴───────┘
//! ```
//!
//! Where liballoc finds the space between blocks by walking them, keeps a *best bet*, and never
//! looks at a block's neighbours, this one walks all blocks, free ones too, and joins neighbours at
//! every `free`. 16 bytes of tags a block against liballoc's 72; `realloc` grows into a free
//! neighbour; an overrun hits the block's own footer first, so that its `free` notices.
//!
//! Differs: not an allocator that anybody ships; the smallest complete one of its kind.

use crate::address::{Address, PAGE_SIZE};
use crate::call::SignalInfo;
use crate::event::{HeapEvent, HeapWarning, PlaceCase};
use crate::liballoc::layout::{Field, LAYOUT_32, LAYOUT_64, Layout};
use crate::liballoc::{
    HeapLists, Host, Known, Life, Look, MIN_PAGE_COUNT, MajorBlock, MinorBlock, Pages, Peek, Stop,
    Walk, clear, copy, get, get_pointer, or_given_up, put,
};
use crate::search::HeapStep;
use std::sync::Arc;

/// Bytes of a header, and of a footer.
pub const TAG_BYTES: u64 = 8;

/// Payloads begin at multiples of this many bytes, and sizes of blocks are multiples of it.
const ALIGNMENT: u64 = 16;

/// The smallest block: two tags, and 16 bytes between them.
const LEAST: u64 = 2 * TAG_BYTES + ALIGNMENT;

/// The lowest bit of a tag: the block is in use.
const USED: u64 = 1;

/// Bytes of the block, and 1 if it is in use.
pub const TAG: Field = Field { name: "tag", offset: 0, width: 4 };

/// Bytes asked for; 0 in a free block.
pub const ASKED: Field = Field { name: "asked", offset: 4, width: 4 };

/// The header of an arena.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArenaLayout {
    /// Where its first block begins.
    pub bytes: u64,
    /// The arena before it in the list, or NULL.
    pub prev: Field,
    /// The arena behind it in the list, or NULL.
    pub next: Field,
    /// Its pages.
    pub pages: Field,
    /// Its bytes.
    pub size: Field,
    /// A footer in use, so that the first block has no neighbour to be joined with.
    pub fence: Field,
}

impl ArenaLayout {
    /// With pointers of so many bits: 32, or else 64.
    pub const fn of(bits: u32) -> ArenaLayout {
        let pointer = if bits == 32 { 4 } else { 8 };
        // A block begins 8 bytes before a multiple of 16.
        let fence = if bits == 32 { 16 } else { 32 };
        ArenaLayout {
            bytes: fence + TAG_BYTES,
            prev: Field { name: "prev", offset: 0, width: pointer },
            next: Field { name: "next", offset: pointer, width: pointer },
            pages: Field { name: "pages", offset: 2 * pointer, width: 4 },
            size: Field { name: "size", offset: 2 * pointer + 4, width: 4 },
            fence: Field { name: "fence", offset: fence, width: 4 },
        }
    }

    /// All fields, by offset.
    pub const fn all(&self) -> [Field; 5] {
        [self.prev, self.next, self.pages, self.size, self.fence]
    }
}

/// The static variables of the allocator. Any values are possible.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoundaryTags {
    /// Bits of a pointer: 64 or 32.
    pub bits: u32,
    /// The first arena.
    pub root: Option<Address>,
    /// Bytes of all arenas.
    pub allocated: u64,
    /// Bytes of all blocks in use, without their tags.
    pub in_use: u64,
    /// Calls that were odd.
    pub warnings: u64,
    /// Blocks passed in whose tags were wrong.
    pub errors: u64,
    /// Those of them whose header and footer differ.
    pub possible_overruns: u64,
}

/// A block as its header says.
#[derive(Clone, Copy)]
struct Block {
    header: Address,
    /// Its tags included.
    bytes: u64,
    used: bool,
}

impl Block {
    const fn end(self) -> Address {
        self.header.wrapping_add(self.bytes)
    }

    /// Says whether it can be joined or placed in: what is damaged never is.
    const fn is_free(self) -> bool {
        !self.used && self.bytes >= LEAST
    }
}

impl BoundaryTags {
    /// The allocator before its first call.
    pub const fn new(bits: u32) -> BoundaryTags {
        BoundaryTags {
            bits,
            root: None,
            allocated: 0,
            in_use: 0,
            warnings: 0,
            errors: 0,
            possible_overruns: 0,
        }
    }

    /// `malloc(size)`: the payload's address, or 0.
    ///
    /// # Errors
    /// The signal that a load or a store of the allocator ended in.
    pub fn malloc(&mut self, host: &mut dyn Host, size: u64) -> Result<Address, SignalInfo> {
        let result = self.allocate(host, size);
        or_given_up(host, result)
    }

    /// `calloc(nmemb, size)`: the payload's address, or 0, as where the product is too large.
    ///
    /// # Errors
    /// The signal that a load or a store of the allocator ended in.
    pub fn calloc(
        &mut self,
        host: &mut dyn Host,
        nmemb: u64,
        size: u64,
    ) -> Result<Address, SignalInfo> {
        let Some(bytes) = nmemb.checked_mul(size) else {
            self.warn(host, HeapWarning::TooLarge);
            return Ok(0);
        };
        let l = self.registers();
        let result = self.allocate(host, bytes).and_then(|payload| {
            if payload != 0 {
                clear(host, l, payload, bytes)?;
            }
            Ok(payload)
        });
        or_given_up(host, result)
    }

    /// `realloc(ptr, size)`: the payload's address, or 0. It stays where it is if it shrinks, or if
    /// the block behind it is free and large enough.
    ///
    /// # Errors
    /// The signal that a load or a store of the allocator ended in.
    pub fn realloc(
        &mut self,
        host: &mut dyn Host,
        ptr: Address,
        size: u64,
    ) -> Result<Address, SignalInfo> {
        if size == 0 {
            self.free(host, ptr)?;
            return Ok(0);
        }
        if ptr == 0 {
            return self.malloc(host, size);
        }
        let Some(block) = self.live_block(host, ptr)? else { return Ok(0) };
        let behind = self.block(host, block.end())?;
        let joined = if behind.is_free() { block.bytes + behind.bytes } else { block.bytes };
        if let Some(need) = total(size).filter(|&need| need <= joined) {
            self.in_use = self.in_use.wrapping_sub(block.bytes - 2 * TAG_BYTES);
            let whole = if need > block.bytes { joined } else { block.bytes };
            self.occupy(host, Block { bytes: whole, ..block }, need, size)?;
            return Ok(ptr);
        }
        let asked = get(host, block.header, ASKED)?;
        let l = self.registers();
        let result = self.allocate(host, size).and_then(|payload| {
            if payload != 0 {
                copy(host, l, payload, ptr, asked.min(block.bytes - 2 * TAG_BYTES))?;
                self.free(host, ptr)?;
            }
            Ok(payload)
        });
        or_given_up(host, result)
    }

    /// `free(ptr)`.
    ///
    /// # Errors
    /// The signal that a load or a store of the allocator ended in.
    pub fn free(&mut self, host: &mut dyn Host, ptr: Address) -> Result<(), SignalInfo> {
        if ptr == 0 {
            self.warn(host, HeapWarning::FreeNull);
            return Ok(());
        }
        let Some(block) = self.live_block(host, ptr)? else { return Ok(()) };
        self.in_use = self.in_use.wrapping_sub(block.bytes - 2 * TAG_BYTES);
        host.event(HeapEvent::Unlinked { header: block.header });
        let free = self.release(host, block)?;
        let arena = free.header.wrapping_sub(self.arena().bytes);
        let fenced = get(host, free.header.wrapping_sub(TAG_BYTES), TAG)? == USED
            && get(host, free.end(), TAG)? == USED;
        if fenced { self.return_arena(host, arena) } else { Ok(()) }
    }

    const fn arena(&self) -> ArenaLayout {
        ArenaLayout::of(self.bits)
    }

    /// The widths of registers, as liballoc's layouts know them.
    fn registers(&self) -> &'static Layout {
        if self.bits == 32 { &LAYOUT_32 } else { &LAYOUT_64 }
    }

    /// Finds the first free block that is large enough, in list order of the arenas.
    fn allocate(&mut self, host: &mut dyn Host, request: u64) -> Result<Address, Stop> {
        let Some(need) = total(request) else {
            self.warn(host, HeapWarning::TooLarge);
            return Ok(0);
        };
        let fields = self.arena();
        let start = self.root.unwrap_or(0);
        host.step(HeapStep::Search {
            need,
            best_bet: None,
            best_room: 0,
            start,
            at_best_bet: false,
        });
        let mut walk = Walk::default();
        let mut last = None;
        let mut at = self.root;
        while let Some(arena) = at {
            walk.step(arena)?;
            if let Some(block) = self.first_fit(host, arena, need)? {
                return Ok(self.place(host, arena, block, need, request)?);
            }
            last = at;
            at = get_pointer(host, arena, fields.next)?;
        }
        let Some(arena) = self.new_arena(host, need, last)? else { return Ok(0) };
        let block = self.block(host, arena.wrapping_add(fields.bytes))?;
        Ok(self.place(host, arena, block, need, request)?)
    }

    fn first_fit(
        &self,
        host: &mut dyn Host,
        arena: Address,
        need: u64,
    ) -> Result<Option<Block>, Stop> {
        let fields = self.arena();
        let end = arena.wrapping_add(get(host, arena, fields.size)?).wrapping_sub(TAG_BYTES);
        let mut at = arena.wrapping_add(fields.bytes);
        let mut walk = Walk::default();
        while at < end {
            walk.step(at)?;
            let block = self.block(host, at)?;
            let Block { header, bytes, used } = block;
            host.step(HeapStep::Block { header, bytes, used, need });
            if block.is_free() && bytes >= need {
                return Ok(Some(block));
            }
            // A tag of 0 is no block: something wrote over it, and what follows cannot be found.
            if bytes < LEAST {
                return Ok(None);
            }
            at = block.end();
        }
        Ok(None)
    }

    /// Asks for the pages of an arena that can hold such a block, and makes it one free block.
    fn new_arena(
        &mut self,
        host: &mut dyn Host,
        need: u64,
        last: Option<Address>,
    ) -> Result<Option<Address>, SignalInfo> {
        let fields = self.arena();
        let pages = (need + fields.bytes + TAG_BYTES).div_ceil(PAGE_SIZE);
        let page_count = (pages as u32).max(MIN_PAGE_COUNT);
        let arena = host.map_pages(page_count as i32)?;
        host.event(HeapEvent::PagesAsked { page_count, major: arena });
        let Some(arena) = arena else {
            self.warn(host, HeapWarning::PagesRefused);
            return Ok(None);
        };
        let size = u64::from(page_count) * PAGE_SIZE;
        put(host, arena, fields.prev, last.unwrap_or(0))?;
        put(host, arena, fields.next, 0)?;
        put(host, arena, fields.pages, page_count.into())?;
        put(host, arena, fields.size, size)?;
        put(host, arena, fields.fence, USED)?;
        put(host, arena.wrapping_add(size - TAG_BYTES), TAG, USED)?;
        let header = arena.wrapping_add(fields.bytes);
        self.write_tags(host, header, size - fields.bytes - TAG_BYTES, None)?;
        match last {
            Some(last) => put(host, last, fields.next, arena)?,
            None => self.root = Some(arena),
        }
        self.allocated = self.allocated.wrapping_add(size);
        Ok(Some(arena))
    }

    fn return_arena(&mut self, host: &mut dyn Host, arena: Address) -> Result<(), SignalInfo> {
        let fields = self.arena();
        let next = get_pointer(host, arena, fields.next)?;
        let prev = get_pointer(host, arena, fields.prev)?;
        match prev {
            Some(prev) => put(host, prev, fields.next, next.unwrap_or(0))?,
            None => self.root = next,
        }
        if let Some(next) = next {
            put(host, next, fields.prev, prev.unwrap_or(0))?;
        }
        self.allocated = self.allocated.wrapping_sub(get(host, arena, fields.size)?);
        let page_count = get(host, arena, fields.pages)? as u32;
        let result = host.unmap_pages(arena, page_count as i32);
        host.event(HeapEvent::PagesReturned { major: arena, page_count, result });
        Ok(())
    }

    fn place(
        &mut self,
        host: &mut dyn Host,
        arena: Address,
        block: Block,
        need: u64,
        request: u64,
    ) -> Result<Address, SignalInfo> {
        let split = self.occupy(host, block, need, request)?;
        let case = if split { PlaceCase::Split } else { PlaceCase::Whole };
        host.event(HeapEvent::Placed { major: arena, header: block.header, case });
        Ok(block.header.wrapping_add(TAG_BYTES))
    }

    /// Puts a block in use; what it does not need becomes a free block, if it can be one.
    fn occupy(
        &mut self,
        host: &mut dyn Host,
        block: Block,
        need: u64,
        request: u64,
    ) -> Result<bool, SignalInfo> {
        let split = block.bytes - need >= LEAST;
        let bytes = if split { need } else { block.bytes };
        self.write_tags(host, block.header, bytes, Some(request))?;
        self.in_use = self.in_use.wrapping_add(bytes - 2 * TAG_BYTES);
        if split {
            let header = block.header.wrapping_add(bytes);
            self.release(host, Block { header, bytes: block.bytes - bytes, used: false })?;
        }
        Ok(split)
    }

    /// Makes a block free, joined with its free neighbours (Knuth's algorithm C).
    fn release(&self, host: &mut dyn Host, block: Block) -> Result<Block, SignalInfo> {
        let mut free = Block { used: false, ..block };
        let behind = self.block(host, block.end())?;
        if behind.is_free() {
            free.bytes += behind.bytes;
        }
        let before = get(host, block.header.wrapping_sub(TAG_BYTES), TAG)?;
        let below = Block { header: 0, bytes: before & !(ALIGNMENT - 1), used: before & USED != 0 };
        if below.is_free() {
            free.header = free.header.wrapping_sub(below.bytes);
            free.bytes += below.bytes;
        }
        self.write_tags(host, free.header, free.bytes, None)?;
        if free.bytes != block.bytes {
            host.event(HeapEvent::Coalesced { header: free.header, bytes: free.bytes });
        }
        Ok(free)
    }

    /// Reads a header.
    fn block(&self, host: &mut dyn Host, header: Address) -> Result<Block, SignalInfo> {
        let tag = get(host, header, TAG)?;
        Ok(Block { header, bytes: tag & !(ALIGNMENT - 1), used: tag & USED != 0 })
    }

    /// Writes header and footer. A block is in use if it has a request.
    fn write_tags(
        &self,
        host: &mut dyn Host,
        header: Address,
        bytes: u64,
        request: Option<u64>,
    ) -> Result<(), SignalInfo> {
        let tag = bytes | if request.is_some() { USED } else { 0 };
        for at in [header, header.wrapping_add(bytes).wrapping_sub(TAG_BYTES)] {
            put(host, at, TAG, tag)?;
            put(host, at, ASKED, request.unwrap_or(0))?;
        }
        Ok(())
    }

    /// The block of a payload; nothing, and an error is counted, if its header does not say that it
    /// is in use, or its footer says something else.
    fn live_block(
        &mut self,
        host: &mut dyn Host,
        payload: Address,
    ) -> Result<Option<Block>, SignalInfo> {
        let header = self.registers().wrap(payload).wrapping_sub(TAG_BYTES);
        let block = self.block(host, header)?;
        let tag = get(host, header, TAG)? as u32;
        let sound = block.used && block.bytes >= LEAST;
        let footer = block.end().wrapping_sub(TAG_BYTES);
        let footer_differs = sound && get(host, footer, TAG)? as u32 != tag;
        if sound && !footer_differs {
            return Ok(Some(block));
        }
        self.errors = self.errors.wrapping_add(1);
        self.possible_overruns = self.possible_overruns.wrapping_add(footer_differs.into());
        host.event(HeapEvent::BadTags { header, tag, footer_differs });
        Ok(None)
    }

    fn warn(&mut self, host: &mut dyn Host, warning: HeapWarning) {
        self.warnings = self.warnings.wrapping_add(1);
        host.event(HeapEvent::Warning(warning));
    }
}

/// Bytes of the block for a request; nothing if that is more than an arena can hold.
fn total(request: u64) -> Option<u64> {
    let most = u64::from(u32::MAX) - (1 << 16);
    let payload = request.max(1).checked_next_multiple_of(ALIGNMENT)?;
    (payload <= most).then(|| payload + 2 * TAG_BYTES)
}

/// Reads the arenas of a heap and their blocks, in address order, free ones too; but for those that
/// are known and have not changed.
pub fn inspect_again(heap: &BoundaryTags, peek: Peek, look: Look, known: &mut Known) -> HeapLists {
    let mut memory = Pages::new(peek);
    let fields = heap.arena();
    let mut lists = HeapLists::default();
    let mut before = 0;
    let mut walk = Walk::default();
    let mut at = heap.root.unwrap_or(0);
    while at != 0 {
        if walk.step(at).is_err() {
            lists.broken = Some(format!("next of {before:#x} leads back to an arena seen before"));
            break;
        }
        let mut field = |field| read(&mut memory, at, field);
        let (Some(prev), Some(next), Some(pages), Some(size)) =
            (field(fields.prev), field(fields.next), field(fields.pages), field(fields.size))
        else {
            lists.broken = Some(format!("an arena at {at:#x} cannot be read"));
            break;
        };
        let first = at.wrapping_add(fields.bytes);
        let end = at.wrapping_add(size).wrapping_sub(TAG_BYTES);
        let (minors, broken) = known.list(at, (first, end), look).unwrap_or_else(|| {
            memory.forget_visited();
            let (minors, broken) = inspect_blocks(&mut memory, at, first, end);
            let list = (Arc::new(minors), broken);
            known.note(at, (first, end), memory.visited(), look, &list);
            list
        });
        let used = minors.iter().filter(|block| block.life == Life::Live);
        let usage = used.map(|block| u64::from(block.size) + TAG_BYTES).sum::<u64>();
        let usage = (usage + fields.bytes + TAG_BYTES) as u32;
        let (pages, size) = (pages as u32, size as u32);
        lists.majors.push(MajorBlock {
            address: at,
            prev,
            next,
            pages,
            size,
            usage,
            first,
            minors,
            broken,
        });
        before = at;
        at = next;
    }
    known.keep(&lists.majors);
    lists
}

/// The blocks of an arena.
fn inspect_blocks(
    memory: &mut Pages,
    owner: Address,
    first: Address,
    end: Address,
) -> (Vec<MinorBlock>, Option<String>) {
    /// More blocks than fit into 16 MiB.
    const MOST: usize = 1 << 19;
    let mut blocks: Vec<MinorBlock> = Vec::new();
    let mut at = first;
    while at < end {
        let (Some(tag), Some(asked)) = (read(memory, at, TAG), read(memory, at, ASKED)) else {
            return (blocks, Some(format!("the tag at {at:#x} cannot be read")));
        };
        let bytes = tag & !(ALIGNMENT - 1);
        let behind = at.wrapping_add(bytes);
        if bytes < LEAST || behind > end || behind < at || blocks.len() == MOST {
            return (blocks, Some(format!("the tag at {at:#x} is {tag:#x}, which is no block's")));
        }
        let footer = read(memory, behind.wrapping_sub(TAG_BYTES), TAG);
        let life = match (footer == Some(tag), tag & USED != 0) {
            (false, _) => Life::Damaged,
            (true, true) => Life::Live,
            (true, false) => Life::Free,
        };
        let prev = blocks.last().map_or(0, |block| block.address);
        blocks.push(MinorBlock {
            address: at,
            payload: at.wrapping_add(TAG_BYTES),
            prev,
            next: if behind < end { behind } else { 0 },
            owner,
            magic: tag as u32,
            size: (bytes - TAG_BYTES) as u32,
            req_size: asked as u32,
            life,
        });
        at = behind;
    }
    (blocks, None)
}

fn read(memory: &mut Pages, header: Address, field: Field) -> Option<u64> {
    let mut bytes = [0; 8];
    let value = &mut bytes[..field.width as usize];
    memory.read(header.wrapping_add(field.offset), value).then(|| u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Heap;
    use crate::liballoc::test_host::{ByteHost, TOP};

    /// The allocator on a byte array, and what it makes of the blocks of its first arena.
    struct Rig {
        heap: BoundaryTags,
        host: ByteHost,
    }

    impl Rig {
        fn new() -> Rig {
            Rig { heap: BoundaryTags::new(64), host: ByteHost::below(TOP) }
        }

        fn malloc(&mut self, size: u64) -> Address {
            self.heap.malloc(&mut self.host, size).unwrap()
        }

        fn free(&mut self, payload: Address) {
            self.heap.free(&mut self.host, payload).unwrap();
        }

        fn realloc(&mut self, payload: Address, size: u64) -> Address {
            self.heap.realloc(&mut self.host, payload, size).unwrap()
        }

        /// Whole bytes of each block, negative if it is free.
        fn blocks(&self) -> Vec<i64> {
            let heap = Heap::BoundaryTags(self.heap.clone());
            let lists = heap.inspect(&|address, bytes| self.host.peek(address, bytes));
            let sign = |life| if life == Life::Free { -1 } else { 1 };
            let minors = lists.majors.iter().flat_map(|major| major.minors.iter());
            minors.map(|it| sign(it.life) * (i64::from(it.size) + 8)).collect()
        }
    }

    #[test]
    fn tags_are_real_bytes_at_both_ends() {
        let mut rig = Rig::new();
        let a = rig.malloc(100);
        let arena = rig.heap.root.unwrap();
        assert_eq!((arena, a), (0x7fff_f7fe_f000, arena + 48));
        let mut bytes = [0; 8];
        for at in [a - 8, a + 112] {
            assert!(rig.host.peek(at, &mut bytes));
            assert_eq!(bytes, [0x81, 0, 0, 0, 100, 0, 0, 0], "{at:#x}");
        }
        assert_eq!(rig.blocks(), [128, -65_360]);
        rig.free(a);
        assert_eq!((rig.heap.root, rig.heap.allocated, rig.heap.in_use), (None, 0, 0));
    }

    #[test]
    fn a_freed_block_is_joined_with_both_neighbours() {
        let mut rig = Rig::new();
        let blocks = [100, 200, 300, 400].map(|size| rig.malloc(size));
        rig.free(blocks[0]);
        rig.free(blocks[2]);
        assert_eq!(rig.blocks(), [-128, 224, -320, 416, -64_400]);
        rig.free(blocks[1]);
        assert_eq!(rig.blocks(), [-672, 416, -64_400]);
        // The smallest rest that is a block: 32 bytes.
        assert_eq!(rig.malloc(624), blocks[0]);
        assert_eq!(rig.blocks(), [640, -32, 416, -64_400]);
        rig.free(blocks[0]);
        // First fit, and a rest that is too small to be a block stays in it.
        assert_eq!(rig.malloc(630), blocks[0]);
        assert_eq!(rig.blocks(), [672, 416, -64_400]);
        assert_eq!(rig.heap.in_use, 656 + 400);
    }

    #[test]
    fn realloc_stays_where_it_can() {
        let mut rig = Rig::new();
        let [a, b, _c] = [100, 200, 300].map(|size| rig.malloc(size));
        assert_eq!(rig.realloc(a, 20), a);
        assert_eq!(rig.blocks(), [48, -80, 224, 320, -64_816]);
        assert_eq!(rig.realloc(a, 112), a);
        assert_eq!(rig.blocks(), [128, 224, 320, -64_816]);
        rig.free(b);
        assert_eq!(rig.realloc(a, 310), a);
        assert_eq!(rig.blocks(), [352, 320, -64_816]);
        let moved = rig.realloc(a, 400);
        assert_ne!(moved, a);
        assert_eq!(rig.blocks(), [-352, 320, 416, -64_400]);
        assert_eq!(rig.heap.in_use, 304 + 400);
    }

    #[test]
    fn an_overrun_is_noticed_at_its_own_free() {
        let mut rig = Rig::new();
        let [a, b] = [16, 16].map(|size| rig.malloc(size));
        rig.host.store(a + 16, &[0xff]).unwrap();
        rig.free(b);
        rig.free(a);
        assert_eq!((rig.heap.errors, rig.heap.possible_overruns), (1, 1));
        rig.free(b);
        assert_eq!((rig.heap.errors, rig.heap.possible_overruns), (2, 1));
        rig.free(0);
        assert_eq!(rig.heap.warnings, 1);
    }

    #[test]
    fn what_cannot_be_had_is_null() {
        let mut rig = Rig::new();
        assert_eq!(rig.malloc(u64::MAX), 0);
        assert_eq!(rig.malloc(u64::MAX - 15), 0);
        assert_eq!(rig.heap.calloc(&mut rig.host, 1 << 33, 1 << 33), Ok(0));
        let a = rig.malloc(8);
        assert_eq!(rig.realloc(a, u64::MAX), 0);
        assert_eq!((rig.heap.warnings, rig.heap.errors), (4, 0));
        assert_eq!(rig.malloc(70_000), TOP - 18 * PAGE_SIZE - 16 * PAGE_SIZE + 48);
    }
}
