//! The canvas calls that put a scene on the screen, and nothing else.

use crate::grid::frames;
use crate::grid::paint_bodies::{Behind, bodies};
use crate::grid::scene::{Cell, Detail, FoldBar, Marks, Scene};
use crate::text;
use crate::theme::Palette;
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::Address;
use std::f64::consts::TAU;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d as Context, HtmlCanvasElement};

/// Lowest page with a second line, in CSS pixels.
const TALL_PAGE: f64 = 34.0;

/// Fits a canvas to a size in CSS pixels on this screen, and gives its cleared context.
pub fn prepare(canvas: &HtmlCanvasElement, width: f64, height: f64, ratio: f64) -> Option<Context> {
    let (wide, high) = ((width * ratio).round() as u32, (height * ratio).round() as u32);
    if canvas.width() != wide || canvas.height() != high {
        canvas.set_width(wide);
        canvas.set_height(high);
    }
    let context: Context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
    context.clear_rect(0.0, 0.0, width, height);
    Some(context)
}

/// Paints the page grid. `motion` goes from 0 to 1 while what the last call did is shown as it
/// happens; at 1 everything rests.
pub fn grid(
    context: &Context,
    scene: &Scene,
    palette: &Palette,
    (width, gutter): (f64, f64),
    motion: f64,
) {
    let height = scene.cells.first().map_or(0.0, |cell| cell.height);
    addresses(context, &scene.labels, height, palette, gutter);
    for bar in &scene.folds {
        fold(context, bar, palette, width);
    }
    bodies(context, &scene.cells, palette, motion);
    for cell in scene.cells.iter().filter(|cell| cell.prot.is_some()) {
        if cell.marks.contains(Marks::HAZARD) {
            hazard(context, &inset(cell), ink(cell, palette));
        }
        if Detail::of(cell.width) >= Detail::Marks {
            small_marks(context, cell, &inset(cell), palette, ink(cell, palette));
        }
    }
    letters(context, &scene.cells, palette);
    for cell in &scene.cells {
        rings(context, cell, palette, motion);
    }
}

/// The address of each row, where there is room for it.
pub(super) fn addresses(
    context: &Context,
    labels: &[(f64, Address)],
    height: f64,
    palette: &Palette,
    gutter: f64,
) {
    context.set_font(&format!("11px {}", palette.mono));
    context.set_text_baseline("middle");
    context.set_text_align("right");
    context.set_fill_style_str(&palette.muted);
    let mut free_from = f64::NEG_INFINITY;
    for (y, address) in labels {
        if *y >= free_from {
            let label = text::hex_column(*address);
            let _ = context.fill_text(&label, gutter - 8.0, y + height / 2.0 + 0.5);
            free_from = y + 14.0;
        }
    }
}

pub(super) fn fold(context: &Context, bar: &FoldBar, palette: &Palette, width: f64) {
    let middle = bar.y + bar.height / 2.0;
    context.set_stroke_style_str(if bar.lit { &palette.accent } else { &palette.line });
    context.set_line_width(1.0);
    context.begin_path();
    let mut x = 8.0;
    context.move_to(x, middle + 2.5);
    let mut up = true;
    while x < width - 8.0 {
        x += 5.0;
        context.line_to(x, if up { middle - 2.5 } else { middle + 2.5 });
        up = !up;
    }
    context.stroke();
    context.set_font(&format!("11px {}", palette.mono));
    context.set_text_align("center");
    let text_width = context.measure_text(&bar.text).map_or(80.0, |size| size.width()) + 20.0;
    context.set_fill_style_str(&palette.panel);
    context.fill_rect(width / 2.0 - text_width / 2.0, bar.y, text_width, bar.height);
    context.set_fill_style_str(if bar.lit { &palette.accent } else { &palette.muted });
    let _ = context.fill_text(&bar.text, width / 2.0, middle + 0.5);
    context.set_text_align("right");
}

/// A rectangle with round corners.
pub(super) struct Inset {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) radius: f64,
}

pub(super) fn inset(cell: &Cell) -> Inset {
    let gap = if cell.width < 9.0 { 0.5 } else { 1.0 };
    let left = if cell.starts { gap + (cell.width / 12.0).clamp(0.5, 3.0) } else { gap };
    let right = if cell.ends { gap + (cell.width / 12.0).clamp(0.5, 3.0) } else { gap };
    Inset {
        x: cell.x + left,
        y: cell.y + gap,
        width: (cell.width - left - right).max(1.0),
        height: (cell.height - 2.0 * gap).max(1.0),
        // Round corners of less could not be seen, and are dear where there are thousands.
        radius: match cell.width {
            width if width < 9.0 => 0.0,
            width if width < 15.0 => 1.5,
            _ => 3.0,
        },
    }
}

