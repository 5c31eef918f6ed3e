//! Plain data for views and for JSON: what the playground looks like at one moment.
//!
//! Two shapes. [`State`] is the whole state as the trace language's contract has it, for
//! `replay --print state` and for scripts. The `…View` types answer what a view asks about the
//! part that it shows, so that a frame's cost depends on what is on screen only. Every derived
//! fact (is this page copy-on-write? what is this VMA called?) is a field here: a view decides
//! where and how, never what.

mod figures;
mod heap;
mod queries;

use crate::frame::{ZERO_FRAME, is_zero_frame};
pub use crate::liballoc::Life;
pub use figures::*;
pub use heap::*;
pub use queries::*;

use crate::abi::Prot;
use crate::address::{Address, PageRange};
use crate::heap::{Allocator, HeapSetting, HeapShape};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::sync::Arc;

/// The whole state as JSON has it: what `replay --print state` prints and scripts of a page get.
///
/// ```
/// use mmap_playground_core::machine::Machine;
/// use mmap_playground_core::session::Session;
/// use mmap_playground_core::state::State;
///
/// let mut session = Session::new(Machine::default());
/// session.run("p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(p)");
/// let json = serde_json::to_value(State::of(session.process())).unwrap();
/// assert_eq!(json["vmas"][0]["start"], "0x7ffff7ffd000");
/// assert_eq!(json["pages"][0]["frame"], 0); // the shared page of zeros
/// ```
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct State {
    /// Size of a page, in bytes.
    pub page_size: u64,
    /// The VMAs, in address order.
    pub vmas: Vec<VmaState>,
    /// The resident pages, in address order.
    pub pages: Vec<PageState>,
    /// Physical memory.
    pub frames: FramesState,
    /// The allocator; nothing before its first call.
    pub heap: Option<HeapState>,
}

/// A VMA in JSON.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct VmaState {
    /// First address.
    #[serde(serialize_with = "hex")]
    pub start: Address,
    /// First address behind it.
    #[serde(serialize_with = "hex")]
    pub end: Address,
    /// `rwx` letters, a dash where a right is missing.
    pub prot: &'static str,
    /// `private` or `shared`.
    pub sharing: &'static str,
    /// Offset into the file, in bytes; 0 without a file.
    pub offset: u64,
    /// Path of the file behind it.
    pub file: Option<String>,
    /// `[heap]`, `[stack]`, … as `/proc/PID/maps` names it.
    pub name: Option<String>,
    /// Not made by a call: implied by a later line of a log.
    pub inferred: bool,
}

/// A resident page in JSON.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct PageState {
    /// Its first address.
    #[serde(serialize_with = "hex")]
    pub address: Address,
    /// Number of its frame; 0 is the shared zero page, 1048576 and the 511 behind it the huge one.
    pub frame: u32,
    /// `rwx` letters of the PTE: what the processor would allow without a page fault.
    pub prot: &'static str,
    /// The PTE's accessed bit.
    pub accessed: bool,
    /// The PTE's dirty bit.
    pub dirty: bool,
    /// Private, and still sharing the frame of the file or of the zero page.
    pub copy_on_write: bool,
}

/// Physical memory in JSON.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct FramesState {
    /// How many frames there are.
    pub limit: u32,
    /// How many are in use, without the zero page.
    pub used: u32,
}

/// The allocator in JSON: its own counters, and its lists as read from simulated memory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HeapState {
    /// The allocator; left out of JSON where it is liballoc.
    #[serde(skip_serializing_if = "is_liballoc", serialize_with = "allocator_name")]
    pub allocator: Allocator,
    /// Bits of a pointer in its headers: 64, or 32; left out of JSON where they are 64.
    #[serde(rename = "layout", skip_serializing_if = "is_64")]
    pub bits: u32,
    /// How its headers look.
    #[serde(skip)]
    pub shape: HeapShape,
    /// Bytes got from the page hook.
    pub allocated: u64,
    /// Bytes in blocks, without their headers.
    pub in_use: u64,
    /// Warnings counted.
    pub warnings: u64,
    /// Errors counted.
    pub errors: u64,
    /// Errors that the allocator took for overruns.
    pub possible_overruns: u64,
    /// The major block with the most room, as far as the allocator knows.
    #[serde(serialize_with = "hex_or_null")]
    pub best_bet: Option<Address>,
    /// Major blocks in list order.
    pub majors: Vec<Arc<MajorState>>,
    /// Why the list of major blocks could not be read further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

