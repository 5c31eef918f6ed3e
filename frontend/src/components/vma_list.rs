//! The VMAs, lowest first with the holes between them, or largest first: what `/proc/PID/maps` says,
//! with a bar for size and residency; and below an open VMA its pages. This is the map as a tree, for
//! keyboards and screen readers. Only the rows in view are in the document.

use crate::components::vma_rows::{Entry, LISTED, Open, Order, Row, Tree, entries};
use crate::lit::{Pointed, use_lit};
use crate::store::{Action, PointedContext, StoreContext, use_pointed, use_store};
use crate::text;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange};
use mmap_playground_core::state::{self, VmaKind, VmaView};
use std::rc::Rc;
use web_sys::{HtmlElement, HtmlSelectElement};
use yew::prelude::*;

/// Height of a row, in CSS pixels; the style sheet has the same number.
const ROW: f64 = 26.0;
/// Rows kept in the document above and below those in view.
const SPARE: usize = 6;

/// The VMAs, and below one of them its pages.
#[component]
pub fn VmaList() -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let lit = use_lit();
    let list = use_node_ref();
    let top = use_state_eq(|| 0_i32);
    let height = use_state_eq(|| 260.0_f64);
    let open = use_state_eq(|| None::<Open>);
    // Whether the keyboard is on a page rather than on its VMA.
    let deep = use_state_eq(|| false);
    let order = use_state_eq(Order::default);
    let of_few = store.moment.vmas.len() < MANY;
    let chosen = match *order {
        _ if of_few => Order::Address,
        Order::Untouched if store.moment.unrecorded => Order::Size,
        order => order,
    };
    let entries =
        use_memo((store.revision, chosen), |(_, order)| entries(&store.moment.vmas, *order));
    let extremes = use_memo(store.revision, |_| Extremes::of(&store.moment.vmas));
    let tree = *use_memo((store.revision, chosen, *open), |(.., open)| {
        Tree::of(&entries, &store.moment.vmas, *open)
    });

    use_height(&list, &height);
    let active_entry = *use_memo((store.revision, chosen, store.cursor), |(.., cursor)| {
        let cursor = (*cursor)?;
        entries.iter().position(|entry| match entry {
            Entry::Vma(index) => store.moment.vmas[*index].range.contains(cursor),
            Entry::Hole(range) => range.contains(cursor),
        })
    });
    let active_page = store.cursor.filter(|_| *deep).and_then(|it| tree.place_of_page(it));
    let active = active_page.or_else(|| active_entry.map(|entry| tree.place_of_entry(entry)));
    {
        let list = list.clone();
        use_effect_with((store.focus, active), move |(_, active)| {
            if let (Some(active), Some(list)) = (active, list.cast::<HtmlElement>()) {
                bring_into_view(&list, *active);
            }
        });
    }
    {
        // Another session begins at its top, with no pages listed.
        let (list, open, deep) = (list.clone(), open.setter(), deep.setter());
        use_effect_with(store.title.clone(), move |_| {
            open.set(None);
            deep.set(false);
            if let (true, Some(list)) = (chosen != Order::Address, list.cast::<HtmlElement>()) {
                list.set_scroll_top(0);
            }
        });
    }
    let onscroll = {
        let (list, top) = (list.clone(), top.clone());
        move |_: Event| {
            if let Some(list) = list.cast::<HtmlElement>() {
                top.set(list.scroll_top());
            }
        }
    };
    let chooser = Chooser {
        store: store.clone(),
        pointed: pointed.clone(),
        entries: entries.clone(),
        open: open.clone(),
        deep: deep.clone(),
        tree,
    };
    let onkeydown = {
        let chooser = chooser.clone();
        move |event: KeyboardEvent| {
            if chooser.key(&event.key(), active) {
                event.prevent_default();
                event.stop_propagation();
            }
        }
    };
    let first = (f64::from((*top).max(0)) / ROW).floor() as usize;
    let first = first.saturating_sub(SPARE).min(tree.row_count());
    let shown = (*height / ROW).ceil() as usize + 2 * SPARE + 1;
    let last = (first + shown).min(tree.row_count());
    let largest = extremes.largest;
    let rows = (first..last).filter_map(|index| {
        let row = tree.row(index)?;
        let range = chooser.range_of(row)?;
        let (onclick, onmouseenter) = {
            let (chooser, pointed) = (chooser.clone(), pointed.clone());
            (
                move |_: MouseEvent| chooser.choose(row),
                move |_: MouseEvent| pointed.set(Some(Pointed::pages(range))),
            )
        };
        let (kind, test_id, level) = match row {
            Row::Entry(entry) => match entries[entry] {
                Entry::Vma(_) => (None, "vma", 1),
                Entry::Hole(_) => (Some("hole"), "vma-hole", 1),
            },
            Row::Page(_) => (Some("page"), "vma-page", 2_u64),
            Row::More(..) => (Some("page"), "vma-more", 2),
        };
        let class = classes!(
            "vma",
            kind,
            lit.overlaps(range.start(), range.size_bytes()).then_some("lit"),
            (active == Some(index)).then_some("active"),
        );
        let style = format!("top:{}px", index as f64 * ROW);
        let expanded = chooser.expanded(row);
        let content = match row {
            Row::Entry(entry) => match entries[entry] {
                Entry::Vma(vma) => html! {
                    <>
                        { twist(&chooser, row, expanded == Some(true)) }
                        { vma_row(&store, &store.moment.vmas[vma], largest) }
                    </>
                },
                Entry::Hole(range) => hole_row(range),
            },
            Row::Page(_) => page_row(&store, range),
            Row::More(from, count) => more_row(from, count),
        };
        let (size, place) = chooser.place_in_set(row);
        // By what it shows, so that a call makes no row anew but those that it changes. Only the
        // last two bits of an address tell rows apart that begin at the same one.
        let key = range.start() | level;
        Some(html! {
            <div {key} id={format!("vma-{index}")} {class} {style} role="treeitem" aria-level={level.to_string()} aria-selected={(active == Some(index)).to_string()}
                aria-setsize={size.to_string()} aria-posinset={place.to_string()} aria-expanded={expanded.map(|it| it.to_string())}
                {onclick} {onmouseenter} data-testid={test_id}>
                { content }
            </div>
        })
    });
    let onmouseleave = {
        let pointed = pointed.clone();
        move |_: MouseEvent| pointed.set(None)
    };
    let onblur = {
        let pointed = pointed.clone();
        move |_: FocusEvent| pointed.set(None)
    };
    let active_id =
        active.filter(|index| (first..last).contains(index)).map(|index| format!("vma-{index}"));
    html! {
        <>
        { order_row(&order, chosen, &store, extremes.untouched) }
        <div class="vma-list" id="vma-tree" ref={list} {onscroll} {onkeydown} {onmouseleave} {onblur} tabindex="0" role="tree" aria-label="VMAs and their pages"
            aria-activedescendant={active_id} data-testid="vma-list">
            <div class="vma-all" role="presentation" style={format!("height:{}px", tree.row_count() as f64 * ROW)}>
                { for rows }
            </div>
        </div>
        </>
    }
}

