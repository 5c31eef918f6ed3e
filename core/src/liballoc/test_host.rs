//! A byte array in the place of the process, and a small player of recorded calls.
//!
//! Shared by the tests of this module and by `core/tests/liballoc.rs`. The machine is the one on
//! which the outcomes were recorded: nothing is mapped but what the page hook gave, pages come
//! top-down from below [`TOP`], and every access outside them ends in a signal.

use super::model::abi::{Signal, SignalCode};
use super::model::address::{
    Address, PAGE_SIZE, PMD_SIZE, Page, PageRange, USER_END, is_canonical, is_page_aligned,
};
use super::model::call::SignalInfo;
use super::model::event::HeapEvent;
use super::model::liballoc::layout::{LAYOUT_64, Layout};
use super::model::liballoc::{HeapLists, Host, Liballoc, inspect};
use std::collections::BTreeMap;
use std::ops::Range;

/// The first address behind the highest page.
pub(crate) const TOP: Address = 0x7fff_f7ff_f000;

/// The memory that the page hook gave.
pub(crate) struct ByteHost {
    /// Mapped pages; those that were touched have contents.
    pages: BTreeMap<u64, Page4K>,
    mapped: Vec<PageRange>,
    /// Lowest address that the page hook may give.
    bottom: Address,
    /// The first address behind the highest page.
    top: Address,
    /// Loads and stores so far.
    pub(crate) accesses: u64,
    /// How many page requests will be refused.
    refusals: u64,
    /// The page hook's calls, in order.
    pub(crate) hooks: Vec<Hook>,
    /// Every major block ever made, in order.
    pub(crate) majors: Vec<PageRange>,
    /// What the allocator told, in order.
    pub(crate) events: Vec<HeapEvent>,
}

type Page4K = Box<[u8; PAGE_SIZE as usize]>;

/// A call of a page hook.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub(crate) enum Hook {
    Map { page_count: i32, address: Option<Address> },
    Unmap { address: Address, page_count: i32, result: i32 },
}

