//! What the map shows from far: lanes of VMAs, and the whole side by side, ready to paint.

use crate::grid::change::Changes;
use crate::grid::lanes::{Entry, Lane, Lanes, share_of};
use crate::grid::plan::Room;
use crate::grid::scene::{Marks, View, vma_marks};
use crate::grid::strip::{Item, What};
use crate::text;
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PageRange};
use mmap_playground_core::state::VmaView;

/// Parts of a bar whose residency is drawn.
const PARTS: u64 = 48;
/// Narrowest hole whose size is written along it, in CSS pixels.
const WORDY_HOLE: f64 = 13.0;

/// A VMA as a bar: in a lane, or a block of the whole.
#[derive(Clone, PartialEq, Debug)]
pub struct Bar {
    /// Left edge, top edge, width and height, in CSS pixels.
    pub place: (f64, f64, f64, f64),
    /// Its addresses.
    pub range: PageRange,
    /// The protection.
    pub prot: Prot,
    /// What it is called; how many VMAs it stands for, if several.
    pub label: String,
    /// Its size.
    pub size: String,
    /// The share of each part that is resident, 0 to 1.
    pub residency: Vec<f64>,
    /// Its marks.
    pub marks: Marks,
    /// Where the last call split and merged it: left edges.
    pub seams: Vec<(f64, Marks)>,
    /// Where the cursor is, and the place that the last failure is about: left edges.
    pub here: Option<f64>,
    /// See `here`.
    pub why: Option<f64>,
    /// Pointed at.
    pub lit: bool,
    /// Selected.
    pub selected: bool,
}

/// A hole.
#[derive(Clone, PartialEq, Debug)]
pub struct Hole {
    /// Left edge, top edge, width and height, in CSS pixels.
    pub place: (f64, f64, f64, f64),
    /// What it says, where there is room.
    pub text: String,
    /// Pointed at, selected, or what the last failure is about.
    pub lit: bool,
    /// The last call unmapped something there.
    pub gone: bool,
}

/// All that is on screen.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FarScene {
    /// VMAs.
    pub bars: Vec<Bar>,
    /// Holes.
    pub holes: Vec<Hole>,
    /// Every mark that is on screen.
    pub marks: Marks,
    /// Every protection that is on screen, in order.
    pub prots: Vec<Prot>,
}

impl FarScene {
    fn close(mut self) -> FarScene {
        for bar in &self.bars {
            self.marks |= bar.marks;
            self.prots.push(bar.prot);
        }
        for hole in &self.holes {
            self.marks.set(Marks::GONE, self.marks.contains(Marks::GONE) || hole.gone);
        }
        self.prots.sort_unstable();
        self.prots.dedup();
        self
    }
}

/// The lanes in view. `residency` gives the resident share of each part of a range.
pub fn lanes(
    view: &View<'_>,
    lanes: &Lanes,
    room: &Room,
    residency: &dyn Fn(PageRange, u64) -> Vec<f64>,
) -> FarScene {
    let mut scene = FarScene::default();
    for lane in lanes.between(view.top, view.top + room.height) {
        let y = (lane.top - view.top).round();
        match lane.entry {
            Entry::Hole => scene.holes.push(hole_of(view, lane, room, y)),
            Entry::Vma(index) => {
                let Some(vma) = view.vmas.get(index) else { continue };
                let (left, width) = room.bar(lane.share);
                let place = (left, y + 3.0, width, lane.height - 6.0);
                scene.bars.push(bar(view, vma, place, residency));
            }
        }
    }
    scene.close()
}

fn hole_of(view: &View<'_>, lane: &Lane, room: &Room, y: f64) -> Hole {
    Hole {
        place: (0.0, y, room.width, lane.height),
        text: format!("{} free", text::short_size(lane.range.size_bytes())),
        lit: lights(view, lane.range),
        gone: overlaps(&view.changes.gone, lane.range),
    }
}

