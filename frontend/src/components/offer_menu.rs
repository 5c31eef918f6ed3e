//! The small menu at a selection: the calls that make sense there, with their C text.

use crate::calls::{ArgKind, Draft, spec};
use crate::components::icons;
use crate::grid::offers::{Offer, offers};
use crate::store::{Action, use_store};
use crate::text;
use mmap_playground_core::address::PageRange;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

/// Greatest height of the menu, in CSS pixels.
const TALLEST: f64 = 440.0;

/// Where the menu stands, and for what.
#[derive(PartialEq, Properties)]
pub struct OfferMenuProps {
    /// The selection.
    pub range: PageRange,
    /// Where the pointer was, in the box around the grid.
    pub x: f64,
    /// The same, downward.
    pub y: f64,
    /// Size of that box.
    pub within: (f64, f64),
    /// Room on the screen above and below that point.
    pub room: (f64, f64),
    /// Called when the menu should go.
    pub on_close: Callback<()>,
}

/// The menu.
#[component]
pub fn OfferMenu(props: &OfferMenuProps) -> Html {
    let store = use_store();
    let menu = use_node_ref();
    let list = offers(&store.moment.vmas, props.range);
    {
        let menu = menu.clone();
        use_effect_with(props.range, move |_| focus_item(&menu, 0));
    }
    let onkeydown = {
        let (menu, on_close) = (menu.clone(), props.on_close.clone());
        move |event: KeyboardEvent| {
            let step: i32 = match event.key().as_str() {
                "ArrowDown" => 1,
                "ArrowUp" => -1,
                "Escape" => {
                    event.prevent_default();
                    event.stop_propagation();
                    focus_map(&menu);
                    on_close.emit(());
                    return;
                }
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            focus_item(&menu, step);
        }
    };
    let items = list.iter().map(|offer| {
        let run = {
            let (dispatcher, on_close, line) =
                (store.dispatcher(), props.on_close.clone(), offer.line.clone());
            let menu = menu.clone();
            move |_| {
                focus_map(&menu);
                on_close.emit(());
                dispatcher.dispatch(Action::Run(line.clone()));
            }
        };
        let edit = {
            let (dispatcher, on_close, draft) =
                (store.dispatcher(), props.on_close.clone(), draft_of(offer));
            move |_| {
                on_close.emit(());
                if let Some(draft) = &draft {
                    dispatcher.dispatch(Action::Form(draft.spec.name));
                    dispatcher.dispatch(Action::Fill(draft.clone()));
                }
            }
        };
        html! {
            <li role="none">
                <button type="button" role="menuitem" class="offer" onclick={run} data-testid="offer" data-line={offer.line.clone()}>
                    <span>{ &offer.label }</span>
                    <code>{ &offer.line }</code>
                </button>
                <button type="button" role="menuitem" tabindex="-1" class="button quiet" onclick={edit} aria-label={format!("{}: edit in the form", offer.label)} title="Edit in the form">{ icons::edit() }</button>
            </li>
        }
    });
    let close = {
        let on_close = props.on_close.clone();
        move |_| on_close.emit(())
    };
    let width = 340.0_f64.min(props.within.0 - 16.0);
    let left = (props.x + 8.0).min(props.within.0 - width - 8.0).max(8.0);
    let (above, below) = props.room;
    let side = if below > TALLEST + 20.0 || below > above {
        format!(
            "top:{:.0}px;max-height:{:.0}px",
            props.y + 10.0,
            (below - 20.0).clamp(160.0, TALLEST)
        )
    } else {
        let bottom = props.within.1 - props.y + 10.0;
        format!("bottom:{bottom:.0}px;max-height:{:.0}px", (above - 20.0).clamp(160.0, TALLEST))
    };
    html! {
        <div class="offers" ref={&menu} style={format!("left:{left:.0}px;width:{width:.0}px;{side}")} {onkeydown} data-testid="offer-menu">
            <div class="offers-head">
                <span class="mono">{ format!("{}", props.range) }</span>
                <span>{ text::count(props.range.page_count(), "page") }</span>
                <button type="button" class="button quiet" onclick={close} aria-label="Close the menu">{ icons::close() }</button>
            </div>
            <ul role="menu" aria-label="Calls for the selection">{ for items }</ul>
        </div>
    }
}

fn focus_map(menu: &NodeRef) {
    if let Some(menu) = menu.cast::<HtmlElement>() {
        crate::browser::focus_near(&menu, "[data-testid=page-grid]");
    }
}

fn focus_item(menu: &NodeRef, step: i32) {
    let Some(menu) = menu.cast::<HtmlElement>() else { return };
    let Ok(items) = menu.query_selector_all(".offer") else { return };
    let count = items.length() as i32;
    let current = (0..items.length()).find(|index| {
        let item = items.item(*index).and_then(|item| item.dyn_into::<web_sys::Element>().ok());
        item.is_some_and(|item| item.matches(":focus").unwrap_or(false))
    });
    let target = match current {
        Some(current) if count > 0 => (current as i32 + step).rem_euclid(count),
        _ => 0,
    };
    let item = items.item(target as u32).and_then(|item| item.dyn_into::<HtmlElement>().ok());
    if let Some(item) = item {
        let _ = item.focus();
    }
}

/// The form filled in as an offer has it.
fn draft_of(offer: &Offer) -> Option<Draft> {
    let (name, rest) = offer.line.split_once('(')?;
    let spec = spec(name)?;
    let mut draft = Draft::new(spec);
    let arguments = rest.strip_suffix(')')?.split(", ");
    for (index, argument) in arguments.enumerate() {
        let text = matches!(spec.args.get(index)?.kind, ArgKind::Text);
        let value = if text { argument.trim_matches('"') } else { argument };
        if let Some(place) = draft.values.get_mut(index) {
            value.clone_into(place);
        }
    }
    Some(draft)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::vma;
    use mmap_playground_core::address::PAGE_SIZE;

    #[test]
    fn every_offer_can_be_edited_and_says_the_same() {
        let vmas = [vma(0x1_0000, 4, "rw-")];
        for range in [(0x1_0000, 2), (0x5_0000, 2)] {
            let range = PageRange::new(range.0, range.0 + range.1 * PAGE_SIZE).unwrap();
            for offer in offers(&vmas, range) {
                let line = draft_of(&offer).unwrap().line();
                let same = line == offer.line || line.starts_with(offer.line.trim_end_matches(')'));
                assert!(same, "{line} is not {}", offer.line);
            }
        }
    }
}
