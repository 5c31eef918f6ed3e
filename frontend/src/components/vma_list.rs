//! The VMAs, lowest first, holes between them: what `/proc/PID/maps` says, with a bar for size and
//! residency; and below an open VMA its pages. This is the map as a tree, for keyboards and screen
//! readers. Only the rows in view are in the document.

use crate::lit::{Pointed, use_lit};
use crate::store::{Action, PointedContext, StoreContext, use_pointed, use_store};
use crate::text;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange};
use mmap_playground_core::state::{self, VmaKind, VmaView};
use std::rc::Rc;
use web_sys::HtmlElement;
use yew::prelude::*;

/// Height of a row, in CSS pixels; the style sheet has the same number.
const ROW: f64 = 26.0;
/// Rows kept in the document above and below those in view.
const SPARE: usize = 6;

/// Pages of an open VMA that are listed at once; there are rows to the others.
const LISTED: u64 = 256;

#[derive(Clone, Copy, PartialEq)]
enum Entry {
    Vma(usize),
    Hole(PageRange),
}

fn entries(vmas: &[VmaView]) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(vmas.len() * 2);
    let mut behind = None;
    for (index, vma) in vmas.iter().enumerate() {
        let hole = behind.and_then(|behind| PageRange::new(behind, vma.range.start()));
        entries.extend(hole.map(Entry::Hole));
        entries.push(Entry::Vma(index));
        behind = Some(vma.range.end());
    }
    entries
}

/// The VMA whose pages are listed: by an address in it, and from which page on.
#[derive(Clone, Copy, PartialEq)]
struct Open {
    address: Address,
    from: u64,
}

/// A row of the tree.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Row {
    /// A VMA or a hole, by index.
    Entry(usize),
    /// A page of the open VMA.
    Page(Address),
    /// Leads to the pages from this one on, so many as named.
    More(u64, u64),
}

/// The rows: what has an index, and the pages below one of them.
#[derive(Clone, Copy)]
struct Tree {
    entries: usize,
    /// The open VMA: its entry, its pages, and the first that is listed.
    open: Option<(usize, PageRange, u64)>,
}

impl Tree {
    fn of(entries: &[Entry], vmas: &[VmaView], open: Option<Open>) -> Tree {
        let found = open.and_then(|open| {
            let holds = |entry: &Entry| match entry {
                Entry::Vma(index) => vmas[*index].range.contains(open.address),
                Entry::Hole(_) => false,
            };
            let index = entries.iter().position(holds)?;
            let Entry::Vma(vma) = entries[index] else { return None };
            let range = vmas[vma].range;
            let last = range.page_count().saturating_sub(1) / LISTED * LISTED;
            Some((index, range, open.from.min(last)))
        });
        Tree { entries: entries.len(), open: found }
    }

    fn child_count(&self) -> usize {
        let Some((_, range, from)) = self.open else { return 0 };
        let to = (from + LISTED).min(range.page_count());
        (to - from) as usize + usize::from(from > 0) + usize::from(to < range.page_count())
    }

    fn len(&self) -> usize {
        self.entries + self.child_count()
    }

    fn row(&self, index: usize) -> Option<Row> {
        let Some((open, range, from)) = self.open else {
            return (index < self.entries).then_some(Row::Entry(index));
        };
        let children = self.child_count();
        if index <= open {
            return Some(Row::Entry(index));
        }
        if index > open + children {
            let entry = index - children;
            return (entry < self.entries).then_some(Row::Entry(entry));
        }
        let child = index - open - 1;
        let to = (from + LISTED).min(range.page_count());
        match (child, from > 0) {
            (0, true) => Some(Row::More(from.saturating_sub(LISTED), from)),
            _ => {
                let page = from + (child - usize::from(from > 0)) as u64;
                let behind = Row::More(to, range.page_count() - to);
                Some(if page < to { Row::Page(range.start() + page * PAGE_SIZE) } else { behind })
            }
        }
    }

    /// Where a VMA or hole stands.
    fn place_of_entry(&self, entry: usize) -> usize {
        match self.open {
            Some((open, ..)) if entry > open => entry + self.child_count(),
            _ => entry,
        }
    }

