//! In and out: links, files, and sessions that the browser keeps. What comes back is the same
//! state, byte for byte; what cannot come back is told, and the session shown stays.

use anyhow::{Context, ensure};
use e2e::{Key, Page, Result, Viewport, id, with_page, with_page_killed};
use serde_json::json;
use std::path::{Path, PathBuf};

async fn run(page: &Page, line: &str) -> Result<()> {
    page.type_into(&id("console-input"), &format!("{line}\n")).await
}

async fn at_step(page: &Page, text: &str) -> Result<()> {
    page.wait_for_text(&id("step-count"), text).await
}

async fn wait_for_kept(page: &Page) -> Result<()> {
    page.wait_for(&format!("{}[data-kept=saved]", id("notices"))).await
}

/// A session with something of everything: names, a heap, a file, a failure, a branch, a step back.
async fn make_session(page: &Page) -> Result<()> {
    for line in [
        "p = mmap(NULL, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
        "mprotect(p + 4096, 4096, PROT_READ)",
        "store(p + 4096, 7)",
        "a = malloc(100)",
    ] {
        run(page, line).await?;
    }
    at_step(page, "4 of 4").await?;
    page.click(&id("step-back")).await?;
    at_step(page, "3 of 4").await?;
    run(page, "store(p, \"bytes\")").await?;
    run(page, "fd = openat(AT_FDCWD, \"f\", O_RDWR|O_CREAT, 0600)").await?;
    at_step(page, "5 of 5").await?;
    page.click(&id("step-back")).await?;
    at_step(page, "4 of 5").await
}

/// An empty folder for what a test saves.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Saves a file from the window of share and save; gives its path.
async fn save(page: &Page, folder: &Path, what: &str) -> Result<PathBuf> {
    page.save_files_to(folder).await?;
    page.click(&id("share-open")).await?;
    page.click(&id(&format!("save-{what}"))).await?;
    let found = async || -> Result<Option<PathBuf>> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let part = path.extension().is_some_and(|it| it == "crdownload" || it == "part");
            if !part && path.metadata()?.len() > 0 {
                return Ok(Some(path));
            }
        }
        Ok(None)
    };
    page.wait_until("the file is saved", async || Ok(found().await?.is_some())).await?;
    page.click(&id("share-close")).await?;
    page.wait_until_gone(&id("share-dialog")).await?;
    found().await?.context("the file is gone")
}

/// The state as the page saves it.
async fn state(page: &Page, folder: &Path) -> Result<String> {
    let text = std::fs::read_to_string(save(page, folder, "state").await?)?;
    ensure!(text.contains("\"page_size\": 4096"), "no state: {text}");
    Ok(text)
}

