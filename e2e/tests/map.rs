//! The map: one gesture from the whole address space to bytes and back, the tree for keys and
//! screen readers, what lights together, fingers and paper.

use anyhow::{Context, ensure};
use e2e::{BrowserKind, Key, Page, Result, Viewport, id, with_page};
use serde_json::json;
use std::path::Path;

/// Types a line into the console and runs it.
async fn run(page: &Page, line: &str) -> Result<()> {
    page.type_into(&id("console-input"), &format!("{line}\n")).await
}

/// Maps eight pages, and puts something on three of them.
async fn eight_pages(page: &Page) -> Result<()> {
    page.click(&id("guide-go")).await?;
    run(page, "store(p, 0x41)").await?;
    run(page, "load(p + PAGE_SIZE)").await?;
    run(page, "store(p + 5*PAGE_SIZE, 1)").await?;
    page.wait_for_text(&id("step-count"), "4 of 4").await
}

/// The level of the map and the cells in a row.
async fn level(page: &Page) -> Result<String> {
    let level = page.attribute(&id("page-grid"), "data-level").await?.unwrap_or_default();
    Ok(format!("{level}: {}", page.text(&id("grid-columns")).await?))
}

/// Zooms by a turn of the wheel at a place, and waits until the map has followed.
async fn zoom(page: &Page, at: (f64, f64), pixels: i64) -> Result<String> {
    let before = level(page).await?;
    page.wheel(&id("page-grid"), at, pixels).await?;
    page.wait_until("another level is shown", async || Ok(level(page).await? != before)).await?;
    level(page).await
}

/// Moves the pointer away and back to a place; gives what the map says of it.
async fn hover(page: &Page, at: (f64, f64)) -> Result<String> {
    page.hover_at("h1", (2.0, 2.0)).await?;
    page.wait_until("nothing is pointed at", async || {
        Ok(!page.text(&id("grid-hint")).await?.starts_with("0x"))
    })
    .await?;
    page.hover_at(&id("page-grid"), at).await?;
    page.wait_until("the hint names an address", async || {
        Ok(page.text(&id("grid-hint")).await?.starts_with("0x"))
    })
    .await?;
    page.text(&id("grid-hint")).await
}

/// All the way out and all the way in: what is under the pointer stays under it, or comes back.
#[tokio::test]
async fn one_gesture_from_whole_to_bytes() -> Result<()> {
    with_page("one gesture", Viewport::DESKTOP, async |page| {
        eight_pages(page).await?;
        let address = 0x7fff_f7ff_c000_u64; // the sixth of the eight
        let (x, y) = page.cell(address).await?;
        // Not in the middle: that lies between two cells when twice as many are in a row.
        let at = ((x + 6.0).round(), (y + 3.0).round());
        let name = format!("{address:#x}");
        ensure!(hover(page, at).await?.starts_with(&name), "not on the page to begin with");

        // Out. At every level of pages it is the same page; further away it is the same VMA.
        let mut levels = vec![level(page).await?];
        while !levels.last().is_some_and(|level| level.starts_with("whole")) {
            let now = zoom(page, at, 120).await?;
            let hint = hover(page, at).await?;
            if now.starts_with("pages") {
                ensure!(hint.starts_with(&name), "{now}: {hint}");
            } else if now.starts_with("vmas") {
                ensure!(hint.contains("anonymous · rw-"), "{now}: {hint}");
            } // the whole is all in sight: there everything stands where it stands
            page.screenshot(&format!("map-{}", now.replace(|c: char| !c.is_alphanumeric(), "-")))
                .await?;
            levels.push(now);
        }
        // And in, down to bytes: the pointer rested, so it is the same page again.
        loop {
            let now = zoom(page, at, -120).await?;
            let hint = page.text(&id("grid-hint")).await?;
            if now.starts_with("pages") {
                page.wait_for_text(&id("grid-hint"), &name).await?;
            } else if now.starts_with("bytes") {
                page.wait_for_text(&id("grid-hint"), &name[..name.len() - 3]).await?;
                page.wait_for_text(&id("grid-hint"), "byte 0x").await?;
            }
            page.screenshot(&format!("map-{}", now.replace(|c: char| !c.is_alphanumeric(), "-")))
                .await?;
            ensure!(levels.len() < 40, "the ladder never ends: {hint}");
            levels.push(now.clone());
            if now.ends_with("16 bytes a row") {
                break;
            }
        }
        for name in ["whole", "vmas", "pages", "bytes"] {
            ensure!(levels.iter().any(|level| level.starts_with(name)), "{name} in {levels:?}");
        }
        Ok(())
    })
    .await
}

