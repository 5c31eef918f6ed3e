//! What a view may ask of a process: each answer is plain data, and costs what it shows.

use super::*;
use crate::abi::Prot;
use crate::address::{Address, PAGE_SIZE, PMD_SIZE, Page, PageRange};
use crate::event::Event;
use crate::fault::Fault;
use crate::file::FileKind;
use crate::frame::{FrameNumber, Owner, is_zero_frame};
use crate::heap::Heap;
use crate::kernel::Kernel;
use crate::manual::cite_signal;
use crate::maps::MapsLine;
use crate::page_table::PageTableEntry;
use crate::process::Process;
use crate::reason::Access;
use crate::vma::{Backing, Sharing, Vma, VmaFlags};
use std::borrow::Cow;

impl State {
    /// The whole state of a process.
    pub fn of(process: &Process) -> State {
        let kernel = &process.kernel;
        let listed = || kernel.space.vmas().iter().filter(|vma| !kernel.is_initial_stack(vma));
        State {
            page_size: PAGE_SIZE,
            vmas: listed().map(|vma| vma_state(kernel, vma)).collect(),
            pages: listed().flat_map(|vma| page_states(kernel, vma)).collect(),
            frames: FramesState { limit: kernel.frames.limit(), used: kernel.frames.used() },
            heap: heap(process),
        }
    }
}

fn vma_state(kernel: &Kernel, vma: &Vma) -> VmaState {
    let file = vma.backing.open_file().and_then(|open| kernel.files.behind(open));
    VmaState {
        start: vma.range.start(),
        end: vma.range.end(),
        prot: vma.prot.letters(),
        sharing: if vma.sharing.is_shared() { "shared" } else { "private" },
        offset: file_offset(vma),
        file: file.map(|file| file.maps_name()),
        name: kernel.space.special_name(vma).map(str::to_owned),
        inferred: vma.inferred,
    }
}

fn page_states(kernel: &Kernel, vma: &Vma) -> Vec<PageState> {
    let entries = kernel.space.table().entries(vma.range);
    let state = |(page, entry): (Page, PageTableEntry)| PageState {
        address: page.start(),
        frame: entry.frame(),
        prot: entry.prot().letters(),
        accessed: entry.accessed(),
        dirty: entry.dirty(),
        copy_on_write: copy_on_write(kernel, vma, entry),
    };
    entries.into_iter().map(state).collect()
}

/// Private, and still sharing the frame of the file or of the zero page.
fn copy_on_write(kernel: &Kernel, vma: &Vma, entry: PageTableEntry) -> bool {
    vma.sharing == Sharing::Private
        && entry.present()
        && kernel.frames.owner(entry.frame()) != Some(Owner::Anonymous)
}

fn file_offset(vma: &Vma) -> u64 {
    match vma.backing {
        Backing::File(_) | Backing::DevZero(_) => vma.page_offset.wrapping_mul(PAGE_SIZE),
        Backing::Anonymous | Backing::Kernel(_) => 0,
    }
}

/// The lines of `/proc/PID/maps`. Device and inode are not those of a real system. The machine's
/// own stack is left out as long as nothing changed it.
pub fn maps_lines(process: &Process) -> Vec<MapsLine> {
    let kernel = &process.kernel;
    let vmas = kernel.space.vmas().iter().filter(|vma| !kernel.is_initial_stack(vma));
    vmas.map(|vma| {
        let file = vma.backing.open_file().and_then(|open| kernel.files.open_file(open));
        let name = vma_name(kernel, vma);
        let path = name.strip_suffix(" (deleted)");
        MapsLine {
            start: vma.range.start(),
            end: vma.range.end(),
            prot: vma.prot,
            shared: vma.sharing.is_shared(),
            offset: file_offset(vma),
            device: "00:00".to_owned(),
            // 1 is the program itself, as in the recorded scenarios.
            inode: file.map_or(0, |open| u64::from(open.file) + 2),
            path: path.unwrap_or(&name).to_owned(),
            deleted: path.is_some(),
        }
    })
    .collect()
}

fn vma_name(kernel: &Kernel, vma: &Vma) -> String {
    let file = vma.backing.open_file().and_then(|open| kernel.files.behind(open));
    match file {
        Some(file) => file.maps_name(),
        None => kernel.space.special_name(vma).unwrap_or_default().to_owned(),
    }
}

