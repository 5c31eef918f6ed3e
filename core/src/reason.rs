//! Why a call failed, a signal came, or something surprising happened: typed data, and the one
//! place where it becomes a sentence.
//!
//! A [`Reason`] holds the rule, the argument and the addresses that broke it. The page, `--why`
//! and the console all use [`Reason::sentence`].

use crate::abi::Prot;
use crate::address::{Address, PAGE_SIZE, PageRange, USER_END, page_floor, size_text};

/// The rule that decided an outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Reason {
    // Arguments by themselves.
    NotPageAligned {
        argument: &'static str,
        value: u64,
    },
    LengthZero {
        argument: &'static str,
    },
    /// Rounded up to whole pages the length does not fit into 64 bits.
    LengthWraps {
        argument: &'static str,
        value: u64,
    },
    PastUserEnd {
        address: Address,
        length: u64,
    },
    UnknownBits {
        argument: &'static str,
        bits: u64,
    },
    /// Bits that are refused together, or one that needs another.
    FlagCombination {
        text: &'static str,
    },
    NoMappingType {
        map_type: u64,
        anonymous: bool,
    },
    BelowMmapMinAddr {
        address: Address,
        limit: Address,
    },
    OffsetOverflow {
        offset: u64,
        length: u64,
    },
    RangesOverlap {
        old: PageRange,
        new: PageRange,
    },
    NegativeNumber {
        argument: &'static str,
        value: i64,
    },

    // What is mapped.
    AlreadyMapped {
        at: PageRange,
    },
    NotMapped {
        address: Address,
    },
    /// A hole in the middle of the range; what lies before it was changed all the same.
    HoleInRange {
        address: Address,
    },
    RangeOverSeveralMappings {
        address: Address,
        end: Address,
    },
    NotGrowing {
        address: Address,
    },
    NoRoom {
        length: u64,
    },
    TooManyMappings {
        limit: u64,
    },
    /// `pages` asked for in one call, more than RAM and swap together.
    Overcommit {
        pages: u64,
        limit_pages: u64,
    },
    SharedAnonymousGrows,
    OldSizeZeroPrivate,
    UnknownAdvice {
        advice: i32,
    },
    /// A mapping that this advice is not for.
    AdviceNotFor {
        address: Address,
        text: &'static str,
    },
    MappingLocked {
        address: Address,
    },
    BreakBelowStart {
        start: Address,
    },
    BreakMeetsMapping {
        at: Address,
    },

    // Files and descriptors.
    BadDescriptor {
        fd: i32,
    },
    PathOnlyDescriptor {
        fd: i32,
    },
    NotOpenForReading {
        fd: i32,
    },
    NotOpenForWriting {
        fd: i32,
    },
    /// A mapping of a descriptor that cannot be read.
    MappingNeedsReading {
        fd: i32,
    },
    /// A shared writable mapping of a descriptor that cannot be written.
    SharedNeedsWriting {
        fd: i32,
    },
    MappingMayNotBeWritten {
        address: Address,
    },
    CannotBeMapped {
        what: &'static str,
    },
    NoSuchFile {
        path: String,
    },
    FileExists {
        path: String,
    },
    IsDirectory {
        path: String,
    },
    NotDirectory {
        path: String,
    },
    AccessDenied {
        path: String,
    },
    NameTooLong {
        length: u64,
    },
    TooManyDescriptors {
        limit: u64,
    },
    NotAFile {
        what: &'static str,
    },
    FileTooLarge {
        length: u64,
    },

    // Signals.
    NoMapping {
        address: Address,
    },
    /// There is a mapping; its protection lacks what the access needs.
    ProtectionForbids {
        address: Address,
        prot: Prot,
        access: Access,
    },
    /// The protection key of the mapping allows no loads and stores.
    KeyForbids {
        address: Address,
        key: u8,
        access: Access,
    },
    /// In a hole right below a mapping that grows down, too close to the next mapping.
    GuardGap {
        address: Address,
        below: Address,
    },
    /// A page with a guard (`MADV_GUARD_INSTALL`).
    GuardPage {
        address: Address,
    },
    BeyondEndOfFile {
        address: Address,
        file_size: u64,
        page_offset: u64,
    },
    NonCanonical {
        address: Address,
    },
    KernelAddress {
        address: Address,
    },
    OutOfFrames {
        limit: u64,
    },

    // Surprises that are no failure.
    HintNotTaken {
        hint: Address,
        why: HintRefused,
    },
    HintRaised {
        hint: Address,
        limit: Address,
    },
    AlignedTo2MiB {
        plain: Option<Address>,
    },

    // liballoc.
    HeapPagesRefused {
        page_count: u32,
    },
    HeapFreeNull,
    HeapBadMagic {
        header: Address,
        magic: u32,
        possible_overrun: bool,
    },
    /// Boundary tags: a header that is no block's in use, or a footer that differs from it.
    HeapBadTags {
        header: Address,
        tag: u32,
        footer_differs: bool,
    },
    HeapSizeOverflow,
    /// Boundary tags: no block can be that large, or the product overflows.
    HeapTooLarge,
    HeapListCircles {
        steps: u64,
    },
}

