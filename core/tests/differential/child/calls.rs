//! Runs calls in the child: one instruction each, between two stops.

use super::{
    BUFFER, BUFFER_LENGTH, CODE, COPY, Child, LOAD, SET, STORE, SYSTEM_CALL, Trouble, number,
    trouble,
};
use mmap_playground_core::abi::{Errno, Signal as ModelSignal, SignalCode};
use mmap_playground_core::address::{Address, PAGE_SIZE};
use mmap_playground_core::call::{Call, Returned, SignalInfo};
use nix::libc::user_regs_struct;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use std::os::unix::fs::FileExt;
use std::sync::atomic::Ordering;

impl Child {
    /// Runs a call.
    ///
    /// # Errors
    /// When the child is no more, or did what it was not told.
    pub fn run(&mut self, call: &Call) -> Result<Returned, Trouble> {
        let result = match *call {
            Call::Mmap { addr, length, prot, flags, fd, offset } => {
                self.system_call(number::MMAP, [addr, length, prot, flags, fd as u64, offset])
            }
            Call::Munmap { addr, length } => {
                self.system_call(number::MUNMAP, [addr, length, 0, 0, 0, 0])
            }
            Call::Mprotect { addr, len, prot } => {
                self.system_call(number::MPROTECT, [addr, len, prot, 0, 0, 0])
            }
            Call::Mremap { old_address, old_size, new_size, flags, new_address } => {
                let arguments = [old_address, old_size, new_size, flags, new_address, 0];
                self.system_call(number::MREMAP, arguments)
            }
            Call::Madvise { addr, length, advice } => {
                self.system_call(number::MADVISE, [addr, length, advice as u64, 0, 0, 0])
            }
            Call::Msync { addr, length, flags } => {
                self.system_call(number::MSYNC, [addr, length, flags, 0, 0, 0])
            }
            Call::Brk { addr } => self.system_call(number::BRK, [addr, 0, 0, 0, 0, 0]),
            Call::Open { ref path, flags, mode } => {
                let path = self.text(path)?;
                self.system_call(number::OPEN, [path, flags, mode.into(), 0, 0, 0])
            }
            Call::Openat { dirfd, ref path, flags, mode } => {
                let path = self.text(path)?;
                self.system_call(number::OPENAT, [dirfd as u64, path, flags, mode.into(), 0, 0])
            }
            Call::MemfdCreate { ref name, flags } => {
                let name = self.text(name)?;
                self.system_call(number::MEMFD_CREATE, [name, flags, 0, 0, 0, 0])
            }
            Call::Close { fd } => self.system_call(number::CLOSE, [fd as u64, 0, 0, 0, 0, 0]),
            Call::Ftruncate { fd, length } => {
                self.system_call(number::FTRUNCATE, [fd as u64, length as u64, 0, 0, 0, 0])
            }
            Call::Pwrite64 { fd, ref data, count, offset } => {
                let mut bytes = data.clone();
                bytes.resize(count.min(BUFFER_LENGTH) as usize, 0);
                self.poke(BUFFER, &bytes)?;
                self.system_call(number::PWRITE64, [fd as u64, BUFFER, count, offset as u64, 0, 0])
            }
            Call::Pread64 { fd, count, offset } => {
                let arguments = [fd as u64, BUFFER, count, offset as u64, 0, 0];
                let read = self.system_call(number::PREAD64, arguments)?;
                if let Some(error) = errno(read) {
                    return error;
                }
                let mut shown = vec![0; (read as usize).min(Returned::BYTES_SHOWN)];
                self.peek(BUFFER, &mut shown)?;
                return Ok(Returned::Bytes { count: read, shown });
            }
            Call::Load { addr, width } => {
                let piece = LOAD + width.bytes().trailing_zeros() as usize;
                return self.run_piece(piece, |registers| registers.rdi = addr);
            }
            Call::Store { addr, ref value } => {
                let mut bytes = value.bytes();
                let piece = STORE + bytes.len().trailing_zeros() as usize;
                if !matches!(bytes.len(), 1 | 2 | 4 | 8) {
                    return self.store_bytes(addr, &bytes);
                }
                bytes.resize(8, 0);
                let word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
                let stored = self.run_piece(piece, |registers| {
                    registers.rdi = addr;
                    registers.rax = word;
                })?;
                return Ok(with_value(stored, 0));
            }
            Call::Fetch { addr } => return self.fetch(addr),
            Call::Memset { addr, byte, length } => {
                let set = self.run_piece(SET, |registers| {
                    registers.rdi = addr;
                    registers.rax = byte.into();
                    registers.rcx = length;
                })?;
                return Ok(with_value(set, addr));
            }
            Call::Memcpy { dst, src, length } => {
                let copied = self.run_piece(COPY, |registers| {
                    registers.rdi = dst;
                    registers.rsi = src;
                    registers.rcx = length;
                })?;
                return Ok(with_value(copied, dst));
            }
            _ => return Ok(Returned::Skipped),
        }?;
        errno(result).unwrap_or(Ok(Returned::Value(result)))
    }

