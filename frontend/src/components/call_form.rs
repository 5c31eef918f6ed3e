//! The form of a call: its arguments by name, flags as check boxes, and the line as it will run.

use crate::browser;
use crate::calls::{ArgKind, ArgSpec, CALLS, Draft, FlagsSpec, Group};
use crate::components::icons;
use crate::store::{Action, Store, use_store};
use mmap_playground_core::meaning;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, HtmlSelectElement, InputEvent};
use yew::prelude::*;

/// The calls panel.
#[component]
pub fn CallForm() -> Html {
    let store = use_store();
    let draft = store.draft.clone();
    let groups = Group::ALL.iter().map(|group| {
        let calls = CALLS.iter().filter(|call| call.group == *group).map(|call| {
            let dispatcher = store.dispatcher();
            let name = call.name;
            let onclick = move |_| dispatcher.dispatch(Action::Form(name));
            let chosen = std::ptr::eq(call, draft.spec);
            html! {
                <button type="button" class="call-name" aria-pressed={chosen.to_string()} {onclick}
                    title={call.summary()} data-testid={format!("call-{name}")}>{ name }</button>
            }
        });
        html! {
            <div class="call-group" role="group" aria-label={group.title()}>
                <span class="call-group-title">{ group.title() }</span>
                <div>{ for calls }</div>
            </div>
        }
    });
    html! {
        <section class="panel calls" data-panel="calls" aria-label="Calls">
            <h2 class="panel-title">{ "Calls" }</h2>
            <div class="call-groups">{ for groups }</div>
            <Form />
        </section>
    }
}

/// The form of the chosen call.
#[component]
fn Form() -> Html {
    let store = use_store();
    let draft = store.draft.clone();
    let line = draft.line();
    let copied = use_state_eq(|| None::<(String, bool)>);
    let copied_now = (*copied).clone().filter(|(copied, _)| *copied == line).map(|(_, done)| done);

    let onsubmit = {
        let (dispatcher, line) = (store.dispatcher(), line.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            dispatcher.dispatch(Action::Run(line.clone()));
        }
    };
    let copy = {
        let (dispatcher, line, copied) = (store.dispatcher(), line.clone(), copied.clone());
        move |_| {
            let (dispatcher, copied, now) = (dispatcher.clone(), copied.setter(), line.clone());
            browser::copy(&line, move |done| {
                copied.set(Some((now, done)));
                dispatcher.dispatch(Action::Say(copy_words(Some(done)).into()));
            });
        }
    };
    let onname = {
        let (dispatcher, draft) = (store.dispatcher(), draft.clone());
        move |event: InputEvent| {
            let mut draft = draft.clone();
            draft.result_name = input_text(&event);
            dispatcher.dispatch(Action::Fill(draft));
        }
    };
    let fields = draft.spec.args.iter().enumerate().map(|(index, arg)| {
        html! { <Field key={format!("{}-{}", draft.spec.name, arg.name)} {index} name={arg.name} value={draft.values.get(index).cloned().unwrap_or_default()} /> }
    });
    html! {
        <form class="form" {onsubmit} data-testid="call-form" autocomplete="off">
            <div class="fields">
            <p class="summary">{ draft.spec.summary() }</p>
            { for fields }
            if draft.spec.names_result {
                <div class="field">
                    <label for="result-name">{ "result" }</label>
                    <div class="field-input">
                        <input id="result-name" type="text" class="mono" value={draft.result_name.clone()} oninput={onname}
                            placeholder="a name, if you like" spellcheck="false" autocapitalize="off" data-testid="arg-result" />
                    </div>
                </div>
            }
            </div>
            <div class="form-foot">
                <div class="c-line">
                    <code data-testid="c-line">{ line }</code>
                    <button type="button" class="button quiet" onclick={copy} aria-label="Copy the line" title={copy_words(copied_now)} data-testid="copy-line">
                        { match copied_now { Some(true) => icons::done(), Some(false) => icons::close(), None => icons::copy() } }
                    </button>
                </div>
                { outcome(&store) }
                <button type="submit" class="button primary run" data-testid="run">{ "Run" }<span class="call-of-run">{ " " }{ draft.spec.name }</span></button>
            </div>
        </form>
    }
}

