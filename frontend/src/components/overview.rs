//! The whole address space as one strip, low addresses on the left, holes folded.

use crate::grid::strip::{self, Item, What};
use crate::lit::{Pointed, use_lit};
use crate::store::{Action, use_pointed, use_store};
use crate::text;
use mmap_playground_core::state::VmaView;
use yew::prelude::*;

/// How many pieces the strip has at most, about.
const MOST: usize = 160;

/// A piece of the strip with its words.
#[derive(PartialEq)]
struct Piece {
    item: Item,
    style: AttrValue,
    label: AttrValue,
    title: AttrValue,
    name: AttrValue,
}

impl Piece {
    fn new(item: Item, vmas: &[VmaView]) -> Piece {
        let style = format!("left:{:.4}%;width:{:.4}%", item.left * 100.0, item.width * 100.0);
        let range = item.range;
        let (label, title, name) = match item.what {
            What::Hole => {
                let title = format!("{} free", text::bytes(range.size_bytes()));
                (String::new(), title, String::new())
            }
            What::Vmas(first, count) => {
                let vma = vmas.get(first);
                let label = vma.map(|vma| vma.label.to_string()).unwrap_or_default();
                let label = if count > 1 { format!("{count} VMAs") } else { label };
                let prot = vma.map_or("---", |vma| vma.prot.letters());
                let range = text::range(range);
                let title = format!("{label} {prot}\n{range}");
                let name = format!("{label} {prot} {range}");
                (label, title, name)
            }
        };
        let (label, title, name) = (label.into(), title.into(), name.into());
        Piece { item, style: style.into(), label, title, name }
    }
}

/// The strip.
#[component]
pub fn Overview() -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let lit = use_lit();
    // The words once for each state: what lights changes with every move of the pointer.
    let items = use_memo(store.revision, |_| {
        let items = strip::layout(&store.moment.vmas, MOST);
        items.into_iter().map(|item| Piece::new(item, &store.moment.vmas)).collect::<Vec<_>>()
    });
    let pieces = items.iter().map(|piece| {
        let Piece { item, style, label, title, name } = piece;
        let (range, style, title) = (item.range, style.clone(), title.clone());
        let lit = lit.overlaps(range.start(), range.size_bytes());
        let here = store.cursor.is_some_and(|cursor| range.contains(cursor));
        let enter = {
            let pointed = pointed.clone();
            move |_: MouseEvent| pointed.set(Some(Pointed::pages(range)))
        };
        match item.what {
            What::Hole => html! {
                <span class="strip-hole" {style} {title}></span>
            },
            What::Vmas(first, _) => {
                let vma = store.moment.vmas.get(first);
                let prot = vma.map_or("---", |vma| vma.prot.letters());
                let hazard = vma.is_some_and(|vma| vma.writable_and_executable);
                let dispatcher = store.dispatcher();
                let onclick = move |_| dispatcher.dispatch(Action::Show(range.start()));
                let roomy = item.width > 0.018 + 0.011 * label.chars().count().min(6) as f64;
                let class = classes!(
                    "strip-vma",
                    lit.then_some("lit"),
                    here.then_some("here"),
                    hazard.then_some("hazard")
                );
                html! {
                    <button type="button" tabindex="-1" {class} {style} data-prot={prot} {onclick} onmouseenter={enter}
                        {title} aria-label={name.clone()}>
                        if roomy { <span>{ label.clone() }</span> }
                    </button>
                }
            }
        }
    });
    let leave = {
        let pointed = pointed.clone();
        move |_: MouseEvent| pointed.set(None)
    };
    html! {
        <div class="overview" data-testid="overview">
            <div class="strip" onmouseleave={leave}>{ for pieces }</div>
            <div class="strip-scale" aria-hidden="true">
                <span class="mono">{ "0" }</span>
                <span>{ "logarithmic widths, holes folded" }</span>
                <span class="mono">{ "0x7fff\u{2009}ffff\u{2009}f000" }</span>
            </div>
        </div>
    }
}
