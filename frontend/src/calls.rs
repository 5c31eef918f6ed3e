//! The calls that have a form: their arguments by name, and the C line that a filled form makes.
//!
//! Flags come from the tables of `core::abi`, and what they mean from `core::meaning`.
//! A form makes text and nothing else: it runs on the same road as a line typed in the console.

use crate::store::Moment;
use crate::text::c_string;
use mmap_playground_core::abi::{
    ADVICE_NAMES, FlagNames, MAP_NAMES, MEMFD_NAMES, MREMAP_NAMES, MSYNC_NAMES, OPEN_NAMES,
    PROT_NAMES,
};
use mmap_playground_core::address::{Address, page_floor};
use mmap_playground_core::meaning;

/// A call that has a form.
#[derive(Debug)]
pub struct CallSpec {
    /// Its name in C.
    pub name: &'static str,
    /// What it is about: decides where its button stands.
    pub group: Group,
    /// Its arguments in order.
    pub args: &'static [ArgSpec],
    /// It returns something worth a name.
    pub names_result: bool,
}

impl CallSpec {
    /// What it does, in one sentence.
    pub fn summary(&self) -> &'static str {
        meaning::of_call(self.name).unwrap_or_default()
    }

    /// The same, with a result worth a name.
    const fn named(self) -> CallSpec {
        CallSpec { names_result: true, ..self }
    }
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
    /// One name of a table.
    OneOf(&'static FlagNames),
    /// One of a few values.
    Choice(&'static [(&'static str, &'static str)]),
}

/// The check boxes of one flags argument.
#[derive(Debug)]
pub struct FlagsSpec {
    /// Names and numbers.
    pub names: &'static FlagNames,
    /// The flags that have a box; those behind the first `first` are folded away.
    pub boxes: &'static [&'static str],
    /// How many are always shown.
    pub first: usize,
    /// A number of which one value is chosen, such as the access mode of `open`.
    pub choice: bool,
}

const fn boxes(
    names: &'static FlagNames,
    boxes: &'static [&'static str],
    first: usize,
) -> FlagsSpec {
    FlagsSpec { names, boxes, first, choice: false }
}

static PROT: FlagsSpec =
    boxes(&PROT_NAMES, &["PROT_READ", "PROT_WRITE", "PROT_EXEC", "PROT_SEM"], 3);

static PROTECT: FlagsSpec = boxes(
    &PROT_NAMES,
    &["PROT_READ", "PROT_WRITE", "PROT_EXEC", "PROT_GROWSDOWN", "PROT_GROWSUP", "PROT_SEM"],
    3,
);

static MAP: FlagsSpec = boxes(
    &MAP_NAMES,
    &[
        "MAP_PRIVATE",
        "MAP_SHARED",
        "MAP_ANONYMOUS",
        "MAP_FIXED",
        "MAP_FIXED_NOREPLACE",
        "MAP_NORESERVE",
        "MAP_POPULATE",
        "MAP_GROWSDOWN",
        "MAP_STACK",
        "MAP_LOCKED",
        "MAP_32BIT",
        "MAP_NONBLOCK",
        "MAP_HUGETLB",
        "MAP_SYNC",
        "MAP_DENYWRITE",
        "MAP_EXECUTABLE",
    ],
    5,
);

static MREMAP: FlagsSpec =
    boxes(&MREMAP_NAMES, &["MREMAP_MAYMOVE", "MREMAP_FIXED", "MREMAP_DONTUNMAP"], 3);

static MSYNC: FlagsSpec = boxes(&MSYNC_NAMES, &["MS_SYNC", "MS_ASYNC", "MS_INVALIDATE"], 3);

static OPEN: FlagsSpec = FlagsSpec {
    choice: true,
    ..boxes(
        &OPEN_NAMES,
        &["O_CREAT", "O_TRUNC", "O_EXCL", "O_APPEND", "O_CLOEXEC", "O_DIRECTORY", "O_PATH"],
        2,
    )
};

static MEMFD: FlagsSpec =
    boxes(&MEMFD_NAMES, &["MFD_CLOEXEC", "MFD_ALLOW_SEALING", "MFD_HUGETLB"], 2);

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

/// A place in memory.
const fn address(name: &'static str, hint: &'static str) -> ArgSpec {
    arg(name, ArgKind::Address, "p", hint)
}

/// The beginning of whole pages.
const fn pages() -> ArgSpec {
    address("addr", "a multiple of 4096")
}