impl ByteHost {
    /// A host that gives pages below an address.
    pub(crate) fn below(top: Address) -> ByteHost {
        ByteHost {
            top,
            accesses: 0,
            pages: BTreeMap::new(),
            mapped: Vec::new(),
            bottom: 0x1_0000,
            refusals: 0,
            hooks: Vec::new(),
            majors: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Says whether an address was mapped by the page hook.
    fn is_mapped(&self, address: Address) -> bool {
        self.mapped.iter().any(|range| range.contains(address))
    }

    /// The signal of an access that is not wholly in mapped pages.
    fn check(&self, address: Address, length: usize) -> Result<(), SignalInfo> {
        let last = address.wrapping_add(length as u64 - 1);
        if !is_canonical(address) || !is_canonical(last) {
            let (signal, code) = (Signal::SIGSEGV, SignalCode::SI_KERNEL);
            return Err(SignalInfo { signal, code, address: 0 });
        }
        for byte in [address, Page::containing(last).start().max(address)] {
            if !self.is_mapped(byte) {
                let (signal, code) = (Signal::SIGSEGV, SignalCode::SEGV_MAPERR);
                return Err(SignalInfo { signal, code, address: byte });
            }
        }
        Ok(())
    }

    /// A mapped page, which becomes resident.
    fn page(&mut self, page: Page) -> &mut Page4K {
        self.pages.entry(page.number()).or_insert_with(|| Box::new([0; PAGE_SIZE as usize]))
    }

    /// Reads without touching; false if some byte is not mapped.
    pub(crate) fn peek(&self, address: Address, bytes: &mut [u8]) -> bool {
        if self.check(address, bytes.len()).is_err() {
            return false;
        }
        for (page, inside, piece) in pieces(address, bytes.len()) {
            match self.pages.get(&page.number()) {
                Some(page) => bytes[piece].copy_from_slice(&page[inside]),
                None => bytes[piece].fill(0),
            }
        }
        true
    }

    /// Resident pages of a range as runs `[first, count]`, counted from its start.
    pub(crate) fn resident(&self, range: PageRange) -> Vec<[u64; 2]> {
        let start = Page::containing(range.start()).number();
        let mut runs: Vec<[u64; 2]> = Vec::new();
        for (number, _) in self.pages.range(start..start + range.page_count()) {
            let page = number - start;
            match runs.last_mut() {
                Some([first, count]) if *first + *count == page => *count += 1,
                _ => runs.push([page, 1]),
            }
        }
        runs
    }

    /// Where `mmap` puts that many bytes: top-down in the highest gap that is large enough. For a
    /// multiple of 2 MiB first at the highest 2 MiB boundary in a gap with 2 MiB to spare.
    fn find_gap(&self, length: u64) -> Option<Address> {
        let mut ranges = self.mapped.clone();
        ranges.sort();
        let starts = ranges.iter().map(|range| range.start()).chain([self.top]);
        let ends = [self.bottom].into_iter().chain(ranges.iter().map(|range| range.end()));
        let gaps: Vec<(Address, Address)> = ends.zip(starts).collect();
        let fits = |wanted: u64| {
            let room = |start: Address, end: Address| end.saturating_sub(start.max(self.bottom));
            gaps.iter().rev().find(|(start, end)| room(*start, *end) >= wanted).map(|(_, end)| *end)
        };
        if length.is_multiple_of(PMD_SIZE)
            && let Some(end) = fits(length + PMD_SIZE)
        {
            return Some((end - length) / PMD_SIZE * PMD_SIZE);
        }
        fits(length).map(|end| end - length)
    }

    /// `munmap`: false if it refuses.
    fn munmap(&mut self, address: Address, length: u64) -> bool {
        let length = length.next_multiple_of(PAGE_SIZE);
        if !is_page_aligned(address) || length == 0 || length > USER_END {
            return false;
        }
        let Some(hole) = PageRange::new(address, address.wrapping_add(length)) else {
            return false;
        };
        if hole.end() > USER_END {
            return false;
        }
        let rests = |range: &PageRange| {
            let below = PageRange::new(range.start(), range.end().min(hole.start()));
            let above = PageRange::new(range.start().max(hole.end()), range.end());
            [below, above].into_iter().flatten()
        };
        self.mapped = self.mapped.iter().flat_map(rests).collect();
        self.pages.retain(|number, _| !hole.contains(number * PAGE_SIZE));
        true
    }
}

impl Host for ByteHost {
    fn load(&mut self, address: Address, bytes: &mut [u8]) -> Result<(), SignalInfo> {
        self.accesses += 1;
        self.check(address, bytes.len())?;
        for (page, inside, piece) in pieces(address, bytes.len()) {
            bytes[piece].copy_from_slice(&self.page(page)[inside]);
        }
        Ok(())
    }

    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<(), SignalInfo> {
        self.accesses += 1;
        self.check(address, bytes.len())?;
        for (page, inside, piece) in pieces(address, bytes.len()) {
            self.page(page)[inside].copy_from_slice(&bytes[piece]);
        }
        Ok(())
    }

    fn map_pages(&mut self, page_count: i32) -> Result<Option<Address>, SignalInfo> {
        // The hook computes the length as `unsigned int`.
        let length = u64::from((page_count as u32).wrapping_mul(PAGE_SIZE as u32));
        let address = if self.refusals > 0 {
            self.refusals -= 1;
            None
        } else if length == 0 {
            None
        } else {
            self.find_gap(length)
        };
        if let Some(range) = address.and_then(|start| PageRange::spanning(start, length)) {
            self.mapped.push(range);
            self.majors.push(range);
        }
        self.hooks.push(Hook::Map { page_count, address });
        Ok(address)
    }

    fn unmap_pages(&mut self, address: Address, page_count: i32) -> i32 {
        // Here the length is an `int`, widened with its sign.
        let length = page_count.wrapping_mul(PAGE_SIZE as i32) as u64;
        let result = if self.munmap(address, length) { 0 } else { -1 };
        self.hooks.push(Hook::Unmap { address, page_count, result });
        result
    }

    fn event(&mut self, event: HeapEvent) {
        self.events.push(event);
    }
}

/// A host whose page hook refuses one request, the n-th.
pub(crate) struct RefusesNth<H> {
    /// The host that answers everything else.
    pub(crate) inner: H,
    /// Requests until then, that one counted; 0 refuses none.
    pub(crate) nth: u64,
}

impl<H: Host> Host for RefusesNth<H> {
    fn load(&mut self, address: Address, bytes: &mut [u8]) -> Result<(), SignalInfo> {
        self.inner.load(address, bytes)
    }

    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<(), SignalInfo> {
        self.inner.store(address, bytes)
    }

    fn map_pages(&mut self, page_count: i32) -> Result<Option<Address>, SignalInfo> {
        let refused = self.nth == 1;
        self.nth = self.nth.saturating_sub(1);
        if refused { Ok(None) } else { self.inner.map_pages(page_count) }
    }

    fn unmap_pages(&mut self, address: Address, page_count: i32) -> i32 {
        self.inner.unmap_pages(address, page_count)
    }

    fn event(&mut self, event: HeapEvent) {
        self.inner.event(event);
    }
}

/// Cuts an access at page boundaries: each page, the bytes inside it, and their place in the buffer.
fn pieces(
    address: Address,
    length: usize,
) -> impl Iterator<Item = (Page, Range<usize>, Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = address + done as u64;
        let inside = (at % PAGE_SIZE) as usize;
        let count = (length - done).min(PAGE_SIZE as usize - inside);
        done += count;
        (count > 0).then(|| (Page::containing(at), inside..inside + count, done - count..done))
    })
}

/// What came back from a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub(crate) enum Ret {
    Void,
    Value(u64),
    Address(Address),
    Signal(SignalInfo),
}

