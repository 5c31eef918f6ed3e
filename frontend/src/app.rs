//! The whole page: where the panels stand, the keys that work everywhere, and what is read out.

use crate::browser;
use crate::components::address_space::AddressSpace;
use crate::components::branches::Branches;
use crate::components::call_form::CallForm;
use crate::components::compare::Compare;
use crate::components::console::Console;
use crate::components::frames::Frames;
use crate::components::guide::{Guide, GuideContext, use_guide_state};
use crate::components::header::Header;
use crate::components::heap::Heap;
use crate::components::import::{Handed, Import, hand_over};
use crate::components::inspector::Inspector;
use crate::components::keys::Keys;
use crate::components::lesson_bar::LessonBar;
use crate::components::lessons::Lessons;
use crate::components::linking::Linking;
use crate::components::notices::Notices;
use crate::components::print_picture::PrintPicture;
use crate::components::sessions::Sessions;
use crate::components::share::Share;
use crate::components::timeline::Timeline;
use crate::components::truth::Truth;
use crate::keeping::{Keeping, use_keeping};
use crate::lessons::{LessonContext, use_lessons};
use crate::lit::{Lit, LitContext};
use crate::playing::use_playing;
use crate::store::{Action, Dialog, PointedContext, Store, StoreContext, Tab};
use crate::theme::Theme;
use mmap_playground_core::session::Landmark;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};
use yew::prelude::*;

const THEME_KEY: &str = "mmap-playground.theme";

/// How the page is mounted.
#[derive(PartialEq, Default, Properties)]
pub struct AppProps {
    /// Keep sessions in the browser, and open what the address holds.
    #[prop_or_default]
    pub keep: bool,
}

/// The whole page.
#[component]
pub fn App(props: &AppProps) -> Html {
    let store = use_reducer_eq(|| {
        let theme = browser::stored(THEME_KEY).map(|name| Theme::from_name(&name));
        let mut store = Store::new(theme.unwrap_or_default());
        store.journals = props.keep;
        store
    });
    let keeping = use_keeping(&store, props.keep);
    let lessons = use_lessons(&store, props.keep);
    use_effect_with(store.theme, |theme| {
        browser::set_root_attribute("data-theme", theme.name());
        browser::store(THEME_KEY, theme.name());
    });
    use_keys(&store);
    use_dropped_files(&store);

    html! {
        <Shared store={store.clone()}>
        <ContextProvider<Keeping> context={keeping}>
        <ContextProvider<LessonContext> context={lessons}>
            <div class="app" data-tab={store.tab.id()} data-testid="app">
                <Skip />
                <div class="head">
                    <Header />
                    <Notices />
                </div>
                <Guide />
                <LessonBar />
                <main class="board">
                    <div class="column left">
                        <CallForm />
                        <Console />
                    </div>
                    <div class="column centre">
                        <AddressSpace />
                        <Tabs />
                        <div class="under">
                            <Heap />
                            <Frames />
                        </div>
                    </div>
                    <div class="column right">
                        <Inspector />
                    </div>
                </main>
                <Timeline />
                <PrintPicture />
                if store.dialog == Some(Dialog::Import) {
                    <Import />
                }
                if store.dialog == Some(Dialog::Keys) {
                    <Keys />
                }
                if store.dialog == Some(Dialog::Compare) {
                    <Compare />
                }
                if store.dialog == Some(Dialog::Branches) {
                    <Branches />
                }
                if store.dialog == Some(Dialog::Sessions) {
                    <Sessions />
                }
                if store.dialog == Some(Dialog::Share) {
                    <Share />
                }
                if let Some(Dialog::Linking(setting)) = store.dialog {
                    <Linking {setting} />
                }
                if store.dialog == Some(Dialog::Truth) {
                    <Truth />
                }
                if store.dialog == Some(Dialog::Lessons) {
                    <Lessons />
                }
                <p class="visually-hidden" role="status" aria-live="polite" data-testid="announcement">
                    { store.announcement.clone() }
                </p>
            </div>
        </ContextProvider<LessonContext>>
        </ContextProvider<Keeping>>
        </Shared>
    }
}

/// What [`Shared`] needs.
#[derive(PartialEq, Properties)]
pub struct SharedProps {
    /// The store that all views below show.
    pub store: StoreContext,
    /// The views.
    pub children: Html,
}

/// What views share, whether they make up the page or a figure: the store, what is pointed at, and
/// what lights for it.
#[component]
pub fn Shared(props: &SharedProps) -> Html {
    let store = &props.store;
    let pointed = PointedContext(use_state_eq(|| None));
    let lit =
        use_memo((pointed.get(), store.revision), |(pointed, _)| Lit::of(*pointed, &store.session));
    let guide = use_guide_state(store);
    use_playing(store);
    html! {
        <ContextProvider<StoreContext> context={store.clone()}>
        <ContextProvider<PointedContext> context={pointed}>
        <ContextProvider<LitContext> context={LitContext(lit)}>
        <ContextProvider<GuideContext> context={guide}>
            { props.children.clone() }
        </ContextProvider<GuideContext>>
        </ContextProvider<LitContext>>
        </ContextProvider<PointedContext>>
        </ContextProvider<StoreContext>>
    }
}

