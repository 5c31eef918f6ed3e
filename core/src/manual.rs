//! Where the manual pages say what the model does: the one place for citations.
//!
//! [`cite`] gives for each error and each signal the page, the section and the entry that document
//! it, in our own short words, and a note where the kernel differs from the page, or the page from
//! POSIX. What a page does not list is said so, rather than attributed to it.
//!
//! Source: man-pages 6.03 (section 2), `madvise(2)` and `mmap(2)` of later releases for what is
//! newer; POSIX.1-2017; Linux 6.18.

use crate::abi::{Errno, Signal, SignalCode};
use crate::call::{Call, Returned, SignalInfo};
use crate::reason::{Access, Reason};
use std::fmt;

/// What documents a behaviour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Citation {
    /// The manual page, `mmap(2)`; or where else it is documented.
    pub page: &'static str,
    /// The section or subsection.
    pub section: &'static str,
    /// The entry or sentence, in short.
    pub entry: &'static str,
    /// Where the kernel and the page, or POSIX, differ.
    pub note: Option<&'static str>,
}

impl Citation {
    /// A citation without a note.
    pub const fn new(page: &'static str, section: &'static str, entry: &'static str) -> Citation {
        Citation { page, section, entry, note: None }
    }

    /// An entry of the section ERRORS.
    const fn error(page: &'static str, entry: &'static str) -> Citation {
        Citation::new(page, "ERRORS", entry)
    }

    /// With a note where kernel and page, or POSIX, differ.
    pub const fn but(self, note: &'static str) -> Citation {
        Citation { note: Some(note), ..self }
    }

    /// Says whether a page was found that documents it.
    pub fn is_listed(&self) -> bool {
        self.section != UNLISTED
    }
}

/// `[mmap(2), ERRORS, EINVAL: length was 0]`, and the note in parentheses.
impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}, {}]", self.page, self.section, self.entry)?;
        match self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

/// The section of an error that no page lists.
const UNLISTED: &str = "not listed";

/// The manual page that documents a call.
pub fn page(call: &Call) -> &'static str {
    match call {
        Call::Mmap { .. } => "mmap(2)",
        Call::Munmap { .. } => "munmap(2)",
        Call::Mprotect { .. } => "mprotect(2)",
        Call::Mremap { .. } => "mremap(2)",
        Call::Madvise { .. } => "madvise(2)",
        Call::Msync { .. } => "msync(2)",
        Call::Brk { .. } => "brk(2)",
        Call::Open { .. } => "open(2)",
        Call::Openat { .. } => "openat(2)",
        Call::MemfdCreate { .. } => "memfd_create(2)",
        Call::Close { .. } => "close(2)",
        Call::Ftruncate { .. } => "ftruncate(2)",
        Call::Pwrite64 { .. } => "pwrite(2)",
        Call::Pread64 { .. } => "pread(2)",
        Call::Malloc { .. } | Call::Calloc { .. } | Call::Realloc { .. } | Call::Free { .. } => {
            "malloc(3)"
        }
        Call::Load { .. }
        | Call::Store { .. }
        | Call::Fetch { .. }
        | Call::Memset { .. }
        | Call::Memcpy { .. } => "sigaction(2)",
    }
}

/// What documents the outcome of a call that was decided by a rule: an error, a signal, or a
/// surprise that has a [`Reason`].
pub fn cite(call: &Call, returned: &Returned, reason: &Reason) -> Citation {
    match returned {
        Returned::Signal(info) => cite_signal(info, reason),
        Returned::Error(errno) => error(call, *errno, reason),
        _ => surprise(call, reason),
    }
}

fn error(call: &Call, errno: Errno, reason: &Reason) -> Citation {
    let listed = match call {
        Call::Mmap { .. } => mmap(errno, reason),
        Call::Munmap { .. } => munmap(reason),
        Call::Mprotect { .. } => mprotect(reason),
        Call::Mremap { .. } => mremap(errno, reason),
        Call::Madvise { .. } => madvise(errno, reason),
        Call::Msync { .. } => msync(reason),
        Call::Open { .. } | Call::Openat { .. } | Call::MemfdCreate { .. } => {
            open(page(call), errno, reason)
        }
        Call::Close { .. } => {
            Some(Citation::error("close(2)", "EBADF: fd is no open file descriptor"))
        }
        Call::Ftruncate { .. } => ftruncate(reason),
        Call::Pwrite64 { .. } => read_write("pwrite(2)", "write(2)", reason),
        Call::Pread64 { .. } => read_write("pread(2)", "read(2)", reason),
        _ => None,
    };
    listed.unwrap_or(Citation::new(page(call), UNLISTED, errno.name()))
}

