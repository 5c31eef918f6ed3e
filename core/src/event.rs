//! What happened while a call ran, in order: plain data for the views.

use crate::abi::Prot;
use crate::address::{Address, Page, PageRange};
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
    /// A page fault made a page resident.
    PageFault { page: Page, kind: FaultKind },
    /// liballoc, a program in the process, made a system call.
    SystemCall { call: Call, returned: Returned },
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
    /// The `warnings` counter went up.
    Warning(HeapWarning),
    /// The `errors` counter went up: the magic number found instead of a live one.
    Error { header: Address, magic: u32, possible_overrun: bool },
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
}
