//! The names of the language: calls with their parameters, and constants with their numbers.

use crate::abi::{
    ADVICE_NAMES, AT_FDCWD, FlagNames, MAP_NAMES, MEMFD_NAMES, MREMAP_NAMES, MSYNC_NAMES,
    OPEN_NAMES, PROT_NAMES,
};
use crate::address::PAGE_SIZE;

macro_rules! calls {
    ($($variant:ident $name:ident ($($required:ident)*) [$($optional:ident)*])*) => {
        /// A call of the table.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[allow(missing_docs)]
        pub enum CallName { $($variant),* }

        impl CallName {
            /// All of them.
            pub const ALL: &[CallName] = &[$(CallName::$variant),*];

            /// Its name in text.
            pub const fn name(self) -> &'static str {
                match self { $(CallName::$variant => stringify!($name)),* }
            }

            /// The parameters that must be given, by the names of the manual pages.
            pub const fn required(self) -> &'static [&'static str] {
                match self { $(CallName::$variant => &[$(stringify!($required)),*]),* }
            }

            /// The parameters that may be left out, behind the others.
            pub const fn optional(self) -> &'static [&'static str] {
                match self { $(CallName::$variant => &[$(stringify!($optional)),*]),* }
            }
        }
    };
}

calls! {
    Mmap mmap (addr length prot flags fd offset) []
    Munmap munmap (addr length) []
    Mprotect mprotect (addr len prot) []
    Mremap mremap (old_address old_size new_size flags) [new_address]
    Madvise madvise (addr length advice) []
    Msync msync (addr length flags) []
    Brk brk (addr) []
    Open open (path flags) [mode]
    Openat openat (dirfd path flags) [mode]
    MemfdCreate memfd_create (name flags) []
    Close close (fd) []
    Ftruncate ftruncate (fd length) []
    Pwrite64 pwrite64 (fd data count offset) []
    Pread64 pread64 (fd data count offset) []
    Load load (addr) [size]
    Store store (addr value) [size]
    Fetch fetch (addr) []
    Memset memset (addr byte length) []
    Memcpy memcpy (dst src length) []
    Malloc malloc (size) []
    Calloc calloc (nmemb size) []
    Realloc realloc (ptr size) []
    Free free (ptr) []
}

/// What an argument has to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wants {
    /// A number.
    Number,
    /// A string.
    Text,
    /// Either.
    Any,
}

impl CallName {
    /// The call of a name, or of another name that the tools print for it.
    pub fn from_name(name: &str) -> Option<CallName> {
        Some(match name {
            "mmap64" => CallName::Mmap,
            "open64" => CallName::Open,
            "openat64" => CallName::Openat,
            "ftruncate64" => CallName::Ftruncate,
            "pread" => CallName::Pread64,
            "pwrite" => CallName::Pwrite64,
            _ => return CallName::ALL.iter().copied().find(|call| call.name() == name),
        })
    }

    /// The call whose name is nearest to a mistyped one.
    pub fn nearest(name: &str) -> Option<CallName> {
        let names = CallName::ALL.iter().map(|call| call.name());
        nearest_name(name, names).and_then(CallName::from_name)
    }

    /// What an argument has to be.
    pub fn wants(self, index: usize) -> Wants {
        match (self, index) {
            (CallName::Open | CallName::MemfdCreate, 0) => Wants::Text,
            (CallName::Openat | CallName::Pwrite64, 1) => Wants::Text,
            (CallName::Pread64 | CallName::Store, 1) => Wants::Any,
            _ => Wants::Number,
        }
    }

