//! Gives a target inputs changed at random for so many seconds: `storm TARGET SECONDS SEED FOLDER…`.
//!
//! It does not look at what an input reaches, as libFuzzer does, and so tries several times as many.
//! The inputs that are changed are those of the folders. One that finds a fault is written to
//! `fuzz/crashes/TARGET/`. The last line says how many were tried.

use hostile::{Mutator, TARGETS};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [name, seconds, seed, folders @ ..] = &arguments[..] else {
        eprintln!("storm TARGET SECONDS SEED FOLDER...");
        return ExitCode::FAILURE;
    };
    let target = TARGETS.iter().find(|target| target.name == *name);
    let (Some(target), Ok(seconds), Ok(seed)) = (target, seconds.parse(), seed.parse()) else {
        eprintln!("no such target, or no numbers: {arguments:?}");
        return ExitCode::FAILURE;
    };
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let inputs: Vec<Vec<u8>> = files.filter_map(|file| fs::read(file.path()).ok()).collect();
    println!("{name}: {} inputs to change, seed {seed}", inputs.len());
    let mut mutator = Mutator::new(seed);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut tried, mut found) = (0_u64, 0);
    while found < 10 && Instant::now() < until {
        let input = mutator.input(&inputs, target.longest);
        tried += 1;
        if catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err() {
            found += 1;
            let folder = Path::new("fuzz/crashes").join(name);
            let file = folder.join(format!("storm-{seed}-{tried}"));
            let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, &input));
            println!("found a fault: {} {kept:?}", file.display());
        }
    }
    println!("tried {tried}");
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