/// Begins a path with an outline.
pub(super) fn outline(context: &Context, inset: &Inset, grow: f64) {
    context.begin_path();
    add_outline(context, inset, grow);
}

/// Adds an outline to the path.
pub(super) fn add_outline(context: &Context, inset: &Inset, grow: f64) {
    let (x, y) = (inset.x - grow, inset.y - grow);
    let width = (inset.width + 2.0 * grow).max(0.5);
    let height = (inset.height + 2.0 * grow).max(0.5);
    if inset.radius == 0.0 {
        context.rect(x, y, width, height);
    } else {
        let _ = context.round_rect_with_f64(x, y, width, height, inset.radius);
    }
}

/// The colour of marks on a page.
fn ink<'a>(cell: &Cell, palette: &'a Palette) -> &'a str {
    Behind::of(cell.marks).ink(cell.prot.unwrap_or(Prot::empty()), palette)
}

pub(super) fn hazard(context: &Context, inset: &Inset, color: &str) {
    context.save();
    outline(context, inset, 0.0);
    context.clip();
    context.set_stroke_style_str(color);
    context.set_global_alpha(0.45);
    context.set_line_width(2.0);
    context.begin_path();
    let step = 8.0;
    let mut x = inset.x - inset.height;
    while x < inset.x + inset.width {
        context.move_to(x, inset.y + inset.height);
        context.line_to(x + inset.height, inset.y);
        x += step;
    }
    context.stroke();
    context.restore();
}

/// Crosses out what cannot be used.
pub(super) fn cross(context: &Context, inset: &Inset, color: &str) {
    context.begin_path();
    add_cross(context, inset, false);
    stroke_cross(context, color, 0.5);
}

/// Strokes the path as crosses are.
pub(super) fn stroke_cross(context: &Context, color: &str, alpha: f64) {
    context.set_global_alpha(alpha);
    stroke(context, color, 1.0);
    context.set_global_alpha(1.0);
}

/// Adds the lines of a cross to the path.
pub(super) fn add_cross(context: &Context, inset: &Inset, both: bool) {
    let margin = (inset.width.min(inset.height) * 0.2).min(6.0);
    let (left, right) = (inset.x + margin, inset.x + inset.width - margin);
    let (top, bottom) = (inset.y + margin, inset.y + inset.height - margin);
    context.move_to(left, bottom);
    context.line_to(right, top);
    if both {
        context.move_to(left, top);
        context.line_to(right, bottom);
    }
}

fn small_marks(context: &Context, cell: &Cell, inset: &Inset, palette: &Palette, ink: &str) {
    let (left, top) = (inset.x + 4.0, inset.y + 4.0);
    let (right, bottom) = (inset.x + inset.width - 4.0, inset.y + inset.height - 4.0);
    context.set_fill_style_str(ink);
    context.set_stroke_style_str(ink);
    context.set_line_width(1.2);
    if cell.marks.contains(Marks::FILE) {
        // a folded corner, as of a sheet of paper
        context.set_fill_style_str(&palette.panel);
        context.begin_path();
        context.move_to(inset.x - 0.5, inset.y - 0.5);
        context.line_to(inset.x + 6.0, inset.y - 0.5);
        context.line_to(inset.x - 0.5, inset.y + 6.0);
        context.close_path();
        context.fill();
        context.set_fill_style_str(ink);
    }
    if cell.marks.contains(Marks::ZERO_PAGE) {
        context.begin_path();
        let _ = context.ellipse(left + 0.5, top + 1.5, 2.0, 3.2, 0.0, 0.0, TAU);
        context.stroke();
    }
    if cell.marks.contains(Marks::DIRTY) {
        dot(context, right - 0.5, bottom - 0.5, 2.2);
        context.fill();
    } else if cell.marks.contains(Marks::ACCESSED) {
        dot(context, right - 0.5, bottom - 0.5, 1.9);
        context.stroke();
    }
    if cell.marks.contains(Marks::SHARED) {
        context.fill_rect(left - 1.0, bottom - 0.6, 6.0, 1.2);
        context.fill_rect(left - 1.0, bottom - 3.0, 6.0, 1.2);
    }
    if cell.marks.contains(Marks::COPY_ON_WRITE) {
        // two sheets that are still one
        context.stroke_rect(right - 5.0, top - 1.0, 4.0, 4.0);
        context.stroke_rect(right - 3.0, top + 1.0, 4.0, 4.0);
    }
}

