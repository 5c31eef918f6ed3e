//! How near the map is: one ladder from the whole address space down to bytes.
//!
//! ```text
//!   whole ─ VMAs ─ pages: 128 64 32 16 8 4 a row ─ bytes: 64 32 16 a row
//!   further ←──────────────── one gesture ────────────────→ nearer
//! ```

use mmap_playground_core::address::PAGE_SIZE;

/// Fewest and most pages in a row.
pub const PAGES: (u64, u64) = (4, 128);
/// Fewest and most bytes in a row.
pub const BYTES: (u64, u64) = (16, 64);

/// A rung of the ladder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// The whole address space side by side, holes folded.
    Whole,
    /// A lane for each VMA.
    Vmas,
    /// A grid of pages, so many in a row.
    Pages(u64),
    /// Bytes, so many in a row.
    Bytes(u64),
}

impl Level {
    /// The rung below: nearer. Nothing at the lowest.
    pub fn nearer(self) -> Option<Level> {
        match self {
            Level::Whole => Some(Level::Vmas),
            Level::Vmas => Some(Level::Pages(PAGES.1)),
            Level::Pages(columns) if columns > PAGES.0 => Some(Level::Pages(columns / 2)),
            Level::Pages(_) => Some(Level::Bytes(BYTES.1)),
            Level::Bytes(columns) if columns > BYTES.0 => Some(Level::Bytes(columns / 2)),
            Level::Bytes(_) => None,
        }
    }

    /// The rung above: further. Nothing at the highest.
    pub fn further(self) -> Option<Level> {
        match self {
            Level::Whole => None,
            Level::Vmas => Some(Level::Whole),
            Level::Pages(columns) if columns < PAGES.1 => Some(Level::Pages(columns * 2)),
            Level::Pages(_) => Some(Level::Vmas),
            Level::Bytes(columns) if columns < BYTES.1 => Some(Level::Bytes(columns * 2)),
            Level::Bytes(_) => Some(Level::Pages(PAGES.0)),
        }
    }

    /// Says whether it is a rung below another.
    pub fn is_nearer_than(self, other: Level) -> bool {
        std::iter::successors(other.nearer(), |level| level.nearer()).any(|level| level == self)
    }

    /// Its name in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Whole => "whole",
            Level::Vmas => "vmas",
            Level::Pages(_) => "pages",
            Level::Bytes(_) => "bytes",
        }
    }

    /// Pages in a row; 0 where rows have none.
    pub const fn page_columns(self) -> u64 {
        match self {
            Level::Pages(columns) => columns,
            _ => 0,
        }
    }

    /// Its scale, for the head of the map.
    pub fn scale(self) -> String {
        match self {
            Level::Whole => "logarithmic widths, holes folded".to_owned(),
            Level::Vmas => "a lane a VMA, logarithmic widths".to_owned(),
            Level::Pages(columns) => {
                let each = crate::text::short_size(columns * PAGE_SIZE);
                format!("{columns} pages ({each}) a row")
            }
            Level::Bytes(columns) => format!("{columns} bytes a row"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_has_two_ends_and_goes_both_ways() {
        let mut level = Level::Whole;
        let mut rungs = vec![level];
        while let Some(nearer) = level.nearer() {
            assert_eq!(nearer.further(), Some(level));
            assert!(nearer.is_nearer_than(Level::Whole) && !Level::Whole.is_nearer_than(nearer));
            level = nearer;
            rungs.push(level);
        }
        assert_eq!(rungs.len(), 2 + 6 + 3);
        assert_eq!(level, Level::Bytes(16));
        assert_eq!(Level::Whole.further(), None);
        assert_eq!(Level::Pages(16).scale(), "16 pages (64 KiB) a row");
    }
}