/// The other ways to zoom: keys, buttons, breadcrumb, a double click from far.
#[tokio::test]
async fn zooms_by_keys_and_breadcrumb() -> Result<()> {
    with_page("zooms by keys", Viewport::DESKTOP, async |page| {
        eight_pages(page).await?;
        page.click(&id("crumb-whole")).await?;
        page.wait_for(&format!("{}[data-level=whole]", id("page-grid"))).await?;
        page.check_accessibility().await.context("whole")?;
        page.click(&id("crumb-vmas")).await?;
        page.wait_for(&format!("{}[data-level=vmas]", id("page-grid"))).await?;
        page.check_accessibility().await.context("vmas")?;
        page.click(&id("crumb-bytes")).await?;
        page.wait_for(&format!("{}[data-level=bytes]", id("page-grid"))).await?;
        page.check_accessibility().await.context("bytes")?;
        page.click(&id("crumb-pages")).await?;
        page.wait_for(&format!("{}[data-level=pages]", id("page-grid"))).await?;
        let before = level(page).await?;
        page.click_at(&id("page-grid"), page.cell(0x7fff_f7ff_9000).await?).await?;
        page.press("-").await?;
        page.wait_until("the keys zoom", async || Ok(level(page).await? != before)).await?;
        page.press("+").await?;
        page.wait_until("the keys zoom back", async || Ok(level(page).await? == before)).await?;
        while page.attribute(&id("zoom-out"), "disabled").await?.is_none() {
            page.click(&id("zoom-out")).await?;
        }
        page.wait_for(&format!("{}[data-level=whole]", id("page-grid"))).await?;
        let size = page
            .eval(
                "return document.querySelector(arguments[0]).clientHeight;",
                vec![json!(id("page-grid"))],
            )
            .await?;
        let middle = size.as_f64().context("no height")? / 2.0;
        page.double_click_at(&id("page-grid"), (60.0, middle)).await?;
        page.wait_for(&format!("{}[data-level=vmas]", id("page-grid"))).await
    })
    .await
}

/// The map as a tree, by keyboard alone: a skip link, a VMA, its pages, and what is announced.
#[tokio::test]
async fn a_tree_for_the_keyboard() -> Result<()> {
    with_page("a tree", Viewport::DESKTOP, async |page| {
        eight_pages(page).await?;
        // The Tab key goes on from where the focus was: begin at the top.
        page.eval("document.body.tabIndex = -1; document.body.focus();", vec![]).await?;
        page.press(Key::Tab).await?;
        page.wait_for(&format!("{}:focus", id("skip-map"))).await?;
        page.press(Key::Enter).await?;
        page.wait_for(&format!("{}:focus", id("vma-list"))).await?;
        page.press(Key::Home).await?;
        page.wait_for(&format!("{}[aria-selected=true][aria-expanded=false]", id("vma"))).await?;
        page.press(Key::Right).await?;
        page.wait_for(&format!("{}[aria-expanded=true]", id("vma"))).await?;
        page.press(Key::Right).await?;
        page.wait_for(&format!(
            "{}[aria-level='2'][aria-selected=true][aria-posinset='1']",
            id("vma-page")
        ))
        .await?;
        page.wait_for_text(&id("announcement"), "0x7ffff7ff7000, frame").await?;
        page.wait_for_text(&id("announcement"), "dirty").await?;
        page.press(Key::Down).await?;
        page.wait_for_text(&id("announcement"), "0x7ffff7ff8000, the zero page").await?;
        page.check_accessibility().await?;
        page.screenshot("map-tree").await?;
        page.press(Key::Left).await?;
        page.wait_for(&format!("{}[aria-selected=true][aria-expanded=true]", id("vma"))).await?;
        page.press(Key::Left).await?;
        page.wait_until_gone(&id("vma-page")).await
    })
    .await
}

