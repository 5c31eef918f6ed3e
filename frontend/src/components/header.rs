//! The top of the page: its name, the examples, import, undo and redo, colours and keys.

use crate::components::icons;
use crate::examples::{self, EXAMPLES};
use crate::store::{Action, Dialog, use_store};
use wasm_bindgen::JsCast;
use web_sys::Node;
use yew::prelude::*;

/// The top of the page.
#[component]
pub fn Header() -> Html {
    let store = use_store();
    let dispatch = |action: Action| {
        let dispatcher = store.dispatcher();
        Callback::from(move |_: MouseEvent| dispatcher.dispatch(action.clone()))
    };
    let title = store.title.clone();
    html! {
        <header class="top">
            <h1 class="name">{ icons::logo() }<span>{ "mmap playground" }</span></h1>
            <ExamplesMenu />
            <button type="button" class="button header-lessons" onclick={dispatch(Action::Open(Some(Dialog::Lessons)))} title="Lessons (L)" data-testid="lessons-open">{ "Lessons" }</button>
            <button type="button" class="button" onclick={dispatch(Action::Open(Some(Dialog::Import)))} data-testid="import-open">
                { icons::import() }<span class="wide">{ "Import a log" }</span><span class="narrow">{ "Import" }</span>
            </button>
            <button type="button" class="button quiet" onclick={dispatch(Action::Open(Some(Dialog::Sessions)))}
                title="Sessions (o)" aria-label="Sessions" data-testid="sessions-open">{ icons::sessions() }</button>
            <button type="button" class="button quiet" onclick={dispatch(Action::Open(Some(Dialog::Share)))}
                title="Share and save (e)" aria-label="Share and save" data-testid="share-open">{ icons::share() }</button>
            <span class="session-title" data-testid="session-title">{ title }</span>
            <span class="spring"></span>
            <button type="button" class="button quiet" disabled={!store.can_undo()} onclick={dispatch(Action::Undo)}
                title="Undo (Ctrl Z)" aria-label="Undo" data-testid="undo">{ icons::undo() }</button>
            <button type="button" class="button quiet" disabled={!store.can_redo()} onclick={dispatch(Action::Redo)}
                title="Redo (Ctrl Shift Z)" aria-label="Redo" data-testid="redo">{ icons::redo() }</button>
            <button type="button" class="button quiet" onclick={dispatch(Action::Theme(store.theme.next()))}
                title="Light or dark" aria-label="Switch between light and dark" data-testid="theme">{ icons::theme() }</button>
            <button type="button" class="button quiet" onclick={dispatch(Action::Open(Some(Dialog::Truth)))}
                title="How true is this? (t)" aria-label="How true is this?" data-testid="truth">{ icons::truth() }</button>
            <button type="button" class="button quiet" onclick={dispatch(Action::Open(Some(Dialog::Keys)))}
                title="Keys (?)" aria-label="Keyboard help" data-testid="keys">{ icons::keys() }</button>
        </header>
    }
}

/// The list of examples behind a button.
#[component]
fn ExamplesMenu() -> Html {
    let store = use_store();
    let open = use_state_eq(|| false);
    let menu = use_node_ref();
    let toggle = {
        let open = open.clone();
        move |_| open.set(!*open)
    };
    let onkeydown = {
        let open = open.clone();
        move |event: KeyboardEvent| {
            if event.key() == "Escape" && *open {
                event.prevent_default();
                event.stop_propagation();
                open.set(false);
                crate::browser::focus("[data-testid=examples]");
            }
        }
    };
    let onfocusout = {
        let (open, menu) = (open.clone(), menu.clone());
        move |event: FocusEvent| {
            let next = event.related_target().and_then(|next| next.dyn_into::<Node>().ok());
            let stays = menu.cast::<Node>().is_some_and(|menu| menu.contains(next.as_ref()));
            if !stays {
                open.set(false);
            }
        }
    };
    let items = EXAMPLES.iter().map(|example| {
        let (dispatcher, open) = (store.dispatcher(), open.clone());
        let onclick = move |_| {
            open.set(false);
            dispatcher.dispatch(examples::load(example));
        };
        html! {
            <li>
                <button type="button" class="example" {onclick} data-testid={format!("example-{}", example.id)}>
                    <strong>{ example.title }</strong>
                    <small>{ example.summary }</small>
                </button>
            </li>
        }
    });
    let lessons = {
        let (dispatcher, open) = (store.dispatcher(), open.clone());
        move |_| {
            open.set(false);
            // Where the focus is when the window opens is where it goes when that closes.
            crate::browser::focus("[data-testid=examples]");
            dispatcher.dispatch(Action::Open(Some(Dialog::Lessons)));
        }
    };
    html! {
        <div class="menu" ref={menu} {onkeydown} {onfocusout}>
            <button type="button" class="button" aria-expanded={open.to_string()} onclick={toggle} data-testid="examples">
                { "Examples" }{ icons::chevron() }
            </button>
            if *open {
                <ul class="menu-list" data-testid="examples-list">
                    { for items }
                    <li>
                        <button type="button" class="example" onclick={lessons} data-testid="examples-lessons">
                            <strong>{ "Lessons" }</strong>
                            <small>{ "Predict what a call does, then see it, and why" }</small>
                        </button>
                    </li>
                </ul>
            }
        </div>
    }
}