impl HeapState {
    /// How many `next` pointers of the list of major blocks lead to a lower address; 0 where list
    /// order is address order.
    pub fn majors_against_order(&self) -> usize {
        against_order(self.majors.iter().map(|major| major.address))
    }

    /// How many `next` pointers of the lists of minor blocks lead to a lower address.
    pub fn blocks_against_order(&self) -> usize {
        self.majors.iter().map(|major| major.against_order).sum()
    }
}

/// How often a list goes down.
fn against_order(addresses: impl Iterator<Item = Address> + Clone) -> usize {
    addresses.clone().zip(addresses.skip(1)).filter(|(one, next)| next < one).count()
}

/// A major block, as its header says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MajorState {
    /// Address of its header.
    #[serde(serialize_with = "hex")]
    pub address: Address,
    /// Pages it spans.
    pub pages: u32,
    /// Bytes it spans.
    pub size: u32,
    /// Bytes used, headers included.
    pub usage: u32,
    /// The `prev` pointer; 0 is NULL.
    #[serde(skip)]
    pub prev: Address,
    /// The `next` pointer; 0 is NULL.
    #[serde(skip)]
    pub next: Address,
    /// Minor blocks in list order.
    pub minors: Vec<MinorState>,
    /// Why the list of minor blocks could not be read further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// The figures of it alone.
    #[serde(skip)]
    pub figures: Figures,
    /// How many `next` pointers of its list lead to a lower address.
    #[serde(skip)]
    pub against_order: usize,
}

impl MajorState {
    /// Says whether an address lies inside.
    pub fn holds(&self, address: Address) -> bool {
        address.wrapping_sub(self.address) < u64::from(self.size)
    }
}

/// A minor block, as its header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct MinorState {
    /// Address of its header.
    #[serde(serialize_with = "hex")]
    pub address: Address,
    /// What `malloc` returned.
    #[serde(serialize_with = "hex")]
    pub payload: Address,
    /// Bytes of the block behind the header.
    pub size: u32,
    /// Bytes asked for.
    pub req_size: u32,
    /// Magic number: 0xc001c0de live, 0xdeaddead freed, anything else damaged. The tag, where the
    /// allocator has boundary tags: bytes of the block, and 1 if it is in use.
    #[serde(serialize_with = "hex_u32")]
    pub magic: u32,
    /// What the header says of the block.
    #[serde(skip)]
    pub life: Life,
    /// The `prev` pointer; 0 is NULL.
    #[serde(skip)]
    pub prev: Address,
    /// The `next` pointer; 0 is NULL.
    #[serde(skip)]
    pub next: Address,
}

/// What backs a VMA: decides its mark and its colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum VmaKind {
    Anonymous,
    SharedAnonymous,
    PrivateFile,
    SharedFile,
    Heap,
    Stack,
    /// `[vdso]` and kin, which the kernel maps by itself.
    Kernel,
}

/// A VMA as a view shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct VmaView {
    /// Its pages.
    pub range: PageRange,
    /// Its protection.
    pub prot: Prot,
    /// Shared between processes and with its file (`s` in maps).
    pub shared: bool,
    /// What backs it.
    pub kind: VmaKind,
    /// Its name as the last column of maps has it; empty where that is empty.
    pub name: String,
    /// A short label for a lane: the file's last component, `[heap]`, or `anonymous`; of one that
    /// is inferred without a name, that it is not known what it maps.
    pub label: Cow<'static, str>,
    /// Offset into the file, in bytes.
    pub offset: u64,
    /// Writable and executable at once: a hazard.
    pub writable_and_executable: bool,
    /// Grows down at a fault below it.
    pub grows_down: bool,
    /// Counted against memory (writable private memory without `MAP_NORESERVE`).
    pub accounted: bool,
    /// Got a page of its own at some time, so that it merges only with its like.
    pub written: bool,
    /// Locked in memory.
    pub locked: bool,
    /// Implied by a later line of a log, not made by a call.
    pub inferred: bool,
    /// First address whose page lies wholly behind the end of the file, if that is inside.
    pub beyond_end_of_file: Option<Address>,
    /// Resident pages.
    pub resident_pages: u64,
}

