//! Time: every call is a step. To the ends, back and on, by itself, by dragging, and from one
//! landmark to the next; small charts share the axis.

use crate::browser;
use crate::components::ticks::Ticks;
use crate::components::{charts, icons};
use crate::store::{Action, Dialog, Store, Tab, use_store};
use crate::text;
use mmap_playground_core::session::Landmark;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement, InputEvent};
use yew::prelude::*;

/// Speeds that can be chosen, in steps a second.
const PACES: [f64; 6] = [0.5, 1.5, 5.0, 20.0, 100.0, 1000.0];

/// The timeline.
#[component]
pub fn Timeline() -> Html {
    let store = use_store();
    let length = store.session.len();
    let position = store.session.position();

    let act = |action: Action| {
        let dispatcher = store.dispatcher();
        Callback::from(move |_: MouseEvent| dispatcher.dispatch(action.clone()))
    };
    let oninput = {
        let dispatcher = store.dispatcher();
        move |event: InputEvent| {
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            if let Some(position) = input.and_then(|input| input.value().parse::<usize>().ok()) {
                dispatcher.dispatch(Action::GoTo(position));
            }
        }
    };
    let valuetext = format!("step {position} of {length}");
    html! {
        <footer class="timeline" role={store.place.panel_role()} aria-label="Time">
            { outcome(&store) }
            <div class="transport" role="group" aria-label="Steps">
                <button type="button" class="button quiet" onclick={act(Action::GoTo(0))} disabled={position == 0} aria-label="To the start" title="To the start (<)" data-testid="step-first">{ icons::first() }</button>
                <button type="button" class="button quiet" onclick={act(Action::Step(-1))} disabled={position == 0} aria-label="One step back" title="Back (,)" data-testid="step-back">{ icons::back() }</button>
                <button type="button" class="button quiet" onclick={act(Action::Play(!store.playing))} disabled={length == 0} aria-label={if store.playing { "Pause" } else { "Play" }} title="Play (p)" data-testid="step-play">
                    { if store.playing { icons::pause() } else { icons::play() } }
                </button>
                <button type="button" class="button quiet" onclick={act(Action::Step(1))} disabled={position == length} aria-label="One step on" title="On (.)" data-testid="step-forward">{ icons::forward() }</button>
                <button type="button" class="button quiet" onclick={act(Action::GoTo(usize::MAX))} disabled={position == length} aria-label="To the end" title="To the end (>)" data-testid="step-last">{ icons::last() }</button>
                { paces(&store) }
            </div>
            { jumps(&store) }
            <Ticks>
                <input type="range" min="0" max={length.to_string()} step="1" value={position.to_string()} {oninput} disabled={length == 0}
                    aria-label="Step" aria-valuetext={valuetext} data-testid="step-slider" />
            </Ticks>
            <output class="step-count" data-testid="step-count">
                <b>{ text::grouped(position as u64) }</b>{ " of " }{ text::grouped(length as u64) }
            </output>
            { branches(&store, act(Action::Open(Some(Dialog::Branches))), act(Action::Open(Some(Dialog::Compare)))) }
            <charts::Charts />
        </footer>
    }
}

/// What the last call has to tell, where the inspector may be out of sight: why it failed, or what
/// surprises about it.
fn outcome(store: &yew::UseReducerHandle<Store>) -> Html {
    let Some(step) = store.last_step() else { return Html::default() };
    let surprise = || step.surprises().into_iter().next().map(Into::into);
    let Some(told) = step.why.clone().map(AttrValue::from).or_else(surprise) else {
        return Html::default();
    };
    let dispatcher = store.dispatcher();
    let onclick = move |_: MouseEvent| {
        dispatcher.dispatch(Action::Tab(Tab::Inspector));
        browser::scroll_to(Tab::Inspector.panel());
    };
    let (class, word) = if step.failed { ("failed", "WHY") } else { ("", "NOTE") };
    // "--- SIGSEGV {si_signo=…"
    let signal = step.signal.as_ref().and_then(|line| line.split(' ').nth(1));
    html! {
        <button type="button" class={classes!("outcome", class)} {onclick} data-testid="outcome">
            <span class="visually-hidden">{ "Inspector: " }</span>
            if let Some(signal) = signal { <b>{ signal }{ ": " }</b> }
            <b>{ word }</b>{ " " }{ told }
        </button>
    }
}

