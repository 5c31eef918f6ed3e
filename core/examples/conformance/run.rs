//! The command line of the conformance harness.

use crate::differential::bless::{Blessed, bless, unrecorded};
use crate::differential::campaign::{self, Finding, Plan, Tally, fresh_seed, repeat};
use crate::differential::generator::Profile;
use crate::differential::kernel::{RealKernel, folder};
use crate::differential::report::{ProfileFigures, Report};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Runs random calls in the model and on the real kernel, and compares results, mappings,
/// resident pages, shared frames and bytes.
#[derive(Parser)]
#[command(name = "cargo xtask conformance", bin_name = "cargo xtask conformance")]
struct Arguments {
    /// The first seed; every further run takes the next one. Without it a fresh one is drawn.
    #[arg(long)]
    seed: Option<u64>,
    /// At least so many calls in each profile.
    #[arg(long, default_value_t = 20_000)]
    calls: u64,
    /// What the calls are about; may be given more than once. Without it, all profiles.
    #[arg(long, value_parser = PossibleValuesParser::new(Profile::ALL.map(Profile::name)))]
    profile: Vec<String>,
    /// Ends after so many minutes, whatever is left to do.
    #[arg(long)]
    minutes: Option<f64>,
    /// Ends a profile after so many differences.
    #[arg(long, default_value_t = 5)]
    differences: usize,
    /// Writes docs/conformance.md and docs/conformance.json when it is done: of each profile the
    /// last run on this machine.
    #[arg(long)]
    report: bool,
    /// Records outcomes into core/tests/linux: of these traces (paths, or names there), or of
    /// all traces there that have none yet.
    #[arg(long, num_args = 0.., value_name = "TRACE")]
    bless: Option<Vec<String>>,
}

/// Runs what the command line asks for.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let kernel = match RealKernel::find(&folder(&base(), "main")) {
        Ok(kernel) => kernel,
        Err(why) => {
            println!("did not run: {why}");
            // Without a kernel there is nothing to compare; but nothing was recorded either.
            return ExitCode::from(u8::from(arguments.bless.is_some()));
        }
    };
    let frames = if kernel.frames_known { "with" } else { "without" };
    println!("on Linux {}, {frames} frame numbers", kernel.release);
    for left_out in kernel.left_out() {
        println!("left out: {left_out}");
    }
    let good = match &arguments.bless {
        Some(traces) => bless_all(&kernel, traces),
        None => campaigns(&kernel, &arguments),
    };
    let _ = std::fs::remove_dir_all(&kernel.folder);
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn bless_all(kernel: &RealKernel, traces: &[String]) -> bool {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/linux");
    let mut traces = traces.to_vec();
    if traces.is_empty() {
        match unrecorded(&fixtures) {
            Ok(paths) => traces.extend(paths.iter().map(|path| path.display().to_string())),
            Err(trouble) => println!("{trouble}"),
        }
        println!("{} traces have no outcome yet", traces.len());
    }
    let mut good = true;
    for trace in &traces {
        match bless(kernel, trace, &fixtures) {
            Ok(Blessed::New) => println!("{trace}: recorded"),
            Ok(Blessed::Changed) => println!("{trace}: recorded, and another outcome than before"),
            Ok(Blessed::Same) => println!("{trace}: the same outcome as before"),
            Err(trouble) => {
                println!("{trace}: not recorded: {trouble}");
                good = false;
            }
        }
    }
    good
}

fn campaigns(kernel: &RealKernel, arguments: &Arguments) -> bool {
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    let until = arguments
        .minutes
        .map(|minutes| Instant::now() + Duration::from_secs_f64(minutes.clamp(0.0, 1e6) * 60.0));
    let chosen = Profile::ALL.into_iter().filter(|profile| {
        arguments.profile.is_empty() || arguments.profile.iter().any(|name| name == profile.name())
    });
    let kept = base().join("conformance-figures");
    let mut total = 0;
    for profile in chosen {
        println!("{}", repeat(profile, seed, arguments.calls));
        let plan = Plan {
            profile,
            seed,
            calls: arguments.calls,
            until,
            differences: arguments.differences,
        };
        let begin = Instant::now();
        let tally = campaign::run(kernel, plan, |finding: &Finding| println!("\n{finding}"));
        let Tally { runs, calls, seen_once, findings } = &tally;
        println!(
            "{}: {calls} calls in {runs} runs, {} differences, {:.0} s",
            profile.name(),
            findings.len(),
            begin.elapsed().as_secs_f64()
        );
        if *seen_once > 0 {
            println!(
                "{seen_once} differences did not show again when the same calls ran once more"
            );
        }
        if *calls == 0 {
            continue; // `--calls 0`: a report of what was run before.
        }
        if let Err(trouble) = ProfileFigures::of(profile, seed, &tally).keep(&kept) {
            println!("not kept for a report: {trouble}");
        }
        total += findings.len();
    }
    println!("{total} differences");
    let core = Path::new(env!("CARGO_MANIFEST_DIR"));
    let written = !arguments.report
        || match Report::gather(kernel, &kept, &core.join("tests"))
            .and_then(|report| report.write(&core.join("../docs")))
        {
            Ok(()) => true,
            Err(trouble) => {
                println!("no report: {trouble}");
                false
            }
        };
    total == 0 && written
}

/// Where the children's files go: beside this program, on the disk of the sources.
fn base() -> PathBuf {
    let own = std::env::current_exe().ok();
    own.and_then(|path| Some(path.parent()?.to_owned())).unwrap_or_else(std::env::temp_dir)
}
