//! Two moments held against each other: which VMAs are new, gone, split, merged, changed.

use crate::components::dialog::DialogWindow;
use crate::store::{Action, use_store};
use crate::text;
use mmap_playground_core::compare::{Change, Comparison, Difference, compare};
use mmap_playground_core::session::BranchView;
use mmap_playground_core::state::{Totals, VmaView};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// Differences that are listed at most.
const SHOWN: usize = 300;
/// VMAs of one difference that are listed at most.
const VMAS: usize = 12;

/// A branch by its number, and a position in it.
type Moment = (usize, usize);

/// The window of the comparison.
#[component]
pub fn Compare() -> Html {
    let store = use_store();
    let session = &store.session;
    let here = (session.active_branch(), session.position());
    let first = use_state_eq(|| (here.0, 0));
    let second = use_state_eq(|| here);
    let found = use_memo((*first, *second, store.history), |(first, second, _)| {
        let before = session.process_at(first.0, first.1)?;
        let after = session.process_at(second.0, second.1)?;
        Some(compare(&before, &after))
    });
    let branches = Rc::new(session.branches());
    let show = {
        let dispatcher = store.dispatcher();
        Callback::from(move |address| dispatcher.dispatch(Action::Show(address)))
    };
    let swap = {
        let (first, second) = (first.clone(), second.clone());
        move |_: MouseEvent| {
            let (one, two) = (*first, *second);
            first.set(two);
            second.set(one);
        }
    };
    html! {
        <DialogWindow name="compare" title="Compare two moments" class="wide-dialog">
            <div class="moments">
                <Picker name="first" label="From" branches={branches.clone()} moment={*first} onpick={pick(&first)} />
                <button type="button" class="button quiet" onclick={swap} data-testid="compare-swap">{ "Swap" }</button>
                <Picker name="second" label="To" {branches} moment={*second} onpick={pick(&second)} />
            </div>
            if let Some(found) = &*found {
                { comparison(found, &show) }
            }
        </DialogWindow>
    }
}

fn pick(state: &UseStateHandle<Moment>) -> Callback<Moment> {
    let state = state.clone();
    Callback::from(move |moment| state.set(moment))
}

#[derive(PartialEq, Properties)]
struct PickerProps {
    name: &'static str,
    label: &'static str,
    branches: Rc<Vec<BranchView>>,
    moment: Moment,
    onpick: Callback<Moment>,
}

/// The choice of a moment: branch and step.
#[component]
fn Picker(props: &PickerProps) -> Html {
    let PickerProps { name, label, branches, moment, onpick } = props;
    let most = branches.get(moment.0).map_or(0, |branch| branch.steps);
    let onbranch = {
        let (onpick, branches) = (onpick.clone(), branches.clone());
        move |event: Event| {
            let select = event.target().and_then(|it| it.dyn_into::<HtmlSelectElement>().ok());
            if let Some(index) = select.and_then(|it| it.value().parse::<usize>().ok()) {
                let end = branches.get(index).map_or(0, |branch| branch.steps);
                onpick.emit((index, end));
            }
        }
    };
    let onstep = {
        let (onpick, branch) = (onpick.clone(), moment.0);
        move |event: Event| {
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            if let Some(step) = input.and_then(|it| it.value().parse::<usize>().ok()) {
                onpick.emit((branch, step.min(most)));
            }
        }
    };
    let options = branches.iter().enumerate().map(|(index, branch)| {
        html! {
            <option value={index.to_string()} selected={index == moment.0}>{ branch.name.to_string() }</option>
        }
    });
    html! {
        <fieldset class="moment">
            <legend>{ *label }</legend>
            if branches.len() > 1 {
                <select onchange={onbranch} aria-label={format!("{label}: branch")} data-testid={format!("compare-{name}-branch")}>{ for options }</select>
            }
            <label>{ "step " }
                <input type="number" min="0" max={most.to_string()} value={moment.1.to_string()} onchange={onstep} data-testid={format!("compare-{name}-step")} />
                { format!(" of {}", text::grouped(most as u64)) }
            </label>
        </fieldset>
    }
}

fn comparison(found: &Comparison, show: &Callback<u64>) -> Html {
    let counts = Change::ALL.iter().map(|change| {
        html! {
            <div data-testid={format!("compare-{}", change.word())}>
                <dt>{ change.word() }</dt><dd>{ text::grouped(found.count(*change) as u64) }</dd>
            </div>
        }
    });
    let rest = found.differences.len().saturating_sub(SHOWN);
    html! { <>
        <dl class="stats">{ for counts }</dl>
        <table class="totals">
            <thead><tr><td></td><th scope="col">{ "from" }</th><th scope="col">{ "to" }</th></tr></thead>
            <tbody>{ for totals(&found.before, &found.after) }</tbody>
        </table>
        if found.differences.is_empty() {
            <p data-testid="compare-same">{ "The mappings of both moments are the same." }</p>
        }
        <ul class="differences" data-testid="compare-list" tabindex="0" aria-label="Differences">
            { for found.differences.iter().take(SHOWN).map(|it| difference(it, show)) }
            if rest > 0 {
                <li>{ format!("and {} more", text::grouped(rest as u64)) }</li>
            }
        </ul>
    </> }
}

/// How a total is written.
type Written = fn(&Totals) -> String;

fn totals(before: &Totals, after: &Totals) -> Vec<Html> {
    let rows: [(&str, Written); 5] = [
        ("mapped", |it| text::short_size(it.mapped_bytes)),
        ("VMAs", |it| text::grouped(it.vma_count)),
        ("resident pages", |it| text::grouped(it.resident_pages)),
        ("page faults", |it| text::grouped(it.page_faults)),
        ("heap in use", |it| text::short_size(it.heap_in_use)),
    ];
    let row = |(name, value): (&str, Written)| {
        let (old, new) = (value(before), value(after));
        let class = (old != new).then_some("differs");
        html! { <tr {class}><th scope="row">{ name }</th><td>{ old }</td><td>{ new }</td></tr> }
    };
    rows.into_iter().map(row).collect()
}

fn difference(difference: &Difference, show: &Callback<u64>) -> Html {
    let word = difference.change.word();
    let onclick = {
        let (show, start) = (show.clone(), difference.start());
        move |_: MouseEvent| show.emit(start)
    };
    html! {
        <li class={classes!("difference", word)} data-testid="difference">
            <button type="button" class="button quiet" {onclick} title="Show the place on the map">{ word }</button>
            <div class="mono">
                { for lines("−", &difference.before, difference.change != Change::Added) }
                { for lines("+", &difference.after, difference.change != Change::Removed) }
                { for difference.details.iter().map(|detail| html! { <small>{ detail }</small> }) }
            </div>
        </li>
    }
}

fn lines(sign: &'static str, vmas: &[VmaView], shown: bool) -> Vec<Html> {
    let listed = vmas.iter().take(if shown { VMAS } else { 0 });
    let mut lines: Vec<Html> = listed
        .map(|vma| {
            let range = vma.range;
            let size = text::short_size(range.size_bytes());
            html! { <p>{ format!("{sign} {range} {} {} {size}", vma.prot, vma.label) }</p> }
        })
        .collect();
    if shown && vmas.len() > VMAS {
        lines.push(html! { <p>{ format!("{sign} and {} more", vmas.len() - VMAS) }</p> });
    }
    lines
}
