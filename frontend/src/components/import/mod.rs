//! The import window: paste, choose or drop a log; a summary first; then it becomes the session.

use crate::browser;
use crate::components::icons;
use crate::incoming::{self, Came};
use crate::store::{Action, Loaded, Restored, StoreContext, Trouble, troubles, use_store};
use crate::text;
use mmap_playground_core::replay::Counts;
use mmap_playground_core::report::Choice;
use mmap_playground_core::saved::Saved;
use mmap_playground_core::session::{Import as Importer, Session};
use mmap_playground_core::trace::{Diagnostic, Kind, ProcessCount, Severity, recognise};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{File, HtmlDialogElement, HtmlInputElement, HtmlTextAreaElement, InputEvent};
use yew::prelude::*;

/// Lines read or run between two looks at the clock.
const LINES: usize = 100;
/// What a pasted text is called.
const PASTED: &str = "Pasted log";
/// Time at work between two frames of the screen, in milliseconds.
const SLICE: f64 = 40.0;
/// Bytes of a file that are read at most: text, lines and steps of more do not fit into a page.
const MOST_BYTES: f64 = 268_435_456.0;
/// Bytes at the beginning of a file that tell whether it is text.
const LOOKED_AT: usize = 8192;
/// From this length on a pasted text is not put back into its box, in bytes.
const LONG: usize = 2_000_000;

thread_local! {
    static HANDED: RefCell<Option<Handed>> = const { RefCell::new(None) };
}

/// What another part of the page hands to the window that opens next.
pub enum Handed {
    /// A file that was dropped.
    File(File),
    /// A text too long for the console.
    Text(String),
}

/// Keeps something for the window that opens next.
pub fn hand_over(what: Handed) {
    HANDED.with(|handed| *handed.borrow_mut() = Some(what));
}

#[derive(Clone, PartialEq)]
enum Stage {
    /// Waiting for text; what went wrong before, if something did.
    Asking(Option<AttrValue>),
    /// Taking a file from the disk: the share done.
    Opening(f64),
    /// At work: reading before running, and the share done.
    Running { read: bool, share: f64 },
    /// Done: what was found.
    Done(Rc<Summary>),
}

/// What an import found.
#[derive(Clone, PartialEq)]
struct Summary {
    kind: Kind,
    counts: Counts,
    processes: Vec<ProcessCount>,
    choice: Choice,
    diagnostics: Vec<Diagnostic>,
}

impl Summary {
    fn of(importer: &Importer) -> Summary {
        let errors = importer.diagnostics().iter().filter(|it| it.severity == Severity::Error);
        Summary {
            kind: importer.kind(),
            counts: importer.counts(),
            processes: importer.processes().to_vec(),
            choice: importer.choice(),
            diagnostics: errors.cloned().collect(),
        }
    }
}

/// The text being imported.
#[derive(Default)]
struct Work {
    text: Rc<str>,
    name: AttrValue,
    session: Option<Session>,
}

