//! What runs found, as they left it in `docs/reliability.json`.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use xtask::root;

/// Where it is.
pub(crate) const RECORD: &str = "docs/reliability.json";

/// Reads what is recorded; nothing is, at first.
pub(crate) fn read() -> Result<Value> {
    match fs::read(root().join(RECORD)) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("reading {RECORD}")),
        Err(_) => Ok(json!({})),
    }
}

/// Changes it.
pub(crate) fn change(change: impl FnOnce(&mut Value)) -> Result<()> {
    let mut record = read()?;
    change(&mut record);
    let text = serde_json::to_string_pretty(&record)? + "\n";
    fs::write(root().join(RECORD), text).with_context(|| format!("writing {RECORD}"))
}
