//! What an import found, before it becomes the session: what the text is, how many calls, what was
//! not run, and the choices where there are some.

use super::work::Place;
use crate::text;
use mmap_playground_core::replay::Counts;
use mmap_playground_core::report::Choice;
use mmap_playground_core::session::{Import as Importer, SkippedCalls};
use mmap_playground_core::trace::{Diagnostic, Kind, ProcessCount, Severity};
use yew::prelude::*;

/// Names of skipped calls in sight at once; the others are a click away.
const NAMES: usize = 5;
/// Names of skipped calls that are listed at most.
const MOST_NAMES: usize = 60;

/// What an import found.
#[derive(Clone, PartialEq)]
pub(super) struct Summary {
    pub(super) kind: Kind,
    pub(super) counts: Counts,
    processes: Vec<ProcessCount>,
    choice: Choice,
    skipped: Vec<SkippedCalls>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Where it goes, if there is a choice.
    pub(super) place: Option<Place>,
    /// It runs on top of the maps text that is loaded.
    pub(super) on_maps: bool,
    /// A log of strace without the maps text that it begins with.
    pub(super) begins_late: bool,
    /// What could not be read of the maps text below it.
    pub(super) maps_wrong: Option<AttrValue>,
    /// The control whose choice it answers, by its selector. It was away while the text ran, so the
    /// focus goes back to it. Kept here and not beside the stage: effects run some time after a
    /// render, and the one of an older summary must not take what belongs to the next.
    pub(super) control: Option<&'static str>,
}

impl Summary {
    pub(super) fn of(importer: &Importer, place: Option<Place>, on_maps: bool) -> Summary {
        let errors = importer.diagnostics().iter().filter(|it| it.severity == Severity::Error);
        let mut diagnostics: Vec<Diagnostic> = errors.cloned().collect();
        // What could not be read was found before what could not be run.
        diagnostics.sort_by_key(|problem| (problem.line, problem.column));
        Summary {
            kind: importer.kind(),
            counts: importer.counts(),
            processes: importer.processes().to_vec(),
            choice: importer.choice(),
            skipped: importer.skipped(),
            diagnostics,
            place,
            on_maps,
            begins_late: importer.kind() == Kind::Strace
                && !on_maps
                && place != Some(Place::Behind),
            maps_wrong: None,
            control: None,
        }
    }

    /// Says whether there is anything to show.
    pub(super) fn is_of_use(&self) -> bool {
        self.counts.calls > 0 || self.kind == Kind::Maps
    }
}

/// What the summary is given.
#[derive(PartialEq, Properties)]
pub(super) struct SummaryProps {
    pub(super) summary: std::rc::Rc<Summary>,
    /// Another process was chosen.
    pub(super) onchoose: Callback<Choice>,
    /// Another place was chosen.
    pub(super) onput: Callback<Place>,
    /// The step where the session stands.
    pub(super) position: usize,
}

/// What an import found.
#[component]
pub(super) fn SummaryView(props: &SummaryProps) -> Html {
    let summary = &*props.summary;
    if summary.kind == Kind::Unknown && summary.counts.calls == 0 {
        return nothing(summary);
    }
    html! {
        <div class="import-summary" data-testid="import-summary">
            <p>{ "This is " }<strong>{ kind_words(summary.kind) }</strong>{ "." }</p>
            if summary.kind == Kind::Maps {
                <p class="hint" data-testid="import-then-log">{ "Is there a log of the same program too? Show this, then import the log, even if it was shown before: it runs on top." }</p>
            } else {
                { numbers(summary) }
            }
            if summary.on_maps {
                <p class="hint" data-testid="import-on-maps">{ "It runs on top of the maps text." }</p>
            }
            if summary.counts.displacing > 0 && summary.on_maps {
                <p class="why" data-testid="import-displacing">
                    { format!("{} found something mapped where the log has it: the maps text is of another moment, or the log lacks calls.", text::count(summary.counts.displacing, "mapping")) }
                </p>
            }
            if let Some(wrong) = &summary.maps_wrong {
                <p class="why">{ wrong }</p>
            }
            if summary.begins_late {
                <p class="hint" data-testid="import-begins-late">{ "What execve mapped is in no log of strace: the program itself, its loader, its stack. \
                    To have it too, add the program's first " }<code>{ "/proc/PID/maps" }</code>{ " below the log." }</p>
            }
            { skipped(&summary.skipped) }
            { processes(summary, &props.onchoose) }
            if let Some(place) = summary.place {
                { places(place, props.position, &props.onput) }
            }
            { for summary.diagnostics.iter().take(3).map(|problem| html! { <p class="why">{ problem.to_string() }</p> }) }
        </div>
    }
}

fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Trace => "a trace",
        Kind::Strace => "a log of strace",
        Kind::Ltrace => "a log of ltrace",
        Kind::Maps => "the text of /proc/PID/maps",
        Kind::Unknown => "neither a trace nor a log",
    }
}

