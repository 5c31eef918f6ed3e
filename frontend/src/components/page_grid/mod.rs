//! The map: a canvas that goes from the whole address space down to bytes in one gesture, and is
//! worked with mouse, finger and keys.
//!
//! How far it is scrolled is not in the store: it changes with every turn of the wheel. What stands
//! where comes from [`Plan`], what is painted from the scenes; `zoom`, `press` and `keys` are what a
//! person does, `words` what the map says.

mod keys;
mod press;
mod view;
mod words;
mod zoom;

use crate::browser::{self, FrameJob};
use crate::components::colors::{Colors, use_colors};
use crate::components::icons;
use crate::components::legend::Legend;
use crate::components::offer_menu::OfferMenu;
use crate::grid::level::Level;
use crate::grid::plan::{Hit, Plan, Room};
use crate::grid::scene::Marks;
use crate::lit::{Lit, use_lit};
use crate::store::{Action, PointedContext, StoreContext, use_pointed, use_store};
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange, page_floor};
use press::Press;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use view::Zooming;
use web_sys::{HtmlElement, PointerEvent};
use yew::prelude::*;
use zoom::{Anchor, Zoom, fitting_columns, use_wheel};

/// Width of the column of addresses, in CSS pixels.
const GUTTER: f64 = 92.0;
/// Width of the scroll bar, in CSS pixels.
const BAR: f64 = 10.0;
/// What stays in sight of the map when it is scrolled as far as it goes, in CSS pixels.
const LEFT_IN_SIGHT: f64 = 30.0;

/// The map rests once nothing has turned it for so long.
const REST: Duration = Duration::from_millis(120);

/// What a plan is of: the revision, the level, where rows of pages start, and the size.
type PlanKey = (u32, Level, u64, (f64, f64));

/// What changes without the page knowing.
#[derive(Default)]
struct Local {
    /// How far the map is scrolled. May be outside of it, so that what is under the pointer can
    /// stay there while zooming.
    top: f64,
    /// The level that the last step of zoom went to; how far the map is scrolled is meant for it.
    level: Option<Level>,
    /// How that level is laid out, and what of.
    plan: Option<(PlanKey, Plan)>,
    /// A pointer that is down.
    press: Option<Press>,
    /// Fingers that are down: id and place.
    fingers: Vec<(i32, (f64, f64))>,
    /// How far apart two fingers were at the last step of zoom.
    apart: f64,
    /// Turns of the wheel that did not make a step yet.
    wheel: f64,
    /// Where the pointer is.
    pointer: Option<(f64, f64)>,
    /// What the last step of zoom held in its place.
    anchor: Option<Anchor>,
    /// When the last call began to be shown as it happens, and how many were.
    motion: (Option<f64>, u32),
    /// What a step of zoom is growing or shrinking out of, and how many there were.
    zooming: (Option<Zooming>, u32),
    /// How often the map was scrolled or zoomed.
    turns: u32,
    /// What is to be said once it rests.
    words: Option<AttrValue>,
}

/// The map as it stands in one rendering: what its handlers share.
struct Map {
    store: StoreContext,
    pointed: PointedContext,
    lit: Rc<Lit>,
    local: Rc<RefCell<Local>>,
    level: Level,
    plan: Rc<Plan>,
    shown: Rc<Vec<PageRange>>,
    room: Room,
    canvas: NodeRef,
    zoom: UseStateHandle<Zoom>,
    hover: UseStateHandle<Option<Hit>>,
    menu: UseStateHandle<Option<(f64, f64)>>,
    legend: UseStateHandle<(Marks, Vec<Prot>)>,
    /// How often the map was scrolled or zoomed when it last came to rest.
    rested: UseStateHandle<u32>,
    job: Rc<FrameJob>,
    colors: Colors,
}

