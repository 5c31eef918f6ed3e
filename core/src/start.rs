//! The state that a trace starts from, given as `/proc/PID/maps` text.
//!
//! A maps text does not say everything: not which lines show the same open file, what is
//! accounted, what was written, or where the heap begins. What it leaves open is chosen so that
//! the lines stay apart as they are listed.

use crate::abi::{OpenFlags, Prot};
use crate::address::{PAGE_SIZE, PageRange, USER_END};
use crate::address_space::Changes;
use crate::file::{DELETED, FileKind, OpenId};
use crate::machine::Machine;
use crate::maps::MapsLine;
use crate::process::Process;
use crate::vma::{Backing, Sharing, Vma, VmaFlags};
use std::collections::BTreeMap;

/// Which limits were given by hand, so that a maps text does not change them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Given {
    /// `mmap_base`.
    pub mmap_base: bool,
    /// The break.
    pub break_start: bool,
}

/// A process that has what a maps text lists. Lines that overlap an earlier one are left out.
pub fn from_maps(mut machine: Machine, given: Given, lines: &[MapsLine]) -> Process {
    machine.stack = None;
    let stack = lines.iter().find(|line| line.path == "[stack]");
    if let Some(base) = randomised_base(lines, stack)
        && !given.mmap_base
    {
        machine.mmap_base = base;
    }
    let mut heap = lines.iter().filter(|line| line.path == "[heap]");
    let first = heap.next();
    let last = heap.next_back().or(first);
    if let Some(first) = first
        && !given.break_start
    {
        machine.break_start = first.start;
    }
    let mut process = Process::new(machine);
    if let Some(last) = last {
        process.kernel.space.break_end = last.end.max(process.kernel.space.break_start);
    }
    if let Some(stack) = stack {
        process.kernel.space.stack_start = stack.end.saturating_sub(PAGE_SIZE);
    }
    let mut open_files = BTreeMap::new();
    for line in lines {
        add(&mut process, line, &mut open_files);
    }
    process
}

/// Where placement began in a process with address randomisation: nothing if the stack is where
/// it is without, else the end of the highest file mapping below it.
fn randomised_base(lines: &[MapsLine], stack: Option<&MapsLine>) -> Option<u64> {
    let stack = stack?;
    if stack.end == USER_END {
        return None;
    }
    let below = lines.iter().filter(|line| line.end <= stack.start && line.path.starts_with('/'));
    below.map(|line| line.end).max()
}

fn add(process: &mut Process, line: &MapsLine, open_files: &mut BTreeMap<(String, bool), OpenId>) {
    let Some(range) = PageRange::new(line.start, line.end) else { return };
    let kernel = &mut process.kernel;
    if kernel.space.vmas().overlapping(range).next().is_some() {
        return;
    }
    let write = line.prot.contains(Prot::WRITE);
    let backing = if line.path.is_empty() || line.path.starts_with('[') {
        let name = Backing::KERNEL_NAMES.iter().position(|name| *name == line.path);
        match name {
            Some(index) => Backing::Kernel(index as u8),
            None => Backing::Anonymous,
        }
    } else {
        let kind = kind_of(line);
        let key = (line.path.clone(), line.deleted);
        let open = *open_files.entry(key).or_insert_with(|| {
            let path = line.path.strip_prefix("/memfd:").unwrap_or(&line.path);
            let deleted = kind == FileKind::Regular && line.deleted;
            let path = format!("{path}{}", if deleted { DELETED } else { "" });
            let file = kernel.files.create(kind, &path, None, 0o666);
            kernel.files.open(file, OpenFlags::READ_WRITE)
        });
        if kind == FileKind::DevZero { Backing::DevZero(open) } else { Backing::File(open) }
    };
    let page_offset = match backing {
        Backing::Anonymous => line.start / PAGE_SIZE,
        _ => line.offset / PAGE_SIZE,
    };
    let private = !line.shared;
    let mut flags = VmaFlags::empty();
    flags.set(VmaFlags::ACCOUNT, private && write);
    flags.set(VmaFlags::GROWSDOWN, line.path == "[stack]");
    let sharing = if private { Sharing::Private } else { Sharing::Shared { may_write: write } };
    let prot = line.prot;
    let mut vma =
        Vma { range, prot, sharing, flags, backing, page_offset, origin: None, inferred: false };
    // Two lines that our rule would join are apart for a reason that the text does not show;
    // accounting is the usual one (a library's read-only part beside its RELRO part).
    let joins = |vma: &Vma, kernel: &crate::kernel::Kernel| {
        let below = kernel.space.neighbours(range).0;
        below.is_some_and(|below| below.merges_with(vma))
    };
    if joins(&vma, kernel) {
        vma.flags.toggle(VmaFlags::ACCOUNT);
    }
    kernel.space.map_apart(vma, &mut Changes::default());
}

fn kind_of(line: &MapsLine) -> FileKind {
    if line.path.starts_with("/memfd:") {
        FileKind::Memfd
    } else if line.path == "/dev/zero" {
        if line.shared { FileKind::SharedMemory } else { FileKind::DevZero }
    } else {
        FileKind::Regular
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::{parse_maps, print_maps};
    use crate::state::maps_lines;

    const TEXT: &str = "\
555555554000-555555558000 r--p 00000000 00:00 2                          /usr/bin/ls
555555558000-55555556e000 r--p 00004000 00:00 2                          /usr/bin/ls
55555556e000-55555556f000 r--s 00000000 00:00 3                          /SYSV00000000 (deleted)
55555557a000-55555559b000 rw-p 00000000 00:00 0                          [heap]
7ffff7fc2000-7ffff7fc6000 r--p 00000000 00:00 0                          [vvar]
7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
";

    #[test]
    fn what_is_listed_is_what_is_there() {
        let (lines, diagnostics) = parse_maps(TEXT);
        assert_eq!(diagnostics, []);
        let process = from_maps(Machine::default(), Given::default(), &lines);
        process.kernel.space.check(&process.kernel.frames);
        assert_eq!(print_maps(&maps_lines(&process)), TEXT);
        assert_eq!(process.kernel.space.break_end, 0x5555_5559_b000);
    }

    #[test]
    fn overlapping_lines_are_left_out() {
        let (lines, _) = parse_maps("1000-3000 r--p 0 00:00 0\n2000-4000 rw-p 0 00:00 0\n");
        let process = from_maps(Machine::default(), Given::default(), &lines);
        assert_eq!(process.kernel.space.vmas().len(), 1);
    }
}
