//! As much of a text as fits into the page: its beginning, in whole lines.

use mmap_playground_core::limits::{LOG_BYTES, LOG_LINES};

/// What was taken of a text so far.
#[derive(Default)]
pub(super) struct Taken {
    bytes: Vec<u8>,
    lines: usize,
    cut: bool,
}

impl Taken {
    /// Takes what fits of the next bytes. Says whether there is room for more.
    pub(super) fn take(&mut self, next: &[u8]) -> bool {
        self.take_up_to(next, LOG_BYTES, LOG_LINES)
    }

    fn take_up_to(&mut self, next: &[u8], most_bytes: usize, most_lines: usize) -> bool {
        let room = most_bytes.saturating_sub(self.bytes.len());
        let mut fits = &next[..next.len().min(room)];
        let ends = fits.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let ends = ends.map(|(index, _)| index + 1).take(most_lines.saturating_sub(self.lines));
        let (lines, end) = ends.fold((0, 0), |(lines, _), end| (lines + 1, end));
        self.lines += lines;
        if self.lines >= most_lines {
            fits = &fits[..end];
        }
        self.bytes.extend_from_slice(fits);
        self.cut = fits.len() < next.len();
        if self.cut {
            self.drop_half_a_line();
        }
        !self.cut
    }

    /// The last line may be half a line; one that is all there is stays.
    fn drop_half_a_line(&mut self) {
        if let Some(end) = self.bytes.iter().rposition(|byte| *byte == b'\n') {
            self.bytes.truncate(end + 1);
        }
    }

    /// Says whether something did not fit.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Whole lines taken.
    pub(super) fn lines(&self) -> u64 {
        self.lines as u64
    }

    /// The text, with what is no UTF-8 replaced, and without a mark of byte order.
    pub(super) fn into_text(self) -> String {
        let mut text = String::from_utf8(self.bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(parts: &[&str], most_bytes: usize, most_lines: usize) -> (String, bool) {
        let mut taken = Taken::default();
        for part in parts {
            if !taken.take_up_to(part.as_bytes(), most_bytes, most_lines) {
                break;
            }
        }
        let cut = taken.is_cut();
        (taken.into_text(), cut)
    }

    #[test]
    fn what_fits_is_taken_whole() {
        assert_eq!(taken(&["one\ntw", "o\nthree"], 100, 100), ("one\ntwo\nthree".into(), false));
        assert_eq!(taken(&["one\n", "two\n"], 8, 2), ("one\ntwo\n".into(), false));
        assert_eq!(taken(&["\u{feff}one"], 100, 100), ("one".into(), false));
        assert_eq!(taken(&[], 100, 100), (String::new(), false));
    }

    #[test]
    fn more_is_cut_behind_a_line() {
        assert_eq!(taken(&["one\ntw", "o\nthree\n"], 100, 2), ("one\ntwo\n".into(), true));
        assert_eq!(taken(&["one\n", "two\n", "three"], 100, 2), ("one\ntwo\n".into(), true));
        assert_eq!(taken(&["one\ntw", "o\nthree\n"], 9, 100), ("one\ntwo\n".into(), true));
        assert_eq!(taken(&["one\ntwo\n"], 6, 100), ("one\n".into(), true));
        assert_eq!(taken(&["endless"], 3, 100), ("end".into(), true));
    }
}
