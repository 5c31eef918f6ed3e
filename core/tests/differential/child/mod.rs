//! A process on the real kernel that does what it is told: system calls and accesses, one at a
//! time, in an address space that holds nothing but its own two pages of code and data and its
//! stack.
//!
//! It is traced (`ptrace(2)`): before each call its registers are set, and it runs until the
//! `int3` behind the one instruction that matters. Its handler for SIGSEGV and SIGBUS is another
//! `int3`; what the kernel told it stands in its memory then. A child that does not end what it
//! was told is killed after [`LIFETIME`], which its tracer then hears of.

mod calls;

use calls::errno;
use mmap_playground_core::address::{Address, PAGE_SIZE};
use mmap_playground_core::call::Call;
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
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

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

/// A child that is not done after this time hangs.
pub const LIFETIME: Duration = Duration::from_secs(60);

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
    pub(super) const PKEY_ALLOC: u64 = 330;
    pub(super) const CLOSE_RANGE: u64 = 436;
}

/// What went wrong with the child itself, in words.
pub type Trouble = String;

/// A resident page, as `/proc/PID/pagemap` tells of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageInfo {
    /// Its frame; 0 where the kernel does not show it.
    pub frame: u64,
    /// It belongs to a file or to shared memory, not to this mapping alone (bit 61).
    pub of_file: bool,
    /// Nothing else maps its frame (bit 56).
    pub exclusive: bool,
}

/// A running child.
pub struct Child {
    pid: Pid,
    folder: String,
    memory: File,
    maps: File,
    page_map: File,
    /// Dropped, it ends the watch over this child.
    watch: Option<Sender<()>>,
    hung: Arc<AtomicBool>,
    idle: user_regs_struct,
    /// The frame of the zero page; nothing where the kernel does not show frames.
    pub zero_frame: Option<u64>,
    /// The limits of its machine.
    pub machine: Machine,
}

