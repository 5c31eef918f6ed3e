//! What the views ask of one moment, worked out once for all of them.

use crate::grid::change::Changes;
use mmap_playground_core::address::Address;
use mmap_playground_core::session::Session;
use mmap_playground_core::state::{
    self, HeapReader, HeapState, Life, MajorState, Totals, VmaKind, VmaView,
};
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
    /// Of some VMA it is not recorded what was resident.
    pub unrecorded: bool,
    /// What the last call changed.
    pub changes: Changes,
    /// The place that the last failure is about.
    pub why: Option<Address>,
}

impl Moment {
    /// What they ask of the state that a session shows; `heap` has read other moments before.
    pub fn of(session: &Session, heap: &mut HeapReader) -> Moment {
        let process = session.process();
        let last = session.last_step();
        let vmas = state::vmas(process);
        Moment {
            unrecorded: vmas.iter().any(|vma| session.is_unrecorded(vma.range)),
            vmas,
            heap: heap.read(process).map(Rc::new),
            totals: state::totals(process),
            changes: last.map(|step| Changes::of(&step.events)).unwrap_or_default(),
            why: last.and_then(|step| step.reason_address),
        }
    }

    /// The lowest address that a call has mapped.
    pub fn first_mapping(&self) -> Option<Address> {
        let given = |vma: &&VmaView| !matches!(vma.kind, VmaKind::Stack | VmaKind::Kernel);
        self.vmas.iter().find(given).map(|vma| vma.range.start())
    }

    /// Says whether an address is that of a block in use, as malloc returned it.
    pub fn is_block(&self, address: Address) -> bool {
        let majors = self.heap.iter().flat_map(|heap| &heap.majors);
        let mut majors = majors.filter(|major| major.holds(address));
        majors.any(|major| blocks(major).any(|payload| payload == address))
    }

    /// The block in use at the highest address.
    pub fn last_block(&self) -> Option<Address> {
        let majors = self.heap.iter().flat_map(|heap| &heap.majors);
        let in_use = majors.filter(|major| major.figures.blocks > 0);
        blocks(in_use.max_by_key(|major| major.address)?).max()
    }

    /// The VMA at an address.
    pub fn vma_at(&self, address: Address) -> Option<&VmaView> {
        let index = self.vmas.partition_point(|vma| vma.range.end() <= address);
        self.vmas.get(index).filter(|vma| vma.range.contains(address))
    }
}

/// The blocks in use of a major block.
fn blocks(major: &MajorState) -> impl Iterator<Item = Address> {
    major.minors.iter().filter(|minor| minor.life == Life::Live).map(|minor| minor.payload)
}
