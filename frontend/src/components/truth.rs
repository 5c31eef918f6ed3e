//! The window that says how true the page is: what was compared with a kernel and what is known to
//! differ, as `cargo xtask conformance --report` wrote it. Nothing here is counted or judged anew.

use crate::components::dialog::DialogWindow;
use crate::text::{count, grouped};
use serde::Deserialize;
use std::sync::LazyLock;
use yew::prelude::*;

/// The report, read once; none if it cannot be read.
static REPORT: LazyLock<Option<Report>> =
    LazyLock::new(|| Report::read(include_str!("../../../docs/conformance.json")));

/// What is shown of the report.
#[derive(Debug, PartialEq, Deserialize)]
struct Report {
    kernel: String,
    left_out: Vec<String>,
    calls: u64,
    differences: u64,
    profiles: Vec<Profile>,
    traces: u64,
    traces_with_pages: u64,
    sections: Vec<Section>,
    logs: u64,
    known: Vec<Known>,
}

/// Random calls of one kind.
#[derive(Debug, PartialEq, Deserialize)]
struct Profile {
    about: String,
    calls: u64,
    differences: u64,
}

/// What a section of a manual page documents.
#[derive(Debug, PartialEq, Deserialize)]
struct Section {
    page: String,
    section: String,
    behaviours: u64,
    shown: u64,
    outside: u64,
}

/// A known difference, with calls that show it if there are such.
#[derive(Debug, PartialEq, Deserialize)]
struct Known {
    what: String,
    reason: String,
    met: bool,
    #[serde(default)]
    trace: Option<String>,
}

impl Report {
    fn read(json: &str) -> Option<Report> {
        serde_json::from_str(json).ok()
    }
}

/// The window.
#[component]
pub fn Truth() -> Html {
    html! {
        <DialogWindow name="truth" title="How true is this?" class="truth">
            { REPORT.as_ref().map_or_else(unreadable, body) }
        </DialogWindow>
    }
}

fn unreadable() -> Html {
    html! { <p>{ "The report that this page was built with cannot be read." }</p> }
}

fn body(report: &Report) -> Html {
    let differences = match report.differences {
        0 => "no difference".to_owned(),
        number => count(number, "difference"),
    };
    html! {
        <>
            <p data-testid="truth-summary">
                { format!("{} random calls ran in the model and on {}: ", grouped(report.calls), report.kernel) }
                <strong>{ differences }</strong>
                { ". Compared were, after each call, its result or signal, the mappings, the resident pages and which of them share a frame; at the end of each process, every byte." }
            </p>
            { for report.left_out.iter().map(|what| html! { <p>{ format!("Left out: {what}.") }</p> }) }
            { profiles(&report.profiles) }
            <p data-testid="truth-recorded">
                { format!(
                    "The tests hold the model to what a kernel did in {}, in {} of them to the resident pages too, and to the mappings at the end of {} of real programs.",
                    count(report.traces, "short trace"), grouped(report.traces_with_pages), count(report.logs, "log")
                ) }
            </p>
            <h3>{ "Known differences" }</h3>
            <ul class="known" data-testid="truth-known">{ for report.known.iter().map(known) }</ul>
            <h3>{ "What is outside" }</h3>
            { sections(&report.sections) }
        </>
    }
}

fn profiles(profiles: &[Profile]) -> Html {
    let row = |profile: &Profile| {
        html! {
            <tr data-testid="truth-profile">
                <th scope="row">{ &profile.about }</th>
                <td>{ grouped(profile.calls) }</td>
                <td class={classes!((profile.differences > 0).then_some("some"))}>{ grouped(profile.differences) }</td>
            </tr>
        }
    };
    html! {
        <table class="figures">
            <thead><tr><th scope="col">{ "Random calls about" }</th><th scope="col">{ "calls" }</th><th scope="col">{ "differences" }</th></tr></thead>
            <tbody>{ for profiles.iter().map(row) }</tbody>
        </table>
    }
}

fn known(known: &Known) -> Html {
    html! {
        <li>
            { format!("{}.", known.what) }
            if known.met { <strong>{ " You may meet it." }</strong> }
            <small>{ format!("Why: {}.", known.reason) }</small>
            if let Some(trace) = &known.trace {
                <details class="how">
                    <summary>{ "Calls that show it" }</summary>
                    <pre class="mono">{ trace.trim_end() }</pre>
                </details>
            }
        </li>
    }
}

fn sections(sections: &[Section]) -> Html {
    let total =
        |of: fn(&Section) -> u64| grouped(sections.iter().map(of).fold(0, u64::saturating_add));
    let row = |section: &Section| {
        html! {
            <tr data-testid="truth-section">
                <th scope="row">{ format!("{}, {}", section.page, section.section) }</th>
                <td>{ grouped(section.behaviours) }</td>
                <td>{ grouped(section.shown) }</td>
                <td>{ grouped(section.outside) }</td>
            </tr>
        }
    };
    html! {
        <>
            <p data-testid="truth-outside">
                { format!(
                    "Of {} documented behaviours, {} are shown by a recorded trace or a test; {} are outside the model.",
                    total(|it| it.behaviours), total(|it| it.shown), total(|it| it.outside)
                ) }
            </p>
            <details class="how" data-testid="truth-sections">
                <summary>{ "Section by section" }</summary>
                <table class="figures">
                    <thead><tr><th scope="col">{ "Section" }</th><th scope="col">{ "documented" }</th><th scope="col">{ "shown" }</th><th scope="col">{ "outside" }</th></tr></thead>
                    <tbody>{ for sections.iter().map(row) }</tbody>
                </table>
            </details>
        </>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_built_in_can_be_read() {
        let report = REPORT.as_ref().expect("the report cannot be read");
        assert!(report.kernel.starts_with("Linux "), "{}", report.kernel);
        assert_eq!(report.profiles.iter().map(|it| it.calls).sum::<u64>(), report.calls);
        assert!(!report.known.is_empty());
    }

    #[test]
    fn a_report_that_is_none_is_told_and_no_panic() {
        let whole = include_str!("../../../docs/conformance.json");
        let cut = whole.get(..whole.len() / 2).unwrap_or_default();
        let negative = whole.replacen("\"calls\": ", "\"calls\": -", 1);
        for json in ["", "null", "[]", "{}", "\u{fffd}", cut, &negative] {
            assert_eq!(Report::read(json), None);
        }
    }
}