fn mmap(errno: Errno, reason: &Reason) -> Option<Citation> {
    let error = |entry| Citation::error("mmap(2)", entry);
    let described = |entry| Citation::new("mmap(2)", "DESCRIPTION", entry);
    Some(match reason {
        Reason::NotPageAligned { .. } => {
            error("EINVAL: addr, length or offset too large or not on a page boundary")
        }
        Reason::LengthZero { .. } => error("EINVAL: length was 0")
            .but("Linux before 2.6.12 succeeded and mapped nothing; POSIX asks for the error"),
        Reason::LengthWraps { .. } => error("EINVAL: addr, length or offset too large or not on a page boundary")
            .but("the manual page counts a length that is too large under EINVAL; Linux gives ENOMEM, as POSIX does"),
        Reason::PastUserEnd { .. } if errno != Errno::ENOMEM => {
            error("ENOMEM: addr exceeds the virtual address space").but(
                "the highest addresses are taken for an error number on their way through the kernel, which then comes back",
            )
        }
        Reason::PastUserEnd { .. } => error("ENOMEM: addr exceeds the virtual address space"),
        Reason::UnknownBits { .. } => {
            described("MAP_SHARED_VALIDATE: unknown flags fail with EOPNOTSUPP")
                .but("the manual page's ERRORS do not list it")
        }
        Reason::FlagCombination { text } => return mmap_flags(errno, text),
        Reason::NoMappingType { map_type: 3, .. } => {
            error("EINVAL: none of MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE")
                .but("the manual page does not say that MAP_SHARED_VALIDATE refuses MAP_ANONYMOUS")
        }
        Reason::NoMappingType { .. } => {
            error("EINVAL: none of MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE")
        }
        Reason::BelowMmapMinAddr { .. } => {
            described("addr: never below /proc/sys/vm/mmap_min_addr").but(
                "the manual page gives EPERM other causes, and says that MAP_FIXED with NULL maps address 0: only with CAP_SYS_RAWIO",
            )
        }
        Reason::OffsetOverflow { .. } => {
            error("EOVERFLOW: the pages of length and offset together overflow")
                .but("the manual page speaks of 32-bit systems only; here the largest size of a file is the limit")
        }
        Reason::AlreadyMapped { .. } => {
            error("EEXIST: MAP_FIXED_NOREPLACE, and the range clashes with a mapping")
                .but("Linux before 4.17 took the flag for an unknown one, and addr for a hint")
        }
        Reason::NoRoom { .. } => {
            error("ENOMEM: no memory is available").but("what lacks is room in the address space")
        }
        Reason::TooManyMappings { .. } => error("ENOMEM: the maximum number of mappings")
            .but("mmap may make one mapping more than vm.max_map_count says"),
        Reason::Overcommit { .. } => error("ENOMEM: no memory is available")
            .but("the rule is vm.overcommit_memory 0, in proc(5)"),
        Reason::SharedAnonymousGrows => described("MAP_GROWSDOWN: used for stacks")
            .but("the manual page does not say that it is for private anonymous memory only"),
        Reason::BadDescriptor { .. } => error("EBADF: fd is no valid descriptor"),
        Reason::PathOnlyDescriptor { .. } => {
            Citation::new("open(2)", "DESCRIPTION", "O_PATH: operations on the file fail with EBADF")
        }
        Reason::SharedNeedsWriting { .. } => {
            error("EACCES: MAP_SHARED with PROT_WRITE, and fd is not open read/write")
        }
        Reason::MappingNeedsReading { .. } => {
            error("EACCES: a file mapping, and fd is not open for reading")
        }
        Reason::CannotBeMapped { .. } => error("ENODEV: the file does not support memory mapping")
            .but("the manual page has EACCES for what is no regular file; Linux and POSIX give ENODEV"),
        _ => return None,
    })
}

/// What flags of `mmap` refuse together.
fn mmap_flags(errno: Errno, text: &str) -> Option<Citation> {
    let described = |entry| Citation::new("mmap(2)", "DESCRIPTION", entry);
    Some(match errno {
        Errno::EAGAIN => Citation::error("mmap(2)", "EAGAIN: too much memory has been locked"),
        Errno::EOPNOTSUPP => described("MAP_SYNC: for files in persistent memory, else EOPNOTSUPP")
            .but("the manual page's ERRORS do not list it"),
        _ if text.starts_with("MAP_HUGETLB") => {
            Citation::new("mmap(2)", "NOTES, Huge page (Huge TLB) mappings", "what must be aligned")
        }
        _ if text.starts_with("MAP_DROPPABLE") => {
            described("MAP_DROPPABLE (since Linux 6.11)").but("pages before that lack it")
        }
        _ => return None,
    })
}

