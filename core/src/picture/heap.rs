//! The panel of the heap: a heading a major block, and below it a lane for each piece of it, in
//! address order: headers, blocks, holes.
//!
//! Everything is read from simulated memory. Where a list cannot be read to its end, the panel says
//! why and draws what comes before.

use super::ink::{BAR, LANE, short, shortened, tenths, text};
use crate::address::Address;
use crate::process::Process;
use crate::state::{self, HeapState, Life, MajorState};
use svg::node::element::{Group, Rectangle};

/// Lanes that are drawn; the rest is counted.
const MOST: usize = 300;

/// A stretch of a major block.
struct Piece {
    start: Address,
    end: Address,
    words: String,
    class: &'static str,
}

/// Draws the heap from `top` down; gives where it ends.
pub(super) fn draw(process: &Process, top: f64) -> (Group, f64) {
    let mut y = top;
    let Some(heap) = state::heap(process) else {
        let group = Group::new().add(text(16.0, y + 14.0, "Heap: nothing yet", "as-muted"));
        return (group, y + 30.0);
    };
    let words = format!(
        "Heap: {} from the system, {} in blocks",
        short(heap.allocated),
        short(heap.in_use)
    );
    let mut group = Group::new().add(text(16.0, y + 14.0, &words, "as-title"));
    y += LANE;
    let mut left = MOST;
    for major in &heap.majors {
        (group, y) = one_major(group, y, &heap, major, &mut left);
    }
    if let Some(broken) = &heap.broken {
        group = group.add(text(16.0, y + 14.0, broken, "as-broken"));
        y += LANE;
    }
    let legend = "filled: live blocks · grey: headers · outlined: holes · hatched: damaged · bars: logarithm of the size";
    group = group.add(text(16.0, y + 16.0, legend, "as-muted"));
    (group, y + 34.0)
}

fn one_major(
    mut group: Group,
    mut y: f64,
    heap: &HeapState,
    major: &MajorState,
    left: &mut usize,
) -> (Group, f64) {
    let best = if heap.best_bet == Some(major.address) { ", the best bet" } else { "" };
    let words = format!(
        "{:#x}: {} pages, {} of {} bytes used{best}",
        major.address, major.pages, major.usage, major.size
    );
    group = group.add(text(16.0, y + 16.0, &words, "as-major"));
    y += LANE;
    let pieces = pieces(heap, major);
    let shown = pieces.len().min(*left);
    *left -= shown;
    for piece in &pieces[..shown] {
        group = group.add(lane(piece, y));
        y += LANE;
    }
    if shown < pieces.len() {
        let more = format!("and {} more", pieces.len() - shown);
        group = group.add(text(16.0, y + 16.0, &more, "as-muted"));
        y += LANE;
    }
    if let Some(broken) = &major.broken {
        group = group.add(text(16.0, y + 16.0, broken, "as-broken"));
        y += LANE;
    }
    (group, y)
}

/// The stretches of a major block in address order, as its headers tell. Damaged headers can say
/// anything: what would lie outside, or before what is drawn already, is left out.
fn pieces(heap: &HeapState, major: &MajorState) -> Vec<Piece> {
    let end = major.address.saturating_add(u64::from(major.size));
    let mut minors: Vec<_> = major.minors.iter().collect();
    minors.sort_by_key(|minor| minor.address);
    let mut pieces = Vec::new();
    let mut at = major.address;
    let mut push = |to: Address, words: String, class| {
        let to = to.min(end);
        if to > at {
            pieces.push(Piece { start: at, end: to, words, class });
            at = to;
        }
    };
    push(major.address.saturating_add(heap.shape.major_bytes), "major header".to_owned(), "header");
    for minor in minors {
        push(minor.address, "hole".to_owned(), "hole");
        let header_end = minor.address.saturating_add(heap.shape.minor_bytes);
        push(header_end, format!("minor header, {}", minor.life.word()), "header");
        let class = match minor.life {
            Life::Live => "live",
            Life::Dead | Life::Free => "hole",
            Life::Damaged => "damaged",
        };
        let words = format!("{} bytes at {:#x}", minor.req_size, minor.payload);
        push(header_end.saturating_add(u64::from(minor.size)), words, class);
    }
    push(end, "hole".to_owned(), "hole");
    pieces
}

fn lane(piece: &Piece, y: f64) -> Group {
    let baseline = y + LANE / 2.0 + 4.0;
    let bytes = piece.end - piece.start;
    let width = (BAR.1 * ((bytes as f64).log2() + 1.0) / 33.0).clamp(4.0, BAR.1);
    let (fill, stroke) = match piece.class {
        "header" => ("#6a7078", "#6a7078"),
        "live" => ("#16744f", "#16744f"),
        "damaged" => ("url(#as-hazard)", "#b02347"),
        _ => ("none", "#6a7078"),
    };
    let bar = Rectangle::new()
        .set("x", BAR.0)
        .set("y", y + 4.0)
        .set("width", tenths(width))
        .set("height", LANE - 8.0)
        .set("fill", fill)
        .set("stroke", stroke);
    let range = format!("{:012x}–{:012x}", piece.start, piece.end);
    Group::new()
        .set("class", "as-piece")
        .add(text(16.0, baseline, &range, "as-range"))
        .add(bar)
        .add(text(BAR.0 + BAR.1 + 76.0, baseline, &short(bytes), "as-end"))
        .add(text(BAR.0 + BAR.1 + 88.0, baseline, &shortened(&piece.words, 28), "as-piece-name"))
}
