//! Much of everything: long texts pasted into the console, another allocator for a long session, and
//! as many VMAs as Linux allows a process.

use anyhow::ensure;
use e2e::{Page, Result, Viewport, id, with_page};
use serde_json::json;
use std::fmt::Write;

async fn run(page: &Page, line: &str) -> Result<()> {
    page.type_into(&id("console-input"), &format!("{line}\n")).await
}

async fn at_step(page: &Page, text: &str) -> Result<()> {
    page.wait_for_text(&id("step-count"), text).await
}

/// Waits several times as long as for anything else.
async fn patiently(wait: impl AsyncFn() -> Result<()>) -> Result<()> {
    for _ in 0..4 {
        if wait().await.is_ok() {
            return Ok(());
        }
    }
    wait().await
}

/// Pastes a text into the console as the browser does.
async fn paste(page: &Page, text: &str) -> Result<()> {
    const PASTE: &str = "const data = new DataTransfer();
        data.setData('text/plain', arguments[1]);
        // Firefox wants the text by itself.
        const text = { dataType: 'text/plain', data: arguments[1] };
        const init = { clipboardData: data, ...text, bubbles: true, cancelable: true };
        document.querySelector(arguments[0]).dispatchEvent(new ClipboardEvent('paste', init));";
    page.wait_for(&id("console-input")).await?;
    page.eval(PASTE, vec![json!(id("console-input")), json!(text)]).await?;
    patiently(async || page.wait_for(&id("import-dialog")).await).await
}

async fn is_checked(page: &Page, name: &str) -> Result<()> {
    page.wait_for(&format!("{}:checked", id(name))).await
}

/// Some 120 kB: 10,000 calls of the allocator, and three that are not run.
fn long_text() -> String {
    let mut text = "a = malloc(24)\nfree(a)\n".repeat(5000);
    text.push_str("getpid() = 7\nwrite(1, \"x\", 1) = 1\nwrite(1, \"y\", 1) = 1\n");
    text
}

/// What is pasted into the console goes behind what has run, or into a session of its own; undo
/// takes back either.
#[tokio::test]
async fn a_long_text_joins_the_session_or_stands_alone() -> Result<()> {
    with_page("long text", Viewport::DESKTOP, async |page| {
        run(page, "brk(0)").await?;
        run(page, "brk(0)").await?;
        at_step(page, "2 of 2").await?;
        paste(page, &long_text()).await?;
        patiently(async || page.wait_for_text(&id("import-skipped"), "write").await).await?;
        page.wait_for_text(&id("import-skipped"), "× 2").await?;
        page.wait_for_text(&id("import-skipped"), "write(1, \"x\", 1) = 1").await?;
        is_checked(page, "place-behind").await?;
        page.wait_for_text(&id("import-accept"), "Add it").await?;
        page.screenshot("import-joins").await?;
        page.check_accessibility().await?;
        page.click(&id("import-accept")).await?;
        patiently(async || page.wait_until_gone(&id("import-dialog")).await).await?;
        at_step(page, "10\u{202f}005 of 10\u{202f}005").await?;
        page.click(&id("undo")).await?;
        at_step(page, "2 of 2").await?;

        paste(page, &long_text()).await?;
        page.click(&id("place-own")).await?;
        page.wait_for_text(&id("import-accept"), "Show it").await?;
        is_checked(page, "place-own").await?;
        page.click(&id("import-accept")).await?;
        patiently(async || page.wait_until_gone(&id("import-dialog")).await).await?;
        at_step(page, "10\u{202f}003 of 10\u{202f}003").await?;
        page.click(&id("undo")).await?;
        at_step(page, "2 of 2").await
    })
    .await
}

/// Holds back the frames of the screen, between which long work is done; `go()` gives them again.
const HOLD: &str = "const real = window.requestAnimationFrame.bind(window);
    const held = [];
    window.requestAnimationFrame = job => held.push(job);
    window.go = () => {
        window.requestAnimationFrame = real;
        held.splice(0).forEach(job => real(job));
    };";

