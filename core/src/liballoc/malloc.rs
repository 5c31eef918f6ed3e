//! How `malloc` searches and places.
//!
//! The search starts at the best bet if that seems to have room, else at the root, and takes the
//! first hole that is large enough:
//!
//! ```text
//! major block    ┌────────┬┄┄┄┄┄┄┄┬───────┬┄┄┄┄┄┄┄┄┄┬───────┬┄┄┄┄┄┄┐
//!                │ header │ Front │ minor │ Between │ minor │ End  │      empty: EmptyMajor
//!                └────────┴┄┄┄┄┄┄┄┴───────┴┄┄┄┄┄┄┄┄┄┴───────┴┄┄┄┄┄┄┘
//! ```
//!
//! Free bytes are counted for a whole major block (its *room*), so that one without enough is
//! passed over unseen, and one with enough in pieces is searched in vain.

use super::layout::{ALIGN_INFO, ALIGNMENT, Field, Layout, MAGIC_LIVE, PADDING};
use super::{Host, Liballoc, MIN_PAGE_COUNT, Stop, get, get_pointer, put, room};
use crate::address::{Address, PAGE_SIZE};
use crate::call::SignalInfo;
use crate::event::{HeapEvent, HeapWarning, PlaceCase};
use crate::limits::WALKED_BLOCKS;
use crate::search::HeapStep;

/// Where a block goes.
enum Place {
    /// At the start of a major block without minor blocks.
    EmptyMajor,
    /// At the start of a major block, before its first minor block.
    Front { first: Address },
    /// Right behind a minor block that has another behind it.
    Between { before: Address },
    /// Right behind the last minor block.
    End { last: Address },
}

/// Where the search goes after a major block that did not do.
enum Onward {
    /// To one in the list.
    Listed(Address),
    /// To a new one, now the last of the list.
    New(Address),
    /// Nowhere: no pages to be had.
    Refused,
}

impl Liballoc {
    /// `malloc`: the payload's address, or 0.
    pub(super) fn allocate(&mut self, host: &mut dyn Host, request: u64) -> Result<Address, Stop> {
        let l = self.layout;
        let size = l.wrap(request.wrapping_add(PADDING));
        if size == 0 {
            self.warn(host, HeapWarning::SizeZero);
            return self.allocate(host, 1);
        }
        let need = l.wrap(size.wrapping_add(l.minor_bytes));
        let root = match self.root {
            Some(root) => root,
            None => match self.new_major(host, size)? {
                Some(root) => *self.root.insert(root),
                None => return Ok(0),
            },
        };

        let mut best_room = 0;
        let mut major = root;
        let mut restart = None;
        if let Some(best_bet) = self.best_bet {
            best_room = u64::from(room(host, l, best_bet)?);
            if best_room > need {
                major = best_bet;
                restart = Some(root);
            }
        }
        let at_best_bet = restart.is_some();
        let best_bet = self.best_bet;
        host.step(HeapStep::Search { need, best_bet, best_room, start: major, at_best_bet });
        let mut walk = Walk::default();
        loop {
            walk.step(major)?;
            let room = u64::from(room(host, l, major)?);
            host.event(HeapEvent::VisitMajor { major, room, need });
            if room > best_room {
                self.set_best_bet(host, Some(major));
                best_room = room;
            }
            if room < need {
                match self.onward(host, major, size, &mut restart, &mut walk)? {
                    Onward::Listed(next) => {
                        major = next;
                        continue;
                    }
                    // It takes the block without being visited: the best bet is not asked.
                    Onward::New(new) => major = new,
                    Onward::Refused => return Ok(0),
                }
            }
            if let Some(place) = find_place(host, l, major, need)? {
                return Ok(self.place(host, major, place, request, size)?);
            }
            match self.onward(host, major, size, &mut restart, &mut walk)? {
                Onward::Listed(next) | Onward::New(next) => major = next,
                Onward::Refused => return Ok(0),
            }
        }
    }

    /// Finds the major block to look at next: the next of the list; behind the last one the root,
    /// if the search has not been there; else a new one.
    fn onward(
        &mut self,
        host: &mut dyn Host,
        major: Address,
        size: u64,
        restart: &mut Option<Address>,
        walk: &mut Walk,
    ) -> Result<Onward, SignalInfo> {
        let l = self.layout;
        if let Some(next) = get_pointer(host, major, l.major.next)? {
            return Ok(Onward::Listed(next));
        }
        if let Some(root) = restart.take() {
            host.event(HeapEvent::Restart);
            *walk = Walk::default();
            return Ok(Onward::Listed(root));
        }
        let new = self.new_major(host, size)?;
        put(host, major, l.major.next, new.unwrap_or(0))?;
        let Some(new) = new else { return Ok(Onward::Refused) };
        put(host, new, l.major.prev, major)?;
        Ok(Onward::New(new))
    }

