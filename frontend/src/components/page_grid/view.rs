//! Putting the map on its canvas, and the short motion in which a split, a merge, a fault and a
//! copy-on-write break are seen to happen, or the map goes from one level to another.

use super::{BAR, GUTTER, LEFT_IN_SIGHT, Map, use_changed};
use crate::browser;
use crate::components::hex_view;
use crate::grid::bytes::bytes_scene;
use crate::grid::far;
use crate::grid::plan::Plan;
use crate::grid::scene::{Marks, View, scene};
use crate::grid::{paint, paint_levels, paint_zoom};
use crate::theme::Palette;
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::Address;
use mmap_playground_core::state;
use std::rc::Rc;
use web_sys::{CanvasRenderingContext2d as Context, HtmlCanvasElement};
use yew::prelude::*;

/// How long what happened is in motion, in milliseconds.
const MOTION: f64 = 280.0;

/// How long a step of zoom is in motion, in milliseconds.
const ZOOM_MOTION: f64 = 180.0;

/// What was seen before a step of zoom, while it fades.
pub(super) struct Zooming {
    kept: HtmlCanvasElement,
    /// The place that is held, in CSS pixels.
    at: (f64, f64),
    nearer: bool,
    /// When it began.
    start: f64,
}

/// What was painted.
struct Shown {
    /// The address of each row, with its top.
    labels: Vec<(f64, Address)>,
    /// What the legend has to explain.
    legend: (Marks, Vec<Prot>),
}

impl Map {
    /// Paints at the next frame of the screen.
    pub(super) fn request_paint(self: &Rc<Map>) {
        let map = self.clone();
        self.job.request(move || {
            if map.is_outdated() {
                return; // the rendering that follows paints
            }
            let motion = map.motion();
            if let Some(shown) = map.paint(motion) {
                map.legend.set(shown);
            }
            if motion < 1.0 || map.local.borrow().zooming.0.is_some() {
                map.request_paint();
            }
        });
    }

    /// A step of zoom went on to another level, and the page has not been rendered since.
    fn is_outdated(&self) -> bool {
        self.local.borrow().level.is_some_and(|level| level != self.level)
    }

    /// How far what happened is shown as it happens, 0 to 1; at 1 everything rests.
    fn motion(&self) -> f64 {
        let mut local = self.local.borrow_mut();
        let Some(start) = local.motion.0 else { return 1.0 };
        let share = ((browser::now() - start) / MOTION).clamp(0.0, 1.0);
        if share >= 1.0 {
            local.motion.0 = None;
        }
        // Fast at first, then slow.
        1.0 - (1.0 - share).powi(3)
    }

    /// Keeps what is seen now, for a step of zoom around a place to come out of it; not for whoever
    /// asks for little motion.
    pub(super) fn begin_zoom_motion(&self, at: (f64, f64), nearer: bool) {
        if browser::prefers_reduced_motion() {
            return;
        }
        if self.local.borrow_mut().zooming.0.take().is_some() {
            return; // step after step: nothing to see between them
        }
        let canvas = self.canvas.cast::<HtmlCanvasElement>();
        let Some(kept) = canvas.and_then(|canvas| paint_zoom::copy(&canvas)) else { return };
        let mut local = self.local.borrow_mut();
        let zooming = Zooming { kept, at, nearer, start: browser::now() };
        local.zooming = (Some(zooming), local.zooming.1.wrapping_add(1));
    }

    /// Paints what was seen before a step of zoom over what comes, until it has faded.
    fn paint_zooming(&self, context: &Context, palette: &Palette) {
        let mut local = self.local.borrow_mut();
        let Some(zooming) = &local.zooming.0 else { return };
        let share = (browser::now() - zooming.start) / ZOOM_MOTION;
        if share >= 1.0 {
            local.zooming.0 = None;
            return;
        }
        let size = (self.room.width + BAR, self.room.height);
        // Fast at first, then slow.
        let share = 1.0 - (1.0 - share.max(0.0)).powi(2);
        let (place, motion) = ((GUTTER, size, zooming.at), (share, zooming.nearer));
        let _ = paint_zoom::fading(context, &zooming.kept, palette, place, motion);
    }

