//! How the last call of the allocator went: its steps, one at a time or played, each lighting what
//! it is about.

use crate::browser;
use crate::components::icons;
use crate::grid::scene::Pointed;
use crate::store::{use_pointed, use_store};
use crate::text;
use mmap_playground_core::search::HeapStep;
use mmap_playground_core::trace::print_line;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlSelectElement};
use yew::prelude::*;

/// Steps drawn on either side of the chosen one.
const AROUND: usize = 40;
/// Speeds that can be chosen, in steps a second.
const PACES: [f64; 5] = [0.5, 1.0, 2.0, 5.0, 20.0];

/// The steps of the last call, if it was one of the allocator.
#[component]
pub fn HeapSearch() -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let search = use_memo(store.revision, |_| store.session.last_search());
    let chosen = use_state_eq(|| 0_usize);
    let playing = use_state_eq(|| false);
    let pace = use_state_eq(|| 2.0_f64);
    let list = use_node_ref();
    {
        let (chosen, playing) = (chosen.clone(), playing.clone());
        use_effect_with(store.revision, move |_| {
            chosen.set(0);
            playing.set(false);
        });
    }
    let count = search.as_ref().as_ref().map_or(0, |search| search.steps.len());
    let last = count.saturating_sub(1);
    let at = (*chosen).min(last);
    let choose = {
        let (chosen, pointed, search) = (chosen.clone(), pointed.clone(), search.clone());
        Callback::from(move |step: usize| {
            chosen.set(step);
            let place = search.as_ref().as_ref().and_then(|it| it.steps.get(step)?.place());
            pointed.set(place.map(|(address, length)| Pointed::lead(address, length)));
        })
    };
    use_playing(*playing, *pace, at, last, choose.clone(), playing.setter());
    {
        let list = list.clone();
        use_effect_with(at, move |_| follow(&list));
    }
    let Some(search) = &*search else {
        return html! {
            <p class="hint" data-testid="heap-search-none">{ "The last call was none of the allocator's." }</p>
        };
    };
    // Whoever goes by steps does not want it to play on.
    let choose = {
        let (choose, playing) = (choose.clone(), playing.setter());
        Callback::from(move |step| {
            playing.set(false);
            choose.emit(step);
        })
    };
    let onplay = {
        let (choose, playing, start) = (choose.clone(), playing.clone(), !*playing);
        move |_: MouseEvent| {
            // At the end it begins again.
            choose.emit(if start && at == last { 0 } else { at });
            playing.set(start);
        }
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
        // Opened, it is most often longer than what is left of the panel below it.
        <details class="heap-search" ontoggle={|_| browser::scroll_to(".heap-search[open]".into())} data-testid="heap-search">
            <summary>{ "How the last call went" }</summary>
            <div class="heap-search-head">
                <code>{ call }</code>
                <span class="spring"></span>
                <span class="row-size" data-testid="heap-step-count">{ place }</span>
                { paces(&pace) }
                <button type="button" class="button quiet" onclick={onplay} disabled={last == 0} aria-label={if *playing { "Pause the steps of the call" } else { "Play the steps of the call" }} data-testid="heap-step-play">
                    { if *playing { icons::pause() } else { icons::play() } }
                </button>
                <button type="button" class="button quiet" onclick={to(at.saturating_sub(1))} disabled={at == 0} aria-label="The step before" data-testid="heap-step-back">{ icons::back() }</button>
                <button type="button" class="button quiet" onclick={to((at + 1).min(last))} disabled={at == last} aria-label="The next step" data-testid="heap-step-on">{ icons::forward() }</button>
            </div>
            <ol ref={list} class="heap-steps" role="listbox" tabindex="0" aria-label="Steps of the last call of the allocator" aria-activedescendant={format!("heap-step-{at}")} start={(first + 1).to_string()}
                {onkeydown} data-testid="heap-steps">
                { for items }
            </ol>
            <p class="hint" data-testid="heap-search-summary">{ search.summary() }</p>
        </details>
    }
}

/// The choice of the speed.
fn paces(pace: &UseStateHandle<f64>) -> Html {
    let now = **pace;
    let pace = pace.setter();
    let onchange = move |event: Event| {
        let select = event.target().and_then(|it| it.dyn_into::<HtmlSelectElement>().ok());
        if let Some(chosen) = select.and_then(|select| select.value().parse::<f64>().ok()) {
            pace.set(chosen);
        }
    };
    let options = PACES.iter().map(|it| {
        let value = it.to_string();
        html! { <option value={value.clone()} selected={*it == now}>{ format!("{value}/s") }</option> }
    });
    html! {
        <select class="small-select" {onchange} aria-label="Speed of the steps of the call, a second" title="Speed of the steps, a second" data-testid="heap-step-pace">{ for options }</select>
    }
}

/// Goes on by itself, as the pace says, up to the last step.
#[hook]
fn use_playing(
    playing: bool,
    pace: f64,
    at: usize,
    last: usize,
    choose: Callback<usize>,
    set: UseStateSetter<bool>,
) {
    use_effect_with((playing, pace.to_bits(), at, last), move |_| {
        let cancelled = Rc::new(Cell::new(!playing));
        if playing && at >= last {
            set.set(false);
        } else if playing {
            let cancelled = cancelled.clone();
            yew::platform::spawn_local(async move {
                yew::platform::time::sleep(Duration::from_secs_f64(1.0 / pace.max(0.1))).await;
                if !cancelled.get() {
                    choose.emit(at + 1);
                }
            });
        }
        move || cancelled.set(true)
    });
}

/// Scrolls the list so that the chosen step is in view; the page stays where it is.
fn follow(list: &NodeRef) {
    let Some(list) = list.cast::<HtmlElement>() else { return };
    let Some(step) = list.query_selector("[aria-selected=true]").ok().flatten() else { return };
    let (outer, inner) = (list.get_bounding_client_rect(), step.get_bounding_client_rect());
    if inner.top() < outer.top() || inner.bottom() > outer.bottom() {
        let by = inner.top() - outer.top() - (outer.height() - inner.height()) / 2.0;
        list.set_scroll_top(list.scroll_top() + by.round() as i32);
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