/// How long a range of pages is.
const fn length(name: &'static str, start: &'static str) -> ArgSpec {
    arg(name, ArgKind::Number, start, "rounded up to whole pages")
}

/// Any other number.
const fn number(name: &'static str, start: &'static str, hint: &'static str) -> ArgSpec {
    arg(name, ArgKind::Number, start, hint)
}

const fn descriptor() -> ArgSpec {
    number("fd", "fd", "a descriptor")
}

/// What liballoc has returned.
const fn block() -> ArgSpec {
    arg("ptr", ArgKind::Address, "a", "what malloc returned")
}

const fn flags(name: &'static str, flags: &'static FlagsSpec, start: &'static str) -> ArgSpec {
    arg(name, ArgKind::Flags(flags), start, "")
}

const fn width(hint: &'static str) -> ArgSpec {
    arg("size", ArgKind::Choice(SIZES), "1", hint)
}

const fn call(group: Group, name: &'static str, args: &'static [ArgSpec]) -> CallSpec {
    CallSpec { name, group, args, names_result: false }
}

const fn mapping(name: &'static str, args: &'static [ArgSpec]) -> CallSpec {
    call(Group::Mappings, name, args)
}

const fn access(name: &'static str, args: &'static [ArgSpec]) -> CallSpec {
    call(Group::Access, name, args)
}

const fn heap(name: &'static str, args: &'static [ArgSpec]) -> CallSpec {
    call(Group::Heap, name, args)
}

const fn file(name: &'static str, args: &'static [ArgSpec]) -> CallSpec {
    call(Group::Files, name, args)
}

