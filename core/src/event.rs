//! What happened while a call ran, in order: plain data for the views, and its sentence.

use crate::abi::Prot;
use crate::address::{Address, Page, PageRange, size_text};
use crate::call::{Call, Returned};

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Event {
    /// Pages became mapped.
    Mapped { range: PageRange },
    /// Pages were unmapped.
    Unmapped { range: PageRange },
    /// A protection changed.
    Protected { range: PageRange, before: Prot, after: Prot },
    /// Pages moved, with their frames.
    Moved { from: PageRange, to: Address },
    /// One VMA became two at this address.
    Split { at: Address },
    /// Two VMAs became one at this address.
    Merged { at: Address },
    /// The break moved.
    BreakMoved { before: Address, after: Address },
    /// A mapping that grows down grew to this start.
    Grew { from: Address, to: Address },
    /// The one entry of a huge page became a table of 512.
    HugeSplit { range: PageRange },
    /// Pages got a protection key, or the default one (0) back.
    KeyGiven { range: PageRange, key: u8 },
    /// Pages were gathered into a huge page (`MADV_COLLAPSE`).
    Collapsed { range: PageRange },
    /// A page fault made a page resident.
    PageFault { page: Page, kind: FaultKind },
    /// liballoc, a program in the process, made a system call.
    SystemCall { call: Box<Call>, returned: Box<Returned> },
    /// liballoc decided something.
    Heap(HeapEvent),
}

/// How a page fault was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// A read of untouched private memory: the shared zero page.
    ZeroPage,
    /// A first write to untouched private memory: a frame of zeros of its own.
    NewFrame,
    /// The file's own frame was mapped.
    FilePage,
    /// The page was copied, for it was the file's or the zero page.
    CopyOnWrite,
    /// A read of untouched memory that may have huge pages: the huge zero page, 512 pages at once.
    HugeZeroPage,
    /// A write to such memory: 512 new frames at once.
    HugePage,
    /// The frame was there; only the right to write was missing from the PTE.
    MadeWritable,
}

/// What liballoc looked at and did.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum HeapEvent {
    /// The search visits a major block: its free bytes against those needed.
    VisitMajor { major: Address, room: u64, need: u64 },
    /// The best bet moved.
    BestBet { before: Option<Address>, after: Option<Address> },
    /// The search starts again at the first major block.
    Restart,
    /// A place was found.
    Placed { major: Address, header: Address, case: PlaceCase },
    /// Pages were asked for: the new major block, or nothing when refused.
    PagesAsked { page_count: u32, major: Option<Address> },
    /// Pages were given back; the hook's result.
    PagesReturned { major: Address, page_count: u32, result: i32 },
    /// A block was unlinked from its major block.
    Unlinked { header: Address },
    /// Boundary tags: a free block and its free neighbours became one.
    Coalesced { header: Address, bytes: u64 },
    /// The `warnings` counter went up.
    Warning(HeapWarning),
    /// The `errors` counter went up: the magic number found instead of a live one.
    Error { header: Address, magic: u32, possible_overrun: bool },
    /// Boundary tags: the `errors` counter went up.
    BadTags { header: Address, tag: u32, footer_differs: bool },
    /// A walk through lists was given up after this many steps: the list runs in a circle.
    GaveUp { steps: u64 },
}

/// Which of liballoc's cases placed a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlaceCase {
    /// The major block was empty or new.
    EmptyMajor,
    /// Before its first minor block.
    Front,
    /// Between two minor blocks.
    Between,
    /// Behind its last minor block.
    End,
    /// Boundary tags: in a free block that was cut in two.
    Split,
    /// Boundary tags: in a free block, all of it.
    Whole,
}

/// Why liballoc counted a warning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeapWarning {
    /// `free(NULL)`.
    FreeNull,
    /// The page hook gave nothing.
    PagesRefused,
    /// The padded size was exactly 0.
    SizeZero,
    /// Boundary tags: no block can be so large.
    TooLarge,
}

impl Event {
    /// Says it in a sentence without a full stop. The call of an [`Event::SystemCall`] is for the
    /// printer of traces.
    pub fn sentence(&self) -> String {
        match self {
            Event::Mapped { range } => format!("mapped {}", range_text(*range)),
            Event::Unmapped { range } => format!("unmapped {}", range_text(*range)),
            Event::Protected { range, before, after } => {
                format!("{}: {before} became {after}", range_text(*range))
            }
            Event::Moved { from, to } => format!("moved {} to {to:#x}", range_text(*from)),
            Event::Split { at } => format!("one VMA became two at {at:#x}"),
            Event::Merged { at } => format!("two VMAs became one at {at:#x}"),
            Event::BreakMoved { before, after } => {
                format!("the break moved from {before:#x} to {after:#x}")
            }
            Event::Grew { from, to } => format!("the mapping at {from:#x} grew down to {to:#x}"),
            Event::HugeSplit { range } => {
                format!("the huge page at {:#x} is mapped by 512 entries now", range.start())
            }
            Event::KeyGiven { range, key: 0 } => {
                format!("{} got the default protection key back", range_text(*range))
            }
            Event::KeyGiven { range, key } => format!(
                "{} got protection key {key}: it can be executed, and not read",
                range_text(*range)
            ),
            Event::Collapsed { range } => {
                format!("{} became one huge page", range_text(*range))
            }
            Event::PageFault { page, kind } => {
                format!("page fault at {:#x}: {}", page.start(), kind.phrase())
            }
            Event::SystemCall { .. } => "liballoc made a system call".to_owned(),
            Event::Heap(heap) => heap.sentence(),
        }
    }
}

