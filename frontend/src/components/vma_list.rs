//! The VMAs as a list, lowest first, holes between them: what `/proc/PID/maps` says, with a bar
//! for size and residency. Only the rows in view are in the document.

use crate::grid::scene::Pointed;
use crate::store::{Action, use_pointed, use_store};
use crate::text;
use mmap_playground_core::address::{PAGE_SIZE, PageRange};
use mmap_playground_core::state::{VmaKind, VmaView};
use web_sys::HtmlElement;
use yew::prelude::*;

/// Height of a row, in CSS pixels; the style sheet has the same number.
const ROW: f64 = 26.0;
/// Rows kept in the document above and below those in view.
const SPARE: usize = 6;

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

/// The list of VMAs.
#[component]
pub fn VmaList() -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let list = use_node_ref();
    let top = use_state_eq(|| 0_i32);
    let height = use_state_eq(|| 260.0_f64);
    let entries = use_memo(store.revision, |_| entries(&store.moment.vmas));

    {
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
    let active = store.cursor.and_then(|cursor| {
        entries.iter().position(|entry| match entry {
            Entry::Vma(index) => store.moment.vmas[*index].range.contains(cursor),
            Entry::Hole(range) => range.contains(cursor),
        })
    });
    {
        let list = list.clone();
        use_effect_with((store.focus, active), move |(_, active)| {
            if let (Some(active), Some(list)) = (active, list.cast::<HtmlElement>()) {
                let (row, height) = (*active as f64 * ROW, f64::from(list.client_height()));
                let top = f64::from(list.scroll_top());
                if row < top {
                    list.set_scroll_top(row as i32);
                } else if row + ROW > top + height {
                    list.set_scroll_top((row + ROW - height).ceil() as i32);
                }
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
    let choose = {
        let (dispatcher, entries, moment) =
            (store.dispatcher(), entries.clone(), store.moment.clone());
        move |index: usize| {
            let range = match entries.get(index) {
                Some(Entry::Vma(vma)) => moment.vmas[*vma].range,
                Some(Entry::Hole(range)) => *range,
                None => return,
            };
            dispatcher.dispatch(Action::Select(Some(range)));
            dispatcher.dispatch(Action::Show(range.start()));
        }
    };
    let onkeydown = {
        let (choose, count) = (choose.clone(), entries.len());
        move |event: KeyboardEvent| {
            let last = count.saturating_sub(1);
            let target = match (event.key().as_str(), active) {
                ("ArrowDown", Some(active)) => (active + 1).min(last),
                ("ArrowUp", Some(active)) => active.saturating_sub(1),
                ("Home", _) | ("ArrowDown" | "ArrowUp", None) => 0,
                ("End", _) => last,
                ("Enter" | " ", Some(active)) => active,
                ("ArrowRight", Some(_)) => {
                    event.prevent_default();
                    crate::browser::focus("[data-testid=page-grid]");
                    return;
                }
                _ => return,
            };
            event.prevent_default();
            choose(target);
        }
    };
    let first = (f64::from((*top).max(0)) / ROW).floor() as usize;
    let first = first.saturating_sub(SPARE).min(entries.len());
    let shown = (*height / ROW).ceil() as usize + 2 * SPARE + 1;
    let last = (first + shown).min(entries.len());
    let largest = store.moment.vmas.iter().map(|vma| vma.range.page_count()).max().unwrap_or(1);
    let rows = (first..last).map(|index| {
        let range = match entries[index] {
            Entry::Vma(vma) => store.moment.vmas[vma].range,
            Entry::Hole(range) => range,
        };
        let lit = pointed.get().is_some_and(|it| it.overlaps(range.start(), range.size_bytes()));
        let (onclick, onmouseenter) = {
            let (choose, pointed) = (choose.clone(), pointed.clone());
            (
                move |_: MouseEvent| choose(index),
                move |_: MouseEvent| pointed.set(Some(Pointed::pages(range))),
            )
        };
        let class = classes!(
            "vma",
            lit.then_some("lit"),
            (active == Some(index)).then_some("active"),
            matches!(entries[index], Entry::Hole(_)).then_some("hole")
        );
        let style = format!("top:{}px", index as f64 * ROW);
        let content = match entries[index] {
            Entry::Vma(vma) => vma_row(&store.moment.vmas[vma], largest, &store.moment.changes),
            Entry::Hole(range) => hole_row(range),
        };
        html! {
            <div key={index} id={format!("vma-{index}")} {class} {style} role="treeitem" aria-level="1" aria-selected={(active == Some(index)).to_string()}
                aria-setsize={entries.len().to_string()} aria-posinset={(index + 1).to_string()}
                {onclick} {onmouseenter} data-testid={if matches!(entries[index], Entry::Vma(_)) { "vma" } else { "vma-hole" }}>
                { content }
            </div>
        }
    });
    let onmouseleave = {
        let pointed = pointed.clone();
        move |_: MouseEvent| pointed.set(None)
    };
    let active_id =
        active.filter(|index| (first..last).contains(index)).map(|index| format!("vma-{index}"));
    html! {
        <div class="vma-list" ref={list} {onscroll} {onkeydown} {onmouseleave} tabindex="0" role="tree" aria-label="VMAs"
            aria-activedescendant={active_id} data-testid="vma-list">
            <div class="vma-all" role="presentation" style={format!("height:{}px", entries.len() as f64 * ROW)}>
                { for rows }
            </div>
        </div>
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
}
