//! What the views tell of one moment: the legend, what changed, what a hole offers, what is writable
//! and executable; the walk and the bytes of the inspector; a line of the console as a moment.

use anyhow::ensure;
use e2e::{Page, Result, Viewport, id, with_page};
use serde_json::json;

/// The eight pages that the first button maps.
const START: u64 = 0x7fff_f7ff_7000;

async fn run(page: &Page, line: &str) -> Result<()> {
    page.type_into(&id("console-input"), &format!("{line}\n")).await
}

/// Waits until the legend names these marks and not those.
async fn legend(page: &Page, named: &[&str], unnamed: &[&str]) -> Result<()> {
    page.wait_until(&format!("the legend names {named:?} and not {unnamed:?}"), async || {
        let legend = page.text(&id("legend")).await?;
        Ok(named.iter().all(|it| legend.contains(it))
            && !unnamed.iter().any(|it| legend.contains(it)))
    })
    .await
}

/// The legend holds what is on screen and nothing else, call by call; the address of a VMA that the
/// last call changed stands out until the next one.
#[tokio::test]
async fn the_legend_tells_what_is_on_screen() -> Result<()> {
    with_page("legend", Viewport::DESKTOP, async |page| {
        let changed = async |count: usize| {
            page.wait_until(&format!("{count} VMAs stand out"), async || {
                Ok(page.count(".vma-range.changed").await? == count)
            })
            .await
        };
        page.click(&id("guide-go")).await?;
        legend(page, &["mapped, not resident", "changed by the last call"], &["dirty"]).await?;
        changed(1).await?;
        run(page, "brk(0)").await?;
        legend(page, &["mapped, not resident"], &["changed by the last call"]).await?;
        changed(0).await?;
        run(page, "store(p, 1)").await?;
        legend(page, &["dirty", "accessed"], &["the reason"]).await?;
        run(page, "mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_READ)").await?;
        legend(page, &["split here", "r--", "rw-"], &["the reason", "merged here"]).await?;
        run(page, "store(p + PAGE_SIZE, 1)").await?;
        legend(page, &["the reason"], &["split here"]).await?;
        run(page, "mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_READ|PROT_WRITE)").await?;
        legend(page, &["merged here"], &["the reason", "r--"]).await?;

        // A hazard is counted, and one click away.
        run(page, "mprotect(p + 2*PAGE_SIZE, PAGE_SIZE, PROT_READ|PROT_WRITE|PROT_EXEC)").await?;
        legend(page, &["writable and executable", "rwx"], &["merged here"]).await?;
        page.fill(&id("inspect-address"), &format!("{START:#x}\n")).await?;
        page.wait_for_text(&id("facts"), "8 KiB").await?;
        page.click(&id("stat-hazards")).await?;
        page.wait_for_text(&id("facts"), &format!("{:#x}", START + 2 * 4096)).await
    })
    .await
}

/// Each mark comes with the state that has it; those that a call alone cannot make, with a log.
#[tokio::test]
async fn every_mark_has_a_state() -> Result<()> {
    const STATES: [(&str, &[&str]); 8] = [
        ("p = mmap(NULL, 4*PAGE_SIZE, 3, 0x22, -1, 0)", &["mapped, not resident", "changed by"]),
        ("load(p)", &["the zero page", "accessed", "copy-on-write"]),
        ("store(p + PAGE_SIZE, 1)", &["resident, in a frame", "dirty"]),
        ("mprotect(p, PAGE_SIZE, PROT_READ)", &["split here"]),
        ("store(p, 1)", &["the reason"]),
        ("mprotect(p, PAGE_SIZE, PROT_READ|PROT_WRITE)", &["merged here"]),
        ("mprotect(p, PAGE_SIZE, 7)", &["writable and executable"]),
        ("munmap(p + 3*PAGE_SIZE, PAGE_SIZE)", &["unmapped by the last call"]),
    ];
    with_page("every mark", Viewport::DESKTOP, async |page| {
        for (line, marks) in STATES {
            run(page, line).await?;
            legend(page, marks, &[]).await?;
        }
        run(page, "fd = memfd_create(\"m\", 0)").await?;
        run(page, "q = mmap(NULL, 2*PAGE_SIZE, 3, MAP_PRIVATE, fd, 0)").await?;
        legend(page, &["of a file", "behind the end of the file"], &["inferred"]).await?;
        run(page, "mmap(NULL, PAGE_SIZE, 3, MAP_SHARED, fd, 0)").await?;
        legend(page, &["shared"], &[]).await?;
        page.click(&id("import-open")).await?;
        let log = "mprotect(0x7ffff7fb3000, 4096, PROT_READ) = 0";
        page.type_into(&id("import-text"), log).await?;
        page.click(&id("import-read")).await?;
        page.click(&id("import-accept")).await?;
        legend(page, &["inferred", "not recorded"], &["dirty"]).await
    })
    .await
}