/// What is pointed at lights everywhere, by pointer and by keyboard, from call and from frame.
#[tokio::test]
async fn what_belongs_together_lights_together() -> Result<()> {
    with_page("lights together", Viewport::DESKTOP, async |page| {
        eight_pages(page).await?;
        run(page, "a = malloc(100)").await?;
        page.wait_for(&id("heap-part")).await?;
        let lit = |name: &str| format!("{}.lit", id(name));
        let dark = async || {
            page.eval("document.activeElement.blur();", vec![]).await?;
            page.hover_at("h1", (2.0, 2.0)).await?;
            page.wait_until_gone(&lit("vma")).await
        };

        // From a call to its VMA, and to the other calls about it.
        page.hover_at(&format!("{}[data-step='1']", id("console-line")), (40.0, 8.0)).await?;
        page.wait_for(&lit("vma")).await?;
        page.wait_for(".strip-vma.lit").await?;
        page.wait_for(&format!("{}[data-step='2'].lit", id("console-line"))).await?;
        ensure!(page.count(&format!("{}.lit", id("heap-part"))).await? == 0, "the heap is lit");
        dark().await?;

        // From a block of the heap to the call that made it, its VMA and its bytes.
        page.hover_at(&format!("{}[data-part='payload']", id("heap-part")), (20.0, 20.0)).await?;
        page.wait_for(&format!("{}[data-step='5'].lit", id("console-line"))).await?;
        page.wait_for(&lit("vma")).await?;
        dark().await?;

        // From a page of the map to the calls, and to the entry of the walk.
        page.fill(&id("inspect-address"), "0x7ffff7ff7000\n").await?;
        page.wait_for_text(&id("walk-byte"), "0x41").await?;
        let at = page.cell(0x7fff_f7ff_7000).await?;
        page.hover_at(&id("page-grid"), at).await?;
        page.wait_for(&format!("{}[data-step='2'].lit", id("console-line"))).await?;
        page.wait_for(&lit("walk-PTE")).await?;
        page.wait_for(&lit("walk-frame")).await?;
        page.wait_for(".byte.lit").await?;
        dark().await?;

        // From a frame, by keys.
        page.eval("document.querySelector(arguments[0]).focus();", vec![json!(id("frames-grid"))])
            .await?;
        page.press(Key::Right).await?;
        page.wait_for(&lit("vma")).await?;
        page.wait_for(&format!("{}[data-step='2'].lit", id("console-line"))).await?;
        dark().await?;

        // From a call, by keys.
        let line = format!("{}[data-step='2'] button", id("console-line"));
        page.eval("document.querySelector(arguments[0]).focus();", vec![json!(line)]).await?;
        page.wait_for(&lit("vma")).await?;
        page.wait_for(&lit("walk-PTE")).await
    })
    .await
}

