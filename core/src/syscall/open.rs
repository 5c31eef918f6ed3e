//! `open(2)`, `openat(2)`, `memfd_create(2)`, `close(2)`: paths and descriptors.
//!
//! The file system is small: an empty folder in which an ordinary user may create files, `/`,
//! and the devices `/dev/zero` and `/dev/null`.
//!
//! Differs: there are no folders below the current one, no links, and nothing of the real
//! system's files; a log brings the files that it names.

use crate::abi::{AT_FDCWD, Errno, OpenFlags};
use crate::file::{DESCRIPTOR_LIMIT, FileKind, OpenId};
use crate::kernel::{CallResult, Kernel, Refusal, refuse};
use crate::reason::Reason;

/// Longest path, with its final 0 (`PATH_MAX`).
const PATH_MAX: usize = 4096;
/// Longest component of a path (`NAME_MAX`).
const NAME_MAX: usize = 255;
/// Longest name of a memfd (`MFD_NAME_MAX_LEN`).
const MEMFD_NAME_MAX: usize = 249;
/// Folders that every system has.
const FOLDERS: [&str; 7] = ["/", ".", "..", "/dev", "/etc", "/proc", "/tmp"];

impl Kernel {
    /// Opens a file: `int open(const char *path, int flags, mode_t mode)`. The value is the
    /// lowest free descriptor.
    pub(crate) fn sys_open(&mut self, path: &str, flags: u64, mode: u32) -> CallResult {
        let flags = OpenFlags::from_bits_retain(flags);
        let path = normalise(path);
        let no_such_file = || Reason::NoSuchFile { path: path.clone() };
        if path.is_empty() {
            return refuse(Errno::ENOENT, no_such_file());
        }
        if path.len() >= PATH_MAX || path.split('/').any(|part| part.len() > NAME_MAX) {
            return refuse(Errno::ENAMETOOLONG, Reason::NameTooLong { length: path.len() as u64 });
        }
        if flags.contains(OpenFlags::CREAT | OpenFlags::DIRECTORY) {
            let text = "O_CREAT makes files, not directories";
            return refuse(Errno::EINVAL, Reason::FlagCombination { text });
        }
        if let Some((parent, _)) = path.trim_end_matches('/').rsplit_once('/')
            && !parent.is_empty()
            && !FOLDERS.contains(&parent)
        {
            return match self.known_kind(parent) {
                Some(_) => refuse(Errno::ENOTDIR, Reason::NotDirectory { path: parent.into() }),
                None => refuse(Errno::ENOENT, no_such_file()),
            };
        }
        let file = match self.known_kind(&path) {
            Some((kind, mode)) => {
                if flags.contains(OpenFlags::CREAT | OpenFlags::EXCL) {
                    return refuse(Errno::EEXIST, Reason::FileExists { path });
                }
                check_open(kind, mode, &path, flags)?;
                let known = self.files.by_path(&path);
                known.unwrap_or_else(|| self.files.create(kind, &path, None, mode))
            }
            None if !flags.contains(OpenFlags::CREAT) => {
                return refuse(Errno::ENOENT, no_such_file());
            }
            None if path.starts_with('/') && !path.starts_with("/tmp/") => {
                return refuse(Errno::EACCES, Reason::AccessDenied { path });
            }
            None => self.files.create(FileKind::Regular, &path, Some(0), mode & 0o7777),
        };
        let length = self.files.file(file).is_some_and(|file| file.kind.has_length());
        if flags.contains(OpenFlags::TRUNC) && flags.writes() && length {
            self.truncate(file, 0);
        }
        let open = self.files.open(file, flags);
        self.descriptor_for(open)
    }

    /// Opens a file: `int openat(int dirfd, const char *path, int flags, mode_t mode)`. `dirfd`
    /// counts only for relative paths; the one folder there is, is the current one.
    pub(crate) fn sys_openat(
        &mut self,
        dirfd: i32,
        path: &str,
        flags: u64,
        mode: u32,
    ) -> CallResult {
        if !path.starts_with('/') && dirfd != AT_FDCWD {
            let Some(folder) =
                self.files.descriptor(dirfd).and_then(|open| self.files.behind(open))
            else {
                return refuse(Errno::EBADF, Reason::BadDescriptor { fd: dirfd });
            };
            if folder.kind != FileKind::Directory {
                let path = folder.path.clone();
                return refuse(Errno::ENOTDIR, Reason::NotDirectory { path });
            }
            if folder.path.starts_with('/') {
                let path = format!("{}/{path}", folder.path);
                return self.sys_open(&path, flags, mode);
            }
        }
        self.sys_open(path, flags, mode)
    }

