//! The numbers of Linux on x86-64 and their names: errors, signals, protections, flags.
//!
//! Each kind has one table, in the order in which strace prints it, so that the parser, the
//! printer and the page's check boxes all read the same list. Unknown bits survive a round trip.
//! Sources: `include/uapi/asm-generic/{errno-base,errno,mman,mman-common,fcntl,siginfo}.h` and
//! `arch/x86/include/uapi/asm/mman.h`, Linux 6.18.

use bitflags::bitflags;
use std::fmt;

macro_rules! errnos {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// An error number that a call may return.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[allow(missing_docs, clippy::upper_case_acronyms)]
        pub enum Errno { $($name = $number),* }

        impl Errno {
            /// All of them, by number.
            pub const ALL: &[Errno] = &[$(Errno::$name),*];

            /// Its name in `errno.h`.
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$name => stringify!($name)),* }
            }

            /// Its sentence, as `strerror(3)` of glibc gives it.
            pub const fn text(self) -> &'static str {
                match self { $(Errno::$name => $text),* }
            }
        }
    };
}

errnos! {
    EPERM = 1, "Operation not permitted";
    ENOENT = 2, "No such file or directory";
    EINTR = 4, "Interrupted system call";
    EIO = 5, "Input/output error";
    ENXIO = 6, "No such device or address";
    EBADF = 9, "Bad file descriptor";
    EAGAIN = 11, "Resource temporarily unavailable";
    ENOMEM = 12, "Cannot allocate memory";
    EACCES = 13, "Permission denied";
    EFAULT = 14, "Bad address";
    EBUSY = 16, "Device or resource busy";
    EEXIST = 17, "File exists";
    ENODEV = 19, "No such device";
    ENOTDIR = 20, "Not a directory";
    EISDIR = 21, "Is a directory";
    EINVAL = 22, "Invalid argument";
    ENFILE = 23, "Too many open files in system";
    EMFILE = 24, "Too many open files";
    ETXTBSY = 26, "Text file busy";
    EFBIG = 27, "File too large";
    ENOSPC = 28, "No space left on device";
    ESPIPE = 29, "Illegal seek";
    EROFS = 30, "Read-only file system";
    ENAMETOOLONG = 36, "File name too long";
    ENOSYS = 38, "Function not implemented";
    ELOOP = 40, "Too many levels of symbolic links";
    EOVERFLOW = 75, "Value too large for defined data type";
    EOPNOTSUPP = 95, "Operation not supported";
}

impl Errno {
    /// The error of a name, if it is one that the model knows.
    pub fn from_name(name: &str) -> Option<Errno> {
        Errno::ALL.iter().copied().find(|errno| errno.name() == name)
    }
}

/// A signal that an access may end in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, clippy::upper_case_acronyms)]
pub enum Signal {
    SIGBUS,
    SIGSEGV,
    SIGKILL,
}

impl Signal {
    /// Its name in `signal.h`.
    pub const fn name(self) -> &'static str {
        match self {
            Signal::SIGBUS => "SIGBUS",
            Signal::SIGSEGV => "SIGSEGV",
            Signal::SIGKILL => "SIGKILL",
        }
    }
}

/// Why a signal was sent (`si_code`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, non_camel_case_types, clippy::upper_case_acronyms)]
pub enum SignalCode {
    /// No mapping at the address.
    SEGV_MAPERR,
    /// A mapping, whose protection forbids the access.
    SEGV_ACCERR,
    /// A mapping, whose protection key forbids the access.
    SEGV_PKUERR,
    /// A mapped page that lies wholly behind the end of its file.
    BUS_ADRERR,
    /// Sent by the kernel without an address: a non-canonical address, or no memory left.
    SI_KERNEL,
}

impl SignalCode {
    /// Its name in `siginfo.h`.
    pub const fn name(self) -> &'static str {
        match self {
            SignalCode::SEGV_MAPERR => "SEGV_MAPERR",
            SignalCode::SEGV_ACCERR => "SEGV_ACCERR",
            SignalCode::SEGV_PKUERR => "SEGV_PKUERR",
            SignalCode::BUS_ADRERR => "BUS_ADRERR",
            SignalCode::SI_KERNEL => "SI_KERNEL",
        }
    }
}

