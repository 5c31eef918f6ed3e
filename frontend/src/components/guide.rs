//! The bar of the guided start, below the header: what to do next, and a button that does it.

use crate::browser;
use crate::components::icons;
use crate::guide::{LESSONS, Progress};
use crate::store::{Action, Loaded, Place, StoreContext, use_store};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::session::Session;
use yew::prelude::*;

/// Where the browser keeps that the guide was skipped or finished.
const KEY: &str = "mmap-playground.guide";

/// What a session is called that the guide begins.
const TITLE: &str = "Guided start";

/// Whether the guide is wanted, shared with the window of keys, which starts it again.
#[derive(Clone, PartialEq)]
pub struct GuideContext(UseStateHandle<bool>);

impl GuideContext {
    /// Starts the guide again, on a process that has run nothing. Undo brings back what was there.
    pub fn start(&self, store: &StoreContext) {
        if !store.is_empty() {
            store.dispatch(Action::Load(Box::new(Loaded {
                session: Session::new(Machine::default()),
                title: TITLE.into(),
                trouble: Vec::new(),
            })));
        }
        self.0.set(true);
    }

    /// Says whether it is wanted; its bar stands above an empty page then.
    pub fn is_wanted(&self) -> bool {
        *self.0
    }

    /// Ends it for good.
    fn end(&self) {
        browser::store(KEY, "done");
        self.0.set(false);
    }
}

/// Whether the guide is wanted: on a first visit to the page.
#[hook]
pub fn use_guide_state(place: Place) -> GuideContext {
    GuideContext(use_state_eq(|| !place.is_figure() && browser::stored(KEY).is_none()))
}

/// The bar; nothing where it is not wanted, or something else was opened.
#[component]
pub fn Guide() -> Html {
    let store = use_store();
    let guide = use_context::<GuideContext>();
    let progress = use_memo(store.history, |_| Progress::of(&store.session));
    let begun_elsewhere = store.title.as_ref().is_some_and(|title| title != TITLE);
    let Some(guide) = guide.filter(|guide| *guide.0 && !begun_elsewhere) else {
        return Html::default();
    };
    let end = move |_: MouseEvent| guide.end();
    let count = LESSONS.len();
    let Some((lesson, line)) = LESSONS.get(progress.done).zip(progress.line()) else {
        let dispatcher = store.dispatcher();
        let back = move |_: MouseEvent| dispatcher.dispatch(Action::Step(-1));
        let why = progress.why.clone().unwrap_or_default();
        return html! {
            <section class="guide" aria-label="Guided start" data-testid="guide" data-done={count.to_string()}>
                <p class="guide-text" role="status"><strong>{ "A first signal. " }</strong>
                    { "The processor could not go on, the kernel found no rule that lets it, and sent SIGSEGV. WHY: " }{ why }
                    { ". By default that ends the process; here it goes on. Every step can be taken back; the examples go on from here." }</p>
                <div class="guide-actions">
                    <button type="button" class="button" onclick={back} data-testid="guide-back">{ "A step back" }</button>
                    <button type="button" class="button primary" onclick={end} data-testid="guide-end">{ "Done" }</button>
                </div>
            </section>
        };
    };
    let go = {
        let (dispatcher, line) = (store.dispatcher(), line.clone());
        move |_: MouseEvent| dispatcher.dispatch(Action::Run(line.clone()))
    };
    html! {
        <section class="guide" aria-label="Guided start" data-testid="guide" data-done={progress.done.to_string()}>
            <p class="guide-text" role="status"><span class="guide-count">{ format!("{} of {count}", progress.done + 1) }</span>
                <strong>{ lesson.title }{ ". " }</strong>{ lesson.text }</p>
            <div class="guide-actions">
                <button type="button" class="button primary" onclick={go} title={line} data-testid="guide-go">{ lesson.button }</button>
                <button type="button" class="button quiet" onclick={end} aria-label="Skip the guided start" title="Skip" data-testid="guide-skip">{ icons::close() }</button>
            </div>
        </section>
    }
}
