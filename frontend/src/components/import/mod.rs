//! The import window: paste, choose or drop a log; a summary first; then it becomes the session, or
//! a part of it.

mod part;
mod summary;
mod taking;
mod work;

use crate::browser;
use crate::components::dialog::DialogWindow;
use crate::store::use_store;
use part::Cut;
use std::cell::RefCell;
use std::rc::Rc;
use summary::{Summary, SummaryView};
use wasm_bindgen::JsCast;
use web_sys::{File, HtmlInputElement, HtmlTextAreaElement, InputEvent};
use work::{Importing, LONG, Place, Stage, use_importing};
use yew::prelude::*;

thread_local! {
    static HANDED: RefCell<Option<Handed>> = const { RefCell::new(None) };
}

/// What another part of the page hands to the window that opens next.
pub enum Handed {
    /// Files that were dropped.
    Files(Vec<File>),
    /// A text too long for the console.
    Text(String),
}

/// Keeps something for the window that opens next.
pub fn hand_over(what: Handed) {
    HANDED.with(|handed| *handed.borrow_mut() = Some(what));
}

/// The import window.
#[component]
pub fn Import() -> Html {
    let store = use_store();
    let dialog = use_node_ref();
    let importing = use_importing(&store, &dialog);
    {
        let importing = importing.clone();
        use_effect_with((), move |()| {
            if let Some(handed) = HANDED.with(|handed| handed.borrow_mut().take()) {
                importing.take(handed);
            }
            move || importing.stop()
        });
    }
    let area = use_node_ref();
    let empty = use_state_eq(|| true);
    use_text_put_back(&importing, &area, &empty);
    let found = match &*importing.stage {
        Stage::Done(summary) => Some(summary.clone()),
        _ => None,
    };
    use_effect_with(found, |found| {
        if let Some(control) = found.as_ref().and_then(|summary| summary.control) {
            browser::focus(control);
        }
    });

    let restart = {
        let importing = importing.clone();
        Callback::from(move |_: MouseEvent| importing.restart())
    };
    let body = match &*importing.stage {
        Stage::Asking(wrong) => html! { <>
            if let Some(wrong) = wrong {
                <p class="why" role="alert" data-testid="import-wrong">{ wrong }</p>
            }
            { asking(&importing, &area, &empty, store.session.waits_for_log()) }
        </> },
        Stage::Opening(share) => at_work("Opening the file", *share, restart),
        Stage::Cut(too_long) => {
            html! { <Cut importing={importing.clone()} too_long={too_long.clone()} /> }
        }
        Stage::Running { read: false, share } => at_work("Reading", *share, restart),
        Stage::Running { read: true, share } => at_work("Running", *share, restart),
        Stage::Done(summary) => done(&importing, summary, store.session.position(), restart),
    };
    html! {
        <DialogWindow name="import" title="Import a log" class="import" {dialog}>
            { body }
            <p class="privacy">{ "Everything stays in your browser. This page sends nothing anywhere." }</p>
        </DialogWindow>
    }
}

/// What was read stands in the box again after Stop and Back.
#[hook]
fn use_text_put_back(importing: &Importing, area: &NodeRef, empty: &UseStateHandle<bool>) {
    let (area, work, empty) = (area.clone(), importing.work.clone(), empty.setter());
    use_effect_with(matches!(*importing.stage, Stage::Asking(_)), move |asking| {
        let work = work.borrow();
        let area = area.cast::<HtmlTextAreaElement>();
        if let (true, Some(area)) = (*asking, area) {
            if !work.text.is_empty() && work.text.len() < LONG {
                area.set_value(&work.text);
            }
            empty.set(area.value().trim().is_empty());
            let _ = area.focus();
        }
    });
}

