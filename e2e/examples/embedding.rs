//! Measures what a figure weighs and how long it takes, and writes `docs/embedding.md`.
//!
//! `cargo xtask build`, then `cargo run -p e2e --example embedding`. Each time is the middle one of
//! several, each in a browser of its own with an empty cache.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use e2e::{Context, Page, Result, Viewport, with_page};
use serde_json::Value;

/// How often each time is taken.
const RUNS: usize = 5;
const TRACE: &str =
    "p = mmap(NULL, 4*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
mprotect(p, PAGE_SIZE, PROT_READ)
store(p, 1)";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut text = String::from(
        "# What a figure weighs\n\nWritten by `cargo run -p e2e --example embedding`, in one run, in \
         headless Chromium with the files on the same machine: the times are those of starting, not \
         of a network.\n\n",
    );
    weights(&mut text)?;
    let (mut clicks, mut pages) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        with_page("click", Viewport::DESKTOP, async |page| {
            clicks.push(click(page).await?);
            Ok(())
        })
        .await?;
        with_page("page", Viewport::DESKTOP, async |page| {
            let started = "return performance.getEntriesByType('resource')
                .find(it => it.name.endsWith('_bg.wasm')).responseEnd;";
            pages.push(page.eval(started, vec![]).await?.as_f64().unwrap_or_default());
            Ok(())
        })
        .await?;
    }
    writeln!(text, "\n| time | ms |\n| --- | --- |")?;
    writeln!(
        text,
        "| click on “Run it here” to a figure that can be worked, nothing loaded before | {:.0} |",
        middle(&mut clicks)
    )?;
    writeln!(
        text,
        "| the bare page: address to the module being there | {:.0} |",
        middle(&mut pages)
    )?;

    writeln!(text, "\n| memory | wasm, MiB | JavaScript, MiB |\n| --- | --- | --- |")?;
    for count in [0, 1, 20] {
        with_page("memory", Viewport::DESKTOP, async |page| {
            let [wasm, script] = memory(page, count).await?;
            let plural = if count == 1 { "" } else { "s" };
            Ok(writeln!(text, "| a page with {count} figure{plural} | {wasm:.1} | {script:.1} |")?)
        })
        .await?;
    }
    let file = xtask::root().join("docs/embedding.md");
    fs::write(&file, text).with_context(|| format!("could not write {}", file.display()))?;
    println!("{}", file.display());
    Ok(())
}

/// Bytes of each file that a figure fetches, as they are and as a server sends them.
fn weights(text: &mut String) -> Result<()> {
    const SIZES: &str = "const fs = require('fs'), zlib = require('zlib');
        const kinds = [/^mmap-playground\\.js$/, /^index\\.html$/, /^mmap-playground-.*\\.js$/,
            /_bg\\.wasm$/, /^style-.*\\.css$/, /^figure-.*\\.css$/];
        const names = fs.readdirSync('.');
        console.log(JSON.stringify(kinds.map(kind => {
            const bytes = fs.readFileSync(names.find(name => kind.test(name)));
            return [bytes.length, zlib.brotliCompressSync(bytes).length];
        })));";
    const WHAT: [&str; 6] = [
        "the element, at once",
        "the list of names, when a figure is near",
        "the glue",
        "the wasm",
        "style sheet of the panels",
        "style sheet of figures",
    ];
    let dist = std::env::var_os("DIST_DIR").map_or(xtask::root().join("dist"), Into::into);
    let output = Command::new("node").args(["-e", SIZES]).current_dir(dist).output()?;
    let sizes: Vec<[u64; 2]> = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    writeln!(text, "| file | bytes | brotli |\n| --- | --- | --- |")?;
    for (what, [plain, brotli]) in WHAT.iter().zip(&sizes) {
        writeln!(text, "| {what} | {plain} | {brotli} |")?;
    }
    let sum = |index: usize| sizes.iter().map(|size| size[index]).sum::<u64>();
    writeln!(text, "| all, once a page | {} | {} |", sum(0), sum(1))?;
    writeln!(text, "\nThe bare page fetches the same, without the first.")?;
    Ok(())
}

/// A host page with so many figures.
fn host(page: &Page, count: usize, attributes: &str) -> String {
    let figure = format!("<mmap-playground {attributes}><pre>{TRACE}</pre></mmap-playground>");
    format!(
        "<!DOCTYPE html><title>A host</title><link rel=icon href='data:,'>\
         <script type=module src='{}mmap-playground.js'></script>{}",
        page.shared_url().replace("127.0.0.1", "localhost"),
        figure.repeat(count)
    )
}

/// Milliseconds from the click to the first frame of the screen with the figure on it. The files come
/// from another host than the page opened before, so that none is in the cache.
async fn click(page: &Page) -> Result<f64> {
    const CLICK: &str = "const done = arguments[0], it = document.querySelector('mmap-playground');
        customElements.whenDefined('mmap-playground').then(() => {
            const start = performance.now();
            it.addEventListener('mmap-ready', () => requestAnimationFrame(() => setTimeout(
                () => done(performance.now() - start))));
            it.shadowRoot.querySelector('button').click();
        });";
    page.open_host(&host(page, 1, "loading=click")).await?;
    let time = page.client().execute_async(CLICK, vec![]).await?;
    time.as_f64().with_context(|| format!("no time: {time}"))
}

/// MiB of the wasm's memory and of JavaScript's heap, once all figures are live.
async fn memory(page: &Page, count: usize) -> Result<[f64; 2]> {
    const MEMORY: &str = "const done = arguments[0], all = [...document.querySelectorAll('mmap-playground')];
        Promise.all(all.map(it => it.start()))
            .then(() => new Promise(resolve => setTimeout(resolve, 500)))
            .then(async () => done([
                all.length ? (await (await import(document.scripts[0].src)).load()).memory.buffer.byteLength : 0,
                performance.memory.usedJSHeapSize]), error => done(String(error)));";
    page.open_host(&host(page, count, "")).await?;
    let found: Value = page.client().execute_async(MEMORY, vec![]).await?;
    let bytes = |index: usize| found[index].as_f64().with_context(|| format!("no sizes: {found}"));
    Ok([bytes(0)? / 1_048_576.0, bytes(1)? / 1_048_576.0])
}

fn middle(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
