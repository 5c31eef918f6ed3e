//! The window that lists the keys.

use crate::components::dialog::DialogWindow;
use crate::components::guide::GuideContext;
use crate::store::use_store;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement};
use yew::prelude::*;

const KEYS: &[(&str, &str)] = &[
    (",  .", "a step back, a step on"),
    ("<  >", "to the start, to the end"),
    ("n  N", "to the next failure, to the one before"),
    ("b", "the branches"),
    ("c", "compare two moments"),
    ("p", "play and pause"),
    ("u, Ctrl Z", "undo; Ctrl Shift Z redoes"),
    ("/", "to the console"),
    ("i", "import a log"),
    ("o", "the sessions"),
    ("e", "share, and save files"),
    ("t", "how true the page is"),
    ("L", "the lessons"),
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
    let guide = use_context::<GuideContext>();
    let button = use_node_ref();
    let start_guide = {
        let button = button.clone();
        move |_: MouseEvent| {
            if let Some(guide) = &guide {
                guide.start(&store);
            }
            // Closed by the browser, so that the focus goes back to where it was.
            let window =
                button.cast::<Element>().and_then(|it| it.closest("dialog").ok().flatten());
            if let Some(window) = window.and_then(|it| it.dyn_into::<HtmlDialogElement>().ok()) {
                window.close();
            }
        }
    };
    html! {
        <DialogWindow name="keys" title="Keys">
            <dl class="keys">
                { for KEYS.iter().map(|(key, what)| html! { <div><dt><kbd>{ *key }</kbd></dt><dd>{ *what }</dd></div> }) }
            </dl>
            <div class="dialog-actions">
                <button ref={button} type="button" class="button" onclick={start_guide} data-testid="guide-start">{ "Guided start: five steps to a first fault" }</button>
            </div>
        </DialogWindow>
    }
}
