//! Runs calls in the model and in a child on the real kernel, and tells the first difference.

use super::child::{CODE, Child, DATA, DATA_LENGTH, maps_range};
use super::generator::Generator;
use super::guard::{ModelTrouble, PATIENCE, guarded};
use super::kernel::RealKernel;
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE, Page, PageRange};
use mmap_playground_core::call::{Call, Returned};
use mmap_playground_core::process::Process;
use mmap_playground_core::state::maps_lines;
use mmap_playground_core::trace::{print_call, print_line};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Where model and kernel do not agree.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Index of the call after which they differ.
    pub index: usize,
    /// What kind of difference it is: shrinking keeps to one kind.
    pub kind: Kind,
    /// What differs.
    pub what: String,
}

/// Kinds of differences.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A result, the mappings, the pages or the bytes.
    State,
    /// The model panicked.
    ModelPanicked,
    /// The model hung.
    ModelHung,
    /// The child crashed, hung, or did what it was not told.
    Child,
}

/// Where calls come from.
#[derive(Clone)]
pub enum Source {
    /// These.
    Fixed(Vec<Call>),
    /// So many from a generator.
    Random(Box<Generator>, usize),
}

/// Calls to begin with, which are run on both sides before anything is compared.
///
/// With any, mappings and pages are compared at the end only: they are very many then.
pub type Prelude = Arc<Vec<Call>>;

/// What a comparison was of, and how it went.
#[derive(Debug)]
pub struct Compared {
    /// The calls, as far as the model ran them.
    pub calls: Vec<Call>,
    /// The first difference.
    pub difference: Option<Difference>,
}

/// What is compared after a call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Snapshot {
    /// Lines of maps.
    maps: String,
    /// Resident pages, and their frames by first appearance, or [`ZERO`].
    pages: Vec<(Address, u32)>,
}

/// The zero page, as the name of a frame.
const ZERO: u32 = u32::MAX;

/// At most so many pages of a mapping are compared.
const PAGES_COMPARED: u64 = 4096;

/// The model of a child just started.
pub fn model(child: &Child) -> Process {
    let mut process = Process::new(child.machine.clone());
    for call in Child::own_mappings() {
        process.run(&call);
    }
    // Its code and data are resident; what else lies in the same 2 MiB finds a page table there.
    process.kernel.space.make_table(Page::containing(CODE));
    process
}

/// What the model made of calls.
struct ModelRun {
    prelude: Prelude,
    calls: Vec<Call>,
    returned: Vec<Returned>,
    /// After each call, or none.
    snapshots: Vec<Snapshot>,
    last: Snapshot,
    end: Process,
}

/// Runs calls on both sides. Each is compared by its result, the mappings and the resident pages
/// after it; at the end all bytes are.
pub fn compare(kernel: &RealKernel, prelude: &Prelude, source: Source) -> Compared {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (asked_by_model, process) = (Arc::clone(&asked), kernel.start.clone());
    let (prelude, frames_known) = (Arc::clone(prelude), kernel.frames_known);
    let work = move || run_model(prelude, source, process, frames_known, &asked_by_model);
    let run = match guarded(PATIENCE, work) {
        Ok(run) => run,
        Err(trouble) => {
            let calls = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let kind = match trouble {
                ModelTrouble::Hung => Kind::ModelHung,
                ModelTrouble::Panicked(_) => Kind::ModelPanicked,
            };
            let index = calls.len().saturating_sub(1);
            let difference = Difference { index, kind, what: trouble.to_string() };
            return Compared { calls, difference: Some(difference) };
        }
    };
    let difference = compare_run(&run, kernel);
    Compared { calls: run.calls, difference }
}

fn run_model(
    prelude: Prelude,
    source: Source,
    mut process: Process,
    frames_known: bool,
    asked: &Mutex<Vec<Call>>,
) -> ModelRun {
    let (mut calls, mut returned, mut snapshots) = (Vec::new(), Vec::new(), Vec::new());
    let (mut fixed, mut generator, count) = match source {
        Source::Fixed(calls) => (calls.into_iter(), None, usize::MAX),
        Source::Random(generator, count) => (Vec::new().into_iter(), Some(generator), count),
    };
    for call in prelude.iter() {
        process.run(call);
    }
    while calls.len() < count {
        let next = match &mut generator {
            Some(generator) => Some(generator.next(&process)),
            None => fixed.next(),
        };
        let Some(call) = next else { break };
        asked.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
        let outcome = process.run(&call).returned;
        if prelude.is_empty() {
            snapshots.push(model_snapshot(&process, frames_known));
        }
        calls.push(call);
        returned.push(outcome);
    }
    process.kernel.space.check(&process.kernel.frames);
    let last = model_snapshot(&process, frames_known);
    ModelRun { prelude, calls, returned, snapshots, last, end: process }
}