/// A page of a mapped range as a view shows it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PageView {
    /// Its first address.
    pub address: Address,
    /// Its frame, if it is resident; 0 is the shared zero page.
    pub frame: Option<u32>,
    /// What its VMA allows.
    pub vma_prot: Prot,
    /// What its PTE allows; empty if it is not resident.
    pub pte_prot: Prot,
    /// The PTE's accessed bit.
    pub accessed: bool,
    /// The PTE's dirty bit.
    pub dirty: bool,
    /// Private, and still sharing the frame of the file or of the zero page.
    pub copy_on_write: bool,
    /// How many pages of the address space map the same frame (1 if none but this).
    pub frame_mappings: u32,
    /// It is part of a huge page, which one entry maps.
    pub huge: bool,
    /// The page lies wholly behind the end of its file: touching it is `SIGBUS`.
    pub beyond_end_of_file: bool,
}

impl PageView {
    /// Shows the shared zero page, or the huge one: resident without a frame of its own.
    pub fn shows_zero_page(&self) -> bool {
        self.frame.is_some_and(is_zero_frame)
    }

    /// In words: its frame, then what is special about it.
    pub fn words(&self) -> Vec<String> {
        let frame = match self.frame {
            Some(ZERO_FRAME) => "the zero page".to_owned(),
            Some(frame) if is_zero_frame(frame) => "the huge zero page".to_owned(),
            Some(frame) => format!("frame {frame}"),
            None => "not resident".to_owned(),
        };
        let mut words = vec![frame];
        let marks = [
            (self.huge, "in a huge page"),
            (self.accessed, "accessed"),
            (self.dirty, "dirty"),
            (self.copy_on_write, "copy-on-write"),
            (self.beyond_end_of_file, "behind the end of the file"),
        ];
        words.extend(marks.iter().filter(|(there, _)| *there).map(|(_, word)| (*word).to_owned()));
        if self.frame_mappings > 1 && !self.shows_zero_page() {
            words.push(format!("mapped by {} pages", self.frame_mappings));
        }
        words
    }
}

/// What a frame holds.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum FrameUse {
    Free,
    /// The one frame of zeros that all untouched private memory shows.
    ZeroPage,
    /// A page of its own of private memory.
    Anonymous,
    /// A page of a file (or of shared anonymous memory), cached.
    File {
        name: String,
        offset: u64,
    },
}

/// A frame as a view shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct FrameView {
    /// Its number.
    pub number: u32,
    /// What it holds.
    pub usage: FrameUse,
    /// The pages that map it, lowest first (at most [`FrameView::PAGES_SHOWN`] of them).
    pub pages: Vec<Address>,
    /// How many pages map it.
    pub mappings: u32,
    /// The VMA of the first of them.
    pub owner: Option<FrameOwner>,
}

/// The VMA that a frame is drawn for.
#[derive(Clone, PartialEq, Debug)]
pub struct FrameOwner {
    /// Its label, as [`VmaView::label`].
    pub label: Cow<'static, str>,
    /// Its protection.
    pub prot: Prot,
}

impl FrameView {
    /// How many pages of a frame a view lists.
    pub const PAGES_SHOWN: usize = 64;
}

