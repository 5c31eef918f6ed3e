//! What a text is, by its content.

use super::noise::{attached, prefix, resumed};
use super::{CallName, grammar};

/// What a text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Calls that a person wrote.
    Trace,
    /// A log of `strace`.
    Strace,
    /// A log of `ltrace`.
    Ltrace,
    /// A list of mappings, `/proc/PID/maps`.
    Maps,
    /// Nothing of these.
    Unknown,
}

/// How many lines are looked at.
const LOOKED_AT: usize = 200;

/// Says what a text is. All but the last two are read by the same parser; `Maps` is for
/// [`parse_maps`](crate::maps::parse_maps).
pub fn recognise(text: &str) -> Kind {
    let mut counts = [0_u32; 5];
    for line in text.trim_start_matches('\u{feff}').lines().take(LOOKED_AT) {
        if !line.trim().is_empty() {
            counts[line_kind(line) as usize] += 1;
        }
    }
    let [trace, strace, ltrace, maps, unknown] = counts;
    if maps > 0 && maps >= trace + strace + ltrace {
        Kind::Maps
    } else if ltrace > 0 && ltrace * 4 >= strace {
        Kind::Ltrace
    } else if strace > 0 && strace >= trace {
        Kind::Strace
    } else if trace > 0 && trace * 4 >= unknown {
        Kind::Trace
    } else {
        Kind::Unknown
    }
}

fn line_kind(line: &str) -> Kind {
    let found = prefix(line);
    let rest = &line[found.end..];
    if is_maps_line(line) {
        return Kind::Maps;
    }
    if rest.starts_with("+++ exited (status") {
        return Kind::Ltrace;
    }
    if rest.starts_with("+++ ") || rest.starts_with("--- SIG") || attached(line).is_some() {
        return Kind::Strace;
    }
    if let Some((_, behind)) = resumed(rest) {
        return if rest[behind..].starts_with(" )") { Kind::Ltrace } else { Kind::Strace };
    }
    let Ok(head) = grammar::head(rest) else {
        return if rest.starts_with(['#', '/']) { Kind::Trace } else { Kind::Unknown };
    };
    let known = CallName::from_name(head.name);
    let allocator = known.is_some_and(CallName::is_allocator);
    let has_result = rest.contains(") = ") || rest.contains(")  ") || rest.contains("<unfinished ");
    match (head.binding, known) {
        (None, Some(_)) if head.ltrace => Kind::Ltrace,
        (None, Some(_)) if allocator && has_result => Kind::Ltrace,
        (None, Some(CallName::Load | CallName::Store | CallName::Fetch)) => Kind::Trace,
        (None, _) if has_result => Kind::Strace,
        (_, Some(_)) => Kind::Trace,
        _ => Kind::Unknown,
    }
}

/// Whether a line begins like one of `/proc/PID/maps`: `00400000-0041f000 r--p `.
pub(crate) fn is_maps_line(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    let range = words.next().and_then(|range| range.split_once('-'));
    let rights = words.next().unwrap_or("");
    range.is_some_and(|(start, end)| is_hex(start) && is_hex(end))
        && rights.len() == 4
        && rights.bytes().all(|b| b"rwxsp-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_kinds() {
        for (text, kind) in [
            ("", Kind::Unknown),
            ("hello world\nhow are you", Kind::Unknown),
            ("p = mmap(NULL, 4096, 3, 0x22, -1, 0)\nstore(p, 1)", Kind::Trace),
            ("malloc(100)\nfree(p)", Kind::Trace),
            ("# a comment\nmunmap(0, 1)", Kind::Trace),
            ("brk(NULL)                               = 0x256d000", Kind::Strace),
            ("8116  brk(NULL)                         = 0x5637a2538000", Kind::Strace),
            ("[pid 5] <... mmap resumed>) = 0x7", Kind::Strace),
            ("malloc@libc.so.6(24)                    = 0x5575b11af4b0", Kind::Ltrace),
            ("vim->malloc(24) = 0x5575b11af4b0\n+++ exited (status 0) +++", Kind::Ltrace),
            ("SYS_brk(0) = 0x561781c3b000", Kind::Ltrace),
            ("00400000-0041f000 r--p 00000000 fe:00 247706   /usr/bin/python3.11", Kind::Maps),
        ] {
            assert_eq!(recognise(text), kind, "{text}");
        }
    }
}
