//! Colours for the canvases, read from the style sheet's variables, and the choice of theme.
//!
//! The style sheet is the only place that names a colour. A protection's colour is the variable
//! named after its letters, `--prot-rw-`.

use crate::browser;
use crate::grid::heap::Part;
use mmap_playground_core::abi::Prot;
use web_sys::Element;

/// What a person chose.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The value of the page's `data-theme` and of the stored choice.
    pub const fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of a stored name.
    pub fn from_name(name: &str) -> Theme {
        match name {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::System,
        }
    }

    /// What the button switches to.
    pub fn next(self) -> Theme {
        match self {
            Theme::System if browser::prefers_dark() => Theme::Light,
            Theme::System => Theme::Dark,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Light,
        }
    }
}

/// The colours that the canvases paint with.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Palette {
    /// Text.
    pub ink: String,
    /// Text that steps back.
    pub muted: String,
    /// Hair lines.
    pub line: String,
    /// The ground of a panel.
    pub panel: String,
    /// What is selected and pointed at.
    pub accent: String,
    /// What the last call changed.
    pub changed: String,
    /// Failures.
    pub danger: String,
    /// Text on a filled cell.
    pub on_fill: String,
    /// Folded holes.
    pub fold: String,
    prots: Vec<String>,
    parts: Vec<(Part, String)>,
    /// The stack of fonts for addresses.
    pub mono: String,
}

impl Palette {
    /// Reads the style sheet's variables as they are now, at an element.
    pub fn at(element: &Element) -> Palette {
        let color = browser::css_variables(element);
        let prots =
            (0..8).map(|bits| color(&format!("--prot-{}", Prot::from_bits_retain(bits)))).collect();
        let parts = Part::COLORED.map(|(part, name)| (part, color(name))).to_vec();
        Palette {
            ink: color("--ink"),
            muted: color("--muted"),
            line: color("--line"),
            panel: color("--panel"),
            accent: color("--accent"),
            changed: color("--changed"),
            danger: color("--danger"),
            on_fill: color("--on-fill"),
            fold: color("--fold"),
            prots,
            parts,
            mono: color("--mono"),
        }
    }

    /// The colour of a part of a heap block; a hole has the colour of lines.
    pub fn part(&self, part: Part) -> &str {
        let found = self.parts.iter().find(|(it, _)| *it == part);
        found.map_or(&self.line, |(_, color)| color)
    }

    /// The colour of a protection.
    pub fn prot(&self, prot: Prot) -> &str {
        self.prots.get((prot.bits() & 7) as usize).map_or("gray", String::as_str)
    }
}