/// All VMAs, lowest first.
pub fn vmas(process: &Process) -> Vec<VmaView> {
    process.kernel.space.vmas().iter().map(|vma| vma_view(&process.kernel, vma)).collect()
}

/// The VMAs that share a page with a range, lowest first, at most `limit`.
pub fn vmas_in(process: &Process, range: PageRange, limit: usize) -> Vec<VmaView> {
    let found = process.kernel.space.vmas().overlapping(range).take(limit);
    found.map(|vma| vma_view(&process.kernel, vma)).collect()
}

/// The VMA that holds an address.
pub fn vma_at(process: &Process, address: Address) -> Option<VmaView> {
    let vma = process.kernel.space.vmas().at(address)?;
    Some(vma_view(&process.kernel, vma))
}

fn vma_view(kernel: &Kernel, vma: &Vma) -> VmaView {
    let name = vma_name(kernel, vma);
    let file = vma.backing.open_file().and_then(|open| kernel.files.behind(open));
    let kind = vma_kind(kernel, vma);
    let label = match kind {
        VmaKind::Anonymous if vma.inferred && name.is_empty() => UNKNOWN.into(),
        _ => vma_label(kind, &name),
    };
    let beyond = file.filter(|_| matches!(vma.backing, Backing::File(_))).and_then(|file| {
        let inside = file.page_count().saturating_sub(vma.page_offset);
        let first = inside.checked_mul(PAGE_SIZE)?.checked_add(vma.range.start())?;
        (first < vma.range.end()).then_some(first)
    });
    VmaView {
        range: vma.range,
        prot: vma.prot,
        shared: vma.sharing.is_shared(),
        kind,
        name,
        label,
        offset: file_offset(vma),
        writable_and_executable: vma.prot.contains(Prot::WRITE | Prot::EXEC),
        grows_down: vma.flags.contains(VmaFlags::GROWSDOWN),
        accounted: vma.flags.contains(VmaFlags::ACCOUNT),
        written: vma.origin.is_some(),
        locked: vma.flags.contains(VmaFlags::LOCKED),
        inferred: vma.inferred,
        beyond_end_of_file: beyond,
        resident_pages: kernel.space.table().resident_in(vma.range),
    }
}

fn vma_kind(kernel: &Kernel, vma: &Vma) -> VmaKind {
    match (vma.backing, kernel.space.special_name(vma)) {
        (Backing::Kernel(_), _) => VmaKind::Kernel,
        (_, Some("[heap]")) => VmaKind::Heap,
        (_, Some("[stack]")) => VmaKind::Stack,
        (Backing::File(open), _) => match kernel.files.behind(open).map(|file| file.kind) {
            Some(FileKind::SharedMemory) => VmaKind::SharedAnonymous,
            _ if vma.sharing.is_shared() => VmaKind::SharedFile,
            _ => VmaKind::PrivateFile,
        },
        (Backing::Anonymous | Backing::DevZero(_), _) => VmaKind::Anonymous,
    }
}

/// The label of a VMA that a later line of a log implies: nothing says what it maps.
const UNKNOWN: &str = "not known what";

fn vma_label(kind: VmaKind, name: &str) -> Cow<'static, str> {
    match kind {
        VmaKind::SharedAnonymous => "shared anonymous".into(),
        _ if name.is_empty() => "anonymous".into(),
        _ => match name.trim_end_matches(" (deleted)").rsplit('/').next() {
            Some(last) if !last.is_empty() => last.to_owned().into(),
            _ => name.to_owned().into(),
        },
    }
}

/// The mapped pages of a window, lowest first; a window is at most [`PAGES_SHOWN`] pages.
pub fn pages(process: &Process, window: PageRange) -> Vec<PageView> {
    let kernel = &process.kernel;
    let mut found = Vec::new();
    for vma in kernel.space.vmas().overlapping(window) {
        let Some(part) = vma.range.intersection(window) else { continue };
        for page in part.pages() {
            if found.len() >= PAGES_SHOWN {
                return found;
            }
            found.push(page_view(kernel, vma, page));
        }
    }
    found
}

/// Which share of each part of a range is resident, 0 to 1, with the range cut into equal parts
/// (of a page at least). Costs what the parts cost, however large the range is.
pub fn residency(process: &Process, range: PageRange, parts: u64) -> Vec<f64> {
    let pages = range.page_count();
    let parts = parts.min(pages);
    // Products of 128 bits: a VMA may have 2^35 pages.
    let edge = |part: u64| (u128::from(pages) * u128::from(part) / u128::from(parts)) as u64;
    let share = |part: u64| {
        let (from, to) = (edge(part), edge(part + 1));
        let start = range.start() + from * PAGE_SIZE;
        let part = PageRange::spanning(start, (to - from) * PAGE_SIZE)?;
        let resident = process.kernel.space.table().resident_in(part);
        Some(resident as f64 / part.page_count() as f64)
    };
    (0..parts).map(|part| share(part).unwrap_or(0.0)).collect()
}

