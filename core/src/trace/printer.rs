//! Calls and results as strace prints them, `malloc` and kin as ltrace does.
//!
//! What is printed can be read again: [`resolve`](super::resolve()) of it gives the same call,
//! less arguments that the kernel does not look at (the new address of an `mremap` that does not
//! use it, the bytes that `pread64` has read).

use crate::abi::{
    ADVICE_NAMES, AT_FDCWD, MAP_NAMES, MEMFD_NAMES, MREMAP_NAMES, MSYNC_NAMES, MremapFlags,
    OPEN_NAMES, PROT_NAMES, SignalCode,
};
use crate::address::Address;
use crate::call::{Call, Returned, SignalInfo, StoreValue};

/// How many of the bytes that `pread64` reads are shown (strace's `-s`).
const SHOWN_BYTES: usize = 32;

/// A call: `munmap(0x10000000, 4096)`.
pub fn print_call(call: &Call) -> String {
    use Call::*;
    match call {
        Mmap { addr, length, prot, flags, fd, offset } => format!(
            "mmap({}, {length}, {}, {}, {fd}, {})",
            address(*addr),
            PROT_NAMES.text(*prot),
            MAP_NAMES.text(*flags),
            hex(*offset)
        ),
        Munmap { addr, length } => format!("munmap({}, {length})", address(*addr)),
        Mprotect { addr, len, prot } => {
            format!("mprotect({}, {len}, {})", address(*addr), PROT_NAMES.text(*prot))
        }
        Mremap { old_address, old_size, new_size, flags, new_address } => {
            let mut text = format!("mremap({}, {old_size}, {new_size}, ", address(*old_address));
            text += &MREMAP_NAMES.text(*flags);
            let bits = MremapFlags::from_bits_retain(*flags);
            let moves = bits.contains(MremapFlags::MAYMOVE | MremapFlags::FIXED);
            if moves || bits.contains(MremapFlags::DONTUNMAP) && *new_address != 0 {
                text += &format!(", {}", address(*new_address));
            }
            text + ")"
        }
        Madvise { addr, length, advice } => {
            let advice = ADVICE_NAMES.text((*advice as u32).into());
            format!("madvise({}, {length}, {advice})", address(*addr))
        }
        Msync { addr, length, flags } => {
            format!("msync({}, {length}, {})", address(*addr), MSYNC_NAMES.text(*flags))
        }
        Brk { addr } => format!("brk({})", address(*addr)),
        Open { path, flags, mode } => {
            format!("open({}, {})", quote(path.as_bytes()), open_flags(*flags, *mode))
        }
        Openat { dirfd, path, flags, mode } => {
            let folder = if *dirfd == AT_FDCWD { "AT_FDCWD".into() } else { dirfd.to_string() };
            format!("openat({folder}, {}, {})", quote(path.as_bytes()), open_flags(*flags, *mode))
        }
        MemfdCreate { name, flags } => {
            format!("memfd_create({}, {})", quote(name.as_bytes()), MEMFD_NAMES.text(*flags))
        }
        Close { fd } => format!("close({fd})"),
        Ftruncate { fd, length } => format!("ftruncate({fd}, {})", *length as u64),
        Pwrite64 { fd, data, count, offset } => {
            let more = if *count > data.len() as u64 { "..." } else { "" };
            format!("pwrite64({fd}, {}{more}, {count}, {offset})", quote(data))
        }
        Pread64 { .. } => print_read(call, 0, &[]),
        Load { addr, width } => format!("load({}, {})", address(*addr), width.bytes()),
        Store { addr, value: StoreValue::Number(number, width) } => {
            format!("store({}, {}, {})", address(*addr), hex(*number), width.bytes())
        }
        Store { addr, value: StoreValue::Bytes(bytes) } => {
            format!("store({}, {}, {})", address(*addr), quote(bytes), bytes.len())
        }
        Fetch { addr } => format!("fetch({})", address(*addr)),
        Memset { addr, byte, length } => {
            format!("memset({}, {}, {length})", address(*addr), hex((*byte).into()))
        }
        Memcpy { dst, src, length } => {
            format!("memcpy({}, {}, {length})", address(*dst), address(*src))
        }
        Malloc { size } => format!("malloc({size})"),
        Calloc { nmemb, size } => format!("calloc({nmemb}, {size})"),
        Realloc { ptr, size } => format!("realloc({}, {size})", address(*ptr)),
        Free { ptr } => format!("free({})", address(*ptr)),
    }
}