#[tokio::test]
async fn a_link_opens_the_same_state_in_another_browser() -> Result<()> {
    with_page("link from", Viewport::DESKTOP, async |page| {
        make_session(page).await?;
        let before = state(page, &folder("link-from")).await?;
        page.click(&id("share-open")).await?;
        let link = page.value(&id("share-link")).await?;
        page.screenshot("share").await?;
        page.check_accessibility().await?;
        let fragment = link.split_once('#').context("the link has no fragment")?.1.to_owned();
        ensure!(link == format!("{}#{fragment}", page.url()), "not this page: {link}");

        with_page("link to", Viewport::DESKTOP, async |other| {
            other.open(&format!("#{fragment}")).await?;
            at_step(other, "4 of 5").await?;
            other.wait_for_text(&id("branches-open"), "+1").await?;
            assert_eq!(state(other, &folder("link-to")).await?, before);
            // The address no longer holds the link: a reload brings back what was made of it.
            run(other, "brk(0)").await?;
            at_step(other, "5 of 5").await?;
            wait_for_kept(other).await?;
            other.reload().await?;
            at_step(other, "5 of 5").await
        })
        .await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_damaged_link_is_told_and_nothing_is_lost() -> Result<()> {
    with_page("damaged link", Viewport::DESKTOP, async |page| {
        make_session(page).await?;
        wait_for_kept(page).await?;
        page.click(&id("share-open")).await?;
        let link = page.value(&id("share-link")).await?;
        let fragment = link.split_once('#').context("the link has no fragment")?.1.to_owned();
        let cut = &fragment[..fragment.len() / 2];
        for letters in [cut, "s=", "s=nothing!", "s=AAAA", "later-kind=AAAA"] {
            page.open(&format!("#{letters}")).await?;
            page.wait_for_text(&id("notice"), "The link cannot be opened").await?;
            at_step(page, "4 of 5").await?;
        }
        page.screenshot("link-damaged").await?;
        page.check_accessibility().await?;

        // On a phone the page is longer than the screen: the message stays in sight.
        page.set_viewport(Viewport::PHONE).await?;
        const IN_SIGHT: &str =
            "const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return [scrollY > 200, box.top > -1 && box.bottom <= innerHeight];";
        page.eval("scrollTo({ top: 600, behavior: 'instant' });", vec![]).await?;
        page.wait_until("the message is in sight, far down the page", async || {
            Ok(page.eval(IN_SIGHT, vec![json!(id("notice"))]).await? == json!([true, true]))
        })
        .await?;
        page.screenshot("link-damaged-phone").await?;
        page.click(&id("notice-close")).await?;
        page.wait_until_gone(&id("notice")).await
    })
    .await
}

/// On a phone, on the first visit and from the start: the message is on the screen, and nothing lies
/// over it.
#[tokio::test]
async fn a_damaged_link_is_in_sight_on_a_phone() -> Result<()> {
    const IN_SIGHT: &str =
        "const notice = document.querySelector(arguments[0]);
        const box = notice.getBoundingClientRect();
        const above = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
        return scrollY === 0 && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0
            && box.right <= innerWidth && notice.contains(above);";
    with_page("damaged link on a phone", Viewport::PHONE, async |page| {
        for width in [390, 500, 360] {
            page.set_viewport(Viewport { width, ..Viewport::PHONE }).await?;
            page.open("#s=AAAA").await?;
            page.wait_for_text(&id("notice"), "The link cannot be opened").await?;
            let in_sight =
                async || Ok(page.eval(IN_SIGHT, vec![json!(id("notice"))]).await? == json!(true));
            page.wait_until(&format!("the message is in sight at {width} px"), in_sight).await?;
            page.screenshot(&format!("link-damaged-{width}")).await?;
        }
        page.click(&id("notice-close")).await?;
        page.wait_until_gone(&id("notice")).await
    })
    .await
}

#[tokio::test]
async fn a_reload_keeps_the_session() -> Result<()> {
    with_page("reload", Viewport::DESKTOP, async |page| {
        make_session(page).await?;
        let before = state(page, &folder("reload")).await?;
        wait_for_kept(page).await?;
        page.reload().await?;
        at_step(page, "4 of 5").await?;
        page.wait_for_text(&id("branches-open"), "Branch 2").await?;
        assert_eq!(state(page, &folder("reload")).await?, before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_killed_browser_keeps_the_session() -> Result<()> {
    with_page_killed(
        "killed",
        Viewport::DESKTOP,
        async |page| {
            make_session(page).await?;
            wait_for_kept(page).await
        },
        async |page| {
            at_step(page, "4 of 5").await?;
            page.wait_for_text(&id("branches-open"), "Branch 2").await
        },
    )
    .await
}

/// What was written down before it ran is run when the page comes back, once; if it ended the page
/// again, it is told instead.
#[tokio::test]
async fn what_was_about_to_run_is_not_lost() -> Result<()> {
    with_page("journal", Viewport::DESKTOP, async |page| {
        run(page, "brk(0)").await?;
        wait_for_kept(page).await?;
        let note = "localStorage.setItem('mmap-playground.journal', arguments[0]);";
        page.eval(note, vec![json!("0 1 1\nmalloc(77)")]).await?;
        page.reload().await?;
        at_step(page, "2 of 2").await?;
        page.wait_for_text(&id("console-lines"), "malloc(77)").await?;
        wait_for_kept(page).await?;
        page.eval(note, vec![json!("tried 0 2 2\nmalloc(88)")]).await?;
        page.reload().await?;
        page.wait_for_text(&id("notice"), "malloc(88)").await?;
        at_step(page, "2 of 2").await
    })
    .await
}

#[tokio::test]
async fn several_sessions_are_kept() -> Result<()> {
    with_page("sessions", Viewport::DESKTOP, async |page| {
        let sessions = async |count: usize| {
            page.wait_until(&format!("{count} sessions are listed"), async || {
                Ok(page.count(&id("session")).await? == count)
            })
            .await
        };
        run(page, "brk(0)").await?;
        wait_for_kept(page).await?;
        page.click(&id("sessions-open")).await?;
        sessions(1).await?;
        page.click(&id("session-name")).await?;
        page.press(Key::Control + "a").await?;
        page.press("the first\n").await?;
        page.wait_for_text(&id("session-title"), "the first").await?;
        page.click(&id("session-new")).await?;
        at_step(page, "0 of 0").await?;
        run(page, "brk(0)").await?;
        run(page, "brk(0)").await?;
        at_step(page, "2 of 2").await?;
        wait_for_kept(page).await?;

        page.click(&id("sessions-open")).await?;
        sessions(2).await?;
        page.screenshot("sessions").await?;
        page.check_accessibility().await?;
        // The newest, which is shown, stands first.
        let other = |what: &str| format!("{}:nth-child(2) {}", id("session"), id(what));
        page.click(&other("session-copy")).await?;
        sessions(3).await?;
        page.click(&format!("{} {}", "[data-testid=session]:nth-child(1)", id("session-delete")))
            .await?;
        sessions(2).await?;
        page.click(&id("session-undelete")).await?;
        sessions(3).await?;
        page.click(&id("sessions-close")).await?;

        // Open the first one again; a reload shows that one.
        page.click(&id("sessions-open")).await?;
        sessions(3).await?;
        page.eval(
            "const rows = [...document.querySelectorAll(arguments[0])];
             const row = rows.find(row => row.querySelector('input').value === 'the first');
             row.querySelector(arguments[1]).click();",
            vec![json!(id("session")), json!(id("session-open"))],
        )
        .await?;
        page.wait_for_text(&id("session-title"), "the first").await?;
        at_step(page, "1 of 1").await?;
        page.reload().await?;
        page.wait_for_text(&id("session-title"), "the first").await?;
        at_step(page, "1 of 1").await
    })
    .await
}

#[tokio::test]
async fn what_is_saved_and_imported_again_is_the_same_state() -> Result<()> {
    with_page("save and import", Viewport::DESKTOP, async |page| {
        make_session(page).await?;
        let before = state(page, &folder("saved-state")).await?;
        for what in ["session", "trace"] {
            let file = save(page, &folder(&format!("saved-{what}")), what).await?;
            page.click(&id("sessions-open")).await?;
            page.click(&id("session-new")).await?;
            at_step(page, "0 of 0").await?;
            page.click(&id("import-open")).await?;
            page.type_into(&id("import-file"), &file.canonicalize()?.to_string_lossy()).await?;
            if what == "trace" {
                page.click(&id("import-accept")).await?;
            }
            page.wait_until_gone(&id("import-dialog")).await?;
            at_step(page, "4 of").await?;
            assert_eq!(state(page, &folder("saved-state")).await?, before, "{what}");
        }
        let maps = std::fs::read_to_string(save(page, &folder("saved-maps"), "maps").await?)?;
        ensure!(maps.lines().count() == 3 && maps.contains("rw-p"), "{maps}");
        let svg = std::fs::read_to_string(save(page, &folder("saved-svg"), "svg").await?)?;
        ensure!(svg.contains("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
        let png = std::fs::read(save(page, &folder("saved-png"), "png").await?)?;
        ensure!(png.starts_with(b"\x89PNG"), "no PNG");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn without_storage_the_page_says_so_and_works() -> Result<()> {
    with_page("no storage", Viewport::DESKTOP, async |page| {
        page.run_before_page(
            "Object.defineProperty(window, 'indexedDB', { value: undefined });
             Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } });",
        )
        .await?;
        page.open("").await?;
        page.wait_for_text(&id("not-kept"), "offers no storage").await?;
        run(page, "brk(0)").await?;
        at_step(page, "1 of 1").await?;
        page.wait_for(&id("not-kept")).await?;
        page.click(&id("keep-file")).await?;
        page.wait_for(&id("share-link")).await?;
        page.screenshot("no-storage").await
    })
    .await
}

/// A save that fails is told, tried again, and then all is there.
#[tokio::test]
async fn a_full_storage_is_told_and_tried_again() -> Result<()> {
    with_page("storage full", Viewport::DESKTOP, async |page| {
        run(page, "brk(0)").await?;
        wait_for_kept(page).await?;
        page.eval(
            "const put = IDBObjectStore.prototype.put;
             window.mend = () => { IDBObjectStore.prototype.put = put; };
             IDBObjectStore.prototype.put = function () {
                 throw new DOMException('full', 'QuotaExceededError');
             };",
            vec![],
        )
        .await?;
        run(page, "malloc(8)").await?;
        page.wait_for_text(&id("not-kept"), "storage is full").await?;
        page.eval("mend();", vec![]).await?;
        page.click(&id("keep-again")).await?;
        page.wait_until_gone(&id("not-kept")).await?;
        wait_for_kept(page).await?;
        page.reload().await?;
        at_step(page, "2 of 2").await
    })
    .await
}

/// Two windows that go on with one session: each keeps what it made, and the second is told.
#[tokio::test]
async fn two_windows_of_a_session_lose_nothing() -> Result<()> {
    with_page("two windows", Viewport::DESKTOP, async |page| {
        run(page, "brk(0)").await?;
        wait_for_kept(page).await?;
        let client = page.client();
        let first = client.window().await?;
        let second = client.new_window(true).await?.handle;
        client.switch_to_window(second).await?;
        page.set_viewport(Viewport::DESKTOP).await?;
        page.open("").await?;
        at_step(page, "1 of 1").await?;
        run(page, "malloc(8)").await?;
        at_step(page, "2 of 2").await?;
        wait_for_kept(page).await?;
        ensure!(page.count(&id("notice")).await? == 0, "the first to go on has lost nothing");

        client.close_window().await?;
        client.switch_to_window(first).await?;
        run(page, "brk(1)").await?;
        run(page, "brk(2)").await?;
        page.wait_for_text(&id("notice"), "Both are kept").await?;
        wait_for_kept(page).await?;
        page.screenshot("two-windows").await?;
        page.reload().await?;
        at_step(page, "3 of 3").await?;
        page.click(&id("sessions-open")).await?;
        page.wait_until("both are listed", async || Ok(page.count(&id("session")).await? == 2))
            .await
    })
    .await
}

/// A database of a page that is newer than this one stays as it is.
#[tokio::test]
async fn a_newer_storage_is_left_alone() -> Result<()> {
    with_page("newer storage", Viewport::DESKTOP, async |page| {
        // A page with this handler is not kept for the way back: it would hold the database open.
        page.eval("addEventListener('unload', () => {});", vec![]).await?;
        page.open_host("<!DOCTYPE html><title>host</title><link rel=icon href='data:,'>").await?;
        page.eval(
            "return new Promise(done => {
                 const drop = indexedDB.deleteDatabase('mmap-playground');
                 drop.onsuccess = drop.onerror = () => {
                     const open = indexedDB.open('mmap-playground', 99);
                     open.onsuccess = () => { open.result.close(); done(true); };
                 };
             });",
            vec![],
        )
        .await?;
        page.open("").await?;
        page.wait_for_text(&id("not-kept"), "a newer version of this page").await?;
        run(page, "brk(0)").await?;
        at_step(page, "1 of 1").await
    })
    .await
}

#[tokio::test]
async fn files_that_are_no_log_are_told() -> Result<()> {
    let binary = folder("binary.bin");
    std::fs::write(&binary, (0..60_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>())?;
    let damaged = folder("damaged.session.json");
    std::fs::write(&damaged, "{\"format\":\"mmap-playground session\",\"version\":1,\"texts\":[")?;
    with_page("no log", Viewport::DESKTOP, async |page| {
        run(page, "brk(0)").await?;
        page.click(&id("import-open")).await?;
        for (file, text) in [(&binary, "is no text"), (&damaged, "cut short or was altered")] {
            page.type_into(&id("import-file"), &file.canonicalize()?.to_string_lossy()).await?;
            page.wait_for_text(&id("import-wrong"), text).await?;
        }
        page.screenshot("import-no-log").await?;
        page.press(Key::Escape).await?;
        page.wait_until_gone(&id("import-dialog")).await?;
        at_step(page, "1 of 1").await
    })
    .await
}

/// Clicks what begins to read, and Stop as soon as it shows, however fast the reading is.
async fn stop_at_once(page: &Page, begins: &str) -> Result<()> {
    const STOP: &str = "new MutationObserver((changes, observer) => {
            const stop = document.querySelector('[data-testid=import-stop]');
            if (!stop) return;
            observer.disconnect();
            stop.click();
        }).observe(document.body, { childList: true, subtree: true });";
    page.eval(STOP, vec![]).await?;
    page.click(&id(begins)).await
}

/// More than fits is not begun with unasked: its first lines are offered, and what was read of it
/// can be let go.
#[tokio::test]
async fn of_a_huge_log_the_beginning_is_offered() -> Result<()> {
    let huge = folder("huge.strace");
    std::fs::write(&huge, "brk(0) = 0x555555559000\n".repeat(1_600_000))?;
    // What lies behind is never looked at: a hole.
    std::fs::File::options().write(true).open(&huge)?.set_len(1_200_000_000)?;
    with_page("huge log", Viewport::DESKTOP, async |page| {
        run(page, "brk(0)").await?;
        page.click(&id("import-open")).await?;
        let path = huge.canonicalize()?.to_string_lossy().into_owned();
        page.type_into(&id("import-file"), &path).await?;
        page.wait_for_text(&id("import-cut"), "huge.strace has ~1.1 GiB").await?;
        page.wait_for_text(&id("import-cut"), "first 1\u{202f}500\u{202f}000 lines").await?;
        page.screenshot("import-huge").await?;
        page.check_accessibility().await?;
        page.click(&id("import-back")).await?;

        // Taken after all, it reads with progress and can be stopped.
        page.type_into(&id("import-file"), &path).await?;
        stop_at_once(page, "import-beginning").await?;
        page.wait_for(&id("import-text")).await?;
        page.press(Key::Escape).await?;
        page.wait_until_gone(&id("import-dialog")).await?;
        at_step(page, "1 of 1").await
    })
    .await?;
    std::fs::remove_file(&huge)?;
    Ok(())
}

/// Of more than fits, another part can be asked for: a process, lines, a stretch of time.
#[tokio::test]
async fn of_a_long_log_a_part_is_taken() -> Result<()> {
    let long = folder("long.strace");
    let mut text = "7 12:00:01 brk(0) = 0x555555559000\n".repeat(1_600_000);
    text.push_str("8 12:00:02 brk(0) = 0x555555559000\n8 12:00:03 munmap(0x1, 1) = -1 EINVAL\n");
    std::fs::write(&long, &text)?;
    with_page("part of a log", Viewport::DESKTOP, async |page| {
        page.click(&id("import-open")).await?;
        let path = long.canonicalize()?.to_string_lossy().into_owned();
        page.type_into(&id("import-file"), &path).await?;
        page.wait_for_text(&id("import-cut"), "first 1\u{202f}500\u{202f}000 lines").await?;

        page.type_into(&id("import-part-2"), "noon").await?;
        page.click(&id("import-part")).await?;
        page.wait_for_text(&id("import-part-wrong"), "“noon” is no time").await?;
        page.screenshot("import-part-wrong").await?;
        page.check_accessibility().await?;
        page.fill(&id("import-part-2"), "00:00:00").await?;
        page.type_into(&id("import-part-0"), "9").await?;
        page.click(&id("import-part")).await?;
        let none = "None of its 1\u{202f}600\u{202f}002 lines is in that part.";
        page.wait_for_text(&id("import-part-wrong"), none).await?;

        // Stopped while it reads, it asks again, and what was written is still there.
        page.fill(&id("import-part-0"), "7").await?;
        stop_at_once(page, "import-part").await?;
        page.wait_for_text(&id("import-cut"), "long.strace has").await?;
        let kept = page.eval(
            "return document.querySelector(arguments[0]).value",
            vec![json!(id("import-part-0"))],
        );
        assert_eq!(kept.await?, json!("7"));
        page.click(&id("import-part")).await?;
        page.wait_for_text(&id("import-cut"), "That part of long.strace is more").await?;
        page.fill(&id("import-part-0"), "8").await?;
        page.fill(&id("import-part-2"), "12:00:03").await?;
        page.click(&id("import-part")).await?;
        page.wait_for_text(&id("import-summary"), "calls1skipped0").await?;
        page.click(&id("import-accept")).await?;
        page.wait_until_gone(&id("import-dialog")).await?;
        at_step(page, "1 of 1").await
    })
    .await?;
    std::fs::remove_file(&long)?;
    Ok(())
}

/// Drops a file on the page as the browser does, or says that the page left it to the browser.
async fn drop_file(page: &Page, name: &str, text: &str) -> Result<()> {
    const DROP: &str = "const data = new DataTransfer();
        data.items.add(new File([arguments[1]], arguments[0]));
        const target = document.querySelector('main');
        return ['dragover', 'drop'].map(name => target.dispatchEvent(
            new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true })));";
    page.wait_for(&id("console-input")).await?;
    let left = page.eval(DROP, vec![json!(name), json!(text)]).await?;
    ensure!(left == json!([false, false]), "the browser would open the file itself: {left}");
    Ok(())
}

#[tokio::test]
async fn a_file_dropped_on_the_page_is_imported() -> Result<()> {
    with_page("drop", Viewport::DESKTOP, async |page| {
        let log = "brk(NULL) = 0x555555559000\nbrk(0x55555557a000) = 0x55555557a000\n";
        drop_file(page, "dropped.strace", log).await?;
        page.wait_for_text(&id("import-summary"), "a log of strace").await?;
        page.click(&id("import-accept")).await?;
        at_step(page, "2 of 2").await?;
        page.wait_for_text(&id("session-title"), "dropped.strace").await
    })
    .await
}

/// Stop in the middle of an import: the window asks again, what was at work stays stopped, and the
/// session is the one from before.
#[tokio::test]
async fn a_stopped_import_leaves_the_session_as_it_was() -> Result<()> {
    with_page("stopped import", Viewport::DESKTOP, async |page| {
        make_session(page).await?;
        let before = state(page, &folder("stopped-before")).await?;
        // The work goes on when the screen has a new frame: from now on when the test says so.
        page.eval(
            "window.held = [];
             window.realFrame = requestAnimationFrame;
             window.requestAnimationFrame = frame => held.push(frame);",
            vec![],
        )
        .await?;
        let frame = async || {
            let next = "for (const frame of held.splice(0)) frame(performance.now());";
            page.eval(next, vec![]).await.map(drop)
        };
        drop_file(page, "long.trace", &"a = malloc(24)\nfree(a)\n".repeat(15_000)).await?;
        page.wait_until("some of it has run", async || {
            ensure!(page.count(&id("import-summary")).await? == 0, "the text is too short");
            frame().await?;
            let said = page.text(&format!("{} [role=status]", id("import-dialog"))).await?;
            let share = said.strip_prefix("Running: ").and_then(|it| it.strip_suffix(" %"));
            Ok(share.and_then(|it| it.parse::<u32>().ok()).is_some_and(|it| (1..99).contains(&it)))
        })
        .await?;
        page.click(&id("import-stop")).await?;
        page.wait_for(&id("import-text")).await?;
        for _ in 0..10 {
            frame().await?;
        }
        ensure!(page.count(&id("import-stop")).await? == 0, "the work went on");
        ensure!(page.count(&id("import-text")).await? == 1, "the window no longer asks");
        page.press(Key::Escape).await?;
        page.wait_until_gone(&id("import-dialog")).await?;
        page.eval("window.requestAnimationFrame = realFrame;", vec![]).await?;
        frame().await?;
        at_step(page, "4 of 5").await?;
        page.wait_for_text(&id("branches-open"), "Branch 2").await?;
        assert_eq!(state(page, &folder("stopped-after")).await?, before);
        Ok(())
    })
    .await
}

/// Whoever chooses a process or a place goes on from there, once the text has run again.
#[tokio::test]
async fn the_focus_stays_at_what_was_chosen() -> Result<()> {
    with_page("focus of a choice", Viewport::DESKTOP, async |page| {
        run(page, "brk(0)").await?;
        page.click(&id("import-open")).await?;
        let log = "[pid 1] brk(NULL) = 0x555555559000\n[pid 2] brk(NULL) = 0x555555559000";
        page.type_into(&id("import-text"), log).await?;
        page.click(&id("import-read")).await?;
        for control in ["pid-2", "pid-all", "place-behind", "place-own"] {
            page.click(&id(control)).await?;
            page.wait_for(&format!("{}:checked:focus", id(control))).await?;
        }
        page.press(Key::Up).await?;
        page.wait_for(&format!("{}:checked:focus", id("place-behind"))).await
    })
    .await
}