/// The import window.
#[component]
pub fn Import() -> Html {
    let store = use_store();
    let dialog = use_node_ref();
    let area = use_node_ref();
    let stage = use_state_eq(|| Stage::Asking(None));
    let work = use_mut_ref(Work::default);
    let round = use_memo((), |()| Cell::new(0_u32));

    // A log belongs on top of a maps text that was imported right before it.
    let base = store.session.waits_for_log().then(|| store.session.clone());
    let restore = restoring(&store, &dialog, &stage, &round);
    // Starts over with a text: only the newest round goes on.
    let begin = {
        let (stage, work, round) = (stage.clone(), work.clone(), round.clone());
        Rc::new(move |text: Rc<str>, name: AttrValue, choice: Option<Choice>| {
            round.set(round.get().wrapping_add(1));
            let mine = round.get();
            if Saved::looks_like(&text) {
                return restore.emit(text);
            }
            *work.borrow_mut() = Work { text: text.clone(), name, session: None };
            stage.set(Stage::Running { read: false, share: 0.0 });
            let (stage, work, round) = (stage.clone(), work.clone(), round.clone());
            let base = base.clone();
            yew::platform::spawn_local(async move {
                browser::next_frame().await;
                let mut importer = match base {
                    Some(base) if recognise(&text) != Kind::Maps => Importer::onto(base, &text),
                    _ => Importer::new(&text),
                };
                if let Some(choice) = choice {
                    importer.choose(choice);
                }
                while !importer.is_done() {
                    let until = browser::now() + SLICE;
                    let mut progress = importer.advance(LINES);
                    while !importer.is_done() && browser::now() < until {
                        progress = importer.advance(LINES);
                    }
                    let share = progress.done as f64 / progress.total.max(1) as f64;
                    stage.set(Stage::Running { read: importer.is_read(), share });
                    browser::next_frame().await;
                    if round.get() != mine {
                        return;
                    }
                }
                let summary = Summary::of(&importer);
                work.borrow_mut().session = Some(importer.finish());
                stage.set(Stage::Done(Rc::new(summary)));
            });
        })
    };
    let read = {
        let (stage, begin, round) = (stage.clone(), begin.clone(), round.clone());
        Rc::new(move |file: File| {
            round.set(round.get().wrapping_add(1));
            let mine = round.get();
            if file.size() > MOST_BYTES {
                let most = text::short_size(MOST_BYTES as u64);
                let size = text::short_size(file.size() as u64);
                let wrong = format!(
                    "{} has {size}; up to {most} fit into this page. Cut out the part that matters first, with head, tail or grep, or run it through replay.",
                    file.name()
                );
                return stage.set(Stage::Asking(Some(wrong.into())));
            }
            stage.set(Stage::Opening(0.0));
            let (stage, begin, round) = (stage.clone(), begin.clone(), round.clone());
            yew::platform::spawn_local(async move {
                let goes_on = |share| {
                    let newest = round.get() == mine;
                    if newest {
                        stage.set(Stage::Opening(share));
                    }
                    newest
                };
                match browser::read_text(&file, goes_on).await {
                    Some(text) if !is_text(&text) => {
                        let wrong = format!("{} is no text, so it is no log.", file.name());
                        stage.set(Stage::Asking(Some(wrong.into())));
                    }
                    Some(text) => begin(Rc::from(text), file.name().into(), None),
                    None if round.get() != mine => {}
                    None => {
                        let wrong = format!("{} could not be read.", file.name());
                        stage.set(Stage::Asking(Some(wrong.into())));
                    }
                }
            });
        })
    };
    {
        let (dialog, read, round) = (dialog.clone(), read.clone(), round.clone());
        let begin = begin.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                let _ = dialog.show_modal();
            }
            match HANDED.with(|handed| handed.borrow_mut().take()) {
                Some(Handed::File(file)) => read(file),
                Some(Handed::Text(text)) => begin(Rc::from(text), PASTED.into(), None),
                None => {}
            }
            move || round.set(round.get().wrapping_add(1))
        });
    }
    // Closed by the browser, so that the focus goes back to where it was.
    let close = {
        let dialog = dialog.clone();
        Callback::from(move |()| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                dialog.close();
            }
        })
    };
    let onclose = {
        let dispatcher = store.dispatcher();
        move |_: Event| dispatcher.dispatch(Action::Open(None))
    };
    let onfile = {
        let read = read.clone();
        move |event: Event| {
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            if let Some(file) = input.and_then(|input| input.files()).and_then(|files| files.get(0))
            {
                read(file);
            }
        }
    };
    let onpaste_run = {
        let (area, begin) = (area.clone(), begin.clone());
        move |_: MouseEvent| {
            if let Some(area) = area.cast::<HtmlTextAreaElement>() {
                begin(Rc::from(area.value()), PASTED.into(), None);
            }
        }
    };
    let empty = use_state_eq(|| true);
    let oninput = {
        let (area, empty) = (area.clone(), empty.clone());
        move |_: InputEvent| {
            let text = area.cast::<HtmlTextAreaElement>().map(|area| area.value());
            empty.set(text.is_none_or(|text| text.trim().is_empty()));
        }
    };
    {
        // What was pasted stands in its box again after Stop and Another.
        let (area, work, empty) = (area.clone(), work.clone(), empty.clone());
        use_effect_with(matches!(*stage, Stage::Asking(_)), move |asking| {
            let work = work.borrow();
            let area = area.cast::<HtmlTextAreaElement>();
            if let (true, Some(area)) = (*asking, area) {
                if work.name == PASTED && work.text.len() < LONG {
                    area.set_value(&work.text);
                }
                empty.set(area.value().trim().is_empty());
                let _ = area.focus();
            }
        });
    }
    let choose = {
        let (begin, work) = (begin.clone(), work.clone());
        Rc::new(move |choice: Choice| {
            let (text, name) = {
                let work = work.borrow();
                (work.text.clone(), work.name.clone())
            };
            begin(text, name, Some(choice));
        })
    };
    let accept = {
        let (store, work, stage) = (store.clone(), work.clone(), stage.clone());
        let close = close.clone();
        move |_: MouseEvent| {
            let Stage::Done(summary) = &*stage else { return };
            let mut work = work.borrow_mut();
            if let Some(session) = work.session.take() {
                let trouble: Vec<Trouble> = troubles(&work.text, &summary.diagnostics);
                let title = work.name.clone();
                let loaded = Loaded { session, title, trouble };
                store.dispatch(Action::Load(Box::new(loaded)));
                close.emit(());
            }
        }
    };
    let restart = {
        let (stage, round) = (stage.clone(), round.clone());
        move |_: MouseEvent| {
            round.set(round.get().wrapping_add(1));
            stage.set(Stage::Asking(None));
        }
    };
    let body = match &*stage {
        Stage::Asking(wrong) => html! { <>
            if let Some(wrong) = wrong {
                <p class="why" role="alert" data-testid="import-wrong">{ wrong }</p>
            }
            <p>{ "A saved session, a trace, a log of " }<code>{ "strace" }</code>{ " or " }<code>{ "ltrace" }</code>{ ", or the text of " }
                <code>{ "/proc/PID/maps" }</code>{ ": what it is shows by itself." }</p>
            if store.session.waits_for_log() {
                <p>{ "A log runs on top of the maps text that is loaded now." }</p>
            }
            <textarea ref={area} class="mono import-text" {oninput} spellcheck="false" autocapitalize="off" aria-label="The log"
                placeholder={"mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fb3000\nmprotect(0x7ffff7fb3000, 4096, PROT_READ) = 0"}
                data-testid="import-text" />
            <div class="dialog-actions">
                <label class="button file-button">
                    { "Choose a file" }
                    <input type="file" class="visually-hidden" onchange={onfile} data-testid="import-file" />
                </label>
                <span class="hint">{ "or drop one on the page" }</span>
                <span class="spring"></span>
                <button type="button" class="button primary" disabled={*empty} onclick={onpaste_run} data-testid="import-read">{ "Read it" }</button>
            </div>
            <details class="how">
                <summary>{ "How to record one" }</summary>
                <pre class="mono">{ "strace -f -y -e trace=%memory,%desc -o ls.strace ls\nltrace -e malloc+calloc+realloc+free -o vim.ltrace vim\ncat /proc/$PID/maps > before.maps" }</pre>
            </details>
        </> },
        Stage::Opening(share) => at_work("Opening the file", *share, restart),
        Stage::Running { read: false, share } => at_work("Reading", *share, restart),
        Stage::Running { read: true, share } => at_work("Running", *share, restart),
        Stage::Done(summary) => html! { <>
            { summary_view(summary, &choose) }
            <div class="dialog-actions">
                <button type="button" class="button" onclick={restart}>{ "Another" }</button>
                <span class="spring"></span>
                <button type="button" class="button primary" onclick={accept} disabled={summary.counts.calls == 0 && summary.kind != Kind::Maps} data-testid="import-accept">{ "Show it" }</button>
            </div>
        </> },
    };
    html! {
        <dialog ref={dialog} class="dialog import" {onclose} aria-labelledby="import-title" data-testid="import-dialog">
            <div class="dialog-head">
                <h2 id="import-title">{ "Import a log" }</h2>
                <button type="button" class="button quiet" onclick={move |_| close.emit(())} aria-label="Close">{ icons::close() }</button>
            </div>
            { body }
            <p class="privacy">{ "Everything stays in your browser. This page sends nothing anywhere." }</p>
        </dialog>
    }
}