/// A long session is linked with another allocator in a window, which can be stopped.
#[tokio::test]
async fn another_allocator_for_a_long_session_can_be_stopped() -> Result<()> {
    with_page("linking", Viewport::DESKTOP, async |page| {
        paste(page, &long_text()).await?;
        page.click(&id("import-accept")).await?;
        patiently(async || page.wait_until_gone(&id("import-dialog")).await).await?;
        at_step(page, "10\u{202f}003 of").await?;

        page.eval(HOLD, vec![]).await?;
        page.select(&id("heap-allocator"), "boundary-tags").await?;
        page.wait_for_text(&id("linking-dialog"), "0 %").await?;
        page.screenshot("linking").await?;
        page.click(&id("linking-stop")).await?;
        page.wait_until_gone(&id("linking-dialog")).await?;
        page.eval("go();", vec![]).await?;
        page.wait_until("the choice is back", async || {
            Ok(page.value(&id("heap-allocator")).await? == "liballoc")
        })
        .await?;

        page.select(&id("heap-allocator"), "boundary-tags").await?;
        page.wait_for_text(&id("announcement"), "All lines ran again").await?;
        page.wait_until_gone(&id("linking-dialog")).await?;
        ensure!(page.value(&id("heap-allocator")).await? == "boundary-tags");
        at_step(page, "10\u{202f}003 of 10\u{202f}003").await?;
        page.click(&id("undo")).await?;
        page.wait_until("undo goes back to the first", async || {
            Ok(page.value(&id("heap-allocator")).await? == "liballoc")
        })
        .await
    })
    .await
}

/// How many elements the page has, and how many rows of them are VMAs.
async fn size(page: &Page) -> Result<(usize, usize)> {
    let all = page.eval("return document.querySelectorAll('*').length;", vec![]).await?;
    let all = usize::try_from(all.as_u64().unwrap_or(u64::MAX))?;
    Ok((all, page.count(&id("vma")).await?))
}

/// As many VMAs as there may be: the list goes to its end, the map from the whole down to bytes, a
/// VMA is found and selected, and the page has no more elements than for a few.
#[tokio::test]
async fn as_many_vmas_as_there_may_be() -> Result<()> {
    with_page("many VMAs", Viewport::DESKTOP, async |page| {
        const START: u64 = 0x1_0000_0000;
        const PAGES: u64 = 65_529;
        let mut trace = format!(
            "mmap({START:#x}, {}, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)\n",
            PAGES * 4096
        );
        // Each makes three VMAs of one; with the stack there are 65,530 in the end.
        for index in (1..PAGES - 1).step_by(2) {
            writeln!(trace, "mprotect({:#x}, 4096, PROT_READ)", START + index * 4096)?;
        }
        paste(page, &trace).await?;
        patiently(async || page.wait_for(&id("import-accept")).await).await?;
        page.click(&id("import-accept")).await?;
        patiently(async || page.wait_for_text(&id("stat-vmas"), "65\u{202f}530").await).await?;
        bounded(page, "at first").await?;

        // The list, to its end and back.
        page.click(&id("vma-list")).await?;
        page.press(e2e::Key::End).await?;
        page.wait_for_text(&format!("{}[aria-selected=true]", id("vma")), "stack").await?;
        bounded(page, "at the end of the list").await?;
        page.press(e2e::Key::Home).await?;
        page.wait_for_text(&format!("{}[aria-selected=true]", id("vma")), "000100000000").await?;

        // A VMA in the middle.
        let middle = START + 40_001 * 4096;
        page.fill(&id("inspect-address"), &format!("{:#x}\n", middle + 7)).await?;
        page.wait_for_text(&id("facts"), &format!("{middle:#x}")).await?;
        let selected = format!("{}[aria-selected=true]", id("vma"));
        page.wait_for_text(&selected, &format!("{middle:012x}")).await?;
        bounded(page, "in the middle").await?;

        for level in ["whole", "vmas", "pages", "bytes"] {
            page.click(&id(&format!("crumb-{level}"))).await?;
            page.wait_for(&format!("{}[data-level={level}]", id("page-grid"))).await?;
            bounded(page, level).await?;
        }
        page.screenshot("many-vmas").await
    })
    .await
}

async fn bounded(page: &Page, when: &str) -> Result<()> {
    let (all, vmas) = size(page).await?;
    ensure!(all < 2500 && vmas < 200, "{when}: {all} elements, {vmas} of them rows of VMAs");
    Ok(())
}
