//! Where each page of the address space stands in the grid.
//!
//! The whole address space is one column of rows. A row shows as many cells as the grid has
//! columns; a cell is a page or, nearer, a byte. Rows start at multiples of their length plus a
//! phase, so that an address keeps its column at every scroll position; zooming chooses the phase
//! that keeps the page under the pointer in its place. Long holes are folded to one thin bar.
//! Positions are prefix sums, so that finding the row at a height and the height of an address are
//! binary searches.
//!
//! ```text
//!            0x…0  0x…1  0x…2  0x…3
//!   section   ·     ■     ■     ■      rows of pages; · is a hole next to them
//!             ■     ■     ·     ·
//!   fold     ┄┄┄┄┄ 127 TiB free ┄┄┄┄
//!   section   ■     ■     ■     ■
//! ```

use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange};

/// Height of a folded hole, in CSS pixels.
pub const FOLD_HEIGHT: f64 = 26.0;

/// A hole of at most this many whole rows is not folded.
const ROWS_UNFOLDED: u64 = 1;

/// First address behind what a grid can show.
const END: Address = !(PAGE_SIZE - 1);

/// A run of rows, or a folded hole.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Section {
    /// Its pages: whole rows, or the hole.
    pub range: PageRange,
    /// A folded hole.
    pub folded: bool,
    /// Rows of pages before it.
    rows_before: u64,
    /// Folds before it.
    folds_before: u64,
}

/// What is found at a height.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Row {
    /// A row of pages, from this address on.
    Pages(Address),
    /// A folded hole.
    Fold(PageRange),
}

/// How addresses are cut into rows and cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grain {
    /// Bytes of a cell: a page, or 1.
    pub unit: u64,
    /// Cells in a row: a power of two.
    pub columns: u64,
    /// Rows start this many bytes behind multiples of their length; a multiple of the page size.
    pub phase: u64,
}

impl Grain {
    /// Pages, with rows at multiples of their length.
    pub const fn pages(columns: u64) -> Grain {
        Grain { unit: PAGE_SIZE, columns, phase: 0 }
    }

    /// Bytes of a row.
    pub const fn row_bytes(&self) -> u64 {
        self.unit.saturating_mul(self.columns)
    }

    /// The grain whose rows have an address in a column.
    #[must_use]
    pub fn with_address_in(self, address: Address, column: u64) -> Grain {
        let row = self.row_bytes().max(1);
        let before = column.min(self.columns.saturating_sub(1)) * self.unit;
        let phase = (address / self.unit * self.unit).wrapping_sub(before) % row;
        Grain { phase: phase / PAGE_SIZE * PAGE_SIZE, ..self }
    }

    /// Start of the row that holds an address at or behind the phase.
    fn row_start(&self, address: Address) -> Address {
        let row = self.row_bytes();
        address.saturating_sub(self.phase) / row * row + self.phase
    }
}

/// The grid: sections from low to high, and the size of a cell.
#[derive(Clone, PartialEq, Debug)]
pub struct Layout {
    grain: Grain,
    cell_height: f64,
    sections: Vec<Section>,
    rows: u64,
    folds: u64,
}

impl Layout {
    /// Lays out ranges that are in order and do not overlap, in rows of pages.
    pub fn new(shown: impl Iterator<Item = PageRange>, columns: u64, cell_height: f64) -> Layout {
        Layout::of_grain(shown, Grain::pages(columns), cell_height)
    }

    /// Lays out ranges that are in order and do not overlap.
    pub fn of_grain(
        shown: impl Iterator<Item = PageRange>,
        grain: Grain,
        cell_height: f64,
    ) -> Layout {
        let mut shown = shown.peekable();
        let mut grain = Grain { columns: grain.columns.max(1).next_power_of_two(), ..grain };
        grain.phase %= grain.row_bytes().max(1);
        if shown.peek().is_some_and(|first| first.start() < grain.phase) {
            grain.phase = 0; // no row starts below zero
        }
        let row_bytes = grain.row_bytes();
        let mut layout = Layout { grain, cell_height, sections: Vec::new(), rows: 0, folds: 0 };
        let mut current: Option<(Address, Address)> = None;
        let mut behind: Address = 0;
        for range in shown {
            let start = grain.row_start(range.start());
            let end = grain.row_start(range.end() - 1).checked_add(row_bytes).unwrap_or(END);
            current = match current {
                Some((from, to)) if start <= to.saturating_add(ROWS_UNFOLDED * row_bytes) => {
                    Some((from, to.max(end)))
                }
                Some((from, to)) => {
                    layout.push(behind, from, to);
                    behind = to;
                    Some((start, end))
                }
                None => Some((start, end)),
            };
        }
        if let Some((from, to)) = current {
            layout.push(behind, from, to);
            behind = to;
        }
        layout.fold(behind, mmap_playground_core::address::USER_END.max(behind));
        layout
    }

