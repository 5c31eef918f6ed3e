//! The steps as text that can be run again.

use super::Session;
use super::source::SourceLine;
use crate::trace::{ParsedCall, Recorded, Span, Statement};

impl Session {
    /// The steps up to the state shown, as a trace that gives the same state when it runs on the
    /// state that this session starts from. A log's own lines stay as they are; only calls that it
    /// tears apart are put together, pids left out, and what was not run either.
    pub fn script(&self) -> String {
        let mut text = self.process().kernel.machine.directive();
        text += &self.heap_setting().directive();
        for step in self.branch().steps.iter().take(self.position) {
            step.at.write(&mut text);
        }
        text
    }
}

impl SourceLine {
    fn write(&self, text: &mut String) {
        let source = self.text();
        if let Some(remark) = self.remark() {
            text.push_str("# ");
            text.push_str(&remark);
            text.push('\n');
        }
        match &self.line().statement {
            Statement::Call(call) if call.nested => return,
            Statement::Call(call) if !self.is_whole(call) => self.write_call(call, text),
            Statement::Call(call) if self.line().pid.is_some() => {
                write_binding(call, text);
                let start = call.span.start.saturating_sub(call.line_start) as usize;
                text.push_str(source.get(start..).unwrap_or(source));
            }
            Statement::Signal(_) | Statement::Exit if self.line().pid.is_some() => {
                let start = source.find("---").unwrap_or(0);
                text.push_str(&source[start..]);
            }
            // An `execve` clears memory: it stays, and with the lines around it loses its pid, for of
            // several processes one alone runs.
            Statement::Skipped { name } if self.line().pid.is_some() && &**name == "execve" => {
                let call = source.find("execve(").or_else(|| source.find("<... execve"));
                text.push_str(source.get(call.unwrap_or(0)..).unwrap_or(source));
            }
            Statement::Skipped { .. } if self.line().pid.is_some() => return,
            _ => text.push_str(source),
        }
        text.push('\n');
    }

    /// The call stands on its line from its first letter to its result.
    fn is_whole(&self, call: &ParsedCall) -> bool {
        let source = self.text();
        // What says that it goes on later may be cut off already.
        let behind = self.source().text.get(self.line().text.end as usize..).unwrap_or_default();
        (behind.is_empty() || behind.starts_with(['\n', '\r']))
            && call.line_start == self.line().text.start
            && call.span.of(&self.source().text).ends_with(')')
            && !source.contains("<unfinished ...>")
            && !source.contains(" resumed>")
    }

    /// A call that the log tears apart, in one line.
    fn write_call(&self, call: &ParsedCall, text: &mut String) {
        let whole = &*self.source().text;
        write_binding(call, text);
        text.push_str(call.name.name());
        // Arguments that ltrace leaves out stand where the last one does, and are left out again.
        let mut spans: Vec<Span> = call.args.iter().map(|it| it.span).collect();
        spans.dedup();
        let arguments: Vec<&str> = spans.into_iter().map(|span| span.of(whole)).collect();
        text.push_str(&format!("({})", arguments.join(", ")));
        match &call.recorded {
            None => {}
            Some(Recorded::Value(value)) if (*value as i64) < 0 => {
                text.push_str(&format!(" = {}", *value as i64));
            }
            Some(Recorded::Value(value)) => text.push_str(&format!(" = {value:#x}")),
            Some(Recorded::Descriptor(it)) => {
                let note = &it.note;
                let deleted = if note.deleted { " (deleted)" } else { "" };
                text.push_str(&format!(" = {}<{}{deleted}>", it.number, note.path));
            }
            Some(Recorded::Error(name)) => text.push_str(&format!(" = -1 {name}")),
            Some(Recorded::Unknown | Recorded::Text(_)) => text.push_str(" = ?"),
            Some(Recorded::Void) => text.push_str(" = <void>"),
        }
    }
}

/// The name that a result gets stands before the call.
fn write_binding(call: &ParsedCall, text: &mut String) {
    if let Some(binding) = &call.binding {
        text.push_str(binding);
        text.push_str(" = ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::state::State;

    fn again(text: &str) -> (String, String, String) {
        let mut session = Session::new(Machine::default());
        session.run(text);
        let script = session.script();
        let mut second = Session::new(Machine::default());
        let report = second.run(&script);
        assert_eq!(report.diagnostics, [], "{script}");
        let json = |session: &Session| serde_json::to_string(&State::of(session.process()));
        (json(&session).unwrap(), json(&second).unwrap(), script)
    }

    #[test]
    fn a_log_that_tears_calls_apart_comes_back_whole() {
        let text = "\
[pid 7] brk(NULL) = 0x555555559000
[pid 7] mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>
[pid 8] brk(NULL) = 0x555555559000
[pid 7] <... mmap resumed>) = 0x7ffff7fb3000
[pid 7] munmap(0x7ffff7fb3000, 4096 <unfinished ...>
[pid 8] brk(NULL) = 0x555555559000
[pid 7] <... munmap resumed>) = 0
[pid 7] openat(AT_FDCWD, \"none\", O_RDONLY) = -1 ENOENT (No such file or directory)
";
        let (first, second, script) = again(text);
        assert_eq!(first, second);
        assert_eq!(
            script,
            "brk(NULL) = 0x555555559000\n\
             mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fb3000\n\
             munmap(0x7ffff7fb3000, 4096) = 0x0\n\
             openat(AT_FDCWD, \"none\", O_RDONLY) = -1 ENOENT (No such file or directory)\n"
        );
    }

    #[test]
    fn an_execve_clears_memory_again() {
        for execve in [
            "[pid 7] execve(\"/bin/true\", [\"true\"], 0x7ffe /* 3 vars */) = 0\n",
            "7     11:34:48.427677 execve(\"/bin/true\") = 0 <0.000351>\n",
            "[pid 7] execve(\"/bin/true\" <unfinished ...>\n[pid 8] brk(0) = 0\n\
             [pid 7] <... execve resumed>) = 0\n",
        ] {
            let mmap = "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";
            let text = format!("[pid 7] {mmap} = 0x7ffff7fb3000\n{execve}");
            let (first, second, script) = again(&text);
            assert!(first.contains("\"vmas\":[]"), "{first}");
            assert_eq!(first, second, "{script}");
        }
    }

    #[test]
    fn blocks_of_ltrace_come_back() {
        let text = "\
malloc(24) = 0x5575b11af4b0
realloc(0x5575b11af4b0, 100 <unfinished ...>
malloc(100) = 0x5575b11af600
<... realloc resumed> ) = 0x5575b11af600
free(0x5575b11af600) = <void>
";
        let (first, second, _) = again(text);
        assert_eq!(first, second);
    }

    #[test]
    fn what_ltrace_leaves_out_is_left_out_again() {
        let text = "\
SYS_mmap(0, 8192, 3, 34 <unfinished ...>
<... SYS_mmap resumed> ) = 0x7ffff7fb3000
SYS_munmap(0x7ffff7fb3000, 4096, 3, 34) = 0
";
        let (first, second, script) = again(text);
        assert_eq!(first, second);
        assert!(script.starts_with("mmap(0, 8192, 3, 34) = 0x7ffff7fb3000\n"), "{script}");
    }

    #[test]
    fn names_and_comments_stay() {
        let text = "# two pages\n\n# of memory\np = malloc(100)\nmalloc(8)  # behind\nfree(p)\n";
        let (first, second, script) = again(text);
        assert_eq!(first, second);
        assert_eq!(
            script,
            "# two pages of memory\np = malloc(100)\nmalloc(8)  # behind\nfree(p)\n"
        );
    }
}
