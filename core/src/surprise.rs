//! What surprises about a call that did not fail: computed from the call, its result and what
//! happened on the way, each with the sentence of a manual page that it is said in.
//!
//! A failure has its [`Reason`](crate::reason::Reason); so has a hint that was not honoured. What
//! stands here has no rule that decided it: the call did what it does, and a learner may not have
//! expected that.

use crate::abi::{MapFlags, MremapFlags, Prot};
use crate::address::{Address, PAGE_SIZE, Page, PageRange, page_ceil_wrapping, page_floor};
use crate::call::Call;
use crate::event::{Event, FaultKind, HeapEvent};
use crate::manual::Citation;
use std::collections::BTreeSet;

/// Something about a call that may not have been expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Surprise {
    /// A VMA was cut in two at this address, and the parts stay different.
    Split { at: Address, by_unmapping: bool },
    /// Two VMAs became one at this address.
    Merged { at: Address },
    /// A length was rounded up to whole pages.
    LengthRounded { page: &'static str, argument: &'static str, asked: u64, pages: u64 },
    /// Length 0, and no error.
    NothingToDo { page: &'static str },
    /// A hint inside a page means the page.
    HintRoundedDown { hint: Address },
    /// `MAP_FIXED` or `MREMAP_FIXED` took the place of what was mapped.
    Replaced { range: PageRange, by: Replacer },
    /// `munmap` of a range with nothing in it.
    UnmappedNothing,
    /// `munmap` of a range with holes.
    UnmappedOverHoles { mapped_pages: u64, pages: u64 },
    /// A load showed the shared zero page.
    ZeroPage { page: Page },
    /// A store copied a page.
    CopyOnWrite { page: Page },
    /// A touch made a mapping grow down.
    GrewDown { to: Address },
    /// Descriptor and offset of anonymous memory do not count.
    AnonymousIgnores { what: &'static str },
    /// A flag that has no effect.
    FlagIgnored { flag: IgnoredFlag },
    /// Memory that may be written or executed may be read too.
    ReadableToo { prot: Prot },
    /// Memory that may only be executed got a protection key, and cannot be read.
    ExecuteOnly { key: u8 },
    /// A touch made 2 MiB resident: a huge page of its own, or the one of zeros.
    HugePage { page: Page, of_zeros: bool },
    /// A huge page is mapped page by page from now on.
    HugePageSplit { at: Address },
    /// `MADV_COLLAPSE` gathered pages: 2 MiB are resident.
    Collapsed { range: PageRange },
    /// `mremap` went elsewhere: pointers into the old place are wrong.
    Moved { from: Address, to: Address },
    /// `mremap` with old size 0: the same pages a second time.
    SecondMapping { of: Address },
    /// `MREMAP_DONTUNMAP`: the old place stays, empty.
    LeftBehind { at: Address },
    /// `MADV_DONTNEED` and kin: what was there is lost, or the file's again.
    ContentsDropped,
    /// `MADV_FREE`: the contents are still there.
    ContentsStillThere,
    /// The break is inside a page, all of which is mapped.
    BreakInsidePage { value: Address },
    /// The allocator asked for more pages than this call needs.
    PagesAsked { pages: u32 },
    /// A block was freed, and no page went back.
    PagesKept,
}

/// What replaced a mapping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replacer {
    /// `mmap` with `MAP_FIXED`.
    Mmap,
    /// `mremap` with `MREMAP_FIXED`.
    Mremap,
}

/// A flag of `mmap` without effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IgnoredFlag {
    /// `MAP_DENYWRITE`.
    DenyWrite,
    /// `MAP_EXECUTABLE`.
    Executable,
    /// `MAP_POPULATE` beside `MAP_NONBLOCK`.
    PopulateNonblock,
    /// `MAP_32BIT` beside `MAP_FIXED`.
    Below2GibFixed,
    /// `MAP_UNINITIALIZED`.
    Uninitialized,
}

/// The surprises of a call that returned a value, given that and what happened; 0 stands for the
/// value of a call that returns none.
pub fn surprises(call: &Call, value: u64, events: &[Event]) -> Vec<Surprise> {
    let mut found = Vec::new();
    lengths(call, &mut found);
    match call {
        Call::Mmap { .. } => mmap(call, value, events, &mut found),
        Call::Munmap { addr, length } => munmap(*addr, *length, events, &mut found),
        Call::Mremap { .. } => mremap(call, value, events, &mut found),
        Call::Madvise { advice, length, .. } if *length > 0 => match advice {
            4 | 24 => found.push(Surprise::ContentsDropped),
            8 => found.push(Surprise::ContentsStillThere),
            _ => {}
        },
        Call::Brk { addr } if value == *addr && !value.is_multiple_of(PAGE_SIZE) => {
            found.push(Surprise::BreakInsidePage { value });
        }
        Call::Free { .. } => free(events, &mut found),
        _ => {}
    }
    happened(call, events, &mut found);
    found
}

