//! Lines that could not be read, as the console shows them.

use mmap_playground_core::trace::{Diagnostic, Severity};

/// A line that could not be read, as the console shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Trouble {
    /// The line.
    pub source: String,
    /// Its number in what was run, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What was expected.
    pub message: String,
}

/// Diagnostics with the lines they are about.
pub fn troubles(text: &str, diagnostics: &[Diagnostic]) -> Vec<Trouble> {
    let most = 50;
    let mut lines = text.lines().enumerate();
    let mut troubles = Vec::new();
    let errors = diagnostics.iter().filter(|it| it.severity == Severity::Error);
    for diagnostic in errors.take(most) {
        let number = diagnostic.line as usize;
        let source = lines.by_ref().find(|(index, _)| index + 1 == number);
        troubles.push(Trouble {
            source: source.map(|(_, line)| line.chars().take(400).collect()).unwrap_or_default(),
            line: number,
            column: 1 + chars_before(source.map_or("", |(_, line)| line), diagnostic.column),
            message: diagnostic.message.clone(),
        });
    }
    troubles
}

/// How many characters stand before a column, which counts bytes from 1.
fn chars_before(line: &str, column: u32) -> usize {
    let end = (column as usize).saturating_sub(1).min(line.len());
    line.char_indices().take_while(|(index, _)| *index < end).count()
}
