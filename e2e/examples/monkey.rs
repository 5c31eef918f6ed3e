//! Plays with the page at random, and says whether it held.
//!
//! `cargo xtask build`, then `cargo run -p e2e --example monkey -- MINUTES [SEED]`; `E2E_BROWSER`
//! chooses the browser. Clicks, double clicks, drags, wheels, zooms, keys, lines, pastes, sizes of the
//! window and reloads, all from one seed. After every round the page is loaded again, and what it shows
//! then and the whole state as it saves it, having run all lines again, must be what they were before.
//! It fails at the first error in the console, when the page has failed, or when its elements or the
//! module's memory grow without end. What held is added up in `docs/reliability.json`.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use e2e::{Context, Key, Page, Result, Viewport, id, with_page_for};
use fastrand::Rng;
use serde_json::{Value, json};

/// Acts between two looks at whether the page is well.
const ROUND: u32 = 60;
/// Elements that the page may have.
const MOST_ELEMENTS: u64 = 12_000;
/// Bytes that the page's scripts may hold, where the browser tells (Chromium).
const MOST_SCRIPT_BYTES: u64 = 200 << 20;
/// Bytes that the module's memory may have.
const MOST_MODULE_BYTES: u64 = 256 << 20;

const SIZES: [(u32, u32, bool); 4] =
    [(1440, 900, false), (1024, 768, false), (390, 844, true), (700, 500, false)];

const LINES: [&str; 28] = [
    "p = mmap(NULL, 8*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
    "q = mmap(NULL, 4096, PROT_NONE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)",
    "mprotect(p, PAGE_SIZE, PROT_READ)",
    "mprotect(p + PAGE_SIZE, 2*PAGE_SIZE, PROT_NONE)",
    "munmap(p + 3*PAGE_SIZE, PAGE_SIZE)",
    "store(p, 1)",
    "load(p + PAGE_SIZE)",
    "fetch(p)",
    "memset(p, 0x41, 5000)",
    "a = malloc(100)",
    "b = malloc(70000)",
    "c = calloc(10, 30)",
    "a = realloc(a, 5000)",
    "free(a)",
    "free(b)",
    "free(b)",
    "store(a - 20, 0x4141)",
    "f = open(\"hello.txt\", O_RDWR)",
    "m = mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, f, 0)",
    "ftruncate(f, 0)",
    "mremap(p, PAGE_SIZE, 4*PAGE_SIZE, MREMAP_MAYMOVE)",
    "madvise(p, 2*PAGE_SIZE, MADV_DONTNEED)",
    "brk(0)",
    "munmap(1, 1)",
    "mmap(NULL, -1, PROT_READ, MAP_PRIVATE, 99, 7)",
    "mmap(oops",
    "\u{202e}<img src=x onerror=alert(1)>",
    "18446744073709551615 + 1",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let minutes: u64 = arguments.next().context("for how many minutes?")?.parse()?;
    let seed: u64 = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let until = Instant::now() + Duration::from_secs(60 * minutes);
    let timeout = Duration::from_secs(60 * minutes + 300);
    with_page_for("monkey", Viewport::DESKTOP, timeout, async |page| {
        const MEMORY: &str = "addEventListener('TrunkApplicationStarted', started => {
            window.moduleMemory = started.detail.wasm.memory;
        });";
        page.run_before_page(MEMORY).await?;
        page.reload().await?;
        let random = Rng::with_seed(seed);
        let mut monkey = Monkey { page, random, acts: 0, refused: 0, most: 0, most_bytes: 0 };
        let mut rounds = 0;
        while Instant::now() < until {
            monkey.round().await.with_context(|| {
                format!("seed {seed}, round {rounds}, act {}", monkey.acts)
            })?;
            rounds += 1;
        }
        println!(
            "{:?}, seed {seed}: {} acts ({} of them could not be done), {rounds} rounds, each loaded \
             again; at most {} elements, and {} MiB of the module's memory",
            page.kind(),
            monkey.acts,
            monkey.refused,
            monkey.most,
            monkey.most_bytes >> 20
        );
        let counts = [("minutes", minutes), ("acts", monkey.acts), ("rounds", rounds)];
        let most = [("elements", monkey.most), ("mebibytes", monkey.most_bytes >> 20)];
        record(&format!("{:?}", page.kind()), seed, counts, most)
    })
    .await
}

