//! Any text in the trace language: lexer, parser, completion, printer.

use crate::lossy;
use crate::model::call::Call;
use crate::model::maps::parse_maps;
use crate::model::trace::complete::{Known, complete};
use crate::model::trace::lexer::tokens;
use crate::model::trace::{
    LogTime, ParsedCall, Parser, Part, Script, Severity, Sieve, Statement, print_call, recognise,
    resolve,
};

/// Reads a text whole and in slices, and what it prints of it again.
pub(crate) fn run(bytes: &[u8]) {
    let slice = bytes.first().map_or(1, |byte| u32::from(byte % 4) + 1);
    let text = lossy(bytes);
    covers_with_tokens(&text);
    let script = Script::parse(&text);
    stays_within(&script, &text);
    let mut parser = Parser::new(text.as_ref());
    while parser.next_lines(slice) {
        assert!(parser.bytes_read() <= text.len());
    }
    assert_eq!(parser.finish(), script, "in slices of {slice}");
    for line in &script.lines {
        if let Statement::Call(call) = &line.statement {
            reads_as_printed(call);
        }
    }
    recognise(&text);
    parse_maps(&text);
    passes_in_pieces(bytes);
    completes(&text, bytes.last().copied().unwrap_or_default());
}

/// A part of a log is some of its lines, wherever the log is cut into pieces; all of it is all.
fn passes_in_pieces(log: &[u8]) {
    let passed = |part: Part, length: usize| {
        let (mut sieve, mut taken) = (Sieve::new(part), Vec::new());
        for piece in log.chunks(length.max(1)) {
            sieve.pass(piece, &mut taken);
        }
        sieve.end(&mut taken);
        taken
    };
    let length = log.first().map_or(1, |byte| usize::from(byte % 16) + 1);
    assert_eq!(passed(Part::default(), length), log);
    let time = LogTime::read("12:00:00");
    let process = log.last().map(|byte| u32::from(byte % 10));
    for part in [
        Part { process, ..Part::default() },
        Part { from: time, ..Part::default() },
        Part { first_line: u64::from(process.unwrap_or_default()), to: time, ..Part::default() },
    ] {
        let taken = passed(part, length);
        assert_eq!(passed(part, log.len()), taken, "in pieces of {length}");
        let mut lines = log.split_inclusive(|byte| *byte == b'\n');
        let mut of_part = taken.split_inclusive(|byte| *byte == b'\n');
        assert!(of_part.all(|line| lines.any(|other| other == line)), "a line of no log");
    }
}

/// Tokens lie one behind the other, and leave nothing out.
fn covers_with_tokens(text: &str) {
    let mut end = 0;
    for (_, range) in tokens(text) {
        assert_eq!(range.start, end);
        assert!(range.end > end && text.is_char_boundary(range.end));
        end = range.end;
    }
    assert_eq!(end, text.len());
}

/// Lines and diagnostics are in order and of this text, one error a line at most.
fn stays_within(script: &Script, text: &str) {
    let count = text.split('\n').count() as u32;
    for pair in script.lines.windows(2) {
        assert!(pair[0].number <= pair[1].number);
    }
    for line in &script.lines {
        assert!((1..=count).contains(&line.number));
        assert!(text.get(line.text.start as usize..line.text.end as usize).is_some());
        if let Statement::Call(call) = &line.statement
            && let Err(diagnostic) = resolve(call, &|_| None)
        {
            assert!((1..=count).contains(&diagnostic.line) && diagnostic.column > 0);
        }
    }
    for diagnostic in &script.diagnostics {
        assert!((1..=count).contains(&diagnostic.line) && diagnostic.column > 0);
    }
    let errors = script.diagnostics.iter().filter(|it| it.severity == Severity::Error);
    let mut lines: Vec<u32> = errors.map(|diagnostic| diagnostic.line).collect();
    let errors = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), errors, "two errors of one line");
}

/// A call that has its numbers prints as a line that has the same.
fn reads_as_printed(call: &ParsedCall) {
    let Ok(resolved) = resolve(call, &|_| Some(0x1234_5000)) else { return };
    let text = print_call(&resolved);
    let script = Script::parse(&text);
    assert_eq!(script.diagnostics, [], "{text}");
    match script.lines.first().map(|line| &line.statement) {
        Some(Statement::Call(again)) => {
            let again = resolve(again, &|_| None).expect("what was printed can be read");
            // As strace does, the printer leaves out what the kernel does not look at.
            let same = again == resolved || matches!(again, Call::Mremap { .. });
            assert!(same, "{text}: {again:?}\nnot {resolved:?}");
            assert_eq!(print_call(&again), text);
        }
        other => panic!("{text}: {other:?}"),
    }
}

fn completes(text: &str, at: u8) {
    let cursor = text.len() * usize::from(at) / 255;
    let names = [("p".to_owned(), 1), ("page".to_owned(), 2)];
    let files = [("a file".to_owned(), "of words".to_owned())];
    let known = Known { names: &names, files: &files, asked: at.is_multiple_of(2) };
    let completion = complete(text, cursor, &known);
    assert!(text.get(completion.span.clone()).is_some(), "{:?}", completion.span);
    completion.common();
}
