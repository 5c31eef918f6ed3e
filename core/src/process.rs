//! A process: the kernel's side and liballoc, a program in it. Runs a [`Call`].
//!
//! A [`Process`] is everything the playground knows at one moment: a value, without clock, I/O or
//! randomness. The same calls give the same bytes natively and in the browser, and a clone costs
//! next to nothing, for all that is large is shared until it is written.

use crate::abi::{MapFlags, Prot};
use crate::address::{Address, PAGE_SIZE};
use crate::call::{Call, Outcome, Returned, SignalInfo};
use crate::event::{Event, HeapEvent, HeapWarning};
use crate::fault::Fault;
use crate::heap::{Heap, HeapSetting};
use crate::kernel::{CallResult, Kernel, Refusal, Success};
use crate::liballoc::Host;
use crate::machine::Machine;
use crate::reason::Reason;
use crate::search::{HeapStep, Search};
use crate::syscall::MmapArguments;

/// `MAP_32BIT` of `sys/mman.h`: below 2 GiB.
const MAP_32BIT: u64 = 0x40;

/// One process on a machine.
///
/// A clone is a moment that is kept; what it shares with the original is copied when it is written.
///
/// ```
/// use mmap_playground_core::call::{Call, Returned, StoreValue, Width};
/// use mmap_playground_core::machine::Machine;
/// use mmap_playground_core::process::Process;
///
/// let mut process = Process::new(Machine::default());
/// // PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS
/// let call = Call::Mmap { addr: 0, length: 4096, prot: 3, flags: 0x22, fd: -1, offset: 0 };
/// let Returned::Value(p) = process.run(&call).returned else { panic!("it was refused") };
///
/// let before = process.clone();
/// let store = Call::Store { addr: p, value: StoreValue::Number(0x41, Width::One) };
/// let outcome = process.run(&store);
/// assert_eq!(outcome.events.len(), 1, "a page fault brings the first frame");
/// assert_ne!(process, before);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Process {
    /// Address space, frames, files.
    pub kernel: Kernel,
    /// The allocator; nothing before its first call.
    pub heap: Option<Heap>,
    /// Which allocator that is or will be.
    pub heap_setting: HeapSetting,
}

impl Process {
    /// A fresh process: nothing mapped but the machine's stack, an empty folder.
    pub fn new(machine: Machine) -> Process {
        Process { kernel: Kernel::new(machine), heap: None, heap_setting: HeapSetting::default() }
    }

    /// How a call of the allocator would go, step by step; nothing for other calls. The process
    /// stays as it is.
    pub fn watch(&self, call: &Call) -> Option<Search> {
        if !call.is_of_heap() {
            return None;
        }
        let mut copy = self.clone();
        let best_bet = |process: &Process| process.heap.as_ref().and_then(|it| it.books().best_bet);
        let mut search = Search { best_bet_before: best_bet(self), ..Search::default() };
        copy.heap_call(call, &mut Vec::new(), Some(&mut search));
        search.best_bet_after = best_bet(&copy);
        Some(search)
    }

    /// Runs one call.
    pub fn run(&mut self, call: &Call) -> Outcome {
        let mut events = Vec::new();
        let (returned, reason) = match self.system_call(call, &mut events) {
            Some(result) => result,
            None => self.program_call(call, &mut events),
        };
        Outcome { returned, reason, events }
    }

    /// The calls that the kernel answers; nothing for the others. Here an argument gets the type of
    /// its parameter: of an `int` the kernel sees the low half of the register
    /// (`SYSCALL_DEFINE`), of a string what lies before its first 0.
    fn system_call(
        &mut self,
        call: &Call,
        events: &mut Vec<Event>,
    ) -> Option<(Returned, Option<Reason>)> {
        let kernel = &mut self.kernel;
        let result = match *call {
            Call::Mmap { addr, length, prot, flags, fd, offset } => {
                let arguments = MmapArguments { addr, length, prot, flags, fd, offset };
                kernel.sys_mmap(arguments, events)
            }
            Call::Munmap { addr, length } => kernel.sys_munmap(addr, length, events),
            Call::Mprotect { addr, len, prot } => kernel.sys_mprotect(addr, len, prot, events),
            Call::Mremap { old_address, old_size, new_size, flags, new_address } => {
                kernel.sys_mremap(old_address, old_size, new_size, flags, new_address, events)
            }
            Call::Madvise { addr, length, advice } => {
                kernel.sys_madvise(addr, length, advice, events)
            }
            Call::Msync { addr, length, flags } => kernel.sys_msync(addr, length, flags as u32),
            Call::Brk { addr } => kernel.sys_brk(addr, events),
            Call::Open { ref path, flags, mode } => {
                kernel.sys_open(c_string(path), flags as u32, mode)
            }
            Call::Openat { dirfd, ref path, flags, mode } => {
                kernel.sys_openat(dirfd, c_string(path), flags as u32, mode)
            }
            Call::MemfdCreate { ref name, flags } => {
                kernel.sys_memfd_create(c_string(name), flags as u32)
            }
            Call::Close { fd } => kernel.sys_close(fd),
            Call::Ftruncate { fd, length } => kernel.sys_ftruncate(fd, length),
            Call::Pwrite64 { fd, ref data, count, offset } => {
                kernel.sys_pwrite64(fd, data, count, offset)
            }
            Call::Pread64 { fd, count, offset } => {
                return Some(match kernel.sys_pread64(fd, count, offset) {
                    Ok(read) => (Returned::Bytes { count: read.count, shown: read.shown }, None),
                    Err(refusal) => refused(refusal),
                });
            }
            _ => return None,
        };
        Some(answered(result))
    }

