//! Runs calls in the model and in a child on the real kernel, and tells the first difference.

#![allow(unreachable_pub)]

use crate::child::{CODE, Child, DATA, DATA_LENGTH, MapsEntry, Trouble};
use crate::support::maps_columns;
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange};
use mmap_playground_core::call::{Call, Returned};
use mmap_playground_core::maps::{MapsLine, print_maps};
use mmap_playground_core::process::Process;
use mmap_playground_core::state::maps_lines;
use mmap_playground_core::trace::{print_call, print_line};
use std::collections::BTreeMap;
use std::path::Path;

/// Where model and kernel do not agree.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Index of the call after which they differ.
    pub index: usize,
    /// What differs.
    pub what: String,
}

/// What is compared after a call.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Snapshot {
    maps: Vec<[String; 4]>,
    pages: Vec<String>,
}

/// At most so many pages of a mapping are compared.
const PAGES_COMPARED: u64 = 4096;

/// The model of a child just started.
pub fn model(child: &Child) -> Process {
    let mut process = Process::new(child.machine.clone());
    for call in Child::own_mappings() {
        process.run(&call);
    }
    process
}

/// Runs calls on both sides. Each is compared by its result, the mappings and the resident pages
/// after it; at the end all bytes are.
pub fn compare(calls: &[Call], folder: &Path) -> Result<Option<Difference>, Trouble> {
    let mut child = Child::start(folder)?;
    let mut process = model(&child);
    for (index, call) in calls.iter().enumerate() {
        let own = process.run(call).returned;
        if own == Returned::Skipped {
            continue;
        }
        let real = child.run(call).map_err(|trouble| format!("{}: {trouble}", print_call(call)))?;
        let difference = |what| Ok(Some(Difference { index, what }));
        if own != real {
            let (own, real) = (print_line(call, &own), print_line(call, &real));
            return difference(format!("kernel: {real}\nmodel:  {own}"));
        }
        let (own, real) =
            (model_snapshot(&process, child.zero_frame.is_some()), kernel_snapshot(&child)?);
        if own != real {
            return difference(snapshot_difference(&own, &real));
        }
        if index + 1 == calls.len()
            && let Some(address) = differing_byte(&process, &child)
        {
            return difference(format!("bytes differ at {address:#x}"));
        }
    }
    Ok(None)
}

/// Runs calls in a child, and gives the lines that a recorded outcome consists of.
pub fn record(calls: &[Call], with_pages: bool, folder: &Path) -> Result<String, Trouble> {
    let mut child = Child::start(folder)?;
    let mut text = String::new();
    for call in calls {
        text += &print_line(call, &child.run(call)?);
        text += "\n";
    }
    text += "\n";
    for entry in child.maps()?.iter().filter(|entry| !is_stack(&child, entry)) {
        text += &normalised(&entry.text);
        text += "\n";
    }
    if with_pages {
        text += "\n";
        for (address, frame) in kernel_pages(&child)? {
            text += &format!("{address:#x} {frame}\n");
        }
    }
    Ok(text)
}

/// A line of maps without what differs from run to run: device and inode.
fn normalised(line: &str) -> String {
    let [range, prot, offset, name] = maps_columns(line).remove(0);
    let line = format!("{range} {prot} {offset} 00:00 {} ", if name.is_empty() { 0 } else { 2 });
    if name.is_empty() || name.starts_with('[') {
        let line = line.replace("00:00 2 ", "00:00 0 ");
        return if name.is_empty() { line } else { format!("{line:<73}{name}") };
    }
    format!("{line:<73}{name}")
}

/// Says whether a mapping is the stack as it was at the start, which lists leave out.
fn is_stack(child: &Child, entry: &MapsEntry) -> bool {
    child.machine.stack == PageRange::new(entry.start, entry.end) && entry.text.contains(" rw-p ")
}

fn model_snapshot(process: &Process, frames_known: bool) -> Snapshot {
    let own = CODE..DATA + DATA_LENGTH;
    let stack = process.kernel.machine.stack;
    let is_stack =
        |line: &MapsLine| PageRange::new(line.start, line.end) == stack && line.prot == Prot::RW;
    let lines = maps_lines(process).into_iter();
    let lines = lines.filter(|line| !own.contains(&line.start) && !is_stack(line));
    let maps = maps_columns(&print_maps(&lines.collect::<Vec<_>>()));
    let mut pages = Numbered::default();
    for vma in process.kernel.space.vmas().iter() {
        let Some(range) = compared(vma.range.start(), vma.range.end()) else { continue };
        process.kernel.space.table().visit(range, |page, entry| {
            let frame = frames_known.then_some(u64::from(entry.frame()));
            pages.add(page.start(), frame, Some(0));
            true
        });
    }
    Snapshot { maps, pages: pages.lines() }
}

/// Which part of a mapping is compared page by page: not the child's own, not
/// the end of a very large one.
fn compared(start: Address, end: Address) -> Option<PageRange> {
    if (CODE..DATA + DATA_LENGTH).contains(&start) {
        return None;
    }
    PageRange::new(start, end.min(start + PAGES_COMPARED * PAGE_SIZE))
}

#[derive(Default)]
struct Numbered {
    numbers: BTreeMap<u64, usize>,
    pages: Vec<(Address, String)>,
}

impl Numbered {
    /// Adds a page; its frame, where it is known, is named by first appearance.
    fn add(&mut self, address: Address, frame: Option<u64>, zero: Option<u64>) {
        let next = self.numbers.len() + 1;
        let name = match frame {
            None => String::new(),
            Some(_) if frame == zero => "zero".to_owned(),
            Some(frame) => self.numbers.entry(frame).or_insert(next).to_string(),
        };
        self.pages.push((address, name));
    }

    fn lines(self) -> Vec<String> {
        self.pages.iter().map(|(address, frame)| format!("{address:#x} {frame}")).collect()
    }
}

fn kernel_pages(child: &Child) -> Result<Vec<(Address, String)>, Trouble> {
    let mut pages = Numbered::default();
    for entry in child.maps()? {
        let end = entry.end.min(entry.start + PAGES_COMPARED * PAGE_SIZE);
        for (index, frame) in child.frames(entry.start, end)?.into_iter().enumerate() {
            if let Some(frame) = frame {
                let address = entry.start + index as u64 * PAGE_SIZE;
                let frame = child.zero_frame.map(|_| frame);
                pages.add(address, frame, child.zero_frame);
            }
        }
    }
    Ok(pages.pages)
}

fn kernel_snapshot(child: &Child) -> Result<Snapshot, Trouble> {
    let maps = child.maps()?;
    let lines = maps.iter().filter(|entry| !is_stack(child, entry));
    let text: Vec<&str> = lines.map(|entry| entry.text.as_str()).collect();
    let pages = kernel_pages(child)?.into_iter();
    let pages = pages.map(|(address, frame)| format!("{address:#x} {frame}")).collect();
    Ok(Snapshot { maps: maps_columns(&text.join("\n")), pages })
}

fn snapshot_difference(own: &Snapshot, real: &Snapshot) -> String {
    let mut text = String::new();
    let maps = |snapshot: &Snapshot| snapshot.maps.iter().map(|line| line.join(" ")).collect();
    let (own_maps, real_maps): (Vec<String>, Vec<String>) = (maps(own), maps(real));
    for (own, real) in [(&own_maps, &real_maps), (&own.pages, &real.pages)] {
        for line in real.iter().filter(|line| !own.contains(line)) {
            text += &format!("kernel: {line}\n");
        }
        for line in own.iter().filter(|line| !real.contains(line)) {
            text += &format!("model:  {line}\n");
        }
    }
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
