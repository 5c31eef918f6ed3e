//! A VMA: a run of pages with one protection, sharing and backing; when it splits and merges.
//!
//! There is one rule to split ([`Vma::split`]) and one to merge ([`Vma::merges_with`]). Both keep
//! the numbering of pages: page `i` of the VMA shows page `page_offset + i` of what backs it.
//! For anonymous memory that number is the page's own address unless it was moved.
//!
//! Source: `mm/vma.c` (`is_mergeable_vma`, `is_mergeable_anon_vma`, `can_vma_merge_after`),
//! Linux 6.18.

use crate::abi::Prot;
use crate::address::{Address, PAGE_SIZE, PMD_SIZE, PageRange};
use crate::file::OpenId;
use bitflags::bitflags;
use std::num::NonZeroU32;

/// Shared or private.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sharing {
    /// Changes stay in this mapping (copy-on-write).
    Private,
    /// Changes reach the file and everybody who maps it.
    Shared {
        /// The descriptor was open for writing, so the mapping may be made writable.
        may_write: bool,
    },
}

impl Sharing {
    /// Says whether it is shared (`s` in maps).
    pub const fn is_shared(self) -> bool {
        matches!(self, Sharing::Shared { .. })
    }
}

/// What the pages come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backing {
    /// Nothing: zeros.
    Anonymous,
    /// What `open` returned (two `open`s of one file never merge), also of shared memory.
    File(OpenId),
    /// A private mapping of `/dev/zero`: zeros, but named and merged like a file.
    DevZero(OpenId),
    /// One of the kernel's own (`[vdso]` and kin), by its number in [`Backing::KERNEL_NAMES`].
    Kernel(u8),
}

impl Backing {
    /// Names of the kernel's own mappings.
    pub const KERNEL_NAMES: &'static [&'static str] =
        &["[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]"];

    /// The open file behind it, if there is one.
    pub const fn open_file(self) -> Option<OpenId> {
        match self {
            Backing::File(open) | Backing::DevZero(open) => Some(open),
            _ => None,
        }
    }

    /// Says whether untouched pages are zeros without a file (`vma_is_anonymous`).
    pub const fn is_anonymous(self) -> bool {
        !matches!(self, Backing::File(_))
    }
}

bitflags! {
    /// What a mapping remembers besides its protection. All of it decides merging.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct VmaFlags: u16 {
        /// `MAP_NORESERVE`: not counted against memory.
        const NORESERVE = 1 << 0;
        /// Counted against memory.
        const ACCOUNT = 1 << 1;
        /// Grows down at a fault below it.
        const GROWSDOWN = 1 << 2;
        /// Locked in memory.
        const LOCKED = 1 << 3;
        /// No huge pages: `MAP_STACK`, `MADV_NOHUGEPAGE`.
        const NOHUGEPAGE = 1 << 4;
        /// `MADV_HUGEPAGE`.
        const HUGEPAGE = 1 << 5;
        /// `MAP_DROPPABLE`.
        const DROPPABLE = 1 << 6;
        /// `MADV_RANDOM`.
        const RANDOM = 1 << 7;
        /// `MADV_SEQUENTIAL`.
        const SEQUENTIAL = 1 << 8;
        /// `MADV_DONTFORK`.
        const DONTFORK = 1 << 9;
        /// `MADV_DONTDUMP`.
        const DONTDUMP = 1 << 10;
        /// `MADV_WIPEONFORK`.
        const WIPEONFORK = 1 << 11;
        /// `MADV_MERGEABLE`.
        const MERGEABLE = 1 << 12;
        /// `MAP_SYNC`.
        const SYNC = 1 << 13;
        /// Its pages have the process's key for memory that may only be executed
        /// (`mm->context.execute_only_pkey`).
        const EXECUTE_ONLY_KEY = 1 << 14;
    }
}

