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
}

impl Runner {
    pub(super) fn forget_block(&mut self, pointer: Address) {
        self.blocks.remove(&pointer);
    }

    /// A `free` or `realloc` of a block that was there before the log began: not run, or run as
    /// `malloc`.
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
        if !from_log || bound_by_name || ptr == 0 || self.block(ptr).is_some() {
            return None;
        }
        // A pointer that the model's own allocator gave out is no pointer of a log.
        if self.process.kernel.space.vmas().at(ptr).is_some() {
            return None;
        }
        let note = format!("the block {ptr:#x} was there before the log began");
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

    /// Where the model has what a log calls by an address.
    pub(super) fn translate(&self, recorded: Address) -> Address {
        match self.block(recorded) {
            Some((start, block)) if block.address != 0 => block.address + (recorded - start),
            Some(_) => 0,
            None => recorded,
        }
    }

    pub(super) fn translate_call(&self, call: Call) -> Call {
        if self.blocks.is_empty() {
            return call;
        }
        let at = |address| self.translate(address);
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
