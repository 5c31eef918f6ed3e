//! A figure on somebody else's page: some of the panels, for one trace, inside a shadow root.
//!
//! The element `<mmap-playground>` (`embed/mmap-playground.js`) mounts it through [`handle`]; what
//! its attributes mean is in [`options`]. A figure keeps nothing in the browser, hears keys only
//! while the focus is inside, and changes nothing outside of its root.

pub mod handle;
mod layout;
pub mod options;
mod telling;
mod trace;

use crate::app::{Shared, use_figure_keys};
use crate::browser;
use crate::store::{Action, Place, Store, StoreContext};
use crate::theme::Theme;
use handle::Link;
use options::Options;
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

/// What a figure is given.
#[derive(PartialEq, Properties)]
pub struct FigureProps {
    /// What it shows.
    pub options: Rc<Options>,
    /// What it is worked by from outside, and tells.
    pub link: Link,
}

/// A figure.
#[component]
pub fn Figure(props: &FigureProps) -> Html {
    let options = &props.options;
    let store = use_reducer_eq(|| {
        let mut store = Store::new(Theme::System);
        store.place = Place::Figure { read_only: options.read_only };
        store
    });
    let came = trace::use_trace(&store, options, &props.link);
    use_settings(&store, options);
    use_autoplay(&store, options, came.count);
    telling::use_telling(&store, &props.link);
    {
        // Behind all that the options change: effects run in their order.
        let (link, busy) = (props.link.clone(), came.busy.clone());
        use_effect_with((Rc::as_ptr(options), came.count), move |_| {
            if !busy.get() {
                link.tell("shown", &Value::Null);
            }
        });
    }
    let root = use_node_ref();
    use_figure_keys(&store, &root);
    // The one who works it from outside always has the newest.
    props.link.connect(&store);

    let mut messages = options.messages.clone();
    messages.extend(came.wrong);
    html! {
        <Shared store={store.clone()}>
            <div class="figure-root" part="app" role="figure" aria-label="A live address space" data-theme={store.theme.name()} ref={root} data-testid="figure">
                { layout::figure(&store, options, messages) }
            </div>
        </Shared>
    }
}

/// Begins to play once the reader has the figure before them; where they want little motion, only
/// when they say so.
#[hook]
fn use_autoplay(store: &StoreContext, options: &Options, came: u32) {
    let dispatcher = store.dispatcher();
    let pace = options.autoplay.filter(|_| options.seen && came > 0);
    use_effect_with((pace.map(f64::to_bits), came), move |_| {
        if let Some(pace) = pace {
            dispatcher.dispatch(Action::Pace(pace));
            if !browser::prefers_reduced_motion() {
                dispatcher.dispatch(Action::Play(true));
            }
        }
    });
}

/// Takes over what may change without running anything.
#[hook]
fn use_settings(store: &StoreContext, options: &Rc<Options>) {
    let dispatcher = store.dispatcher();
    use_effect_with((options.theme, options.read_only), move |(theme, read_only)| {
        dispatcher.dispatch(Action::Theme(*theme));
        dispatcher.dispatch(Action::Place(Place::Figure { read_only: *read_only }));
    });
}
