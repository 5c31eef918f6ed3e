//! The top of the page: its name, the examples, lessons, import, sessions and links, undo and redo,
//! colours and keys. Where there is no room for them all, a menu has what is left out.

use crate::components::icons;
use crate::components::menu::{Menu, MenuItem};
use crate::examples::{self, EXAMPLES};
use crate::store::{Action, Dialog, StoreContext, use_store};
use yew::prelude::*;

/// The top of the page.
#[component]
pub fn Header() -> Html {
    let store = use_store();
    let dispatch = |action: Action| {
        let dispatcher = store.dispatcher();
        Callback::from(move |_: MouseEvent| dispatcher.dispatch(action.clone()))
    };
    let window = |dialog: Dialog| dispatch(Action::Open(Some(dialog)));
    let title = store.title.clone();
    html! {
        <header class="top">
            <h1 class="name">{ icons::logo() }<span>{ "mmap playground" }</span></h1>
            <Menu name="examples" title="Examples" items={example_items(&store)} />
            <button type="button" class="button" onclick={window(Dialog::Lessons)} title="Lessons (L)" data-testid="lessons-open">{ "Lessons" }</button>
            <button type="button" class="button" onclick={window(Dialog::Import)} title="Import a log (i)" data-testid="import-open">
                { icons::import() }<span class="wide">{ "Import a log" }</span><span class="narrow">{ "Import" }</span>
            </button>
            <button type="button" class="button with-room" onclick={window(Dialog::Sessions)} title="Sessions (o)" data-testid="sessions-open">
                { icons::sessions() }<span>{ "Sessions" }</span>
            </button>
            <button type="button" class="button with-room" onclick={window(Dialog::Share)} title="Share and save (e)" data-testid="share-open">
                { icons::share() }<span>{ "Share" }</span>
            </button>
            <span class="session-title" data-testid="session-title">{ title }</span>
            <span class="spring"></span>
            <button type="button" class="button quiet" disabled={!store.can_undo()} onclick={dispatch(Action::Undo)}
                title="Undo (Ctrl Z)" aria-label="Undo" data-testid="undo">{ icons::undo() }</button>
            <button type="button" class="button quiet" disabled={!store.can_redo()} onclick={dispatch(Action::Redo)}
                title="Redo (Ctrl Shift Z)" aria-label="Redo" data-testid="redo">{ icons::redo() }</button>
            <button type="button" class="button quiet with-room" onclick={dispatch(Action::Theme(store.theme.next()))}
                title="Light or dark" aria-label="Switch between light and dark" data-testid="theme">{ icons::theme() }</button>
            <button type="button" class="button quiet with-room" onclick={window(Dialog::Truth)}
                title="How true is this? (t)" aria-label="How true is this?" data-testid="truth">{ icons::truth() }</button>
            <button type="button" class="button quiet with-room" onclick={window(Dialog::Keys)}
                title="Keys (?)" aria-label="Keyboard help" data-testid="keys">{ icons::keys() }</button>
            <Menu name="menu" title="More" class="without-room" items={more_items(&store)} />
        </header>
    }
}

fn item(
    store: &StoreContext,
    id: impl Into<AttrValue>,
    (title, summary): (&'static str, &'static str),
    action: impl Fn() -> Action + 'static,
) -> MenuItem {
    let dispatcher = store.dispatcher();
    let onchoose = Callback::from(move |()| dispatcher.dispatch(action()));
    MenuItem { id: id.into(), title: title.into(), summary: summary.into(), onchoose }
}

/// An empty process, and the examples.
fn example_items(store: &StoreContext) -> Vec<MenuItem> {
    let words = ("Empty", "A new session, on a process that has run nothing");
    let empty = item(store, "example-empty", words, || Action::New);
    let examples = EXAMPLES.iter().map(|example| {
        let words = (example.title, example.summary);
        item(store, format!("example-{}", example.id), words, move || examples::load(example))
    });
    std::iter::once(empty).chain(examples).collect()
}

/// What stands in the header only where there is room for it.
fn more_items(store: &StoreContext) -> Vec<MenuItem> {
    let windows = [
        (
            "menu-sessions",
            "Sessions",
            "What this browser keeps: open, name, copy, delete",
            Dialog::Sessions,
        ),
        ("menu-share", "Share and save", "A link with everything in it, and files", Dialog::Share),
        ("menu-truth", "How true is this?", "What the page was held against", Dialog::Truth),
        ("menu-keys", "Keys", "What the keyboard does, and the guided start", Dialog::Keys),
    ];
    let windows = windows.map(|(id, title, summary, dialog)| {
        item(store, id, (title, summary), move || Action::Open(Some(dialog)))
    });
    let next = store.theme.next();
    let words = ("Light or dark", "Switches the colours of the page");
    let theme = item(store, "menu-theme", words, move || Action::Theme(next));
    windows.into_iter().chain([theme]).collect()
}
