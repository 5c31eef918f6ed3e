//! A part of a log that is too long to be taken whole: one process, from a line on, a stretch of
//! time.

use super::noise::{Prefix, prefix};

/// Bytes of a line that are looked at: more than all that the tools put in front of a call.
const LOOKED_AT: usize = 256;
/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;
/// Seconds since 1970 have more digits than a number of seconds between two calls.
const LONGEST_STEP: u64 = 100_000_000 * SECOND;

/// When a call began, as a log says it: nanoseconds of the day (`-t`, `-tt`), since 1970 (`-ttt`),
/// or since the first line (`-r`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LogTime(u64);

impl LogTime {
    /// Reads a time: `12:34:56`, `12:34:56.789`, or seconds, `1795431046.993584`. Nothing if it is
    /// none.
    pub fn read(text: &str) -> Option<LogTime> {
        let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let mut seconds = 0_u64;
        let mut fields = 0;
        for field in whole.split(':') {
            if field.is_empty() || !digits(field) {
                return None;
            }
            seconds = seconds.checked_mul(60)?.checked_add(field.parse().ok()?)?;
            fields += 1;
        }
        if fields == 2 || fields > 3 || !digits(part) {
            return None;
        }
        let part: String = part.chars().chain("000000000".chars()).take(9).collect();
        let nanoseconds = part.parse().ok()?;
        Some(LogTime(seconds.checked_mul(SECOND)?.checked_add(nanoseconds)?))
    }
}

/// Which lines of a log are taken; by default all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Part {
    /// Those of one process, and those that name none.
    pub process: Option<u32>,
    /// This line, from 1, and all behind it.
    pub first_line: u64,
    /// Those that began at this time or later.
    pub from: Option<LogTime>,
    /// Those that began at this time or earlier. If it is an earlier time than `from`, midnight
    /// lies between them.
    pub to: Option<LogTime>,
}

impl Part {
    fn holds_time(&self, time: LogTime) -> bool {
        let late = self.from.is_none_or(|from| time >= from);
        let early = self.to.is_none_or(|to| time <= to);
        match (self.from, self.to) {
            (Some(from), Some(to)) if to < from => late || early,
            _ => late && early,
        }
    }
}

/// Takes a part out of a log that comes in pieces.
///
/// ```
/// use mmap_playground_core::trace::{Part, Sieve};
///
/// let mut sieve = Sieve::new(Part { process: Some(7), ..Part::default() });
/// let mut taken = Vec::new();
/// sieve.pass(b"7 brk(0) = 0x1000\n8 brk(0) = 0x2000\n7 brk(0) =", &mut taken);
/// sieve.pass(b" 0x1000\n", &mut taken);
/// sieve.end(&mut taken);
/// assert_eq!(taken, b"7 brk(0) = 0x1000\n7 brk(0) = 0x1000\n");
/// ```
#[derive(Clone, Debug)]
pub struct Sieve {
    part: Part,
    /// The line that has begun.
    line: Line,
    /// Lines that have begun.
    lines: u64,
    /// The line before was taken: so is one without a time, which belongs to it.
    kept: bool,
    /// The time of the last line that has one.
    now: Option<LogTime>,
}

#[derive(Clone, Debug)]
enum Line {
    /// The bytes so far: too few to decide.
    Begun(Vec<u8>),
    Taken,
    Dropped,
}

impl Sieve {
    /// Takes a part of the log whose beginning comes first.
    pub fn new(part: Part) -> Sieve {
        Sieve { part, line: Line::Begun(Vec::new()), lines: 0, kept: false, now: None }
    }