/// What is asked of all VMAs at once, so once for each moment.
#[derive(PartialEq)]
struct Extremes {
    /// Pages of the largest.
    largest: u64,
    /// How many have no resident page.
    untouched: usize,
}

impl Extremes {
    fn of(vmas: &[VmaView]) -> Extremes {
        let largest = vmas.iter().map(|vma| vma.range.page_count()).max().unwrap_or(1);
        let untouched = vmas.iter().filter(|vma| vma.resident_pages == 0).count();
        Extremes { largest, untouched }
    }
}

/// VMAs from which on their order can be chosen: fewer are seen at a glance.
const MANY: usize = 6;

/// The choice of order, and what it says about what was touched.
fn order_row(
    order: &UseStateHandle<Order>,
    chosen: Order,
    store: &StoreContext,
    untouched: usize,
) -> Html {
    let vmas = &store.moment.vmas;
    if vmas.len() < MANY {
        return Html::default();
    }
    let onchange = {
        let (order, store) = (order.clone(), store.clone());
        move |event: Event| {
            let value = event.target_dyn_into::<HtmlSelectElement>().map(|it| it.value());
            let named = |order: &Order| Some(order.id()) == value.as_deref();
            let chosen = Order::ALL.into_iter().find(named).unwrap_or_default();
            order.set(chosen);
            // Whoever asks for the largest wants to see it.
            let vmas = &store.moment.vmas;
            if let (true, Some(Entry::Vma(first))) =
                (chosen != Order::Address, entries(vmas, chosen).first())
                && let Some(vma) = vmas.get(*first)
            {
                store.dispatch(Action::Select(Some(vma.range)));
                store.dispatch(Action::Show(vma.range.start()));
            }
        }
    };
    let options = Order::ALL.into_iter().map(|order| {
        let unknown = order == Order::Untouched && store.moment.unrecorded;
        html! { <option value={order.id()} selected={order == chosen} disabled={unknown}>
            { order.title() }
            if unknown { { ": loads and stores are not recorded" } }
        </option> }
    });
    html! {
        <div class="vma-order">
            <select class="small-select" aria-label="Order of the VMAs" {onchange} data-testid="vma-order">{ for options }</select>
            <small title="Twice as large is one step longer, so that small ones can be seen beside large ones.">{ "bars: logarithmic" }</small>
            if store.session.lacks_its_start() {
                <small data-testid="vma-late-start" title="Import its first maps text: it goes below the log.">
                    { "without the program itself, its loader and its stack: execve mapped them" }
                </small>
            }
            if chosen == Order::Untouched {
                <small data-testid="vma-untouched">{ format!("{untouched} of {} have no resident page", vmas.len()) }</small>
            }
        </div>
    }
}

