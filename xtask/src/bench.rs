//! Measures, and writes the report.

use std::process::ExitCode;

use anyhow::Result;
use xtask::root;

use crate::shell::{cargo, run};
use crate::{page, setup};

/// Builds the page, and the workloads natively and for wasm; measures them in one run, writes the
/// report.
pub(crate) fn bench(rounds: usize) -> Result<ExitCode> {
    setup::take(&setup::for_test()?)?;
    run(&mut page::release_build()?)?;
    let counter = page::counter()?;
    run(&mut cargo("build --quiet --release -p bench --lib --target wasm32-unknown-unknown"))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), Into::into);
    let module = target.join("wasm32-unknown-unknown/release/bench.wasm");
    let report = root().join("docs/performance.md");
    let mut bench = cargo("run --quiet --profile bench-native -p bench --");
    bench.arg("--wasm").arg(module).arg("--report").arg(&report);
    bench.arg("--page").arg(root().join("dist")).arg("--counter").arg(counter);
    run(bench.arg("--rounds").arg(rounds.to_string()))?;
    println!("Written to docs/performance.md.");
    Ok(ExitCode::SUCCESS)
}
