//! Numbers as the page writes them: addresses in hex, sizes in bytes with KiB or MiB beside them.

use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange, size_text};
use mmap_playground_core::session::Session;
use mmap_playground_core::state::VmaView;

/// An address, `0x7ffff7ffd000`.
pub fn hex(address: Address) -> String {
    format!("{address:#x}")
}

/// An address for a column of addresses: twelve digits, no prefix.
pub fn hex_column(address: Address) -> String {
    format!("{address:012x}")
}

/// Digits in groups of three: `65 536` with thin spaces.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A size: bytes, with a larger unit beside them where there is one, `8192 B (8 KiB)`.
pub fn bytes(size: u64) -> String {
    if size < 1024 {
        format!("{size} B")
    } else {
        format!("{} B ({})", grouped(size), size_text(size))
    }
}

/// A size where there is room for one number only, `8 KiB`.
pub fn short_size(size: u64) -> String {
    size_text(size).replace("about ", "~")
}

/// A number of things, `1 page`, `2 pages`.
pub fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// How much of a VMA is resident, as far as that is recorded.
pub fn resident(session: &Session, vma: &VmaView) -> String {
    let all = grouped(vma.range.page_count());
    match (session.is_unrecorded(vma.range), vma.resident_pages) {
        (true, 0) => format!("not recorded, of {}", count(vma.range.page_count(), "page")),
        (true, pages) => {
            format!("{} of {all}; of the others it is not recorded", count(pages, "page"))
        }
        (false, pages) => format!("{} of {all}", count(pages, "page")),
    }
}

/// A range with its size, for labels and announcements.
pub fn range(range: PageRange) -> String {
    let pages = range.size_bytes() / PAGE_SIZE;
    format!("{range}, {}, {}", count(pages, "page"), short_size(range.size_bytes()))
}

/// A number that a person wrote: decimal, or hex with `0x`.
pub fn parse_number(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// What a person typed, as a C string literal: quoted unless they quoted it themselves. Backslashes
/// stay, so that `\n` and `\x00` mean what they mean in C.
pub fn c_string(text: &str) -> String {
    if text.len() >= 2 && text.starts_with('"') && text.ends_with('"') {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    let mut escaped = false;
    for character in text.chars() {
        match character {
            '"' if !escaped => quoted.push_str("\\\""),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ => quoted.push(character),
        }
        escaped = character == '\\' && !escaped;
    }
    if escaped {
        quoted.push('\\');
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_name_two_units() {
        assert_eq!(bytes(100), "100 B");
        assert_eq!(bytes(8192), "8\u{202f}192 B (8 KiB)");
        assert_eq!(short_size(5000), "~4.8 KiB");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(1, "page"), "1 page");
    }

    #[test]
    fn strings_are_quoted_once() {
        assert_eq!(c_string("notes.txt"), "\"notes.txt\"");
        assert_eq!(c_string("\"as is\\n\""), "\"as is\\n\"");
        assert_eq!(c_string("say \"hi\""), "\"say \\\"hi\\\"\"");
        assert_eq!(c_string("end\\"), "\"end\\\\\"");
        assert_eq!(c_string("a\\x00"), "\"a\\x00\"");
    }

    #[test]
    fn numbers_are_decimal_or_hex() {
        assert_eq!(parse_number(" 0x10 "), Some(16));
        assert_eq!(parse_number("12"), Some(12));
        assert_eq!(parse_number("p"), None);
    }
}
