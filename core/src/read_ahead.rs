//! How much of a disk's file is read at once: what an open file remembers of earlier reads, and
//! the marks that it leaves in the page cache to be told when a reader comes near their end.
//!
//! A marked page is not mapped together with its neighbours.
//!
//! Source: `mm/readahead.c`, `do_sync_mmap_readahead` and `filemap_read` (mm/filemap.c), Linux
//! 6.18.

use crate::address::{PAGE_SIZE, PMD_SIZE};
use crate::page_cache::PageCache;

/// Most pages that are read at once: 8 MiB, as on the machine that the recorded scenarios are from
/// (`/sys/block/*/queue/read_ahead_kb`).
pub const MOST_PAGES: u64 = 2048;
/// Pages of 2 MiB.
const HUGE_PAGES: u64 = PMD_SIZE / PAGE_SIZE;
/// 2 MiB as a power of two pages.
const HUGE_ORDER: u32 = HUGE_PAGES.trailing_zeros();

/// How a mapping is expected to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// Anywhere near.
    Around,
    /// `MADV_RANDOM`: only what is touched.
    Random,
    /// `MADV_SEQUENTIAL`: upwards.
    Sequential,
    /// Code: upwards, to the end of the mapping.
    Executable {
        /// First page of the file behind the mapping.
        end: u64,
    },
    /// `MADV_HUGEPAGE`: whole huge pages.
    Huge {
        /// How many.
        count: u64,
    },
}

/// The window of an open file (`struct file_ra_state`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReadAhead {
    start: u64,
    size: u64,
    /// So many pages before the window's end the mark lies.
    async_size: u64,
    /// Folios of the next reads, as a power of two.
    order: u32,
    /// Where the last read ended.
    previous: Option<u64>,
}

impl ReadAhead {
    /// A miss at a page of a mapping, in a file of so many pages (`do_sync_mmap_readahead`).
    pub fn mapping_missed(
        &mut self,
        cache: &mut PageCache,
        pattern: Pattern,
        index: u64,
        pages: u64,
    ) {
        (self.start, self.size, self.async_size, self.order) = match pattern {
            Pattern::Random => return cache.read(index..index + 1),
            Pattern::Sequential => return self.missed(cache, index, MOST_PAGES, pages),
            Pattern::Huge { count } => {
                let start = index / HUGE_PAGES * HUGE_PAGES;
                (start, count * HUGE_PAGES, HUGE_PAGES, HUGE_ORDER)
            }
            Pattern::Executable { end } => (index, MOST_PAGES.min(end.saturating_sub(index)), 0, 0),
            Pattern::Around => {
                (index.saturating_sub(MOST_PAGES / 2), MOST_PAGES, MOST_PAGES / 4, 0)
            }
        };
        self.read_window(cache, pages);
    }

    /// A touch of a marked page, by a mapping or by a read that wants `wanted` pages from it on
    /// (`page_cache_async_ra`).
    pub fn mark_met(&mut self, cache: &mut PageCache, index: u64, wanted: u64, pages: u64) {
        let folio = cache.folio(index);
        cache.unmark(folio.start);
        let expected = (self.start + self.size).saturating_sub(self.async_size);
        if folio.start == expected / (folio.end - folio.start) * (folio.end - folio.start) {
            self.start += self.size;
            self.size = self.size.max(next_size(self.size));
        } else {
            let missing = cache.next_missing(folio.start + 1, MOST_PAGES);
            if missing - folio.start > MOST_PAGES {
                return;
            }
            self.start = missing;
            self.size = next_size(missing - folio.start + wanted);
        }
        self.order = (self.order + 2).min(HUGE_ORDER);
        self.async_size = self.size;
        self.read_window(cache, pages);
    }

    /// A read of bytes through a descriptor (`filemap_read`).
    ///
    /// Differs: only the first 64 MiB of a longer read are followed.
    pub fn read(&mut self, cache: &mut PageCache, offset: u64, count: u64, size: u64) {
        let pages = size.div_ceil(PAGE_SIZE);
        let end = offset.saturating_add(count.min(64 << 20));
        let mut at = offset;
        while at < end.min(size) {
            let (index, last) = (at / PAGE_SIZE, end.div_ceil(PAGE_SIZE));
            let mut batch_end = cache.batch_end(index, last);
            if batch_end == index {
                self.missed(cache, index, last - index, pages);
                batch_end = cache.batch_end(index, last);
            }
            if batch_end == index {
                cache.read(index..index + 1);
                batch_end = index + 1;
            }
            let folio = cache.folio(batch_end - 1);
            if cache.is_marked(folio.start) {
                self.mark_met(cache, folio.start, last - folio.start, pages);
            }
            cache.read_unread(folio.start);
            at = (batch_end * PAGE_SIZE).min(end).min(size);
        }
        if at > offset {
            self.previous = Some(at);
        }
    }