fn munmap(reason: &Reason) -> Option<Citation> {
    let error = |entry| Citation::error("munmap(2)", entry);
    Some(match reason {
        Reason::NotPageAligned { .. } | Reason::PastUserEnd { .. } => {
            error("EINVAL: addr, length or offset too large or not on a page boundary")
        }
        Reason::LengthZero { .. } => error("EINVAL: length was 0"),
        Reason::TooManyMappings { .. } => {
            error("ENOMEM: unmapping in the middle of a mapping makes two, over the maximum number")
        }
        _ => return None,
    })
}

fn mprotect(reason: &Reason) -> Option<Citation> {
    let error = |entry| Citation::error("mprotect(2)", entry);
    Some(match reason {
        Reason::NotPageAligned { .. } => error("EINVAL: addr is no multiple of the page size"),
        Reason::FlagCombination { .. } => error("EINVAL: both PROT_GROWSUP and PROT_GROWSDOWN"),
        Reason::UnknownBits { .. } => error("EINVAL: invalid flags in prot")
            .but("mmap ignores the same bits"),
        Reason::NotGrowing { .. } => Citation::new(
            "mprotect(2)",
            "DESCRIPTION",
            "PROT_GROWSDOWN, PROT_GROWSUP: for a mapping that grows that way",
        )
        .but("the manual page's ERRORS do not say that it is EINVAL else"),
        Reason::LengthWraps { .. } | Reason::NotMapped { .. } => {
            error("ENOMEM: addresses that are invalid or not mapped")
                .but("EFAULT before Linux 2.4.19")
        }
        Reason::HoleInRange { .. } => error("ENOMEM: addresses that are invalid or not mapped")
            .but("what lies before the hole stays changed, which POSIX allows and the manual page does not say"),
        Reason::MappingMayNotBeWritten { .. } => {
            error("EACCES: a file opened read-only cannot be made PROT_WRITE")
                .but("only if the mapping is shared")
        }
        Reason::TooManyMappings { .. } => error("ENOMEM: the maximum number of mappings"),
        Reason::Overcommit { .. } => error("ENOMEM: kernel structures could not be allocated")
            .but("the manual page does not say that memory made writable is counted; proc(5), vm.overcommit_memory"),
        _ => return None,
    })
}

fn mremap(errno: Errno, reason: &Reason) -> Option<Citation> {
    let error = |entry| Citation::error("mremap(2)", entry);
    Some(match reason {
        Reason::UnknownBits { .. } => error("EINVAL: another value in flags"),
        Reason::NotPageAligned { argument: "old_address", .. } => {
            error("EINVAL: old_address is not page aligned")
        }
        Reason::NotPageAligned { .. } => error("EINVAL: new_size or new_address was invalid"),
        Reason::LengthZero { .. } => error("EINVAL: new_size was zero"),
        Reason::PastUserEnd { .. } | Reason::OffsetOverflow { .. } => {
            error("EINVAL: new_size or new_address was invalid")
        }
        Reason::FlagCombination { .. } if errno == Errno::EAGAIN => {
            error("EAGAIN: a locked segment would grow over RLIMIT_MEMLOCK")
        }
        Reason::FlagCombination { text } if text.contains("MREMAP_MAYMOVE") => {
            error("EINVAL: MREMAP_FIXED or MREMAP_DONTUNMAP without MREMAP_MAYMOVE")
        }
        Reason::FlagCombination { text } if text.contains("resize") => {
            error("EINVAL: MREMAP_DONTUNMAP, and old_size is not new_size")
        }
        Reason::FlagCombination { .. } | Reason::RangesOverlap { .. } => {
            error("EINVAL: the new range overlaps the old one")
        }
        Reason::OldSizeZeroPrivate => error("EINVAL: old_size was zero and the mapping is private")
            .but("Linux before 4.14 made a new mapping that had nothing to do with the old one"),
        Reason::NotMapped { .. } => error("EFAULT: an address in the old range is not mapped"),
        Reason::RangeOverSeveralMappings { .. } => {
            error("EFAULT: mappings cover the range, but of different types")
                .but("also where they are alike; since 6.17 a move of equal size may span several")
        }
        Reason::CannotBeMapped { .. } if errno == Errno::EINVAL => {
            error("EINVAL: MREMAP_DONTUNMAP of pages that are not private anonymous")
                .but("since Linux 5.13 only the kernel's own mappings are refused")
        }
        Reason::CannotBeMapped { .. } => {
            error("EFAULT: mappings cover the range, but of different types")
        }
        Reason::BelowMmapMinAddr { .. } => {
            Citation::new("mmap(2)", "DESCRIPTION", "addr: never below /proc/sys/vm/mmap_min_addr")
                .but("mremap(2) does not list EPERM")
        }
        Reason::NoRoom { .. } => {
            error("ENOMEM: no room to expand in place without MREMAP_MAYMOVE, or no virtual memory")
        }
        Reason::Overcommit { .. } => {
            error("ENOMEM: not enough memory").but("the rule is vm.overcommit_memory 0, in proc(5)")
        }
        Reason::TooManyMappings { .. } => error("ENOMEM: the maximum number of mappings").but(
            "a move is refused three mappings before the limit, for it may need them on its way",
        ),
        _ => return None,
    })
}