    /// How many lines there were so far.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Adds what belongs to the part of the next bytes to `taken`.
    pub fn pass(&mut self, bytes: &[u8], taken: &mut Vec<u8>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = piece.ends_with(b"\n");
            match &mut self.line {
                Line::Begun(begun) => {
                    let whole = begun.is_empty() && ends;
                    if !whole {
                        begun.extend_from_slice(piece);
                    }
                    if whole {
                        self.decide(piece, taken);
                    } else if ends || begun.len() >= LOOKED_AT {
                        let begun = std::mem::take(begun);
                        self.decide(&begun, taken);
                    }
                }
                Line::Taken => taken.extend_from_slice(piece),
                Line::Dropped => {}
            }
            if ends {
                self.line = Line::Begun(Vec::new());
            }
        }
    }

    /// Ends the log: its last line may have no end.
    pub fn end(&mut self, taken: &mut Vec<u8>) {
        if let Line::Begun(begun) = &mut self.line
            && !begun.is_empty()
        {
            let begun = std::mem::take(begun);
            self.decide(&begun, taken);
        }
    }

    /// Decides on a line by its beginning.
    fn decide(&mut self, begin: &[u8], taken: &mut Vec<u8>) {
        self.lines += 1;
        let looked_at = &begin[..begin.len().min(LOOKED_AT)];
        let text = match str::from_utf8(looked_at) {
            Ok(text) => text,
            // What stands before a call is ASCII, or a name in it that is cut here.
            Err(error) => str::from_utf8(&looked_at[..error.valid_up_to()]).unwrap_or_default(),
        };
        let found = prefix(text);
        let dated = self.date(&text[..found.end]);
        let Part { process, first_line, from, to } = self.part;
        let in_time = match (from, to, self.now) {
            (None, None, _) => true,
            (.., Some(now)) if dated => self.part.holds_time(now),
            _ => self.kept,
        };
        let Prefix { pid, .. } = found;
        self.kept = in_time;
        let mine = process.is_none_or(|process| pid.is_none_or(|pid| pid == process));
        if in_time && mine && self.lines >= first_line {
            taken.extend_from_slice(begin);
            self.line = Line::Taken;
        } else {
            self.line = Line::Dropped;
        }
    }

    /// Notes the time that stands before a call; says whether there is one.
    fn date(&mut self, before: &str) -> bool {
        let mut words = before.split_ascii_whitespace().filter(|word| word.contains(['.', ':']));
        let Some(time) = words.find_map(LogTime::read) else { return false };
        let step = !before.contains(':') && time.0 < LONGEST_STEP;
        let before = self.now.filter(|_| step).map_or(0, |now| now.0);
        self.now = Some(LogTime(before.saturating_add(time.0)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part_of(log: &str, part: Part) -> String {
        let whole = in_pieces(log, part, log.len().max(1));
        for length in [1, 2, 3, 7, 64] {
            assert_eq!(in_pieces(log, part, length), whole, "in pieces of {length}");
        }
        whole
    }

    fn in_pieces(log: &str, part: Part, length: usize) -> String {
        let mut sieve = Sieve::new(part);
        let mut taken = Vec::new();
        for piece in log.as_bytes().chunks(length) {
            sieve.pass(piece, &mut taken);
        }
        sieve.end(&mut taken);
        assert_eq!(sieve.lines(), log.lines().count() as u64);
        String::from_utf8(taken).unwrap()
    }

    fn between(from: &str, to: &str) -> Part {
        Part { from: LogTime::read(from), to: LogTime::read(to), ..Part::default() }
    }

    #[test]
    fn times_of_all_kinds() {
        let read = |text| LogTime::read(text).map(|time| time.0);
        assert_eq!(read("00:00:01"), Some(SECOND));
        assert_eq!(read(" 01:02:03.5 "), Some(3723 * SECOND + SECOND / 2));
        assert_eq!(read("1795431046.993584"), Some(1_795_431_046_993_584_000));
        assert_eq!(read("0.000328"), Some(328_000));
        for wrong in
            ["", "x", "12:30", "1:2:3:4", "1:-2:3", "1.x", ":", ".", "99999999999999999999"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn all_is_taken_where_nothing_is_asked_for() {
        for log in ["", "brk(0)", "brk(0)\n", "one\r\n\n\u{fffd}two \u{202f}\n\nthree"] {
            assert_eq!(part_of(log, Part::default()), log);
        }
        let long = "é".repeat(1000) + "\nbrk(0)\n";
        assert_eq!(part_of(&long, Part::default()), long);
    }

    #[test]
    fn one_process() {
        let log = "7 brk(0) = 1\n8 brk(0) = 2\n[pid 7] brk(0) = 3\n[pid  9] x\nstrace: Process 9 attached\n";
        let seven = Part { process: Some(7), ..Part::default() };
        let expected = "7 brk(0) = 1\n[pid 7] brk(0) = 3\nstrace: Process 9 attached\n";
        assert_eq!(part_of(log, seven), expected);
    }

    #[test]
    fn from_a_line_on() {
        let from = |first_line| part_of("a\nb\nc", Part { first_line, ..Part::default() });
        assert_eq!([from(0), from(1), from(3), from(4)], ["a\nb\nc", "a\nb\nc", "c", ""]);
    }

    #[test]
    fn a_stretch_of_time() {
        let log = "7 12:00:00.5 a()\n7 12:00:01 b()\nno time\n7 12:00:02.25 c()\n";
        assert_eq!(part_of(log, between("12:00:01", "12:00:02")), "7 12:00:01 b()\nno time\n");
        assert_eq!(part_of(log, between("12:00:02", "")), "7 12:00:02.25 c()\n");
        assert_eq!(part_of(log, between("", "12:00:00.5")), "7 12:00:00.5 a()\n");
        let since_1970 = "1795431046.9 a()\n1795431047.1 b()\n";
        let part = between("1795431047", "1795431048");
        assert_eq!(part_of(since_1970, part), "1795431047.1 b()\n");
    }

    #[test]
    fn times_between_calls_are_added_up() {
        let log = "     0.000000 a()\n     0.600000 b()\n     0.600000 c()\n     0.600000 d()\n";
        assert_eq!(part_of(log, between("1", "1.5")), "     0.600000 c()\n");
    }

    #[test]
    fn midnight_may_lie_between() {
        let log = "23:59:59 a()\n00:00:01 b()\n12:00:00 c()\n";
        let part = between("23:00:00", "01:00:00");
        assert_eq!(part_of(log, part), "23:59:59 a()\n00:00:01 b()\n");
    }
}