impl Map {
    /// The place of an event on the map.
    fn place(&self, event: &MouseEvent) -> Option<(f64, f64)> {
        let rect = self.canvas.cast::<HtmlElement>()?.get_bounding_client_rect();
        let x = f64::from(event.client_x()) - rect.left();
        Some((x, f64::from(event.client_y()) - rect.top()))
    }

    /// What stands at a place of the map.
    fn hit(&self, (x, y): (f64, f64)) -> Option<Hit> {
        let top = self.local.borrow().top;
        self.plan.hit(&self.store.moment.vmas, &self.room, x, top + y)
    }

    /// Points at what is there, for all views.
    fn point_at(&self, found: Option<Hit>) {
        self.hover.set(found);
        self.pointed.set(found.map(words::pointed));
    }

    /// Waits until the map rests: only then all views hear what is under the pointer now, and it is
    /// said where the map is, for that renders the whole page.
    fn turned(&self) {
        let turns = {
            let mut local = self.local.borrow_mut();
            local.turns = local.turns.wrapping_add(1);
            local.turns
        };
        let (local, rested) = (self.local.clone(), self.rested.setter());
        yew::platform::spawn_local(async move {
            yew::platform::time::sleep(REST).await;
            if local.borrow().turns == turns {
                rested.set(turns);
            }
        });
    }

    /// Something else is pointed at and said, so that the map's rest is no news.
    fn said_otherwise(&self) {
        let mut local = self.local.borrow_mut();
        local.turns = local.turns.wrapping_add(1);
        local.words = None;
    }

    /// The map rests: see [`Map::turned`].
    fn rest(&self) {
        let (place, words) = {
            let mut local = self.local.borrow_mut();
            (local.pointer, local.words.take())
        };
        if let Some(place) = place {
            self.point_at(self.hit(place));
        }
        if let Some(words) = words {
            self.store.dispatch(Action::Say(words));
        }
    }

    /// Scrolls; says whether it moved.
    fn scroll(&self, by: f64) -> bool {
        let most = (self.plan.height(&self.room) - self.room.height).max(0.0);
        let mut local = self.local.borrow_mut();
        let before = local.top;
        // From outside, where zooming may have led, only back.
        local.top = (before + by).clamp(before.min(0.0), before.max(most));
        if local.top != before {
            local.anchor = None;
        }
        local.top != before
    }

    /// What a finger means to the browser: where the map has nothing to scroll up or down, that
    /// scrolls the page. Two fingers are the map's in any case.
    fn touch_action(&self) -> &'static str {
        let fits = self.plan.height(&self.room) <= self.room.height;
        if fits && self.local.borrow().top == 0.0 {
            "touch-action:pan-y"
        } else {
            "touch-action:none"
        }
    }

    /// Scrolls as little as is needed to show a row.
    fn bring_into_view(&self, address: Address) {
        if let Some((top, height)) = self.plan.row(address, &self.room) {
            let mut local = self.local.borrow_mut();
            local.top = local.top.min(top).max(top + height - self.room.height);
        }
    }
}

