//! Completion: what may stand at a place of a line that is being typed, and what each means.
//!
//! Where a call belongs, calls are offered; inside its parentheses what its parameter takes: the
//! names of one table of flags, files for a path, else bound names and the constants that make
//! sense there. Only the line with the cursor is looked at, and it need not be whole.

use super::lexer::{Token, tokens};
use super::names::{CallName, Wants, constants};
use crate::abi::FlagNames;
use crate::meaning;
use std::borrow::Cow;
use std::ops::Range;

/// How many candidates are given at most.
const MOST: usize = 200;

/// What a session knows that can be named.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Bound names with their values.
    pub names: &'a [(String, u64)],
    /// Paths that can be opened, each with a few words about the file.
    pub files: &'a [(String, String)],
    /// Somebody asked to see what there is: on an empty line, all calls. The Tab key leaves it.
    pub asked: bool,
}

/// What may stand at a place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Completion {
    /// The part of the text that a candidate replaces, in bytes: the word at the cursor.
    pub span: Range<usize>,
    /// What may stand there instead, in alphabetical order; flags in the order of their table.
    pub candidates: Vec<Candidate>,
}

/// One thing that may stand at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The text that is put in.
    pub text: String,
    /// How it stands in a list: a call with its parameters, anything else as it is.
    pub label: String,
    /// What it means, in one sentence.
    pub meaning: Cow<'static, str>,
    /// What it is.
    pub kind: CandidateKind,
}

/// What a candidate is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CandidateKind {
    /// A call.
    Call,
    /// A flag, a protection or an advice.
    Flag,
    /// Another constant.
    Constant,
    /// A name that a line above has bound.
    Name,
    /// A file.
    File,
}

impl Completion {
    /// The longest text with which all candidates begin.
    pub fn common(&self) -> &str {
        let mut candidates = self.candidates.iter().map(|candidate| candidate.text.as_str());
        let first = candidates.next().unwrap_or_default();
        candidates.fold(first, |common, text| {
            let both = common.char_indices().zip(text.chars());
            let agree = both.take_while(|((_, a), b)| a == b).last();
            &common[..agree.map_or(0, |((at, letter), _)| at + letter.len_utf8())]
        })
    }
}

/// Gives what may stand at `cursor`, a place in `text` in bytes.
///
/// No candidates where nothing can be completed: in a comment, behind a number, behind a result,
/// behind a word that is whole and cannot grow, on an empty line unless [`Known::asked`].
pub fn complete(text: &str, cursor: usize, known: &Known<'_>) -> Completion {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let line = text[..cursor].rfind('\n').map_or(0, |at| at + 1);
    let place = Place::of(&text[line..cursor]);
    let rest = &text[cursor..];
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let tail = match place.context {
        Context::Path => 0,
        _ => rest.find(|c| !in_word(c)).unwrap_or(rest.len()),
    };
    let span = line + place.word..cursor + tail;
    let word = &text[span.start..cursor];
    let mut candidates = candidates(&place, word, known);
    if rest[tail..].starts_with('(') {
        for candidate in &mut candidates {
            candidate.text.truncate(candidate.text.trim_end_matches('(').len());
        }
    }
    if matches!(&candidates[..], [only] if only.text == text[span.clone()]) {
        candidates.clear();
    }
    Completion { span, candidates }
}

/// Where a cursor stands in its line.
#[derive(Debug)]
struct Place<'a> {
    context: Context,
    /// Where the word at the cursor begins; the cursor, if there is none.
    word: usize,
    /// The flags that stand in the same argument already.
    used: Vec<&'a str>,
}

/// What belongs at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Context {
    /// A call.
    Call,
    /// An argument of a call, or of one that is not known.
    Argument(Option<CallName>, usize),
    /// The inside of a string that is a path.
    Path,
    /// Nothing that has a name.
    Nothing,
}

/// An open parenthesis: the call before it, the argument behind it.
type Open = (Option<CallName>, usize);

