//! Which allocator the program is linked with, how it was compiled, and what the two have in common.

use crate::address::Address;
use crate::boundary_tags::{self, ASKED, ArenaLayout, BoundaryTags, TAG, TAG_BYTES};
use crate::call::{Call, Returned, SignalInfo};
use crate::frame::Contents;
use crate::liballoc::layout::{Field, LAYOUT_32, LAYOUT_64};
use crate::liballoc::{self, HeapLists, Host, Known, Liballoc, Look, Peek};
use std::fmt;

/// An allocator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Allocator {
    /// liballoc 1.1.
    #[default]
    Liballoc,
    /// First fit with boundary tags.
    BoundaryTags,
}

impl Allocator {
    /// All of them.
    pub const ALL: [Allocator; 2] = [Allocator::Liballoc, Allocator::BoundaryTags];

    /// Its name in settings and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Allocator::Liballoc => "liballoc",
            Allocator::BoundaryTags => "boundary-tags",
        }
    }

    /// Its name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Allocator::Liballoc => "liballoc 1.1",
            Allocator::BoundaryTags => "boundary tags",
        }
    }

    /// What is peculiar to it, in two or three sentences.
    pub const fn about(self) -> &'static str {
        match self {
            Allocator::Liballoc => {
                "Blocks stand in a list; free space is what lies between them. A best bet says \
                 where to begin the search. Each block costs 72 bytes of header and padding; \
                 neighbours need no joining, and realloc always moves a block that grows."
            }
            Allocator::BoundaryTags => {
                "Every block, free or in use, has a tag at both ends: 16 bytes. First fit walks all \
                 blocks from the first arena on; free joins a block with its free neighbours; \
                 realloc grows into one. An overrun damages the block's own footer, and its free \
                 notices."
            }
        }
    }
}

/// What the program is linked with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HeapSetting {
    /// The allocator.
    pub allocator: Allocator,
    /// Bits of a pointer for which it was compiled: 64 or 32.
    pub bits: u32,
}

impl Default for HeapSetting {
    fn default() -> HeapSetting {
        HeapSetting { allocator: Allocator::Liballoc, bits: 64 }
    }
}

impl HeapSetting {
    /// What a directive in a trace begins with. It is a comment to every other reader of traces.
    const DIRECTIVE: &str = "# heap:";

    /// Reads the words of a setting, like `boundary-tags 32`; nothing if one of them is unknown.
    pub fn parse(words: &str) -> Option<HeapSetting> {
        let mut setting = HeapSetting::default();
        for word in words.split_whitespace() {
            match word {
                "32" => setting.bits = 32,
                "64" => setting.bits = 64,
                _ => {
                    let named = |allocator: &Allocator| allocator.name() == word;
                    setting.allocator = Allocator::ALL.into_iter().find(named)?;
                }
            }
        }
        Some(setting)
    }

    /// The setting that a trace asks for in a line `# heap: boundary-tags 32` before its first call.
    pub fn of_trace(text: &str) -> Option<HeapSetting> {
        let lines = text.lines().map(str::trim);
        let mut remarks = lines.take_while(|line| line.is_empty() || line.starts_with('#'));
        remarks.find_map(|line| HeapSetting::parse(line.strip_prefix(HeapSetting::DIRECTIVE)?))
    }

    /// The line that makes a trace ask for it; empty for the one that needs no asking.
    pub fn directive(self) -> String {
        if self == HeapSetting::default() {
            return String::new();
        }
        format!("{} {self}\n", HeapSetting::DIRECTIVE)
    }

    /// How headers look.
    pub fn shape(self) -> HeapShape {
        match self.allocator {
            Allocator::Liballoc => {
                let l = if self.bits == 32 { &LAYOUT_32 } else { &LAYOUT_64 };
                HeapShape {
                    major_bytes: l.major_bytes,
                    minor_bytes: l.minor_bytes,
                    footer_bytes: 0,
                    major_fields: l.major.all().to_vec(),
                    minor_fields: l.minor.all().to_vec(),
                }
            }
            Allocator::BoundaryTags => {
                let arena = ArenaLayout::of(self.bits);
                HeapShape {
                    major_bytes: arena.bytes,
                    minor_bytes: TAG_BYTES,
                    footer_bytes: TAG_BYTES,
                    major_fields: arena.all().to_vec(),
                    minor_fields: vec![TAG, ASKED],
                }
            }
        }
    }
}

impl fmt::Display for HeapSetting {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}", self.allocator.name(), self.bits)
    }
}

/// How the headers of an allocator look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeapShape {
    /// Bytes of a major block's header.
    pub major_bytes: u64,
    /// Bytes of a minor block's header.
    pub minor_bytes: u64,
    /// Bytes that end a minor block; they look like its header.
    pub footer_bytes: u64,
    /// The fields of a major block's header, by offset.
    pub major_fields: Vec<Field>,
    /// The fields of a minor block's header, by offset.
    pub minor_fields: Vec<Field>,
}

