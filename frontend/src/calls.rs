//! The calls that have a form: their arguments by name, and the C line that a filled form makes.
//!
//! Flags come from the tables of `core::abi`; what stands here is their meaning in a few words.
//! A form makes text and nothing else: it runs on the same road as a line typed in the console.

use crate::text::c_string;
use mmap_playground_core::abi::{
    FlagNames, MAP_NAMES, MEMFD_NAMES, MREMAP_NAMES, OPEN_NAMES, PROT_NAMES,
};

/// A call that has a form.
#[derive(Debug)]
pub struct CallSpec {
    /// Its name in C.
    pub name: &'static str,
    /// What it is about: decides where its button stands.
    pub group: Group,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Its arguments in order.
    pub args: &'static [ArgSpec],
    /// It returns something worth a name.
    pub names_result: bool,
}

/// What a call is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Group {
    Mappings,
    Access,
    Heap,
    Files,
}

impl Group {
    /// All of them, in the order of the page.
    pub const ALL: [Group; 4] = [Group::Mappings, Group::Heap, Group::Access, Group::Files];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Group::Mappings => "Mappings",
            Group::Access => "Processor",
            Group::Heap => "liballoc",
            Group::Files => "Files",
        }
    }
}

/// An argument of a call.
#[derive(Debug)]
pub struct ArgSpec {
    /// Its name in the manual page.
    pub name: &'static str,
    /// What kind of field it gets.
    pub kind: ArgKind,
    /// What the field holds at first.
    pub start: &'static str,
    /// A few words under the field.
    pub hint: &'static str,
}

