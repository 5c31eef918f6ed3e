//! What the panels share: sizes, letters, colours.

use crate::abi::Prot;
use crate::address::size_text;
use svg::node::element::{Path, Pattern, Text};

/// Width of the picture, in user units.
pub(super) const WIDTH: f64 = 960.0;
/// Height of a lane.
pub(super) const LANE: f64 = 24.0;
/// Left edge of the bars, and the width of the longest.
pub(super) const BAR: (f64, f64) = (298.0, 372.0);

/// The font of everything but the title.
const MONO: &str = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/// Diagonal lines: writable and executable.
pub(super) fn hatch() -> Pattern {
    let lines = Path::new().set("d", "M-2 2l4-4M0 8l8-8M6 10l4-4").set("stroke", "#000000");
    Pattern::new()
        .set("id", "as-hazard")
        .set("patternUnits", "userSpaceOnUse")
        .set("width", 8)
        .set("height", 8)
        .add(lines)
}

/// A text. How it looks stands in its attributes: a style sheet would reach beyond the picture
/// where that is part of a page.
pub(super) fn text(x: f64, y: f64, words: &str, class: &str) -> Text {
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
        "as-letters" | "as-major" => plain.set("font-weight", 600),
        "as-broken" => plain.set("fill", "#b02347"),
        "as-end" => plain.set("text-anchor", "end"),
        _ => plain,
    }
}

pub(super) fn tenths(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// The characters that XML may hold (Extensible Markup Language 1.0, section 2.2); a name of a
/// file may hold others.
pub(super) fn clean(words: &str) -> String {
    let allowed = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    words.chars().map(|c| if allowed(c) { c } else { '\u{fffd}' }).collect()
}

pub(super) fn short(bytes: u64) -> String {
    size_text(bytes).replace("about ", "~")
}

pub(super) fn shortened(words: &str, most: usize) -> String {
    if words.chars().count() <= most {
        return words.to_owned();
    }
    words.chars().take(most - 1).chain(['…']).collect()
}

/// The colour of a protection, as the page has it in its light theme.
pub(super) fn color(prot: Prot) -> &'static str {
    match (prot.contains(Prot::WRITE), prot.contains(Prot::EXEC), prot.contains(Prot::READ)) {
        (true, true, _) => "#b02347",
        (true, false, _) => "#16744f",
        (false, true, _) => "#94590c",
        (false, false, true) => "#2b63ad",
        (false, false, false) => "#6a7078",
    }
}
