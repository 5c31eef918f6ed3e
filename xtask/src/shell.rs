//! Starts other programs, always in the root of the workspace.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use xtask::root;

/// Returns a command that runs `program` in the root of the workspace.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Returns a command that runs cargo with `arguments`, split at spaces.
pub(crate) fn cargo(arguments: &str) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = command(cargo);
    command.args(arguments.split_whitespace());
    command
}

/// Runs `command` to its end, its output going where ours goes.
///
/// # Errors
///
/// If it cannot be started or ends with a failure.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = name(command);
    let status = command.status().with_context(|| format!("could not start {program}"))?;
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    Ok(())
}

/// Runs `command` in place of this process, so that whoever stops us stops it.
/// Returns only if that fails, or where it cannot be done, when `command` ends.
pub(crate) fn replace_with(command: &mut Command) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        let error = command.exec();
        Err(error).with_context(|| format!("could not start {}", name(command)))
    }
    #[cfg(not(unix))]
    run(command)
}

/// Returns what `command` prints, trimmed, or nothing if it cannot be run.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Returns the program's name without its folder.
pub(crate) fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    name.to_string_lossy().into_owned()
}