/// What an access wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An instruction fetch.
    Execute,
}

impl Access {
    /// The verb for sentences.
    pub const fn verb(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "written",
            Access::Execute => "executed",
        }
    }
}

/// Why a hint was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HintRefused {
    /// Something is mapped in the range.
    Taken,
    /// The range would pass the end of user space.
    TooHigh,
    /// The range comes within the guard gap of a mapping that grows down.
    NearStack,
    /// It names page 0.
    PageZero,
}

impl Reason {
    /// The address that the rule is about, to be shown on the map.
    pub fn address(&self) -> Option<Address> {
        use Reason::*;
        Some(match self {
            NotPageAligned { argument, value } if *argument != "offset" => *value,
            PastUserEnd { address, .. }
            | BelowMmapMinAddr { address, .. }
            | NotMapped { address }
            | HoleInRange { address }
            | RangeOverSeveralMappings { address, .. }
            | NotGrowing { address }
            | MappingMayNotBeWritten { address }
            | NoMapping { address }
            | ProtectionForbids { address, .. }
            | KeyForbids { address, .. }
            | GuardGap { address, .. }
            | AdviceNotFor { address, .. }
            | MappingLocked { address }
            | GuardPage { address }
            | BeyondEndOfFile { address, .. }
            | NonCanonical { address }
            | KernelAddress { address } => *address,
            AlreadyMapped { at } => at.start(),
            RangesOverlap { new, .. } => new.start(),
            BreakBelowStart { start } => *start,
            BreakMeetsMapping { at } => *at,
            HintNotTaken { hint, .. } | HintRaised { hint, .. } => *hint,
            HeapBadMagic { header, .. } | HeapBadTags { header, .. } => *header,
            _ => return None,
        })
    }

