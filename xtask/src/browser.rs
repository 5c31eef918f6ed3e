//! Finds a Chromium (or Chrome) and the chromedriver that fits it.
//!
//! A driver only works with a browser of its own major version, so the two are
//! looked for as a pair. `CHROME` and `CHROMEDRIVER` name them; otherwise the
//! usual names on `PATH`, and on macOS the usual applications.

use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::which;

/// The flags that every browser under test is started with.
///
/// The profile is not among them: chromedriver makes an empty one for each
/// session and removes it afterwards.
pub const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox", // continuous integration runs as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

const BROWSERS: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const DRIVERS: &[&str] = &["chromedriver", "chromium.chromedriver"];

/// A browser and its driver, of the same major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Browser {
    /// The browser's executable.
    pub chrome: PathBuf,
    /// The driver's executable.
    pub driver: PathBuf,
    /// The major version of both.
    pub version: u32,
}

/// Finds a browser and its driver.
///
/// # Errors
///
/// If there is no such pair; the text says what was found instead, and what to
/// install.
pub fn find() -> Result<Browser, String> {
    let browsers = candidates("CHROME", BROWSERS);
    let drivers = candidates("CHROMEDRIVER", DRIVERS);
    pair(&browsers, &drivers).ok_or_else(|| {
        let mut text = String::from("no Chromium with a chromedriver of the same version:\n");
        describe(&mut text, "browser", "CHROME", &browsers);
        describe(&mut text, "driver", "CHROMEDRIVER", &drivers);
        let _ = write!(text, "Install both: {}", install_line());
        text
    })
}

/// Returns the command with which a person installs browser and driver here.
pub fn install_line() -> &'static str {
    if cfg!(target_os = "macos") {
        return "brew install --cask chromium chromedriver";
    }
    if cfg!(windows) {
        return "install Chrome and the chromedriver of its version, and name them in CHROME and CHROMEDRIVER";
    }
    let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let is = |id: &str| system.lines().any(|line| line == format!("ID={id}"));
    if is("ubuntu") {
        "sudo snap install chromium"
    } else if is("fedora") {
        "sudo dnf install -y chromium chromedriver"
    } else if is("arch") {
        "sudo pacman -S --noconfirm chromium"
    } else {
        "sudo apt-get install -y chromium chromium-driver"
    }
}

/// An executable and its major version.
type Candidate = (PathBuf, u32);

/// Returns what `variable` names, or else each of `names` that is installed.
fn candidates(variable: &str, names: &[&str]) -> Vec<Candidate> {
    let files: Vec<PathBuf> = match env::var_os(variable) {
        Some(name) => which(PathBuf::from(name)).into_iter().collect(),
        None => names.iter().filter_map(which).collect(),
    };
    files
        .into_iter()
        .filter_map(|file| {
            let version = version_of(&file)?;
            Some((file, version))
        })
        .collect()
}

fn version_of(file: &Path) -> Option<u32> {
    let output = Command::new(file)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

/// Reads the major version from a line such as `Chromium 156.0.8078.79 built on …`.
fn major(text: &str) -> Option<u32> {
    text.split_whitespace()
        .filter_map(|word| word.split_once('.'))
        .find_map(|(number, _)| number.parse().ok())
}

fn pair(browsers: &[Candidate], drivers: &[Candidate]) -> Option<Browser> {
    browsers.iter().find_map(|(chrome, version)| {
        let (driver, _) = drivers.iter().find(|(_, driver)| driver == version)?;
        Some(Browser { chrome: chrome.clone(), driver: driver.clone(), version: *version })
    })
}

fn describe(text: &mut String, what: &str, variable: &str, found: &[Candidate]) {
    let _ = match env::var_os(variable) {
        Some(name) if found.is_empty() => {
            writeln!(text, "  no {what} in {variable}, which is {name:?}")
        }
        None if found.is_empty() => {
            writeln!(text, "  no {what} on PATH, and {variable} is not set")
        }
        _ => Ok(()),
    };
    for (file, version) in found {
        let _ = writeln!(text, "  {what} {version}: {}", file.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version() {
        assert_eq!(major("Chromium 156.0.8078.79 built on Debian"), Some(156));
        assert_eq!(major("ChromeDriver 156.0.8078.79 (a21ce9)"), Some(156));
        assert_eq!(major("Google Chrome 130.0.1.2 "), Some(130));
        assert_eq!(major("command not found"), None);
    }

    #[test]
    fn pairs_a_driver_with_the_browser_of_its_version() {
        let browsers = [("chromium".into(), 155), ("google-chrome".into(), 156)];
        let drivers = [("chromedriver".into(), 156)];
        let found = pair(&browsers, &drivers).map(|browser| browser.chrome);
        assert_eq!(found, Some("google-chrome".into()));
        assert_eq!(pair(&browsers[..1], &drivers), None);
    }
}
