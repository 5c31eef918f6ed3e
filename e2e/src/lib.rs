//! Tests of the published page in a real browser.
//!
//! [`with_page`] serves `dist/`, starts a headless Chromium (or, with `E2E_BROWSER=firefox`,
//! Firefox), opens the page and hands it to the test:
//!
//! ```no_run
//! use e2e::{Result, Viewport, with_page};
//!
//! #[tokio::test]
//! async fn steps_back() -> Result<()> {
//!     with_page("steps back", Viewport::DESKTOP, async |page| {
//!         page.type_into("#console", "mmap(NULL, 4096, …)\n").await?;
//!         page.click("#back").await?;
//!         page.wait_for_text("#position", "0 of 1").await?;
//!         page.screenshot("stepped-back").await
//!     })
//!     .await
//! }
//! ```
//!
//! A test passes if it returns `Ok`, does not panic, and leaves no error in the
//! browser's console. Nothing outlives it, neither browser nor server. When it
//! fails, `target/screenshots/NAME-failed.png` shows the page as it was.

mod driver;
pub mod figures;
mod page;
mod server;
mod surroundings;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{anyhow, ensure};
use futures_util::FutureExt;

pub use anyhow::{Context, Result};
pub use driver::BrowserKind;
pub use fantoccini::elements::Element;
pub use fantoccini::key::Key;
pub use page::{Page, Viewport, Violation};

/// Returns the selector of an element by its name for tests.
pub fn id(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

/// The folder that is served beside the page, for tests that build a site into it.
pub fn pages_folder() -> PathBuf {
    server::pages_folder()
}

/// How long a test may take before it counts as stuck.
const TEST_TIMEOUT: Duration = Duration::from_secs(240);

/// How long measuring may take before it counts as stuck.
const MEASURING_TIMEOUT: Duration = Duration::from_secs(1800);

/// Runs `test` on the freshly opened page.
///
/// `name` names the test in messages and in the picture of a failure.
///
/// # Errors
///
/// What `test` returns; if it takes too long; if the browser's console holds
/// errors that the test has not asked for; if there is no page or no browser.
pub async fn with_page(
    name: &str,
    viewport: Viewport,
    test: impl AsyncFnOnce(&Page) -> Result<()>,
) -> Result<()> {
    with_page_for(name, viewport, TEST_TIMEOUT, test).await
}

/// The same, with another time after which `test` counts as stuck.
///
/// # Errors
///
/// As [`with_page`].
pub async fn with_page_for(
    name: &str,
    viewport: Viewport,
    timeout: Duration,
    test: impl AsyncFnOnce(&Page) -> Result<()>,
) -> Result<()> {
    let kind = BrowserKind::chosen()?;
    let place = Place { dist: &dist()?, kind, flags: &[], timeout };
    with_page_at(place, name, viewport, test).await
}

/// Runs `work` on the freshly opened page of the folder `dist`, in Chromium, with time enough to
/// measure it, and with flags for the browser besides the usual ones.
///
/// # Errors
///
/// As [`with_page`].
pub async fn measure(
    dist: &Path,
    flags: &[&str],
    work: impl AsyncFnOnce(&Page) -> Result<()>,
) -> Result<()> {
    let kind = BrowserKind::Chromium;
    let place = Place { dist, kind, flags, timeout: MEASURING_TIMEOUT };
    with_page_at(place, "measuring", Viewport::DESKTOP, work).await
}

/// Which page is opened, and in what.
struct Place<'a> {
    dist: &'a Path,
    kind: BrowserKind,
    flags: &'a [&'a str],
    timeout: Duration,
}

async fn with_page_at(
    place: Place<'_>,
    name: &str,
    viewport: Viewport,
    test: impl AsyncFnOnce(&Page) -> Result<()>,
) -> Result<()> {
    let Place { dist, kind, flags, timeout } = place;
    let server = server::Server::start(dist).await?;
    let driver = driver::Driver::start(kind).await?;
    let client = driver.connect(None, flags).await?;
    let page = Page::new(client, server, kind, driver.printed());
    let outcome = run(name, &page, viewport, timeout, test).await;
    // Whatever happened, close the browser: it would outlive its driver.
    let closed = page.close().await;
    finish(name, timeout, outcome).and(closed)
}

/// Runs `first` on the freshly opened page, ends the browser as a crash does, and runs `second` on
/// the page opened anew in another browser with the same profile.
///
/// # Errors
///
/// As [`with_page`].
pub async fn with_page_killed(
    name: &str,
    viewport: Viewport,
    first: impl AsyncFnOnce(&Page) -> Result<()>,
    second: impl AsyncFnOnce(&Page) -> Result<()>,
) -> Result<()> {
    let profile = xtask::root().join("target/profiles").join(name.replace(' ', "-"));
    let _ = std::fs::remove_dir_all(&profile);
    std::fs::create_dir_all(&profile)?;
    let server = server::Server::start(&dist()?).await?;
    let kind = BrowserKind::chosen()?;
    let driver = driver::Driver::start(kind).await?;
    let client = driver.connect(Some(&profile), &[]).await?;
    let page = Page::new(client, server, kind, driver.printed());
    let outcome = run(name, &page, viewport, TEST_TIMEOUT, first).await;
    if !matches!(outcome, Ok(Ok(Ok(())))) {
        let _ = page.close().await;
        return finish(name, TEST_TIMEOUT, outcome);
    }
    let server = page.crash().await?;
    // A driver of its own: that of Firefox has one session, and mourns it for a while.
    drop(driver);
    let driver = driver::Driver::start(kind).await?;
    let client = driver.connect(Some(&profile), &[]).await?;
    let page = Page::new(client, server, kind, driver.printed());
    let outcome = run(name, &page, viewport, TEST_TIMEOUT, second).await;
    let closed = page.close().await;
    let _ = std::fs::remove_dir_all(&profile);
    finish(name, TEST_TIMEOUT, outcome).and(closed)
}

/// What came of a test: it may panic, take too long, or fail.
type Outcome = std::thread::Result<std::result::Result<Result<()>, tokio::time::error::Elapsed>>;

async fn run(
    name: &str,
    page: &Page,
    viewport: Viewport,
    timeout: Duration,
    test: impl AsyncFnOnce(&Page) -> Result<()>,
) -> Outcome {
    let run = async {
        page.set_viewport(viewport).await?;
        page.open("").await?;
        test(page).await?;
        let errors = page.console_errors().await?;
        ensure!(errors.is_empty(), "errors in the console:\n{}", errors.join("\n"));
        Ok(())
    };
    let run = AssertUnwindSafe(tokio::time::timeout(timeout, run)).catch_unwind();
    let outcome = run.await;

    if !matches!(outcome, Ok(Ok(Ok(())))) {
        page.describe_failure(name).await;
    }
    outcome
}

fn finish(name: &str, timeout: Duration, outcome: Outcome) -> Result<()> {
    match outcome {
        Err(panic) => resume_unwind(panic),
        Ok(Err(_)) => Err(anyhow!("{name}: stuck for {} s", timeout.as_secs())),
        Ok(Ok(result)) => result,
    }
}

/// Returns the folder of the built page: `DIST_DIR`, or `dist/` in the workspace.
fn dist() -> Result<PathBuf> {
    let folder = match std::env::var_os("DIST_DIR") {
        Some(folder) => folder.into(),
        None => xtask::root().join("dist"),
    };
    ensure!(
        folder.join("index.html").is_file(),
        "there is no page in {}: run `cargo xtask build` first",
        folder.display()
    );
    Ok(folder)
}
