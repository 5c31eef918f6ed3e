//! The bytes around an address. Typing hex digits over a byte stores it: as a line in the console,
//! like everything else.

use crate::grid::heap::{self, Piece};
use crate::lit::{Pointed, use_lit};
use crate::store::{Action, use_pointed, use_store};
use crate::text;
use mmap_playground_core::address::{Address, PageRange};
use mmap_playground_core::heap::HeapShape;
use mmap_playground_core::state::HeapState;
use yew::prelude::*;

/// Bytes in a row.
const ROW: u64 = 8;
/// Rows shown.
const ROWS: u64 = 14;
/// Rows above the address.
const ABOVE: u64 = 2;

/// What the view shows.
#[derive(PartialEq, Properties)]
pub struct HexViewProps {
    /// The address.
    pub cursor: Address,
    /// Grows when memory may have changed.
    pub revision: u32,
}

/// The bytes around an address.
#[component]
pub fn HexView(props: &HexViewProps) -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let digit = use_state_eq(|| None::<(Address, u8)>);
    let cursor = props.cursor;
    // The window stays while the cursor moves inside it.
    let kept = use_mut_ref(|| 0_u64);
    let start = {
        let mut kept = kept.borrow_mut();
        let last = kept.saturating_add(ROW * (ROWS - 1));
        if !(*kept..=last).contains(&(cursor / ROW * ROW)) {
            *kept = (cursor / ROW * ROW).saturating_sub(ROW * ABOVE);
        }
        *kept
    };
    let bytes =
        use_memo((props.revision, start), |_| store.session.bytes(start, (ROW * ROWS) as usize));
    let parts = use_memo((props.revision, start), |_| {
        store.moment.heap.as_ref().map(|state| parts(state, start, ROW * ROWS)).unwrap_or_default()
    });
    let shape = store.moment.heap.as_ref().map(|state| state.shape.clone());
    let changes = &store.moment.changes;
    let lit = use_lit();
    let rows = (0..ROWS).map(|row| {
        let address = start.saturating_add(row * ROW);
        let cells = (0..ROW).map(|column| {
            let address = address.saturating_add(column);
            let byte = bytes.get((row * ROW + column) as usize).copied().flatten();
            let part = parts.iter().find(|piece| piece.holds(address));
            let class = classes!(
                "byte",
                (address == cursor).then_some("here"),
                (byte == Some(0)).then_some("zero"),
                byte.is_none().then_some("none"),
                part.map(|piece| piece.part.class()),
                changes.touches(address).then_some("changed"),
                lit.overlaps(address, 1).then_some("lit"),
            );
            let half = digit.filter(|(at, _)| *at == address).map(|(_, high)| format!("{high:x}_"));
            let shown = half.unwrap_or_else(|| byte.map_or_else(|| "··".to_owned(), |byte| format!("{byte:02x}")));
            let onclick = {
                let dispatcher = store.dispatcher();
                move |_: MouseEvent| dispatcher.dispatch(Action::Inspect(Some(address)))
            };
            let onmouseenter = {
                let pointed = pointed.clone();
                move |_: MouseEvent| pointed.set(Some(Pointed::bytes(address, 1)))
            };
            let what = part.map_or_else(String::new, |piece| format!(", {}", describe(piece, shape.as_ref(), address)));
            html! {
                <span {class} {onclick} {onmouseenter} title={format!("{}{what}", text::hex(address))} data-address={text::hex(address)}>{ shown }</span>
            }
        });
        let letters: String = (0..ROW)
            .map(|column| match bytes.get((row * ROW + column) as usize).copied().flatten() {
                Some(byte @ 0x20..=0x7e) => byte as char,
                Some(_) => '.',
                None => ' ',
            })
            .collect();
        html! {
            <div class="hex-row">
                <span class="hex-address">{ text::hex_column(address) }</span>
                <span class="hex-bytes">{ for cells }</span>
                <span class="hex-letters" aria-hidden="true">{ letters }</span>
            </div>
        }
    });
    let onkeydown = {
        let (store, digit) = (store.clone(), digit.clone());
        move |event: KeyboardEvent| {
            if event.ctrl_key() || event.meta_key() || event.alt_key() {
                return;
            }
            let key = event.key();
            let moved = match key.as_str() {
                "ArrowRight" => cursor.checked_add(1),
                "ArrowLeft" => cursor.checked_sub(1),
                "ArrowDown" => cursor.checked_add(ROW),
                "ArrowUp" => cursor.checked_sub(ROW),
                _ => None,
            };
            if let Some(address) = moved {
                digit.set(None);
                store.dispatch(Action::Inspect(Some(address)));
            } else if let Some(value) = single(&key).and_then(|c| c.to_digit(16)) {
                let value = value as u8;
                match *digit {
                    Some((at, high)) if at == cursor => {
                        digit.set(None);
                        store.dispatch(Action::Run(format!(
                            "store({cursor:#x}, {:#04x})",
                            high << 4 | value
                        )));
                        store.dispatch(Action::Inspect(cursor.checked_add(1)));
                    }
                    _ => digit.set(Some((cursor, value))),
                }
            } else {
                if key == "Escape" {
                    digit.set(None);
                }
                return;
            }
            event.prevent_default();
            event.stop_propagation();
        }
    };
    let onmouseleave = {
        let pointed = pointed.clone();
        move |_: MouseEvent| pointed.set(None)
    };
    let under = parts
        .iter()
        .find(|piece| piece.holds(cursor))
        .map(|piece| describe(piece, shape.as_ref(), cursor));
    let byte = bytes.get(cursor.wrapping_sub(start) as usize).copied().flatten();
    let unrecorded = byte.is_none()
        && PageRange::spanning(cursor, 1).is_some_and(|range| store.session.is_unrecorded(range));
    let none = if unrecorded { "not recorded" } else { "nothing" };
    let spoken = byte.map_or_else(|| none.to_owned(), |byte| format!("{byte:#04x}"));
    let hint = if unrecorded {
        "not recorded: neither a log nor a maps text holds contents"
    } else {
        "type hex digits over a byte to store it"
    };
    html! {
        <section class="hex" role={store.place.panel_role()} aria-label="Bytes">
            <h3>{ "Bytes" }<small>{ under.unwrap_or_else(|| hint.to_owned()) }</small></h3>
            <div class="hex-rows mono" tabindex="0" role="application" aria-roledescription="hex view" {onkeydown} {onmouseleave}
                aria-label={format!("Bytes. {} is {spoken}. Arrow keys move, two hex digits store.", text::hex(cursor))} data-testid="hex">
                { for rows }
            </div>
        </section>
    }
}