fn nothing(summary: &Summary) -> Html {
    html! {
        <div data-testid="import-summary">
            <p>{ "This is " }<strong>{ kind_words(summary.kind) }</strong>{ "." }</p>
            <p>{ "It expects lines such as " }<code>{ "munmap(0x7ffff7fb3000, 8192) = 0" }</code>{ ", or those of " }<code>{ "/proc/PID/maps" }</code>{ "." }</p>
            if let Some(problem) = summary.diagnostics.first() {
                <p class="why">{ problem.to_string() }</p>
            }
        </div>
    }
}

fn numbers(summary: &Summary) -> Html {
    let counts = summary.counts;
    let numbers = [
        ("calls", counts.calls, "run here"),
        ("skipped", counts.skipped, "calls that are not of memory, or not in this model"),
        ("signals", counts.signals, "that the program got"),
        (
            "calls refused",
            counts.errors,
            "calls that gave the program an error, such as a file that is not there: programs try, that is normal",
        ),
        (
            "divergences",
            counts.divergences,
            "results where the log says something else than this model",
        ),
        (
            "lines not read",
            summary.diagnostics.len() as u64,
            "lines of the log that this page does not understand",
        ),
    ];
    html! {
        <dl class="stats">
            { for numbers.iter().map(|(name, value, about)| html! { <div title={*about}><dt>{ *name }</dt><dd>{ text::grouped(*value) }</dd></div> }) }
        </dl>
    }
}

/// The calls that were not run, by name.
fn skipped(skipped: &[SkippedCalls]) -> Html {
    if skipped.is_empty() {
        return Html::default();
    }
    let row = |calls: &SkippedCalls| {
        html! {
            <li data-testid="import-skipped-name">
                <b class="mono">{ calls.name.to_string() }</b>
                <span class="row-size">{ format!("× {}", text::grouped(calls.count)) }</span>
                <code title={calls.example.clone()}>{ calls.example.clone() }</code>
            </li>
        }
    };
    let (first, rest) = skipped.split_at(skipped.len().min(NAMES));
    let unlisted = rest.len().saturating_sub(MOST_NAMES);
    let calls = rest.iter().map(|calls| calls.count).sum();
    html! {
        <section class="skipped-calls" aria-label="Skipped calls" data-testid="import-skipped">
            <h3>{ "Skipped: not of memory, or not in this model" }</h3>
            <ul>{ for first.iter().map(row) }</ul>
            if !rest.is_empty() {
                <details>
                    <summary data-testid="import-skipped-more">{ format!("{} more, {}", text::count(rest.len() as u64, "name"), text::count(calls, "call")) }</summary>
                    <ul>{ for rest.iter().take(MOST_NAMES).map(row) }</ul>
                    if unlisted > 0 {
                        <p class="hint">{ format!("and {} more", text::count(unlisted as u64, "name")) }</p>
                    }
                </details>
            }
        </section>
    }
}

/// Which of several processes runs.
fn processes(summary: &Summary, onchoose: &Callback<Choice>) -> Html {
    let busy: Vec<&ProcessCount> = summary.processes.iter().filter(|it| it.calls > 0).collect();
    if busy.len() < 2 {
        return Html::default();
    }
    let choices = busy.iter().map(|process| {
        let choice = process.pid.map_or(Choice::Unnamed, Choice::Pid);
        let name = process.pid.map_or_else(|| "no pid".to_owned(), |pid| pid.to_string());
        (choice, name, text::count(u64::from(process.calls), "call"))
    });
    let all = (Choice::All, "all".to_owned(), "as threads of one address space".to_owned());
    let rows = choices.chain([all]).map(|(choice, name, note)| {
        let onchange = onchoose.reform(move |_: Event| choice);
        let id = format!("pid-{name}");
        html! {
            <label class="check">
                <input type="radio" name="pid" checked={summary.choice == choice} {onchange} data-testid={id} />
                <span class="mono">{ name }</span>
                <small>{ note }</small>
            </label>
        }
    });
    html! { <fieldset class="flags"><legend>{ "Which process?" }</legend>{ for rows }</fieldset> }
}

/// Whether it goes behind what has run, or into a session of its own.
fn places(now: Place, position: usize, onput: &Callback<Place>) -> Html {
    let behind = match position {
        0 => "At the start of this session".to_owned(),
        position => format!("Behind step {} of this session", text::grouped(position as u64)),
    };
    let choices = [
        (Place::Own, "own", "In a session of its own".to_owned(), "this one stays, under Sessions"),
        (Place::Behind, "behind", behind, "undo takes it back"),
    ];
    let rows = choices.map(|(place, id, name, note)| {
        let onchange = onput.reform(move |_: Event| place);
        html! {
            <label class="check">
                <input type="radio" name="place" checked={now == place} {onchange} data-testid={format!("place-{id}")} />
                <span>{ name }</span>
                <small>{ note }</small>
            </label>
        }
    });
    html! { <fieldset class="flags"><legend>{ "Where does it run?" }</legend>{ for rows }</fieldset> }
}