#[hook]
fn use_height(list: &NodeRef, height: &UseStateHandle<f64>) {
    let (list, height) = (list.clone(), height.clone());
    use_effect_with((), move |()| {
        let element = list.cast::<HtmlElement>();
        let guard = element.and_then(|element| {
            let measured = element.clone();
            crate::browser::on_resize(&element, move || {
                height.set(crate::browser::inner_size(&measured).1)
            })
        });
        move || drop(guard)
    });
}

fn bring_into_view(list: &HtmlElement, row: usize) {
    let (row, height) = (row as f64 * ROW, f64::from(list.client_height()));
    let top = f64::from(list.scroll_top());
    if row < top {
        list.set_scroll_top(row as i32);
    } else if row + ROW > top + height {
        list.set_scroll_top((row + ROW - height).ceil() as i32);
    }
}

/// What choosing a row does.
#[derive(Clone)]
struct Chooser {
    store: StoreContext,
    pointed: PointedContext,
    entries: Rc<Vec<Entry>>,
    open: UseStateHandle<Option<Open>>,
    deep: UseStateHandle<bool>,
    tree: Tree,
}

impl Chooser {
    fn range_of(&self, row: Row) -> Option<PageRange> {
        match row {
            Row::Entry(entry) => match self.entries.get(entry)? {
                Entry::Vma(vma) => Some(self.store.moment.vmas.get(*vma)?.range),
                Entry::Hole(range) => Some(*range),
            },
            Row::Page(address) => PageRange::spanning(address, PAGE_SIZE),
            Row::More(from, count) => {
                let (_, range, _) = self.tree.open?;
                let start = range.start().checked_add(from.checked_mul(PAGE_SIZE)?)?;
                PageRange::spanning(start, count.min(LISTED) * PAGE_SIZE)
            }
        }
    }