    /// What the program does by itself: accesses, and calls of its allocator.
    fn program_call(&mut self, call: &Call, events: &mut Vec<Event>) -> (Returned, Option<Reason>) {
        let kernel = &mut self.kernel;
        let result = match *call {
            Call::Load { addr, width } => {
                let mut bytes = [0; 8];
                kernel
                    .load(addr, &mut bytes[..width.bytes() as usize], events)
                    .map(|()| u64::from_le_bytes(bytes))
            }
            Call::Store { addr, ref value } => {
                kernel.store(addr, &value.bytes(), events).map(|()| 0)
            }
            Call::Fetch { addr } => kernel.fetch(addr, events).map(u64::from),
            Call::Memset { addr, byte, length } => {
                kernel.memset(addr, byte, length, events).map(|()| addr)
            }
            Call::Memcpy { dst, src, length } => {
                kernel.memcpy(dst, src, length, events).map(|()| dst)
            }
            _ => return self.heap_call(call, events, None),
        };
        match result {
            Ok(value) => (Returned::Value(value), None),
            Err(Fault { info, reason }) => (Returned::Signal(info), Some(reason)),
        }
    }

    /// The calls that the allocator answers.
    fn heap_call(
        &mut self,
        call: &Call,
        events: &mut Vec<Event>,
        watched: Option<&mut Search>,
    ) -> (Returned, Option<Reason>) {
        if !call.is_of_heap() {
            return (Returned::Skipped, None);
        }
        let bits = self.heap_setting.bits;
        let heap = self.heap.get_or_insert_with(|| Heap::new(self.heap_setting));
        let mut host = Program { kernel: &mut self.kernel, events, fault: None, bits, watched };
        let result = heap.run(&mut host, call);
        let fault = host.fault.take();
        match result {
            Ok(returned) => (returned.unwrap_or(Returned::Skipped), heap_surprise(events)),
            Err(info) => (Returned::Signal(info), fault),
        }
    }
}

/// A string as C has it.
fn c_string(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

fn answered(result: CallResult) -> (Returned, Option<Reason>) {
    match result {
        Ok(Success { value, surprise }) => (Returned::Value(value), surprise),
        Err(refusal) => refused(refusal),
    }
}

fn refused(refusal: Refusal) -> (Returned, Option<Reason>) {
    (Returned::Error(refusal.errno), Some(refusal.reason))
}

/// What the allocator found odd, if anything: its last warning or error.
fn heap_surprise(events: &[Event]) -> Option<Reason> {
    let mut asked = 0;
    let mut surprise = None;
    for event in events {
        let Event::Heap(event) = event else { continue };
        match *event {
            HeapEvent::PagesAsked { page_count, .. } => asked = page_count,
            HeapEvent::Warning(HeapWarning::FreeNull) => surprise = Some(Reason::HeapFreeNull),
            HeapEvent::Warning(HeapWarning::SizeZero) => surprise = Some(Reason::HeapSizeOverflow),
            HeapEvent::Warning(HeapWarning::PagesRefused) => {
                surprise = Some(Reason::HeapPagesRefused { page_count: asked });
            }
            HeapEvent::Error { header, magic, possible_overrun } => {
                surprise = Some(Reason::HeapBadMagic { header, magic, possible_overrun });
            }
            HeapEvent::Warning(HeapWarning::TooLarge) => surprise = Some(Reason::HeapTooLarge),
            HeapEvent::BadTags { header, tag, footer_differs } => {
                surprise = Some(Reason::HeapBadTags { header, tag, footer_differs });
            }
            HeapEvent::GaveUp { steps } => surprise = Some(Reason::HeapListCircles { steps }),
            _ => {}
        }
    }
    surprise
}

/// The program that the allocator is linked into: its loads and stores, and its two page hooks.
///
/// Differs: one compiled for 32 bits runs in a process of 64 here. Its page hook asks for pages
/// below 2 GiB with `MAP_32BIT`, so that its pointers have room in 4 bytes.
struct Program<'a> {
    kernel: &'a mut Kernel,
    events: &'a mut Vec<Event>,
    /// Why the signal came that ended the call.
    fault: Option<Reason>,
    /// Bits of its pointers.
    bits: u32,
    /// Where the steps of the call are told, if somebody watches.
    watched: Option<&'a mut Search>,
}

