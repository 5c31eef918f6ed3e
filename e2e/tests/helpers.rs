//! The helpers themselves, on a page made for them: a test that clicks beside its
//! aim, or an axe that never runs, would otherwise pass for good news.

use e2e::{Key, Page, Result, Viewport, with_page};
use serde_json::{Value, json};

/// A page that writes down what happens to its square, which lies at (100, 50).
const SQUARE: &str = r#"<!DOCTYPE html>
<html lang="en"><title>Helpers</title><link rel="icon" href="data:,">
<body style="margin: 0; height: 3000px"><main><h1 style="margin: 0; height: 50px">Helpers</h1>
<div id="square" style="margin-left: 100px; width: 200px; height: 200px; touch-action: none"></div>
<label>Name <input id="name" value="old"></label></main>
<script>
    window.seen = [];
    const square = document.getElementById('square');
    for (const type of ['pointerdown', 'pointermove', 'pointerup', 'dblclick', 'wheel'])
        square.addEventListener(type, event =>
            seen.push([type, event.clientX - 100, event.clientY - 50, event.pointerType ?? '']));
</script></body></html>"#;

async fn seen(page: &Page) -> Result<Vec<Value>> {
    let seen = page.eval("return seen.splice(0);", vec![]).await?;
    Ok(seen.as_array().cloned().unwrap_or_default())
}

#[tokio::test]
async fn pointers_hit_what_they_aim_at() -> Result<()> {
    with_page("pointers hit", Viewport::TABLET, async |page| {
        page.open_host(SQUARE).await?;

        page.click_at("#square", (10.0, 20.0)).await?;
        let events = seen(page).await?;
        assert!(events.contains(&json!(["pointerdown", 10, 20, "mouse"])), "{events:?}");

        page.drag("#square", (10.0, 20.0), (150.0, 120.0)).await?;
        let events = seen(page).await?;
        assert!(events.contains(&json!(["pointerdown", 10, 20, "mouse"])), "{events:?}");
        assert!(events.len() > 6, "no glide: {events:?}");
        assert_eq!(events.last(), Some(&json!(["pointerup", 150, 120, "mouse"])));

        page.swipe("#square", (10.0, 20.0), (150.0, 120.0)).await?;
        let events = seen(page).await?;
        assert_eq!(events.last(), Some(&json!(["pointerup", 150, 120, "touch"])));

        page.double_click_at("#square", (30.0, 40.0)).await?;
        let events = seen(page).await?;
        assert!(events.iter().any(|event| event[0] == "dblclick"), "{events:?}");

        page.wheel("#square", (30.0, 40.0), 100).await?;
        page.wait_until("the wheel was seen", async || {
            Ok(seen(page).await?.iter().any(|event| event[0] == "wheel"))
        })
        .await
    })
    .await
}

#[tokio::test]
async fn keys_arrive() -> Result<()> {
    with_page("keys arrive", Viewport::TABLET, async |page| {
        page.open_host(SQUARE).await?;
        page.type_into("#name", "er").await?;
        assert_eq!(page.value("#name").await?, "older");
        page.fill("#name", "new").await?;
        page.press(Key::Control + "a").await?;
        page.press(Key::Backspace).await?;
        assert_eq!(page.value("#name").await?, "");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn viewport_is_exact() -> Result<()> {
    with_page("viewport is exact", Viewport::PHONE, async |page| {
        for viewport in [Viewport::PHONE, Viewport::TABLET, Viewport::DESKTOP] {
            page.set_viewport(viewport).await?;
            let size = page.eval("return [innerWidth, innerHeight];", vec![]).await?;
            assert_eq!(size, json!([viewport.width, viewport.height]));
        }
        page.set_preference("prefers-color-scheme", "dark").await?;
        let dark = "return matchMedia('(prefers-color-scheme: dark)').matches;";
        assert_eq!(page.eval(dark, vec![]).await?, json!(true));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn axe_finds_faults() -> Result<()> {
    with_page("axe finds faults", Viewport::TABLET, async |page| {
        page.open_host(SQUARE).await?;
        page.check_accessibility().await?;
        page.eval(
            "document.querySelector('label').replaceWith(document.getElementById('name'));",
            vec![],
        )
        .await?;
        let found = page.violations().await?;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].rule.as_str(), found[0].elements.as_slice()),
            ("label", &["#name".to_owned()][..])
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn console_errors_fail_a_test() -> Result<()> {
    let outcome = with_page("console errors", Viewport::TABLET, async |page| {
        page.eval("console.error('broken');", vec![]).await.map(drop)
    })
    .await;
    let error = outcome.expect_err("the error was not seen").to_string();
    assert!(error.contains("broken"), "{error}");
    Ok(())
}
