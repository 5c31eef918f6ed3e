//! Builds and serves the page with trunk.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::setup;
use crate::shell::{command, replace_with, run};

/// Serves the page until interrupted.
pub(crate) fn serve(port: u16, open: bool) -> Result<ExitCode> {
    setup::take(&setup::for_serve()?)?;
    println!("The first build takes a minute or two. Then the page is at http://127.0.0.1:{port}/");
    let mut trunk = command(setup::trunk_path()?);
    trunk.args(["serve", "--port", &port.to_string()]);
    // A served page carries a script that reloads it: keep it out of dist/.
    trunk.args(["--dist", "target/serve"]);
    if open {
        trunk.arg("--open");
    }
    replace_with(&mut trunk)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the page into `dist/`.
pub(crate) fn build() -> Result<ExitCode> {
    setup::take(&setup::for_build()?)?;
    println!("Building the page for release, a minute or two the first time …");
    run(&mut release_build()?)?;
    println!("The page is in dist/. Copy it to any static host, under any path.");
    Ok(ExitCode::SUCCESS)
}

/// Returns the command that builds the page into `dist/`.
pub(crate) fn release_build() -> Result<Command> {
    let mut trunk = command(setup::trunk_path()?);
    trunk.args(["build", "--release", "--dist", "dist"]);
    Ok(trunk)
}
