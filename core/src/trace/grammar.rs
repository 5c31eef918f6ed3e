//! One call: `name = call(args) = result`.
//!
//! Recursive descent over [`Token`]s. Formulas come out in postfix order, so that evaluating and
//! dropping them needs no recursion; parentheses nest [`PARENTHESES`] deep at most.
//!
//! ```text
//! call     = [name "="] caller? name "(" [arg {"," arg}] ")" ["=" result] noise
//! arg      = [name "="] (string ["..."] | formula [note])
//! formula  = unary {("|" | "<<" | "+" | "-" | "*") unary}     binding tighter from left to right
//! unary    = {"-"} (number | char | name | "(" formula ")")
//! result   = "?" … | "<void>" | string | formula [note] [errno]
//! ```

use super::lexer::{Token, comment_length, unescape};
use super::meant::meant;
use super::names::{CallName, constant};
use super::noise::{is_plain_name, number};
use super::resolve::evaluate;
use super::{Arg, Descriptor, FdKind, FdNote, Formula, Recorded, Span, Step, Text, Value};
use crate::limits::{FORMULA_PARTS, PARENTHESES};
use logos::{Lexer, Logos};
use std::ops::Range;

/// What is wrong, and where in the text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Range<usize>,
    pub(super) message: String,
}

fn fault<T>(at: Range<usize>, message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { at, message: message.into() })
}

/// What stands before the parenthesis.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) binding: Option<&'a str>,
    /// The library or program that makes the call, as ltrace's `vim->malloc` has it.
    pub(super) caller: &'a str,
    /// The name without what the tools add.
    pub(super) name: &'a str,
    /// Marked as a system call by ltrace (`SYS_brk`, `brk@SYS`).
    pub(super) system_call: bool,
    /// Marked in any way by ltrace, which may show too few or too many arguments.
    pub(super) ltrace: bool,
    /// Where it stands.
    pub(super) at: Range<usize>,
    /// First byte behind the parenthesis.
    pub(super) args: usize,
}

/// Reads what stands before the parenthesis.
pub(super) fn head(text: &str) -> Result<Head<'_>, Fault> {
    let start = text.len() - text.trim_start().len();
    let mut at = start;
    let mut binding = None;
    let word = text[at..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let word = &text[at..word.map_or(text.len(), |end| at + end)];
    let behind = text[at + word.len()..].trim_start();
    if !word.is_empty() && behind.starts_with('=') && !behind.starts_with("==") {
        let place = at..at + word.len();
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return fault(place, "expected a name before `=`; a name begins with a letter");
        }
        if constant(word).is_some() {
            return fault(place, format!("{word} is a constant and cannot be given another value"));
        }
        binding = Some(word);
        at = text.len() - behind[1..].trim_start().len();
    }
    let rest = &text[at..];
    let Some(open) = rest.find('(') else {
        let end = at + rest.find(char::is_whitespace).unwrap_or(rest.len());
        return match binding {
            Some(_) => fault(at..end, expected_result_of_call(text)),
            None => fault(at..end, expected_call(text)),
        };
    };
    let full = rest[..open].trim_end();
    let place = at..at + full.len();
    if full.is_empty() {
        return fault(at..at + 1, "expected the name of a call before `(`");
    }
    // A C++ name may have blanks, which only its result tells from prose.
    let in_a_log = rest.contains(" = ") || rest.contains("<unfinished ...>");
    let is_prose = !in_a_log || full.contains(['=', '"']);
    // `*(p + 8)` is a place in memory.
    if full == "*" || !is_plain_name(full) && is_prose {
        return fault(place, expected_call(text));
    }
    let (caller, name) = full.rsplit_once("->").unwrap_or(("", full));
    let (name, library) = name.split_once('@').unwrap_or((name, ""));
    let short = name.strip_prefix("SYS_");
    let system_call = short.is_some() || library == "SYS";
    let ltrace = system_call || !caller.is_empty() || !library.is_empty();
    let name = short.unwrap_or(name);
    Ok(Head { binding, caller, name, system_call, ltrace, at: place, args: at + open + 1 })
}