    fn push(&mut self, behind: Address, from: Address, to: Address) {
        self.fold(behind, from);
        if let Some(range) = PageRange::new(from, to) {
            self.sections.push(Section {
                range,
                folded: false,
                rows_before: self.rows,
                folds_before: self.folds,
            });
            self.rows += range.size_bytes().div_ceil(self.grain.row_bytes());
        }
    }

    fn fold(&mut self, from: Address, to: Address) {
        if let Some(range) = PageRange::new(from, to) {
            self.sections.push(Section {
                range,
                folded: true,
                rows_before: self.rows,
                folds_before: self.folds,
            });
            self.folds += 1;
        }
    }

    /// Cells in a row.
    pub fn columns(&self) -> u64 {
        self.grain.columns
    }

    /// How addresses are cut into rows and cells.
    pub fn grain(&self) -> Grain {
        self.grain
    }

    /// The column that shows an address; nothing if it is folded away.
    pub fn column_of(&self, address: Address) -> Option<u64> {
        let section = self.section_of(address).filter(|section| !section.folded)?;
        Some((address - section.range.start()) / self.grain.unit % self.grain.columns)
    }

    fn section_of(&self, address: Address) -> Option<&Section> {
        let index = self.sections.partition_point(|section| section.range.end() <= address);
        self.sections.get(index).filter(|section| section.range.contains(address))
    }

    /// Height of a row of pages.
    pub fn cell_height(&self) -> f64 {
        self.cell_height
    }

    /// Height of everything.
    pub fn height(&self) -> f64 {
        self.top_of(self.rows, self.folds)
    }

    fn top_of(&self, rows: u64, folds: u64) -> f64 {
        rows as f64 * self.cell_height + folds as f64 * FOLD_HEIGHT
    }

    fn top(&self, section: &Section) -> f64 {
        self.top_of(section.rows_before, section.folds_before)
    }

    /// The rows between two heights, each with its top.
    pub fn rows_between(&self, top: f64, bottom: f64) -> Vec<(f64, Row)> {
        let mut rows = Vec::new();
        let first = self.sections.partition_point(|section| self.top(section) <= top);
        for section in &self.sections[first.saturating_sub(1)..] {
            let section_top = self.top(section);
            if section_top >= bottom {
                break;
            }
            if section.folded {
                rows.push((section_top, Row::Fold(section.range)));
                continue;
            }
            let row_bytes = self.grain.row_bytes();
            let count = section.range.size_bytes().div_ceil(row_bytes);
            let skipped = ((top - section_top) / self.cell_height).floor().max(0.0) as u64;
            for row in skipped..count {
                let row_top = section_top + row as f64 * self.cell_height;
                if row_top >= bottom {
                    break;
                }
                rows.push((row_top, Row::Pages(section.range.start() + row * row_bytes)));
            }
        }
        rows
    }

    /// What stands at a height.
    pub fn row_at(&self, y: f64) -> Option<(f64, Row)> {
        if y < 0.0 || y >= self.height() {
            return None;
        }
        self.rows_between(y, y + f64::MIN_POSITIVE.max(y.abs() * 1e-12 + 1e-9)).into_iter().next()
    }

    /// The top of the row that shows an address.
    pub fn top_of_address(&self, address: Address) -> Option<f64> {
        let section = self.section_of(address)?;
        let row = if section.folded {
            0
        } else {
            (address - section.range.start()) / self.grain.row_bytes()
        };
        Some(self.top(section) + row as f64 * self.cell_height)
    }

    /// Says whether an address is drawn as a page, not folded away.
    pub fn shows_page(&self, address: Address) -> bool {
        self.section_of(address).is_some_and(|section| !section.folded)
    }

