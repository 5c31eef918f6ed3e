//! Finds a Firefox and the geckodriver that drives it.
//!
//! Any recent geckodriver drives any recent Firefox. `FIREFOX` and `GECKODRIVER` name them;
//! otherwise the usual names on `PATH`, and the geckodriver that the set-up has built for this
//! workspace alone: on `PATH` it would make wasm-bindgen's test runner prefer Firefox everywhere.

use std::env;
use std::path::PathBuf;

use crate::{root, which};

/// The version of geckodriver that the set-up builds.
pub const GECKODRIVER_VERSION: &str = "0.37.1";

const BROWSERS: &[&str] =
    &["firefox", "firefox-esr", "/Applications/Firefox.app/Contents/MacOS/firefox"];

/// A browser and its driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firefox {
    /// The browser's executable.
    pub firefox: PathBuf,
    /// The driver's executable.
    pub driver: PathBuf,
}

/// Finds a browser and its driver.
///
/// # Errors
///
/// If one of them is missing; the text says which, and what to install.
pub fn find() -> Result<Firefox, String> {
    let firefox = browser().ok_or_else(|| {
        format!("no Firefox on PATH or in FIREFOX.\nInstall it: {}", install_line())
    })?;
    let driver = driver().ok_or_else(|| {
        format!("no geckodriver on PATH or in GECKODRIVER.\nInstall it: {}", driver_line())
    })?;
    Ok(Firefox { firefox, driver })
}

/// Finds the browser alone.
pub fn browser() -> Option<PathBuf> {
    match env::var_os("FIREFOX") {
        Some(name) => which(PathBuf::from(name)),
        None => BROWSERS.iter().find_map(which),
    }
}

/// Finds the driver alone.
pub fn driver() -> Option<PathBuf> {
    match env::var_os("GECKODRIVER") {
        Some(name) => which(PathBuf::from(name)),
        None => {
            let built = format!("geckodriver{}", env::consts::EXE_SUFFIX);
            let built = driver_root().join("bin").join(built);
            which("geckodriver").or_else(|| built.is_file().then_some(built))
        }
    }
}

/// Returns where the set-up puts a geckodriver of its own.
pub fn driver_root() -> PathBuf {
    root().join("target").join("tools")
}

/// Returns the command with which a person installs the browser here.
pub fn install_line() -> &'static str {
    if cfg!(target_os = "macos") {
        "brew install --cask firefox"
    } else if cfg!(windows) {
        "winget install Mozilla.Firefox"
    } else {
        "sudo apt-get install -y firefox-esr"
    }
}

/// Returns the command with which a person installs the driver.
pub fn driver_line() -> String {
    format!("cargo install geckodriver@{GECKODRIVER_VERSION} --locked")
}
