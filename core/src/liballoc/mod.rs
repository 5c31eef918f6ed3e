//! liballoc 1.1, decision for decision: a program in simulated memory.
//!
//! The heap is a list of *major blocks*, runs of pages got from a page hook; each holds a list of
//! *minor blocks*, one for every live `malloc`. Free space is whatever lies between minor blocks.
//!
//! ```text
//! major block                                                         next major block
//! ┌────────┬────────┬─────────┬┄┄┄┄┄┄┄┬────────┬─────────┬┄┄┄┄┄┄┄┄┐   ┌────────┬┄┄┄
//! │ header │ minor  │ payload │ hole  │ minor  │ payload │  room  │ → │ header │
//! └────────┴────────┴─────────┴┄┄┄┄┄┄┄┴────────┴─────────┴┄┄┄┄┄┄┄┄┘   └────────┴┄┄┄
//! ```
//!
//! [`Liballoc`] keeps only what the C library keeps in static variables. The headers are bytes in
//! simulated memory, reached through a [`Host`] one field at a time and in the original's order, so
//! that a header overwritten by the program misleads the allocator just as it does in C, a fault
//! leaves exactly what was written before it, and only the pages touched become resident.
//!
//! Widths: sizes in headers have 32 bits and wrap, and so has the difference of two of them;
//! addresses and sums inside `malloc` have 64, or 32 where the [`Layout`] is that of such a machine.
//! Nothing here looks at a page table, and no input panics or hangs.
//!
//! Differs: where lists run in a circle the original searches for ever; here the search is given up
//! with [`HeapEvent::GaveUp`], and NULL comes back. Locks are left out: there is one thread.
//!
//! Source: the design page on liballoc, and the outcomes recorded with the original library, which
//! `core/tests/liballoc.rs` compares operation by operation.

mod inspect;
pub mod layout;
mod malloc;
#[cfg(test)]
pub(crate) mod test_host;
#[cfg(test)]
mod test_table;

#[cfg(test)]
use crate as model;
use crate::address::{Address, PAGE_SIZE};
use crate::call::SignalInfo;
use crate::event::{HeapEvent, HeapWarning};
use crate::search::HeapStep;
use layout::{ALIGN_INFO, Field, LAYOUT_64, Layout, MAGIC_DEAD, MAGIC_LIVE, PADDING};

pub(crate) use inspect::Pages;
pub use inspect::{
    HeapLists, Known, Life, Look, MajorBlock, MinorBlock, Peek, inspect, inspect_again,
};
pub(crate) use malloc::Walk;

/// Fewest pages of a major block (`l_pageCount`).
pub const MIN_PAGE_COUNT: u32 = 16;

/// What the allocator runs on: the processor's loads and stores, and the page hooks.
///
/// A signal ends the running call; what was stored before stays.
pub trait Host {
    /// Loads bytes: as one access of the processor if there are 8 or fewer; more lie in one page.
    ///
    /// # Errors
    /// The signal, if some byte may not be read.
    fn load(&mut self, address: Address, bytes: &mut [u8]) -> Result<(), SignalInfo>;

    /// Stores bytes: as one access of the processor if there are 8 or fewer; more lie in one page.
    ///
    /// # Errors
    /// The signal, if some byte may not be written; then nothing is stored.
    fn store(&mut self, address: Address, bytes: &[u8]) -> Result<(), SignalInfo>;

    /// The hook `liballoc_alloc(int pages)`: the first address of new pages, or nothing if refused.
    ///
    /// # Errors
    /// A signal that came while the hook ran.
    fn map_pages(&mut self, page_count: i32) -> Result<Option<Address>, SignalInfo>;

    /// The hook `liballoc_free(void *address, int pages)`: 0, or another number if refused.
    fn unmap_pages(&mut self, address: Address, page_count: i32) -> i32;

    /// Takes note of what the allocator looked at and did.
    fn event(&mut self, event: HeapEvent);

    /// Takes note of a step too small for an event: a gap that was measured, a field that was
    /// written. Only a host that is watched cares; there are many of them.
    fn step(&mut self, _step: HeapStep) {}
}