bitflags! {
    /// A protection: `PROT_READ`, `PROT_WRITE`, …
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
    pub struct Prot: u64 {
        /// Pages may be read.
        const READ = 0x1;
        /// Pages may be written.
        const WRITE = 0x2;
        /// Pages may be executed.
        const EXEC = 0x4;
        /// Pages may hold atomic operations: accepted and ignored on x86-64.
        const SEM = 0x8;
        /// `mprotect` only: from the start of a mapping that grows down.
        const GROWSDOWN = 0x0100_0000;
        /// `mprotect` only: to the end of a mapping that grows up.
        const GROWSUP = 0x0200_0000;
        const _ = !0;
    }
}

impl Prot {
    /// Read, write and execute.
    pub const RWX: Prot = Prot::READ.union(Prot::WRITE).union(Prot::EXEC);
    /// Read and write.
    pub const RW: Prot = Prot::READ.union(Prot::WRITE);

    /// The three letters of `/proc/PID/maps`, a dash where a right is missing.
    pub fn letters(self) -> &'static str {
        const TEXT: [&str; 8] = ["---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"];
        TEXT[(self.bits() & 7) as usize]
    }
}

impl fmt::Display for Prot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letters())
    }
}

bitflags! {
    /// The flags of `mmap`. The lowest four bits are a number, the type: [`MapFlags::TYPE`].
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct MapFlags: u64 {
        /// Mask of the type: 1 shared, 2 private, 3 shared and validated, 8 droppable.
        const TYPE = 0xf;
        /// Take the address as it is, and replace what is there.
        const FIXED = 0x10;
        /// No file behind it.
        const ANONYMOUS = 0x20;
        /// Below 2 GiB.
        const BELOW_2GIB = 0x40;
        /// Above 4 GiB.
        const ABOVE4G = 0x80;
        /// Grows down at a fault below it, like a stack.
        const GROWSDOWN = 0x100;
        /// Ignored.
        const DENYWRITE = 0x800;
        /// Ignored.
        const EXECUTABLE = 0x1000;
        /// Filled at once and kept resident.
        const LOCKED = 0x2000;
        /// Not counted against memory.
        const NORESERVE = 0x4000;
        /// Filled at once.
        const POPULATE = 0x8000;
        /// With `MAP_POPULATE`: do not fill after all.
        const NONBLOCK = 0x1_0000;
        /// Meant for a stack: no huge pages.
        const STACK = 0x2_0000;
        /// Of huge pages.
        const HUGETLB = 0x4_0000;
        /// Synchronous faults, on persistent memory only.
        const SYNC = 0x8_0000;
        /// Like `MAP_FIXED`, but refuse where something is mapped.
        const FIXED_NOREPLACE = 0x10_0000;
        /// Uninitialised memory: ignored with an MMU.
        const UNINITIALIZED = 0x400_0000;
        const _ = !0;
    }
}

impl MapFlags {
    /// Type 1: changes are shared.
    pub const SHARED: u64 = 1;
    /// Type 2: changes stay private.
    pub const PRIVATE: u64 = 2;
    /// Type 3: shared, and unknown flags are refused.
    pub const SHARED_VALIDATE: u64 = 3;
    /// Type 8: private anonymous memory that the kernel may drop.
    pub const DROPPABLE: u64 = 8;

    /// The type, a number of four bits.
    pub const fn map_type(self) -> u64 {
        self.bits() & MapFlags::TYPE.bits()
    }
}

bitflags! {
    /// The flags of `mremap`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct MremapFlags: u64 {
        /// The mapping may move.
        const MAYMOVE = 1;
        /// Move to the given address and replace what is there.
        const FIXED = 2;
        /// Leave the old range mapped, without its pages.
        const DONTUNMAP = 4;
        const _ = !0;
    }
}

