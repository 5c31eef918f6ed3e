//! `open(2)`, `openat(2)`, `memfd_create(2)`, `close(2)`: paths and descriptors.
//!
//! The file system is small: an empty folder in which an ordinary user may create files, `/`,
//! and the devices `/dev/zero` and `/dev/null`.
//!
//! Differs: there are no folders below the current one, no links, and nothing of the real
//! system's files; a log brings the files that it names.
//!
//! Source: fs/open.c, fs/namei.c, mm/memfd.c, Linux 6.18.

use crate::abi::{AT_FDCWD, Errno, OpenFlags};
use crate::file::{DESCRIPTOR_LIMIT, FileId, FileKind, OpenId};
use crate::kernel::{CallResult, Kernel, Refusal, Success, refuse};
use crate::reason::Reason;
use crate::syscall::mmap::huge_size;

/// Longest path, with its final 0 (`PATH_MAX`).
const PATH_MAX: usize = 4096;
/// Longest component of a path (`NAME_MAX`).
const NAME_MAX: usize = 255;
/// Longest name of a memfd (`MFD_NAME_MAX_LEN`).
const MEMFD_NAME_MAX: usize = 249;
/// Folders that every system has.
const FOLDERS: [&str; 7] = ["/", ".", "..", "/dev", "/etc", "/proc", "/tmp"];

/// Where a path leads.
struct Place<'a> {
    /// The folder of its last component.
    folder: String,
    /// The last component. Nothing where that is `.`, `..` or missing: the folder itself is meant.
    name: Option<&'a str>,
    /// A slash follows: it must be a folder.
    slash: bool,
}

impl Kernel {
    /// Opens a file: `int open(const char *path, int flags, mode_t mode)`. The value is the
    /// lowest free descriptor.
    pub(crate) fn sys_open(&mut self, path: &str, flags: u32, mode: u32) -> CallResult {
        self.sys_openat(AT_FDCWD, path, flags, mode)
    }

    /// Opens a file: `int openat(int dirfd, const char *path, int flags, mode_t mode)`. `dirfd`
    /// counts only for relative paths.
    ///
    /// The order of the checks: `do_sys_openat2` (fs/open.c), `path_openat` (fs/namei.c).
    pub(crate) fn sys_openat(
        &mut self,
        dirfd: i32,
        path: &str,
        flags: u32,
        mode: u32,
    ) -> CallResult {
        let flags = checked_flags(flags)?;
        if path.is_empty() {
            return refuse(Errno::ENOENT, Reason::NoSuchFile { path: String::new() });
        }
        if path.len() >= PATH_MAX {
            return too_long(path);
        }
        let fd = self.free_descriptor()?;
        let start = if path.starts_with('/') { "/".to_owned() } else { self.folder_of(dirfd)? };
        let place = self.walk(start, path)?;
        let file = if flags.contains(OpenFlags::TMPFILE) {
            self.make_unnamed(&place, mode)?
        } else {
            self.find_or_make(&place, flags, mode)?
        };
        Ok(self.open_as(fd, file, flags))
    }

    /// The folder that a relative path starts from.
    fn folder_of(&self, dirfd: i32) -> Result<String, Refusal> {
        if dirfd == AT_FDCWD {
            return Ok(".".to_owned());
        }
        let open = self.files.descriptor(dirfd);
        let Some(folder) = open.and_then(|open| self.files.behind(open)) else {
            return refuse(Errno::EBADF, Reason::BadDescriptor { fd: dirfd });
        };
        let path = folder.path.clone();
        if folder.kind == FileKind::Directory { Ok(path) } else { not_directory(path) }
    }

