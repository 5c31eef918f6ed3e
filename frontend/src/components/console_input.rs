//! The line that is typed: history with the arrow keys, completion with Tab or a button, several
//! lines at once by pasting.

use crate::components::completions::{Completions, LIST_ID, Popup, at_caret, option_id, replaced};
use crate::components::icons;
use crate::components::import::{Handed, hand_over};
use crate::history::History;
use crate::store::{Action, Dialog, StoreContext, use_store};
use mmap_playground_core::limits::CONSOLE_BYTES;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, HtmlTextAreaElement, InputEvent};
use yew::prelude::*;

/// What the handlers of the input share.
#[derive(Clone)]
struct Editor {
    store: StoreContext,
    area: NodeRef,
    text: UseStateHandle<String>,
    popup: UseStateHandle<Option<Popup>>,
    history: Rc<RefCell<History>>,
    /// What was sent, and the history of steps before it.
    sent: Rc<RefCell<Option<(String, u32)>>>,
    /// What came back because nothing of it ran.
    returned: Rc<RefCell<Option<String>>>,
    /// The list was closed, so that Tab leaves the input as long as nothing is typed.
    dismissed: Rc<Cell<bool>>,
}

/// The input below the console.
#[component]
pub fn ConsoleInput() -> Html {
    let editor = use_editor();
    use_return_of_what_did_not_run(&editor);
    use_leaving_with_the_session(&editor);

    let handle = |handler: fn(&Editor)| {
        let editor = editor.clone();
        move || handler(&editor)
    };
    let submit = handle(Editor::submit);
    let onsubmit = move |event: SubmitEvent| {
        event.prevent_default();
        submit();
    };
    let typed = handle(Editor::typed);
    let oninput = move |_: InputEvent| typed();
    let close = handle(Editor::close);
    let onblur = move |_: FocusEvent| close();
    let onkeydown = {
        let editor = editor.clone();
        move |event: KeyboardEvent| {
            if editor.key(&event) {
                event.prevent_default();
            }
        }
    };
    let onpaste = {
        let editor = editor.clone();
        move |event: Event| editor.paste(&event)
    };
    let onchoose = {
        let editor = editor.clone();
        Callback::from(move |index| editor.take(index))
    };
    let onpage = {
        let editor = editor.clone();
        Callback::from(move |on| {
            if let Some(popup) = &*editor.popup {
                editor.show(popup.paged(on));
            }
        })
    };
    let offer = handle(Editor::offer);
    let onoffer = move |_: MouseEvent| offer();
    // The input keeps the focus, and a phone its keyboard.
    let onoffering = |event: MouseEvent| event.prevent_default();
    let text = &*editor.text;
    let rows = text.lines().count().clamp(1, 6) + usize::from(text.ends_with('\n'));
    let popup = &*editor.popup;
    let active = popup.as_ref().map(|popup| option_id(popup.active));
    html! {
        <form class="console-input" {onsubmit}>
            if let Some(popup) = popup {
                <Completions popup={popup.clone()} {onchoose} {onpage} />
            }
            <label class="prompt mono" for="console-input" aria-hidden="true">{ ">" }</label>
            <textarea id="console-input" ref={editor.area.clone()} class="mono" rows={rows.to_string()} value={text.clone()} {oninput} {onkeydown} {onpaste} {onblur}
                placeholder="a = malloc(100)" spellcheck="false" autocapitalize="off" autocomplete="off"
                aria-autocomplete="list" aria-controls={popup.as_ref().map(|_| LIST_ID)} aria-activedescendant={active}
                aria-label="Lines to run. Enter runs, Shift Enter adds a line, Tab completes." data-testid="console-input" />
            <button type="button" class="button quiet" onclick={onoffer} onmousedown={onoffering} aria-label="What may stand here" title="What may stand here (Tab)"
                aria-haspopup="listbox" aria-expanded={popup.is_some().to_string()} data-testid="console-complete">{ icons::list() }</button>
            <button type="submit" class="button quiet" aria-label="Run" title="Run (Enter)" data-testid="console-run">{ icons::enter() }</button>
        </form>
    }
}