    /// A parameter by its place, from 0: those that must be given, then the others.
    pub fn parameter(self, index: usize) -> Option<&'static str> {
        self.required().iter().chain(self.optional()).nth(index).copied()
    }

    /// The names that an argument is made of, if flags, an advice or a protection belong there.
    pub fn flags(self, index: usize) -> Option<&'static FlagNames> {
        match (self, self.parameter(index)?) {
            (_, "prot") => Some(&PROT_NAMES),
            (_, "advice") => Some(&ADVICE_NAMES),
            (CallName::Mmap, "flags") => Some(&MAP_NAMES),
            (CallName::Mremap, "flags") => Some(&MREMAP_NAMES),
            (CallName::Msync, "flags") => Some(&MSYNC_NAMES),
            (CallName::Open | CallName::Openat, "flags") => Some(&OPEN_NAMES),
            (CallName::MemfdCreate, "flags") => Some(&MEMFD_NAMES),
            _ => None,
        }
    }

    /// Whether it is one of the allocator's.
    pub const fn is_allocator(self) -> bool {
        matches!(self, CallName::Malloc | CallName::Calloc | CallName::Realloc | CallName::Free)
    }

    /// Its parameters as a sentence has them: `path, flags[, mode]`.
    pub fn parameters(self) -> String {
        let mut text = self.required().join(", ");
        for name in self.optional() {
            text.push_str(&format!("[, {name}]"));
        }
        text
    }
}

/// Tables of flags, by what their names begin with.
const TABLES: [(&str, &FlagNames); 7] = [
    ("PROT_", &PROT_NAMES),
    ("MAP_", &MAP_NAMES),
    ("MREMAP_", &MREMAP_NAMES),
    ("MS_", &MSYNC_NAMES),
    ("MADV_", &ADVICE_NAMES),
    ("O_", &OPEN_NAMES),
    ("MFD_", &MEMFD_NAMES),
];

/// Constants that are no flag to print.
const OTHERS: [(&str, u64); 41] = [
    ("NULL", 0),
    ("nil", 0),
    ("PAGE_SIZE", PAGE_SIZE),
    ("AT_FDCWD", AT_FDCWD as i64 as u64),
    ("MAP_FAILED", u64::MAX),
    ("MAP_TYPE", 0xf),
    ("MAP_HUGE_SHIFT", 26),
    ("MAP_HUGE_MASK", 0x3f),
    ("MAP_HUGE_2MB", 21 << 26),
    ("MAP_HUGE_1GB", 30 << 26),
    ("MFD_HUGE_SHIFT", 26),
    ("MFD_HUGE_MASK", 0x3f),
    ("MFD_HUGE_2MB", 21 << 26),
    ("MFD_HUGE_1GB", 30 << 26),
    ("POSIX_MADV_NORMAL", 0),
    ("POSIX_MADV_RANDOM", 1),
    ("POSIX_MADV_SEQUENTIAL", 2),
    ("POSIX_MADV_WILLNEED", 3),
    ("POSIX_MADV_DONTNEED", 4),
    ("O_ASYNC", 0o2_0000),
    ("FASYNC", 0o2_0000),
    ("O_NDELAY", 0o4000),
    ("O_RSYNC", 0o401_0000),
    ("O_FSYNC", 0o401_0000),
    ("FAPPEND", 0o2000),
    ("FNDELAY", 0o4000),
    ("FNONBLOCK", 0o4000),
    ("S_IRWXU", 0o700),
    ("S_IRUSR", 0o400),
    ("S_IWUSR", 0o200),
    ("S_IXUSR", 0o100),
    ("S_IRWXG", 0o70),
    ("S_IRGRP", 0o40),
    ("S_IWGRP", 0o20),
    ("S_IXGRP", 0o10),
    ("S_IRWXO", 0o7),
    ("S_IROTH", 0o4),
    ("S_IWOTH", 0o2),
    ("S_IXOTH", 0o1),
    ("S_ISUID", 0o4000),
    ("S_ISGID", 0o2000),
];

/// The number of a constant of the language.
pub fn constant(name: &str) -> Option<u64> {
    let prefix = &name[..name.find('_').map_or(0, |at| at + 1)];
    let table = TABLES.iter().find(|(known, _)| *known == prefix);
    table
        .and_then(|(_, names)| names.number(name))
        .or_else(|| OTHERS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number))
}

