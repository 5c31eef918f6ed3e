//! Plain data for views and for JSON: what the playground looks like at one moment.
//!
//! Two shapes. [`State`] is the whole state as the trace language's contract has it, for
//! `replay --print state` and for scripts. The `…View` types answer what a view asks about the
//! part that it shows, so that a frame's cost depends on what is on screen only. Every derived
//! fact (is this page copy-on-write? what is this VMA called?) is a field here: a view decides
//! where and how, never what.

use crate::abi::Prot;
use crate::address::{Address, PAGE_SIZE, Page, PageRange, USER_END};
use crate::event::Event;
use crate::fault::Fault;
use crate::file::FileKind;
use crate::frame::{FrameNumber, Owner, ZERO_FRAME};
use crate::kernel::Kernel;
use crate::liballoc;
use crate::liballoc::layout::{MAGIC_DEAD, MAGIC_LIVE};
use crate::maps::MapsLine;
use crate::page_table::PageTableEntry;
use crate::process::Process;
use crate::reason::Access;
use crate::vma::{Backing, Sharing, Vma, VmaFlags};
use serde::{Serialize, Serializer};

/// The whole state as JSON has it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct State {
    /// Size of a page, in bytes.
    pub page_size: u64,
    /// The VMAs, in address order.
    pub vmas: Vec<VmaState>,
    /// The resident pages, in address order.
    pub pages: Vec<PageState>,
    /// Physical memory.
    pub frames: FramesState,
    /// The allocator; nothing before its first call.
    pub heap: Option<HeapState>,
}

/// A VMA in JSON.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct VmaState {
    /// First address.
    #[serde(serialize_with = "hex")]
    pub start: Address,
    /// First address behind it.
    #[serde(serialize_with = "hex")]
    pub end: Address,
    /// `rwx` letters, a dash where a right is missing.
    pub prot: &'static str,
    /// `private` or `shared`.
    pub sharing: &'static str,
    /// Offset into the file, in bytes; 0 without a file.
    pub offset: u64,
    /// Path of the file behind it.
    pub file: Option<String>,
    /// `[heap]`, `[stack]`, … as `/proc/PID/maps` names it.
    pub name: Option<String>,
    /// Not made by a call: implied by a later line of a log.
    pub inferred: bool,
}

/// A resident page in JSON.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct PageState {
    /// Its first address.
    #[serde(serialize_with = "hex")]
    pub address: Address,
    /// Number of its frame; 0 is the shared zero page.
    pub frame: u32,
    /// `rwx` letters of the PTE: what the processor would allow without a page fault.
    pub prot: &'static str,
    /// The PTE's accessed bit.
    pub accessed: bool,
    /// The PTE's dirty bit.
    pub dirty: bool,
    /// Private, and still sharing the frame of the file or of the zero page.
    pub copy_on_write: bool,
}

/// Physical memory in JSON.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct FramesState {
    /// How many frames there are.
    pub limit: u32,
    /// How many are in use, without the zero page.
    pub used: u32,
}

/// The allocator in JSON: its own counters, and its lists as read from simulated memory.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct HeapState {
    /// Bytes got from the page hook.
    pub allocated: u64,
    /// Bytes in blocks, without their headers.
    pub in_use: u64,
    /// Warnings counted.
    pub warnings: u64,
    /// Errors counted.
    pub errors: u64,
    /// Errors that the allocator took for overruns.
    pub possible_overruns: u64,
    /// The major block with the most room, as far as the allocator knows.
    #[serde(serialize_with = "hex_or_null")]
    pub best_bet: Option<Address>,
    /// Major blocks in list order.
    pub majors: Vec<MajorState>,
    /// Why the list of major blocks could not be read further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// A major block, as its header says.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MajorState {
    /// Address of its header.
    #[serde(serialize_with = "hex")]
    pub address: Address,
    /// Pages it spans.
    pub pages: u32,
    /// Bytes it spans.
    pub size: u32,
    /// Bytes used, headers included.
    pub usage: u32,
    /// Minor blocks in list order.
    pub minors: Vec<MinorState>,
    /// Why the list of minor blocks could not be read further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// A minor block, as its header says.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct MinorState {
    /// Address of its header.
    #[serde(serialize_with = "hex")]
    pub address: Address,
    /// What `malloc` returned.
    #[serde(serialize_with = "hex")]
    pub payload: Address,
    /// Bytes of the block behind the header.
    pub size: u32,
    /// Bytes asked for.
    pub req_size: u32,
    /// Magic number: 0xc001c0de live, 0xdeaddead freed, anything else damaged.
    #[serde(serialize_with = "hex_u32")]
    pub magic: u32,
}