/// What kind of field an argument gets.
#[derive(Debug)]
pub enum ArgKind {
    /// An address: hex, an expression, a name, or picked from the map.
    Address,
    /// A number or an expression.
    Number,
    /// Text, quoted for C unless it is already.
    Text,
    /// Flags as check boxes.
    Flags(&'static FlagsSpec),
    /// One of a few values.
    Choice(&'static [(&'static str, &'static str)]),
}

/// The check boxes of one flags argument.
#[derive(Debug)]
pub struct FlagsSpec {
    /// Names and numbers.
    pub names: &'static FlagNames,
    /// What each box means; those behind the first `first` are folded away.
    pub boxes: &'static [(&'static str, &'static str)],
    /// How many are always shown.
    pub first: usize,
    /// A number of which one value is chosen, such as the access mode of `open`.
    pub choice: bool,
}

static PROT: FlagsSpec = FlagsSpec {
    names: &PROT_NAMES,
    boxes: &[
        ("PROT_READ", "pages may be read"),
        ("PROT_WRITE", "pages may be written"),
        ("PROT_EXEC", "pages may be executed"),
        ("PROT_SEM", "accepted and ignored on x86-64"),
    ],
    first: 3,
    choice: false,
};

static PROTECT: FlagsSpec = FlagsSpec {
    names: &PROT_NAMES,
    boxes: &[
        ("PROT_READ", "pages may be read"),
        ("PROT_WRITE", "pages may be written"),
        ("PROT_EXEC", "pages may be executed"),
        ("PROT_GROWSDOWN", "from the start of a mapping that grows down"),
        ("PROT_GROWSUP", "to the end of a mapping that grows up"),
        ("PROT_SEM", "accepted and ignored on x86-64"),
    ],
    first: 3,
    choice: false,
};

static MAP: FlagsSpec = FlagsSpec {
    names: &MAP_NAMES,
    boxes: &[
        ("MAP_PRIVATE", "writes stay with this process"),
        ("MAP_SHARED", "writes reach the file and everyone who maps it"),
        ("MAP_ANONYMOUS", "no file behind it: zeros at first"),
        ("MAP_FIXED", "exactly at addr, replacing what is there"),
        ("MAP_FIXED_NOREPLACE", "exactly at addr, or EEXIST"),
        ("MAP_NORESERVE", "not counted against memory"),
        ("MAP_POPULATE", "filled at once, without page faults later"),
        ("MAP_GROWSDOWN", "grows down at a fault below it, like a stack"),
        ("MAP_STACK", "meant for a stack; nothing but a hint"),
        ("MAP_LOCKED", "filled at once and kept resident"),
        ("MAP_32BIT", "in the first 2 GiB"),
        ("MAP_NONBLOCK", "with MAP_POPULATE: do not fill after all"),
        ("MAP_HUGETLB", "of huge pages"),
        ("MAP_SYNC", "synchronous faults, on persistent memory only"),
        ("MAP_DENYWRITE", "ignored"),
        ("MAP_EXECUTABLE", "ignored"),
    ],
    first: 5,
    choice: false,
};

static MREMAP: FlagsSpec = FlagsSpec {
    names: &MREMAP_NAMES,
    boxes: &[
        ("MREMAP_MAYMOVE", "may move if it cannot grow in place"),
        ("MREMAP_FIXED", "move to new_address, replacing what is there"),
        ("MREMAP_DONTUNMAP", "leave the old range mapped, without its pages"),
    ],
    first: 3,
    choice: false,
};

static OPEN: FlagsSpec = FlagsSpec {
    names: &OPEN_NAMES,
    boxes: &[
        ("O_CREAT", "create the file if it is missing"),
        ("O_TRUNC", "cut it to nothing"),
        ("O_EXCL", "with O_CREAT: refuse an existing file"),
        ("O_APPEND", "write at the end"),
        ("O_CLOEXEC", "close on execve"),
        ("O_DIRECTORY", "directories only"),
        ("O_PATH", "a handle that can be neither read nor mapped"),
    ],
    first: 2,
    choice: true,
};

static MEMFD: FlagsSpec = FlagsSpec {
    names: &MEMFD_NAMES,
    boxes: &[
        ("MFD_CLOEXEC", "close on execve"),
        ("MFD_ALLOW_SEALING", "seals may be set"),
        ("MFD_HUGETLB", "of huge pages"),
    ],
    first: 2,
    choice: false,
};

static SIZES: &[(&str, &str)] =
    &[("1", "1 byte"), ("2", "2 bytes"), ("4", "4 bytes"), ("8", "8 bytes")];

const fn arg(
    name: &'static str,
    kind: ArgKind,
    start: &'static str,
    hint: &'static str,
) -> ArgSpec {
    ArgSpec { name, kind, start, hint }
}

/// Every call that has a form.
pub static CALLS: &[CallSpec] = &[
    CallSpec {
        name: "mmap",
        group: Group::Mappings,
        summary: "Makes a mapping: address space that may be used, not yet memory.",
        args: &[
            arg("addr", ArgKind::Address, "NULL", "NULL: the kernel chooses"),
            arg("length", ArgKind::Number, "4*PAGE_SIZE", "rounded up to whole pages"),
            arg("prot", ArgKind::Flags(&PROT), "PROT_READ|PROT_WRITE", ""),
            arg("flags", ArgKind::Flags(&MAP), "MAP_PRIVATE|MAP_ANONYMOUS", ""),
            arg("fd", ArgKind::Number, "-1", "-1 for anonymous memory"),
            arg("offset", ArgKind::Number, "0", "into the file, a multiple of 4096"),
        ],
        names_result: true,
    },
    CallSpec {
        name: "munmap",
        group: Group::Mappings,
        summary: "Unmaps whole pages; a mapping that sticks out is split.",
        args: &[
            arg("addr", ArgKind::Address, "p", "a multiple of 4096"),
            arg("length", ArgKind::Number, "PAGE_SIZE", "rounded up to whole pages"),
        ],
        names_result: false,
    },
    CallSpec {
        name: "mprotect",
        group: Group::Mappings,
        summary: "Changes what may be done with pages; splits and merges VMAs.",
        args: &[
            arg("addr", ArgKind::Address, "p", "a multiple of 4096"),
            arg("len", ArgKind::Number, "PAGE_SIZE", "rounded up to whole pages"),
            arg("prot", ArgKind::Flags(&PROTECT), "PROT_READ", "none ticked: PROT_NONE"),
        ],
        names_result: false,
    },
    CallSpec {
        name: "mremap",
        group: Group::Mappings,
        summary: "Grows, shrinks or moves a mapping, its frames with it.",
        args: &[
            arg("old_address", ArgKind::Address, "p", "a multiple of 4096"),
            arg("old_size", ArgKind::Number, "4*PAGE_SIZE", ""),
            arg("new_size", ArgKind::Number, "8*PAGE_SIZE", ""),
            arg("flags", ArgKind::Flags(&MREMAP), "MREMAP_MAYMOVE", ""),
            arg("new_address", ArgKind::Address, "", "only with MREMAP_FIXED or DONTUNMAP"),
        ],
        names_result: true,
    },
    CallSpec {
        name: "brk",
        group: Group::Mappings,
        summary: "Moves the end of the data segment, the old-fashioned heap.",
        args: &[arg("addr", ArgKind::Address, "NULL", "NULL: only ask where it is")],
        names_result: true,
    },
    CallSpec {
        name: "load",
        group: Group::Access,
        summary: "The processor reads: a page fault, a value or a signal.",
        args: &[
            arg("addr", ArgKind::Address, "p", ""),
            arg("size", ArgKind::Choice(SIZES), "1", ""),
        ],
        names_result: false,
    },
    CallSpec {
        name: "store",
        group: Group::Access,
        summary: "The processor writes a number, or the bytes of a \"string\".",
        args: &[
            arg("addr", ArgKind::Address, "p", ""),
            arg("value", ArgKind::Number, "0x41", "a number, or \"text\""),
            arg("size", ArgKind::Choice(SIZES), "1", "of a number"),
        ],
        names_result: false,
    },
    CallSpec {
        name: "fetch",
        group: Group::Access,
        summary: "The processor fetches one byte as an instruction.",
        args: &[arg("addr", ArgKind::Address, "p", "needs PROT_EXEC")],
        names_result: false,
    },
    CallSpec {
        name: "memset",
        group: Group::Access,
        summary: "Stores one byte again and again: touches page after page.",
        args: &[
            arg("addr", ArgKind::Address, "p", ""),
            arg("byte", ArgKind::Number, "0", ""),
            arg("length", ArgKind::Number, "PAGE_SIZE", ""),
        ],
        names_result: false,
    },
    CallSpec {
        name: "memcpy",
        group: Group::Access,
        summary: "Loads here and stores there.",
        args: &[
            arg("dst", ArgKind::Address, "p", ""),
            arg("src", ArgKind::Address, "p", ""),
            arg("length", ArgKind::Number, "64", ""),
        ],
        names_result: false,
    },
    CallSpec {
        name: "malloc",
        group: Group::Heap,
        summary: "A block of liballoc's; the first one asks the kernel for 16 pages.",
        args: &[arg("size", ArgKind::Number, "100", "bytes")],
        names_result: true,
    },
    CallSpec {
        name: "calloc",
        group: Group::Heap,
        summary: "malloc, cleared: touches every page of the block.",
        args: &[
            arg("nmemb", ArgKind::Number, "16", "how many"),
            arg("size", ArgKind::Number, "8", "bytes each"),
        ],
        names_result: true,
    },
    CallSpec {
        name: "realloc",
        group: Group::Heap,
        summary: "Shrinks in place; grows by malloc, copy, free.",
        args: &[
            arg("ptr", ArgKind::Address, "a", "what malloc returned"),
            arg("size", ArgKind::Number, "200", "bytes"),
        ],
        names_result: true,
    },
    CallSpec {
        name: "free",
        group: Group::Heap,
        summary: "Gives a block back; the last one of its pages returns them.",
        args: &[arg("ptr", ArgKind::Address, "a", "what malloc returned")],
        names_result: false,
    },
    CallSpec {
        name: "open",
        group: Group::Files,
        summary: "Opens a file of the playground's own small folder.",
        args: &[
            arg("path", ArgKind::Text, "notes.txt", ""),
            arg("flags", ArgKind::Flags(&OPEN), "O_RDWR|O_CREAT", ""),
            arg("mode", ArgKind::Number, "0644", "with O_CREAT"),
        ],
        names_result: true,
    },
    CallSpec {
        name: "memfd_create",
        group: Group::Files,
        summary: "A file without a name, in memory only.",
        args: &[
            arg("name", ArgKind::Text, "ring", "for /proc/PID/maps only"),
            arg("flags", ArgKind::Flags(&MEMFD), "0", ""),
        ],
        names_result: true,
    },
    CallSpec {
        name: "ftruncate",
        group: Group::Files,
        summary: "Sets a file's length; pages behind it become SIGBUS.",
        args: &[
            arg("fd", ArgKind::Number, "fd", "a descriptor"),
            arg("length", ArgKind::Number, "6144", "bytes"),
        ],
        names_result: false,
    },
    CallSpec {
        name: "pwrite64",
        group: Group::Files,
        summary: "Writes into a file; shared mappings show it.",
        args: &[
            arg("fd", ArgKind::Number, "fd", "a descriptor"),
            arg("bytes", ArgKind::Text, "hello", "C escapes allowed"),
            arg("count", ArgKind::Number, "5", "bytes"),
            arg("offset", ArgKind::Number, "0", ""),
        ],
        names_result: false,
    },
    CallSpec {
        name: "pread64",
        group: Group::Files,
        summary: "Reads from a file; what shared mappings wrote is there.",
        args: &[
            arg("fd", ArgKind::Number, "fd", "a descriptor"),
            arg("bytes", ArgKind::Text, "", "left empty: filled by the call"),
            arg("count", ArgKind::Number, "16", "bytes"),
            arg("offset", ArgKind::Number, "0", ""),
        ],
        names_result: false,
    },
    CallSpec {
        name: "close",
        group: Group::Files,
        summary: "Closes a descriptor; its mappings stay.",
        args: &[arg("fd", ArgKind::Number, "fd", "a descriptor")],
        names_result: false,
    },
];

/// The form of a call, by name.
pub fn spec(name: &str) -> Option<&'static CallSpec> {
    CALLS.iter().find(|spec| spec.name == name)
}

/// What a person has filled in so far.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The call.
    pub spec: &'static CallSpec,
    /// The name that the result gets; may be empty.
    pub result_name: String,
    /// A text for each argument; flags are held by their names, as they will be printed.
    pub values: Vec<String>,
}