/// Has a saved session back, and closes the window.
fn restoring(
    store: &StoreContext,
    dialog: &NodeRef,
    stage: &UseStateHandle<Stage>,
    round: &Rc<Cell<u32>>,
) -> Callback<Rc<str>> {
    let (dispatcher, dialog) = (store.dispatcher(), dialog.clone());
    let (stage, round) = (stage.setter(), round.clone());
    Callback::from(move |text: Rc<str>| {
        let mine = round.get();
        let (dispatcher, dialog) = (dispatcher.clone(), dialog.clone());
        let (stage, round) = (stage.clone(), round.clone());
        stage.set(Stage::Running { read: false, share: 0.0 });
        yew::platform::spawn_local(async move {
            let goes_on = |share| {
                let newest = round.get() == mine;
                if newest {
                    stage.set(Stage::Running { read: true, share });
                }
                newest
            };
            let came = match Saved::from_text(&text) {
                Ok(saved) => incoming::run(saved, goes_on).await,
                Err(error) => Err(error),
            };
            if round.get() != mine {
                return;
            }
            match came {
                Ok(came) => {
                    let Came { session, title, view, .. } = came;
                    let title = title.map(Into::into);
                    let restored = Restored { session, title, view, slot: None };
                    dispatcher.dispatch(Action::Restore(Box::new(restored)));
                    if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                        dialog.close();
                    }
                }
                Err(error) => {
                    let wrong = format!("The saved session cannot be opened: {error}.");
                    stage.set(Stage::Asking(Some(wrong.into())));
                }
            }
        });
    })
}

