//! What the map says: the place under the pointer, for a screen reader, and the breadcrumb.

use super::Map;
use crate::grid::level::{BYTES, Level};
use crate::grid::plan::Hit;
use crate::lit::Pointed;
use crate::store::{Action, StoreContext};
use crate::text;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange, page_floor};
use mmap_playground_core::state;
use std::rc::Rc;
use yew::prelude::*;

/// What a place of the map points at.
pub(super) fn pointed(found: Hit) -> Pointed {
    match found {
        Hit::Page(address) => Pointed::bytes(address, PAGE_SIZE),
        Hit::Byte(address) => Pointed::bytes(address, 1),
        Hit::Vma(range, _) | Hit::Fold(range) => Pointed::pages(range),
    }
}

/// The line below the map: what is pointed at, here or in another view, or else what one can do.
pub(super) fn hint(map: &Map) -> Html {
    if let Some(hit) = *map.hover {
        return html! { { describe(&map.store, hit) } };
    }
    let elsewhere = map.pointed.get().and_then(|pointed| describe_pointed(&map.store, pointed));
    if let Some(words) = elsewhere {
        return html! { { words } };
    }
    let (drag, twice) = match map.level {
        Level::Pages(_) => ("drag selects", "loads"),
        Level::Whole | Level::Vmas => ("click selects", "zooms in"),
        Level::Bytes(_) => ("Shift and wheel scroll", "loads"),
    };
    html! {
        <>
            <span class="for-mouse">{ format!("{drag} · wheel zooms · double click {twice} · right click: calls") }</span>
            <span class="for-touch">{ "tap for calls · drag sideways to select · two fingers zoom" }</span>
        </>
    }
}

/// What the map is to a screen reader.
pub(super) fn label(map: &Map) -> String {
    let store = &map.store;
    let place = match (store.selection, store.cursor) {
        (Some(range), _) => format!("Selected {}", text::range(range)),
        (None, Some(cursor)) => describe(store, Hit::Page(page_floor(cursor))),
        (None, None) => "no page chosen".to_owned(),
    };
    format!(
        "Map, {}. {place}. Arrow keys move, Shift selects, Enter offers calls, plus and minus zoom.",
        map.level.scale()
    )
}

fn describe_pointed(store: &StoreContext, pointed: Pointed) -> Option<String> {
    if let Some(step) = pointed.step.and_then(|index| store.session.step(index)) {
        return Some(step.text.clone());
    }
    if let Some(frame) = pointed.frame {
        return Some(format!("frame {frame}"));
    }
    let range = PageRange::spanning(pointed.start, pointed.length.max(1))?;
    Some(match pointed.length {
        1 => describe(store, Hit::Byte(pointed.start)),
        _ if range.page_count() == 1 => describe(store, Hit::Page(range.start())),
        _ => describe(store, Hit::Vma(range, range.start())),
    })
}

/// A place in one line; begins with its address.
pub(super) fn describe(store: &StoreContext, hit: Hit) -> String {
    let address = hit.address();
    let Some(vma) = store.moment.vma_at(address) else {
        return match hit {
            Hit::Fold(range) => format!(
                "{} · nothing mapped up to {} · {}",
                text::hex(range.start()),
                text::hex(range.end()),
                text::short_size(range.size_bytes())
            ),
            _ => format!("{} · nothing mapped", text::hex(address)),
        };
    };
    let mut parts = vec![text::hex(address), vma.label.to_string(), vma.prot.to_string()];
    match hit {
        Hit::Vma(range, _) => parts.push(text::range(range)),
        Hit::Byte(_) => parts.extend(byte_words(store, address)),
        Hit::Page(_) | Hit::Fold(_) => {}
    }
    if !matches!(hit, Hit::Vma(..)) {
        let range = PageRange::spanning(page_floor(address), PAGE_SIZE);
        let pages = range.map(|range| state::pages(store.session.process(), range));
        let page = pages.unwrap_or_default().first().copied();
        parts.extend(page.map(|page| store.session.page_words(&page)).unwrap_or_default());
    }
    parts.join(" · ")
}

fn byte_words(store: &StoreContext, address: Address) -> Option<String> {
    let byte = store.session.bytes(address, 1).first().copied().flatten()?;
    Some(match byte {
        0x21..=0x7e => format!("byte {byte:#04x} '{}'", byte as char),
        _ => format!("byte {byte:#04x}"),
    })
}

/// The way from the whole down to the cursor; each part goes to its level.
pub(super) fn crumbs(map: &Rc<Map>) -> Html {
    let cursor = map.store.cursor.or_else(|| map.first_page());
    let vma = cursor.and_then(|cursor| map.store.moment.vma_at(cursor));
    let part = |level: Level, id: &'static str, title: &'static str, words: Html| {
        let onclick = {
            let map = map.clone();
            move |_: MouseEvent| {
                map.zoom_around(level, cursor.unwrap_or_default());
                if let Some(cursor) = cursor {
                    map.store.dispatch(Action::Show(cursor));
                }
            }
        };
        let here = map.level.name() == level.name();
        html! {
            <li>
                <button type="button" class="crumb" aria-current={here.then_some("true")} {title} {onclick}
                    data-testid={format!("crumb-{id}")}>{ words }</button>
            </li>
        }
    };
    let vma_words = match vma {
        Some(vma) => html! {
            <>
                <span class="crumb-label">{ vma.label.clone() }</span>
                <span class="chip mono" data-prot={vma.prot.letters()}>{ vma.prot.letters() }</span>
            </>
        },
        None => html! { { if cursor.is_some() { "free" } else { "VMAs" } } },
    };
    let page = cursor.map_or_else(|| "pages".to_owned(), |cursor| text::hex(page_floor(cursor)));
    let pages = Level::Pages(super::zoom::fitting_columns(map.room.width + super::BAR));
    html! {
        <div class="crumbs" role={map.store.place.panel_role().unwrap_or("navigation")} aria-label="Level of the map">
            <ol>
                { part(Level::Whole, "whole", "The whole address space", html! { { "all" } }) }
                { part(Level::Vmas, "vmas", "A lane for each VMA", vma_words) }
                { part(pages, "pages", "Pages", html! { <span class="mono">{ page }</span> }) }
                { part(Level::Bytes(BYTES.0 * 2), "bytes", "Bytes", html! { { "bytes" } }) }
            </ol>
        </div>
    }
}
