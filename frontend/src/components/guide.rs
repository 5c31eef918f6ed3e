//! The bar of the guided start, below the header: what to do next, and a button that does it.

use crate::browser;
use crate::components::icons;
use crate::guide::{LESSONS, Progress};
use crate::store::{Action, Loaded, Store, StoreContext, use_store};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::session::Session;
use std::rc::Rc;
use yew::prelude::*;

/// Where the browser keeps how far a person is with the guide.
const KEY: &str = "mmap-playground.guide";
/// What stands there once it has begun.
const BEGUN: &str = "begun";
/// What stands there once it was skipped, finished or left.
const DONE: &str = "done";

/// What a session is called that the guide begins.
const TITLE: &str = "Guided start";

/// What is known of the guide.
#[derive(Clone, Copy, PartialEq)]
struct Wanted {
    /// Somebody is here for the first time, or asked for it.
    wanted: bool,
    /// The session in which it began, and to which it belongs; none until there is one.
    slot: Option<u32>,
}

/// Whether the guide is wanted, shared with the window of keys, which starts it again.
#[derive(Clone, PartialEq)]
pub struct GuideContext(UseStateHandle<Wanted>);

impl GuideContext {
    /// Starts the guide again, on a process that has run nothing. Undo brings back what was there.
    pub fn start(&self, store: &StoreContext) {
        let slot = store.is_empty().then_some(store.slot);
        if slot.is_none() {
            store.dispatch(Action::Load(Box::new(Loaded {
                session: Session::new(Machine::default()),
                title: TITLE.into(),
                trouble: Vec::new(),
            })));
        }
        self.0.set(Wanted { wanted: true, slot });
    }

    /// Says whether the session shown is the one that the guide is about, and goes its way.
    fn is_here(&self, store: &Store, progress: &Progress) -> bool {
        self.is_of(store) && !progress.strayed
    }

    /// Says whether the session shown is the one that the guide is about.
    fn is_of(&self, store: &Store) -> bool {
        let Wanted { wanted, slot } = *self.0;
        wanted
            && slot.is_none_or(|slot| slot == store.slot)
            && store.title.as_ref().is_none_or(|title| title == TITLE)
    }

    /// Ends it for good.
    fn end(&self) {
        browser::store(KEY, DONE);
        self.0.set(Wanted { wanted: false, slot: None });
    }
}

/// Whether the guide is wanted: on a first visit to the page, and on the next if it had begun.
#[hook]
pub fn use_guide_state(store: &StoreContext) -> GuideContext {
    let guide = GuideContext(use_state_eq(|| {
        let kept = browser::stored(KEY);
        let wanted = !store.place.is_figure() && kept.as_deref() != Some(DONE);
        // A visit that goes on waits for its session to come back.
        Wanted { wanted, slot: kept.is_none().then_some(store.slot) }
    }));
    let progress = use_memo(store.history, |_| Progress::of(&store.session));
    let is_begun = !store.session.is_empty() || store.title.is_some();
    let is_here = guide.is_here(store, &progress);
    let now = guide.clone();
    use_effect_with((guide.0.wanted, is_here, is_begun, store.slot), move |&(.., slot)| {
        match (now.0.wanted, is_here) {
            (false, _) => {}
            (true, true) if is_begun => {
                browser::store(KEY, BEGUN);
                now.0.set(Wanted { slot: now.0.slot.or(Some(slot)), ..*now.0 });
            }
            (true, true) => {}
            // Whoever has gone another way may come back in this visit, and is left alone later.
            (true, false) if browser::stored(KEY).is_some() => browser::store(KEY, DONE),
            (true, false) => {}
        }
    });
    guide
}

/// The guide and how far it is, where it is to be shown.
#[hook]
pub fn use_guide() -> Option<(GuideContext, Rc<Progress>)> {
    let store = use_store();
    let guide = use_context::<GuideContext>();
    let progress = use_memo(store.history, |_| Progress::of(&store.session));
    guide.filter(|guide| guide.is_here(&store, &progress)).map(|guide| (guide, progress))
}

/// The bar; nothing where it is not wanted, or the session is another.
#[component]
pub fn Guide() -> Html {
    let store = use_store();
    let guide = use_context::<GuideContext>();
    let progress = use_memo(store.history, |_| Progress::of(&store.session));
    let Some(guide) = guide.filter(|guide| guide.is_of(&store)) else {
        return Html::default();
    };
    let end = move |_: MouseEvent| guide.end();
    if progress.strayed {
        return farewell(&progress, end);
    }
    let count = LESSONS.len();
    let Some((lesson, line)) = LESSONS.get(progress.done).zip(progress.line()) else {
        return at_the_end(&store, &progress, end);
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

/// What stands in the bar's place once the session goes a way of its own: the page must not jump
/// under the hand of whoever works on it.
fn farewell(progress: &Progress, end: impl Fn(MouseEvent) + 'static) -> Html {
    let text = match LESSONS.get(progress.done) {
        Some(lesson) => {
            format!("You go your own way. Undo, and the guided start goes on: {}.", lesson.title)
        }
        None => "You have seen a signal, and what the rule behind it is. Examples and lessons go on from here.".to_owned(),
    };
    html! {
        <section class="guide" aria-label="Guided start" data-testid="guide">
            <p class="guide-text" role="status">{ text }</p>
            <div class="guide-actions">
                <button type="button" class="button quiet" onclick={end} aria-label="Close the guided start" title="Close" data-testid="guide-close">{ icons::close() }</button>
            </div>
        </section>
    }
}

/// What the guide says behind its last step: the signal, or that one stands before it again.
fn at_the_end(
    store: &StoreContext,
    progress: &Progress,
    end: impl Fn(MouseEvent) + 'static,
) -> Html {
    let at_signal = store.session.position() >= progress.end;
    let step = if at_signal { -1 } else { 1 };
    let dispatcher = store.dispatcher();
    let go = move |_: MouseEvent| dispatcher.dispatch(Action::Step(step));
    let text = if at_signal {
        let why = progress.why.as_deref().unwrap_or_default();
        html! { <><strong>{ "A first signal. " }</strong>
        { "The processor could not go on, the kernel found no rule that lets it, and sent SIGSEGV. WHY: " }{ why }
        { ". By default that ends the process; here it goes on. Every step can be taken back; the examples go on from here." }</> }
    } else {
        html! { <><strong>{ "Before the signal. " }</strong>
        { "All is as it was at this step. What you run here takes another way, and the way there was is kept as a branch." }</> }
    };
    html! {
        <section class="guide" aria-label="Guided start" data-testid="guide" data-done={LESSONS.len().to_string()}>
            <p class="guide-text" role="status">{ text }</p>
            <div class="guide-actions">
                <button type="button" class="button" onclick={go} data-testid="guide-back">{ if at_signal { "A step back" } else { "A step on" } }</button>
                <button type="button" class="button primary" onclick={end} data-testid="guide-end">{ "Done" }</button>
            </div>
        </section>
    }
}
