//! A window over the page: its frame, its title, and how it closes.

use crate::components::icons;
use crate::store::{Action, use_store};
use web_sys::HtmlDialogElement;
use yew::prelude::*;

/// What a window needs.
#[derive(PartialEq, Properties)]
pub struct DialogProps {
    /// Its name in ids and tests: `NAME-dialog`, `NAME-title`.
    pub name: &'static str,
    /// Its title.
    pub title: AttrValue,
    /// More classes.
    #[prop_or_default]
    pub class: Classes,
    /// The element, for a window that closes itself.
    #[prop_or_default]
    pub dialog: Option<NodeRef>,
    /// What stands in it.
    pub children: Html,
}

/// A window over the page. The browser closes it, so that the focus goes back to where it was.
#[component]
pub fn DialogWindow(props: &DialogProps) -> Html {
    let store = use_store();
    let own = use_node_ref();
    let dialog = props.dialog.clone().unwrap_or(own);
    {
        let dialog = dialog.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                let _ = dialog.show_modal();
            }
        });
    }
    let close = {
        let dialog = dialog.clone();
        move |_: MouseEvent| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                dialog.close();
            }
        }
    };
    let onclose = {
        let dispatcher = store.dispatcher();
        move |_: Event| dispatcher.dispatch(Action::Open(None))
    };
    let title_id = format!("{}-title", props.name);
    html! {
        <dialog ref={dialog} class={classes!("dialog", props.class.clone())} {onclose}
            aria-labelledby={title_id.clone()} data-testid={format!("{}-dialog", props.name)}>
            <div class="dialog-head">
                <h2 id={title_id}>{ &props.title }</h2>
                <button type="button" class="button quiet" onclick={close} aria-label="Close" data-testid={format!("{}-close", props.name)}>{ icons::close() }</button>
            </div>
            { props.children.clone() }
        </dialog>
    }
}
