//! Random calls that meet: few pages, few descriptors, addresses at the borders of what is there.
//!
//! Left out, because the model knowingly differs or the kernel leaves it to chance: huge pages of
//! files (`MADV_HUGEPAGE` and `MADV_COLLAPSE` where one fits, `MAP_HUGETLB` with `MAP_NORESERVE`),
//! `MADV_PAGEOUT`, the calls of `[vsyscall]`; and what would take the child's own pages away, or
//! fill all memory.

mod places;

use super::child::{BUFFER_LENGTH, CODE, DATA, DATA_LENGTH};
use mmap_playground_core::abi::AT_FDCWD;
use mmap_playground_core::address::{Address, PAGE_SIZE};
use mmap_playground_core::call::{Call, StoreValue, Width};
use mmap_playground_core::process::Process;
use mmap_playground_core::vma::{Backing, VmaFlags};
use std::collections::VecDeque;

/// What random calls are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// Odd arguments: which error wins.
    Arguments,
    /// Splits and merges.
    Protections,
    /// Files of all kinds, their ends and their mappings.
    Files,
    /// Page faults, residency, frames.
    Touching,
    /// `mremap`, `brk`, and mappings that grow.
    Remapping,
    /// Advice.
    Advice,
    /// Everything.
    Everything,
    /// Splits, merges and moves where a process has as many mappings as it may have.
    Limit,
    /// Huge pages: touched, cut, moved, dropped, gathered.
    Huge,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 9] = [
        Profile::Arguments,
        Profile::Protections,
        Profile::Files,
        Profile::Touching,
        Profile::Remapping,
        Profile::Advice,
        Profile::Everything,
        Profile::Limit,
        Profile::Huge,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Arguments => "arguments",
            Profile::Protections => "protections",
            Profile::Files => "files",
            Profile::Touching => "touching",
            Profile::Remapping => "remapping",
            Profile::Advice => "advice",
            Profile::Everything => "everything",
            Profile::Limit => "limit",
            Profile::Huge => "huge",
        }
    }

    /// What its calls are about, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            Profile::Arguments => "odd arguments: which error wins",
            Profile::Protections => "splits and merges",
            Profile::Files => "files, their ends and their mappings",
            Profile::Touching => "page faults, residency, frames",
            Profile::Remapping => "mremap, brk, mappings that grow",
            Profile::Advice => "madvise and msync",
            Profile::Everything => "everything together",
            Profile::Limit => "the limit of 65,530 mappings",
            Profile::Huge => "huge pages, whole and in parts",
        }
    }

    /// How often each kind of call comes: mmap of memory, mmap of a file, munmap, mprotect,
    /// mremap, madvise, msync, brk, open, close, ftruncate, pwrite, pread, load, store, fetch,
    /// memset, memcpy.
    const fn weights(self) -> [u64; 18] {
        match self {
            Profile::Arguments => [8, 4, 6, 6, 8, 4, 2, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1],
            Profile::Protections => [12, 2, 5, 16, 1, 0, 0, 1, 1, 0, 0, 0, 0, 4, 10, 2, 1, 0],
            Profile::Files => [2, 10, 4, 4, 3, 1, 1, 0, 8, 3, 6, 5, 4, 8, 10, 2, 2, 2],
            Profile::Touching => [10, 4, 3, 4, 2, 1, 0, 1, 2, 1, 1, 1, 1, 14, 14, 6, 4, 4],
            Profile::Remapping => [10, 3, 3, 3, 20, 1, 0, 4, 2, 0, 1, 1, 0, 4, 10, 1, 1, 0],
            Profile::Advice => [8, 4, 3, 3, 2, 20, 3, 1, 2, 1, 1, 1, 1, 5, 12, 1, 1, 1],
            Profile::Limit => [12, 1, 9, 16, 10, 3, 0, 2, 1, 0, 0, 0, 0, 2, 6, 0, 0, 0],
            Profile::Huge => [9, 1, 5, 6, 8, 22, 0, 1, 1, 0, 0, 0, 0, 8, 14, 1, 3, 1],
            Profile::Everything => [8, 5, 4, 6, 5, 6, 1, 2, 3, 1, 2, 2, 1, 6, 8, 2, 2, 2],
        }
    }
}

