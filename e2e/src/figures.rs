//! Figures on a host page, and what scripts say about them.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::Page;

/// A call that maps four pages as `p`.
pub const MAP: &str =
    "p = mmap(NULL, 4*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";
/// A page with a title, the element's module and this body.
pub fn host(page: &Page, body: &str) -> String {
    let module = format!("{}mmap-playground.js", page.url());
    format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>A host</title>\
         <meta name=viewport content='width=device-width'>\
         <link rel=icon href='data:,'><style>body {{ background: #fff; }} \
         .dark body {{ background: #14161a; color: #ddd; }}</style>\
         <script type=module src='{module}'></script><main><h1>A host</h1>{body}</main></html>"
    )
}

/// The same without a style of its own, for policies that let none pass.
pub fn plain_host(page: &Page, body: &str) -> String {
    let html = host(page, body);
    let (before, rest) = html.split_once("<style>").unwrap_or((&html, ""));
    before.to_owned() + rest.split_once("</style>").map_or("", |(_, after)| after)
}

/// The element, with these attributes and this trace.
pub fn figure(attributes: &str, trace: &str) -> String {
    format!("<mmap-playground {attributes}><pre>{trace}</pre></mmap-playground>")
}

/// Waits until all figures are live, near the screen or not.
pub async fn all_live(page: &Page) -> Result<()> {
    const LIVE: &str = "const all = [...document.querySelectorAll('mmap-playground')];
        for (const it of all) if (it.start) it.start();
        return all.length > 0 && all.every(it => it.state);";
    page.wait_until("all figures are live", async || {
        Ok(page.eval(LIVE, vec![]).await? == json!(true))
    })
    .await
}

/// What a script says about a figure, by its number; `it` is the element, `root` its shadow root.
pub async fn ask(page: &Page, number: usize, script: &str) -> Result<Value> {
    let script = format!(
        "const it = document.querySelectorAll('mmap-playground')[arguments[0]];
         const root = it.shadowRoot;
         return {script};"
    );
    page.eval(&script, vec![json!(number)]).await
}

/// Waits until a script about a figure gives `true`.
pub async fn wait_until_it(page: &Page, number: usize, script: &str) -> Result<()> {
    let holds = async || Ok(ask(page, number, script).await? == json!(true));
    page.wait_until(script, holds).await
}

/// Clicks on something inside of a figure, with the mouse.
pub async fn click(page: &Page, number: usize, id: &str) -> Result<()> {
    const PLACE: &str = "const it = document.querySelectorAll('mmap-playground')[arguments[0]];
        it.id = 'clicked-' + arguments[0];
        const inner = it.shadowRoot.querySelector(`[data-testid=${arguments[1]}]`);
        const [from, box] = [it, inner].map(it => it.getBoundingClientRect());
        return [box.x + box.width / 2 - from.x, box.y + box.height / 2 - from.y];";
    let at = page.eval(PLACE, vec![json!(number), json!(id)]).await?;
    let at = (at[0].as_f64().context("x")?, at[1].as_f64().context("y")?);
    page.click_at(&format!("#clicked-{number}"), at).await
}