/// What a line that is no call should have been.
fn expected_call(text: &str) -> String {
    match meant(text) {
        Some(line) => format!("expected a call: did you mean `{line}`?"),
        None => "expected a call, such as munmap(addr, length)".to_owned(),
    }
}

fn expected_result_of_call(text: &str) -> String {
    match meant(text) {
        Some(line) => format!("expected a call: did you mean `{line}`?"),
        None => "expected a call: a name is bound to the result of one".to_owned(),
    }
}

/// What stands behind the parenthesis of a known call.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) args: Vec<Arg>,
    pub(super) recorded: Option<Recorded>,
    /// First byte behind the closing parenthesis.
    pub(super) end: usize,
}

/// Reads arguments and result of a known call. With `open_end` the text may stop before the
/// closing parenthesis or before the result, as that of a call that never returned does.
pub(super) fn tail(
    text: &str,
    name: CallName,
    from: usize,
    open_end: bool,
    span: &dyn Fn(Range<usize>) -> Span,
) -> Result<Tail, Fault> {
    let mut cursor = Cursor::new(text, from, span);
    let mut args = Vec::with_capacity(name.required().len() + 1);
    let never_returned = loop {
        match cursor.token {
            Some(Token::Close) => break false,
            // `exit_group(0 <unfinished ...>) = ?` and kin.
            Some(Token::Angle) => break true,
            None if open_end => break true,
            _ => {}
        }
        args.push(cursor.argument()?);
        match cursor.token {
            Some(Token::Comma) => cursor.advance(),
            Some(Token::Close | Token::Angle) => {}
            None if open_end => {}
            _ => return cursor.expected("`,` or `)`"),
        }
    };
    let end = cursor.at.end;
    if never_returned {
        return Ok(Tail { args, recorded: Some(Recorded::Unknown), end });
    }
    cursor.advance();
    let recorded = match cursor.token {
        Some(Token::Equals) => {
            cursor.advance();
            let nothing = cursor.token.is_none() && open_end;
            Some(if nothing { Recorded::Unknown } else { cursor.result()? })
        }
        _ => None,
    };
    cursor.noise()?;
    Ok(Tail { args, recorded, end })
}

