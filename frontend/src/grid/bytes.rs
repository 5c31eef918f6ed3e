//! What the map shows nearest: the bytes of memory, as cells ready to paint.

use crate::grid::heap::{Part, Piece};
use crate::grid::layout::{Layout, Row};
use crate::grid::scene::{FoldBar, Marks, View, column_span, fold_bar, vma_marks};
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE};

/// A byte on screen.
#[derive(Clone, PartialEq, Debug)]
pub struct ByteCell {
    /// Left edge, top edge, width and height, in CSS pixels.
    pub place: (f64, f64, f64, f64),
    /// Its address.
    pub address: Address,
    /// What it is; nothing where nothing is mapped, or behind the end of a file.
    pub byte: Option<u8>,
    /// The protection of its VMA.
    pub prot: Option<Prot>,
    /// What it is of a heap block.
    pub part: Option<Part>,
    /// The first of its page.
    pub starts_page: bool,
    /// Its page changed in the last call.
    pub changed: bool,
    /// Pointed at.
    pub lit: bool,
    /// Selected.
    pub selected: bool,
    /// The one that the keyboard stands on.
    pub cursor: bool,
    /// What the last failure is about.
    pub why: bool,
}

/// All that is on screen.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ByteScene {
    /// Bytes, row by row.
    pub cells: Vec<ByteCell>,
    /// Folded holes.
    pub folds: Vec<FoldBar>,
    /// The address of each row, with its top.
    pub labels: Vec<(f64, Address)>,
    /// Every mark that is on screen.
    pub marks: Marks,
    /// Every protection that is on screen, in order.
    pub prots: Vec<Prot>,
}

/// Builds what is on screen. `bytes` gives memory as it stands, `parts` what the heap says of it.
pub fn bytes_scene(
    view: &View<'_>,
    layout: &Layout,
    bytes: &dyn Fn(Address, usize) -> Vec<Option<u8>>,
    parts: &dyn Fn(Address, u64) -> Vec<Piece>,
) -> ByteScene {
    let mut scene = ByteScene::default();
    let height = view.size.1;
    for (top, row) in layout.rows_between(view.top, view.top + height) {
        let y = (top - view.top).round();
        match row {
            Row::Fold(range) => scene.folds.push(fold_bar(view, y, range)),
            Row::Pages(start) => {
                scene.labels.push((y, start));
                row_cells(view, &mut scene, layout, (y, start), bytes, parts);
            }
        }
    }
    scene.prots.sort_unstable();
    scene.prots.dedup();
    scene
}

fn row_cells(
    view: &View<'_>,
    scene: &mut ByteScene,
    layout: &Layout,
    (y, start): (f64, Address),
    bytes: &dyn Fn(Address, usize) -> Vec<Option<u8>>,
    parts: &dyn Fn(Address, u64) -> Vec<Piece>,
) {
    let columns = layout.columns();
    // A row never crosses a page: its length divides the page size.
    let index = view.vmas.partition_point(|vma| vma.range.end() <= start);
    let vma = view.vmas.get(index).filter(|vma| vma.range.contains(start));
    let changed = vma.is_some() && view.changes.touches(start);
    if let Some(vma) = vma {
        scene.prots.push(vma.prot);
        scene.marks |= vma_marks(vma) & (Marks::FILE | Marks::SHARED | Marks::HAZARD);
        scene.marks.set(Marks::CHANGED, changed || scene.marks.contains(Marks::CHANGED));
    }
    let found = bytes(start, columns as usize);
    let pieces = parts(start, columns);
    for column in 0..columns {
        let address = start.saturating_add(column);
        let (x, width) = column_span(column, columns, view.size.0, view.gutter);
        let piece = pieces.iter().find(|piece| piece.holds(address));
        let why = view.why == Some(address);
        scene.marks.set(Marks::WHY, why || scene.marks.contains(Marks::WHY));
        scene.cells.push(ByteCell {
            place: (x, y, width, layout.cell_height()),
            address,
            byte: found.get(column as usize).copied().flatten(),
            prot: vma.map(|vma| vma.prot),
            part: piece.map(|piece| piece.part),
            starts_page: address.is_multiple_of(PAGE_SIZE),
            changed,
            lit: view.lit.overlaps(address, 1),
            selected: view.selection.is_some_and(|range| range.contains(address)),
            cursor: view.cursor == Some(address),
            why,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::change::Changes;
    use crate::grid::layout::Grain;
    use crate::lit::Lit;
    use crate::samples::vma;

    #[test]
    fn bytes_stand_in_rows_and_know_what_they_are() {
        let vmas = [vma(0x1_0000, 2, "rw-")];
        let grain = Grain { unit: 1, columns: 16, phase: 0 };
        let layout = Layout::of_grain(vmas.iter().map(|vma| vma.range), grain, 22.0);
        let lit = Lit { spans: vec![(0x1_0001, 1)], ..Lit::default() };
        let view = View {
            vmas: &vmas,
            pages: &|_| Vec::new(),
            changes: &Changes::default(),
            top: 0.0,
            size: (420.0, 60.0),
            gutter: 100.0,
            lit: &lit,
            selection: None,
            cursor: Some(0x1_0011),
            why: None,
        };
        let bytes = |address: Address, length: usize| {
            (0..length as u64).map(|at| Some((address + at) as u8)).collect()
        };
        let piece = Piece {
            part: Part::Payload,
            address: 0x1_0008,
            length: 4,
            x: 0.0,
            width: 0.0,
            folded: false,
            block: None,
        };
        let scene = bytes_scene(&view, &layout, &bytes, &|_, _| vec![piece.clone()]);
        assert_eq!(scene.folds.len(), 1);
        assert_eq!(scene.cells.len(), 32);
        assert_eq!(scene.cells[17].byte, Some(0x11));
        assert!(scene.cells[17].cursor && scene.cells[1].lit && !scene.cells[2].lit);
        assert_eq!(scene.cells[8].part, Some(Part::Payload));
        assert_eq!(scene.cells[12].part, None);
        assert_eq!(scene.cells[1].place.0, 120.0);
        assert_eq!(scene.prots.len(), 1);
    }
}
