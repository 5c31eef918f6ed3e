//! `mmap(2)`.
//!
//! Source: `ksys_mmap_pgoff`, `do_mmap`, `__get_unmapped_area`, `__mmap_region`, Linux 6.18.

use crate::abi::{Errno, MapFlags, OpenFlags, Prot};
use crate::address::{
    Address, PAGE_SIZE, PMD_SIZE, PageRange, USER_END, is_page_aligned, page_ceil_wrapping,
};
use crate::address_space::Changes;
use crate::event::Event;
use crate::file::{FileKind, OpenId};
use crate::kernel::{CallResult, Kernel, Refusal, Success, as_errno, refuse};
use crate::placement::{Huge, Place, Wish, place};
use crate::reason::Reason;
use crate::vma::{Backing, Sharing, Vma, VmaFlags};

/// Flags that `MAP_SHARED_VALIDATE` lets pass (`LEGACY_MAP_MASK`).
const LEGACY_FLAGS: u64 = 0x1 | 0x2 // SHARED, PRIVATE
    | 0x10 | 0x20 | 0x40 | 0x80 // FIXED, ANONYMOUS, 32BIT, ABOVE4G
    | 0x100 | 0x800 | 0x1000 | 0x2000 | 0x4000 // GROWSDOWN, DENYWRITE, EXECUTABLE, LOCKED, NORESERVE
    | 0x8000 | 0x1_0000 | 0x2_0000 | 0x4_0000 | 0x400_0000 // POPULATE, NONBLOCK, STACK, HUGETLB, UNINITIALIZED
    | 0x5400_0000 | 0x7800_0000; // HUGE_2MB, HUGE_1GB

/// The arguments of a call, as passed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MmapArguments {
    pub(crate) addr: Address,
    pub(crate) length: u64,
    pub(crate) prot: u64,
    pub(crate) flags: u64,
    pub(crate) fd: i32,
    pub(crate) offset: u64,
}

/// The file that a mapping is of.
#[derive(Clone, Copy)]
struct FileArgument {
    open: OpenId,
    kind: FileKind,
    flags: OpenFlags,
    fd: i32,
}

