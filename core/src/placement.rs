//! Where an `mmap` without `MAP_FIXED` goes.
//!
//! Placement is top-down: the highest gap below `mmap_base` that is large enough, at its upper
//! end. A hint is taken if its whole range is free and dropped otherwise; nothing is sought near
//! it. Lengths that suit huge pages prefer a 2 MiB boundary.
//!
//! ```text
//! mmap_min_addr                                 mmap_base           USER_END
//!      │      ▓▓▓▓        ▓▓▓   ┌new┐▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓│                 │
//!      └──── only when nothing fits: bottom-up ──────────────────────→│
//! ```
//!
//! Source: `arch_get_unmapped_area_topdown` (arch/x86), `__get_unmapped_area`,
//! `thp_get_unmapped_area_vmflags`, Linux 6.18.

use crate::address::{Address, PAGE_SIZE, PMD_SIZE, USER_END, page_floor};
use crate::machine::Machine;
use crate::reason::{HintRefused, Reason};
use crate::vma::Vma;
use crate::vma_set::{Gap, VmaSet};

/// What placement needs to know of a mapping to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wish {
    /// The hint, as passed; 0 for none.
    pub hint: Address,
    /// A hint that is too low is raised (`round_hint_to_min`): `mmap` does so, `mremap` does not.
    pub raises_hint: bool,
    /// Length in bytes, a multiple of the page size and not 0.
    pub length: u64,
    /// Only between 1 GiB and 2 GiB (`MAP_32BIT`).
    pub below_2gib: bool,
    /// Only above 4 GiB (`MAP_ABOVE4G`).
    pub above_4gib: bool,
    /// How the mapping wants to lie to 2 MiB boundaries.
    pub huge: Huge,
}

/// How a mapping wants to lie to 2 MiB boundaries, so that huge pages fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Huge {
    /// It does not care: shared memory, memfd.
    No,
    /// Private anonymous memory: if there is no hint and the length is a multiple of 2 MiB.
    IfMultiple,
    /// A disk's file at this offset: address and offset agree modulo 2 MiB, if the mapping
    /// reaches over a whole 2 MiB of the file.
    FileOffset(u64),
}

/// A place, and what is surprising about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The address.
    pub address: Address,
    /// Why it is not where one would expect.
    pub surprise: Option<Reason>,
}

/// Finds a place; nothing if there is none.
pub fn place(vmas: &VmaSet, machine: &Machine, wish: Wish) -> Option<Place> {
    if wish.length > USER_END {
        return None;
    }
    let page = page_floor(wish.hint);
    let too_low = wish.raises_hint && page != 0 && page < machine.mmap_min_addr;
    let hint = if too_low { machine.mmap_min_addr } else { page };
    let wish = Wish { hint, ..wish };
    let raised = (hint != page).then_some(Reason::HintRaised { hint: page, limit: hint });
    if let Some(aligned) = place_for_huge_pages(vmas, machine, wish) {
        let plain = place_plainly(vmas, machine, wish).map(|place| place.address);
        let moved = plain != Some(aligned.address);
        let surprise = aligned.surprise.or(raised);
        let surprise = surprise.or(moved.then_some(Reason::AlignedTo2MiB { plain }));
        return Some(Place { surprise, ..aligned });
    }
    let place = place_plainly(vmas, machine, wish)?;
    Some(Place { surprise: place.surprise.or(raised), ..place })
}

