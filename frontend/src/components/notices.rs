//! What the page has to tell about keeping and opening sessions: a session on its way in, a link
//! that cannot be opened, a save that failed.

use crate::keeping::{Keeping, Status};
use crate::store::{Action, Dialog, use_store};
use yew::prelude::*;

/// The notices, below the top of the page.
#[component]
pub fn Notices() -> Html {
    let store = use_store();
    let Some(keeping) = use_context::<Keeping>() else { return Html::default() };
    let dismiss = {
        let dismiss = keeping.dismiss.clone();
        move |_: MouseEvent| dismiss.emit(())
    };
    let stop = {
        let stop = keeping.stop.clone();
        move |_: MouseEvent| stop.emit(())
    };
    let again = {
        let (store, keeper) = (store.clone(), keeping.keeper.clone());
        move |_: MouseEvent| {
            if let Some(keeper) = &keeper {
                keeper.try_again(&store);
            }
        }
    };
    let share = {
        let dispatcher = store.dispatcher();
        move |_: MouseEvent| dispatcher.dispatch(Action::Open(Some(Dialog::Share)))
    };
    html! {
        <div class="notices" data-testid="notices" data-kept={keeping.status.word()}>
            if let Some((what, share)) = &keeping.incoming {
                <div class="notice" role="status" data-testid="incoming">
                    <span>{ format!("Bringing back {what}: {:.0} %", share * 100.0) }</span>
                    <progress max="1" value={share.to_string()} aria-label="Progress"></progress>
                    <button type="button" class="button" onclick={stop} data-testid="incoming-stop">{ "Stop" }</button>
                </div>
            }
            if let Some(notice) = &keeping.notice {
                <div class="notice bad" role="alert" data-testid="notice">
                    <span>{ notice }</span>
                    <button type="button" class="button" onclick={dismiss} data-testid="notice-close">{ "Close" }</button>
                </div>
            }
            if let Status::Failed(why) = &keeping.status {
                <div class="notice bad" role="alert" data-testid="not-kept">
                    <span>{ format!("This session is not kept: {why}. It is lost when the page closes, unless you save it as a file.") }</span>
                    <button type="button" class="button" onclick={again} data-testid="keep-again">{ "Try again" }</button>
                    <button type="button" class="button" onclick={share} data-testid="keep-file">{ "Save as a file" }</button>
                </div>
            }
        </div>
    }
}
