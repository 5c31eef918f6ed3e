//! Lessons on the page: which one runs, how far it is, and how the reader did.
//!
//! The lesson itself, its questions and who is right belong to the core. Here is where the reader
//! stands: before a call, where an answer is to be chosen, or behind it, where what came is read.

use crate::browser;
use crate::keeping::lessons::Progress;
use crate::store::{Action, Dialog, Loaded, StoreContext};
use mmap_playground_core::lesson::{LESSONS, Lesson, Verdict, exercise};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::session::Session;
use mmap_playground_core::state::totals;
use std::rc::Rc;
use yew::prelude::*;

/// What the fragment of a link to a lesson begins with.
pub const FRAGMENT: &str = "lesson=";

/// Where a lesson comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The playground, with its place among the [`LESSONS`].
    Own(usize),
    /// A link, or a text that somebody pasted.
    Given,
    /// The exercises.
    Exercise,
}

/// A lesson that is under way.
#[derive(Clone, PartialEq, Debug)]
pub struct Running {
    /// The lesson.
    pub lesson: Rc<Lesson>,
    /// Where it comes from.
    pub origin: Origin,
    /// The step that is about to run, or has just run.
    pub at: usize,
    /// What came of that step, once it has run.
    pub seen: Option<Seen>,
    /// Questions answered rightly.
    pub right: u32,
}

/// What came of a step.
#[derive(Clone, PartialEq, Debug)]
pub struct Seen {
    /// The answer that was chosen, and the verdict; nothing where nothing was asked.
    pub answered: Option<(usize, Verdict)>,
    /// The call with its result, or its signal.
    pub result: String,
    /// The rule behind it, and what surprises.
    pub why: Vec<String>,
}

impl Running {
    /// A lesson at its beginning.
    pub fn new(lesson: Rc<Lesson>, origin: Origin) -> Running {
        Running { lesson, origin, at: 0, seen: None, right: 0 }
    }

    /// Says whether all of its steps have run.
    pub fn is_over(&self) -> bool {
        self.at + 1 >= self.lesson.steps.len() && self.seen.is_some()
    }

    /// What the next step does in a session, and how the answer chosen fares. The session itself
    /// stays as it is: the line still has to run in it.
    pub fn see(&self, session: &Session, chosen: Option<usize>) -> Option<Seen> {
        let step = self.lesson.steps.get(self.at)?;
        let mut trial = session.clone();
        let before = totals(session.process());
        trial.run(&step.line);
        let ran = trial.last_step()?;
        let answered = step.question.as_ref().zip(chosen);
        let answered = answered.map(|(asked, chosen)| (chosen, asked.judge(chosen, ran, before)));
        let result = match &ran.signal {
            Some(signal) => signal.clone(),
            None => format!("{} = {}", ran.text, ran.result),
        };
        let mut why = ran.surprises();
        if let Some(rule) = &ran.why
            && !why.contains(rule)
        {
            why.insert(0, rule.clone());
        }
        Some(Seen { answered, result, why })
    }

    /// Takes in what came of a step.
    pub fn saw(&mut self, seen: Seen) {
        if seen.answered.is_some_and(|(_, verdict)| verdict.right) {
            self.right += 1;
        }
        self.seen = Some(seen);
    }

    /// Goes on to the next step; says whether there is one.
    pub fn go_on(&mut self) -> bool {
        let more = self.at + 1 < self.lesson.steps.len();
        if more {
            self.at += 1;
            self.seen = None;
        }
        more
    }
}

/// The lesson under way and what is kept of earlier ones, shared by the window and the bar.
#[derive(Clone, PartialEq)]
pub struct LessonContext {
    running: UseStateHandle<Option<Running>>,
    progress: UseStateHandle<Progress>,
    /// A text from a link that is no lesson, and what is wrong with it.
    pub refused: UseStateHandle<Option<(String, String)>>,
    keep: bool,
}

impl LessonContext {
    /// The lesson under way.
    pub fn running(&self) -> Option<&Running> {
        self.running.as_ref()
    }

    /// What is kept of earlier ones.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Begins a lesson, on a process that has run nothing. Undo brings back what was there.
    pub fn begin(&self, store: &StoreContext, lesson: Lesson, origin: Origin) {
        store.dispatch(Action::Load(Box::new(Loaded {
            session: Session::new(Machine::default()),
            title: lesson.title.clone().into(),
            trouble: Vec::new(),
        })));
        self.running.set(Some(Running::new(Rc::new(lesson), origin)));
    }

    /// Begins one of the playground's own lessons.
    pub fn begin_own(&self, store: &StoreContext, place: usize) {
        let text = LESSONS.get(place);
        if let Some(lesson) = text.and_then(|own| Lesson::parse(own.text).ok()) {
            self.begin(store, lesson, Origin::Own(place));
        }
    }

    /// Begins the next exercise, which was not there before.
    pub fn begin_exercise(&self, store: &StoreContext) {
        let mut progress = (*self.progress).clone();
        let (seed, number) = progress.next_exercise();
        self.keep(progress);
        self.begin(store, exercise(seed, number), Origin::Exercise);
    }

