//! What the last call changed, as ranges: outlined on the map until the next call.

use mmap_playground_core::address::{
    Address, PAGE_SIZE, PageRange, page_ceil_wrapping, page_floor,
};
use mmap_playground_core::event::{Event, FaultKind};
use mmap_playground_core::vma::block_around;

/// The places that a call changed.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Changes {
    /// Pages mapped, protected, moved to, or made resident; in order, not touching.
    pub changed: Vec<PageRange>,
    /// Pages unmapped or moved away; in order, not touching.
    pub gone: Vec<PageRange>,
    /// Where one VMA became two.
    pub splits: Vec<Address>,
    /// Where two VMAs became one.
    pub merges: Vec<Address>,
    /// Pages that a page fault made resident, in order; whether it copied them from elsewhere.
    pub faults: Vec<(Address, bool)>,
}

impl Changes {
    /// Gathers the places from what happened.
    pub fn of(events: &[Event]) -> Changes {
        let mut changes = Changes::default();
        for event in events {
            match event {
                Event::Mapped { range } | Event::Protected { range, .. } => {
                    changes.changed.push(*range);
                }
                Event::Unmapped { range } => changes.gone.push(*range),
                Event::Moved { from, to } => {
                    changes.gone.push(*from);
                    changes.changed.extend(PageRange::spanning(*to, from.size_bytes()));
                }
                Event::BreakMoved { before, after } => {
                    let (before, after) = (page_ceil_wrapping(*before), page_ceil_wrapping(*after));
                    changes.changed.extend(PageRange::new(before, after));
                    changes.gone.extend(PageRange::new(after, before));
                }
                Event::Grew { from, to } => {
                    let (low, high) = (*from.min(to), *from.max(to));
                    changes.changed.extend(PageRange::new(page_floor(low), page_floor(high)));
                }
                Event::PageFault { page, kind } => {
                    if *kind != FaultKind::MadeWritable {
                        let copied = *kind == FaultKind::CopyOnWrite;
                        changes.faults.push((page.start(), copied));
                    }
                    let huge = matches!(kind, FaultKind::HugePage | FaultKind::HugeZeroPage);
                    let resident = if huge {
                        block_around(page.start())
                    } else {
                        PageRange::spanning(page.start(), PAGE_SIZE)
                    };
                    changes.changed.extend(resident);
                }
                Event::Collapsed { range } | Event::KeyGiven { range, .. } => {
                    changes.changed.push(*range);
                }
                Event::Split { at } => changes.splits.push(*at),
                Event::Merged { at } => changes.merges.push(*at),
                Event::HugeSplit { .. } | Event::SystemCall { .. } | Event::Heap(_) => {}
            }
        }
        changes.changed = joined(changes.changed);
        changes.gone = joined(changes.gone);
        changes.splits.sort_unstable();
        changes.merges.sort_unstable();
        changes.faults.sort_unstable();
        changes
    }

    /// Says whether the page at an address changed.
    pub fn touches(&self, address: Address) -> bool {
        holds(&self.changed, address)
    }

    /// Whether a page fault on a page copied it; nothing if there was none.
    pub fn fault_at(&self, address: Address) -> Option<bool> {
        let end = self.faults.partition_point(|(page, _)| *page <= page_floor(address));
        let (page, copied) = self.faults.get(end.checked_sub(1)?)?;
        (*page == page_floor(address)).then_some(*copied)
    }

    /// Says whether the page at an address went away.
    pub fn lost(&self, address: Address) -> bool {
        holds(&self.gone, address)
    }

    /// The lowest place that changed, to be brought into view.
    pub fn first(&self) -> Option<Address> {
        let changed = self.changed.first().map(|range| range.start());
        changed.or_else(|| self.gone.first().map(|range| range.start()))
    }
}

fn holds(ranges: &[PageRange], address: Address) -> bool {
    let index = ranges.partition_point(|range| range.end() <= address);
    ranges.get(index).is_some_and(|range| range.contains(address))
}

/// Ranges in order, with those that touch or overlap made one.
pub fn joined(mut ranges: Vec<PageRange>) -> Vec<PageRange> {
    ranges.sort_unstable();
    let mut result: Vec<PageRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match result.last_mut() {
            Some(last) if range.start() <= last.end() => {
                if let Some(both) = PageRange::new(last.start(), last.end().max(range.end())) {
                    *last = both;
                }
            }
            _ => result.push(range),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmap_playground_core::address::Page;

    #[test]
    fn faults_of_neighbours_are_one_range() {
        let fault = |address| Event::PageFault {
            page: Page::containing(address),
            kind: FaultKind::NewFrame,
        };
        let changes = Changes::of(&[fault(0x2000), fault(0x1000), fault(0x9000)]);
        assert_eq!(changes.changed.len(), 2);
        assert!(changes.touches(0x2fff) && !changes.touches(0x3000));
        assert_eq!(changes.first(), Some(0x1000));
    }

    #[test]
    fn a_fault_says_whether_it_copied() {
        let fault = |address, kind| Event::PageFault { page: Page::containing(address), kind };
        let changes = Changes::of(&[
            fault(0x2000, FaultKind::NewFrame),
            fault(0x1000, FaultKind::CopyOnWrite),
        ]);
        assert_eq!(changes.fault_at(0x1fff), Some(true));
        assert_eq!(changes.fault_at(0x2000), Some(false));
        assert_eq!(changes.fault_at(0x3000), None);
    }

    #[test]
    fn a_break_that_sinks_loses_pages() {
        let changes = Changes::of(&[Event::BreakMoved { before: 0x5800, after: 0x3001 }]);
        assert!(changes.changed.is_empty());
        assert!(changes.lost(0x4000) && changes.lost(0x5000) && !changes.lost(0x3000));
    }
}
