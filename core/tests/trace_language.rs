//! Properties of the trace language: what is printed reads the same, and no text does harm.
#![cfg(not(target_arch = "wasm32"))]

use mmap_playground_core::abi::{Errno, Prot};
use mmap_playground_core::call::{Call, Returned, StoreValue, Width};
use mmap_playground_core::maps::{MapsLine, parse_maps, print_maps};
use mmap_playground_core::trace::{
    ParsedCall, Recorded, Script, Statement, print_call, print_line, resolve,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Numbers as programs pass them, the extreme ones among them.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0_u64..0x1_0000,
        (0_u64..64).prop_map(|bit| 1 << bit),
        (0_u64..0x1_0000).prop_map(|below| u64::MAX - below),
        (0_u64..1 << 35).prop_map(|page| page << 12),
    ]
}

fn int() -> impl Strategy<Value = i32> {
    number().prop_map(|number| number as i32)
}

fn width() -> impl Strategy<Value = Width> {
    prop_oneof![Just(Width::One), Just(Width::Two), Just(Width::Four), Just(Width::Eight)]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\\x00-\\x7f]{0,12}", "[/a-z.]{0,12}"]
}

fn store_value() -> impl Strategy<Value = StoreValue> {
    prop_oneof![
        (number(), width()).prop_map(|(number, width)| StoreValue::Number(number, width)),
        vec(any::<u8>(), 0..40).prop_map(StoreValue::Bytes),
    ]
}

/// Every call, with any numbers.
fn call() -> impl Strategy<Value = Call> {
    let n = number;
    prop_oneof![
        (n(), n(), n(), n(), int(), n()).prop_map(|(addr, length, prot, flags, fd, offset)| {
            Call::Mmap { addr, length, prot, flags, fd, offset }
        }),
        (n(), n()).prop_map(|(addr, length)| Call::Munmap { addr, length }),
        (n(), n(), n()).prop_map(|(addr, len, prot)| Call::Mprotect { addr, len, prot }),
        (n(), n(), n(), n(), n()).prop_map(mremap),
        (n(), n(), int()).prop_map(|(addr, length, advice)| Call::Madvise { addr, length, advice }),
        (n(), n(), n()).prop_map(|(addr, length, flags)| Call::Msync { addr, length, flags }),
        n().prop_map(|addr| Call::Brk { addr }),
        (name(), n(), any::<u32>()).prop_map(|(path, flags, mode)| Call::Open {
            path,
            flags,
            mode
        }),
        (int(), name(), n(), any::<u32>())
            .prop_map(|(dirfd, path, flags, mode)| { Call::Openat { dirfd, path, flags, mode } }),
        (name(), n()).prop_map(|(name, flags)| Call::MemfdCreate { name, flags }),
        int().prop_map(|fd| Call::Close { fd }),
        (int(), n()).prop_map(|(fd, length)| Call::Ftruncate { fd, length: length as i64 }),
        (int(), vec(any::<u8>(), 0..40), n(), n()).prop_map(|(fd, data, count, offset)| {
            Call::Pwrite64 { fd, data, count, offset: offset as i64 }
        }),
        (int(), n(), n())
            .prop_map(|(fd, count, offset)| { Call::Pread64 { fd, count, offset: offset as i64 } }),
        (n(), width()).prop_map(|(addr, width)| Call::Load { addr, width }),
        (n(), store_value()).prop_map(|(addr, value)| Call::Store { addr, value }),
        n().prop_map(|addr| Call::Fetch { addr }),
        (n(), any::<u8>(), n()).prop_map(|(addr, byte, length)| Call::Memset {
            addr,
            byte,
            length
        }),
        (n(), n(), n()).prop_map(|(dst, src, length)| Call::Memcpy { dst, src, length }),
        n().prop_map(|size| Call::Malloc { size }),
        (n(), n()).prop_map(|(nmemb, size)| Call::Calloc { nmemb, size }),
        (n(), n()).prop_map(|(ptr, size)| Call::Realloc { ptr, size }),
        n().prop_map(|ptr| Call::Free { ptr }),
    ]
}

/// An `mremap`, without the new address where its flags do not ask for one.
fn mremap(
    (old_address, old_size, new_size, flags, new_address): (u64, u64, u64, u64, u64),
) -> Call {
    let used = flags & 3 == 3 || flags & 4 != 0;
    let new_address = if used { new_address } else { 0 };
    Call::Mremap { old_address, old_size, new_size, flags, new_address }
}

fn only_call(text: &str) -> Result<ParsedCall, TestCaseError> {
    let script = Script::parse(text);
    prop_assert_eq!(&script.diagnostics, &[], "{}", text);
    prop_assert_eq!(script.lines.len(), 1, "{}", text);
    match script.lines.into_iter().next().map(|line| line.statement) {
        Some(Statement::Call(call)) => Ok(*call),
        other => Err(TestCaseError::fail(format!("{text}: {other:?}"))),
    }
}