impl Program<'_> {
    fn note(&mut self, fault: Fault) -> SignalInfo {
        self.fault = Some(fault.reason);
        fault.info
    }

    /// Makes a system call, and puts it before what it caused.
    fn system_call(
        &mut self,
        call: Call,
        run: impl FnOnce(&mut Kernel, &mut Vec<Event>) -> CallResult,
    ) -> Result<u64, Refusal> {
        let mut caused = Vec::new();
        let result = run(self.kernel, &mut caused);
        let (returned, _) = answered(result.clone());
        self.step(HeapStep::SystemCall { call: call.clone(), returned: returned.clone() });
        let (call, returned) = (Box::new(call), Box::new(returned));
        self.events.push(Event::SystemCall { call, returned });
        self.events.extend(caused);
        result.map(|success| success.value)
    }

    /// An address as the program's registers hold it.
    const fn address(&self, address: Address) -> Address {
        if self.bits == 32 { address as u32 as Address } else { address }
    }

    fn munmap(&mut self, addr: Address, length: u64) -> Result<u64, Refusal> {
        self.system_call(Call::Munmap { addr, length }, |kernel, events| {
            kernel.sys_munmap(addr, length, events)
        })
    }
}

impl Host for Program<'_> {
    fn load(&mut self, address: Address, bytes: &mut [u8]) -> Result<(), SignalInfo> {
        let result = self.kernel.load(self.address(address), bytes, self.events);
        result.map_err(|fault| self.note(fault))
    }

    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<(), SignalInfo> {
        let result = self.kernel.store(self.address(address), bytes, self.events);
        result.map_err(|fault| self.note(fault))
    }

    /// The hook of liballoc's own Linux port: pages without rights first, then opened. The byte
    /// count is an `unsigned int` there.
    fn map_pages(&mut self, page_count: i32) -> Result<Option<Address>, SignalInfo> {
        let length = u64::from(page_count.wrapping_mul(PAGE_SIZE as i32) as u32);
        let prot = 0; // PROT_NONE
        let low = if self.bits == 32 { MAP_32BIT } else { 0 };
        let flags = MapFlags::PRIVATE | (MapFlags::NORESERVE | MapFlags::ANONYMOUS).bits() | low;
        let call = Call::Mmap { addr: 0, length, prot, flags, fd: -1, offset: 0 };
        let arguments = MmapArguments { addr: 0, length, prot, flags, fd: -1, offset: 0 };
        let mapped = self.system_call(call, |kernel, events| kernel.sys_mmap(arguments, events));
        let Ok(addr) = mapped else { return Ok(None) };
        let prot = Prot::RW.bits();
        let opened = self
            .system_call(Call::Mprotect { addr, len: length, prot }, |kernel, events| {
                kernel.sys_mprotect(addr, length, prot, events)
            });
        if opened.is_err() {
            let _ = self.munmap(addr, length);
            return Ok(None);
        }
        Ok(Some(addr))
    }

    /// The byte count is an `int` there, which `munmap` sees with its sign extended.
    fn unmap_pages(&mut self, address: Address, page_count: i32) -> i32 {
        let length = i64::from(page_count.wrapping_mul(PAGE_SIZE as i32)) as u64;
        if self.munmap(address, length).is_ok() { 0 } else { -1 }
    }

    fn event(&mut self, event: HeapEvent) {
        self.step(HeapStep::Event(event.clone()));
        self.events.push(Event::Heap(event));
    }

    fn step(&mut self, step: HeapStep) {
        if let Some(search) = &mut self.watched {
            search.push(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::PageRange;

    fn mmap(length: u64) -> Call {
        Call::Mmap { addr: 0, length, prot: 3, flags: 0x22, fd: -1, offset: 0 }
    }

    #[test]
    fn the_first_malloc_makes_two_system_calls() {
        let mut process = Process::new(Machine::default());
        let outcome = process.run(&Call::Malloc { size: 100 });
        assert_eq!(outcome.returned, Returned::Value(0x7fff_f7fe_f060));
        let calls = outcome.events.iter().filter(|e| matches!(e, Event::SystemCall { .. }));
        assert_eq!(calls.count(), 2);
        process.run(&Call::Free { ptr: 0x7fff_f7fe_f060 });
        assert_eq!(process.kernel.space.vmas().len(), 1);
    }

    #[test]
    fn a_terabyte_costs_one_vma_and_its_first_page_one_frame() {
        let mut process = Process::new(Machine::default());
        let call = Call::Mmap { addr: 0, length: 1 << 40, prot: 0, flags: 0x22, fd: -1, offset: 0 };
        let Returned::Value(at) = process.run(&call).returned else { panic!("refused") };
        assert_eq!(process.kernel.space.vmas().at(at).unwrap().range.size_bytes(), 1 << 40);
        assert_eq!(process.kernel.frames.used(), 0);
    }

    #[test]
    fn a_clone_keeps_its_moment() {
        let mut process = Process::new(Machine::default());
        let Returned::Value(at) = process.run(&mmap(8192)).returned else { panic!("refused") };
        let before = process.clone();
        process.run(&Call::Memset { addr: at, byte: 1, length: 8192 });
        let range = PageRange::spanning(at, 8192).unwrap();
        assert_eq!(before.kernel.space.table().resident_in(range), 0);
        assert_eq!(process.kernel.space.table().resident_in(range), 2);
        process.kernel.space.check(&process.kernel.frames);
        assert_ne!(before, process);
    }
}