pub(super) fn dot(context: &Context, x: f64, y: f64, radius: f64) {
    context.begin_path();
    let _ = context.arc(x, y, radius, 0.0, TAU);
}

/// What is written on the pages, where there is room for it: first all protections, then what stands
/// below them, for a font is dear to set.
fn letters(context: &Context, cells: &[Cell], palette: &Palette) {
    let lettered = |cell: &&Cell| cell.prot.is_some() && Detail::of(cell.width) >= Detail::Letters;
    let lettered: Vec<(&Cell, Inset)> =
        cells.iter().filter(lettered).map(|cell| (cell, inset(cell))).collect();
    if lettered.is_empty() {
        return;
    }
    let middle = |it: &Inset| (it.x + it.width / 2.0, it.y + it.height / 2.0);
    let wordy = |cell: &Cell, inset: &Inset| {
        Detail::of(cell.width) == Detail::Text && inset.height >= TALL_PAGE
    };
    let ink = |cell: &Cell| match Behind::of(cell.marks) {
        Behind::Frame => &palette.on_fill,
        Behind::Zeros | Behind::Nothing => &palette.ink,
    };
    context.set_text_align("center");
    context.set_font(&format!("600 11px {}", palette.mono));
    for (cell, inset) in &lettered {
        let (x, y) = middle(inset);
        let y = if wordy(cell, inset) { y - 7.0 } else { y + 0.5 };
        context.set_fill_style_str(ink(cell));
        let _ = context.fill_text(cell.prot.unwrap_or(Prot::empty()).letters(), x, y);
    }
    context.set_font(&format!("10px {}", palette.mono));
    for (cell, inset) in &lettered {
        let (x, y) = middle(inset);
        let zeros = Behind::of(cell.marks) == Behind::Zeros;
        let (words, y) = if wordy(cell, inset) {
            (second_line(cell), y + 8.0)
        } else if zeros && inset.height >= TALL_PAGE {
            ("zero".to_owned(), y + 12.0)
        } else {
            continue;
        };
        context.set_fill_style_str(ink(cell));
        let _ = context.fill_text(&words, x, y);
    }
    context.set_text_align("right");
}

/// What stands on a page below its protection.
fn second_line(cell: &Cell) -> String {
    match cell.frame {
        _ if Behind::of(cell.marks) == Behind::Zeros => "zero page".to_owned(),
        Some(frame) if cell.frame_mappings > 1 => format!("frame {frame} ×{}", cell.frame_mappings),
        Some(frame) => format!("frame {frame}"),
        None => format!("…{:05x}", cell.address & 0xf_ffff),
    }
}

fn rings(context: &Context, cell: &Cell, palette: &Palette, motion: f64) {
    let inset = inset(cell);
    let to_come = 1.0 - motion.clamp(0.0, 1.0);
    if to_come > 0.0 && cell.marks.contains(Marks::COPIED) {
        // The copy parts from its original.
        context.set_global_alpha(to_come);
        let (x, y) = (inset.x + 9.0 * motion, inset.y - 9.0 * motion);
        outline(context, &Inset { x, y, ..inset }, 0.0);
        stroke(context, &palette.changed, 2.0);
        context.set_global_alpha(1.0);
    }
    if cell.selected {
        outline(context, &inset, 0.0);
        context.set_fill_style_str(&palette.panel);
        context.set_global_alpha(0.3);
        context.fill();
        context.set_global_alpha(1.0);
        outline(context, &inset, 0.0);
        stroke(context, &palette.accent, 2.5);
    }
    if cell.marks.contains(Marks::CHANGED) {
        outline(context, &inset, 4.0 * to_come - 0.25);
        stroke(context, &palette.changed, 2.0);
    }
    if cell.marks.intersects(Marks::SPLIT | Marks::MERGED) {
        let place = (cell.x, cell.y, cell.width, cell.height);
        seam(context, place, cell.marks, palette, motion);
    }
    if cell.lit {
        outline(context, &inset, 0.5);
        stroke(context, &palette.ink, 2.0);
    }
    if cell.cursor {
        outline(context, &inset, 0.5);
        stroke(context, &palette.accent, 2.5);
    }
    if cell.marks.contains(Marks::WHY) {
        context.set_stroke_style_str(&palette.danger);
        context.set_line_width(2.5);
        let radius = (cell.width.min(cell.height) * 0.42).max(4.0);
        dot(context, cell.x + cell.width / 2.0, cell.y + cell.height / 2.0, radius);
        context.stroke();
    }
}

