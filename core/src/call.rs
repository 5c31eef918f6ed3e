//! A call with the raw numbers that a program passes, and its outcome.
//!
//! This is where text and model meet: the trace language produces [`Call`]s and prints
//! [`Outcome`]s, the process runs the one and returns the other; neither knows the other's side.
//! The numbers are unchecked: whatever a program can pass, a `Call` can hold.

use crate::abi::{Errno, Signal, SignalCode};
use crate::address::Address;
use crate::event::Event;
use crate::reason::Reason;

/// What one call asks for. Argument names are those of the manual pages.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Call {
    Mmap {
        addr: Address,
        length: u64,
        prot: u64,
        flags: u64,
        fd: i32,
        offset: u64,
    },
    Munmap {
        addr: Address,
        length: u64,
    },
    Mprotect {
        addr: Address,
        len: u64,
        prot: u64,
    },
    Mremap {
        old_address: Address,
        old_size: u64,
        new_size: u64,
        flags: u64,
        new_address: Address,
    },
    Madvise {
        addr: Address,
        length: u64,
        advice: i32,
    },
    Msync {
        addr: Address,
        length: u64,
        flags: u64,
    },
    Brk {
        addr: Address,
    },
    Open {
        path: String,
        flags: u64,
        mode: u32,
    },
    /// `dirfd` is `AT_FDCWD` or a descriptor.
    Openat {
        dirfd: i32,
        path: String,
        flags: u64,
        mode: u32,
    },
    MemfdCreate {
        name: String,
        flags: u64,
    },
    Close {
        fd: i32,
    },
    Ftruncate {
        fd: i32,
        length: i64,
    },
    /// `count` may exceed the bytes that the text gave: the rest counts as zero bytes.
    Pwrite64 {
        fd: i32,
        data: Vec<u8>,
        count: u64,
        offset: i64,
    },
    Pread64 {
        fd: i32,
        count: u64,
        offset: i64,
    },
    /// The processor reads `width` bytes.
    Load {
        addr: Address,
        width: Width,
    },
    /// The processor writes these bytes; a number is written in little-endian order.
    Store {
        addr: Address,
        value: StoreValue,
    },
    /// The processor fetches one byte as an instruction.
    Fetch {
        addr: Address,
    },
    Memset {
        addr: Address,
        byte: u8,
        length: u64,
    },
    Memcpy {
        dst: Address,
        src: Address,
        length: u64,
    },
    Malloc {
        size: u64,
    },
    Calloc {
        nmemb: u64,
        size: u64,
    },
    Realloc {
        ptr: Address,
        size: u64,
    },
    Free {
        ptr: Address,
    },
}

impl Call {
    /// Says whether it opens a file.
    pub const fn opens(&self) -> bool {
        matches!(self, Call::Open { .. } | Call::Openat { .. })
    }

    /// Says whether it is a call of the allocator.
    pub const fn is_of_heap(&self) -> bool {
        matches!(
            self,
            Call::Malloc { .. } | Call::Calloc { .. } | Call::Realloc { .. } | Call::Free { .. }
        )
    }
}

/// How many bytes a load or a store moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Width {
    One,
    Two,
    Four,
    Eight,
}

impl Width {
    /// The width of that many bytes; nothing unless 1, 2, 4 or 8.
    pub const fn from_bytes(bytes: u64) -> Option<Width> {
        match bytes {
            1 => Some(Width::One),
            2 => Some(Width::Two),
            4 => Some(Width::Four),
            8 => Some(Width::Eight),
            _ => None,
        }
    }

    /// Its number of bytes.
    pub const fn bytes(self) -> u64 {
        match self {
            Width::One => 1,
            Width::Two => 2,
            Width::Four => 4,
            Width::Eight => 8,
        }
    }
}

/// What a store writes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreValue {
    /// The lowest bytes of a number, little-endian.
    Number(u64, Width),
    /// The bytes of a string, without a terminating zero.
    Bytes(Vec<u8>),
}

impl StoreValue {
    /// The bytes in memory order.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            StoreValue::Number(number, width) => {
                number.to_le_bytes()[..width.bytes() as usize].to_vec()
            }
            StoreValue::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// What came back from a call, why, and what happened on the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What the program sees.
    pub returned: Returned,
    /// The rule that decided it: always there with an error or a signal, and with a surprise that
    /// is neither (a hint that was not taken, a `malloc` that returned NULL).
    pub reason: Option<Reason>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// What the program sees of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Returned {
    /// A number: an address, a count, a descriptor, a byte, 0.
    Value(u64),
    /// What `pread64` read. `count` is the result; `shown` holds the first bytes, at most
    /// [`Returned::BYTES_SHOWN`] of them, for a sparse file may give gigabytes.
    Bytes {
        /// How many bytes were read.
        count: u64,
        /// The first of them.
        shown: Vec<u8>,
    },
    /// Nothing (`free`).
    Void,
    /// −1 and `errno`.
    Error(Errno),
    /// No result: a signal came instead.
    Signal(SignalInfo),
    /// The model does not run this call.
    Skipped,
}

impl Returned {
    /// How many of the bytes read are kept.
    pub const BYTES_SHOWN: usize = 4096;
}

/// A signal as `siginfo_t` describes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignalInfo {
    /// `si_signo`.
    pub signal: Signal,
    /// `si_code`.
    pub code: SignalCode,
    /// `si_addr`; 0 with `SI_KERNEL`.
    pub address: Address,
}

impl Outcome {
    /// Says whether the call was refused, or the access ended in a signal.
    pub fn is_refused(&self) -> bool {
        matches!(self.returned, Returned::Error(_) | Returned::Signal(_))
    }

    /// An outcome with nothing to say but its value.
    pub fn value(value: u64) -> Outcome {
        Outcome { returned: Returned::Value(value), reason: None, events: Vec::new() }
    }
}