bitflags! {
    /// The flags of `msync`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct MsyncFlags: u64 {
        /// Start writing.
        const ASYNC = 1;
        /// Drop other copies.
        const INVALIDATE = 2;
        /// Write and wait.
        const SYNC = 4;
        const _ = !0;
    }
}

bitflags! {
    /// The flags of `open`. The lowest two bits are a number, the access mode.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct OpenFlags: u64 {
        /// Mask of the access mode: 0 read, 1 write, 2 both.
        const ACCMODE = 0o3;
        /// Create the file if it is missing.
        const CREAT = 0o100;
        /// With `O_CREAT`: refuse an existing file.
        const EXCL = 0o200;
        /// Cut the file to nothing.
        const TRUNC = 0o1000;
        /// Write at the end.
        const APPEND = 0o2000;
        /// Directories only.
        const DIRECTORY = 0o20_0000;
        /// Close on `execve`.
        const CLOEXEC = 0o200_0000;
        /// A handle that can be neither read nor mapped.
        const PATH = 0o1000_0000;
        /// A file without a name (`__O_TMPFILE`: `O_TMPFILE` has `O_DIRECTORY` in it too).
        const TMPFILE = 0o2000_0000;
        const _ = !0;
    }
}

impl OpenFlags {
    /// Access mode 2, `O_RDWR`.
    pub const READ_WRITE: OpenFlags = OpenFlags::from_bits_retain(2);

    /// Says whether the descriptor may be read.
    pub const fn reads(self) -> bool {
        matches!(self.bits() & 3, 0 | 2) && !self.contains(OpenFlags::PATH)
    }

    /// Says whether the descriptor may be written.
    pub const fn writes(self) -> bool {
        matches!(self.bits() & 3, 1 | 2) && !self.contains(OpenFlags::PATH)
    }
}

/// A table of names for a set of flags, in the order in which strace prints them.
#[derive(Clone, Copy, Debug)]
pub struct FlagNames {
    /// Mask of a field that holds a number, printed first; 0 if there is none.
    pub field: u64,
    /// Names of the field's values.
    pub values: &'static [(&'static str, u64)],
    /// Names of single bits (or groups of bits), in printing order.
    pub bits: &'static [(&'static str, u64)],
    /// What is printed where no bit is set and no value of the field has a name.
    pub none: &'static str,
}

impl FlagNames {
    /// All names, in printing order; last that of no bits, where it is another.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let (values, bits, none) = (self.values, self.bits, self.none);
        let known = move |name| values.iter().chain(bits).any(|(known, _)| *known == name);
        let none = (none != "0" && !known(none)).then_some(none);
        values.iter().chain(bits).map(|(name, _)| *name).chain(none)
    }

    /// The number behind a name.
    pub fn number(&self, name: &str) -> Option<u64> {
        let mut all = self.values.iter().chain(self.bits);
        all.find(|(known, _)| *known == name)
            .map(|(_, bits)| *bits)
            .or_else(|| (name == self.none && name != "0").then_some(0))
    }

    /// A number as strace prints it: names joined by `|`, unknown bits in hex at the end, with a
    /// comment where no name says what they are (`0x10 /* PROT_??? */`).
    pub fn text(&self, number: u64) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut rest = number;
        let value = number & self.field;
        if let Some((name, _)) =
            self.values.iter().find(|(_, known)| self.field != 0 && *known == value)
        {
            parts.push((*name).to_owned());
            rest &= !self.field;
        } else if value != 0 {
            parts.push(self.nameless(value));
            rest &= !self.field;
        }
        for (name, bits) in self.bits {
            if *bits != 0 && rest & bits == *bits {
                parts.push((*name).to_owned());
                rest &= !bits;
            }
        }
        if rest != 0 {
            parts.push(if parts.is_empty() { self.nameless(rest) } else { format!("{rest:#x}") });
        }
        if parts.is_empty() { self.none.to_owned() } else { parts.join("|") }
    }

    /// A number of which no bit has a name.
    fn nameless(&self, number: u64) -> String {
        let name = self.values.iter().chain(self.bits).next().map_or("", |(name, _)| name);
        let prefix = name.split('_').next().unwrap_or("");
        format!("{number:#x} /* {prefix}_??? */")
    }
}

