//! The trace of a figure on its way in: run in slices, so that the page around it stays alive, and
//! dropped when the figure is taken away or shall show something else.

use super::handle::Link;
use super::options::Options;
use crate::browser;
use crate::incoming;
use crate::store::{Action, Loaded, StoreContext, Trouble, troubles};
use crate::text;
use mmap_playground_core::machine::Machine;
use mmap_playground_core::saved::from_link;
use mmap_playground_core::session::{Import, Session};
use serde_json::json;
use std::cell::Cell;
use std::rc::Rc;
use yew::prelude::*;

/// Lines read or run between two looks at the clock.
const LINES: usize = 100;
/// Time at work between two frames of the screen, in milliseconds.
const SLICE: f64 = 40.0;

/// What is to run: a trace, or the letters of a link in its place.
type Given = (Rc<str>, Option<Rc<str>>);

/// What came of it, at its end.
#[derive(Clone)]
struct Ran {
    session: Session,
    trouble: Vec<Trouble>,
    /// What is wrong with it as a whole.
    wrong: Option<String>,
}

/// How a figure got what it shows.
pub(super) struct Came {
    /// Grows with each trace that was run, or placed anew.
    pub(super) count: u32,
    /// Something is still on its way.
    pub(super) busy: Rc<Cell<bool>>,
    /// What made no sense, in sentences.
    pub(super) wrong: Vec<String>,
}

/// Runs the trace whenever it, or where the figure stands at first, has become another.
#[hook]
pub(super) fn use_trace(store: &StoreContext, options: &Rc<Options>, link: &Link) -> Came {
    let count = use_state_eq(|| 0_u32);
    let wrong = use_state_eq(Vec::new);
    let busy = (*use_memo((), |()| Rc::new(Cell::new(false)))).clone();
    let last = use_mut_ref(|| None::<(Given, Ran)>);
    let newest = use_mut_ref(|| 0_u32);
    let given = (options.trace.clone(), options.link.clone());
    let start = (options.step, options.autoplay.map(f64::to_bits), options.zoom.clone());
    let came = Came { count: *count, busy: busy.clone(), wrong: (*wrong).clone() };

    let (dispatcher, options, link) = (store.dispatcher(), options.clone(), link.clone());
    let (count, wrong) = (count.setter(), wrong.setter());
    use_effect_with((given, start), move |(given, _)| {
        let given = given.clone();
        let stopped = Rc::new(Cell::new(false));
        let stop = stopped.clone();
        busy.set(true);
        yew::platform::spawn_local(async move {
            let known = last.borrow().clone().filter(|(before, _)| *before == given);
            let ran = match known {
                Some((_, ran)) => ran,
                None => {
                    let goes_on = |share: f64| {
                        if !stopped.get() {
                            link.tell("progress", &json!({ "share": share }));
                        }
                        !stopped.get()
                    };
                    run(&given, goes_on).await
                }
            };
            if stopped.get() {
                return;
            }
            busy.set(false);
            *last.borrow_mut() = Some((given, ran.clone()));
            let (actions, sentences) = placed(ran, &options);
            actions.into_iter().for_each(|action| dispatcher.dispatch(action));
            wrong.set(sentences);
            let next = newest.borrow().wrapping_add(1);
            *newest.borrow_mut() = next;
            count.set(next);
        });
        move || stop.set(true)
    });
    came
}

/// Runs what is given; says now and then which share is done, and stops when that returns `false`.
async fn run((trace, link): &Given, goes_on: impl Fn(f64) -> bool) -> Ran {
    if let Some(letters) = link {
        let came = match from_link(letters) {
            Ok(saved) => incoming::run(saved, goes_on).await,
            Err(error) => Err(error),
        };
        return match came {
            Ok(came) => Ran { session: came.session, trouble: Vec::new(), wrong: None },
            Err(error) => Ran {
                session: Session::new(Machine::default()),
                trouble: Vec::new(),
                wrong: Some(format!("The link cannot be opened: {error}.")),
            },
        };
    }
    let mut import = Import::new(&**trace);
    let mut until = browser::now() + SLICE;
    while !import.is_done() {
        let progress = import.advance(LINES);
        if browser::now() < until {
            continue;
        }
        let share = progress.done as f64 / progress.total.max(1) as f64;
        if !goes_on(incoming::share(import.is_read(), share)) {
            break;
        }
        browser::next_frame().await;
        until = browser::now() + SLICE;
    }
    let mut diagnostics = import.diagnostics().to_vec();
    diagnostics.sort_by_key(|it| (it.line, it.column));
    Ran { trouble: troubles(trace, &diagnostics), session: import.finish(), wrong: None }
}

/// What to do so that a figure stands where it shall at first, and what of that makes no sense.
fn placed(ran: Ran, options: &Options) -> (Vec<Action>, Vec<String>) {
    let Ran { mut session, trouble, wrong } = ran;
    let mut wrong: Vec<String> = wrong.into_iter().collect();
    let zoom = options.zoom.as_ref().map(|zoom| {
        let named = || session.names().into_iter().find(|(name, _)| name == zoom);
        text::parse_number(zoom)
            .or_else(|| named().map(|(_, value)| value))
            .ok_or_else(|| format!("zoom=\"{zoom}\": expected an address, or a name of the trace."))
    });
    let (position, misplaced) = options.position(session.len(), browser::prefers_reduced_motion());
    wrong.extend(misplaced);
    session.go_to(position);
    let loaded = Loaded { session, title: "Figure".into(), trouble };
    let mut actions = vec![Action::Load(Box::new(loaded))];
    match zoom {
        Some(Ok(address)) => actions.push(Action::Show(address)),
        Some(Err(error)) => wrong.push(error),
        None => {}
    }
    (actions, wrong)
}
