//! The canvas calls for the levels besides the grid of pages: lanes, the whole, bytes.

use crate::grid::bytes::{ByteCell, ByteScene};
use crate::grid::far::{Bar, FarScene, Hole};
use crate::grid::paint::{
    Inset, addresses, cross, dot, fold, hazard, outline, seam, set_dash, stroke,
};
use crate::grid::plan::BAR_SHARE;
use crate::grid::scene::Marks;
use crate::theme::Palette;
use std::f64::consts::FRAC_PI_2;
use web_sys::CanvasRenderingContext2d as Context;

/// Narrowest byte whose digits are written, in CSS pixels.
const WORDY_BYTE: f64 = 17.0;
/// Narrowest byte whose character is written beside the digits, in CSS pixels.
const WIDE_BYTE: f64 = 38.0;
/// Narrowest block of the whole that says its name, in CSS pixels.
const WORDY_BLOCK: f64 = 15.0;

/// Paints lanes.
pub fn lanes(
    context: &Context,
    scene: &FarScene,
    palette: &Palette,
    (width, gutter): (f64, f64),
    motion: f64,
) {
    for hole in &scene.holes {
        lane_hole(context, hole, palette);
    }
    let labels: Vec<_> = scene.bars.iter().map(|bar| (bar.place.1, bar.range.start())).collect();
    let height = scene.bars.first().map_or(0.0, |bar| bar.place.3);
    addresses(context, &labels, height, palette, gutter);
    let widest = (width - gutter) * BAR_SHARE;
    for bar in &scene.bars {
        body(context, bar, palette, motion);
        let (left, y, _, height) = bar.place;
        let x = left + widest + 10.0;
        let middle = y + height / 2.0 + 0.5;
        context.set_text_align("left");
        context.set_font(&format!("600 11px {}", palette.mono));
        context.set_fill_style_str(palette.prot(bar.prot));
        let _ = context.fill_text(bar.prot.letters(), x, middle);
        context.set_font(&format!("11px {}", palette.mono));
        context.set_fill_style_str(&palette.ink);
        let words = format!("{} {}", bar.size, bar.label);
        let room = (width - x - 34.0).max(1.0);
        let _ = context.fill_text(&cut(&words, room), x + 30.0, middle);
    }
}

/// As many characters as fit; 11 px of a monospaced font are about 6.7 px wide.
fn cut(words: &str, room: f64) -> String {
    let most = (room / 6.7).floor().max(0.0) as usize;
    if words.chars().count() <= most {
        return words.to_owned();
    }
    words.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn lane_hole(context: &Context, hole: &Hole, palette: &Palette) {
    let (_, y, width, height) = hole.place;
    let middle = y + height / 2.0;
    let color = if hole.gone { &palette.changed } else { &palette.line };
    let ink = if hole.lit { &palette.accent } else { &palette.muted };
    context.set_font(&format!("11px {}", palette.mono));
    context.set_text_align("center");
    context.set_text_baseline("middle");
    context.set_stroke_style_str(if hole.lit { &palette.accent } else { color });
    context.set_line_width(1.0);
    set_dash(context, &[2.0, 4.0]);
    context.begin_path();
    context.move_to(8.0, middle.round() + 0.5);
    context.line_to(width - 8.0, middle.round() + 0.5);
    context.stroke();
    set_dash(context, &[]);
    let wide = context.measure_text(&hole.text).map_or(80.0, |size| size.width()) + 16.0;
    context.set_fill_style_str(&palette.panel);
    context.fill_rect(width / 2.0 - wide / 2.0, y, wide, height);
    context.set_fill_style_str(ink);
    let _ = context.fill_text(&hole.text, width / 2.0, middle + 0.5);
}

/// A bar: outlined, filled where resident, with its marks.
fn body(context: &Context, bar: &Bar, palette: &Palette, motion: f64) {
    let (x, y, width, height) = bar.place;
    let color = palette.prot(bar.prot);
    let inset = Inset {
        x: x + 0.5,
        y: y + 0.5,
        width: (width - 1.0).max(1.0),
        height: height - 1.0,
        radius: 3.0_f64.min(width / 2.0),
    };
    context.set_fill_style_str(color);
    context.set_global_alpha(0.14);
    outline(context, &inset, 0.0);
    context.fill();
    context.set_global_alpha(1.0);
    let each = inset.width / bar.residency.len().max(1) as f64;
    for (part, share) in bar.residency.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        let tall = (inset.height * share).max(1.5);
        let left = inset.x + part as f64 * each;
        context.fill_rect(left, inset.y + inset.height - tall, each, tall);
    }
    outline(context, &inset, 0.0);
    if bar.marks.contains(Marks::INFERRED) {
        set_dash(context, &[3.0, 2.0]);
        stroke(context, color, 1.0);
        set_dash(context, &[]);
    } else {
        stroke(context, color, 1.0);
    }
    let filled = bar.residency.first().is_some_and(|share| *share > 0.5);
    if bar.marks.contains(Marks::HAZARD) {
        hazard(context, &inset, if filled { &palette.on_fill } else { color });
    }
    if bar.prot.is_empty() {
        cross(context, &inset, color);
    }
    if width >= 15.0 {
        corner_marks(context, bar, &inset, palette, if filled { &palette.on_fill } else { color });
    }
    rings(context, bar, &inset, palette, motion);
}