/// Random numbers from a seed (SplitMix64).
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// Those of a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of so many numbers, from 0 on.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

/// Where the calls play: 32 pages, with a border of 2 MiB in their middle.
const ARENA: Address = 0x101f_0000;
const ARENA_PAGES: u64 = 32;
/// Where mappings are made in number.
const FILLED: Address = 0x3_0000_0000;
const PAGE: u64 = PAGE_SIZE;

/// Makes the calls of one run.
#[derive(Clone)]
pub struct Generator {
    random: Random,
    profile: Profile,
    disk: bool,
    /// Calls that come next.
    planned: VecDeque<Call>,
}

impl Generator {
    /// A generator for a profile and a seed, with files on a disk or in memory only.
    pub fn new(profile: Profile, seed: u64, disk: bool) -> Generator {
        let random = Random::new(seed ^ (profile as u64) << 56);
        Generator { random, profile, disk, planned: VecDeque::new() }
    }

    /// Calls to begin with: none, but at the limit, where they make nearly as many mappings as
    /// there may be, in a place of their own.
    pub fn prelude(&mut self, start: &Process) -> Vec<Call> {
        if self.profile != Profile::Limit {
            return Vec::new();
        }
        let limit = start.kernel.machine.max_map_count;
        let there = start.kernel.space.vmas().len() + 2 + self.random.below(25);
        let length = (limit + 2) * PAGE;
        // MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_NORESERVE
        let mmap = Call::Mmap { addr: FILLED, length, prot: 0, flags: 0x4032, fd: -1, offset: 0 };
        let every_second = (0..limit.saturating_sub(there) / 2).map(|index| Call::Mprotect {
            addr: FILLED + (2 * index + 1) * PAGE,
            len: PAGE,
            prot: 1,
        });
        std::iter::once(mmap).chain(every_second).collect()
    }

    /// The next call, given the model's state: addresses lie at the borders of its mappings.
    pub fn next(&mut self, process: &Process) -> Call {
        if let Some(call) = self.planned.pop_front() {
            return call;
        }
        if self.profile == Profile::Huge && self.random.percent(12) {
            return self.untouched_blocks();
        }
        loop {
            let call = self.call(process);
            if is_safe(&call) {
                return call;
            }
        }
    }

    /// Memory that may have huge pages and was never touched; then a touch, mostly.
    fn untouched_blocks(&mut self) -> Call {
        let (addr, length) = self.blocks();
        let prot = self.random.pick(&[3, 3, 3, 3, 1, 7]);
        let flags = self.random.pick(&[0x32, 0x32, 0x32, 0x32, 0x4032, 0x2032, 0x132]);
        self.planned.push_back(Call::Madvise { addr, length, advice: 14 });
        if self.random.percent(70) {
            let addr = addr + self.random.below(length);
            self.planned.push_back(if self.random.percent(70) {
                Call::Store { addr, value: StoreValue::Number(0xc3, Width::One) }
            } else {
                Call::Load { addr, width: Width::One }
            });
        }
        Call::Mmap { addr, length, prot, flags, fd: -1, offset: 0 }
    }

    /// How likely something odd is, in percent.
    fn odd(&mut self) -> bool {
        let share = if self.profile == Profile::Arguments { 18 } else { 2 };
        self.random.percent(share)
    }

