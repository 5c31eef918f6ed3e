//! `replay`: runs a trace and prints what comes of it. The only file of the core that reads files
//! and prints.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    native::main()
}

/// There is no command line in the browser.
#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use clap::{Parser, ValueEnum};
    use mmap_playground_core::address::{Address, PAGE_SIZE, is_page_aligned};
    use mmap_playground_core::heap::{Allocator, HeapSetting};
    use mmap_playground_core::machine::Machine;
    use mmap_playground_core::maps::{parse_maps, print_maps};
    use mmap_playground_core::picture::{self, Panel};
    use mmap_playground_core::process::Process;
    use mmap_playground_core::replay::{Ran, RanKind, Runner};
    use mmap_playground_core::report::{self, Choice};
    use mmap_playground_core::start::{Given, from_maps};
    use mmap_playground_core::state::{Figures, State, heap, maps_lines};
    use mmap_playground_core::trace::{Diagnostic, Script, Severity};
    use std::io::{Read, Write};
    use std::path::{Path, PathBuf};
    use std::process::ExitCode;

    /// Replay a trace of memory calls, or a log of strace or ltrace.
    ///
    /// Exit status: 0 the trace ran; 1 it diverged from what the log records; 2 the input could
    /// not be read.
    #[derive(Parser)]
    #[command(name = "replay", version)]
    struct Options {
        /// The trace; standard input if it is left out or -
        trace: Option<PathBuf>,
        /// Start from this /proc/PID/maps text
        #[arg(long, value_name = "FILE")]
        maps: Option<PathBuf>,
        /// Where placement begins to look downwards
        #[arg(long, value_name = "ADDR", value_parser = page_address)]
        mmap_base: Option<Address>,
        /// Below this an ordinary user may map nothing
        #[arg(long, value_name = "ADDR", value_parser = address)]
        mmap_min_addr: Option<Address>,
        /// Where the heap of brk begins
        #[arg(long, value_name = "ADDR", value_parser = address)]
        brk: Option<Address>,
        /// The allocator that the program is linked with; liballoc unless the trace says otherwise
        #[arg(long, value_name = "liballoc|boundary-tags", value_parser = allocator)]
        allocator: Option<Allocator>,
        /// Bits of the machine that the allocator is compiled for; 64 unless the trace says otherwise
        #[arg(long, value_name = "64|32", value_parser = bits)]
        layout: Option<u32>,
        /// The processor has protection keys: memory that may only be executed cannot be read. A
        /// trace may ask for them itself
        #[arg(long)]
        protection_keys: bool,
        /// What to print; may be given more than once
        #[arg(long, value_enum, value_name = "WHAT")]
        print: Vec<Print>,
        /// Of a log with several pids: this one, or all as threads of one address space
        #[arg(long, value_name = "PID|all", value_parser = choice)]
        pid: Option<Choice>,
        /// Stop after so many calls
        #[arg(long, value_name = "N")]
        step: Option<u64>,
        /// With maps, state, figures or svg: print it after every call
        #[arg(long)]
        each: bool,
        /// With svg: what to draw, one below the other, of map, heap, frames, walk
        #[arg(long, value_name = "PANELS", value_delimiter = ',', value_parser = Panel::parse)]
        panels: Vec<Panel>,
        /// With the panel walk: the address to follow, not that of the last call
        #[arg(long, value_name = "ADDR", value_parser = address)]
        at: Option<Address>,
        /// With results: print the rule behind every failed call and signal and where the manual has
        /// it, what surprises about the others, and how every call of the allocator went
        #[arg(long)]
        why: bool,
    }

    #[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
    enum Print {
        /// Each call with its result
        Results,
        /// The final /proc/PID/maps text
        Maps,
        /// The final state as JSON
        State,
        /// The final address space as a picture
        Svg,
        /// A line of counts
        Summary,
        /// The heap in numbers, in a line: bytes held, asked for, lost and where, the largest hole
        Figures,
    }

    fn address(text: &str) -> Result<Address, String> {
        let number = match text.strip_prefix("0x") {
            Some(hex) => Address::from_str_radix(&hex.replace('_', ""), 16),
            None => text.parse(),
        };
        number.map_err(|_| "expected an address, like 0x7ffff7fff000".to_owned())
    }

    fn page_address(text: &str) -> Result<Address, String> {
        let at = address(text)?;
        let message = || format!("expected the address of a page, a multiple of {PAGE_SIZE:#x}");
        if is_page_aligned(at) { Ok(at) } else { Err(message()) }
    }

    fn allocator(text: &str) -> Result<Allocator, String> {
        let named = Allocator::ALL.into_iter().find(|allocator| allocator.name() == text);
        named.ok_or_else(|| "expected liballoc or boundary-tags".to_owned())
    }

    fn bits(text: &str) -> Result<u32, String> {
        match text {
            "64" => Ok(64),
            "32" => Ok(32),
            _ => Err("expected 64 or 32".to_owned()),
        }
    }

    fn choice(text: &str) -> Result<Choice, String> {
        if text == "all" {
            return Ok(Choice::All);
        }
        text.parse().map(Choice::Pid).map_err(|_| "expected a pid, or all".to_owned())
    }

    pub(super) fn main() -> ExitCode {
        match run(Options::parse()) {
            Ok(code) => code,
            Err(message) => {
                eprintln!("replay: {message}");
                ExitCode::from(2)
            }
        }
    }

    fn run(options: Options) -> Result<ExitCode, String> {
        let source = read(options.trace.as_deref())?;
        let mut runner = start(&options)?;
        let asked = HeapSetting::of_trace(&source).unwrap_or_default();
        runner.process.heap_setting = HeapSetting {
            allocator: options.allocator.unwrap_or(asked.allocator),
            bits: options.layout.unwrap_or(asked.bits),
        };
        runner.process.kernel.change_machine(|machine| {
            machine.protection_keys = options.protection_keys;
            machine.adopt(&source);
        });
        let script = Script::parse(&source);
        for diagnostic in &script.diagnostics {
            complain(diagnostic);
        }
        let prints =
            if options.print.is_empty() { vec![Print::Results] } else { options.print.clone() };
        let (runner, texts) = play(&options, runner, &script, &source, &prints)?;
        let mut out = std::io::stdout().lock();
        let written = out.write_all(texts.join("\n").as_bytes()).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                return Err(format!("cannot write: {error}"));
            }
            _ => {}
        }
        let counts = runner.counts;
        Ok(ExitCode::from(match counts.divergences {
            0 if counts.calls == 0 && counts.unreadable > 0 => 2,
            0 => 0,
            _ => 1,
        }))
    }

    /// Runs the lines; gives the texts that are asked for, in the order of `prints`.
    fn play(
        options: &Options,
        mut runner: Runner,
        script: &Script,
        source: &str,
        prints: &[Print],
    ) -> Result<(Runner, Vec<String>), String> {
        let choice = report::choose(script, options.pid);
        let mut texts = vec![String::new(); prints.len()];
        let panels: &[Panel] =
            if options.panels.is_empty() { &[Panel::Map] } else { &options.panels };
        let snapshot = |print: Print, process: &Process, last: &Last| match print {
            Print::Svg => {
                let subject = options.at.or(last.subject);
                Ok(picture::svg_of(process, &last.caption, panels, subject))
            }
            Print::Maps => Ok(print_maps(&maps_lines(process))),
            Print::State => serde_json::to_string_pretty(&State::of(process))
                .map(|text| text + "\n")
                .map_err(|error| format!("cannot write the state: {error}")),
            Print::Figures => {
                let figures = heap(process).map(|heap| Figures::of(&heap)).unwrap_or_default();
                Ok(format!("{figures}\n"))
            }
            Print::Results | Print::Summary => Ok(String::new()),
        };
        runner.counts.unreadable = script.unreadable_count() as u64;
        let mut last = Last { caption: "nothing has run".to_owned(), subject: None };
        for line in &script.lines {
            if options.step.is_some_and(|step| runner.counts.calls >= step) {
                break;
            }
            if !choice.takes(line.pid) {
                continue;
            }
            let before = options.why.then(|| runner.process.clone());
            let ran = runner.run(line, source);
            if let RanKind::Unreadable(diagnostic) = &ran.kind {
                complain(diagnostic);
            }
            if let RanKind::Call(call, outcome) = &ran.kind {
                let subject = picture::subject(call, outcome);
                last = Last { caption: caption_of(&ran), subject };
            }
            for (text, print) in texts.iter_mut().zip(prints) {
                if *print == Print::Results {
                    report::write_results(text, &ran, options.why);
                    if let Some(before) = &before {
                        report::write_search(text, before, &ran);
                    }
                    if options.why
                        && let Some(rule) = report::signal_sentence(&runner.process, &ran)
                    {
                        text.push_str(&format!("# {rule}\n"));
                    }
                } else if options.each && matches!(ran.kind, RanKind::Call(..)) {
                    if !text.is_empty() && *print != Print::Figures {
                        text.push('\n');
                    }
                    text.push_str(&snapshot(*print, &runner.process, &last)?);
                }
            }
        }
        for (text, print) in texts.iter_mut().zip(prints) {
            match print {
                Print::Summary => *text = report::summary(&runner.counts, script, choice),
                _ if !options.each => text.push_str(&snapshot(*print, &runner.process, &last)?),
                _ => {}
            }
        }
        Ok((runner, texts))
    }

    /// What is said of the last call beside a picture.
    struct Last {
        /// The call with its result.
        caption: String,
        /// The address that it was about.
        subject: Option<Address>,
    }

    /// A call with its result, without what is explained below it.
    fn caption_of(ran: &Ran) -> String {
        let mut text = String::new();
        report::write_results(&mut text, ran, false);
        text.lines().find(|line| !line.starts_with('#')).unwrap_or_default().to_owned()
    }

    fn start(options: &Options) -> Result<Runner, String> {
        let mut machine = Machine::default();
        let given =
            Given { mmap_base: options.mmap_base.is_some(), break_start: options.brk.is_some() };
        machine.mmap_base = options.mmap_base.unwrap_or(machine.mmap_base);
        machine.mmap_min_addr = options.mmap_min_addr.unwrap_or(machine.mmap_min_addr);
        machine.fixed_min_addr = machine.mmap_min_addr;
        machine.break_start = options.brk.unwrap_or(machine.break_start);
        let process = match &options.maps {
            None => Process::new(machine),
            Some(path) => {
                let (lines, diagnostics) = parse_maps(&read(Some(path))?);
                for diagnostic in &diagnostics {
                    eprintln!("replay: {}: {diagnostic}", path.display());
                }
                if lines.is_empty() && diagnostics.iter().any(|d| d.severity == Severity::Error) {
                    return Err(format!("{} is no maps text", path.display()));
                }
                from_maps(machine, given, &lines)
            }
        };
        let mut runner = Runner::starting_with(process);
        if given.mmap_base {
            runner.fix_mmap_base();
        }
        if given.break_start {
            runner.fix_break();
        }
        Ok(runner)
    }

    fn read(path: Option<&Path>) -> Result<String, String> {
        let mut bytes = Vec::new();
        let result = match path {
            Some(path) if path != Path::new("-") => std::fs::read(path).map(|read| bytes = read),
            _ => std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ()),
        };
        let name = path.map_or("standard input".into(), |path| path.display().to_string());
        result.map_err(|error| format!("cannot read {name}: {error}"))?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn complain(diagnostic: &Diagnostic) {
        let kind = if diagnostic.severity == Severity::Error { "" } else { "note: " };
        eprintln!("replay: {kind}{diagnostic}");
    }
}
