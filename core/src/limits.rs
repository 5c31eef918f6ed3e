//! What the playground takes at most, of every kind: all of it comes from strangers, and none of it
//! may freeze or end a page. `docs/limits.md` says what happens at each; a test holds it to these
//! numbers.
//!
//! Limits of Linux itself (lengths of paths, sizes of files) stand where its rules do.

/// Frames of simulated memory: 256 MiB. An access that needs one more is killed.
pub const FRAMES: u32 = 65_536;

/// Mappings of a process, unless a trace asks for another limit (`vm.max_map_count`).
pub const MAPPINGS: u64 = 65_530;

/// Bytes that one read or write moves (Linux's `MAX_RW_COUNT`).
pub const TRANSFER_BYTES: u64 = 0x7fff_f000;

/// Bytes of a log that are imported, and of the trace that a figure fetches.
pub const LOG_BYTES: usize = 128 << 20;

/// Lines of a log that are imported: each is kept as it was read and, if it ran, as a step.
pub const LOG_LINES: usize = 1_500_000;

/// Bytes of a text that runs at once in the console; a longer one is imported, with progress and a
/// way to stop.
pub const CONSOLE_BYTES: usize = 100_000;

/// Bytes of a text that is noted before it runs; a longer one was imported from somewhere.
pub const JOURNAL_BYTES: usize = 100_000;

/// Bytes of a saved session.
pub const SAVED_BYTES: usize = 256 << 20;

/// Letters of a link. Browsers take more, but what people send links with does not.
pub const LINK_LETTERS: usize = 32_000;

/// Bytes of the text in a link, unpacked: what a link can hold, well compressed.
pub const LINKED_BYTES: usize = 32 << 20;

/// Branches of a saved session.
pub const BRANCHES: usize = 10_000;

/// Steps that all branches of a saved session run together.
pub const SAVED_STEPS: usize = 20_000_000;

/// Letters of the name of a session or branch.
pub const NAME_LETTERS: usize = 80;

/// Bytes of a lesson.
pub const LESSON_BYTES: usize = 64 << 10;

/// Calls of a lesson.
pub const LESSON_CALLS: usize = 200;

/// Answers of a question in a lesson.
pub const ANSWERS: std::ops::RangeInclusive<usize> = 2..=6;

/// How deep parentheses (and signs) may nest.
pub const PARENTHESES: u32 = 64;

/// Numbers, names and operators of a formula.
pub const FORMULA_PARTS: usize = 4096;

/// Calls of a log that wait for their end; there are seldom more than threads.
pub const WAITING_CALLS: usize = 4096;

/// Blocks that one call of liballoc walks over: more than 256 MiB can hold.
pub const WALKED_BLOCKS: u64 = 1 << 22;

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../docs/limits.md");

    fn grouped(number: u64) -> String {
        let digits = number.to_string();
        let groups = digits.as_bytes().rchunks(3).rev();
        let groups: Vec<&str> = groups.map(|it| str::from_utf8(it).unwrap()).collect();
        groups.join(",")
    }

    /// The numbers of a text, in its order, with the commas inside them.
    fn numbers(text: &str) -> Vec<String> {
        let pieces = text.split(|letter: char| !letter.is_ascii_digit() && letter != ',');
        let pieces = pieces.map(|piece| piece.trim_matches(',').to_owned());
        pieces.filter(|piece| !piece.is_empty()).collect()
    }

    /// Each row of the document, by what it begins with, and each number in its second column.
    #[test]
    fn the_document_says_these_numbers() {
        let mib = |bytes: usize| (bytes >> 20) as u64;
        let many = |count: usize| count as u64;
        let frames = u64::from(FRAMES);
        let rows: [(&str, &[u64]); 18] = [
            ("frames of simulated memory", &[frames, frames >> 8]),
            ("VMAs", &[MAPPINGS]),
            ("bytes that one read or write moves", &[TRANSFER_BYTES]),
            ("log that is imported", &[mib(LOG_BYTES), many(LOG_LINES)]),
            ("trace that a figure fetches", &[mib(LOG_BYTES)]),
            ("text that runs in the console at once", &[many(CONSOLE_BYTES)]),
            ("text noted before it runs", &[many(JOURNAL_BYTES)]),
            ("saved session, as a file", &[mib(SAVED_BYTES)]),
            ("session in a link", &[many(LINK_LETTERS), mib(LINKED_BYTES)]),
            ("branches of a saved session", &[many(BRANCHES)]),
            ("steps that all branches", &[many(SAVED_STEPS)]),
            ("name of a session or branch", &[many(NAME_LETTERS)]),
            (
                "lesson",
                &[
                    many(LESSON_BYTES >> 10),
                    many(LESSON_CALLS),
                    many(*ANSWERS.start()),
                    many(*ANSWERS.end()),
                ],
            ),
            ("depth of parentheses in a line", &[u64::from(PARENTHESES)]),
            ("numbers, names and operators of a formula", &[many(FORMULA_PARTS)]),
            ("calls of a log that wait", &[many(WAITING_CALLS)]),
            ("blocks that one call of the allocator", &[WALKED_BLOCKS]),
            ("sessions kept in the browser", &[]),
        ];
        let table = DOCUMENT.lines().filter_map(|line| line.strip_prefix("| "));
        let table: Vec<&str> = table.filter(|row| !row.starts_with("what |")).collect();
        let table: Vec<&str> = table.into_iter().filter(|row| !row.starts_with("---")).collect();
        let embed = include_str!("../../embed/mmap-playground.js");
        assert!(embed.contains(&format!("const MOST_MIB = {};", LOG_BYTES >> 20)));
        assert_eq!(table.len(), rows.len(), "a row without a number here, or the other way round");
        for (row, (begin, expected)) in table.iter().zip(rows) {
            assert!(row.starts_with(begin), "expected {begin}, found: {row}");
            let said = row.split('|').nth(1).unwrap_or_default();
            let said = said.split("; a trace may").next().unwrap_or_default();
            let expected: Vec<String> = expected.iter().copied().map(grouped).collect();
            assert_eq!(numbers(said), expected, "{row}");
        }
    }
}