    fn call(&mut self, process: &Process) -> Call {
        let weights = self.profile.weights();
        let mut left = self.random.below(weights.iter().sum());
        let mut kind = 0;
        while left >= weights[kind] {
            left -= weights[kind];
            kind += 1;
        }
        match kind {
            0 => self.mmap_memory(process),
            1 => self.mmap_file(process),
            2 => Call::Munmap { addr: self.address(process), length: self.length(process) },
            3 => self.mprotect(process),
            4 => self.mremap(process),
            5 => self.madvise(process),
            6 => Call::Msync {
                addr: self.address(process),
                length: self.length(process),
                flags: if self.odd() {
                    self.random.below(16)
                } else {
                    self.random.pick(&[1, 4, 2, 6])
                },
            },
            7 => self.brk(process),
            8 => self.open(),
            9 => Call::Close { fd: self.descriptor() },
            10 => Call::Ftruncate { fd: self.descriptor(), length: self.file_offset() },
            11 => {
                let length = self.random.below(12) as usize;
                let data = (0..length).map(|_| self.byte()).collect::<Vec<_>>();
                // Long ones make folios of several pages.
                let count = match self.random.below(8) {
                    0 => self.random.below(BUFFER_LENGTH),
                    1 | 2 => self.random.below(3 * PAGE),
                    _ => length as u64,
                };
                let data = data[..length.min(count as usize)].to_vec();
                Call::Pwrite64 { fd: self.descriptor(), data, count, offset: self.file_offset() }
            }
            12 => Call::Pread64 {
                fd: self.descriptor(),
                count: self.random.pick(&[1, 8, 100, PAGE, 2 * PAGE + 7, 6 * PAGE]),
                offset: self.file_offset(),
            },
            13 => Call::Load { addr: self.access(process), width: self.width() },
            14 => {
                let width = self.width();
                let mut number = 0;
                for _ in 0..width.bytes() {
                    number = number << 8 | u64::from(self.byte());
                }
                Call::Store { addr: self.access(process), value: StoreValue::Number(number, width) }
            }
            // Away from the page's end, so that the whole instruction lies in it.
            15 => Call::Fetch { addr: self.access(process) & !0xf },
            16 => Call::Memset {
                addr: self.access(process),
                byte: self.byte(),
                length: self.random.pick(&[1, 8, PAGE, 3 * PAGE, 20 * PAGE]),
            },
            _ => {
                let (dst, src) = (self.access(process), self.access(process));
                Call::Memcpy { dst, src, length: self.random.pick(&[1, 8, PAGE, 3 * PAGE]) }
            }
        }
    }

    fn mmap_memory(&mut self, process: &Process) -> Call {
        let kind = self.random.pick(&[
            0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x21, 0x21, 0x21, 0x28,
            0x28, 0x23,
        ]);
        let mut flags = kind | self.placement_flags() | self.more_flags();
        if self.random.percent(match self.profile {
            Profile::Touching | Profile::Remapping => 10,
            _ => 2,
        }) {
            flags |= 0x100;
        }
        let (addr, length) = self.place(process, flags);
        let prot = self.prot();
        let offset = if self.odd() { self.odd_number() } else { 0 };
        Call::Mmap { addr, length, prot, flags: self.tame(flags, length), fd: -1, offset }
    }

    fn mmap_file(&mut self, process: &Process) -> Call {
        let kind = self.random.pick(&[1, 1, 1, 2, 2, 2, 3]);
        let flags = kind | self.placement_flags() | self.more_flags();
        let flags = if self.odd() { flags | 0x100 } else { flags };
        let unknown = kind == 3 && self.random.percent(30);
        let flags = if unknown { flags | 1 << self.random.below(64) } else { flags };
        let (addr, length) = self.place(process, flags);
        let offset = if self.odd() {
            self.odd_number()
        } else {
            self.random.pick(&[0, 0, 0, 1, 2, 3, 4, 8, 15]) * PAGE
        };
        let prot = self.prot();
        let flags = self.tame(flags, length);
        Call::Mmap { addr, length, prot, flags, fd: self.descriptor(), offset }
    }

    fn placement_flags(&mut self) -> u64 {
        self.random.pick(&[0, 0, 0x10, 0x10, 0x10, 0x10, 0x10_0000])
    }

    fn more_flags(&mut self) -> u64 {
        let mut flags = 0;
        for flag in [0x4000, 0x8000, 0x2_0000, 0x2000, 0x1_0000] {
            if self.random.percent(5) {
                flags |= flag;
            }
        }
        if self.random.percent(2) {
            flags |= 0x40;
        }
        if self.odd() || self.random.percent(1) {
            flags |= self.random.pick(&[
                0x40,
                0x80,
                0x800,
                0x1000,
                0x4_0000,
                0x8_0000,
                0x400_0000,
                0x200_0000,
                1 << 40,
                1 << 63,
                4,
                8,
                3,
                2,
                1,
                0x20,
                0x100,
            ]);
        }
        flags
    }

