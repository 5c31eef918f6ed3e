//! The window of lessons: the playground's own, exercises without end, and a lesson of one's own.

use crate::browser;
use crate::components::dialog::DialogWindow;
use crate::lessons::{FRAGMENT, LessonContext, Origin};
use crate::store::{Action, StoreContext, use_store};
use mmap_playground_core::lesson::{LESSONS, Lesson};
use mmap_playground_core::limits::LINK_LETTERS;
use mmap_playground_core::saved::text_to_link;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement, HtmlTextAreaElement};
use yew::prelude::*;

/// What stands in the field for a lesson of one's own.
const PATTERN: &str = "# lesson: A title
# What it is about.

p = mmap(NULL, 3*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)

#? You unmap the page in the middle. What is left?
#- 1 VMA | One VMA, with a hole
#- 2 VMAs
#- EINVAL
munmap(p + PAGE_SIZE, PAGE_SIZE)
#! A VMA has one beginning and one end.
";

/// The window.
#[component]
pub fn Lessons() -> Html {
    let store = use_store();
    let body = use_node_ref();
    let Some(lessons) = use_context::<LessonContext>() else { return Html::default() };
    // Closed by the browser, so that the focus goes back to where it was.
    let close = {
        let body = body.clone();
        Callback::from(move |()| {
            let window = body.cast::<Element>().and_then(|it| it.closest("dialog").ok().flatten());
            if let Some(window) = window.and_then(|it| it.dyn_into::<HtmlDialogElement>().ok()) {
                window.close();
            }
        })
    };
    let exercise = {
        let (store, lessons, close) = (store.clone(), lessons.clone(), close.clone());
        move |_: MouseEvent| {
            lessons.begin_exercise(&store);
            close.emit(());
        }
    };
    let (begun, solved) = lessons.progress().exercises();
    html! {
        <DialogWindow name="lessons" title="Lessons: predict, then see" class="wide-dialog">
            <div ref={body} class="lessons">
                <p>{ "Before each call you choose what it will do. Then it runs, and the page says which rule decided." }</p>
                <ul class="lesson-list">{ own(&store, &lessons, &close) }</ul>
                <div class="dialog-actions">
                    <button type="button" class="button primary" onclick={exercise} data-testid="lessons-exercise">{ "An exercise" }</button>
                    <small data-testid="lessons-exercises">{ match begun {
                        0 => "There are millions, and none comes twice.".to_owned(),
                        _ => format!("{begun} so far, {solved} of them right. None comes twice."),
                    } }</small>
                </div>
                <OwnLesson {close} />
            </div>
        </DialogWindow>
    }
}

fn own(store: &StoreContext, lessons: &LessonContext, close: &Callback<()>) -> Html {
    let items = LESSONS.iter().enumerate().filter_map(|(place, own)| {
        let lesson = Lesson::parse(own.text).ok()?;
        let asked = lesson.question_count();
        let best = lessons.progress().best(own.id);
        let words = match best {
            Some(best) => format!("{best} of {asked} right"),
            None => format!("{asked} questions"),
        };
        let (store, lessons, close) = (store.clone(), lessons.clone(), close.clone());
        let onclick = move |_: MouseEvent| {
            lessons.begin_own(&store, place);
            close.emit(());
        };
        Some(html! {
            <li>
                <button type="button" class="example" {onclick} data-done={best.is_some().to_string()}
                    data-testid={format!("lesson-{}", own.id)}>
                    <strong>{ format!("{}. {}", place + 1, lesson.title) }</strong>
                    <small>{ if best.is_some() { "✓ " } else { "" } }{ words }</small>
                </button>
            </li>
        })
    });
    html! { { for items } }
}

/// What the field of one's own lesson needs.
#[derive(PartialEq, Properties)]
struct OwnProps {
    close: Callback<()>,
}

/// A lesson of one's own: a text, what is wrong with it, and the link that holds it.
#[component]
fn OwnLesson(props: &OwnProps) -> Html {
    let store = use_store();
    let lessons = use_context::<LessonContext>();
    let refused = lessons.as_ref().and_then(|it| (*it.refused).clone());
    let open = refused.is_some();
    let text = {
        let given = refused.as_ref().map(|(text, _)| text.clone());
        use_state_eq(|| given.filter(|text| !text.is_empty()).unwrap_or_else(|| PATTERN.to_owned()))
    };
    let said = use_state_eq(|| refused.map(|(_, wrong)| wrong));
    let oninput = {
        let text = text.clone();
        move |event: InputEvent| {
            let field = event.target().and_then(|it| it.dyn_into::<HtmlTextAreaElement>().ok());
            if let Some(field) = field {
                text.set(field.value());
            }
        }
    };
    let begin = {
        let (text, said, close) = (text.clone(), said.clone(), props.close.clone());
        let (store, lessons) = (store.clone(), lessons.clone());
        move |_: MouseEvent| match (Lesson::parse(&text), &lessons) {
            (Ok(lesson), Some(lessons)) => {
                lessons.refused.set(None);
                lessons.begin(&store, lesson, Origin::Given);
                close.emit(());
            }
            (Err(wrong), _) => said.set(Some(wrong.to_string())),
            _ => {}
        }
    };
    let copy = {
        let (text, said, dispatcher) = (text.clone(), said.clone(), store.dispatcher());
        move |_: MouseEvent| {
            let (said, dispatcher) = (said.clone(), dispatcher.clone());
            let say = move |words: String| {
                dispatcher.dispatch(Action::Say(words.clone().into()));
                said.set(Some(words));
            };
            match link(&text) {
                Ok(link) => {
                    let or_link = link.clone();
                    browser::copy(&link, move |done| {
                        say(if done {
                            "The link is copied. It holds the whole lesson.".to_owned()
                        } else {
                            format!("The browser refuses to copy. The link: {or_link}")
                        });
                    });
                }
                Err(wrong) => say(wrong),
            }
        }
    };
    html! {
        <details class="own-lesson" {open} data-testid="lessons-own">
            <summary>{ "Write one of your own, and send it as a link" }</summary>
            <p class="hint">{ "A trace with remarks: " }<code>{ "#?" }</code>{ " asks, " }<code>{ "#-" }</code>
                { " is an answer (what is claimed, then | and words if you like), " }<code>{ "#!" }</code>
                { " explains. Which answer is right is for the model to say: exactly one must hold." }</p>
            <textarea class="mono" rows="12" aria-label="The lesson" spellcheck="false" value={(*text).clone()} {oninput} data-testid="lessons-text" />
            <div class="dialog-actions">
                <button type="button" class="button" onclick={begin} data-testid="lessons-begin">{ "Begin" }</button>
                <button type="button" class="button" onclick={copy} data-testid="lessons-copy">{ "Copy the link" }</button>
            </div>
            if let Some(words) = &*said {
                <p role="status" data-testid="lessons-said">{ words }</p>
            }
        </details>
    }
}

/// The link that holds a lesson.
fn link(text: &str) -> Result<String, String> {
    Lesson::parse(text).map_err(|wrong| wrong.to_string())?;
    let letters = text_to_link(text);
    if letters.len() > LINK_LETTERS {
        return Err("The lesson is too long for a link.".to_owned());
    }
    Ok(format!("{}#{FRAGMENT}{letters}", browser::address()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_is_a_lesson() {
        let lesson = Lesson::parse(PATTERN).unwrap();
        assert_eq!(lesson.question_count(), 1);
    }
}