    /// The sections, from low to high.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The cell that stands some cells further on; a fold is stepped over.
    pub fn step(&self, address: Address, cells: i64) -> Option<Address> {
        let unit = self.grain.unit;
        let here = address / unit * unit;
        let target = here.checked_add_signed(cells.checked_mul(unit as i64)?)?;
        if self.shows_page(target) {
            return Some(target);
        }
        let index = self.sections.partition_point(|section| section.range.end() <= here);
        let whole_rows = cells.unsigned_abs() >= self.grain.columns;
        let row_offset = self.column_of(here).unwrap_or(0) * unit;
        if cells > 0 {
            let next = self.sections.get(index + 1..)?.iter().find(|section| !section.folded)?;
            let columns = if whole_rows { row_offset } else { 0 };
            Some(next.range.start() + columns)
        } else {
            let before =
                self.sections.get(..index)?.iter().rev().find(|section| !section.folded)?;
            if whole_rows {
                let row_bytes = self.grain.row_bytes().min(before.range.size_bytes());
                Some(before.range.end() - row_bytes + row_offset)
            } else {
                Some(before.range.end() - unit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(start: Address, count: u64) -> PageRange {
        PageRange::new(start, start + count * PAGE_SIZE).unwrap()
    }

    fn layout(ranges: &[PageRange]) -> Layout {
        Layout::new(ranges.iter().copied(), 4, 20.0)
    }

    #[test]
    fn nothing_mapped_is_one_fold() {
        let empty = layout(&[]);
        assert_eq!(empty.height(), FOLD_HEIGHT);
        assert!(matches!(empty.row_at(3.0), Some((0.0, Row::Fold(_)))));
    }

    #[test]
    fn rows_start_at_multiples_of_the_columns() {
        let layout = layout(&[pages(0x1_1000, 2)]);
        let rows = layout.rows_between(0.0, 1000.0);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1], (FOLD_HEIGHT, Row::Pages(0x1_0000)));
        assert_eq!(layout.top_of_address(0x1_2fff), Some(FOLD_HEIGHT));
        assert!(layout.shows_page(0x1_3000));
        assert!(!layout.shows_page(0x1_4000));
    }

    #[test]
    fn short_holes_stay_and_long_ones_fold() {
        // rows of 0x4000 bytes: one row between stays, two fold
        assert_eq!(layout(&[pages(0x1_0000, 4), pages(0x1_8000, 4)]).sections().len(), 3);
        assert_eq!(layout(&[pages(0x1_0000, 4), pages(0x1_c000, 4)]).sections().len(), 5);
    }

    #[test]
    fn the_last_page_of_64_bits_has_a_row() {
        let layout = layout(&[pages(0xffff_ffff_ff60_0000, 1), pages(0xffff_ffff_ffff_d000, 2)]);
        assert!(layout.shows_page(0xffff_ffff_ff60_0000));
        assert!(layout.shows_page(0xffff_ffff_ffff_e000));
    }

    #[test]
    fn a_tebibyte_is_found_without_walking_it() {
        let layout = layout(&[pages(0x1000_0000_0000, 1 << 28)]);
        let middle = layout.height() / 2.0 + 5.0;
        let (top, row) = layout.row_at(middle).unwrap();
        assert!(top <= middle && middle < top + 20.0);
        let Row::Pages(address) = row else { panic!("a fold in the middle") };
        assert_eq!(layout.top_of_address(address), Some(top));
        assert_eq!(layout.rows_between(middle, middle + 200.0).len(), 11);
    }

    #[test]
    fn keys_step_over_folds() {
        let layout = layout(&[pages(0x1_0000, 4), pages(0x10_0000, 4)]);
        assert_eq!(layout.step(0x1_0000, 1), Some(0x1_1000));
        assert_eq!(layout.step(0x1_3000, 1), Some(0x10_0000));
        assert_eq!(layout.step(0x1_2000, 4), Some(0x10_2000));
        assert_eq!(layout.step(0x10_1000, -4), Some(0x1_1000));
        assert_eq!(layout.step(0x10_0000, -1), Some(0x1_3000));
        assert_eq!(layout.step(0x1_0000, -1), None);
        assert_eq!(layout.step(0x10_3000, 1), None);
    }

    #[test]
    fn a_phase_puts_an_address_into_a_column() {
        let ranges = [pages(0x7fff_0000_1000, 40)];
        for columns in [4, 8, 16] {
            for column in 0..columns {
                let address = 0x7fff_0000_d000;
                let grain = Grain::pages(columns).with_address_in(address, column);
                let layout = Layout::of_grain(ranges.iter().copied(), grain, 20.0);
                assert_eq!(layout.column_of(address), Some(column), "{columns} columns");
                let rows = layout.rows_between(0.0, layout.height());
                assert!(
                    rows.iter().any(|(_, row)| *row == Row::Pages(address - column * PAGE_SIZE))
                );
            }
        }
    }

    #[test]
    fn no_row_starts_below_zero() {
        let grain = Grain::pages(8).with_address_in(0x3000, 1);
        let layout = Layout::of_grain([pages(0, 9)].into_iter(), grain, 20.0);
        assert_eq!(layout.column_of(0x3000), Some(3));
        assert_eq!(layout.rows_between(0.0, 30.0)[0], (0.0, Row::Pages(0)));
    }

    #[test]
    fn a_cell_may_be_a_byte() {
        let grain = Grain { unit: 1, columns: 16, phase: 0 };
        let layout = Layout::of_grain([pages(0x1_0000, 1 << 28)].into_iter(), grain, 20.0);
        let top = layout.top_of_address(0x1_0123).unwrap();
        assert_eq!(layout.row_at(top + 1.0), Some((top, Row::Pages(0x1_0120))));
        assert_eq!(layout.column_of(0x1_0123), Some(3));
        assert_eq!(layout.step(0x1_0123, 1), Some(0x1_0124));
        assert_eq!(layout.step(0x1_0123, -16), Some(0x1_0113));
        let far = 0x1_0000 + (1 << 39) + 0x777;
        let top = layout.top_of_address(far).unwrap();
        assert_eq!(layout.row_at(top + 1.0), Some((top, Row::Pages(far / 16 * 16))));
    }
}