    /// Makes a file of memory: `int memfd_create(const char *name, unsigned int flags)`. The
    /// value is its descriptor.
    pub(crate) fn sys_memfd_create(&mut self, name: &str, flags: u64) -> CallResult {
        const CLOEXEC: u64 = 1;
        const KNOWN: u64 = 0x1f;
        const HUGETLB: u64 = 4;
        const NOEXEC_SEAL: u64 = 8;
        const EXEC: u64 = 0x10;
        let unknown = flags & !KNOWN;
        if unknown != 0 && flags & HUGETLB == 0 {
            let reason = Reason::UnknownBits { argument: "flags", bits: unknown };
            return refuse(Errno::EINVAL, reason);
        }
        if flags & (EXEC | NOEXEC_SEAL) == EXEC | NOEXEC_SEAL {
            let text = "MFD_EXEC and MFD_NOEXEC_SEAL exclude each other";
            return refuse(Errno::EINVAL, Reason::FlagCombination { text });
        }
        if name.len() > MEMFD_NAME_MAX {
            return refuse(Errno::EINVAL, Reason::NameTooLong { length: name.len() as u64 });
        }
        let file = self.files.create(FileKind::Memfd, name, Some(0), 0o777);
        let mut open_flags = OpenFlags::READ_WRITE;
        open_flags.set(OpenFlags::CLOEXEC, flags & CLOEXEC != 0);
        let open = self.files.open(file, open_flags);
        self.descriptor_for(open)
    }

    /// Closes a descriptor: `int close(int fd)`. Mappings stay. The value is 0.
    pub(crate) fn sys_close(&mut self, fd: i32) -> CallResult {
        let Some(open) = self.files.close(fd) else {
            return refuse(Errno::EBADF, Reason::BadDescriptor { fd });
        };
        self.release(open);
        Ok(0.into())
    }

    /// Forgets an open file if nothing holds it any more.
    pub(crate) fn release(&mut self, open: OpenId) {
        self.files.release(open, self.space.vmas().uses(open), &mut self.frames);
    }

    fn descriptor_for(&mut self, open: OpenId) -> CallResult {
        match self.files.assign(open) {
            Some(fd) => Ok((fd as u64).into()),
            None => {
                self.release(open);
                let limit = DESCRIPTOR_LIMIT as u64;
                refuse(Errno::EMFILE, Reason::TooManyDescriptors { limit })
            }
        }
    }

    /// What the file of a path is and may: one that was made, or one that every system has. Those
    /// are made when they are first opened.
    fn known_kind(&self, path: &str) -> Option<(FileKind, u32)> {
        if let Some(file) = self.files.by_path(path).and_then(|file| self.files.file(file)) {
            return Some((file.kind, file.mode));
        }
        match path {
            "/dev/zero" => Some((FileKind::DevZero, 0o666)),
            "/dev/null" => Some((FileKind::DevNull, 0o666)),
            _ => FOLDERS.contains(&path).then_some((FileKind::Directory, 0o666)),
        }
    }
}

/// What an existing file refuses.
fn check_open(kind: FileKind, mode: u32, path: &str, flags: OpenFlags) -> Result<(), Refusal> {
    let path = || path.to_owned();
    if kind == FileKind::Directory {
        if flags.writes() || flags.contains(OpenFlags::CREAT) {
            return refuse(Errno::EISDIR, Reason::IsDirectory { path: path() });
        }
    } else if flags.contains(OpenFlags::DIRECTORY) {
        return refuse(Errno::ENOTDIR, Reason::NotDirectory { path: path() });
    }
    let access = flags.bits() & OpenFlags::ACCMODE.bits();
    let wants_read = matches!(access, 0 | 2 | 3);
    let wants_write = matches!(access, 1..=3) || flags.contains(OpenFlags::TRUNC);
    let lacks = (wants_read && mode & 0o400 == 0) || (wants_write && mode & 0o200 == 0);
    let checked = kind != FileKind::Directory && !flags.contains(OpenFlags::PATH);
    if checked && lacks {
        return refuse(Errno::EACCES, Reason::AccessDenied { path: path() });
    }
    Ok(())
}

/// A path without `./` in front and without repeated slashes.
fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let absolute = path.starts_with('/');
    if parts.len() > 1 || absolute {
        parts.retain(|part| *part != ".");
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_what_means_nothing() {
        let table = [("./f", "f"), ("//dev///zero", "/dev/zero"), ("/", "/"), (".", "."), ("", "")];
        for (path, expected) in table {
            assert_eq!(normalise(path), expected);
        }
    }
}