/// The static variables of the library. Any values are possible.
///
/// It runs on whatever [`Host`] it is given; here on a few pages of bytes:
///
/// ```
/// use mmap_playground_core::call::SignalInfo;
/// use mmap_playground_core::event::HeapEvent;
/// use mmap_playground_core::liballoc::{Host, Liballoc};
///
/// struct Bytes(Vec<u8>);
///
/// impl Host for Bytes {
///     fn load(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), SignalInfo> {
///         bytes.copy_from_slice(&self.0[address as usize..][..bytes.len()]);
///         Ok(())
///     }
///     fn store(&mut self, address: u64, bytes: &[u8]) -> Result<(), SignalInfo> {
///         self.0[address as usize..][..bytes.len()].copy_from_slice(bytes);
///         Ok(())
///     }
///     fn map_pages(&mut self, page_count: i32) -> Result<Option<u64>, SignalInfo> {
///         let start = self.0.len();
///         self.0.resize(start + page_count as usize * 4096, 0);
///         Ok(Some(start as u64))
///     }
///     fn unmap_pages(&mut self, _: u64, _: i32) -> i32 {
///         0
///     }
///     fn event(&mut self, _: HeapEvent) {}
/// }
///
/// let mut host = Bytes(vec![0; 4096]); // address 0 is NULL
/// let mut heap = Liballoc::default();
/// let block = heap.malloc(&mut host, 100).unwrap();
/// // 16 pages; 100 bytes, and 32 that align them.
/// assert_eq!((heap.allocated, heap.in_use), (65536, 132));
/// heap.free(&mut host, block).unwrap();
/// assert_eq!(heap.in_use, 0);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Liballoc {
    /// How the library was compiled.
    pub layout: &'static Layout,
    /// The first major block (`l_memRoot`).
    pub root: Option<Address>,
    /// The major block believed to have the most room (`l_bestBet`).
    pub best_bet: Option<Address>,
    /// Bytes of all major blocks (`l_allocated`).
    pub allocated: u64,
    /// Bytes of all minor blocks without their headers (`l_inuse`).
    pub in_use: u64,
    /// Calls that were odd (`l_warningCount`).
    pub warnings: u64,
    /// Blocks passed in whose magic number was wrong (`l_errorCount`).
    pub errors: u64,
    /// Those of them that looked like an overrun (`l_possibleOverruns`).
    pub possible_overruns: u64,
}

impl Default for Liballoc {
    fn default() -> Liballoc {
        Liballoc::new(&LAYOUT_64)
    }
}

impl Liballoc {
    /// The library before its first call, compiled for one kind of machine.
    pub const fn new(layout: &'static Layout) -> Liballoc {
        Liballoc {
            layout,
            root: None,
            best_bet: None,
            allocated: 0,
            in_use: 0,
            warnings: 0,
            errors: 0,
            possible_overruns: 0,
        }
    }

    /// `malloc(size)`: the payload's address, or 0.
    ///
    /// # Errors
    /// The signal that a load or a store of the allocator ended in.
    pub fn malloc(&mut self, host: &mut dyn Host, size: u64) -> Result<Address, SignalInfo> {
        let result = self.allocate(host, self.layout.wrap(size));
        or_given_up(host, result)
    }

    /// `calloc(nmemb, size)`: the payload's address, or 0.
    ///
    /// # Errors
    /// The signal that a load or a store of the allocator ended in, as when it clears from NULL on.
    pub fn calloc(
        &mut self,
        host: &mut dyn Host,
        nmemb: u64,
        size: u64,
    ) -> Result<Address, SignalInfo> {
        // The product is kept in an `int`, and widened with its sign for `malloc` and for clearing.
        let l = self.layout;
        let bytes = l.wrap(nmemb.wrapping_mul(size) as i32 as u64);
        let result = self.allocate(host, bytes).and_then(|payload| {
            clear(host, l, payload, bytes)?;
            Ok(payload)
        });
        or_given_up(host, result)
    }

    /// `realloc(ptr, size)`: the payload's address, or 0.
    ///
    /// # Errors
    /// The signal that a load or a store of the allocator ended in, as when it copies to NULL.
    pub fn realloc(
        &mut self,
        host: &mut dyn Host,
        ptr: Address,
        size: u64,
    ) -> Result<Address, SignalInfo> {
        let l = self.layout;
        let (ptr, size) = (l.wrap(ptr), l.wrap(size));
        if size == 0 {
            self.free(host, ptr)?;
            return Ok(0);
        }
        if ptr == 0 {
            return self.malloc(host, size);
        }
        let header = header_of(host, l, ptr)?;
        if !self.check_live(host, header)? {
            return Ok(0);
        }
        let old_size = get(host, header, l.minor.req_size)?;
        if old_size >= size {
            put(host, header, l.minor.req_size, size)?;
            return Ok(ptr);
        }
        let result = self.allocate(host, size).and_then(|payload| {
            copy(host, l, payload, ptr, old_size)?;
            self.free(host, ptr)?;
            Ok(payload)
        });
        or_given_up(host, result)
    }

