//! The grid of pages: a canvas that scrolls over the whole address space, zooms, and is worked
//! with mouse, finger and keys.
//!
//! The scroll position is not in the store: it changes with every turn of the wheel. What is
//! painted comes from [`scene`]; where a press lands from [`hit`].

use crate::browser::{self, FrameJob};
use crate::components::icons;
use crate::components::legend::Legend;
use crate::components::offer_menu::OfferMenu;
use crate::grid::layout::{Layout, Row};
use crate::grid::paint;
use crate::grid::scene::{Detail, Hit, Marks, Pointed, View, hit, scene};
use crate::store::{Action, PointedContext, StoreContext, use_pointed, use_store};
use crate::text;
use crate::theme::Palette;
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange, page_floor};
use mmap_playground_core::state;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlCanvasElement, HtmlElement, PointerEvent, WheelEvent};
use yew::prelude::*;

/// Width of the column of addresses, in CSS pixels.
const GUTTER: f64 = 92.0;
/// Fewest and most pages in a row.
const COLUMNS: (u64, u64) = (4, 128);
/// Width of the scroll bar, in CSS pixels.
const BAR: f64 = 10.0;

/// What changes without the page knowing.
#[derive(Default)]
struct Local {
    top: f64,
    press: Option<Press>,
}

/// A pointer that is down.
struct Press {
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
}

/// The fewest pages in a row at which a cell is still comfortable.
fn fitting_columns(width: f64) -> u64 {
    let room = (width - GUTTER).max(1.0);
    let mut columns = COLUMNS.1;
    while columns > COLUMNS.0 && room / (columns as f64) < 20.0 {
        columns /= 2;
    }
    columns
}

fn cell_height(width: f64) -> f64 {
    match Detail::of(width) {
        Detail::Fill | Detail::Marks => width.max(4.0).round(),
        Detail::Letters => width.min(30.0).round(),
        Detail::Text => 44.0,
    }
}

