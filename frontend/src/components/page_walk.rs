//! The page walk: how the processor gets from an address to a frame and a byte, and where it stops.

use crate::lit::{Lit, Pointed, use_lit};
use crate::store::{Action, PointedContext, StoreContext, use_pointed, use_store};
use crate::text;
use mmap_playground_core::state::{EntryView, WalkLevel, WalkView};
use yew::prelude::*;

/// What the walk shows.
#[derive(PartialEq, Properties)]
pub struct PageWalkProps {
    /// The walk.
    pub walk: WalkView,
}

/// The page walk of an address.
#[component]
pub fn PageWalk(props: &PageWalkProps) -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let lit = use_lit();
    let walk = &props.walk;
    let unknown = store.session.is_entry_unrecorded(walk);
    let levels = walk.levels.iter().map(|level| entry_of(level, unknown, &store, &pointed, &lit));
    html! {
        <section class="walk" role={store.place.panel_role()} aria-label="Page walk" data-testid="page-walk">
            <h3>{ "Page walk" }<small>{ subtitle(walk) }</small></h3>
            <ol class="levels">
                { for levels }
            </ol>
            if let Some(entry) = walk.entry.filter(|entry| entry.present) {
                { entry_bits(entry) }
                { walk_end(walk, entry, &pointed, &lit) }
            } else {
                <p class="walk-end stopped" data-testid="walk-stops">{ if unknown { NOT_RECORDED.to_owned() } else { stop(walk) } }</p>
            }
        </section>
    }
}

/// How many indices there are, and what comes behind them.
fn subtitle(walk: &WalkView) -> &'static str {
    if walk.entry.is_some_and(|entry| entry.huge) {
        "three indices, then the offset in the huge page of 2 MiB"
    } else {
        "four indices, then the offset in the page"
    }
}

/// An entry of a table; pointing at it lights the addresses that it translates.
fn entry_of(
    level: &WalkLevel,
    unknown: bool,
    store: &StoreContext,
    pointed: &PointedContext,
    lit: &Lit,
) -> Html {
    let (high, low) = level.bits;
    let (start, length) = level.covers;
    let (class, state) = match (level.reached, level.present) {
        (_, true) => ("level", "present"),
        _ if unknown => ("level unreached", "not recorded"),
        (true, false) => ("level absent", "not present"),
        (false, false) => ("level unreached", "not reached"),
    };
    let covers = format!("{} from {}", text::short_size(length), text::hex(start));
    let words = format!("{} entry {}, {state}: translates {covers}", level.name, level.index);
    let point = {
        let pointed = pointed.clone();
        move || pointed.set(Some(Pointed::bytes(start, length)))
    };
    let (onmouseenter, onfocus) = {
        let (point, again) = (point.clone(), point);
        (move |_: MouseEvent| point(), move |_: FocusEvent| again())
    };
    let (onmouseleave, onblur) = {
        let (pointed, again) = (pointed.clone(), pointed.clone());
        (move |_: MouseEvent| pointed.set(None), move |_: FocusEvent| again.set(None))
    };
    let onclick = {
        let (dispatcher, words) = (store.dispatcher(), words.clone());
        move |_: MouseEvent| dispatcher.dispatch(Action::Say(words.clone().into()))
    };
    let lights = lit.overlaps(start, length).then_some("lit");
    html! {
        <li>
            <button type="button" class={classes!(class, lights)} title={format!("{}\nbits {high} to {low} of the address\n{words}", table(level.name))}
                {onclick} {onmouseenter} {onmouseleave} {onfocus} {onblur} data-testid={format!("walk-{}", level.name)}>
                <b>{ level.name }</b>
                <span class="mono index">{ format!("[{}]", level.index) }</span>
                <small>{ format!("bits {high}–{low}") }</small>
                <small class="state">{ state }</small>
            </button>
        </li>
    }
}

/// What Linux calls the table.
fn table(name: &str) -> &'static str {
    match name {
        "PGD" => "page global directory: the first table, which CR3 leads to",
        "PUD" => "page upper directory: the second table",
        "PMD" => "page middle directory: the third table",
        _ => "page table: the last one, whose entries lead to frames",
    }
}

/// What is said of a walk where it is not known how far it gets.
const NOT_RECORDED: &str = "How far the walk gets is not recorded.";

/// Where the walk stops.
fn stop(walk: &WalkView) -> String {
    match walk.stops_at() {
        Some(level) => format!(
            "The walk stops at {}[{}]: its entry is not present. An access now would be a page fault, and the kernel decides what comes of it.",
            level.name, level.index
        ),
        None => {
            "The walk stops here: an access now would be a page fault, and the kernel decides what comes of it.".to_owned()
        }
    }
}

/// Frame, offset, physical address and byte.
fn walk_end(walk: &WalkView, entry: EntryView, pointed: &PointedContext, lit: &Lit) -> Html {
    let physical = u64::from(entry.frame) * mmap_playground_core::address::PAGE_SIZE + walk.offset;
    let frame = entry.frame;
    let point = {
        let pointed = pointed.clone();
        move || pointed.set(Some(Pointed::frame(frame)))
    };
    let (onmouseenter, onfocus) = {
        let (point, again) = (point.clone(), point);
        (move |_: MouseEvent| point(), move |_: FocusEvent| again())
    };
    let (onmouseleave, onblur) = {
        let (pointed, again) = (pointed.clone(), pointed.clone());
        (move |_: MouseEvent| pointed.set(None), move |_: FocusEvent| again.set(None))
    };
    let class = classes!("walk-frame", "mono", lit.frame(frame).then_some("lit"));
    html! {
        <p class="walk-end mono">
            <span {class} tabindex="0" role="note" aria-label={format!("frame {frame}: its pages light")}
                {onmouseenter} {onmouseleave} {onfocus} {onblur} data-testid="walk-frame">{ format!("frame {frame}") }</span>
            { format!(" + {} ", text::hex(walk.offset)) }
            <span class="walk-physical">{ format!("= physical {}", text::hex(physical)) }</span>
            if let Some(byte) = walk.byte {
                <span data-testid="walk-byte">{ format!(" : byte {byte:#04x}") }</span>
            }
        </p>
    }
}

fn entry_bits(entry: EntryView) -> Html {
    let bits = [
        ("P", "present", entry.present),
        ("W", "writable", entry.writable),
        ("U", "user", entry.user),
        ("A", "accessed", entry.accessed),
        ("D", "dirty", entry.dirty),
        ("PS", "maps 2 MiB", entry.huge),
        ("NX", "no exec", entry.no_execute),
    ];
    // The page-size bit says something in entries of the third level only.
    let bits = bits.iter().filter(|(letter, ..)| *letter != "PS" || entry.huge);
    html! {
        <ul class="bits" aria-label="Bits of the page-table entry">
            { for bits.map(|(letter, name, set)| html! {
                <li class={if *set { "set" } else { "clear" }} title={format!("{name}: {}", u8::from(*set))}>
                    <b class="mono">{ *letter }</b><small>{ *name }</small><span class="mono">{ u8::from(*set) }</span>
                </li>
            }) }
            if entry.key != 0 {
                <li class="set" title={format!("protection key {}: no loads and stores", entry.key)}>
                    <b class="mono">{ "PK" }</b><small>{ "key" }</small><span class="mono">{ entry.key }</span>
                </li>
            }
        </ul>
    }
}