    /// Asks for the pages of a major block that can hold a block of this padded size, and writes
    /// its header. All sums have 32 bits: a larger size gets pages for its lowest 32.
    fn new_major(&mut self, host: &mut dyn Host, size: u64) -> Result<Option<Address>, SignalInfo> {
        let l = self.layout;
        let bytes = (size as u32).wrapping_add((l.major_bytes + l.minor_bytes) as u32);
        let page_count = bytes.div_ceil(PAGE_SIZE as u32).max(MIN_PAGE_COUNT);
        let major = host.map_pages(page_count as i32)?;
        host.event(HeapEvent::PagesAsked { page_count, major });
        let Some(major) = major else {
            self.warn(host, HeapWarning::PagesRefused);
            return Ok(None);
        };
        let major_size = page_count.wrapping_mul(PAGE_SIZE as u32).into();
        let fields = l.major;
        put(host, major, fields.prev, 0)?;
        put(host, major, fields.next, 0)?;
        put(host, major, fields.pages, page_count.into())?;
        put(host, major, fields.size, major_size)?;
        put(host, major, fields.usage, l.major_bytes)?;
        put(host, major, fields.first, 0)?;
        self.allocated = self.allocated.wrapping_add(major_size);
        Ok(Some(major))
    }

    /// Writes the header of a new block, links it and keeps the books, each case in its own order.
    fn place(
        &mut self,
        host: &mut dyn Host,
        major: Address,
        place: Place,
        request: u64,
        size: u64,
    ) -> Result<Address, SignalInfo> {
        let l = self.layout;
        let in_front = l.wrap(major.wrapping_add(l.major_bytes));
        let fields = l.minor;
        let magic = (fields.magic, MAGIC_LIVE.into());
        let owner = (fields.owner, major);
        let sizes = [(fields.size, size), (fields.req_size, request)];
        let (case, header) = match place {
            Place::EmptyMajor => {
                put(host, major, l.major.first, in_front)?;
                put_all(host, in_front, &[magic, (fields.prev, 0), (fields.next, 0), owner])?;
                put_all(host, in_front, &sizes)?;
                (PlaceCase::EmptyMajor, in_front)
            }
            Place::Front { first } => {
                put(host, first, fields.prev, in_front)?;
                put(host, in_front, fields.next, first)?;
                put(host, major, l.major.first, in_front)?;
                put_all(host, in_front, &[magic, (fields.prev, 0), owner])?;
                put_all(host, in_front, &sizes)?;
                (PlaceCase::Front, in_front)
            }
            Place::End { last } => {
                let header = block_end(host, l, last)?;
                put(host, last, fields.next, header)?;
                put_all(host, header, &[(fields.prev, last), (fields.next, 0), magic, owner])?;
                put_all(host, header, &sizes)?;
                (PlaceCase::End, header)
            }
            Place::Between { before } => {
                let header = block_end(host, l, before)?;
                put_all(host, header, &[magic])?;
                let next = get(host, before, fields.next)?;
                put_all(host, header, &[(fields.next, next), (fields.prev, before)])?;
                put_all(host, header, &sizes)?;
                put_all(host, header, &[owner])?;
                let next = get(host, before, fields.next)?;
                put(host, next, fields.prev, header)?;
                put(host, before, fields.next, header)?;
                (PlaceCase::Between, header)
            }
        };
        let usage = get(host, major, l.major.usage)?;
        let used = size.wrapping_add(l.minor_bytes);
        put(host, major, l.major.usage, usage.wrapping_add(used))?;
        self.in_use = self.in_use.wrapping_add(size);

        let header_end = header.wrapping_add(l.minor_bytes);
        let payload = l.wrap(payload_behind(header_end));
        let distance = payload.wrapping_sub(header_end) as u8;
        let byte = Field { name: "alignment", offset: 0, width: 1 };
        put(host, l.wrap(payload.wrapping_sub(ALIGN_INFO)), byte, distance.into())?;
        host.event(HeapEvent::Placed { major, header, case });
        Ok(payload)
    }
}

/// Where the payload begins if its header ends here.
pub(super) fn payload_behind(header_end: Address) -> Address {
    let least = header_end.wrapping_add(ALIGN_INFO);
    least.wrapping_add(least.wrapping_neg() % ALIGNMENT)
}

