//! Files, their page caches, and descriptors.
//!
//! Three layers, as in Linux: a descriptor (a number) names an *open file* (what `open` returned:
//! its access mode), which names a *file* (its bytes). Mappings hold the open file, so that
//! closing a descriptor ends nothing. The pages of a file are frames; a page that was never
//! written has none. A file that only a log knows has no size here and shows zeros.
//!
//! Source: `open(2)`, `memfd_create(2)`, `ftruncate(2)`, `pwrite(2)`.

use crate::abi::OpenFlags;
use crate::address::{Address, PAGE_SIZE};
use crate::frame::{FrameNumber, Frames, Owner};
use crate::page_cache::PageCache;
use crate::read_ahead::{MOST_PAGES, Pattern, ReadAhead};
use imbl::OrdMap;
use std::ops::Range;

/// The number of a file.
pub type FileId = u32;
/// The number of an open file.
pub type OpenId = u32;

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// A file of a disk's file system (ext4 where they differ).
    Regular,
    /// Memory made by `memfd_create`.
    Memfd,
    /// The memory behind a shared anonymous mapping.
    SharedMemory,
    /// `/dev/zero`.
    DevZero,
    /// `/dev/null`, which cannot be mapped.
    DevNull,
    /// A directory, which cannot be mapped.
    Directory,
    /// A pipe, a socket, a terminal: only logs have them.
    Stream,
}

impl FileKind {
    /// What it is called in a sentence.
    pub const fn description(self) -> &'static str {
        match self {
            FileKind::Regular => "a file",
            FileKind::Memfd => "a memfd",
            FileKind::SharedMemory => "shared memory",
            FileKind::DevZero => "/dev/zero",
            FileKind::DevNull => "/dev/null",
            FileKind::Directory => "a directory",
            FileKind::Stream => "a pipe, socket or terminal",
        }
    }

    /// Says whether it has bytes at offsets, which `ftruncate` can cut.
    pub const fn has_length(self) -> bool {
        matches!(self, FileKind::Regular | FileKind::Memfd | FileKind::SharedMemory)
    }
}

/// What the kernel writes behind the path of a file that was removed (`d_path`).
pub const DELETED: &str = " (deleted)";

/// A file.
#[derive(Clone, PartialEq, Debug)]
pub struct File {
    /// What it is.
    pub kind: FileKind,
    /// Its path as opened, or its memfd name.
    pub path: String,
    /// Length in bytes; nothing where only a log knows it.
    pub size: Option<u64>,
    /// The owner's rights as `open` was given them (`mode`), for opening it again.
    pub mode: u32,
    cache: PageCache,
}

impl File {
    /// Its name in the last column of maps.
    pub fn maps_name(&self) -> String {
        match self.kind {
            FileKind::Memfd => format!("/memfd:{} (deleted)", self.path),
            FileKind::SharedMemory => "/dev/zero (deleted)".to_owned(),
            _ => self.path.clone(),
        }
    }

    /// Number of pages that lie at least partly before its end.
    pub fn page_count(&self) -> u64 {
        self.size.map_or(u64::MAX / PAGE_SIZE, |size| size.div_ceil(PAGE_SIZE))
    }

    /// The cached frame of a page.
    pub fn cached(&self, index: u64) -> Option<FrameNumber> {
        self.cache.frame(index)
    }
}

/// What `open` returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenFile {
    /// The file.
    pub file: FileId,
    /// How it was opened.
    pub flags: OpenFlags,
    /// How many descriptors name it.
    descriptors: u32,
    read_ahead: ReadAhead,
}

/// All files, open files and descriptors.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Files {
    files: OrdMap<FileId, File>,
    paths: OrdMap<String, FileId>,
    open_files: OrdMap<OpenId, OpenFile>,
    descriptors: OrdMap<i32, OpenId>,
    next_file: FileId,
    next_open: OpenId,
}

/// How many descriptors a process may have (`RLIMIT_NOFILE`, the usual soft limit).
pub const DESCRIPTOR_LIMIT: i32 = 1024;

impl Files {
    /// The file of a path, if it is there.
    pub fn by_path(&self, path: &str) -> Option<FileId> {
        self.paths.get(path).copied()
    }

