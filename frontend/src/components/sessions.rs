//! The sessions that the browser keeps: to open, rename, copy and delete.

use crate::browser;
use crate::components::dialog::DialogWindow;
use crate::keeping::shelf::{Entry, Found};
use crate::keeping::{Keeper, Keeping};
use crate::store::{Action, use_store};
use crate::text;
use mmap_playground_core::limits::NAME_LETTERS;
use std::future::Future;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// What the window knows.
#[derive(Clone, PartialEq)]
enum Listed {
    Asking,
    Here(Rc<Vec<Entry>>),
    Failed(String),
}

/// The window of the sessions.
#[component]
pub fn Sessions() -> Html {
    let store = use_store();
    let keeping = use_context::<Keeping>();
    let keeper = keeping.as_ref().and_then(|keeping| keeping.keeper.clone());
    let listed = use_state_eq(|| Listed::Asking);
    let deleted = use_state(|| None::<Rc<Found>>);
    let round = use_state_eq(|| 0_u32);
    {
        let (keeper, listed) = (keeper.clone(), listed.setter());
        let status = keeping.as_ref().map(|keeping| keeping.status.clone());
        use_effect_with((*round, status), move |_| {
            yew::platform::spawn_local(async move {
                let Some(keeper) = keeper else { return };
                listed.set(match keeper.list().await {
                    Ok(entries) => Listed::Here(Rc::new(entries)),
                    Err(wrong) => Listed::Failed(wrong),
                });
            });
        });
    }
    let shown = keeper.as_ref().and_then(|keeper| keeper.id_of(store.slot));
    let context = Rows {
        keeper: keeper.clone(),
        listed: listed.setter(),
        round: (round.setter(), *round),
        deleted: deleted.setter(),
    };
    let begin = {
        let dispatcher = store.dispatcher();
        move |_: MouseEvent| {
            dispatcher.dispatch(Action::Open(None));
            dispatcher.dispatch(Action::New);
        }
    };
    let undo = {
        let (context, deleted) = (context.clone(), (*deleted).clone());
        move |_: MouseEvent| {
            if let Some(found) = &deleted {
                context.deleted.set(None);
                let found = found.clone();
                context.change(async move |keeper| {
                    let (entry, saved, _) = &*found;
                    keeper.put(saved, &entry.name, entry.steps).await
                });
            }
        }
    };
    let open = keeping.as_ref().map(|keeping| keeping.open.clone()).unwrap_or_default();
    let dispatcher = store.dispatcher();
    let open = Callback::from(move |id: String| {
        dispatcher.dispatch(Action::Open(None));
        open.emit(id);
    });
    let rename_shown = {
        let dispatcher = store.dispatcher();
        Callback::from(move |name| dispatcher.dispatch(Action::Title(name)))
    };
    html! {
        <DialogWindow name="sessions" title="Sessions" class="wide-dialog">
            <p>{ "Kept in this browser as they are made; a reload or a closed tab loses nothing." }</p>
            <div class="dialog-actions">
                <button type="button" class="button primary" onclick={begin} disabled={store.is_empty()} data-testid="session-new">{ "New session" }</button>
                if let Some(found) = &*deleted {
                    <span role="status">{ format!("“{}” is deleted.", found.0.name) }</span>
                    <button type="button" class="button" onclick={undo} data-testid="session-undelete">{ "Undo" }</button>
                }
            </div>
            { match &*listed {
                Listed::Asking => html! { <p role="status">{ "Looking…" }</p> },
                Listed::Failed(wrong) => html! { <p class="why" role="alert" data-testid="sessions-failed">{ format!("No session can be shown: {wrong}.") }</p> },
                Listed::Here(entries) if entries.is_empty() => html! { <p data-testid="sessions-none">{ "There is none yet." }</p> },
                Listed::Here(entries) => html! {
                    <ul class="rows" data-testid="session-list">
                        { for entries.iter().map(|entry| {
                            let here = shown.as_deref() == Some(&*entry.id);
                            context.row(entry, here, &open, &rename_shown)
                        }) }
                    </ul>
                },
            } }
        </DialogWindow>
    }
}

/// What the rows change.
#[derive(Clone)]
struct Rows {
    keeper: Option<Rc<Keeper>>,
    listed: UseStateSetter<Listed>,
    round: (UseStateSetter<u32>, u32),
    deleted: UseStateSetter<Option<Rc<Found>>>,
}

impl Rows {
    /// Changes what is kept, then lists it again.
    fn change<F>(&self, change: impl FnOnce(Rc<Keeper>) -> F + 'static)
    where
        F: Future<Output = Result<(), String>> + 'static,
    {
        let Some(keeper) = self.keeper.clone() else { return };
        let (listed, (round, number)) = (self.listed.clone(), self.round.clone());
        yew::platform::spawn_local(async move {
            match change(keeper).await {
                Ok(()) => round.set(number.wrapping_add(1)),
                Err(wrong) => listed.set(Listed::Failed(wrong)),
            }
        });
    }

    fn row(
        &self,
        entry: &Entry,
        here: bool,
        open: &Callback<String>,
        rename_shown: &Callback<String>,
    ) -> Html {
        let id = entry.id.clone();
        let onopen = {
            let (open, id) = (open.clone(), id.clone());
            move |_: MouseEvent| open.emit(id.clone())
        };
        let onrename = {
            let (rows, id, rename_shown) = (self.clone(), id.clone(), rename_shown.clone());
            move |event: Event| {
                let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
                let Some(name) = input.map(|input| input.value()) else { return };
                if here {
                    rename_shown.emit(name);
                } else {
                    let id = id.clone();
                    rows.change(async move |keeper| keeper.rename(&id, name.trim()).await);
                }
            }
        };
        let onduplicate = {
            let (rows, id) = (self.clone(), id.clone());
            move |_: MouseEvent| {
                let id = id.clone();
                rows.change(async move |keeper| {
                    let Some((entry, saved, _)) = keeper.read(&id).await? else { return Ok(()) };
                    let name = format!("{} (copy)", entry.name);
                    keeper.put(&saved, &name, entry.steps).await
                });
            }
        };
        let ondelete = {
            let (rows, id) = (self.clone(), id.clone());
            move |_: MouseEvent| {
                let (id, deleted) = (id.clone(), rows.deleted.clone());
                rows.change(async move |keeper| {
                    let found = keeper.read(&id).await;
                    keeper.delete(&id).await?;
                    deleted.set(found.ok().flatten().map(Rc::new));
                    Ok(())
                });
            }
        };
        let what = text::count(entry.steps as u64, "step");
        let when = browser::date_text(entry.changed);
        html! {
            <li key={id} class="row session-row" data-testid="session">
                <input type="text" value={entry.name.clone()} onchange={onrename} maxlength={NAME_LETTERS.to_string()} aria-label={format!("Name of the session {}", entry.name)} data-testid="session-name" />
                <small>{ format!("{what}, {when}") }</small>
                <button type="button" class="button" onclick={onopen} disabled={here} data-testid="session-open">{ if here { "Shown" } else { "Open" } }</button>
                <button type="button" class="button quiet" onclick={onduplicate} data-testid="session-copy">{ "Duplicate" }</button>
                <button type="button" class="button quiet" onclick={ondelete} disabled={here} aria-label={format!("Delete {}", entry.name)} data-testid="session-delete">{ "Delete" }</button>
            </li>
        }
    }
}
