//! The branches: what was left by running something else in the past. Each can be shown again,
//! renamed, and forgotten.

use crate::components::dialog::DialogWindow;
use crate::store::{Action, BranchChange, use_store};
use crate::text;
use mmap_playground_core::limits::NAME_LETTERS;
use mmap_playground_core::session::BranchView;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The window of the branches.
#[component]
pub fn Branches() -> Html {
    let store = use_store();
    let branches = store.session.branches();
    let change = {
        let dispatcher = store.dispatcher();
        Callback::from(move |change| dispatcher.dispatch(Action::Branch(change)))
    };
    let rows = branches.iter().enumerate().map(|(index, branch)| row(index, branch, &change));
    html! {
        <DialogWindow name="branches" title="Branches">
            <p>{ "Go back to a step and run something else there: what came behind it stays, as a branch." }</p>
            <ul class="rows" data-testid="branch-list">{ for rows }</ul>
        </DialogWindow>
    }
}

fn row(index: usize, branch: &BranchView, change: &Callback<BranchChange>) -> Html {
    let act = |what: BranchChange| {
        let change = change.clone();
        move |_: MouseEvent| change.emit(what.clone())
    };
    let onchange = {
        let change = change.clone();
        move |event: Event| {
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            if let Some(input) = input {
                change.emit(BranchChange::Rename(index, input.value()));
            }
        }
    };
    let steps = text::count(branch.steps as u64, "step");
    let place = match branch.active {
        true => format!("{steps}, shown now"),
        false => format!("{steps}, the first {} as in the one shown", branch.shared),
    };
    html! {
        <li key={index} class="row" data-testid="branch">
            <input type="text" value={branch.name.to_string()} {onchange} maxlength={NAME_LETTERS.to_string()} aria-label={format!("Name of branch {}", index + 1)} data-testid={format!("branch-name-{index}")} />
            <small>{ place }</small>
            <button type="button" class="button" disabled={branch.active} onclick={act(BranchChange::Switch(index))} data-testid={format!("branch-show-{index}")}>{ "Show" }</button>
            <button type="button" class="button quiet" disabled={branch.active} onclick={act(BranchChange::Remove(index))} aria-label={format!("Delete branch {}", branch.name)} data-testid={format!("branch-delete-{index}")}>{ "Delete" }</button>
        </li>
    }
}