impl PartialEq for Draft {
    fn eq(&self, other: &Draft) -> bool {
        std::ptr::eq(self.spec, other.spec)
            && self.result_name == other.result_name
            && self.values == other.values
    }
}

impl Draft {
    /// A form as it is at first.
    pub fn new(spec: &'static CallSpec) -> Draft {
        let values = spec.args.iter().map(|arg| arg.start.to_owned()).collect();
        Draft { spec, result_name: String::new(), values }
    }

    /// The line as it will run. Empty arguments at the end are left out.
    pub fn line(&self) -> String {
        let mut texts: Vec<String> = Vec::with_capacity(self.values.len());
        for (arg, value) in self.spec.args.iter().zip(&self.values) {
            texts.push(match arg.kind {
                ArgKind::Text => c_string(value),
                _ => value.trim().to_owned(),
            });
        }
        while texts.last().is_some_and(String::is_empty) {
            texts.pop();
        }
        if self.spec.name == "store" && texts.get(1).is_some_and(|value| value.starts_with('"')) {
            texts.truncate(2);
        }
        let name = self.result_name.trim();
        let binding = if name.is_empty() { String::new() } else { format!("{name} = ") };
        format!("{binding}{}({})", self.spec.name, texts.join(", "))
    }

    /// The bits of a flags argument as filled in; bits that are no known name count too.
    pub fn bits(&self, index: usize, flags: &FlagsSpec) -> u64 {
        let Some(text) = self.values.get(index) else { return 0 };
        text.split('|')
            .map(str::trim)
            .filter_map(|part| flags.names.number(part).or_else(|| crate::text::parse_number(part)))
            .fold(0, |bits, number| bits | number)
    }