/// Adds a run to the record of a browser.
fn record(
    browser: &str,
    seed: u64,
    counts: [(&str, u64); 3],
    most: [(&str, u64); 2],
) -> Result<()> {
    let file = xtask::root().join("docs/reliability.json");
    let mut all: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
    let record = &mut all["monkey"][browser];
    for (name, count) in counts {
        record[name] = json!(record[name].as_u64().unwrap_or_default() + count);
    }
    for (name, count) in most {
        record[name] = json!(record[name].as_u64().unwrap_or_default().max(count));
    }
    match record["seeds"].as_array_mut() {
        Some(seeds) => seeds.push(json!(seed)),
        None => record["seeds"] = json!([seed]),
    }
    Ok(fs::write(file, serde_json::to_string_pretty(&all)? + "\n")?)
}

struct Monkey<'a> {
    page: &'a Page,
    random: Rng,
    acts: u64,
    /// Acts that came to nothing, such as a click on what had just gone.
    refused: u64,
    /// The most elements that the page had.
    most: u64,
    /// The most bytes that the module's memory had.
    most_bytes: u64,
}

impl Monkey<'_> {
    async fn round(&mut self) -> Result<()> {
        for _ in 0..ROUND {
            self.acts += 1;
            if self.act().await.is_err() {
                self.refused += 1;
            }
            self.look().await?;
        }
        self.load_again().await
    }

    /// Does anything at all.
    async fn act(&mut self) -> Result<()> {
        let (from, to) = (self.place(), self.place());
        match self.random.u8(0..22) {
            0..=4 => self.run_line().await,
            5..=8 => self.press_a_button().await,
            9 | 10 => self.page.click_at("body", from).await,
            11 => self.page.double_click_at("body", from).await,
            12 => self.page.drag("body", from, to).await,
            13 => self.page.drag(&id("page-grid"), (60.0, 20.0), (200.0, 60.0)).await,
            14 => self.page.wheel("body", from, self.random.i64(-400..400)).await,
            15 => self.page.hover_at("body", from).await,
            16 | 17 => self.press_a_key().await,
            18 => self.resize().await,
            19 => self.page.wheel(&id("page-grid"), (60.0, 20.0), self.random.i64(-400..400)).await,
            20 => self.page.double_click_at(&id("page-grid"), (60.0, 20.0)).await,
            _ => self.paste().await,
        }
    }

    /// A place on the smallest of the screens.
    fn place(&mut self) -> (f64, f64) {
        (f64::from(self.random.u32(2..380)), f64::from(self.random.u32(2..480)))
    }

    async fn run_line(&mut self) -> Result<()> {
        let line = LINES[self.random.usize(..LINES.len())];
        let console = "#console-input";
        self.page
            .eval("document.querySelector(arguments[0])?.focus()", vec![json!(console)])
            .await?;
        self.page.type_into(console, &format!("{line}\n")).await
    }

    /// Presses a button that can be seen. Not those that save files.
    async fn press_a_button(&mut self) -> Result<()> {
        const MARK: &str = "const all = [...document.querySelectorAll('button, [role=tab], summary')]
                .filter(it => !it.disabled && it.checkVisibility() && it.getBoundingClientRect().width
                    && !/^(save|share-save)/.test(it.dataset.testid || ''));
            document.querySelector('[data-monkey]')?.removeAttribute('data-monkey');
            all[Math.floor(arguments[0] * all.length)]?.setAttribute('data-monkey', '');";
        self.page.eval(MARK, vec![json!(self.random.f64())]).await?;
        self.page.click_now("[data-monkey]").await
    }

    async fn press_a_key(&mut self) -> Result<()> {
        const KEYS: [Key; 10] = [
            Key::Tab,
            Key::Escape,
            Key::Enter,
            Key::Left,
            Key::Right,
            Key::Up,
            Key::Down,
            Key::PageDown,
            Key::Home,
            Key::End,
        ];
        match self.random.u8(0..6) {
            0 => self.page.press(Key::Control + "z").await,
            1 => self.page.press(Key::Control + "y").await,
            2 => self.page.press(["+", "-", "?", "l", "s", "/"][self.random.usize(..6)]).await,
            _ => self.page.press(KEYS[self.random.usize(..KEYS.len())]).await,
        }
    }

    async fn resize(&mut self) -> Result<()> {
        let (width, height, touch) = SIZES[self.random.usize(..SIZES.len())];
        self.page.set_viewport(Viewport { width, height, touch }).await
    }

    /// Pastes several lines into the console.
    async fn paste(&mut self) -> Result<()> {
        const PASTE: &str = "const data = new DataTransfer();
            data.setData('text/plain', arguments[0]);
            document.querySelector('#console-input')?.dispatchEvent(
                new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));";
        let line = |_| LINES[self.random.usize(..LINES.len())];
        let text: Vec<&str> = (0..5).map(line).collect();
        self.page.eval(PASTE, vec![json!(text.join("\n"))]).await.map(drop)
    }

    /// Fails if the page is not well.
    async fn look(&mut self) -> Result<()> {
        const LOOK: &str = "return [document.querySelectorAll('*').length,
            !!document.getElementById('trap'), performance.memory?.usedJSHeapSize ?? 0,
            window.moduleMemory?.buffer.byteLength ?? 0];";
        let found = self.page.eval(LOOK, vec![]).await?;
        let elements = found[0].as_u64().with_context(|| format!("no page: {found}"))?;
        self.most = self.most.max(elements);
        ensure!(elements <= MOST_ELEMENTS, "{elements} elements");
        ensure!(found[1] == false, "the page has failed");
        let bytes = found[2].as_u64().unwrap_or_default();
        ensure!(bytes <= MOST_SCRIPT_BYTES, "the scripts hold {bytes} bytes");
        let bytes =
            found[3].as_u64().filter(|bytes| *bytes > 0).context("no memory of the module")?;
        self.most_bytes = self.most_bytes.max(bytes);
        ensure!(bytes <= MOST_MODULE_BYTES, "the module holds {bytes} bytes");
        Ok(())
    }

    /// Loads the page again, which runs all lines again, and compares what it shows.
    async fn load_again(&mut self) -> Result<()> {
        let errors = self.page.console_errors().await?;
        ensure!(errors.is_empty(), "errors in the console:\n{}", errors.join("\n"));
        self.page.set_viewport(Viewport::DESKTOP).await?;
        // What plays goes on.
        const STOP: &str =
            "document.querySelector('[data-testid=step-play][aria-label=Pause]')?.click()";
        self.page.eval(STOP, vec![]).await?;
        let before = self.shown().await?;
        self.page.reload().await?;
        // What comes back comes in slices: what else would be compared is told below.
        let step = before.lines().next().unwrap_or_default();
        let _ = self.page.wait_for_text(&id("step-count"), step).await;
        let after = self.shown().await?;
        if before != after {
            bail!("before:\n{before}\nafter it was loaded again:\n{after}");
        }
        Ok(())
    }

    /// The step, what memory is in use, and the state as the page saves it, once all is kept.
    async fn shown(&self) -> Result<String> {
        const SHOWN: &str =
            "return ['[data-testid=step-count]', '.space .stats', '.frames .panel-head']
            .map(name => document.querySelector(name)?.innerText ?? `no ${name}`).join('\\n');";
        let kept = format!("{0}[data-kept=saved], {0}[data-kept=nothing]", id("notices"));
        self.page.wait_for(&kept).await?;
        let shown = self.page.eval(SHOWN, vec![]).await?;
        let state = self.state().await?;
        Ok(format!("{}\n{state}", shown.as_str().unwrap_or_default()))
    }

    /// The state that the page would save as a file, which is not written.
    async fn state(&self) -> Result<String> {
        const CATCH: &str = "window.caught = null;
            const [make, click] = [URL.createObjectURL, HTMLAnchorElement.prototype.click];
            HTMLAnchorElement.prototype.click = () => {};
            URL.createObjectURL = blob => {
                URL.createObjectURL = make;
                blob.text().then(text => {
                    HTMLAnchorElement.prototype.click = click;
                    window.caught = text;
                });
                return make.call(URL, blob);
            };";
        const PRESS: &str = "document.querySelector(arguments[0]).click();";
        self.page.eval(PRESS, vec![json!(id("share-open"))]).await?;
        self.page.wait_for(&id("save-state")).await?;
        self.page.eval(CATCH, vec![]).await?;
        self.page.eval(PRESS, vec![json!(id("save-state"))]).await?;
        let caught = async || self.page.eval("return window.caught;", vec![]).await;
        self.page
            .wait_until("the state is there", async || Ok(caught().await?.is_string()))
            .await?;
        self.page.eval(PRESS, vec![json!(id("share-close"))]).await?;
        self.page.wait_until_gone(&id("share-dialog")).await?;
        let state = caught().await?;
        let state = state.as_str().unwrap_or_default();
        ensure!(state.contains("\"page_size\": 4096"), "no state: {state}");
        Ok(state.to_owned())
    }
}
