//! How the last call of the allocator went: its steps, one at a time, each lighting what it is about.

use crate::components::icons;
use crate::grid::scene::Pointed;
use crate::store::{use_pointed, use_store};
use crate::text;
use mmap_playground_core::search::HeapStep;
use mmap_playground_core::trace::print_line;
use yew::prelude::*;

/// Steps drawn on either side of the chosen one.
const AROUND: usize = 40;

/// The steps of the last call, if it was one of the allocator.
#[component]
pub fn HeapSearch() -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let search = use_memo(store.revision, |_| store.session.last_search());
    let chosen = use_state_eq(|| 0_usize);
    {
        let chosen = chosen.clone();
        use_effect_with(store.revision, move |_| chosen.set(0));
    }
    let Some(search) = &*search else {
        return html! {
            <p class="hint" data-testid="heap-search-none">{ "The last call was none of the allocator's." }</p>
        };
    };
    let last = search.steps.len().saturating_sub(1);
    let at = (*chosen).min(last);
    let choose = {
        let (chosen, pointed) = (chosen.clone(), pointed.clone());
        let places: Vec<_> = search.steps.iter().map(HeapStep::place).collect();
        Callback::from(move |step: usize| {
            chosen.set(step);
            let place = places.get(step).copied().flatten();
            pointed.set(place.map(|(address, length)| Pointed::bytes(address, length)));
        })
    };
    let onkeydown = {
        let choose = choose.clone();
        move |event: KeyboardEvent| {
            let target = match event.key().as_str() {
                "ArrowDown" | "ArrowRight" => (at + 1).min(last),
                "ArrowUp" | "ArrowLeft" => at.saturating_sub(1),
                "Home" => 0,
                "End" => last,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            choose.emit(target);
        }
    };
    let to = |step: usize| {
        let choose = choose.clone();
        move |_: MouseEvent| choose.emit(step)
    };
    let call = store.last_step().map(|step| step.text.clone()).unwrap_or_default();
    let first = at.saturating_sub(AROUND);
    let steps = search.steps.iter().enumerate().skip(first).take(2 * AROUND + 1);
    let items = steps.map(|(index, step)| {
        let here = index == at;
        html! {
            <li role="option" id={format!("heap-step-{index}")} aria-selected={here.to_string()} class={classes!("heap-step", kind(step), here.then_some("here"))}
                onclick={to(index)} data-testid="heap-step">{ sentence(step) }</li>
        }
    });
    let place = format!("{} of {}", at + 1, text::count(search.steps.len() as u64, "step"));
    html! {
        <details class="heap-search" data-testid="heap-search">
            <summary>{ "How the last call went" }</summary>
            <div class="heap-search-head">
                <code>{ call }</code>
                <span class="spring"></span>
                <span class="row-size" data-testid="heap-step-count">{ place }</span>
                <button type="button" class="button quiet" onclick={to(at.saturating_sub(1))} disabled={at == 0} aria-label="The step before" data-testid="heap-step-back">{ icons::back() }</button>
                <button type="button" class="button quiet" onclick={to((at + 1).min(last))} disabled={at == last} aria-label="The next step" data-testid="heap-step-on">{ icons::forward() }</button>
            </div>
            <ol class="heap-steps" role="listbox" tabindex="0" aria-label="Steps of the last call of the allocator" aria-activedescendant={format!("heap-step-{at}")} start={(first + 1).to_string()}
                {onkeydown} data-testid="heap-steps">
                { for items }
            </ol>
            <p class="hint" data-testid="heap-search-summary">{ search.summary() }</p>
        </details>
    }
}

fn sentence(step: &HeapStep) -> String {
    match step {
        HeapStep::SystemCall { call, returned } => print_line(call, returned).replace('\n', " "),
        step => step.sentence(),
    }
}

/// The class of a step: what it looked at, decided, wrote.
const fn kind(step: &HeapStep) -> &'static str {
    match step {
        HeapStep::Wrote { .. } | HeapStep::Cleared { .. } | HeapStep::Copied { .. } => "wrote",
        HeapStep::SystemCall { .. } => "system",
        HeapStep::Event(_) => "decided",
        _ => "looked",
    }
}
