//! The heap as a view shows it, read anew only where something has changed.

use super::{Figures, HeapState, MajorState, MinorState, against_order};
use crate::heap::HeapSetting;
use crate::liballoc::{Known, MajorBlock, MinorBlock};
use crate::process::Process;
use std::sync::Arc;

/// The allocator's counters and lists; nothing before its first call.
pub fn heap(process: &Process) -> Option<HeapState> {
    HeapReader::default().read(process)
}

/// Reads the heap again and again: what it costs goes by what has changed since the last time, not
/// by how many blocks there are. Any process may come next, also that of an earlier step.
#[derive(Clone, Debug, Default)]
pub struct HeapReader {
    setting: HeapSetting,
    known: Known,
    /// The major blocks of the last time, by address.
    majors: Vec<(MajorBlock, Arc<MajorState>)>,
}

impl HeapReader {
    /// The allocator's counters and lists; nothing before its first call.
    pub fn read(&mut self, process: &Process) -> Option<HeapState> {
        let heap = process.heap.as_ref()?;
        if self.setting != process.heap_setting {
            *self = HeapReader { setting: process.heap_setting, ..HeapReader::default() };
        }
        let kernel = &process.kernel;
        let peek = |address, out: &mut [u8]| kernel.peek(address, out).is_ok();
        let lists = heap.inspect_again(&peek, &|page| kernel.contents(page), &mut self.known);
        let books = heap.books();
        let HeapSetting { allocator, bits } = self.setting;
        let shape = self.setting.shape();
        let before = std::mem::take(&mut self.majors);
        let mut majors = Vec::with_capacity(lists.majors.len());
        for block in lists.majors {
            let place = before.binary_search_by_key(&block.address, |(known, _)| known.address);
            let known = place.ok().and_then(|place| before.get(place));
            let state = known.filter(|(known, _)| *known == block).map(|(_, state)| state.clone());
            let state = state.unwrap_or_else(|| {
                let mut state = major_state(&block);
                state.figures = Figures::of_major(&state, &shape);
                Arc::new(state)
            });
            majors.push(state.clone());
            let place = self.majors.partition_point(|(known, _)| known.address < block.address);
            self.majors.insert(place, (block, state));
        }
        Some(HeapState {
            allocator,
            bits,
            shape,
            allocated: books.allocated,
            in_use: books.in_use,
            warnings: books.warnings,
            errors: books.errors,
            possible_overruns: books.possible_overruns,
            best_bet: books.best_bet,
            majors,
            broken: lists.broken,
        })
    }
}

fn major_state(major: &MajorBlock) -> MajorState {
    MajorState {
        address: major.address,
        pages: major.pages,
        size: major.size,
        usage: major.usage,
        prev: major.prev,
        next: major.next,
        minors: major.minors.iter().map(minor_state).collect(),
        broken: major.broken.clone(),
        figures: Figures::default(),
        against_order: against_order(major.minors.iter().map(|minor| minor.address)),
    }
}

fn minor_state(minor: &MinorBlock) -> MinorState {
    MinorState {
        address: minor.address,
        payload: minor.payload,
        size: minor.size,
        req_size: minor.req_size,
        magic: minor.magic,
        life: minor.life,
        prev: minor.prev,
        next: minor.next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::session::Session;

    /// Reads every moment of a session, to and fro, and compares with reading all of it.
    fn compare(text: &str) -> usize {
        let mut session = Session::new(Machine::default());
        session.run(text);
        let mut reader = HeapReader::default();
        let forth = 0..=session.len();
        let mut kept = 0;
        let mut last: Option<HeapState> = None;
        for position in forth.clone().chain(forth.rev().step_by(3)) {
            session.go_to(position);
            let read = reader.read(session.process());
            assert_eq!(read, heap(session.process()), "after {position} of {text}");
            if let (Some(last), Some(read)) = (&last, &read) {
                let same =
                    |one: &&Arc<MajorState>| last.majors.iter().any(|it| Arc::ptr_eq(it, one));
                kept += read.majors.iter().filter(same).count();
            }
            last = read;
        }
        kept
    }

    const CALLS: &str = "a = malloc(100)\nb = malloc(70000)\nc = malloc(20)\nfree(a)\nd = malloc(60000)\n\
        store(c, 1)\nfree(b)\ne = malloc(70000)\nf = calloc(3, 5)\nmemset(d, 0, 60000)\nfree(d)\n\
        g = malloc(9)\nfree(e)\nfree(c)\nfree(f)\nfree(g)";

    #[test]
    fn a_heap_read_again_is_as_if_read_whole() {
        let mut kept = 0;
        for setting in ["liballoc 64", "liballoc 32", "boundary-tags 64", "boundary-tags 32"] {
            kept += compare(&format!("# heap: {setting}\n{CALLS}"));
        }
        assert!(kept > 20, "{kept} major blocks were not read anew");
    }

    #[test]
    fn damage_is_read_again_too() {
        // A header overwritten, the pages under it taken away, made unreadable, and put back.
        for damage in [
            "memset(a - 48, 0x41, 40)",
            "store(a - 64, 0x7ffff7000000, 8)",
            "munmap(a - a % PAGE_SIZE, PAGE_SIZE)",
            "madvise(a - a % PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED)",
            "mmap(a - a % PAGE_SIZE, PAGE_SIZE, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
        ] {
            compare(&format!(
                "a = malloc(100)\nb = malloc(70000)\nc = malloc(100)\n{damage}\nbrk(0)\nd = malloc(8)\nfree(c)"
            ));
        }
    }
}
