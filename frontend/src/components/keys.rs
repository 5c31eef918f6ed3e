//! The window that lists the keys.

use crate::components::icons;
use crate::store::{Action, use_store};
use web_sys::HtmlDialogElement;
use yew::prelude::*;

const KEYS: &[(&str, &str)] = &[
    (",  .", "a step back, a step on"),
    ("<  >", "to the start, to the end"),
    ("p", "play and pause"),
    ("u, Ctrl Z", "undo; Ctrl Shift Z redoes"),
    ("/", "to the console"),
    ("i", "import a log"),
    ("?", "this list"),
    ("arrow keys", "in the grid, the VMAs, the frames, the bytes: move"),
    ("Shift + arrows", "in the grid: select pages"),
    ("Enter, Space", "in the grid: the calls that make sense there"),
    ("l  s  f", "in the grid: load, store, fetch"),
    ("+  -", "in the grid: zoom"),
    ("two hex digits", "in the bytes: store"),
    ("↑ ↓  Tab", "in the console: history, completion"),
];

/// The window.
#[component]
pub fn Keys() -> Html {
    let store = use_store();
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                let _ = dialog.show_modal();
            }
        });
    }
    let close = {
        let dispatcher = store.dispatcher();
        Callback::from(move |()| dispatcher.dispatch(Action::Open(None)))
    };
    let onclose = {
        let close = close.clone();
        move |_: Event| close.emit(())
    };
    html! {
        <dialog ref={dialog} class="dialog" {onclose} aria-labelledby="keys-title" data-testid="keys-dialog">
            <div class="dialog-head">
                <h2 id="keys-title">{ "Keys" }</h2>
                <button type="button" class="button quiet" onclick={move |_| close.emit(())} aria-label="Close">{ icons::close() }</button>
            </div>
            <dl class="keys">
                { for KEYS.iter().map(|(key, what)| html! { <div><dt><kbd>{ *key }</kbd></dt><dd>{ *what }</dd></div> }) }
            </dl>
        </dialog>
    }
}
