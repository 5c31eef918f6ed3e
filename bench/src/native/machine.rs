//! What was measured, and on what.

use std::fs;
use std::process::Command;

/// The head of the report.
pub(crate) fn description() -> String {
    let processor = line("/proc/cpuinfo", "model name");
    let system = fs::read_to_string("/proc/sys/kernel/osrelease");
    let system =
        system.map_or(std::env::consts::OS.to_owned(), |it| format!("Linux {}", it.trim()));
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let rust = said("rustc", "--version");
    let node = said("node", "--version");
    format!(
        "# How fast it is\n\n\
         Written by `cargo xtask bench`. Contenders take turns, round after round; a figure is the \
         median of the rounds, of the time that the work had a processor. Ratios are of figures of \
         this one run.\n\n\
         {processor}, {processors} of its threads; {system}; {rust}; Node {node}; memory_set 0.4.\n"
    )
}

/// What follows a name and a colon in a file of the system's.
fn line(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or("an unnamed processor", |(_, value)| value.trim()).to_owned()
}

/// What a program says.
fn said(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    output.map_or("none".into(), |it| String::from_utf8_lossy(&it.stdout).trim().to_owned())
}