/// What follows ` = `; a signal has a line of its own behind the `?`.
pub fn print_result(call: &Call, returned: &Returned) -> String {
    match returned {
        Returned::Value(value) => match call {
            Call::Mmap { .. }
            | Call::Mremap { .. }
            | Call::Brk { .. }
            | Call::Memset { .. }
            | Call::Memcpy { .. }
            | Call::Malloc { .. }
            | Call::Calloc { .. }
            | Call::Realloc { .. } => address(*value),
            Call::Load { .. } | Call::Fetch { .. } => hex(*value),
            _ => value.to_string(),
        },
        Returned::Bytes { count, .. } => count.to_string(),
        Returned::Void => "<void>".to_owned(),
        Returned::Error(errno) => format!("-1 {} ({})", errno.name(), errno.text()),
        Returned::Signal(signal) => format!("?\n{}", print_signal(signal)),
        Returned::Skipped => "?".to_owned(),
    }
}

/// A call with its result; of `pread64` with the bytes that it read.
pub fn print_line(call: &Call, returned: &Returned) -> String {
    let text = match returned {
        Returned::Bytes { count, shown } => print_read(call, *count, shown),
        _ => print_call(call),
    };
    format!("{text} = {}", print_result(call, returned))
}

/// `--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x1000} ---`
pub fn print_signal(signal: &SignalInfo) -> String {
    let name = signal.signal.name();
    let at = match signal.code {
        SignalCode::SI_KERNEL => 0,
        _ => signal.address,
    };
    format!(
        "--- {name} {{si_signo={name}, si_code={}, si_addr={}}} ---",
        signal.code.name(),
        address(at)
    )
}

/// A string in quotes, escaped as strace does: `\n` and kin by letter, other bytes in octal, with
/// three digits where a digit follows.
pub fn quote(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => text += "\\\"",
            b'\\' => text += "\\\\",
            b'\n' => text += "\\n",
            b'\r' => text += "\\r",
            b'\t' => text += "\\t",
            0x0b => text += "\\v",
            0x0c => text += "\\f",
            b' '..=b'~' => text.push(char::from(*byte)),
            _ if bytes.get(index + 1).is_some_and(u8::is_ascii_digit) => {
                text += &format!("\\{byte:03o}");
            }
            _ => text += &format!("\\{byte:o}"),
        }
    }
    text.push('"');
    text
}

fn print_read(call: &Call, read: u64, bytes: &[u8]) -> String {
    let Call::Pread64 { fd, count, offset } = call else { return print_call(call) };
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let more = if read > shown.len() as u64 { "..." } else { "" };
    format!("pread64({fd}, {}{more}, {count}, {offset})", quote(shown))
}

/// `O_RDWR|O_CREAT, 0600`: the mode where it means something, or is there all the same; in octal
/// with at least three digits.
fn open_flags(flags: u64, mode: u32) -> String {
    const MAKES_A_FILE: u64 = 0o100 | 0o2000_0000;
    let text = OPEN_NAMES.text(flags);
    if flags & MAKES_A_FILE == 0 && mode == 0 { text } else { format!("{text}, 0{mode:02o}") }
}

fn address(address: Address) -> String {
    if address == 0 { "NULL".to_owned() } else { format!("{address:#x}") }
}