    /// Stores what no single instruction can; only inside one page, which refuses it as a whole.
    fn store_bytes(&mut self, address: Address, bytes: &[u8]) -> Result<Returned, Trouble> {
        if address % PAGE_SIZE + bytes.len() as u64 > PAGE_SIZE {
            return Err(format!("a store of {} bytes over two pages", bytes.len()));
        }
        self.poke(BUFFER, bytes)?;
        let stored = self.run_piece(COPY, |registers| {
            registers.rdi = address;
            registers.rsi = BUFFER;
            registers.rcx = bytes.len() as u64;
        })?;
        Ok(with_value(stored, 0))
    }

    /// Has the child wait for a signal that never comes (`pause`): a hang, to be tested with.
    ///
    /// # Errors
    /// That it hung.
    pub fn wait_for_ever(&mut self) -> Result<u64, Trouble> {
        self.system_call(34, [0; 6])
    }

    /// Jumps to an address and runs one instruction there, which must be harmless: `ret`, or
    /// `add` with `[rax]` or between registers (bytes 0x00 and 0xc3).
    fn fetch(&mut self, address: Address) -> Result<Returned, Trouble> {
        let mut registers = self.idle;
        registers.rip = address;
        registers.rax = BUFFER;
        // The trap flag, set as if the program had: `PTRACE_SINGLESTEP` would look at the
        // instruction first, and so make its page resident.
        registers.eflags |= 0x100;
        let mut byte = [0];
        let returned = self.run_until_stop(registers)?;
        if matches!(returned, Returned::Value(_)) {
            self.peek(address, &mut byte)?;
        }
        Ok(with_value(returned, byte[0].into()))
    }

    pub(super) fn system_call(&mut self, number: u64, arguments: [u64; 6]) -> Result<u64, Trouble> {
        self.run_at(CODE + SYSTEM_CALL as u64 * 16, number, arguments)
    }

    pub(super) fn run_at(
        &mut self,
        rip: Address,
        number: u64,
        arguments: [u64; 6],
    ) -> Result<u64, Trouble> {
        let [rdi, rsi, rdx, r10, r8, r9] = arguments;
        let rax = number;
        let returned = self.run_until_stop(user_regs_struct {
            rip,
            rax,
            rdi,
            rsi,
            rdx,
            r10,
            r8,
            r9,
            ..self.idle
        })?;
        match returned {
            Returned::Value(value) => Ok(value),
            other => Err(format!("a system call gave {other:?}")),
        }
    }

    pub(super) fn run_piece(
        &mut self,
        piece: usize,
        set: impl FnOnce(&mut user_regs_struct),
    ) -> Result<Returned, Trouble> {
        let mut registers = self.idle;
        registers.rip = CODE + piece as u64 * 16;
        set(&mut registers);
        self.run_until_stop(registers)
    }