fn compare_run(run: &ModelRun, kernel: &RealKernel) -> Option<Difference> {
    let difference = |index, kind, what| Some(Difference { index, kind, what });
    let keys = kernel.start.kernel.machine.protection_keys;
    let mut child = match Child::start(&kernel.folder, keys) {
        Ok(child) => child,
        Err(trouble) => return difference(0, Kind::Child, format!("no child: {trouble}")),
    };
    for call in run.prelude.iter() {
        if let Err(trouble) = child.run(call) {
            return difference(0, Kind::Child, format!("the child: {trouble}"));
        }
    }
    for (index, call) in run.calls.iter().enumerate() {
        let own = &run.returned[index];
        if *own == Returned::Skipped {
            continue;
        }
        let is_last = index + 1 == run.calls.len();
        let expected = run.snapshots.get(index).or(is_last.then_some(&run.last));
        let real = child.run(call).and_then(|real| {
            let snapshot = expected.map(|_| kernel_snapshot(&child)).transpose()?;
            Ok((real, snapshot))
        });
        let (real, real_snapshot) = match real {
            Ok(real) => real,
            Err(trouble) => return difference(index, Kind::Child, format!("the child: {trouble}")),
        };
        if *own != real {
            let (own, real) = (print_line(call, own), print_line(call, &real));
            return difference(index, Kind::State, format!("kernel: {real}\nmodel:  {own}"));
        }
        if let (Some(own), Some(real)) = (expected, &real_snapshot)
            && own != real
        {
            return difference(index, Kind::State, snapshot_difference(own, real));
        }
    }
    let address = differing_byte(&run.end, &child)?;
    let index = run.calls.len().saturating_sub(1);
    difference(index, Kind::State, format!("bytes differ at {address:#x}"))
}

/// Says whether a range is that of the stack as it was at the start.
pub fn is_stack(stack: Option<PageRange>, start: Address, end: Address) -> bool {
    stack.is_some() && PageRange::new(start, end) == stack
}

fn model_snapshot(process: &Process, frames_known: bool) -> Snapshot {
    let own = CODE..DATA + DATA_LENGTH;
    let stack = process.kernel.machine.stack;
    let mut maps = String::new();
    for line in maps_lines(process) {
        let unchanged = is_stack(stack, line.start, line.end) && line.prot == Prot::RW;
        if own.contains(&line.start) || unchanged {
            continue;
        }
        let right = |bit, letter| if line.prot.contains(bit) { letter } else { '-' };
        let _ = writeln!(
            maps,
            "{:08x}-{:08x} {}{}{}{} {:08x} {}{}",
            line.start,
            line.end,
            right(Prot::READ, 'r'),
            right(Prot::WRITE, 'w'),
            right(Prot::EXEC, 'x'),
            if line.shared { 's' } else { 'p' },
            line.offset,
            line.path,
            if line.deleted { " (deleted)" } else { "" },
        );
    }
    let mut pages = Numbered::new(0);
    for vma in process.kernel.space.vmas().iter() {
        let Some(range) = compared(vma.range.start(), vma.range.end()) else { continue };
        process.kernel.space.table().visit(range, |page, entry| {
            let frame = if frames_known { u64::from(entry.frame()) } else { 0 };
            pages.add(page.start(), frame);
            true
        });
    }
    Snapshot { maps, pages: pages.pages }
}

fn kernel_snapshot(child: &Child) -> Result<Snapshot, String> {
    let mut snapshot = Snapshot::default();
    let mut pages = Numbered::new(child.zero_frame.unwrap_or(0));
    for line in child.maps()?.lines() {
        let (start, end) = maps_range(line);
        let end_compared = end.min(start + PAGES_COMPARED * PAGE_SIZE);
        for (address, page) in child.pages(start, end_compared)? {
            pages.add(address, if child.zero_frame.is_some() { page.frame } else { 0 });
        }
        let unchanged = is_stack(child.machine.stack, start, end) && line.contains(" rw-p ");
        if !unchanged {
            snapshot.maps += line;
            snapshot.maps += "\n";
        }
    }
    snapshot.pages = pages.pages;
    Ok(snapshot)
}

/// Which part of a mapping is compared page by page: not the child's own, not
/// the end of a very large one.
fn compared(start: Address, end: Address) -> Option<PageRange> {
    if (CODE..DATA + DATA_LENGTH).contains(&start) {
        return None;
    }
    PageRange::new(start, end.min(start + PAGES_COMPARED * PAGE_SIZE))
}

