//! What the grid shows: the state of the rows on screen, as cells ready to paint.
//!
//! Building a scene asks for the pages in view and nothing else, so that its cost depends on the
//! size of the screen only.

use crate::grid::change::Changes;
use crate::grid::layout::{FOLD_HEIGHT, Layout, Row};
use crate::lit::Lit;
pub use crate::lit::Pointed;
use crate::text;
use bitflags::bitflags;
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange, page_floor};
use mmap_playground_core::state::{PageView, VmaKind, VmaView};

bitflags! {
    /// The small marks of a cell; also those that the legend explains.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Marks: u32 {
        /// A page of a file.
        const FILE = 1;
        /// Shared with the file and other processes.
        const SHARED = 1 << 1;
        /// Still shares its frame, to be copied at a write.
        const COPY_ON_WRITE = 1 << 2;
        /// Written since it became resident.
        const DIRTY = 1 << 3;
        /// Read or written since it became resident.
        const ACCESSED = 1 << 4;
        /// Resident without a frame of its own: shows the zero page, or the huge one.
        const ZERO_PAGE = 1 << 5;
        /// Wholly behind the end of its file.
        const BEYOND_END = 1 << 6;
        /// Implied by a log, not made by a call.
        const INFERRED = 1 << 7;
        /// Writable and executable.
        const HAZARD = 1 << 8;
        /// Its frame is mapped by other pages too.
        const FRAME_SHARED = 1 << 9;
        /// Changed by the last call.
        const CHANGED = 1 << 10;
        /// Unmapped by the last call.
        const GONE = 1 << 11;
        /// A VMA was split at its start by the last call.
        const SPLIT = 1 << 12;
        /// Two VMAs became one at its start by the last call.
        const MERGED = 1 << 13;
        /// Resident, in a frame: filled.
        const RESIDENT = 1 << 14;
        /// Mapped and not resident: outlined.
        const ABSENT = 1 << 15;
        /// The place that the last failure is about.
        const WHY = 1 << 16;
        /// A page fault of the last call made it resident.
        const FAULTED = 1 << 17;
        /// A page fault of the last call copied it.
        const COPIED = 1 << 18;
    }
}

/// How much a cell of some width can say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Detail {
    /// Fill and outline only.
    Fill,
    /// Small marks as well.
    Marks,
    /// The letters of the protection as well.
    Letters,
    /// Address and frame as well.
    Text,
}

impl Detail {
    /// What fits into a width, in CSS pixels.
    pub fn of(width: f64) -> Detail {
        match width {
            w if w < 15.0 => Detail::Fill,
            w if w < 26.0 => Detail::Marks,
            w if w < 74.0 => Detail::Letters,
            _ => Detail::Text,
        }
    }
}

/// One page on screen.
#[derive(Clone, PartialEq, Debug)]
pub struct Cell {
    /// Left edge, in CSS pixels.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// First address.
    pub address: Address,
    /// The protection, if it is mapped.
    pub prot: Option<Prot>,
    /// Its frame, if it is resident.
    pub frame: Option<u32>,
    /// How many pages map its frame.
    pub frame_mappings: u32,
    /// Its marks.
    pub marks: Marks,
    /// A VMA starts here.
    pub starts: bool,
    /// A VMA ends here.
    pub ends: bool,
    /// Pointed at.
    pub lit: bool,
    /// Selected.
    pub selected: bool,
    /// The one that the keyboard stands on.
    pub cursor: bool,
}

/// A folded hole on screen.
#[derive(Clone, PartialEq, Debug)]
pub struct FoldBar {
    /// Top edge.
    pub y: f64,
    /// Height.
    pub height: f64,
    /// The hole.
    pub range: PageRange,
    /// What it says.
    pub text: String,
    /// Pointed at or selected.
    pub lit: bool,
}

/// All that is on screen.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scene {
    /// Pages, row by row.
    pub cells: Vec<Cell>,
    /// Folded holes.
    pub folds: Vec<FoldBar>,
    /// The address of each row, with its top.
    pub labels: Vec<(f64, Address)>,
    /// Every mark that is on screen: what the legend explains.
    pub marks: Marks,
    /// Every protection that is on screen, in order.
    pub prots: Vec<Prot>,
}

