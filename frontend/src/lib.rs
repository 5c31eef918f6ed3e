//! The mmap playground in the browser.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use yew::prelude::*;

/// The whole page.
#[component]
pub fn App() -> Html {
    html! { <h1>{ "mmap playground" }</h1> }
}
