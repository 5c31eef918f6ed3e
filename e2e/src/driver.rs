//! Starts chromedriver or geckodriver, and through it the browser.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow, bail};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use xtask::browser::{self, Browser};
use xtask::firefox::{self, Firefox};

/// The browser that the tests run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrowserKind {
    /// Chromium, or Chrome.
    Chromium,
    /// Firefox.
    Firefox,
}

impl BrowserKind {
    /// Returns the browser that `E2E_BROWSER` names; Chromium if it is not set.
    ///
    /// # Errors
    ///
    /// If it names another.
    pub fn chosen() -> Result<Self> {
        match std::env::var("E2E_BROWSER").as_deref() {
            Err(_) | Ok("chromium") => Ok(Self::Chromium),
            Ok("firefox") => Ok(Self::Firefox),
            Ok(other) => bail!("E2E_BROWSER is {other}, not chromium or firefox"),
        }
    }
}

/// What driver and browser have printed so far, line by line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printed(Arc<Mutex<Vec<String>>>);

impl Printed {
    fn push(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Takes the lines up to the first that holds `mark`, if there is one already.
    pub(crate) fn take_until(&self, mark: &str) -> Option<Vec<String>> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = lines.iter().position(|line| line.contains(mark))?;
        Some(lines.drain(..=end).collect())
    }
}

/// A running driver. Killed when dropped.
pub(crate) struct Driver {
    _process: Child,
    address: String,
    found: Found,
    printed: Printed,
}

enum Found {
    Chromium(Browser),
    Firefox(Firefox),
}

impl Found {
    fn new(kind: BrowserKind) -> Result<Found> {
        match kind {
            BrowserKind::Chromium => {
                browser::find().map(Found::Chromium).map_err(|error| anyhow!(error))
            }
            BrowserKind::Firefox => {
                firefox::find().map(Found::Firefox).map_err(|error| anyhow!(error))
            }
        }
    }

    /// The driver's command, on free ports of its own choice, and what it prints before its port.
    fn command(&self) -> (Command, &'static str) {
        match self {
            Found::Chromium(browser) => {
                let mut command = Command::new(&browser.driver);
                command.arg("--port=0");
                (command, "started successfully on port ")
            }
            Found::Firefox(firefox) => {
                let mut command = Command::new(&firefox.driver);
                // The system's side of Firefox is what sets viewport and preferences.
                command.args(["--port", "0", "--websocket-port", "0", "--allow-system-access"]);
                (command, "Listening on 127.0.0.1:")
            }
        }
    }

    fn capabilities(&self, profile: Option<&Path>, flags: &[&str]) -> Value {
        match self {
            Found::Chromium(browser) => {
                let profile = profile.map(|folder| format!("--user-data-dir={}", folder.display()));
                let flags = browser::FLAGS.iter().chain(flags).map(|flag| (*flag).to_owned());
                let flags: Vec<String> = flags.chain(profile).collect();
                json!({
                    "goog:chromeOptions": { "binary": browser.chrome, "args": flags },
                    "goog:loggingPrefs": { "browser": "ALL" },
                })
            }
            Found::Firefox(firefox) => json!({
                "moz:firefoxOptions": {
                    "binary": firefox.firefox,
                    "args": firefox_arguments(profile),
                    "prefs": {
                        // The page's console goes to the output, that of the browser does not.
                        "devtools.console.stdout.content": true,
                        "devtools.console.stdout.chrome": false,
                        "dom.w3c_touch_events.enabled": 1,
                        "app.normandy.enabled": false,
                    },
                },
            }),
        }
    }
}

fn firefox_arguments(profile: Option<&Path>) -> Vec<String> {
    let folder = profile.map(|folder| ["-profile".to_owned(), folder.display().to_string()]);
    ["-headless".to_owned()].into_iter().chain(folder.into_iter().flatten()).collect()
}

impl Driver {
    /// Starts the driver of a browser. It takes any free port, and ends at once where another program
    /// has the same one of the other protocol of the internet: then once more.
    pub(crate) async fn start(kind: BrowserKind) -> Result<Self> {
        match Self::start_once(kind).await {
            Ok(driver) => Ok(driver),
            Err(_) => Self::start_once(kind).await,
        }
    }

    async fn start_once(kind: BrowserKind) -> Result<Self> {
        let found = Found::new(kind)?;
        let (mut command, before_port) = found.command();
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        // One pipe for both, so that the lines keep their order.
        let (reader, writer) = std::io::pipe()?;
        let process = command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {name}"))?;
        drop(command); // it holds our end of the pipe

        let printed = Printed::default();
        let (found_port, port) = oneshot::channel();
        let lines = printed.clone();
        // A thread, lest the driver wait for a reader: it ends with the driver's output.
        std::thread::spawn(move || {
            let mut found_port = Some(found_port);
            for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                if let Some((_, port)) = line.split_once(before_port)
                    && let Some(found_port) = found_port.take()
                {
                    let _ = found_port.send(port.trim().trim_end_matches('.').to_owned());
                }
                lines.push(line);
            }
        });
        let port = port.await.with_context(|| format!("{name} ended at once"))?;
        Ok(Self { _process: process, address: format!("http://127.0.0.1:{port}"), found, printed })
    }

    /// Starts a browser, with an empty profile or with what is in a folder; Chromium with more
    /// flags than the usual.
    pub(crate) async fn connect(&self, profile: Option<&Path>, flags: &[&str]) -> Result<Client> {
        let capabilities = self.found.capabilities(profile, flags);
        let capabilities: Map<String, Value> = serde_json::from_value(capabilities)?;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&self.address).await;
        client.context("could not start the browser")
    }

    /// What driver and browser print.
    pub(crate) fn printed(&self) -> Printed {
        self.printed.clone()
    }
}