/// All constants of the language, those of one table together.
pub fn constants() -> impl Iterator<Item = &'static str> {
    let flags = TABLES.iter().flat_map(|(_, names)| names.names());
    flags.chain(OTHERS.iter().map(|(known, _)| *known))
}

/// The constant whose name is nearest to a mistyped one.
pub fn nearest_constant(name: &str) -> Option<&'static str> {
    nearest_name(name, constants())
}

/// The name that needs fewest changes; at most two, and fewer than half of its letters.
fn nearest_name(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    if name.len() > 40 {
        return None;
    }
    let name = name.to_ascii_lowercase();
    known
        .map(|candidate| (changes(&name, &candidate.to_ascii_lowercase()), candidate))
        .min_by_key(|(count, _)| *count)
        .filter(|(count, candidate)| *count <= 2 && count * 2 < candidate.len())
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, taken out or replaced (Levenshtein's distance).
fn changes(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meaning;

    #[test]
    fn every_call_is_found_by_its_name() {
        for call in CallName::ALL {
            assert_eq!(CallName::from_name(call.name()), Some(*call));
        }
        assert_eq!(CallName::from_name("pread"), Some(CallName::Pread64));
        assert_eq!(CallName::from_name("fork"), None);
        assert_eq!(CallName::Open.parameters(), "path, flags[, mode]");
    }

    #[test]
    fn constants_have_numbers() {
        for (name, number) in [
            ("NULL", 0),
            ("PAGE_SIZE", 4096),
            ("MAP_ANON", 0x20),
            ("MAP_FILE", 0),
            ("PROT_NONE", 0),
            ("MREMAP_FIXED", 2),
            ("MS_SYNC", 4),
            ("MADV_DONTNEED", 4),
            ("O_CREAT", 0o100),
            ("O_ACCMODE", 3),
            ("FASYNC", 0o2_0000),
            ("MFD_CLOEXEC", 1),
            ("AT_FDCWD", -100_i64 as u64),
            ("MAP_HUGE_SHIFT", 26),
        ] {
            assert_eq!(constant(name), Some(number), "{name}");
        }
        assert_eq!(constant("p"), None);
        assert_eq!(constant("PROT_"), None);
    }

    #[test]
    fn every_name_has_a_meaning() {
        for call in CallName::ALL {
            assert!(meaning::of_call(call.name()).is_some(), "{}", call.name());
        }
        for name in constants() {
            assert!(constant(name).is_some(), "{name}");
            assert!(meaning::of_constant(name).is_some(), "{name}");
        }
    }

    #[test]
    fn flags_belong_to_parameters() {
        let none = |call: CallName, index: usize| call.flags(index).map(|names| names.none);
        assert_eq!(none(CallName::Mmap, 2), Some("PROT_NONE"));
        assert_eq!(none(CallName::Mmap, 3), Some("MAP_FILE"));
        assert_eq!(none(CallName::Openat, 2), Some("O_RDONLY"));
        assert_eq!(none(CallName::Mmap, 4), None);
        assert_eq!(none(CallName::Mmap, 9), None);
        assert_eq!(CallName::Mremap.parameter(4), Some("new_address"));
    }

    #[test]
    fn mistyped_names_have_a_neighbour() {
        assert_eq!(nearest_constant("MAP_PRIVAT"), Some("MAP_PRIVATE"));
        assert_eq!(nearest_constant("prot_read"), Some("PROT_READ"));
        assert_eq!(nearest_constant("q"), None);
        assert_eq!(CallName::nearest("mumap"), Some(CallName::Mmap));
        assert_eq!(CallName::nearest("mprotct"), Some(CallName::Mprotect));
        assert_eq!(CallName::nearest("getuid"), None);
    }
}