impl HeapShape {
    /// Says whether blocks name their neighbours in a list; else they are found by their length.
    pub fn links_blocks(&self) -> bool {
        self.minor_fields.iter().any(|field| field.name == "next")
    }
}

/// The static variables of the allocator in use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heap {
    /// Those of liballoc.
    Liballoc(Liballoc),
    /// Those of the other one.
    BoundaryTags(BoundaryTags),
}

/// What an allocator counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Books {
    /// The major block believed to have the most room, for an allocator that believes such things.
    pub best_bet: Option<Address>,
    /// Bytes got from the page hook.
    pub allocated: u64,
    /// Bytes in blocks, without their headers.
    pub in_use: u64,
    /// Calls that were odd.
    pub warnings: u64,
    /// Blocks passed in that were no sound blocks.
    pub errors: u64,
    /// Those of them that looked like an overrun.
    pub possible_overruns: u64,
}

impl Heap {
    /// An allocator before its first call.
    pub fn new(setting: HeapSetting) -> Heap {
        match (setting.allocator, setting.bits) {
            (Allocator::Liballoc, 32) => Heap::Liballoc(Liballoc::new(&LAYOUT_32)),
            (Allocator::Liballoc, _) => Heap::Liballoc(Liballoc::new(&LAYOUT_64)),
            (Allocator::BoundaryTags, bits) => Heap::BoundaryTags(BoundaryTags::new(bits)),
        }
    }

    /// Runs a call of the allocator; nothing if the call is none.
    ///
    /// # Errors
    /// The signal that a load or a store of the allocator ended in.
    pub fn run(
        &mut self,
        host: &mut dyn Host,
        call: &Call,
    ) -> Result<Option<Returned>, SignalInfo> {
        Ok(Some(match (self, call) {
            (Heap::Liballoc(heap), Call::Malloc { size }) => {
                Returned::Value(heap.malloc(host, *size)?)
            }
            (Heap::BoundaryTags(heap), Call::Malloc { size }) => {
                Returned::Value(heap.malloc(host, *size)?)
            }
            (Heap::Liballoc(heap), Call::Calloc { nmemb, size }) => {
                Returned::Value(heap.calloc(host, *nmemb, *size)?)
            }
            (Heap::BoundaryTags(heap), Call::Calloc { nmemb, size }) => {
                Returned::Value(heap.calloc(host, *nmemb, *size)?)
            }
            (Heap::Liballoc(heap), Call::Realloc { ptr, size }) => {
                Returned::Value(heap.realloc(host, *ptr, *size)?)
            }
            (Heap::BoundaryTags(heap), Call::Realloc { ptr, size }) => {
                Returned::Value(heap.realloc(host, *ptr, *size)?)
            }
            (Heap::Liballoc(heap), Call::Free { ptr }) => {
                heap.free(host, *ptr)?;
                Returned::Void
            }
            (Heap::BoundaryTags(heap), Call::Free { ptr }) => {
                heap.free(host, *ptr)?;
                Returned::Void
            }
            _ => return Ok(None),
        }))
    }

    /// What it counts.
    pub fn books(&self) -> Books {
        match self {
            Heap::Liballoc(heap) => Books {
                best_bet: heap.best_bet,
                allocated: heap.allocated,
                in_use: heap.in_use,
                warnings: heap.warnings,
                errors: heap.errors,
                possible_overruns: heap.possible_overruns,
            },
            Heap::BoundaryTags(heap) => Books {
                best_bet: None,
                allocated: heap.allocated,
                in_use: heap.in_use,
                warnings: heap.warnings,
                errors: heap.errors,
                possible_overruns: heap.possible_overruns,
            },
        }
    }

    /// Its lists, read from simulated memory without touching it.
    pub fn inspect(&self, peek: Peek) -> HeapLists {
        self.inspect_again(peek, &|_| Contents::Unreadable, &mut Known::default())
    }

    /// The same, but for what is known and has not changed.
    pub fn inspect_again(&self, peek: Peek, look: Look, known: &mut Known) -> HeapLists {
        match self {
            Heap::Liballoc(heap) => liballoc::inspect_again(heap, peek, look, known),
            Heap::BoundaryTags(heap) => boundary_tags::inspect_again(heap, peek, look, known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_reads_as_it_is_written() {
        for allocator in Allocator::ALL {
            for bits in [32, 64] {
                let setting = HeapSetting { allocator, bits };
                let text = format!("# a trace\n\n{}malloc(1)", setting.directive());
                let asked = HeapSetting::of_trace(&text).unwrap_or_default();
                assert_eq!(asked, setting);
            }
        }
        assert_eq!(HeapSetting::of_trace("# heap: of hay\nmalloc(1)"), None);
        assert_eq!(HeapSetting::of_trace("malloc(1)\n# heap: liballoc 32"), None);
    }
}
