//! Builds and serves the page with trunk, and builds the guide beside it with mdBook.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use xtask::root;

use crate::shell::{cargo, command, replace_with, run};
use crate::{sbom, setup};

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
    setup::take(&setup::for_guide()?)?;
    guide()?;
    println!("The guide is in dist/guide/.");
    let components = sbom::write(&root().join("dist/sbom.cdx.json"))?;
    println!("What the page is made of, {components} crates, is listed in dist/sbom.cdx.json.");
    Ok(ExitCode::SUCCESS)
}

/// Returns the command that builds the page into `dist/`.
pub(crate) fn release_build() -> Result<Command> {
    let mut trunk = command(setup::trunk_path()?);
    trunk.args(["build", "--release", "--dist", "dist"]);
    trunk.env("CARGO_ENCODED_RUSTFLAGS", flags());
    Ok(trunk)
}

/// What the compiler is told beside what it would be told anyway: names for the folders in which
/// cargo keeps other people's crates that are the same on every machine. A panic tells its place.
fn flags() -> String {
    const BETWEEN: &str = "\x1f";
    let encoded = env::var("CARGO_ENCODED_RUSTFLAGS").ok();
    let plain = || {
        env::var("RUSTFLAGS")
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(BETWEEN)
    };
    let mut flags = vec![encoded.unwrap_or_else(plain)];
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo"))).unwrap_or_default();
    for registry in fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten() {
        flags.push(format!("--remap-path-prefix={}=crates", registry.path().display()));
    }
    flags.retain(|flag| !flag.is_empty());
    flags.join(BETWEEN)
}

/// Builds the bare counter, the least page that Yew makes, as the page is built; gives its folder.
pub(crate) fn counter() -> Result<PathBuf> {
    let folder = root().join("target/counter");
    let mut trunk = command(setup::trunk_path()?);
    trunk.args(["build", "--release", "--config", "Trunk.toml", "--dist"]).arg(&folder);
    run(trunk.arg("bench/counter/index.html"))?;
    Ok(folder)
}

/// Builds the guide into `dist/guide/`, which the build of the page empties.
pub(crate) fn guide() -> Result<()> {
    run(&mut cargo("build --quiet --package mdbook-mmap"))?;
    // mdBook looks for its preprocessor on PATH.
    let preprocessor = setup::built("mdbook-mmap")?;
    let folder = preprocessor.parent().context("a program has a folder")?.to_path_buf();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([folder].into_iter().chain(env::split_paths(&path)))?;
    let mut mdbook = command(setup::mdbook_path()?);
    mdbook.args(["build", "docs/guide", "--dest-dir"]).arg(root().join("dist/guide"));
    run(mdbook.env("PATH", path))
}