    /// The paths that can be opened, in order.
    pub fn paths(&self) -> impl Iterator<Item = (&str, FileId)> {
        self.paths.iter().map(|(path, id)| (path.as_str(), *id))
    }

    /// A file.
    pub fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(&id)
    }

    /// An open file.
    pub fn open_file(&self, id: OpenId) -> Option<&OpenFile> {
        self.open_files.get(&id)
    }

    /// The file behind an open file.
    pub fn behind(&self, id: OpenId) -> Option<&File> {
        self.file(self.open_file(id)?.file)
    }

    /// The open file that a descriptor names.
    pub fn descriptor(&self, fd: i32) -> Option<OpenId> {
        self.descriptors.get(&fd).copied()
    }

    /// The open descriptors, by number.
    pub fn descriptors(&self) -> impl Iterator<Item = (i32, OpenId)> {
        self.descriptors.iter().map(|(fd, open)| (*fd, *open))
    }

    /// Makes a file. With a path it can be opened again.
    pub fn create(&mut self, kind: FileKind, path: &str, size: Option<u64>, mode: u32) -> FileId {
        let id = self.next_file;
        self.next_file += 1;
        let file = File { kind, path: path.to_owned(), size, mode, cache: PageCache::default() };
        self.files.insert(id, file);
        if !matches!(kind, FileKind::Memfd | FileKind::SharedMemory | FileKind::Stream) {
            self.paths.insert(path.to_owned(), id);
        }
        id
    }

    /// Makes a file of a disk that no path leads to. `folder` ends in a slash, or is the current
    /// one and empty. Its name is its inode's number, as on ext4 (`d_mark_tmpfile`).
    pub fn create_unnamed(&mut self, folder: &str, mode: u32) -> FileId {
        let path = format!("{folder}#{}{DELETED}", u64::from(self.next_file) + 2);
        let id = self.create(FileKind::Regular, &path, Some(0), mode);
        self.paths.remove(&path);
        id
    }

    /// Says what a file is after all: a log may tell it late.
    pub fn set_kind(&mut self, id: FileId, kind: FileKind) {
        if let Some(file) = self.files.get_mut(&id) {
            file.kind = kind;
        }
    }

    /// Opens a file without a descriptor yet.
    pub fn open(&mut self, file: FileId, flags: OpenFlags) -> OpenId {
        let id = self.next_open;
        self.next_open += 1;
        self.open_files
            .insert(id, OpenFile { file, flags, descriptors: 0, read_ahead: ReadAhead::default() });
        id
    }

    /// The lowest free descriptor from 3 on, for 0 to 2 are the terminal's. Nothing when all are
    /// taken.
    pub fn free_descriptor(&self) -> Option<i32> {
        let mut fd = 3;
        for (taken, _) in self.descriptors.range(3..) {
            if *taken != fd {
                break;
            }
            fd += 1;
        }
        (fd < DESCRIPTOR_LIMIT).then_some(fd)
    }

    /// Gives an open file a descriptor, in place of what it named before. The caller
    /// looks after the open file that this may leave without a descriptor.
    pub fn assign_number(&mut self, open: OpenId, fd: i32) {
        self.close(fd);
        if let Some(open_file) = self.open_files.get_mut(&open) {
            open_file.descriptors += 1;
            self.descriptors.insert(fd, open);
        }
    }

    /// Closes a descriptor and returns what it named.
    pub fn close(&mut self, fd: i32) -> Option<OpenId> {
        let open = self.descriptors.remove(&fd)?;
        if let Some(open_file) = self.open_files.get_mut(&open) {
            open_file.descriptors = open_file.descriptors.saturating_sub(1);
        }
        Some(open)
    }

    /// Forgets an open file that neither a descriptor nor a mapping holds, and with it a file that
    /// has no path and no other open file.
    pub fn release(&mut self, open: OpenId, mapped: bool, frames: &mut Frames) {
        let Some(open_file) = self.open_files.get(&open).copied() else { return };
        if open_file.descriptors > 0 || mapped {
            return;
        }
        self.open_files.remove(&open);
        let Some(file) = self.files.get(&open_file.file) else { return };
        let has_path = self.paths.get(&file.path) == Some(&open_file.file);
        let still_open = self.open_files.values().any(|other| other.file == open_file.file);
        if !has_path && !still_open {
            for frame in file.cache.frames() {
                frames.set_cached(frame, false);
            }
            self.files.remove(&open_file.file);
        }
    }

    /// The frame of a page of a file, taken now if the page had none.
    /// Nothing when all frames are in use.
    pub fn page(&mut self, id: FileId, index: u64, frames: &mut Frames) -> Option<FrameNumber> {
        let file = self.files.get_mut(&id)?;
        if let Some(frame) = file.cache.frame(index) {
            return Some(frame);
        }
        let frame = frames.take(Owner::File { file: id, index })?;
        frames.set_cached(frame, true);
        file.cache.insert(index, frame);
        Some(frame)
    }

    /// Says whether a page is in the cache: one that was written, or loaded through a mapping, or
    /// (of a disk's file) read ahead.
    pub fn is_cached(&self, id: FileId, index: u64) -> bool {
        self.file(id).is_some_and(|file| file.cache.is_cached(index))
    }

    /// Reads pages of a disk's file into its cache; other files have nothing to read from.
    pub fn read_ahead(&mut self, id: FileId, pages: Range<u64>) {
        let Some(file) = self.files.get_mut(&id) else { return };
        if file.kind == FileKind::Regular {
            file.cache.read(pages.start..pages.end.min(file.page_count()));
        }
    }

    /// Reads a page of a disk's file that a mapping found missing, and others with it.
    pub fn mapping_missed(&mut self, open: OpenId, pattern: Pattern, index: u64) {
        self.reading(open, |read_ahead, cache, size| {
            read_ahead.mapping_missed(cache, pattern, index, size.div_ceil(PAGE_SIZE));
        });
    }

    /// A mapping met a mark of read-ahead: more is read. Says whether there was one.
    pub fn mapping_met_mark(&mut self, open: OpenId, index: u64) -> bool {
        let cache = self.behind(open).map(|file| &file.cache);
        if !cache.is_some_and(|cache| cache.is_marked(cache.folio(index).start)) {
            return false;
        }
        self.reading(open, |read_ahead, cache, size| {
            read_ahead.mark_met(cache, index, MOST_PAGES, size.div_ceil(PAGE_SIZE));
        });
        true
    }

    /// Brings into the cache what a read through a descriptor needs, and more.
    pub fn read_through(&mut self, open: OpenId, offset: u64, count: u64) {
        self.reading(open, |read_ahead, cache, size| {
            read_ahead.read(cache, offset, count, size);
        });
    }

    /// Reads a disk's file; the others are in memory anyway.
    fn reading(&mut self, open: OpenId, read: impl FnOnce(&mut ReadAhead, &mut PageCache, u64)) {
        let Some(open_file) = self.open_files.get_mut(&open) else { return };
        let Some(file) = self.files.get_mut(&open_file.file) else { return };
        if let (FileKind::Regular, Some(size)) = (file.kind, file.size) {
            read(&mut open_file.read_ahead, &mut file.cache, size);
        }
    }

    /// Says whether a page is mapped when a neighbour is touched: it is cached, and read-ahead
    /// did not mark it.
    pub fn is_mapped_around(&self, id: FileId, index: u64) -> bool {
        self.file(id).is_some_and(|file| {
            let cache = &file.cache;
            cache.is_cached(index) && !cache.is_marked(cache.folio(index).start)
        })
    }

    /// Reads the contents of a page that is in the cache without them. Says whether it was one.
    pub fn read_unread(&mut self, id: FileId, index: u64) -> bool {
        let Some(file) = self.files.get_mut(&id) else { return false };
        let unread = file.cache.is_unread(index);
        file.cache.read_unread(index);
        unread
    }

    /// The pages that are one folio with a page.
    pub fn folio(&self, id: FileId, index: u64) -> Range<u64> {
        self.file(id).map_or(index..index + 1, |file| file.cache.folio(index))
    }

    /// Makes a range of pages zeros without a frame.
    pub fn punch_hole(&mut self, id: FileId, pages: Range<u64>, frames: &mut Frames) {
        let Some(file) = self.files.get_mut(&id) else { return };
        forget(file, pages.start, pages, frames);
    }

    /// Notes that a mapping may store to a page from now on: its folio, as far as the file
    /// reaches, is dirty (`ext4_page_mkwrite`).
    pub fn made_writable(&mut self, id: FileId, index: u64) {
        let Some(file) = self.files.get_mut(&id) else { return };
        if file.kind == FileKind::Regular {
            let folio = file.cache.folio(index);
            let end = folio.end.min(file.page_count());
            file.cache.make_dirty(folio.start..end);
        }
    }

    /// Copies bytes out of a file. `out` must end at or before the file's end.
    pub fn read(&self, id: FileId, offset: u64, out: &mut [u8], frames: &Frames) {
        for piece in pieces(offset, out.len() as u64) {
            let out = &mut out[piece.from as usize..piece.to as usize];
            match self.file(id).and_then(|file| file.cached(piece.index)) {
                Some(frame) => frames.read(frame, piece.offset, out),
                None => out.fill(0),
            }
        }
    }

    /// Writes `length` bytes into a file, growing it if needed: `data` first, then zeros. Returns
    /// how many were written, which is less when frames ran out.
    pub fn write(
        &mut self,
        id: FileId,
        offset: Address,
        data: &[u8],
        length: u64,
        frames: &mut Frames,
    ) -> u64 {
        // Without a frame for the first page nothing is written, and nothing changes.
        let cached = |file: &File| file.cache.frame(offset / PAGE_SIZE).is_some();
        if frames.available() == 0 && !self.file(id).is_some_and(cached) {
            return 0;
        }
        let old = self.file(id).and_then(|file| file.size);
        self.grow_to(id, offset, frames);
        if let Some(file) = self.files.get_mut(&id)
            && file.kind == FileKind::Regular
        {
            file.cache.make_room(offset, length);
        }
        let mut written = 0;
        for piece in pieces(offset, length) {
            let Some(frame) = self.page(id, piece.index, frames) else { break };
            let data_from = piece.from.min(data.len() as u64) as usize;
            let data_to = piece.to.min(data.len() as u64) as usize;
            frames.write(frame, piece.offset, &data[data_from..data_to]);
            let zeros = [0; PAGE_SIZE as usize];
            let given = (data_to - data_from) as u64;
            let missing = (piece.to - piece.from - given) as usize;
            frames.write(frame, piece.offset + given, &zeros[..missing]);
            written = piece.to;
        }
        if let Some(file) = self.files.get_mut(&id) {
            file.size = file.size.map(|size| size.max(offset + written));
            if file.kind == FileKind::Regular {
                let end = (offset + written).div_ceil(PAGE_SIZE);
                file.cache.make_dirty(offset / PAGE_SIZE..end);
            }
        }
        if let Some(old) = old.filter(|old| *old < offset) {
            self.touch_tail(id, old);
        }
        written
    }

    /// Before a file grows: ext4 clears the bytes behind the old end in the last page, which a
    /// mapping may have stored there; memory files show them.
    fn grow_to(&mut self, id: FileId, new_size: u64, frames: &mut Frames) {
        if let Some(file) = self.files.get(&id)
            && file.kind == FileKind::Regular
            && let Some(size) = file.size
            && new_size > size
        {
            self.clear_tail(id, size, frames);
        }
    }

    /// Sets a file's length. Returns the index of the first page that is gone from the cache, for
    /// mappings to drop it too.
    pub fn set_size(&mut self, id: FileId, size: u64, frames: &mut Frames) -> Option<u64> {
        let old = self.files.get(&id)?.size;
        self.grow_to(id, size, frames);
        let file = self.files.get_mut(&id)?;
        file.size = Some(size);
        let first_gone = size.div_ceil(PAGE_SIZE);
        if let Some(old) = old.filter(|old| *old < size) {
            self.touch_tail(id, old);
            if let Some(file) = self.files.get_mut(&id) {
                forget(file, size / PAGE_SIZE, first_gone..u64::MAX, frames);
            }
            return None;
        }
        forget(file, size / PAGE_SIZE, first_gone..u64::MAX, frames);
        self.clear_tail(id, size, frames);
        self.touch_tail(id, size);
        Some(first_gone)
    }

    /// Where ext4 looks whether there is anything to clear behind an end, the page comes into the
    /// cache (`ext4_block_truncate_page`).
    fn touch_tail(&mut self, id: FileId, size: u64) {
        if let Some(file) = self.files.get_mut(&id)
            && file.kind == FileKind::Regular
            && !size.is_multiple_of(PAGE_SIZE)
        {
            file.cache.touch(size / PAGE_SIZE);
        }
    }

    /// Clears what lies behind `size` in the page that holds it.
    fn clear_tail(&mut self, id: FileId, size: u64, frames: &mut Frames) {
        let offset = size % PAGE_SIZE;
        if offset != 0
            && let Some(frame) = self.file(id).and_then(|file| file.cached(size / PAGE_SIZE))
        {
            frames.write(frame, offset, &[0; PAGE_SIZE as usize][offset as usize..]);
        }
    }
}

