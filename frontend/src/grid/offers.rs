//! The calls that make sense on a selection, filled in.

use mmap_playground_core::abi::{PROT_NAMES, Prot};
use mmap_playground_core::address::PageRange;
use mmap_playground_core::state::VmaView;

/// A call offered for a selection.
#[derive(Clone, PartialEq, Debug)]
pub struct Offer {
    /// What it does, in a few words.
    pub label: String,
    /// The line that runs.
    pub line: String,
}

fn offer(label: &str, line: String) -> Offer {
    Offer { label: label.to_owned(), line }
}

const PROTECTIONS: [(Prot, &str); 5] = [
    (Prot::READ, "Make read-only"),
    (Prot::RW, "Make writable"),
    (Prot::READ.union(Prot::EXEC), "Make executable, not writable"),
    (Prot::empty(), "Forbid every access"),
    (Prot::RWX, "Make writable and executable"),
];

/// The VMAs that a range overlaps.
pub fn overlapping(vmas: &[VmaView], range: PageRange) -> &[VmaView] {
    let first = vmas.partition_point(|vma| vma.range.end() <= range.start());
    let last = vmas.partition_point(|vma| vma.range.start() < range.end());
    vmas.get(first..last.max(first)).unwrap_or(&[])
}

/// What can be done with a range, given the VMAs of the address space (lowest first).
pub fn offers(vmas: &[VmaView], range: PageRange) -> Vec<Offer> {
    let (start, length) = (range.start(), range.size_bytes());
    let touched = overlapping(vmas, range);
    let mut offers = Vec::new();
    if touched.is_empty() {
        for (label, prot, flags) in [
            ("Map memory here", "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS"),
            ("Reserve it, no rights", "PROT_NONE", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE"),
            ("Map shared memory here", "PROT_READ|PROT_WRITE", "MAP_SHARED|MAP_ANONYMOUS"),
        ] {
            let flags = format!("{flags}|MAP_FIXED_NOREPLACE");
            let line = format!("mmap({start:#x}, {length}, {prot}, {flags}, -1, 0)");
            offers.push(offer(label, line));
        }
        offers.push(offer("Load a byte", format!("load({start:#x})")));
        return offers;
    }
    offers.push(offer("Load a byte", format!("load({start:#x})")));
    offers.push(offer("Store a byte", format!("store({start:#x}, 0x41)")));
    offers.push(offer("Fetch an instruction", format!("fetch({start:#x})")));
    for (prot, label) in PROTECTIONS {
        if touched.iter().any(|vma| vma.prot != prot) {
            let prot = PROT_NAMES.text(prot.bits());
            offers.push(offer(label, format!("mprotect({start:#x}, {length}, {prot})")));
        }
    }
    offers.push(offer("Unmap", format!("munmap({start:#x}, {length})")));
    if range.page_count() > 1 {
        offers.push(offer("Fill with a byte", format!("memset({start:#x}, 0x2a, {length})")));
    }
    if let [only] = touched
        && only.range.covers(range)
    {
        let line = format!("mremap({start:#x}, {length}, {}, MREMAP_MAYMOVE)", length * 2);
        offers.push(offer("Grow to twice", line));
    }
    offers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::vma;
    use mmap_playground_core::address::PAGE_SIZE;

    fn range(start: u64, pages: u64) -> PageRange {
        PageRange::new(start, start + pages * PAGE_SIZE).unwrap()
    }

    #[test]
    fn a_hole_offers_mmap() {
        let offers = offers(&[vma(0x1_0000, 1, "rw-")], range(0x2_0000, 2));
        assert_eq!(
            offers[0].line,
            "mmap(0x20000, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0)"
        );
    }

    #[test]
    fn a_mapping_offers_other_protections_than_its_own() {
        let offers = offers(&[vma(0x1_0000, 4, "rw-")], range(0x1_1000, 1));
        let lines: Vec<&str> = offers.iter().map(|offer| offer.line.as_str()).collect();
        assert!(lines.contains(&"mprotect(0x11000, 4096, PROT_READ)"));
        assert!(!lines.contains(&"mprotect(0x11000, 4096, PROT_READ|PROT_WRITE)"));
        assert!(lines.contains(&"munmap(0x11000, 4096)"));
    }

    #[test]
    fn overlaps_are_found_at_both_ends() {
        let vmas = [vma(0x1_0000, 1, "rw-"), vma(0x3_0000, 1, "r--")];
        assert_eq!(overlapping(&vmas, range(0x1_0000, 0x21)).len(), 2);
        assert_eq!(overlapping(&vmas, range(0x1_1000, 1)).len(), 0);
    }
}