/// Pages with their frames, named by first appearance.
struct Numbered {
    zero: u64,
    numbers: HashMap<u64, u32>,
    pages: Vec<(Address, u32)>,
}

impl Numbered {
    fn new(zero: u64) -> Numbered {
        Numbered { zero, numbers: HashMap::new(), pages: Vec::new() }
    }

    fn add(&mut self, address: Address, frame: u64) {
        let next = self.numbers.len() as u32 + 1;
        let name =
            if frame == self.zero { ZERO } else { *self.numbers.entry(frame).or_insert(next) };
        self.pages.push((address, name));
    }
}

/// What `pages` lists say of a frame.
fn frame_name(frame: u32) -> String {
    if frame == ZERO { "zero".to_owned() } else { frame.to_string() }
}

/// The resident pages of a child as recorded outcomes list them.
///
/// # Errors
/// When they cannot be read.
pub fn page_lines(child: &Child) -> Result<Vec<String>, String> {
    let mut pages = Numbered::new(child.zero_frame.unwrap_or(0));
    let mut lines = Vec::new();
    for line in child.maps()?.lines() {
        let (start, end) = maps_range(line);
        for (address, page) in child.pages(start, end)? {
            pages.add(address, page.frame);
            let name = pages.pages.last().map_or_else(String::new, |page| frame_name(page.1));
            let kind = if page.of_file { "file" } else { "anon" };
            let exclusive = if page.exclusive { " excl" } else { "" };
            lines.push(format!("{address:#x} {name} {kind}{exclusive}"));
        }
    }
    Ok(lines)
}

fn snapshot_difference(own: &Snapshot, real: &Snapshot) -> String {
    let mut text = String::new();
    let mut tell = |own: Vec<String>, real: Vec<String>| {
        for line in real.iter().filter(|line| !own.contains(line)) {
            let _ = writeln!(text, "kernel: {line}");
        }
        for line in own.iter().filter(|line| !real.contains(line)) {
            let _ = writeln!(text, "model:  {line}");
        }
    };
    let maps = |snapshot: &Snapshot| snapshot.maps.lines().map(str::to_owned).collect();
    let page = |page: &(Address, u32)| format!("{:#x} {}", page.0, frame_name(page.1));
    let pages = |snapshot: &Snapshot| snapshot.pages.iter().map(page).collect();
    tell(maps(own), maps(real));
    tell(pages(own), pages(real));
    text
}

/// The first address whose byte differs, or which only one side can read.
fn differing_byte(process: &Process, child: &Child) -> Option<Address> {
    for vma in process.kernel.space.vmas().iter() {
        let Some(range) = compared(vma.range.start(), vma.range.end()) else { continue };
        for page in range.pages().take(256) {
            let (mut own, mut real) = ([0; PAGE_SIZE as usize], [0; PAGE_SIZE as usize]);
            let own_read = process.kernel.peek(page.start(), &mut own).is_ok();
            let real_read = child.peek(page.start(), &mut real).is_ok();
            if own_read != real_read {
                return Some(page.start());
            }
            if let Some(offset) = own.iter().zip(&real).position(|(own, real)| own != real)
                && own_read
            {
                return Some(page.start() + offset as u64);
            }
        }
    }
    None
}

/// Leaves out calls as long as a difference of the same kind stays.
pub fn shrink(
    kernel: &RealKernel,
    prelude: &Prelude,
    calls: Vec<Call>,
    difference: Difference,
) -> (Vec<Call>, Difference) {
    let mut calls = calls;
    calls.truncate(difference.index + 1);
    let mut found = difference;
    // Each try would have to wait for the end of all patience.
    let mut size = if found.kind == Kind::ModelHung { 0 } else { calls.len().div_ceil(2) };
    while size > 0 {
        let mut at = 0;
        while at < calls.len() {
            let mut fewer = calls.clone();
            fewer.drain(at..(at + size).min(calls.len()));
            let Compared { calls: mut ran, difference } =
                compare(kernel, prelude, Source::Fixed(fewer));
            match difference {
                Some(difference) if difference.kind == found.kind => {
                    ran.truncate(difference.index + 1);
                    calls = ran;
                    found = difference;
                }
                _ => at += size,
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    (calls, found)
}

/// Calls in the trace language, ready to become a file of `tests/linux/`.
pub fn as_trace(calls: &[Call]) -> String {
    calls.iter().map(|call| print_call(call) + "\n").collect()
}