/// Lines of logs and traces to be spoilt.
const LINES: &[&str] = &[
    "p = mmap(NULL, 2*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
    "store(p + (PAGE_SIZE - 1), \"a\\0b\\\"\", 3); # comment",
    "8165  11:34:48.427677 munmap(0x7ffff7fb5000, 32768 <unfinished ...>",
    "8165  11:34:48.427677 <... munmap resumed>) = 0",
    "[pid  7] mmap(NULL, 4096, 0x1 /* PROT_READ */, MAP_SHARED, 3</a b\\76>(deleted), 0) = 0x7000",
    "clone3({flags=CLONE_VM}strace: Process 8186 attached",
    " => {parent_tid=[8186]}, 88) = 8186",
    "realloc@libc.so.6(0, 1600 <unfinished ...>",
    "<... realloc resumed> )    = 0x5575b11af4b0",
    "libc.so.6->calloc(0, 1600) = 0x55a9c8401940",
    "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x10} ---",
    "+++ exited with 0 +++",
    "pread64(3</dev/null<char 1:3>>, \"\\6\\0\"..., 784, 64) = -1 EBADF (Bad file descriptor) <0.1>",
    "     0.000328 (+ 0.1) [  9] [00007f] openat(AT_FDCWD</>, \"x\", O_RDONLY) = 3</x> <0.000012>",
    "555555554000-555555555000 r--p 00000000 fe:00 1009912                    /a\\012b (deleted)",
    "% time     seconds  usecs/call     calls    errors syscall",
];

/// A line, or what is left of it after some letters were changed.
fn spoilt_line() -> impl Strategy<Value = String> {
    let edits = vec((any::<prop::sample::Index>(), any::<char>(), 0..4_u8), 0..4);
    (prop::sample::select(LINES), edits).prop_map(|(line, edits)| {
        let mut letters: Vec<char> = line.chars().collect();
        for (place, letter, kind) in edits {
            if letters.is_empty() {
                break;
            }
            let at = place.index(letters.len());
            match kind {
                0 => letters[at] = letter,
                1 => letters.insert(at, letter),
                2 => letters.truncate(at),
                _ => {
                    letters.remove(at);
                }
            }
        }
        letters.into_iter().collect()
    })
}

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\x00-\\x7f]{0,60}",
        "[-(){}<>=|*+\"'\\\\,;#/0-9a-fx \n]{0,60}",
        vec(spoilt_line(), 0..12).prop_map(|lines| lines.join("\n")),
        vec(spoilt_line(), 0..12).prop_map(|lines| lines.join("\r\n")),
    ]
}

fn maps_line() -> impl Strategy<Value = MapsLine> {
    let path = prop_oneof![Just(String::new()), "[/\\[][ -\\[\\]-~é\n]{0,40}"];
    let numbers = (0_u64..1 << 40, 1_u64..1 << 12, any::<u64>(), any::<u64>());
    (numbers, 0_u64..8, any::<[bool; 2]>(), "[0-9a-f]{2}:[0-9a-f]{2,5}", path).prop_map(
        |((page, pages, offset, inode), prot, [shared, deleted], device, path)| MapsLine {
            start: page << 12,
            end: (page + pages) << 12,
            prot: Prot::from_bits_retain(prot),
            shared,
            offset,
            device,
            inode,
            deleted: deleted && !path.is_empty(),
            path,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 512 } else { 8192 }))]

    #[test]
    fn a_printed_call_reads_the_same(call in call()) {
        let text = print_call(&call);
        let parsed = only_call(&text)?;
        prop_assert_eq!(resolve(&parsed, &|_| None), Ok(call), "{}", text);
    }

    #[test]
    fn a_printed_result_reads_the_same(
        call in call(),
        value in number(),
        errno in prop::sample::select(Errno::ALL),
    ) {
        let value = if value == u64::MAX { 0 } else { value };
        let text = print_line(&call, &Returned::Error(errno));
        prop_assert_eq!(only_call(&text)?.recorded, Some(Recorded::Error(errno.name().into())));
        // Only the break is never 0, and small calls return small numbers.
        if !matches!(call, Call::Brk { .. }) && value != 0xffff_ffff {
            let text = print_line(&call, &Returned::Value(value));
            prop_assert_eq!(only_call(&text)?.recorded, Some(Recorded::Value(value)), "{}", text);
        }
    }

    #[test]
    fn no_text_does_harm(text in hostile_text()) {
        hostile::run("text", text.as_bytes());
    }

    #[test]
    fn printed_maps_read_the_same(mut lines in vec(maps_line(), 0..6)) {
        lines.sort_by_key(|line| line.start);
        let (read, _) = parse_maps(&print_maps(&lines));
        prop_assert_eq!(read, lines);
    }
}