    /// `free(ptr)`.
    ///
    /// # Errors
    /// The signal that a load or a store of the allocator ended in.
    pub fn free(&mut self, host: &mut dyn Host, ptr: Address) -> Result<(), SignalInfo> {
        let l = self.layout;
        let ptr = l.wrap(ptr);
        if ptr == 0 {
            self.warn(host, HeapWarning::FreeNull);
            return Ok(());
        }
        let header = header_of(host, l, ptr)?;
        if !self.check_live(host, header)? {
            return Ok(());
        }
        let major = get(host, header, l.minor.owner)?;
        let size = get(host, header, l.minor.size)?;
        self.in_use = self.in_use.wrapping_sub(size);
        let usage = get(host, major, l.major.usage)?;
        put(host, major, l.major.usage, usage.wrapping_sub(size + l.minor_bytes))?;
        put(host, header, l.minor.magic, MAGIC_DEAD.into())?;

        // Values are read anew each time: through a wrecked pointer the stores may have hit them.
        if let Some(next) = get_pointer(host, header, l.minor.next)? {
            let prev = get(host, header, l.minor.prev)?;
            put(host, next, l.minor.prev, prev)?;
        }
        if let Some(prev) = get_pointer(host, header, l.minor.prev)? {
            let next = get(host, header, l.minor.next)?;
            put(host, prev, l.minor.next, next)?;
        }
        if get_pointer(host, header, l.minor.prev)?.is_none() {
            let next = get(host, header, l.minor.next)?;
            put(host, major, l.major.first, next)?;
        }
        host.event(HeapEvent::Unlinked { header });

        match get_pointer(host, major, l.major.first)? {
            None => self.return_major(host, major),
            Some(_) => self.compare_freed_in(host, major),
        }
    }

    /// Takes an empty major block out of the list and gives its pages back.
    fn return_major(&mut self, host: &mut dyn Host, major: Address) -> Result<(), SignalInfo> {
        let l = self.layout;
        if self.root == Some(major) {
            self.root = get_pointer(host, major, l.major.next)?;
        }
        if self.best_bet == Some(major) {
            self.set_best_bet(host, None);
        }
        if let Some(prev) = get_pointer(host, major, l.major.prev)? {
            let next = get(host, major, l.major.next)?;
            put(host, prev, l.major.next, next)?;
        }
        if let Some(next) = get_pointer(host, major, l.major.next)? {
            let prev = get(host, major, l.major.prev)?;
            put(host, next, l.major.prev, prev)?;
        }
        self.allocated = self.allocated.wrapping_sub(get(host, major, l.major.size)?);
        let page_count = get(host, major, l.major.pages)? as u32;
        let result = host.unmap_pages(major, page_count as i32);
        host.event(HeapEvent::PagesReturned { major, page_count, result });
        Ok(())
    }

    /// Moves the best bet to a major block that a `free` gave more room than the best bet has. Both
    /// are compared as signed numbers of 32 bits, so that 2 GiB of room count as negative.
    fn compare_freed_in(&mut self, host: &mut dyn Host, major: Address) -> Result<(), SignalInfo> {
        if let Some(best_bet) = self.best_bet {
            let best_room = room(host, self.layout, best_bet)? as i32;
            let room = room(host, self.layout, major)? as i32;
            host.step(HeapStep::FreedIn { major, room, best_bet, best_room });
            if room > best_room {
                self.set_best_bet(host, Some(major));
            }
        }
        Ok(())
    }

