//! A log of which more is there than fits: its beginning, or another part of it.

use super::work::{Importing, TooLong};
use crate::text;
use mmap_playground_core::trace::{LogTime, Part};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, InputEvent};
use yew::prelude::*;

/// What a person wrote about the part, field by field.
pub(super) type Wanted = [AttrValue; 4];

/// Names of the fields, what stands there while they are empty, and what something else is not.
const FIELDS: [(&str, &str, &str); 4] = [
    ("Process (pid)", "all", "number"),
    ("From line", "1", "number"),
    ("From time", "12:34:56 or seconds", "time such as 12:34:56, or seconds"),
    ("To time", "12:34:56 or seconds", "time such as 12:34:56, or seconds"),
];

/// The part that was asked for, or the field that cannot be read.
fn part(wanted: &Wanted) -> Result<Part, usize> {
    let [process, line, from, to] = wanted.each_ref().map(|text| text.trim());
    let number = |index: usize, text: &str| match text {
        "" => Ok(None),
        text => text.parse::<u32>().map(Some).map_err(|_| index),
    };
    let time = |index: usize, text: &str| match text {
        "" => Ok(None),
        text => LogTime::read(text).map(Some).ok_or(index),
    };
    Ok(Part {
        process: number(0, process)?,
        first_line: number(1, line)?.unwrap_or(0).into(),
        from: time(2, from)?,
        to: time(3, to)?,
    })
}

/// What the choice is given.
#[derive(PartialEq, Properties)]
pub(super) struct CutProps {
    pub(super) importing: Importing,
    pub(super) too_long: Rc<TooLong>,
}

/// The choice: its beginning, another part, or something else.
#[component]
pub(super) fn Cut(props: &CutProps) -> Html {
    let TooLong { name, bytes, lines, fits, wrong, .. } = &*props.too_long;
    let wanted = use_state_eq(|| props.too_long.wanted.clone());
    let field_wrong = use_state_eq(|| None);
    let (all, part_bytes) = (bytes.map(text::short_size), text::short_size(*fits));
    let lines = text::grouped(*lines);
    let back = {
        let importing = props.importing.clone();
        move |_: MouseEvent| importing.restart()
    };
    let beginning = {
        let importing = props.importing.clone();
        move |_: MouseEvent| importing.take_the_beginning()
    };
    let onsubmit = {
        let (importing, wanted, wrong) =
            (props.importing.clone(), wanted.clone(), field_wrong.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            match part(&wanted) {
                Ok(part) => importing.read_part(Some(part), (*wanted).clone()),
                Err(field) => wrong.set(Some(field)),
            }
        }
    };
    let field = |index: usize| {
        let (label, hint, _) = FIELDS[index];
        let (state, wrong) = (wanted.clone(), field_wrong.setter());
        let oninput = move |event: InputEvent| {
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            let mut now = (*state).clone();
            now[index] = input.map(|input| input.value()).unwrap_or_default().into();
            state.set(now);
            wrong.set(None);
        };
        let invalid = (*field_wrong == Some(index)).then_some("true");
        html! {
            <label>{ label }
                <input class="mono" value={wanted[index].clone()} placeholder={hint} {oninput} aria-invalid={invalid}
                    data-testid={format!("import-part-{index}")} />
            </label>
        }
    };
    let unread = field_wrong.map(|index| {
        let (label, _, kind) = FIELDS[index];
        format!("{label}: “{}” is no {kind}.", wanted[index])
    });
    html! { <>
        <p role="alert" data-testid="import-cut">
            if let Some(all) = all {
                { format!("{name} has {all}, and that is more than fits into this page.") }
            } else {
                { format!("That part of {name} is more than fits into this page.") }
            }
            { format!(" Its first {lines} lines do, {part_bytes}.") }
        </p>
        <form class="part" {onsubmit}>
            <p class="hint">{ "Or another part of it: what you leave empty does not matter." }</p>
            { for (0..FIELDS.len()).map(field) }
            if let Some(wrong) = unread.map(AttrValue::from).or_else(|| wrong.clone()) {
                <p class="why" role="alert" data-testid="import-part-wrong">{ wrong }</p>
            }
            <div class="dialog-actions">
                <button type="button" class="button" onclick={back} data-testid="import-back">{ "Back" }</button>
                <span class="spring"></span>
                <button class="button" disabled={wanted.iter().all(|text| text.trim().is_empty())} data-testid="import-part">{ "Read that part" }</button>
                <button type="button" class="button primary" onclick={beginning} data-testid="import-beginning">{ format!("Read the first {lines} lines") }</button>
            </div>
        </form>
    </> }
}