/// Looks for a gap with 2 MiB to spare, and takes the highest boundary in it.
fn place_for_huge_pages(vmas: &VmaSet, machine: &Machine, wish: Wish) -> Option<Place> {
    let offset = match wish.huge {
        Huge::No => return None,
        Huge::IfMultiple if wish.hint != 0 || !wish.length.is_multiple_of(PMD_SIZE) => return None,
        Huge::IfMultiple => 0,
        Huge::FileOffset(offset) => offset,
    };
    // Only if a whole 2 MiB of the file lies inside.
    let end = offset.checked_add(wish.length)?;
    let first_boundary = offset.checked_next_multiple_of(PMD_SIZE)?;
    if end.checked_sub(first_boundary).is_none_or(|inside| inside < PMD_SIZE) {
        return None;
    }
    let padded = Wish { length: wish.length + PMD_SIZE, ..wish };
    let found = place_plainly(vmas, machine, padded)?;
    if wish.hint != 0 && found.address == wish.hint {
        return Some(found);
    }
    let shift = offset.wrapping_sub(found.address) % PMD_SIZE;
    let shift = if shift == 0 { PMD_SIZE } else { shift };
    Some(Place { address: found.address + shift, ..found })
}

/// The hint if it can be had, else the highest gap, else (from the bottom) the lowest.
fn place_plainly(vmas: &VmaSet, machine: &Machine, wish: Wish) -> Option<Place> {
    if wish.below_2gib {
        return place_bottom_up(vmas, machine, wish, Gap { start: 0x4000_0000, end: 0x8000_0000 });
    }
    let refused = match wish.hint {
        0 => None,
        hint => match hint_refused(vmas, hint, wish.length, USER_END) {
            None => return Some(Place { address: hint, surprise: None }),
            Some(why) => Some(Reason::HintNotTaken { hint, why }),
        },
    };
    let lowest = if wish.above_4gib { 4 << 30 } else { PAGE_SIZE };
    let limits = Gap { start: lowest.max(machine.mmap_min_addr), end: machine.mmap_base };
    if let Some(address) = highest(vmas, wish.length, limits) {
        return Some(Place { address, surprise: refused });
    }
    // `TASK_UNMAPPED_BASE`: a third of the address space.
    let limits = Gap { start: page_floor(USER_END / 3 + PAGE_SIZE - 1), end: USER_END };
    let place = place_bottom_up(vmas, machine, Wish { hint: 0, ..wish }, limits)?;
    Some(Place { surprise: refused, ..place })
}

fn place_bottom_up(vmas: &VmaSet, machine: &Machine, wish: Wish, limits: Gap) -> Option<Place> {
    if wish.length > limits.end {
        return None;
    }
    let refused = match wish.hint {
        0 => None,
        hint => match hint_refused(vmas, hint, wish.length, limits.end) {
            None => return Some(Place { address: hint, surprise: None }),
            Some(why) => Some(Reason::HintNotTaken { hint, why }),
        },
    };
    let limits = Gap { start: limits.start.max(machine.mmap_min_addr), ..limits };
    let address = lowest(vmas, wish.length, limits)?;
    Some(Place { address, surprise: refused })
}

/// The upper end of the highest gap. If a mapping that grows down follows on it, all above its
/// guard gap is passed over, whatever lies there (`unmapped_area_topdown`).
///
/// ```text
/// │ free │▓▓│ free │▓▓▓ grows down
///    ↑     └── guard ──┘
///    here, though there is room above
/// ```
fn highest(vmas: &VmaSet, length: u64, limits: Gap) -> Option<Address> {
    let mut limits = limits;
    loop {
        let gap = vmas.highest_gap(length, limits)?;
        match vmas.at_or_above(gap.end).map(Vma::guarded_start) {
            Some(guard) if guard < gap.end => limits.end = guard,
            _ => return Some(gap.end - length),
        }
    }
}

/// The lower end of the lowest gap in which a guard gap leaves room; others are passed over
/// (`unmapped_area`).
fn lowest(vmas: &VmaSet, length: u64, limits: Gap) -> Option<Address> {
    let mut limits = limits;
    loop {
        let gap = vmas.lowest_gap(length, limits)?;
        match vmas.at_or_above(gap.end) {
            Some(above) if above.guarded_start() < gap.start + length => {
                limits.start = above.range.end();
            }
            _ => return Some(gap.start),
        }
    }
}