/// The choice of the speed.
fn paces(store: &yew::UseReducerHandle<Store>) -> Html {
    let dispatcher = store.dispatcher();
    let onchange = move |event: Event| {
        let select = event.target().and_then(|it| it.dyn_into::<HtmlSelectElement>().ok());
        if let Some(pace) = select.and_then(|select| select.value().parse::<f64>().ok()) {
            dispatcher.dispatch(Action::Pace(pace));
        }
    };
    let options = PACES.iter().map(|pace| {
        let value = pace.to_string();
        html! { <option value={value.clone()} selected={*pace == store.pace}>{ format!("{value}/s") }</option> }
    });
    html! {
        <select class="small-select" {onchange} aria-label="Speed of playing, in steps a second" title="Speed of playing, in steps a second" data-testid="step-pace">{ for options }</select>
    }
}

/// Back and on to a landmark, and which.
fn jumps(store: &yew::UseReducerHandle<Store>) -> Html {
    let landmark = store.landmark;
    let word = landmark.word();
    let jump = |on: bool| {
        let dispatcher = store.dispatcher();
        move |_: MouseEvent| dispatcher.dispatch(Action::Jump(landmark, on))
    };
    let dispatcher = store.dispatcher();
    let onchange = move |event: Event| {
        let select = event.target().and_then(|it| it.dyn_into::<HtmlSelectElement>().ok());
        let index = select.and_then(|select| usize::try_from(select.selected_index()).ok());
        if let Some(landmark) = index.and_then(|index| Landmark::ALL.get(index)) {
            dispatcher.dispatch(Action::Landmark(*landmark));
        }
    };
    let options = Landmark::ALL.iter().map(|it| {
        html! { <option value={it.word()} selected={*it == landmark}>{ it.word() }</option> }
    });
    let empty = store.session.is_empty();
    let (back, on) = (format!("To the {word} before"), format!("To the next {word}"));
    html! {
        <div class="jumps" role="group" aria-label="Jumps">
            <button type="button" class="button quiet" onclick={jump(false)} disabled={empty} aria-label={back.clone()} title={back} data-testid="jump-back">{ icons::last_fault() }</button>
            <select class="small-select" {onchange} aria-label="What to jump to" title="What to jump to" data-testid="jump-kind">{ for options }</select>
            <button type="button" class="button quiet" onclick={jump(true)} disabled={empty} aria-label={on.clone()} title={on} data-testid="step-fault">{ icons::next_fault() }</button>
        </div>
    }
}

/// The branch shown, and the way to the others.
fn branches(
    store: &yew::UseReducerHandle<Store>,
    open: Callback<MouseEvent>,
    compare: Callback<MouseEvent>,
) -> Html {
    let branches = store.session.branches();
    let name = branches.iter().find(|branch| branch.active).map(|it| it.name.to_string());
    let others = branches.len() - 1;
    html! {
        <div class="branch-tools" role="group" aria-label="Branches">
            if others > 0 {
                <button type="button" class="button quiet" onclick={open} title="Branches (b)" data-testid="branches-open">
                    { icons::branch() }<span class="branch-name">{ name }</span><small>{ format!("+{others}") }</small>
                </button>
            }
            <button type="button" class="button quiet" onclick={compare} disabled={store.session.is_empty() && others == 0}
                aria-label="Compare two moments" title="Compare two moments (c)" data-testid="compare-open">{ icons::compare() }</button>
        </div>
    }
}
