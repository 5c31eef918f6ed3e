//! What the map shows while nothing is mapped: what this is, and one thing to click.

use crate::components::guide::use_guide;
use crate::examples::{self, EXAMPLES};
use crate::store::{Action, Dialog, use_store};
use yew::prelude::*;

/// The empty state.
#[component]
pub fn Welcome() -> Html {
    let store = use_store();
    // The guide, above, has the one thing to click while it is wanted.
    let guided = use_guide().is_some();
    let start = {
        let dispatcher = store.dispatcher();
        move |_| {
            dispatcher.dispatch(Action::Run(
                "p = mmap(NULL, 8*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)".into(),
            ));
        }
    };
    let import = {
        let dispatcher = store.dispatcher();
        move |_| dispatcher.dispatch(Action::Open(Some(Dialog::Import)))
    };
    let cards = EXAMPLES.iter().map(|example| {
        let dispatcher = store.dispatcher();
        let onclick = move |_| dispatcher.dispatch(examples::load(example));
        html! {
            <button type="button" class="card" {onclick} data-testid={format!("welcome-{}", example.id)}>
                <strong>{ example.title }</strong>
                <small>{ example.summary }</small>
            </button>
        }
    });
    html! {
        <div class="welcome" data-testid="welcome">
            <p class="lead">{ "An empty address space: 128 TiB of addresses, a stack, and not one page of memory yet." }</p>
            <p>{ "Here you run the calls that fill it. Each does what Linux does on x86-64, down to the page-table entry, \
                and when one fails the page says which rule refused it." }</p>
            if !guided {
                <p class="welcome-actions">
                    <button type="button" class="button primary large" onclick={start} data-testid="welcome-mmap">{ "Map eight pages" }</button>
                    <code>{ "mmap(NULL, 8*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)" }</code>
                </p>
            }
            <p class="welcome-or">{ if guided { "Begin with the first step above, or with an example" } else { "or begin with an example" } }</p>
            <div class="cards">{ for cards }</div>
            <p class="welcome-or">
                { "or " }
                <button type="button" class="link" onclick={import}>{ "import a log of your own program" }</button>
                { " from strace, ltrace or /proc/PID/maps. It stays in your browser." }
            </p>
        </div>
    }
}