/// The surprises of a call in words, each with its citation; of those that may come by the thousand
/// only the first, with the number of the others.
pub fn told(call: &Call, value: u64, events: &[Event]) -> Vec<String> {
    let mut kinds: Vec<(Surprise, usize)> = Vec::new();
    let found = surprises(call, value, events);
    for surprise in found.iter().copied() {
        let kind = std::mem::discriminant(&surprise);
        match kinds.iter_mut().find(|(first, _)| std::mem::discriminant(first) == kind) {
            Some((first, others)) if first.comes_by_page() => *others += 1,
            _ => kinds.push((surprise, 0)),
        }
    }
    let told = kinds.iter().map(|(first, others)| match others {
        0 => format!("{} {}", first.sentence(), first.citation()),
        _ if matches!(first, Surprise::Split { .. }) => {
            format!("{} {}", cuts(&found, events), first.citation())
        }
        _ => format!("{} (and {others} more like it) {}", first.sentence(), first.citation()),
    });
    told.collect()
}

/// Several cuts in one sentence: what became of the VMA, if it was a single one.
fn cuts(found: &[Surprise], events: &[Event]) -> String {
    const WHY: &str = "for a VMA has one protection and one set of flags";
    let places = found.iter().filter_map(|it| match it {
        Surprise::Split { at, .. } => Some(*at),
        _ => None,
    });
    let places: Vec<Address> = places.collect();
    let [first, last] = places[..] else {
        let first = places.first().copied().unwrap_or_default();
        return format!(
            "VMAs were cut in two at {} places, the first at {first:#x}, {WHY}",
            places.len()
        );
    };
    let at = format!("{first:#x} and {last:#x}");
    let between = PageRange::new(first, last);
    // One event is about one VMA: what it changed was all of a single one, between the cuts.
    let of_one = events.iter().find_map(|event| match event {
        Event::Protected { range, .. } if Some(*range) == between => {
            Some(format!("one VMA became three, cut at {at}, {WHY}"))
        }
        Event::Unmapped { range } if Some(*range) == between => {
            Some(format!("one VMA became two, with a hole between {at}"))
        }
        _ => None,
    });
    of_one.unwrap_or_else(|| format!("VMAs were cut in two at {at}, {WHY}"))
}

/// Lengths that were rounded, or are 0.
fn lengths(call: &Call, found: &mut Vec<Surprise>) {
    let (page, argument, asked) = match *call {
        Call::Mmap { length, .. } => ("mmap(2)", "length", length),
        Call::Munmap { length, .. } => ("munmap(2)", "length", length),
        Call::Mprotect { len, .. } => ("mprotect(2)", "len", len),
        Call::Madvise { length, .. } => ("madvise(2)", "length", length),
        Call::Msync { length, .. } => ("msync(2)", "length", length),
        Call::Mremap { new_size, .. } => ("mremap(2)", "new_size", new_size),
        _ => return,
    };
    let rounded = page_ceil_wrapping(asked);
    if asked == 0 {
        found.push(Surprise::NothingToDo { page });
    } else if rounded != asked {
        let pages = rounded / PAGE_SIZE;
        found.push(Surprise::LengthRounded { page, argument, asked, pages });
    }
}

