//! What a figure is asked to show: the attributes of `<mmap-playground>`, read and judged.
//!
//! An attribute that makes no sense is left out and told about in a sentence; nothing here fails.

use crate::theme::Theme;
use serde::Deserialize;
use std::rc::Rc;

/// A panel of a figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Panel {
    Map,
    Heap,
    Frames,
    Walk,
    Console,
    Timeline,
    Inspector,
}

impl Panel {
    /// All of them.
    pub const ALL: [Panel; 7] = [
        Panel::Map,
        Panel::Heap,
        Panel::Frames,
        Panel::Walk,
        Panel::Console,
        Panel::Timeline,
        Panel::Inspector,
    ];

    /// Its name in attributes, parts and classes.
    pub const fn name(self) -> &'static str {
        match self {
            Panel::Map => "map",
            Panel::Heap => "heap",
            Panel::Frames => "frames",
            Panel::Walk => "walk",
            Panel::Console => "console",
            Panel::Timeline => "timeline",
            Panel::Inspector => "inspector",
        }
    }
}

/// What is shown where nothing is asked for.
const DEFAULT_PANELS: [Panel; 3] = [Panel::Map, Panel::Console, Panel::Timeline];

/// Steps a second where `autoplay` has no value.
const DEFAULT_PACE: f64 = 1.0;

/// The attributes as they were written, and what the element found out.
#[derive(Clone, PartialEq, Default, Debug, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The trace.
    pub trace: String,
    /// The letters of a link that holds a session, in place of a trace.
    pub link: Option<String>,
    /// `step`.
    pub step: Option<String>,
    /// `panels`.
    pub panels: Option<String>,
    /// `readonly`.
    pub readonly: Option<String>,
    /// `theme`.
    pub theme: Option<String>,
    /// Whether the page behind the figure is dark, for `theme="auto"`.
    pub dark: Option<bool>,
    /// `height`.
    pub height: Option<String>,
    /// `autoplay`.
    pub autoplay: Option<String>,
    /// `zoom`.
    pub zoom: Option<String>,
    /// The address of the playground's own page.
    pub home: Option<String>,
    /// Whether the reader has had it before them, for `autoplay`.
    pub seen: Option<bool>,
}

/// What a figure shows.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// The trace.
    pub trace: Rc<str>,
    /// The letters of a link that holds a session, in place of a trace.
    pub link: Option<Rc<str>>,
    /// Where it stands at first; from the end where it is negative.
    pub step: Option<i64>,
    /// The panels, in their order, each once.
    pub panels: Vec<Panel>,
    /// Readers may run nothing.
    pub read_only: bool,
    /// The colours.
    pub theme: Theme,
    /// A length of CSS.
    pub height: Option<String>,
    /// Steps by itself, so many a second.
    pub autoplay: Option<f64>,
    /// An address or a name of the trace to look at.
    pub zoom: Option<String>,
    /// The address of the playground's own page.
    pub home: Option<String>,
    /// The reader has, or has had, it before them.
    pub seen: bool,
    /// What made no sense, in sentences.
    pub messages: Vec<String>,
}

impl Options {
    /// Reads the attributes as JSON, as the element passes them.
    pub fn from_json(json: &str) -> Options {
        match serde_json::from_str(json) {
            Ok(asked) => Options::read(asked),
            Err(error) => {
                let mut options = Options::read(Asked::default());
                options.messages.push(format!("The options cannot be read: {error}."));
                options
            }
        }
    }

    /// Reads the attributes.
    pub fn read(asked: Asked) -> Options {
        let mut messages = Vec::new();
        let step = asked.step.and_then(|text| {
            let step = text.trim().parse().ok();
            if step.is_none() {
                messages.push(expected("step", &text, "a whole number"));
            }
            step
        });
        let panels = match asked.panels {
            Some(text) => panels(&text, &mut messages),
            None => DEFAULT_PANELS.to_vec(),
        };
        let theme = theme(asked.theme.as_deref(), asked.dark, &mut messages);
        let height = asked.height.and_then(|text| {
            let height = length(&text);
            if height.is_none() {
                messages.push(expected("height", &text, "a length such as 420px, 30em or 60vh"));
            }
            height
        });
        let autoplay = asked.autoplay.and_then(|text| match text.trim() {
            "" | "autoplay" | "true" => Some(DEFAULT_PACE),
            "false" => None,
            pace => {
                let pace = pace.parse().ok().filter(|pace: &f64| (0.1..=1000.0).contains(pace));
                if pace.is_none() {
                    messages.push(expected("autoplay", &text, "steps a second, 0.1 to 1000"));
                }
                pace
            }
        });
        Options {
            trace: asked.trace.into(),
            link: asked.link.map(Rc::from),
            step,
            panels,
            read_only: asked.readonly.is_some_and(|text| text.trim() != "false"),
            theme,
            height,
            autoplay,
            zoom: asked.zoom.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
            home: asked.home,
            seen: asked.seen.unwrap_or(true),
            messages,
        }
    }

