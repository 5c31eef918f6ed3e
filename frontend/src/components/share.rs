//! The way out: a link that holds the whole session, and the files that can be saved.

use crate::browser;
use crate::components::dialog::DialogWindow;
use crate::store::{Action, Store, use_store};
use crate::text;
use mmap_playground_core::limits::LINK_LETTERS;
use mmap_playground_core::maps::print_maps;
use mmap_playground_core::picture;
use mmap_playground_core::saved::{Saved, to_link};
use mmap_playground_core::state::{State, maps_lines};
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// What a link's fragment begins with.
pub const FRAGMENT: &str = "s=";
/// From this many bytes on a session is not even packed to see whether it fits into a link.
const HOPELESS: usize = 4 << 20;

/// The saved form of the page as it is now.
pub fn saved(store: &Store) -> Saved {
    let mut saved = Saved::of(&store.session);
    saved.title = store.title.as_ref().map(ToString::to_string);
    saved.view = store.view();
    saved
}

/// The address that opens the page as it is now; nothing if a link cannot hold it.
fn link(store: &Store) -> Option<String> {
    let saved = saved(store);
    let size: usize = saved.texts.iter().map(|text| text.text.len()).sum();
    if size > HOPELESS {
        return None;
    }
    let letters = to_link(&saved);
    (letters.len() <= LINK_LETTERS).then(|| format!("{}#{FRAGMENT}{letters}", browser::address()))
}

/// A file that can be saved.
#[derive(Clone, Copy, PartialEq)]
enum File {
    Session,
    Trace,
    State,
    Maps,
    Svg,
    Png,
}

impl File {
    const ALL: [File; 6] =
        [File::Session, File::Trace, File::State, File::Maps, File::Svg, File::Png];

    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            File::Session => {
                ("session", "Session", "everything, with its branches; opens here again")
            }
            File::Trace => ("trace", "Trace", "the lines up to this step, for replay or a test"),
            File::State => {
                ("state", "State as JSON", "VMAs, pages, frames and heap of this moment")
            }
            File::Maps => ("maps", "Maps", "as /proc/PID/maps has it"),
            File::Svg => ("svg", "Picture as SVG", "the address space of this moment, to scale"),
            File::Png => ("png", "Picture as PNG", "the same as pixels"),
        }
    }

    /// Gives the person the file.
    fn save(self, store: &Store) {
        let name = file_name(&store.name());
        let process = store.session.process();
        match self {
            File::Session => {
                let text = saved(store).to_text();
                browser::save_text(&format!("{name}.session.json"), "application/json", &text);
            }
            File::Trace => {
                let text = store.session.script();
                browser::save_text(&format!("{name}.trace"), "text/plain", &text);
            }
            File::State => {
                let text = serde_json::to_string_pretty(&State::of(process)).unwrap_or_default();
                browser::save_text(
                    &format!("{name}.state.json"),
                    "application/json",
                    &(text + "\n"),
                );
            }
            File::Maps => {
                let text = print_maps(&maps_lines(process));
                browser::save_text(&format!("{name}.maps"), "text/plain", &text);
            }
            File::Svg => {
                browser::save_text(&format!("{name}.svg"), "image/svg+xml", &picture(store));
            }
            File::Png => {
                let (name, svg) = (format!("{name}.png"), picture(store));
                yew::platform::spawn_local(async move {
                    let _ = browser::save_png(&name, &svg).await;
                });
            }
        }
    }
}

fn picture(store: &Store) -> String {
    let caption = store.last_step().map(|step| match step.result.as_str() {
        "" => step.text.clone(),
        result => format!("{} = {result}", step.text),
    });
    picture::svg(store.session.process(), &caption.unwrap_or_default())
}

/// A name as a file may have it.
fn file_name(name: &str) -> String {
    let letter = |letter: char| if letter.is_alphanumeric() { letter } else { '-' };
    let name: String = name.to_lowercase().chars().map(letter).collect();
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "session".to_owned() } else { words.join("-") }
}

/// What is told where the browser lets no page copy.
const COPY_IT_YOURSELF: &str =
    "The browser refuses to copy: the link is selected, copy it yourself.";

/// The window.
#[component]
pub fn Share() -> Html {
    let store = use_store();
    let link = use_memo((store.history, store.revision), |_| link(&store));
    let field = use_node_ref();
    let copied = use_state_eq(|| None::<bool>);
    let copy = {
        let (link, field, copied) = (link.clone(), field.clone(), copied.clone());
        let dispatcher = store.dispatcher();
        move |_: MouseEvent| {
            if let Some(link) = &*link {
                let (copied, dispatcher) = (copied.clone(), dispatcher.clone());
                browser::copy(link, move |done| {
                    copied.set(Some(done));
                    let said = if done { "The link is copied." } else { COPY_IT_YOURSELF };
                    dispatcher.dispatch(Action::Say(said.into()));
                });
            }
            if let Some(field) = field.cast::<HtmlInputElement>() {
                field.select();
            }
        }
    };
    let current = Rc::new((*store).clone());
    let files = File::ALL.iter().map(|file| {
        let (id, title, what) = file.words();
        let current = current.clone();
        let onclick = move |_: MouseEvent| file.save(&current);
        html! {
            <li>
                <button type="button" class="example" {onclick} data-testid={format!("save-{id}")}>
                    <strong>{ title }</strong><small>{ what }</small>
                </button>
            </li>
        }
    });
    html! {
        <DialogWindow name="share" title="Share and save">
            if let Some(link) = &*link {
                <label class="link-field">{ "A link to this session, at this step" }
                    <input ref={field} type="text" class="mono" readonly={true} value={link.clone()} data-testid="share-link" />
                </label>
                <div class="dialog-actions">
                    <button type="button" class="button primary" onclick={copy} data-testid="share-copy">{ if *copied == Some(true) { "Copied" } else { "Copy the link" } }</button>
                    if *copied == Some(false) {
                        <small data-testid="share-refused">{ COPY_IT_YOURSELF }</small>
                    }
                    <small>{ format!("{} letters. It holds everything itself: nothing is sent or stored anywhere.", text::grouped(link.len() as u64)) }</small>
                </div>
            } else {
                <p data-testid="share-too-long">{ "This session is too long for a link: save it as a session file, and send that. It opens here with Import, or by dropping it on the page." }</p>
            }
            <ul class="files">{ for files }</ul>
            <p class="privacy">{ "Everything stays in your browser. This page sends nothing anywhere." }</p>
        </DialogWindow>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_fit_for_a_file() {
        assert_eq!(file_name("A real program: ls"), "a-real-program-ls");
        assert_eq!(file_name("../x"), "x");
        assert_eq!(file_name("//"), "session");
    }
}