/// One level of a page walk.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WalkLevel {
    /// `PGD`, `PUD`, `PMD` or `PTE`.
    pub name: &'static str,
    /// Which bits of the address are the index: highest and lowest.
    pub bits: (u32, u32),
    /// The index, 0 to 511.
    pub index: u16,
    /// The addresses that the entry translates: the first, and how many bytes.
    pub covers: (Address, u64),
    /// Says whether the walk gets here: every table above it exists.
    pub reached: bool,
    /// Says whether the entry is present; where not, the walk stops here.
    pub present: bool,
}

/// The page walk of an address.
#[derive(Clone, PartialEq, Debug)]
pub struct WalkView {
    /// The address.
    pub address: Address,
    /// All four levels, highest first.
    pub levels: [WalkLevel; 4],
    /// The entry that maps the address, where the walk gets there: of the last level, or of the one
    /// above for a huge page.
    pub entry: Option<EntryView>,
    /// Offset in the page, or in the huge page.
    pub offset: u64,
    /// The byte that the walk leads to, where it gets there and a load may read it.
    pub byte: Option<u8>,
    /// What a load, a store and a fetch at this address would do now, one sentence each.
    pub would: AccessForecast,
}

impl WalkView {
    /// The level at which the walk stops, if it does: the first whose entry is not present.
    pub fn stops_at(&self) -> Option<&WalkLevel> {
        self.levels.iter().find(|level| level.reached && !level.present)
    }
}

/// A page-table entry's bits.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub struct EntryView {
    pub frame: u32,
    pub present: bool,
    pub writable: bool,
    pub user: bool,
    pub accessed: bool,
    pub dirty: bool,
    pub no_execute: bool,
    /// It is of the third level, and maps 2 MiB.
    pub huge: bool,
    /// The protection key, 0 to 15.
    pub key: u8,
}

/// What the next access to an address would do.
#[derive(Clone, PartialEq, Debug)]
pub struct AccessForecast {
    /// A load.
    pub load: Forecast,
    /// A store.
    pub store: Forecast,
    /// An instruction fetch.
    pub fetch: Forecast,
}

/// What one access would do.
#[derive(Clone, PartialEq, Debug)]
pub struct Forecast {
    /// It succeeds (perhaps after a page fault that the kernel resolves).
    pub succeeds: bool,
    /// One sentence, or the signal and its rule.
    pub text: String,
}

/// Totals of one moment, cheap enough to ask at every step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Totals {
    /// Bytes mapped.
    pub mapped_bytes: u64,
    /// Number of VMAs.
    pub vma_count: u64,
    /// Resident pages.
    pub resident_pages: u64,
    /// Frames in use, without the zero page.
    pub frames_used: u32,
    /// Frames there are.
    pub frames_limit: u32,
    /// Page faults that the kernel resolved so far.
    pub page_faults: u64,
    /// Bytes that liballoc got from the page hook.
    pub heap_allocated: u64,
    /// Bytes in its blocks.
    pub heap_in_use: u64,
}

impl HeapState {
    /// What the program is linked with.
    pub const fn setting(&self) -> HeapSetting {
        HeapSetting { allocator: self.allocator, bits: self.bits }
    }
}

fn is_liballoc(allocator: &Allocator) -> bool {
    *allocator == Allocator::Liballoc
}

fn is_64(bits: &u32) -> bool {
    *bits == 64
}

fn allocator_name<S: Serializer>(allocator: &Allocator, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(allocator.name())
}

fn hex<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{address:#x}"))
}

