//! Every target on the stable compiler: over its corpus, over every input that ever found a fault,
//! and over random changes of them.
//!
//! `HOSTILE_RUNS` says how many changed inputs each target gets (few by default), `HOSTILE_SEED`
//! which ones.

use hostile::{Mutator, TARGETS, Target};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The files of a folder, by name; none if there is no such folder.
fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut paths: Vec<PathBuf> = paths.collect();
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

/// Runs an input; if it panics, says which one it was.
fn try_out(target: &Target, input: &[u8], what: &str) {
    let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    assert!(
        ran.is_ok(),
        "target {}, {what}: save this as fuzz/crashes/{}/NAME:\n{}",
        target.name,
        target.name,
        input.escape_ascii()
    );
}

fn setting(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => otherwise,
    }
}

#[test]
fn libfuzzer_knows_them_all() {
    let names = files("fuzz/fuzz_targets").into_iter().map(|(name, _)| name);
    let mut known: Vec<String> = TARGETS.iter().map(|it| format!("{}.rs", it.name)).collect();
    known.sort();
    assert_eq!(names.collect::<Vec<_>>(), known);
}

#[test]
fn every_fault_ever_found_stays_mended() {
    for target in &TARGETS {
        for (name, input) in files(&format!("fuzz/crashes/{}", target.name)) {
            try_out(target, &input, &name);
        }
    }
}

#[test]
fn the_corpus_does_no_harm() {
    for target in &TARGETS {
        let corpus = files(&format!("fuzz/corpus/{}", target.name));
        assert!(corpus.len() >= 3, "{} has a corpus", target.name);
        for (name, input) in corpus {
            try_out(target, &input, &name);
        }
    }
}

#[test]
fn what_changed_of_it_does_no_harm() {
    let (runs, seed) = (setting("HOSTILE_RUNS", 200), setting("HOSTILE_SEED", 1));
    println!("HOSTILE_RUNS={runs} HOSTILE_SEED={seed}");
    for target in &TARGETS {
        let folders =
            [format!("fuzz/corpus/{}", target.name), format!("fuzz/crashes/{}", target.name)];
        let folders = folders.iter().map(String::as_str).chain(target.seeds.iter().copied());
        let inputs: Vec<Vec<u8>> = folders.flat_map(files).map(|(_, input)| input).collect();
        let mut mutator = Mutator::new(seed);
        for run in 0..runs {
            let input = mutator.input(&inputs, target.longest);
            try_out(target, &input, &format!("run {run} of seed {seed}"));
        }
    }
}
