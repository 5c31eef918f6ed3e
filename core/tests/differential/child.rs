//! A process on the real kernel that does what it is told: system calls and accesses, one at a
//! time, in an address space that holds nothing but its own two pages of code and data and its
//! stack.
//!
//! It is traced (`ptrace(2)`): before each call its registers are set, and it runs until the
//! `int3` behind the one instruction that matters. Its handler for SIGSEGV and SIGBUS is another
//! `int3`; what the kernel told it stands in its memory then.

#![allow(unreachable_pub)]

use mmap_playground_core::abi::{Errno, Signal as ModelSignal, SignalCode};
use mmap_playground_core::address::{Address, PAGE_SIZE};
use mmap_playground_core::call::{Call, Returned, SignalInfo};
use mmap_playground_core::machine::Machine;
use nix::libc::user_regs_struct;
use nix::sys::personality::{self, Persona};
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Its code, one page.
pub const CODE: Address = 0x5555_5540_0000;
/// Its data: what pointers point to, then a stack for its signal handler.
pub const DATA: Address = CODE + PAGE_SIZE;
/// How long its data is.
pub const DATA_LENGTH: u64 = 32 * PAGE_SIZE;
/// Most bytes that a call may read or write through a pointer.
pub const BUFFER_LENGTH: u64 = 16 * PAGE_SIZE;
const BUFFER: Address = DATA;
const STACK_TOP: Address = DATA + DATA_LENGTH - 64;

/// The instructions, each followed by `int3`, each at a multiple of 16.
const PIECES: [&[u8]; 12] = [
    &[0x0f, 0x05],       // syscall
    &[0x0f, 0xb6, 0x07], // movzx eax, byte [rdi]
    &[0x0f, 0xb7, 0x07], // movzx eax, word [rdi]
    &[0x8b, 0x07],       // mov eax, [rdi]
    &[0x48, 0x8b, 0x07], // mov rax, [rdi]
    &[0x88, 0x07],       // mov [rdi], al
    &[0x66, 0x89, 0x07], // mov [rdi], ax
    &[0x89, 0x07],       // mov [rdi], eax
    &[0x48, 0x89, 0x07], // mov [rdi], rax
    &[0xf3, 0xaa],       // rep stosb
    &[0xf3, 0xa4],       // rep movsb
    &[],                 // the signal handler
];
const SYSTEM_CALL: usize = 0;
const LOAD: usize = 1;
const STORE: usize = 5;
const SET: usize = 9;
const COPY: usize = 10;
const HANDLER: usize = 11;

/// Numbers of system calls.
mod number {
    pub(super) const OPEN: u64 = 2;
    pub(super) const CLOSE: u64 = 3;
    pub(super) const MMAP: u64 = 9;
    pub(super) const MPROTECT: u64 = 10;
    pub(super) const MUNMAP: u64 = 11;
    pub(super) const BRK: u64 = 12;
    pub(super) const RT_SIGACTION: u64 = 13;
    pub(super) const PREAD64: u64 = 17;
    pub(super) const PWRITE64: u64 = 18;
    pub(super) const MREMAP: u64 = 25;
    pub(super) const MSYNC: u64 = 26;
    pub(super) const MADVISE: u64 = 28;
    pub(super) const FTRUNCATE: u64 = 77;
    pub(super) const SETGROUPS: u64 = 116;
    pub(super) const SETRESUID: u64 = 117;
    pub(super) const SETRESGID: u64 = 119;
    pub(super) const PRCTL: u64 = 157;
    pub(super) const OPENAT: u64 = 257;
    pub(super) const MEMFD_CREATE: u64 = 319;
    pub(super) const CLOSE_RANGE: u64 = 436;
}

/// What went wrong with the child itself, in words.
pub type Trouble = String;

/// One line of the child's maps, but for its own pages.
#[derive(Clone, Debug)]
pub struct MapsEntry {
    /// First address.
    pub start: Address,
    /// First address behind it.
    pub end: Address,
    /// The line.
    pub text: String,
}