/// What comes of the button that copies the line.
fn copy_words(copied: Option<bool>) -> &'static str {
    match copied {
        None => "Copy",
        Some(true) => "Copied",
        Some(false) => "The browser refuses to copy: select the line instead",
    }
}

/// How the last line ended: shown where the console is not in sight.
fn outcome(store: &Store) -> Html {
    if let Some(trouble) = store.trouble.first() {
        return html! { <p class="form-outcome bad">{ format!("column {}: {}", trouble.column, trouble.message) }</p> };
    }
    let Some(step) = store.last_step() else { return Html::default() };
    let why = step.why.as_ref().map(|why| format!(". {why}")).unwrap_or_default();
    let class = if step.failed { "form-outcome bad" } else { "form-outcome" };
    html! { <p {class}><code>{ format!("{} = {}", step.text, step.result) }</code>{ why }</p> }
}

#[derive(PartialEq, Properties)]
struct FieldProps {
    index: usize,
    name: &'static str,
    value: String,
}

/// One argument.
#[component]
fn Field(props: &FieldProps) -> Html {
    let store = use_store();
    let index = props.index;
    let Some(arg) = store.draft.spec.args.get(index) else { return Html::default() };
    let id = format!("arg-{}", arg.name);
    match &arg.kind {
        ArgKind::Flags(flags) => {
            html! { <Flags {index} {arg} {flags} draft={store.draft.clone()} /> }
        }
        ArgKind::Choice(choices) => {
            let options = choices.iter().map(|(value, label)| {
                let (dispatcher, draft) = (store.dispatcher(), store.draft.clone());
                let chosen = props.value == *value;
                let onclick = move |_| fill(&dispatcher, &draft, index, (*value).to_owned());
                html! {
                    <button type="button" class="choice" aria-pressed={chosen.to_string()} {onclick} title={*label}
                        data-testid={format!("{id}-{value}")}>{ *value }</button>
                }
            });
            html! {
                <div class="field" role="group" aria-label={arg.name}>
                    <span class="field-name">{ arg.name }</span>
                    <div class="field-input choices">{ for options }<small>{ arg.hint }</small></div>
                </div>
            }
        }
        ArgKind::OneOf(names) => {
            let (dispatcher, draft) = (store.dispatcher(), store.draft.clone());
            let onchange = move |event: Event| {
                let select = event.target().and_then(|it| it.dyn_into::<HtmlSelectElement>().ok());
                if let Some(select) = select {
                    fill(&dispatcher, &draft, index, select.value());
                }
            };
            let options = names.names().map(|name| {
                html! { <option value={name} selected={props.value == name}>{ name }</option> }
            });
            let hint_id = format!("{id}-hint");
            html! {
                <div class="field">
                    <label for={id.clone()}>{ arg.name }</label>
                    <div class="field-input">
                        <select id={id.clone()} class="mono" {onchange} aria-describedby={hint_id.clone()} data-testid={id.clone()}>{ for options }</select>
                        <small id={hint_id}>{ meaning::of_constant(&props.value).unwrap_or_default() }</small>
                    </div>
                </div>
            }
        }
        ArgKind::Address | ArgKind::Number | ArgKind::Text => {
            let oninput = {
                let (dispatcher, draft) = (store.dispatcher(), store.draft.clone());
                move |event: InputEvent| fill(&dispatcher, &draft, index, input_text(&event))
            };
            let picks = matches!(arg.kind, ArgKind::Address);
            let picking = store.picking == Some(index);
            let pick = {
                let dispatcher = store.dispatcher();
                move |_| dispatcher.dispatch(Action::Pick((!picking).then_some(index)))
            };
            let hint_id = format!("{id}-hint");
            html! {
                <div class={classes!("field", picking.then_some("picking"))}>
                    <label for={id.clone()}>{ arg.name }</label>
                    <div class="field-input">
                        <input id={id.clone()} type="text" class="mono" value={props.value.clone()} {oninput} spellcheck="false"
                            autocapitalize="off" aria-describedby={hint_id.clone()} data-testid={id.clone()} />
                        if picks {
                            <button type="button" class="button quiet pick" aria-pressed={picking.to_string()} onclick={pick}
                                aria-label={format!("Pick {} on the map", arg.name)} title="Pick on the map">{ icons::pick() }</button>
                        }
                        <small id={hint_id}>{ if picking { "now click on the map" } else { arg.hint } }</small>
                    </div>
                </div>
            }
        }
    }
}