/// Where VMAs were split (a line, from the middle outward) or merged (two wedges that meet).
pub(super) fn seam(
    context: &Context,
    (x, top, width, height): (f64, f64, f64, f64),
    marks: Marks,
    palette: &Palette,
    motion: f64,
) {
    let bottom = top + height;
    context.set_fill_style_str(&palette.changed);
    let split = marks.contains(Marks::SPLIT);
    let size = (width / 4.0).clamp(2.5, 5.0);
    let to_come = 1.0 - motion.clamp(0.0, 1.0);
    if split {
        let tall = height * (1.0 - to_come);
        context.fill_rect(x - 1.0, top + (height - tall) / 2.0, 2.0, tall);
    }
    // A split opens outward; a merge comes together.
    let away = if split { height / 2.0 - size } else { -6.0 } * to_come;
    for (y, direction) in [(top, 1.0), (bottom, -1.0)] {
        let y = y + direction * away;
        context.begin_path();
        context.move_to(x - size, y);
        context.line_to(x + size, y);
        context.line_to(x, y + direction * size * 1.4);
        context.close_path();
        context.fill();
    }
}

pub(super) fn stroke(context: &Context, color: &str, width: f64) {
    context.set_stroke_style_str(color);
    context.set_line_width(width);
    context.stroke();
}

pub(super) fn set_dash(context: &Context, dash: &[f64]) {
    let list = js_sys::Array::new();
    for length in dash {
        list.push(&(*length).into());
    }
    let _ = context.set_line_dash(&list);
}

/// How a frame's cell is painted.
#[derive(Clone, PartialEq, Debug)]
pub struct FrameCell {
    /// The frame.
    pub number: u32,
    /// The colour of its owner; nothing for a free frame.
    pub color: Option<String>,
    /// A page of a file.
    pub file: bool,
    /// The zero page, which is always there and never in use.
    pub zeros: bool,
    /// The count to show, if it is shared.
    pub count: Option<u32>,
    /// Pointed at.
    pub lit: bool,
}

impl FrameCell {
    /// A free frame.
    pub fn free(number: u32, lit: bool) -> FrameCell {
        FrameCell { number, color: None, file: false, zeros: false, count: None, lit }
    }
}

/// Paints frames, scrolled by `top`.
pub fn frame_cells(
    context: &Context,
    cells: &[FrameCell],
    columns: u32,
    top: f64,
    palette: &Palette,
) {
    context.set_text_align("center");
    context.set_text_baseline("middle");
    for cell in cells {
        let (x, y) = frames::place(columns, cell.number);
        let inset = Inset {
            x: x + 1.0,
            y: y - top + 1.0,
            width: frames::CELL - 2.0,
            height: frames::CELL - 2.0,
            radius: 3.0,
        };
        match &cell.color {
            Some(color) => {
                outline(context, &inset, 0.0);
                context.set_fill_style_str(color);
                context.set_global_alpha(if cell.zeros { 0.42 } else { 1.0 });
                context.fill();
                context.set_global_alpha(1.0);
            }
            None => {
                outline(context, &inset, -0.5);
                stroke(context, &palette.line, 1.0);
            }
        }
        if cell.file {
            context.set_fill_style_str(&palette.panel);
            context.begin_path();
            context.move_to(inset.x - 0.5, inset.y - 0.5);
            context.line_to(inset.x + 6.0, inset.y - 0.5);
            context.line_to(inset.x - 0.5, inset.y + 6.0);
            context.close_path();
            context.fill();
        }
        let ink = if cell.zeros { &palette.ink } else { &palette.on_fill };
        if cell.zeros {
            context.begin_path();
            let (x, y) = (inset.x + inset.width / 2.0, inset.y + inset.height / 2.0);
            let _ = context.ellipse(x, y, 2.6, 4.2, 0.0, 0.0, TAU);
            stroke(context, ink, 1.3);
        } else if let Some(count) = cell.count {
            context.set_fill_style_str(ink);
            context.set_font(&format!("600 9px {}", palette.mono));
            let label = if count > 99 { "+".to_owned() } else { count.to_string() };
            let _ = context.fill_text(&label, inset.x + 8.0, inset.y + 8.5);
        }
        if cell.lit {
            outline(context, &inset, 0.5);
            stroke(context, &palette.ink, 2.0);
        }
    }
}

/// Paints a scroll bar's thumb.
pub fn scroll_bar(context: &Context, palette: &Palette, x: f64, y: f64, width: f64, height: f64) {
    context.begin_path();
    let _ = context.round_rect_with_f64(x + 3.0, y + 2.0, width - 5.0, height - 4.0, 2.5);
    context.set_fill_style_str(&palette.line);
    context.fill();
}
