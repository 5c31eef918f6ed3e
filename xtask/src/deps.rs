//! Holds the dependencies to `deny.toml`, with cargo-deny.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::setup;
use crate::shell::{command, run};

/// Checks licences and sources of everything, and that the page has no crate twice; then the
/// advisories, which need the network.
pub(crate) fn deps() -> Result<ExitCode> {
    setup::take(&setup::for_deps()?)?;
    run(deny()?.args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]))?;
    let page = ["--manifest-path", "frontend/Cargo.toml", "--target", "wasm32-unknown-unknown"];
    run(deny()?.args(page).args(["--exclude-dev", "check", "-D", "duplicate", "bans"]))?;
    println!("Licences and sources are as deny.toml says, and the page has no crate twice.");
    advisories()
}

/// Where the database of advisories cannot be reached, nothing is known: that is said, and is no
/// failure.
fn advisories() -> Result<ExitCode> {
    let checked = deny()?.args(["check", "advisories"]).stderr(Stdio::piped()).output();
    let checked = checked.context("could not start cargo-deny")?;
    let said = String::from_utf8_lossy(&checked.stderr);
    eprint!("{said}");
    if checked.status.success() {
        println!("No advisory is known of them.");
        return Ok(ExitCode::SUCCESS);
    }
    if said.contains("failed to fetch advisory database") {
        println!("NOT CHECKED: advisories, for their database could not be reached.");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn deny() -> Result<Command> {
    let mut deny = command(setup::cargo_deny_path()?);
    deny.env_remove("CARGO");
    Ok(deny)
}