    /// Filling a large mapping would take all memory there is.
    fn tame(&mut self, flags: u64, length: u64) -> u64 {
        let flags = if length > 5 << 20 { flags & !0xa000 } else { flags };
        // Huge pages are outside the model, which refuses them for there are none.
        if flags & 0x4_0000 != 0 { flags & !0x4000 } else { flags }
    }

    fn place(&mut self, process: &Process, flags: u64) -> (Address, u64) {
        let length = self.length(process);
        let fixed = flags & 0x10_0010 != 0;
        let mut addr = self.address(process);
        if !fixed && self.random.percent(40) {
            addr = 0;
        }
        (addr, length)
    }

    fn prot(&mut self) -> u64 {
        if self.odd() {
            return self.random.pick(&[8, 0xb, 0x10, 0x100, 1 << 32, !0, 0x0100_0003, 0x0200_0001]);
        }
        self.random.pick(&[0, 1, 1, 3, 3, 3, 3, 2, 4, 5, 7])
    }

    fn mprotect(&mut self, process: &Process) -> Call {
        let (addr, len) = (self.address(process), self.length(process));
        let above = process.kernel.space.vmas().at_or_above(addr);
        let may_grow = above.is_some_and(|vma| vma.flags.contains(VmaFlags::GROWSDOWN));
        let grows = if self.odd() || (may_grow && self.random.percent(20)) {
            self.random.pick(&[1 << 24, 1 << 24, 1 << 24, 1 << 25, 3 << 24])
        } else {
            0
        };
        Call::Mprotect { addr, len, prot: self.prot() | grows }
    }

