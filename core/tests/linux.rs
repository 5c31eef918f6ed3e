//! Random calls in the model and on the real kernel: results, mappings, resident pages, frames
//! and bytes must be the same. A difference is shrunk and printed in the trace language, ready to
//! become a file of `tests/linux/`.
//!
//! `LINUX_SEED`, `LINUX_RUNS` and `LINUX_CALLS` choose the first seed, the number of runs a
//! profile, and the number of calls a run; `LINUX_ALL` goes on after a difference. Where the
//! system does not let a process be traced, the tests say so, and pass.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "differential/child.rs"]
mod child;
#[path = "differential/compare.rs"]
mod compare;
#[path = "differential/generator.rs"]
mod generator;
mod support;

use compare::{Difference, compare, model, record};
use generator::{Generator, Profile};
use mmap_playground_core::call::Call;
use mmap_playground_core::process::Process;
use mmap_playground_core::replay::{RanKind, Runner};
use mmap_playground_core::trace::{Script, print_call};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("linux-{name}-{}", std::process::id()))
}

/// Says on which kernel this runs; nothing where it cannot.
fn kernel() -> Option<&'static str> {
    static KERNEL: OnceLock<Option<String>> = OnceLock::new();
    KERNEL.get_or_init(find_kernel).as_deref()
}

fn find_kernel() -> Option<String> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    if (numbers.next(), numbers.next()) < (Some(6), Some(18)) {
        println!("did not run: Linux {release} is older than the model's 6.18");
        return None;
    }
    let huge = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    if huge.is_ok_and(|setting| setting.contains("[always]")) {
        println!("did not run: transparent huge pages, which the model does not know, are on");
        return None;
    }
    let folder = folder("probe");
    let started = child::Child::start(&folder);
    if !child::has_the_models_disk(&folder) {
        println!("left out: files on a disk, for they are not on ext4 with 8 MiB of read-ahead");
    }
    let _ = std::fs::remove_dir_all(&folder);
    match started {
        Ok(child) => {
            let frames = if child.zero_frame.is_some() { "with" } else { "without (not root)" };
            Some(format!("Linux {release}, {frames} frame numbers"))
        }
        Err(trouble) => {
            println!("did not run: no child on a real kernel ({trouble})");
            None
        }
    }
}

fn calls_of(profile: Profile, seed: u64, disk: bool, count: usize, start: &Process) -> Vec<Call> {
    let mut process = start.clone();
    let mut generator = Generator::new(profile, seed, disk);
    let mut calls = Vec::new();
    while calls.len() < count {
        let call = generator.next(&process);
        process.run(&call);
        calls.push(call);
    }
    calls
}

/// Leaves out calls as long as the difference stays.
fn shrink(mut calls: Vec<Call>, difference: Difference, folder: &Path) -> (Vec<Call>, Difference) {
    calls.truncate(difference.index + 1);
    let mut found = difference;
    let mut size = calls.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < calls.len() {
            let mut fewer = calls.clone();
            fewer.drain(at..(at + size).min(calls.len()));
            match compare(&fewer, folder) {
                Ok(Some(difference)) => {
                    fewer.truncate(difference.index + 1);
                    calls = fewer;
                    found = difference;
                }
                _ => at += size,
            }
        }
        size /= 2;
    }
    (calls, found)
}

fn runs(profile: Profile) {
    let Some(kernel) = kernel() else { return };
    let (seed, runs, count) =
        (setting("LINUX_SEED", 1), setting("LINUX_RUNS", 25), setting("LINUX_CALLS", 60));
    let folder = folder(&format!("{profile:?}"));
    let start = model(&child::Child::start(&folder).unwrap());
    let disk = child::has_the_models_disk(&folder);
    let mut differences = Vec::new();
    for seed in seed..seed + runs {
        let calls = calls_of(profile, seed, disk, count as usize, &start);
        let difference = match compare(&calls, &folder) {
            Ok(difference) => difference,
            Err(trouble) => {
                differences.push(format!("{profile:?}, seed {seed}: {trouble}"));
                None
            }
        };
        if let Some(difference) = difference {
            let (calls, difference) = shrink(calls, difference, &folder);
            let trace: Vec<String> = calls.iter().map(print_call).collect();
            let trace = trace.join("\n");
            differences.push(format!("# {profile:?}, seed {seed}\n{trace}\n{}", difference.what));
        }
        if !differences.is_empty() && setting("LINUX_ALL", 0) == 0 {
            break;
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    println!("{profile:?}: {runs} runs of {count} calls from seed {seed} on, on {kernel}");
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[test]
fn arguments() {
    runs(Profile::Arguments);
}

#[test]
fn protections() {
    runs(Profile::Protections);
}

#[test]
fn files() {
    runs(Profile::Files);
}

#[test]
fn touching() {
    runs(Profile::Touching);
}

#[test]
fn remapping() {
    runs(Profile::Remapping);
}

#[test]
fn advice() {
    runs(Profile::Advice);
}

#[test]
fn everything() {
    runs(Profile::Everything);
}

/// `LINUX_RECORD` names trace files whose outcome is to be recorded beside them.
#[test]
fn recording() {
    let Some(paths) = std::env::var_os("LINUX_RECORD") else { return };
    if kernel().is_none() {
        return;
    }
    let folder = folder("record");
    for path in std::env::split_paths(&paths) {
        let source = std::fs::read_to_string(&path).unwrap();
        let mut runner = Runner::new(Default::default());
        let mut calls = Vec::new();
        for line in &Script::parse(&source).lines {
            if let RanKind::Call(call, _) = runner.run(line, &source).kind {
                calls.push(call);
            }
        }
        let text = record(&calls, source.contains("# pages: yes"), &folder).unwrap();
        std::fs::write(path.with_extension("expected"), text).unwrap();
    }
    let _ = std::fs::remove_dir_all(&folder);
}
