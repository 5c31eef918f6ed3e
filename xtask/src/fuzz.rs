//! Runs every fuzz target in turn, and records how many inputs were tried.
//!
//! What it finds it leaves in `fuzz/crashes/`, where a test on the stable compiler takes it up.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::json;
use xtask::root;

use crate::record::{self, RECORD};
use crate::setup;
use crate::shell::{cargo, command, output, run};

/// How often each target gets its turn.
const ROUNDS: u64 = 3;
/// Seconds after which one input counts as hanging: each takes milliseconds.
const HANGS: u64 = 10;

/// A fuzz target, as the crate `hostile` describes it.
struct Target {
    name: String,
    longest: String,
    seeds: Vec<String>,
}

/// How a target's inputs are made.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// By libFuzzer, by what they reach.
    Guided,
    /// By changing the corpus at random, several times as many.
    Random,
}

/// Runs all targets, or the one that is named, so many minutes in all.
pub(crate) fn fuzz(minutes: u64, only: Option<&str>, random: bool) -> Result<ExitCode> {
    let way = if random { Way::Random } else { Way::Guided };
    if way == Way::Guided {
        setup::take(&setup::for_fuzz()?)?;
        println!(
            "Building the fuzz targets with the nightly compiler, some minutes the first time …"
        );
        run(cargo_fuzz("build")?.args(["--sanitizer", "none"]))?;
    }
    let mut targets = targets()?;
    targets.retain(|target| only.is_none_or(|only| only == target.name));
    if targets.is_empty() {
        bail!("there is no such target");
    }
    let seconds = (minutes * 60 / ROUNDS / targets.len() as u64).max(1);
    let mut found = Vec::new();
    for round in 1..=ROUNDS {
        for target in &targets {
            let (executions, ended_well) = match way {
                Way::Guided => target.run_for(seconds)?,
                Way::Random => target.storm_for(seconds)?,
            };
            add(&target.name, way, executions)?;
            let verdict = if ended_well { "nothing found" } else { "FOUND SOMETHING" };
            println!("[fuzz] round {round}, {}: {executions} inputs, {verdict}", target.name);
            if !ended_well && !found.contains(&target.name) {
                found.push(target.name.clone());
            }
        }
    }
    println!("The executions are added up in {RECORD}.");
    if found.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("Found something: {}.", found.join(", "));
    println!("The inputs are in fuzz/crashes/, what was said of them in target/fuzz/TARGET.log.");
    println!("`cargo run -p hostile --example replay -- TARGET FILE` runs one again.");
    Ok(ExitCode::FAILURE)
}

/// A command of cargo-fuzz. There is no `unsafe` here that a sanitizer could watch: without one it
/// is twice as fast.
fn cargo_fuzz(subcommand: &str) -> Result<Command> {
    let mut fuzz = command(setup::cargo_fuzz_path()?);
    fuzz.args(["fuzz", subcommand, "--fuzz-dir", "fuzz"]);
    fuzz.env("RUSTUP_TOOLCHAIN", "nightly").env("CARGO_TARGET_DIR", folder()).env_remove("CARGO");
    Ok(fuzz)
}

fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), Into::into);
    target.join("fuzz")
}

fn targets() -> Result<Vec<Target>> {
    let list = output(&mut cargo("run --quiet -p hostile --example list"));
    let list = list.context("the list of targets could not be had")?;
    let target = |line: &str| {
        let mut words = line.split_whitespace().map(str::to_owned);
        Some(Target { name: words.next()?, longest: words.next()?, seeds: words.collect() })
    };
    Ok(list.lines().filter_map(target).collect())
}

impl Target {
    /// Runs it; gives how many inputs it tried, and whether none of them found a fault.
    fn run_for(&self, seconds: u64) -> Result<(u64, bool)> {
        let found_so_far = folder().join("corpus").join(&self.name);
        let crashes = root().join("fuzz/crashes").join(&self.name);
        fs::create_dir_all(&found_so_far)?;
        fs::create_dir_all(&crashes)?;
        let log = folder().join(format!("{}.log", self.name));
        let mut fuzz = cargo_fuzz("run")?;
        fuzz.args(["--sanitizer", "none", &self.name]).arg(found_so_far);
        let kept = ["corpus", "crashes"].map(|kind| format!("fuzz/{kind}/{}", self.name));
        let folders = kept.iter().chain(&self.seeds).map(|folder| root().join(folder));
        fuzz.args(folders.filter(|folder| folder.is_dir()));
        fuzz.arg("--").args([
            "-dict=fuzz/words.dict".to_owned(),
            format!("-max_len={}", self.longest),
            format!("-max_total_time={seconds}"),
            format!("-timeout={HANGS}"),
            format!("-artifact_prefix={}/", crashes.display()),
            "-print_final_stats=1".to_owned(),
        ]);
        fuzz.stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
        let status = fuzz.status().context("could not start cargo-fuzz")?;
        // It is empty unless something was found.
        let _ = fs::remove_dir(&crashes);
        Ok((executions(&log)?, status.success()))
    }
}

impl Target {
    /// As [`Target::run_for`], with inputs changed at random.
    fn storm_for(&self, seconds: u64) -> Result<(u64, bool)> {
        let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros().to_string();
        let mut storm = cargo("run --quiet --profile conformance -p hostile --example storm --");
        storm.args([&self.name, &seconds.to_string(), &seed]);
        storm.arg(folder().join("corpus").join(&self.name));
        storm.arg(format!("fuzz/corpus/{}", self.name)).args(&self.seeds);
        // What a panic says goes where ours goes.
        let output = storm.stderr(Stdio::inherit()).output();
        let output = output.context("could not start the storm")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let tried = text.lines().find_map(|line| line.strip_prefix("tried ")?.parse().ok());
        let tried = tried.with_context(|| format!("it did not run: {text}"))?;
        Ok((tried, output.status.success()))
    }
}

/// What libFuzzer says at its end.
fn executions(log: &Path) -> Result<u64> {
    let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    let count = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok());
    count.with_context(|| format!("it did not run: see {}", log.display()))
}

/// Adds executions to what is recorded.
fn add(target: &str, way: Way, executions: u64) -> Result<()> {
    let name = if way == Way::Guided { "executions" } else { "random" };
    record::change(|record| {
        let count = &mut record["fuzzing"][target][name];
        *count = json!(count.as_u64().unwrap_or(0) + executions);
    })
}
