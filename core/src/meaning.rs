//! What calls, flags and constants mean, each in one short sentence after its manual page.
//!
//! The one place for these words: completion shows them beside a name, the forms beside a box.
//! Sources: mmap(2), mprotect(2), mremap(2), madvise(2), msync(2), brk(2), open(2),
//! memfd_create(2), and `<asm/mman.h>` of Linux 6.18 for what the pages leave out.

use crate::address::PAGE_SIZE;

/// A name and its meaning.
type Entry = (&'static str, &'static str);

/// What a call does; nothing for a name that is none.
pub fn of_call(name: &str) -> Option<&'static str> {
    find(CALLS, name)
}

/// What a flag, a protection, an advice or another constant means; nothing for a name that is none.
pub fn of_constant(name: &str) -> Option<&'static str> {
    TABLES.iter().find_map(|table| find(table, name))
}

fn find(table: &[Entry], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
}

const CALLS: &[Entry] = &[
    ("mmap", "Makes a mapping: address space that may be used, not yet memory."),
    ("munmap", "Unmaps whole pages; a mapping that sticks out is split."),
    ("mprotect", "Changes what may be done with pages; splits and merges VMAs."),
    ("mremap", "Grows, shrinks or moves a mapping, its frames with it."),
    ("madvise", "Tells the kernel how pages will be used; some advice drops or fills them."),
    ("msync", "Writes what a shared mapping changed back to its file."),
    ("brk", "Moves the end of the data segment, the old-fashioned heap."),
    ("open", "Opens a file of the playground's own small folder."),
    ("openat", "Opens a file, its path relative to an open folder."),
    ("memfd_create", "A file without a name, in memory only."),
    ("close", "Closes a descriptor; its mappings stay."),
    ("ftruncate", "Sets a file's length; pages behind it become SIGBUS."),
    ("pwrite64", "Writes into a file; shared mappings show it."),
    ("pread64", "Reads from a file; what shared mappings wrote is there."),
    ("load", "The processor reads: a page fault, a value or a signal."),
    ("store", "The processor writes a number, or the bytes of a \"string\"."),
    ("fetch", "The processor fetches one byte as an instruction."),
    ("memset", "Stores one byte again and again: touches page after page."),
    ("memcpy", "Loads here and stores there."),
    ("malloc", "A block of liballoc's; the first one asks the kernel for 16 pages."),
    ("calloc", "malloc, cleared: touches every page of the block."),
    ("realloc", "Shrinks in place; grows by malloc, copy, free."),
    ("free", "Gives a block back, and its pages once no block is left on them."),
];

const TABLES: [&[Entry]; 8] = [PROT, MAP, MREMAP, MSYNC, ADVICE, OPEN, MEMFD, OTHERS];

const PROT: &[Entry] = &[
    ("PROT_NONE", "pages may not be touched"),
    ("PROT_READ", "pages may be read"),
    ("PROT_WRITE", "pages may be written"),
    ("PROT_EXEC", "pages may be executed"),
    ("PROT_SEM", "accepted and ignored on x86-64"),
    ("PROT_GROWSDOWN", "from the start of a mapping that grows down"),
    ("PROT_GROWSUP", "to the end of a mapping that grows up"),
];

const MAP: &[Entry] = &[
    ("MAP_FILE", "ignored: a file is mapped unless MAP_ANONYMOUS is given"),
    ("MAP_PRIVATE", "writes stay with this process"),
    ("MAP_SHARED", "writes reach the file and everyone who maps it"),
    ("MAP_SHARED_VALIDATE", "like MAP_SHARED, but flags that are unknown are refused"),
    ("MAP_DROPPABLE", "private, and the kernel may drop pages when memory is short"),
    ("MAP_ANONYMOUS", "no file behind it: zeros at first"),
    ("MAP_ANON", "another name of MAP_ANONYMOUS"),
    ("MAP_FIXED", "exactly at addr, replacing what is there"),
    ("MAP_FIXED_NOREPLACE", "exactly at addr, or EEXIST"),
    ("MAP_NORESERVE", "not counted against memory"),
    ("MAP_POPULATE", "filled at once, without page faults later"),
    ("MAP_GROWSDOWN", "grows down at a fault below it, like a stack"),
    ("MAP_STACK", "meant for a stack; nothing but a hint"),
    ("MAP_LOCKED", "filled at once and kept resident"),
    ("MAP_32BIT", "in the first 2 GiB"),
    ("MAP_ABOVE4G", "above the first 4 GiB"),
    ("MAP_NONBLOCK", "with MAP_POPULATE: do not fill after all"),
    ("MAP_HUGETLB", "of huge pages"),
    ("MAP_SYNC", "synchronous faults, on persistent memory only"),
    ("MAP_DENYWRITE", "ignored"),
    ("MAP_EXECUTABLE", "ignored"),
    ("MAP_UNINITIALIZED", "not cleared; ignored where there is an MMU"),
    ("MAP_FAILED", "what mmap returns when it fails: -1"),
    ("MAP_TYPE", "the bits that hold the type: private, shared and kin"),
    ("MAP_HUGE_SHIFT", "where the bits begin that hold the size of huge pages"),
    ("MAP_HUGE_MASK", "the bits of that size, shifted down"),
    ("MAP_HUGE_2MB", "with MAP_HUGETLB: huge pages of 2 MiB"),
    ("MAP_HUGE_1GB", "with MAP_HUGETLB: huge pages of 1 GiB"),
];