fn mmap(call: &Call, value: Address, events: &[Event], found: &mut Vec<Surprise>) {
    let Call::Mmap { addr, prot, flags, fd, offset, .. } = *call else { return };
    let flags = MapFlags::from_bits_retain(flags);
    let fixed = flags.intersects(MapFlags::FIXED | MapFlags::FIXED_NOREPLACE);
    if !fixed && !addr.is_multiple_of(PAGE_SIZE) && value == page_floor(addr) {
        found.push(Surprise::HintRoundedDown { hint: addr });
    }
    if fixed {
        replaced(events, Replacer::Mmap, found);
    }
    if flags.contains(MapFlags::ANONYMOUS) {
        if fd >= 0 {
            found.push(Surprise::AnonymousIgnores { what: "descriptor" });
        }
        if offset != 0 {
            found.push(Surprise::AnonymousIgnores { what: "offset" });
        }
    }
    let ignored = [
        (MapFlags::DENYWRITE, IgnoredFlag::DenyWrite),
        (MapFlags::EXECUTABLE, IgnoredFlag::Executable),
        (MapFlags::POPULATE | MapFlags::NONBLOCK, IgnoredFlag::PopulateNonblock),
        (MapFlags::BELOW_2GIB | MapFlags::FIXED, IgnoredFlag::Below2GibFixed),
        (MapFlags::UNINITIALIZED, IgnoredFlag::Uninitialized),
    ];
    let ignored = ignored.into_iter().filter(|(bits, _)| flags.contains(*bits));
    found.extend(ignored.map(|(_, flag)| Surprise::FlagIgnored { flag }));
    readable_too(prot, events, found);
}

fn readable_too(prot: u64, events: &[Event], found: &mut Vec<Surprise>) {
    let prot = Prot::from_bits_retain(prot) & Prot::RWX;
    let key = events.iter().find_map(|event| match event {
        Event::KeyGiven { key, .. } if *key != 0 => Some(*key),
        _ => None,
    });
    match key {
        Some(key) => found.push(Surprise::ExecuteOnly { key }),
        None if prot.is_empty() || prot.contains(Prot::READ) => {}
        None => found.push(Surprise::ReadableToo { prot }),
    }
}

fn munmap(addr: Address, length: u64, events: &[Event], found: &mut Vec<Surprise>) {
    let unmapped = events.iter().filter_map(|event| match event {
        Event::Unmapped { range } => Some(range.page_count()),
        _ => None,
    });
    let mapped_pages: u64 = unmapped.sum();
    let pages = PageRange::spanning(addr, length).map_or(0, PageRange::page_count);
    if mapped_pages == 0 {
        found.push(Surprise::UnmappedNothing);
    } else if mapped_pages < pages {
        found.push(Surprise::UnmappedOverHoles { mapped_pages, pages });
    }
}

fn mremap(call: &Call, value: Address, events: &[Event], found: &mut Vec<Surprise>) {
    let Call::Mremap { old_address, old_size, flags, .. } = *call else { return };
    let flags = MremapFlags::from_bits_retain(flags);
    if flags.contains(MremapFlags::FIXED) {
        replaced(events, Replacer::Mremap, found);
    }
    if old_size == 0 {
        found.push(Surprise::SecondMapping { of: old_address });
    } else if flags.contains(MremapFlags::DONTUNMAP) {
        found.push(Surprise::LeftBehind { at: old_address });
    } else if value != old_address {
        found.push(Surprise::Moved { from: old_address, to: value });
    }
}

/// What the kernel got of a block that was freed.
fn free(events: &[Event], found: &mut Vec<Surprise>) {
    let freed = |event: &Event| matches!(event, Event::Heap(HeapEvent::Unlinked { .. }));
    let returned = |event: &Event| matches!(event, Event::Heap(HeapEvent::PagesReturned { .. }));
    if events.iter().any(freed) && !events.iter().any(returned) {
        found.push(Surprise::PagesKept);
    }
}

/// What was unmapped before anything was mapped.
fn replaced(events: &[Event], by: Replacer, found: &mut Vec<Surprise>) {
    for event in events {
        match event {
            Event::Unmapped { range } => found.push(Surprise::Replaced { range: *range, by }),
            Event::Mapped { .. } => break,
            _ => {}
        }
    }
}