/// As C's `%#lx` prints a number: 0 without its prefix.
fn hex(number: u64) -> String {
    if number == 0 { "0".to_owned() } else { format!("{number:#x}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Errno, Signal};
    use crate::call::Width;
    use crate::trace::{Recorded, Script, Statement, resolve};

    /// Lines of recorded scenarios, and of strace 6.1 where it calls the kernel.
    const LINES: &[&str] = &[
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffd000",
        "mmap(NULL, 4096, PROT_READ, 0x4 /* MAP_??? */|MAP_ANONYMOUS, -1, 0) = -1 EINVAL (Invalid argument)",
        "mmap(NULL, 4096, PROT_READ, 0xc /* MAP_??? */, -1, 0) = -1 EBADF (Bad file descriptor)",
        "mmap(NULL, 4096, PROT_READ, MAP_FILE, -1, 0) = -1 EBADF (Bad file descriptor)",
        "mmap(NULL, 4096, PROT_READ, MAP_FILE|0x800000, -1, 0) = -1 EBADF (Bad file descriptor)",
        "mmap(0x10001000, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3, 0x1000) = 0x10001000",
        "mmap(NULL, 4096, PROT_SEM|PROT_GROWSDOWN|PROT_GROWSUP|0xfcfffff0, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffa000",
        "munmap(0x1, 4096) = -1 EINVAL (Invalid argument)",
        "munmap(NULL, 18446744073709551615) = -1 EINVAL (Invalid argument)",
        "mprotect(0x7ffff7ffe000, 4096, 0x10 /* PROT_??? */) = -1 EINVAL (Invalid argument)",
        "mprotect(0x7ffff7ffe000, 4096, PROT_READ|0x100) = -1 EINVAL (Invalid argument)",
        "mremap(0x7ffff7ffd000, 8192, 8192, MREMAP_FIXED) = -1 EINVAL (Invalid argument)",
        "mremap(0x7ffff7ffb000, 4096, 8192, 0x80 /* MREMAP_??? */) = -1 EINVAL (Invalid argument)",
        "mremap(0x30000000, 4096, 4096, MREMAP_MAYMOVE|MREMAP_DONTUNMAP, 0x10000000) = 0x7ffff7ffe000",
        "mremap(0x20000000, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, 0x10002000) = 0x10002000",
        "mremap(0x10000000, 4096, 8192, 0) = 0x10000000",
        "madvise(0x7ffff7ffe000, 4096, MADV_GUARD_INSTALL) = 0",
        "madvise(0x7fe424c96000, 4096, 0xffffffff /* MADV_??? */) = -1 EINVAL (Invalid argument)",
        "madvise(0x7fe424c96000, 4096, 0x5 /* MADV_??? */) = -1 EINVAL (Invalid argument)",
        "msync(0x20000000, 18446744073709547520, MS_SYNC|MS_ASYNC) = -1 EINVAL (Invalid argument)",
        "msync(0x7fe424c96000, 4096, MS_SYNC|MS_ASYNC|MS_INVALIDATE) = -1 EINVAL (Invalid argument)",
        "msync(0x7fe424c96000, 4096, 0x8 /* MS_??? */) = -1 EINVAL (Invalid argument)",
        "msync(0x7fe424c96000, 4096, 0) = 0",
        "brk(NULL) = 0x555555559000",
        "open(\"f.dat\", O_RDWR|O_CREAT|O_EXCL, 0600) = -1 EEXIST (File exists)",
        "openat(AT_FDCWD, \"f\", O_RDWR|O_CREAT, 000) = 6",
        "openat(AT_FDCWD, \"f\", O_RDWR|O_CREAT|0x80000000, 07777) = 5",
        "openat(-7, \"x\", O_RDONLY|0x40000000) = -1 EBADF (Bad file descriptor)",
        "openat(AT_FDCWD, \"f\", O_ACCMODE|O_NONBLOCK|O_SYNC|O_PATH|O_DIRECTORY) = -1 ENOENT (No such file or directory)",
        "openat(AT_FDCWD, \"/tmp/tr/q\\n\\3\\\"9\", O_RDWR|O_CREAT|O_TMPFILE, 0600) = -1 EINVAL (Invalid argument)",
        "openat(AT_FDCWD, \"x\", O_RDWR|O_CREAT|O_EXCL|O_NOCTTY|O_TRUNC|O_APPEND|O_DIRECT|O_NOFOLLOW|O_NOATIME|O_CLOEXEC|FASYNC, 0177777) = 7",
        "memfd_create(\"x\", 0x40 /* MFD_??? */) = -1 EINVAL (Invalid argument)",
        "ftruncate(3, 18446744073709551615) = -1 EINVAL (Invalid argument)",
        "close(-1) = -1 EBADF (Bad file descriptor)",
        "pwrite64(3, \"he\\0001\\n\\t\\377\\177\\\\\\\"\\33\\v\\f\\r\\7\\10\\0\", 17, -1) = 17",
        "pwrite64(3, \"he\"..., 100, 1099511627776) = 100",
        "load(0x7ffff7ffd000, 4) = 0x656c5866",
        "load(NULL, 1) = 0",
        "store(0x7ffff7ffe003, \"XYZ\", 3) = 0",
        "store(0x7ffff7ffdffc, 0x1122334455667788, 8) = 0",
        "store(0x7ffff7ffdffc, 0, 2) = 0",
        "fetch(0x7ffff7ffa000) = 0xc3",
        "memset(0x10000000, 0x1, 163840) = 0x10000000",
        "memcpy(0x10000000, 0x20000000, 5) = 0x10000000",
        "malloc(100) = 0x7ffff7fef060",
        "malloc(18446744073709551615) = NULL",
        "calloc(2, 3) = 0x7ffff7fef060",
        "realloc(NULL, 3) = 0x7ffff7fef060",
        "free(NULL) = <void>",
    ];

    #[test]
    fn what_was_printed_prints_the_same_again() {
        for text in LINES {
            let script = Script::parse(text);
            let Statement::Call(parsed) = &script.lines[0].statement else { panic!("{text}") };
            let call = resolve(parsed, &|_| None).unwrap();
            let returned = match parsed.recorded.as_ref().unwrap() {
                Recorded::Error(name) => Returned::Error(Errno::from_name(name).unwrap()),
                Recorded::Void => Returned::Void,
                other => Returned::Value(other.value().unwrap()),
            };
            assert_eq!(print_line(&call, &returned), *text);
        }
    }

    #[test]
    fn reads_show_what_they_read() {
        let call = Call::Pread64 { fd: 3, count: 100, offset: 0 };
        let bytes =
            |shown: &[u8]| Returned::Bytes { count: shown.len() as u64, shown: shown.into() };
        assert_eq!(print_call(&call), "pread64(3, \"\", 100, 0)");
        assert_eq!(print_line(&call, &bytes(b"a\0")), "pread64(3, \"a\\0\", 100, 0) = 2");
        let long = print_line(&call, &bytes(&[b'x'; 33]));
        assert_eq!(long, format!("pread64(3, \"{}\"..., 100, 0) = 33", "x".repeat(32)));
        let error = Returned::Error(Errno::EBADF);
        assert_eq!(
            print_line(&call, &error),
            "pread64(3, \"\", 100, 0) = -1 EBADF (Bad file descriptor)"
        );
    }

    #[test]
    fn a_signal_has_a_line_of_its_own() {
        let call = Call::Load { addr: 0x1000, width: Width::One };
        let signal = |code, address| {
            let signal = Signal::SIGSEGV;
            print_line(&call, &Returned::Signal(SignalInfo { signal, code, address }))
        };
        assert_eq!(
            signal(SignalCode::SEGV_MAPERR, 0x1000),
            "load(0x1000, 1) = ?\n--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x1000} ---"
        );
        assert!(signal(SignalCode::SI_KERNEL, 0).ends_with("si_code=SI_KERNEL, si_addr=NULL} ---"));
    }
}