fn madvise(errno: Errno, reason: &Reason) -> Option<Citation> {
    let error = |entry| Citation::error("madvise(2)", entry);
    Some(match reason {
        Reason::UnknownAdvice { .. } => error("EINVAL: advice is not valid"),
        Reason::NotPageAligned { .. } => error("EINVAL: addr is not page-aligned"),
        Reason::LengthWraps { .. } => error("EINVAL: length is negative"),
        Reason::HoleInRange { .. } => error("ENOMEM: addresses that are not mapped")
            .but("what is mapped on both sides was advised all the same"),
        Reason::NotMapped { .. } => error("ENOMEM: addresses that are not mapped"),
        Reason::AdviceNotFor { .. } if errno == Errno::EACCES => {
            error("EACCES: MADV_REMOVE of what is not a shared writable mapping")
        }
        Reason::AdviceNotFor { text, .. } if text.contains("locked") => {
            error("EINVAL: the range includes locked pages")
        }
        Reason::AdviceNotFor { text, .. } if text.contains("huge page") => {
            Citation::new("madvise(2)", "DESCRIPTION", "MADV_COLLAPSE: of whole huge pages")
                .but("the manual page lists no EINVAL for it")
        }
        Reason::AdviceNotFor { text, .. } if text.contains("DROPPABLE") => {
            Citation::new("mmap(2)", "DESCRIPTION", "MAP_DROPPABLE (since Linux 6.11)")
                .but("madvise(2) does not list it")
        }
        Reason::AdviceNotFor { text, .. } if text.contains("has no file") => {
            error("EACCES: MADV_REMOVE of what is not a shared writable mapping")
                .but("without a file the error is EINVAL")
        }
        Reason::AdviceNotFor { .. } => {
            error("EINVAL: MADV_FREE or MADV_WIPEONFORK of what is not private anonymous")
        }
        Reason::ProtectionForbids { .. } => {
            error("EINVAL: MADV_POPULATE_READ or _WRITE without sufficient permissions")
        }
        Reason::BeyondEndOfFile { .. } => {
            error("EFAULT: MADV_POPULATE_READ or _WRITE where an access would be SIGBUS")
        }
        Reason::GuardPage { .. } => {
            error("EFAULT: MADV_POPULATE_READ or _WRITE where an access would be SIGBUS")
                .but("a guard would be SIGSEGV, and is refused alike")
        }
        Reason::OutOfFrames { .. } => error("ENOMEM: MADV_POPULATE_READ or _WRITE without memory"),
        Reason::TooManyMappings { .. } => error("EAGAIN: a kernel resource was unavailable")
            .but("here the maximum number of mappings, which will not pass by itself"),
        Reason::FileTooLarge { .. } => {
            Citation::error("fallocate(2)", "EFBIG: offset and length exceed the largest file")
                .but("madvise(2) does not list it for MADV_REMOVE")
        }
        _ => return None,
    })
}

