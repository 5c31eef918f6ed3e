//! Installs what a command needs and is missing.
//!
//! A [`Step`] knows whether its tool is there, how to install it, and what a
//! person must do if that fails. Steps that find their tool cost next to nothing
//! and need no network, so every command runs them each time.
//!
//! wasm-bindgen and wasm-opt go into trunk's own cache, where trunk looks for
//! tools of a certain version. So `trunk serve` and `trunk build` typed by hand
//! find them too, and a second checkout does not pay for them again.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use directories::{BaseDirs, ProjectDirs};
use xtask::{browser, firefox, root, which};

use crate::shell::{cargo, command, output, run};

/// The exact version: trunk 0.22 needs a newer compiler.
const TRUNK_VERSION: &str = "0.21.14";
/// The version that the guide is written for; its themes and settings change between versions.
const MDBOOK_VERSION: &str = "0.5.4";

/// The version that the fuzz targets were written for.
const CARGO_FUZZ_VERSION: &str = "0.13.2";

/// The version that `deny.toml` is written for.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// A tool and how to get it.
pub(crate) struct Step {
    /// What the tool is called in messages.
    name: String,
    is_there: Box<dyn Fn() -> bool>,
    /// What installing means and how long it takes, for the reader who waits.
    cost: String,
    install: Box<dyn Fn() -> Result<()>>,
    /// The line that a person types if installing fails.
    remedy: String,
}

/// Returns what `cargo xtask serve` needs.
pub(crate) fn for_serve() -> Result<Vec<Step>> {
    Ok(vec![wasm_target(), trunk()?, wasm_bindgen()?])
}

/// Returns what `cargo xtask build` needs.
pub(crate) fn for_build() -> Result<Vec<Step>> {
    let mut steps = for_serve()?;
    steps.push(node());
    if cfg!(unix) {
        steps.push(wasm_opt()?);
    } // Elsewhere trunk cannot run npm's wasm-opt, which is a script, and downloads its own.
    Ok(steps)
}

/// Returns what building the guide needs.
pub(crate) fn for_guide() -> Result<Vec<Step>> {
    Ok(vec![mdbook()?])
}

/// Returns what `cargo xtask test` and `ci` need.
pub(crate) fn for_test() -> Result<Vec<Step>> {
    let mut steps = for_build()?;
    steps.extend(for_guide()?);
    steps.extend([npm_packages()?, test_runner()?, chromium()]);
    Ok(steps)
}

/// Returns what `cargo xtask fuzz` needs.
pub(crate) fn for_fuzz() -> Result<Vec<Step>> {
    Ok(vec![nightly(), installed(cargo_fuzz_places()?, "", "a minute")?])
}

/// Returns what `cargo xtask deps` needs.
pub(crate) fn for_deps() -> Result<Vec<Step>> {
    Ok(vec![installed(cargo_deny_places()?, "", "2 to 4 minutes")?])
}

/// Returns what the tests in Firefox need besides.
pub(crate) fn for_firefox() -> Vec<Step> {
    vec![firefox(), geckodriver()]
}

/// Takes the steps in order and stops at the first that fails.
///
/// # Errors
///
/// If a tool can neither be found nor installed; the text says what to type.
pub(crate) fn take(steps: &[Step]) -> Result<()> {
    steps.iter().try_for_each(Step::take)
}

impl Step {
    /// Installs the tool unless it is there, saying so before and after.
    pub(crate) fn take(&self) -> Result<()> {
        let Self { name, cost, .. } = self;
        if (self.is_there)() {
            println!("[set-up] {name}: there");
            return Ok(());
        }
        println!("[set-up] {name}: missing. {cost} …");
        let start = Instant::now();
        let done = (self.install)().and_then(|()| {
            if !(self.is_there)() {
                bail!("installed, but still not found");
            }
            Ok(())
        });
        let seconds = start.elapsed().as_secs_f64();
        match done {
            Ok(()) => {
                println!("[set-up] {name}: installed in {seconds:.0} s");
                Ok(())
            }
            Err(error) => Err(anyhow!(
                "{name} could not be installed: {error:#}\nRun this, then try again:\n\n    {}\n",
                self.remedy
            )),
        }
    }

