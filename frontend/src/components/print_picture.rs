//! What paper gets in place of the map: the address space as a picture, drawn when the page is about
//! to be printed.

use crate::browser;
use crate::store::use_store;
use mmap_playground_core::picture;
use web_sys::Element;
use yew::prelude::*;

/// The picture; empty except while printing.
#[component]
pub fn PrintPicture() -> Html {
    let store = use_store();
    let holder = use_node_ref();
    {
        let holder = holder.clone();
        use_effect_with(store.revision, move |_| {
            let guards = browser::window().map(|window| {
                let (before, after) = (holder.clone(), holder);
                // Drawn at once and not by a rendering: the browser does not wait for one.
                let draw = browser::listen(&window, "beforeprint", move |_| {
                    let caption = match store.last_step() {
                        Some(step) if step.result.is_empty() => step.text.clone(),
                        Some(step) => format!("{} = {}", step.text, step.result),
                        None => "nothing has run".to_owned(),
                    };
                    let svg = picture::svg(store.session.process(), &caption);
                    if let Some(holder) = before.cast::<Element>() {
                        holder.set_inner_html(&svg);
                    }
                });
                let clear = browser::listen(&window, "afterprint", move |_| {
                    if let Some(holder) = after.cast::<Element>() {
                        holder.set_inner_html("");
                    }
                });
                (draw, clear)
            });
            move || drop(guards)
        });
    }
    html! { <div class="print-picture" ref={holder} data-testid="print-picture"></div> }
}