/// A split and a step of zoom are seen to happen, but not by whoever asks for little motion.
#[tokio::test]
async fn motion_is_for_whoever_wants_it() -> Result<()> {
    with_page("motion", Viewport::DESKTOP, async |page| {
        let count = async |what: &str| {
            let count = page.attribute(&id("page-grid"), what).await?;
            Ok(count.and_then(|count| count.parse::<u32>().ok()).unwrap_or(0))
        };
        page.set_preference("prefers-reduced-motion", "reduce").await?;
        eight_pages(page).await?;
        run(page, "mprotect(p + 2*PAGE_SIZE, PAGE_SIZE, PROT_READ)").await?;
        page.wait_for_text(&id("stat-vmas"), "4").await?;
        zoom(page, (300.0, 60.0), -120).await?;
        let still: (u32, u32) = (count("data-motions").await?, count("data-zooms").await?);
        ensure!(still == (0, 0), "{still:?} motions");
        page.set_preference("prefers-reduced-motion", "no-preference").await?;
        run(page, "mprotect(p + 2*PAGE_SIZE, PAGE_SIZE, PROT_READ|PROT_WRITE)").await?;
        page.wait_for_text(&id("stat-vmas"), "2").await?;
        page.wait_until("something moved", async || {
            let moved: Result<u32> = count("data-motions").await;
            Ok(moved? > 0)
        })
        .await?;
        zoom(page, (300.0, 60.0), 120).await?;
        page.wait_until("the zoom moved", async || {
            let moved: Result<u32> = count("data-zooms").await;
            Ok(moved? > 0)
        })
        .await
    })
    .await
}

/// Fingers: two zoom, one selects or scrolls; what a finger cannot do is not offered.
#[tokio::test]
async fn fingers() -> Result<()> {
    with_page("fingers", Viewport::PHONE, async |page| {
        page.click(&id("guide-go")).await?;
        page.wait_for(&id("page-grid")).await?;
        let hint = page.text(&id("grid-hint")).await?;
        ensure!(hint.contains("tap") && !hint.contains("right click"), "{hint}");
        let before = level(page).await?;
        page.pinch(&id("page-grid"), (200.0, 120.0), 30.0, 140.0).await?;
        page.wait_until("two fingers apart zoom in", async || Ok(level(page).await? != before))
            .await?;
        let near = level(page).await?;
        page.pinch(&id("page-grid"), (200.0, 120.0), 140.0, 30.0).await?;
        page.wait_until("two fingers together zoom out", async || Ok(level(page).await? != near))
            .await?;
        page.screenshot("map-fingers").await?;
        page.check_accessibility().await
    })
    .await
}

/// A finger that goes up or down the map scrolls the page, where the map has nothing to scroll.
#[tokio::test]
async fn a_finger_on_the_map_scrolls_the_page() -> Result<()> {
    with_page("finger scrolls", Viewport::PHONE, async |page| {
        page.click(&id("guide-go")).await?;
        page.wait_for(&id("page-grid")).await?;
        const ACTION: &str =
            "return getComputedStyle(document.querySelector('[data-testid=page-grid]')).touchAction;";
        page.wait_until("the map leaves up and down to the page", async || {
            Ok(page.eval(ACTION, vec![]).await? == json!("pan-y"))
        })
        .await?;
        // Firefox's driver sends touch events that scroll nothing by themselves.
        if page.kind() == BrowserKind::Chromium {
            page.swipe(&id("page-grid"), (150.0, 200.0), (150.0, 40.0)).await?;
            page.wait_until("the page is scrolled", async || {
                Ok(page.eval("return window.scrollY;", vec![]).await?.as_f64() > Some(50.0))
            })
            .await?;
        }
        // Sideways selects, as before.
        page.eval("window.scrollTo(0, 0);", vec![]).await?;
        page.swipe(&id("page-grid"), (150.0, 30.0), (230.0, 34.0)).await?;
        page.wait_for(".offers").await
    })
    .await
}

/// Where an element begins, in CSS pixels from the top of the page.
async fn top_of(page: &Page, name: &str) -> Result<f64> {
    const TOP: &str = "return window.scrollY
        + document.querySelector(arguments[0]).getBoundingClientRect().top;";
    page.eval(TOP, vec![json!(id(name))]).await?.as_f64().context("it is nowhere")
}