    /// Where a page of the open VMA stands, if it is listed.
    fn place_of_page(&self, address: Address) -> Option<usize> {
        let (open, range, from) = self.open.filter(|(_, range, _)| range.contains(address))?;
        let page = (address - range.start()) / PAGE_SIZE;
        let listed = page >= from && page < from + LISTED;
        listed.then(|| open + 1 + usize::from(from > 0) + (page - from) as usize)
    }
}

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
    let entries = use_memo(store.revision, |_| entries(&store.moment.vmas));
    let tree = Tree::of(&entries, &store.moment.vmas, *open);

    use_height(&list, &height);
    let active_entry = store.cursor.and_then(|cursor| {
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
    let first = first.saturating_sub(SPARE).min(tree.len());
    let shown = (*height / ROW).ceil() as usize + 2 * SPARE + 1;
    let last = (first + shown).min(tree.len());
    let largest = store.moment.vmas.iter().map(|vma| vma.range.page_count()).max().unwrap_or(1);
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
            Row::Page(_) => (Some("page"), "vma-page", 2),
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
                        { vma_row(&store.moment.vmas[vma], largest, &store.moment.changes) }
                    </>
                },
                Entry::Hole(range) => hole_row(range),
            },
            Row::Page(_) => page_row(&store, range),
            Row::More(from, count) => more_row(from, count),
        };
        let (size, place) = chooser.place_in_set(row);
        Some(html! {
            <div key={index} id={format!("vma-{index}")} {class} {style} role="treeitem" aria-level={level.to_string()} aria-selected={(active == Some(index)).to_string()}
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
        <div class="vma-list" id="vma-tree" ref={list} {onscroll} {onkeydown} {onmouseleave} {onblur} tabindex="0" role="tree" aria-label="VMAs and their pages"
            aria-activedescendant={active_id} data-testid="vma-list">
            <div class="vma-all" role="presentation" style={format!("height:{}px", tree.len() as f64 * ROW)}>
                { for rows }
            </div>
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
        let last = self.tree.len().saturating_sub(1);
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
    page.map_or_else(|| "nothing mapped".to_owned(), |page| page.words().join(", "))
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

fn vma_row(vma: &VmaView, largest: u64, changes: &crate::grid::change::Changes) -> Html {
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
            <span class="vma-bar" data-prot={prot} title={format!("{} of {} resident", text::count(vma.resident_pages, "page"), text::grouped(pages))}>
                <span class="vma-size" style={format!("width:{:.1}%", scale * 100.0)}>
                    <span class="vma-resident" style={format!("width:{:.1}%", share * 100.0)}></span>
                </span>
            </span>
            <span class="vma-bytes" title={text::bytes(vma.range.size_bytes())}>{ text::short_size(vma.range.size_bytes()) }</span>
            <span class={classes!("vma-label", vma.inferred.then_some("inferred"))} title={format!("{} ({})", vma.name, kind_word(vma.kind))}>
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::vma;

    #[test]
    fn holes_stand_between_vmas() {
        let vmas = [vma(0x1_0000, 1, "rw-"), vma(0x1_1000, 1, "r--"), vma(0x2_0000, 1, "r--")];
        let entries = entries(&vmas);
        assert_eq!(entries.len(), 4);
        assert!(matches!(entries[2], Entry::Hole(range) if range.start() == 0x1_2000));
    }

    fn tree(pages: u64, from: u64) -> (Tree, usize) {
        let vmas =
            [vma(0x1_0000, 1, "rw-"), vma(0x100_0000, pages, "r--"), vma(0x2_0000_0000, 1, "r--")];
        let entries = entries(&vmas);
        let open = Open { address: 0x100_0000, from };
        (Tree::of(&entries, &vmas, Some(open)), entries.len())
    }

    #[test]
    fn the_pages_of_the_open_vma_stand_below_it() {
        let (tree, entries) = tree(3, 0);
        assert_eq!(tree.len(), entries + 3);
        assert_eq!(tree.row(2), Some(Row::Entry(2)));
        assert_eq!(tree.row(3), Some(Row::Page(0x100_0000)));
        assert_eq!(tree.row(6), Some(Row::Entry(3)));
        assert_eq!(tree.row(tree.len()), None);
        assert_eq!(tree.place_of_entry(4), 7);
        assert_eq!(tree.place_of_page(0x100_2000), Some(5));
    }

    #[test]
    fn of_many_pages_a_window_is_listed() {
        let (tree, entries) = tree(1 << 18, 512);
        assert_eq!(tree.len(), entries + LISTED as usize + 2);
        assert_eq!(tree.row(3), Some(Row::More(256, 512)));
        assert_eq!(tree.row(4), Some(Row::Page(0x100_0000 + 512 * PAGE_SIZE)));
        let after = 512 + LISTED;
        assert_eq!(tree.row(4 + LISTED as usize), Some(Row::More(after, (1 << 18) - after)));
        assert_eq!(tree.place_of_page(0x100_0000), None);
        for index in 0..tree.len() {
            match tree.row(index).unwrap() {
                Row::Entry(entry) => assert_eq!(tree.place_of_entry(entry), index),
                Row::Page(page) => assert_eq!(tree.place_of_page(page), Some(index)),
                Row::More(..) => {}
            }
        }
    }
}
