//! How a call of an allocator went, in steps small enough to watch: what it looked at, what it
//! compared with what, what it decided, what it wrote. Plain data for the views, and its sentence.
//!
//! A [`HeapEvent`] is kept with every call; these steps are worked out only when somebody asks
//! (`Process::watch`), for a walk through a full heap has thousands of them.

use crate::address::Address;
use crate::call::{Call, Returned};
use crate::event::{HeapEvent, PlaceCase};

/// One step of a call of an allocator.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum HeapStep {
    /// `malloc` begins to search: how many bytes it needs, header and padding included, and where
    /// it starts. At the best bet only if that one's room is strictly greater than the need.
    Search {
        need: u64,
        best_bet: Option<Address>,
        best_room: u64,
        start: Address,
        at_best_bet: bool,
    },
    /// A gap of a major block is measured: first fit takes the first of at least `need` bytes.
    Gap { case: PlaceCase, start: Address, bytes: u64, need: u64 },
    /// A block of the heap with boundary tags is looked at.
    Block { header: Address, bytes: u64, used: bool, need: u64 },
    /// `free` and `realloc` find the header through the information byte before the payload, which
    /// is believed if it can be a distance.
    HeaderOf { payload: Address, byte: u8, believed: bool, header: Address },
    /// `free` compares the major block that got room with the best bet, as signed 32-bit numbers.
    FreedIn { major: Address, room: i32, best_bet: Address, best_room: i32 },
    /// A field of a header was written: the lowest `width` bytes of the value.
    Wrote { field: &'static str, address: Address, width: u64, value: u64 },
    /// Bytes were set to 0.
    Cleared { address: Address, bytes: u64 },
    /// Bytes were copied.
    Copied { from: Address, to: Address, bytes: u64 },
    /// A page hook made a system call.
    SystemCall { call: Call, returned: Returned },
    /// Something that is kept with the call as an event, too.
    Event(HeapEvent),
}

/// How a whole call went.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Search {
    /// The steps, in order; at most [`Search::MOST_STEPS`].
    pub steps: Vec<HeapStep>,
    /// How many more there were.
    pub left_out: u64,
    /// The best bet before the call, for an allocator that has one.
    pub best_bet_before: Option<Address>,
    /// The best bet after it.
    pub best_bet_after: Option<Address>,
    /// Bytes that were written: headers, and what was cleared or copied.
    pub written: u64,
}

impl Search {
    /// How many steps of a call are kept.
    pub const MOST_STEPS: usize = 4096;

    /// Adds a step, or counts it where there are too many.
    pub fn push(&mut self, step: HeapStep) {
        self.written = self.written.saturating_add(step.written());
        if self.steps.len() < Search::MOST_STEPS {
            self.steps.push(step);
        } else {
            self.left_out += 1;
        }
    }

    /// What is to be said of the call as a whole: the best bet, and how much was written.
    pub fn summary(&self) -> String {
        let name = |bet: Option<Address>| bet.map_or("none".to_owned(), |at| format!("{at:#x}"));
        let best_bet = match (self.best_bet_before, self.best_bet_after) {
            (before, after) if before == after => format!("the best bet stays {}", name(before)),
            (before, after) => format!("the best bet was {}, is {}", name(before), name(after)),
        };
        let more = match self.left_out {
            0 => String::new(),
            count => format!("; {count} more steps are not listed"),
        };
        format!("{} bytes written; {best_bet}{more}", self.written)
    }
}

impl HeapStep {
    /// How many bytes the step wrote.
    const fn written(&self) -> u64 {
        match self {
            HeapStep::Wrote { width, .. } => *width,
            HeapStep::Cleared { bytes, .. } | HeapStep::Copied { bytes, .. } => *bytes,
            _ => 0,
        }
    }