impl Kernel {
    /// Maps pages: `void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)`.
    /// The value is the address.
    pub(crate) fn sys_mmap(
        &mut self,
        arguments: MmapArguments,
        events: &mut Vec<Event>,
    ) -> CallResult {
        let MmapArguments { addr, length, prot, flags, fd, offset } = arguments;
        let flags = MapFlags::from_bits_retain(flags);
        // Not with further bits, though they mean nothing (`do_mmap`).
        let execute_only = self.machine.protection_keys && prot == Prot::EXEC.bits();
        let prot = Prot::from_bits_retain(prot) & Prot::RWX;

        if !is_page_aligned(offset) {
            return refuse(
                Errno::EINVAL,
                Reason::NotPageAligned { argument: "offset", value: offset },
            );
        }
        let file = self.mmap_file(flags, fd)?;
        let anonymous = file.is_none();
        let length = huge_length(flags, length)?;
        if length == 0 {
            return refuse(Errno::EINVAL, Reason::LengthZero { argument: "length" });
        }
        let rounded = page_ceil_wrapping(length);
        if rounded == 0 {
            return refuse(
                Errno::ENOMEM,
                Reason::LengthWraps { argument: "length", value: length },
            );
        }
        as_errno(Errno::ENOMEM, self.space.room_for_mapping())?;
        let Place { address, surprise } = self.mmap_place(addr, rounded, flags, file, offset)?;
        let past_end = Reason::PastUserEnd { address, length: rounded };
        let Some(range) = PageRange::new(address, address.wrapping_add(rounded)) else {
            return refuse(Errno::ENOMEM, past_end);
        };
        if flags.contains(MapFlags::FIXED_NOREPLACE)
            && let Some(taken) = self.space.vmas().overlapping(range).next()
        {
            return refuse(Errno::EEXIST, Reason::AlreadyMapped { at: taken.range });
        }
        if flags.contains(MapFlags::LOCKED)
            && self.locked_bytes().saturating_add(rounded) > self.machine.memlock_limit
        {
            let text = "MAP_LOCKED would lock more memory than RLIMIT_MEMLOCK allows";
            return refuse(Errno::EAGAIN, Reason::FlagCombination { text });
        }

        let huge = flags.contains(MapFlags::HUGETLB);
        let sharing = match file {
            Some(file) => file_sharing(file, flags, prot, offset, rounded)?,
            None if huge => file_sharing(HUGE_FILE, flags, prot, offset, rounded)?,
            None => anonymous_sharing(flags)?,
        };
        let droppable = anonymous && flags.map_type() == MapFlags::DROPPABLE;
        let mut vma_flags = vma_flags(flags, droppable);
        as_errno(Errno::ENOMEM, self.space.room_to_unmap(range))?;
        let private = sharing == Sharing::Private;
        let writable_zero =
            file.is_some_and(|file| file.kind == FileKind::DevZero && file.flags.writes());
        let shared_memory = !private && (anonymous || writable_zero);
        let reserve = !vma_flags.contains(VmaFlags::NORESERVE);
        let accounted = reserve && private && prot.contains(Prot::WRITE) && !huge;
        let mut changes = Changes::default();
        let commit = self.check_commit(range.page_count());
        if accounted && commit.is_err() {
            // What it replaces is given back (`__mmap_setup`).
            let charged = range.page_count().saturating_sub(self.accounted_pages(range));
            if let Err(reason) = self.check_commit(charged) {
                // What it would have replaced stays, but is cut out already.
                self.space.cut_out(range, &mut self.frames, &mut changes);
                self.settle(changes, events);
                return refuse(Errno::ENOMEM, reason);
            }
        }
        let commit = if shared_memory && reserve { commit } else { Ok(()) };
        let agreed = file_agrees(file.map(|file| file.kind), flags, offset, rounded);
        if let Err(refusal) = agreed.and_then(|()| as_errno(Errno::ENOMEM, commit)) {
            // The file is asked last, when what it would have replaced is gone
            // (`vms_abort_munmap_vmas`).
            self.space.unmap(range, &mut self.frames, &mut changes);
            self.settle(changes, events);
            return Err(refusal);
        }
        vma_flags.set(VmaFlags::ACCOUNT, accounted);
        vma_flags.set(VmaFlags::EXECUTE_ONLY_KEY, execute_only);

        let (backing, page_offset) = match file {
            // Without the right to write, a shared mapping of it is as good as a private one.
            Some(FileArgument { kind: FileKind::DevZero, open, flags, .. })
                if private || !flags.writes() =>
            {
                (Backing::DevZero(open), offset / PAGE_SIZE)
            }
            Some(FileArgument { open, .. }) if !shared_memory => {
                (Backing::File(open), offset / PAGE_SIZE)
            }
            None if private => (Backing::Anonymous, address / PAGE_SIZE),
            // Shared anonymous memory is a file of its own. That of /dev/zero is no longer than
            // the mapping, but shown from the offset on.
            _ => {
                let size = Some(rounded);
                let id = self.files.create(FileKind::SharedMemory, "dev/zero", size, 0o600);
                let open = self.files.open(id, OpenFlags::from_bits_retain(2));
                (Backing::File(open), if anonymous { 0 } else { offset / PAGE_SIZE })
            }
        };
        let vma = Vma {
            range,
            prot,
            sharing,
            flags: vma_flags,
            backing,
            page_offset,
            origin: None,
            inferred: false,
        };
        self.space.map(vma, &mut self.frames, &mut changes);
        if execute_only {
            changes.events.push(Event::KeyGiven { range, key: vma.key() });
        }
        self.settle(changes, events);
        let populate = flags.contains(MapFlags::POPULATE) && !flags.contains(MapFlags::NONBLOCK);
        if populate || flags.contains(MapFlags::LOCKED) {
            self.populate(range, events);
        }
        Ok(Success { value: address, surprise })
    }

    /// The file of a mapping that is not anonymous.
    fn mmap_file(&self, flags: MapFlags, fd: i32) -> Result<Option<FileArgument>, Refusal> {
        if flags.contains(MapFlags::ANONYMOUS) {
            return Ok(None);
        }
        let Some(open) = self.files.descriptor(fd) else {
            return refuse(Errno::EBADF, Reason::BadDescriptor { fd });
        };
        let (Some(open_file), Some(file)) = (self.files.open_file(open), self.files.behind(open))
        else {
            return refuse(Errno::EBADF, Reason::BadDescriptor { fd });
        };
        if open_file.flags.contains(OpenFlags::PATH) {
            return refuse(Errno::EBADF, Reason::PathOnlyDescriptor { fd });
        }
        if flags.contains(MapFlags::HUGETLB) {
            let text = "MAP_HUGETLB with a file needs a file of huge pages";
            return refuse(Errno::EINVAL, Reason::FlagCombination { text });
        }
        Ok(Some(FileArgument { open, kind: file.kind, flags: open_file.flags, fd }))
    }

