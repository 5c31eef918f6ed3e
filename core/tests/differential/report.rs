//! The report: what was compared, on which kernel, and what is known to differ. As JSON for the
//! page, as Markdown for people.

use super::campaign::Tally;
use super::generator::Profile;
use super::kernel::RealKernel;
use super::known::{KnownDifference, known_differences};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// All of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The kernel: `Linux 6.18.44`.
    pub kernel: String,
    /// What was not compared on it, and why.
    pub left_out: Vec<String>,
    /// Calls in all profiles together.
    pub calls: u64,
    /// Differences in all profiles together.
    pub differences: u64,
    /// What was tried in each profile.
    pub profiles: Vec<ProfileFigures>,
    /// Traces with a recorded outcome.
    pub traces: u64,
    /// Those that record resident pages, too.
    pub traces_with_pages: u64,
    /// Behaviours that manual pages document.
    pub sections: Vec<Section>,
    /// Logs of real programs that end with the kernel's own list of mappings.
    pub logs: u64,
    /// What is known to differ.
    pub known: Vec<KnownDifference>,
}

/// What was tried in one profile.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProfileFigures {
    /// Its name.
    pub name: String,
    /// The first seed.
    pub seed: u64,
    /// What its calls are about.
    pub about: String,
    /// Calls compared.
    pub calls: u64,
    /// Fresh processes that they ran in.
    pub runs: u64,
    /// Differences found.
    pub differences: u64,
}

/// A section of a manual page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Section {
    /// The page: `mmap(2)`.
    pub page: String,
    /// The section: `ERRORS`.
    pub section: String,
    /// Behaviours that it documents.
    pub behaviours: u64,
    /// Those that a recorded trace or a test shows.
    pub shown: u64,
    /// Those that are outside the model, with a reason.
    pub outside: u64,
}

/// What `tests/linux/documented.toml` says, as far as it is counted here.
#[derive(Deserialize)]
struct Documented {
    behaviour: Vec<Behaviour>,
}

#[derive(Deserialize)]
struct Behaviour {
    page: String,
    section: String,
    outside: Option<String>,
}

impl ProfileFigures {
    /// The figures of a run.
    pub fn of(profile: Profile, seed: u64, tally: &Tally) -> ProfileFigures {
        ProfileFigures {
            name: profile.name().to_owned(),
            seed,
            about: profile.about().to_owned(),
            calls: tally.calls,
            runs: tally.runs,
            differences: tally.findings.len() as u64,
        }
    }

    /// Keeps them in a folder for a later report.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep(&self, folder: &Path) -> Result<(), String> {
        let text = serde_json::to_string(self).map_err(|error| error.to_string())?;
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(folder.join(&self.name), text))
            .map_err(|error| format!("{}: {error}", folder.display()))
    }
}

impl Report {
    /// Gathers the figures: of each profile's last run that was kept in a folder. `tests` is the
    /// folder of the core's tests.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn gather(kernel: &RealKernel, kept: &Path, tests: &Path) -> Result<Report, String> {
        let profiles = Profile::ALL.iter().filter_map(|profile| {
            let text = fs::read_to_string(kept.join(profile.name())).ok()?;
            serde_json::from_str(&text).ok()
        });
        let profiles: Vec<ProfileFigures> = profiles.collect();
        let traces = files(&tests.join("linux"), ".trace")?;
        let with_pages = traces.iter().filter(|text| text.contains(super::bless::WITH_PAGES));
        let version = kernel.release.split('-').next().unwrap_or_default();
        Ok(Report {
            kernel: format!("Linux {version}"),
            left_out: kernel.left_out().iter().map(ToString::to_string).collect(),
            calls: profiles.iter().map(|profile| profile.calls).sum(),
            differences: profiles.iter().map(|profile| profile.differences).sum(),
            traces_with_pages: with_pages.count() as u64,
            traces: traces.len() as u64,
            profiles,
            sections: sections(&tests.join("linux/documented.toml"))?,
            logs: files(&tests.join("strace"), ".final.maps")?.len() as u64,
            known: known_differences()?,
        })
    }

    /// Writes `conformance.json` and `conformance.md` into a folder.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        let json = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        for (name, text) in [("conformance.json", json + "\n"), ("conformance.md", self.markdown())]
        {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }

    /// The report for people.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "# How true the model is\n");
        let _ = writeln!(
            text,
            "Written by `cargo xtask conformance --report`, on {}. {} random calls, {} differences.\n",
            self.kernel,
            grouped(self.calls),
            self.differences
        );
        text += "After each call its result or signal, the mappings, the resident pages and which of\n\
                 them share a frame were compared with the running kernel, at the end of each process\n\
                 every byte.\n\n";
        for left_out in &self.left_out {
            let _ = writeln!(text, "Left out: {left_out}.\n");
        }
        text += "| profile | what its calls are about | first seed | calls | processes | differences |\n";
        text += "| --- | --- | --- | --- | --- | --- |\n";
        for profile in &self.profiles {
            let ProfileFigures { name, seed, about, calls, runs, differences } = profile;
            let (calls, runs) = (grouped(*calls), grouped(*runs));
            let _ =
                writeln!(text, "| {name} | {about} | {seed} | {calls} | {runs} | {differences} |");
        }
        text += "\n`cargo xtask conformance --profile … --seed … --calls …` repeats one.\n\n";
        let _ = writeln!(
            text,
            "## Recorded on the kernel\n\n{} short traces (`core/tests/linux`), {} of them with their \
             resident pages, and {} logs of\nreal programs (`core/tests/strace`) agree, natively, in \
             Node and in Chromium.\n",
            self.traces, self.traces_with_pages, self.logs
        );
        if !self.sections.is_empty() {
            text +=
                "| manual page | section | behaviours | shown by a trace | outside the model |\n";
            text += "| --- | --- | --- | --- | --- |\n";
            for Section { page, section, behaviours, shown, outside } in &self.sections {
                let _ =
                    writeln!(text, "| {page} | {section} | {behaviours} | {shown} | {outside} |");
            }
            text += "\n`core/tests/linux/documented.toml` lists them.\n\n";
        }
        text += "## Known differences\n\n";
        for KnownDifference { what, reason, met, trace } in &self.known {
            let met = if *met { "A user may meet it." } else { "Hardly anybody meets it." };
            let test = match trace {
                Some(_) => "A test holds that it is still so.",
                None => "It cannot be tested.",
            };
            let _ = writeln!(text, "- **{what}.** Why: {reason}. {met} {test}");
        }
        text += "\n`core/tests/known_differences.toml` has the traces that show them.\n";
        text
    }
}

/// The texts of a folder's files with an ending.
fn files(folder: &Path, ending: &str) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut texts = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.to_str().is_some_and(|name| name.ends_with(ending)) {
            texts.push(fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?);
        }
    }
    Ok(texts)
}

/// The sections in the order in which the file names them.
fn sections(path: &Path) -> Result<Vec<Section>, String> {
    let Ok(text) = fs::read_to_string(path) else { return Ok(Vec::new()) };
    let documented: Documented =
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut sections: Vec<Section> = Vec::new();
    for Behaviour { page, section, outside } in documented.behaviour {
        let found = sections.iter().position(|one| one.page == page && one.section == section);
        let index = found.unwrap_or_else(|| {
            sections.push(Section { page, section, behaviours: 0, shown: 0, outside: 0 });
            sections.len() - 1
        });
        let section = &mut sections[index];
        section.behaviours += 1;
        section.shown += u64::from(outside.is_none());
        section.outside += u64::from(outside.is_some());
    }
    Ok(sections)
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