fn corner_marks(context: &Context, bar: &Bar, inset: &Inset, palette: &Palette, ink: &str) {
    if bar.marks.contains(Marks::FILE) {
        context.set_fill_style_str(&palette.panel);
        context.begin_path();
        context.move_to(inset.x - 1.0, inset.y - 1.0);
        context.line_to(inset.x + 6.5, inset.y - 1.0);
        context.line_to(inset.x - 1.0, inset.y + 6.5);
        context.close_path();
        context.fill();
    }
    if bar.marks.contains(Marks::SHARED) {
        context.set_fill_style_str(ink);
        let bottom = inset.y + inset.height - 4.0;
        context.fill_rect(inset.x + 3.0, bottom, 6.0, 1.2);
        context.fill_rect(inset.x + 3.0, bottom - 2.6, 6.0, 1.2);
    }
}

fn rings(context: &Context, bar: &Bar, inset: &Inset, palette: &Palette, motion: f64) {
    let to_come = 1.0 - motion.clamp(0.0, 1.0);
    if bar.marks.contains(Marks::CHANGED) {
        outline(context, inset, 4.0 * to_come);
        stroke(context, &palette.changed, 2.0);
    }
    if bar.lit {
        outline(context, inset, 1.0);
        stroke(context, &palette.ink, 2.0);
    }
    if bar.selected {
        outline(context, inset, 1.0);
        stroke(context, &palette.accent, 2.5);
    }
    for (x, marks) in &bar.seams {
        seam(context, (*x, inset.y, 16.0, inset.height), *marks, palette, motion);
    }
    if let Some(x) = bar.here {
        context.set_fill_style_str(&palette.accent);
        context.begin_path();
        context.move_to(x - 4.5, inset.y - 3.0);
        context.line_to(x + 4.5, inset.y - 3.0);
        context.line_to(x, inset.y + 5.0);
        context.close_path();
        context.fill();
        context.fill_rect(x - 0.75, inset.y, 1.5, inset.height);
    }
    if let Some(x) = bar.why {
        dot(context, x, inset.y + inset.height.min(40.0) / 2.0, 6.0);
        stroke(context, &palette.danger, 2.5);
    }
}

/// Paints the whole.
pub fn whole(context: &Context, scene: &FarScene, palette: &Palette, motion: f64) {
    context.set_text_baseline("middle");
    for hole in &scene.holes {
        let (x, y, width, height) = hole.place;
        context.set_stroke_style_str(if hole.gone { &palette.changed } else { &palette.line });
        context.set_line_width(1.0);
        set_dash(context, &[2.0, 4.0]);
        context.begin_path();
        context.move_to(x + width / 2.0, y + 4.0);
        context.line_to(x + width / 2.0, y + height - 4.0);
        context.stroke();
        set_dash(context, &[]);
        if !hole.text.is_empty() {
            let ink = if hole.lit { &palette.accent } else { &palette.muted };
            upright(context, &hole.text, (x, y, width, height), palette, ink, true);
        }
    }
    for bar in &scene.bars {
        let (x, y, width, height) = bar.place;
        let inside = Bar { place: (x, y + 6.0, width, height - 12.0), ..bar.clone() };
        body(context, &inside, palette, motion);
        if width >= WORDY_BLOCK {
            let words = format!("{}  {}  {}", bar.prot.letters(), bar.label, bar.size);
            upright(context, &words, inside.place, palette, &palette.ink, false);
        }
    }
}

