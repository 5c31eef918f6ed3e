//! One figure: its settings, the moment that it shows, its HTML.

use std::fmt::Write;

use anyhow::{Context, Result, anyhow, bail};
use mmap_playground_core::heap::HeapSetting;
use mmap_playground_core::machine::Machine;
use mmap_playground_core::picture::{self, Panel};
use mmap_playground_core::process::Process;
use mmap_playground_core::replay::{RanKind, Runner};
use mmap_playground_core::report::write_results;
use mmap_playground_core::trace::{Script, Severity};

use crate::{Block, words};

/// The attributes of `<mmap-playground>` that a block may give.
const ATTRIBUTES: [&str; 8] =
    ["step", "panels", "readonly", "theme", "height", "autoplay", "zoom", "loading"];
/// The panels that the element has and a picture has not.
const LIVE_PANELS: [&str; 3] = ["console", "timeline", "inspector"];

/// What a block's info string asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// How many calls have run in the picture; negative counts from the end, nothing is all.
    pub step: Option<i64>,
    /// The panels of the picture, the map if none is named.
    pub panels: Vec<Panel>,
    /// The attributes as the element takes them, in their order.
    pub attributes: Vec<(String, String)>,
}

impl Settings {
    /// Reads an info string whose first word is `mmap`.
    ///
    /// # Errors
    ///
    /// If it names an attribute, a panel or a number that there is not.
    pub fn parse(info: &str) -> Result<Settings> {
        let mut settings = Settings::default();
        for word in words(info).skip(1) {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            if !ATTRIBUTES.contains(&name) {
                bail!("there is no attribute {name:?}; there are {}", ATTRIBUTES.join(", "));
            }
            let value = value.trim_matches('"').replace('+', " ");
            if name == "step" {
                let step = value.parse();
                settings.step = Some(step.map_err(|_| anyhow!("step={value:?} is no number"))?);
            }
            if name == "panels" {
                for panel in value.split(' ').filter(|panel| !LIVE_PANELS.contains(panel)) {
                    settings.panels.push(Panel::parse(panel).map_err(anyhow::Error::msg)?);
                }
            }
            settings.attributes.push((name.to_owned(), value));
        }
        if settings.panels.is_empty() {
            settings.panels.push(Panel::Map);
        }
        Ok(settings)
    }
}

/// A moment of a trace.
pub struct Moment {
    /// The process as it is then.
    pub process: Process,
    /// The last call with its result.
    pub caption: String,
    /// The address that this call was about.
    pub subject: Option<u64>,
}

impl Moment {
    /// Runs a trace up to a step: so many calls, counted from the end if negative, else all.
    ///
    /// # Errors
    ///
    /// If a line cannot be read.
    pub fn of(trace: &str, step: Option<i64>) -> Result<Moment> {
        let script = Script::parse(trace);
        let lost = script.diagnostics.iter().find(|it| it.severity == Severity::Error);
        if let Some(lost) = lost {
            bail!("{lost}");
        }
        let calls: u64 = script.processes.iter().map(|process| u64::from(process.calls)).sum();
        let last = match step {
            None => calls,
            Some(step) if step < 0 => calls.saturating_sub(step.unsigned_abs()),
            Some(step) => step.unsigned_abs(),
        };
        let mut runner = Runner::new(Machine::default());
        runner.process.heap_setting = HeapSetting::of_trace(trace).unwrap_or_default();
        runner.process.kernel.change_machine(|machine| machine.adopt(trace));
        let (mut caption, mut subject) = ("nothing has run".to_owned(), None);
        for line in &script.lines {
            if runner.counts.calls >= last {
                break;
            }
            let ran = runner.run(line, trace);
            match &ran.kind {
                RanKind::Unreadable(diagnostic) => bail!("{diagnostic}"),
                RanKind::Call(call, outcome) => {
                    let mut text = String::new();
                    write_results(&mut text, &ran, false);
                    caption = text.lines().next().unwrap_or_default().to_owned();
                    subject = picture::subject(call, outcome);
                }
                _ => {}
            }
        }
        Ok(Moment { process: runner.process, caption, subject })
    }
}

/// The figure of a block, in one line: Markdown ends a block of HTML at a blank one.
pub(crate) fn html(block: &Block) -> Result<String> {
    let settings = Settings::parse(&block.info)?;
    let moment = Moment::of(&block.text, settings.step)?;
    let svg = picture::svg_of(&moment.process, &moment.caption, &settings.panels, moment.subject);
    let mut html = String::from("<div class=\"mmap-figure\"><mmap-playground");
    for (name, value) in &settings.attributes {
        write!(html, " {name}=\"{}\"", escaped(value)).context("out of memory")?;
    }
    html.push('>');
    html.push_str(&svg.replace('\n', ""));
    html.push_str("<pre><code>");
    html.push_str(&escaped(&block.text));
    html.push_str("</code></pre></mmap-playground></div>");
    Ok(html)
}

/// A text as HTML has it, without line ends.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, letter| {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\n' => html.push_str("&#10;"),
            letter => html.push(letter),
        }
        html
    })
}
