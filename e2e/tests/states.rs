//! The page in named states, each at three widths (in Firefox at two) and in both themes: axe finds
//! nothing, nothing sticks out sideways, and a picture of each is kept in `target/screenshots/`.

use anyhow::{Context, ensure};
use e2e::{BrowserKind, Key, Page, Result, Viewport, id, with_page};
use serde_json::json;

/// Looks at the page as it is from all sides. `sign` is an element that makes it this state: a
/// state that a new width ends would be looked at in vain.
async fn look(page: &Page, name: &str, sign: &str) -> Result<()> {
    const OVERFLOW: &str = "const root = document.documentElement;
        return root.scrollWidth - root.clientWidth;";
    // Firefox takes its time with axe: the widths between are Chromium's.
    let widths: &[Viewport] = match page.kind() {
        BrowserKind::Chromium => &[Viewport::PHONE, Viewport::TABLET, Viewport::DESKTOP],
        BrowserKind::Firefox => &[Viewport::PHONE, Viewport::DESKTOP],
    };
    for viewport in widths {
        let viewport = *viewport;
        page.set_viewport(viewport).await?;
        for theme in ["light", "dark"] {
            page.set_preference("prefers-color-scheme", theme).await?;
            let width = viewport.width;
            let what = || format!("{name}, {width} px, {theme}");
            page.wait_for(sign).await.with_context(what)?;
            let overflow = page.eval(OVERFLOW, vec![]).await?;
            ensure!(overflow.as_i64() == Some(0), "{}: {overflow} px stick out", what());
            page.screenshot(&format!("state-{name}-{width}-{theme}")).await?;
            page.check_accessibility().await.with_context(what)?;
        }
    }
    Ok(())
}

/// Types a line into the console and runs it.
async fn run(page: &Page, line: &str) -> Result<()> {
    page.type_into(&id("console-input"), &format!("{line}\n")).await
}

/// Opens an example.
async fn open_example(page: &Page, name: &str) -> Result<()> {
    page.click(&id("examples")).await?;
    page.click(&id(&format!("example-{name}"))).await?;
    page.wait_for(&id("console-line")).await
}

#[tokio::test]
async fn first_visit() -> Result<()> {
    with_page("states of a first visit", Viewport::DESKTOP, async |page| {
        look(page, "01-first-visit", &id("welcome")).await
    })
    .await
}

#[tokio::test]
async fn first_fault() -> Result<()> {
    with_page("states of a first fault", Viewport::DESKTOP, async |page| {
        for done in 0..5 {
            page.wait_for(&format!("{}[data-done=\"{done}\"]", id("guide"))).await?;
            page.click(&id("guide-go")).await?;
        }
        look(page, "02-first-fault", &id("why")).await
    })
    .await
}

#[tokio::test]
async fn a_real_program() -> Result<()> {
    with_page("states of a real program", Viewport::DESKTOP, async |page| {
        open_example(page, "ls").await?;
        page.wait_for_text(&id("stat-vmas"), "36").await?;
        look(page, "03-real-program", &id("vma")).await
    })
    .await
}

#[tokio::test]
async fn a_moment_in_the_past() -> Result<()> {
    with_page("states of the past", Viewport::DESKTOP, async |page| {
        open_example(page, "ls").await?;
        page.click(&id("step-first")).await?;
        page.click(&id("step-forward")).await?;
        look(page, "04-in-the-past", ".line.ahead").await
    })
    .await
}

#[tokio::test]
async fn a_broken_heap() -> Result<()> {
    with_page("states of the heap", Viewport::DESKTOP, async |page| {
        run(page, "a = malloc(100)").await?;
        run(page, "b = malloc(24)").await?;
        run(page, "memset(a, 0x41, 160)").await?;
        run(page, "free(b)").await?;
        look(page, "05-broken-heap", &id("heap-major")).await
    })
    .await
}

#[tokio::test]
async fn the_console() -> Result<()> {
    with_page("states of the console", Viewport::DESKTOP, async |page| {
        run(page, "a = malloc(100)").await?;
        run(page, "munmap(a, ").await?;
        look(page, "06-unreadable-line", &id("console-trouble")).await?;
        page.set_viewport(Viewport::DESKTOP).await?;
        page.fill(&id("console-input"), "madvise(a, 1, MADV_").await?;
        page.press(Key::Tab).await?;
        page.wait_for(&id("completions")).await?;
        page.screenshot("state-07-completions").await?;
        page.check_accessibility().await?;
        page.press(Key::Down).await?;
        page.press(Key::Enter).await?;
        page.wait_until_gone(&id("completions")).await
    })
    .await
}

