//! What a figure tells the page it stands on: that it is ready, where it stands, faults, selections.
//!
//! Each is a kind and a JSON object; the element makes an event of it.

use super::handle::Link;
use crate::store::{Store, StoreContext};
use crate::text::hex;
use mmap_playground_core::event::{Event, FaultKind};
use mmap_playground_core::session::Step;
use serde_json::{Value, json};
use yew::prelude::*;

/// Faults told at once; what lies before them is not.
const MOST_FAULTS: usize = 200;

/// What was told last.
#[derive(Clone, Copy, PartialEq, Default)]
struct Told {
    ready: bool,
    history: u32,
    position: usize,
    selection: Option<(u64, u64)>,
}

/// Tells whatever has changed.
#[hook]
pub(super) fn use_telling(store: &StoreContext, link: &Link) {
    let told = use_mut_ref(Told::default);
    let (link, store) = (link.clone(), store.clone());
    let what = (store.revision, store.history, store.cursor, store.selection);
    use_effect_with(what, move |_| {
        let before = *told.borrow();
        let now = Told {
            ready: true,
            history: store.history,
            position: store.session.position(),
            selection: selection(&store),
        };
        *told.borrow_mut() = now;
        // The first rendering shows nothing yet: the trace runs behind it.
        if now.history == 0 {
            *told.borrow_mut() = Told { ready: false, ..now };
            return;
        }
        if !before.ready {
            link.tell("ready", &change(&store));
            return;
        }
        if (now.history, now.position) != (before.history, before.position) {
            link.tell("change", &change(&store));
            for fault in faults(&store, before.position) {
                link.tell("fault", &fault);
            }
        }
        if now.selection != before.selection
            && let Some((start, end)) = now.selection
        {
            link.tell("select", &json!({ "start": hex(start), "end": hex(end) }));
        }
    });
}

/// The bytes that one looks at: the pages selected, or the one byte of the cursor.
fn selection(store: &Store) -> Option<(u64, u64)> {
    let pages = store.selection.map(|range| (range.start(), range.end()));
    pages.or_else(|| store.cursor.map(|cursor| (cursor, cursor.saturating_add(1))))
}

/// Where a figure stands, and the call that led there.
pub(super) fn change(store: &Store) -> Value {
    let step = store.last_step();
    json!({
        "step": store.session.position(),
        "steps": store.session.len(),
        "text": step.map(|step| &step.text),
        "result": step.map(|step| &step.result),
        "signal": step.and_then(|step| step.signal.as_ref()),
        "why": step.and_then(|step| step.why.as_ref()),
    })
}

/// The page faults and signals of the steps behind a position, as far as the one shown.
fn faults(store: &Store, from: usize) -> Vec<Value> {
    let position = store.session.position();
    let mut faults: Vec<Value> = store
        .session
        .steps(from.min(position)..position)
        .flat_map(|(index, step)| faults_of(index + 1, &step))
        .collect();
    let before = faults.len().saturating_sub(MOST_FAULTS);
    faults.split_off(before)
}

fn faults_of(number: usize, step: &Step) -> Vec<Value> {
    let pages = step.events.iter().filter_map(|event| match event {
        Event::PageFault { page, kind } => Some(json!({
            "step": number,
            "kind": kind_name(*kind),
            "address": hex(page.start()),
            "sentence": event.sentence(),
        })),
        _ => None,
    });
    let signal = step.signal.as_ref().map(|signal| {
        json!({
            "step": number,
            "kind": "signal",
            "address": step.reason_address.map(hex),
            "sentence": signal,
            "why": step.why,
        })
    });
    pages.chain(signal).collect()
}

const fn kind_name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::ZeroPage => "zero-page",
        FaultKind::NewFrame => "new-frame",
        FaultKind::HugeZeroPage => "huge-zero-page",
        FaultKind::HugePage => "huge-page",
        FaultKind::FilePage => "file-page",
        FaultKind::CopyOnWrite => "copy-on-write",
        FaultKind::MadeWritable => "made-writable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Action;
    use crate::theme::Theme;
    use std::rc::Rc;
    use yew::Reducible;

    const TRACE: &str = "p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
        load(p)\nstore(p, 1)";

    fn store() -> Rc<Store> {
        Rc::new(Store::new(Theme::System)).reduce(Action::RunForHost(TRACE.to_owned()))
    }

    #[test]
    fn each_fault_of_the_steps_passed_is_told_in_order() {
        let store = store();
        let all = faults(&store, 0);
        let kinds: Vec<_> = all.iter().map(|it| (it["step"].clone(), it["kind"].clone())).collect();
        assert_eq!(kinds, [(json!(2), json!("zero-page")), (json!(3), json!("signal"))]);
        assert_eq!(all[1]["address"], "0x7ffff7ffd000");
        assert_eq!(faults(&store, 2).len(), 1);
        // Going back passes nothing.
        assert_eq!(faults(&store.reduce(Action::GoTo(1)), 3).len(), 0);
    }

    #[test]
    fn a_change_says_where_it_stands_and_what_led_there() {
        let change = change(&store());
        assert_eq!((&change["step"], &change["steps"]), (&json!(3), &json!(3)));
        assert!(change["signal"].as_str().unwrap().contains("SEGV_ACCERR"), "{change}");
    }

    #[test]
    fn readers_run_nothing_in_a_figure_for_looking_and_its_host_does() {
        let place = crate::store::Place::Figure { read_only: true };
        let store = Rc::new(Store::new(Theme::System)).reduce(Action::Place(place));
        let store = store.reduce(Action::Run(TRACE.to_owned()));
        assert_eq!(store.session.len(), 0);
        let store = store.reduce(Action::RunForHost(TRACE.to_owned())).reduce(Action::Undo);
        assert_eq!(store.session.len(), 3);
    }
}