fn msync(reason: &Reason) -> Option<Citation> {
    let error = |entry| Citation::error("msync(2)", entry);
    Some(match reason {
        Reason::NotPageAligned { .. } => error("EINVAL: addr is no multiple of the page size"),
        Reason::UnknownBits { .. } => error("EINVAL: another bit in flags"),
        Reason::FlagCombination { .. } => error("EINVAL: both MS_SYNC and MS_ASYNC"),
        Reason::LengthWraps { .. } => error("ENOMEM: memory that is not mapped"),
        Reason::NotMapped { .. } => {
            error("ENOMEM: memory that is not mapped").but("EFAULT before Linux 2.4.19")
        }
        Reason::MappingLocked { .. } => error("EBUSY: MS_INVALIDATE of locked memory"),
        _ => return None,
    })
}

/// `open(2)`, `openat(2)` and `memfd_create(2)`.
fn open(page: &'static str, errno: Errno, reason: &Reason) -> Option<Citation> {
    Some(Citation::error(
        page,
        match reason {
            Reason::NoSuchFile { .. } => "ENOENT: no O_CREAT, and the file does not exist",
            Reason::FileExists { .. } => "EEXIST: O_CREAT and O_EXCL, and it exists",
            Reason::IsDirectory { .. } => "EISDIR: a directory, to be written",
            Reason::NotDirectory { .. } => "ENOTDIR: what should be a directory is none",
            Reason::AccessDenied { .. } => "EACCES: the access is not allowed",
            Reason::NameTooLong { .. } if page == "memfd_create(2)" => "EINVAL: name was too long",
            Reason::NameTooLong { .. } => "ENAMETOOLONG: pathname was too long",
            Reason::TooManyDescriptors { .. } => "EMFILE: the limit on open descriptors",
            Reason::UnknownBits { .. } => "EINVAL: unknown bits in flags",
            Reason::FlagCombination { .. } if errno == Errno::EISDIR => {
                "EISDIR: a directory, to be written"
            }
            Reason::FlagCombination { .. } if errno == Errno::ENODEV => return None,
            Reason::FlagCombination { .. } => "EINVAL: invalid value in flags",
            Reason::BadDescriptor { .. } | Reason::PathOnlyDescriptor { .. } => {
                "EBADF: a relative path, and dirfd is no descriptor"
            }
            _ => return None,
        },
    ))
}

fn ftruncate(reason: &Reason) -> Option<Citation> {
    Some(Citation::error(
        "ftruncate(2)",
        match reason {
            Reason::NegativeNumber { .. } => "EINVAL: length is negative",
            Reason::BadDescriptor { .. } | Reason::PathOnlyDescriptor { .. } => {
                "EBADF: fd is no valid descriptor"
            }
            Reason::NotAFile { .. } => "EINVAL: fd is no regular file",
            Reason::NotOpenForWriting { .. } => "EBADF or EINVAL: fd is not open for writing",
            Reason::FileTooLarge { .. } => "EFBIG: length is larger than a file can be",
            _ => return None,
        },
    ))
}

/// `pread(2)` and `pwrite(2)`, which share a page and take the errors of `read(2)` and `write(2)`.
fn read_write(page: &'static str, base: &'static str, reason: &Reason) -> Option<Citation> {
    Some(match reason {
        Reason::NegativeNumber { argument: "offset", .. } => {
            Citation::error(page, "the errors of lseek(2), EINVAL: the offset would be negative")
        }
        Reason::PastUserEnd { .. } => {
            Citation::error(base, "EFAULT: buf is outside the accessible address space")
        }
        Reason::OffsetOverflow { .. } => Citation::error(base, "EINVAL: count or offset cannot be"),
        Reason::BadDescriptor { .. }
        | Reason::PathOnlyDescriptor { .. }
        | Reason::NotOpenForReading { .. }
        | Reason::NotOpenForWriting { .. } => {
            Citation::error(base, "EBADF: fd is no valid descriptor, or not open for that")
        }
        Reason::NotAFile { what } if what.contains("directory") => {
            Citation::error(base, "EISDIR: fd refers to a directory")
        }
        Reason::NotAFile { .. } => {
            Citation::error(page, "the errors of lseek(2), ESPIPE: a pipe, socket or FIFO")
        }
        Reason::FileTooLarge { .. } => Citation::error(base, "EFBIG: past the largest file"),
        Reason::OutOfFrames { .. } => Citation::error(base, "ENOSPC: no room for the data"),
        _ => return None,
    })
}