    /// The bytes that the step is about: where they begin, and how many there are (1 where only a
    /// place is known).
    pub fn place(&self) -> Option<(Address, u64)> {
        Some(match *self {
            HeapStep::Search { start, .. } => (start, 1),
            HeapStep::Gap { start, bytes, .. } => (start, bytes.clamp(1, u64::from(u32::MAX))),
            HeapStep::Block { header, bytes, .. } => (header, bytes.max(1)),
            HeapStep::HeaderOf { header, .. } => (header, 1),
            HeapStep::FreedIn { major, .. } => (major, 1),
            HeapStep::Wrote { address, width, .. } => (address, width),
            HeapStep::Cleared { address, bytes } => (address, bytes.max(1)),
            HeapStep::Copied { to, bytes, .. } => (to, bytes.max(1)),
            HeapStep::SystemCall { .. } => return None,
            HeapStep::Event(ref event) => (event.place()?, 1),
        })
    }

    /// Says it in a sentence without a full stop. The call of a [`HeapStep::SystemCall`] is for the
    /// printer of traces.
    pub fn sentence(&self) -> String {
        match self {
            HeapStep::Search { need, best_bet, best_room, start, at_best_bet } => {
                let why = match best_bet {
                    None => "at the root, for there is no best bet".to_owned(),
                    Some(_) if *at_best_bet => {
                        format!("at the best bet, whose room of {best_room} is greater")
                    }
                    Some(bet) => format!(
                        "at the root, for the best bet {bet:#x} has room for {best_room}, which is \
                         not greater"
                    ),
                };
                format!("needs {need} bytes, header and padding included; starts {why}: {start:#x}")
            }
            HeapStep::Gap { case, start, bytes, need } => {
                let place = match case {
                    PlaceCase::Front => "before the first block",
                    PlaceCase::End => "behind the last block",
                    _ => "between two blocks",
                };
                let verdict = if bytes >= need { "fits" } else { "too small" };
                format!("gap {place} at {start:#x}: {bytes} bytes, {need} needed: {verdict}")
            }
            HeapStep::Block { header, bytes, used, need } => {
                let verdict = match (used, bytes >= need) {
                    (true, _) => "in use".to_owned(),
                    (false, true) => format!("free, {need} needed: fits"),
                    (false, false) => format!("free, {need} needed: too small"),
                };
                format!("block at {header:#x}: {bytes} bytes, {verdict}")
            }
            HeapStep::HeaderOf { payload, byte, believed, header } => {
                let verdict = if *believed {
                    "believed as the distance"
                } else {
                    "not below 32 as a signed byte, so the pointer is taken as it is"
                };
                format!(
                    "information byte before {payload:#x} is {byte:#04x}, {verdict}: header at \
                     {header:#x}"
                )
            }
            HeapStep::FreedIn { major, room, best_bet, best_room } => {
                let verdict = if room > best_room { "greater" } else { "not greater" };
                format!(
                    "room of {major:#x} is {room}, {verdict} than the {best_room} of the best bet \
                     {best_bet:#x}"
                )
            }
            HeapStep::Wrote { field, address, width, value } => {
                let plural = if *width == 1 { "" } else { "s" };
                format!("writes {field} = {value:#x} at {address:#x}, {width} byte{plural}")
            }
            HeapStep::Cleared { address, bytes } => format!("clears {bytes} bytes at {address:#x}"),
            HeapStep::Copied { from, to, bytes } => {
                format!("copies {bytes} bytes from {from:#x} to {to:#x}")
            }
            HeapStep::SystemCall { .. } => "the page hook makes a system call".to_owned(),
            HeapStep::Event(event) => event.sentence(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted() {
        let mut search = Search::default();
        for address in 0..5000 {
            search.push(HeapStep::Wrote { field: "next", address, width: 8, value: 0 });
        }
        assert_eq!((search.steps.len(), search.left_out), (Search::MOST_STEPS, 904));
        assert_eq!(search.written, 40_000);
        assert_eq!(
            search.summary(),
            "40000 bytes written; the best bet stays none; 904 more steps are not listed"
        );
    }

    #[test]
    fn a_gap_of_exactly_the_need_fits() {
        let gap = |bytes| HeapStep::Gap { case: PlaceCase::End, start: 64, bytes, need: 72 };
        assert!(gap(72).sentence().ends_with("fits"));
        assert!(gap(71).sentence().ends_with("too small"));
    }
}
