//! The page walk: how the processor gets from an address to a frame, and where it stops.

use crate::text;
use mmap_playground_core::state::{EntryView, WalkView};
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
    let walk = &props.walk;
    let levels = walk.levels.iter().map(|level| {
        let (high, low) = level.bits;
        let (class, state) = match (level.reached, level.present) {
            (_, true) => ("level", "present"),
            (true, false) => ("level absent", "not present"),
            (false, false) => ("level unreached", "not reached"),
        };
        html! {
            <li {class} title={format!("bits {high} to {low} of the address")}>
                <b>{ level.name }</b>
                <span class="mono index">{ format!("[{}]", level.index) }</span>
                <small>{ format!("bits {high}–{low}") }</small>
                <small class="state">{ state }</small>
            </li>
        }
    });
    html! {
        <section class="walk" aria-label="Page walk" data-testid="page-walk">
            <h3>{ "Page walk" }</h3>
            <ol class="levels">
                { for levels }
            </ol>
            if let Some(entry) = walk.entry.filter(|entry| entry.present) {
                { entry_bits(entry) }
                <p class="walk-end mono">
                    { format!("frame {} + {} ", entry.frame, text::hex(walk.offset)) }
                    <span>{ format!("= physical {}", text::hex(u64::from(entry.frame) * 4096 + walk.offset)) }</span>
                </p>
            } else {
                <p class="walk-end stopped">{ "The walk stops here: the access is a page fault, and the kernel decides." }</p>
            }
        </section>
    }
}

fn entry_bits(entry: EntryView) -> Html {
    let bits = [
        ("P", "present", entry.present),
        ("W", "writable", entry.writable),
        ("U", "user", entry.user),
        ("A", "accessed", entry.accessed),
        ("D", "dirty", entry.dirty),
        ("NX", "no-execute", entry.no_execute),
    ];
    html! {
        <ul class="bits" aria-label="Bits of the page-table entry">
            { for bits.iter().map(|(letter, name, set)| html! {
                <li class={if *set { "set" } else { "clear" }} title={format!("{name}: {}", u8::from(*set))}>
                    <b class="mono">{ *letter }</b><small>{ *name }</small><span class="mono">{ u8::from(*set) }</span>
                </li>
            }) }
        </ul>
    }
}
