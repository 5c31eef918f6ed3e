//! The browser around the page: its size, its preferences, its console, in either browser.
//!
//! What WebDriver does not define is asked of Chromium through DevTools, and of Firefox through
//! scripts on the browser's own side.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};

use crate::driver::BrowserKind;
use crate::page::{PATIENCE, Page, Viewport, string};
use crate::server::Server;

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
    /// In Firefox, if it is neither of these two nor `prefers-contrast`.
    pub async fn set_preference(&self, name: &str, value: &str) -> Result<()> {
        if self.kind == BrowserKind::Firefox {
            let script = match name {
                "prefers-color-scheme" => {
                    "gBrowser.selectedBrowser.browsingContext.prefersColorSchemeOverride = arguments[0];"
                }
                "prefers-reduced-motion" => {
                    "Services.prefs.setIntPref('ui.prefersReducedMotion', Number(arguments[0] === 'reduce'));"
                }
                // What the system's setting for more contrast does, with the page's own colours.
                "prefers-contrast" => {
                    "const more = Number(arguments[0] === 'more');
                     Services.prefs.setIntPref('browser.display.document_color_use', more);
                     Services.prefs.setIntPref('ui.useAccessibilityTheme', more);"
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

    /// Shows the page as it goes to the printer.
    pub async fn show_as_printed(&self) -> Result<()> {
        if self.kind == BrowserKind::Firefox {
            let script = "gBrowser.selectedBrowser.browsingContext.mediumOverride = 'print';";
            self.in_firefox(script, vec![]).await?;
        } else {
            self.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" })).await?;
        }
        self.wait_until("the page is as printed", async || {
            Ok(self.eval("return matchMedia('print').matches;", vec![]).await? == json!(true))
        })
        .await
    }

    /// Lets the browser save files into a folder, which is emptied first.
    pub async fn save_files_to(&self, folder: &Path) -> Result<()> {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)?;
        let path = folder.canonicalize()?;
        if self.kind == BrowserKind::Firefox {
            const SAVE: &str = "const prefs = Services.prefs;
                prefs.setIntPref('browser.download.folderList', 2);
                prefs.setStringPref('browser.download.dir', arguments[0]);
                prefs.setBoolPref('browser.download.useDownloadDir', true);
                prefs.setBoolPref('browser.download.always_ask_before_handling_new_types', false);
                prefs.setBoolPref('browser.download.open_pdf_attachments_inline', false);";
            return self.in_firefox(SAVE, vec![json!(path)]).await.map(drop);
        }
        let options = json!({ "behavior": "allow", "downloadPath": path });
        self.devtools("Browser.setDownloadBehavior", options).await
    }

    /// Runs `script` before the page's own at each load from now on.
    pub async fn run_before_page(&self, script: &str) -> Result<()> {
        if self.kind == BrowserKind::Firefox {
            // In the page's process, as soon as there is a window, and with the page's own rights.
            const BEFORE: &str = "const run = encodeURIComponent(`
                addEventListener('DOMWindowCreated', event => {
                    const page = event.target.defaultView;
                    const options = { sandboxPrototype: page, wantXrays: false };
                    const box = Cu.Sandbox(page, options);
                    Cu.evalInSandbox(${JSON.stringify(arguments[0])}, box);
                });`);
                Services.mm.loadFrameScript('data:,' + run, true);";
            return self.in_firefox(BEFORE, vec![json!(script)]).await.map(drop);
        }
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await
    }

    /// Ends the browser without giving it time for anything, and gives its server back.
    pub(crate) async fn crash(self) -> Result<Server> {
        // The answer never comes, or says that the browser is gone.
        if self.kind == BrowserKind::Firefox {
            const KILL: &str = "Cc['@mozilla.org/processtools-service;1']
                .getService(Ci.nsIProcessToolsService).kill(Services.appinfo.processID);";
            let kill = self.in_firefox(KILL, vec![]);
            let _ = tokio::time::timeout(PATIENCE, kill).await;
        } else {
            let crash = self.devtools("Browser.crash", json!({}));
            let _ = tokio::time::timeout(PATIENCE, crash).await;
        }
        let _ = tokio::time::timeout(PATIENCE, self.client.close()).await;
        Ok(self.server)
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