/// The origin of written private pages (the kernel's `anon_vma`), by number.
pub type Origin = NonZeroU32;

/// One line of `/proc/PID/maps`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vma {
    /// Its pages.
    pub range: PageRange,
    /// Read, write, execute, as asked for.
    pub prot: Prot,
    /// Shared or private.
    pub sharing: Sharing,
    /// What it remembers.
    pub flags: VmaFlags,
    /// What its pages come from.
    pub backing: Backing,
    /// Which page of the backing its first page shows; for private anonymous memory, the page's
    /// own number when it was made.
    pub page_offset: u64,
    /// Where its written pages come from, if it ever got a page of its own.
    pub origin: Option<Origin>,
    /// Some of it was not made by a call: a later line of a log implied it.
    pub inferred: bool,
}

impl Vma {
    /// Cuts it in two at an address inside.
    ///
    /// ```text
    ///      at                    at
    /// │ o  ┊   │   →   │ o  │ o+n │      page_offset goes on counting
    /// ```
    pub fn split(self, at: Address) -> Option<(Vma, Vma)> {
        let low = PageRange::new(self.range.start(), at)?;
        let high = PageRange::new(at, self.range.end())?;
        let page_offset = self.page_offset.wrapping_add(low.page_count());
        Some((Vma { range: low, ..self }, Vma { range: high, page_offset, ..self }))
    }

    /// Its part inside a range.
    pub fn clip(self, range: PageRange) -> Option<Vma> {
        let range = self.range.intersection(range)?;
        let skipped = (range.start() - self.range.start()) / PAGE_SIZE;
        Some(Vma { range, page_offset: self.page_offset.wrapping_add(skipped), ..self })
    }

    /// Says whether it and the VMA directly above it are one: everything but the origin of
    /// written pages is equal, and the offsets go on counting.
    pub fn continues_in(&self, above: &Vma) -> bool {
        self.range.end() == above.range.start()
            && self.prot == above.prot
            && self.fits_but_for_prot(above)
    }

    /// Like [`Vma::continues_in`], but with any protection: what the kernel asks before a first
    /// write takes over a neighbour's origin (`anon_vma_compatible`).
    pub fn fits_but_for_prot(&self, above: &Vma) -> bool {
        self.range.end() == above.range.start()
            && self.sharing == above.sharing
            && self.flags == above.flags
            && self.backing == above.backing
            && !matches!(self.backing, Backing::Kernel(_))
            && self.page_offset.wrapping_add(self.range.page_count()) == above.page_offset
    }

    /// Says whether two origins can be one: they are equal, or at least one side has none.
    pub fn origins_agree(&self, other: &Vma) -> bool {
        match (self.origin, other.origin) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }

    /// The merge rule: it and the VMA directly above it become one line of maps.
    pub fn merges_with(&self, above: &Vma) -> bool {
        self.continues_in(above) && self.origins_agree(above)
    }

    /// The one VMA that it and the VMA above it become.
    pub fn merged(self, above: Vma) -> Vma {
        let range = PageRange::new(self.range.start(), above.range.end()).unwrap_or(self.range);
        Vma {
            range,
            origin: self.origin.or(above.origin),
            inferred: self.inferred || above.inferred,
            ..self
        }
    }

    /// Which page of the backing a page of it shows.
    pub fn backing_page(&self, address: Address) -> u64 {
        self.page_offset.wrapping_add(address.wrapping_sub(self.range.start()) / PAGE_SIZE)
    }

    /// First address that hints and placement must leave free below it: mappings that grow down
    /// keep a guard gap (`vm_start_gap`).
    pub fn guarded_start(&self) -> Address {
        if self.flags.contains(VmaFlags::GROWSDOWN) {
            self.range.start().saturating_sub(STACK_GUARD_GAP)
        } else {
            self.range.start()
        }
    }

