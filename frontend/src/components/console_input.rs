//! The line that is typed: history with the arrow keys, completion with Tab, several lines at once
//! by pasting.

use crate::calls::{ArgKind, CALLS};
use crate::components::icons;
use crate::components::import::{Handed, hand_over};
use crate::store::{Action, Dialog, use_store};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, HtmlTextAreaElement, InputEvent};
use yew::prelude::*;

/// From this length on a pasted text is imported, with progress and a way to stop, in bytes.
const LONG_PASTE: usize = 100_000;

/// The input below the console.
#[component]
pub fn ConsoleInput() -> Html {
    let store = use_store();
    let text = use_state_eq(String::new);
    let history = use_mut_ref(History::default);
    let area = use_node_ref();

    // What was sent, and the history of steps before it.
    let sent = use_mut_ref(|| None::<(String, u32)>);
    {
        // A text of which nothing ran comes back to be mended, selected so that typing replaces it.
        let (text, sent, area) = (text.clone(), sent.clone(), area.clone());
        let (trouble, steps) = (store.trouble.clone(), store.history);
        use_effect_with(Rc::as_ptr(&store.trouble), move |_| {
            if let Some((line, before)) = sent.borrow_mut().take()
                && !trouble.is_empty()
                && steps == before
                && text.is_empty()
            {
                if let Some(area) = area.cast::<HtmlTextAreaElement>() {
                    area.set_value(&line);
                    area.select();
                }
                text.set(line);
            }
        });
    }
    let submit = {
        let (text, history, dispatcher) = (text.clone(), history.clone(), store.dispatcher());
        let steps = store.history;
        move || {
            if !text.trim().is_empty() {
                history.borrow_mut().push(&text);
                *sent.borrow_mut() = Some(((*text).clone(), steps));
                dispatcher.dispatch(Action::Run((*text).clone()));
                text.set(String::new());
            }
        }
    };
    let oninput = {
        let text = text.clone();
        move |event: InputEvent| {
            if let Some(area) =
                event.target().and_then(|it| it.dyn_into::<HtmlTextAreaElement>().ok())
            {
                text.set(area.value());
            }
        }
    };
    let onkeydown = {
        let (text, history, area, store) =
            (text.clone(), history.clone(), area.clone(), store.clone());
        let submit = submit.clone();
        move |event: KeyboardEvent| {
            let Some(area) = area.cast::<HtmlTextAreaElement>() else { return };
            let caret = area.selection_start().ok().flatten().unwrap_or(0) as usize;
            let value = area.value();
            match event.key().as_str() {
                "Enter" if !event.shift_key() && !event.is_composing() => {
                    event.prevent_default();
                    submit();
                }
                "ArrowUp" if !before(&value, caret).contains('\n') => {
                    if let Some(earlier) = history.borrow_mut().earlier(&value) {
                        event.prevent_default();
                        text.set(earlier);
                    }
                }
                "ArrowDown" if !after(&value, caret).contains('\n') => {
                    if let Some(later) = history.borrow_mut().later() {
                        event.prevent_default();
                        text.set(later);
                    }
                }
                "Tab" if !event.shift_key() => {
                    let typed = before(&value, caret);
                    let rest = after(&value, caret);
                    if let Some(completed) = complete(&typed, &store.session.names()) {
                        event.prevent_default();
                        let caret = completed.encode_utf16().count() as u32;
                        let whole = completed + &rest;
                        area.set_value(&whole);
                        let _ = area.set_selection_range(caret, caret);
                        text.set(whole);
                    }
                }
                "Escape" => {
                    let _ = area.blur();
                }
                _ => {}
            }
        }
    };
    let onpaste = {
        let dispatcher = store.dispatcher();
        move |event: Event| {
            let event = event.dyn_into::<ClipboardEvent>().ok();
            let text = event
                .as_ref()
                .and_then(ClipboardEvent::clipboard_data)
                .and_then(|data| data.get_data("text").ok());
            if let (Some(event), Some(text)) = (event, text)
                && text.len() > LONG_PASTE
            {
                event.prevent_default();
                hand_over(Handed::Text(text));
                dispatcher.dispatch(Action::Open(Some(Dialog::Import)));
            }
        }
    };
    let onsubmit = move |event: SubmitEvent| {
        event.prevent_default();
        submit();
    };
    let rows = text.lines().count().clamp(1, 6) + usize::from(text.ends_with('\n'));
    html! {
        <form class="console-input" {onsubmit}>
            <label class="prompt mono" for="console-input" aria-hidden="true">{ ">" }</label>
            <textarea id="console-input" ref={area} class="mono" rows={rows.to_string()} value={(*text).clone()} {oninput} {onkeydown} {onpaste}
                placeholder="a = malloc(100)" spellcheck="false" autocapitalize="off" autocomplete="off"
                aria-label="Lines to run. Enter runs, Shift Enter adds a line, Tab completes." data-testid="console-input" />
            <button type="submit" class="button quiet" aria-label="Run" title="Run (Enter)" data-testid="console-run">{ icons::enter() }</button>
        </form>
    }
}