#[derive(Properties)]
struct FlagsProps {
    index: usize,
    arg: &'static ArgSpec,
    flags: &'static FlagsSpec,
    draft: Draft,
}

impl PartialEq for FlagsProps {
    fn eq(&self, other: &FlagsProps) -> bool {
        self.index == other.index && self.draft == other.draft
    }
}

/// A flags argument: one box a flag, the rare ones folded away.
#[component]
fn Flags(props: &FlagsProps) -> Html {
    let store = use_store();
    let (index, flags, arg) = (props.index, props.flags, props.arg);
    let bits = props.draft.bits(index, flags);
    let check_box = |name: &&'static str| {
        let name = *name;
        let meaning = meaning::of_constant(name).unwrap_or_default();
        let mask = flags.names.number(name).unwrap_or(0);
        let checked = mask != 0 && bits & mask == mask;
        let (dispatcher, draft) = (store.dispatcher(), props.draft.clone());
        let onchange = move |event: Event| {
            let on = event
                .target()
                .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
                .is_some_and(|input| input.checked());
            let mut draft = draft.clone();
            draft.set_bits(index, flags, if on { bits | mask } else { bits & !mask });
            dispatcher.dispatch(Action::Fill(draft));
        };
        html! {
            <label class="check" key={name}>
                <input type="checkbox" {checked} {onchange} data-testid={format!("flag-{name}")} />
                <span class="mono">{ name }</span>
                <small>{ meaning }</small>
            </label>
        }
    };
    // a value that fills its field is the field's mask, O_ACCMODE
    let is_choice = |value: u64| flags.choice && value != flags.names.field;
    let choices = flags.names.values.iter().filter(|(_, value)| is_choice(*value)).map(|(name, value)| {
        let (name, value) = (*name, *value);
        let chosen = bits & flags.names.field == value;
        let (dispatcher, draft) = (store.dispatcher(), props.draft.clone());
        let onclick = move |_| {
            let mut draft = draft.clone();
            draft.set_bits(index, flags, bits & !flags.names.field | value);
            dispatcher.dispatch(Action::Fill(draft));
        };
        html! {
            <button type="button" class="choice" aria-pressed={chosen.to_string()} {onclick}>{ name }</button>
        }
    });
    let (first, rest) = flags.boxes.split_at(flags.first.min(flags.boxes.len()));
    html! {
        <fieldset class="flags">
            <legend>{ arg.name }</legend>
            if flags.choice {
                <div class="choices">{ for choices }</div>
            }
            { for first.iter().map(check_box) }
            if !rest.is_empty() {
                <details class="more">
                    <summary>{ format!("{} more", rest.len()) }</summary>
                    { for rest.iter().map(check_box) }
                </details>
            }
        </fieldset>
    }
}

fn fill(
    dispatcher: &UseReducerDispatcher<crate::store::Store>,
    draft: &Draft,
    index: usize,
    value: String,
) {
    let mut draft = draft.clone();
    if let Some(place) = draft.values.get_mut(index) {
        *place = value;
    }
    dispatcher.dispatch(Action::Fill(draft));
}

fn input_text(event: &InputEvent) -> String {
    event
        .target()
        .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
        .map(|input| input.value())
        .unwrap_or_default()
}
