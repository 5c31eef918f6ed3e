//! Many runs of random calls of one profile, each in a fresh child.

use super::compare::{Compared, Kind, Prelude, Source, as_trace, compare, shrink};
use super::generator::{Generator, Profile, Random};
use super::kernel::RealKernel;
use mmap_playground_core::call::Call;
use mmap_playground_core::trace::print_call;
use std::sync::Arc;
use std::time::Instant;

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What the calls are about.
    pub profile: Profile,
    /// The first seed; each further run takes the next one.
    pub seed: u64,
    /// At least so many calls.
    pub calls: u64,
    /// No further run begins after this moment.
    pub until: Option<Instant>,
    /// Ends after so many differences.
    pub differences: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Runs, each in a child of its own.
    pub runs: u64,
    /// Calls that were compared.
    pub calls: u64,
    /// Differences that did not show again when the same calls ran once more: what the kernel did in
    /// the background (`khugepaged` gathers pages every ten seconds).
    pub seen_once: u64,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// A difference, shrunk.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What the calls were about.
    pub profile: Profile,
    /// The run's seed.
    pub seed: u64,
    /// The machine, as a line of a trace.
    pub machine: String,
    /// What was there before.
    pub prelude: Prelude,
    /// The shortest trace that shows it.
    pub calls: Vec<Call>,
    /// What differs after its last call.
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(out, "# {}, seed {}: pages: yes", self.profile.name(), self.seed)?;
        if let [first, second, .., last] = &self.prelude[..] {
            let [first, second, last] = [first, second, last].map(print_call);
            let count = self.prelude.len();
            writeln!(out, "# before it, {count} calls: {first}; {second} … {last}")?;
        }
        write!(out, "{}{}", self.machine, as_trace(&self.calls))?;
        for line in self.what.lines() {
            writeln!(out, "# {line}")?;
        }
        Ok(())
    }
}

/// The calls that repeat a run, as options of `cargo xtask conformance`.
pub fn repeat(profile: Profile, seed: u64, calls: u64) -> String {
    format!("cargo xtask conformance --profile {} --seed {seed} --calls {calls}", profile.name())
}

/// Runs a plan. `tell` hears of each difference as it is found.
pub fn run(kernel: &RealKernel, plan: Plan, mut tell: impl FnMut(&Finding)) -> Tally {
    let mut tally = Tally::default();
    let mut seed = plan.seed;
    while tally.calls < plan.calls
        && plan.until.is_none_or(|until| Instant::now() < until)
        && tally.findings.len() < plan.differences
    {
        let mut generator = Generator::new(plan.profile, seed, kernel.disk);
        let prelude = Arc::new(generator.prelude(&kernel.start));
        let source =
            Source::Random(Box::new(generator), run_length(plan.profile, seed, plan.calls));
        // Every fourth run is on a machine with protection keys.
        let kernel = kernel.with_keys(kernel.keys && seed % 4 == 3);
        let Compared { calls, difference } = compare(&kernel, &prelude, source);
        tally.runs += 1;
        tally.calls += calls.len() as u64;
        if let Some(difference) = difference {
            let again = || compare(&kernel, &prelude, Source::Fixed(calls.clone())).difference;
            if difference.kind == Kind::State && again().is_none() {
                tally.seen_once += 1;
                seed = seed.wrapping_add(1);
                continue;
            }
            let (calls, difference) = shrink(&kernel, &prelude, calls, difference);
            let (what, machine) = (difference.what, kernel.start.kernel.machine.directive());
            let finding = Finding { profile: plan.profile, seed, machine, prelude, calls, what };
            tell(&finding);
            tally.findings.push(finding);
        }
        seed = seed.wrapping_add(1);
    }
    let _ = std::fs::remove_dir_all(&kernel.folder);
    tally
}

/// How many calls the run of a seed has: most differences need few, some need what many left.
fn run_length(profile: Profile, seed: u64, most: u64) -> usize {
    let calls = 30 + Random::new(!seed).below(90) as usize;
    // A prelude is worth many calls.
    if profile == Profile::Limit { (100 * calls).min(most as usize) } else { calls }
}

/// A seed that was not there before.
pub fn fresh_seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanoseconds = since.map_or(0, |since| since.as_nanos() as u64);
    // Few digits, so that it is easily typed.
    Random::new(nanoseconds ^ u64::from(std::process::id()) << 40).below(1 << 40)
}
