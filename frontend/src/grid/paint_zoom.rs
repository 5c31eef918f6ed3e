//! The canvas calls of zooming: what was seen grows, or shrinks, around the place that is held, and
//! fades into what comes.

use crate::theme::Palette;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d as Context, HtmlCanvasElement};

/// How much larger what was seen gets at the end, when zooming in.
const GROWS: f64 = 1.7;

/// What a canvas shows now, as a canvas of its own.
pub fn copy(canvas: &HtmlCanvasElement) -> Option<HtmlCanvasElement> {
    let made = canvas.owner_document()?.create_element("canvas").ok()?;
    let copy: HtmlCanvasElement = made.dyn_into().ok()?;
    copy.set_width(canvas.width());
    copy.set_height(canvas.height());
    let context: Context = copy.get_context("2d").ok()??.dyn_into().ok()?;
    context.draw_image_with_html_canvas_element(canvas, 0.0, 0.0).ok()?;
    Some(copy)
}

/// How many times its size what was seen has, after a share of the motion.
pub fn scale(share: f64, nearer: bool) -> f64 {
    let grown = 1.0 + (GROWS - 1.0) * share.clamp(0.0, 1.0);
    if nearer { grown } else { grown.recip() }
}

/// Paints what was seen over what comes. `share` goes from 0 to 1; `left` is where the map begins,
/// `at` the place that is held, both in CSS pixels, as the size is.
pub fn fading(
    context: &Context,
    kept: &HtmlCanvasElement,
    palette: &Palette,
    (left, size, at): (f64, (f64, f64), (f64, f64)),
    (share, nearer): (f64, bool),
) -> Option<()> {
    let factor = scale(share, nearer);
    context.save();
    context.begin_path();
    context.rect(left, 0.0, (size.0 - left).max(0.0), size.1);
    context.clip();
    context.set_global_alpha((1.0 - share).clamp(0.0, 1.0));
    context.set_fill_style_str(&palette.panel);
    context.fill_rect(left, 0.0, size.0, size.1);
    context.translate(at.0, at.1).ok()?;
    context.scale(factor, factor).ok()?;
    context.translate(-at.0, -at.1).ok()?;
    context.set_image_smoothing_enabled(false); // it is gone in an instant
    let drawn = context
        .draw_image_with_html_canvas_element_and_dw_and_dh(kept, 0.0, 0.0, size.0, size.1)
        .ok();
    context.restore();
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_grows_towards_whoever_comes_nearer() {
        assert_eq!((scale(0.0, true), scale(0.0, false)), (1.0, 1.0));
        assert!(scale(0.5, true) > 1.0 && scale(0.5, false) < 1.0);
        assert_eq!(scale(7.0, true), GROWS);
    }
}