    /// Sets the bits of a flags argument.
    pub fn set_bits(&mut self, index: usize, flags: &FlagsSpec, bits: u64) {
        if let Some(value) = self.values.get_mut(index) {
            *value = flags.names.text(bits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_form_is_a_line_that_runs() {
        let draft = Draft::new(spec("mmap").unwrap());
        assert_eq!(
            draft.line(),
            "mmap(NULL, 4*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"
        );
    }

    #[test]
    fn both_types_ticked_are_the_third_type() {
        let mut draft = Draft::new(spec("mmap").unwrap());
        draft.set_bits(3, &MAP, 0x23);
        assert_eq!(draft.values[3], "MAP_SHARED_VALIDATE|MAP_ANONYMOUS");
        assert_eq!(draft.bits(3, &MAP), 0x23);
    }

    #[test]
    fn a_string_store_has_no_size() {
        let mut draft = Draft::new(spec("store").unwrap());
        assert_eq!(draft.line(), "store(p, 0x41, 1)");
        draft.values[1] = "\"hi\"".into();
        assert_eq!(draft.line(), "store(p, \"hi\")");
    }

    #[test]
    fn text_is_quoted_and_results_are_named() {
        let mut draft = Draft::new(spec("open").unwrap());
        draft.result_name = "fd".into();
        assert_eq!(draft.line(), "fd = open(\"notes.txt\", O_RDWR|O_CREAT, 0644)");
    }

    #[test]
    fn every_box_has_a_number() {
        for call in CALLS {
            for arg in call.args {
                if let ArgKind::Flags(flags) = arg.kind {
                    for (name, _) in flags.boxes {
                        assert!(flags.names.number(name).is_some(), "{name}");
                    }
                    assert!(flags.first <= flags.boxes.len());
                }
            }
        }
    }
}