/// Names of protections.
pub const PROT_NAMES: FlagNames = FlagNames {
    field: 0,
    values: &[],
    bits: &[
        ("PROT_READ", 1),
        ("PROT_WRITE", 2),
        ("PROT_EXEC", 4),
        ("PROT_SEM", 8),
        ("PROT_GROWSDOWN", 0x0100_0000),
        ("PROT_GROWSUP", 0x0200_0000),
    ],
    none: "PROT_NONE",
};

/// Names of the flags of `mmap`.
pub const MAP_NAMES: FlagNames = FlagNames {
    field: 0xf,
    values: &[
        ("MAP_FILE", 0),
        ("MAP_SHARED", 1),
        ("MAP_PRIVATE", 2),
        ("MAP_SHARED_VALIDATE", 3),
        ("MAP_DROPPABLE", 8),
    ],
    bits: &[
        ("MAP_FIXED", 0x10),
        ("MAP_ANONYMOUS", 0x20),
        ("MAP_ANON", 0x20),
        ("MAP_32BIT", 0x40),
        ("MAP_ABOVE4G", 0x80),
        ("MAP_NORESERVE", 0x4000),
        ("MAP_POPULATE", 0x8000),
        ("MAP_NONBLOCK", 0x1_0000),
        ("MAP_GROWSDOWN", 0x100),
        ("MAP_DENYWRITE", 0x800),
        ("MAP_EXECUTABLE", 0x1000),
        ("MAP_LOCKED", 0x2000),
        ("MAP_HUGETLB", 0x4_0000),
        ("MAP_STACK", 0x2_0000),
        ("MAP_SYNC", 0x8_0000),
        ("MAP_FIXED_NOREPLACE", 0x10_0000),
        ("MAP_UNINITIALIZED", 0x400_0000),
    ],
    none: "MAP_FILE",
};

/// Names of the flags of `mremap`.
pub const MREMAP_NAMES: FlagNames = FlagNames {
    field: 0,
    values: &[],
    bits: &[("MREMAP_MAYMOVE", 1), ("MREMAP_FIXED", 2), ("MREMAP_DONTUNMAP", 4)],
    none: "0",
};

/// Names of the flags of `msync`.
pub const MSYNC_NAMES: FlagNames = FlagNames {
    field: 0,
    values: &[],
    bits: &[("MS_SYNC", 4), ("MS_ASYNC", 1), ("MS_INVALIDATE", 2)],
    none: "0",
};

/// Names of the flags of `open`.
pub const OPEN_NAMES: FlagNames = FlagNames {
    field: 3,
    values: &[("O_RDONLY", 0), ("O_WRONLY", 1), ("O_RDWR", 2), ("O_ACCMODE", 3)],
    bits: &[
        ("O_CREAT", 0o100),
        ("O_EXCL", 0o200),
        ("O_NOCTTY", 0o400),
        ("O_TRUNC", 0o1000),
        ("O_APPEND", 0o2000),
        ("O_NONBLOCK", 0o4000),
        ("O_SYNC", 0o401_0000),
        ("O_DSYNC", 0o1_0000),
        ("O_DIRECT", 0o4_0000),
        ("O_LARGEFILE", 0o10_0000),
        ("O_NOFOLLOW", 0o40_0000),
        ("O_NOATIME", 0o100_0000),
        ("O_CLOEXEC", 0o200_0000),
        ("O_PATH", 0o1000_0000),
        ("O_TMPFILE", 0o2020_0000),
        ("O_DIRECTORY", 0o20_0000),
        ("FASYNC", 0o2_0000),
    ],
    none: "O_RDONLY",
};