/// What documents the signal that an access ended in.
pub fn cite_signal(info: &SignalInfo, reason: &Reason) -> Citation {
    let code = |entry| Citation::new("sigaction(2)", "DESCRIPTION, The si_code field", entry);
    match reason {
        Reason::BeyondEndOfFile { .. } => {
            Citation::error("mmap(2)", "SIGBUS: a page beyond the end of the mapped file")
        }
        Reason::KeyForbids { .. } => code("SEGV_PKUERR: access denied by protection keys"),
        Reason::ProtectionForbids { access: Access::Write, .. } => {
            Citation::error("mmap(2)", "SIGSEGV: a write into a read-only region")
        }
        Reason::ProtectionForbids { .. } => Citation::new(
            "mprotect(2)",
            "DESCRIPTION",
            "an access that violates the protections is SIGSEGV",
        ),
        Reason::GuardGap { .. } => Citation::new(
            "mmap(2)",
            "DESCRIPTION",
            "MAP_GROWSDOWN: near the next lower mapping, touching the guard page is SIGSEGV",
        )
        .but("the manual page says within a page of it; since Linux 4.12 the gap is 256 pages"),
        Reason::GuardPage { .. } => {
            Citation::new("madvise(2)", "DESCRIPTION", "MADV_GUARD_INSTALL (since Linux 6.13)")
        }
        Reason::OutOfFrames { .. } => {
            Citation::new("mmap(2)", "BUGS", "a process can be killed when memory runs out")
        }
        _ => match (info.signal, info.code) {
            (_, SignalCode::SI_KERNEL) => code("SI_KERNEL: sent by the kernel")
                .but("the manual page does not say that si_addr is 0 then"),
            (Signal::SIGBUS, _) => code("BUS_ADRERR: nonexistent physical address"),
            (_, SignalCode::SEGV_PKUERR) => code("SEGV_PKUERR: access denied by protection keys"),
            (_, SignalCode::SEGV_ACCERR) => code("SEGV_ACCERR: invalid permissions"),
            _ => code("SEGV_MAPERR: address not mapped to object"),
        },
    }
}

/// What has a rule but is no failure.
fn surprise(call: &Call, reason: &Reason) -> Citation {
    let addr = |entry| Citation::new("mmap(2)", "DESCRIPTION", entry);
    match reason {
        Reason::HintNotTaken { .. } => {
            addr("addr: if something is mapped there, the kernel picks a new address")
                .but("the manual page lets the new address depend on the hint; here it does not")
        }
        Reason::HintRaised { .. } => addr("addr: never below /proc/sys/vm/mmap_min_addr"),
        Reason::AlignedTo2MiB { .. } => {
            Citation::new("Linux 6.18", "mm/huge_memory.c", "thp_get_unmapped_area")
                .but("no manual page says it")
        }
        Reason::HeapBadTags { .. } | Reason::HeapTooLarge => {
            Citation::new("malloc(3)", "DESCRIPTION", "the allocator with boundary tags")
        }
        _ => match call {
            Call::Brk { .. } => Citation::new(
                "brk(2)",
                "NOTES, C library/kernel differences",
                "on failure the system call returns the current break",
            )
            .but("the function of glibc makes -1 and ENOMEM of it"),
            Call::Free { .. } if *reason == Reason::HeapFreeNull => Citation::new(
                "malloc(3)",
                "DESCRIPTION",
                "free(): of NULL, no operation is performed",
            ),
            Call::Free { .. } | Call::Realloc { .. } if *reason != Reason::HeapSizeOverflow => {
                Citation::new(
                    "malloc(3)",
                    "DESCRIPTION",
                    "free(), realloc(): only of what malloc() returned, and once; else undefined",
                )
            }
            Call::Malloc { .. } | Call::Calloc { .. } | Call::Realloc { .. } => {
                Citation::new("malloc(3)", "RETURN VALUE", "NULL on error")
            }
            _ => Citation::new(page(call), UNLISTED, ""),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citation_names_page_section_and_entry() {
        let call = Call::Munmap { addr: 1, length: 0 };
        let reason = Reason::LengthZero { argument: "length" };
        let citation = cite(&call, &Returned::Error(Errno::EINVAL), &reason);
        assert_eq!(citation.to_string(), "[munmap(2), ERRORS, EINVAL: length was 0]");
        assert!(citation.is_listed());
    }

    #[test]
    fn what_no_page_lists_is_said_so() {
        let call = Call::Munmap { addr: 0, length: 0 };
        let reason = Reason::NoSuchFile { path: String::new() };
        let citation = cite(&call, &Returned::Error(Errno::ENOENT), &reason);
        assert_eq!(citation.to_string(), "[munmap(2), not listed, ENOENT]");
        assert!(!citation.is_listed());
    }
}
