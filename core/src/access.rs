//! Loads, stores and instruction fetches, as the processor does them.
//!
//! Every byte goes through translation: the page table decides, and where it does not allow the
//! access, the page-fault handler is asked. A store that spans two pages is done only if both
//! allow it; `memset` and `memcpy` are many stores, and stop at the page that refuses.

use crate::abi::{Signal, SignalCode};
use crate::address::{Address, PAGE_SIZE, Page, is_canonical};
use crate::call::SignalInfo;
use crate::event::Event;
use crate::fault::Fault;
use crate::kernel::Kernel;
use crate::page_table::PageTableEntry;
use crate::reason::{Access, Reason};

impl Kernel {
    /// Reads bytes.
    ///
    /// # Errors
    /// The signal at the first page that refuses.
    pub fn load(
        &mut self,
        address: Address,
        out: &mut [u8],
        events: &mut Vec<Event>,
    ) -> Result<(), Fault> {
        check_canonical(address, out.len())?;
        let offset = address % PAGE_SIZE;
        // Nearly always within one page.
        if !out.is_empty() && out.len() as u64 <= PAGE_SIZE - offset {
            let entry = self.translate(address, Access::Read, events)?;
            self.frames.read(entry.frame(), offset, out);
            return Ok(());
        }
        let mut at = address;
        for piece in split_at_pages(address, out) {
            let entry = self.translate(at, Access::Read, events)?;
            self.frames.read(entry.frame(), at % PAGE_SIZE, piece);
            at = at.wrapping_add(piece.len() as u64);
        }
        Ok(())
    }

