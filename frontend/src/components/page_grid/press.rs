//! Pressing, dragging and pointing on the map, with mouse and fingers.

use super::{Map, spanned};
use crate::browser;
use crate::grid::level::Level;
use crate::grid::plan::Hit;
use crate::store::Action;
use mmap_playground_core::address::{PAGE_SIZE, PageRange, page_floor};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, PointerEvent};
use yew::prelude::*;

/// A pointer that is down.
pub(super) struct Press {
    start: Hit,
    at: (f64, f64),
    last_y: f64,
    kind: PressKind,
}

#[derive(Clone, Copy, PartialEq)]
enum PressKind {
    /// Selects pages.
    Select,
    /// A finger that has not yet moved enough to know.
    Touch,
    /// Scrolls, one to one.
    Scroll,
    /// Drags the scroll bar.
    Bar,
    /// One of two fingers that pinch.
    Pinch,
}

impl Map {
    /// A button or finger went down.
    pub(super) fn down(self: &Rc<Map>, event: PointerEvent) {
        if event.button() != 0 {
            return;
        }
        let Some(at) = self.place(&event) else { return };
        if let Some(target) = event.target().and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
            let _ = target.set_pointer_capture(event.pointer_id());
        }
        if let Some(canvas) = self.canvas.cast::<HtmlElement>() {
            browser::focus_still(&canvas);
        }
        self.menu.set(None);
        let touch = event.pointer_type() == "touch";
        if touch && self.finger_down(event.pointer_id(), at) {
            return;
        }
        let Some(found) = self.hit(at) else { return };
        let height = self.plan.height(&self.room);
        let kind = if at.0 > self.room.width && height > self.room.height {
            let top = at.1 / self.room.height * height - self.room.height / 2.0;
            self.local.borrow_mut().top = top.clamp(0.0, height - self.room.height);
            self.request_paint();
            PressKind::Bar
        } else if touch {
            PressKind::Touch
        } else if matches!(self.level, Level::Vmas | Level::Bytes(_)) {
            PressKind::Scroll
        } else {
            PressKind::Select
        };
        if matches!(kind, PressKind::Select | PressKind::Scroll) {
            if self.store.picking.is_some() {
                self.pick(found);
                return;
            }
            self.choose(found, event.shift_key());
        }
        let start = match (event.shift_key(), self.store.cursor, found) {
            (true, Some(cursor), Hit::Page(_)) => Hit::Page(page_floor(cursor)),
            _ => found,
        };
        let press = Press { start, at, last_y: at.1, kind };
        self.local.borrow_mut().press = Some(press);
    }

    /// Keeps a finger; says whether it is the second, so that both pinch.
    fn finger_down(&self, id: i32, at: (f64, f64)) -> bool {
        let mut local = self.local.borrow_mut();
        local.fingers.retain(|(other, _)| *other != id);
        if local.fingers.len() < 2 {
            local.fingers.push((id, at));
        }
        if local.fingers.len() < 2 {
            return false;
        }
        local.apart = 0.0;
        if let Some(press) = &mut local.press {
            press.kind = PressKind::Pinch;
        }
        drop(local);
        self.pinched();
        true
    }

    /// The pointer moved.
    pub(super) fn moved(self: &Rc<Map>, event: PointerEvent) {
        let Some(at) = self.place(&event) else { return };
        let pinching = {
            let mut local = self.local.borrow_mut();
            local.pointer = (event.pointer_type() != "touch").then_some(at);
            let finger = local.fingers.iter_mut().find(|(id, _)| *id == event.pointer_id());
            if let Some((_, place)) = finger {
                *place = at;
            }
            local.fingers.len() == 2
        };
        if pinching {
            self.pinched();
            return;
        }
        let Some((kind, start, moved)) = self.dragged(at) else {
            self.point_at(self.hit(at));
            return;
        };
        match kind {
            PressKind::Select => {
                if let (Hit::Page(start), Some(Hit::Page(end))) = (start, self.hit(at)) {
                    let range = spanned(start, end);
                    if self.store.selection != range {
                        self.store.dispatch(Action::Select(range));
                    }
                }
            }
            PressKind::Scroll => {
                let took = self.scroll(moved);
                // What the map does not take, the page may have.
                if !took && event.pointer_type() == "touch" {
                    self.scroll_page(moved);
                }
                self.request_paint();
            }
            PressKind::Bar => {
                self.scroll(-moved / self.room.height * self.plan.height(&self.room));
                self.request_paint();
            }
            PressKind::Touch | PressKind::Pinch => {}
        }
    }

    /// Scrolls the page. The map goes with it, away below the finger.
    fn scroll_page(&self, by: f64) {
        let Some(window) = browser::window() else { return };
        let before = window.scroll_y().unwrap_or(0.0);
        window.scroll_by_with_x_and_y(0.0, by);
        let went = window.scroll_y().unwrap_or(0.0) - before;
        if let Some(press) = &mut self.local.borrow_mut().press {
            press.last_y += went;
        }
    }

    /// What a drag is by now: its kind, where it began, and how far it went up since the last time.
    fn dragged(&self, at: (f64, f64)) -> Option<(PressKind, Hit, f64)> {
        let mut local = self.local.borrow_mut();
        let press = local.press.as_mut()?;
        if press.kind == PressKind::Touch {
            let (across, along) = (at.0 - press.at.0, at.1 - press.at.1);
            if across.abs().max(along.abs()) > 8.0 {
                let sideways = across.abs() > along.abs() && matches!(press.start, Hit::Page(_));
                press.kind = if sideways { PressKind::Select } else { PressKind::Scroll };
            }
        }
        let moved = press.last_y - at.1;
        press.last_y = at.1;
        Some((press.kind, press.start, moved))
    }

    /// The button or finger went up.
    pub(super) fn up(self: &Rc<Map>, event: PointerEvent) {
        self.finger_up(event.pointer_id());
        let Some(press) = self.local.borrow_mut().press.take() else { return };
        let Some(at) = self.place(&event) else { return };
        let still = (at.0 - press.at.0).abs().max((at.1 - press.at.1).abs()) < 5.0;
        match press.kind {
            PressKind::Touch if still => {
                if self.store.picking.is_some() {
                    self.pick(press.start);
                    return;
                }
                self.choose(press.start, false);
                self.menu.set(Some(at));
            }
            PressKind::Select if !still && matches!(press.start, Hit::Page(_)) => {
                self.menu.set(Some(at));
            }
            PressKind::Select | PressKind::Scroll
                if still && matches!(press.start, Hit::Fold(_)) =>
            {
                self.menu.set(Some(at));
            }
            _ => {}
        }
    }

    fn finger_up(&self, id: i32) {
        let mut local = self.local.borrow_mut();
        local.fingers.retain(|(other, _)| *other != id);
        local.apart = 0.0;
    }

    /// The browser took the pointer away.
    pub(super) fn cancelled(self: &Rc<Map>, event: PointerEvent) {
        self.finger_up(event.pointer_id());
        self.local.borrow_mut().press = None;
    }

    /// The pointer left the map.
    pub(super) fn left(self: &Rc<Map>, _: PointerEvent) {
        self.local.borrow_mut().pointer = None;
        self.point_at(None);
    }

    /// Two clicks: a load, or from far a step nearer.
    pub(super) fn double_click(self: &Rc<Map>, event: MouseEvent) {
        let Some(at) = self.place(&event) else { return };
        match self.hit(at) {
            Some(Hit::Page(address) | Hit::Byte(address)) => {
                self.store.dispatch(Action::Run(format!("load({address:#x})")));
            }
            Some(_) if self.plan.grid().is_none() => self.zoom_by(true, Some(at)),
            _ => {}
        }
    }

    /// The other button: the calls that make sense there.
    pub(super) fn context_menu(self: &Rc<Map>, event: MouseEvent) {
        let Some((at, found)) = self.place(&event).and_then(|at| Some((at, self.hit(at)?))) else {
            return;
        };
        event.prevent_default();
        let inside = match found {
            Hit::Fold(_) => false,
            _ => self.store.selection.is_some_and(|range| range.contains(found.address())),
        };
        if !inside {
            self.choose(found, false);
        }
        self.menu.set(Some(at));
    }

    fn pick(&self, found: Hit) {
        if !matches!(found, Hit::Fold(_)) {
            self.store.dispatch(Action::Picked(found.address()));
        }
    }

    /// Puts the inspector there; a VMA and a part of a hole are selected as well.
    fn choose(&self, found: Hit, extend: bool) {
        let select = |range| self.store.dispatch(Action::Select(range));
        match (found, extend, self.store.cursor) {
            (Hit::Page(address), true, Some(cursor)) => {
                select(spanned(page_floor(cursor), address));
            }
            (Hit::Page(address) | Hit::Byte(address), ..) => {
                select(None);
                self.store.dispatch(Action::Inspect(Some(address)));
            }
            (Hit::Vma(range, address), ..) => {
                select(Some(range));
                self.store.dispatch(Action::Inspect(Some(address)));
            }
            (Hit::Fold(range), ..) => {
                // A mapping at the upper end of a hole is what the kernel would choose too.
                let low = range.end().saturating_sub(4 * PAGE_SIZE).max(range.start());
                let inside = range.end().saturating_sub(low);
                select(PageRange::spanning(low, inside));
            }
        }
    }
}
