//! Calls with any numbers: what a program can pass, a program will pass.

use crate::machine;
use crate::model::address::{Address, PAGE_SIZE};
use crate::model::call::{Call, Returned, StoreValue, Width};
use crate::model::process::Process;
use arbitrary::{Result, Unstructured};

/// Where most of them play: few pages, so that they meet.
const ARENA: Address = 0x1000_0000;
const ARENA_PAGES: u64 = 24;
/// Calls of one input at most.
const MOST: usize = 100;

/// Runs calls; a refused one changes nothing, and what was run runs the same again.
pub(crate) fn run(bytes: &[u8]) {
    let mut numbers = Unstructured::new(bytes);
    let mut process = Process::new(machine());
    let mut done = Vec::new();
    while !numbers.is_empty() && done.len() < MOST {
        let Ok(call) = call(&mut numbers) else { break };
        let before = process.clone();
        let outcome = process.run(&call);
        process.kernel.space.check(&process.kernel.frames);
        if matches!(outcome.returned, Returned::Error(_)) && !keeps_part(&call) {
            assert_eq!(before, process, "{call:?} was refused");
        }
        done.push(call);
    }
    let mut again = Process::new(machine());
    for call in &done {
        again.run(call);
    }
    assert_eq!(again, process);
}

/// Says whether a refused call may keep what it did before it was refused, as Linux does.
fn keeps_part(call: &Call) -> bool {
    match call {
        Call::Mprotect { .. } | Call::Mremap { .. } | Call::Madvise { .. } => true,
        Call::Mmap { flags, .. } => flags & 0x10 != 0,
        _ => false,
    }
}

fn address(from: &mut Unstructured<'_>) -> Result<Address> {
    const EDGES: [u64; 9] =
        [0, 1, 0x1000, 0x7fff_ffff_e000, 0x7fff_ffff_f000, 1 << 47, 1 << 63, !0xfff, !0];
    let page = ARENA + from.int_in_range(0..=ARENA_PAGES - 1)? * PAGE_SIZE;
    Ok(match from.int_in_range(0..=15_u8)? {
        0 => *from.choose(&EDGES)?,
        1 => page + from.int_in_range(0..=PAGE_SIZE)?,
        2 => from.arbitrary()?,
        3 => 0x7fff_f7ff_f000 - from.int_in_range(0..=40_u64)? * PAGE_SIZE,
        _ => page,
    })
}

fn length(from: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match from.int_in_range(0..=11_u8)? {
        0 => *from.choose(&[0, !0, !0xfff, 1 << 47, 1 << 21, 1 << 40])?,
        1 => from.int_in_range(0..=3 * PAGE_SIZE)?,
        2 => from.arbitrary()?,
        _ => from.int_in_range(1..=8_u64)? * PAGE_SIZE,
    })
}

fn prot(from: &mut Unstructured<'_>) -> Result<u64> {
    if from.ratio(1, 20)? { from.arbitrary() } else { from.int_in_range(0..=7) }
}

fn map_flags(from: &mut Unstructured<'_>) -> Result<u64> {
    const USUAL: [u64; 14] = [
        0x22, 0x21, 0x32, 0x31, 0x10_0022, 0x4022, 0x132, 0x8032, 0x2, 0x1, 0x12, 0x3, 0x2022,
        0x4_0022,
    ];
    if from.ratio(1, 20)? { from.arbitrary() } else { Ok(*from.choose(&USUAL)?) }
}

fn fd(from: &mut Unstructured<'_>) -> Result<i32> {
    from.int_in_range(-1..=7)
}

fn offset(from: &mut Unstructured<'_>) -> Result<i64> {
    if from.ratio(1, 20)? { from.arbitrary() } else { from.int_in_range(0..=5 * 4096) }
}

fn width(from: &mut Unstructured<'_>) -> Result<Width> {
    Ok(*from.choose(&[Width::One, Width::Two, Width::Four, Width::Eight])?)
}

/// The next call.
pub(crate) fn call(from: &mut Unstructured<'_>) -> Result<Call> {
    Ok(match from.int_in_range(0..=26_u8)? {
        0..=4 => Call::Mmap {
            addr: address(from)?,
            length: length(from)?,
            prot: prot(from)?,
            flags: map_flags(from)?,
            fd: fd(from)?,
            offset: from.int_in_range(0..=4_u64)? * PAGE_SIZE,
        },
        5 | 6 => Call::Munmap { addr: address(from)?, length: length(from)? },
        7 | 8 => Call::Mprotect { addr: address(from)?, len: length(from)?, prot: prot(from)? },
        9 | 10 => Call::Mremap {
            old_address: address(from)?,
            old_size: length(from)?,
            new_size: length(from)?,
            flags: from.int_in_range(0..=8)?,
            new_address: address(from)?,
        },
        11 | 12 => Call::Madvise {
            addr: address(from)?,
            length: length(from)?,
            advice: from.int_in_range(-1..=104)?,
        },
        13 => Call::Msync {
            addr: address(from)?,
            length: length(from)?,
            flags: from.int_in_range(0..=8)?,
        },
        14 => Call::Brk { addr: 0x5555_5555_9000 + from.int_in_range(0..=80_u64)? * 0x800 },
        other => return file_or_access(from, other),
    })
}

fn file_or_access(from: &mut Unstructured<'_>, kind: u8) -> Result<Call> {
    const PATHS: [&str; 5] = ["f", "g", "/dev/zero", "", "a/../b"];
    Ok(match kind {
        15 => Call::Open {
            path: (*from.choose(&PATHS)?).into(),
            flags: if from.ratio(1, 8)? { from.arbitrary()? } else { 0o102 },
            mode: from.int_in_range(0..=0o777)?,
        },
        16 => Call::MemfdCreate { name: "m".into(), flags: from.int_in_range(0..=8)? },
        17 => Call::Close { fd: fd(from)? },
        18 => Call::Ftruncate { fd: fd(from)?, length: offset(from)? },
        19 => Call::Pwrite64 {
            fd: fd(from)?,
            data: b"data".to_vec(),
            count: if from.ratio(1, 20)? { from.arbitrary()? } else { 9 },
            offset: offset(from)?,
        },
        20 => Call::Pread64 { fd: fd(from)?, count: length(from)?, offset: offset(from)? },
        21 => Call::Load { addr: address(from)?, width: width(from)? },
        22 => {
            let value = StoreValue::Number(from.arbitrary()?, width(from)?);
            Call::Store { addr: address(from)?, value }
        }
        23 => Call::Fetch { addr: address(from)? },
        24 => Call::Memset { addr: address(from)?, byte: 7, length: length(from)? },
        25 => Call::Memcpy { dst: address(from)?, src: address(from)?, length: length(from)? },
        _ => of_the_heap(from)?,
    })
}

fn of_the_heap(from: &mut Unstructured<'_>) -> Result<Call> {
    let size = match from.int_in_range(0..=7_u8)? {
        0 => from.arbitrary()?,
        _ => from.int_in_range(0..=100_000)?,
    };
    // A block that the allocator is likely to have made.
    let ptr = match from.int_in_range(0..=3_u8)? {
        0 => address(from)?,
        _ => 0x7fff_f7fe_f060 + from.int_in_range(0..=64_u64)? * 16,
    };
    Ok(match from.int_in_range(0..=3_u8)? {
        0 => Call::Malloc { size },
        1 => Call::Calloc { nmemb: size, size: from.int_in_range(0..=3)? },
        2 => Call::Realloc { ptr, size },
        _ => Call::Free { ptr },
    })
}
