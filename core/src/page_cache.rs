//! The page cache of a file: which of its pages are in memory, in which frames.
//!
//! Frames exist only where something was written or mapped; what was merely read from a disk is
//! zeros, and counts as cached. A disk's file has two peculiarities that a program can see in what
//! becomes resident: a long write makes *large folios*, runs of pages that are mapped together,
//! and a page that is in the cache without its contents having been read.
//!
//! Differs: nothing is ever written back to a disk. A large folio that is cut is split if what is
//! left of it is not dirty; the kernel also splits one that was written back meanwhile (`MS_SYNC`,
//! or half a minute later).
//!
//! Source: `mm/filemap.c`, `mm/truncate.c`, `mm/huge_memory.c`, `fs/ext4/inode.c`, Linux 6.18.

use crate::address::PAGE_SIZE;
use crate::frame::FrameNumber;
use crate::runs::Runs;
use imbl::{OrdMap, OrdSet};
use std::ops::Range;

/// Longest run of pages that is one folio, as a power of two (ext4).
const LARGEST_ORDER: u32 = 9;

/// The cached pages of one file, by index.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PageCache {
    frames: OrdMap<u64, FrameNumber>,
    /// Pages that were read from the disk, perhaps without a frame here.
    read: Runs,
    /// Pages in the cache whose contents were not read: ext4 makes one where it looks whether
    /// anything must be cleared behind the end.
    unread: OrdSet<u64>,
    /// Folios of several pages, start to end.
    large: OrdMap<u64, u64>,
    /// Folios that read-ahead marked, by their first page.
    marked: OrdSet<u64>,
    /// Pages that are not on the disk as they are here.
    dirty: Runs,
}

impl PageCache {
    /// The frame of a page, if it has one.
    pub fn frame(&self, index: u64) -> Option<FrameNumber> {
        self.frames.get(&index).copied()
    }

    /// All frames.
    pub fn frames(&self) -> impl Iterator<Item = FrameNumber> {
        self.frames.values().copied()
    }

    /// Says whether a page's contents are in memory.
    pub fn is_cached(&self, index: u64) -> bool {
        self.frames.contains_key(&index) || (self.read.contains(index) && !self.is_unread(index))
    }

    /// Says whether a page is in the cache without its contents.
    pub fn is_unread(&self, index: u64) -> bool {
        self.unread.contains(&index)
    }

    /// Notes a page's frame.
    pub fn insert(&mut self, index: u64, frame: FrameNumber) {
        self.unread.remove(&index);
        self.frames.insert(index, frame);
    }

    /// Reads pages from the disk, but for those that are in the cache already.
    pub fn read(&mut self, pages: Range<u64>) {
        self.read.add(pages);
    }

    /// Reads pages that are not there yet, as one folio if `together`.
    pub fn read_folio(&mut self, pages: Range<u64>, together: bool) {
        if together && pages.end - pages.start > 1 {
            self.large.insert(pages.start, pages.end);
        }
        self.read(pages);
    }

    /// Says whether read-ahead marked a folio, given its first page.
    pub fn is_marked(&self, first: u64) -> bool {
        self.marked.contains(&first)
    }

    /// Marks a folio, given its first page.
    pub fn mark(&mut self, first: u64) {
        self.marked.insert(first);
    }

    /// Takes a folio's mark away.
    pub fn unmark(&mut self, first: u64) {
        self.marked.remove(&first);
    }

    /// The first page of a range that is in the cache, read or not.
    pub fn next_present(&self, pages: Range<u64>) -> Option<u64> {
        let framed = self.frames.range(pages.clone()).next().map(|(index, _)| *index);
        let unread = self.unread.range(pages.clone()).next().copied();
        let read = self.read.inside(pages).first().map(|run| run.start);
        [framed, unread, read].into_iter().flatten().min()
    }

    fn is_present(&self, index: u64) -> bool {
        self.next_present(index..index + 1).is_some()
    }

    /// The first page from `index` on that is not in the cache, looking at so many.
    pub fn next_missing(&self, index: u64, most: u64) -> u64 {
        let end = index + most;
        (index..end).find(|index| !self.is_present(*index)).unwrap_or(end)
    }

    /// How many pages right before `index` are in the cache, looking at so many; and whether that
    /// is all of them.
    pub fn cached_before(&self, index: u64, most: u64) -> (u64, bool) {
        let lowest = index.saturating_sub(most);
        let missing = (lowest..index).rev().find(|index| !self.is_present(*index));
        let cached = missing.map_or(index - lowest, |missing| index - missing - 1);
        (cached, missing.is_none() && lowest == 0)
    }

