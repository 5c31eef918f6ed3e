//! The list of what may stand at the caret, above the console's input.

use crate::components::icons;
use crate::store::Store;
use mmap_playground_core::state;
use mmap_playground_core::trace::complete::{Candidate, Completion, Known, complete};
use std::rc::Rc;
use yew::prelude::*;

/// How many candidates are in sight at once.
const ROWS: usize = 9;

/// The id of the list, for `aria-controls`.
pub const LIST_ID: &str = "console-completions";

/// A list that is open.
#[derive(Clone, PartialEq, Debug)]
pub struct Popup {
    /// What may stand at the caret, and which part of the text it replaces.
    pub completion: Rc<Completion>,
    /// The candidate that Enter takes.
    pub active: usize,
}

impl Popup {
    /// Opens the list at its first candidate; nothing if there is none.
    pub fn new(completion: Completion) -> Option<Popup> {
        let popup = Popup { completion: Rc::new(completion), active: 0 };
        (!popup.completion.candidates.is_empty()).then_some(popup)
    }

    /// The same list some candidates on, and from the last to the first.
    pub fn moved(&self, by: isize) -> Popup {
        let count = self.completion.candidates.len().max(1);
        let active = (self.active + count).saturating_add_signed(by) % count;
        Popup { active, ..self.clone() }
    }

    /// The same list a windowful on or back, up to its ends.
    pub fn paged(&self, on: bool) -> Popup {
        let last = self.completion.candidates.len().saturating_sub(1);
        let active = if on { self.active + ROWS } else { self.active.saturating_sub(ROWS) };
        Popup { active: active.min(last), ..self.clone() }
    }

    /// The candidate that Enter takes.
    pub fn candidate(&self) -> Option<&Candidate> {
        self.completion.candidates.get(self.active)
    }
}

/// The id of a candidate, for `aria-activedescendant`.
pub fn option_id(index: usize) -> String {
    format!("{LIST_ID}-{index}")
}

/// What may stand at a caret, which counts UTF-16 units as the browser does.
/// `asked`: also the calls that may begin an empty line, which Tab leaves.
pub fn at_caret(store: &Store, text: &str, caret: usize, asked: bool) -> Completion {
    let names = store.session.names();
    let files = state::openable(store.session.process());
    complete(text, byte_of(text, caret), &Known { names: &names, files: &files, asked })
}

/// The place in bytes of a caret in UTF-16 units.
fn byte_of(text: &str, caret: usize) -> usize {
    let mut units = 0;
    let before = text.char_indices().find(|(_, letter)| {
        units += letter.len_utf16();
        units > caret
    });
    before.map_or(text.len(), |(at, _)| at)
}

/// A text with a part replaced, and the caret behind it in UTF-16 units.
pub fn replaced(text: &str, completion: &Completion, with: &str) -> (String, u32) {
    let before = text.get(..completion.span.start).unwrap_or_default();
    let after = text.get(completion.span.end..).unwrap_or_default();
    let units = before.encode_utf16().chain(with.encode_utf16()).count();
    (format!("{before}{with}{after}"), u32::try_from(units).unwrap_or(u32::MAX))
}

/// What the list is given.
#[derive(PartialEq, Properties)]
pub struct CompletionsProps {
    /// The list that is open.
    pub popup: Popup,
    /// A candidate was clicked.
    pub onchoose: Callback<usize>,
    /// More of the list is wanted: on, or back.
    pub onpage: Callback<bool>,
}

/// The list itself.
#[component]
pub fn Completions(props: &CompletionsProps) -> Html {
    let Popup { completion, active } = &props.popup;
    let count = completion.candidates.len();
    let first = active.saturating_sub(ROWS / 2).min(count.saturating_sub(ROWS));
    let rows = completion.candidates.iter().enumerate().skip(first).take(ROWS);
    let options = rows.map(|(index, candidate)| {
        let onchoose = props.onchoose.clone();
        // Before the input loses the focus, which would close the list.
        let onmousedown = move |event: MouseEvent| {
            event.prevent_default();
            onchoose.emit(index);
        };
        html! {
            <li key={index} id={option_id(index)} role="option" class="completion" aria-selected={(index == *active).to_string()}
                aria-setsize={count.to_string()} aria-posinset={(index + 1).to_string()} {onmousedown} data-testid="completion">
                <span class="mono">{ candidate.label.clone() }</span>
                <small>{ candidate.meaning.clone() }</small>
            </li>
        }
    });
    let page = |on: bool, word: &'static str, icon: Html| {
        let onpage = props.onpage.clone();
        let onmousedown = move |event: MouseEvent| {
            event.prevent_default();
            onpage.emit(on);
        };
        html! {
            <button type="button" class="button quiet" tabindex="-1" {onmousedown} aria-label={word} title={word} data-testid={if on { "completions-on" } else { "completions-back" }}>{ icon }</button>
        }
    };
    html! {
        <div class="completions" data-testid="completions">
            <ul id={LIST_ID} role="listbox" aria-label="What may stand here">{ for options }</ul>
            <div class="completions-foot">
                <p class="hint" aria-hidden="true">{ format!("{} of {count} · ↑ ↓ choose, Enter takes, Esc closes", active + 1) }</p>
                if count > ROWS {
                    { page(false, "Earlier in the list", icons::up()) }
                    { page(true, "Further down the list", icons::chevron()) }
                }
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_count_utf16_units() {
        assert_eq!(byte_of("é\u{1f600}x", 0), 0);
        assert_eq!(byte_of("é\u{1f600}x", 1), 2);
        assert_eq!(byte_of("é\u{1f600}x", 3), 6);
        assert_eq!(byte_of("é\u{1f600}x", 9), 7);
    }

    #[test]
    fn a_candidate_replaces_the_word_and_the_caret_stands_behind_it() {
        let text = "é mun, 1)";
        let completion = complete("é = mun(p, 1)", 8, &Known::default());
        assert_eq!(completion.span, 5..8);
        let completion = Completion { span: 3..6, ..completion };
        assert_eq!(replaced(text, &completion, "munmap("), ("é munmap(, 1)".to_owned(), 9));
    }

    #[test]
    fn the_list_goes_round() {
        let popup = Popup::new(complete("mm", 1, &Known::default())).unwrap();
        let count = popup.completion.candidates.len();
        assert!(count > 3);
        assert_eq!(popup.moved(-1).active, count - 1);
        assert_eq!(popup.moved(-1).moved(1).active, 0);
        assert_eq!(popup.paged(false).active, 0);
        assert_eq!(popup.paged(true).active, ROWS.min(count - 1));
        assert_eq!(popup.paged(true).paged(false).active, 0);
        assert_eq!(Popup::new(Completion::default()), None);
    }
}
