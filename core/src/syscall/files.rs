//! `ftruncate(2)`, `pwrite64(2)`, `pread64(2)`: the bytes of a file, past its mappings.

use crate::abi::{Errno, OpenFlags};
use crate::address::{PAGE_SIZE, USER_END};
use crate::call::Returned;
use crate::file::{FileId, FileKind, OpenFile};
use crate::kernel::{CallResult, Kernel, Refusal, refuse};
use crate::limits::TRANSFER_BYTES;
use crate::reason::Reason;

/// Largest file: ext4 with blocks of 4 KiB.
const LARGEST_REGULAR: u64 = 0xfff_ffff_f000;
/// Largest file of memory (`MAX_LFS_FILESIZE`).
const LARGEST_MEMFD: u64 = i64::MAX as u64;

/// What `pread64` read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    /// How many bytes.
    pub count: u64,
    /// The first of them, at most [`Returned::BYTES_SHOWN`].
    pub shown: Vec<u8>,
}

impl Kernel {
    /// Sets a file's length: `int ftruncate(int fd, off_t length)`. The value is 0.
    pub(crate) fn sys_ftruncate(&mut self, fd: i32, length: i64) -> CallResult {
        if length < 0 {
            return refuse(
                Errno::EINVAL,
                Reason::NegativeNumber { argument: "length", value: length },
            );
        }
        let (open, kind) = self.file_of(fd)?;
        if !kind.has_length() {
            return refuse(Errno::EINVAL, Reason::NotAFile { what: kind.description() });
        }
        if !open.flags.writes() {
            return refuse(Errno::EINVAL, Reason::NotOpenForWriting { fd });
        }
        if length as u64 > largest(kind) {
            return refuse(Errno::EFBIG, Reason::FileTooLarge { length: length as u64 });
        }
        self.truncate(open.file, length as u64);
        Ok(0.into())
    }

    /// Writes at an offset: `ssize_t pwrite64(int fd, const void *buf, size_t count, off_t offset)`.
    /// The value is the number of bytes.
    pub(crate) fn sys_pwrite64(
        &mut self,
        fd: i32,
        data: &[u8],
        count: u64,
        offset: i64,
    ) -> CallResult {
        let (open, kind) = self.file_at(fd, offset)?;
        if !open.flags.writes() {
            return refuse(Errno::EBADF, Reason::NotOpenForWriting { fd });
        }
        check_buffer(count)?;
        check_end(offset, count)?;
        let mut count = count.min(TRANSFER_BYTES);
        if !kind.has_length() {
            return Ok(count.into());
        }
        let Some(file) = self.files.file(open.file) else { return Ok(0.into()) };
        // Linux appends whatever the offset says (`pwrite(2)`, BUGS).
        let end = file.size.unwrap_or(0);
        let offset = if open.flags.contains(OpenFlags::APPEND) { end } else { offset as u64 };
        if count == 0 {
            return Ok(0.into());
        }
        if offset >= largest(kind) {
            return refuse(Errno::EFBIG, Reason::FileTooLarge { length: offset });
        }
        count = count.min(largest(kind) - offset);
        let data = &data[..data.len().min(count as usize)];
        let written = self.files.write(open.file, offset, data, count, &mut self.frames);
        if written == 0 {
            let limit = u64::from(self.frames.limit());
            return refuse(Errno::ENOSPC, Reason::OutOfFrames { limit });
        }
        Ok(written.into())
    }

    /// Reads at an offset: `ssize_t pread64(int fd, void *buf, size_t count, off_t offset)`.
    ///
    /// # Errors
    /// `EINVAL` for a negative offset, `EBADF`, `ESPIPE`, `EFAULT`, `EISDIR`.
    pub(crate) fn sys_pread64(
        &mut self,
        fd: i32,
        count: u64,
        offset: i64,
    ) -> Result<Read, Refusal> {
        let (open, kind) = self.file_at(fd, offset)?;
        if !open.flags.reads() {
            return refuse(Errno::EBADF, Reason::NotOpenForReading { fd });
        }
        check_buffer(count)?;
        check_end(offset, count)?;
        let count = count.min(TRANSFER_BYTES);
        let count = match kind {
            FileKind::DevNull => 0,
            FileKind::DevZero => count,
            FileKind::Directory => {
                let reason = Reason::NotAFile { what: kind.description() };
                return refuse(Errno::EISDIR, reason);
            }
            _ => match self.files.file(open.file).and_then(|file| file.size) {
                Some(size) => count.min(size.saturating_sub(offset as u64)),
                None => count,
            },
        };
        let mut shown = vec![0; count.min(Returned::BYTES_SHOWN as u64) as usize];
        if kind.has_length() {
            if let Some(id) = self.files.descriptor(fd) {
                self.files.read_through(id, offset as u64, count);
            }
            self.files.read(open.file, offset as u64, &mut shown, &self.frames);
        }
        Ok(Read { count, shown })
    }

    /// Sets a file's length and drops the pages behind it from every mapping.
    pub(crate) fn truncate(&mut self, file: FileId, length: u64) {
        let folio = self.files.folio(file, length / PAGE_SIZE);
        if let Some(first_gone) = self.files.set_size(file, length, &mut self.frames) {
            self.drop_file_pages(file, first_gone);
        }
        // A folio that is cut inside is taken out of all mappings, split or not
        // (`truncate_inode_partial_folio`).
        if folio.end - folio.start > 1 && folio.start * PAGE_SIZE < length {
            self.drop_shown_pages(file, folio);
        }
    }

    /// The file of a descriptor for a read or write at an offset.
    fn file_at(&self, fd: i32, offset: i64) -> Result<(OpenFile, FileKind), Refusal> {
        if offset < 0 {
            return refuse(
                Errno::EINVAL,
                Reason::NegativeNumber { argument: "offset", value: offset },
            );
        }
        let (open, kind) = self.file_of(fd)?;
        if kind == FileKind::Stream {
            return refuse(Errno::ESPIPE, Reason::NotAFile { what: kind.description() });
        }
        Ok((open, kind))
    }

    fn file_of(&self, fd: i32) -> Result<(OpenFile, FileKind), Refusal> {
        let Some(open) = self.files.descriptor(fd).and_then(|id| self.files.open_file(id)) else {
            return refuse(Errno::EBADF, Reason::BadDescriptor { fd });
        };
        if open.flags.contains(OpenFlags::PATH) {
            return refuse(Errno::EBADF, Reason::PathOnlyDescriptor { fd });
        }
        let kind = self.files.file(open.file).map_or(FileKind::Stream, |file| file.kind);
        Ok((*open, kind))
    }
}

/// Refuses a number of bytes that no buffer in user space has (`access_ok` in `vfs_read` and
/// `vfs_write`); the buffer itself is none of the model's.
fn check_buffer(count: u64) -> Result<(), Refusal> {
    if count > USER_END {
        return refuse(Errno::EFAULT, Reason::PastUserEnd { address: 0, length: count });
    }
    Ok(())
}

/// Refuses a range that passes the largest offset there is (`rw_verify_area`).
fn check_end(offset: i64, count: u64) -> Result<(), Refusal> {
    if offset as u64 + count > i64::MAX as u64 {
        let (offset, length) = (offset as u64, count);
        return refuse(Errno::EINVAL, Reason::OffsetOverflow { offset, length });
    }
    Ok(())
}

/// The largest length of a file (`s_maxbytes`).
pub(super) fn largest(kind: FileKind) -> u64 {
    if kind == FileKind::Regular { LARGEST_REGULAR } else { LARGEST_MEMFD }
}