fn range_text(range: PageRange) -> String {
    let pages = range.page_count();
    let plural = if pages == 1 { "" } else { "s" };
    format!("{range}, {pages} page{plural}, {}", size_text(range.size_bytes()))
}

impl FaultKind {
    /// What the kernel does about it, in a few words.
    pub const fn phrase(self) -> &'static str {
        match self {
            FaultKind::ZeroPage => "maps the shared zero page",
            FaultKind::NewFrame => "takes a new frame of zeros",
            FaultKind::HugeZeroPage => "maps the huge zero page: 512 pages at once",
            FaultKind::HugePage => "takes 512 new frames of zeros: a huge page",
            FaultKind::FilePage => "maps the file's page",
            FaultKind::CopyOnWrite => "copies the page to a frame of its own",
            FaultKind::MadeWritable => "the entry gets the right that the VMA has",
        }
    }
}

impl HeapEvent {
    /// Says it in a sentence without a full stop.
    pub fn sentence(&self) -> String {
        match self {
            HeapEvent::VisitMajor { major, room, need } => {
                format!("looks at the major block {major:#x}: {room} bytes free, {need} needed")
            }
            HeapEvent::BestBet { after: Some(after), .. } => {
                format!("the best bet is now {after:#x}")
            }
            HeapEvent::BestBet { after: None, .. } => "there is no best bet any more".to_owned(),
            HeapEvent::Restart => "starts again at the first major block".to_owned(),
            HeapEvent::Placed { header, case, .. } => {
                let place = match case {
                    PlaceCase::EmptyMajor => "at the start of an empty major block",
                    PlaceCase::Front => "in front of the first block",
                    PlaceCase::Between => "in a hole between two blocks",
                    PlaceCase::End => "behind the last block",
                    PlaceCase::Split => "at the start of a free block; the rest stays free",
                    PlaceCase::Whole => "in a whole free block",
                };
                format!("places the block at {header:#x}, {place}")
            }
            HeapEvent::PagesAsked { page_count, major: Some(major) } => {
                format!("asked for {page_count} pages and got {major:#x}")
            }
            HeapEvent::PagesAsked { page_count, major: None } => {
                format!("asked for {page_count} pages and got none")
            }
            HeapEvent::PagesReturned { major, page_count, result } => {
                format!("gave {page_count} pages back at {major:#x}: {result}")
            }
            HeapEvent::Unlinked { header } => format!("unlinks the block at {header:#x}"),
            HeapEvent::Coalesced { header, bytes } => {
                format!("joins free neighbours to one block of {bytes} bytes at {header:#x}")
            }
            HeapEvent::Warning(warning) => {
                let why = match warning {
                    HeapWarning::FreeNull => "free(NULL)",
                    HeapWarning::PagesRefused => "no pages",
                    HeapWarning::SizeZero => "the padded size is 0",
                    HeapWarning::TooLarge => "no block can be so large",
                };
                format!("counts a warning: {why}")
            }
            HeapEvent::Error { header, magic, possible_overrun } => {
                let guess = if *possible_overrun { ", a possible overrun" } else { "" };
                format!("counts an error{guess}: the header at {header:#x} has magic {magic:#010x}")
            }
            HeapEvent::BadTags { header, tag, footer_differs } => {
                let guess = if *footer_differs { ", and the footer differs" } else { "" };
                format!("counts an error: the tag at {header:#x} is {tag:#x}{guess}")
            }
            HeapEvent::GaveUp { steps } => format!("gave up after {steps} steps through a list"),
        }
    }

    /// Address of the header of the minor block that it is about, if it is about one.
    pub const fn block(&self) -> Option<Address> {
        match self {
            HeapEvent::Placed { header, .. }
            | HeapEvent::Unlinked { header }
            | HeapEvent::Coalesced { header, .. }
            | HeapEvent::BadTags { header, .. }
            | HeapEvent::Error { header, .. } => Some(*header),
            HeapEvent::VisitMajor { .. }
            | HeapEvent::BestBet { .. }
            | HeapEvent::Restart
            | HeapEvent::PagesAsked { .. }
            | HeapEvent::PagesReturned { .. }
            | HeapEvent::Warning(_)
            | HeapEvent::GaveUp { .. } => None,
        }
    }
    /// Address of the header that it is about, of a minor or of a major block.
    pub const fn place(&self) -> Option<Address> {
        match self {
            HeapEvent::VisitMajor { major, .. } | HeapEvent::PagesReturned { major, .. } => {
                Some(*major)
            }
            HeapEvent::BestBet { after, .. } => *after,
            HeapEvent::PagesAsked { major, .. } => *major,
            _ => self.block(),
        }
    }
}
