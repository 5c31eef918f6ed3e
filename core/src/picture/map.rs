//! The panel of the address space: a lane a VMA, low addresses on top.
//!
//! Holes are folded to a dashed line with their size. A lane's bar grows with the logarithm of the
//! VMA's size, as the picture says, and is cut into cells: a page each, or an equal part of the VMA
//! where that has more pages than cells. What is filled is resident. Protection is a colour and its
//! letters, so that it survives a printer without colours; writable and executable is hatched too.

use super::ink::{BAR, LANE, color, short, shortened, tenths, text};
use crate::address::{PageRange, USER_END};
use crate::process::Process;
use crate::state::{self, PageView, VmaView};
use svg::node::element::{Group, Line, Path, Rectangle};

/// Height of a folded hole.
const FOLD: f64 = 18.0;
/// Cells of a bar at most.
const CELLS: u64 = 64;
/// VMAs that are drawn; the rest is counted.
const MOST: usize = 500;

/// Draws the address space from `top` down; gives where it ends.
pub(super) fn draw(process: &Process, top: f64) -> (Group, f64) {
    let vmas = state::vmas(process);
    let shown = vmas.get(..MOST).unwrap_or(&vmas);
    let largest = shown.iter().map(|vma| vma.range.page_count()).max().unwrap_or(1);
    let mut group = Group::new();
    let mut y = top;
    let mut behind = 0;
    for vma in shown {
        // Behind user space there are no addresses that could be free.
        if let Some(hole) = PageRange::new(behind, vma.range.start().min(USER_END)) {
            group = fold(group, y, hole);
            y += FOLD;
        }
        group = group.add(lane(process, vma, y, largest));
        y += LANE;
        behind = vma.range.end();
    }
    if shown.len() < vmas.len() {
        let more = format!("and {} more VMAs above", vmas.len() - shown.len());
        group = group.add(text(16.0, y + 13.0, &more, "as-muted"));
        y += FOLD;
    } else if let Some(hole) = PageRange::new(behind, USER_END) {
        group = fold(group, y, hole);
        y += FOLD;
    }
    group = legend(group, y + 22.0, shown);
    (group, y + 40.0)
}

fn fold(group: Group, y: f64, hole: PageRange) -> Group {
    let middle = y + FOLD / 2.0;
    let line = Line::new()
        .set("x1", 16.0)
        .set("x2", BAR.0 - 14.0)
        .set("y1", middle)
        .set("y2", middle)
        .set("stroke", "#9a958a")
        .set("stroke-dasharray", "2 4");
    let size = format!("{} free", short(hole.size_bytes()));
    group.add(line).add(text(BAR.0, middle + 4.0, &size, "as-muted"))
}

fn lane(process: &Process, vma: &VmaView, y: f64, largest: u64) -> Group {
    let baseline = y + LANE / 2.0 + 4.0;
    let letters = format!("{}{}", vma.prot, if vma.shared { 's' } else { 'p' });
    let range = format!("{:012x}–{:012x}", vma.range.start(), vma.range.end());
    let size = short(vma.range.size_bytes());
    let mut label = vma.label.to_string();
    if vma.writable_and_executable {
        label.push_str(" W+X");
    }
    if vma.inferred {
        label.push_str(" (inferred)");
    }
    let group = Group::new()
        .set("class", "as-vma")
        .add(text(16.0, baseline, &range, "as-range"))
        .add(text(BAR.0 - 50.0, baseline, &letters, "as-letters"))
        .add(text(BAR.0 + BAR.1 + 76.0, baseline, &size, "as-end"))
        .add(text(BAR.0 + BAR.1 + 88.0, baseline, &shortened(&label, 26), "as-name"));
    bar(process, group, vma, y, largest)
}

fn bar(process: &Process, mut group: Group, vma: &VmaView, y: f64, largest: u64) -> Group {
    let pages = vma.range.page_count();
    let log = |pages: u64| (pages.max(1) as f64).log2() + 1.0;
    let width = (BAR.1 * log(pages) / log(largest)).max(6.0);
    let color = color(vma.prot);
    let frame = |fill: &str| {
        Rectangle::new()
            .set("x", tenths(BAR.0))
            .set("y", y + 4.0)
            .set("width", tenths(width))
            .set("height", LANE - 8.0)
            .set("fill", fill)
    };
    let cells = pages.min(CELLS);
    let each = width / cells as f64;
    let views = if pages <= CELLS { state::pages(process, vma.range) } else { Vec::new() };
    for (cell, share) in state::residency(process, vma.range, cells).into_iter().enumerate() {
        let x = BAR.0 + cell as f64 * each;
        if share > 0.0 {
            let full = LANE - 8.0;
            let filled = Rectangle::new()
                .set("class", "as-resident")
                .set("x", tenths(x))
                .set("y", tenths(y + 4.0 + full * (1.0 - share)))
                .set("width", tenths(each))
                .set("height", tenths(full * share))
                .set("fill", color);
            group = group.add(filled);
        }
        if let Some(page) = views.get(cell)
            && each >= 6.0
        {
            group = marks(group, page, x, each, y);
        }
    }
    if vma.writable_and_executable {
        group = group.add(frame("url(#as-hazard)"));
    }
    let dash = if vma.inferred { "3 2" } else { "none" };
    group.add(frame("none").set("stroke", color).set("stroke-dasharray", dash))
}

/// A dot for dirty, a cross behind the end of the file, a bar where it is still to be copied.
fn marks(group: Group, page: &PageView, x: f64, each: f64, y: f64) -> Group {
    let middle = x + each / 2.0;
    let ink = if page.frame.is_some() { "#ffffff" } else { "#000000" };
    let mark = |class: &str, path: String| {
        Path::new().set("class", class).set("d", path).set("stroke", ink).set("fill", "none")
    };
    let mut group = group;
    if page.dirty {
        group = group.add(mark("as-dirty", format!("M{:.1} {}h3", middle - 1.5, y + LANE - 7.0)));
    }
    if page.copy_on_write {
        group = group.add(mark("as-cow", format!("M{:.1} {}v4h3", middle - 1.5, y + 6.0)));
    }
    if page.beyond_end_of_file {
        let half = (each / 2.0 - 1.0).min(4.0);
        let y = y + LANE / 2.0 - half;
        let (left, whole) = (middle - half, half * 2.0);
        let path =
            format!("M{left:.1} {y:.1}l{whole:.1} {whole:.1}m0-{whole:.1}l-{whole:.1} {whole:.1}");
        group = group.add(mark("as-beyond", path));
    }
    group
}

fn legend(mut group: Group, y: f64, shown: &[VmaView]) -> Group {
    let mut words = vec!["filled: resident", "bars: logarithm of the size"];
    if shown.iter().any(|vma| vma.range.page_count() <= CELLS && vma.resident_pages > 0) {
        words.push("low dash: dirty");
        words.push("hook: copy-on-write");
    }
    if shown.iter().any(|vma| vma.beyond_end_of_file.is_some()) {
        words.push("cross: behind the end of the file");
    }
    if shown.iter().any(|vma| vma.writable_and_executable) {
        words.push("hatched: writable and executable");
    }
    if shown.iter().any(|vma| vma.inferred) {
        words.push("dashed: inferred");
    }
    group = group.add(text(16.0, y, &words.join(" · "), "as-muted"));
    group
}
