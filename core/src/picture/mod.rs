//! A moment of the process as a picture: an SVG that stands by itself, in print too.
//!
//! One document, one [`Panel`] below the other: the address space, the heap, the frames, the walk
//! of an address through the page tables. Everything that a reader must know to read a panel stands
//! in its last line. The page's export draws the address space alone; `replay` and books choose.

mod frames;
mod heap;
mod ink;
mod map;
mod walk;

use crate::address::{Address, PAGE_SIZE};
use crate::call::{Call, Outcome, Returned};
use crate::process::Process;
use crate::state;
use ink::{WIDTH, clean, hatch, short, text};
use svg::Document;
use svg::node::element::{Definitions, Rectangle, Text, Title};

/// Where the first panel begins.
const TOP: f64 = 66.0;

/// A part of a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Panel {
    /// The address space, a lane a VMA.
    Map,
    /// The allocator's blocks, a lane each, as their headers say.
    Heap,
    /// Physical memory, a cell a frame.
    Frames,
    /// The walk of the address that the last call was about through the page tables.
    Walk,
}

impl Panel {
    /// All of them, in the order in which they are best drawn.
    pub const ALL: [Panel; 4] = [Panel::Map, Panel::Heap, Panel::Frames, Panel::Walk];

    /// Its name in options and attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Panel::Map => "map",
            Panel::Heap => "heap",
            Panel::Frames => "frames",
            Panel::Walk => "walk",
        }
    }

    /// The panel of a name.
    ///
    /// # Errors
    ///
    /// If no panel has this name; the text lists those that there are.
    pub fn parse(name: &str) -> Result<Panel, String> {
        let named = Panel::ALL.into_iter().find(|panel| panel.name() == name.trim());
        named.ok_or_else(|| {
            let names = Panel::ALL.map(Panel::name).join(", ");
            format!("there is no panel {:?}; the panels are {names}", name.trim())
        })
    }
}

/// The address that a call was about: where its signal came from, what it returned, or its
/// argument. Nothing for a call that has to do with no address.
pub fn subject(call: &Call, outcome: &Outcome) -> Option<Address> {
    match (call, &outcome.returned) {
        (_, Returned::Signal(signal)) => Some(signal.address),
        (
            Call::Mmap { .. }
            | Call::Mremap { .. }
            | Call::Malloc { .. }
            | Call::Calloc { .. }
            | Call::Realloc { .. },
            Returned::Value(address),
        ) => Some(*address),
        (
            Call::Mmap { addr, .. }
            | Call::Munmap { addr, .. }
            | Call::Mprotect { addr, .. }
            | Call::Madvise { addr, .. }
            | Call::Msync { addr, .. }
            | Call::Load { addr, .. }
            | Call::Store { addr, .. }
            | Call::Fetch { addr }
            | Call::Memset { addr, .. }
            | Call::Memcpy { dst: addr, .. }
            | Call::Mremap { old_address: addr, .. }
            | Call::Free { ptr: addr },
            _,
        ) => Some(*addr),
        _ => None,
    }
}

/// Draws the address space of a process, with a caption above (the call that led here, say).
pub fn svg(process: &Process, caption: &str) -> String {
    svg_of(process, caption, &[Panel::Map], None)
}

/// Draws panels of a process, one below the other, with a caption above. `subject` is the address
/// that [`Panel::Walk`] follows.
pub fn svg_of(
    process: &Process,
    caption: &str,
    panels: &[Panel],
    subject: Option<Address>,
) -> String {
    let mut y = TOP;
    let mut groups = Vec::new();
    for panel in panels {
        let (group, end) = match panel {
            Panel::Map => map::draw(process, y),
            Panel::Heap => heap::draw(process, y),
            Panel::Frames => frames::draw(process, y),
            Panel::Walk => walk::draw(process, subject, y),
        };
        groups.push(group);
        y = end;
    }
    let height = y;
    let document = Document::new()
        .set("viewBox", format!("0 0 {WIDTH} {height}"))
        .set("width", WIDTH)
        .set("height", height)
        .set("role", "img")
        .add(Title::new(clean(&format!("Address space. {caption}"))))
        .add(Definitions::new().add(hatch()))
        .add(Rectangle::new().set("width", WIDTH).set("height", height).set("fill", "#ffffff"))
        .add(heading(process))
        .add(text(16.0, 46.0, caption, "as-caption"));
    let document = groups.into_iter().fold(document, Document::add);
    format!("{document}\n")
}

fn heading(process: &Process) -> Text {
    let totals = state::totals(process);
    let resident = totals.resident_pages.saturating_mul(PAGE_SIZE);
    let words = format!(
        "Address space: {} VMAs, {} mapped, {} resident",
        totals.vma_count,
        short(totals.mapped_bytes),
        short(resident)
    );
    text(16.0, 26.0, &words, "as-title")
}