    /// Returns what the tool is called in messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

// The steps.

fn wasm_target() -> Step {
    const TARGET: &str = "wasm32-unknown-unknown";
    Step {
        name: format!("Rust for {TARGET}"),
        is_there: Box::new(|| {
            let mut rustc = command("rustc");
            rustc.args(["--print", "target-libdir", "--target", TARGET]);
            output(&mut rustc).is_some_and(|folder| Path::new(&folder).is_dir())
        }),
        cost: "Downloading about 25 MB, some seconds".to_owned(),
        install: Box::new(|| run(command("rustup").args(["target", "add", TARGET]))),
        remedy: format!("rustup target add {TARGET}"),
    }
}

/// libFuzzer watches which parts of a program run; only the nightly compiler can tell it.
fn nightly() -> Step {
    const INSTALL: [&str; 5] = ["toolchain", "install", "nightly", "--profile", "minimal"];
    Step {
        name: "Rust nightly".to_owned(),
        is_there: Box::new(|| {
            let list = output(command("rustup").args(["toolchain", "list"]));
            list.is_some_and(|list| list.lines().any(|name| name.starts_with("nightly")))
        }),
        cost: "Downloading about 200 MB, a minute".to_owned(),
        install: Box::new(|| run(command("rustup").args(INSTALL))),
        remedy: format!("rustup {}", INSTALL.join(" ")),
    }
}

fn trunk() -> Result<Step> {
    installed(trunk_places()?, "--no-default-features --features rustls", "3 to 6 minutes")
}

fn mdbook() -> Result<Step> {
    installed(mdbook_places()?, "--no-default-features --features search", "1 to 3 minutes")
}

/// The step that installs a program with cargo.
fn installed(places: Places, features: &str, time: &str) -> Result<Step> {
    // Leave a program of another version alone: it serves somebody's other project.
    let place = if places.has_other_version() {
        format!(" --root {}", places.private.display())
    } else {
        String::new()
    };
    let Places { name, version, .. } = &places;
    // A build for release would take three times as long and serve no better.
    let arguments = format!(
        "install {name}@{version} --locked {features} --debug --config profile.dev.debug=false{place}"
    );
    Ok(Step {
        name: format!("{name} {version}"),
        cost: format!("Compiling it, {time}, once"),
        is_there: Box::new(move || places.find().is_some()),
        remedy: format!("cargo {arguments}"),
        install: Box::new(move || run(&mut cargo(&arguments))),
    })
}

/// Returns the trunk to run.
///
/// # Errors
///
/// If trunk is not installed in the right version.
pub(crate) fn trunk_path() -> Result<PathBuf> {
    trunk_places()?.path()
}

/// Returns the mdBook to run.
///
/// # Errors
///
/// If mdBook is not installed in the right version.
pub(crate) fn mdbook_path() -> Result<PathBuf> {
    mdbook_places()?.path()
}

/// Returns the cargo-fuzz to run.
///
/// # Errors
///
/// If cargo-fuzz is not installed in the right version.
pub(crate) fn cargo_fuzz_path() -> Result<PathBuf> {
    cargo_fuzz_places()?.path()
}

/// Returns the cargo-deny to run.
///
/// # Errors
///
/// If cargo-deny is not installed in the right version.
pub(crate) fn cargo_deny_path() -> Result<PathBuf> {
    cargo_deny_places()?.path()
}

/// Installs a program of cargo's in this version, unless it is there, and gives it.
///
/// # Errors
///
/// If it can neither be found nor installed.
pub(crate) fn cargo_tool(name: &'static str, version: &'static str) -> Result<PathBuf> {
    let places = || Places::new(name, version, format!("{name} {version}"));
    installed(places()?, "", "2 to 4 minutes")?.take()?;
    places()?.path()
}

fn cargo_deny_places() -> Result<Places> {
    let wanted = format!("cargo-deny {CARGO_DENY_VERSION}");
    Places::new("cargo-deny", CARGO_DENY_VERSION, wanted)
}

fn cargo_fuzz_places() -> Result<Places> {
    let wanted = format!("cargo-fuzz {CARGO_FUZZ_VERSION}");
    Places::new("cargo-fuzz", CARGO_FUZZ_VERSION, wanted)
}

fn trunk_places() -> Result<Places> {
    Places::new("trunk", TRUNK_VERSION, format!("trunk {TRUNK_VERSION}"))
}

fn mdbook_places() -> Result<Places> {
    Places::new("mdbook", MDBOOK_VERSION, format!("mdbook v{MDBOOK_VERSION}"))
}

/// Where a program that cargo installs may be.
struct Places {
    name: &'static str,
    version: &'static str,
    /// What it prints when it is asked for its version.
    wanted: String,
    /// On `PATH` and among cargo's installed programs.
    shared: Vec<PathBuf>,
    /// The root of an installation for this workspace alone.
    private: PathBuf,
}

impl Places {
    fn new(name: &'static str, version: &'static str, wanted: String) -> Result<Self> {
        let cargo_home = match env::var_os("CARGO_HOME") {
            Some(folder) => PathBuf::from(folder),
            None => BaseDirs::new().context("no home folder")?.home_dir().join(".cargo"),
        };
        let installed = cargo_home.join("bin").join(executable(name));
        Ok(Self {
            name,
            version,
            wanted,
            shared: which(name).into_iter().chain([installed]).collect(),
            private: root().join("target").join("tools"),
        })
    }

