//! Time: jumping, playing, clicking a chart; editing the past and coming back to the old future;
//! two moments held against each other; all of it on a log of 100,000 lines too.

use anyhow::{Context, ensure};
use e2e::{Key, Page, Result, Viewport, id, with_page};
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

async fn run(page: &Page, line: &str) -> Result<()> {
    page.type_into(&id("console-input"), &format!("{line}\n")).await
}

async fn at_step(page: &Page, text: &str) -> Result<()> {
    page.wait_for_text(&id("step-count"), text).await
}

/// Chooses what the jumps go to, and jumps on.
async fn jump(page: &Page, landmark: &str) -> Result<()> {
    page.select(&id("jump-kind"), landmark).await?;
    page.click(&id("step-fault")).await
}

#[tokio::test]
async fn the_old_future_can_be_had_back() -> Result<()> {
    with_page("old future", Viewport::DESKTOP, async |page| {
        run(page, "p = mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)")
            .await?;
        run(page, "mprotect(p, 4096, PROT_READ)").await?;
        run(page, "store(p, 1)").await?;
        at_step(page, "3 of 3").await?;
        page.wait_for_text(&id("stat-vmas"), "3").await?;

        // Back to the first step, and another way from there.
        page.click(&id("step-back")).await?;
        page.click(&id("step-back")).await?;
        at_step(page, "1 of 3").await?;
        run(page, "munmap(p, 8192)").await?;
        at_step(page, "2 of 2").await?;
        page.wait_for_text(&id("stat-vmas"), "1").await?;
        page.wait_for_text(&id("announcement"), "kept as a branch").await?;

        // What the two futures differ by.
        page.click(&id("compare-open")).await?;
        page.wait_for(&id("compare-dialog")).await?;
        page.select(&id("compare-first-branch"), "0").await?;
        page.wait_for_text(&id("compare-removed"), "2").await?;
        page.click(&id("compare-swap")).await?;
        page.wait_for_text(&id("compare-added"), "2").await?;
        page.screenshot("time-compare").await?;
        page.check_accessibility().await?;
        page.click(&id("compare-close")).await?;
        page.wait_until_gone(&id("compare-dialog")).await?;

        // And back to the old one, under a name of its own.
        page.click(&id("branches-open")).await?;
        page.click(&id("branch-name-0")).await?;
        page.press(Key::Control + "a").await?;
        page.press("before the munmap\n").await?;
        page.click(&id("branch-show-0")).await?;
        page.wait_for_text(&id("branch-list"), "shown now").await?;
        page.screenshot("time-branches").await?;
        page.check_accessibility().await?;
        page.click(&id("branches-close")).await?;
        at_step(page, "3 of 3").await?;
        page.wait_for_text(&id("stat-vmas"), "3").await?;
        page.wait_for_text(&id("branches-open"), "before the munmap").await?;

        // Forget the other one, and have it back.
        page.click(&id("branches-open")).await?;
        page.click(&id("branch-delete-1")).await?;
        page.wait_until("one branch is left", async || Ok(page.count(&id("branch")).await? == 1))
            .await?;
        page.click(&id("branches-close")).await?;
        page.click(&id("undo")).await?;
        page.wait_for_text(&id("branches-open"), "+1").await
    })
    .await
}

