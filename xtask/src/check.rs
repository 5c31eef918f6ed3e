//! Runs the tests, and the checks of continuous integration.

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde_json::json;
use xtask::{browser, root};

use crate::report::Report;
use crate::shell::{cargo, run};
use crate::{page, setup};

const CORE: &str = "mmap-playground-core";
const FRONTEND: &str = "mmap-playground";
const WASM: &str = "wasm32-unknown-unknown";

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

fn all_tests(report: &mut Report) -> Result<()> {
    report.tests("native tests", &mut cargo("test --workspace --exclude e2e --no-fail-fast"));
    // Each test binary says for itself whether it wants Node or a browser.
    report.tests(
        "core on wasm, in Node and Chromium",
        in_browser(&mut cargo(&format!("test -p {CORE} --target {WASM} --tests --no-fail-fast")))?,
    );
    report.tests(
        "frontend in Chromium",
        in_browser(&mut cargo(&format!(
            "test -p {FRONTEND} --target {WASM} --tests --no-fail-fast"
        )))?,
    );
    let built = report.check("release build", || run(&mut page::release_build()?));
    if built {
        // An error tells where it comes from; its backtrace is all machinery.
        report.tests(
            "end to end",
            cargo("test -p e2e --no-fail-fast").env("RUST_LIB_BACKTRACE", "0"),
        );
    } else {
        report.check("end to end", || bail!("not run, since the page was not built"));
    }
    Ok(())
}

/// Tells wasm-bindgen's test runner which browser to use, and to be patient with it.
fn in_browser(command: &mut Command) -> Result<&mut Command> {
    if let Ok(browser) = browser::find() {
        let options =
            json!({"goog:chromeOptions": {"binary": browser.chrome, "args": browser::FLAGS}});
        let file = root().join("target").join("webdriver.json");
        fs::create_dir_all(root().join("target"))?;
        fs::write(&file, options.to_string())?;
        command
            .env_remove("GECKODRIVER") // the runner would prefer it
            .env("CHROMEDRIVER", browser.driver)
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", file);
    }
    Ok(command
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60"))
}
