//! The first visit: from an empty page to a first fault, by mouse, by keyboard, by touch.

use anyhow::{bail, ensure};
use e2e::{Key, Page, Result, Viewport, id, with_page};
use serde_json::json;

/// How many steps of the guide are done.
async fn wait_for_step(page: &Page, done: usize) -> Result<()> {
    page.wait_for(&format!("{}[data-done=\"{done}\"]", id("guide"))).await
}

/// The end of the guide: a signal, and the rule behind it beside its line.
async fn ensure_fault(page: &Page) -> Result<()> {
    wait_for_step(page, 5).await?;
    page.wait_for_text(&id("console-signal"), "SEGV_ACCERR").await?;
    page.wait_for_text(&id("why"), "may not be written").await
}

#[tokio::test]
async fn by_mouse() -> Result<()> {
    with_page("first visit by mouse", Viewport::DESKTOP, async |page| {
        page.screenshot("guide-1-first-visit").await?;
        for step in 0..5 {
            wait_for_step(page, step).await?;
            page.click(&id("guide-go")).await?;
        }
        ensure_fault(page).await?;
        page.screenshot("guide-2-fault").await?;
        page.click(&id("guide-end")).await?;
        page.wait_until_gone(&id("guide")).await?;
        page.reload().await?;
        page.wait_for(&id("console-input")).await?;
        ensure!(page.count(&id("guide")).await? == 0, "the guide is in the way again");
        Ok(())
    })
    .await
}

/// Presses Tab until the element of a name has the focus.
async fn tab_to(page: &Page, name: &str) -> Result<()> {
    const FOCUSED: &str = "return document.activeElement.dataset.testid ?? '';";
    for _ in 0..40 {
        page.press(Key::Tab).await?;
        if page.eval(FOCUSED, vec![]).await? == json!(name) {
            return Ok(());
        }
    }
    bail!("40 times Tab do not lead to {name}")
}

#[tokio::test]
async fn by_keyboard_alone() -> Result<()> {
    with_page("first visit by keyboard", Viewport::DESKTOP, async |page| {
        // The button of the guide keeps the focus, and its step is read out.
        tab_to(page, "guide-go").await?;
        page.press(Key::Enter).await?;
        wait_for_step(page, 1).await?;
        page.press(Key::Enter).await?;
        wait_for_step(page, 2).await?;
        // The others in the console, with completion.
        page.press("/").await?;
        page.press("sto").await?;
        page.press(Key::Tab).await?;
        page.press("p, 65)").await?;
        ensure!(page.value(&id("console-input")).await? == "store(p, 65)");
        page.press(Key::Enter).await?;
        wait_for_step(page, 3).await?;
        page.press("mprot").await?;
        page.press(Key::Tab).await?;
        page.press("p, 1, PROT_R").await?;
        page.press(Key::Tab).await?;
        page.press(")").await?;
        ensure!(page.value(&id("console-input")).await? == "mprotect(p, 1, PROT_READ)");
        page.press(Key::Enter).await?;
        wait_for_step(page, 4).await?;
        // History: the line before the last.
        page.press(Key::Up).await?;
        page.press(Key::Up).await?;
        page.press(Key::Enter).await?;
        ensure_fault(page).await?;
        // Tab leaves the empty input: nothing holds the keyboard.
        page.press(Key::Tab).await?;
        let left = page.eval("return document.activeElement.id !== 'console-input';", vec![]);
        ensure!(left.await? == json!(true), "Tab does not leave the console");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn on_a_phone() -> Result<()> {
    with_page("first visit on a phone", Viewport::PHONE, async |page| {
        page.screenshot("guide-3-phone").await?;
        for step in 0..5 {
            wait_for_step(page, step).await?;
            page.tap(&id("guide-go")).await?;
        }
        wait_for_step(page, 5).await?;
        page.screenshot("guide-4-phone-fault").await?;
        let overflow = "const root = document.documentElement;
            return root.scrollWidth - root.clientWidth;";
        ensure!(page.eval(overflow, vec![]).await? == json!(0), "the page sticks out sideways");
        Ok(())
    })
    .await
}
