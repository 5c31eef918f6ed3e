//! Blocks that a log names by their pointers: where the model's own allocator has them.

use super::{Ran, RanKind, Runner};
use crate::address::Address;
use crate::call::Call;
use crate::trace::{ParsedCall, Recorded, Value};

/// A block that a log names by its pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Block {
    /// Bytes asked for, at least 1, so that the pointer itself lies inside.
    pub(super) size: u64,
    /// Where the model's allocator put it; 0 if it had no room.
    pub(super) address: Address,
    /// It was given back. Its pointer still means it, until the log has another block there: a use
    /// of it is a use after `free`.
    pub(super) freed: bool,
}

impl Runner {
    pub(super) fn free_block(&mut self, pointer: Address) {
        if let Some(block) = self.blocks.get_mut(&pointer) {
            block.freed = true;
        }
    }

    /// Notes a block, in the place of those that were freed there.
    pub(super) fn note_block(&mut self, pointer: Address, block: Block) {
        let end = pointer.saturating_add(block.size);
        let below = self.block(pointer).map(|(start, _)| start);
        let mut gone: Vec<Address> = below.into_iter().collect();
        gone.extend(self.blocks.range(pointer..end).map(|(start, _)| *start));
        for start in gone {
            if self.blocks.get(&start).is_some_and(|it| it.freed) {
                self.blocks.remove(&start);
            }
        }
        self.blocks.insert(pointer, block);
    }

    /// A `free` or `realloc` of a block that came from out of the log's sight, before it began or by
    /// a library's own calls: not run, or run as `malloc`.
    pub(super) fn unknown_block(
        &mut self,
        call: &Call,
        parsed: &ParsedCall,
        source: &str,
    ) -> Option<Ran> {
        let (Call::Free { ptr } | Call::Realloc { ptr, .. }) = *call else { return None };
        let from_log = match parsed.recorded {
            Some(Recorded::Void) => true,
            Some(Recorded::Value(value)) => value != 0,
            _ => false,
        };
        let bound_by_name =
            parsed.args.first().is_some_and(|arg| matches!(arg.value, Value::Formula(_)));
        if !from_log || bound_by_name || ptr == 0 || self.live_block(ptr).is_some() {
            return None;
        }
        // A pointer that the model's own allocator gave out is no pointer of a log.
        if self.process.kernel.space.vmas().at(ptr).is_some() {
            return None;
        }
        let note = match self.block(ptr) {
            Some(_) => {
                format!("the block {ptr:#x} was freed, and came back out of the log's sight")
            }
            None => format!("the block {ptr:#x} was there before the log began"),
        };
        match *call {
            Call::Realloc { size, .. } => {
                let call = Call::Malloc { size };
                let outcome = self.process.run(&call);
                self.bind(parsed, &Call::Malloc { size }, &outcome);
                let kind = RanKind::Call(call, outcome);
                Some(Ran { kind, divergence: None, notes: vec![note + ": run as malloc"] })
            }
            _ => {
                let name = parsed.span.of(source).into();
                let kind = RanKind::Skipped { name };
                Some(Ran { kind, divergence: None, notes: vec![note] })
            }
        }
    }

    /// The block that holds a recorded address.
    pub(super) fn block(&self, recorded: Address) -> Option<(Address, Block)> {
        let (start, block) = self.blocks.get_prev(&recorded)?;
        (recorded - start < block.size).then_some((*start, *block))
    }

    /// The same, unless it was freed.
    fn live_block(&self, recorded: Address) -> Option<(Address, Block)> {
        self.block(recorded).filter(|(_, block)| !block.freed)
    }

    /// Where the model has what a log calls by an address.
    pub(super) fn translate(&self, recorded: Address) -> Address {
        placed(self.live_block(recorded), recorded)
    }

    /// A call with its addresses as the model has them: those in freed blocks too, unless its result
    /// is recorded, for then something else was there.
    pub(super) fn translate_call(&self, call: Call, freed_too: bool) -> Call {
        if self.blocks.is_empty() {
            return call;
        }
        let at = |address| {
            if freed_too { placed(self.block(address), address) } else { self.translate(address) }
        };
        match call {
            Call::Free { ptr } => Call::Free { ptr: at(ptr) },
            Call::Realloc { ptr, size } => Call::Realloc { ptr: at(ptr), size },
            Call::Load { addr, width } => Call::Load { addr: at(addr), width },
            Call::Store { addr, value } => Call::Store { addr: at(addr), value },
            Call::Fetch { addr } => Call::Fetch { addr: at(addr) },
            Call::Memset { addr, byte, length } => Call::Memset { addr: at(addr), byte, length },
            Call::Memcpy { dst, src, length } => {
                Call::Memcpy { dst: at(dst), src: at(src), length }
            }
            Call::Mprotect { addr, len, prot } => Call::Mprotect { addr: at(addr), len, prot },
            Call::Munmap { addr, length } => Call::Munmap { addr: at(addr), length },
            other => other,
        }
    }
}

/// Where the model has an address of a block that a log has; of none, the address itself.
fn placed(block: Option<(Address, Block)>, recorded: Address) -> Address {
    match block {
        Some((start, block)) if block.address != 0 => block.address.wrapping_add(recorded - start),
        Some(_) => 0,
        None => recorded,
    }
}