/// A drag over a hole offers a mapping there, in C, and runs what it says.
#[tokio::test]
async fn a_hole_offers_mmap() -> Result<()> {
    with_page("hole", Viewport::DESKTOP, async |page| {
        page.click(&id("guide-go")).await?;
        page.wait_for_text(&id("stat-vmas"), "2").await?;
        let (from, to) = (page.cell(START - 5 * 4096).await?, page.cell(START - 3 * 4096).await?);
        page.drag(&id("page-grid"), from, to).await?;
        let line = format!(
            "mmap({:#x}, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0)",
            START - 5 * 4096
        );
        let offer = format!("[data-line=\"{line}\"]");
        ensure!(page.text(&offer).await?.contains(&line), "the C text is not on the offer");
        page.click(&offer).await?;
        page.wait_for_text(&id("stat-vmas"), "3").await?;
        page.wait_for_text(&id("console-lines"), &line).await
    })
    .await
}

/// The walk of a page that is not there stops and says where; two hex digits over a byte store it,
/// and then the walk ends at that byte; what changed is underlined until the next call.
#[tokio::test]
async fn the_walk_stops_and_bytes_are_written() -> Result<()> {
    with_page("walk and bytes", Viewport::DESKTOP, async |page| {
        page.click(&id("guide-go")).await?;
        page.fill(&id("inspect-address"), &format!("{START:#x}\n")).await?;
        page.wait_for_text(&id("walk-stops"), "stops at PGD[255]").await?;
        page.type_into(&id("hex"), "42").await?;
        page.wait_for_text(&id("console-lines"), &format!("store({START:#x}, 0x42")).await?;
        page.fill(&id("inspect-address"), &format!("{START:#x}\n")).await?;
        page.wait_for_text(&id("walk-byte"), "0x42").await?;
        page.wait_until_gone(&id("walk-stops")).await?;
        page.wait_for(".byte.changed").await?;
        run(page, "brk(0)").await?;
        page.wait_until_gone(".byte.changed").await?;
        // The next page is still missing, but only its own entry.
        page.fill(&id("inspect-address"), &format!("{:#x}\n", START + 4096)).await?;
        page.wait_for_text(&id("walk-stops"), "stops at PTE[504]").await
    })
    .await
}

/// A line of the console is a moment: a click on it shows that one, and what comes after stays.
#[tokio::test]
async fn a_line_of_the_console_is_a_moment() -> Result<()> {
    with_page("console line", Viewport::DESKTOP, async |page| {
        page.click(&id("guide-go")).await?;
        run(page, "mprotect(p, PAGE_SIZE, PROT_READ)").await?;
        run(page, "munmap(p, 8*PAGE_SIZE)").await?;
        page.wait_for_text(&id("step-count"), "3 of 3").await?;
        page.wait_for_text(&id("stat-vmas"), "1").await?;
        page.click(&format!("{}[data-step='2'] button", id("console-line"))).await?;
        page.wait_for_text(&id("step-count"), "2 of 3").await?;
        page.wait_for_text(&id("stat-vmas"), "3").await?;
        let ahead = format!("{}[data-step='3'].ahead", id("console-line"));
        ensure!(page.count(&ahead).await? == 1, "the line after it does not say that it is ahead");
        Ok(())
    })
    .await
}

/// On a phone the panels lie below the map: what failed is told where it is seen, and a panel that
/// is chosen comes into sight.
#[tokio::test]
async fn a_phone_tells_what_failed_and_shows_the_panel_chosen() -> Result<()> {
    const TOP: &str = "const box = document.querySelector(arguments[0]).getBoundingClientRect();
        return box.height > 0 && box.top >= 0 && box.top < innerHeight / 2;";
    const WHOLE: &str = "const box = document.querySelector(arguments[0]).getBoundingClientRect();
        return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;";
    with_page("phone", Viewport::PHONE, async |page| {
        let holds = async |script: &str, selector: &str| {
            page.wait_until(&format!("{selector} is in sight"), async || {
                Ok(page.eval(script, vec![json!(selector)]).await? == json!(true))
            })
            .await
        };
        page.click(&id("guide-go")).await?;
        page.wait_for_text(&id("step-count"), "1 of 1").await?;
        ensure!(page.count(&id("outcome")).await? == 0, "nothing surprises about a mapping");
        for done in 1..5 {
            page.wait_for(&format!("{}[data-done=\"{done}\"]", id("guide"))).await?;
            page.click(&id("guide-go")).await?;
        }
        page.wait_for_text(&id("outcome"), "it may not be written").await?;
        holds(WHOLE, &id("outcome")).await?;
        page.screenshot("phone-outcome").await?;
        page.check_accessibility().await?;
        // As a person scrolls what is below the screen to its middle.
        let scroll = "document.querySelector(arguments[0])
            .scrollIntoView({ block: 'center', behavior: 'instant' });";
        page.eval(scroll, vec![json!(id("tab-console"))]).await?;
        page.click(&id("tab-console")).await?;
        holds(TOP, "[data-panel=console]").await?;
        page.click(&id("outcome")).await?;
        holds(TOP, "[data-panel=inspector]").await?;
        holds(WHOLE, &id("last-call")).await
    })
    .await
}