// A caret counts UTF-16 units.
fn before(text: &str, caret: usize) -> String {
    let units: Vec<u16> = text.encode_utf16().take(caret).collect();
    String::from_utf16_lossy(&units)
}

fn after(text: &str, caret: usize) -> String {
    let units: Vec<u16> = text.encode_utf16().skip(caret).collect();
    String::from_utf16_lossy(&units)
}

/// What was typed before, and where the arrow keys stand in it.
#[derive(Default)]
struct History {
    entries: Vec<String>,
    back: usize,
    unfinished: String,
}

impl History {
    fn push(&mut self, text: &str) {
        if self.entries.last().is_none_or(|last| last != text) {
            self.entries.push(text.to_owned());
        }
        self.back = 0;
    }

    fn earlier(&mut self, current: &str) -> Option<String> {
        if self.back == 0 {
            current.clone_into(&mut self.unfinished);
        }
        let index = self.entries.len().checked_sub(self.back + 1)?;
        self.back += 1;
        self.entries.get(index).cloned()
    }

    fn later(&mut self) -> Option<String> {
        self.back = self.back.checked_sub(1)?;
        if self.back == 0 {
            return Some(std::mem::take(&mut self.unfinished));
        }
        self.entries.get(self.entries.len() - self.back).cloned()
    }
}

/// Completes the last word: to the only candidate, or as far as all candidates agree.
fn complete(typed: &str, names: &[(String, u64)]) -> Option<String> {
    let start = typed
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .map_or(0, |index| index + typed[index..].chars().next().map_or(1, char::len_utf8));
    let word = typed.get(start..)?;
    if word.is_empty() {
        return None;
    }
    let calls = CALLS.iter().map(|call| format!("{}(", call.name));
    let flags = CALLS.iter().flat_map(|call| call.args).filter_map(|arg| match arg.kind {
        ArgKind::Flags(flags) => Some(flags.names),
        _ => None,
    });
    let flags = flags.flat_map(|names| {
        let all = names.bits.iter().chain(names.values);
        all.map(|(name, _)| (*name).to_owned()).chain([names.none.to_owned()])
    });
    let fixed = ["NULL", "PAGE_SIZE"].map(str::to_owned);
    let mut candidates: Vec<String> = calls
        .chain(flags)
        .chain(fixed)
        .chain(names.iter().map(|(name, _)| name.clone()))
        .filter(|name| name.starts_with(word))
        .collect();
    candidates.sort();
    candidates.dedup();
    let first = candidates.first()?;
    let mut common = first.len();
    for other in &candidates {
        let agree = first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        common = common.min(agree);
    }
    let agreed = first.get(..common)?;
    (agreed.len() > word.len()).then(|| format!("{}{agreed}", &typed[..start]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_complete_as_far_as_they_agree() {
        let names = [("pool".to_owned(), 0x1000)];
        assert_eq!(complete("mun", &names).as_deref(), Some("munmap("));
        assert_eq!(
            complete("mmap(NULL, 1, PROT_R", &names).as_deref(),
            Some("mmap(NULL, 1, PROT_READ")
        );
        assert_eq!(complete("MAP_FIXED_", &names).as_deref(), Some("MAP_FIXED_NOREPLACE"));
        assert_eq!(complete("load(po", &names).as_deref(), Some("load(pool"));
        assert_eq!(complete("PROT_", &names), None);
        assert_eq!(complete("load(", &names), None);
        assert_eq!(complete("é", &names), None);
        assert_eq!(complete("émun", &names).as_deref(), Some("émunmap("));
    }

    #[test]
    fn history_walks_back_and_returns_to_what_was_unfinished() {
        let mut history = History::default();
        history.push("one");
        history.push("two");
        assert_eq!(history.earlier("thr").as_deref(), Some("two"));
        assert_eq!(history.earlier("two").as_deref(), Some("one"));
        assert_eq!(history.earlier("one"), None);
        assert_eq!(history.later().as_deref(), Some("two"));
        assert_eq!(history.later().as_deref(), Some("thr"));
        assert_eq!(history.later(), None);
    }
}