    /// The address of a mapping: the one that is asked for, or the one that is found.
    fn mmap_place(
        &self,
        addr: Address,
        length: u64,
        flags: MapFlags,
        file: Option<FileArgument>,
        offset: u64,
    ) -> Result<Place, Refusal> {
        if length > USER_END {
            return refuse(Errno::ENOMEM, Reason::PastUserEnd { address: 0, length });
        }
        if flags.intersects(MapFlags::FIXED | MapFlags::FIXED_NOREPLACE) {
            if flags.contains(MapFlags::HUGETLB)
                && huge_size(flags.bits()).is_some_and(|size| !addr.is_multiple_of(size))
            {
                let text =
                    "MAP_HUGETLB with MAP_FIXED needs an address on a boundary of huge pages";
                return refuse(Errno::EINVAL, Reason::FlagCombination { text });
            }
            // The highest addresses are taken for an error number on their way through the kernel
            // (`IS_ERR_VALUE` in `__get_unmapped_area`).
            let number = addr.wrapping_neg();
            let taken_for = Errno::ALL.iter().find(|errno| **errno as u64 == number);
            if let Some(errno) = taken_for {
                return refuse(*errno, Reason::PastUserEnd { address: addr, length });
            }
            self.check_fixed(addr, length)?;
            return Ok(Place { address: addr, surprise: None });
        }
        let shared = flags.map_type() & 1 != 0;
        let huge = match file.map(|file| file.kind) {
            None if !shared => Huge::IfMultiple,
            Some(FileKind::DevZero | FileKind::Regular) if !shared => Huge::FileOffset(offset),
            Some(FileKind::Regular) => Huge::FileOffset(offset),
            _ => Huge::No,
        };
        let wish = Wish {
            hint: addr,
            raises_hint: true,
            length,
            below_2gib: flags.contains(MapFlags::BELOW_2GIB),
            above_4gib: flags.contains(MapFlags::ABOVE4G),
            huge,
        };
        let place = place(self.space.vmas(), &self.machine, wish);
        place.ok_or(Refusal { errno: Errno::ENOMEM, reason: Reason::NoRoom { length } })
    }

    /// Checks a fixed address: in user space, aligned, not below `vm.mmap_min_addr`.
    ///
    /// # Errors
    /// `ENOMEM`, `EINVAL`, `EPERM`, in this order.
    pub(crate) fn check_fixed(&self, addr: Address, length: u64) -> Result<(), Refusal> {
        if length > USER_END || addr > USER_END - length {
            return refuse(Errno::ENOMEM, Reason::PastUserEnd { address: addr, length });
        }
        if !is_page_aligned(addr) {
            return refuse(Errno::EINVAL, Reason::NotPageAligned { argument: "addr", value: addr });
        }
        let limit = self.machine.fixed_min_addr;
        if addr < limit {
            return refuse(Errno::EPERM, Reason::BelowMmapMinAddr { address: addr, limit });
        }
        Ok(())
    }
}

/// With `MAP_HUGETLB` a length is rounded up to huge pages.
fn huge_length(flags: MapFlags, length: u64) -> Result<u64, Refusal> {
    if !flags.contains(MapFlags::HUGETLB) {
        return Ok(length);
    }
    let Some(size) = huge_size(flags.bits()) else {
        let text = "MAP_HUGETLB has pages of 2 MiB and 1 GiB only";
        return refuse(Errno::EINVAL, Reason::FlagCombination { text });
    };
    Ok(length.checked_next_multiple_of(size).unwrap_or(0))
}

/// The size of huge pages that flags ask for: its logarithm stands in six bits of them, and 0 is
/// the usual 2 MiB (`hstate_sizelog`).
pub(super) fn huge_size(flags: u64) -> Option<u64> {
    match flags >> 26 & 0x3f {
        0 | 21 => Some(PMD_SIZE),
        30 => Some(1 << 30),
        _ => None,
    }
}

