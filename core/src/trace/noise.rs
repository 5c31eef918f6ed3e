//! What `strace` and `ltrace` put around a call: pids, times and addresses in front of it, lines
//! about signals and ends, and lines that are about nothing here.
//!
//! Source: the output of strace 6.1 (`-f -r -t -tt -ttt -i -n -k -Y -A -C -e write=`) and of ltrace
//! 0.7.3 (`-f -i -r -tt -S`).

use super::SignalLine;
use super::lexer::{Token, comment_length, tokens};

/// What stands before the call on a line: pid, times, addresses, comments.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Prefix {
    /// The pid, if there is one.
    pub(super) pid: Option<u32>,
    /// Whether it stands in brackets (`[pid 12]`), as on a terminal.
    pub(super) bracketed: bool,
    /// Where the rest begins.
    pub(super) end: usize,
}

/// The largest pid that Linux gives (`PID_MAX_LIMIT`); a larger number is a time.
const PID_MAX: u64 = 4 << 20;

/// Reads what stands before the call.
pub(super) fn prefix(line: &str) -> Prefix {
    let mut prefix = Prefix::default();
    let mut first = true;
    loop {
        prefix.end = skip_blanks(line, prefix.end);
        let rest = &line[prefix.end..];
        let Some(length) = one_prefix(rest, first, &mut prefix) else { return prefix };
        prefix.end += length;
        first = false;
    }
}

fn skip_blanks(line: &str, from: usize) -> usize {
    line.len() - line[from..].trim_start_matches([' ', '\t']).len()
}

/// The length of one pid, time, address or comment in front; nothing if there is none.
fn one_prefix(rest: &str, first: bool, prefix: &mut Prefix) -> Option<usize> {
    match rest.as_bytes().first()? {
        b'/' => Some(comment_length(rest.strip_prefix("/*")?) + 2),
        b'[' => {
            let inside = &rest[1..rest.find(']')?];
            if let Some(pid) = inside.strip_prefix("pid ") {
                let pid = pid.trim_start();
                let digits = leading(pid, |b| b.is_ascii_digit());
                prefix.pid = Some(pid[..digits].parse().ok()?);
                prefix.bracketed = true;
            } else {
                // The number of the call (`-n`) or the program counter (`-i`).
                let number = inside.trim_start();
                let digits = number.strip_prefix("0x").unwrap_or(number);
                let all = digits.bytes().all(|b| b.is_ascii_hexdigit() || b == b'?');
                if digits.is_empty() || !all {
                    return None;
                }
            }
            Some(inside.len() + 2)
        }
        // `(+     0.000123)`: `-r` beside another time.
        b'(' => {
            let inside = rest.strip_prefix("(+")?;
            let end = inside.find(')')?;
            inside[..end].trim().parse::<f64>().ok()?;
            Some(end + 3)
        }
        b'0'..=b'9' => {
            let length = leading(rest, |b| b.is_ascii_digit() || b == b':' || b == b'.');
            let (number, behind) = rest.split_at(length);
            let plain = number.bytes().all(|b| b.is_ascii_digit());
            if behind.starts_with('<') && plain {
                // `1234<bash> `: `-Y`.
                prefix.pid = Some(number.parse().ok()?);
                return Some(length + behind.find("> ")? + 1);
            }
            if !behind.starts_with([' ', '\t']) {
                return None;
            }
            let value = number.parse::<u64>().ok().filter(|pid| *pid <= PID_MAX);
            if plain && first && value.is_some() {
                prefix.pid = value.map(|pid| pid as u32);
            }
            Some(length)
        }
        _ => None,
    }
}

fn leading(text: &str, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| is(*byte)).count()
}

/// Whether a line says nothing: blank, a comment, a line of a stack (`-k`) or of a dump
/// (`-e write=`), a word of the tool itself.
pub(super) fn is_noise(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.trim_matches([';', ' ', '\t']).is_empty()
        || ["#", "//", "> ", "strace: ", "ltrace: ", "[ Process PID=", "% time ", "------"]
            .iter()
            .any(|start| rest.starts_with(start))
        || rest.strip_prefix("| ").is_some_and(|dump| leading(dump, |b| b.is_ascii_hexdigit()) >= 5)
        || attached(rest).is_some()
        || rest
            .strip_prefix("Process ")
            .is_some_and(|words| words.ends_with(" attached") || words.ends_with(" detached"))
}

/// The pid in `strace: Process 1234 attached`, and where that begins. It can stand behind the
/// beginning of a call, whose rest follows on the next line.
pub(super) fn attached(line: &str) -> Option<(usize, u32)> {
    let words = line.strip_suffix(" attached")?;
    let at = words.rfind("strace: Process ")?;
    Some((at, words[at + "strace: Process ".len()..].parse().ok()?))
}

/// `<... mmap resumed>` in front: the call's name, and where the rest begins.
pub(super) fn resumed(rest: &str) -> Option<(&str, usize)> {
    let inside = rest.strip_prefix("<... ")?;
    let name = &inside[..inside.find(" resumed")?];
    let behind = name.len() + " resumed".len();
    let close = inside[behind..].find('>')?;
    inside[behind..behind + close].trim().is_empty().then_some(())?;
    Some((name, "<... ".len() + behind + close + 1))
}

/// The mark at the end of a call that goes on later.
const UNFINISHED: &str = "<unfinished ...>";

/// The text before `<unfinished ...>`, if a line ends with it.
pub(super) fn unfinished(rest: &str) -> Option<&str> {
    rest.trim_end().strip_suffix(UNFINISHED)
}

