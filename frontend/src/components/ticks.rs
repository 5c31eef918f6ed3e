//! The marks on the slider: failures and divergences, and the calls that touched what is pointed at.
//! Pointing at a mark lights what its call made.

use crate::lit::{self, Pointed, use_lit};
use crate::store::{use_pointed, use_store};
use mmap_playground_core::address::Address;
use mmap_playground_core::session::{Landmark, Session, Step};
use web_sys::HtmlElement;
use yew::prelude::*;

/// Failures, and divergences, that are marked at most.
const MARKS: usize = 400;
/// Up to so many steps every one is asked whether it touched what is pointed at; of a longer
/// session only those that are marked, so that the pointer is never waited for.
const ASKED: usize = 2000;
/// How near to a mark the pointer is on it, in CSS pixels.
const NEAR: f64 = 5.0;

/// A mark, or a step that may become one.
struct Tick {
    /// The step, from 0.
    step: usize,
    /// It is a failure or a divergence.
    marked: bool,
    /// What it touched: first address and length.
    places: Vec<(Address, u64)>,
}

/// What the marks stand around.
#[derive(PartialEq, Properties)]
pub struct TicksProps {
    /// The slider.
    pub children: Html,
}

/// The marks, with the slider.
#[component]
pub fn Ticks(props: &TicksProps) -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let lit = use_lit();
    let holder = use_node_ref();
    let ticks = use_memo(store.history, |_| ticks(&store.session));
    let length = store.session.len().max(1) as f64;
    let share = move |step: usize| (step + 1) as f64 / length;

    let marks = ticks.iter().filter_map(|tick| {
        let lights = tick.places.iter().any(|(start, length)| lit.overlaps(*start, *length));
        let under = pointed.get().and_then(|it| it.step) == Some(tick.step);
        (tick.marked || lights || under).then(|| {
            let class = classes!("tick", tick.marked.then_some("marked"), (lights || under).then_some("lit"));
            let left = format!("left:{:.3}%", share(tick.step) * 100.0);
            html! {
                <span key={tick.step} {class} style={left} data-testid="tick" data-step={(tick.step + 1).to_string()}></span>
            }
        })
    });
    let onmousemove = {
        let (pointed, ticks, holder) = (pointed.clone(), ticks.clone(), holder.clone());
        move |event: MouseEvent| {
            let Some(holder) = holder.cast::<HtmlElement>() else { return };
            let area = holder.get_bounding_client_rect();
            let away = |tick: &&Tick| {
                (area.left() + share(tick.step) * area.width() - f64::from(event.client_x())).abs()
            };
            let marked = ticks.iter().filter(|tick| tick.marked);
            let nearest = marked.min_by(|one, other| away(one).total_cmp(&away(other)));
            let found = nearest.filter(|tick| away(tick) <= NEAR);
            pointed.set(found.map(|tick| Pointed::step(tick.step)));
        }
    };
    let onmouseleave = {
        let pointed = pointed.clone();
        move |_: MouseEvent| pointed.set(None)
    };
    let under = pointed.get().and_then(|it| it.step);
    let marked = under.filter(|step| ticks.iter().any(|it| it.marked && it.step == *step));
    let title = marked.and_then(|index| store.session.step(index)).map(|step| title(&step));
    html! {
        <div class="track" {title} {onmousemove} {onmouseleave} data-testid="track">
            <div class="ticks" ref={holder} aria-hidden="true">{ for marks }</div>
            { props.children.clone() }
        </div>
    }
}

/// The call with its result, for the tip beside the pointer.
fn title(step: &Step) -> String {
    match step.result.as_str() {
        "" => step.text.clone(),
        result => format!("{} = {result}", step.text),
    }
}

/// The steps that are marked, or may become so, in order.
fn ticks(session: &Session) -> Vec<Tick> {
    let mut marked: Vec<usize> = [Landmark::Failure, Landmark::Divergence]
        .iter()
        .flat_map(|landmark| session.landmarks(*landmark, 0..session.len()).take(MARKS))
        .map(|position| position - 1)
        .collect();
    marked.sort_unstable();
    marked.dedup();
    let tick = |step: usize, marked: bool| {
        let places = session.step(step).map(|step| lit::places(&step)).unwrap_or_default();
        Tick { step, marked, places }
    };
    if session.len() <= ASKED {
        (0..session.len()).map(|step| tick(step, marked.binary_search(&step).is_ok())).collect()
    } else {
        marked.into_iter().map(|step| tick(step, true)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmap_playground_core::machine::Machine;

    fn marked(text: &str) -> (usize, Vec<usize>) {
        let mut session = Session::new(Machine::default());
        session.run(text);
        let ticks = ticks(&session);
        let marked = ticks.iter().filter(|tick| tick.marked).map(|tick| tick.step).collect();
        (ticks.len(), marked)
    }

    #[test]
    fn failures_are_marked_and_every_step_of_a_short_session_may_be() {
        let text = "munmap(1, 1)\np = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(p, 1)";
        assert_eq!(marked(text), (3, vec![0, 2]));
    }

    #[test]
    fn of_a_long_session_only_failures_are_looked_at() {
        let text = format!("munmap(1, 1)\n{}", "brk(0)\n".repeat(ASKED));
        assert_eq!(marked(&text), (1, vec![0]));
    }
}