/// Says whether what was read from a file is text: no NUL, and little that is no UTF-8.
fn is_text(text: &str) -> bool {
    let start = || text.chars().take(LOOKED_AT);
    let replaced = start().filter(|letter| *letter == char::REPLACEMENT_CHARACTER).count();
    !start().any(|letter| letter == '\0') && replaced * 10 <= start().count()
}

fn at_work(what: &str, share: f64, stop: impl Fn(MouseEvent) + 'static) -> Html {
    html! { <>
        <p role="status">{ format!("{what}: {:.0} %", share * 100.0) }</p>
        <progress max="1" value={share.to_string()} aria-label="Progress"></progress>
        <div class="dialog-actions"><span class="spring"></span>
            <button type="button" class="button" onclick={stop} data-testid="import-stop">{ "Stop" }</button></div>
    </> }
}

fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Trace => "a trace",
        Kind::Strace => "a log of strace",
        Kind::Ltrace => "a log of ltrace",
        Kind::Maps => "the text of /proc/PID/maps",
        Kind::Unknown => "nothing that this page knows",
    }
}

fn summary_view(summary: &Summary, choose: &Rc<impl Fn(Choice) + 'static>) -> Html {
    let counts = summary.counts;
    let numbers = [
        ("calls", counts.calls),
        ("skipped", counts.skipped),
        ("signals", counts.signals),
        ("errors", counts.errors),
        ("divergences", counts.divergences),
        ("lines not read", summary.diagnostics.len() as u64),
    ];
    if summary.kind == Kind::Unknown && counts.calls == 0 {
        let read = summary.diagnostics.first();
        return html! {
            <div data-testid="import-summary">
                <p>{ "This is " }<strong>{ kind_words(summary.kind) }</strong>{ "." }</p>
                <p>{ "It expects lines such as " }<code>{ "munmap(0x7ffff7fb3000, 8192) = 0" }</code>{ ", or those of " }<code>{ "/proc/PID/maps" }</code>{ "." }</p>
                if let Some(problem) = read {
                    <p class="why">{ problem.to_string() }</p>
                }
            </div>
        };
    }
    let busy: Vec<&ProcessCount> = summary.processes.iter().filter(|it| it.calls > 0).collect();
    let choices = busy.iter().map(|process| {
        let choice = process.pid.map_or(Choice::Unnamed, Choice::Pid);
        let name = process.pid.map_or_else(|| "no pid".to_owned(), |pid| pid.to_string());
        (choice, name, text::count(u64::from(process.calls), "call"))
    });
    let all = (Choice::All, "all".to_owned(), "as threads of one address space".to_owned());
    let processes = choices.chain([all]).map(|(choice, name, note)| {
        let choose = choose.clone();
        let onchange = move |_: Event| choose(choice);
        let id = format!("pid-{name}");
        html! {
            <label class="check">
                <input type="radio" name="pid" checked={summary.choice == choice} {onchange} data-testid={id} />
                <span class="mono">{ name }</span>
                <small>{ note }</small>
            </label>
        }
    });
    html! {
        <div data-testid="import-summary">
            <p>{ "This is " }<strong>{ kind_words(summary.kind) }</strong>{ "." }</p>
            if summary.kind != Kind::Maps {
                <dl class="stats">
                    { for numbers.iter().map(|(name, value)| html! { <div><dt>{ *name }</dt><dd>{ text::grouped(*value) }</dd></div> }) }
                </dl>
            }
            if busy.len() > 1 {
                <fieldset class="flags"><legend>{ "Which process?" }</legend>{ for processes }</fieldset>
            }
            { for summary.diagnostics.iter().take(3).map(|problem| html! { <p class="why">{ problem.to_string() }</p> }) }
        </div>
    }
}