/// The tokens of a line, one at a time, blanks and comments left out.
struct Cursor<'a> {
    text: &'a str,
    lexer: Lexer<'a, Token>,
    /// The token to look at; nothing at the end.
    token: Option<Token>,
    /// Where it stands in the text.
    at: Range<usize>,
    from: usize,
    span: &'a dyn Fn(Range<usize>) -> Span,
    /// The formula being read.
    steps: Vec<Step>,
    /// The note behind the number just read.
    note: Option<FdNote>,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str, from: usize, span: &'a dyn Fn(Range<usize>) -> Span) -> Cursor<'a> {
        let lexer = Token::lexer(&text[from..]);
        let (steps, note) = (Vec::new(), None);
        let mut cursor =
            Cursor { text, lexer, token: None, at: from..from, from, span, steps, note };
        cursor.advance();
        cursor
    }

    fn advance(&mut self) {
        loop {
            self.token = self.lexer.next().map(|token| token.unwrap_or(Token::Other));
            let at = self.lexer.span();
            self.at = self.from + at.start..self.from + at.end;
            if !matches!(self.token, Some(Token::Space | Token::Comment)) {
                return;
            }
        }
    }

    fn slice(&self) -> &'a str {
        &self.text[self.at.clone()]
    }

    fn expected<T>(&self, what: &str) -> Result<T, Fault> {
        let found = match self.token {
            None => "the line ends".to_owned(),
            Some(_) => format!("found `{}`", self.slice().chars().take(40).collect::<String>()),
        };
        fault(self.at.clone(), format!("expected {what}, but {found}"))
    }

    fn argument(&mut self) -> Result<Arg, Fault> {
        let start = self.at.start;
        let mut ahead = self.lexer.clone().filter(|token| *token != Ok(Token::Space));
        if self.token == Some(Token::Name) && ahead.next() == Some(Ok(Token::Equals)) {
            // `addr=NULL`: strace's `--arg-names`.
            self.advance();
            self.advance();
        }
        let mut end = self.at.end;
        let value = match self.token {
            Some(Token::String) => {
                let bytes = unescape(&self.slice()[1..self.at.len() - 1]);
                self.advance();
                let truncated = self.token == Some(Token::Ellipsis);
                if truncated {
                    end = self.at.end;
                    self.advance();
                }
                Value::Text(Box::new(Text { bytes, truncated }))
            }
            Some(Token::OpenString) => {
                return fault(self.at.clone(), "expected `\"` at the string's end");
            }
            _ => {
                end = self.formula()?;
                self.value()
            }
        };
        Ok(Arg { value, span: (self.span)(start..end) })
    }

    /// Reads a formula into `steps`; gives where it ends.
    fn formula(&mut self) -> Result<usize, Fault> {
        self.steps.clear();
        self.note = None;
        self.operation(0, 0)
    }

    /// What `formula` has read.
    fn value(&mut self) -> Value {
        if self.steps.iter().any(|step| matches!(step, Step::Name(..))) {
            return Value::Formula(Box::new(Formula { steps: self.steps.drain(..).collect() }));
        }
        let number = match self.steps[..] {
            [Step::Number(number)] => number,
            _ => evaluate(&self.steps, &|_| None).unwrap_or(0),
        };
        match self.note.take() {
            Some(note) => Value::Descriptor(Box::new(Descriptor { number, note })),
            None => Value::Number(number),
        }
    }

    /// Operands joined by operators that bind at least as tightly as `least`.
    fn operation(&mut self, least: u8, depth: u32) -> Result<usize, Fault> {
        let mut end = self.operand(depth)?;
        loop {
            let (step, tightness) = match self.token {
                Some(Token::Pipe) => (Step::Or, 0),
                Some(Token::ShiftLeft) => (Step::ShiftLeft, 1),
                Some(Token::Plus) => (Step::Add, 2),
                Some(Token::Minus) => (Step::Subtract, 2),
                Some(Token::Star) => (Step::Multiply, 3),
                _ => return Ok(end),
            };
            if tightness < least {
                return Ok(end);
            }
            self.advance();
            end = self.operation(tightness + 1, depth)?;
            self.steps.push(step);
        }
    }

    fn operand(&mut self, depth: u32) -> Result<usize, Fault> {
        let at = self.at.clone();
        if depth > PARENTHESES {
            return fault(
                at,
                format!("expected at most {PARENTHESES} parentheses inside each other"),
            );
        }
        if self.steps.len() > FORMULA_PARTS {
            return fault(at, "expected a shorter formula");
        }
        match self.token {
            Some(Token::Number) => {
                let number = self.number()?;
                self.steps.push(Step::Number(number));
                return Ok(self.read_note().unwrap_or(at.end));
            }
            Some(Token::Name) => {
                let name = self.slice();
                match constant(name) {
                    Some(number) => {
                        self.steps.push(Step::Number(number));
                        return Ok(self.read_note().unwrap_or(at.end));
                    }
                    None => self.steps.push(Step::Name(name.into(), (self.span)(at.clone()))),
                }
            }
            Some(Token::Char) => {
                let bytes = unescape(&self.slice()[1..at.len() - 1]);
                let [byte] = bytes[..] else { return fault(at, "expected one character in '…'") };
                self.steps.push(Step::Number(byte.into()));
            }
            Some(Token::Minus) => {
                self.advance();
                let end = self.operand(depth + 1)?;
                self.steps.push(Step::Negate);
                return Ok(end);
            }
            Some(Token::Open) => {
                self.advance();
                self.operation(0, depth + 1)?;
                if self.token != Some(Token::Close) {
                    return self.expected("`)` or an operator");
                }
                let end = self.at.end;
                self.advance();
                return Ok(end);
            }
            Some(Token::OpenString | Token::String) => return self.expected("a number"),
            _ => return self.expected("a value"),
        }
        self.advance();
        Ok(at.end)
    }

    fn number(&self) -> Result<u64, Fault> {
        let text = self.slice();
        match number(text) {
            Some(number) => Ok(number),
            None if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0')
                || text.starts_with("0x")
                    && text[2..].bytes().all(|b| b.is_ascii_hexdigit())
                    && text.len() > 2 =>
            {
                fault(self.at.clone(), "expected a number of at most 64 bits")
            }
            None => fault(
                self.at.clone(),
                format!("expected a number, decimal, 0x… or octal, not `{text}`"),
            ),
        }
    }

    /// Goes behind a number and reads the note `</path>` there, if one follows at once (or behind
    /// the comment of `-X verbose`). Gives where the note ends.
    fn read_note(&mut self) -> Option<usize> {
        let rest = self.lexer.remainder();
        let comment = rest.trim_start_matches(' ');
        let gap = match comment.strip_prefix("/*") {
            Some(inside) => rest.len() - inside.len() + comment_length(inside),
            None => 0,
        };
        let found = note(&rest[gap..]);
        let end = found.map(|(note, length)| {
            self.lexer.bump(gap + length);
            self.note = Some(note);
            self.from + self.lexer.span().end
        });
        self.advance();
        end
    }

    fn result(&mut self) -> Result<Recorded, Fault> {
        match self.token {
            Some(Token::Question) => {
                // What follows only explains: `? ERESTARTSYS (…)`, `? <unavailable>`.
                while self.token.is_some() {
                    self.advance();
                }
                Ok(Recorded::Unknown)
            }
            Some(Token::Angle) => {
                let void = self.slice() == "<void>";
                self.advance();
                Ok(if void { Recorded::Void } else { Recorded::Unknown })
            }
            Some(Token::String) => {
                let bytes = unescape(&self.slice()[1..self.at.len() - 1]);
                self.advance();
                if self.token == Some(Token::Ellipsis) {
                    self.advance();
                }
                Ok(Recorded::Text(bytes.into()))
            }
            Some(Token::Number | Token::Minus | Token::Name | Token::Open | Token::Char) => {
                let at = self.at.clone();
                self.formula()?;
                let number = match self.value() {
                    Value::Number(number) => number,
                    Value::Descriptor(descriptor) => return Ok(Recorded::Descriptor(descriptor)),
                    _ => {
                        return fault(
                            at,
                            "expected a result: a number, `-1 ERRNO`, `?` or `<void>`",
                        );
                    }
                };
                match self.token {
                    Some(Token::Name) if number == u64::MAX && self.slice().starts_with('E') => {
                        let errno = self.slice();
                        self.advance();
                        Ok(Recorded::Error(errno.into()))
                    }
                    _ => Ok(Recorded::Value(number)),
                }
            }
            _ => self.expected("a result: a number, `-1 ERRNO`, `?` or `<void>`"),
        }
    }

    /// What may follow a call: `(Invalid argument)`, `<0.000012>`, `;`.
    fn noise(&mut self) -> Result<(), Fault> {
        loop {
            match self.token {
                None => return Ok(()),
                Some(Token::Open) => {
                    let mut depth = 0_u64;
                    loop {
                        match self.token {
                            None => return Ok(()),
                            Some(Token::Open) => depth += 1,
                            Some(Token::Close) => depth -= 1,
                            _ => {}
                        }
                        self.advance();
                        if depth == 0 {
                            break;
                        }
                    }
                }
                Some(Token::Angle | Token::Semicolon) => self.advance(),
                _ => return self.expected("the end of the line"),
            }
        }
    }
}