const MREMAP: &[Entry] = &[
    ("MREMAP_MAYMOVE", "may move if it cannot grow in place"),
    ("MREMAP_FIXED", "move to new_address, replacing what is there"),
    ("MREMAP_DONTUNMAP", "leave the old range mapped, without its pages"),
];

const MSYNC: &[Entry] = &[
    ("MS_SYNC", "write the changed pages and wait for it"),
    ("MS_ASYNC", "only schedule the writing"),
    ("MS_INVALIDATE", "let other mappings of the file see it; EBUSY on locked pages"),
];

const ADVICE: &[Entry] = &[
    ("MADV_NORMAL", "no special treatment: the default"),
    ("MADV_RANDOM", "expect reads in no order: read little ahead"),
    ("MADV_SEQUENTIAL", "expect reads in order: read far ahead, drop soon after"),
    ("MADV_WILLNEED", "needed soon: read it ahead now"),
    ("MADV_DONTNEED", "not needed: drop the pages; private ones are zeros afterwards"),
    ("MADV_FREE", "may be dropped when memory is short, unless written again"),
    ("MADV_REMOVE", "drop the pages and the file's bytes behind them: a hole"),
    ("MADV_DONTFORK", "not to be had by a child after fork"),
    ("MADV_DOFORK", "to be had by a child after fork again"),
    ("MADV_MERGEABLE", "pages of the same bytes may be merged (KSM)"),
    ("MADV_UNMERGEABLE", "no longer merge pages of the same bytes"),
    ("MADV_HUGEPAGE", "use huge pages where they fit"),
    ("MADV_NOHUGEPAGE", "use no huge pages"),
    ("MADV_DONTDUMP", "leave out of a core dump"),
    ("MADV_DODUMP", "put into a core dump again"),
    ("MADV_WIPEONFORK", "zeros for a child after fork"),
    ("MADV_KEEPONFORK", "kept for a child after fork again"),
    ("MADV_COLD", "not used soon: among the first to be reclaimed"),
    ("MADV_PAGEOUT", "reclaim the pages now"),
    ("MADV_POPULATE_READ", "fill in the pages as if each were read"),
    ("MADV_POPULATE_WRITE", "fill in the pages as if each were written"),
    ("MADV_DONTNEED_LOCKED", "like MADV_DONTNEED, and on locked pages too"),
    ("MADV_COLLAPSE", "collapse the pages into huge pages now"),
    ("MADV_HWPOISON", "treat the pages as broken memory; for tests, as root"),
    ("MADV_SOFT_OFFLINE", "move the pages and take their frames out of use; as root"),
    ("MADV_GUARD_INSTALL", "drop the pages; touching one is a SIGSEGV from now on"),
    ("MADV_GUARD_REMOVE", "take such guards away again"),
    ("POSIX_MADV_NORMAL", "the number of MADV_NORMAL"),
    ("POSIX_MADV_RANDOM", "the number of MADV_RANDOM"),
    ("POSIX_MADV_SEQUENTIAL", "the number of MADV_SEQUENTIAL"),
    ("POSIX_MADV_WILLNEED", "the number of MADV_WILLNEED"),
    ("POSIX_MADV_DONTNEED", "the number of MADV_DONTNEED; posix_madvise ignores it"),
];