impl<'a> Place<'a> {
    /// Looks at a line up to the cursor.
    fn of(line: &'a str) -> Place<'a> {
        let mut open: Vec<Open> = Vec::new();
        let mut before: Option<(Token, Range<usize>)> = None;
        let mut used = Vec::new();
        let mut last: Option<(Token, Range<usize>)> = None;
        let mut started = false;
        for (token, at) in tokens(line) {
            if let Some((token, at)) = last.take() {
                if !matches!(token, Token::Space) {
                    before = Some((token, at.clone()));
                }
                match token {
                    Token::Comma | Token::Open | Token::Close => used.clear(),
                    Token::Name => used.push(&line[at]),
                    _ => {}
                }
            }
            match (token, &before) {
                (Token::Open, Some((Token::Name, name))) if open.is_empty() => {
                    open.push((CallName::from_name(&line[name.clone()]), 0));
                }
                (Token::Open, _) => open.push((None, 0)),
                (Token::Close, _) => started |= open.pop().is_some(),
                (Token::Comma, _) => {
                    if let Some((_, argument)) = open.last_mut() {
                        *argument += 1;
                    }
                }
                _ => {}
            }
            last = Some((token, at));
        }
        let (word, before) = match last {
            Some((Token::Name, at)) => (at.start, before.map(|(token, _)| token)),
            Some((Token::Space, at)) => (at.end, before.map(|(token, _)| token)),
            Some((Token::OpenString, at)) => (at.start + 1, Some(Token::OpenString)),
            Some((token, at)) => (at.end, Some(token)),
            None => (line.len(), None),
        };
        Place { context: context(&open, before, started), word, used }
    }
}

/// What belongs behind a token, in some parentheses.
fn context(open: &[Open], before: Option<Token>, started: bool) -> Context {
    // A parenthesis in a formula belongs to the argument around it.
    match (open.first(), before) {
        (Some((Some(call), argument)), Some(Token::OpenString)) => {
            let path =
                call.wants(*argument) == Wants::Text && call.parameter(*argument) == Some("path");
            if path { Context::Path } else { Context::Nothing }
        }
        (Some((call, argument)), Some(token)) if begins_operand(token) => {
            Context::Argument(*call, *argument)
        }
        (None, None | Some(Token::Equals)) if !started => Context::Call,
        _ => Context::Nothing,
    }
}

/// Says whether a value may follow.
fn begins_operand(token: Token) -> bool {
    use Token::{Comma, Minus, Open, Pipe, Plus, ShiftLeft, Star};
    matches!(token, Open | Comma | Pipe | Plus | Minus | Star | ShiftLeft)
}

fn candidates(place: &Place<'_>, word: &str, known: &Known<'_>) -> Vec<Candidate> {
    let fits =
        |text: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let mut found: Vec<Candidate> = match place.context {
        // A name alone does not say what is wanted.
        Context::Call if word.is_empty() && !known.asked => Vec::new(),
        Context::Call => CallName::ALL.iter().map(|name| call(*name)).collect(),
        Context::Path => known.files.iter().map(|entry| file(entry, false)).collect(),
        Context::Argument(Some(call), index) => match call.flags(index) {
            Some(names) => flags(names, &place.used),
            None => argument(call, index, known),
        },
        Context::Argument(None, _) => Vec::new(),
        Context::Nothing => return Vec::new(),
    };
    found.retain(|candidate| fits(&candidate.text));
    let any = matches!(place.context, Context::Argument(call, index)
        if call.is_none_or(|call| call.flags(index).is_none()));
    if found.is_empty() && any && !word.is_empty() {
        let all = known.names.iter().map(name).chain(constants().map(constant));
        found = all.filter(|candidate| fits(&candidate.text)).collect();
    }
    found.truncate(MOST);
    found
}

/// What may be an argument that is no flags: files for a path, else names and constants.
fn argument(call: CallName, index: usize, known: &Known<'_>) -> Vec<Candidate> {
    let parameter = call.parameter(index).unwrap_or_default();
    if call.wants(index) == Wants::Text {
        let files = known.files.iter().filter(|_| parameter == "path");
        return files.map(|entry| file(entry, true)).collect();
    }
    let fixed: &[&'static str] = match parameter {
        "addr" | "old_address" | "new_address" | "ptr" => &["NULL", "PAGE_SIZE"],
        "dirfd" => &["AT_FDCWD"],
        "fd" | "mode" | "" => &[],
        _ => &["PAGE_SIZE"],
    };
    known.names.iter().map(name).chain(fixed.iter().map(|name| constant(name))).collect()
}

/// The names of a table but those that stand there; one value of a field excludes the others.
fn flags(names: &FlagNames, used: &[&str]) -> Vec<Candidate> {
    let is_value = |name: &str| names.values.iter().any(|(known, _)| *known == name);
    let chosen = used.iter().any(|name| is_value(name));
    let left = names.names().filter(|name| !(used.contains(name) || chosen && is_value(name)));
    left.map(|name| Candidate { kind: CandidateKind::Flag, ..constant(name) }).collect()
}

fn call(call: CallName) -> Candidate {
    Candidate {
        text: format!("{}(", call.name()),
        label: format!("{}({})", call.name(), call.parameters()),
        meaning: meaning::of_call(call.name()).unwrap_or_default().into(),
        kind: CandidateKind::Call,
    }
}

fn constant(name: &'static str) -> Candidate {
    Candidate {
        text: name.to_owned(),
        label: name.to_owned(),
        meaning: meaning::of_constant(name).unwrap_or_default().into(),
        kind: CandidateKind::Constant,
    }
}

fn name((name, value): &(String, u64)) -> Candidate {
    Candidate {
        text: name.clone(),
        label: name.clone(),
        meaning: format!("{value:#x}").into(),
        kind: CandidateKind::Name,
    }
}

/// A file by its path, in quotes unless the first of them stands there.
fn file((path, about): &(String, String), quoted: bool) -> Candidate {
    let path = path.replace('\\', "\\\\").replace('"', "\\\"");
    let quote = if quoted { "\"" } else { "" };
    Candidate {
        text: format!("{quote}{path}\""),
        label: path,
        meaning: about.clone().into(),
        kind: CandidateKind::File,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Completes at the `^` of a text; gives the word replaced and the candidates' texts.
    fn at(marked: &str) -> (String, Vec<String>) {
        let cursor = marked.find('^').expect("a cursor");
        let text = marked.replacen('^', "", 1);
        let names = [("pool".to_owned(), 0x1000), ("q".to_owned(), 3)];
        let files = [("notes.txt".to_owned(), "a file".to_owned())];
        let known = Known { names: &names, files: &files, asked: false };
        let Completion { span, candidates } = complete(&text, cursor, &known);
        (text[span].to_owned(), candidates.into_iter().map(|it| it.text).collect())
    }

    fn texts(marked: &str) -> Vec<String> {
        at(marked).1
    }

    #[test]
    fn calls_stand_at_the_beginning_and_behind_a_binding() {
        assert_eq!(at("mun^"), ("mun".into(), vec!["munmap(".into()]));
        assert_eq!(texts("p = mre^"), ["mremap("]);
        assert_eq!(texts("a = malloc(1)\nfr^\nx"), ["free("]);
        assert_eq!(at("mu^nmap(q, 1)"), ("munmap".into(), vec![]));
        assert_eq!(at("m^prot(q, 1)").1[..2], ["mmap", "munmap"]);
        assert_eq!(texts("ma^").len(), 2);
        for nothing in ["^", "  ^", "p = ^", "12^", "xyz^", "# mun^", "free(q) mun^", "free(q) = ^"]
        {
            assert_eq!(texts(nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn whoever_asks_is_shown_all_calls_where_one_may_begin() {
        let asked = Known { asked: true, ..Known::default() };
        for begins in ["", "  ", "p = "] {
            let found = complete(begins, begins.len(), &asked).candidates;
            assert_eq!(found.len(), CallName::ALL.len().min(MOST), "{begins:?}");
        }
        assert_eq!(complete("12", 2, &asked).candidates, []);
    }

    #[test]
    fn flags_are_those_of_the_parameter_and_not_yet_there() {
        assert_eq!(texts("mmap(NULL, 1, PROT_R^"), ["PROT_READ"]);
        assert_eq!(texts("mmap(NULL, 1, ^").len(), 7);
        assert_eq!(texts("mmap(NULL, 1, PROT_READ|PROT_W^"), ["PROT_WRITE"]);
        assert_eq!(texts("mmap(NULL, 1, PROT_READ|PROT_R^"), [""; 0]);
        assert_eq!(texts("mmap(NULL, (1 + 2), PROT_READ, MAP_PRIVATE | MAP_SH^"), [""; 0]);
        assert_eq!(texts("mmap(NULL, 1, 1, map_fixed_^"), ["MAP_FIXED_NOREPLACE"]);
        assert_eq!(texts("madvise(q, 1, MADV_GUARD^"), ["MADV_GUARD_INSTALL", "MADV_GUARD_REMOVE"]);
        assert_eq!(texts("msync(q, 1, MS_A^"), ["MS_ASYNC"]);
        assert_eq!(texts("mprotect(q, 1, MAP_^"), [""; 0]);
    }

    #[test]
    fn names_and_constants_stand_where_numbers_do() {
        assert_eq!(texts("load(po^"), ["pool"]);
        assert_eq!(texts("load(2*po^ol)"), [""; 0]);
        assert_eq!(texts("munmap(^"), ["pool", "q", "NULL", "PAGE_SIZE"]);
        assert_eq!(texts("munmap(q, 2*^"), ["pool", "q", "PAGE_SIZE"]);
        assert_eq!(texts("close(^"), ["pool", "q"]);
        assert_eq!(texts("openat(AT^"), ["AT_FDCWD"]);
        assert_eq!(texts("open(\"a\", O_CREAT, S_IRU^"), ["S_IRUSR"]);
        assert_eq!(texts("what(MAP_ANON^"), ["MAP_ANONYMOUS", "MAP_ANON"]);
        assert_eq!(texts("munmap(q^"), [""; 0]);
        assert_eq!(texts("munmap(q ^"), [""; 0]);
    }

    #[test]
    fn files_stand_where_paths_do() {
        assert_eq!(texts("open(^"), ["\"notes.txt\""]);
        assert_eq!(at("open(\"no^"), ("no".into(), vec!["notes.txt\"".into()]));
        assert_eq!(texts("openat(AT_FDCWD, \"^"), ["notes.txt\""]);
        assert_eq!(texts("memfd_create(\"no^"), [""; 0]);
        assert_eq!(texts("pwrite64(q, \"no^"), [""; 0]);
    }

    #[test]
    fn candidates_agree_as_far_as_they_do() {
        let common = |text: &str| complete(text, text.len(), &Known::default()).common().to_owned();
        assert_eq!(common("mmap(NULL, 1, P"), "PROT_");
        assert_eq!(common("mun"), "munmap(");
        assert_eq!(common("xyz"), "");
    }

    #[test]
    fn every_candidate_has_a_meaning_and_calls_their_parameters() {
        for text in ["m", "mmap(0, 1, 1, ", "madvise(0, 1, ", "open(\"\", "] {
            for candidate in complete(text, text.len(), &Known::default()).candidates {
                assert!(!candidate.meaning.is_empty(), "{}", candidate.text);
            }
        }
        let open = complete("memf", 4, &Known::default()).candidates.remove(0);
        assert_eq!(open.label, "memfd_create(name, flags)");
    }

    #[test]
    fn any_text_and_cursor_will_do() {
        let text = "é = mmap((((\"ü\\\"\", MAP_|é\n'x' 0x /* ( \u{1f600} */ ), <a> ...mun\0";
        for cursor in 0..text.len() + 3 {
            let done = complete(text, cursor, &Known::default());
            assert!(text.get(done.span).is_some(), "{cursor}");
        }
    }
}
