//! Calls of a log that have begun and not yet come back.
//!
//! A thread of strace has one such call at most; one of ltrace may have several, the later ones
//! made by the earlier: a stack for each thread.

use super::CallName;
use super::pieces::Piece;
use crate::limits::WAITING_CALLS;
use std::collections::BTreeMap;

/// A call that has begun.
#[derive(Debug)]
pub(super) struct Torn {
    /// Who made it.
    pub(super) pid: Option<u32>,
    pub(super) name: Box<str>,
    /// Which call, if it is known.
    pub(super) call: Option<CallName>,
    /// Its text so far.
    pub(super) pieces: Vec<Piece>,
    /// See [`ParsedCall::nested`](super::ParsedCall::nested).
    pub(super) nested: bool,
    /// Index of its line, if it has one already.
    pub(super) slot: Option<usize>,
}

/// The calls that wait for their end.
#[derive(Debug, Default)]
pub(super) struct TornCalls {
    stacks: BTreeMap<Option<u32>, Vec<Torn>>,
    count: usize,
    /// Who made the last one.
    latest: Option<Option<u32>>,
}

impl TornCalls {
    /// Adds a call; gives one that is given up because there are too many.
    pub(super) fn begin(&mut self, torn: Torn) -> Option<Torn> {
        let given_up = if self.count >= WAITING_CALLS { self.pop_any() } else { None };
        self.count += 1;
        self.latest = Some(torn.pid);
        self.stacks.entry(torn.pid).or_default().push(torn);
        given_up
    }

    /// What a thread has begun, the outermost first.
    pub(super) fn of(&self, pid: Option<u32>) -> &[Torn] {
        self.stacks.get(&pid).map_or(&[], Vec::as_slice)
    }

    /// Takes out a call by name, with those that the same thread began later and that will not
    /// come back: the call is the first.
    pub(super) fn take(&mut self, pid: Option<u32>, name: &str) -> Option<Vec<Torn>> {
        let find = |stack: &Vec<Torn>| stack.iter().rposition(|torn| *torn.name == *name);
        let found = |(owner, stack): (&Option<u32>, &Vec<Torn>)| Some((*owner, find(stack)?));
        let own = self.stacks.get_key_value(&pid).and_then(found);
        // The other half may be from before, or from after, there were pids.
        let (owner, index) = own.or_else(|| match pid {
            Some(_) => self.stacks.get_key_value(&None).and_then(found),
            None => self.stacks.iter().find_map(found),
        })?;
        Some(self.split_off(owner, index))
    }

    /// Takes out the call that began last.
    pub(super) fn take_latest(&mut self) -> Option<Vec<Torn>> {
        let pid = self.latest.take()?;
        let index = self.of(pid).len().checked_sub(1)?;
        Some(self.split_off(pid, index))
    }

    /// Takes out what a process has begun.
    pub(super) fn end_process(&mut self, pid: Option<u32>) -> Vec<Torn> {
        self.split_off(pid, 0)
    }

    /// Takes out everything, in the order of the log.
    pub(super) fn end(&mut self) -> Vec<Torn> {
        let mut all: Vec<Torn> = std::mem::take(self).stacks.into_values().flatten().collect();
        all.sort_by_key(|torn| torn.pieces.first().map(|piece| piece.start));
        all
    }

    fn split_off(&mut self, pid: Option<u32>, index: usize) -> Vec<Torn> {
        let Some(stack) = self.stacks.get_mut(&pid) else { return Vec::new() };
        let taken = stack.split_off(index.min(stack.len()));
        if stack.is_empty() {
            self.stacks.remove(&pid);
        }
        self.count -= taken.len();
        taken
    }

    fn pop_any(&mut self) -> Option<Torn> {
        let pid = *self.stacks.keys().next()?;
        self.split_off(pid, self.of(pid).len() - 1).pop()
    }
}
