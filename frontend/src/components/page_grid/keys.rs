//! The keys of the map.

use super::{Map, spanned, words};
use crate::grid::level::Level;
use crate::grid::plan::Hit;
use crate::store::Action;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange, page_floor};
use std::rc::Rc;
use yew::prelude::*;

impl Map {
    /// A key went down on the map.
    pub(super) fn key(self: &Rc<Map>, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let cursor = self.store.cursor.or_else(|| self.first_page());
        let Some(cursor) = cursor else { return };
        let byte = matches!(self.level, Level::Bytes(_));
        let cursor = if byte { cursor } else { page_floor(cursor) };
        let columns = self.plan.grid().map_or(1, |layout| layout.columns()) as i64;
        let row = self.plan.row(cursor, &self.room).map_or(self.room.height, |(_, height)| height);
        let rows = (self.room.height / row).floor().max(1.0) as i64;
        let extend = event.shift_key();
        let run = |line: String| self.store.dispatch(Action::Run(line));
        match event.key().as_str() {
            "ArrowLeft" => self.go(cursor, -1, extend),
            "ArrowRight" => self.go(cursor, 1, extend),
            "ArrowUp" => self.go(cursor, -columns, extend),
            "ArrowDown" => self.go(cursor, columns, extend),
            "PageUp" => self.go(cursor, -columns * rows, extend),
            "PageDown" => self.go(cursor, columns * rows, extend),
            "Home" => self.go_to(self.first_page(), None),
            "End" => self.go_to(self.last_page(), None),
            "Enter" | " " => self.act(cursor),
            "l" => run(format!("load({cursor:#x})")),
            "s" => run(format!("store({cursor:#x}, 0x41)")),
            "f" => run(format!("fetch({cursor:#x})")),
            "+" | "=" => self.zoom_by(true, None),
            "-" => self.zoom_by(false, None),
            "Escape" => {
                self.menu.set(None);
                self.store.dispatch(Action::Pick(None));
                self.store.dispatch(Action::Select(None));
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    fn last_page(&self) -> Option<Address> {
        self.store.moment.vmas.last().map(|vma| vma.range.end() - PAGE_SIZE)
    }

    fn act(&self, cursor: Address) {
        if self.store.picking.is_some() {
            self.store.dispatch(Action::Picked(cursor));
            return;
        }
        let x = self.plan.x_of(cursor, &self.store.moment.vmas, &self.room);
        let row = self.plan.row(cursor, &self.room);
        let (top, height) = row.unwrap_or((0.0, self.room.height));
        let y = match self.level {
            Level::Whole => self.room.height / 3.0,
            _ => top + height - self.local.borrow().top,
        };
        self.menu.set(Some((x.unwrap_or(self.room.gutter), y)));
    }

    fn go(self: &Rc<Map>, cursor: Address, cells: i64, extend: bool) {
        let Some(layout) = self.plan.grid() else {
            self.go_by_vmas(cursor, cells);
            return;
        };
        // While extending, the far end of the selection moves and the cursor stays.
        let from = match (extend, self.store.selection) {
            (true, Some(range)) if range.start() == cursor => range.end() - PAGE_SIZE,
            _ => cursor,
        };
        let target = layout.step(from, cells);
        let extend = extend && matches!(self.level, Level::Pages(_));
        self.go_to(target, extend.then_some(cursor));
    }

    /// From far, a step is a VMA.
    fn go_by_vmas(self: &Rc<Map>, cursor: Address, steps: i64) {
        let vmas = &self.store.moment.vmas;
        let index = vmas.partition_point(|vma| vma.range.end() <= cursor);
        // From a hole, the VMA behind it is a step on.
        let inside = vmas.get(index).is_some_and(|vma| vma.range.contains(cursor));
        let index = if !inside && steps > 0 { index as i64 - 1 } else { index as i64 };
        let last = vmas.len().saturating_sub(1) as i64;
        let target = (index + steps).clamp(0, last) as usize;
        let Some(vma) = vmas.get(target) else { return };
        self.store.dispatch(Action::Select(Some(vma.range)));
        self.arrive(vma.range.start(), Hit::Vma(vma.range, vma.range.start()));
    }

    /// Puts the cursor somewhere, or selects from the cursor to there.
    fn go_to(self: &Rc<Map>, target: Option<Address>, from: Option<Address>) {
        let Some(target) = target else { return };
        if let Some(from) = from {
            self.store.dispatch(Action::Select(spanned(from, target)));
            self.bring_into_view(target);
            self.request_paint();
            return;
        }
        self.store.dispatch(Action::Select(None));
        let hit = match self.level {
            Level::Bytes(_) => Hit::Byte(target),
            Level::Pages(_) => Hit::Page(target),
            Level::Whole | Level::Vmas => match self.vma_of(target) {
                Some(range) => Hit::Vma(range, target),
                None => Hit::Page(target),
            },
        };
        self.arrive(target, hit);
    }

    fn vma_of(&self, address: Address) -> Option<PageRange> {
        self.store.moment.vma_at(address).map(|vma| vma.range)
    }

    fn arrive(self: &Rc<Map>, target: Address, hit: Hit) {
        self.said_otherwise();
        self.store.dispatch(Action::Inspect(Some(target)));
        self.store.dispatch(Action::Say(words::describe(&self.store, hit).into()));
        self.pointed.set(Some(words::pointed(hit)));
        self.bring_into_view(target);
        self.request_paint();
    }
}