    /// Writes bytes: all of them, or none if a page refuses.
    ///
    /// # Errors
    /// The signal at the first page that refuses.
    pub fn store(
        &mut self,
        address: Address,
        data: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<(), Fault> {
        check_canonical(address, data.len())?;
        let last = address.wrapping_add((data.len() as u64).saturating_sub(1));
        // All pages first: an access that spans two is one access.
        let mut at = address;
        while !data.is_empty() && Page::containing(at) != Page::containing(last) {
            self.translate(at, Access::Write, events)?;
            at = (at / PAGE_SIZE + 1).wrapping_mul(PAGE_SIZE);
        }
        if at != address {
            self.translate(at, Access::Write, events)?;
        }
        let mut at = address;
        let mut rest = data;
        while !rest.is_empty() {
            let entry = self.translate(at, Access::Write, events)?;
            let room = (PAGE_SIZE - at % PAGE_SIZE).min(rest.len() as u64);
            let (piece, behind) = rest.split_at(room as usize);
            self.frames.write(entry.frame(), at % PAGE_SIZE, piece);
            at = at.wrapping_add(room);
            rest = behind;
        }
        Ok(())
    }

    /// Fetches one byte as an instruction.
    ///
    /// # Errors
    /// The signal, if the page refuses.
    pub fn fetch(&mut self, address: Address, events: &mut Vec<Event>) -> Result<u8, Fault> {
        check_canonical(address, 1)?;
        let entry = self.translate(address, Access::Execute, events)?;
        let mut byte = [0];
        self.frames.read(entry.frame(), address % PAGE_SIZE, &mut byte);
        Ok(byte[0])
    }

    /// Fills memory with a byte, page by page.
    ///
    /// # Errors
    /// The signal at the first page that refuses; what lies before it is filled.
    pub fn memset(
        &mut self,
        address: Address,
        byte: u8,
        length: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), Fault> {
        let mut done = 0;
        while done < length {
            let at = address.wrapping_add(done);
            let room = (PAGE_SIZE - at % PAGE_SIZE).min(length - done);
            check_canonical(at, room as usize)?;
            let entry = self.translate(at, Access::Write, events)?;
            self.frames.fill(entry.frame(), at % PAGE_SIZE, room, byte);
            done += room;
        }
        Ok(())
    }

    /// Copies memory upwards, in pieces that lie in one page on both sides. As with `rep movsb`,
    /// what was copied is copied again where the target begins inside the source.
    ///
    /// # Errors
    /// The signal at the first page that refuses; what lies before it is copied.
    pub fn memcpy(
        &mut self,
        to: Address,
        from: Address,
        length: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), Fault> {
        let mut buffer = [0; PAGE_SIZE as usize];
        let mut done = 0;
        while done < length {
            let (source, target) = (from.wrapping_add(done), to.wrapping_add(done));
            let room = (PAGE_SIZE - source % PAGE_SIZE).min(PAGE_SIZE - target % PAGE_SIZE);
            let piece = &mut buffer[..room.min(length - done) as usize];
            let distance = match to.wrapping_sub(from) {
                0 => piece.len(),
                distance => distance.min(piece.len() as u64) as usize,
            };
            self.load(source, &mut piece[..distance], events)?;
            for at in distance..piece.len() {
                piece[at] = piece[at - distance];
            }
            self.store(target, piece, events)?;
            done += piece.len() as u64;
        }
        Ok(())
    }

    /// Finds the entry that allows an access, with a page fault if need be, and sets its accessed
    /// and dirty bits.
    fn translate(
        &mut self,
        address: Address,
        access: Access,
        events: &mut Vec<Event>,
    ) -> Result<PageTableEntry, Fault> {
        let page = Page::containing(address);
        let mut entry = self.space.look_up(page);
        let mut faults = 0;
        while !allows(entry, access) {
            if faults == FAULTS_AT_MOST {
                debug_assert!(false, "{access:?} at {address:#x} faults for ever");
                return Err(unresolved(address, access, entry));
            }
            self.fault(address, access, events)?;
            entry = self.space.table().get(page);
            faults += 1;
        }
        let write = access == Access::Write;
        if entry.touched(write) != entry {
            self.space.mark_touched(page, write);
        }
        Ok(entry)
    }
}

/// A page fault that changes nothing would come again and again. One makes the page present, one
/// more may give it the right; a rule that needs a third is wrong.
const FAULTS_AT_MOST: usize = 2;

/// What an access ends in that no page fault made possible.
fn unresolved(address: Address, access: Access, entry: PageTableEntry) -> Fault {
    let code = SignalCode::SEGV_ACCERR;
    let info = SignalInfo { signal: Signal::SIGSEGV, code, address };
    let reason = Reason::ProtectionForbids { address, prot: entry.prot(), access };
    Fault { info, reason }
}

/// The processor looks at the first and last address of an access before it looks up a page.
fn check_canonical(address: Address, length: usize) -> Result<(), Fault> {
    let last = address.wrapping_add((length as u64).saturating_sub(1));
    let address = match (is_canonical(address), is_canonical(last)) {
        (true, true) => return Ok(()),
        (false, _) => address,
        (true, false) => last,
    };
    let info = SignalInfo { signal: Signal::SIGSEGV, code: SignalCode::SI_KERNEL, address: 0 };
    Err(Fault { info, reason: Reason::NonCanonical { address } })
}

fn allows(entry: PageTableEntry, access: Access) -> bool {
    entry.present()
        && entry.user()
        && match access {
            Access::Read => entry.key() == 0,
            Access::Write => entry.key() == 0 && entry.writable(),
            Access::Execute => !entry.no_execute(),
        }
}

/// Cuts a buffer that stands at an address at the borders of pages.
fn split_at_pages(address: Address, buffer: &mut [u8]) -> impl Iterator<Item = &mut [u8]> {
    let mut rest = buffer;
    let mut room = (PAGE_SIZE - address % PAGE_SIZE) as usize;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let length = room.min(rest.len());
        let (piece, behind) = std::mem::take(&mut rest).split_at_mut(length);
        rest = behind;
        room = PAGE_SIZE as usize;
        Some(piece)
    })
}