impl MinorState {
    /// What the magic number says of the block.
    pub const fn life(&self) -> Life {
        match self.magic {
            MAGIC_LIVE => Life::Live,
            MAGIC_DEAD => Life::Dead,
            _ => Life::Damaged,
        }
    }
}

/// What a magic number says of a minor block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// In use.
    Live,
    /// Freed.
    Dead,
    /// Neither: something wrote over the header.
    Damaged,
}

impl Life {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Life::Live => "live",
            Life::Dead => "dead",
            Life::Damaged => "damaged",
        }
    }
}

/// What backs a VMA: decides its mark and its colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum VmaKind {
    Anonymous,
    SharedAnonymous,
    PrivateFile,
    SharedFile,
    Heap,
    Stack,
    /// `[vdso]` and kin, which the kernel maps by itself.
    Kernel,
}

/// A VMA as a view shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct VmaView {
    /// Its pages.
    pub range: PageRange,
    /// Its protection.
    pub prot: Prot,
    /// Shared between processes and with its file (`s` in maps).
    pub shared: bool,
    /// What backs it.
    pub kind: VmaKind,
    /// Its name as the last column of maps has it; empty where that is empty.
    pub name: String,
    /// A short label for a lane: the file's last component, `[heap]`, or `anonymous`.
    pub label: String,
    /// Offset into the file, in bytes.
    pub offset: u64,
    /// Writable and executable at once: a hazard.
    pub writable_and_executable: bool,
    /// Grows down at a fault below it.
    pub grows_down: bool,
    /// Counted against memory (writable private memory without `MAP_NORESERVE`).
    pub accounted: bool,
    /// Got a page of its own at some time, so that it merges only with its like.
    pub written: bool,
    /// Locked in memory.
    pub locked: bool,
    /// Implied by a later line of a log, not made by a call.
    pub inferred: bool,
    /// First address whose page lies wholly behind the end of the file, if that is inside.
    pub beyond_end_of_file: Option<Address>,
    /// Resident pages.
    pub resident_pages: u64,
}

/// A page of a mapped range as a view shows it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PageView {
    /// Its first address.
    pub address: Address,
    /// Its frame, if it is resident; 0 is the shared zero page.
    pub frame: Option<u32>,
    /// What its VMA allows.
    pub vma_prot: Prot,
    /// What its PTE allows; empty if it is not resident.
    pub pte_prot: Prot,
    /// The PTE's accessed bit.
    pub accessed: bool,
    /// The PTE's dirty bit.
    pub dirty: bool,
    /// Private, and still sharing the frame of the file or of the zero page.
    pub copy_on_write: bool,
    /// How many pages of the address space map the same frame (1 if none but this).
    pub frame_mappings: u32,
    /// The page lies wholly behind the end of its file: touching it is `SIGBUS`.
    pub beyond_end_of_file: bool,
}

/// What a frame holds.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum FrameUse {
    Free,
    /// The one frame of zeros that all untouched private memory shows.
    ZeroPage,
    /// A page of its own of private memory.
    Anonymous,
    /// A page of a file (or of shared anonymous memory), cached.
    File {
        name: String,
        offset: u64,
    },
}

/// A frame as a view shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct FrameView {
    /// Its number.
    pub number: u32,
    /// What it holds.
    pub usage: FrameUse,
    /// The pages that map it, lowest first (at most [`FrameView::PAGES_SHOWN`] of them).
    pub pages: Vec<Address>,
    /// How many pages map it.
    pub mappings: u32,
    /// The VMA of the first of them.
    pub owner: Option<FrameOwner>,
}

