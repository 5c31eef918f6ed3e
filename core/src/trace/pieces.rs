//! The text of a statement, which may come from several lines of a log.

use super::{Diagnostic, Severity, Span};
use std::borrow::Cow;
use std::ops::Range;

/// A part of one source line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) line: u32,
    pub(super) line_start: usize,
}

/// The text of one statement, put together from pieces of the source.
pub(super) struct Joined<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) pieces: &'a [Piece],
}

impl<'a> Joined<'a> {
    /// Joins what stands in the source.
    pub(super) fn new(source: &'a str, pieces: &'a [Piece]) -> Joined<'a> {
        let part = |piece: &Piece| &source[piece.start..piece.end];
        let text = match pieces {
            [only] => Cow::Borrowed(part(only)),
            several => Cow::Owned(several.iter().map(part).collect()),
        };
        Joined { text, pieces }
    }

    /// The piece that holds a byte of the text, and that byte's place in the source.
    pub(super) fn place(&self, mut at: usize) -> (&Piece, usize) {
        let (last, others) = self.pieces.split_last().expect("a statement has a piece");
        for piece in others {
            if at < piece.end - piece.start {
                return (piece, piece.start + at);
            }
            at -= piece.end - piece.start;
        }
        (last, (last.start + at).min(last.end))
    }

    /// What stands from a byte of the text on.
    pub(super) fn behind(&self, at: usize) -> Vec<Piece> {
        let (first, start) = self.place(at);
        let rest = self.pieces.iter().skip_while(|piece| !std::ptr::eq(*piece, first));
        let mut rest: Vec<Piece> = rest.copied().collect();
        rest[0].start = start;
        rest
    }

    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let (piece, start) = self.place(range.start);
        Span { start: small(start), end: small((start + range.len()).min(piece.end)) }
    }

    pub(super) fn diagnostic(
        &self,
        at: Range<usize>,
        message: String,
        severity: Severity,
    ) -> Diagnostic {
        let (piece, start) = self.place(at.start);
        let column = small(start - piece.line_start) + 1;
        Diagnostic { line: piece.line, column, span: self.span(at), message, severity }
    }
}

/// An offset into the source; see [`Span`] for the largest.
pub(super) fn small(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