/// What to show, and of which state.
pub struct View<'a> {
    /// The VMAs, lowest first.
    pub vmas: &'a [VmaView],
    /// The mapped pages of a window.
    pub pages: &'a dyn Fn(PageRange) -> Vec<PageView>,
    /// What the last call changed.
    pub changes: &'a Changes,
    /// How far it is scrolled, in CSS pixels.
    pub top: f64,
    /// Size of the grid, in CSS pixels.
    pub size: (f64, f64),
    /// Width of the column of addresses.
    pub gutter: f64,
    /// What is lit, for something that is pointed at.
    pub lit: &'a Lit,
    /// What is selected.
    pub selection: Option<PageRange>,
    /// The page that the keyboard stands on.
    pub cursor: Option<Address>,
    /// The place that the last failure is about.
    pub why: Option<Address>,
}

/// Left edge and width of a column.
pub fn column_span(column: u64, columns: u64, width: f64, gutter: f64) -> (f64, f64) {
    let each = (width - gutter).max(1.0) / columns as f64;
    let left = (gutter + column as f64 * each).round();
    let right = (gutter + (column + 1) as f64 * each).round();
    (left, right - left)
}

/// Builds what is on screen of a grid of pages.
pub fn scene(view: &View<'_>, layout: &Layout) -> Scene {
    let mut scene = Scene::default();
    let (width, height) = view.size;
    let columns = layout.columns();
    for (top, row) in layout.rows_between(view.top, view.top + height) {
        let y = (top - view.top).round();
        match row {
            Row::Fold(range) => scene.folds.push(fold_bar(view, y, range)),
            Row::Pages(start) => {
                scene.labels.push((y, start));
                let end = start.saturating_add(columns * PAGE_SIZE);
                let Some(range) = PageRange::new(start, end) else { continue };
                row_cells(view, &mut scene, layout, (y, width), range);
            }
        }
    }
    for cell in &scene.cells {
        scene.marks |= cell.marks;
        if let Some(prot) = cell.prot
            && !scene.prots.contains(&prot)
        {
            scene.prots.push(prot);
        }
    }
    scene.prots.sort_unstable();
    scene
}

pub(super) fn fold_bar(view: &View<'_>, y: f64, range: PageRange) -> FoldBar {
    let lit = view.selection == Some(range)
        || view.why.is_some_and(|address| range.contains(address))
        || view.cursor.is_some_and(|address| range.contains(address));
    let text = format!("{} free", text::short_size(range.size_bytes()));
    FoldBar { y, height: FOLD_HEIGHT, range, text, lit }
}

fn row_cells(
    view: &View<'_>,
    scene: &mut Scene,
    layout: &Layout,
    (y, width): (f64, f64),
    row: PageRange,
) {
    let pages = (view.pages)(row);
    let mut pages = pages.iter().peekable();
    let mut vma_index = view.vmas.partition_point(|vma| vma.range.end() <= row.start());
    for (column, page) in row.pages().enumerate() {
        let address = page.start();
        while view.vmas.get(vma_index).is_some_and(|vma| vma.range.end() <= address) {
            vma_index += 1;
        }
        while pages.peek().is_some_and(|page| page.address < address) {
            pages.next();
        }
        let vma = view.vmas.get(vma_index).filter(|vma| vma.range.contains(address));
        let page = pages.peek().filter(|page| page.address == address).copied();
        let (x, cell_width) = column_span(column as u64, layout.columns(), width, view.gutter);
        let frame = page.and_then(|page| page.frame);
        let mut marks = Marks::empty();
        if let Some(vma) = vma {
            marks |= marks_of(vma, page);
        }
        marks.set(Marks::CHANGED, vma.is_some() && view.changes.touches(address));
        marks.set(Marks::GONE, vma.is_none() && view.changes.lost(address));
        marks.set(Marks::SPLIT, view.changes.splits.binary_search(&address).is_ok());
        marks.set(Marks::MERGED, view.changes.merges.binary_search(&address).is_ok());
        let fault = view.changes.fault_at(address);
        marks.set(Marks::FAULTED, fault.is_some());
        marks.set(Marks::COPIED, fault == Some(true));
        marks.set(Marks::WHY, view.why.is_some_and(|why| page_floor(why) == address));
        scene.cells.push(Cell {
            x,
            y,
            width: cell_width,
            height: layout.cell_height(),
            address,
            prot: vma.map(|vma| vma.prot),
            frame,
            frame_mappings: page.map_or(0, |page| page.frame_mappings),
            marks,
            starts: vma.is_some_and(|vma| vma.range.start() == address),
            ends: vma.is_some_and(|vma| vma.range.end() - PAGE_SIZE == address),
            lit: view.lit.lights(address, frame),
            selected: view.selection.is_some_and(|range| range.contains(address)),
            cursor: view.cursor.map(page_floor) == Some(address),
        });
    }
}