/// What the events tell, whatever the call. Cuts that were joined again are not told.
fn happened(call: &Call, events: &[Event], found: &mut Vec<Surprise>) {
    if let Call::Mprotect { prot, .. } = *call {
        readable_too(prot, events, found);
    }
    let splits: BTreeSet<Address> = events.iter().filter_map(split).collect();
    let merges: BTreeSet<Address> = events.iter().filter_map(merge).collect();
    // A single cut only takes an end off, where something is unmapped.
    let unmaps = matches!(call, Call::Munmap { .. } | Call::Mmap { .. } | Call::Mremap { .. });
    if splits.len() > usize::from(unmaps) {
        let kept = splits.difference(&merges).copied();
        found.extend(kept.map(|at| Surprise::Split { at, by_unmapping: unmaps }));
    }
    found.extend(merges.difference(&splits).map(|at| Surprise::Merged { at: *at }));
    for event in events {
        found.extend(match *event {
            Event::PageFault { page, kind: FaultKind::ZeroPage } => {
                Some(Surprise::ZeroPage { page })
            }
            Event::PageFault { page, kind: FaultKind::CopyOnWrite } => {
                Some(Surprise::CopyOnWrite { page })
            }
            Event::PageFault { page, kind: FaultKind::HugeZeroPage } => {
                Some(Surprise::HugePage { page, of_zeros: true })
            }
            Event::PageFault { page, kind: FaultKind::HugePage } => {
                Some(Surprise::HugePage { page, of_zeros: false })
            }
            Event::HugeSplit { range } => Some(Surprise::HugePageSplit { at: range.start() }),
            Event::Collapsed { range } => Some(Surprise::Collapsed { range }),
            Event::Grew { to, .. } => Some(Surprise::GrewDown { to }),
            Event::Heap(HeapEvent::PagesAsked { page_count, major: Some(_) }) => {
                Some(Surprise::PagesAsked { pages: page_count })
            }
            _ => None,
        });
    }
}

fn split(event: &Event) -> Option<Address> {
    if let Event::Split { at } = event { Some(*at) } else { None }
}

fn merge(event: &Event) -> Option<Address> {
    if let Event::Merged { at } = event { Some(*at) } else { None }
}

impl Surprise {
    /// How many kinds there are.
    pub const KINDS: usize = 26;

    /// Says whether one call may surprise in this way many times over.
    const fn comes_by_page(&self) -> bool {
        matches!(
            self,
            Surprise::Split { .. }
                | Surprise::Merged { .. }
                | Surprise::Replaced { .. }
                | Surprise::ZeroPage { .. }
                | Surprise::CopyOnWrite { .. }
                | Surprise::HugePage { .. }
                | Surprise::HugePageSplit { .. }
                | Surprise::Collapsed { .. }
        )
    }

    /// It in one sentence, without a final full stop.
    pub fn sentence(&self) -> String {
        match self {
            Surprise::Split { at, .. } => {
                format!("one VMA became two at {at:#x}, for a VMA has one protection and one set of flags")
            }
            Surprise::Merged { at } => {
                format!("two VMAs became one at {at:#x}: nothing that the kernel keeps of them differs any more")
            }
            Surprise::LengthRounded { argument, asked, pages, .. } => format!(
                "{argument} {asked} is no multiple of {PAGE_SIZE}: rounded up to {pages} whole page{}",
                if *pages == 1 { "" } else { "s" }
            ),
            Surprise::NothingToDo { .. } => "the length is 0: that is no error here, and nothing was done".to_owned(),
            Surprise::HintRoundedDown { hint } => {
                format!("the hint {hint:#x} lies inside a page: the mapping begins at that page's start")
            }
            Surprise::Replaced { range, by } => format!(
                "{} replaced what was mapped in {range}, without asking; its contents are lost",
                match by {
                    Replacer::Mmap => "MAP_FIXED",
                    Replacer::Mremap => "MREMAP_FIXED",
                }
            ),
            Surprise::UnmappedNothing => "nothing was mapped in the range, which is no error".to_owned(),
            Surprise::UnmappedOverHoles { mapped_pages, pages } => {
                format!("only {mapped_pages} of the {pages} pages were mapped: holes are no error")
            }
            Surprise::ZeroPage { page } => format!(
                "the page at {:#x} was never written: it shows the one page of zeros that all share: resident, without a frame of its own",
                page.start()
            ),
            Surprise::CopyOnWrite { page } => {
                format!("the page at {:#x} was shared until now: the store got a copy of its own", page.start())
            }
            Surprise::GrewDown { to } => {
                format!("the touch lay below the mapping, which grew down to {to:#x}")
            }
            Surprise::AnonymousIgnores { what } => {
                format!("anonymous memory has no file: the {what} was ignored")
            }
            Surprise::FlagIgnored { flag } => format!("{}, so it was ignored", flag.why()),
            Surprise::ReadableToo { prot } => {
                format!("{prot} was asked for, but on this processor it can be read too")
            }
            Surprise::ExecuteOnly { key } => format!(
                "the memory may be executed and not read: its pages have protection key {key}, which allows no loads and stores"
            ),
            Surprise::HugePage { page, of_zeros: false } => format!(
                "512 pages became resident at once: the touch of {:#x} took a huge page of 2 MiB",
                page.start()
            ),
            Surprise::HugePage { page, of_zeros: true } => format!(
                "512 pages became resident at once: the touch of {:#x} mapped the huge page of zeros that all share",
                page.start()
            ),
            Surprise::HugePageSplit { at } => format!(
                "the huge page at {at:#x} is mapped by 512 entries now, for a part of it became different"
            ),
            Surprise::Collapsed { range } => format!(
                "the pages of {range} were copied into one huge page: all 512 are resident"
            ),
            Surprise::Moved { from, to } => {
                format!("the mapping moved from {from:#x} to {to:#x}: pointers into the old place are wrong now")
            }
            Surprise::SecondMapping { of } => {
                format!("old_size 0 made a second mapping of the pages at {of:#x}; the first one stays")
            }
            Surprise::LeftBehind { at } => {
                format!("the pages moved, but the mapping at {at:#x} stays, empty")
            }
            Surprise::ContentsDropped => {
                "the contents are gone at once: private memory reads as zeros, or as the file, from now on".to_owned()
            }
            Surprise::ContentsStillThere => {
                "the contents may still be read: they go when memory is short, unless they are written before".to_owned()
            }
            Surprise::BreakInsidePage { value } => {
                format!("the break {value:#x} lies inside a page, all of which is mapped")
            }
            Surprise::PagesAsked { pages } => {
                format!("the allocator asked for {pages} pages at once, to have some for later calls")
            }
            Surprise::PagesKept => {
                "no page went back to the kernel: another block is in use in the same major block, and the pages of a major block go back all at once".to_owned()
            }
        }
    }

