//! Tokens. They cover every byte of any text, so that a view can colour a line with them too.

use logos::Logos;
use std::ops::Range;

/// What a piece of text is.
#[derive(Logos, Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Token {
    #[regex(r"[ \t\r\n\x0b\x0c\u{feff}]+")]
    Space,
    /// `# …`, `// …`, `/* … */`; one that is not closed goes to the end.
    #[regex(r"(#|//)[^\n]*", allow_greedy = true)]
    #[token("/*", block_comment)]
    Comment,
    /// What begins with a digit, right or wrong.
    #[regex(r"[0-9][0-9A-Za-z_]*")]
    Number,
    #[regex(r"[A-Za-z_][0-9A-Za-z_]*")]
    Name,
    #[regex(r#""([^"\\\n]|\\[^\n])*""#)]
    String,
    /// A string without its end.
    #[regex(r#""([^"\\\n]|\\[^\n])*"#)]
    OpenString,
    #[regex(r"'([^'\\\n]|\\[^\n])*'")]
    Char,
    /// `<void>`, `<unfinished ...>`, `<0.000012>`: what the tools put into angle brackets.
    #[regex(r"<[^<>\n]*>")]
    Angle,
    #[token("...")]
    Ellipsis,
    #[token("(")]
    Open,
    #[token(")")]
    Close,
    #[token(",")]
    Comma,
    #[token(";")]
    Semicolon,
    #[token("=")]
    Equals,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("|")]
    Pipe,
    #[token("<<")]
    ShiftLeft,
    #[token("?")]
    Question,
    /// Anything else.
    Other,
}

/// Moves to the end of a block comment.
fn block_comment(lexer: &mut logos::Lexer<'_, Token>) {
    lexer.bump(comment_length(lexer.remainder()));
}

/// How far a block comment goes behind its `/*`. `strace -X verbose` puts comments into comments:
/// if they are balanced on the line, the outer end is taken, otherwise the first.
pub(super) fn comment_length(rest: &str) -> usize {
    let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let mut depth = 1;
    let mut at = 0;
    while let Some(found) = line[at..].find("*/") {
        depth += line[at..at + found].matches("/*").count();
        depth -= 1;
        at += found + 2;
        if depth == 0 {
            return at;
        }
    }
    rest.find("*/").map_or(rest.len(), |end| end + 2)
}

/// The tokens of a text with their places; one begins where the one before ends.
pub fn tokens(text: &str) -> impl Iterator<Item = (Token, Range<usize>)> {
    Token::lexer(text).spanned().map(|(token, range)| (token.unwrap_or(Token::Other), range))
}

/// The bytes of a string between its quotes: C escapes undone, `\x` with at most two digits. An
/// escape that C does not know stands for its letter.
pub fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        at += 1;
        if byte != b'\\' || at == bytes.len() {
            out.push(byte);
            continue;
        }
        let digits = |from: usize, most: usize, radix: u32| {
            let ends = bytes[from..].iter().take(most);
            from + ends.take_while(|b| (**b as char).is_digit(radix)).count()
        };
        let escape = bytes[at];
        at += 1;
        out.push(match escape {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'v' => 0x0b,
            b'f' => 0x0c,
            b'a' => 0x07,
            b'b' => 0x08,
            b'0'..=b'7' => {
                let end = digits(at - 1, 3, 8);
                let value = u32::from_str_radix(&text[at - 1..end], 8).unwrap_or(0);
                at = end;
                value as u8
            }
            b'x' if digits(at, 2, 16) > at => {
                let end = digits(at, 2, 16);
                let value = u8::from_str_radix(&text[at..end], 16).unwrap_or(0);
                at = end;
                value
            }
            other => other,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Token, &str)> {
        tokens(text).map(|(token, range)| (token, &text[range])).collect()
    }

    #[test]
    fn tokens_cover_every_byte() {
        for text in [
            "p = mmap(NULL, 2*PAGE_SIZE) = -1 ENOMEM (Can't) # x",
            "\"open # string",
            "\u{feff}\0é§\u{1f600}<<<<a",
            "/* not closed",
            "/* one /* two */ and",
            "'\\'' '\\",
            "",
        ] {
            let joined: String = kinds(text).iter().map(|(_, part)| *part).collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn a_line_has_these_tokens() {
        use Token::*;
        assert_eq!(
            kinds("f(0x4 /* M_??? */|\"a\\\"#\"..., -1) <0.1>//c"),
            [
                (Name, "f"),
                (Open, "("),
                (Number, "0x4"),
                (Space, " "),
                (Comment, "/* M_??? */"),
                (Pipe, "|"),
                (String, "\"a\\\"#\""),
                (Ellipsis, "..."),
                (Comma, ","),
                (Space, " "),
                (Minus, "-"),
                (Number, "1"),
                (Close, ")"),
                (Space, " "),
                (Angle, "<0.1>"),
                (Comment, "//c"),
            ]
        );
        assert_eq!(kinds("/*/**/x*/1"), [(Comment, "/*/**/x*/"), (Number, "1")]);
        assert_eq!(kinds("/*/**/1"), [(Comment, "/*/**/"), (Number, "1")]);
        assert_eq!(kinds("\"a\\"), [(OpenString, "\"a"), (Other, "\\")]);
    }

    #[test]
    fn escapes_are_those_of_c() {
        let text = unescape(r#"a\n\t\"\\\0\0001\377\x41\x7e2\é"#);
        assert_eq!(text[..9], *b"a\n\t\"\\\x00\x001\xff");
        assert_eq!(text[9..], *"A~2é".as_bytes());
        assert_eq!(unescape("\\"), b"\\");
        assert_eq!(unescape("\\x"), b"x");
        assert_eq!(unescape("\\777"), [0xff]);
    }
}