    /// Begins the lesson of a link; keeps what is wrong with it where it is none.
    pub fn begin_link(&self, store: &StoreContext, letters: &str) {
        let text = mmap_playground_core::saved::text_from_link(letters);
        let text =
            text.map_err(|error| (String::new(), format!("The link cannot be opened: {error}.")));
        let lesson = text.and_then(|text| {
            Lesson::parse(&text).map_err(|error| (text.clone(), error.to_string()))
        });
        match lesson {
            Ok(lesson) => self.begin(store, lesson, Origin::Given),
            Err(refused) => {
                self.refused.set(Some(refused));
                store.dispatch(Action::Open(Some(Dialog::Lessons)));
            }
        }
    }

    /// Runs the step that is next, with the answer that was chosen.
    pub fn run(&self, store: &StoreContext, chosen: Option<usize>) {
        let Some(mut running) = (*self.running).clone() else { return };
        let seen = running.see(&store.session, chosen);
        let (Some(seen), Some(step)) = (seen, running.lesson.steps.get(running.at).cloned()) else {
            return;
        };
        running.saw(seen);
        if running.is_over() {
            let mut progress = (*self.progress).clone();
            progress.finished(&running);
            self.keep(progress);
        }
        store.dispatch(Action::Run(step.line));
        self.running.set(Some(running));
    }

    /// Goes on; behind the last step the lesson is over.
    pub fn go_on(&self) {
        let mut running = (*self.running).clone();
        if !running.as_mut().is_some_and(Running::go_on) {
            running = None;
        }
        self.running.set(running);
    }

    /// Ends the lesson where it is.
    pub fn end(&self) {
        self.running.set(None);
    }

    fn keep(&self, progress: Progress) {
        if self.keep {
            progress.store();
        }
        self.progress.set(progress);
    }
}

/// The lessons of a page; `keep` says whether the browser keeps how the reader did.
#[hook]
pub fn use_lessons(store: &StoreContext, keep: bool) -> LessonContext {
    let context = LessonContext {
        running: use_state_eq(|| None),
        progress: use_state_eq(|| if keep { Progress::stored() } else { Progress::default() }),
        refused: use_state_eq(|| None),
        keep,
    };
    {
        let (context, store) = (context.clone(), store.clone());
        use_effect_with(keep, move |keep| {
            let take_link = move || {
                if let Some(letters) = letters_in_address() {
                    // The link has been taken: a reload is to bring back what was made of it.
                    browser::clear_fragment();
                    context.begin_link(&store, &letters);
                }
            };
            let guard = browser::window().filter(|_| *keep).map(|window| {
                take_link();
                browser::listen(&window, "hashchange", move |_| take_link())
            });
            move || drop(guard)
        });
    }
    context
}

/// Says whether the address holds a lesson.
pub fn in_address() -> bool {
    letters_in_address().is_some()
}

fn letters_in_address() -> Option<String> {
    browser::fragment()?.strip_prefix(FRAGMENT).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes through a lesson, always choosing the answer that holds, or always another one.
    fn through(lesson: Lesson, wrong: bool) -> Running {
        let mut session = Session::new(Machine::default());
        let mut running = Running::new(Rc::new(lesson), Origin::Given);
        loop {
            let step = running.lesson.steps[running.at].clone();
            let holds = running.see(&session, step.question.as_ref().map(|_| 0));
            let holds = holds.unwrap().answered.and_then(|(_, verdict)| verdict.holds);
            let chosen = holds.map(|holds| if wrong { (holds + 1) % 2 } else { holds });
            let seen = running.see(&session, chosen).unwrap();
            if let Some((_, verdict)) = seen.answered {
                assert_eq!(verdict.right, !wrong, "{}", step.line);
            }
            running.saw(seen);
            session.run(&step.line);
            if running.is_over() {
                return running;
            }
            assert!(running.go_on());
        }
    }

    #[test]
    fn each_lesson_can_be_answered_rightly_and_wrongly() {
        for own in LESSONS {
            let lesson = Lesson::parse(own.text).unwrap();
            let asked = lesson.question_count() as u32;
            assert_eq!(through(lesson.clone(), false).right, asked, "{}", own.id);
            assert_eq!(through(lesson, true).right, 0, "{}", own.id);
        }
    }

    #[test]
    fn the_end_is_the_end() {
        let mut running = through(exercise(1, 1), false);
        assert!(running.is_over() && !running.go_on());
    }

    #[test]
    fn seeing_leaves_the_session_alone() {
        let lesson = Lesson::parse(LESSONS[0].text).unwrap();
        let running = Running::new(Rc::new(lesson), Origin::Own(0));
        let session = Session::new(Machine::default());
        let seen = running.see(&session, Some(0)).unwrap();
        assert!(seen.result.contains(" = 0x"), "{}", seen.result);
        assert!(session.is_empty());
    }
}
