//! Records the outcome of traces, on the real kernel only and never from the model.

use super::child::{Child, maps_range};
use super::compare::{is_stack, page_lines};
use super::kernel::RealKernel;
use mmap_playground_core::call::{Call, Returned};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::replay::{RanKind, Runner};
use mmap_playground_core::trace::{Script, print_line, print_result};
use std::fs;
use std::path::{Path, PathBuf};

/// What a trace says if the pages that are resident at its end are to be recorded.
pub const WITH_PAGES: &str = "# pages: yes";

/// What became of a recorded trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blessed {
    /// It had no outcome before.
    New,
    /// Its outcome is another now.
    Changed,
    /// Its outcome is what it was.
    Same,
}

/// The traces of a folder that have no outcome yet.
///
/// # Errors
/// When the folder cannot be read.
pub fn unrecorded(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_trace = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "trace");
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| is_trace(path) && !path.with_extension("expected").exists()).collect();
    paths.sort();
    Ok(paths)
}

/// Records the outcome of a trace in a folder of recorded traces. `trace` is a name there, or the
/// path of a trace anywhere, which is copied to there.
///
/// # Errors
/// When the trace cannot be read, or asks for what is no call of the kernel.
pub fn bless(kernel: &RealKernel, trace: &str, folder: &Path) -> Result<Blessed, String> {
    let name = trace.strip_suffix(".trace").unwrap_or(trace);
    let given = Path::new(name);
    let file = given.file_name().ok_or_else(|| format!("{trace}: not the name of a trace"))?;
    let home = folder.join(file).with_added_extension("trace");
    let source_path = if given.components().count() > 1 {
        given.with_added_extension("trace")
    } else {
        home.clone()
    };
    let io = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let source = fs::read_to_string(&source_path).map_err(|error| io(&source_path, error))?;
    let outcome = outcome(kernel, &source)?;
    let expected = home.with_extension("expected");
    let before = fs::read_to_string(&expected).ok();
    if fs::read_to_string(&home).ok().as_ref() != Some(&source) {
        fs::write(&home, &source).map_err(|error| io(&home, error))?;
    }
    if before.as_ref() != Some(&outcome) {
        fs::write(&expected, &outcome).map_err(|error| io(&expected, error))?;
    }
    Ok(match before {
        None => Blessed::New,
        Some(before) if before == outcome => Blessed::Same,
        Some(_) => Blessed::Changed,
    })
}

/// Runs a trace on the real kernel and gives the text that its recorded outcome consists of. A
/// name stands for what the kernel returned; the model only reads the lines.
fn outcome(kernel: &RealKernel, source: &str) -> Result<String, String> {
    let with_pages = source.lines().any(|line| line.trim() == WITH_PAGES);
    if with_pages && !kernel.frames_known {
        return Err("the kernel shows frames to root only".to_owned());
    }
    let script = Script::parse(source);
    if let Some(diagnostic) = script.diagnostics.first() {
        return Err(diagnostic.to_string());
    }
    let keys = Machine::keys_of_trace(source);
    if keys && !kernel.keys {
        return Err("the processor has no protection keys".to_owned());
    }
    let mut child = Child::start(&kernel.folder, keys)?;
    let mut reader = Runner::new(Machine::default());
    let mut text = String::new();
    for line in &script.lines {
        let line = line.text.of(source);
        let statement = format!("{line}\n");
        let call = call_of(&mut reader.clone(), &statement)?;
        let real = child.run(&call)?;
        if real == Returned::Skipped {
            return Err(format!("{line}: not a call of the kernel"));
        }
        text += &print_line(&call, &real);
        text += "\n";
        let result = print_result(&call, &real);
        let result = result.lines().next().unwrap_or_default();
        call_of(&mut reader, &format!("{} = {result}\n", statement.trim_end()))?;
    }
    text += "\n";
    for line in child.maps()?.lines() {
        let (start, end) = maps_range(line);
        let unchanged = is_stack(child.machine.stack, start, end) && line.contains(" rw-p ");
        if !unchanged {
            text += &as_recorded(line);
            text += "\n";
        }
    }
    if with_pages {
        text += "\n";
        for line in page_lines(&child)? {
            text += &line;
            text += "\n";
        }
    }
    Ok(text)
}

/// The call of one line.
fn call_of(reader: &mut Runner, line: &str) -> Result<Call, String> {
    let script = Script::parse(line);
    if let [line_of_call] = &script.lines[..]
        && script.diagnostics.is_empty()
        && let RanKind::Call(call, _) = reader.run(line_of_call, line).kind
    {
        return Ok(call);
    }
    Err(format!("{}: cannot be run", line.trim()))
}

/// A line of maps with what differs from run to run, device and inode, left out.
fn as_recorded(line: &str) -> String {
    let mut words = line.splitn(4, ' ');
    let mut next = || words.next().unwrap_or_default();
    let (range, prot, offset, name) = (next(), next(), next(), next());
    let inode = if name.is_empty() || name.starts_with('[') { 0 } else { 2 };
    let line = format!("{range} {prot} {offset} 00:00 {inode} ");
    if name.is_empty() { line } else { format!("{line:<73}{name}") }
}