#[hook]
fn use_editor() -> Editor {
    let store = use_store();
    let place = store.place;
    Editor {
        store,
        area: use_node_ref(),
        text: use_state_eq(String::new),
        popup: use_state_eq(|| None),
        history: use_mut_ref(|| History::kept_in(place)),
        sent: use_mut_ref(|| None),
        returned: use_mut_ref(|| None),
        dismissed: (*use_memo((), |()| Rc::new(Cell::new(false)))).clone(),
    }
}

/// A text of which nothing ran comes back to be mended, selected so that typing replaces it.
#[hook]
fn use_return_of_what_did_not_run(editor: &Editor) {
    let editor = editor.clone();
    use_effect_with(Rc::as_ptr(&editor.store.trouble), move |_| {
        if let Some((line, before)) = editor.sent.borrow_mut().take()
            && !editor.store.trouble.is_empty()
            && editor.store.history == before
            && editor.text.is_empty()
        {
            if let Some(area) = editor.area() {
                area.set_value(&line);
                area.select();
            }
            *editor.returned.borrow_mut() = Some(line.clone());
            editor.text.set(line);
        }
    });
}

/// What came back and was not touched stays with its session, for in another it means nothing; and
/// undo takes it back.
#[hook]
fn use_leaving_with_the_session(editor: &Editor) {
    let editor = editor.clone();
    let session = (editor.store.slot, editor.store.title.clone(), editor.store.taken_back);
    use_effect_with(session, move |_| {
        let returned = editor.returned.borrow_mut().take();
        if returned.is_some_and(|line| line == *editor.text) {
            editor.text.set(String::new());
        }
    });
}

impl Editor {
    fn area(&self) -> Option<HtmlTextAreaElement> {
        self.area.cast()
    }

    /// Runs what the input holds.
    fn submit(&self) {
        let Some(text) = self.area().map(|area| area.value()) else { return };
        if text.trim().is_empty() {
            return;
        }
        self.popup.set(None);
        self.text.set(String::new());
        if text.len() > CONSOLE_BYTES && !self.store.place.is_figure() {
            self.run_in_slices(text);
            return;
        }
        self.history.borrow_mut().push(&text);
        *self.sent.borrow_mut() = Some((text.clone(), self.store.history));
        self.store.dispatch(Action::Run(text));
    }

    fn run_in_slices(&self, text: String) {
        hand_over(Handed::Text(text));
        self.store.dispatch(Action::Open(Some(Dialog::Import)));
    }

    /// The input holds something else: the list, if it is open, goes with it.
    fn typed(&self) {
        let Some(area) = self.area() else { return };
        let text = area.value();
        self.dismissed.set(false);
        if self.popup.is_some() {
            self.popup.set(Popup::new(at_caret(&self.store, &text, caret(&area), false)));
        }
        self.text.set(text);
    }

    fn close(&self) {
        self.popup.set(None);
    }

    /// Does what a key means, and says whether it means anything here.
    fn key(&self, event: &KeyboardEvent) -> bool {
        let Some(area) = self.area() else { return false };
        let key = event.key();
        if event.is_composing() {
            return false;
        }
        if let Some(popup) = &*self.popup {
            match key.as_str() {
                "ArrowDown" => self.show(popup.moved(1)),
                "ArrowUp" => self.show(popup.moved(-1)),
                "Enter" | "Tab" if !event.shift_key() => self.take(popup.active),
                "Escape" => {
                    self.dismissed.set(true);
                    self.close();
                }
                _ => return false,
            }
            return true;
        }
        let value = area.value();
        let (first, last) = on_edge_lines(&value, caret(&area));
        match key.as_str() {
            "Enter" if !event.shift_key() => self.submit(),
            "ArrowUp" if first => return self.recall(|history| history.earlier(&value)),
            "ArrowDown" if last => return self.recall(History::later),
            "Tab" if !event.shift_key() => return !self.dismissed.get() && self.complete(&area),
            "Escape" => {
                let _ = area.blur();
            }
            _ => return false,
        }
        true
    }