    /// The rule in one sentence, without a final full stop.
    pub fn sentence(&self) -> String {
        use Reason::*;
        match self {
            NotPageAligned { argument, value } => {
                let below = page_floor(*value);
                match below.checked_add(PAGE_SIZE) {
                    Some(above) => format!(
                        "{argument} {value:#x} is not a multiple of the page size ({PAGE_SIZE}): the nearest are {below:#x} and {above:#x}"
                    ),
                    None => format!(
                        "{argument} {value:#x} is not a multiple of the page size ({PAGE_SIZE}): the nearest below is {below:#x}"
                    ),
                }
            }
            LengthZero { argument } => format!("{argument} is 0: there would be nothing to do it to"),
            LengthWraps { argument, value } => {
                format!("{argument} {value:#x} is so large that the range would end past 2^64")
            }
            PastUserEnd { address, length: 0 } => {
                format!("{address:#x} lies past the end of user space, {USER_END:#x}")
            }
            PastUserEnd { address: 0, length } => format!(
                "{length} bytes are more than all of user space, which ends at {USER_END:#x}"
            ),
            PastUserEnd { address, length } => format!(
                "{length} bytes from {address:#x} on would pass the end of user space, {USER_END:#x}"
            ),
            UnknownBits { argument, bits } => format!("{argument} has bits that mean nothing here: {bits:#x}"),
            FlagCombination { text } => (*text).to_owned(),
            NoMappingType { map_type, anonymous } => {
                let kind = if *anonymous { "anonymous memory" } else { "a file" };
                match map_type {
                    0 => "neither MAP_SHARED nor MAP_PRIVATE is given: one of them must be".to_owned(),
                    3 if *anonymous => {
                        "MAP_SHARED|MAP_PRIVATE is MAP_SHARED_VALIDATE, which is for files only".to_owned()
                    }
                    _ => format!("the lowest four bits of flags are {map_type}, which is no type of mapping for {kind}"),
                }
            }
            BelowMmapMinAddr { address, limit } => format!(
                "{address:#x} lies below vm.mmap_min_addr, {limit:#x}, where an ordinary user may map nothing"
            ),
            OffsetOverflow { offset, length } => {
                format!("offset {offset:#x} and length {length} together pass the largest size of a file")
            }
            RangesOverlap { old, new } => format!("the new range {new} overlaps the old one {old}"),
            NegativeNumber { argument, value } => format!("{argument} is negative: {value}"),
            AlreadyMapped { at } => format!("{at} is mapped already, and MAP_FIXED_NOREPLACE replaces nothing"),
            NotMapped { address } => format!("nothing is mapped at {address:#x}"),
            HoleInRange { address } => {
                format!("nothing is mapped at {address:#x}: what lies before that hole was changed all the same")
            }
            RangeOverSeveralMappings { address, end } => format!(
                "the old range from {address:#x} on leaves its mapping, which ends at {end:#x}"
            ),
            NotGrowing { address } => {
                format!("the mapping at {address:#x} was not made with MAP_GROWSDOWN (and none grows up on x86-64)")
            }
            NoRoom { length } => format!("no gap in the address space has room for {}", size_text(*length)),
            TooManyMappings { limit } => format!("the process would have more mappings than vm.max_map_count, {limit}"),
            Overcommit { pages, limit_pages } => format!(
                "{} in one call is more than memory and swap together ({}), and the mapping is private and writable without MAP_NORESERVE, or shared and anonymous",
                size_text(pages.saturating_mul(PAGE_SIZE)),
                size_text(limit_pages.saturating_mul(PAGE_SIZE))
            ),
            SharedAnonymousGrows => "MAP_GROWSDOWN is for private anonymous memory only".to_owned(),
            OldSizeZeroPrivate => {
                "old_size 0 asks for a second mapping of the same pages, which only shared memory can have".to_owned()
            }
            UnknownAdvice { advice } => format!("{advice} is no advice that the kernel knows"),
            AdviceNotFor { address, text } => {
                format!("the advice is not for the mapping at {address:#x}: {text}")
            }
            MappingLocked { address } => {
                format!("the mapping at {address:#x} is locked, so its pages cannot be invalidated")
            }
            BreakBelowStart { start } => format!("the break cannot lie below its start, {start:#x}"),
            BreakMeetsMapping { at } => {
                format!("the break would come closer than one page to the mapping at {at:#x}")
            }
            BadDescriptor { fd } => format!("descriptor {fd} is not open"),
            PathOnlyDescriptor { fd } => format!("descriptor {fd} was opened with O_PATH: it names a file but gives no access to it"),
            NotOpenForReading { fd } => format!("descriptor {fd} was not opened for reading"),
            MappingNeedsReading { fd } => format!(
                "descriptor {fd} was not opened for reading, which every file mapping needs, whatever its protection"
            ),
            NotOpenForWriting { fd } => format!("descriptor {fd} was not opened for writing"),
            SharedNeedsWriting { fd } => format!(
                "descriptor {fd} was not opened for writing, which a shared writable mapping needs (a private one does not)"
            ),
            MappingMayNotBeWritten { address } => format!(
                "the shared mapping at {address:#x} is of a descriptor that was not opened for writing"
            ),
            CannotBeMapped { what } => format!("{what} cannot be mapped"),
            NoSuchFile { path } => format!("there is no file {path:?}, and O_CREAT is not given"),
            FileExists { path } => format!("{path:?} exists, and O_CREAT|O_EXCL asks for a new file"),
            IsDirectory { path } => format!("{path:?} is a directory, which cannot be opened for writing"),
            NotDirectory { path } => format!("{path:?} is not a directory"),
            AccessDenied { path } => format!("an ordinary user has no right to do that to {path:?}"),
            NameTooLong { length } => format!("the name has {length} bytes, more than the system takes"),
            TooManyDescriptors { limit } => format!("the process has {limit} open descriptors, its limit"),
            NotAFile { what } => format!("{what} has no length or offset"),
            FileTooLarge { length } => format!("{length} bytes are more than a file can have here"),
            NoMapping { address } => format!("nothing is mapped at {address:#x}"),
            ProtectionForbids { address, prot, access } => format!(
                "the mapping at {address:#x} is {prot}: it may not be {}",
                access.verb()
            ),
            KeyForbids { address, key, access } => format!(
                "the mapping at {address:#x} may only be executed: its protection key, {key}, does not let it be {}",
                access.verb()
            ),
            GuardGap { address, below } => format!(
                "the mapping above {address:#x} grows down, but not to within 256 pages of the one that ends at {below:#x}"
            ),
            GuardPage { address } => format!("the page at {address:#x} has a guard (MADV_GUARD_INSTALL)"),
            BeyondEndOfFile { address, file_size, page_offset } => format!(
                "the page at {address:#x} shows the file from byte {page_offset} on, wholly behind its end ({file_size} bytes)"
            ),
            NonCanonical { address } => format!(
                "{address:#x} is not canonical (bits 47 to 63 differ): the processor raises a general protection fault, which carries no address"
            ),
            KernelAddress { address } => format!("{address:#x} belongs to the kernel"),
            OutOfFrames { limit } => format!("all {limit} frames of memory are in use: the kernel kills a process to get some back"),
            HintNotTaken { hint, why } => format!(
                "the hint {hint:#x} was dropped: {}",
                match why {
                    HintRefused::Taken => "something is mapped there",
                    HintRefused::TooHigh => "the mapping would pass the end of user space",
                    HintRefused::NearStack => "it comes within 256 pages below a mapping that grows down",
                    HintRefused::PageZero => "page 0 is no hint",
                }
            ),
            HintRaised { hint, limit } => {
                format!("the hint {hint:#x} lies below {limit:#x} (vm.mmap_min_addr), so it became that")
            }
            AlignedTo2MiB { .. } => {
                "the length is a multiple of 2 MiB, so the kernel looks for a place on a 2 MiB boundary, fit for huge pages".to_owned()
            }
            HeapPagesRefused { page_count } => format!("the page hook got none of the {page_count} pages that the allocator asked for"),
            HeapFreeNull => "free(NULL) does nothing; the allocator counts a warning".to_owned(),
            HeapBadMagic { header, magic, possible_overrun } => {
                let guess = match (*magic, *possible_overrun) {
                    (0xdead_dead, _) => "it was freed before",
                    (_, true) => "its low byte is intact: liballoc suspects an overrun",
                    _ => "no live block starts there, or its header was overwritten",
                };
                format!("the header at {header:#x} has the magic number {magic:#010x} instead of 0xc001c0de: {guess}")
            }
            HeapBadTags { header, tag, footer_differs } => {
                let guess = match (*footer_differs, *tag & 1) {
                    (true, _) => "its footer says something else: an overrun",
                    (false, 0) => "which is no block in use: it was freed before",
                    _ => "which is no block",
                };
                format!("the tag at {header:#x} is {tag:#x}, {guess}")
            }
            HeapTooLarge => "no block can be so large: the allocator warns, and gives NULL".to_owned(),
            HeapSizeOverflow => "the padded size wraps to exactly 0, so liballoc warns and allocates 1 byte".to_owned(),
            HeapListCircles { steps } => format!("the block list runs in a circle: given up after {steps} steps"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unaligned_address_names_its_neighbours() {
        let reason = Reason::NotPageAligned { argument: "addr", value: 1 };
        assert_eq!(
            reason.sentence(),
            "addr 0x1 is not a multiple of the page size (4096): the nearest are 0x0 and 0x1000"
        );
        let top = Reason::NotPageAligned { argument: "addr", value: u64::MAX };
        assert!(top.sentence().ends_with("the nearest below is 0xfffffffffffff000"));
    }
}
