//! The browser around the page: its size, its preferences, its console, in either browser.
//!
//! What WebDriver does not define is asked of Chromium through DevTools, and of Firefox through
//! scripts on the browser's own side.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};

use crate::driver::BrowserKind;
use crate::page::{Page, Viewport, string};

/// Says on standard error that a test is not tried in Firefox, and why, if that is the browser.
/// The line is seen even where the output of tests is not.
///
/// ```no_run
/// # use e2e::{not_in_firefox, Result};
/// # fn test() -> Result<()> {
/// if not_in_firefox("no storage", "only DevTools can take storage away")? {
///     return Ok(());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If `E2E_BROWSER` names no browser.
pub fn not_in_firefox(test: &str, why: &str) -> Result<bool> {
    let skipped = BrowserKind::chosen()? == BrowserKind::Firefox;
    if skipped {
        // Past the test harness, which would keep it to itself.
        let mut output = std::io::stderr();
        let _ = writeln!(output, "NOT TRIED IN FIREFOX: {test}: {why}");
    }
    Ok(skipped)
}

impl Page {
    /// Gives what the browser shows exactly this size.
    pub async fn set_viewport(&self, viewport: Viewport) -> Result<()> {
        let Viewport { width, height, touch } = viewport;
        if self.kind == BrowserKind::Firefox {
            return self.set_firefox_viewport(width, height).await;
        }
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch }),
        )
        .await?;
        self.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": touch })).await
    }

    async fn set_firefox_viewport(&self, width: u32, height: u32) -> Result<()> {
        // A window has a least width, what it shows has none.
        const RESIZE: &str = "const [width, height] = arguments;
            window.resizeTo(Math.max(width + 40, 600), height + 200);
            const style = gBrowser.selectedBrowser.style;
            for (const [name, size] of [['width', width], ['height', height]])
                for (const property of [name, 'min-' + name, 'max-' + name])
                    style.setProperty(property, size + 'px', 'important');";
        self.in_firefox(RESIZE, vec![json!(width), json!(height)]).await?;
        self.wait_until(&format!("the page is {width}×{height}"), async || {
            let size = self.eval("return [innerWidth, innerHeight];", vec![]).await?;
            Ok(size == json!([width, height]))
        })
        .await
    }

    /// Sets a preference that style sheets ask for, such as `prefers-color-scheme`
    /// to `dark` or `prefers-reduced-motion` to `reduce`.
    ///
    /// # Errors
    ///
    /// In Firefox, if it is neither of these two.
    pub async fn set_preference(&self, name: &str, value: &str) -> Result<()> {
        if self.kind == BrowserKind::Firefox {
            let script = match name {
                "prefers-color-scheme" => {
                    "gBrowser.selectedBrowser.browsingContext.prefersColorSchemeOverride = arguments[0];"
                }
                "prefers-reduced-motion" => {
                    "Services.prefs.setIntPref('ui.prefersReducedMotion', Number(arguments[0] === 'reduce'));"
                }
                _ => bail!("{name} cannot be set in Firefox"),
            };
            self.in_firefox(script, vec![json!(value)]).await?;
            let query = format!("({name}: {value})");
            return self
                .wait_until(&format!("{query} holds"), async || {
                    let matches = "return matchMedia(arguments[0]).matches;";
                    Ok(self.eval(matches, vec![json!(query)]).await? == json!(true))
                })
                .await;
        }
        let feature = json!({ "name": name, "value": value });
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await
    }

    /// Lets pages run scripts, or not, from the next load on.
    pub async fn let_scripts_run(&self, run: bool) -> Result<()> {
        if self.kind == BrowserKind::Firefox {
            let script = "Services.prefs.setBoolPref('javascript.enabled', arguments[0]);";
            return self.in_firefox(script, vec![json!(run)]).await.map(drop);
        }
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !run })).await
    }

    /// Returns the errors that the browser's console has shown since the last time.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        if self.kind == BrowserKind::Firefox {
            return self.firefox_errors().await;
        }
        let log = Request { path: "se/log", body: json!({ "type": "browser" }) };
        let log = self.client.issue_cmd(log).await?;
        let entries = log.as_array().context("the console is no list")?;
        let errors = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        Ok(errors.map(|entry| string(&entry["message"])).collect())
    }

    /// Firefox prints errors: those before a mark that is printed now are those so far.
    async fn firefox_errors(&self) -> Result<Vec<String>> {
        static MARKS: AtomicU32 = AtomicU32::new(0);
        let mark = format!("errors end here {}", MARKS.fetch_add(1, Ordering::Relaxed));
        self.eval("console.error(arguments[0]);", vec![json!(mark)]).await?;
        let lines = std::cell::RefCell::new(Vec::new());
        self.wait_until("the console is printed", async || {
            let taken = self.printed.take_until(&mark);
            Ok(taken.map(|taken| lines.replace(taken)).is_some())
        })
        .await?;
        let mut lines = lines.into_inner();
        lines.pop();
        // What the page says begins with a string or an object; the browser's own services, which
        // miss the network, say their names: `console.error: RSLoader:`.
        const OF_THE_PAGE: [&str; 3] =
            ["console.error: \"", "console.error: (", "JavaScript error: http"];
        let is_error = |line: &String| OF_THE_PAGE.iter().any(|start| line.starts_with(start));
        Ok(lines.into_iter().filter(is_error).collect())
    }

    /// Sends a command of the Chrome DevTools protocol.
    ///
    /// # Errors
    ///
    /// In Firefox, which has no such protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<()> {
        ensure!(self.kind == BrowserKind::Chromium, "{command}: only Chromium has DevTools");
        let body = json!({ "cmd": command, "params": parameters });
        let sent = self.client.issue_cmd(Request { path: "goog/cdp/execute", body }).await;
        sent.map(drop).with_context(|| format!("{command} failed"))
    }

    /// Runs a script on Firefox's own side, where `gBrowser` and `Services` are.
    async fn in_firefox(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        let context = async |name: &str| {
            let body = json!({ "context": name });
            self.client.issue_cmd(Request { path: "moz/context", body }).await
        };
        context("chrome").await?;
        let returned = self.eval(script, arguments).await;
        context("content").await?;
        returned
    }
}

/// A request to the driver that WebDriver does not define.
#[derive(Debug)]
struct Request {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Request {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