    fn recall(&self, entry: impl FnOnce(&mut History) -> Option<String>) -> bool {
        let entry = entry(&mut self.history.borrow_mut());
        let found = entry.is_some();
        if let Some(entry) = entry {
            self.text.set(entry);
        }
        found
    }

    /// Completes the word at the caret as far as all candidates agree, and lists them if there
    /// are several. Says whether there was anything to complete.
    fn complete(&self, area: &HtmlTextAreaElement) -> bool {
        let text = area.value();
        let completion = at_caret(&self.store, &text, caret(area), false);
        let common = completion.common();
        if completion.candidates.is_empty() {
            return false;
        }
        if common.len() > completion.span.len() {
            let (text, caret) = replaced(&text, &completion, common);
            self.put(&text, caret);
            if completion.candidates.len() > 1 {
                let completion = at_caret(&self.store, &text, caret as usize, false);
                self.popup.set(Popup::new(completion));
            }
        } else if let Some(popup) = Popup::new(completion) {
            self.show(popup);
        }
        true
    }

    /// Lists what may stand at the caret, where no key asks for it; closes the list if it is open.
    fn offer(&self) {
        let Some(area) = self.area() else { return };
        let _ = area.focus();
        if self.popup.is_some() {
            return self.close();
        }
        match Popup::new(at_caret(&self.store, &area.value(), caret(&area), true)) {
            Some(popup) => self.show(popup),
            None => self.store.dispatch(Action::Say("Nothing can be completed here.".into())),
        }
    }

    /// Shows the list, and has the candidate read out.
    fn show(&self, popup: Popup) {
        if let Some(candidate) = popup.candidate() {
            let said = format!("{}: {}", candidate.label, candidate.meaning);
            self.store.dispatch(Action::Say(said.into()));
        }
        self.popup.set(Some(popup));
    }

    /// Puts a candidate of the list into the text.
    fn take(&self, index: usize) {
        let (Some(area), Some(popup)) = (self.area(), &*self.popup) else { return };
        if let Some(candidate) = popup.completion.candidates.get(index) {
            let (text, caret) = replaced(&area.value(), &popup.completion, &candidate.text);
            self.put(&text, caret);
        }
        self.close();
    }

    fn put(&self, text: &str, caret: u32) {
        if let Some(area) = self.area() {
            area.set_value(text);
            let _ = area.set_selection_range(caret, caret);
        }
        self.text.set(text.to_owned());
    }

    fn paste(&self, event: &Event) {
        let Some(event) = event.dyn_ref::<ClipboardEvent>() else { return };
        let data = event.clipboard_data();
        if let Some(text) = data.and_then(|data| data.get_data("text").ok())
            && text.len() > CONSOLE_BYTES
            && !self.store.place.is_figure()
        {
            event.prevent_default();
            self.run_in_slices(text);
        }
    }
}

/// Where the caret stands, in UTF-16 units.
fn caret(area: &HtmlTextAreaElement) -> usize {
    area.selection_start().ok().flatten().unwrap_or(0) as usize
}

/// Says whether a caret stands on the first line, and on the last.
fn on_edge_lines(text: &str, caret: usize) -> (bool, bool) {
    let line_end = u16::from(b'\n');
    let first = !text.encode_utf16().take(caret).any(|unit| unit == line_end);
    let last = !text.encode_utf16().skip(caret).any(|unit| unit == line_end);
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_leave_a_text_at_its_edges_only() {
        assert_eq!(on_edge_lines("one", 1), (true, true));
        assert_eq!(on_edge_lines("é\ntwo\n3", 1), (true, false));
        assert_eq!(on_edge_lines("é\ntwo\n3", 3), (false, false));
        assert_eq!(on_edge_lines("é\ntwo\n3", 6), (false, true));
    }
}