fn hint_refused(vmas: &VmaSet, hint: Address, length: u64, end: Address) -> Option<HintRefused> {
    match hint.checked_add(length) {
        Some(top) if top <= end => {
            let above = vmas.at_or_above(hint)?;
            if top <= above.guarded_start() {
                None
            } else if top <= above.range.start() {
                Some(HintRefused::NearStack)
            } else {
                Some(HintRefused::Taken)
            }
        }
        _ => Some(HintRefused::TooHigh),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Prot;
    use crate::vma::VmaFlags;
    use crate::vma::tests::anonymous;

    const WISH: Wish = Wish {
        hint: 0,
        raises_hint: true,
        length: 0x1000,
        below_2gib: false,
        above_4gib: false,
        huge: Huge::No,
    };

    fn at(taken: &[(Address, Address)], wish: Wish) -> Option<Address> {
        let mut vmas = VmaSet::default();
        for (start, end) in taken {
            vmas.insert(anonymous(*start, *end, Prot::READ));
        }
        place(&vmas, &Machine::default(), wish).map(|place| place.address)
    }

    #[test]
    fn top_down_below_mmap_base() {
        assert_eq!(at(&[], WISH), Some(0x7fff_f7ff_e000));
        assert_eq!(at(&[(0x7fff_f7ff_e000, 0x7fff_f7ff_f000)], WISH), Some(0x7fff_f7ff_d000));
    }

    #[test]
    fn a_hint_is_taken_or_dropped() {
        let hint = |hint| Wish { hint, ..WISH };
        assert_eq!(at(&[], hint(0x1000_0fff)), Some(0x1000_0000));
        assert_eq!(at(&[], hint(0xfff)), Some(0x7fff_f7ff_e000));
        assert_eq!(at(&[], hint(0x5000)), Some(0x1_0000));
        assert_eq!(at(&[(0x1000_0000, 0x1000_1000)], hint(0x1000_0000)), Some(0x7fff_f7ff_e000));
        assert_eq!(at(&[], hint(u64::MAX)), Some(0x7fff_f7ff_e000));
    }

    #[test]
    fn multiples_of_2_mib_lie_on_a_boundary() {
        let wish = Wish { length: PMD_SIZE, huge: Huge::IfMultiple, ..WISH };
        assert_eq!(at(&[], wish), Some(0x7fff_f7c0_0000));
        assert_eq!(at(&[], Wish { huge: Huge::No, ..wish }), Some(0x7fff_f7df_f000));
        assert_eq!(at(&[], Wish { length: PMD_SIZE + 0x1000, ..wish }), Some(0x7fff_f7df_e000));
    }

    #[test]
    fn a_guard_gap_hides_what_lies_in_it() {
        let mut vmas = VmaSet::default();
        let mut stack = anonymous(0x7fff_f7ff_0000, 0x7fff_f7ff_f000, Prot::RW);
        stack.flags = VmaFlags::GROWSDOWN;
        vmas.insert(stack);
        let free = |vmas: &VmaSet| place(vmas, &Machine::default(), WISH).map(|p| p.address);
        assert_eq!(free(&vmas), Some(0x7fff_f7ee_f000));
        vmas.insert(anonymous(0x7fff_f7fe_0000, 0x7fff_f7fe_f000, Prot::RW));
        assert_eq!(free(&vmas), Some(0x7fff_f7ee_f000));
        vmas.insert(anonymous(0x7fff_f7fe_f000, 0x7fff_f7ff_0000, Prot::RW));
        assert_eq!(free(&vmas), Some(0x7fff_f7fd_f000));
    }

    #[test]
    fn nothing_is_larger_than_user_space() {
        assert_eq!(at(&[], Wish { length: USER_END + 0x1000, ..WISH }), None);
        assert_eq!(at(&[], Wish { length: USER_END, ..WISH }), None);
    }
}