    /// Follows a path up to its last component (`link_path_walk`).
    fn walk<'a>(&self, start: String, path: &'a str) -> Result<Place<'a>, Refusal> {
        let mut folder = start;
        let slash = path.ends_with('/');
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        while let Some(part) = parts.next() {
            match part {
                "." => {}
                ".." => folder = parent(&folder),
                name if parts.peek().is_none() => {
                    return Ok(Place { folder, name: Some(name), slash });
                }
                name => {
                    let next = inside(&folder, name)?;
                    match self.known_kind(&next) {
                        Some((FileKind::Directory, _)) => folder = next,
                        Some(_) => return not_directory(next),
                        None => {
                            let path = path.to_owned();
                            return refuse(Errno::ENOENT, Reason::NoSuchFile { path });
                        }
                    }
                }
            }
        }
        Ok(Place { folder, name: None, slash })
    }

    /// The file of a path, made where that is asked for (`open_last_lookups`, `do_open`).
    fn find_or_make(
        &mut self,
        place: &Place<'_>,
        flags: OpenFlags,
        mode: u32,
    ) -> Result<FileId, Refusal> {
        let path = match place.name {
            Some(_) if place.slash && flags.contains(OpenFlags::CREAT) => {
                let text =
                    "O_CREAT makes files, and a name with a slash behind it is a directory's";
                return refuse(Errno::EISDIR, Reason::FlagCombination { text });
            }
            Some(name) => inside(&place.folder, name)?,
            None => place.folder.clone(),
        };
        let Some((kind, rights)) = self.known_kind(&path) else {
            if !flags.contains(OpenFlags::CREAT) {
                return refuse(Errno::ENOENT, Reason::NoSuchFile { path });
            }
            check_folder(&place.folder, &path)?;
            return Ok(self.files.create(FileKind::Regular, &path, Some(0), mode & 0o7777));
        };
        if flags.contains(OpenFlags::CREAT | OpenFlags::EXCL) {
            return refuse(Errno::EEXIST, Reason::FileExists { path });
        }
        let folder_wanted = place.slash || flags.contains(OpenFlags::DIRECTORY);
        if folder_wanted && kind != FileKind::Directory {
            return not_directory(path);
        }
        check_open(kind, rights, &path, flags)?;
        let known = self.files.by_path(&path);
        let file = known.unwrap_or_else(|| self.files.create(kind, &path, None, rights));
        // Whether the descriptor itself may write does not matter (`handle_truncate`).
        if flags.contains(OpenFlags::TRUNC) && kind.has_length() {
            self.truncate(file, 0);
        }
        Ok(file)
    }

    /// A file without a name in a folder (`O_TMPFILE`; `do_tmpfile`, `vfs_tmpfile`).
    fn make_unnamed(&mut self, place: &Place<'_>, mode: u32) -> Result<FileId, Refusal> {
        let folder = self.find_or_make(place, OpenFlags::PATH | OpenFlags::DIRECTORY, 0)?;
        let folder = self.files.file(folder).map(|file| file.path.clone()).unwrap_or_default();
        check_folder(&folder, &folder)?;
        Ok(self.files.create_unnamed(&inside(&folder, "")?, mode & 0o7777))
    }

    /// Makes a file of memory: `int memfd_create(const char *name, unsigned int flags)`. The
    /// value is its descriptor.
    pub(crate) fn sys_memfd_create(&mut self, name: &str, flags: u32) -> CallResult {
        const CLOEXEC: u32 = 1;
        const KNOWN: u32 = 0x1f;
        const HUGETLB: u32 = 4;
        const NOEXEC_SEAL: u32 = 8;
        const EXEC: u32 = 0x10;
        // MFD_HUGE_MASK << MFD_HUGE_SHIFT (`sanitize_flags` of mm/memfd.c)
        const HUGE_SIZE: u32 = 0x3f << 26;
        let known = if flags & HUGETLB == 0 { KNOWN } else { KNOWN | HUGE_SIZE };
        let unknown = flags & !known;
        if unknown != 0 {
            let reason = Reason::UnknownBits { argument: "flags", bits: unknown.into() };
            return refuse(Errno::EINVAL, reason);
        }
        if flags & (EXEC | NOEXEC_SEAL) == EXEC | NOEXEC_SEAL {
            let text = "MFD_EXEC and MFD_NOEXEC_SEAL exclude each other";
            return refuse(Errno::EINVAL, Reason::FlagCombination { text });
        }
        if name.len() > MEMFD_NAME_MAX {
            return refuse(Errno::EINVAL, Reason::NameTooLong { length: name.len() as u64 });
        }
        let fd = self.free_descriptor()?;
        if flags & HUGETLB != 0 && huge_size(flags.into()).is_none() {
            let text = "MFD_HUGETLB has pages of 2 MiB and 1 GiB only";
            return refuse(Errno::ENODEV, Reason::FlagCombination { text });
        }
        let file = self.files.create(FileKind::Memfd, name, Some(0), 0o777);
        let mut open_flags = OpenFlags::READ_WRITE;
        open_flags.set(OpenFlags::CLOEXEC, flags & CLOEXEC != 0);
        Ok(self.open_as(fd, file, open_flags))
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

    /// The descriptor that a file will get. It is set aside before the file is looked for or made
    /// (`get_unused_fd_flags`).
    fn free_descriptor(&self) -> Result<i32, Refusal> {
        let limit = DESCRIPTOR_LIMIT as u64;
        let reason = Reason::TooManyDescriptors { limit };
        self.files.free_descriptor().ok_or(Refusal { errno: Errno::EMFILE, reason })
    }

    fn open_as(&mut self, fd: i32, file: FileId, flags: OpenFlags) -> Success {
        let open = self.files.open(file, flags);
        self.files.assign_number(open, fd);
        (fd as u64).into()
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

/// The flags as they count (`build_open_how`, `build_open_flags` of fs/open.c).
fn checked_flags(flags: u32) -> Result<OpenFlags, Refusal> {
    let mut flags = OpenFlags::from_bits_retain(flags.into());
    if flags.contains(OpenFlags::PATH) {
        flags &= OpenFlags::PATH | OpenFlags::DIRECTORY | OpenFlags::CLOEXEC;
    }
    let invalid = |text| refuse(Errno::EINVAL, Reason::FlagCombination { text });
    if flags.contains(OpenFlags::CREAT | OpenFlags::DIRECTORY) {
        return invalid("O_CREAT makes files, not directories");
    }
    if flags.contains(OpenFlags::TMPFILE) {
        if !flags.contains(OpenFlags::DIRECTORY) {
            return invalid("O_TMPFILE takes a directory: it has the bits of O_DIRECTORY in it");
        }
        if !wants_write(flags - OpenFlags::TRUNC) {
            return invalid(
                "O_TMPFILE needs O_WRONLY or O_RDWR: an empty file is there to be written",
            );
        }
    }
    Ok(flags)
}

/// Says whether the right to write is asked for (`ACC_MODE`): by `O_TRUNC` too.
fn wants_write(flags: OpenFlags) -> bool {
    flags.bits() & OpenFlags::ACCMODE.bits() != 0 || flags.contains(OpenFlags::TRUNC)
}

/// What an existing file refuses (`do_open`, `may_open`).
fn check_open(kind: FileKind, mode: u32, path: &str, flags: OpenFlags) -> Result<(), Refusal> {
    let path = || path.to_owned();
    if flags.contains(OpenFlags::PATH) {
        return Ok(());
    }
    if kind == FileKind::Directory {
        if wants_write(flags) || flags.contains(OpenFlags::CREAT) {
            return refuse(Errno::EISDIR, Reason::IsDirectory { path: path() });
        }
        return Ok(());
    }
    let wants_read = flags.bits() & OpenFlags::ACCMODE.bits() != 1;
    if (wants_read && mode & 0o400 == 0) || (wants_write(flags) && mode & 0o200 == 0) {
        return refuse(Errno::EACCES, Reason::AccessDenied { path: path() });
    }
    Ok(())
}

/// Refuses a new file in a folder that is not the user's.
fn check_folder(folder: &str, path: &str) -> Result<(), Refusal> {
    if folder.starts_with('/') && folder != "/tmp" {
        return refuse(Errno::EACCES, Reason::AccessDenied { path: path.to_owned() });
    }
    Ok(())
}

/// The path of what has a name in a folder; the names of the current one stand alone.
fn inside(folder: &str, name: &str) -> Result<String, Refusal> {
    if name.len() > NAME_MAX {
        return too_long(name);
    }
    Ok(match folder {
        "." => name.to_owned(),
        "/" => format!("/{name}"),
        _ => format!("{folder}/{name}"),
    })
}

/// The folder above; all above the current one are one.
fn parent(folder: &str) -> String {
    match folder.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((above, _)) => above,
        None if matches!(folder, "." | "..") => "..",
        None => ".",
    }
    .to_owned()
}

fn too_long<T>(name: &str) -> Result<T, Refusal> {
    refuse(Errno::ENAMETOOLONG, Reason::NameTooLong { length: name.len() as u64 })
}

fn not_directory<T>(path: String) -> Result<T, Refusal> {
    refuse(Errno::ENOTDIR, Reason::NotDirectory { path })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;

    #[test]
    fn paths_lose_what_means_nothing() {
        let table = [
            ("./f", "f"),
            ("//dev///zero", "/dev/zero"),
            ("/", "/"),
            (".", "."),
            ("../..", ".."),
            ("/dev/../tmp/.", "/tmp"),
        ];
        let kernel = Kernel::new(Machine::default());
        for (path, expected) in table {
            let start = if path.starts_with('/') { "/" } else { "." };
            let place = kernel.walk(start.to_owned(), path).unwrap();
            let whole = place.name.map_or(Ok(place.folder.clone()), |it| inside(&place.folder, it));
            assert_eq!(whole.unwrap(), expected);
        }
    }
}