/// Names of the flags of `memfd_create`.
pub const MEMFD_NAMES: FlagNames = FlagNames {
    field: 0,
    values: &[],
    bits: &[
        ("MFD_CLOEXEC", 1),
        ("MFD_ALLOW_SEALING", 2),
        ("MFD_HUGETLB", 4),
        ("MFD_NOEXEC_SEAL", 8),
        ("MFD_EXEC", 0x10),
    ],
    none: "0",
};

/// Names of the advice of `madvise`: numbers, not bits.
pub const ADVICE_NAMES: FlagNames = FlagNames {
    field: !0,
    values: &[
        ("MADV_NORMAL", 0),
        ("MADV_RANDOM", 1),
        ("MADV_SEQUENTIAL", 2),
        ("MADV_WILLNEED", 3),
        ("MADV_DONTNEED", 4),
        ("MADV_FREE", 8),
        ("MADV_REMOVE", 9),
        ("MADV_DONTFORK", 10),
        ("MADV_DOFORK", 11),
        ("MADV_MERGEABLE", 12),
        ("MADV_UNMERGEABLE", 13),
        ("MADV_HUGEPAGE", 14),
        ("MADV_NOHUGEPAGE", 15),
        ("MADV_DONTDUMP", 16),
        ("MADV_DODUMP", 17),
        ("MADV_WIPEONFORK", 18),
        ("MADV_KEEPONFORK", 19),
        ("MADV_COLD", 20),
        ("MADV_PAGEOUT", 21),
        ("MADV_POPULATE_READ", 22),
        ("MADV_POPULATE_WRITE", 23),
        ("MADV_DONTNEED_LOCKED", 24),
        ("MADV_COLLAPSE", 25),
        ("MADV_HWPOISON", 100),
        ("MADV_SOFT_OFFLINE", 101),
        ("MADV_GUARD_INSTALL", 102),
        ("MADV_GUARD_REMOVE", 103),
    ],
    bits: &[],
    none: "MADV_NORMAL",
};

/// `AT_FDCWD`: paths are relative to the current folder.
pub const AT_FDCWD: i32 = -100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_print_in_straces_order_and_keep_unknown_bits() {
        assert_eq!(MAP_NAMES.text(0x32), "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS");
        assert_eq!(MAP_NAMES.text(0x20), "MAP_FILE|MAP_ANONYMOUS");
        assert_eq!(MAP_NAMES.text(0x0200_0003), "MAP_SHARED_VALIDATE|0x2000000");
        assert_eq!(PROT_NAMES.text(0), "PROT_NONE");
        assert_eq!(PROT_NAMES.text(0x43), "PROT_READ|PROT_WRITE|0x40");
        assert_eq!(OPEN_NAMES.text(0o102), "O_RDWR|O_CREAT");
        assert_eq!(ADVICE_NAMES.text(14), "MADV_HUGEPAGE");
        assert_eq!(ADVICE_NAMES.text(5), "0x5 /* MADV_??? */");
        assert_eq!(PROT_NAMES.text(0x10), "0x10 /* PROT_??? */");
        assert_eq!(MAP_NAMES.text(0x24), "0x4 /* MAP_??? */|MAP_ANONYMOUS");
        assert_eq!(MSYNC_NAMES.text(7), "MS_SYNC|MS_ASYNC|MS_INVALIDATE");
    }

    #[test]
    fn every_name_gives_its_number_back() {
        for table in [PROT_NAMES, MAP_NAMES, MREMAP_NAMES, MSYNC_NAMES, OPEN_NAMES, MEMFD_NAMES] {
            for (name, number) in table.values.iter().chain(table.bits) {
                assert_eq!(table.number(name), Some(*number), "{name}");
            }
        }
        assert_eq!(PROT_NAMES.number("PROT_NONE"), Some(0));
    }

    #[test]
    fn errnos_have_names_and_sentences() {
        assert_eq!(Errno::from_name("EOVERFLOW"), Some(Errno::EOVERFLOW));
        assert_eq!(Errno::EFAULT.text(), "Bad address");
        assert_eq!(Errno::from_name("EWHAT"), None);
    }
}