/// Reads `</path>`, `</path>(deleted)`, `</dev/null<char 1:3>>` or `<pipe:[1]>` in front of a
/// text, and its length.
fn note(rest: &str) -> Option<(FdNote, usize)> {
    const DELETED: &str = "(deleted)";
    // Names have at most 4096 bytes, each written with at most four.
    let inside = rest.strip_prefix('<')?;
    let inside = &inside[..inside.floor_char_boundary(5 * 4096)];
    if inside.starts_with('<') {
        return None;
    }
    let length = note_end(inside, inside.starts_with(['/', '\\']))?;
    let mut end = length + 2;
    let mut deleted = false;
    if rest[end..].starts_with(DELETED) {
        deleted = true;
        end += DELETED.len();
    }
    let mut path = &inside[..length];
    let mut kind = FdKind::Other;
    // `<char 1:3>` and `<block 8:0>` stand inside: `-yy`.
    if let Some((before, device)) = path.rsplit_once('<') {
        if device.starts_with("char ") {
            (path, kind) = (before, FdKind::CharDevice);
        } else if device.starts_with("block ") {
            (path, kind) = (before, FdKind::BlockDevice);
        }
    }
    let mut path = String::from_utf8_lossy(&unescape(path)).into_owned();
    if let Some(name) = path.strip_suffix(" (deleted)") {
        path.truncate(name.len());
        deleted = true;
    }
    if kind == FdKind::Other && path.starts_with('/') {
        kind = if path.starts_with("/memfd:") { FdKind::Memfd } else { FdKind::Path };
    }
    Some((FdNote { path, deleted, kind }, end))
}