/// Where a text is pasted, or a file chosen.
fn asking(
    importing: &Importing,
    area: &NodeRef,
    empty: &UseStateHandle<bool>,
    on_maps: bool,
) -> Html {
    let onfile = {
        let importing = importing.clone();
        move |event: Event| {
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            let Some(input) = input else { return };
            let files = input.files().map(browser::files).unwrap_or_default();
            input.set_value(""); // the same one can be chosen again
            if !files.is_empty() {
                importing.read(files);
            }
        }
    };
    let onread = {
        let (area, importing) = (area.clone(), importing.clone());
        move |_: MouseEvent| {
            if let Some(area) = area.cast::<HtmlTextAreaElement>() {
                importing.pasted(area.value());
            }
        }
    };
    let oninput = {
        let (area, empty) = (area.clone(), empty.setter());
        move |_: InputEvent| {
            let text = area.cast::<HtmlTextAreaElement>().map(|area| area.value());
            empty.set(text.is_none_or(|text| text.trim().is_empty()));
        }
    };
    let waiting = importing.waiting.borrow().as_ref().map(|log| log.name.clone());
    let onback = {
        let importing = importing.clone();
        move |_: MouseEvent| importing.go_without_maps()
    };
    html! { <>
        <p>{ "A saved session, a trace, a log of " }<code>{ "strace" }</code>{ " or " }<code>{ "ltrace" }</code>{ ", or the text of " }
            <code>{ "/proc/PID/maps" }</code>{ ": the page sees which it is." }</p>
        <p class="hint" data-testid="import-order">{ if let Some(log) = &waiting {
            format!("The program's maps text, as it was where {log} begins.")
        } else { if on_maps {
            "A log runs on top of the maps text that is loaded now."
        } else {
            "A maps text and a log of the same program go together: choose or drop both, and the log runs on top."
        }.to_owned() } }</p>
        <textarea ref={area} class="mono import-text" {oninput} spellcheck="false" autocapitalize="off" aria-label="The log"
            placeholder={"mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fb3000\nmprotect(0x7ffff7fb3000, 4096, PROT_READ) = 0"}
            data-testid="import-text" />
        <div class="dialog-actions">
            if waiting.is_some() {
                <button type="button" class="button" onclick={onback} data-testid="import-without">{ "Back" }</button>
            }
            <label class="button file-button">
                { "Choose a file" }
                <input type="file" multiple={true} class="visually-hidden" onchange={onfile} data-testid="import-file" />
            </label>
            <span class="hint">{ "or drop one on the page" }</span>
            <span class="spring"></span>
            <button type="button" class="button primary" disabled={**empty} onclick={onread} data-testid="import-read">{ "Read it" }</button>
        </div>
        <details class="how">
            <summary>{ "How to record one" }</summary>
            <pre class="mono">{ "strace -f -y -e trace=%memory,%desc -o ls.strace ls\nltrace -e malloc+calloc+realloc+free -o vim.ltrace vim\ncat /proc/$PID/maps > before.maps" }</pre>
        </details>
    </> }
}

fn at_work(what: &str, share: f64, stop: Callback<MouseEvent>) -> Html {
    html! { <>
        <p role="status">{ format!("{what}: {:.0} %", share * 100.0) }</p>
        <progress max="1" value={share.to_string()} aria-label="Progress"></progress>
        // Where Back will be: a press that comes too late must not mean yes.
        <div class="dialog-actions">
            <button type="button" class="button" onclick={stop} data-testid="import-stop">{ "Stop" }</button>
            <span class="spring"></span>
        </div>
    </> }
}

/// What was found, and what to do with it.
fn done(
    importing: &Importing,
    summary: &Rc<Summary>,
    position: usize,
    restart: Callback<MouseEvent>,
) -> Html {
    let accept = {
        let importing = importing.clone();
        move |_: MouseEvent| importing.accept()
    };
    let onchoose = {
        let importing = importing.clone();
        Callback::from(move |choice| importing.choose(choice))
    };
    let onput = {
        let importing = importing.clone();
        Callback::from(move |place| importing.put(place))
    };
    let late = summary.begins_late;
    let word = match summary.place {
        Some(Place::Behind) => "Add it",
        _ if late => "Show the log alone",
        _ => "Show it",
    };
    let together = {
        let importing = importing.clone();
        move |_: MouseEvent| importing.ask_for_maps()
    };
    html! { <>
        <SummaryView summary={summary.clone()} {onchoose} {onput} {position} />
        <div class="dialog-actions">
            <button type="button" class="button" onclick={restart} data-testid="import-back">{ "Back" }</button>
            <span class="spring"></span>
            if late {
                <button type="button" class="button primary" onclick={together} data-testid="import-together">
                    { "Add the maps text first…" }</button>
            }
            <button type="button" class={classes!("button", (!late).then_some("primary"))} onclick={accept} disabled={!summary.is_of_use()} data-testid="import-accept">{ word }</button>
        </div>
    </> }
}
