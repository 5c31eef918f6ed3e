//! `mdbook-mmap`: the preprocessor as mdBook runs it. With `supports RENDERER` it says whether it has
//! something for that renderer; otherwise a book comes on standard input and goes out with figures.

use std::io::{Read, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, renderer] = arguments.as_slice()
        && word == "supports"
    {
        return if renderer == "html" { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mdbook-mmap: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).context("could not read the book")?;
    let written = mdbook_mmap::book(&input)?;
    std::io::stdout().write_all(written.as_bytes()).context("could not write the book")
}
