//! Long logs, imported in Chromium.

use super::{NO_LIMIT, import, measured, prepare, spread};
use crate::native::measure::Figure;
use crate::native::table::{Goal, Table};
use anyhow::Result;
use bench::log;
use serde_json::json;
use std::path::Path;

/// Jumps to random steps.
const JUMPS: usize = 60;

/// Logs of three lengths, each in a browser of its own.
pub(super) async fn table(page: &Path) -> Result<Table> {
    let mut table = Table::new(
        "The page: a long log",
        "The strace logs from above, taken as files: from the choice of the file until the session \
         is shown, the memory of the module afterwards, and jumps to random steps until the map \
         shows them.",
        "lines",
    );
    let mut all = Vec::new();
    for lines in [10_000, 100_000, 1_000_000] {
        eprintln!("The page with a log of {lines} lines …");
        let text = log::strace(lines, 1);
        let mut random = fastrand::Rng::with_seed(3);
        let steps: Vec<f64> = (0..JUMPS).map(|_| random.f64()).collect();
        let mut figures = Vec::new();
        let measured = e2e::measure(page, NO_LIMIT, async |page| {
            prepare(page).await?;
            let seconds = import(page, &text).await?;
            figures.push(Figure::exact("import, s", seconds));
            let bytes: f64 = measured(page, "memory", vec![]).await?;
            figures.push(Figure::exact("memory, MiB", bytes / 1_048_576.0));
            let jumps = measured(page, "jumps", vec![json!(steps)]).await?;
            figures.push(spread("jump, ms", jumps));
            Ok(())
        });
        if let Err(error) = measured.await {
            // What cannot be measured is no reason to lose what can.
            eprintln!("{lines} lines in Chromium: {error:#}");
        }
        all.push(figures.clone());
        table.row(&lines.to_string(), figures);
    }
    let at = |row: usize, column: usize| all.get(row)?.get(column);
    let seconds = |row| at(row, 0).map(|figure| figure.median);
    let growth = seconds(2).zip(seconds(1)).map(|(long, short)| long / short / 10.0);
    table.goal(Goal::most("import of 1,000,000 lines, s", seconds(2), 5.0));
    table.goal(Goal::most("1,000,000 lines / 10 × 100,000 lines", growth, 1.2));
    let memory = at(2, 1).map(|figure| figure.median);
    table.goal(Goal::most("memory for 1,000,000 lines, MiB", memory, 572.0));
    let jump = at(2, 2).map(|figure| figure.least);
    table.goal(Goal::most("jump in 1,000,000 lines, p95, ms", jump, 50.0));
    table.bounded_by(
        "Natively the same jump takes 11 ms or less, as the table of long logs says. In the page \
         Chromium's profiler gives a fifth of the time in the module to running steps again from the \
         nearest state that is kept, and three quarters to yew, most of it for rows that all show \
         something else, eighty lines of the console above all; styles and layout take a third as \
         long again.",
    );
    Ok(table)
}