/// A running child.
pub struct Child {
    pid: Pid,
    folder: PathBuf,
    memory: File,
    page_map: File,
    idle: user_regs_struct,
    /// The frame of the zero page; nothing where the kernel does not show frames.
    pub zero_frame: Option<u64>,
    /// The limits of its machine.
    pub machine: Machine,
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = kill(self.pid, Signal::SIGKILL);
        while !matches!(waitpid(self.pid, None), Ok(WaitStatus::Signaled(..)) | Err(_)) {}
    }
}

fn trouble<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> Trouble {
    move |error| format!("{what}: {error}")
}

/// Makes a folder empty, and open to all.
fn empty_folder(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777))
}

impl Child {
    /// Starts a child whose files lie in a folder of its own, which is emptied.
    ///
    /// # Errors
    /// Where the system does not let us: that a kernel is there does not mean that it may be
    /// asked.
    pub fn start(folder: &Path) -> Result<Child, Trouble> {
        empty_folder(folder).map_err(trouble("its folder"))?;
        let own = personality::get().map_err(trouble("personality"))?;
        personality::set(own | Persona::ADDR_NO_RANDOMIZE).map_err(trouble("personality"))?;
        // The shell waits until it is traced, then becomes a fresh process.
        let script = "ulimit -s 8192; ulimit -n 1024; ulimit -t 60; ulimit -c 0; umask 0; read x; exec /bin/sh";
        let spawned = Command::new("/bin/sh")
            .args(["-c", script])
            .env_clear()
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let _ = personality::set(own);
        let mut spawned = spawned.map_err(trouble("/bin/sh"))?;
        let pid = Pid::from_raw(spawned.id() as i32);
        let options = ptrace::Options::PTRACE_O_TRACEEXEC
            | ptrace::Options::PTRACE_O_EXITKILL
            | ptrace::Options::PTRACE_O_TRACESYSGOOD;
        ptrace::seize(pid, options).map_err(trouble("ptrace"))?;
        if let Some(mut stdin) = spawned.stdin.take() {
            stdin.write_all(b"\n").map_err(trouble("its input"))?;
        }
        loop {
            match waitpid(pid, None).map_err(trouble("waiting for it"))? {
                WaitStatus::PtraceEvent(_, _, ptrace_event)
                    if ptrace_event == nix::libc::PTRACE_EVENT_EXEC =>
                {
                    break;
                }
                WaitStatus::Stopped(_, signal) => ptrace::cont(pid, signal),
                WaitStatus::PtraceEvent(..) => ptrace::cont(pid, None),
                other => return Err(format!("it did not start: {other:?}")),
            }
            .map_err(trouble("ptrace"))?;
        }
        // To the end of `execve`, so that registers set now stay.
        ptrace::syscall(pid, None).map_err(trouble("ptrace"))?;
        let status = waitpid(pid, None).map_err(trouble("waiting for it"))?;
        if !matches!(status, WaitStatus::PtraceSyscall(_)) {
            return Err(format!("it did not start: {status:?}"));
        }
        let open = |name: &str, write: bool| {
            let path = format!("/proc/{pid}/{name}");
            File::options().read(true).write(write).open(path)
        };
        let mut child = Child {
            pid,
            folder: folder.canonicalize().map_err(trouble("its folder"))?,
            memory: open("mem", true).map_err(trouble("its memory"))?,
            page_map: open("pagemap", false).map_err(trouble("its pagemap"))?,
            idle: ptrace::getregs(pid).map_err(trouble("its registers"))?,
            zero_frame: None,
            machine: Machine::default(),
        };
        child.settle_in()?;
        Ok(child)
    }

