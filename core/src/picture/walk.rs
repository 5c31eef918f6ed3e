//! The panel of a page walk: four levels from left to right, and what an access would meet.

use super::ink::{shortened, tenths, text};
use crate::address::Address;
use crate::process::Process;
use crate::state::{self, EntryView, WalkLevel, WalkView};
use svg::node::element::{Group, Rectangle};

/// Width and height of a level's box, and the distance to the next.
const BOX: (f64, f64, f64) = (164.0, 56.0, 20.0);

/// Draws the walk of an address from `top` down; gives where it ends.
pub(super) fn draw(process: &Process, subject: Option<Address>, top: f64) -> (Group, f64) {
    let Some(address) = subject else {
        let words = "Page walk: the last call was about no address";
        return (Group::new().add(text(16.0, top + 14.0, words, "as-muted")), top + 30.0);
    };
    let walk = state::walk(process, address);
    let title = format!("Page walk of {address:#x}");
    let mut group = Group::new().add(text(16.0, top + 14.0, &title, "as-title"));
    let y = top + 26.0;
    for (place, level) in walk.levels.iter().enumerate() {
        group = group.add(level_box(level, place, y));
    }
    group = group.add(end_box(&walk, y));
    let mut y = y + BOX.1 + 20.0;
    let would = &walk.would;
    for (name, forecast) in
        [("load", &would.load), ("store", &would.store), ("fetch", &would.fetch)]
    {
        group = group.add(text(
            16.0,
            y,
            &shortened(&format!("{name:<6}{}", forecast.text), 138),
            "as-forecast",
        ));
        y += 18.0;
    }
    (group, y + 14.0)
}

fn frame_of(place: usize, y: f64) -> Rectangle {
    Rectangle::new()
        .set("x", tenths(left(place)))
        .set("y", y)
        .set("width", BOX.0)
        .set("height", BOX.1)
        .set("fill", "none")
}

fn left(place: usize) -> f64 {
    16.0 + place as f64 * (BOX.0 + BOX.2)
}

fn level_box(level: &WalkLevel, place: usize, y: f64) -> Group {
    let (stroke, words) = match (level.reached, level.present) {
        (false, _) => ("#b9b4a9", "not reached"),
        (true, false) => ("#b02347", "not present: the walk stops"),
        (true, true) => ("#16744f", "present"),
    };
    let x = left(place) + 8.0;
    let index = format!("{} [{}]", level.name, level.index);
    let bits = format!("bits {} to {}", level.bits.0, level.bits.1);
    Group::new()
        .set("class", "as-level")
        .add(frame_of(place, y).set("stroke", stroke))
        .add(text(x, y + 17.0, &index, "as-letters"))
        .add(text(x, y + 33.0, &bits, "as-muted"))
        .add(text(x, y + 49.0, words, "as-level-state").set("font-size", 9))
}

fn end_box(walk: &WalkView, y: f64) -> Group {
    let x = left(walk.levels.len()) + 8.0;
    let group = Group::new().set("class", "as-walk-end");
    let Some(entry) = walk.entry.filter(|entry| entry.present) else {
        return group.add(text(x, y + 33.0, "no frame", "as-muted"));
    };
    let byte = walk.byte.map_or("may not be read".to_owned(), |byte| format!("byte {byte:#04x}"));
    let frame = match entry.frame {
        0 => "the zero page".to_owned(),
        number => format!("frame {number}"),
    };
    group
        .add(frame_of(walk.levels.len(), y).set("stroke", "#2b63ad"))
        .add(text(x, y + 17.0, &frame, "as-letters"))
        .add(text(x, y + 33.0, &format!("+{:#x}, {byte}", walk.offset), "as-muted"))
        .add(text(x, y + 49.0, &bits(&entry), "as-level-state").set("font-size", 9))
}

fn bits(entry: &EntryView) -> String {
    let named = [
        (entry.huge, "PS"),
        (entry.writable, "writable"),
        (entry.accessed, "accessed"),
        (entry.dirty, "dirty"),
        (entry.no_execute, "NX"),
    ];
    let set: Vec<&str> = named.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    set.join(" ")
}
