//! Another allocator for a long session: all its lines run again in slices, with progress and stop.

use crate::browser;
use crate::components::dialog::DialogWindow;
use crate::store::{Action, use_store};
use crate::text;
use mmap_playground_core::heap::HeapSetting;
use mmap_playground_core::session::{Progress, Relink};
use std::cell::Cell;
use std::rc::Rc;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

/// Lines run between two looks at the clock.
const LINES: usize = 100;
/// Time at work between two frames of the screen, in milliseconds.
const SLICE: f64 = 40.0;

/// What the window is given.
#[derive(PartialEq, Properties)]
pub struct LinkingProps {
    /// What the program is to be linked with.
    pub setting: HeapSetting,
}

/// The window that stands while the lines run. Closing it stops, and all stays as it was.
#[component]
pub fn Linking(props: &LinkingProps) -> Html {
    let store = use_store();
    let dialog = use_node_ref();
    let progress = use_state_eq(|| Progress { done: 0, total: 1 });
    {
        let (session, setting) = (store.session.clone(), props.setting);
        let (dispatcher, dialog) = (store.dispatcher(), dialog.clone());
        let progress = progress.setter();
        use_effect_with((), move |()| {
            let stopped = Rc::new(Cell::new(false));
            let stop = stopped.clone();
            yew::platform::spawn_local(async move {
                browser::next_frame().await;
                let mut relink = Relink::new(&session, setting);
                while !relink.is_done() {
                    let until = browser::now() + SLICE;
                    let mut now = relink.advance(LINES);
                    while !relink.is_done() && browser::now() < until {
                        now = relink.advance(LINES);
                    }
                    progress.set(now);
                    browser::next_frame().await;
                    if stopped.get() {
                        return;
                    }
                }
                dispatcher.dispatch(Action::Linked(Box::new(relink.finish())));
                if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                    dialog.close();
                }
            });
            move || stop.set(true)
        });
    }
    let onstop = {
        let dialog = dialog.clone();
        move |_: MouseEvent| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                dialog.close();
            }
        }
    };
    let Progress { done, total } = *progress;
    let share = done as f64 / total.max(1) as f64;
    let title =
        format!("Linking with {}, {} bits", props.setting.allocator.title(), props.setting.bits);
    html! {
        <DialogWindow name="linking" {title} {dialog}>
            <p role="status">{ format!("Running all lines again: {:.0} %", share * 100.0) }</p>
            <progress max="1" value={share.to_string()} aria-label="Progress" data-testid="linking-progress" data-total={total.to_string()}></progress>
            <div class="dialog-actions">
                <span class="hint">{ text::count(total as u64, "line") }{ "; until all have run, nothing changes." }</span>
                <span class="spring"></span>
                <button type="button" class="button" onclick={onstop} data-testid="linking-stop">{ "Stop" }</button>
            </div>
        </DialogWindow>
    }
}