/// Writes along a block, from its foot upwards, on the panel's ground so that it can be read.
fn upright(
    context: &Context,
    words: &str,
    (x, y, width, height): (f64, f64, f64, f64),
    palette: &Palette,
    ink: &str,
    centred: bool,
) {
    let words = cut(words, height - 20.0);
    context.set_font(&format!("11px {}", palette.mono));
    let long = context.measure_text(&words).map_or(0.0, |size| size.width());
    context.save();
    let foot = if centred { y + (height + long) / 2.0 } else { y + height - 8.0 };
    let _ = context.translate(x + width / 2.0, foot);
    let _ = context.rotate(-FRAC_PI_2);
    context.set_text_align("left");
    context.set_fill_style_str(&palette.panel);
    if !centred {
        context.set_global_alpha(0.86);
    }
    context.fill_rect(-3.0, -7.0, long + 6.0, 14.0);
    context.set_global_alpha(1.0);
    context.set_fill_style_str(ink);
    let _ = context.fill_text(&words, 0.0, 0.5);
    context.restore();
}

/// Paints bytes.
pub fn bytes(context: &Context, scene: &ByteScene, palette: &Palette, (width, gutter): (f64, f64)) {
    let height = scene.cells.first().map_or(0.0, |cell| cell.place.3);
    addresses(context, &scene.labels, height, palette, gutter);
    for bar in &scene.folds {
        fold(context, bar, palette, width);
    }
    for cell in &scene.cells {
        byte(context, cell, palette);
    }
}

fn byte(context: &Context, cell: &ByteCell, palette: &Palette) {
    let (x, y, width, height) = cell.place;
    let inset =
        Inset { x: x + 0.5, y: y + 1.0, width: width - 1.0, height: height - 2.0, radius: 2.0 };
    let color = match (cell.part, cell.prot) {
        (Some(part), _) => palette.part(part),
        (None, Some(prot)) => palette.prot(prot),
        (None, None) => &palette.line,
    };
    if let Some(value) = cell.byte {
        // Without room for digits the value is a shade; with it, the shade says what it is of.
        let shade = if width < WORDY_BYTE { 0.08 + 0.92 * f64::from(value) / 255.0 } else { 0.16 };
        context.set_global_alpha(if cell.part.is_some() { shade.max(0.3) } else { shade });
        context.set_fill_style_str(color);
        outline(context, &inset, 0.0);
        context.fill();
        context.set_global_alpha(1.0);
    }
    if cell.starts_page {
        context.set_fill_style_str(&palette.muted);
        context.fill_rect(x, y, width, 1.0);
    }
    if width >= WORDY_BYTE {
        digits(context, cell, &inset, palette);
    }
    if cell.changed {
        context.set_fill_style_str(&palette.changed);
        context.fill_rect(inset.x, y + height - 2.0, inset.width, 1.5);
    }
    for (there, color) in [
        (cell.selected, &palette.accent),
        (cell.lit, &palette.ink),
        (cell.cursor, &palette.accent),
        (cell.why, &palette.danger),
    ] {
        if there {
            outline(context, &inset, 0.0);
            stroke(context, color, 2.0);
        }
    }
}

fn digits(context: &Context, cell: &ByteCell, inset: &Inset, palette: &Palette) {
    let wide = inset.width >= WIDE_BYTE;
    let words = cell.byte.map_or_else(|| "··".to_owned(), |byte| format!("{byte:02x}"));
    let dim = matches!(cell.byte, None | Some(0));
    context.set_text_align("center");
    context.set_font(&format!("11px {}", palette.mono));
    context.set_fill_style_str(if dim { &palette.muted } else { &palette.ink });
    let middle = (inset.x + inset.width / 2.0, inset.y + inset.height / 2.0 + 0.5);
    let left = if wide { middle.0 - 6.0 } else { middle.0 };
    let _ = context.fill_text(&words, left, middle.1);
    if let Some(byte @ 0x21..=0x7e) = cell.byte.filter(|_| wide) {
        context.set_fill_style_str(&palette.muted);
        let _ = context.fill_text(&(byte as char).to_string(), middle.0 + 10.0, middle.1);
    }
    context.set_text_align("right");
}