/// Finds the first hole of a major block that holds that many bytes.
fn find_place(
    host: &mut dyn Host,
    l: &Layout,
    major: Address,
    need: u64,
) -> Result<Option<Place>, Stop> {
    let Some(first) = get_pointer(host, major, l.major.first)? else {
        return Ok(Some(Place::EmptyMajor));
    };
    let start = l.wrap(major.wrapping_add(l.major_bytes));
    let bytes = l.wrap(first.wrapping_sub(start));
    host.step(HeapStep::Gap { case: PlaceCase::Front, start, bytes, need });
    if bytes >= need {
        return Ok(Some(Place::Front { first }));
    }
    let mut walk = Walk::default();
    let mut minor = first;
    loop {
        walk.step(minor)?;
        let next = get_pointer(host, minor, l.minor.next)?;
        let (case, end) = match next {
            Some(next) => (PlaceCase::Between, next),
            None => (PlaceCase::End, major.wrapping_add(get(host, major, l.major.size)?)),
        };
        let start = block_end(host, l, minor)?;
        let bytes = l.wrap(end.wrapping_sub(start));
        host.step(HeapStep::Gap { case, start, bytes, need });
        if bytes >= need {
            return Ok(Some(match next {
                Some(_) => Place::Between { before: minor },
                None => Place::End { last: minor },
            }));
        }
        match next {
            Some(next) => minor = next,
            None => return Ok(None),
        }
    }
}

/// First address behind a block, as its header gives it.
fn block_end(host: &mut dyn Host, l: &Layout, header: Address) -> Result<Address, SignalInfo> {
    let size = get(host, header, l.minor.size)?;
    Ok(l.wrap(header.wrapping_add(l.minor_bytes).wrapping_add(size)))
}

fn put_all(
    host: &mut dyn Host,
    header: Address,
    fields: &[(Field, u64)],
) -> Result<(), SignalInfo> {
    fields.iter().try_for_each(|&(field, value)| put(host, header, field, value))
}

/// Notices when a walk along `next` pointers comes to a block again (R. P. Brent, 1980: each block
/// is compared with one that is replaced after 1, 2, 4, 8, … steps). Nothing but the best bet
/// changes between two blocks of a walk, so one that comes again would come for ever.
#[derive(Default)]
pub(crate) struct Walk {
    steps: u64,
    mark: Address,
}

