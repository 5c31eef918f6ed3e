//! The window that lists the keys.

use crate::components::guide::GuideContext;
use crate::components::icons;
use crate::store::{Action, use_store};
use web_sys::HtmlDialogElement;
use yew::prelude::*;

const KEYS: &[(&str, &str)] = &[
    (",  .", "a step back, a step on"),
    ("<  >", "to the start, to the end"),
    ("n", "to the next failure"),
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
    // Closed by the browser, so that the focus goes back to where it was.
    let close = {
        let dialog = dialog.clone();
        Callback::from(move |()| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                dialog.close();
            }
        })
    };
    let onclose = {
        let dispatcher = store.dispatcher();
        move |_: Event| dispatcher.dispatch(Action::Open(None))
    };
    let guide = use_context::<GuideContext>();
    let start_guide = {
        let (close, store) = (close.clone(), store.clone());
        move |_: MouseEvent| {
            if let Some(guide) = &guide {
                guide.start(&store);
            }
            close.emit(());
        }
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
            <div class="dialog-actions">
                <button type="button" class="button" onclick={start_guide} data-testid="guide-start">{ "Guided start: five steps to a first fault" }</button>
            </div>
        </dialog>
    }
}
