//! How the panels of a figure stand: the map at the left and the others beside it where there is
//! room, one below the other where there is not.

use super::options::{Options, Panel};
use crate::components::address_space::AddressSpace;
use crate::components::branches::Branches;
use crate::components::compare::Compare;
use crate::components::console::Console;
use crate::components::frames::Frames;
use crate::components::heap::Heap;
use crate::components::inspector::Inspector;
use crate::components::page_walk::PageWalk;
use crate::components::print_picture::PrintPicture;
use crate::components::share::FRAGMENT;
use crate::components::timeline::Timeline;
use crate::store::{Action, Dialog, Store, StoreContext};
use crate::text;
use mmap_playground_core::limits::LINK_LETTERS;
use mmap_playground_core::saved::{Saved, to_link};
use mmap_playground_core::state;
use wasm_bindgen::JsCast;
use web_sys::HtmlAnchorElement;
use yew::prelude::*;

/// All of a figure.
pub(super) fn figure(store: &StoreContext, options: &Options, messages: Vec<String>) -> Html {
    let panels = &options.panels;
    let of = |wanted: fn(Panel) -> bool| {
        panels.iter().filter(move |it| wanted(**it)).map(|it| panel(store, *it))
    };
    let has_map = panels.contains(&Panel::Map);
    let style = options.height.as_ref().map(|height| format!("height:{height}"));
    let has = |panel| panels.contains(&panel);
    let alone = panels.iter().all(|it| matches!(it, Panel::Map | Panel::Timeline));
    html! {
        <>
            <div class={classes!("figure", has_map.then_some("with-map"), alone.then_some("map-alone"), options.height.as_ref().map(|_| "sized"))}
                {style} data-panels={panels.iter().map(|it| it.name()).collect::<Vec<_>>().join(" ")}>
                { told(store, has(Panel::Console), messages) }
                <div class="figure-panels">
                    if has_map {
                        <div class="figure-main">{ for of(|it| it == Panel::Map) }</div>
                    }
                    <div class="figure-side">{ for of(|it| !matches!(it, Panel::Map | Panel::Timeline)) }</div>
                </div>
                { for of(|it| it == Panel::Timeline) }
                { foot(store, options) }
            </div>
            <PrintPicture />
            if store.dialog == Some(Dialog::Compare) {
                <Compare />
            }
            if store.dialog == Some(Dialog::Branches) {
                <Branches />
            }
            <p class="visually-hidden" role="status" aria-live="polite" data-testid="announcement">
                { store.announcement.clone() }
            </p>
        </>
    }
}

fn panel(store: &StoreContext, panel: Panel) -> Html {
    let content = match panel {
        Panel::Map => html! { <AddressSpace /> },
        Panel::Heap => html! { <Heap /> },
        Panel::Frames => html! { <Frames /> },
        Panel::Walk => walk(store),
        Panel::Console => html! { <Console /> },
        Panel::Timeline => html! { <Timeline /> },
        Panel::Inspector => html! { <Inspector /> },
    };
    let name = panel.name();
    html! {
        <div key={name} class={classes!("figure-panel", format!("of-{name}"))} part={format!("panel {name}")}>{ content }</div>
    }
}

/// The page walk of the address that one looks at, without the rest of the inspector.
fn walk(store: &StoreContext) -> Html {
    let cursor = store.cursor;
    html! {
        <section class="panel walk-panel" data-panel="walk" role={store.place.panel_role()} aria-label="Page walk" data-testid="walk-panel">
            <h2 class="panel-title">{ "Page walk" }
                <small class="mono">{ cursor.map(text::hex) }</small>
            </h2>
            <div class="walk-body">
                if let Some(cursor) = cursor {
                    <PageWalk walk={state::walk(store.session.process(), cursor)} />
                } else {
                    <p class="hint">{ "Click a page of the map: how the processor finds it shows here." }</p>
                }
            </div>
        </section>
    }
}

/// What made no sense. Lines that could not be read stand in the console, where there is one.
fn told(store: &Store, has_console: bool, mut messages: Vec<String>) -> Html {
    if !has_console {
        messages.extend(store.trouble.iter().map(|trouble| {
            format!("Line {}, column {}: {}", trouble.line, trouble.column, trouble.message)
        }));
    }
    if messages.is_empty() {
        return Html::default();
    }
    html! {
        <ul class="figure-messages" part="message" role="alert" data-testid="figure-messages">
            { for messages.into_iter().map(|message| html! { <li>{ message }</li> }) }
        </ul>
    }
}

/// Playing, where no timeline has a button for it, and the way to the whole playground, with what
/// is shown here.
fn foot(store: &StoreContext, options: &Options) -> Html {
    let plays = options.autoplay.is_some() && !options.panels.contains(&Panel::Timeline);
    html! {
        <p class="figure-foot">
            if plays {
                { play(store) }
            }
            if let Some(home) = &options.home {
                { open(store, home.clone()) }
            }
        </p>
    }
}

/// What moves by itself can be stopped, and begun.
fn play(store: &StoreContext) -> Html {
    let (dispatcher, playing) = (store.dispatcher(), store.playing);
    let onclick = move |_: MouseEvent| dispatcher.dispatch(Action::Play(!playing));
    html! {
        <button type="button" {onclick} data-testid="figure-play">{ if playing { "Pause" } else { "Play" } }</button>
    }
}

fn open(store: &StoreContext, home: String) -> Html {
    let href = home.clone();
    let onclick = {
        let store = store.clone();
        move |event: MouseEvent| {
            // Packed when it is wanted, not at every step.
            let link = event.target().and_then(|it| it.dyn_into::<HtmlAnchorElement>().ok());
            let letters = to_link(&Saved::of(&store.session));
            if let Some(link) = link.filter(|_| letters.len() <= LINK_LETTERS) {
                link.set_href(&format!("{home}#{FRAGMENT}{letters}"));
            }
        }
    };
    html! {
        <a {href} target="_blank" rel="noopener" {onclick} data-testid="figure-open">{ "Open in the playground" }</a>
    }
}
