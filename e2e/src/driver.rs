//! Starts chromedriver, and through it Chromium.

use std::process::Stdio;

use anyhow::{Context, Result, anyhow};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use xtask::browser::{self, Browser};

/// A running chromedriver. Killed when dropped.
pub(crate) struct Driver {
    _process: Child,
    address: String,
    browser: Browser,
}

impl Driver {
    /// Starts chromedriver on a free port of its own choice.
    pub(crate) async fn start() -> Result<Self> {
        let browser = browser::find().map_err(|error| anyhow!(error))?;
        let mut process = Command::new(&browser.driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {}", browser.driver.display()))?;

        let output = process.stdout.take().context("no output to read")?;
        let mut lines = BufReader::new(output).lines();
        let port = loop {
            let line = lines.next_line().await?.context("chromedriver ended at once")?;
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // Read on, lest the driver wait for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { _process: process, address: format!("http://127.0.0.1:{port}"), browser })
    }

    /// Starts a browser with an empty profile.
    pub(crate) async fn connect(&self) -> Result<Client> {
        let capabilities = json!({
            "goog:chromeOptions": { "binary": self.browser.chrome, "args": browser::FLAGS },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let capabilities: Map<String, Value> = serde_json::from_value(capabilities)?;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&self.address).await;
        client.with_context(|| format!("could not start {}", self.browser.chrome.display()))
    }
}
