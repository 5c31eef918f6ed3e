//! The page in headless Chromium: what it weighs, when it is there, how long a frame takes.

mod logs;
mod motion;
mod start;

use super::measure::Figure;
use super::table::Table;
use anyhow::{Context, Result, bail};
use e2e::{Page, id};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The pages to measure, built for release.
#[derive(clap::Args)]
pub(crate) struct Pages {
    /// The folder of the playground, built for release.
    #[arg(long, requires = "counter")]
    page: Option<PathBuf>,
    /// The folder of the bare counter, built the same way.
    #[arg(long)]
    counter: Option<PathBuf>,
}

/// Frames as fast as they can be made, so that a frame's time is its cost, not the screen's.
const NO_LIMIT: &[&str] = &["--disable-frame-rate-limit", "--disable-gpu-vsync"];

/// All that is measured of the page, a table after the other.
pub(crate) fn tables(pages: &Pages, wasm: Option<&Path>, times: usize) -> Result<Vec<Table>> {
    let (Some(page), Some(counter)) = (&pages.page, &pages.counter) else { return Ok(Vec::new()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut tables = vec![start::weight(page, counter)?, start::start(page, counter).await?];
        let mut there = BTreeMap::new();
        e2e::measure(page, NO_LIMIT, async |page| {
            prepare(page).await?;
            tables.extend(motion::tables(page).await?);
            if let Some(wasm) = wasm {
                there = workloads(page, wasm, times).await?;
            }
            Ok(())
        })
        .await?;
        tables.push(super::wasm::table("WebAssembly in Chromium", there, times));
        tables.push(logs::table(page).await?);
        Ok(tables)
    })
}

/// Opens the page with what measures inside.
async fn prepare(page: &Page) -> Result<()> {
    let script = [include_str!("../../../workloads.js"), include_str!("inside.js")].join("\n");
    page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await?;
    page.open("").await
}

/// Calls one of the functions that measure inside and waits for what it gives.
async fn measured<T: DeserializeOwned>(page: &Page, what: &str, given: Vec<Value>) -> Result<T> {
    const BEGIN: &str = "const [what, given] = arguments;
        window.outcome = undefined;
        Promise.resolve(measure[what](...given))
            .then(it => window.outcome = [it], error => window.outcome = String(error));";
    page.eval(BEGIN, vec![json!(what), Value::Array(given)]).await?;
    wait(what, Duration::from_secs(300), async || {
        Ok(!page.eval("return window.outcome;", vec![]).await?.is_null())
    })
    .await?;
    match page.eval("return window.outcome;", vec![]).await? {
        Value::Array(mut one) => {
            let value = one.pop().unwrap_or_default();
            serde_json::from_value(value).with_context(|| format!("{what} gave no figures"))
        }
        wrong => bail!("{what}: {wrong}"),
    }
}

/// Waits for what may take long.
async fn wait(what: &str, most: Duration, holds: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !holds().await? {
        if start.elapsed() > most {
            bail!("waited {} s in vain for {what}", most.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Has a text imported from a file and shown; gives the seconds of both together.
async fn import(page: &Page, text: &str) -> Result<f64> {
    let file = std::env::temp_dir().join(format!("mmap-playground-{}.trace", std::process::id()));
    std::fs::write(&file, text)?;
    page.click(&id("import-open")).await?;
    let field = page.find(&id("import-file")).await?;
    let start = Instant::now();
    field.send_keys(&file.to_string_lossy()).await?;
    let there = async |what: String| Ok(page.count(&what).await? > 0);
    wait("the import", Duration::from_secs(600), async || {
        there(format!("{}:enabled", id("import-accept"))).await
    })
    .await?;
    page.click(&id("import-accept")).await?;
    wait("the session", Duration::from_secs(60), async || Ok(!there(id("import-dialog")).await?))
        .await?;
    let seconds = start.elapsed().as_secs_f64();
    std::fs::remove_file(file)?;
    Ok(seconds)
}

/// The library's workloads in this browser.
async fn workloads(page: &Page, wasm: &Path, times: usize) -> Result<BTreeMap<String, Vec<f64>>> {
    let folder = e2e::pages_folder();
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(wasm, folder.join("bench.wasm"))?;
    measured(page, "workloads", vec![json!("/pages/bench.wasm"), json!(times)]).await
}

/// Median, 95th percentile and most, in the columns of a table.
fn spread(who: &str, mut times: Vec<f64>) -> Figure {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len() - 1));
    let of = |share| at(share).copied().unwrap_or(f64::NAN);
    Figure { who: format!("{who} (p95 … most)"), median: of(50), least: of(95), most: of(100) }
}