    /// Says whether the pages of a row are listed; nothing if it has none.
    fn expanded(&self, row: Row) -> Option<bool> {
        let Row::Entry(entry) = row else { return None };
        let vma = matches!(self.entries.get(entry), Some(Entry::Vma(_)));
        vma.then(|| self.tree.open.is_some_and(|(open, ..)| open == entry))
    }

    /// How many siblings there are, and which of them it is, from 1.
    fn place_in_set(&self, row: Row) -> (u64, u64) {
        let open = self.tree.open.map(|(_, range, _)| range);
        match (row, open) {
            (Row::Page(address), Some(range)) => {
                (range.page_count(), (address - range.start()) / PAGE_SIZE + 1)
            }
            (Row::More(from, _), Some(range)) => (range.page_count(), from + 1),
            (Row::Entry(entry), _) => (self.entries.len() as u64, entry as u64 + 1),
            _ => (1, 1),
        }
    }

    fn toggle(&self, row: Row) {
        match (self.expanded(row), self.range_of(row)) {
            (Some(true), _) => self.open.set(None),
            (Some(false), Some(range)) => {
                self.open.set(Some(Open { address: range.start(), from: 0 }));
            }
            _ => {}
        }
    }

    /// Selects a VMA or hole, puts the cursor on a page, or lists other pages.
    fn choose(&self, row: Row) {
        let Some(range) = self.range_of(row) else { return };
        match row {
            Row::Entry(_) => {
                self.deep.set(false);
                self.store.dispatch(Action::Select(Some(range)));
                self.store.dispatch(Action::Show(range.start()));
            }
            Row::Page(address) => self.go_to_page(address),
            Row::More(from, _) => {
                let forward = self.tree.open.is_some_and(|(_, _, shown)| from > shown);
                self.open.set(Some(Open { address: range.start(), from }));
                self.go_to_page(if forward { range.start() } else { range.end() - PAGE_SIZE });
            }
        }
        self.pointed.set(Some(Pointed::pages(range)));
    }

    fn go_to_page(&self, address: Address) {
        self.deep.set(true);
        self.store.dispatch(Action::Select(None));
        self.store.dispatch(Action::Show(address));
        let words = format!("{}, {}", text::hex(address), page_words(&self.store, address));
        self.store.dispatch(Action::Say(words.into()));
    }

    /// Does what a key means in a tree (ARIA Authoring Practices Guide, "Tree View"); says whether
    /// it means something.
    fn key(&self, key: &str, active: Option<usize>) -> bool {
        let last = self.tree.row_count().saturating_sub(1);
        let row = active.and_then(|active| self.tree.row(active));
        let target = match (key, active, row) {
            ("ArrowDown", Some(active), _) => (active + 1).min(last),
            ("ArrowUp", Some(active), _) => active.saturating_sub(1),
            ("Home", ..) | ("ArrowDown" | "ArrowUp", None, _) => 0,
            ("End", ..) => last,
            ("ArrowRight", Some(active), Some(row)) => match self.expanded(row) {
                Some(true) => active + 1,
                Some(false) => {
                    self.toggle(row);
                    return true;
                }
                None => return true,
            },
            ("ArrowLeft", _, Some(row @ Row::Entry(_))) => {
                if self.expanded(row) == Some(true) {
                    self.toggle(row);
                }
                return true;
            }
            ("ArrowLeft", ..) => match self.tree.open {
                Some((open, ..)) => open,
                None => return true,
            },
            ("Enter" | " ", Some(active), _) => active,
            _ => return false,
        };
        if let Some(row) = self.tree.row(target) {
            self.choose(row);
        }
        true
    }
}