/// Where a note ends: at the first `>` outside inner brackets that something fitting follows.
/// (strace writes `<` and `>` of a name as `\74` and `\76`; sockets have arrows, `[1->2]`.)
fn note_end(inside: &str, is_path: bool) -> Option<usize> {
    let bytes = inside.as_bytes();
    let ends = |at: usize| bytes.get(at + 1).is_none_or(|next| b",) \t(>;".contains(next));
    let mut depth = 0_u32;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'<' => depth += 1,
            b'>' if !is_path && at > 0 && bytes[at - 1] == b'-' => {}
            b'>' if depth > 0 => depth -= 1,
            b'>' if ends(at) => return Some(at),
            _ => {}
        }
        at += 1;
    }
    (0..bytes.len()).find(|at| bytes[*at] == b'>' && ends(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_span(range: Range<usize>) -> Span {
        Span { start: range.start as u32, end: range.end as u32 }
    }

    fn args(text: &str) -> Result<Tail, Fault> {
        let head = head(text)?;
        tail(text, CallName::from_name(head.name).unwrap(), head.args, false, &no_span)
    }

    fn first(text: &str) -> Value {
        args(&format!("brk({text})")).unwrap().args[0].value.clone()
    }

    #[test]
    fn heads_of_all_kinds() {
        for (text, binding, caller, name, system_call) in [
            ("brk(0)", None, "", "brk", false),
            ("  p = brk (0)", Some("p"), "", "brk", false),
            ("p=brk(0)", Some("p"), "", "brk", false),
            ("malloc@libc.so.6(24)", None, "", "malloc", false),
            ("vim->malloc(24)", None, "vim", "malloc", false),
            ("libselinux.so.1->free(0)", None, "libselinux.so.1", "free", false),
            ("SYS_brk(0)", None, "", "brk", true),
            ("brk@SYS(0)", None, "", "brk", true),
            ("std::operator<< <x>(std::ostream&)(1) = 2", None, "", "std::operator<< <x>", false),
        ] {
            let head = head(text).unwrap();
            let found = (head.binding, head.caller, head.name, head.system_call);
            assert_eq!(found, (binding, caller, name, system_call), "{text}");
        }
    }

    #[test]
    fn formulas_bind_as_in_c() {
        for (text, number) in [
            ("0x10", 16),
            ("0600", 0o600),
            ("18446744073709551615", u64::MAX),
            ("-1", u64::MAX),
            ("2*PAGE_SIZE + 1", 8193),
            ("1 + 2 * 3 - 4", 3),
            ("10 - 2 - 3", 5),
            ("1|2+4", 7),
            ("MAP_HUGETLB|21<<MAP_HUGE_SHIFT", 0x4_0000 | 21 << 26),
            ("(nil)", 0),
            ("((1+1))*2", 4),
            ("0x4 /* MAP_??? */|MAP_ANONYMOUS", 0x24),
            ("0x3 /* PROT_READ|PROT_WRITE */", 3),
            ("0x24 /* 0x4 /* MAP_??? */|MAP_ANONYMOUS */", 0x24),
            ("'A'", 65),
            ("'\\0'", 0),
            ("- -2", 2),
            ("addr=4", 4),
        ] {
            assert_eq!(first(text), Value::Number(number), "{text}");
        }
    }

    #[test]
    fn notes_of_all_kinds() {
        for (text, number, path, deleted, kind) in [
            ("3</usr/lib/libc.so.6>", 3, "/usr/lib/libc.so.6", false, FdKind::Path),
            ("AT_FDCWD</srv/demo>", -100, "/srv/demo", false, FdKind::Path),
            ("-100 /* AT_FDCWD */</srv>", -100, "/srv", false, FdKind::Path),
            ("3</memfd:ring>(deleted)", 3, "/memfd:ring", true, FdKind::Memfd),
            ("3</memfd:ring (deleted)>", 3, "/memfd:ring", true, FdKind::Memfd),
            ("3</memfd:a b\\76c\\74 d>(deleted)", 3, "/memfd:a b>c< d", true, FdKind::Memfd),
            ("1</dev/null<char 1:3>>", 1, "/dev/null", false, FdKind::CharDevice),
            ("1</dev/sda<block 8:0>>", 1, "/dev/sda", false, FdKind::BlockDevice),
            ("7<pipe:[1]>", 7, "pipe:[1]", false, FdKind::Other),
            (
                "6<UNIX-STREAM:[26512->26513]>",
                6,
                "UNIX-STREAM:[26512->26513]",
                false,
                FdKind::Other,
            ),
            (
                "5<TCP:[127.0.0.1:1->127.0.0.1:2]>",
                5,
                "TCP:[127.0.0.1:1->127.0.0.1:2]",
                false,
                FdKind::Other,
            ),
            ("8<anon_inode:[eventfd]>", 8, "anon_inode:[eventfd]", false, FdKind::Other),
            ("3</a b, (c) // # d>", 3, "/a b, (c) // # d", false, FdKind::Path),
            ("3</a>b>", 3, "/a>b", false, FdKind::Path),
            ("3</a->", 3, "/a-", false, FdKind::Path),
            ("3<\\x2f\\x61>", 3, "/a", false, FdKind::Path),
        ] {
            let note = FdNote { path: path.to_owned(), deleted, kind };
            let number = number as i64 as u64;
            assert_eq!(
                first(text),
                Value::Descriptor(Box::new(Descriptor { number, note })),
                "{text}"
            );
        }
    }

    #[test]
    fn results_of_all_kinds() {
        let error = |name: &str| Recorded::Error(name.into());
        for (text, expected) in [
            ("= 0x10", Recorded::Value(16)),
            ("= 0 <0.000043>", Recorded::Value(0)),
            ("= NULL", Recorded::Value(0)),
            ("= nil", Recorded::Value(0)),
            ("= -1 ENOMEM (Cannot allocate memory)", error("ENOMEM")),
            ("= -1 EINVAL (Can't (it)) (INJECTED) <0.1>", error("EINVAL")),
            ("= -1", Recorded::Value(u64::MAX)),
            ("= -2", Recorded::Value(-2_i64 as u64)),
            ("= ?", Recorded::Unknown),
            ("= ? <unavailable>", Recorded::Unknown),
            ("= ? ERESTARTSYS (To be restarted if SA_RESTART is set)", Recorded::Unknown),
            ("= <void>", Recorded::Void),
            ("= \"a\\0\"", Recorded::Text((*b"a\0").into())),
            ("= 5; // x", Recorded::Value(5)),
            ("                =    5", Recorded::Value(5)),
        ] {
            assert_eq!(args(&format!("brk(0){text}")).unwrap().recorded, Some(expected), "{text}");
        }
        let Recorded::Descriptor(descriptor) =
            args("brk(0) = 3</etc/x> <0.1>").unwrap().recorded.unwrap()
        else {
            panic!("no descriptor")
        };
        assert_eq!((descriptor.number, descriptor.note.path.as_str()), (3, "/etc/x"));
        assert!(args("brk(0) # = 5").unwrap().recorded.is_none());
        assert_eq!(args("brk(0 <no return ...>").unwrap().recorded, Some(Recorded::Unknown));
    }

    #[test]
    fn faults_say_what_was_expected() {
        let deep = format!("brk({}", "(".repeat(1_000_000));
        let long = format!("brk(1{})", "+1".repeat(1_000_000));
        let signs = format!("brk({}", "-".repeat(1_000_000));
        for (text, column, message) in [
            ("brk", 1, "expected a call, such as munmap(addr, length)"),
            ("p = 5", 5, "expected a call: a name is bound to the result of one"),
            ("*p = 1;", 1, "expected a call: did you mean `store(p, 1)`?"),
            ("*(p + 8) = 1", 1, "expected a call: did you mean `store(p + 8, 1)`?"),
            ("x = *p", 5, "expected a call: did you mean `x = load(p)`?"),
            ("char *p = malloc(1)", 1, "expected a call: did you mean `p = malloc(1)`?"),
            ("NULL = brk(0)", 1, "NULL is a constant and cannot be given another value"),
            ("x = *(p)", 5, "expected a call: did you mean `x = load(p)`?"),
            ("(1)", 1, "expected the name of a call before `(`"),
            ("hello world (1)", 1, "expected a call, such as munmap(addr, length)"),
            ("brk(0", 6, "expected `,` or `)`, but the line ends"),
            ("brk(0 1)", 7, "expected `,` or `)`, but found `1`"),
            ("brk(,)", 5, "expected a value, but found `,`"),
            ("brk(0) x", 8, "expected the end of the line, but found `x`"),
            (
                "brk(0) =",
                9,
                "expected a result: a number, `-1 ERRNO`, `?` or `<void>`, but the line ends",
            ),
            ("brk(0) = foo", 10, "expected a result: a number, `-1 ERRNO`, `?` or `<void>`"),
            ("brk(18446744073709551616)", 5, "expected a number of at most 64 bits"),
            ("brk(12ab)", 5, "expected a number, decimal, 0x… or octal, not `12ab`"),
            ("brk(08)", 5, "expected a number, decimal, 0x… or octal, not `08`"),
            ("brk(\"a)", 5, "expected `\"` at the string's end"),
            ("brk('ab')", 5, "expected one character in '…'"),
            ("brk((1)", 8, "expected `,` or `)`, but the line ends"),
            (&deep, 70, "expected at most 64 parentheses inside each other"),
            (&long, 4103, "expected a shorter formula"),
            (&signs, 70, "expected at most 64 parentheses inside each other"),
        ] {
            let fault = args(text).unwrap_err();
            let short = &text[..text.len().min(30)];
            assert_eq!((fault.at.start + 1, fault.message.as_str()), (column, message), "{short}");
        }
    }
}