impl Walk {
    pub(crate) fn step(&mut self, block: Address) -> Result<(), Stop> {
        if (self.steps > 0 && block == self.mark) || self.steps == WALKED_BLOCKS {
            return Err(Stop::Endless { steps: self.steps });
        }
        self.steps += 1;
        if self.steps.is_power_of_two() {
            self.mark = block;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::inspect;
    use super::super::test_host::{ByteHost, Machine, RefusesNth, Ret, TOP};
    use super::super::test_table::{check, check_32};
    use super::*;

    #[test]
    fn payloads_are_aligned_and_16_to_31_bytes_behind_their_header() {
        for end in 0..64 {
            let payload = payload_behind(end);
            assert_eq!(payload % 16, 0);
            assert!((16..32).contains(&(payload - end)), "{end}");
        }
    }

    #[test]
    fn pages_are_counted_for_both_headers_and_the_padding() {
        check(
            "malloc(65424) | hooks     => M1+0x60 | map 16 M1
             malloc(65425) | hooks     => M2+0x60 | map 17 M2
             malloc(69520) | hooks     => M3+0x60 | map 17 M3",
        );
    }

    #[test]
    fn the_search_starts_at_the_best_bet_if_its_room_is_strictly_greater() {
        // M2 is the best bet. Its room is 5200, in holes of 5000 and 200 bytes; that of M1 is 5072.
        let lines = [
            "a = malloc(4928)",
            "x = malloc(60352)",
            "b = malloc(4928)",
            "y = malloc(60224)",
            "free(b)",
            "free(a)",
        ];
        for (request, visited) in
            [(4928, &[2][..]), (5127, &[2, 1, 2, 3]), (5128, &[1, 2, 3]), (5129, &[1, 2])]
        {
            let mut machine = Machine::new();
            for line in lines {
                machine.run(line);
            }
            assert_eq!(machine.heap.best_bet, Some(machine.host.majors[1].start()));
            machine.host.events.clear();
            machine.run(&format!("malloc({request})"));
            let number = |event: &HeapEvent| match event {
                HeapEvent::VisitMajor { major, .. } => {
                    machine.host.majors.iter().position(|range| range.start() == *major)
                }
                _ => None,
            };
            let numbers = machine.host.events.iter().filter_map(number).map(|index| index + 1);
            assert_eq!(numbers.collect::<Vec<_>>(), visited, "{request}");
        }
    }

    #[test]
    fn the_best_bet_is_a_guess() {
        // A free never sets one where there is none; the next search elects what it visits first.
        check(
            "a = malloc(65000)
             b = malloc(60000)
             c = malloc(60000)
             d = malloc(100) | sums    => M2+0xeb10 | 196608 185228 0 0 0 M2
             free(d)
             free(b) | sums            => void | 131072 125064 0 0 0 NULL
             x = malloc(100) | sums    => M1+0xfe90 | 131072 125196 0 0 0 M1
             y = malloc(300) | sums    => M3+0xeb10 | 131072 125528 0 0 0 M3
             z = malloc(4900) | sums   => M3+0xec80 | 131072 130460 0 0 0 M3
             free(x) | sums            => void | 131072 130328 0 0 0 M1",
        );
        // A free with equal room does not move it.
        check(
            "a = malloc(60000)
             b = malloc(60000)
             c = malloc(100)           => M1+0xeb10
             d = malloc(5300)          => M2+0xeb10
             sums                      => 131072 125528 0 0 0 M2
             free(d) | sums            => void | 131072 120196 0 0 0 M2
             free(c) | sums            => void | 131072 120064 0 0 0 M2",
        );
    }

    #[test]
    fn a_new_major_block_is_compared_only_after_a_search_in_vain() {
        // Not enough room at all: the new block takes it at once, the best bet stays.
        check(
            "a = malloc(60000)
             b = malloc(10000) | sums  => M2+0x60 | 131072 70064 0 0 0 M1",
        );
        // Enough room, but in pieces: the new block is visited.
        check(
            "a = malloc(30000)
             b = malloc(100)
             c = malloc(30000)
             free(a)
             d = malloc(32000) | sums  => M2+0x60 | 131072 62196 0 0 0 M2",
        );
    }

    #[test]
    fn a_refused_page_request_leaves_the_lists_alone() {
        check(
            "hookfail(1)
             malloc(1) | sums          => NULL | 0 0 1 0 0 NULL
             a = malloc(60000)
             hookfail(1)
             malloc(10000) | sums      => NULL | 65536 60032 2 0 0 M1
             order                     => M1",
        );
    }

    #[test]
    fn requests_near_2_to_the_64_wrap() {
        check(
            "a = malloc(SIZE_MAX) | M1 => M1+0x60 | 16 pages, usage 111: 40+31/4294967295
             b = malloc(0)             => M1+0xb0
             realloc(a, 4294967295)    => M1+0x60
             realloc(a, 4000000000)    => M1+0x60",
        );
        check(
            "a = malloc(SIZE_MAX - 31) => M1+0x60
             sums | M1                 => 65536 33 1 0 0 M1 | 16 pages, usage 113: 40+33/1",
        );
        // The header wraps the sum: an ordinary major block, with a block of almost 4 GiB in it.
        check(
            "a = malloc(SIZE_MAX - 32)
             sums                      => 65536 18446744073709551615 0 0 0 M1
             M1                        => 16 pages, usage 79: 40+4294967295/4294967263
             b = malloc(1)             => SIGSEGV SI_KERNEL 0x0
             M1                        => 16 pages, usage 79: 40+4294967295/4294967263 broken",
        );
        check(
            "malloc(SIZE_MAX - 71) | M1  => M1+0x60 | 16 pages, usage 40: 40+4294967256/4294967224",
        );
        check(
            "malloc(SIZE_MAX - 72) | hooks => M2+0x60 | map 16 M1, map 16 M2
             M1 | M2 => 16 pages, usage 40: | 16 pages, usage 39: 40+4294967255/4294967223",
        );
    }

    #[test]
    fn requests_of_4_gib_and_more_leave_an_empty_root_behind() {
        check(
            "a = malloc(4294967296)    => M2+0x60
             sums                      => 131072 4294967328 0 0 0 M1
             M1 | M2                   => 16 pages, usage 40: | 16 pages, usage 112: 40+32/0
             free(a) | sums            => void | 65536 4294967296 0 0 0 M1",
        );
    }

    #[test]
    fn requests_just_below_4_gib_wrap_the_page_count() {
        check(
            "a = malloc(4294967183)    => NULL
             hooks | sums              => map 1048576 refused | 0 0 1 0 0 NULL",
        );
        check(
            "a = malloc(4294967196)    => M2+0x60
             M2                        => 16 pages, usage 12: 40+4294967228/4294967196
             x = malloc(65424)         => M1+0x60
             b = malloc(1)             => SIGSEGV SI_KERNEL 0x0",
        );
    }

    #[test]
    fn the_room_of_an_overfull_major_block_wraps_in_32_bits() {
        // usage is 706 more than 4 GiB less than size: room for 66242, in vain. So the new major
        // block is visited, and has more room.
        check(
            "a = malloc(100)
             b = malloc(50)
             store(M1 + 212 + 28, 1000, 4)
             free(b) | M1             => void | 16 pages, usage 4294966590: 40+132/100
             c = malloc(66000) | sums => M2+0x60 | 135168 65246 0 0 0 M2",
        );
    }

    #[test]
    fn headers_of_32_bits_are_shorter_and_sums_wrap_sooner() {
        check_32(
            "a = malloc(0) | b = malloc(1) => M1+0x40 | M1+0x80
             M1                        => 16 pages, usage 137: 24+32/0 80+33/1
             free(a) | free(b) | hooks => void | void | unmap M1 16 0
             c = malloc(65456) | hooks => M2+0x40 | map 16 M2
             d = malloc(65457) | hooks => M3+0x40 | map 17 M3",
        );
        // Sums of 32 bits wrap: such a block lands in an ordinary major block.
        check_32(
            "a = malloc(4294967295) | M1 => M1+0x40 | 16 pages, usage 79: 24+31/4294967295
             b = malloc(4294967263) | M1 => M1+0x80 | 16 pages, usage 102: 24+31/4294967295 79+4294967295/4294967263",
        );
        check_32("malloc(4294967264) | sums => M1+0x40 | 65536 33 1 0 0 M1");
        // A product and a size have 32 bits from the start.
        check_32(
            "a = calloc(65536, 65536)  => M1+0x40
             b = malloc(4294967306) | M1 => M1+0x80 | 16 pages, usage 146: 24+32/0 80+42/10
             free(b + 4294967296) | M1 => void | 16 pages, usage 80: 24+32/0",
        );
    }

    #[test]
    fn a_page_hook_that_refuses_one_request_is_asked_again() {
        for nth in 1..=4 {
            let mut heap = Liballoc::default();
            let mut host = RefusesNth { inner: ByteHost::below(TOP), nth };
            let mut results = Vec::new();
            for _ in 0..4 {
                results.push(heap.malloc(&mut host, 60_000).unwrap());
            }
            let refused = results.iter().position(|&payload| payload == 0);
            assert_eq!(refused, Some(nth as usize - 1));
            assert_eq!((heap.warnings, heap.allocated), (1, 3 * 65536));
            let lists = inspect(&heap, &|address, bytes| host.inner.peek(address, bytes));
            assert_eq!(lists.majors.len(), 3);
            assert_eq!(lists.broken, None);
        }
    }

    #[test]
    fn half_the_32_bits_of_pages_cannot_be_given_back() {
        check(
            "a = malloc(2147483647)    => M1+0x60
             resident M1               => 0+1
             free(a) | hooks           => void | unmap M1 524289 -1
             sums                      => 0 0 0 0 0 NULL",
        );
        // 2^19 pages are a multiple of 2 MiB, and put on a boundary of that size.
        check(
            "a = malloc(2147483536)
             a                         => 0x7fff77e00060
             free(a) | hooks           => void | unmap M1 524288 -1",
        );
        check("a = malloc(2147479440) \n free(a) | hooks => void | unmap M1 524287 0");
    }

    #[test]
    fn a_list_that_runs_in_a_circle_is_given_up() {
        // The second major block names the first as its next one.
        let mut machine = Machine::new();
        for line in ["a = malloc(65424)", "b = malloc(65424)", "store(M2 + 8, M1, 8)"] {
            machine.run(line);
        }
        machine.host.events.clear();
        assert_eq!(machine.run("malloc(100)"), Ret::Address(0));
        assert!(matches!(machine.host.events.last(), Some(HeapEvent::GaveUp { steps: 3 })));
    }

    #[test]
    fn the_steps_of_a_search_are_told() {
        let mut machine = Machine::new();
        machine.run("a = malloc(65000)");
        machine.host.events.clear();
        machine.run("b = malloc(1000)");
        let (first, second) = (machine.host.majors[0].start(), machine.host.majors[1].start());
        assert_eq!(
            machine.host.events,
            [
                HeapEvent::VisitMajor { major: first, room: 424, need: 1072 },
                HeapEvent::PagesAsked { page_count: 16, major: Some(second) },
                HeapEvent::Placed {
                    major: second,
                    header: second + 40,
                    case: PlaceCase::EmptyMajor
                },
            ]
        );
    }
}