/// An allocator, its memory, and the names of a running trace.
pub(crate) struct Machine {
    /// The static variables.
    pub(crate) heap: Liballoc,
    /// The memory.
    pub(crate) host: ByteHost,
    names: BTreeMap<String, u64>,
}

impl Machine {
    /// A machine on which nothing was allocated.
    pub(crate) fn new() -> Machine {
        Machine::of(&LAYOUT_64, TOP)
    }

    /// One of some layout, whose page hook gives pages below an address.
    pub(crate) fn of(layout: &'static Layout, top: Address) -> Machine {
        let host = ByteHost::below(top);
        Machine { heap: Liballoc::new(layout), host, names: BTreeMap::new() }
    }

    /// The allocator's lists.
    pub(crate) fn lists(&self) -> HeapLists {
        inspect(&self.heap, &|address, bytes| self.host.peek(address, bytes))
    }

    /// Runs `name = call(arguments)` or `call(arguments)`.
    pub(crate) fn run(&mut self, text: &str) -> Ret {
        let (name, call) = match text.split_once(" = ") {
            Some((name, call)) => (Some(name.trim()), call.trim()),
            None => (None, text.trim()),
        };
        let inside = call.strip_suffix(')').and_then(|call| call.split_once('('));
        let (function, arguments) = inside.unwrap_or_else(|| panic!("no call: {call}"));
        let arguments: Vec<u64> = match arguments.trim() {
            "" => Vec::new(),
            arguments => arguments.split(',').map(|text| self.value(text)).collect(),
        };
        let ret = self.call(function, &arguments).unwrap_or_else(Ret::Signal);
        if let Some(name) = name {
            let value = match ret {
                Ret::Value(value) | Ret::Address(value) => value,
                Ret::Void | Ret::Signal(_) => 0,
            };
            self.names.insert(name.to_owned(), value);
        }
        ret
    }

    fn call(&mut self, function: &str, arguments: &[u64]) -> Result<Ret, SignalInfo> {
        let Machine { heap, host, .. } = self;
        Ok(match (function, arguments) {
            ("malloc", &[size]) => Ret::Address(heap.malloc(host, size)?),
            ("calloc", &[nmemb, size]) => Ret::Address(heap.calloc(host, nmemb, size)?),
            ("realloc", &[ptr, size]) => Ret::Address(heap.realloc(host, ptr, size)?),
            ("free", &[ptr]) => {
                heap.free(host, ptr)?;
                Ret::Void
            }
            ("load", &[address]) => return self.call("load", &[address, 1]),
            ("load", &[address, width]) => {
                let mut bytes = [0; 8];
                host.load(address, &mut bytes[..width as usize])?;
                Ret::Value(u64::from_le_bytes(bytes))
            }
            ("store", &[address, value]) => return self.call("store", &[address, value, 1]),
            ("store", &[address, value, width]) => {
                host.store(address, &value.to_le_bytes()[..width as usize])?;
                Ret::Value(0)
            }
            ("memset", &[address, byte, length]) => {
                for offset in 0..length {
                    host.store(address.wrapping_add(offset), &[byte as u8])?;
                }
                Ret::Address(address)
            }
            ("memcpy", &[to, from, length]) => {
                let mut byte = [0];
                for offset in 0..length {
                    host.load(from.wrapping_add(offset), &mut byte)?;
                    host.store(to.wrapping_add(offset), &byte)?;
                }
                Ret::Address(to)
            }
            ("arena", &[page_count]) => {
                host.bottom = TOP - page_count * PAGE_SIZE;
                Ret::Value(0)
            }
            ("hookfail", &[count]) => {
                host.refusals = count;
                Ret::Value(0)
            }
            _ => panic!("no function {function} of {} arguments", arguments.len()),
        })
    }

    /// Sums and differences of numbers and names.
    pub(crate) fn value(&self, text: &str) -> u64 {
        let spaced = text.replace('+', " + ").replace('-', " - ");
        let mut sum = 0u64;
        let mut negative = false;
        for token in spaced.split_whitespace() {
            match token {
                "+" => negative = false,
                "-" => negative = true,
                _ => {
                    let term = self.term(token);
                    sum = if negative { sum.wrapping_sub(term) } else { sum.wrapping_add(term) };
                }
            }
        }
        sum
    }

    /// The pages of a major block by its name: `M2` is the second ever made.
    pub(crate) fn major(&self, name: &str) -> Option<PageRange> {
        let index = name.strip_prefix('M')?.parse::<usize>().ok()?.checked_sub(1)?;
        self.host.majors.get(index).copied()
    }

    fn term(&self, token: &str) -> u64 {
        match token {
            "NULL" => return 0,
            "PAGE_SIZE" => return PAGE_SIZE,
            "SIZE_MAX" => return u64::MAX,
            _ => {}
        }
        if let Some(major) = self.major(token) {
            return major.start();
        }
        let number = match token.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => token.parse().ok(),
        };
        let named = || self.names.get(token).copied();
        number.or_else(named).unwrap_or_else(|| panic!("neither a number nor a name: {token}"))
    }
}