/// The grid of pages.
#[component]
pub fn PageGrid() -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let holder = use_node_ref();
    let canvas = use_node_ref();
    let size = use_state_eq(|| (0.0_f64, 0.0_f64));
    let zoom = use_state_eq(|| None::<u64>);
    let menu = use_state_eq(|| None::<(f64, f64)>);
    let legend = use_state_eq(|| (Marks::empty(), Vec::<Prot>::new()));
    let scheme = use_state_eq(|| 0_u32);
    let local = use_mut_ref(Local::default);
    let job = use_memo((), |()| FrameJob::default());

    let columns = zoom.unwrap_or_else(|| fitting_columns(size.0));
    let layout = use_memo((store.revision, columns, *size), |_| {
        let width = (size.0 - GUTTER - BAR).max(1.0) / columns as f64;
        let ranges = shown(&store);
        Layout::new(ranges.into_iter(), columns, cell_height(width))
    });

    use_size(&holder, &size, &scheme);
    use_focus(&store, &layout, &local, size.1);

    // Every change of what is shown repaints, at the next frame.
    let repaint = {
        let (store, pointed, canvas) = (store.clone(), pointed.clone(), canvas.clone());
        let (local, layout) = (local.clone(), layout.clone());
        let (legend, job, size) = (legend.clone(), job.clone(), *size);
        Rc::new(move || {
            let (store, pointed, canvas) = (store.clone(), pointed.clone(), canvas.clone());
            let (local, layout, legend) = (local.clone(), layout.clone(), legend.clone());
            job.request(move || {
                let top = clamp_top(&local, &layout, size.1);
                let shown = draw(&store, pointed.get(), &canvas, &layout, top, size);
                if let Some(shown) = shown {
                    legend.set(shown);
                }
            });
        })
    };
    {
        let repaint = repaint.clone();
        use_effect(move || repaint());
    }
    {
        let menu = menu.clone();
        use_effect_with(store.revision, move |_| menu.set(None));
    }
    let zoomer = Zoom {
        zoom: zoom.clone(),
        local: local.clone(),
        layout: layout.clone(),
        columns,
        size: *size,
    };
    use_wheel(&holder, &zoomer, &repaint);

    let find = {
        let (canvas, local, layout, size) = (canvas.clone(), local.clone(), layout.clone(), *size);
        move |event: &MouseEvent| -> Option<((f64, f64), Hit)> {
            let rect = canvas.cast::<HtmlElement>()?.get_bounding_client_rect();
            let x = f64::from(event.client_x()) - rect.left();
            let y = f64::from(event.client_y()) - rect.top();
            let found = hit(local.borrow().top, &layout, size.0 - BAR, GUTTER, x, y)?;
            Some(((x, y), found))
        }
    };

    let onpointerdown = {
        let (find, store, local, menu) = (find.clone(), store.clone(), local.clone(), menu.clone());
        let (layout, repaint, size) = (layout.clone(), repaint.clone(), *size);
        move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            let Some((at, found)) = find(&event) else { return };
            if let Some(target) = event.target().and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
                let _ = target.set_pointer_capture(event.pointer_id());
            }
            crate::browser::focus("[data-testid=page-grid]");
            menu.set(None);
            let kind = if at.0 > size.0 - BAR && layout.height() > size.1 {
                local.borrow_mut().top = at.1 / size.1 * layout.height() - size.1 / 2.0;
                repaint();
                PressKind::Bar
            } else if event.pointer_type() == "touch" {
                PressKind::Touch
            } else {
                PressKind::Select
            };
            if kind == PressKind::Select {
                if store.picking.is_some() {
                    if let Hit::Page(address) = found {
                        store.dispatch(Action::Picked(address));
                    }
                    return;
                }
                let extend = event.shift_key();
                press_select(&store, found, extend);
            }
            let start = match (event.shift_key(), store.cursor, found) {
                (true, Some(cursor), Hit::Page(_)) => Hit::Page(page_floor(cursor)),
                _ => found,
            };
            let press = Press { start, at, last_y: f64::from(event.client_y()), kind };
            local.borrow_mut().press = Some(press);
        }
    };
    let onpointermove = {
        let (find, store, local, pointed) =
            (find.clone(), store.clone(), local.clone(), pointed.clone());
        let (layout, repaint, size) = (layout.clone(), repaint.clone(), *size);
        move |event: PointerEvent| {
            let found = find(&event);
            let mut local = local.borrow_mut();
            if let Some(press) = &mut local.press {
                let y = f64::from(event.client_y());
                let moved = press.last_y - y;
                if press.kind == PressKind::Touch
                    && let Some((at, _)) = found
                {
                    let (across, along) = (at.0 - press.at.0, at.1 - press.at.1);
                    if across.abs().max(along.abs()) > 8.0 {
                        let sideways = across.abs() > along.abs();
                        press.kind = if sideways { PressKind::Select } else { PressKind::Scroll };
                    }
                }
                match press.kind {
                    PressKind::Select => {
                        if let (Hit::Page(start), Some((_, Hit::Page(end)))) = (press.start, found)
                        {
                            let range = spanned(start, end);
                            if store.selection != range {
                                store.dispatch(Action::Select(range));
                            }
                        }
                    }
                    PressKind::Scroll => {
                        press.last_y = y;
                        let most = (layout.height() - size.1).max(0.0);
                        let wanted = local.top + moved;
                        local.top = wanted.clamp(0.0, most);
                        let rest = wanted - local.top;
                        if rest != 0.0
                            && let Some(window) = browser::window()
                        {
                            window.scroll_by_with_x_and_y(0.0, rest);
                        }
                        repaint();
                    }
                    PressKind::Bar => {
                        press.last_y = y;
                        local.top -= moved / size.1 * layout.height();
                        repaint();
                    }
                    PressKind::Touch => {}
                }
                return;
            }
            point_at(&store, &pointed, found.map(|(_, found)| found));
        }
    };
    let onpointerup = {
        let (store, local, menu) = (store.clone(), local.clone(), menu.clone());
        move |event: PointerEvent| {
            let Some(press) = local.borrow_mut().press.take() else { return };
            let Some(canvas) = event.target().and_then(|it| it.dyn_into::<HtmlElement>().ok())
            else {
                return;
            };
            let rect = canvas.get_bounding_client_rect();
            let x = f64::from(event.client_x()) - rect.left();
            let y = f64::from(event.client_y()) - rect.top();
            let still = (x - press.at.0).abs().max((y - press.at.1).abs()) < 5.0;
            match press.kind {
                PressKind::Touch if still => {
                    if store.picking.is_some() {
                        if let Hit::Page(address) = press.start {
                            store.dispatch(Action::Picked(address));
                        }
                        return;
                    }
                    press_select(&store, press.start, false);
                    menu.set(Some((x, y)));
                }
                PressKind::Select if !still || matches!(press.start, Hit::Fold(_)) => {
                    menu.set(Some((x, y)));
                }
                _ => {}
            }
        }
    };
    let onpointercancel = {
        let local = local.clone();
        move |_: PointerEvent| local.borrow_mut().press = None
    };
    let onpointerleave = {
        let pointed = pointed.clone();
        move |_: PointerEvent| pointed.set(None)
    };
    let ondblclick = {
        let (find, store) = (find.clone(), store.clone());
        move |event: MouseEvent| {
            if let Some((_, Hit::Page(address))) = find(&event) {
                store.dispatch(Action::Run(format!("load({address:#x})")));
            }
        }
    };
    let oncontextmenu = {
        let (find, store, menu) = (find, store.clone(), menu.clone());
        move |event: MouseEvent| {
            if let Some((at, found)) = find(&event) {
                event.prevent_default();
                let inside = match found {
                    Hit::Page(address) => {
                        store.selection.is_some_and(|range| range.contains(address))
                    }
                    Hit::Fold(_) => false,
                };
                if !inside {
                    press_select(&store, found, false);
                }
                menu.set(Some(at));
            }
        }
    };
    let onkeydown = {
        let keys = Keys {
            store: store.clone(),
            layout: layout.clone(),
            local: local.clone(),
            repaint: repaint.clone(),
            menu: menu.clone(),
            size: *size,
            zoom: zoomer.clone(),
        };
        move |event: KeyboardEvent| keys.down(&event)
    };
    let nearer = {
        let zoomer = zoomer.clone();
        move |_: MouseEvent| zoomer.by(true, None)
    };
    let further = move |_: MouseEvent| zoomer.by(false, None);
    let close = {
        let menu = menu.clone();
        Callback::from(move |()| menu.set(None))
    };
    let menu_range = store.selection.or_else(|| page_of(store.cursor));
    let each = text::short_size(columns * PAGE_SIZE);
    let crumbs = crumbs(&store);
    let hint = match pointed.get() {
        Some(it) => describe(&store, it),
        None => "drag to select pages · double click loads · right click for more".to_owned(),
    };
    html! {
        <div class="pages">
            <div class="pages-head">
                <nav class="crumbs" aria-label="Where">{ crumbs }</nav>
                <span class="spring"></span>
                <span class="row-size" data-testid="grid-columns" data-columns={columns.to_string()}>{ format!("{columns} pages ({each}) a row") }</span>
                <button type="button" class="button quiet" onclick={further} disabled={columns >= COLUMNS.1} aria-label="Zoom out" title="Zoom out (-)" data-testid="zoom-out">{ icons::minus() }</button>
                <button type="button" class="button quiet" onclick={nearer} disabled={columns <= COLUMNS.0} aria-label="Zoom in" title="Zoom in (+)" data-testid="zoom-in">{ icons::plus() }</button>
            </div>
            <div class="grid-holder" ref={&holder}>
                <canvas ref={canvas} class="grid" tabindex="0" role="application" aria-roledescription="page grid"
                    aria-label={label(&store)} data-testid="page-grid" data-gutter={GUTTER.to_string()} data-bar={BAR.to_string()}
                    {onpointerdown} {onpointermove} {onpointerup} {onpointercancel} {onpointerleave} {ondblclick} {oncontextmenu} {onkeydown} />
                if let (Some((x, y)), Some(range)) = (*menu, menu_range) {
                    <OfferMenu {range} {x} {y} within={*size} room={room(&holder, y)} on_close={close} />
                }
            </div>
            <p class="grid-hint" data-testid="grid-hint">{ hint }</p>
            <Legend marks={legend.0} prots={legend.1.clone()} />
        </div>
    }
}