/// The map.
#[component]
pub fn PageGrid() -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let lit = use_lit();
    let holder = use_node_ref();
    let canvas = use_node_ref();
    let size = use_state_eq(|| (0.0_f64, 0.0_f64));
    let zoom = use_state_eq(Zoom::default);
    let hover = use_state_eq(|| None::<Hit>);
    let menu = use_state_eq(|| None::<(f64, f64)>);
    let rested = use_state_eq(|| 0);
    let legend = use_state_eq(|| (Marks::empty(), Vec::<Prot>::new()));
    let colors = use_colors();
    let local = use_mut_ref(Local::default);
    let job = use_memo((), |()| FrameJob::default());

    let level = zoom.level.unwrap_or_else(|| Level::Pages(fitting_columns(size.0)));
    let room = Room { width: (size.0 - BAR).max(1.0), height: size.1, gutter: GUTTER };
    let shown = use_memo(store.revision, |_| shown(&store));
    let plan = use_memo((store.revision, level, zoom.phase, *size), |key| {
        let made = local.borrow_mut().plan.take().filter(|(of, _)| of == key);
        let new = || Plan::new(level, zoom.phase, &store.moment.vmas, &shown, &room);
        made.map_or_else(new, |(_, plan)| plan)
    });
    let map = Rc::new(Map {
        store: store.clone(),
        pointed,
        lit,
        local,
        level,
        plan,
        shown,
        room,
        canvas: canvas.clone(),
        zoom: zoom.clone(),
        hover: hover.clone(),
        menu: menu.clone(),
        legend: legend.clone(),
        rested: rested.clone(),
        job,
        colors,
    });

    use_size(&holder, &size);
    use_focus(&map, zoom.level.is_none().then(|| level.page_columns()));
    view::use_motion(&map);
    // Every change of what is shown repaints, at the next frame. Effects may come a frame later,
    // where rendering the page took long; what they change is painted then.
    map.request_paint();
    {
        let map = map.clone();
        use_effect(move || map.request_paint());
    }
    {
        let menu = menu.clone();
        use_effect_with(store.revision, move |_| menu.set(None));
    }
    {
        let map = map.clone();
        use_effect_with(*rested, move |_| map.rest());
    }
    use_wheel(&holder, &map);
    use_two_fingers(&holder, &map.local);

    let close = {
        let menu = menu.clone();
        Callback::from(move |()| menu.set(None))
    };
    let offers = store.selection.or_else(|| page_of(store.cursor));
    let menu_range = offers.filter(|_| !store.place.is_read_only());
    let on = |act: fn(&Rc<Map>, PointerEvent)| {
        let map = map.clone();
        Callback::from(move |event: PointerEvent| act(&map, event))
    };
    let on_mouse = |act: fn(&Rc<Map>, MouseEvent)| {
        let map = map.clone();
        Callback::from(move |event: MouseEvent| act(&map, event))
    };
    let onkeydown = {
        let map = map.clone();
        move |event: KeyboardEvent| map.key(&event)
    };
    let onblur = {
        let map = map.clone();
        // What the keys pointed at is pointed at no more; the pointer may still be there.
        move |_: FocusEvent| map.point_at(*map.hover)
    };
    html! {
        <div class="pages">
            <div class="pages-head">
                { words::crumbs(&map) }
                <span class="spring"></span>
                <span class="row-size" data-testid="grid-columns" data-columns={level.page_columns().to_string()}>{ level.scale() }</span>
                <button type="button" class="button quiet" onclick={on_mouse(|map, _| map.zoom_by(false, None))} disabled={level.further().is_none()} aria-label="Zoom out" title="Zoom out (-)" data-testid="zoom-out">{ icons::minus() }</button>
                <button type="button" class="button quiet" onclick={on_mouse(|map, _| map.zoom_by(true, None))} disabled={level.nearer().is_none()} aria-label="Zoom in" title="Zoom in (+)" data-testid="zoom-in">{ icons::plus() }</button>
            </div>
            <div class="grid-holder" ref={&holder}>
                <canvas ref={canvas} class="grid" tabindex="0" role="application" aria-roledescription="map of the address space"
                    aria-label={words::label(&map)} data-testid="page-grid" data-gutter={GUTTER.to_string()} data-bar={BAR.to_string()}
                    data-level={level.name()} style={map.touch_action()}
                    onpointerdown={on(Map::down)} onpointermove={on(Map::moved)} onpointerup={on(Map::up)}
                    onpointercancel={on(Map::cancelled)} onpointerleave={on(Map::left)}
                    ondblclick={on_mouse(Map::double_click)} oncontextmenu={on_mouse(Map::context_menu)} {onkeydown} {onblur} />
                if let (Some((x, y)), Some(range)) = (*menu, menu_range) {
                    <OfferMenu {range} {x} {y} within={*size} room={room_around(&holder, y)} on_close={close} />
                }
            </div>
            <p class="grid-hint" data-testid="grid-hint">{ words::hint(&map) }</p>
            <Legend marks={legend.0} prots={legend.1.clone()} />
        </div>
    }
}