    fn mremap(&mut self, process: &Process) -> Call {
        let flags = if self.odd() {
            self.random.pick(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1 << 32])
        } else {
            self.random.pick(&[0, 0, 1, 1, 1, 3, 3, 3, 5, 7])
        };
        let old_address = self.address(process);
        let mut old_size = self.length(process);
        if self.random.percent(50)
            && let Some(vma) = process.kernel.space.vmas().at(old_address)
        {
            old_size = vma.range.end() - old_address;
        }
        if self.random.percent(4) {
            old_size = 0;
        }
        let same = flags & 4 != 0 || self.random.percent(35);
        let new_size = if same { old_size } else { self.length(process) };
        let new_address = self.address(process);
        Call::Mremap { old_address, old_size, new_size, flags, new_address }
    }

    fn madvise(&mut self, process: &Process) -> Call {
        let advice = if self.odd() {
            self.random.pick(&[5, 6, 7, 26, 99, 100, 101, 104, -1, 1 << 30])
        } else {
            self.random.pick(&[
                0, 1, 2, 3, 4, 4, 4, 8, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23,
                24, 25, 102, 103,
            ])
        };
        let often = self.profile == Profile::Huge && self.random.percent(60);
        let advice =
            if often { self.random.pick(&[14, 14, 14, 14, 4, 4, 8, 20, 23, 25]) } else { advice };
        let (addr, length) = (self.address(process), self.length(process));
        // Huge pages of files are outside the model: only where none fits.
        let vmas = process.kernel.space.vmas().iter_from(addr);
        let fits = vmas.take_while(|vma| vma.range.start() < addr.saturating_add(length));
        let fits = fits.into_iter().any(|vma| {
            vma.range.size_bytes() >= 1 << 21 && matches!(vma.backing, Backing::File(_))
        });
        let advice = if matches!(advice, 14 | 25) && fits { 15 } else { advice };
        Call::Madvise { addr, length, advice }
    }

    fn brk(&mut self, process: &Process) -> Call {
        let start = process.kernel.space.break_start;
        let addr =
            if self.odd() { self.odd_number() } else { start + self.random.below(24) * PAGE / 2 };
        Call::Brk { addr }
    }

    fn open(&mut self) -> Call {
        if self.random.percent(35) || !self.disk {
            let flags = if self.odd() { self.random.pick(&[1, 2, 0x20, 0x18, 8, 0x10]) } else { 0 };
            return Call::MemfdCreate { name: self.random.pick(&["m", "n", ""]).to_owned(), flags };
        }
        let path = self.random.pick(&[
            "f",
            "f",
            "f",
            "g",
            "g",
            "./f",
            "/dev/zero",
            "/dev/null",
            ".",
            "x/y",
            "f/y",
            "f/",
            "./g/.",
            "f\0g",
            "",
            "/..",
        ]);
        let flags = self.random.pick(&[
            0o102,
            0o102,
            0o102,
            0,
            2,
            0o101,
            0o100,
            0o1102,
            0o2102,
            0o302,
            0o10_000_000,
            0o200_000,
            3,
            0o1000,
            0o10_001_302,
            0o200_100,
        ]);
        let mode = self.random.pick(&[0o600, 0o600, 0o600, 0o400, 0o200, 0o644]);
        if self.random.percent(20) {
            let dirfd = if self.odd() { self.descriptor() } else { AT_FDCWD };
            return Call::Openat { dirfd, path: path.to_owned(), flags, mode };
        }
        Call::Open { path: path.to_owned(), flags, mode }
    }

    fn descriptor(&mut self) -> i32 {
        if self.odd() {
            self.random.pick(&[-1, 9, 1 << 20])
        } else {
            3 + self.random.below(5) as i32
        }
    }

    fn file_offset(&mut self) -> i64 {
        match self.random.below(20) {
            0 if self.odd() => self.random.pick(&[-1, i64::MIN, i64::MAX, 1 << 40, 1 << 44]),
            0..5 => (self.random.below(20) * PAGE) as i64,
            5..9 => (self.random.below(4) * PAGE) as i64,
            9..12 => ((1 + self.random.below(20)) * PAGE - 1) as i64,
            _ => self.random.below(20 * PAGE) as i64,
        }
    }

    fn width(&mut self) -> Width {
        self.random.pick(&[Width::One, Width::One, Width::Two, Width::Four, Width::Eight])
    }

    /// Bytes that are harmless as instructions.
    fn byte(&mut self) -> u8 {
        self.random.pick(&[0, 0xc3])
    }
}

/// Says whether a call leaves the child its own pages, and the machine its memory.
fn is_safe(call: &Call) -> bool {
    let spares = |addr: Address, length: u64| {
        let end = addr.saturating_add(length).saturating_add(PAGE);
        end <= CODE || addr >= DATA + DATA_LENGTH
    };
    let small = |length: u64| length <= 1 << 22;
    match *call {
        Call::Mmap { addr, length, flags, .. } => flags & 0x10 == 0 || spares(addr, length),
        Call::Munmap { addr, length } | Call::Msync { addr, length, .. } => spares(addr, length),
        Call::Mprotect { addr, len, .. } => spares(addr, len),
        Call::Mremap { old_address, old_size, new_size, new_address, .. } => {
            spares(old_address, old_size) && spares(new_address, new_size)
        }
        Call::Madvise { addr, length, advice } => {
            // Guards, too, take page tables for all of a range.
            let fills = matches!(advice, 22 | 23 | 102);
            spares(addr, length) && (!fills || small(length))
        }
        Call::Pwrite64 { count, .. } | Call::Pread64 { count, .. } => count <= BUFFER_LENGTH,
        Call::Memset { addr, length, .. } => spares(addr, length),
        Call::Memcpy { dst, src, length } => spares(dst, length) && spares(src, length),
        Call::Store { addr, .. } => spares(addr, 8),
        // At three addresses of [vsyscall] the kernel makes a call of its own of it.
        Call::Fetch { addr } => addr & !0xc00 != 0xffff_ffff_ff60_0000 && spares(addr, 1),
        Call::Load { addr, .. } => spares(addr, 8),
        _ => true,
    }
}