/// Checks type, flags and rights of a file mapping.
fn file_sharing(
    file: FileArgument,
    flags: MapFlags,
    prot: Prot,
    offset: u64,
    length: u64,
) -> Result<Sharing, Refusal> {
    // `file_mmap_size_max`
    let largest = if file.kind.has_length() { i64::MAX as u64 } else { u64::MAX };
    if length > largest || offset / PAGE_SIZE > (largest - length) / PAGE_SIZE {
        return refuse(Errno::EOVERFLOW, Reason::OffsetOverflow { offset, length });
    }
    let map_type = flags.map_type();
    let shared = match map_type {
        MapFlags::SHARED | MapFlags::SHARED_VALIDATE => true,
        MapFlags::PRIVATE => false,
        _ => return refuse(Errno::EINVAL, Reason::NoMappingType { map_type, anonymous: false }),
    };
    let known = if file.kind == FileKind::Regular { MapFlags::SYNC.bits() } else { 0 };
    let unknown = flags.bits() & !(LEGACY_FLAGS | known);
    if map_type == MapFlags::SHARED_VALIDATE && unknown != 0 {
        let reason = Reason::UnknownBits { argument: "flags", bits: unknown };
        return refuse(Errno::EOPNOTSUPP, reason);
    }
    let fd = file.fd;
    if shared && prot.contains(Prot::WRITE) && !file.flags.writes() {
        return refuse(Errno::EACCES, Reason::SharedNeedsWriting { fd });
    }
    if !file.flags.reads() {
        return refuse(Errno::EACCES, Reason::MappingNeedsReading { fd });
    }
    if matches!(file.kind, FileKind::Directory | FileKind::DevNull | FileKind::Stream) {
        return refuse(Errno::ENODEV, Reason::CannotBeMapped { what: file.kind.description() });
    }
    if flags.contains(MapFlags::GROWSDOWN) {
        return refuse(Errno::EINVAL, Reason::SharedAnonymousGrows);
    }
    Ok(if shared { Sharing::Shared { may_write: file.flags.writes() } } else { Sharing::Private })
}

/// The file behind an anonymous mapping of huge pages.
const HUGE_FILE: FileArgument = FileArgument {
    open: OpenId::MAX,
    kind: FileKind::SharedMemory,
    flags: OpenFlags::from_bits_retain(2),
    fd: -1,
};

/// What the file's own `mmap` refuses.
fn file_agrees(
    kind: Option<FileKind>,
    flags: MapFlags,
    offset: u64,
    length: u64,
) -> Result<(), Refusal> {
    if flags.contains(MapFlags::HUGETLB) {
        if huge_size(flags.bits()).is_some_and(|size| !offset.is_multiple_of(size)) {
            let text = "MAP_HUGETLB needs an offset on a boundary of huge pages";
            return refuse(Errno::EINVAL, Reason::FlagCombination { text });
        }
        // No pages are set aside for huge mappings here.
        return refuse(Errno::ENOMEM, Reason::NoRoom { length });
    }
    if kind == Some(FileKind::Regular) && flags.contains(MapFlags::SYNC) {
        let text = "MAP_SYNC is for files in persistent memory";
        return refuse(Errno::EOPNOTSUPP, Reason::FlagCombination { text });
    }
    Ok(())
}

/// Checks the type of an anonymous mapping.
fn anonymous_sharing(flags: MapFlags) -> Result<Sharing, Refusal> {
    let grows = flags.contains(MapFlags::GROWSDOWN);
    match flags.map_type() {
        MapFlags::SHARED if grows => refuse(Errno::EINVAL, Reason::SharedAnonymousGrows),
        MapFlags::SHARED => Ok(Sharing::Shared { may_write: true }),
        MapFlags::DROPPABLE if grows || flags.intersects(MapFlags::LOCKED | MapFlags::HUGETLB) => {
            let text = "MAP_DROPPABLE cannot be locked, grow down, or have huge pages";
            refuse(Errno::EINVAL, Reason::FlagCombination { text })
        }
        MapFlags::PRIVATE | MapFlags::DROPPABLE => Ok(Sharing::Private),
        map_type => refuse(Errno::EINVAL, Reason::NoMappingType { map_type, anonymous: true }),
    }
}

/// What a mapping remembers of its flags (`calc_vm_flag_bits`).
fn vma_flags(flags: MapFlags, droppable: bool) -> VmaFlags {
    let mut remembered = VmaFlags::empty();
    remembered.set(VmaFlags::GROWSDOWN, flags.contains(MapFlags::GROWSDOWN));
    remembered.set(VmaFlags::LOCKED, flags.contains(MapFlags::LOCKED));
    remembered.set(VmaFlags::NOHUGEPAGE, flags.contains(MapFlags::STACK));
    remembered.set(VmaFlags::NORESERVE, flags.contains(MapFlags::NORESERVE));
    remembered.set(VmaFlags::SYNC, flags.contains(MapFlags::SYNC));
    if droppable {
        remembered |=
            VmaFlags::DROPPABLE | VmaFlags::NORESERVE | VmaFlags::WIPEONFORK | VmaFlags::DONTDUMP;
    }
    remembered
}
