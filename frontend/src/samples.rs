//! Hand-made values for this crate's unit tests.

use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange};
use mmap_playground_core::state::{PageView, VmaKind, VmaView};

/// A protection from its letters.
pub(crate) fn prot(letters: &str) -> Prot {
    let mut prot = Prot::empty();
    prot.set(Prot::READ, letters.contains('r'));
    prot.set(Prot::WRITE, letters.contains('w'));
    prot.set(Prot::EXEC, letters.contains('x'));
    prot
}

/// A private anonymous VMA.
pub(crate) fn vma(start: Address, pages: u64, letters: &str) -> VmaView {
    VmaView {
        range: PageRange::new(start, start + pages * PAGE_SIZE).unwrap(),
        prot: prot(letters),
        shared: false,
        kind: VmaKind::Anonymous,
        name: String::new(),
        label: "anonymous".into(),
        offset: 0,
        writable_and_executable: letters.contains("wx"),
        grows_down: false,
        accounted: true,
        written: false,
        locked: false,
        inferred: false,
        beyond_end_of_file: None,
        resident_pages: 0,
    }
}

/// A page that is not resident.
pub(crate) fn page(address: Address, letters: &str) -> PageView {
    PageView {
        address,
        frame: None,
        vma_prot: prot(letters),
        pte_prot: Prot::empty(),
        accessed: false,
        dirty: false,
        copy_on_write: false,
        huge: false,
        frame_mappings: 0,
        beyond_end_of_file: false,
    }
}