impl Drop for Child {
    fn drop(&mut self) {
        self.watch = None;
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
    /// Starts a child whose files lie in a folder of its own, which is emptied. It keeps the
    /// processor's protection keys or takes them all, as if there were none.
    ///
    /// # Errors
    /// Where the system does not let us: that a kernel is there does not mean that it may be
    /// asked.
    pub fn start(folder: &Path, keys: bool) -> Result<Child, Trouble> {
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
        let canonical = folder.canonicalize().map_err(trouble("its folder"))?;
        let mut child = Child {
            pid,
            folder: format!("{}/", canonical.display()),
            memory: open("mem", true).map_err(trouble("its memory"))?,
            maps: open("maps", false).map_err(trouble("its maps"))?,
            page_map: open("pagemap", false).map_err(trouble("its pagemap"))?,
            idle: ptrace::getregs(pid).map_err(trouble("its registers"))?,
            zero_frame: None,
            machine: Machine {
                // The real one's memory is larger than what a run touches.
                frame_limit: 1 << 18,
                protection_keys: keys,
                ..Machine::default()
            },
            watch: None,
            hung: Arc::default(),
        };
        child.watch(LIFETIME);
        child.settle_in()?;
        Ok(child)
    }

    /// Kills the child if it still runs after a time.
    pub fn watch(&mut self, limit: Duration) {
        let (ours, theirs) = channel::<()>();
        let (pid, hung) = (self.pid, Arc::clone(&self.hung));
        std::thread::spawn(move || {
            if theirs.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                hung.store(true, Ordering::SeqCst);
                let _ = kill(pid, Signal::SIGKILL);
            }
        });
        self.watch = Some(ours);
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
        // Once all keys are taken, the kernel has none left to make `PROT_EXEC` memory unreadable
        // with (`execute_only_pkey`).
        while !self.machine.protection_keys
            && errno(self.system_call(number::PKEY_ALLOC, [0; 6])?).is_none()
        {}
        self.machine.break_start = self.set_break()?;
        if nix::unistd::Uid::effective().is_root() {
            let nobody = 65534;
            self.system_call(number::SETGROUPS, [0; 6])?;
            self.system_call(number::SETRESGID, [nobody, nobody, nobody, 0, 0, 0])?;
            self.system_call(number::SETRESUID, [nobody, nobody, nobody, 0, 0, 0])?;
        }
        for line in self.maps()?.lines() {
            let (start, end) = maps_range(line);
            if !line.ends_with("[stack]") {
                self.system_call(number::MUNMAP, [start, end - start, 0, 0, 0, 0])?;
            } else if let Some(range) = self.machine.stack {
                if start != range.start() {
                    return Err(format!("its stack begins at {start:#x}"));
                }
                // Its arguments and environment: the model's stack holds nothing.
                self.system_call(number::MADVISE, [start, range.size_bytes(), 4, 0, 0, 0])?;
            }
        }
        // A page that was only read shows which frame the zero page is.
        let untouched = DATA + DATA_LENGTH - 8 * PAGE_SIZE;
        self.run_piece(LOAD, |registers| registers.rdi = untouched)?;
        let zero = self.pages(untouched, untouched + PAGE_SIZE)?.into_iter().next();
        self.zero_frame = zero.map(|(_, page)| page.frame).filter(|frame| *frame != 0);
        self.machine.fixed_min_addr = number_in("/proc/sys/vm/mmap_min_addr", "")?;
        self.machine.mmap_min_addr = self.machine.fixed_min_addr.max(0x1_0000);
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

    /// Its mappings, but for its own pages and `[vsyscall]`: a line each, with range, rights,
    /// offset and name, the name relative to its folder.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn maps(&self) -> Result<String, Trouble> {
        let mut text = Vec::new();
        let mut buffer = vec![0; 1 << 14];
        // The kernel's own page comes last.
        while !text.ends_with(b"[vsyscall]\n") {
            let read = self.maps.read_at(&mut buffer, text.len() as u64);
            match read.map_err(trouble("its maps"))? {
                0 => break,
                count => text.extend_from_slice(&buffer[..count]),
            }
        }
        let mut lines = String::with_capacity(text.len());
        for line in String::from_utf8_lossy(&text).lines() {
            let (start, _) = maps_range(line);
            if (CODE..DATA + DATA_LENGTH).contains(&start) || start >= 1 << 63 {
                continue;
            }
            let mut words = line.split_whitespace();
            for word in words.by_ref().take(3) {
                lines += word;
                lines += " ";
            }
            let name = words.nth(1).map_or("", |inode| {
                line[inode.as_ptr() as usize - line.as_ptr() as usize + inode.len()..].trim_start()
            });
            lines += name.strip_prefix(&*self.folder).unwrap_or(name);
            lines += "\n";
        }
        Ok(lines)
    }

    /// The resident pages of a range.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn pages(&self, start: Address, end: Address) -> Result<Vec<(Address, PageInfo)>, Trouble> {
        let mut bytes = vec![0; ((end - start) / PAGE_SIZE * 8) as usize];
        let read = self.page_map.read_exact_at(&mut bytes, start / PAGE_SIZE * 8);
        read.map_err(trouble("its pagemap"))?;
        let mut pages = Vec::new();
        for (address, word) in
            (start..end).step_by(PAGE_SIZE as usize).zip(bytes.as_chunks::<8>().0)
        {
            let word = u64::from_le_bytes(*word);
            if word >> 63 == 1 {
                let frame = word & ((1 << 55) - 1);
                let (of_file, exclusive) = (word >> 61 & 1 == 1, word >> 56 & 1 == 1);
                pages.push((address, PageInfo { frame, of_file, exclusive }));
            }
        }
        Ok(pages)
    }
}

/// The range of a line of maps.
pub fn maps_range(line: &str) -> (Address, Address) {
    let (start, rest) = line.split_once('-').unwrap_or_default();
    let end = rest.split(' ').next().unwrap_or_default();
    let number = |text| u64::from_str_radix(text, 16).unwrap_or(0);
    (number(start), number(end))
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