    /// Where it is documented.
    pub fn citation(&self) -> Citation {
        let described = |page, entry| Citation::new(page, "DESCRIPTION", entry);
        let mmap = |entry| described("mmap(2)", entry);
        match self {
            // The manual pages name it only where it fails, under ENOMEM: of a call that succeeded
            // that would read like a failure.
            Surprise::Split { .. } => Citation::new("Linux 6.18", "mm/vma.c", "__split_vma")
                .but("in the manual pages only under ENOMEM"),
            Surprise::Merged { .. } => {
                Citation::new("Linux 6.18", "mm/vma.c", "can_vma_merge_before, can_vma_merge_after")
                    .but("no manual page says it")
            }
            Surprise::LengthRounded { page, .. } => rounded(page),
            Surprise::NothingToDo { page: "madvise(2)" } => {
                Citation::new("madvise(2)", "NOTES, Linux notes", "length may be zero")
            }
            Surprise::NothingToDo { page } => {
                Citation::new("Linux 6.18", "source", "returns 0 for a length of 0").but(
                    if *page == "mprotect(2)" {
                        "mprotect(2) does not say it"
                    } else {
                        "msync(2) does not say it"
                    },
                )
            }
            Surprise::HintRoundedDown { .. } => {
                mmap("addr: the kernel picks a nearby page boundary")
                    .but("it is always the one below")
            }
            Surprise::Replaced { by: Replacer::Mmap, .. } => {
                mmap("MAP_FIXED: the overlapped part of existing mappings is discarded")
            }
            Surprise::Replaced { by: Replacer::Mremap, .. } => {
                described("mremap(2)", "MREMAP_FIXED: a previous mapping there is unmapped")
            }
            Surprise::UnmappedNothing | Surprise::UnmappedOverHoles { .. } => Citation::new(
                "munmap(2)",
                "DESCRIPTION, munmap()",
                "no error if the range does not contain any mapped pages",
            ),
            Surprise::ZeroPage { .. } => mmap("MAP_ANONYMOUS: contents are initialized to zero")
                .but("that they share a page is the kernel's doing"),
            Surprise::CopyOnWrite { .. } => mmap("MAP_PRIVATE: a private copy-on-write mapping"),
            Surprise::GrewDown { .. } => {
                mmap("MAP_GROWSDOWN: touching below the mapping makes it grow")
                    .but("the manual page says by a page; Linux grows to whatever page is touched")
            }
            Surprise::AnonymousIgnores { .. } => {
                mmap("MAP_ANONYMOUS: fd is ignored, offset should be zero")
            }
            Surprise::FlagIgnored { flag } => flag.citation(),
            Surprise::ReadableToo { .. } => Citation::new(
                "mmap(2)",
                "NOTES",
                "on some architectures PROT_WRITE implies PROT_READ",
            ),
            Surprise::ExecuteOnly { .. } => {
                Citation::new("pkeys(7)", "DESCRIPTION", "a PROT_EXEC mapping uses a protection key")
                    .but("mmap(2) and mprotect(2) do not say it")
            }
            Surprise::HugePage { .. } => Citation::new(
                "madvise(2)",
                "DESCRIPTION, Linux-specific advice values",
                "MADV_HUGEPAGE: the kernel may allocate huge pages at a page fault",
            )
            .but("do_huge_pmd_anonymous_page (mm/huge_memory.c) does so where 2 MiB fit and nothing is there yet"),
            Surprise::HugePageSplit { .. } => {
                Citation::new("Linux 6.18", "mm/huge_memory.c", "__split_huge_pmd")
                    .but("no manual page says it")
            }
            Surprise::Collapsed { .. } => Citation::new(
                "madvise(2)",
                "DESCRIPTION, Linux-specific advice values",
                "MADV_COLLAPSE: a synchronous collapse into huge pages",
            ),
            Surprise::Moved { .. } => described(
                "mremap(2)",
                "MREMAP_MAYMOVE: pointers into the old location become invalid",
            ),
            Surprise::SecondMapping { .. } => described(
                "mremap(2)",
                "old_size zero of a shareable mapping: a new mapping of the same pages",
            ),
            Surprise::LeftBehind { .. } => {
                described("mremap(2)", "MREMAP_DONTUNMAP: does not unmap at old_address")
            }
            Surprise::ContentsDropped => Citation::new(
                "madvise(2)",
                "DESCRIPTION, Conventional advice values",
                "MADV_DONTNEED: later accesses get the file's contents or zeros",
            )
            .but("POSIX_MADV_DONTNEED keeps the contents"),
            Surprise::ContentsStillThere => Citation::new(
                "madvise(2)",
                "DESCRIPTION, Linux-specific advice values",
                "MADV_FREE: freeing is delayed until memory pressure",
            ),
            Surprise::BreakInsidePage { .. } => {
                described("brk(2)", "sets the end of the data segment to addr")
                    .but("the manual page does not say that whole pages are mapped")
            }
            Surprise::PagesAsked { .. } => {
                Citation::new("malloc(3)", "NOTES", "the size of the heap is adjusted as required")
            }
            Surprise::PagesKept => {
                described("malloc(3)", "free() frees the memory space pointed to by ptr")
                    .but("the manual page does not say when pages go back: that is up to the allocator")
            }
        }
    }
}

