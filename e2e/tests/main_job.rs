//! The main job, as a person does it: a real program's log, a VMA split by dragging, a signal and
//! its reason, `malloc` and its calls, an overrun and the header it kills; and all of it undone.

use anyhow::{Context, ensure};
use e2e::{Page, Result, Viewport, id, with_page};
use std::path::{Path, PathBuf};

/// A recorded file of the core's tests.
fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/strace").join(name)
}

/// Imports a file as the window has it, waits for its summary, and takes it.
async fn import(page: &Page, file: &Path, summary: &[&str]) -> Result<()> {
    page.click(&id("import-open")).await?;
    page.wait_for(&id("import-dialog")).await?;
    let path = file.canonicalize().with_context(|| format!("no {}", file.display()))?;
    page.type_into(&id("import-file"), &path.to_string_lossy()).await?;
    for text in summary {
        page.wait_for_text(&id("import-summary"), text).await?;
    }
    page.screenshot(&format!("import-{}", file.file_name().unwrap_or_default().display())).await?;
    page.click(&id("import-accept")).await?;
    page.wait_until_gone(&id("import-dialog")).await
}

/// Types a line into the console and runs it.
async fn run(page: &Page, line: &str) -> Result<()> {
    page.type_into(&id("console-input"), &format!("{line}\n")).await
}

/// The last line of the console.
async fn last_line(page: &Page) -> Result<String> {
    let lines = page.all(&id("console-line")).await?;
    let last = lines.last().context("the console is empty")?;
    Ok(last.text().await?)
}

/// Waits until the last line of the console holds a text.
async fn wait_for_last_line(page: &Page, text: &str) -> Result<()> {
    page.wait_until(&format!("the last line holds {text:?}"), async || {
        Ok(last_line(page).await.is_ok_and(|line| line.contains(text)))
    })
    .await
}

#[tokio::test]
async fn main_job() -> Result<()> {
    with_page("main job", Viewport::DESKTOP, async |page| {
        // A real program: its address space after execve, then its log.
        import(page, &recorded("ls.initial.maps"), &["/proc/PID/maps"]).await?;
        page.click(&id("import-open")).await?;
        page.type_into(
            &id("import-file"),
            &recorded("ls.strace").canonicalize()?.to_string_lossy(),
        )
        .await?;
        page.wait_for_text(&id("import-summary"), "a log of strace").await?;
        ensure!(page.count(&id("import-begins-late")).await? == 0, "the maps text is there");
        page.click(&id("import-close")).await?;
        page.wait_until_gone(&id("import-dialog")).await?;
        import(page, &recorded("ls.strace"), &["a log of strace", "54"]).await?;
        page.wait_for_text(&id("stat-vmas"), "36").await?;
        page.wait_for_text(&id("step-count"), "54 of 54").await?;
        page.screenshot("main-1-ls").await?;

        // Step through it.
        page.click(&id("step-first")).await?;
        page.wait_for_text(&id("stat-vmas"), "14").await?;
        page.click(&id("step-forward")).await?;
        page.click(&id("step-forward")).await?;
        page.wait_for_text(&id("stat-vmas"), "15").await?;
        page.click(&id("step-last")).await?;
        page.wait_for_text(&id("stat-vmas"), "36").await?;

        // Select a VMA, drag over three of its pages, and protect them.
        page.fill(&id("inspect-address"), "0x555555558000\n").await?;
        page.wait_for_text(&id("facts"), "/usr/bin/ls").await?;
        page.click(&format!("{}[aria-selected=true]", id("vma"))).await?;
        let from = page.cell(0x5555_5556_0000).await?;
        let to = page.cell(0x5555_5556_2000).await?;
        page.drag(&id("page-grid"), from, to).await?;
        page.wait_for(&id("offer-menu")).await?;
        page.screenshot("main-2-offers").await?;
        page.click("[data-line=\"mprotect(0x555555560000, 12288, PROT_NONE)\"]").await?;
        wait_for_last_line(page, "mprotect(0x555555560000, 12288, PROT_NONE) = 0").await?;
        // One VMA became three.
        page.wait_for_text(&id("stat-vmas"), "38").await?;
        page.screenshot("main-3-split").await?;

        // Cause a SIGSEGV by a click (two: a load), and read why.
        page.double_click_at(&id("page-grid"), from).await?;
        page.wait_for_text(&id("why"), "it may not be read").await?;
        wait_for_last_line(page, "si_code=SEGV_ACCERR").await?;
        page.screenshot("main-4-sigsegv").await?;

        // malloc, and its three calls: two of the kernel, and the one that returns.
        run(page, "a = malloc(24)").await?;
        page.wait_for_text(&id("last-call"), "mmap(NULL, 65536, PROT_NONE").await?;
        page.wait_for_text(&id("last-call"), "mprotect(").await?;
        run(page, "b = malloc(24)").await?;
        page.wait_until("two blocks are drawn", async || {
            let headers = format!("{}[data-part=\"minor header\"]", id("heap-part"));
            Ok(page.count(&headers).await? == 2)
        })
        .await?;
        page.screenshot("main-5-malloc").await?;

        // Overrun the first block; the second one's header dies.
        run(page, "memset(a, 0x41, 72)").await?;
        run(page, "free(b)").await?;
        page.wait_for_text(&id("why"), "magic number 0x41414141").await?;
        page.screenshot("main-6-overrun").await?;

        // Undo it all.
        let mut presses = 0;
        while page.attribute(&id("undo"), "disabled").await?.is_none() {
            page.click(&id("undo")).await?;
            presses += 1;
            ensure!(presses < 40, "undo never ends");
        }
        page.wait_for_text(&id("step-count"), "0 of 0").await?;
        page.wait_for_text(&id("stat-vmas"), "1").await?;
        page.screenshot("main-7-undone").await?;

        // And redo it all.
        for _ in 0..presses {
            page.click(&id("redo")).await?;
        }
        page.wait_for_text(&id("why"), "magic number 0x41414141").await
    })
    .await
}