    fn find(&self) -> Option<PathBuf> {
        let private = self.private.join("bin").join(executable(self.name));
        let mut places = self.shared.iter().chain([&private]);
        places.find(|file| prints(file, &self.wanted)).cloned()
    }

    fn path(&self) -> Result<PathBuf> {
        let Self { name, version, .. } = self;
        self.find().with_context(|| format!("{name} {version} is not installed"))
    }

    fn has_other_version(&self) -> bool {
        self.shared.iter().any(|file| file.is_file() && !prints(file, &self.wanted))
    }
}

fn wasm_bindgen() -> Result<Step> {
    let version = locked_version("wasm-bindgen")?;
    let cached =
        trunk_cache()?.join(format!("wasm-bindgen-{version}")).join(executable("wasm-bindgen"));
    let (name, built) = (format!("wasm-bindgen {version}"), built("wasm-bindgen")?);
    Ok(Step {
        is_there: answers(&cached, &name),
        name,
        cost: "Compiling it, one to two minutes, once".to_owned(),
        install: Box::new(move || {
            run(&mut cargo(BUILD_TOOLS))?;
            copy(&built, &cached)
        }),
        remedy: format!("cargo {BUILD_TOOLS}"),
    })
}

fn test_runner() -> Result<Step> {
    let version = locked_version("wasm-bindgen")?;
    let runner = built("wasm-bindgen-test-runner")?;
    let name = format!("wasm-bindgen-test-runner {version}");
    Ok(Step {
        is_there: answers(&runner, &name),
        name,
        cost: "Compiling it, one to two minutes, once for each checkout".to_owned(),
        install: Box::new(|| run(&mut cargo(BUILD_TOOLS))),
        remedy: format!("cargo {BUILD_TOOLS}"),
    })
}

const BUILD_TOOLS: &str = "build --package wasm-bindgen-tools";

fn node() -> Step {
    let remedy = if cfg!(target_os = "macos") {
        "brew install node"
    } else {
        "sudo apt-get install -y nodejs npm"
    };
    Step {
        name: "Node and npm".to_owned(),
        is_there: Box::new(|| {
            let version = output(command("node").arg("--version"));
            version.is_some() && which("npm").is_some()
        }),
        cost: "Installing them, about a minute".to_owned(),
        install: Box::new(|| apt_install(&["nodejs", "npm"])),
        remedy: remedy.to_owned(),
    }
}

fn npm_packages() -> Result<Step> {
    let wanted = npm_versions()?;
    let names: Vec<String> =
        wanted.iter().map(|(name, version)| format!("{name} {version}")).collect();
    Ok(Step {
        name: names.join(", "),
        is_there: Box::new(move || {
            wanted.iter().all(|(name, version)| {
                let file = root().join("node_modules").join(name).join("package.json");
                json(&file).is_ok_and(|package| package["version"] == version.as_str())
            })
        }),
        cost: "Downloading about 25 MB from npm, some seconds".to_owned(),
        install: Box::new(|| {
            let mut npm = command(which("npm").context("npm is missing")?);
            run(npm.args(["ci", "--no-audit", "--no-fund"]))
        }),
        remedy: "npm ci".to_owned(),
    })
}

/// npm's wasm-opt is a script without dependencies, so a copy of it will do.
fn wasm_opt() -> Result<Step> {
    let versions = npm_versions()?;
    let binaryen = versions.iter().find(|(name, _)| name == "binaryen");
    let (_, version) = binaryen.context("package.json does not name binaryen")?;
    let major = version.split('.').next().unwrap_or(version);
    let name = format!("wasm-opt version {major}");
    let cached = trunk_cache()?.join(format!("wasm-opt-version_{major}")).join("bin");
    Ok(Step {
        is_there: answers(&cached.join("wasm-opt"), &name),
        name,
        cost: "Taking it from npm's binaryen, some seconds".to_owned(),
        install: Box::new(move || {
            npm_packages()?.take()?;
            let bin = root().join("node_modules/binaryen/bin");
            copy(&bin.join("package.json"), &cached.join("package.json"))?;
            copy(&bin.join("wasm-opt"), &cached.join("wasm-opt"))
        }),
        remedy: "npm ci".to_owned(),
    })
}

fn chromium() -> Step {
    Step {
        name: "Chromium and chromedriver".to_owned(),
        is_there: Box::new(|| browser::find().is_ok()),
        cost: "Installing them, one to two minutes".to_owned(),
        install: Box::new(|| {
            let found = browser::find().err().unwrap_or_default();
            apt_install(&["chromium", "chromium-driver"]).context(found)
        }),
        remedy: browser::install_line().to_owned(),
    }
}

fn firefox() -> Step {
    Step {
        name: "Firefox".to_owned(),
        is_there: Box::new(|| firefox::browser().is_some()),
        cost: "Installing it, about a minute".to_owned(),
        install: Box::new(|| apt_install(&["firefox-esr"])),
        remedy: firefox::install_line().to_owned(),
    }
}

/// For this workspace alone: on `PATH` it would change which browser other tests choose.
fn geckodriver() -> Step {
    Step {
        name: "geckodriver".to_owned(),
        is_there: Box::new(|| firefox::driver().is_some()),
        cost: "Compiling it, 2 to 5 minutes, once for each checkout".to_owned(),
        install: Box::new(|| {
            let mut install = cargo(&format!(
                "{} --debug --config profile.dev.debug=false",
                firefox::driver_line().trim_start_matches("cargo ")
            ));
            run(install.arg("--root").arg(firefox::driver_root()))
        }),
        remedy: firefox::driver_line(),
    }
}

// What the steps share.

/// Installs Debian packages, if this is a Debian and we may.
fn apt_install(packages: &[&str]) -> Result<()> {
    which("apt-get").context("this is only done on Debian")?;
    let is_root = output(command("id").arg("-u")).is_some_and(|id| id == "0");
    let may_sudo = || output(command("sudo").args(["-n", "true"])).is_some();
    if !is_root && !may_sudo() {
        bail!("it takes the rights of root");
    }
    let apt = |arguments: &[&str]| {
        let mut apt = if is_root { command("env") } else { command("sudo") };
        if !is_root {
            apt.args(["-n", "env"]);
        }
        apt.args([
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-q",
            "-o",
            "DPkg::Lock::Timeout=300",
        ]);
        run(apt.args(arguments))
    };
    apt(&["update"])?;
    apt(&[&["install", "-y"], packages].concat())
}

/// Returns the folder in which trunk keeps tools, by version.
fn trunk_cache() -> Result<PathBuf> {
    let trunk = ProjectDirs::from("dev", "trunkrs", "trunk").context("no home folder")?;
    Ok(trunk.cache_dir().to_path_buf())
}

/// Returns where cargo puts the program `name` of this workspace: beside this one.
pub(crate) fn built(name: &str) -> Result<PathBuf> {
    let me = env::current_exe().context("this program has no path")?;
    Ok(me.with_file_name(executable(name)))
}

fn executable(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

/// Returns the question whether `file --version` prints `text`, perhaps with more behind.
fn answers(file: &Path, text: &str) -> Box<dyn Fn() -> bool> {
    let (file, text) = (file.to_path_buf(), text.to_owned());
    Box::new(move || prints(&file, &text))
}

fn prints(file: &Path, text: &str) -> bool {
    if !file.is_file() {
        return false;
    }
    // Some programs of cargo's answer only as cargo calls them.
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let as_cargo_calls_it = || {
        let subcommand = name.strip_prefix("cargo-")?;
        output(command(file).args([subcommand, "--version"]))
    };
    output(command(file).arg("--version"))
        .or_else(as_cargo_calls_it)
        .is_some_and(|version| version == text || version.starts_with(&format!("{text} ")))
}

/// Copies a file so that nobody ever sees half of it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("a file needs a folder")?;
    let partial = folder.join(format!("{}.partial", std::process::id()));
    fs::create_dir_all(folder)
        .and_then(|()| fs::copy(from, &partial))
        .and_then(|_| fs::rename(&partial, to))
        .with_context(|| format!("could not copy {} to {}", from.display(), to.display()))
}

/// Returns the version of `package` in the workspace's lock file.
fn locked_version(package: &str) -> Result<String> {
    let lock = read(&root().join("Cargo.lock"))?;
    version_in_lock(&lock, package)
        .map(str::to_owned)
        .with_context(|| format!("Cargo.lock does not name {package}"))
}

fn version_in_lock<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// Returns the packages that package.json asks for, with their versions.
fn npm_versions() -> Result<Vec<(String, String)>> {
    let package = json(&root().join("package.json"))?;
    let wanted =
        package["devDependencies"].as_object().context("package.json has no devDependencies")?;
    let versions = wanted
        .iter()
        .filter_map(|(name, version)| Some((name.clone(), version.as_str()?.to_owned())));
    Ok(versions.collect())
}

fn json(file: &Path) -> Result<serde_json::Value> {
    serde_json::from_str(&read(file)?).with_context(|| format!("{} is not JSON", file.display()))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_version_from_a_lock_file() {
        let lock = "[[package]]\nname = \"a-b\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"a\"\nversion = \"2.1.0\"\n";
        assert_eq!(version_in_lock(lock, "a"), Some("2.1.0"));
        assert_eq!(version_in_lock(lock, "c"), None);
    }

    /// Each version stands where its tool reads it; this keeps the places in step.
    #[test]
    fn versions_agree() -> Result<()> {
        let bindgen = locked_version("wasm-bindgen")?;
        assert_eq!(locked_version("wasm-bindgen-cli")?, bindgen);
        assert_eq!(locked_version("wasm-bindgen-tools")?, bindgen);

        let config = read(&root().join("Trunk.toml"))?;
        let wasm_opt = wasm_opt()?.name.replace("wasm-opt version ", "version_");
        assert!(config.contains(&format!("wasm_opt = \"{wasm_opt}\"")));
        assert!(config.contains(&format!("trunk-version = \"={TRUNK_VERSION}\"")));
        Ok(())
    }
}
