//! Nearer and further: by wheel, pinch, keys, buttons and breadcrumb. What is under the pointer
//! stays there.

use super::{BAR, GUTTER, Map};
use crate::browser;
use crate::grid::layout::Grain;
use crate::grid::level::{Level, PAGES};
use crate::grid::plan::{Hit, Plan};
use crate::text;
use mmap_playground_core::address::{Address, PAGE_SIZE};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, WheelEvent};
use yew::prelude::*;

/// Turns of the wheel for a step, in CSS pixels; and when two fingers on a pad pinch.
const WHEEL: (f64, f64) = (40.0, 12.0);
/// Two fingers this much further apart (or closer) are a step.
const PINCH: f64 = 1.35;
/// A pointer within so many CSS pixels is at the same place.
const SAME_PLACE: f64 = 2.0;

/// How near the map is.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Zoom {
    /// The level, once somebody chose one.
    pub(super) level: Option<Level>,
    /// Where rows of pages start: see [`Grain::phase`].
    pub(super) phase: u64,
}

/// What a step of zoom held in its place. While the pointer rests, further steps hold the same
/// address, although a far level cannot tell it from its neighbours.
#[derive(Clone, Copy)]
pub(super) struct Anchor {
    at: (f64, f64),
    address: Address,
}

/// The fewest pages in a row at which a cell is still comfortable.
pub(super) fn fitting_columns(width: f64) -> u64 {
    let room = (width - GUTTER - BAR).max(1.0);
    let mut columns = PAGES.1;
    while columns > PAGES.0 && room / (columns as f64) < 20.0 {
        columns /= 2;
    }
    columns
}

impl Map {
    /// One step nearer or further; what stands at a place stays there.
    pub(super) fn zoom_by(&self, nearer: bool, at: Option<(f64, f64)>) {
        let next = if nearer { self.level.nearer() } else { self.level.further() };
        if let Some(next) = next {
            self.zoom_to(next, at);
        }
    }

    /// Goes to a level; what stands at a place stays there: without one the cursor, if it is in
    /// view, or else the middle.
    pub(super) fn zoom_to(&self, level: Level, at: Option<(f64, f64)>) {
        if level == self.level {
            return;
        }
        let (address, at) = self.anchored(at);
        let vmas = &self.store.moment.vmas;
        let phase = match level {
            Level::Pages(columns) => {
                let column = self.room.column(at.0, columns);
                Grain::pages(columns).with_address_in(address, column).phase
            }
            _ => 0,
        };
        let plan = Plan::new(level, phase, vmas, &self.shown, &self.room);
        let old_top = self.local.borrow().top;
        let share = self
            .plan
            .row(address, &self.room)
            .map_or(0.5, |(top, height)| ((old_top + at.1 - top) / height).clamp(0.1, 0.9));
        {
            let mut local = self.local.borrow_mut();
            local.anchor = Some(Anchor { at, address });
            local.level = Some(level);
            local.top = match plan.row(address, &self.room) {
                Some((top, height)) if level != Level::Whole => top + height * share - at.1,
                _ => 0.0,
            };
            let size = (self.room.width + BAR, self.room.height);
            local.plan = Some(((self.store.revision, level, phase, size), plan));
        }
        self.begin_zoom_motion(at, level.is_nearer_than(self.level));
        self.menu.set(None);
        self.zoom.set(Zoom { level: Some(level), phase });
        let words = format!("{}, {}, around {}", name(level), level.scale(), text::hex(address));
        self.local.borrow_mut().words = Some(words.into());
        self.turned();
    }

    /// Goes to a level around an address, with it in the middle if it is not in view.
    pub(super) fn zoom_around(&self, level: Level, address: Address) {
        let place = self.place_of(address);
        let (x, y) = place.unwrap_or((self.room.width / 2.0, self.room.height / 2.0));
        self.local.borrow_mut().anchor = Some(Anchor { at: (x, y), address });
        self.zoom_to(level, Some((x, y)));
    }