#[tokio::test]
async fn windows_and_menus() -> Result<()> {
    with_page("states of windows", Viewport::DESKTOP, async |page| {
        page.click(&id("import-open")).await?;
        look(page, "08-import", &id("import-text")).await?;
        page.set_viewport(Viewport::DESKTOP).await?;
        page.type_into(
            &id("import-text"),
            "[pid 1] brk(NULL) = 0x555555559000\n[pid 2] what(1) = 0",
        )
        .await?;
        page.click(&id("import-read")).await?;
        look(page, "09-import-summary", &id("import-summary")).await?;
        page.set_viewport(Viewport::DESKTOP).await?;
        page.click(&id("import-accept")).await?;
        page.wait_until_gone(&id("import-dialog")).await?;
        page.click(&id("keys")).await?;
        look(page, "10-keys", &id("keys-dialog")).await
    })
    .await
}

/// Where the header has no room, a menu has what is left out: all of it is named, opens, and gives
/// the focus back.
#[tokio::test]
async fn the_menu_of_a_small_screen() -> Result<()> {
    with_page("states of the menu", Viewport::PHONE, async |page| {
        let shown = async |name: &str| -> Result<bool> {
            Ok(page.find(&id(name)).await?.is_displayed().await?)
        };
        for name in ["sessions-open", "share-open", "theme", "truth", "keys"] {
            ensure!(!shown(name).await?, "{name} has no room");
        }
        for name in ["examples", "lessons-open", "import-open", "undo", "redo", "menu"] {
            ensure!(shown(name).await?, "{name} is out of sight");
        }
        for (item, window) in [
            ("menu-sessions", "sessions"),
            ("menu-share", "share"),
            ("menu-truth", "truth"),
            ("menu-keys", "keys"),
        ] {
            page.click(&id("menu")).await?;
            page.click(&id(item)).await?;
            page.wait_for(&id(&format!("{window}-dialog"))).await?;
            page.click(&id(&format!("{window}-close"))).await?;
            page.wait_until_gone(&id(&format!("{window}-dialog"))).await?;
            page.wait_for(&format!("{}:focus", id("menu"))).await?;
        }
        page.click(&id("menu")).await?;
        page.click(&id("menu-theme")).await?;
        page.wait_for(":root[data-theme=dark]").await?;
        page.click(&id("menu")).await?;
        page.wait_for(&id("menu-list")).await?;
        page.screenshot("state-menu").await?;
        page.check_accessibility().await?;

        page.set_viewport(Viewport::DESKTOP).await?;
        for name in ["sessions-open", "share-open", "theme", "truth", "keys"] {
            ensure!(shown(name).await?, "{name} is out of sight");
        }
        for (name, word) in [("sessions-open", "Sessions"), ("share-open", "Share")] {
            ensure!(page.text(&id(name)).await?.contains(word), "{name} has no word");
        }
        ensure!(!shown("menu").await?, "the menu is not needed");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn forms() -> Result<()> {
    with_page("states of forms", Viewport::DESKTOP, async |page| {
        page.click(&id("call-madvise")).await?;
        look(page, "11-form-of-advice", &id("arg-advice")).await?;
        page.set_viewport(Viewport::DESKTOP).await?;
        page.click(&id("call-open")).await?;
        page.click(&id("run")).await?;
        page.click(&id("run")).await?;
        look(page, "12-form-of-files", &id("flag-O_CREAT")).await
    })
    .await
}

#[tokio::test]
async fn how_true_it_is() -> Result<()> {
    with_page("states of the truth", Viewport::DESKTOP, async |page| {
        const UNFOLD: &str = "const dialog = document.querySelector(arguments[0]);
            for (const part of dialog.querySelectorAll('details')) part.open = true;";
        page.click(&id("truth")).await?;
        look(page, "13-how-true", &id("truth-summary")).await?;
        page.eval(UNFOLD, vec![json!(id("truth-dialog"))]).await?;
        let all = format!("{}[open]", id("truth-sections"));
        look(page, "14-how-true-unfolded", &all).await?;
        // What is too wide scrolls within its own box.
        const SIDEWAYS: &str = "const dialog = document.querySelector(arguments[0]);
            return dialog.scrollWidth - dialog.clientWidth;";
        page.set_viewport(Viewport::PHONE).await?;
        let sideways = page.eval(SIDEWAYS, vec![json!(id("truth-dialog"))]).await?;
        ensure!(sideways == json!(0), "{sideways} px stick out of the window");
        Ok(())
    })
    .await
}