    /// Where the pages end that a read from `index` on takes at once: at the first that is not
    /// there, or behind the first that is marked or unread (`filemap_get_read_batch`).
    pub fn batch_end(&self, index: u64, end: u64) -> u64 {
        let mut at = index;
        while at < end && self.is_present(at) {
            let folio = self.folio(at);
            at = folio.end;
            if self.is_marked(folio.start) || self.is_unread(folio.start) {
                break;
            }
        }
        at
    }

    /// Reads the contents of a page that is in the cache without them.
    pub fn read_unread(&mut self, index: u64) {
        if self.unread.remove(&index).is_some() {
            self.read.add(index..index + 1);
        }
    }

    /// Puts a page into the cache without its contents, if it is not there.
    pub fn touch(&mut self, index: u64) {
        if !self.is_cached(index) {
            self.unread.insert(index);
        }
    }

    /// The folio of a page: the pages that are mapped together with it.
    pub fn folio(&self, index: u64) -> Range<u64> {
        match self.large.get_prev(&index) {
            Some((start, end)) if index < *end => *start..*end,
            _ => index..index + 1,
        }
    }

    /// The folios of the pages that a write of `length` bytes puts into the cache, as large as
    /// the write allows (`__filemap_get_folio` with `fgf_set_order`).
    pub fn make_room(&mut self, offset: u64, length: u64) {
        let chunk = PAGE_SIZE << LARGEST_ORDER;
        let end = offset.saturating_add(length);
        let mut at = offset;
        while at < end {
            let bytes = (chunk - at % chunk).min(end - at);
            let index = at / PAGE_SIZE;
            let mut pages = (1 << bytes.ilog2()) / PAGE_SIZE;
            // A folio begins at a multiple of its length.
            while pages > 1 && (!index.is_multiple_of(pages) || self.holds(index..index + pages)) {
                pages /= 2;
            }
            if pages > 1 {
                self.large.insert(index, index + pages);
            }
            at = (self.folio(index).end * PAGE_SIZE).min(at + bytes);
        }
    }

    fn holds(&self, pages: Range<u64>) -> bool {
        self.next_present(pages).is_some()
    }

    /// Notes that pages are not on the disk as they are here.
    pub fn make_dirty(&mut self, pages: Range<u64>) {
        self.dirty.add(pages);
    }

    /// Forgets the pages of a range. A folio that reaches out of it is split at its borders, or
    /// stays whole, and keeps the pages, if one of its others is dirty. `cut` is the page in which
    /// the range begins, which may be the page before. Returns the frames that are gone, and those
    /// to be cleared (`truncate_inode_pages_range`).
    pub fn forget(&mut self, cut: u64, pages: Range<u64>) -> (Vec<FrameNumber>, Vec<FrameNumber>) {
        self.dirty.remove(pages.clone());
        let first = self.folio(cut);
        if first.start < cut || pages.start > cut || first.end > pages.end {
            self.split(first.clone(), cut, &pages);
        }
        let last = self.folio(pages.end.saturating_sub(1));
        if last.end > pages.end && last.start >= first.end {
            self.split(last.clone(), last.start, &pages);
        }
        let kept = [self.folio(cut), self.folio(pages.end.saturating_sub(1))]
            .map(|folio| folio.start.max(pages.start)..folio.end.min(pages.end))
            .map(|part| if self.is_whole(&part, &pages) { 0..0 } else { part });
        let mut gone = Vec::new();
        let mut cleared = Vec::new();
        let inside: Vec<(u64, FrameNumber)> =
            self.frames.range(pages.clone()).map(|(index, frame)| (*index, *frame)).collect();
        for (index, frame) in inside {
            if kept.iter().any(|part| part.contains(&index)) {
                cleared.push(frame);
            } else {
                self.frames.remove(&index);
                gone.push(frame);
            }
        }
        self.forget_notes(&pages);
        for part in kept {
            self.read.add(part);
        }
        (gone, cleared)
    }

    /// Says whether the folio of a part of a range lies in the range.
    fn is_whole(&self, part: &Range<u64>, pages: &Range<u64>) -> bool {
        let folio = self.folio(part.start);
        part.is_empty() || (pages.start <= folio.start && folio.end <= pages.end)
    }

