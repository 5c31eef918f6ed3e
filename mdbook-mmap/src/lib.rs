//! Figures in Markdown: a fenced block with the word `mmap` holds a trace, and becomes a picture, the
//! text of the trace, and the element that makes both live.
//!
//! ````text
//! ```mmap step=2 panels=map+heap
//! p = mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffd000
//! store(p, 1) = 0
//! ```
//! ````
//!
//! Behind the word stand attributes of `<mmap-playground>`, with `+` between the parts of a list.
//! [`blocks`] finds the blocks, [`chapter`] writes the figures in their place, and [`book`] does so
//! in every chapter of a book as mdBook hands it over.

mod figure;

use std::ops::Range;

use anyhow::{Context, Result};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use serde_json::Value;

pub use figure::{Moment, Settings};

/// A fenced block with an info string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its info string: what stands behind the opening fence.
    pub info: String,
    /// What it holds, without the fences.
    pub text: String,
    /// Where it stands in the Markdown, in bytes, fences included.
    pub range: Range<usize>,
    /// The line of its opening fence, from 1.
    pub line: usize,
}

impl Block {
    /// Says whether the first word of the info string is `word`.
    pub fn is(&self, word: &str) -> bool {
        words(&self.info).next() == Some(word)
    }
}

/// The words of an info string; mdBook allows commas between them as well as spaces.
fn words(info: &str) -> impl Iterator<Item = &str> {
    info.split([' ', ',']).filter(|word| !word.is_empty())
}

/// Finds the fenced blocks of a chapter, in their order.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new(markdown).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let line = markdown[..range.start].matches('\n').count() + 1;
                open = Some(Block { info: info.to_string(), text: String::new(), range, line });
            }
            Event::Text(text) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&text);
                }
            }
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => blocks.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

/// Writes figures in the place of a chapter's `mmap` blocks.
///
/// # Errors
///
/// If a block has an attribute that there is not, or a line that cannot be read; the text names the
/// line of the chapter.
pub fn chapter(markdown: &str) -> Result<String> {
    let mut written = String::with_capacity(markdown.len());
    let mut end = 0;
    for block in blocks(markdown).iter().filter(|block| block.is("mmap")) {
        let html = figure::html(block).with_context(|| format!("line {}", block.line))?;
        written.push_str(&markdown[end..block.range.start]);
        written.push_str(&html);
        end = block.range.end;
    }
    written.push_str(&markdown[end..]);
    Ok(written)
}

/// Takes what mdBook writes to a preprocessor, `[context, book]`, and gives the book with its figures.
///
/// # Errors
///
/// If the text is no such pair, or as [`chapter`], naming the chapter.
pub fn book(input: &str) -> Result<String> {
    let pair: Value = serde_json::from_str(input).context("what came is not JSON")?;
    let Value::Array(pair) = pair else {
        anyhow::bail!("what came is no pair of context and book")
    };
    let mut book = pair.into_iter().nth(1).context("there is no book behind the context")?;
    // mdBook 0.5 calls them items, those before it called them sections.
    for name in ["items", "sections"] {
        if let Some(items) = book.get_mut(name) {
            chapters(items)?;
        }
    }
    Ok(serde_json::to_string(&book)?)
}

fn chapters(items: &mut Value) -> Result<()> {
    for item in items.as_array_mut().into_iter().flatten() {
        let Some(part) = item.get_mut("Chapter") else { continue };
        if let Some(Value::String(content)) = part.get("content") {
            let written = chapter(content).with_context(|| {
                let path = part.get("path").and_then(Value::as_str);
                path.unwrap_or("a chapter without a file").to_owned()
            })?;
            part["content"] = Value::String(written);
        }
        if let Some(below) = part.get_mut("sub_items") {
            chapters(below)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKDOWN: &str = "# One\n\n```mmap step=1 panels=map+heap\na = malloc(1)\n\nfree(a)\n```\n\n- two\n\n  ```c\n  x\n  ```\n\n````md\n```mmap\nfree(0)\n```\n````\n";

    #[test]
    fn finds_blocks_where_markdown_has_them() {
        let blocks = blocks(MARKDOWN);
        let of: Vec<_> =
            blocks.iter().map(|it| (it.line, it.info.as_str(), it.is("mmap"))).collect();
        assert_eq!(
            of,
            [(3, "mmap step=1 panels=map+heap", true), (11, "c", false), (15, "md", false)]
        );
        assert_eq!(blocks[0].text, "a = malloc(1)\n\nfree(a)\n");
    }

    #[test]
    fn a_figure_is_one_line_of_html() -> Result<()> {
        let html = chapter(MARKDOWN)?;
        let lines: Vec<&str> = html.lines().collect();
        assert!(
            lines[2].starts_with(
                "<div class=\"mmap-figure\"><mmap-playground step=\"1\" panels=\"map heap\"><svg "
            ),
            "{}",
            lines[2]
        );
        assert!(lines[2].ends_with("</code></pre></mmap-playground></div>"), "{}", lines[2]);
        assert!(lines[2].contains("<code>a = malloc(1)&#10;&#10;free(a)&#10;</code>"));
        assert_eq!(lines[3..], MARKDOWN.lines().skip(7).collect::<Vec<_>>());
        Ok(())
    }

    #[test]
    fn markup_in_a_trace_stays_text() -> Result<()> {
        let html = chapter("```mmap\nopen(\"</pre><script>\", O_RDONLY)\n```\n")?;
        assert!(!html.contains("<script"), "{html}");
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (block, told) in [
            ("step=x", "step=\"x\" is no number"),
            ("panels=map+lanes", "there is no panel \"lanes\""),
            ("colour=red", "there is no attribute \"colour\""),
        ] {
            let error = chapter(&format!("\n```mmap {block}\nfree(0)\n```\n")).unwrap_err();
            assert!(format!("{error:#}").starts_with(&format!("line 2: {told}")), "{error:#}");
        }
        let error = chapter("```mmap\nfree(0)\nnothing of the kind\n```\n").unwrap_err();
        assert!(format!("{error:#}").starts_with("line 1: line 2, column "), "{error:#}");
    }

    #[test]
    fn a_book_of_either_version_gets_its_figures() -> Result<()> {
        for name in ["items", "sections"] {
            let below = serde_json::json!([{"Chapter": {"content": "```mmap\nfree(0)\n```\n"}}]);
            let chapter = serde_json::json!({"Chapter": {"content": "text", "sub_items": below}});
            let input = serde_json::json!([{"root": "/"}, {name: [chapter, "Separator"]}]);
            let written: Value = serde_json::from_str(&book(&input.to_string())?)?;
            let inner = &written[name][0]["Chapter"]["sub_items"][0]["Chapter"]["content"];
            assert!(inner.as_str().is_some_and(|it| it.contains("<svg ")), "{written}");
            assert_eq!(written[name][0]["Chapter"]["content"], "text");
            assert_eq!(written[name][1], "Separator");
        }
        for wrong in ["", "{}", "[1]"] {
            assert!(book(wrong).is_err());
        }
        Ok(())
    }
}