    /// Says whether a header has the live magic number, and counts an error if not.
    ///
    /// The guess at an overrun asks whether the number's lowest one, two or three bytes are intact;
    /// the lowest alone decides.
    fn check_live(&mut self, host: &mut dyn Host, header: Address) -> Result<bool, SignalInfo> {
        let magic = get(host, header, self.layout.minor.magic)? as u32;
        if magic == MAGIC_LIVE {
            return Ok(true);
        }
        let possible_overrun = magic as u8 == MAGIC_LIVE as u8;
        self.errors = self.errors.wrapping_add(1);
        self.possible_overruns = self.possible_overruns.wrapping_add(possible_overrun.into());
        host.event(HeapEvent::Error { header, magic, possible_overrun });
        Ok(false)
    }

    fn set_best_bet(&mut self, host: &mut dyn Host, after: Option<Address>) {
        let before = std::mem::replace(&mut self.best_bet, after);
        if before != after {
            host.event(HeapEvent::BestBet { before, after });
        }
    }

    fn warn(&mut self, host: &mut dyn Host, warning: HeapWarning) {
        self.warnings = self.warnings.wrapping_add(1);
        host.event(HeapEvent::Warning(warning));
    }
}

/// Why a call ended before its time.
pub(crate) enum Stop {
    Signal(SignalInfo),
    /// The original would go on for ever.
    Endless {
        steps: u64,
    },
}

impl From<SignalInfo> for Stop {
    fn from(signal: SignalInfo) -> Stop {
        Stop::Signal(signal)
    }
}

/// Turns what would never end into NULL.
pub(crate) fn or_given_up(
    host: &mut dyn Host,
    result: Result<Address, Stop>,
) -> Result<Address, SignalInfo> {
    match result {
        Ok(address) => Ok(address),
        Err(Stop::Signal(signal)) => Err(signal),
        Err(Stop::Endless { steps }) => {
            host.event(HeapEvent::GaveUp { steps });
            Ok(0)
        }
    }
}

/// The header that belongs to a payload, as the information byte before the payload gives it. The
/// byte is a signed `char`: what is not 0 to 31 is not believed, and the pointer taken as it is.
fn header_of(host: &mut dyn Host, l: &Layout, payload: Address) -> Result<Address, SignalInfo> {
    let mut byte = [0];
    host.load(l.wrap(payload.wrapping_sub(ALIGN_INFO)), &mut byte)?;
    let distance = byte[0] as i8 as u64;
    let believed = distance < PADDING;
    let header_end = if believed { payload.wrapping_sub(distance) } else { payload };
    let header = l.wrap(header_end.wrapping_sub(l.minor_bytes));
    host.step(HeapStep::HeaderOf { payload, byte: byte[0], believed, header });
    Ok(header)
}

/// Room of a major block: the difference of two `unsigned int`, which wraps in 32 bits.
fn room(host: &mut dyn Host, l: &Layout, major: Address) -> Result<u32, SignalInfo> {
    let size = get(host, major, l.major.size)? as u32;
    let usage = get(host, major, l.major.usage)? as u32;
    Ok(size.wrapping_sub(usage))
}

