//! What the views ask of one moment, worked out once for all of them.

use crate::grid::change::Changes;
use mmap_playground_core::address::Address;
use mmap_playground_core::session::Session;
use mmap_playground_core::state::{self, HeapState, Totals, VmaView};
use std::rc::Rc;

/// What the views ask of one moment, worked out once for all of them.
#[derive(Debug, Default)]
pub struct Moment {
    /// The VMAs, lowest first.
    pub vmas: Vec<VmaView>,
    /// The heap, if there is one.
    pub heap: Option<Rc<HeapState>>,
    /// The totals.
    pub totals: Totals,
    /// What the last call changed.
    pub changes: Changes,
    /// The place that the last failure is about.
    pub why: Option<Address>,
}

impl Moment {
    pub(super) fn of(session: &Session) -> Moment {
        let process = session.process();
        let last = session.last_step();
        Moment {
            vmas: state::vmas(process),
            heap: state::heap(process).map(Rc::new),
            totals: state::totals(process),
            changes: last.map(|step| Changes::of(&step.events)).unwrap_or_default(),
            why: last.and_then(|step| step.reason_address),
        }
    }

    /// The VMA at an address.
    pub fn vma_at(&self, address: Address) -> Option<&VmaView> {
        let index = self.vmas.partition_point(|vma| vma.range.end() <= address);
        self.vmas.get(index).filter(|vma| vma.range.contains(address))
    }
}