    /// Makes its own pages, becomes an ordinary user, and unmaps all else but the stack.
    fn settle_in(&mut self) -> Result<(), Trouble> {
        let entry = self.idle.rip;
        self.poke(entry, &[0x0f, 0x05, 0xcc])?;
        for call in Child::own_mappings() {
            let Call::Mmap { addr, length, prot, flags, fd, offset } = call else { continue };
            let arguments = [addr, length, prot, flags, fd as u64, offset];
            self.run_at(entry, number::MMAP, arguments)?;
        }
        for (index, piece) in PIECES.iter().enumerate() {
            self.poke(CODE + index as u64 * 16, piece)?;
            self.poke(CODE + index as u64 * 16 + piece.len() as u64, &[0xcc])?;
        }
        self.idle.rsp = STACK_TOP;
        let flags: u64 = 0x4400_0004; // SA_SIGINFO, SA_RESTORER, SA_NODEFER
        let handler = CODE + HANDLER as u64 * 16;
        let action: Vec<u8> =
            [handler, flags, handler, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
        self.poke(BUFFER, &action)?;
        for signal in [7, 11] {
            self.system_call(number::RT_SIGACTION, [signal, BUFFER, 0, 8, 0, 0])?;
        }
        self.system_call(number::CLOSE_RANGE, [3, u64::from(u32::MAX), 0, 0, 0, 0])?;
        self.machine.break_start = self.set_break()?;
        if nix::unistd::Uid::effective().is_root() {
            let nobody = 65534;
            self.system_call(number::SETGROUPS, [0; 6])?;
            self.system_call(number::SETRESGID, [nobody, nobody, nobody, 0, 0, 0])?;
            self.system_call(number::SETRESUID, [nobody, nobody, nobody, 0, 0, 0])?;
        }
        for entry in self.maps()? {
            if !entry.text.ends_with("[stack]") && entry.end < 1 << 47 {
                let length = entry.end - entry.start;
                self.system_call(number::MUNMAP, [entry.start, length, 0, 0, 0, 0])?;
            } else if let Some(range) = self.machine.stack
                && entry.text.ends_with("[stack]")
            {
                if entry.start != range.start() {
                    return Err(format!("its stack begins at {:#x}", entry.start));
                }
                // Its arguments and environment: the model's stack holds nothing.
                let dont_need = [entry.start, range.size_bytes(), 4, 0, 0, 0];
                self.system_call(number::MADVISE, dont_need)?;
            }
        }
        // A page that was only read shows which frame the zero page is.
        let untouched = DATA + DATA_LENGTH - 8 * PAGE_SIZE;
        self.run_piece(LOAD, |registers| registers.rdi = untouched)?;
        self.zero_frame = self.frames(untouched, untouched + PAGE_SIZE)?[0].filter(|f| *f != 0);
        self.machine.max_map_count = number_in("/proc/sys/vm/max_map_count", "")?;
        let limits = format!("/proc/{}/limits", self.pid);
        self.machine.memlock_limit = number_in(&limits, "Max locked memory").unwrap_or(u64::MAX);
        let pages = |name| number_in("/proc/meminfo", name).map(|kib| kib * 1024 / PAGE_SIZE);
        self.machine.commit_limit_pages = pages("MemTotal:")? + pages("SwapTotal:")?;
        Ok(())
    }

    /// The calls by which its own pages came to be.
    pub fn own_mappings() -> [Call; 2] {
        let mmap = |addr, length, prot| Call::Mmap {
            addr,
            length,
            prot,
            flags: 0x4032, // MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE
            fd: -1,
            offset: 0,
        };
        [mmap(CODE, PAGE_SIZE, 5), mmap(DATA, DATA_LENGTH, 3)]
    }

    /// Moves the start of its heap to where the trace language has it (`PR_SET_MM_MAP`), if the
    /// kernel lets us; returns where it is.
    fn set_break(&mut self) -> Result<Address, Trouble> {
        let wished = self.machine.break_start;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
        let stat = stat.map_err(trouble("its stat"))?;
        let field = |index: usize| -> u64 {
            let behind_name = stat.rsplit(')').next().unwrap_or_default();
            behind_name.split_whitespace().nth(index - 3).and_then(|f| f.parse().ok()).unwrap_or(0)
        };
        let stack = field(28);
        // No arguments and environment, so that nobody reads them from its stack.
        let fields = [CODE, DATA, DATA, DATA, wished, wished, stack, DATA, DATA, DATA, DATA, 0];
        let mut bytes: Vec<u8> = fields.iter().flat_map(|field| field.to_le_bytes()).collect();
        bytes.extend(0u32.to_le_bytes()); // no auxiliary vector
        bytes.extend(u32::MAX.to_le_bytes()); // no other program
        self.poke(BUFFER, &bytes)?;
        let (set_mm, map) = (35, 14);
        self.system_call(number::PRCTL, [set_mm, map, BUFFER, bytes.len() as u64, 0, 0])?;
        self.system_call(number::BRK, [0; 6])
    }

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
                    return Err(format!("a store of {} bytes is not one access", bytes.len()));
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

    fn system_call(&mut self, number: u64, arguments: [u64; 6]) -> Result<u64, Trouble> {
        self.run_at(CODE + SYSTEM_CALL as u64 * 16, number, arguments)
    }

    fn run_at(&mut self, rip: Address, number: u64, arguments: [u64; 6]) -> Result<u64, Trouble> {
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

    fn run_piece(
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
            other => Err(format!("it ended: {other:?}")),
        }
    }

    fn text(&mut self, text: &str) -> Result<Address, Trouble> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        self.poke(BUFFER, &bytes)?;
        Ok(BUFFER)
    }