    /// The address to hold, and where it is.
    fn anchored(&self, at: Option<(f64, f64)>) -> (Address, (f64, f64)) {
        let cursor = self.store.cursor;
        let at = at.or_else(|| cursor.and_then(|cursor| self.place_of(cursor)));
        let at = at.unwrap_or((self.room.width / 2.0, self.room.height / 2.0));
        let kept = self.local.borrow().anchor.filter(|anchor| {
            (anchor.at.0 - at.0).abs().max((anchor.at.1 - at.1).abs()) < SAME_PLACE
        });
        if let Some(anchor) = kept {
            return (anchor.address, at);
        }
        let address = match self.hit(at) {
            // The middle of a hole is in a hole at every level.
            Some(Hit::Fold(range)) => range.start() + range.page_count() / 2 * PAGE_SIZE,
            Some(hit) => hit.address(),
            None => cursor.or_else(|| self.first_page()).unwrap_or(0),
        };
        (address, at)
    }

    /// Where an address is, if it is in view.
    fn place_of(&self, address: Address) -> Option<(f64, f64)> {
        let x = self.plan.x_of(address, &self.store.moment.vmas, &self.room)?;
        let (top, height) = self.plan.row(address, &self.room)?;
        let y = top + height / 2.0 - self.local.borrow().top;
        (y >= 0.0 && y <= self.room.height).then_some((x, y))
    }

    /// The first page that is mapped.
    pub(super) fn first_page(&self) -> Option<Address> {
        self.store.moment.vmas.first().map(|vma| vma.range.start())
    }

    /// Two fingers moved.
    pub(super) fn pinched(&self) {
        let (apart, middle) = {
            let local = self.local.borrow();
            let [(_, one), (_, other)] = local.fingers[..] else { return };
            let apart = (one.0 - other.0).hypot(one.1 - other.1).max(1.0);
            (apart, ((one.0 + other.0) / 2.0, (one.1 + other.1) / 2.0))
        };
        let before = self.local.borrow().apart;
        if before <= 0.0 {
            self.local.borrow_mut().apart = apart;
        } else if apart / before > PINCH || before / apart > PINCH {
            self.local.borrow_mut().apart = apart;
            self.zoom_by(apart > before, Some(middle));
        }
    }

    /// The wheel turned at a place. Says whether the map took it; at the ends the page may have it.
    fn wheeled(&self, event: &WheelEvent, at: (f64, f64)) -> bool {
        let unit = match event.delta_mode() {
            WheelEvent::DOM_DELTA_LINE => 24.0,
            WheelEvent::DOM_DELTA_PAGE => self.room.height,
            _ => 1.0,
        };
        let (x, y) = (event.delta_x() * unit, event.delta_y() * unit);
        if event.shift_key() || x.abs() > y.abs() {
            let moved = self.scroll(if x.abs() > y.abs() { x } else { y });
            if moved {
                self.local.borrow_mut().pointer = Some(at);
                self.turned();
            }
            return moved;
        }
        let nearer = y < 0.0;
        let next = if nearer { self.level.nearer() } else { self.level.further() };
        if next.is_none() {
            return false;
        }
        let needed = if event.ctrl_key() { WHEEL.1 } else { WHEEL.0 };
        let turned = {
            let mut local = self.local.borrow_mut();
            local.wheel = if local.wheel * y < 0.0 { y } else { local.wheel + y };
            local.wheel.abs() >= needed
        };
        if turned {
            self.local.borrow_mut().wheel = 0.0;
            self.zoom_by(nearer, Some(at));
        }
        true
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Whole => "The whole address space",
        Level::Vmas => "VMAs",
        Level::Pages(_) => "Pages",
        Level::Bytes(_) => "Bytes",
    }
}

#[hook]
pub(super) fn use_wheel(holder: &NodeRef, map: &Rc<Map>) {
    let (holder, map) = (holder.clone(), map.clone());
    // Depends on everything: the closure inside holds this rendering's map.
    use_effect(move || {
        let guard = holder.cast::<HtmlElement>().map(|element| {
            let on = element.clone();
            browser::listen(&element, "wheel", move |event| {
                let Ok(event) = event.dyn_into::<WheelEvent>() else { return };
                // The menu over the map scrolls by itself.
                let target = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
                if target.is_some_and(|it| it.closest(".offers").ok().flatten().is_some()) {
                    return;
                }
                let rect = on.get_bounding_client_rect();
                let x = f64::from(event.client_x()) - rect.left();
                let y = f64::from(event.client_y()) - rect.top();
                if map.wheeled(&event, (x, y)) {
                    event.prevent_default();
                    map.request_paint();
                }
            })
        });
        move || drop(guard)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_columns_as_are_comfortable() {
        assert_eq!(fitting_columns(700.0), 16);
        assert_eq!(fitting_columns(1400.0), 64);
        assert_eq!(fitting_columns(0.0), 4);
    }
}