/// The first stops of the Tab key: past everything to the map, or to the console.
#[component]
fn Skip() -> Html {
    let store = crate::store::use_store();
    let link = |target: &'static str, id: &'static str, tab: Option<Tab>, words: &'static str| {
        let dispatcher = store.dispatcher();
        let onclick = move |event: MouseEvent| {
            // The address stays as it is: what is behind its # belongs to shared sessions.
            event.prevent_default();
            if let Some(tab) = tab {
                dispatcher.dispatch(Action::Tab(tab));
            }
            browser::focus(target);
        };
        html! { <a href={target} {onclick} data-testid={id}>{ words }</a> }
    };
    html! {
        <nav class="skip" aria-label="Skip">
            if !store.is_empty() {
                { link("#vma-tree", "skip-map", None, "To the map") }
            }
            { link("#console-input", "skip-console", Some(Tab::Console), "To the console") }
        </nav>
    }
}

/// The choice of panel, shown where there is room for one only.
#[component]
fn Tabs() -> Html {
    let store = crate::store::use_store();
    let buttons = Tab::ALL.iter().map(|tab| {
        let chosen = store.tab == *tab;
        let dispatcher = store.dispatcher();
        let onclick = move |_| {
            dispatcher.dispatch(Action::Tab(*tab));
            // The panel may lie below the screen.
            browser::scroll_to(tab.panel());
        };
        html! {
            <button type="button" class="tab" aria-pressed={chosen.to_string()} {onclick}
                data-testid={format!("tab-{}", tab.id())}>
                { tab.title() }
            </button>
        }
    });
    html! {
        <nav class="tabs" aria-label="Panels">
            { for buttons }
        </nav>
    }
}

/// The keys that work wherever no text is being typed.
#[hook]
fn use_keys(store: &StoreContext) {
    let dispatcher = store.dispatcher();
    let playing = store.playing;
    let open = store.dialog.is_some();
    use_effect_with((playing, open), move |(playing, open)| {
        let (playing, open) = (*playing, *open);
        let guard = browser::document().map(|document| {
            browser::listen(&document, "keydown", move |event| {
                let Ok(event) = event.dyn_into::<KeyboardEvent>() else { return };
                if open || event.default_prevented() || browser::takes_text(event.target()) {
                    return;
                }
                if let Some(action) = key_action(&event, playing) {
                    event.prevent_default();
                    dispatcher.dispatch(action);
                } else if event.key() == "/" {
                    event.prevent_default();
                    dispatcher.dispatch(Action::Tab(Tab::Console));
                    browser::focus("[data-testid=console-input]");
                }
            })
        });
        move || drop(guard)
    });
}

/// The keys of a figure: heard only while the focus is inside, and none that opens a window.
#[hook]
pub(crate) fn use_figure_keys(store: &StoreContext, root: &NodeRef) {
    let dispatcher = store.dispatcher();
    let open = store.dialog.is_some();
    let root = root.clone();
    use_effect_with((store.playing, open), move |(playing, open)| {
        let (playing, open) = (*playing, *open);
        let guard = root.cast::<Element>().map(|root| {
            browser::listen(&root, "keydown", move |event| {
                let Ok(event) = event.dyn_into::<KeyboardEvent>() else { return };
                if open || event.default_prevented() || browser::takes_text(event.target()) {
                    return;
                }
                let action = key_action(&event, playing);
                if let Some(action) = action.filter(|it| !matches!(it, Action::Open(_))) {
                    event.prevent_default();
                    dispatcher.dispatch(action);
                }
            })
        });
        move || drop(guard)
    });
}

fn key_action(event: &KeyboardEvent, playing: bool) -> Option<Action> {
    let command = event.ctrl_key() || event.meta_key();
    match event.key().as_str() {
        "z" if command && !event.shift_key() => Some(Action::Undo),
        "z" | "Z" | "y" if command => Some(Action::Redo),
        _ if command || event.alt_key() => None,
        "," => Some(Action::Step(-1)),
        "." => Some(Action::Step(1)),
        "<" => Some(Action::GoTo(0)),
        ">" => Some(Action::GoTo(usize::MAX)),
        "n" => Some(Action::Jump(Landmark::Failure, true)),
        "N" => Some(Action::Jump(Landmark::Failure, false)),
        "b" => Some(Action::Open(Some(Dialog::Branches))),
        "c" => Some(Action::Open(Some(Dialog::Compare))),
        "p" => Some(Action::Play(!playing)),
        "o" => Some(Action::Open(Some(Dialog::Sessions))),
        "e" => Some(Action::Open(Some(Dialog::Share))),
        "i" => Some(Action::Open(Some(Dialog::Import))),
        "?" => Some(Action::Open(Some(Dialog::Keys))),
        "t" => Some(Action::Open(Some(Dialog::Truth))),
        "L" => Some(Action::Open(Some(Dialog::Lessons))),
        "u" => Some(Action::Undo),
        _ => None,
    }
}

/// A file dropped anywhere opens the import window with it.
#[hook]
fn use_dropped_files(store: &StoreContext) {
    let dispatcher = store.dispatcher();
    use_effect_with((), move |()| {
        let body = browser::document().and_then(|document| document.body());
        let guards = body.map(|body: HtmlElement| {
            let over = browser::listen(&body, "dragover", |event| event.prevent_default());
            let drop_ = browser::listen(&body, "drop", move |event| {
                let Ok(event) = event.dyn_into::<web_sys::DragEvent>() else { return };
                let files = event.data_transfer().and_then(|data| data.files());
                let files = files.map(browser::files).unwrap_or_default();
                if !files.is_empty() {
                    event.prevent_default();
                    hand_over(Handed::Files(files));
                    dispatcher.dispatch(Action::Open(Some(Dialog::Import)));
                }
            });
            (over, drop_)
        });
        move || drop(guards)
    });
}