/// How many pages [`pages`] gives at most.
pub const PAGES_SHOWN: usize = 16384;

fn page_view(kernel: &Kernel, vma: &Vma, page: Page) -> PageView {
    let entry = kernel.space.table().get(page);
    let frame = entry.present().then(|| entry.frame());
    PageView {
        address: page.start(),
        frame,
        vma_prot: vma.prot,
        pte_prot: entry.prot(),
        accessed: entry.accessed(),
        dirty: entry.dirty(),
        copy_on_write: copy_on_write(kernel, vma, entry),
        frame_mappings: frame.map_or(0, |frame| {
            u32::try_from(kernel.frames.mapping_count(frame)).unwrap_or(u32::MAX)
        }),
        huge: entry.is_huge(),
        beyond_end_of_file: kernel
            .file_page(vma, page.start())
            .is_some_and(|file_page| file_page.beyond_end),
    }
}

/// Frames from a number on, at most `count`; none behind the last that was ever in use.
pub fn frames(process: &Process, first: FrameNumber, count: u32) -> Vec<FrameView> {
    let frames = &process.kernel.frames;
    let end = first.saturating_add(count).min(frames.highest());
    (first..end).map(|number| frame(process, number)).collect()
}

/// One frame.
pub fn frame(process: &Process, number: FrameNumber) -> FrameView {
    let kernel = &process.kernel;
    let usage = match kernel.frames.owner(number) {
        _ if is_zero_frame(number) => FrameUse::ZeroPage,
        None => FrameUse::Free,
        Some(Owner::Anonymous) => FrameUse::Anonymous,
        Some(Owner::File { file, index }) => FrameUse::File {
            name: kernel.files.file(file).map(|file| file.maps_name()).unwrap_or_default(),
            offset: index.saturating_mul(PAGE_SIZE),
        },
    };
    let pages = kernel.frames.pages(number).iter().take(FrameView::PAGES_SHOWN);
    let pages: Vec<Address> = pages.map(|page| page.start()).collect();
    let owner = pages.first().and_then(|page| kernel.space.vmas().at(*page));
    let owner = owner.map(|vma| {
        let (kind, name) = (vma_kind(kernel, vma), vma_name(kernel, vma));
        FrameOwner { label: vma_label(kind, &name), prot: vma.prot }
    });
    FrameView {
        number,
        usage,
        pages,
        owner,
        mappings: u32::try_from(kernel.frames.mapping_count(number)).unwrap_or(u32::MAX),
    }
}

/// How many pages show the shared zero page, or the huge one: resident without a frame of their own,
/// so that no frame counts as in use for them.
pub fn zero_page_count(process: &Process) -> u64 {
    process.kernel.frames.zero_page_count()
}

/// Bytes as they stand in memory; nothing where nothing is mapped, or behind the end of a file.
/// Causes no page fault.
pub fn bytes(process: &Process, address: Address, length: usize) -> Vec<Option<u8>> {
    let mut found = Vec::with_capacity(length.min(1 << 16));
    let mut byte = [0];
    for offset in 0..length as u64 {
        let at = address.checked_add(offset);
        let readable = at.is_some_and(|at| process.kernel.peek(at, &mut byte).is_ok());
        found.push(readable.then_some(byte[0]));
    }
    found
}