    /// The protection key of its pages. The first one that is allocated is 1, and only memory that
    /// may only be executed has it.
    pub fn key(&self) -> u8 {
        u8::from(self.flags.contains(VmaFlags::EXECUTE_ONLY_KEY))
    }

    /// Says whether 2 MiB of it around an address may be a huge page: it was advised so, has no
    /// file, and holds all of them (`thp_vma_allowable_order`, `thp_vma_suitable_order`).
    pub fn huge_page_around(&self, address: Address) -> Option<PageRange> {
        let advised = self.flags.contains(VmaFlags::HUGEPAGE);
        if advised { self.whole_block_around(address) } else { None }
    }

    /// The aligned 2 MiB around an address, if they lie in it and it has no file.
    pub fn whole_block_around(&self, address: Address) -> Option<PageRange> {
        let of_memory = matches!(self.backing, Backing::Anonymous | Backing::DevZero(_));
        let block = block_around(address);
        block.filter(|block| of_memory && self.range.covers(*block))
    }

    /// Any of read, write and execute (`vma_is_accessible`).
    pub fn is_accessible(&self) -> bool {
        self.prot.intersects(Prot::RWX)
    }
}

/// The aligned 2 MiB around an address.
pub const fn block_around(address: Address) -> Option<PageRange> {
    PageRange::spanning(address / PMD_SIZE * PMD_SIZE, PMD_SIZE)
}

/// What a mapping that grows down keeps free below it: 256 pages (`stack_guard_gap`).
pub const STACK_GUARD_GAP: u64 = 256 * PAGE_SIZE;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn anonymous(start: Address, end: Address, prot: Prot) -> Vma {
        Vma {
            range: PageRange::new(start, end).unwrap(),
            prot,
            sharing: Sharing::Private,
            flags: VmaFlags::empty(),
            backing: Backing::Anonymous,
            page_offset: start / PAGE_SIZE,
            origin: None,
            inferred: false,
        }
    }

    #[test]
    fn splitting_goes_on_counting_pages() {
        let vma = anonymous(0x1000, 0x4000, Prot::RW);
        let (low, high) = vma.split(0x3000).unwrap();
        assert_eq!((low.page_offset, high.page_offset), (1, 3));
        assert!(low.merges_with(&high));
        assert_eq!(low.merged(high), vma);
        assert_eq!(vma.split(0x1000), None);
        assert_eq!(vma.split(0x1800), None);
    }

    #[test]
    fn what_keeps_neighbours_apart() {
        let low = anonymous(0x1000, 0x2000, Prot::RW);
        let high = anonymous(0x2000, 0x3000, Prot::RW);
        let apart: [(&str, Vma); 6] = [
            ("a gap", anonymous(0x3000, 0x4000, Prot::RW)),
            ("protection", Vma { prot: Prot::READ, ..high }),
            ("sharing", Vma { sharing: Sharing::Shared { may_write: true }, ..high }),
            ("flags", Vma { flags: VmaFlags::NORESERVE, ..high }),
            ("offset", Vma { page_offset: 9, ..high }),
            ("backing", Vma { backing: Backing::DevZero(1), ..high }),
        ];
        assert!(low.merges_with(&high));
        for (why, above) in apart {
            assert!(!low.merges_with(&above), "{why}");
        }
    }

    #[test]
    fn origins_agree_if_equal_or_missing() {
        let low = anonymous(0x1000, 0x2000, Prot::RW);
        let high = anonymous(0x2000, 0x3000, Prot::RW);
        let with = |vma: Vma, origin: Option<u32>| {
            let origin = origin.and_then(Origin::new);
            Vma { origin, ..vma }
        };
        assert!(with(low, Some(1)).merges_with(&high));
        assert!(with(low, Some(1)).merges_with(&with(high, Some(1))));
        assert!(!with(low, Some(1)).merges_with(&with(high, Some(2))));
        assert_eq!(low.merged(with(high, Some(2))).origin, Origin::new(2));
    }
}