/// Reads a field of a header.
pub(crate) fn get(host: &mut dyn Host, header: Address, field: Field) -> Result<u64, SignalInfo> {
    let mut bytes = [0; 8];
    host.load(header.wrapping_add(field.offset), &mut bytes[..field.width as usize])?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads a field that holds a pointer; NULL is nothing.
pub(crate) fn get_pointer(
    host: &mut dyn Host,
    header: Address,
    field: Field,
) -> Result<Option<Address>, SignalInfo> {
    Ok(Some(get(host, header, field)?).filter(|&pointer| pointer != 0))
}

/// Writes a field of a header: the value's lowest bytes.
pub(crate) fn put(
    host: &mut dyn Host,
    header: Address,
    field: Field,
    value: u64,
) -> Result<(), SignalInfo> {
    let address = header.wrapping_add(field.offset);
    host.store(address, &value.to_le_bytes()[..field.width as usize])?;
    host.step(HeapStep::Wrote { field: field.name, address, width: field.width, value });
    Ok(())
}

/// Clears bytes in ascending order, a page's at a time: the bytes of a page fault together or not
/// at all. A length of more than 32 bits would never end, for the original counts in 32; it ends in
/// a fault sooner.
pub(crate) fn clear(
    host: &mut dyn Host,
    l: &Layout,
    start: Address,
    length: u64,
) -> Result<(), Stop> {
    const ZEROS: [u8; PAGE_SIZE as usize] = [0; PAGE_SIZE as usize];
    let limit = 1 << 32;
    let mut done = 0;
    while done < length.min(limit) {
        let at = l.wrap(start.wrapping_add(done));
        let chunk = (length - done).min(rest_of_page(at));
        host.store(at, &ZEROS[..chunk as usize])?;
        done += chunk;
    }
    host.step(HeapStep::Cleared { address: start, bytes: length });
    if length < limit { Ok(()) } else { Err(Stop::Endless { steps: limit }) }
}

/// Copies as the original does: units of 4 bytes in ascending order, then the last bytes singly.
/// Units that lie within the same two pages go in one piece, unless they overlap.
pub(crate) fn copy(
    host: &mut dyn Host,
    l: &Layout,
    to: Address,
    from: Address,
    length: u64,
) -> Result<(), SignalInfo> {
    const UNIT: u64 = 4;
    // A unit must not be read before the units before it are written.
    let apart = match to.wrapping_sub(from) {
        0 => u64::MAX,
        distance => distance,
    };
    let mut buffer = [0; PAGE_SIZE as usize];
    let mut done = 0;
    while done < length {
        let (source, target) = (l.wrap(from.wrapping_add(done)), l.wrap(to.wrapping_add(done)));
        let left = length - done;
        let unit = if left >= UNIT { UNIT } else { 1 };
        let whole = left.min(apart).min(rest_of_page(source)).min(rest_of_page(target));
        let chunk = (whole - whole % unit).max(unit);
        let bytes = &mut buffer[..chunk as usize];
        host.load(source, bytes)?;
        host.store(target, bytes)?;
        done += chunk;
    }
    host.step(HeapStep::Copied { from, to, bytes: length });
    Ok(())
}

/// Bytes from an address to the end of its page.
fn rest_of_page(address: Address) -> u64 {
    PAGE_SIZE - address % PAGE_SIZE
}

#[cfg(test)]
mod tests {
    use super::test_host::Machine;
    use super::test_table::check;

    #[test]
    fn free_takes_the_header_from_the_information_byte_if_it_can_be_one() {
        // The distance is 16 at the first block. Anything below 32 is believed, the rest is not.
        check(
            "a = malloc(100)
             b = malloc(100)
             store(a - 16, 15)
             free(a) | sums          => void | 65536 264 0 1 0 M1
             store(a - 16, 32)
             free(a) | sums          => void | 65536 264 0 2 0 M1
             store(a - 16, 127)
             free(a) | sums          => void | 65536 264 0 3 0 M1
             store(a - 16, 128)
             free(a) | sums          => void | 65536 264 0 4 0 M1
             store(a - 16, 144)
             free(a) | sums          => void | 65536 264 0 5 0 M1
             store(a, 32)
             free(a + 16) | sums     => void | 65536 264 0 6 0 M1
             store(a - 16, 16)
             free(a) | sums          => void | 65536 132 0 6 0 M1",
        );
        // The bare end of a header is accepted: the byte before it is of the magic number.
        check("a = malloc(100)\n free(a - 16) | sums => void | 0 0 0 0 0 NULL");
        // What lies 16 bytes before a pointer into user data counts as well.
        check(
            "a = malloc(200)
             b = malloc(1)
             store(a + 84, 100)
             free(a + 100) | sums    => void | 65536 265 0 1 0 M1
             store(a + 4, 20)
             free(a + 20) | sums     => void | 65536 265 0 2 0 M1
             store(a - 12, 20)
             free(a + 4) | sums      => void | 65536 33 0 2 0 M1",
        );
    }

    #[test]
    fn an_overrun_is_guessed_from_the_lowest_byte_of_the_magic_number() {
        for (offset, value, sums) in [
            (24, 0, "65536 164 0 1 0 M1"),
            (25, 0, "65536 164 0 1 1 M1"),
            (26, 0, "65536 164 0 1 1 M1"),
            (27, 0, "65536 164 0 1 1 M1"),
            (24, 0xde, "65536 32 0 0 0 M1"),
        ] {
            check(&format!(
                "a = malloc(100)
                 b = malloc(0)
                 store(a - 56 + {offset}, {value})
                 free(a) | sums      => void | {sums}"
            ));
        }
        // realloc counts by the same rule. A dead block's number ends in 0xad.
        check(
            "a = malloc(100)
             b = malloc(0)
             free(a)
             free(a) | sums          => void | 65536 32 0 1 0 M1
             realloc(a, 10) | sums   => NULL | 65536 32 0 2 0 M1
             store(a - 32, 0x00de, 2)
             realloc(a, 10) | sums   => NULL | 65536 32 0 3 1 M1",
        );
    }

    #[test]
    fn a_second_free_depends_on_what_became_of_the_block() {
        check(
            "a = malloc(100)
             b = malloc(100)
             free(a)
             c = malloc(50)          => M1+0x60
             free(a) | M1            => void | 16 pages, usage 212: 212+132/100
             free(c) | sums          => void | 65536 132 0 1 0 M1",
        );
        check(
            "a = malloc(100)
             free(a) | hooks         => void | unmap M1 16 0
             b = malloc(100)         => M2+0x60
             free(a) | sums          => void | 0 0 0 0 0 NULL
             free(b)                 => SIGSEGV SEGV_MAPERR 0x7ffff7fef050",
        );
    }

    #[test]
    fn a_fault_in_free_leaves_what_was_written_before_it() {
        // A wild owner: only in_use was lowered.
        check(
            "a = malloc(100)
             b = malloc(50)
             store(M1 + 212 + 16, 0x1000, 8)
             free(b)                 => SIGSEGV SEGV_MAPERR 0x1018
             sums | M1               => 65536 132 0 0 0 M1 | 16 pages, usage 334: 40+132/100 212+82/50",
        );
        // A wild prev: the block is dead and the books are done, but it is still linked.
        check(
            "a = malloc(100)
             b = malloc(50)
             store(M1 + 212, 0x1000, 8)
             free(b)                 => SIGSEGV SEGV_MAPERR 0x1008
             sums                    => 65536 132 0 0 0 M1
             M1                      => 16 pages, usage 212: 40+132/100 212+82/50!0xdeaddead",
        );
        // A wild next comes before prev.
        check(
            "a = malloc(100)
             b = malloc(50)
             store(M1 + 212, 0x1000, 8)
             store(M1 + 220, 0x8000000000000000, 8)
             free(b)                 => SIGSEGV SI_KERNEL 0x0",
        );
    }

    #[test]
    fn a_damaged_size_makes_the_books_wrap() {
        check(
            "a = malloc(100)
             b = malloc(50)
             store(M1 + 212 + 28, 1000, 4)
             free(b) | sums          => void | 65536 18446744073709550830 0 0 0 M1
             M1                      => 16 pages, usage 4294966590: 40+132/100
             c = malloc(70000)       => M2+0x60
             sums                    => 139264 69246 0 0 0 M1",
        );
    }

    #[test]
    fn a_forged_header_frees_a_major_block_or_bends_its_list() {
        let forge = "a = malloc(200)
             store(a + 16, 0, 8)
             store(a + 24, 0, 8)
             store(a + 32, M1, 8)
             store(a + 40, 0xc001c0de, 4)
             store(a + 44, 10, 4)";
        check(&format!(
            "{forge}
             free(a + 56) | hooks    => void | unmap M1 16 0
             sums                    => 0 222 0 0 0 NULL"
        ));
        // Between the first block and itself, it makes the list a circle; a gap backwards is huge.
        check(&format!(
            "{forge}
             store(a + 24, M1 + 40, 8)
             store(a + 16, M1 + 40, 8)
             free(a + 56) | hooks    => void |
             M1                      => 16 pages, usage 262: 40+232/200 broken
             b = malloc(1)           => M1+0x170
             M1                      => 16 pages, usage 335: 40+232/200 312+33/1 broken"
        ));
    }

    #[test]
    fn realloc_keeps_the_block_up_to_the_size_that_it_remembers() {
        check(
            "a = malloc(100)
             realloc(a, 60) | M1     => M1+0x60 | 16 pages, usage 212: 40+132/60
             realloc(a, 61) | M1     => M1+0x110 | 16 pages, usage 173: 212+93/61",
        );
        check(
            "a = malloc(100)
             store(M1 + 40 + 32, 5000, 4)
             realloc(a, 5000) | M1   => M1+0x60 | 16 pages, usage 212: 40+132/5000",
        );
        check(
            "realloc(NULL, 0) | sums => NULL | 0 0 1 0 0 NULL
             a = realloc(NULL, 10)   => M1+0x60
             realloc(a, 0) | sums    => NULL | 0 0 1 0 0 NULL",
        );
        // Everything that was asked for is copied, the odd bytes at the end too.
        check(
            "a = malloc(7)
             store(a, 0x11223344556677, 8)
             b = realloc(a, 8)       => M1+0xb0
             load(b, 8)              => 0x11223344556677",
        );
        // A damaged req_size makes it read on into what it has just written, 96 bytes further up.
        check(
            "a = malloc(16)
             store(a, 0x11)
             store(M1 + 40 + 32, 200, 4)
             b = realloc(a, 300)     => M1+0xc0
             load(b + 96)            => 0x11
             load(b + 192)           => 0x11",
        );
    }

    #[test]
    fn realloc_to_4_gib_and_more_copies_into_a_tiny_block() {
        check(
            "a = malloc(100)
             store(a + 96, 0x41414141, 4)
             b = realloc(a, 4294967306)
             hooks                   => map 16 M2, unmap M1 16 0
             sums                    => 65536 4294967338 0 0 0 NULL
             M2                      => 16 pages, usage 122: 40+42/10
             load(M2 + 0x60 + 96, 4) => 0x41414141",
        );
    }

    #[test]
    fn without_memory_calloc_and_realloc_write_to_null() {
        check(
            "hookfail(2)
             calloc(1, 10) | sums    => SIGSEGV SEGV_MAPERR 0x0 | 0 0 1 0 0 NULL
             calloc(0, 10) | sums    => NULL | 0 0 2 0 0 NULL
             a = malloc(100)
             z = malloc(0)
             hookfail(2)
             realloc(a, 70000)       => SIGSEGV SEGV_MAPERR 0x0
             M1                      => 16 pages, usage 284: 40+132/100 212+32/0
             realloc(z, 70000)       => NULL
             M1 | sums               => 16 pages, usage 212: 40+132/100 | 65536 132 4 0 0 M1",
        );
    }

    #[test]
    fn calloc_keeps_its_product_as_a_signed_number_of_32_bits() {
        check(
            "a = calloc(65536, 65536) | M1 => M1+0x60 | 16 pages, usage 112: 40+32/0
             b = calloc(65537, 65536) | M2 => M2+0x60 | 17 pages, usage 65648: 40+65568/65536
             resident M2             => 0+17",
        );
        // −1 bytes: a block of 31, cleared to the end of its major block and off it.
        check(
            "a = malloc(100)
             store(a + 60000, 1)
             calloc(4294967295, 1)   => SIGSEGV SEGV_MAPERR 0x7ffff7fff000
             M1 | resident M1        => 16 pages, usage 283: 40+132/100 212+31/4294967295 | 0+16
             load(a + 60000)         => 0x0
             sums                    => 65536 163 0 0 0 M1",
        );
    }

    #[test]
    fn a_major_block_with_2_gib_of_room_looks_negative_to_free() {
        check(
            "a = malloc(3000000000)
             x = malloc(100)         => M1+0xb2d05eb0
             b = malloc(60000)       => M2+0x60
             c = malloc(1000)        => M2+0xeb10
             sums                    => 3000066048 3000061228 0 0 0 M2
             free(a) | sums          => void | 3000066048 61196 0 0 0 M2
             d = malloc(10000)       => M1+0x60
             sums                    => 3000066048 71228 0 0 0 M1
             free(c) | sums          => void | 3000066048 70196 0 0 0 M2",
        );
    }

    #[test]
    fn no_bytes_in_the_headers_make_it_panic_or_hang() {
        let mut state = 1u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        for _ in 0..300 {
            let mut machine = Machine::new();
            for name in 0..60 {
                let size = [random(300), random(70000), u64::MAX - random(100)][random(3) as usize];
                let (a, b) = (random(name + 1), random(name + 1));
                machine.run(&format!("p{name} = malloc({size})"));
                let target = 0x7fff_f7fe_f000 + random(0x400);
                let line = match random(6) {
                    0 => format!("store({target}, {}, 8)", 0x7fff_f7fe_f000 + random(0x400)),
                    1 => format!("store({target}, {}, 4)", random(1 << 31)),
                    2 => format!("store({target}, p{a} - 56, 8)"),
                    3 => format!("free(p{a})"),
                    4 => format!("p{b} = realloc(p{a}, {size})"),
                    _ => format!("free(p{a} + {})", random(64)),
                };
                machine.run(&line);
                machine.lists();
            }
        }
    }
}