/// The page walk of an address, and what the next access to it would do.
pub fn walk(process: &Process, address: Address) -> WalkView {
    const LEVELS: [(&str, (u32, u32)); 4] =
        [("PGD", (47, 39)), ("PUD", (38, 30)), ("PMD", (29, 21)), ("PTE", (20, 12))];
    let table = process.kernel.space.table();
    let found = table.walk(address);
    let mut depth = 0;
    let levels = LEVELS.map(|(name, bits)| {
        let index = (address >> bits.1 & 0x1ff) as u16;
        let entry = found.get(depth);
        depth += 1;
        let present = entry.is_some_and(|(_, present)| *present);
        let covers = (address >> bits.1 << bits.1, 1 << bits.1);
        WalkLevel { name, bits, index, covers, reached: entry.is_some(), present }
    });
    let page = Page::containing(address);
    let huge = table.huge(page);
    let entry = huge.unwrap_or_else(|| table.get(page));
    let entry = (huge.is_some() || found.len() == LEVELS.len()).then(|| EntryView {
        frame: entry.frame(),
        huge: entry.is_huge(),
        key: entry.key(),
        present: entry.present(),
        writable: entry.writable(),
        user: entry.user(),
        accessed: entry.accessed(),
        dirty: entry.dirty(),
        no_execute: entry.no_execute(),
    });
    WalkView {
        address,
        levels,
        entry,
        offset: address % if huge.is_some() { PMD_SIZE } else { PAGE_SIZE },
        byte: entry
            .filter(|entry| entry.present && entry.key == 0)
            .and_then(|_| bytes(process, address, 1).first().copied().flatten()),
        would: AccessForecast {
            load: forecast(process, address, Access::Read),
            store: forecast(process, address, Access::Write),
            fetch: forecast(process, address, Access::Execute),
        },
    }
}

fn forecast(process: &Process, address: Address, access: Access) -> Forecast {
    match attempt(process, address, access) {
        Ok(events) => {
            let vma = process.kernel.space.vmas().at(address);
            let inferred = vma.is_some_and(|vma| vma.inferred);
            let text = if inferred && !events.is_empty() {
                "succeeds; what it maps is not known, for only a later line implies it".to_owned()
            } else {
                describe(&events)
            };
            Forecast { succeeds: true, text }
        }
        Err(Fault { info, reason }) => Forecast {
            succeeds: false,
            text: format!("{} ({}): {}", info.signal.name(), info.code.name(), reason.sentence()),
        },
    }
}

/// The rule by which an access to an address ends in a signal with this code (`SEGV_ACCERR`), in
/// a sentence, and where the manual says it. A log does not say what the access was: a load, else a
/// store, else a fetch.
pub fn rule_behind_signal(process: &Process, address: Address, code: &str) -> Option<String> {
    let accesses = [Access::Read, Access::Write, Access::Execute];
    let faults = accesses.iter().filter_map(|access| attempt(process, address, *access).err());
    let fault = faults.into_iter().find(|fault| fault.info.code.name() == code)?;
    Some(format!("{} {}", fault.reason.sentence(), cite_signal(&fault.info, &fault.reason)))
}

/// Tries an access on a copy: what happens, or the fault.
fn attempt(process: &Process, address: Address, access: Access) -> Result<Vec<Event>, Fault> {
    let mut kernel = process.kernel.clone();
    let mut events = Vec::new();
    let mut byte = [0];
    let result = match access {
        Access::Read => kernel.load(address, &mut byte, &mut events),
        Access::Write => {
            let _ = kernel.peek(address, &mut byte);
            kernel.store(address, &byte, &mut events)
        }
        Access::Execute => kernel.fetch(address, &mut events).map(|_| ()),
    };
    result.map(|()| events)
}

fn describe(events: &[Event]) -> String {
    let fault = events.iter().rev().find_map(|event| match event {
        Event::PageFault { kind, .. } => Some(*kind),
        _ => None,
    });
    match fault {
        None => "succeeds without a page fault".to_owned(),
        Some(kind) => format!("page fault: {}", kind.phrase()),
    }
}

/// The paths that can be opened, in order, each with what is there and its length in bytes.
pub fn openable(process: &Process) -> Vec<(String, String)> {
    let files = &process.kernel.files;
    let known = files.paths().filter_map(|(path, id)| Some((path, files.file(id)?)));
    known
        .map(|(path, file)| {
            let size = file.size.map(|size| format!(" of {size} bytes")).unwrap_or_default();
            (path.to_owned(), format!("{}{size}", file.kind.description()))
        })
        .collect()
}

/// The totals of one moment.
pub fn totals(process: &Process) -> Totals {
    let kernel = &process.kernel;
    let books = process.heap.as_ref().map(Heap::books).unwrap_or_default();
    Totals {
        mapped_bytes: kernel.space.vmas().mapped_bytes(),
        vma_count: kernel.space.vmas().len(),
        resident_pages: kernel.space.table().resident(),
        frames_used: kernel.frames.used(),
        frames_limit: kernel.frames.limit(),
        page_faults: kernel.page_faults,
        heap_allocated: books.allocated,
        heap_in_use: books.in_use,
    }
}