    /// Runs from these registers on until an `int3`; the value is what `rax` holds then.
    fn run_until_stop(&mut self, mut registers: user_regs_struct) -> Result<Returned, Trouble> {
        registers.orig_rax = u64::MAX;
        ptrace::setregs(self.pid, registers).map_err(trouble("its registers"))?;
        ptrace::cont(self.pid, None).map_err(trouble("ptrace"))?;
        let stopped = self.stopped()?;
        if stopped == Signal::SIGTRAP {
            let registers = ptrace::getregs(self.pid).map_err(trouble("its registers"))?;
            return Ok(Returned::Value(registers.rax));
        }
        self.handled(stopped)
    }

    /// Lets the child's handler have a signal, and reads what it was told.
    fn handled(&mut self, signal: Signal) -> Result<Returned, Trouble> {
        if !matches!(signal, Signal::SIGSEGV | Signal::SIGBUS) {
            return Err(format!("it got {signal}"));
        }
        ptrace::cont(self.pid, signal).map_err(trouble("ptrace"))?;
        match self.stopped()? {
            Signal::SIGTRAP => {}
            other => return Err(format!("it got {other} while it handled {signal}")),
        }
        let registers = ptrace::getregs(self.pid).map_err(trouble("its registers"))?;
        let mut info = [0; 24];
        self.peek(registers.rsi, &mut info)?;
        let code = i32::from_le_bytes([info[8], info[9], info[10], info[11]]);
        let mut address = [0; 8];
        address.copy_from_slice(&info[16..]);
        let (signal, code) = match (signal, code) {
            (Signal::SIGSEGV, 1) => (ModelSignal::SIGSEGV, SignalCode::SEGV_MAPERR),
            (Signal::SIGSEGV, 2) => (ModelSignal::SIGSEGV, SignalCode::SEGV_ACCERR),
            (Signal::SIGSEGV, 4) => (ModelSignal::SIGSEGV, SignalCode::SEGV_PKUERR),
            (Signal::SIGSEGV, 0x80) => (ModelSignal::SIGSEGV, SignalCode::SI_KERNEL),
            (Signal::SIGBUS, 2) => (ModelSignal::SIGBUS, SignalCode::BUS_ADRERR),
            other => return Err(format!("an unknown signal: {other:?}")),
        };
        let address = u64::from_le_bytes(address);
        Ok(Returned::Signal(SignalInfo { signal, code, address }))
    }

    fn stopped(&mut self) -> Result<Signal, Trouble> {
        match waitpid(self.pid, None).map_err(trouble("waiting for it"))? {
            WaitStatus::Stopped(_, signal) => Ok(signal),
            _ if self.hung.load(Ordering::SeqCst) => Err("it hung, and was killed".to_owned()),
            other => Err(format!("it ended: {other:?}")),
        }
    }

    fn text(&mut self, text: &str) -> Result<Address, Trouble> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        self.poke(BUFFER, &bytes)?;
        Ok(BUFFER)
    }

    pub(super) fn poke(&mut self, address: Address, bytes: &[u8]) -> Result<(), Trouble> {
        self.memory.write_all_at(bytes, address).map_err(trouble("its memory"))
    }

    /// Reads its memory, whatever the protection. Pages may become resident by that.
    ///
    /// # Errors
    /// Where nothing is mapped, or a file has no page.
    pub fn peek(&self, address: Address, bytes: &mut [u8]) -> Result<(), Trouble> {
        self.memory.read_exact_at(bytes, address).map_err(trouble("its memory"))
    }
}

/// The error that a system call's result is, if it is one.
pub(super) fn errno(result: u64) -> Option<Result<Returned, Trouble>> {
    if (result as i64) >= 0 || (result as i64) < -4095 {
        return None;
    }
    let number = -(result as i64);
    let errno = Errno::ALL.iter().find(|errno| **errno as i64 == number);
    let errno = errno.ok_or_else(|| format!("an error that the model does not know: {number}"));
    Some(errno.map(|errno| Returned::Error(*errno)))
}

fn with_value(returned: Returned, value: u64) -> Returned {
    match returned {
        Returned::Value(_) => Returned::Value(value),
        other => other,
    }
}