fn hex_u32<S: Serializer>(number: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{number:#x}"))
}

fn hex_or_null<S: Serializer>(address: &Option<Address>, serializer: S) -> Result<S::Ok, S::Error> {
    match address {
        Some(address) => hex(address, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::PAGE_SIZE;
    use crate::machine::Machine;
    use crate::session::Session;

    fn after(text: &str) -> Session {
        let mut session = Session::new(Machine::default());
        session.run(text);
        session
    }

    #[test]
    fn a_walk_has_four_levels_and_says_which_it_reaches() {
        let map = "p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";
        let reached = |session: &Session, address| {
            walk(session.process(), address).levels.map(|level| (level.reached, level.present))
        };
        let session = after(map);
        let stops = (true, false);
        let unreached = (false, false);
        assert_eq!(reached(&session, 0x1000), [stops, unreached, unreached, unreached]);
        let session = after(&format!("{map}\nload(p)"));
        let page = vmas(session.process())[0].range.start();
        assert_eq!(reached(&session, page), [(true, true); 4]);
        assert_eq!(reached(&session, page + PAGE_SIZE)[3], stops);
        assert_eq!(walk(session.process(), u64::MAX).levels[0].index, 511);
    }

    #[test]
    fn a_walk_ends_at_the_third_level_in_a_huge_page() {
        let mut session = Session::new(Machine::default());
        session.run(
            "p = mmap(0x20000000, 0x400000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
             madvise(p, 0x400000, MADV_HUGEPAGE)\nstore(p + 0x1234, 0x41)\nload(p + 0x200000)",
        );
        let there = walk(session.process(), 0x2000_1234);
        let reached = there.levels.map(|level| (level.reached, level.present));
        assert_eq!(reached, [(true, true), (true, true), (true, true), (false, false)]);
        assert_eq!((there.offset, there.byte, there.stops_at()), (0x1234, Some(0x41), None));
        let entry = there.entry.unwrap();
        assert!(entry.huge && entry.writable && entry.frame == 512);
        let words = |address| page_words(&session, address);
        assert_eq!(words(0x2000_1000)[..2], ["frame 513", "in a huge page"]);
        assert_eq!(words(0x2020_0000)[..2], ["the huge zero page", "in a huge page"]);
    }

    fn page_words(session: &Session, address: Address) -> Vec<String> {
        let range = PageRange::spanning(address, 1).unwrap();
        pages(session.process(), range)[0].words()
    }

    #[test]
    fn a_walk_leads_to_a_byte_or_stops_at_an_entry() {
        let session = after(
            "p = mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
             store(p + 7, 0x41)",
        );
        let page = vmas(session.process())[0].range.start();
        let there = walk(session.process(), page + 7);
        assert_eq!((there.byte, there.stops_at()), (Some(0x41), None));
        assert_eq!(there.levels[3].covers, (page, PAGE_SIZE));
        assert_eq!(there.levels[0].covers, (page >> 39 << 39, 1 << 39));
        let next = walk(session.process(), page + PAGE_SIZE);
        assert_eq!((next.byte, next.stops_at().map(|level| level.name)), (None, Some("PTE")));
        let nowhere = walk(session.process(), 0x1000);
        assert_eq!(nowhere.stops_at().map(|level| level.name), Some("PGD"));
    }

    #[test]
    fn a_frame_names_its_owner() {
        let session = after(
            "p = mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(p, 1)",
        );
        let owner = frame(session.process(), 1).owner.unwrap();
        assert_eq!((&*owner.label, owner.prot), ("anonymous", Prot::RW));
        assert_eq!(frame(session.process(), 9).owner, None);
    }

    #[test]
    fn residency_is_a_share_of_each_part() {
        let session = after(
            "p = mmap(NULL, 8*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
             store(p, 1)\nstore(p + 4*PAGE_SIZE, 1)\nstore(p + 5*PAGE_SIZE, 1)",
        );
        let range = vmas(session.process())[0].range;
        let of = |parts| residency(session.process(), range, parts);
        assert_eq!(of(4), [0.5, 0.0, 1.0, 0.0]);
        assert_eq!(of(3), [0.5, 1.0 / 3.0, 1.0 / 3.0]);
        assert_eq!(of(100).len(), 8);
    }

    #[test]
    fn a_page_says_what_it_is() {
        let session = after(
            "p = mmap(NULL, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
             store(p, 1)\nload(p + PAGE_SIZE)",
        );
        let range = vmas(session.process())[0].range;
        let words: Vec<String> =
            pages(session.process(), range).iter().map(|page| page.words().join(", ")).collect();
        assert_eq!(
            words,
            ["frame 1, accessed, dirty", "the zero page, accessed, copy-on-write", "not resident"]
        );
    }
}
