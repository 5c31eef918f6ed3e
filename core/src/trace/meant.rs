//! What a person meant who wrote C where a call is expected: `*p = 1` is `store(p, 1)` here.
//!
//! Only the message of a refusal says so; nothing is read that was not read before.

/// Longer lines are nobody's typing, in bytes.
const LONG: usize = 200;

/// What C's types are called, and the bytes of each; other words are no types.
const TYPES: [(&str, u64); 18] = [
    ("char", 1),
    ("bool", 1),
    ("int8_t", 1),
    ("uint8_t", 1),
    ("short", 2),
    ("int16_t", 2),
    ("uint16_t", 2),
    ("int", 4),
    ("float", 4),
    ("int32_t", 4),
    ("uint32_t", 4),
    ("long", 8),
    ("double", 8),
    ("int64_t", 8),
    ("uint64_t", 8),
    ("size_t", 8),
    ("uintptr_t", 8),
    ("void", 1),
];

/// Words that stand beside a type and change nothing about its size.
const BESIDE: [&str; 5] = ["const", "volatile", "unsigned", "signed", "struct"];

/// The line in this language that says what a line of C says: a store, a load, or a call whose
/// result is given a name with a type.
pub(super) fn meant(line: &str) -> Option<String> {
    let line = line.split("//").next()?.trim().trim_end_matches(';').trim_end();
    if line.len() > LONG {
        return None;
    }
    let (left, right) = match assignment(line) {
        Some((left, right)) => (left, Some(right)),
        None => (line, None),
    };
    match (place(left), right) {
        (Some(place), Some(value)) if is_value(value) => {
            Some(format!("store({}, {value}{})", place.address, place.size()))
        }
        (Some(place), None) => Some(format!("load({}{})", place.address, place.size())),
        (None, Some(right)) => {
            let name = declared(left)?;
            match self::place(right) {
                Some(place) => Some(format!("{name} = load({}{})", place.address, place.size())),
                None => (name != left && is_call(right)).then(|| format!("{name} = {right}")),
            }
        }
        _ => None,
    }
}

/// Both sides of the first `=` that gives a value.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (left, right) = line.split_once('=')?;
    let compares = right.starts_with('=') || left.ends_with(['!', '<', '>', '+', '-', '|', '&']);
    (!compares).then_some((left.trim(), right.trim()))
}

/// A place in memory.
struct Place {
    address: String,
    bytes: u64,
}

impl Place {
    /// The argument for its size, where that is not the usual one.
    fn size(&self) -> String {
        if self.bytes == 1 { String::new() } else { format!(", {}", self.bytes) }
    }
}

/// `*address` with or without a cast, or `name[index]`.
fn place(text: &str) -> Option<Place> {
    if let Some(pointer) = text.strip_prefix('*') {
        let pointer = pointer.trim();
        let cast = pointer.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let cast = cast.and_then(|(words, rest)| {
            let kind = words.trim().strip_suffix('*')?;
            Some((type_bytes(kind)?, rest.trim()))
        });
        let (bytes, pointer) = cast.unwrap_or((1, pointer));
        let address = bare(pointer);
        return is_value(address).then(|| Place { address: address.to_owned(), bytes });
    }
    let (name, index) = text.strip_suffix(']')?.split_once('[')?;
    let (name, index) = (name.trim(), index.trim());
    if !is_name(name) || !is_value(index) {
        return None;
    }
    let address = if index == "0" { name.to_owned() } else { format!("{name} + {index}") };
    Some(Place { address, bytes: 1 })
}

/// The name on the left of `=`, without a type before it.
fn declared(left: &str) -> Option<&str> {
    let before = left.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let name = left.strip_prefix(before)?;
    let kind = before.trim_end().trim_end_matches(['*', ' ']);
    (is_name(name) && (kind.is_empty() || type_bytes(kind).is_some())).then_some(name)
}

/// How large a value of a type is; nothing if it is none.
fn type_bytes(text: &str) -> Option<u64> {
    let mut bytes = None;
    for word in text.split_whitespace() {
        match TYPES.iter().find(|(name, _)| *name == word) {
            Some((_, size)) => bytes = bytes.or(Some(*size)),
            None if BESIDE.contains(&word) => {}
            None => return None,
        }
    }
    bytes
}

/// Without the parentheses around the whole.
fn bare(text: &str) -> &str {
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    inner.filter(|inner| !inner.contains(['(', ')'])).map_or(text, str::trim)
}

fn is_name(text: &str) -> bool {
    let rest = text.strip_prefix(|c: char| c.is_ascii_alphabetic() || c == '_');
    rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// Numbers and names with `+`, `-` and `*` between them, or a character or text.
fn is_value(text: &str) -> bool {
    let quoted = |mark| text.len() > 2 && text.starts_with(mark) && text.ends_with(mark);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+-* |".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    quoted('\'') || quoted('"') || begins && text.chars().all(plain) && is_one(text)
}

/// No two words beside each other without an operator between them.
fn is_one(text: &str) -> bool {
    let mut words = text.split(['+', '-', '*', '|']);
    words.all(|word| word.split_whitespace().count() <= 1)
}

fn is_call(text: &str) -> bool {
    text.split_once('(').is_some_and(|(name, rest)| is_name(name.trim()) && rest.ends_with(')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_is_told_in_calls() {
        for (line, call) in [
            ("*p = 1;", "store(p, 1)"),
            ("*p='A' ; // one", "store(p, 'A')"),
            ("*(p + PAGE_SIZE) = 0x41", "store(p + PAGE_SIZE, 0x41)"),
            ("*(int *)p = -1;", "store(p, -1, 4)"),
            ("*(volatile unsigned long *)(p + 8) = 7", "store(p + 8, 7, 8)"),
            ("p[0] = 1", "store(p, 1)"),
            ("p[4096] = \"hi\"", "store(p + 4096, \"hi\")"),
            ("x = *p", "x = load(p)"),
            ("char c = p[2*PAGE_SIZE];", "c = load(p + 2*PAGE_SIZE)"),
            ("int x = *(int*)p", "x = load(p, 4)"),
            ("*p", "load(p)"),
            ("p[7];", "load(p + 7)"),
            ("char *p = malloc(100);", "p = malloc(100)"),
            ("const void* q = mmap(NULL, 1, 3, 34, -1, 0)", "q = mmap(NULL, 1, 3, 34, -1, 0)"),
        ] {
            assert_eq!(meant(line).as_deref(), Some(call), "{line}");
        }
    }

    #[test]
    fn what_is_nothing_of_c_is_left_alone() {
        let long = format!("*p = {}", "1".repeat(LONG));
        for line in [
            "",
            ";",
            "*",
            "=",
            "* = 1",
            "*p =",
            "[0] = 1",
            "p[ = 1",
            "p] = 1",
            "p[] = 1",
            "p = 5",
            "p",
            "hello world",
            "hello world (1)",
            "*p == 1",
            "*p += 1",
            "*é = 1",
            "é[0] = 1",
            "*p = é",
            "é *p = f(1)",
            "*(p = 1",
            "*)p( = 1",
            "what *p = malloc(1)",
            "x = y z",
            "*** total ***",
            "* a list of things",
            "p[0][1] = 2",
            "'",
            "*p = '",
            "**p = 1",
            &long,
        ] {
            assert_eq!(meant(line), None, "{line}");
        }
    }
}
