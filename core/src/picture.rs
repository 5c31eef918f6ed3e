//! The address space as a picture: an SVG that stands by itself, in print too.
//!
//! One lane a VMA, low addresses on top; holes between them are folded to a dashed line with their
//! size. A lane's bar grows with the logarithm of the VMA's size, as the picture says, and is cut
//! into cells: a page each, or an equal part of the VMA where that has more pages than cells. What
//! is filled is resident. Protection is a colour and its letters, so that it survives a printer
//! without colours; writable and executable is hatched as well.

use crate::abi::Prot;
use crate::address::{PAGE_SIZE, PageRange, USER_END, size_text};
use crate::process::Process;
use crate::state::{self, PageView, VmaView};
use svg::Document;
use svg::node::element::{Definitions, Group, Line, Path, Pattern, Rectangle, Text, Title};

/// Width of the picture, in user units.
const WIDTH: f64 = 960.0;
/// Height of a VMA's lane.
const LANE: f64 = 24.0;
/// Height of a folded hole.
const FOLD: f64 = 18.0;
/// Where the first lane begins.
const TOP: f64 = 66.0;
/// Left edge of the bars, and the width of the longest.
const BAR: (f64, f64) = (298.0, 372.0);
/// Cells of a bar at most.
const CELLS: u64 = 64;
/// VMAs that are drawn; the rest is counted.
const MOST: usize = 500;

/// Draws the address space of a process, with a caption above (the call that led here, say).
pub fn svg(process: &Process, caption: &str) -> String {
    let vmas = state::vmas(process);
    let shown = vmas.get(..MOST).unwrap_or(&vmas);
    let largest = shown.iter().map(|vma| vma.range.page_count()).max().unwrap_or(1);
    let mut group = Group::new();
    let mut y = TOP;
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
    let height = y + 40.0;
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
    format!("{}\n", document.add(group))
}

/// The font of everything but the title.
const MONO: &str = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

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

/// Diagonal lines: writable and executable.
fn hatch() -> Pattern {
    let lines = Path::new().set("d", "M-2 2l4-4M0 8l8-8M6 10l4-4").set("stroke", "#000000");
    Pattern::new()
        .set("id", "as-hazard")
        .set("patternUnits", "userSpaceOnUse")
        .set("width", 8)
        .set("height", 8)
        .add(lines)
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
    let mut label = vma.label.clone();
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

/// A text. How it looks stands in its attributes: a style sheet would reach beyond the picture
/// where that is part of a page.
fn text(x: f64, y: f64, words: &str, class: &str) -> Text {
    let plain = Text::new(clean(words))
        .set("x", tenths(x))
        .set("y", tenths(y))
        .set("class", class)
        .set("font-size", 11)
        .set("font-family", MONO)
        .set("fill", if class == "as-muted" { "#5f646b" } else { "#1d2126" });
    match class {
        "as-title" => plain
            .set("font-size", 14)
            .set("font-family", "system-ui, sans-serif")
            .set("font-weight", 600),
        "as-letters" => plain.set("font-weight", 600),
        "as-end" => plain.set("text-anchor", "end"),
        _ => plain,
    }
}

fn tenths(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// The characters that XML may hold (Extensible Markup Language 1.0, section 2.2); a name of a
/// file may hold others.
fn clean(words: &str) -> String {
    let allowed = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    words.chars().map(|c| if allowed(c) { c } else { '\u{fffd}' }).collect()
}

fn short(bytes: u64) -> String {
    size_text(bytes).replace("about ", "~")
}

fn shortened(words: &str, most: usize) -> String {
    if words.chars().count() <= most {
        return words.to_owned();
    }
    words.chars().take(most - 1).chain(['…']).collect()
}

/// The colour of a protection, as the page has it in its light theme.
fn color(prot: Prot) -> &'static str {
    match (prot.contains(Prot::WRITE), prot.contains(Prot::EXEC), prot.contains(Prot::READ)) {
        (true, true, _) => "#b02347",
        (true, false, _) => "#16744f",
        (false, true, _) => "#94590c",
        (false, false, true) => "#2b63ad",
        (false, false, false) => "#6a7078",
    }
}
