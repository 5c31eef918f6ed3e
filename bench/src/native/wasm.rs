//! The model in WebAssembly, beside the model natively.

use super::measure::{Contender, Figure, rounds};
use super::table::{Goal, Table};
use anyhow::{Context, Result, ensure};
use bench::{calls, heap, model::Model};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The same lists in an engine, whose figures are given, and here.
pub(crate) fn table(title: &str, mut there: BTreeMap<String, Vec<f64>>, times: usize) -> Table {
    let mut table = Table::new(
        title,
        "The same lists; the module is built as the page's is, but not gone over by `wasm-opt`.",
        "ns a call",
    );
    let mut row = |name: &str, natively: Vec<Figure>| {
        let mut figures = natively;
        figures.extend(there.remove(name).map(|spent| Figure::of("wasm", spent)));
        table.row(name, figures);
    };
    const CALLS: usize = 4_000;
    for size in [100, 1_000, 10_000, 65_000] {
        let list = calls::list(size, CALLS, 1);
        let mut model = Model::with(&calls::slots(size));
        let mut model = [Contender::new("native", |timer| timer.time(|| model.run(&list)))];
        row(&format!("{size} VMAs"), rounds(&mut model, times, CALLS as f64));
    }
    let list = heap::list(5_000, 500, 1);
    let mut model = [Contender::new("native", |timer| {
        timer.time(|| heap::in_the_model(&list));
    })];
    row("liballoc, at most 500 blocks", rounds(&mut model, times, 5_000.0));
    for index in 0..5 {
        let what = format!("wasm / native, {}", table.name(index));
        table.goal(Goal::most(&what, table.ratio(index, "wasm", "native"), 2.5));
    }
    table
}

/// Nanoseconds a call in Node, of each round, by workload.
pub(crate) fn in_node(module: &Path, times: usize) -> Result<BTreeMap<String, Vec<f64>>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("wasm.mjs");
    let mut node = Command::new("node");
    let node = node.arg(script).arg(module).arg(times.to_string());
    let output = node.output().context("could not start node")?;
    ensure!(output.status.success(), "node: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}
