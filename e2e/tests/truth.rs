//! The window that says how true the page is.

use e2e::{Key, Page, Result, Viewport, id, with_page};

/// Waits until an element has the focus.
async fn focused(page: &Page, selector: &str) -> Result<()> {
    page.wait_for(&format!("{selector}:focus")).await.map(drop)
}

/// Opened by mouse and by keys, it is a window like the others: Escape closes it, and the focus
/// is where it was.
#[tokio::test]
async fn how_true_it_is_opens_and_closes() -> Result<()> {
    with_page("how true", Viewport::DESKTOP, async |page| {
        page.click(&id("truth")).await?;
        page.wait_for_text(&id("truth-summary"), "random calls ran in the model and on Linux")
            .await?;
        focused(page, &id("truth-close")).await?;
        page.press(Key::Escape).await?;
        page.wait_until_gone(&id("truth-dialog")).await?;
        focused(page, &id("truth")).await?;

        page.press(Key::Enter).await?;
        page.wait_for(&id("truth-dialog")).await?;
        page.press(Key::Enter).await?;
        page.wait_until_gone(&id("truth-dialog")).await?;

        page.press("t").await?;
        page.wait_for(&id("truth-dialog")).await?;
        page.press(Key::Escape).await?;
        page.wait_until_gone(&id("truth-dialog")).await?;
        focused(page, &id("truth")).await
    })
    .await
}