/// The room on the screen above and below a height of the map.
fn room_around(holder: &NodeRef, y: f64) -> (f64, f64) {
    let top = holder.cast::<HtmlElement>().map_or(0.0, |it| it.get_bounding_client_rect().top());
    let window = browser::window().and_then(|window| window.inner_height().ok()?.as_f64());
    (top + y, window.unwrap_or(600.0) - top - y)
}

/// The ranges that have rows: every VMA, and what the last call unmapped.
fn shown(store: &StoreContext) -> Vec<PageRange> {
    let mut ranges: Vec<PageRange> = store.moment.vmas.iter().map(|vma| vma.range).collect();
    let gone = store.moment.changes.gone.iter().filter(|range| range.page_count() <= 4096);
    let before = ranges.len();
    ranges.extend(gone);
    let place = store.moment.why.and_then(|address| PageRange::spanning(page_floor(address), 1));
    ranges.extend(place);
    if ranges.len() > before { crate::grid::change::joined(ranges) } else { ranges }
}

fn page_of(address: Option<Address>) -> Option<PageRange> {
    PageRange::spanning(page_floor(address?), PAGE_SIZE)
}

/// The pages from one to another, whichever is lower.
fn spanned(one: Address, other: Address) -> Option<PageRange> {
    let (low, high) = (one.min(other), one.max(other));
    PageRange::spanning(low, (high - low).saturating_add(PAGE_SIZE))
}

#[hook]
fn use_size(holder: &NodeRef, size: &UseStateHandle<(f64, f64)>) {
    let (holder, size) = (holder.clone(), size.clone());
    use_effect_with((), move |()| {
        let element = holder.cast::<HtmlElement>();
        let guard = element.and_then(|element| {
            let measured = element.clone();
            browser::on_resize(&element, move || {
                size.set(browser::inner_size(&measured));
            })
        });
        move || drop(guard)
    });
}

/// Keeps the browser from scrolling the page with two fingers on the map: they pinch.
#[hook]
fn use_two_fingers(holder: &NodeRef, local: &Rc<RefCell<Local>>) {
    let (holder, local) = (holder.clone(), local.clone());
    use_effect_with((), move |()| {
        let guard = holder.cast::<HtmlElement>().map(|element| {
            browser::listen(&element, "touchmove", move |event| {
                if local.borrow().fingers.len() > 1 {
                    event.prevent_default();
                }
            })
        });
        move || drop(guard)
    });
}

/// Scrolls to a place that another view asked for, or that the last call changed. `fitted` are the
/// columns as long as nobody chose them: they change with the size.
#[hook]
fn use_focus(map: &Rc<Map>, fitted: Option<u64>) {
    let (address, count) = map.store.focus;
    let height = map.room.height;
    if !use_changed((count, fitted, height > 0.0)) {
        return;
    }
    let Some((top, row)) = address.and_then(|address| map.plan.row(address, &map.room)) else {
        return;
    };
    let mut local = map.local.borrow_mut();
    let margin = (height / 4.0).min(row * 2.0);
    let inside = top >= local.top + margin && top + row + margin <= local.top + height;
    if !inside && map.level != Level::Whole {
        local.top = (top - height / 3.0).max(0.0);
    }
}

/// Says whether a value is another one than in the rendering before, or this is the first.
#[hook]
fn use_changed<T: PartialEq + 'static>(value: T) -> bool {
    let last = use_mut_ref(|| None::<T>);
    let changed = last.borrow().as_ref() != Some(&value);
    last.replace(Some(value));
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drag_covers_both_ends_in_either_direction() {
        let down = spanned(0x3000, 0x1000).unwrap();
        assert_eq!((down.start(), down.end()), (0x1000, 0x4000));
        assert_eq!(spanned(0x1000, 0x3000), Some(down));
        assert_eq!(spanned(u64::MAX - 4095, 0x1000), None);
    }
}