/// Whoever presses twice at one place hits the same thing twice: the map does not move away from
/// under a finger when a mapping is split.
#[tokio::test]
async fn the_map_stays_where_it_is() -> Result<()> {
    with_page("the map stays", Viewport::PHONE, async |page| {
        page.click(&id("guide-go")).await?;
        page.wait_for(&id("page-grid")).await?;
        let (map, button) = (top_of(page, "page-grid").await?, top_of(page, "guide-go").await?);
        for step in 2..5 {
            page.click(&id("guide-go")).await?;
            page.wait_for(&format!("{}[data-done=\"{step}\"]", id("guide"))).await?;
            let now = (top_of(page, "page-grid").await?, top_of(page, "guide-go").await?);
            let moved = (now.0 - map).abs().max((now.1 - button).abs());
            ensure!(moved < 2.0, "they moved from {map}, {button} to {now:?}");
        }
        page.wait_for_text(&id("stat-vmas"), "3").await
    })
    .await
}

/// The same on a page that is scrolled, where somebody goes a way of their own: a second tap at the
/// place of the first one hits the same page.
#[tokio::test]
async fn a_second_tap_hits_the_same_page() -> Result<()> {
    with_page("second tap", Viewport::PHONE, async |page| {
        const TOP: &str =
            "return document.querySelector(arguments[0]).getBoundingClientRect().top;";
        page.click(&id("guide-go")).await?;
        page.wait_for(&id("page-grid")).await?;
        for (scrolled, page_number) in [(100, 1), (120, 4)] {
            page.eval("window.scrollTo(0, arguments[0]);", vec![json!(scrolled)]).await?;
            let at = page.cell(0x7fff_f7ff_7000 + page_number * 4096).await?;
            let before = page.eval(TOP, vec![json!(id("page-grid"))]).await?;
            page.swipe(&id("page-grid"), at, at).await?;
            page.click("[data-line*=\"PROT_READ)\"]").await?;
            page.wait_for_text(&id("outcome"), "became").await?;
            let now = page.eval(TOP, vec![json!(id("page-grid"))]).await?;
            ensure!(now == before, "scrolled to {scrolled} it moved from {before} to {now}");
        }
        Ok(())
    })
    .await
}

/// The button that runs the call stays where it is, whichever call is chosen.
#[tokio::test]
async fn run_stays_where_it_is() -> Result<()> {
    with_page("run stays", Viewport::DESKTOP, async |page| {
        let run = top_of(page, "run").await?;
        for call in ["mprotect", "store", "load", "free", "mmap"] {
            page.click(&id(&format!("call-{call}"))).await?;
            page.wait_for_text(&id("c-line"), &format!("{call}(")).await?;
            let now = top_of(page, "run").await?;
            ensure!(now == run, "Run moved from {run} to {now} for {call}");
        }
        Ok(())
    })
    .await
}

/// Which mapping of a log is the largest that nothing touched: one choice, and it is shown.
#[tokio::test]
async fn the_largest_untouched_is_one_choice_away() -> Result<()> {
    with_page("largest untouched", Viewport::DESKTOP, async |page| {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/strace");
        let log = tests.join("git-log.strace").canonicalize()?;
        page.click(&id("import-open")).await?;
        page.type_into(&id("import-file"), &log.to_string_lossy()).await?;
        page.wait_for_text(&id("import-begins-late"), "the program itself").await?;
        page.click(&id("import-accept")).await?;
        page.wait_for_text(&id("step-count"), "73 of 73").await?;
        page.select(&id("vma-order"), "size").await?;
        let first = format!("{}:first-child", id("vma"));
        page.wait_for_text(&first, "libc.so.6").await?;
        page.wait_for_text(&id("vma-late-start"), "without the program itself").await?;
        page.wait_for_text(&id("facts"), "0x7ffff7d40000").await?;
        // A log does not hold what was touched: that order cannot be had, and nor are faults known.
        let untouched = format!("{} [value=untouched]", id("vma-order"));
        page.wait_for_text(&untouched, "not recorded").await?;
        ensure!(page.attribute(&untouched, "disabled").await?.is_some(), "it can be chosen");
        for name in ["stat-faults", "frames-used", "walk-stops"] {
            page.wait_for_text(&id(name), "not recorded").await?;
        }
        page.check_accessibility().await?;
        page.screenshot("map-largest-untouched").await?;

        // Of what runs here it is known.
        page.click(&id("examples")).await?;
        page.click("[data-testid^=example-]").await?;
        for pages in 1..9 {
            run(page, &format!("mmap({}, {pages}*256*1024, 3, 0x32, -1, 0)", pages << 24)).await?;
        }
        run(page, &format!("load({})", 8 << 24)).await?;
        page.select(&id("vma-order"), "untouched").await?;
        page.wait_for_text(&id("facts"), "0x7000000-").await
    })
    .await
}

