//! What happened, in words: a sentence for each event, for the inspector.

use crate::text;
use mmap_playground_core::event::{Event, FaultKind, HeapEvent, HeapWarning, PlaceCase};

/// One event as a sentence without a full stop.
pub fn event(event: &Event) -> String {
    match event {
        Event::Mapped { range } => format!("mapped {}", text::range(*range)),
        Event::Unmapped { range } => format!("unmapped {}", text::range(*range)),
        Event::Protected { range, before, after } => {
            format!("{}: {before} became {after}", text::range(*range))
        }
        Event::Moved { from, to } => format!("moved {} to {to:#x}", text::range(*from)),
        Event::Split { at } => format!("one VMA became two at {at:#x}"),
        Event::Merged { at } => format!("two VMAs became one at {at:#x}"),
        Event::BreakMoved { before, after } => {
            format!("the break moved from {before:#x} to {after:#x}")
        }
        Event::Grew { from, to } => format!("the mapping at {from:#x} grew down to {to:#x}"),
        Event::PageFault { page, kind } => {
            format!("page fault at {:#x}: {}", page.start(), fault(*kind))
        }
        Event::SystemCall { .. } => "liballoc made a system call".to_owned(),
        Event::Heap(heap) => heap_event(heap),
    }
}

fn fault(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::ZeroPage => "a read, so the shared zero page is mapped",
        FaultKind::NewFrame => "a first write, so a fresh frame of zeros is mapped",
        FaultKind::FilePage => "the file's own frame is mapped",
        FaultKind::CopyOnWrite => "a write to a shared frame, so it is copied",
        FaultKind::MadeWritable => "the frame is there; its entry is made writable",
    }
}

fn heap_event(event: &HeapEvent) -> String {
    match event {
        HeapEvent::VisitMajor { major, room, need } => {
            format!("looks at the major block {major:#x}: {room} bytes free, {need} needed")
        }
        HeapEvent::BestBet { after: Some(after), .. } => format!("the best bet is now {after:#x}"),
        HeapEvent::BestBet { after: None, .. } => "there is no best bet any more".to_owned(),
        HeapEvent::Restart => "starts again at the first major block".to_owned(),
        HeapEvent::Placed { header, case, .. } => {
            let place = match case {
                PlaceCase::EmptyMajor => "at the start of an empty major block",
                PlaceCase::Front => "in front of the first block",
                PlaceCase::Between => "in a hole between two blocks",
                PlaceCase::End => "behind the last block",
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
        HeapEvent::Warning(warning) => {
            let why = match warning {
                HeapWarning::FreeNull => "free(NULL)",
                HeapWarning::PagesRefused => "no pages",
                HeapWarning::SizeZero => "the padded size is 0",
            };
            format!("counts a warning: {why}")
        }
        HeapEvent::Error { header, magic, possible_overrun } => {
            let guess = if *possible_overrun { ", a possible overrun" } else { "" };
            format!("counts an error{guess}: the header at {header:#x} has magic {magic:#010x}")
        }
        HeapEvent::GaveUp { steps } => format!("gave up after {steps} steps through a list"),
    }
}
