//! Runs the tests, and the checks of continuous integration.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use xtask::firefox::{self, Firefox};
use xtask::{browser, root};

use crate::report::Report;
use crate::shell::{cargo, run};
use crate::{budget, page, record, setup};

const CORE: &str = "mmap-playground-core";
const FRONTEND: &str = "mmap-playground";
const WASM: &str = "wasm32-unknown-unknown";

/// The end-to-end tests that run in Firefox too: all of them.
const IN_FIREFOX: &[&str] = &[
    "embed",
    "figures",
    "guide",
    "helpers",
    "hostile",
    "in_and_out",
    "learning",
    "long",
    "main_job",
    "map",
    "smoke",
    "states",
    "time",
    "truth",
    "views",
];

/// Runs every test.
pub(crate) fn test() -> Result<ExitCode> {
    let mut report = Report::default();
    set_up(&mut report)?;
    all_tests(&mut report)?;
    Ok(report.close())
}

/// Runs what continuous integration runs: the checks of the sources, then every test.
pub(crate) fn ci() -> Result<ExitCode> {
    let mut report = Report::default();
    set_up(&mut report)?;
    let mut check = |name: &str, command: &mut Command| report.check(name, || run(command));
    check("formatting", &mut cargo("fmt --all --check"));
    check("lints", &mut cargo("clippy --workspace --all-targets -- -D warnings"));
    check(
        "lints on wasm",
        &mut cargo(&format!(
            "clippy -p {CORE} -p {FRONTEND} --target {WASM} --all-targets -- -D warnings"
        )),
    );
    check("documentation", cargo("doc --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings"));
    all_tests(&mut report)?;
    Ok(report.close())
}

/// Runs random calls in the model and on the kernel of this machine. It needs nothing but cargo.
pub(crate) fn conformance(options: &[String]) -> Result<ExitCode> {
    let harness = format!("run --quiet --profile conformance -p {CORE} --example conformance --");
    let status = cargo(&harness).args(options).status().context("could not start cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Takes all steps of the set-up. One that fails is reported, and whatever can
/// be tested without it still is.
fn set_up(report: &mut Report) -> Result<()> {
    for step in setup::for_test()? {
        if let Err(error) = step.take() {
            report.check(step.name(), || Err(error));
        }
    }
    Ok(())
}

/// Runs every suite of the page in both browsers, so many times in a row, and records how many runs
/// before it and of it had no failure. The first that has one ends it.
pub(crate) fn browsers(times: u64) -> Result<ExitCode> {
    for step in setup::for_test()?.iter().chain(&setup::for_firefox()) {
        step.take()?;
    }
    let firefox = Ok(firefox::find().map_err(anyhow::Error::msg)?);
    for run in 1..=times {
        println!("\nRun {run} of {times}");
        let mut report = Report::default();
        components(&mut report, &firefox)?;
        if built(&mut report)? {
            end_to_end(&mut report, &firefox);
        }
        let (passed, failed) = report.counts();
        record::change(|record| {
            let before = record["browsers"]["in_a_row"].as_u64().unwrap_or_default();
            let in_a_row = if failed == 0 { before + 1 } else { 0 };
            record["browsers"] = json!({ "in_a_row": in_a_row, "tests": passed });
        })?;
        report.close();
        if failed > 0 {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn all_tests(report: &mut Report) -> Result<()> {
    let firefox = firefox_or_why();
    report.tests("native tests", &mut cargo("test --workspace --exclude e2e --no-fail-fast"));
    // Each test binary says for itself whether it wants Node or a browser.
    report.tests(
        "core on wasm, in Node and Chromium",
        in_browser(&mut cargo(&format!("test -p {CORE} --target {WASM} --tests --no-fail-fast")))?,
    );
    components(report, &firefox)?;
    if built(report)? {
        report.check("bytes over the wire", || budget::check(&root().join("dist")));
        end_to_end(report, &firefox);
    }
    Ok(())
}

/// The tests that show single components in a page of their own.
fn components(report: &mut Report, firefox: &Result<Firefox, String>) -> Result<()> {
    let frontend = format!("test -p {FRONTEND} --target {WASM} --tests --no-fail-fast");
    report.tests("frontend in Chromium", in_browser(&mut cargo(&frontend))?);
    match firefox {
        Ok(firefox) => {
            report.tests("frontend in Firefox", in_firefox(&mut cargo(&frontend), firefox)?);
        }
        Err(why) => report.leave_out("frontend in Firefox", why),
    }
    Ok(())
}

/// Builds the page and the guide as they are for others, and says whether the page was.
fn built(report: &mut Report) -> Result<bool> {
    let mut release = page::release_build()?;
    if !report.check("release build", || run(&mut release)) {
        report.check("end to end", || bail!("not run, since the page was not built"));
        return Ok(false);
    }
    report.check("guide", page::guide);
    Ok(true)
}

/// The tests that use the page as it was built.
fn end_to_end(report: &mut Report, firefox: &Result<Firefox, String>) {
    // An error tells where it comes from; its backtrace is all machinery.
    let end_to_end = |tests: &str| {
        let mut command = cargo(&format!("test -p e2e{tests} --no-fail-fast"));
        command.env("RUST_LIB_BACKTRACE", "0");
        command
    };
    report.tests("end to end", &mut end_to_end(""));
    match firefox {
        Ok(firefox) => {
            let tests: String = IN_FIREFOX.iter().map(|test| format!(" --test {test}")).collect();
            report.tests(
                "end to end in Firefox",
                end_to_end(&tests)
                    .env("E2E_BROWSER", "firefox")
                    .env("FIREFOX", &firefox.firefox)
                    .env("GECKODRIVER", &firefox.driver),
            );
        }
        Err(why) => report.leave_out("end to end in Firefox", why),
    }
}

/// Sets Firefox up. Where it cannot be had, everything is still tested in Chromium.
fn firefox_or_why() -> Result<Firefox, String> {
    for step in setup::for_firefox() {
        step.take().map_err(|error| format!("{error:#}"))?;
    }
    firefox::find()
}

/// Tells wasm-bindgen's test runner to use Firefox, and to be patient with it.
fn in_firefox<'a>(command: &'a mut Command, firefox: &Firefox) -> Result<&'a mut Command> {
    let options = json!({"moz:firefoxOptions": {"binary": firefox.firefox}});
    let file = options_file("webdriver-firefox.json", &options)?;
    Ok(patient(command)
        .env_remove("CHROMEDRIVER")
        .env("GECKODRIVER", &firefox.driver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", file))
}

/// Tells wasm-bindgen's test runner which browser to use, and to be patient with it.
fn in_browser(command: &mut Command) -> Result<&mut Command> {
    if let Ok(browser) = browser::find() {
        let options =
            json!({"goog:chromeOptions": {"binary": browser.chrome, "args": browser::FLAGS}});
        let file = options_file("webdriver.json", &options)?;
        command
            .env_remove("GECKODRIVER") // the runner would prefer it
            .env("CHROMEDRIVER", browser.driver)
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", file);
    }
    Ok(patient(command))
}

fn patient(command: &mut Command) -> &mut Command {
    command.env("WASM_BINDGEN_TEST_TIMEOUT", "300").env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60")
}

/// Writes what a driver shall be told into a file that the runner reads.
fn options_file(name: &str, options: &Value) -> Result<PathBuf> {
    let folder = root().join("target");
    fs::create_dir_all(&folder)?;
    let file = folder.join(name);
    fs::write(&file, options.to_string())?;
    Ok(file)
}