#[tokio::test]
async fn jumps_charts_and_playing() -> Result<()> {
    with_page("jumps", Viewport::DESKTOP, async |page| {
        for line in [
            "p = mmap(NULL, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
            "openat(AT_FDCWD, \"none\", O_RDONLY)",
            "store(p, 1)",
            "mprotect(p + 4096, 4096, PROT_NONE)",
            "munmap(1, 1)",
            "mprotect(p + 4096, 4096, PROT_READ|PROT_WRITE)",
        ] {
            run(page, line).await?;
        }
        page.click(&id("step-first")).await?;
        at_step(page, "0 of 6").await?;
        for (landmark, step) in
            [("page fault", "3"), ("split", "4"), ("failure", "5"), ("merge", "6")]
        {
            jump(page, landmark).await?;
            at_step(page, &format!("{step} of 6")).await?;
        }
        page.select(&id("jump-kind"), "split").await?;
        page.click(&id("jump-back")).await?;
        at_step(page, "4 of 6").await?;

        // A chart is an axis to click on.
        let width = page.eval(
            "return document.querySelector(arguments[0]).getBoundingClientRect().width;",
            vec![json!(id("chart-mapped"))],
        );
        let width = width.await?.as_f64().context("the chart has no width")?;
        page.click_at(&id("chart-mapped"), (width / 2.0, 8.0)).await?;
        at_step(page, "3 of 6").await?;

        // Play to the end, quickly.
        page.select(&id("step-pace"), "100").await?;
        page.click(&id("step-play")).await?;
        at_step(page, "6 of 6").await?;
        page.wait_for(&format!("{}[aria-label=Play]", id("step-play"))).await
    })
    .await
}

/// Lines of the long log.
const LINES: usize = 100_000;

/// A log as strace prints one: mappings that come and go, one of them never to go, and one line
/// that no kernel could have printed.
fn long_log() -> String {
    let mut log = String::with_capacity(LINES * 90);
    let base = 0x7fff_f000_0000_u64;
    for line in 0..LINES {
        let address = base - (line as u64 / 4 % 500) * 0x10000;
        let _ = match (line, line % 4) {
            (90_001, _) => writeln!(log, "munmap(0x1, 4096) = 0"),
            (_, 0) => writeln!(
                log,
                "mmap(NULL, 16384, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = {address:#x}"
            ),
            (_, 1) => writeln!(log, "mprotect({address:#x}, 4096, PROT_NONE) = 0"),
            (_, 2) => writeln!(log, "mprotect({address:#x}, 4096, PROT_READ|PROT_WRITE) = 0"),
            _ if line > 99_990 => writeln!(log, "brk(NULL) = 0x555555559000"),
            _ => writeln!(log, "munmap({address:#x}, 16384) = 0"),
        };
    }
    log
}

/// Waits for what takes its time, longer than one wait.
async fn wait_long(page: &Page, selector: &str, text: &str) -> Result<()> {
    for _ in 0..4 {
        if page.wait_for_text(selector, text).await.is_ok() {
            return Ok(());
        }
    }
    page.wait_for_text(selector, text).await
}