fn single(key: &str) -> Option<char> {
    let mut characters = key.chars();
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

/// The pieces of the heap that stand in a window.
pub(crate) fn parts(state: &HeapState, start: Address, length: u64) -> Vec<Piece> {
    let window = Pointed::bytes(start, length);
    state
        .majors
        .iter()
        .filter(|major| window.overlaps(major.address, u64::from(major.size)))
        .flat_map(|major| heap::pieces(major, &state.shape, 1.0))
        .filter(|piece| window.overlaps(piece.address, piece.length))
        .collect()
}

/// What a byte of the heap is, down to the field.
fn describe(piece: &Piece, shape: Option<&HeapShape>, address: Address) -> String {
    let offset = address.saturating_sub(piece.address);
    match shape.and_then(|shape| heap::field(piece, shape, address)) {
        Some(field) => format!("{}: {field}", piece.part.name()),
        None => format!("{}, byte {offset} of {}", piece.part.name(), piece.length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::heap::Part;

    #[test]
    fn header_bytes_have_field_names() {
        let shape = mmap_playground_core::heap::HeapSetting::default().shape();
        let piece = Piece {
            part: Part::MinorHeader,
            address: 0x1000,
            length: 40,
            x: 0.0,
            width: 40.0,
            folded: false,
            block: Some(0),
        };
        assert_eq!(describe(&piece, Some(&shape), 0x1000), "minor header: prev");
        assert_eq!(describe(&piece, Some(&shape), 0x101b), "minor header: magic");
        assert_eq!(describe(&piece, Some(&shape), 0x1023), "minor header: req_size");
        assert_eq!(describe(&piece, Some(&shape), 0x1024), "minor header, byte 36 of 40");
    }
}