/// A line that begins with `---`: the signal, or nothing if it is about something else
/// (`--- stopped by SIGSTOP ---`).
pub(super) fn signal(rest: &str) -> Option<SignalLine> {
    let words = rest.strip_prefix("---")?.trim_start();
    // strace before 4.7 has no name in front, only the braces.
    let name = if words.starts_with('{') { field(words, "si_signo=")? } else { words };
    let name = &name[..leading(name, |b| b.is_ascii_uppercase() || b.is_ascii_digit())];
    if !name.starts_with("SIG") {
        return None;
    }
    let code = field(words, "si_code=").unwrap_or("");
    let code = match (name, number(code)) {
        (_, None) => code,
        ("SIGSEGV", Some(1)) => "SEGV_MAPERR",
        ("SIGSEGV", Some(2)) => "SEGV_ACCERR",
        ("SIGSEGV", Some(4)) => "SEGV_PKUERR",
        ("SIGBUS", Some(2)) => "BUS_ADRERR",
        (_, Some(0x80)) => "SI_KERNEL",
        (_, Some(_)) => code,
    };
    let address = field(words, "si_addr=").and_then(number);
    Some(SignalLine { name: name.into(), code: code.into(), address })
}

/// The word or number behind `key`.
fn field<'a>(words: &'a str, key: &str) -> Option<&'a str> {
    let value = &words[words.find(key)? + key.len()..];
    let (_, range) = tokens(value).next()?;
    Some(&value[range])
}

/// A number as C writes it, or NULL.
pub(super) fn number(text: &str) -> Option<u64> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok();
    }
    match text {
        "NULL" => Some(0),
        _ if text.starts_with('0') => u64::from_str_radix(text, 8).ok(),
        _ => text.parse().ok(),
    }
}

/// Whether a text holds only the name of a call, as the tools print it.
pub(super) fn is_plain_name(name: &str) -> bool {
    let mut kinds = tokens(name).map(|(token, _)| token);
    !name.is_empty()
        && !name.contains([' ', '\t'])
        && kinds.all(|token| {
            !matches!(
                token,
                Token::Equals | Token::String | Token::OpenString | Token::Char | Token::Comment
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_all_kinds() {
        for (text, pid) in [
            ("brk(0)", None),
            ("  brk(0)", None),
            ("/* why */ brk(0)", None),
            ("1234  brk(0)", Some(1234)),
            ("[pid  1234] brk(0)", Some(1234)),
            ("[pid 1234<my sh>] 06:22:31.216373 brk(0)", Some(1234)),
            ("1234<my sh> brk(0)", Some(1234)),
            ("11:32:20 brk(0)", None),
            ("11:32:20.304199 brk(0)", None),
            ("1795431046.993584 brk(0)", None),
            ("1795431046 brk(0)", None),
            ("     0.000328 brk(0)", None),
            ("8165  11:34:48.427677 brk(0)", Some(8165)),
            ("8165  1795431046 brk(0)", Some(8165)),
            ("24471 06:29:28.506139 (+     0.000040807) brk(0)", Some(24471)),
            ("[00007f0350e88011] brk(0)", None),
            ("[????????????????] brk(0)", None),
            ("[0x7fa83b6c0221] brk(0)", None),
            ("1795501350.578186 [ 257] [00007f9b7d496011] brk(0)", None),
        ] {
            let found = prefix(text);
            assert_eq!(&text[found.end..], "brk(0)", "{text}");
            assert_eq!(found.pid, pid, "{text}");
        }
        assert_eq!(prefix("[x] y").end, 0);
        assert_eq!(prefix("12ab y").end, 0);
        assert_eq!(prefix("(+ x) y").end, 0);
    }

    #[test]
    fn noise_is_known() {
        for line in [
            "",
            " ; ",
            "# x",
            "// x",
            " > /usr/lib/libc.so.6(__mmap+0x13) [0x1019b3]",
            " | 00000  61 62 63 0a   abc. |",
            "strace: Process 5 attached",
            "Process 5 detached",
            "strace: [ Process PID=16129 runs in 32 bit mode. ]",
        ] {
            assert!(is_noise(line), "{line}");
        }
        assert!(!is_noise("brk(0)"));
        assert_eq!(attached("f(1, strace: Process 77 attached"), Some((5, 77)));
        assert_eq!(attached("f(1, strace: Process x attached"), None);
    }

    #[test]
    fn torn_calls() {
        assert_eq!(unfinished("f(1,  <unfinished ...>"), Some("f(1,  "));
        assert_eq!(resumed("<... mmap resumed>) = 0"), Some(("mmap", 18)));
        assert_eq!(resumed("<... mmap resumed> ) = 0"), Some(("mmap", 18)));
        assert_eq!(resumed("<... mmap resumed x> ) = 0"), None);
    }

    #[test]
    fn signals_with_names_and_numbers() {
        let parse =
            |text| signal(text).map(|s| (s.name.to_string(), s.code.to_string(), s.address));
        let segv = |code: &str, address| Some(("SIGSEGV".to_owned(), code.to_owned(), address));
        for (text, expected) in [
            (
                "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x10} ---",
                segv("SEGV_ACCERR", Some(16)),
            ),
            (
                "--- SIGSEGV {si_signo=SIGSEGV, si_code=SI_KERNEL, si_addr=NULL} ---",
                segv("SI_KERNEL", Some(0)),
            ),
            (
                "--- SIGSEGV {si_signo=11 /* SIGSEGV */, si_code=0x1 /* SEGV_MAPERR */, si_addr=0x1} ---",
                segv("SEGV_MAPERR", Some(1)),
            ),
            ("--- SIGSEGV (Segmentation fault) ---", segv("", None)),
            (
                "--- {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x1} (Segmentation fault) ---",
                segv("SEGV_MAPERR", Some(1)),
            ),
            ("--- stopped by SIGSTOP ---", None),
            ("--- Called exec() ---", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
