//! Random calls in the model and on the real kernel: results, mappings, resident pages, frames
//! and bytes must be the same. A difference is shrunk and printed in the trace language, ready to
//! become a file of `tests/linux/`.
//!
//! Each run draws a fresh seed, and prints the command that repeats it. `cargo xtask conformance`
//! runs more. Where the system does not let a process be traced, the tests say so, and pass.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod differential;

use differential::campaign::{Plan, fresh_seed, repeat, run};
use differential::child::Child;
use differential::compare::{Kind, Prelude, Source, compare};
use differential::generator::Profile;
use differential::guard::{ModelTrouble, guarded};
use differential::kernel::{RealKernel, folder};
use differential::known::known_differences;
use differential::report::Report;
use mmap_playground_core::call::Call;
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// Calls of a profile in each run of the tests.
const CALLS: u64 = 1500;

fn base() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Says something whether or not a test fails: `println` is only shown of tests that do.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The kernel that this runs on; nothing, and the reason on the screen, where it cannot be asked.
fn kernel(name: &str) -> Option<RealKernel> {
    static KERNEL: OnceLock<Option<RealKernel>> = OnceLock::new();
    let find = || match RealKernel::find(&folder(base(), "probe")) {
        Ok(kernel) => {
            let _ = std::fs::remove_dir_all(&kernel.folder);
            for left_out in kernel.left_out() {
                say(&format!("left out: {left_out}"));
            }
            Some(kernel)
        }
        Err(why) => {
            say(&format!("did not run on a real kernel: {why}"));
            None
        }
    };
    let kernel = KERNEL.get_or_init(find).as_ref()?;
    Some(kernel.with_folder(&folder(base(), name)))
}

fn short_campaign(profile: Profile) {
    let Some(kernel) = kernel(profile.name()) else { return };
    let seed = fresh_seed();
    let command = repeat(profile, seed, CALLS);
    say(&format!("on Linux {}: {command}", kernel.release));
    let plan = Plan { profile, seed, calls: CALLS, until: None, differences: 1 };
    let tally = run(&kernel, plan, |_| ());
    let found: Vec<String> = tally.findings.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{command}\n\n{}", found.join("\n\n"));
    assert!(tally.calls >= CALLS, "only {} calls ran", tally.calls);
}

#[test]
fn arguments() {
    short_campaign(Profile::Arguments);
}

#[test]
fn protections() {
    short_campaign(Profile::Protections);
}

#[test]
fn files() {
    short_campaign(Profile::Files);
}

#[test]
fn touching() {
    short_campaign(Profile::Touching);
}

#[test]
fn remapping() {
    short_campaign(Profile::Remapping);
}

#[test]
fn advice() {
    short_campaign(Profile::Advice);
}

#[test]
fn everything() {
    short_campaign(Profile::Everything);
}

#[test]
fn huge() {
    short_campaign(Profile::Huge);
}

#[test]
fn limit() {
    short_campaign(Profile::Limit);
}

/// Each known difference that can be shown is still one; the day it is not, it leaves the list.
#[test]
fn known_differences_still_differ() {
    let Some(kernel) = kernel("known") else { return };
    for known in known_differences().unwrap().iter().filter(|known| known.trace.is_some()) {
        let calls = known.calls();
        assert!(!calls.is_empty(), "{}: no calls", known.what);
        let compared = compare(&kernel, &Prelude::default(), Source::Fixed(calls));
        let difference = compared.difference.unwrap_or_else(|| panic!("gone: {}", known.what));
        say(&format!("{}:\n{}", known.what, difference.what.lines().next().unwrap_or_default()));
    }
    let _ = std::fs::remove_dir_all(&kernel.folder);
}

/// What the page and the docs say of known differences is the list as it is now.
#[test]
fn the_report_lists_the_known_differences() {
    let report: Report = serde_json::from_str(include_str!("../../docs/conformance.json")).unwrap();
    assert_eq!(report.known, known_differences().unwrap());
    assert_eq!(report.markdown(), include_str!("../../docs/conformance.md"));
    assert_eq!(report.profiles.len(), Profile::ALL.len());
    assert_eq!(report.differences, 0);
}

#[test]
fn a_model_that_panics_or_hangs_is_told_in_words() {
    let panics: Result<(), _> = guarded(Duration::from_secs(60), || panic!("a wrong rule"));
    assert_eq!(panics, Err(ModelTrouble::Panicked("a wrong rule".to_owned())));
    let hangs: Result<(), _> = guarded(Duration::from_millis(50), || {
        loop {
            std::thread::park();
        }
    });
    assert_eq!(hangs, Err(ModelTrouble::Hung));
}

#[test]
fn a_child_that_hangs_is_killed_and_told() {
    let Some(kernel) = kernel("hangs") else { return };
    let mut child = Child::start(&kernel.folder, false).unwrap();
    child.watch(Duration::from_millis(50));
    let trouble = child.wait_for_ever().unwrap_err();
    assert_eq!(trouble, "it hung, and was killed");
    let _ = std::fs::remove_dir_all(&kernel.folder);
}

/// A child that is no more is a finding with its trace, not the end of the campaign.
#[test]
fn a_child_that_does_not_start_is_told() {
    let Some(kernel) = kernel("crashes") else { return };
    let calls = vec![Call::Brk { addr: 0 }];
    let kernel = kernel.with_folder(Path::new("/proc/nowhere"));
    let compared = compare(&kernel, &Prelude::default(), Source::Fixed(calls.clone()));
    assert_eq!(compared.calls, calls);
    assert_eq!(compared.difference.map(|difference| difference.kind), Some(Kind::Child));
}
