//! The panel of physical memory: a cell a frame, in the colour of the VMA that maps it.

use super::ink::{color, tenths, text};
use crate::address::PAGE_SIZE;
use crate::process::Process;
use crate::state::{self, FrameUse, FrameView};
use svg::node::element::{Group, Rectangle, Title};

/// Frames that are drawn; the rest is counted.
const MOST: u32 = 320;
/// Frames in a row.
const ROW: usize = 20;
/// Width and height of a cell.
const CELL: (f64, f64) = (46.0, 26.0);

/// Draws the frames from `top` down; gives where it ends.
pub(super) fn draw(process: &Process, top: f64) -> (Group, f64) {
    let totals = state::totals(process);
    let words = format!(
        "Frames: {} of {} in use, {} bytes each",
        totals.frames_used, totals.frames_limit, PAGE_SIZE
    );
    let mut group = Group::new().add(text(16.0, top + 14.0, &words, "as-title"));
    let y = top + 26.0;
    let frames = state::frames(process, 0, MOST);
    for (index, frame) in frames.iter().enumerate() {
        let x = 16.0 + (index % ROW) as f64 * CELL.0;
        group = group.add(cell(frame, x, y + (index / ROW) as f64 * CELL.1));
    }
    let y = y + frames.len().div_ceil(ROW) as f64 * CELL.1;
    let drawn = frames.iter().filter(|frame| in_use(frame)).count() as u64;
    let more = u64::from(totals.frames_used).saturating_sub(drawn);
    let mut legend = String::from(
        "number of each frame, ×n: mapped by n pages · filled: mapped · outlined: a page of a file that no page maps · dotted: free · 0: the zero page",
    );
    if more > 0 {
        legend = format!("and {more} more · {legend}");
    }
    (group.add(text(16.0, y + 18.0, &legend, "as-muted")), y + 36.0)
}

/// Says whether a frame counts as in use: the zero page is the kernel's.
fn in_use(frame: &FrameView) -> bool {
    !matches!(frame.usage, FrameUse::Free | FrameUse::ZeroPage)
}

fn cell(frame: &FrameView, x: f64, y: f64) -> Group {
    let owner = frame.owner.as_ref();
    let fill = owner.map_or("none", |owner| color(owner.prot));
    let free = frame.usage == FrameUse::Free;
    let rectangle = Rectangle::new()
        .set("x", tenths(x))
        .set("y", tenths(y))
        .set("width", CELL.0 - 4.0)
        .set("height", CELL.1 - 4.0)
        .set("fill", fill)
        .set("stroke", owner.map_or("#6a7078", |owner| color(owner.prot)))
        .set("stroke-dasharray", if free { "1 3" } else { "none" });
    let words = match frame.mappings {
        0 | 1 => frame.number.to_string(),
        many => format!("{} ×{many}", frame.number),
    };
    let ink = if owner.is_some() { "#ffffff" } else { "#1d2126" };
    let number =
        text(x + (CELL.0 - 4.0) / 2.0, y + 15.0, &words, "as-frame-number").set("fill", ink);
    let class = if free { "as-free-frame" } else { "as-frame" };
    Group::new()
        .set("class", class)
        .add(Title::new(super::ink::clean(&told(frame))))
        .add(rectangle)
        .add(number.set("text-anchor", "middle"))
}

fn told(frame: &FrameView) -> String {
    match &frame.usage {
        FrameUse::Free => "free".to_owned(),
        FrameUse::ZeroPage => "the zero page".to_owned(),
        FrameUse::Anonymous => "a page of private memory".to_owned(),
        FrameUse::File { name, offset } => format!("{name} from byte {offset} on"),
    }
}
