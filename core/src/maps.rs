//! `/proc/PID/maps` as text, both ways.
//!
//! Plain data: what a line says, not yet a VMA. Sources: `proc_pid_maps(5)`; `show_map_vma` in
//! `fs/proc/task_mmu.c`, Linux 6.18, which escapes a newline in a path and nothing else.

use crate::abi::Prot;
use crate::address::{Address, is_page_aligned};
use crate::file::DELETED;
use crate::trace::{Diagnostic, Severity, Span};
use std::collections::BTreeMap;
use std::fmt::Write;

/// One mapping as the kernel lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MapsLine {
    /// First address; a multiple of the page size, as `end` is.
    pub start: Address,
    /// First address behind it; larger than `start`.
    pub end: Address,
    /// What may be done with its pages.
    pub prot: Prot,
    /// Whether changes are shared (`s`) or private (`p`).
    pub shared: bool,
    /// Offset into the file, in bytes.
    pub offset: u64,
    /// Device of the file, major and minor number in hex; `00:00` without a file.
    pub device: String,
    /// Inode of the file; 0 without a file.
    pub inode: u64,
    /// Path of the file or name of the mapping (`[heap]`); empty if there is none.
    pub path: String,
    /// The file has no name any more.
    pub deleted: bool,
}

/// Column of the path.
const PATH_COLUMN: usize = 73;

/// Reads a list of mappings.
///
/// Lines stay in the order of the text, and a line that overlaps one before it stays too, with a
/// diagnostic. What `smaps` adds, blank lines and `#` comments are passed over; any other line is
/// left out with a diagnostic.
///
/// ```
/// use mmap_playground_core::maps::{parse_maps, print_maps};
///
/// let text = "00400000-00401000 r-xp 00000000 08:01 1234                               /bin/true\n";
/// let (lines, diagnostics) = parse_maps(text);
/// assert!(diagnostics.is_empty());
/// assert_eq!((lines[0].start, lines[0].path.as_str()), (0x400000, "/bin/true"));
/// assert_eq!(print_maps(&lines), text);
/// ```
pub fn parse_maps(text: &str) -> (Vec<MapsLine>, Vec<Diagnostic>) {
    let mut lines: Vec<MapsLine> = Vec::new();
    let mut diagnostics = Vec::new();
    let mut taken: BTreeMap<Address, (Address, u32)> = BTreeMap::new();
    let mut start = 0;
    for (index, full) in text.split_inclusive('\n').enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let line = full.trim_end_matches(['\n', '\r']);
        let text = line.trim_start_matches('\u{feff}');
        let blanks = line.len() - text.len();
        let mut report = |at: usize, length: usize, message: String, severity| {
            let begin = u32::try_from(start + blanks + at).unwrap_or(u32::MAX);
            let end = begin.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
            let column = u32::try_from(blanks + at + 1).unwrap_or(u32::MAX);
            let span = Span { start: begin, end };
            diagnostics.push(Diagnostic { line: number, column, span, message, severity });
        };
        match maps_line(text) {
            Ok(None) => {}
            Err((at, length, message)) => report(at, length, message, Severity::Error),
            Ok(Some(found)) => {
                let before = taken.range(..found.end).next_back();
                if let Some((_, (_, other))) = before.filter(|(_, (end, _))| *end > found.start) {
                    let message = format!("overlaps the mapping on line {other}");
                    report(0, text.find(' ').unwrap_or(0), message, Severity::Error);
                } else {
                    taken.insert(found.start, (found.end, number));
                    if lines.last().is_some_and(|last| last.start > found.start) {
                        let message = "expected mappings in the order of their addresses";
                        report(0, text.find('-').unwrap_or(0), message.to_owned(), Severity::Note);
                    }
                }
                lines.push(found);
            }
        }
        start += full.len();
    }
    (lines, diagnostics)
}

/// Reads one line; nothing if it is not about a mapping. A fault has a place and a length.
fn maps_line(line: &str) -> Result<Option<MapsLine>, (usize, usize, String)> {
    if line.trim().is_empty() || line.starts_with('#') || is_smaps_field(line) {
        return Ok(None);
    }
    let mut rest = line;
    let mut next = |what: &str, separator: char| {
        let skipped = rest.trim_start_matches(' ');
        let at = line.len() - skipped.len();
        let length = skipped.find([separator, ' ']).unwrap_or(skipped.len());
        let (word, behind) = skipped.split_at(length);
        rest = behind.strip_prefix(separator).unwrap_or(behind);
        let fault = (at, length, format!("expected {what}"));
        if word.is_empty() { Err(fault) } else { Ok((word, fault)) }
    };
    let hex = |(word, fault): (&str, _)| u64::from_str_radix(word, 16).map_err(|_| fault);
    let start = hex(next("a mapping, such as 7ffff7ffd000-7ffff7fff000 rw-p …", '-')?)?;
    let (end_word, mut end_fault) = next("the end of the range in hex", ' ')?;
    let end = hex((end_word, end_fault.clone()))?;
    if start >= end || !is_page_aligned(start) || !is_page_aligned(end) {
        end_fault.2 = "expected a range of whole pages, its end above its start".to_owned();
        return Err(end_fault);
    }
    let (rights, fault) = next("the rights, such as rw-p", ' ')?;
    let (prot, shared) = parse_rights(rights).ok_or(fault)?;
    let offset = hex(next("the offset in hex", ' ')?)?;
    let (device, fault) = next("the device, such as fe:00", ' ')?;
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    device.split_once(':').filter(|(major, minor)| is_hex(major) && is_hex(minor)).ok_or(fault)?;
    let (inode, fault) = next("the inode, a decimal number", ' ')?;
    let inode = inode.parse().map_err(|_| fault)?;
    let path = rest.trim_start_matches(' ');
    let (path, deleted) = match path.strip_suffix(DELETED) {
        Some(path) => (path, true),
        None => (path, false),
    };
    let path = path.replace("\\012", "\n");
    let device = device.to_owned();
    Ok(Some(MapsLine { start, end, prot, shared, offset, device, inode, path, deleted }))
}

