//! What the page weighs, and when it can be used, beside the least page that Yew makes.

use super::prepare;
use crate::native::measure::Figure;
use crate::native::table::{Goal, Table};
use anyhow::{Result, ensure};
use std::path::Path;
use std::process::Command;

/// How often each page is opened.
const TIMES: usize = 15;

/// Bytes over the wire.
pub(super) fn weight(page: &Path, counter: &Path) -> Result<Table> {
    let mut table = Table::new(
        "The page: its weight",
        "All files of the page but the guide, as brotli makes them, and those of a button that \
         counts its clicks, built the same way.",
        "kB",
    );
    let mut all = Vec::new();
    for (who, folder) in [("playground", page), ("bare counter", counter)] {
        let bytes = weigh(folder)?;
        all.push(Figure::exact(who, bytes / 1000.0));
    }
    let (ours, bare) = (all[0].median, all[1].median);
    table.row("over the wire", all);
    table.goal(Goal::most("playground, kB", Some(ours), 250.0));
    table.goal(Goal::most("playground / bare counter", Some(ours / bare), 5.0));
    table.bounded_by(WEIGHT_BOUND);
    Ok(table)
}

const WEIGHT_BOUND: &str = "95 % of it is the module. Of its 2.1 MB of code before `wasm-opt`, by the \
    names of the functions: 24 % the model with its readers of traces and logs, built for speed; 20 % \
    yew, 17 % the page's own, 20 % the standard library, 9 % the trees of `imbl`, which share memory \
    between moments, 2 % `serde_json`. 0.25 MB more are data, texts above all.";

/// The bytes of a folder's files, each compressed by itself.
fn weigh(folder: &Path) -> Result<f64> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("weigh.mjs");
    let output = Command::new("node").arg(script).arg(folder).output()?;
    ensure!(output.status.success(), "node: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let total = text.lines().last().unwrap_or_default();
    Ok(total.split_whitespace().next().unwrap_or_default().parse()?)
}

/// From the request until something that was clicked has changed.
pub(super) async fn start(page: &Path, counter: &Path) -> Result<Table> {
    let mut table = Table::new(
        "The page: its start",
        "From the request for the page, on this machine, until a click on a button has changed \
         what is shown; the browser is warm and has the files.",
        "ms",
    );
    let ours = started(page).await?;
    let bare = started(counter).await?;
    let figures = vec![Figure::of("playground", ours), Figure::of("bare counter", bare)];
    let ratio = figures[0].median / figures[1].median;
    table.row("start to first interaction", figures);
    table.goal(Goal::most("playground / bare counter", Some(ratio), 1.6));
    table.bounded_by(
        "Of the difference, times taken in the page give a third to the module (fetched, compiled, \
         instantiated), a fifth to the first rendering, and half to the click: it changes the \
         colours, so that all elements get their styles anew and all is painted.",
    );
    Ok(table)
}

async fn started(folder: &Path) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    e2e::measure(folder, &[], async |page| {
        prepare(page).await?;
        page.eval("sessionStorage.setItem('measure start', 'yes');", vec![]).await?;
        for round in 0..=TIMES {
            page.open("").await?;
            let time = page.client().execute_async(
                "const done = arguments[0]; window.started.then(done, error => done(String(error)));",
                vec![],
            );
            let time = time.await?;
            ensure!(time.is_number(), "the start: {time}");
            // The first has no compiled code kept from before.
            if round > 0 {
                times.extend(time.as_f64());
            }
        }
        Ok(())
    })
    .await?;
    Ok(times)
}
