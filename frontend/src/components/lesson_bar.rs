//! The bar of a lesson, below the header: choose what will happen, then see it, and why.

use crate::browser;
use crate::components::icons;
use crate::lessons::{LessonContext, Origin, Running, Seen};
use crate::store::{StoreContext, use_store};
use mmap_playground_core::lesson::{LessonStep, Question};
use yew::prelude::*;

/// The bar; nothing where no lesson runs, or something else was opened.
#[component]
pub fn LessonBar() -> Html {
    let store = use_store();
    let Some(lessons) = use_context::<LessonContext>() else { return Html::default() };
    let Some(running) = lessons.running() else { return Html::default() };
    if store.title.as_deref() != Some(running.lesson.title.as_str()) {
        return Html::default();
    }
    let Some(step) = running.lesson.steps.get(running.at) else { return Html::default() };
    let end = {
        let lessons = lessons.clone();
        move |_: MouseEvent| lessons.end()
    };
    let state = if running.seen.is_some() { "seen" } else { "asked" };
    html! {
        <section class="guide lesson" aria-label="Lesson" data-testid="lesson"
            data-at={running.at.to_string()} data-state={state}>
            <div class="lesson-head">
                <span class="guide-count">{ format!("{} of {}", running.at + 1, running.lesson.steps.len()) }</span>
                <strong data-testid="lesson-title">{ &running.lesson.title }</strong>
                <span class="spring"></span>
                <button type="button" class="button quiet" onclick={end} aria-label="End the lesson" title="End the lesson"
                    data-testid="lesson-end">{ icons::close() }</button>
            </div>
            if running.at == 0 && running.seen.is_none() && !running.lesson.intro.is_empty() {
                <p class="guide-text" data-testid="lesson-intro">{ &running.lesson.intro }</p>
            }
            if !step.before.is_empty() {
                <p class="guide-text">{ &step.before }</p>
            }
            <p class="lesson-line"><code data-testid="lesson-line">{ &step.line }</code></p>
            if let Some(seen) = &running.seen {
                { outcome(seen, step) }
                { onwards(&store, &lessons, running) }
            } else {
                { choice(&store, &lessons, step) }
            }
            <FocusKeeper at={running.at} seen={running.seen.is_some()} />
        </section>
    }
}

#[derive(PartialEq, Properties)]
struct FocusKeeperProps {
    at: usize,
    seen: bool,
}

/// The button that was pressed goes away with what it asked; the next one gets its focus.
#[component]
fn FocusKeeper(props: &FocusKeeperProps) -> Html {
    let moved = use_mut_ref(|| false);
    use_effect_with((props.at, props.seen), move |_| {
        if moved.replace(true) && browser::focus_is_lost() {
            browser::focus(".lesson .answer, .lesson .primary");
        }
    });
    Html::default()
}

/// What is to be chosen before the call runs; a button that runs it where nothing is asked.
fn choice(store: &StoreContext, lessons: &LessonContext, step: &LessonStep) -> Html {
    let run = |chosen: Option<usize>| {
        let (store, lessons) = (store.clone(), lessons.clone());
        move |_: MouseEvent| lessons.run(&store, chosen)
    };
    let Some(question) = &step.question else {
        return html! {
            <div class="guide-actions">
                <button type="button" class="button primary" onclick={run(None)} data-testid="lesson-run">{ "Run it" }</button>
            </div>
        };
    };
    let answers = question.answers.iter().enumerate().map(|(place, answer)| {
        html! {
            <button type="button" class="button answer" onclick={run(Some(place))}
                data-testid={format!("lesson-answer-{place}")}>{ &answer.words }</button>
        }
    });
    html! {
        <div role="group" aria-labelledby="lesson-question">
            <p class="guide-text" id="lesson-question" role="status" data-testid="lesson-question"><strong>{ &question.text }</strong></p>
            <div class="lesson-answers">{ for answers }</div>
        </div>
    }
}

/// What came of it: the verdict, the result, the rule, and the lesson's own words.
fn outcome(seen: &Seen, step: &LessonStep) -> Html {
    let verdict = seen.answered.zip(step.question.as_ref()).map(|(answered, question)| {
        let (word, text) = judged(answered, question);
        html! {
            <p class="guide-text" data-testid="lesson-verdict" data-right={answered.1.right.to_string()}>
                <strong>{ word }</strong>{ " " }{ text }
            </p>
        }
    });
    html! {
        <div role="status">
            { for verdict }
            <p class="lesson-line"><code data-testid="lesson-result">{ &seen.result }</code></p>
            { for seen.why.iter().map(|why| html! {
                <p class="guide-text lesson-why" data-testid="lesson-why">{ "WHY: " }{ why }</p>
            }) }
            if !step.after.is_empty() {
                <p class="guide-text" data-testid="lesson-after">{ &step.after }</p>
            }
        </div>
    }
}

fn judged(
    (chosen, verdict): (usize, mmap_playground_core::lesson::Verdict),
    question: &Question,
) -> (&'static str, String) {
    let words = |place: usize| {
        question.answers.get(place).map(|answer| answer.words.clone()).unwrap_or_default()
    };
    match verdict.holds {
        _ if verdict.right => ("Right.", format!("{}.", words(chosen))),
        Some(holds) => {
            ("Not so.", format!("You chose: {}. It is: {}.", words(chosen), words(holds)))
        }
        None => (
            "None of these.",
            "Something else ran in between, and changed what this does.".to_owned(),
        ),
    }
}

/// The way on: the next step, or what may follow the end.
fn onwards(store: &StoreContext, lessons: &LessonContext, running: &Running) -> Html {
    let next = {
        let lessons = lessons.clone();
        move |_: MouseEvent| lessons.go_on()
    };
    if !running.is_over() {
        return html! {
            <div class="guide-actions">
                <button type="button" class="button primary" onclick={next} data-testid="lesson-next">{ "Go on" }</button>
            </div>
        };
    }
    let another = {
        let (store, lessons, origin) = (store.clone(), lessons.clone(), running.origin);
        move |_: MouseEvent| match origin {
            Origin::Own(place) => lessons.begin_own(&store, place + 1),
            Origin::Exercise | Origin::Given => lessons.begin_exercise(&store),
        }
    };
    let more = match running.origin {
        Origin::Own(place) if place + 1 < mmap_playground_core::lesson::LESSONS.len() => {
            Some("The next lesson")
        }
        Origin::Own(_) => None,
        Origin::Exercise => Some("Another exercise"),
        Origin::Given => Some("An exercise"),
    };
    let asked = running.lesson.question_count();
    html! {
        <div class="guide-actions">
            <span data-testid="lesson-score">{ format!("{} of {asked} right", running.right) }</span>
            <button type="button" class="button" onclick={next} data-testid="lesson-done">{ "Done" }</button>
            if let Some(words) = more {
                <button type="button" class="button primary" onclick={another} data-testid="lesson-another">{ words }</button>
            }
        </div>
    }
}