/// Whether a line is one of those that `smaps` has below each mapping: `Rss:   4 kB`.
fn is_smaps_field(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or("");
    name.len() < line.len()
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `rw-p`
fn parse_rights(rights: &str) -> Option<(Prot, bool)> {
    let [read, write, execute, sharing] = rights.as_bytes() else { return None };
    let mut prot = Prot::empty();
    for (byte, letter, bit) in
        [(read, b'r', Prot::READ), (write, b'w', Prot::WRITE), (execute, b'x', Prot::EXEC)]
    {
        match *byte {
            b'-' => {}
            byte if byte == letter => prot |= bit,
            _ => return None,
        }
    }
    match sharing {
        b's' => Some((prot, true)),
        b'p' => Some((prot, false)),
        _ => None,
    }
}

/// Writes a list of mappings as the kernel does, each line with its end.
pub fn print_maps(lines: &[MapsLine]) -> String {
    let mut text = String::with_capacity(lines.len() * 100);
    for line in lines {
        let begin = text.len();
        let sharing = if line.shared { 's' } else { 'p' };
        let MapsLine { start, end, prot, offset, device, inode, .. } = line;
        // Writing to a string cannot fail.
        let _ =
            write!(text, "{start:08x}-{end:08x} {prot}{sharing} {offset:08x} {device} {inode} ");
        if !line.path.is_empty() {
            let length = text.len() - begin;
            text.extend(std::iter::repeat_n(' ', PATH_COLUMN.saturating_sub(length)));
            text += &line.path.replace('\n', "\\012");
            text += if line.deleted { DELETED } else { "" };
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
00400000-0041f000 r--p 00000000 fe:00 247706                             /usr/bin/python3.11
00aca000-00b76000 rw-p 00000000 00:00 0                                  [heap]
7ffff7581000-7ffff7881000 rw-s 00000000 00:01 34158                      /dev/zero (deleted)
7ffff797f000-7ffff7981000 r--p 00000000 00:00 0 
7ffff7981000-7ffff798b000 -w-p 7fffffffffffe000 fe:00 1                  /a b\\012c (x)
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
";

    #[test]
    fn a_list_comes_back_the_same() {
        let (lines, diagnostics) = parse_maps(LIST);
        assert_eq!(diagnostics, []);
        assert_eq!(print_maps(&lines), LIST);
        assert_eq!(lines[2].path, "/dev/zero");
        assert!(lines[2].deleted && lines[2].shared);
        assert_eq!(lines[4].path, "/a b\nc (x)");
        assert_eq!(lines[4].offset, 0x7fff_ffff_ffff_e000);
        assert_eq!(lines[5].prot, Prot::EXEC);
    }

    #[test]
    fn other_lines_are_passed_over_or_reported() {
        let text = "# x\n\u{feff}1000-2000 r--p 0 0:0 0\r\nRss:   4 kB\nVmFlags: rd ex\n\n";
        let (lines, diagnostics) = parse_maps(text);
        assert_eq!((lines.len(), diagnostics.len()), (1, 0));
        for (line, column, message) in [
            ("hello", 1, "expected a mapping, such as 7ffff7ffd000-7ffff7fff000 rw-p …"),
            ("1000", 5, "expected the end of the range in hex"),
            ("1000-g rw-p 0 0:0 0", 6, "expected the end of the range in hex"),
            (
                "2000-1000 rw-p 0 0:0 0",
                6,
                "expected a range of whole pages, its end above its start",
            ),
            (
                "1001-2000 rw-p 0 0:0 0",
                6,
                "expected a range of whole pages, its end above its start",
            ),
            ("1000-2000 rwwp 0 0:0 0", 11, "expected the rights, such as rw-p"),
            ("1000-2000 rw-p x 0:0 0", 16, "expected the offset in hex"),
            ("1000-2000 rw-p 0 00 0", 18, "expected the device, such as fe:00"),
            ("1000-2000 rw-p 0 0:0", 21, "expected the inode, a decimal number"),
        ] {
            let (lines, diagnostics) = parse_maps(line);
            assert_eq!(lines, [], "{line}");
            let [found] = &diagnostics[..] else { panic!("{line}") };
            assert_eq!((found.column, found.message.as_str()), (column, message), "{line}");
        }
    }

    #[test]
    fn overlaps_and_disorder_are_told_and_kept() {
        let text = "3000-5000 r--p 0 0:0 0\n4000-6000 r--p 0 0:0 0\n1000-2000 r--p 0 0:0 0\n";
        let (lines, diagnostics) = parse_maps(text);
        assert_eq!(lines.len(), 3);
        let told: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "line 2, column 1: overlaps the mapping on line 1",
                "line 3, column 1: expected mappings in the order of their addresses",
            ]
        );
        assert_eq!(diagnostics[1].severity, Severity::Note);
    }
}
