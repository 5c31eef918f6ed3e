//! The page starts under a folder of a plain static host, and stays within it.

use e2e::{Result, Viewport, with_page};
use serde_json::json;

#[tokio::test]
async fn starts() -> Result<()> {
    with_page("starts", Viewport::DESKTOP, async |page| {
        assert_eq!(page.client().title().await?, "mmap playground");
        page.wait_for("body > *").await?;
        page.screenshot("starts").await
    })
    .await
}

/// The wasm must come as `application/wasm`, or the browser compiles it only
/// after all of it has arrived.
#[tokio::test]
async fn host_is_a_plain_one() -> Result<()> {
    with_page("host is a plain one", Viewport::DESKTOP, async |page| {
        let wasm = page
            .eval(
                "const wasm = performance.getEntriesByType('resource')
                    .map(entry => entry.name).find(name => name.endsWith('.wasm'));
                return fetch(wasm).then(answer => answer.headers.get('content-type'));",
                vec![],
            )
            .await?;
        assert_eq!(wasm, json!("application/wasm"));

        let missing =
            page.eval("return fetch('missing.svg').then(answer => answer.status);", vec![]).await?;
        assert_eq!(missing, json!(404));
        page.console_errors().await.map(drop)
    })
    .await
}

/// What the page says of itself, that nothing leaves it, is also its policy.
#[tokio::test]
async fn cannot_reach_other_hosts() -> Result<()> {
    with_page("cannot reach other hosts", Viewport::DESKTOP, async |page| {
        let (reached, broken) = {
            let answer = page
                .eval(
                    "const broken = new Promise(resolve => document.addEventListener(
                        'securitypolicyviolation',
                        event => resolve(event.effectiveDirective)));
                     return fetch('http://127.0.0.1:9/', { method: 'POST', mode: 'no-cors' })
                        .then(() => [true, null], () => broken.then(rule => [false, rule]));",
                    vec![],
                )
                .await?;
            (answer[0].clone(), answer[1].clone())
        };
        assert_eq!((reached, broken), (json!(false), json!("connect-src")));
        // The console says so too, which is right here.
        page.console_errors().await.map(drop)
    })
    .await
}