/// The page as it stands with a real program on it, at three sizes and in both themes: nothing
/// sticks out sideways, and axe finds nothing.
#[tokio::test]
async fn three_sizes() -> Result<()> {
    with_page("three sizes", Viewport::DESKTOP, async |page| {
        page.click(&id("examples")).await?;
        page.click(&id("example-ls")).await?;
        page.wait_for_text(&id("stat-vmas"), "36").await?;
        for theme in ["light", "dark"] {
            page.set_preference("prefers-color-scheme", theme).await?;
            let sizes = [
                ("desktop", Viewport::DESKTOP),
                ("tablet", Viewport::TABLET),
                ("phone", Viewport::PHONE),
            ];
            for (name, viewport) in sizes {
                page.set_viewport(viewport).await?;
                let overflow = page
                    .eval(
                        "const root = document.documentElement;
                         return root.scrollWidth - root.clientWidth;",
                        vec![],
                    )
                    .await?;
                ensure!(overflow.as_i64() == Some(0), "{name}: {overflow} px stick out sideways");
                page.screenshot(&format!("size-{name}-{theme}")).await?;
                page.check_accessibility().await.with_context(|| format!("{name}, {theme}"))?;
            }
        }
        Ok(())
    })
    .await
}

/// Bad input: a clear message, and nothing lost.
#[tokio::test]
async fn bad_input() -> Result<()> {
    with_page("bad input", Viewport::DESKTOP, async |page| {
        run(page, "p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)").await?;
        wait_for_last_line(page, "= 0x7ffff7ffe000").await?;
        run(page, "munmap(p").await?;
        page.wait_for_text(&id("console-trouble"), "expected").await?;
        run(page, "load(q)").await?;
        page.wait_for_text(&id("console-trouble"), "q").await?;
        run(page, "munmap(0xffffffffffffffff, 0xffffffffffffffff)").await?;
        wait_for_last_line(page, "-1 EINVAL").await?;
        page.wait_for_text(&id("stat-vmas"), "2").await?;
        page.screenshot("bad-input").await
    })
    .await
}

/// A log whose maps text comes with it, or is asked for before it is shown: both ways end in the same
/// picture, with the program itself in it.
#[tokio::test]
async fn a_log_gets_its_maps_text_below_it() -> Result<()> {
    with_page("maps below", Viewport::DESKTOP, async |page| {
        let log = recorded("git-log.strace").canonicalize()?.to_string_lossy().into_owned();
        let maps = recorded("git-log.initial.maps").canonicalize()?.to_string_lossy().into_owned();
        let choose = async |files: &str, then: &str| {
            page.wait_for(&id("import-file")).await?;
            page.type_into(&id("import-file"), files).await?;
            page.wait_for_text(&id("import-summary"), then).await
        };
        let whole = async || {
            page.click(&id("import-accept")).await?;
            page.wait_until_gone(&id("import-dialog")).await?;
            let title = "git-log.strace on git-log.initial.maps";
            page.wait_for_text(&id("session-title"), title).await?;
            page.wait_for_text(&id("step-count"), "73 of 73").await?;
            page.wait_for_text(&id("stat-vmas"), "38").await?;
            page.select(&id("vma-order"), "size").await?;
            page.wait_for_text(&format!("{}:first-child", id("vma")), "git").await?;
            page.wait_until_gone(&id("vma-late-start")).await
        };
        // First the log: the maps text is asked for, and nothing else will do.
        page.click(&id("import-open")).await?;
        choose(&log, "a log of strace").await?;
        page.check_accessibility().await?;
        page.click(&id("import-together")).await?;
        page.wait_for_text(&id("import-order"), "git-log.strace").await?;
        page.click(&id("import-without")).await?;
        page.wait_for_text(&id("import-accept"), "the log alone").await?;
        page.click(&id("import-together")).await?;
        page.type_into(&id("import-text"), "brk(0) = 0x555555559000").await?;
        page.click(&id("import-read")).await?;
        page.wait_for_text(&id("import-wrong"), "not a maps text and its log").await?;
        choose(&maps, "on top of the maps text").await?;
        page.screenshot("import-maps-below").await?;
        whole().await?;

        // Both at once.
        page.click(&id("import-open")).await?;
        // \n stands between files here, and is no key.
        let both = format!("{log}\n{maps}");
        page.find(&id("import-file")).await?.send_keys(&both).await?;
        page.wait_for_text(&id("import-summary"), "on top of the maps text").await?;
        page.wait_until_gone(&id("import-displacing")).await?;
        whole().await?;

        // A maps text from the program's end is told from one of its beginning.
        let late = recorded("git-log.final.maps").canonicalize()?.to_string_lossy().into_owned();
        page.click(&id("import-open")).await?;
        page.find(&id("import-file")).await?.send_keys(&format!("{log}\n{late}")).await?;
        page.wait_for_text(&id("import-displacing"), "of another moment").await?;
        page.screenshot("import-maps-late").await
    })
    .await
}