/// The VMA that a frame is drawn for.
#[derive(Clone, PartialEq, Debug)]
pub struct FrameOwner {
    /// Its label, as [`VmaView::label`].
    pub label: String,
    /// Its protection.
    pub prot: Prot,
}

impl FrameView {
    /// How many pages of a frame a view lists.
    pub const PAGES_SHOWN: usize = 64;
}

/// One level of a page walk.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WalkLevel {
    /// `PGD`, `PUD`, `PMD` or `PTE`.
    pub name: &'static str,
    /// Which bits of the address are the index: highest and lowest.
    pub bits: (u32, u32),
    /// The index, 0 to 511.
    pub index: u16,
    /// Says whether the walk gets here: every table above it exists.
    pub reached: bool,
    /// Says whether the entry is present; where not, the walk stops here.
    pub present: bool,
}

/// The page walk of an address.
#[derive(Clone, PartialEq, Debug)]
pub struct WalkView {
    /// The address.
    pub address: Address,
    /// All four levels, highest first.
    pub levels: [WalkLevel; 4],
    /// The page-table entry, where the walk gets there.
    pub entry: Option<EntryView>,
    /// Offset in the page.
    pub offset: u64,
    /// What a load, a store and a fetch at this address would do now, one sentence each.
    pub would: AccessForecast,
}

/// A page-table entry's bits.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub struct EntryView {
    pub frame: u32,
    pub present: bool,
    pub writable: bool,
    pub user: bool,
    pub accessed: bool,
    pub dirty: bool,
    pub no_execute: bool,
}

/// What the next access to an address would do.
#[derive(Clone, PartialEq, Debug)]
pub struct AccessForecast {
    /// A load.
    pub load: Forecast,
    /// A store.
    pub store: Forecast,
    /// An instruction fetch.
    pub fetch: Forecast,
}

/// What one access would do.
#[derive(Clone, PartialEq, Debug)]
pub struct Forecast {
    /// It succeeds (perhaps after a page fault that the kernel resolves).
    pub succeeds: bool,
    /// One sentence, or the signal and its rule.
    pub text: String,
}

/// Totals of one moment, cheap enough to ask at every step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Totals {
    /// Bytes mapped.
    pub mapped_bytes: u64,
    /// Number of VMAs.
    pub vma_count: u64,
    /// Resident pages.
    pub resident_pages: u64,
    /// Frames in use, without the zero page.
    pub frames_used: u32,
    /// Frames there are.
    pub frames_limit: u32,
    /// Page faults that the kernel resolved so far.
    pub page_faults: u64,
    /// Bytes that liballoc got from the page hook.
    pub heap_allocated: u64,
    /// Bytes in its blocks.
    pub heap_in_use: u64,
}

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
    let label = vma_label(kind, &name);
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