    /// Where a figure of so many steps stands at first, and what is wrong with the wish. `still`:
    /// nothing moves by itself, whatever is asked for.
    pub fn position(&self, length: usize, still: bool) -> (usize, Option<String>) {
        let Some(step) = self.step else {
            let from_start = self.autoplay.is_some() && !still;
            return (if from_start { 0 } else { length }, None);
        };
        let wish = if step < 0 { length as i128 + i128::from(step) } else { i128::from(step) };
        let position = wish.clamp(0, length as i128);
        let wrong = (position != wish).then(|| {
            format!("step=\"{step}\": the trace has {length} calls and lines that count.")
        });
        (position as usize, wrong)
    }
}

fn expected(name: &str, text: &str, what: &str) -> String {
    let text: String = text.chars().take(60).collect();
    format!("{name}=\"{text}\": expected {what}.")
}

fn panels(text: &str, messages: &mut Vec<String>) -> Vec<Panel> {
    let mut found = Vec::new();
    for word in text.split([' ', ',', '+', '\n', '\t']).filter(|word| !word.is_empty()) {
        match Panel::ALL.into_iter().find(|panel| panel.name() == word) {
            Some(panel) if found.contains(&panel) => {}
            Some(panel) => found.push(panel),
            None => {
                let names = Panel::ALL.map(Panel::name).join(", ");
                messages.push(expected("panels", word, &format!("some of {names}")));
            }
        }
    }
    if found.is_empty() { DEFAULT_PANELS.to_vec() } else { found }
}

fn theme(text: Option<&str>, dark: Option<bool>, messages: &mut Vec<String>) -> Theme {
    match text.map(str::trim) {
        Some("light") => return Theme::Light,
        Some("dark") => return Theme::Dark,
        None | Some("" | "auto") => {}
        Some(other) => messages.push(expected("theme", other, "auto, light or dark")),
    }
    match dark {
        Some(true) => Theme::Dark,
        Some(false) => Theme::Light,
        None => Theme::System,
    }
}

/// A length of CSS; a plain number counts pixels.
fn length(text: &str) -> Option<String> {
    const UNITS: [&str; 13] =
        ["px", "em", "rem", "ch", "lh", "vh", "dvh", "svh", "lvh", "cm", "mm", "in", "%"];
    let text = text.trim().to_ascii_lowercase();
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.parse().ok()?;
    match unit {
        "" => Some(format!("{number}px")),
        unit if UNITS.contains(&unit) => Some(format!("{number}{unit}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Options {
        Options::from_json(json)
    }

    #[test]
    fn without_attributes_there_are_map_console_and_timeline() {
        let options = read("{}");
        assert_eq!(options.panels, DEFAULT_PANELS);
        assert_eq!(options.messages, [""; 0]);
        assert_eq!(options.position(7, false), (7, None));
        assert!(!options.read_only);
    }

    #[test]
    fn panels_stand_in_the_order_of_their_names_each_once() {
        let options = read(r#"{"panels": "walk, map  walk+heap"}"#);
        assert_eq!(options.panels, [Panel::Walk, Panel::Map, Panel::Heap]);
    }

    #[test]
    fn what_makes_no_sense_is_told_and_left_out() {
        let options = read(
            r#"{"step": "two", "panels": "mpa", "theme": "pink", "height": "tall", "autoplay": "-1"}"#,
        );
        assert_eq!(options.messages.len(), 5, "{:?}", options.messages);
        assert_eq!(options.messages[0], "step=\"two\": expected a whole number.");
        assert_eq!(options.panels, DEFAULT_PANELS);
        assert_eq!((options.step, options.height, options.autoplay), (None, None, None));
        assert!(read("no JSON").messages[0].starts_with("The options cannot be read"));
    }

    #[test]
    fn steps_count_from_either_end_and_stay_inside() {
        let at = |step: &str| read(&format!(r#"{{"step": "{step}"}}"#)).position(5, false);
        assert_eq!(at("2"), (2, None));
        assert_eq!(at("-1"), (4, None));
        assert_eq!(at("9").0, 5);
        assert!(at("-9").1.is_some_and(|wrong| wrong.contains("5 calls")));
        let plays = read(r#"{"autoplay": ""}"#);
        assert_eq!((plays.position(5, false).0, plays.position(5, true).0), (0, 5));
    }

    #[test]
    fn heights_are_lengths() {
        assert_eq!(length("420").as_deref(), Some("420px"));
        assert_eq!(length(" 60VH ").as_deref(), Some("60vh"));
        assert_eq!(length("1px;color:red"), None);
        assert_eq!(length("px"), None);
        assert_eq!(length("-3px"), None);
    }

    #[test]
    fn the_theme_is_that_of_the_page_behind_unless_it_is_asked_for() {
        assert_eq!(read(r#"{"dark": true}"#).theme, Theme::Dark);
        assert_eq!(read(r#"{"dark": true, "theme": "light"}"#).theme, Theme::Light);
        assert_eq!(read(r#"{"theme": "auto"}"#).theme, Theme::System);
    }
}
