//! Addresses, pages and ranges of pages.
//!
//! An address is a `u64` in the guest. Nothing here uses `usize`: it has 32 bits in the browser.
//! A [`PageRange`] is checked once, where a number enters; afterwards its type says that it is
//! aligned, not empty, and inside what an address can name.

use std::fmt;

/// An address in the guest, in bytes.
pub type Address = u64;

/// Size of a page and of a frame, in bytes (x86-64, `getconf PAGESIZE`).
pub const PAGE_SIZE: u64 = 4096;

/// Size of what one entry of the second-lowest page table covers: 2 MiB (`PMD_SIZE`, x86-64).
pub const PMD_SIZE: u64 = 2 << 20;

/// Pages in a huge page: those of the 2 MiB that one entry of the third level maps.
pub const HUGE_PAGE_PAGES: u64 = PMD_SIZE / PAGE_SIZE;

/// First address behind user space with 47-bit addresses (`TASK_SIZE_MAX`, x86-64, Linux 6.18).
pub const USER_END: Address = 0x7fff_ffff_f000;

/// Rounds down to a multiple of the page size.
pub const fn page_floor(address: Address) -> Address {
    address & !(PAGE_SIZE - 1)
}

/// Rounds up to a multiple of the page size; wraps to 0 like the kernel's `PAGE_ALIGN`.
pub const fn page_ceil_wrapping(value: u64) -> u64 {
    page_floor(value.wrapping_add(PAGE_SIZE - 1))
}

/// Says whether a number is a multiple of the page size.
pub const fn is_page_aligned(value: u64) -> bool {
    value.is_multiple_of(PAGE_SIZE)
}

/// Says whether bits 47 to 63 are all equal, as the processor asks of every address (4-level paging).
pub const fn is_canonical(address: Address) -> bool {
    let top = address >> 47;
    top == 0 || top == (1 << 17) - 1
}

/// A page of virtual space, by number: its address divided by the page size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Page(u64);

impl Page {
    /// The page that holds an address.
    pub const fn containing(address: Address) -> Page {
        Page(address / PAGE_SIZE)
    }

    /// Its first address.
    pub const fn start(self) -> Address {
        self.0 * PAGE_SIZE
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The page a number of pages further up.
    pub const fn offset(self, pages: u64) -> Page {
        Page(self.0 + pages)
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "page {:#x}", self.start())
    }
}

/// A run of whole pages: `start <= address < end`.
///
/// Invariant: both ends are multiples of the page size and `start < end`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageRange {
    start: Address,
    end: Address,
}

impl PageRange {
    /// The range between two aligned addresses, or nothing if they are unaligned or not in order.
    pub const fn new(start: Address, end: Address) -> Option<PageRange> {
        if is_page_aligned(start) && is_page_aligned(end) && start < end {
            Some(PageRange { start, end })
        } else {
            None
        }
    }

    /// The range of `length` bytes from `start` on, rounded out to whole pages; nothing if that is
    /// empty or does not fit into 64 bits.
    pub const fn spanning(start: Address, length: u64) -> Option<PageRange> {
        match start.checked_add(length) {
            Some(end) if end <= u64::MAX - PAGE_SIZE => {
                PageRange::new(page_floor(start), page_ceil_wrapping(end))
            }
            _ => None,
        }
    }

    /// First address.
    pub const fn start(self) -> Address {
        self.start
    }

    /// First address behind it.
    pub const fn end(self) -> Address {
        self.end
    }

    /// Length in bytes.
    pub const fn size_bytes(self) -> u64 {
        self.end - self.start
    }

    /// Length in pages.
    pub const fn page_count(self) -> u64 {
        self.size_bytes() / PAGE_SIZE
    }

    /// Says whether an address lies in it.
    pub const fn contains(self, address: Address) -> bool {
        self.start <= address && address < self.end
    }

    /// Says whether all of another range lies in it.
    pub const fn covers(self, other: PageRange) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// What two ranges share.
    pub fn intersection(self, other: PageRange) -> Option<PageRange> {
        PageRange::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// Its pages, lowest first.
    pub fn pages(self) -> impl DoubleEndedIterator<Item = Page> + Clone {
        (self.start / PAGE_SIZE..self.end / PAGE_SIZE).map(Page)
    }
}

impl fmt::Debug for PageRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}-{:#x}", self.start, self.end)
    }
}

impl fmt::Display for PageRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A size as people read it: bytes, with KiB, MiB, GiB or TiB beside them where that is shorter.
pub fn size_text(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, size) in UNITS {
        if bytes >= size {
            let tenths = (u128::from(bytes) * 10 / u128::from(size)) as u64;
            let exact = if bytes.is_multiple_of(size) { "" } else { "about " };
            return if tenths.is_multiple_of(10) {
                format!("{exact}{} {unit}", tenths / 10)
            } else {
                format!("{exact}{}.{} {unit}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_at_both_ends_of_64_bits() {
        assert_eq!(page_floor(0xfff), 0);
        assert_eq!(page_ceil_wrapping(1), 4096);
        assert_eq!(page_ceil_wrapping(4096), 4096);
        assert_eq!(page_ceil_wrapping(u64::MAX), 0);
    }

    #[test]
    fn ranges_are_aligned_and_not_empty() {
        assert_eq!(PageRange::new(0x1000, 0x1000), None);
        assert_eq!(PageRange::new(0x1001, 0x2000), None);
        assert_eq!(PageRange::spanning(0x1001, 1), PageRange::new(0x1000, 0x2000));
        assert_eq!(PageRange::spanning(0x1000, 0), None);
        assert_eq!(PageRange::spanning(u64::MAX, 1), None);
        assert_eq!(PageRange::spanning(0, u64::MAX), None);
    }

    #[test]
    fn canonical_addresses_have_equal_top_bits() {
        assert!(is_canonical(USER_END));
        assert!(is_canonical(0xffff_ffff_ff60_0000));
        assert!(!is_canonical(0x8000_0000_0000));
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size_text(100), "100 B");
        assert_eq!(size_text(4096), "4 KiB");
        assert_eq!(size_text(5000), "about 4.8 KiB");
        assert_eq!(size_text(u64::MAX), "about 16777215.9 TiB");
    }
}