/// The marks of a VMA as a whole.
pub fn vma_marks(vma: &VmaView) -> Marks {
    let mut marks = Marks::empty();
    marks.set(Marks::FILE, matches!(vma.kind, VmaKind::PrivateFile | VmaKind::SharedFile));
    marks.set(Marks::SHARED, vma.shared);
    marks.set(Marks::INFERRED, vma.inferred);
    marks.set(Marks::HAZARD, vma.writable_and_executable);
    marks
}

fn marks_of(vma: &VmaView, page: Option<&PageView>) -> Marks {
    let mut marks = vma_marks(vma);
    let resident = page.is_some_and(|page| page.frame.is_some());
    let zeros = page.is_some_and(PageView::shows_zero_page);
    marks.set(Marks::RESIDENT, resident && !zeros);
    marks.set(Marks::ZERO_PAGE, zeros);
    marks.set(Marks::ABSENT, !resident);
    if let Some(page) = page {
        marks.set(Marks::COPY_ON_WRITE, page.copy_on_write);
        marks.set(Marks::DIRTY, page.dirty);
        marks.set(Marks::ACCESSED, page.accessed);
        marks.set(Marks::BEYOND_END, page.beyond_end_of_file);
        marks.set(Marks::FRAME_SHARED, page.frame_mappings > 1 && !zeros);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{page, vma};

    fn view<'a>(
        vmas: &'a [VmaView],
        pages: &'a dyn Fn(PageRange) -> Vec<PageView>,
        changes: &'a Changes,
        lit: &'a Lit,
    ) -> View<'a> {
        View {
            vmas,
            pages,
            changes,
            top: 0.0,
            size: (500.0, 400.0),
            gutter: 100.0,
            lit,
            selection: None,
            cursor: None,
            why: None,
        }
    }

    #[test]
    fn a_row_has_cells_for_holes_too() {
        let vmas = [vma(0x1_1000, 1, "rw-"), vma(0x1_2000, 1, "r--")];
        let layout = Layout::new(vmas.iter().map(|vma| vma.range), 4, 20.0);
        let pages = |_| {
            let mut resident = page(0x1_2000, "r--");
            (resident.frame, resident.frame_mappings) = (Some(7), 2);
            vec![page(0x1_1000, "rw-"), resident]
        };
        let changes = Changes::default();
        let lit = Lit { frames: vec![7], ..Lit::default() };
        let view = view(&vmas, &pages, &changes, &lit);
        let scene = scene(&view, &layout);
        assert_eq!(scene.cells.len(), 4);
        assert_eq!(scene.cells[0].prot, None);
        assert!(scene.cells[1].starts && scene.cells[1].ends);
        assert!(scene.cells[1].marks.contains(Marks::ABSENT));
        assert!(scene.cells[2].marks.contains(Marks::RESIDENT | Marks::FRAME_SHARED));
        assert!(scene.cells[2].lit && !scene.cells[1].lit);
        assert_eq!(scene.prots.len(), 2);
        assert_eq!(scene.folds.len(), 2);
        assert_eq!((scene.cells[1].x, scene.cells[1].width), (200.0, 100.0));
    }

    #[test]
    fn the_cost_is_that_of_the_screen() {
        let vmas = [vma(0x1000_0000_0000, 1 << 28, "---")];
        let layout = Layout::new(vmas.iter().map(|vma| vma.range), 64, 10.0);
        let pages = |_| Vec::new();
        let changes = Changes::default();
        let lit = Lit::default();
        let mut view = view(&vmas, &pages, &changes, &lit);
        view.top = 1_000_000.0;
        assert_eq!(scene(&view, &layout).cells.len(), 64 * 41);
    }
}