    /// Forgets what is noted of the pages of a range, but for folios that reach out of it.
    fn forget_notes(&mut self, pages: &Range<u64>) {
        let unread: Vec<u64> = self.unread.range(pages.clone()).copied().collect();
        let marked: Vec<u64> = self.marked.range(pages.clone()).copied().collect();
        let inside = |start: &u64| self.folio(*start).end <= pages.end;
        let marked: Vec<u64> = marked.into_iter().filter(inside).collect();
        let folios: Vec<u64> = self.large.range(pages.clone()).map(|(start, _)| *start).collect();
        let folios: Vec<u64> = folios.into_iter().filter(inside).collect();
        for index in unread {
            self.unread.remove(&index);
        }
        for start in marked {
            self.marked.remove(&start);
        }
        for start in folios {
            self.large.remove(&start);
        }
        self.read.remove(pages.clone());
    }

    /// Splits a folio at a page and behind the pages that are to go, if nothing in it is dirty
    /// (`truncate_inode_partial_folio`): buffers that wait for the disk hold it together.
    fn split(&mut self, folio: Range<u64>, at: u64, gone: &Range<u64>) {
        if folio.end - folio.start == 1 || !self.dirty.inside(folio.clone()).is_empty() {
            return;
        }
        self.split_at(folio.clone(), at);
        if gone.end < folio.end {
            self.split_at(self.folio(gone.end), gone.end);
        }
    }

    /// Halves a folio, and the half with a page again, until that page is alone (`folio_split`).
    fn split_at(&mut self, folio: Range<u64>, at: u64) {
        self.large.remove(&folio.start);
        let Range { mut start, mut end } = folio;
        while end - start > 1 {
            let middle = start + (end - start) / 2;
            let (same, other) = if at < middle {
                (start..middle, middle..end)
            } else {
                (middle..end, start..middle)
            };
            if other.end - other.start > 1 {
                self.large.insert(other.start, other.end);
            }
            Range { start, end } = same;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folios(offset: u64, length: u64) -> Vec<(u64, u64)> {
        let mut cache = PageCache::default();
        cache.make_room(offset, length);
        cache.large.iter().map(|(start, end)| (*start, *end)).collect()
    }

    #[test]
    fn long_writes_make_large_folios() {
        assert_eq!(folios(0, 4096), []);
        assert_eq!(folios(0, 8192), [(0, 2)]);
        assert_eq!(folios(0, 5 * 4096), [(0, 4)]);
        assert_eq!(folios(4096, 5 * 4096), [(2, 4), (4, 6)]);
        assert_eq!(folios(3, 8192), [(0, 2)]);
    }

    #[test]
    fn a_folio_that_reaches_out_stays() {
        let mut cache = PageCache::default();
        cache.make_room(0, 3 * 4096);
        for index in 0..3 {
            cache.insert(index, index as FrameNumber + 1);
        }
        cache.make_dirty(0..3);
        assert_eq!(cache.forget(1, 1..u64::MAX), (vec![3], vec![2]));
        assert_eq!((cache.folio(1), cache.frame(1), cache.frame(2)), (0..2, Some(2), None));
    }

    #[test]
    fn the_pages_of_a_folio_that_stays_are_all_cached() {
        let mut cache = PageCache::default();
        cache.read_folio(0..8, true);
        cache.make_dirty(0..8);
        cache.forget(1, 1..u64::MAX);
        assert_eq!((cache.folio(0), cache.is_cached(7)), (0..8, true));
    }

    #[test]
    fn a_clean_folio_is_halved_until_the_cut_page_is_alone() {
        let mut cache = PageCache::default();
        cache.read_folio(0..16, true);
        cache.make_dirty(9..10);
        cache.forget(5, 6..u64::MAX);
        assert_eq!([0, 3, 4, 5].map(|index| cache.folio(index)), [0..4, 0..4, 4..5, 5..6]);
        assert_eq!([5, 6, 9].map(|index| cache.is_cached(index)), [true, false, false]);
    }

    #[test]
    fn a_hole_splits_a_clean_folio_at_both_ends() {
        let mut cache = PageCache::default();
        cache.read_folio(0..8, true);
        cache.forget(0, 0..5);
        assert_eq!([5, 6].map(|index| cache.folio(index)), [5..6, 6..8]);
        assert!(!cache.is_cached(4) && cache.is_cached(5));
    }

    #[test]
    fn an_unread_page_is_there_but_not_cached() {
        let mut cache = PageCache::default();
        cache.touch(3);
        cache.read(0..8);
        assert_eq!((cache.is_cached(2), cache.is_cached(3)), (true, false));
        cache.read_unread(3);
        assert!(cache.is_cached(3));
    }
}
