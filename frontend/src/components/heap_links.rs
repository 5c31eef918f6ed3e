//! The heap's lists as drawn links: over and under each strip those of its blocks, and above all
//! strips the major blocks in address order, with the links of theirs.

use crate::components::heap::{BEST_BET, ROOT};
use crate::grid::links::{self, Link, Pointer};
use crate::lit::{Pointed, use_lit};
use crate::store::{Action, use_pointed, use_store};
use crate::text;
use mmap_playground_core::state::HeapState;
use std::rc::Rc;
use yew::prelude::*;

/// Major blocks that are drawn in address order at most.
const MOST: usize = 40;
/// Width of one of them with the gap beside it, in CSS pixels.
const STEP: f64 = 128.0;
/// Room for the arrows above and below, in CSS pixels.
const ROOM: f64 = 18.0;

const fn class(pointer: Pointer) -> &'static str {
    match pointer {
        Pointer::First => "first",
        Pointer::Next => "next",
        Pointer::Prev => "prev",
    }
}

/// One arrow; `near` is the height of its ends. `prev` hangs below, the others stand above.
fn arrow(link: &Link, near: f64, room: f64) -> Html {
    let rise = link.rise(room) * 1.3;
    let far = if link.pointer == Pointer::Prev { near + rise } else { near - rise };
    let (line, head) = link.path(near, far);
    let against = (!link.is_in_order()).then_some("against");
    html! {
        <g class={classes!("arrow", class(link.pointer), against)}>
            <path class="link-line" d={line} />
            <path class="link-head" d={head} />
        </g>
    }
}

/// The arrows of a strip between two positions: those above it, or those below.
pub fn arrows(links: &[Link], above: bool, near: f64, room: f64, seen: (f64, f64)) -> Html {
    let these = links
        .iter()
        .filter(|link| (link.pointer != Pointer::Prev) == above && link.is_seen(seen.0, seen.1));
    html! { <>{ for these.map(|link| arrow(link, near, room)) }</> }
}

/// What the links are given.
#[derive(PartialEq, Properties)]
pub struct HeapOrderProps {
    /// The heap.
    pub state: Rc<HeapState>,
}

/// What the arrows mean; and, where there are several major blocks, these in address order.
#[component]
pub fn HeapOrder(props: &HeapOrderProps) -> Html {
    let state = &props.state;
    html! {
        <div class="heap-order" data-testid="heap-order">
            <p class="heap-legend" data-testid="heap-legend">
                if state.shape.links_blocks() || state.majors.len() > 1 {
                    <span class="pointer first" title="from a major block's header to its first block">{ "first" }</span><span class="pointer next" title="to the next of the list">{ "next" }</span><span class="pointer prev" title="to the one before in the list">{ "prev" }</span>
                }
                <span data-testid="heap-order-words">{ words(state) }</span>
            </p>
            if state.majors.len() > 1 {
                <Majors state={state.clone()} />
            }
        </div>
    }
}

/// List order against address order, in words.
fn words(state: &HeapState) -> String {
    let count = state.majors.len();
    let blocks = state.blocks_against_order();
    let mut words = match (count, state.majors_against_order()) {
        (0 | 1, _) => String::new(),
        (_, 0) => "Major blocks: list order is address order. ".to_owned(),
        (_, against) => {
            let all = text::grouped(count as u64 - 1);
            let lead = if against == 1 { "leads" } else { "lead" };
            format!(
                "Major blocks: list order is not address order, {against} of {all} next {lead} to a lower address. "
            )
        }
    };
    words.push_str(&match (state.shape.links_blocks(), blocks) {
        (false, _) => {
            "Blocks have no list: each is found by the length of the one before.".to_owned()
        }
        (true, 0) => "Blocks: list order is address order.".to_owned(),
        (true, 1) => {
            "Blocks: list order is not address order, 1 next leads to a lower address.".to_owned()
        }
        (true, _) => format!(
            "Blocks: list order is not address order, {blocks} next lead to a lower address."
        ),
    });
    words
}

/// The major blocks in address order.
#[component]
fn Majors(props: &HeapOrderProps) -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let lit = use_lit();
    let state = &props.state;
    let (order, links) = links::of_majors(state, MOST, STEP);
    let width = order.len() as f64 * STEP;
    let boxes = order.iter().filter_map(|index| Some((*index, state.majors.get(*index)?)));
    let boxes = boxes.map(|(index, major)| {
        let (address, size) = (major.address, u64::from(major.size));
        let root = index == 0;
        let best = state.best_bet == Some(address);
        let onclick = {
            let dispatcher = store.dispatcher();
            move |_: MouseEvent| dispatcher.dispatch(Action::Show(address))
        };
        let point = {
            let pointed = pointed.clone();
            move || pointed.set(Some(Pointed::bytes(address, size)))
        };
        let onmouseenter = { let point = point.clone(); move |_: MouseEvent| point() };
        let onfocus = move |_: FocusEvent| point();
        let leave = { let pointed = pointed.clone(); move || pointed.set(None) };
        let onmouseleave = { let leave = leave.clone(); move |_: MouseEvent| leave() };
        let onblur = move |_: FocusEvent| leave();
        let lights = lit.overlaps(address, size).then_some("lit");
        html! {
            <li key={index} style={format!("width:{STEP}px")}>
                <button type="button" class={classes!("major-box", lights)} {onclick} {onmouseenter} {onmouseleave} {onfocus} {onblur} data-testid="heap-order-major"
                    aria-label={format!("{}, number {} of the list", text::hex(address), index + 1)}>
                    <span class="mono">{ text::hex(address) }</span>
                    <small>{ format!("{} in the list", ordinal(index + 1)) }</small>
                    if root { <span class="tag" title={ROOT}>{ "root" }</span> }
                    if best { <span class="tag" title={BEST_BET}>{ "best bet" }</span> }
                </button>
            </li>
        }
    });
    let (whole, height) = ((0.0, width), format!("{ROOM}"));
    let svg = |above: bool, near: f64| {
        html! {
            <svg class="links-row" width={format!("{width}")} height={height.clone()} aria-hidden="true">{ arrows(&links, above, near, ROOM - 2.0, whole) }</svg>
        }
    };
    html! {
        <div class="majors-scroll" tabindex="0" role="group" aria-label="Major blocks in address order">
            { svg(true, ROOM) }
            <ol class="majors-row" style={format!("width:{width}px")}>{ for boxes }</ol>
            { svg(false, 0.0) }
        </div>
    }
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmap_playground_core::machine::Machine;
    use mmap_playground_core::session::Session;
    use mmap_playground_core::state;

    fn told(text: &str) -> String {
        let mut session = Session::new(Machine::default());
        session.run(text);
        words(&state::heap(session.process()).unwrap())
    }

    #[test]
    fn orders_that_differ_are_told() {
        assert_eq!(told("a = malloc(8)"), "Blocks: list order is address order.");
        let two = told("a = malloc(60000)\nb = malloc(60000)");
        assert!(two.contains("not address order, 1 of 1 next leads to a lower"), "{two}");
        let tags = told("# heap: boundary-tags 64\na = malloc(8)");
        assert!(tags.contains("no list"), "{tags}");
    }

    #[test]
    fn numbers_of_a_list_are_ordinals() {
        let all: Vec<String> = [1, 2, 3, 4, 11, 12, 21, 102].map(ordinal).to_vec();
        assert_eq!(all, ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "102nd"]);
    }
}
