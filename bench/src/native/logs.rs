//! Reading long logs, each in a process of its own.

use super::measure::Figure;
use super::table::{Goal, Table};
use anyhow::{Context, Result};
use bench::log;
use cpu_time::ThreadTime;
use serde::{Deserialize, Serialize};
use std::process::Command;

/// What a log took.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// Seconds until everything ran.
    seconds: f64,
    /// The same log, only read, in seconds.
    parsing: f64,
    /// Most memory that the process ever had, in MiB; nothing where the system does not tell.
    peak: Option<f64>,
    /// Jumps to random steps, in milliseconds, shortest first.
    jumps: Vec<f64>,
}

/// Makes a log, reads it, jumps about in it.
pub(crate) fn read(lines: usize) -> Reading {
    let text = log::strace(lines, 1);
    let start = ThreadTime::now();
    drop(mmap_playground_core::trace::Script::parse(&text));
    let parsing = start.elapsed().as_secs_f64();
    let start = ThreadTime::now();
    let mut session = log::import(text);
    let seconds = start.elapsed().as_secs_f64();
    let mut random = fastrand::Rng::with_seed(2);
    let mut jumps: Vec<f64> = (0..300)
        .map(|_| {
            let step = random.usize(0..=session.len());
            let start = ThreadTime::now();
            session.go_to(step);
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    jumps.sort_by(f64::total_cmp);
    Reading { seconds, parsing, peak: peak(), jumps }
}

/// Most memory that this process ever had, in MiB (`VmHWM` of proc(5)).
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// Logs of three lengths.
pub(crate) fn table() -> Result<Table> {
    let mut table = Table::new(
        "A long log",
        "An strace log, half of it calls that change the address space: read alone, read and run, \
         the most memory meanwhile (the text included), and 300 jumps to random steps. Natively.",
        "lines",
    );
    let mut seconds = Vec::new();
    for lines in [10_000, 100_000, 1_000_000] {
        let program = std::env::current_exe().context("this program has no path")?;
        let output = Command::new(program).args(["log", &lines.to_string()]).output()?;
        let reading: Reading = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        seconds.push(reading.seconds);
        let jumps = &reading.jumps;
        let mut figures = vec![
            Figure::exact("read, s", reading.parsing),
            Figure::exact("read and run, s", reading.seconds),
            Figure {
                who: "jump, ms (p95 … most)".into(),
                median: jumps[jumps.len() / 2],
                least: jumps[jumps.len() * 95 / 100],
                most: jumps[jumps.len() - 1],
            },
        ];
        figures.extend(reading.peak.map(|peak| Figure::exact("peak, MiB", peak)));
        table.row(&lines.to_string(), figures);
    }
    let growth = seconds[2] / seconds[1] / 10.0;
    table.goal(Goal::most("1,000,000 lines / 10 × 100,000 lines", Some(growth), 1.2));
    table.goal(Goal::most("peak for 1,000,000 lines, MiB", table.median(2, "peak, MiB"), 572.0));
    Ok(table)
}