/// Where a page says that its lengths are rounded.
fn rounded(page: &'static str) -> Citation {
    match page {
        "mmap(2)" => Citation::new(page, "NOTES", "a file is mapped in multiples of the page size")
            .but("the manual page does not say it of anonymous memory"),
        "munmap(2)" => Citation::new(
            page,
            "DESCRIPTION, munmap()",
            "all pages containing a part of the range are unmapped",
        ),
        "mprotect(2)" => {
            Citation::new(page, "DESCRIPTION", "pages containing any part of the address range")
        }
        "madvise(2)" => {
            Citation::new(page, "DESCRIPTION", "length is rounded up to a multiple of page size")
        }
        _ => Citation::new(page, "DESCRIPTION", "the length, in bytes")
            .but("the manual page does not say that it is rounded"),
    }
}

impl IgnoredFlag {
    const fn why(self) -> &'static str {
        match self {
            IgnoredFlag::DenyWrite => "MAP_DENYWRITE means nothing any more",
            IgnoredFlag::Executable => "MAP_EXECUTABLE means nothing any more",
            IgnoredFlag::PopulateNonblock => "MAP_POPULATE does nothing beside MAP_NONBLOCK",
            IgnoredFlag::Below2GibFixed => "MAP_32BIT has no say beside MAP_FIXED",
            IgnoredFlag::Uninitialized => "MAP_UNINITIALIZED is for systems without an MMU",
        }
    }

    const fn citation(self) -> Citation {
        let entry = match self {
            IgnoredFlag::DenyWrite => "MAP_DENYWRITE: this flag is ignored",
            IgnoredFlag::Executable => "MAP_EXECUTABLE: this flag is ignored",
            IgnoredFlag::PopulateNonblock => {
                "MAP_NONBLOCK: since 2.6.23 it makes MAP_POPULATE do nothing"
            }
            IgnoredFlag::Below2GibFixed => "MAP_32BIT: ignored when MAP_FIXED is set",
            IgnoredFlag::Uninitialized => {
                "MAP_UNINITIALIZED: honoured only where the kernel is configured for it"
            }
        };
        Citation::new("mmap(2)", "DESCRIPTION, The flags argument", entry)
    }
}
