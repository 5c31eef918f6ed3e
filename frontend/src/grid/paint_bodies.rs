//! The bodies of pages: fills, outlines and crosses. Pages that look alike are painted in one go: a
//! far level shows thousands, and a path for each takes several times as long.

use crate::grid::paint::{Inset, add_cross, add_outline, inset, set_dash, stroke, stroke_cross};
use crate::grid::scene::{Cell, Marks};
use crate::theme::Palette;
use mmap_playground_core::abi::Prot;
use web_sys::CanvasRenderingContext2d as Context;

/// What is behind a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Behind {
    /// A frame of its own, or of a file.
    Frame,
    /// The zero page: it holds something, but no frame of its own.
    Zeros,
    /// Nothing.
    Nothing,
}

impl Behind {
    pub(super) fn of(marks: Marks) -> Behind {
        match (marks.contains(Marks::RESIDENT), marks.contains(Marks::ZERO_PAGE)) {
            (true, _) => Behind::Frame,
            (false, true) => Behind::Zeros,
            (false, false) => Behind::Nothing,
        }
    }

    /// The colour of marks on a page.
    pub(super) fn ink(self, prot: Prot, palette: &Palette) -> &str {
        match self {
            Behind::Frame => &palette.on_fill,
            Behind::Zeros => &palette.ink,
            Behind::Nothing => palette.prot(prot),
        }
    }
}

/// What pages that are painted in one go have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Look {
    prot: Prot,
    behind: Behind,
    inferred: bool,
}

/// Paints the bodies of all pages, and a dot for each that is not mapped.
pub(super) fn bodies(context: &Context, cells: &[Cell], palette: &Palette, motion: f64) {
    context.set_fill_style_str(&palette.line);
    for cell in cells.iter().filter(|cell| cell.prot.is_none()) {
        let size = if cell.width < 15.0 { 1.0 } else { 2.0 };
        let (x, y) = (cell.x + cell.width / 2.0, cell.y + cell.height / 2.0);
        context.fill_rect(x - size / 2.0, y - size / 2.0, size, size);
    }
    gone(context, cells, palette);
    for (look, cells) in alike(cells) {
        look.paint(context, &cells, palette, motion);
    }
}

/// The mapped pages, by their look: there are few.
fn alike(cells: &[Cell]) -> Vec<(Look, Vec<(&Cell, Inset)>)> {
    let mut alike: Vec<(Look, Vec<(&Cell, Inset)>)> = Vec::new();
    for cell in cells {
        let Some(prot) = cell.prot else { continue };
        let behind = Behind::of(cell.marks);
        let inferred = behind != Behind::Frame && cell.marks.contains(Marks::INFERRED);
        let look = Look { prot, behind, inferred };
        let page = (cell, inset(cell));
        match alike.iter_mut().find(|(known, _)| *known == look) {
            Some((_, pages)) => pages.push(page),
            None => alike.push((look, vec![page])),
        }
    }
    alike
}

/// The pages that the last call unmapped.
fn gone(context: &Context, cells: &[Cell], palette: &Palette) {
    let mut gone = cells.iter().filter(|it| it.prot.is_none() && it.marks.contains(Marks::GONE));
    let Some(first) = gone.next() else { return };
    context.begin_path();
    for cell in std::iter::once(first).chain(gone) {
        add_outline(context, &inset(cell), -0.5);
    }
    set_dash(context, &[3.0, 3.0]);
    stroke(context, &palette.changed, 1.0);
    set_dash(context, &[]);
}

impl Look {
    fn paint(self, context: &Context, cells: &[(&Cell, Inset)], palette: &Palette, motion: f64) {
        let color = palette.prot(self.prot);
        context.set_fill_style_str(color);
        context.begin_path();
        for (cell, inset) in cells {
            // A page that a fault brought grows from its middle.
            let arriving = motion < 1.0 && cell.marks.contains(Marks::FAULTED);
            let half = inset.width.min(inset.height) / 2.0;
            add_outline(context, inset, if arriving { (motion - 1.0) * half } else { 0.0 });
        }
        context.set_global_alpha(match self.behind {
            Behind::Frame => 1.0,
            Behind::Zeros => 0.42,
            Behind::Nothing => 0.14,
        });
        context.fill();
        context.set_global_alpha(1.0);
        if self.behind != Behind::Frame {
            context.begin_path();
            for (_, inset) in cells {
                add_outline(context, inset, -0.5);
            }
            if self.inferred {
                set_dash(context, &[3.0, 2.0]);
            }
            stroke(context, color, 1.0);
            if self.inferred {
                set_dash(context, &[]);
            }
        }
        let ink = self.behind.ink(self.prot, palette);
        if self.prot.is_empty() {
            context.begin_path();
            cells.iter().for_each(|(_, inset)| add_cross(context, inset, false));
            stroke_cross(context, ink, 0.5);
        }
        let mut beyond =
            cells.iter().filter(|(cell, _)| cell.marks.contains(Marks::BEYOND_END)).peekable();
        if beyond.peek().is_some() {
            context.begin_path();
            beyond.for_each(|(_, inset)| add_cross(context, inset, true));
            stroke_cross(context, ink, 0.9);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: Cell = Cell {
        x: 0.0,
        y: 0.0,
        width: 20.0,
        height: 20.0,
        address: 0,
        prot: None,
        frame: None,
        frame_mappings: 0,
        marks: Marks::empty(),
        starts: false,
        ends: false,
        lit: false,
        selected: false,
        cursor: false,
    };

    #[test]
    fn pages_that_look_alike_are_together() {
        let page = |prot, marks| Cell { prot, marks, ..CELL };
        let read = Some(Prot::READ);
        let cells = [
            page(read, Marks::RESIDENT),
            page(None, Marks::GONE),
            page(read, Marks::ABSENT | Marks::INFERRED),
            page(read, Marks::RESIDENT | Marks::DIRTY | Marks::INFERRED),
            page(read, Marks::ABSENT),
        ];
        let alike = alike(&cells);
        let counts: Vec<_> = alike.iter().map(|(look, cells)| (look.behind, cells.len())).collect();
        let nothing = (Behind::Nothing, 1);
        assert_eq!(counts, [(Behind::Frame, 2), nothing, nothing]);
    }
}