fn vma_label(kind: VmaKind, name: &str) -> String {
    match kind {
        VmaKind::SharedAnonymous => "shared anonymous".to_owned(),
        _ if name.is_empty() => "anonymous".to_owned(),
        _ => match name.trim_end_matches(" (deleted)").rsplit('/').next() {
            Some(last) if !last.is_empty() => last.to_owned(),
            _ => name.to_owned(),
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
        _ if number == ZERO_FRAME => FrameUse::ZeroPage,
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
        WalkLevel { name, bits, index, reached: entry.is_some(), present }
    });
    let entry = table.get(Page::containing(address));
    let entry = (found.len() == LEVELS.len()).then(|| EntryView {
        frame: entry.frame(),
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
        offset: address % PAGE_SIZE,
        would: AccessForecast {
            load: forecast(process, address, Access::Read),
            store: forecast(process, address, Access::Write),
            fetch: forecast(process, address, Access::Execute),
        },
    }
}

fn forecast(process: &Process, address: Address, access: Access) -> Forecast {
    match attempt(process, address, access) {
        Ok(events) => Forecast { succeeds: true, text: describe(&events) },
        Err(Fault { info, reason }) => Forecast {
            succeeds: false,
            text: format!("{} ({}): {}", info.signal.name(), info.code.name(), reason.sentence()),
        },
    }
}

/// The rule by which an access to an address ends in a signal with this code (`SEGV_ACCERR`), in
/// a sentence. A log does not say what the access was: a load, else a store, else a fetch.
pub fn rule_behind_signal(process: &Process, address: Address, code: &str) -> Option<String> {
    let accesses = [Access::Read, Access::Write, Access::Execute];
    let faults = accesses.iter().filter_map(|access| attempt(process, address, *access).err());
    let fault = faults.into_iter().find(|fault| fault.info.code.name() == code)?;
    Some(fault.reason.sentence())
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

/// The allocator's counters and lists; nothing before its first call.
pub fn heap(process: &Process) -> Option<HeapState> {
    let heap = process.heap.as_ref()?;
    let peek = |address, out: &mut [u8]| process.kernel.peek(address, out).is_ok();
    let lists = liballoc::inspect(heap, &peek);
    let minor = |minor: &liballoc::MinorBlock| MinorState {
        address: minor.address,
        payload: minor.payload,
        size: minor.size,
        req_size: minor.req_size,
        magic: minor.magic,
    };
    let major = |major: &liballoc::MajorBlock| MajorState {
        address: major.address,
        pages: major.pages,
        size: major.size,
        usage: major.usage,
        minors: major.minors.iter().map(minor).collect(),
        broken: major.broken.clone(),
    };
    Some(HeapState {
        allocated: heap.allocated,
        in_use: heap.in_use,
        warnings: heap.warnings,
        errors: heap.errors,
        possible_overruns: heap.possible_overruns,
        best_bet: heap.best_bet,
        majors: lists.majors.iter().map(major).collect(),
        broken: lists.broken,
    })
}

/// The totals of one moment.
pub fn totals(process: &Process) -> Totals {
    let kernel = &process.kernel;
    let heap = process.heap.as_ref();
    Totals {
        mapped_bytes: kernel.space.vmas().mapped_bytes(),
        vma_count: kernel.space.vmas().len(),
        resident_pages: kernel.space.table().resident(),
        frames_used: kernel.frames.used(),
        frames_limit: kernel.frames.limit(),
        page_faults: kernel.page_faults,
        heap_allocated: heap.map_or(0, |heap| heap.allocated),
        heap_in_use: heap.map_or(0, |heap| heap.in_use),
    }
}

/// Everything that user space can name, for asking about all of it.
pub fn user_space() -> Option<PageRange> {
    PageRange::new(0, USER_END)
}

fn hex<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{address:#x}"))
}

fn hex_u32<S: Serializer>(number: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{number:#x}"))
}

fn hex_or_null<S: Serializer>(address: &Option<Address>, serializer: S) -> Result<S::Ok, S::Error> {
    match address {
        Some(address) => hex(address, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::session::Session;

    fn after(text: &str) -> Session {
        let mut session = Session::new(Machine::default());
        session.run(text);
        session
    }

    #[test]
    fn a_walk_has_four_levels_and_says_which_it_reaches() {
        let map = "p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";
        let reached = |session: &Session, address| {
            walk(session.process(), address).levels.map(|level| (level.reached, level.present))
        };
        let session = after(map);
        let stops = (true, false);
        let unreached = (false, false);
        assert_eq!(reached(&session, 0x1000), [stops, unreached, unreached, unreached]);
        let session = after(&format!("{map}\nload(p)"));
        let page = vmas(session.process())[0].range.start();
        assert_eq!(reached(&session, page), [(true, true); 4]);
        assert_eq!(reached(&session, page + PAGE_SIZE)[3], stops);
        assert_eq!(walk(session.process(), u64::MAX).levels[0].index, 511);
    }

    #[test]
    fn a_frame_names_its_owner() {
        let session = after(
            "p = mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(p, 1)",
        );
        let owner = frame(session.process(), 1).owner.unwrap();
        assert_eq!((owner.label.as_str(), owner.prot), ("anonymous", Prot::RW));
        assert_eq!(frame(session.process(), 9).owner, None);
    }

    #[test]
    fn a_magic_number_says_how_its_block_lives() {
        let life = |magic| {
            MinorState { address: 0, payload: 0, size: 0, req_size: 0, magic }.life().word()
        };
        let words = [MAGIC_LIVE, MAGIC_DEAD, 0x4141_4141].map(life);
        assert_eq!(words, ["live", "dead", "damaged"]);
    }
}