/// The whole, side by side.
pub fn whole(
    view: &View<'_>,
    items: &[Item],
    room: &Room,
    residency: &dyn Fn(PageRange, u64) -> Vec<f64>,
) -> FarScene {
    let mut scene = FarScene::default();
    for item in items {
        let left = (item.left * room.width).round();
        let right = ((item.left + item.width) * room.width).round();
        let place = (left, 0.0, (right - left).max(1.0), room.height);
        match item.what {
            What::Hole => {
                let size = text::short_size(item.range.size_bytes());
                let wordy = place.2 >= WORDY_HOLE;
                scene.holes.push(Hole {
                    place,
                    text: if wordy { format!("{size} free") } else { String::new() },
                    lit: lights(view, item.range),
                    gone: overlaps(&view.changes.gone, item.range),
                });
            }
            What::Vmas(first, count) => {
                let Some(chunk) = view.vmas.get(first..first + count) else { continue };
                let Some(vma) = chunk.first() else { continue };
                let mut one = bar(view, vma, place, residency);
                if count > 1 {
                    together(view, &mut one, chunk, item.range);
                }
                scene.bars.push(one);
            }
        }
    }
    scene.close()
}

/// Makes the bar of the first of several VMAs the bar of them all.
fn together(view: &View<'_>, bar: &mut Bar, chunk: &[VmaView], range: PageRange) {
    bar.range = range;
    bar.label = format!("{} VMAs", text::grouped(chunk.len() as u64));
    bar.size = text::short_size(chunk.iter().map(|vma| vma.range.size_bytes()).sum());
    bar.marks = chunk.iter().fold(Marks::empty(), |marks, vma| marks | vma_marks(vma));
    bar.marks.set(Marks::CHANGED, overlaps(&view.changes.changed, range));
    let pages: u64 = chunk.iter().map(|vma| vma.range.page_count()).sum();
    let resident: u64 = chunk.iter().map(|vma| vma.resident_pages).sum();
    bar.residency = vec![resident as f64 / pages.max(1) as f64];
    bar.marks.set(Marks::RESIDENT, resident > 0);
    bar.marks.set(Marks::ABSENT, resident < pages);
    bar.lit = lights(view, range);
    bar.seams = Vec::new();
    let middle = bar.place.0 + bar.place.2 / 2.0;
    let inside = |address: &Address| range.contains(*address);
    bar.here = view.cursor.filter(inside).map(|_| middle);
    bar.why = view.why.filter(inside).map(|_| middle);
}

fn bar(
    view: &View<'_>,
    vma: &VmaView,
    place: (f64, f64, f64, f64),
    residency: &dyn Fn(PageRange, u64) -> Vec<f64>,
) -> Bar {
    let range = vma.range;
    let pages = range.page_count();
    let mut marks = vma_marks(vma);
    marks.set(Marks::RESIDENT, vma.resident_pages > 0);
    marks.set(Marks::ABSENT, vma.resident_pages < pages);
    marks.set(Marks::CHANGED, overlaps(&view.changes.changed, range));
    let (seams, seam_marks) = seams(view.changes, range, place);
    marks |= seam_marks;
    let x = |address: Address| place.0 + place.2 * share_of(range, address);
    let why = view.why.filter(|address| range.contains(*address)).map(x);
    marks.set(Marks::WHY, why.is_some());
    Bar {
        place,
        range,
        prot: vma.prot,
        label: vma.label.to_string(),
        size: text::short_size(range.size_bytes()),
        residency: residency(range, PARTS.min((place.2 / 3.0).max(1.0) as u64)),
        marks,
        seams,
        here: view.cursor.filter(|address| range.contains(*address)).map(x),
        why,
        lit: lights(view, range),
        selected: view.selection.is_some_and(|selection| selection.intersection(range).is_some()),
    }
}

/// The places on a bar where the last call split and merged VMAs.
fn seams(
    changes: &Changes,
    range: PageRange,
    (left, _, width, _): (f64, f64, f64, f64),
) -> (Vec<(f64, Marks)>, Marks) {
    let mut seams = Vec::new();
    let mut all = Marks::empty();
    for (places, mark) in [(&changes.splits, Marks::SPLIT), (&changes.merges, Marks::MERGED)] {
        let first = places.partition_point(|place| *place < range.start());
        for place in places[first..].iter().take_while(|place| **place < range.end()) {
            let share = (place - range.start()) as f64 / range.size_bytes() as f64;
            seams.push((left + width * share, mark));
            all |= mark;
        }
    }
    (seams, all)
}

fn lights(view: &View<'_>, range: PageRange) -> bool {
    view.lit.overlaps(range.start(), range.size_bytes())
}

/// Says whether a range shares a page with one of ranges in order that do not touch.
pub fn overlaps(ranges: &[PageRange], range: PageRange) -> bool {
    let index = ranges.partition_point(|it| it.end() <= range.start());
    ranges.get(index).is_some_and(|it| it.start() < range.end())
}