/// Forgets cached pages: they are zeros without a frame, or zeros in one where they must stay.
fn forget(file: &mut File, cut: u64, pages: Range<u64>, frames: &mut Frames) {
    let (gone, kept) = file.cache.forget(cut, pages);
    for frame in gone {
        frames.set_cached(frame, false);
    }
    for frame in kept {
        frames.write(frame, 0, &[0; PAGE_SIZE as usize]);
    }
}

/// A part of a run of bytes that lies in one page.
struct Piece {
    index: u64,
    offset: u64,
    from: u64,
    to: u64,
}

/// Cuts `length` bytes from `offset` on at the borders of pages.
fn pieces(offset: u64, length: u64) -> impl Iterator<Item = Piece> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = offset.checked_add(from)?;
        let to = length.min(from + (PAGE_SIZE - at % PAGE_SIZE));
        let piece = Piece { index: at / PAGE_SIZE, offset: at % PAGE_SIZE, from, to };
        from = to;
        (piece.from < piece.to).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memfd() -> (Files, Frames, FileId) {
        let mut files = Files::default();
        let id = files.create(FileKind::Memfd, "m", Some(0), 0o600);
        (files, Frames::new(16), id)
    }

    fn bytes(files: &Files, frames: &Frames, id: FileId, offset: u64, length: usize) -> Vec<u8> {
        let mut out = vec![0xff; length];
        files.read(id, offset, &mut out, frames);
        out
    }

    fn assign(files: &mut Files, open: OpenId) -> i32 {
        let fd = files.free_descriptor().unwrap();
        files.assign_number(open, fd);
        fd
    }

    #[test]
    fn writing_grows_and_pads_with_zeros() {
        let (mut files, mut frames, id) = memfd();
        assert_eq!(files.write(id, 4094, b"abcd", 6, &mut frames), 6);
        assert_eq!(files.file(id).unwrap().size, Some(4100));
        assert_eq!(bytes(&files, &frames, id, 4093, 7), b"\0abcd\0\0");
    }

    #[test]
    fn cutting_drops_pages_and_clears_the_rest_of_the_last() {
        let (mut files, mut frames, id) = memfd();
        files.write(id, 0, &[1; 3 * 4096], 3 * 4096, &mut frames);
        assert_eq!(files.set_size(id, 4097, &mut frames), Some(2));
        assert_eq!(frames.used(), 2);
        files.set_size(id, 8192, &mut frames);
        assert_eq!(bytes(&files, &frames, id, 4095, 3), [1, 1, 0]);
    }

    #[test]
    fn a_memfd_is_gone_with_its_last_holder() {
        let (mut files, mut frames, id) = memfd();
        let open = files.open(id, OpenFlags::from_bits_retain(2));
        let fd = assign(&mut files, open);
        files.write(id, 0, b"x", 1, &mut frames);
        files.close(fd);
        files.release(open, true, &mut frames);
        assert_eq!(frames.used(), 1);
        files.release(open, false, &mut frames);
        assert_eq!((frames.used(), files.file(id).is_some()), (0, false));
    }

    #[test]
    fn descriptors_are_the_lowest_free_from_3_on() {
        let (mut files, _, id) = memfd();
        let fds: Vec<_> = (0..3)
            .map(|_| {
                let open = files.open(id, OpenFlags::empty());
                assign(&mut files, open)
            })
            .collect();
        assert_eq!(fds, [3, 4, 5]);
        files.close(4);
        let open = files.open(id, OpenFlags::empty());
        assert_eq!(assign(&mut files, open), 4);
    }
}