/// The room on the screen above and below a height of the grid.
fn room(holder: &NodeRef, y: f64) -> (f64, f64) {
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

fn spanned(one: Address, other: Address) -> Option<PageRange> {
    let (low, high) = (one.min(other), one.max(other));
    PageRange::spanning(low, (high - low).saturating_add(PAGE_SIZE))
}

fn press_select(store: &StoreContext, found: Hit, extend: bool) {
    match (found, extend, store.cursor) {
        (Hit::Page(address), true, Some(cursor)) => {
            store.dispatch(Action::Select(spanned(page_floor(cursor), address)));
        }
        (Hit::Page(address), ..) => {
            store.dispatch(Action::Select(None));
            store.dispatch(Action::Inspect(Some(address)));
        }
        (Hit::Fold(range), ..) => {
            // A mapping at the upper end of a hole is what the kernel would choose too.
            let low = range.end().saturating_sub(4 * PAGE_SIZE).max(range.start());
            let inside = range.end().saturating_sub(low);
            store.dispatch(Action::Select(PageRange::spanning(low, inside)));
        }
    }
}

fn point_at(store: &StoreContext, pointed: &PointedContext, found: Option<Hit>) {
    pointed.set(found.map(|found| {
        match found {
            Hit::Page(address) => Pointed {
                start: address,
                length: PAGE_SIZE,
                frame: page_of(Some(address))
                    .and_then(|range| state::pages(store.session.process(), range).first().copied())
                    .and_then(|page| page.frame),
            },
            Hit::Fold(range) => Pointed::pages(range),
        }
    }));
}

fn clamp_top(local: &Rc<RefCell<Local>>, layout: &Layout, height: f64) -> f64 {
    let mut local = local.borrow_mut();
    local.top = local.top.clamp(0.0, (layout.height() - height).max(0.0)).round();
    local.top
}

fn draw(
    store: &StoreContext,
    pointed: Option<Pointed>,
    canvas: &NodeRef,
    layout: &Layout,
    top: f64,
    size: (f64, f64),
) -> Option<(Marks, Vec<Prot>)> {
    let canvas = canvas.cast::<HtmlCanvasElement>()?;
    if size.0 < 1.0 || size.1 < 1.0 {
        return None;
    }
    let process = store.session.process();
    let pages = |range| state::pages(process, range);
    let view = View {
        vmas: &store.moment.vmas,
        pages: &pages,
        changes: &store.moment.changes,
        layout,
        top,
        size: (size.0 - BAR, size.1),
        gutter: GUTTER,
        pointed,
        selection: store.selection,
        cursor: store.cursor,
        why: store.moment.why,
    };
    let scene = scene(&view);
    let palette = &Palette::read();
    let context = paint::prepare(&canvas, size.0, size.1, browser::pixel_ratio())?;
    paint::grid(&context, &scene, palette, size.0 - BAR, GUTTER);
    if layout.height() > size.1 {
        let thumb = (size.1 / layout.height() * size.1).max(28.0);
        let at = top / (layout.height() - size.1) * (size.1 - thumb);
        paint::scroll_bar(&context, palette, size.0 - BAR, at, BAR, thumb);
    }
    let rows: Vec<String> =
        scene.labels.iter().map(|(y, address)| format!("{address:#x}@{y}")).collect();
    let _ = canvas.set_attribute("data-rows", &rows.join(" "));
    let _ = canvas.set_attribute("data-row-height", &layout.cell_height().to_string());
    Some((scene.marks, scene.prots))
}

#[hook]
fn use_size(holder: &NodeRef, size: &UseStateHandle<(f64, f64)>, scheme: &UseStateHandle<u32>) {
    let (holder, size, scheme) = (holder.clone(), size.clone(), scheme.clone());
    use_effect_with((), move |()| {
        let element = holder.cast::<HtmlElement>();
        let guard = element.and_then(|element| {
            let measured = element.clone();
            browser::on_resize(&element, move || {
                size.set(browser::inner_size(&measured));
            })
        });
        let colors = browser::on_scheme_change(move |_| scheme.set(*scheme + 1));
        move || drop((guard, colors))
    });
}

/// Scrolls to a place that another view asked for.
#[hook]
fn use_focus(store: &StoreContext, layout: &Rc<Layout>, local: &Rc<RefCell<Local>>, height: f64) {
    let (layout, local) = (layout.clone(), local.clone());
    let address = store.focus.0;
    use_effect_with((store.focus.1, layout.columns(), height > 0.0), move |_| {
        let Some(top) = address.and_then(|address| layout.top_of_address(address)) else { return };
        let mut local = local.borrow_mut();
        let margin = (height / 4.0).min(layout.cell_height() * 2.0);
        let inside =
            top >= local.top + margin && top + layout.cell_height() + margin <= local.top + height;
        if !inside {
            local.top = (top - height / 3.0).max(0.0);
        }
    });
}

#[hook]
fn use_wheel(holder: &NodeRef, zoomer: &Zoom, repaint: &Rc<impl Fn() + 'static>) {
    let (holder, zoomer, repaint) = (holder.clone(), zoomer.clone(), repaint.clone());
    // Depends on everything: the closure inside holds this render's layout.
    use_effect(move || {
        let guard = holder.cast::<HtmlElement>().map(|element| {
            let measured = element.clone();
            browser::listen(&element, "wheel", move |event| {
                let Ok(event) = event.dyn_into::<WheelEvent>() else { return };
                if event.ctrl_key() || event.meta_key() {
                    event.prevent_default();
                    let y = f64::from(event.client_y()) - measured.get_bounding_client_rect().top();
                    zoomer.by(event.delta_y() < 0.0, Some(y));
                    return;
                }
                let height = zoomer.size.1;
                let unit = match event.delta_mode() {
                    WheelEvent::DOM_DELTA_LINE => 24.0,
                    WheelEvent::DOM_DELTA_PAGE => height,
                    _ => 1.0,
                };
                let most = (zoomer.layout.height() - height).max(0.0);
                let before = zoomer.local.borrow().top;
                let after = (before + event.delta_y() * unit).clamp(0.0, most);
                if after != before {
                    event.prevent_default();
                    zoomer.local.borrow_mut().top = after;
                    repaint();
                }
            })
        });
        move || drop(guard)
    });
}

/// What zooming needs.
#[derive(Clone)]
struct Zoom {
    zoom: UseStateHandle<Option<u64>>,
    local: Rc<RefCell<Local>>,
    layout: Rc<Layout>,
    columns: u64,
    size: (f64, f64),
}

impl Zoom {
    /// Halves or doubles the pages in a row; the address at a height stays there.
    fn by(&self, nearer: bool, at: Option<f64>) {
        let wanted = if nearer { self.columns / 2 } else { self.columns * 2 };
        let wanted = wanted.clamp(COLUMNS.0, COLUMNS.1);
        if wanted == self.columns {
            return;
        }
        let y = at.unwrap_or(self.size.1 / 3.0);
        let row = self.layout.row_at(self.local.borrow().top + y);
        let anchor = row.map(|(_, row)| match row {
            Row::Pages(address) => address,
            Row::Fold(range) => range.start(),
        });
        let width = (self.size.0 - GUTTER - BAR).max(1.0) / wanted as f64;
        let ranges = self.layout.sections().iter().filter(|section| !section.folded);
        let next = Layout::new(ranges.map(|section| section.range), wanted, cell_height(width));
        if let Some(top) = anchor.and_then(|address| next.top_of_address(address)) {
            self.local.borrow_mut().top = (top - y).max(0.0);
        }
        self.zoom.set(Some(wanted));
    }
}

/// What the keys of the grid need.
struct Keys<R> {
    store: StoreContext,
    layout: Rc<Layout>,
    local: Rc<RefCell<Local>>,
    repaint: Rc<R>,
    menu: UseStateHandle<Option<(f64, f64)>>,
    size: (f64, f64),
    zoom: Zoom,
}

impl<R: Fn()> Keys<R> {
    fn down(&self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let columns = self.layout.columns() as i64;
        let page_rows = (self.size.1 / self.layout.cell_height()).floor().max(1.0) as i64;
        let cursor = self.store.cursor.or_else(|| self.first_page());
        let Some(cursor) = cursor.map(page_floor) else { return };
        let run = |line: String| self.store.dispatch(Action::Run(line));
        match event.key().as_str() {
            "ArrowLeft" => self.go(cursor, -1, event.shift_key()),
            "ArrowRight" => self.go(cursor, 1, event.shift_key()),
            "ArrowUp" => self.go(cursor, -columns, event.shift_key()),
            "ArrowDown" => self.go(cursor, columns, event.shift_key()),
            "PageUp" => self.go(cursor, -columns * page_rows, event.shift_key()),
            "PageDown" => self.go(cursor, columns * page_rows, event.shift_key()),
            "Enter" | " " => self.act(cursor),
            "l" => run(format!("load({cursor:#x})")),
            "s" => run(format!("store({cursor:#x}, 0x41)")),
            "f" => run(format!("fetch({cursor:#x})")),
            "+" | "=" => self.zoom.by(true, None),
            "-" => self.zoom.by(false, None),
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

    fn first_page(&self) -> Option<Address> {
        let first = self.store.moment.vmas.first()?;
        Some(first.range.start())
    }

    fn act(&self, cursor: Address) {
        if self.store.picking.is_some() {
            self.store.dispatch(Action::Picked(cursor));
            return;
        }
        let top = self.layout.top_of_address(cursor).unwrap_or(0.0) - self.local.borrow().top;
        let column = (cursor / PAGE_SIZE % self.layout.columns()) as f64;
        let each = (self.size.0 - GUTTER - BAR) / self.layout.columns() as f64;
        self.menu.set(Some((GUTTER + (column + 0.5) * each, top + self.layout.cell_height())));
    }

    fn go(&self, cursor: Address, cells: i64, extend: bool) {
        // While extending, the far end of the selection moves and the cursor stays.
        let from = match (extend, self.store.selection) {
            (true, Some(range)) if range.start() == cursor => range.end() - PAGE_SIZE,
            _ => cursor,
        };
        let Some(target) = self.layout.step(from, cells) else { return };
        if extend {
            self.store.dispatch(Action::Select(spanned(cursor, target)));
        } else {
            self.store.dispatch(Action::Select(None));
            self.store.dispatch(Action::Inspect(Some(target)));
            let page = Pointed::bytes(target, PAGE_SIZE);
            self.store.dispatch(Action::Say(describe(&self.store, page).into()));
        }
        if let Some(top) = self.layout.top_of_address(target) {
            let mut local = self.local.borrow_mut();
            let bottom = top + self.layout.cell_height() - self.size.1;
            local.top = local.top.min(top).max(bottom);
        }
        (self.repaint)();
    }
}

fn label(store: &StoreContext) -> String {
    let place = match store.selection {
        Some(range) => format!("Selected {}", text::range(range)),
        None => match store.cursor {
            Some(cursor) => describe(store, Pointed::bytes(page_floor(cursor), PAGE_SIZE)),
            None => "no page chosen".to_owned(),
        },
    };
    format!("Pages. {place}. Arrow keys move, Shift selects, Enter offers calls.")
}

/// A page in one line.
fn describe(store: &StoreContext, pointed: Pointed) -> String {
    let range = PageRange::spanning(pointed.start, pointed.length.max(1));
    let Some(range) = range else { return text::hex(pointed.start) };
    if pointed.length == 0 {
        return pointed.frame.map(|frame| format!("frame {frame}")).unwrap_or_default();
    }
    let Some(vma) = store.moment.vma_at(range.start()) else {
        return format!("{} · nothing mapped", text::hex(range.start()));
    };
    if range.page_count() > 1 {
        let (label, prot) = (&vma.label, vma.prot);
        return format!("{} · {label} {prot}", text::range(range));
    }
    let page = state::pages(store.session.process(), range).first().copied();
    let mut parts = vec![text::hex(range.start()), vma.label.clone(), vma.prot.to_string()];
    match page.and_then(|page| page.frame) {
        Some(0) => parts.push("the zero page".to_owned()),
        Some(frame) => parts.push(format!("frame {frame}")),
        None => parts.push("not resident".to_owned()),
    }
    if let Some(page) = page {
        let words = [
            (page.dirty, "dirty"),
            (page.copy_on_write, "copy-on-write"),
            (page.beyond_end_of_file, "behind the end of the file"),
        ];
        parts.extend(words.iter().filter(|(there, _)| *there).map(|(_, word)| (*word).to_owned()));
        if page.frame_mappings > 1 {
            parts.push(format!("mapped by {} pages", page.frame_mappings));
        }
    }
    parts.join(" · ")
}

/// Where the cursor is: address space, VMA, page.
fn crumbs(store: &StoreContext) -> Html {
    let to = |address: Address| {
        let dispatcher = store.dispatcher();
        Callback::from(move |_: MouseEvent| dispatcher.dispatch(Action::Show(address)))
    };
    let Some(cursor) = store.cursor else {
        return html! { <span>{ "Pages" }</span> };
    };
    let vma = store.moment.vma_at(cursor);
    html! {
        <>
            if let Some(vma) = vma {
                <button type="button" class="link" onclick={to(vma.range.start())}>{ vma.label.clone() }</button>
                <span class="chip mono" data-prot={vma.prot.letters()}>{ vma.prot.letters() }</span>
            } else {
                <span>{ "free" }</span>
            }
            <button type="button" class="link mono" onclick={to(page_floor(cursor))}>{ text::hex(page_floor(cursor)) }</button>
        </>
    }
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

    #[test]
    fn cells_stay_comfortable() {
        assert_eq!(fitting_columns(700.0), 16);
        assert_eq!(fitting_columns(1400.0), 64);
        assert_eq!(fitting_columns(0.0), 4);
        assert_eq!(cell_height(5.0), 5.0);
        assert_eq!(cell_height(160.0), 44.0);
    }
}