fn in_target(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[tokio::test]
async fn a_log_of_100_000_lines() -> Result<()> {
    let log = in_target("long.strace");
    std::fs::write(&log, long_log())?;
    with_page("long log", Viewport::DESKTOP, async |page| {
        page.click(&id("import-open")).await?;
        page.type_into(&id("import-file"), &log.canonicalize()?.to_string_lossy()).await?;
        wait_long(page, &id("import-dialog"), "a log of strace").await?;
        page.click(&id("import-accept")).await?;
        page.wait_until_gone(&id("import-dialog")).await?;
        at_step(page, "of 100\u{202f}000").await?;

        // Scrub: the slider's own keys, and a click on a chart.
        page.type_into(&id("step-slider"), "\u{e011}").await?; // Home
        at_step(page, "0 of").await?;
        page.click_at(&id("chart-VMAs"), (40.0, 8.0)).await?;
        page.wait_until("a step in the middle is shown", async || {
            let text = page.text(&id("step-count")).await?;
            Ok(!text.starts_with("0 of") && !text.starts_with("100"))
        })
        .await?;

        // The one line that cannot be true.
        jump(page, "divergence").await?;
        at_step(page, "90\u{202f}002 of").await?;
        page.wait_for_text(&id("console-lines"), "DIFFERS").await?;

        // What was never given back.
        page.click(&id("step-last")).await?;
        page.click(&id("compare-open")).await?;
        page.wait_for_text(&id("compare-added"), "3").await?;
        let vmas = page.text(&id("compare-list")).await?;
        ensure!(vmas.contains("anonymous"), "{vmas}");
        page.screenshot("time-long-log").await?;
        page.click(&id("compare-close")).await?;

        // It is kept, and comes back.
        wait_for_kept(page).await?;
        page.reload().await?;
        wait_long(page, &id("step-count"), "100\u{202f}000 of 100\u{202f}000").await
    })
    .await
}

async fn wait_for_kept(page: &Page) -> Result<()> {
    page.wait_for(&format!("{}[data-kept=saved]", id("notices"))).await
}

/// Marks on the slider light for what is pointed at, and light what their calls made.
#[tokio::test]
async fn marks_light_with_all_the_rest() -> Result<()> {
    with_page("marks", Viewport::DESKTOP, async |page| {
        run(page, "p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)").await?;
        run(page, "brk(0)").await?;
        run(page, "store(p, 1)").await?;
        run(page, "brk(0)").await?;
        at_step(page, "4 of 4").await?;
        let tick = |step: u32| format!("{}[data-step=\"{step}\"]", id("tick"));
        page.hover_at("h1", (2.0, 2.0)).await?;
        page.wait_until_gone(".tick.lit").await?;
        ensure!(page.count(&id("tick")).await? == 1, "only the signal is marked");

        // A VMA lights the call that made it and the one that failed on it, and no other.
        page.hover_at(&id("vma"), (60.0, 8.0)).await?;
        page.wait_for(&format!("{}.lit", tick(1))).await?;
        page.wait_for(&format!("{}.lit", tick(3))).await?;
        ensure!(page.count(&id("tick")).await? == 2);

        // A mark lights the VMA.
        page.hover_at("h1", (2.0, 2.0)).await?;
        page.wait_until_gone(".tick.lit").await?;
        let place = "const box = it => document.querySelector(it).getBoundingClientRect();
            const [mark, track] = [box(arguments[0]), box(arguments[1])];
            return mark.left + mark.width / 2 - track.left;";
        let at = page.eval(place, vec![json!(tick(3)), json!(id("track"))]).await?;
        page.hover_at(&id("track"), (at.as_f64().context("no place")?, 10.0)).await?;
        page.wait_for(&format!("{}.lit", id("vma"))).await?;
        page.wait_for(&format!("{}.lit", tick(3))).await?;
        page.screenshot("time-marks").await
    })
    .await
}

/// The search of a malloc goes by itself, is held, and begins again at its end.
#[tokio::test]
async fn the_search_of_a_malloc_is_played() -> Result<()> {
    with_page("search played", Viewport::DESKTOP, async |page| {
        run(page, "a = malloc(100)").await?;
        run(page, "b = malloc(200)").await?;
        at_step(page, "2 of 2").await?;
        page.click(&format!("{} > summary", id("heap-search"))).await?;
        page.wait_for_text(&id("heap-step-count"), "1 of").await?;
        // What was opened is in sight.
        const IN_SIGHT: &str =
            "const bottom = (it) => document.querySelector(it).getBoundingClientRect().bottom;
            return bottom('.heap-search-head') <= bottom('.heap-body');";
        let in_sight = async || Ok(page.eval(IN_SIGHT, vec![]).await? == json!(true));
        page.wait_until("the steps are in sight", in_sight).await?;
        let play = |word: &str| format!("{}[aria-label^={word}]", id("heap-step-play"));
        page.select(&id("heap-step-pace"), "20").await?;
        page.click(&play("Play")).await?;
        let count = page.text(&id("heap-step-count")).await?;
        let all = count.split(' ').nth(2).context("no count")?.to_owned();
        page.wait_for_text(&id("heap-step-count"), &format!("{all} of {all}")).await?;
        page.wait_for(&play("Play")).await?;

        // From the end it begins again; held, it stays where it is.
        page.select(&id("heap-step-pace"), "0.5").await?;
        page.click(&play("Play")).await?;
        page.wait_for_text(&id("heap-step-count"), "1 of").await?;
        page.wait_for(&format!("{}.lit", id("heap-part"))).await?;
        page.click(&play("Pause")).await?;
        page.wait_for(&play("Play")).await?;
        page.screenshot("heap-search").await
    })
    .await
}