    fn poke(&mut self, address: Address, bytes: &[u8]) -> Result<(), Trouble> {
        self.memory.write_all_at(bytes, address).map_err(trouble("its memory"))
    }

    /// Reads its memory, whatever the protection. Pages may become resident by that.
    ///
    /// # Errors
    /// Where nothing is mapped, or a file has no page.
    pub fn peek(&self, address: Address, bytes: &mut [u8]) -> Result<(), Trouble> {
        self.memory.read_exact_at(bytes, address).map_err(trouble("its memory"))
    }

    /// Its mappings, but for its own pages and `[vsyscall]`; paths relative to its folder.
    pub fn maps(&self) -> Result<Vec<MapsEntry>, Trouble> {
        let text = std::fs::read_to_string(format!("/proc/{}/maps", self.pid));
        let text = text.map_err(trouble("its maps"))?;
        let folder = format!("{}/", self.folder.display());
        let entries = text.lines().map(|line| {
            let (start, rest) = line.split_once('-').unwrap_or_default();
            let end = rest.split(' ').next().unwrap_or_default();
            let number = |text| u64::from_str_radix(text, 16).unwrap_or(0);
            let text = line.replacen(&folder, "", 1);
            MapsEntry { start: number(start), end: number(end), text }
        });
        let own = CODE..DATA + DATA_LENGTH;
        Ok(entries.filter(|e| !own.contains(&e.start) && e.start < 1 << 63).collect())
    }

    /// The frames of a range's pages, nothing for one that is not resident; all 0 where the
    /// kernel does not show them.
    pub fn frames(&self, start: Address, end: Address) -> Result<Vec<Option<u64>>, Trouble> {
        let mut bytes = vec![0; ((end - start) / PAGE_SIZE * 8) as usize];
        let read = self.page_map.read_exact_at(&mut bytes, start / PAGE_SIZE * 8);
        read.map_err(trouble("its pagemap"))?;
        let words = bytes
            .chunks_exact(8)
            .map(|bytes| bytes.iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte)));
        Ok(words.map(|word| (word >> 63 == 1).then_some(word & ((1 << 55) - 1))).collect())
    }
}

/// Says whether files in a folder are read as the model's are: on ext4, 8 MiB at a time.
pub fn has_the_models_disk(folder: &Path) -> bool {
    let file_system = nix::sys::statfs::statfs(folder).map(|found| found.filesystem_type());
    let device = std::fs::metadata(folder).map_or(0, |metadata| metadata.dev());
    let (major, minor) = (nix::sys::stat::major(device), nix::sys::stat::minor(device));
    let read_ahead = format!("/sys/class/bdi/{major}:{minor}/read_ahead_kb");
    file_system == Ok(nix::sys::statfs::EXT4_SUPER_MAGIC) && number_in(&read_ahead, "") == Ok(8192)
}

/// The number behind a name in one of the kernel's text files.
fn number_in(path: &str, name: &str) -> Result<u64, Trouble> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let number = line.split_whitespace().next().and_then(|number| number.parse().ok());
    number.ok_or_else(|| format!("{path} has no {name}"))
}

/// The error that a system call's result is, if it is one.
fn errno(result: u64) -> Option<Result<Returned, Trouble>> {
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