/// Every call that has a form.
pub static CALLS: &[CallSpec] = &[
    mapping(
        "mmap",
        &[
            arg("addr", ArgKind::Address, "NULL", "NULL: the kernel chooses"),
            length("length", "8*PAGE_SIZE"),
            flags("prot", &PROT, "PROT_READ|PROT_WRITE"),
            flags("flags", &MAP, "MAP_PRIVATE|MAP_ANONYMOUS"),
            number("fd", "-1", "-1 for anonymous memory"),
            number("offset", "0", "into the file, a multiple of 4096"),
        ],
    )
    .named(),
    mapping("munmap", &[pages(), length("length", "PAGE_SIZE")]),
    mapping(
        "mprotect",
        &[pages(), length("len", "PAGE_SIZE"), flags("prot", &PROTECT, "PROT_READ")],
    ),
    mapping(
        "mremap",
        &[
            address("old_address", "a multiple of 4096"),
            number("old_size", "4*PAGE_SIZE", ""),
            number("new_size", "8*PAGE_SIZE", ""),
            flags("flags", &MREMAP, "MREMAP_MAYMOVE"),
            arg("new_address", ArgKind::Address, "", "only with MREMAP_FIXED or DONTUNMAP"),
        ],
    )
    .named(),
    mapping(
        "madvise",
        &[
            pages(),
            length("length", "PAGE_SIZE"),
            arg("advice", ArgKind::OneOf(&ADVICE_NAMES), "MADV_DONTNEED", ""),
        ],
    ),
    mapping("msync", &[pages(), length("length", "PAGE_SIZE"), flags("flags", &MSYNC, "MS_SYNC")]),
    mapping("brk", &[arg("addr", ArgKind::Address, "NULL", "NULL: only ask where it is")]).named(),
    access("load", &[address("addr", ""), width("")]),
    access(
        "store",
        &[
            address("addr", ""),
            number("value", "0x41", "a number, or \"text\""),
            width("of a number"),
        ],
    ),
    access("fetch", &[address("addr", "needs PROT_EXEC")]),
    access(
        "memset",
        &[address("addr", ""), number("byte", "0", ""), number("length", "PAGE_SIZE", "")],
    ),
    access("memcpy", &[address("dst", ""), address("src", ""), number("length", "64", "")]),
    heap("malloc", &[number("size", "100", "bytes")]).named(),
    heap("calloc", &[number("nmemb", "16", "how many"), number("size", "8", "bytes each")]).named(),
    heap("realloc", &[block(), number("size", "200", "bytes")]).named(),
    heap("free", &[block()]),
    file(
        "open",
        &[
            arg("path", ArgKind::Text, "notes.txt", ""),
            flags("flags", &OPEN, "O_RDWR|O_CREAT"),
            number("mode", "0644", "with O_CREAT"),
        ],
    )
    .named(),
    file(
        "memfd_create",
        &[
            arg("name", ArgKind::Text, "ring", "for /proc/PID/maps only"),
            flags("flags", &MEMFD, "0"),
        ],
    )
    .named(),
    file("ftruncate", &[descriptor(), number("length", "6144", "bytes")]),
    file(
        "pwrite64",
        &[
            descriptor(),
            arg("bytes", ArgKind::Text, "hello", "C escapes allowed"),
            number("count", "5", "bytes"),
            number("offset", "0", ""),
        ],
    ),
    file(
        "pread64",
        &[
            descriptor(),
            arg("bytes", ArgKind::Text, "", "left empty: filled by the call"),
            number("count", "16", "bytes"),
            number("offset", "0", ""),
        ],
    ),
    file("close", &[descriptor()]),
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

    /// Puts what there is in place of names that stand for nothing: `p` where nothing is called p,
    /// `a` where no block is in use under that name.
    pub fn freshen(&mut self, names: &[(String, u64)], moment: &Moment, cursor: Option<Address>) {
        for (arg, value) in self.spec.args.iter().zip(&mut self.values) {
            let found = match arg.start {
                "a" if is_gone(value, names, |place| moment.is_block(place)) => {
                    let blocks = || names.iter().rev().filter(|(_, place)| moment.is_block(*place));
                    let named = blocks().next().map(|(name, _)| name.clone());
                    named.or_else(|| moment.last_block().map(crate::text::hex))
                }
                "p" if is_gone(value, names, |_| true) => {
                    let mapped = |place: &u64| moment.vma_at(*place).is_some();
                    let named =
                        names.iter().find(|(_, place)| mapped(place) && !moment.is_block(*place));
                    let place = cursor.filter(mapped).map(page_floor);
                    let place = place.or_else(|| moment.first_mapping());
                    named.map(|(name, _)| name.clone()).or_else(|| place.map(crate::text::hex))
                }
                _ => None,
            };
            if let Some(found) = found {
                *value = found;
            }
        }
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

/// Says whether a value is a name that stands for nothing of use.
fn is_gone(value: &str, names: &[(String, u64)], of_use: impl Fn(u64) -> bool) -> bool {
    let is_name = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let bound = names.iter().find(|(name, _)| name == value);
    let is_constant = ["NULL", "PAGE_SIZE"].contains(&value);
    is_name && !is_constant && bound.is_none_or(|(_, place)| !of_use(*place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmap_playground_core::machine::Machine;
    use mmap_playground_core::session::Session;
    use mmap_playground_core::state::HeapReader;

    #[test]
    fn a_fresh_form_is_a_line_that_runs() {
        let draft = Draft::new(spec("mmap").unwrap());
        assert_eq!(
            draft.line(),
            "mmap(NULL, 8*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"
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
    fn names_that_stand_for_nothing_make_way() {
        let line = |call: &str, text: &str| {
            let mut session = Session::new(Machine::default());
            session.run(text);
            let mut draft = Draft::new(spec(call).unwrap());
            draft.freshen(
                &session.names(),
                &Moment::of(&session, &mut HeapReader::default()),
                None,
            );
            draft.line()
        };
        assert_eq!(line("munmap", ""), "munmap(p, PAGE_SIZE)");
        assert_eq!(line("munmap", "p = mmap(NULL, 1, 3, 34, -1, 0)"), "munmap(p, PAGE_SIZE)");
        assert_eq!(line("munmap", "buf = mmap(NULL, 1, 3, 34, -1, 0)"), "munmap(buf, PAGE_SIZE)");
        assert_eq!(
            line("munmap", "mmap(NULL, 1, 3, 34, -1, 0)"),
            "munmap(0x7ffff7ffe000, PAGE_SIZE)"
        );
        assert_eq!(line("free", "a = malloc(1)\nb = malloc(1)"), "free(a)");
        assert_eq!(line("free", "a = malloc(1)\nb = malloc(1)\nfree(a)"), "free(b)");
        assert_eq!(line("free", "a = malloc(1)\nfree(a)"), "free(a)");
        let unnamed = line("realloc", "malloc(1)");
        assert!(unnamed.starts_with("realloc(0x7f"), "{unnamed}");
    }

    #[test]
    fn every_call_and_every_box_has_a_meaning() {
        for call in CALLS {
            assert!(!call.summary().is_empty(), "{}", call.name);
            for arg in call.args {
                if let ArgKind::Flags(flags) = arg.kind {
                    for name in flags.boxes {
                        assert!(flags.names.number(name).is_some(), "{name}");
                        assert!(meaning::of_constant(name).is_some(), "{name}");
                    }
                    assert!(flags.first <= flags.boxes.len());
                }
            }
        }
    }
}