/// A `free` that gives no page back says why.
#[tokio::test]
async fn free_tells_why_pages_stay() -> Result<()> {
    with_page("free keeps pages", Viewport::DESKTOP, async |page| {
        run(page, "a = malloc(100)").await?;
        run(page, "b = malloc(100)").await?;
        run(page, "free(a)").await?;
        page.wait_for_text(&id("last-call"), "no page went back to the kernel").await?;
        run(page, "free(b)").await?;
        page.wait_for_text(&id("last-call"), "gave 16 pages back").await
    })
    .await
}

/// Paper gets the picture of the address space and the facts, and nothing that is for clicking.
#[tokio::test]
async fn paper() -> Result<()> {
    with_page("paper", Viewport::DESKTOP, async |page| {
        eight_pages(page).await?;
        page.show_as_printed().await?;
        page.eval("dispatchEvent(new Event('beforeprint'));", vec![]).await?;
        page.wait_for_text(&id("print-picture"), "7ffff7ff7000–7ffff7fff000").await?;
        let shown = |selector: &str| {
            let selector = selector.to_owned();
            async move {
                let script = "return [...document.querySelectorAll(arguments[0])]
                    .filter(it => it.checkVisibility()).length;";
                let count = page.eval(script, vec![json!(selector)]).await?;
                count.as_u64().context("no count")
            }
        };
        ensure!(shown(".app button.button, .call-name, .skip a, .transport").await? == 0);
        ensure!(shown(&format!("{} svg", id("print-picture"))).await? == 1);
        page.screenshot("map-paper").await
    })
    .await
}

/// Sizes from a small phone to a large screen, and more contrast: nothing sticks out sideways, no
/// address is cut, the legend does not scroll, and axe finds nothing.
#[tokio::test]
async fn sizes_and_contrast() -> Result<()> {
    with_page("sizes", Viewport::DESKTOP, async |page| {
        page.click(&id("examples")).await?;
        page.click(&id("example-ls")).await?;
        page.wait_for_text(&id("stat-vmas"), "36").await?;
        for (width, height) in [(360, 740), (1024, 768), (1280, 720), (2560, 1440)] {
            page.set_viewport(Viewport { width, height, touch: width < 500 }).await?;
            const WIDE: &str = "const wide = it => it.scrollWidth - it.clientWidth;
                const cut = [...document.querySelectorAll('.vma-range, .legend, .strip-scale')]
                    .filter(it => it.checkVisibility() && wide(it) > 1).map(it => it.className);
                return [wide(document.documentElement), cut];";
            page.wait_until(&format!("{width} px fit"), async || {
                Ok(page.eval(WIDE, vec![]).await? == json!([0, []]))
            })
            .await
            .context(page.eval(WIDE, vec![]).await?.to_string())?;
            page.screenshot(&format!("map-size-{width}")).await?;
        }
        page.set_viewport(Viewport::DESKTOP).await?;
        page.set_preference("prefers-contrast", "more").await?;
        page.screenshot("map-contrast").await?;
        page.check_accessibility().await
    })
    .await
}