const OPEN: &[Entry] = &[
    ("O_RDONLY", "to read only"),
    ("O_WRONLY", "to write only"),
    ("O_RDWR", "to read and write"),
    ("O_ACCMODE", "the bits that hold the access mode; as a mode a handle for ioctl only"),
    ("O_CREAT", "create the file if it is missing"),
    ("O_TRUNC", "cut it to nothing"),
    ("O_EXCL", "with O_CREAT: refuse an existing file"),
    ("O_APPEND", "write at the end"),
    ("O_CLOEXEC", "close on execve"),
    ("O_DIRECTORY", "directories only"),
    ("O_PATH", "a handle that can be neither read nor mapped"),
    ("O_NOCTTY", "a terminal does not become the controlling one"),
    ("O_NONBLOCK", "do not wait; no difference for files"),
    ("O_NDELAY", "another name of O_NONBLOCK"),
    ("O_SYNC", "writes wait for data and metadata on disk"),
    ("O_DSYNC", "writes wait for data on disk"),
    ("O_RSYNC", "the same as O_SYNC on Linux"),
    ("O_FSYNC", "another name of O_SYNC"),
    ("O_DIRECT", "past the page cache"),
    ("O_LARGEFILE", "files of more than 2 GiB; always so on x86-64"),
    ("O_NOFOLLOW", "refuse a symbolic link"),
    ("O_NOATIME", "do not note the time of reading"),
    ("O_TMPFILE", "a file without a name in the folder of the path"),
    ("O_ASYNC", "a signal when input or output is possible"),
    ("FASYNC", "another name of O_ASYNC"),
    ("FAPPEND", "another name of O_APPEND"),
    ("FNDELAY", "another name of O_NONBLOCK"),
    ("FNONBLOCK", "another name of O_NONBLOCK"),
];

const MEMFD: &[Entry] = &[
    ("MFD_CLOEXEC", "close on execve"),
    ("MFD_ALLOW_SEALING", "seals may be set"),
    ("MFD_HUGETLB", "of huge pages"),
    ("MFD_NOEXEC_SEAL", "not executable, and sealed so"),
    ("MFD_EXEC", "executable"),
    ("MFD_HUGE_SHIFT", "where the bits begin that hold the size of huge pages"),
    ("MFD_HUGE_MASK", "the bits of that size, shifted down"),
    ("MFD_HUGE_2MB", "with MFD_HUGETLB: huge pages of 2 MiB"),
    ("MFD_HUGE_1GB", "with MFD_HUGETLB: huge pages of 1 GiB"),
];

const OTHERS: &[Entry] = &[
    ("NULL", "the address 0: as a hint, the kernel chooses"),
    ("nil", "NULL, as ltrace prints it"),
    ("PAGE_SIZE", "the size of a page: 4096 bytes"),
    ("AT_FDCWD", "paths are relative to the current folder"),
    ("S_IRWXU", "the owner may read, write and execute"),
    ("S_IRUSR", "the owner may read"),
    ("S_IWUSR", "the owner may write"),
    ("S_IXUSR", "the owner may execute"),
    ("S_IRWXG", "the group may read, write and execute"),
    ("S_IRGRP", "the group may read"),
    ("S_IWGRP", "the group may write"),
    ("S_IXGRP", "the group may execute"),
    ("S_IRWXO", "others may read, write and execute"),
    ("S_IROTH", "others may read"),
    ("S_IWOTH", "others may write"),
    ("S_IXOTH", "others may execute"),
    ("S_ISUID", "runs with the owner's rights"),
    ("S_ISGID", "runs with the group's rights"),
];

// The sentence about PAGE_SIZE names the number.
const _: () = assert!(PAGE_SIZE == 4096);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_thing() {
        let mut names: Vec<&str> =
            TABLES.iter().flat_map(|table| table.iter().map(|(name, _)| *name)).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(of_constant("MAP_FIXED"), Some("exactly at addr, replacing what is there"));
        assert_eq!(of_constant("MAP_WHAT"), None);
        assert_eq!(of_call("fork"), None);
    }

    #[test]
    fn a_meaning_is_one_short_sentence() {
        for (name, meaning) in CALLS.iter().chain(TABLES.into_iter().flatten()) {
            assert!((4..=80).contains(&meaning.len()), "{name}: {} bytes", meaning.len());
        }
        assert!(CALLS.iter().all(|(_, meaning)| meaning.ends_with('.')));
        assert!(TABLES.into_iter().flatten().all(|(_, meaning)| !meaning.ends_with('.')));
    }
}
