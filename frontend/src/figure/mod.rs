//! A figure on somebody else's page: some of the panels, for one trace, inside a shadow root.
//!
//! The element `<mmap-playground>` (`embed/mmap-playground.js`) mounts it through [`handle`]; what
//! its attributes mean is in [`options`]. A figure keeps nothing in the browser, hears keys only
//! while the focus is inside, and changes nothing outside of its root.

pub mod handle;
mod layout;
pub mod options;
mod telling;

use crate::app::{Shared, use_figure_keys};
use crate::browser;
use crate::store::{Action, Loaded, Place, Store, StoreContext, troubles};
use crate::text;
use crate::theme::Theme;
use handle::Link;
use mmap_playground_core::machine::Machine;
use mmap_playground_core::saved::from_link;
use mmap_playground_core::session::Session;
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
    let message = use_state_eq(Vec::<String>::new);
    use_trace(&store, options, &message);
    use_settings(&store, options);
    telling::use_telling(&store, &props.link);
    {
        // Behind all that the options change: effects run in their order.
        let link = props.link.clone();
        use_effect_with(Rc::as_ptr(options), move |_| link.tell("shown", &Value::Null));
    }
    let root = use_node_ref();
    use_figure_keys(&store, &root);
    // The one who works it from outside always has the newest.
    props.link.connect(&store);

    let mut messages = options.messages.clone();
    messages.extend(message.iter().cloned());
    html! {
        <Shared store={store.clone()}>
            <div class="figure-root" part="app" role="figure" aria-label="A live address space" data-theme={store.theme.name()} ref={root} data-testid="figure">
                { layout::figure(&store, options, messages) }
            </div>
        </Shared>
    }
}

/// The session that a figure begins with.
fn session(options: &Options) -> Result<(Session, Vec<crate::store::Trouble>), String> {
    if let Some(letters) = &options.link {
        let restored = from_link(letters).and_then(|saved| saved.restore());
        return restored
            .map(|session| (session, Vec::new()))
            .map_err(|error| format!("The link cannot be opened: {error}."));
    }
    let mut session = Session::new(Machine::default());
    let report = session.run(&options.trace);
    Ok((session, troubles(&options.trace, &report.diagnostics)))
}

/// Runs the trace whenever it, or where the figure stands at first, has become another.
#[hook]
fn use_trace(store: &StoreContext, options: &Rc<Options>, message: &UseStateHandle<Vec<String>>) {
    let (dispatcher, message) = (store.dispatcher(), message.setter());
    let what = (options.trace.clone(), options.link.clone());
    let start = (options.step, options.autoplay.map(f64::to_bits), options.zoom.clone());
    let options = options.clone();
    use_effect_with((what, start), move |_| {
        let mut wrong = Vec::new();
        let (session, trouble) = session(&options).unwrap_or_else(|error| {
            wrong.push(error);
            (Session::new(Machine::default()), Vec::new())
        });
        let (position, misplaced) =
            options.position(session.len(), browser::prefers_reduced_motion());
        wrong.extend(misplaced);
        let mut placed = session.clone();
        placed.go_to(position);
        let zoom = options.zoom.as_ref().map(|zoom| {
            let found = text::parse_number(zoom);
            let named = || session.names().into_iter().find(|(name, _)| name == zoom);
            found.or_else(|| named().map(|(_, value)| value)).ok_or_else(|| {
                format!("zoom=\"{zoom}\": expected an address, or a name of the trace.")
            })
        });
        let title = "Figure".into();
        dispatcher.dispatch(Action::Load(Box::new(Loaded { session: placed, title, trouble })));
        match zoom {
            Some(Ok(address)) => dispatcher.dispatch(Action::Show(address)),
            Some(Err(error)) => wrong.push(error),
            None => {}
        }
        message.set(wrong);
        if let Some(pace) = options.autoplay.filter(|_| !browser::prefers_reduced_motion()) {
            dispatcher.dispatch(Action::Pace(pace));
            dispatcher.dispatch(Action::Play(true));
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