/// The small triangle that opens and closes a VMA; keys do it with ← and →.
fn twist(chooser: &Chooser, row: Row, open: bool) -> Html {
    let chooser = chooser.clone();
    let onclick = move |event: MouseEvent| {
        event.stop_propagation();
        chooser.toggle(row);
    };
    html! {
        <span class={classes!("twist", open.then_some("open"))} {onclick} aria-hidden="true" title="Its pages" data-testid="vma-twist">{ "▸" }</span>
    }
}

fn page_words(store: &StoreContext, address: Address) -> String {
    let range = PageRange::spanning(address, PAGE_SIZE);
    let page =
        range.and_then(|range| state::pages(store.session.process(), range).first().copied());
    page.map_or_else(
        || "nothing mapped".to_owned(),
        |page| store.session.page_words(&page).join(", "),
    )
}

fn page_row(store: &StoreContext, range: PageRange) -> Html {
    let address = range.start();
    let changed = store.moment.changes.touches(address);
    html! {
        <span class="vma-page">
            <span class={classes!("mono", changed.then_some("changed"))}>{ text::hex_column(address) }</span>
            <small>{ page_words(store, address) }</small>
        </span>
    }
}

fn more_row(from: u64, count: u64) -> Html {
    html! {
        <span class="vma-page"><span>{ format!("{} more, from page {}", text::count(count, "page"), text::grouped(from)) }</span></span>
    }
}

fn kind_word(kind: VmaKind) -> &'static str {
    match kind {
        VmaKind::Anonymous => "anonymous",
        VmaKind::SharedAnonymous => "shared anonymous",
        VmaKind::PrivateFile => "private file",
        VmaKind::SharedFile => "shared file",
        VmaKind::Heap => "break",
        VmaKind::Stack => "stack",
        VmaKind::Kernel => "kernel",
    }
}

fn vma_row(store: &StoreContext, vma: &VmaView, largest: u64) -> Html {
    let changes = &store.moment.changes;
    let pages = vma.range.page_count();
    let scale = ((pages as f64).log2() + 1.0) / ((largest as f64).log2() + 1.0);
    let share = vma.resident_pages as f64 / pages.max(1) as f64;
    let prot = vma.prot.letters();
    let changed = changes
        .changed
        .get(changes.changed.partition_point(|range| range.end() <= vma.range.start()))
        .is_some_and(|range| range.start() < vma.range.end());
    html! {
        <>
            <span class={classes!("chip", "mono", vma.writable_and_executable.then_some("hazard"))} data-prot={prot}>
                { prot }{ if vma.shared { "s" } else { "p" } }
            </span>
            <span class={classes!("vma-range", "mono", changed.then_some("changed"))}>
                { text::hex_column(vma.range.start()) }<i>{ "–" }</i><span class="vma-end">{ text::hex_column(vma.range.end()) }</span>
            </span>
            <span class="vma-bar" data-prot={prot} title={format!("{}; the bar's length is logarithmic", text::resident(&store.session, vma))}>
                <span class="vma-size" style={format!("width:{:.1}%", scale * 100.0)}>
                    <span class="vma-resident" style={format!("width:{:.1}%", share * 100.0)}></span>
                </span>
            </span>
            <span class="vma-bytes" title={text::bytes(vma.range.size_bytes())}>{ text::short_size(vma.range.size_bytes()) }</span>
            <span class={classes!("vma-label", vma.inferred.then_some("inferred"))} title={format!("{} ({})", vma.name, if vma.inferred { &vma.label } else { kind_word(vma.kind) })}>
                { vma.label.clone() }
                if vma.inferred { <small>{ "inferred" }</small> }
                if vma.writable_and_executable { <small class="hazard-word">{ "W+X" }</small> }
            </span>
        </>
    }
}

fn hole_row(range: PageRange) -> Html {
    html! {
        <span class="hole-text">
            { format!("{} free", text::short_size(range.size_bytes())) }
            <small>{ text::count(range.size_bytes() / PAGE_SIZE, "page") }</small>
        </span>
    }
}
