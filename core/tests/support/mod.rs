//! What the tests over recorded files share: the files themselves, built in, so that the same
//! tests run natively, in Node and in a browser.

#![allow(dead_code, unreachable_pub)]

use include_dir::{Dir, include_dir};
use mmap_playground_core::heap::HeapSetting;
use mmap_playground_core::machine::Machine;
use mmap_playground_core::maps::{parse_maps, print_maps};
use mmap_playground_core::process::Process;
use mmap_playground_core::replay::{RanKind, Runner};
use mmap_playground_core::report::{choose, write_results};
use mmap_playground_core::start::{Given, from_maps};
use mmap_playground_core::state::{State, maps_lines};
use mmap_playground_core::trace::Script;
use std::collections::BTreeMap;

/// Traces with the outcome of a real kernel.
pub static LINUX: Dir = include_dir!("$CARGO_MANIFEST_DIR/tests/linux");
/// Logs of real programs.
pub static STRACE: Dir = include_dir!("$CARGO_MANIFEST_DIR/tests/strace");
/// Traces with the outcome of the model, to notice what changes.
pub static TRACES: Dir = include_dir!("$CARGO_MANIFEST_DIR/tests/traces");

/// The text of a file in a folder.
pub fn text<'a>(dir: &'a Dir, name: &str) -> Option<&'a str> {
    dir.get_file(name)?.contents_utf8()
}

/// The names of the files with an ending, without it.
pub fn names<'a>(dir: &'a Dir, ending: &str) -> Vec<&'a str> {
    let files = dir.files().filter_map(|file| file.path().to_str()?.strip_suffix(ending));
    let mut names: Vec<&str> = files.collect();
    names.sort_unstable();
    names
}

/// Runs a text on a fresh process, or on one that starts from a maps text; gives the run and what
/// it printed.
pub fn run(source: &str, maps: Option<&str>, why: bool) -> (Runner, String) {
    let mut runner = match maps {
        None => Runner::new(Machine::default()),
        Some(maps) => {
            let (lines, diagnostics) = parse_maps(maps);
            assert_eq!(diagnostics, []);
            Runner::starting_with(from_maps(Machine::default(), Given::default(), &lines))
        }
    };
    runner.process.heap_setting = HeapSetting::of_trace(source).unwrap_or_default();
    runner.process.kernel.change_machine(|machine| machine.adopt(source));
    let script = Script::parse(source);
    let choice = choose(&script, None);
    let mut printed = String::new();
    for diagnostic in &script.diagnostics {
        printed += &format!("# {diagnostic}\n");
    }
    for line in script.lines.iter().filter(|line| choice.takes(line.pid)) {
        let ran = runner.run(line, source);
        if let RanKind::Unreadable(diagnostic) = &ran.kind {
            printed += &format!("# {diagnostic}\n");
        }
        write_results(&mut printed, &ran, why);
        let process = &runner.process;
        process.kernel.space.check(&process.kernel.frames);
    }
    runner.counts.unreadable += script.unreadable_count() as u64;
    (runner, printed)
}

/// The lines of a text that are not comments.
pub fn without_comments(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

/// What counts of a maps text: range, permissions, offset, name.
pub fn maps_columns(text: &str) -> Vec<[String; 4]> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let mut next = || words.next().unwrap_or_default().to_owned();
            let (range, prot, offset, _, _) = (next(), next(), next(), next(), next());
            [range, prot, offset, words.collect::<Vec<_>>().join(" ")]
        })
        .collect()
}

/// The resident pages as the recorded files list them: address, and frame by first appearance or
/// `zero`.
pub fn page_lines(process: &Process) -> Vec<String> {
    let mut numbers = BTreeMap::new();
    let pages = State::of(process).pages.into_iter();
    pages
        .map(|page| {
            let next = numbers.len() + 1;
            let frame = match page.frame {
                0 => "zero".to_owned(),
                frame => numbers.entry(frame).or_insert(next).to_string(),
            };
            format!("{:#x} {frame}", page.address)
        })
        .collect()
}

/// The maps text of a process.
pub fn maps_text(process: &Process) -> String {
    print_maps(&maps_lines(process))
}