    /// A page that a read wants is not there (`page_cache_sync_ra`).
    fn missed(&mut self, cache: &mut PageCache, index: u64, wanted: u64, pages: u64) {
        let previous = self.previous.map(|at| at / PAGE_SIZE);
        let sequential = previous.is_some_and(|previous| index.wrapping_sub(previous) <= 1);
        if index == 0 || wanted > MOST_PAGES || sequential {
            self.start = index;
            self.size = first_size(wanted);
            self.async_size = if self.size > wanted { self.size - wanted } else { self.size >> 1 };
        } else {
            let (cached, from_start) = cache.cached_before(index, MOST_PAGES);
            if cached <= wanted {
                // A single small read: just that.
                return cache.read(index..(index + wanted).min(pages));
            }
            self.start = index;
            self.size = (if from_start { 2 * cached } else { cached } + wanted).min(MOST_PAGES);
            self.async_size = 1;
        }
        self.order = 0;
        self.read_window(cache, pages);
    }

    /// Reads the window as far as the file reaches, and marks a page in it
    /// (`page_cache_ra_order`).
    fn read_window(&mut self, cache: &mut PageCache, pages: u64) {
        if self.size == 0 || self.start >= pages {
            return;
        }
        self.order = self.order.min(HUGE_ORDER).min(self.size.ilog2());
        let end = pages.min(self.start + self.size);
        let mark = self.start + self.size - self.async_size;
        let mut index = self.start;
        while index < end {
            let mut length = 1 << self.order;
            while length > 1 && (!index.is_multiple_of(length) || index + length > end) {
                length /= 2;
            }
            // The usual case at once: single pages up to the first that is there.
            let run = if self.order == 0 { end - index } else { length };
            let free = cache.next_present(index..index + run).unwrap_or(index + run) - index;
            if self.order > 0 && free < length {
                break;
            }
            cache.read_folio(index..index + free, self.order > 0);
            let marked = if self.order == 0 { mark } else { mark / length * length };
            if (index..index + free).contains(&marked) {
                cache.mark(marked);
            }
            index += free;
            if free < run {
                break;
            }
        }
        if index < end {
            self.fill_gaps(cache, index, pages);
        }
    }

    /// Reads what is missing in the rest of the window, page by page (`do_page_cache_ra`).
    fn fill_gaps(&self, cache: &mut PageCache, index: u64, pages: u64) {
        let count = (self.size - (index - self.start)).min(pages - index);
        let mark = (index + count).checked_sub(self.async_size).filter(|mark| *mark >= index);
        let fresh = mark.filter(|mark| cache.next_present(*mark..*mark + 1).is_none());
        cache.read(index..index + count);
        if let Some(mark) = fresh.filter(|mark| *mark < index + count) {
            cache.mark(mark);
        }
    }
}

/// The first window of a reader (`get_init_ra_size`).
fn first_size(wanted: u64) -> u64 {
    let size = wanted.next_power_of_two();
    if size <= MOST_PAGES / 32 {
        size * 4
    } else if size <= MOST_PAGES / 4 {
        size * 2
    } else {
        MOST_PAGES
    }
}

/// The window after one that was read through (`get_next_ra_size`).
fn next_size(size: u64) -> u64 {
    if size < MOST_PAGES / 16 {
        4 * size
    } else if size <= MOST_PAGES / 2 {
        2 * size
    } else {
        MOST_PAGES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cached(cache: &PageCache) -> Vec<u64> {
        (0..64).filter(|index| cache.is_cached(*index)).collect()
    }

    #[test]
    fn a_read_of_the_first_page_brings_four_and_marks_the_second() {
        let (mut window, mut cache) = (ReadAhead::default(), PageCache::default());
        window.read(&mut cache, 0, 8, 40 * PAGE_SIZE);
        assert_eq!(cached(&cache), [0, 1, 2, 3]);
        assert!(cache.is_marked(1));
        // Who comes to the mark gets the next window.
        window.read(&mut cache, PAGE_SIZE, 8, 40 * PAGE_SIZE);
        assert_eq!(cached(&cache), (0..20).collect::<Vec<_>>());
        assert!(!cache.is_marked(1));
    }

    #[test]
    fn a_small_read_elsewhere_brings_itself() {
        let (mut window, mut cache) = (ReadAhead::default(), PageCache::default());
        window.read(&mut cache, 5 * PAGE_SIZE, PAGE_SIZE + 1, 40 * PAGE_SIZE);
        assert_eq!(cached(&cache), [5, 6]);
    }

    #[test]
    fn a_miss_in_a_mapping_reads_as_it_is_expected_to_be_read() {
        let missed = |pattern| {
            let mut cache = PageCache::default();
            ReadAhead::default().mapping_missed(&mut cache, pattern, 5, 9);
            cached(&cache)
        };
        assert_eq!(missed(Pattern::Around), (0..9).collect::<Vec<_>>());
        assert_eq!(missed(Pattern::Random), [5]);
        assert_eq!(missed(Pattern::Sequential), [5, 6, 7, 8]);
        assert_eq!(missed(Pattern::Executable { end: 7 }), [5, 6]);
    }
}