    fn paint(&self, motion: f64) -> Option<(Marks, Vec<Prot>)> {
        let canvas = self.canvas.cast::<HtmlCanvasElement>()?;
        let size = (self.room.width + BAR, self.room.height);
        if size.0 <= BAR + 1.0 || size.1 < 1.0 {
            return None;
        }
        let top = self.clamped_top();
        let process = self.store.session.process();
        let pages = |range| state::pages(process, range);
        let view = View {
            vmas: &self.store.moment.vmas,
            pages: &pages,
            changes: &self.store.moment.changes,
            top,
            size: (self.room.width, self.room.height),
            gutter: GUTTER,
            lit: &self.lit,
            selection: self.store.selection,
            cursor: self.store.cursor,
            why: self.store.moment.why,
        };
        let palette = &*self.colors.at(&canvas);
        let context = paint::prepare(&canvas, size.0, size.1, browser::pixel_ratio())?;
        let shown = self.paint_level(&context, &view, palette, motion);
        self.paint_zooming(&context, palette);
        self.scroll_bar(&context, palette, top);
        let rows: Vec<String> =
            shown.labels.iter().map(|(y, address)| format!("{address:#x}@{y}")).collect();
        let _ = canvas.set_attribute("data-rows", &rows.join(" "));
        let height = self.plan.grid().map_or(0.0, |layout| layout.cell_height());
        let _ = canvas.set_attribute("data-row-height", &height.to_string());
        let _ = canvas.set_attribute("data-motions", &self.local.borrow().motion.1.to_string());
        let _ = canvas.set_attribute("data-zooms", &self.local.borrow().zooming.1.to_string());
        Some(shown.legend)
    }

    /// Paints what the level shows.
    fn paint_level(
        &self,
        context: &Context,
        view: &View<'_>,
        palette: &Palette,
        motion: f64,
    ) -> Shown {
        let process = self.store.session.process();
        let residency = |range, parts| state::residency(process, range, parts);
        let across = (self.room.width, GUTTER);
        let far = |scene: far::FarScene| {
            let labels = scene.bars.iter().map(|bar| (bar.place.1, bar.range.start())).collect();
            Shown { labels, legend: (scene.marks, scene.prots) }
        };
        match &*self.plan {
            Plan::Whole(items) => {
                let scene = far::whole(view, items, &self.room, &residency);
                paint_levels::whole(context, &scene, palette, motion);
                far(scene)
            }
            Plan::Vmas(lanes) => {
                let scene = far::lanes(view, lanes, &self.room, &residency);
                paint_levels::lanes(context, &scene, palette, across, motion);
                far(scene)
            }
            Plan::Grid(layout) if layout.grain().unit == 1 => {
                let bytes = |address, length| self.store.session.bytes(address, length);
                let parts = |address, length| match &self.store.moment.heap {
                    Some(heap) => hex_view::parts(heap, address, length),
                    None => Vec::new(),
                };
                let scene = bytes_scene(view, layout, &bytes, &parts);
                paint_levels::bytes(context, &scene, palette, across);
                Shown { labels: scene.labels, legend: (scene.marks, scene.prots) }
            }
            Plan::Grid(layout) => {
                let scene = scene(view, layout);
                paint::grid(context, &scene, palette, across, motion);
                Shown { labels: scene.labels, legend: (scene.marks, scene.prots) }
            }
        }
    }

    fn scroll_bar(&self, context: &Context, palette: &Palette, top: f64) {
        let (all, height) = (self.plan.height(&self.room), self.room.height);
        if all > height {
            let thumb = (height / all * height).max(28.0);
            let share = (top / (all - height)).clamp(0.0, 1.0);
            let at = share * (height - thumb);
            paint::scroll_bar(context, palette, self.room.width, at, BAR, thumb);
        }
    }

    /// Keeps some of the map in sight.
    fn clamped_top(&self) -> f64 {
        let (all, height) = (self.plan.height(&self.room), self.room.height);
        let mut local = self.local.borrow_mut();
        let (least, most) = (LEFT_IN_SIGHT - height, all - LEFT_IN_SIGHT);
        local.top = local.top.clamp(least.min(0.0), most.max(0.0)).round();
        local.top
    }
}

/// Starts the motion when another call has changed something.
#[hook]
pub(super) fn use_motion(map: &Rc<Map>) {
    let revision = map.store.revision;
    let changes = &map.store.moment.changes;
    let moved = !(changes.splits.is_empty()
        && changes.merges.is_empty()
        && changes.faults.is_empty()
        && changes.changed.is_empty());
    if use_changed(revision) && revision > 0 && moved && !browser::prefers_reduced_motion() {
        let mut local = map.local.borrow_mut();
        local.motion = (Some(browser::now()), local.motion.1.wrapping_add(1));
    }
}
