//! Time: every call is a step. To the ends, back and on, by itself, and by dragging; small charts
//! share the axis.

use crate::components::icons;
use crate::store::{Action, LOOK, failed, use_store};
use crate::text;
use mmap_playground_core::session::Session;
use mmap_playground_core::state::Totals;
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, InputEvent};
use yew::prelude::*;

/// Points of a chart at most.
const POINTS: usize = 160;
/// Failures that are marked on the slider at most.
const MARKS: usize = 400;
/// Time between steps that run by themselves.
const PACE: Duration = Duration::from_millis(700);

/// The timeline.
#[component]
pub fn Timeline() -> Html {
    let store = use_store();
    let length = store.session.len();
    let position = store.session.position();
    let charts = use_memo(store.history, |_| charts(&store.session));
    let marks = use_memo(store.history, |_| failures(&store.session));
    use_playing(store.playing, store.dispatcher(), store.revision);

    let act = |action: Action| {
        let dispatcher = store.dispatcher();
        Callback::from(move |_: MouseEvent| dispatcher.dispatch(action.clone()))
    };
    let oninput = {
        let dispatcher = store.dispatcher();
        move |event: InputEvent| {
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            if let Some(position) = input.and_then(|input| input.value().parse::<usize>().ok()) {
                dispatcher.dispatch(Action::GoTo(position));
            }
        }
    };
    let at =
        |position: usize| if length == 0 { 0.0 } else { position as f64 / length as f64 * 100.0 };
    let ticks = marks.iter().map(|step| {
        html! {
            <span class="tick" style={format!("left:{:.3}%", at(*step))}></span>
        }
    });
    let valuetext = format!("step {position} of {length}");
    html! {
        <footer class="timeline" aria-label="Time">
            <div class="transport" role="group" aria-label="Steps">
                <button type="button" class="button quiet" onclick={act(Action::GoTo(0))} disabled={position == 0} aria-label="To the start" title="To the start (<)" data-testid="step-first">{ icons::first() }</button>
                <button type="button" class="button quiet" onclick={act(Action::Step(-1))} disabled={position == 0} aria-label="One step back" title="Back (,)" data-testid="step-back">{ icons::back() }</button>
                <button type="button" class="button quiet" onclick={act(Action::Play(!store.playing))} disabled={length == 0} aria-label={if store.playing { "Pause" } else { "Play" }} title="Play (p)" data-testid="step-play">
                    { if store.playing { icons::pause() } else { icons::play() } }
                </button>
                <button type="button" class="button quiet" onclick={act(Action::Step(1))} disabled={position == length} aria-label="One step on" title="On (.)" data-testid="step-forward">{ icons::forward() }</button>
                <button type="button" class="button quiet" onclick={act(Action::GoTo(usize::MAX))} disabled={position == length} aria-label="To the end" title="To the end (>)" data-testid="step-last">{ icons::last() }</button>
                <button type="button" class="button quiet" onclick={act(Action::NextFailure)} disabled={marks.is_empty()} aria-label="To the next failure" title="To the next failure (n)" data-testid="step-fault">{ icons::next_fault() }</button>
            </div>
            <div class="track">
                <div class="ticks" aria-hidden="true">{ for ticks }</div>
                <input type="range" min="0" max={length.to_string()} step="1" value={position.to_string()} {oninput} disabled={length == 0}
                    aria-label="Step" aria-valuetext={valuetext} data-testid="step-slider" />
            </div>
            <output class="step-count" data-testid="step-count">
                <b>{ text::grouped(position as u64) }</b>{ " of " }{ text::grouped(length as u64) }
            </output>
            <div class="charts">
                { for charts.iter().map(|chart| spark(chart, at(position), &store.moment.totals)) }
            </div>
        </footer>
    }
}

/// Runs a step whenever the pace says so.
#[hook]
fn use_playing(
    playing: bool,
    dispatcher: UseReducerDispatcher<crate::store::Store>,
    revision: u32,
) {
    use_effect_with((playing, revision), move |(playing, _)| {
        let cancelled = std::rc::Rc::new(std::cell::Cell::new(!*playing));
        if *playing {
            let cancelled = cancelled.clone();
            yew::platform::spawn_local(async move {
                yew::platform::time::sleep(PACE).await;
                if !cancelled.get() {
                    dispatcher.dispatch(Action::Step(1));
                }
            });
        }
        move || cancelled.set(true)
    });
}

/// What a chart shows of the totals.
type Measure = fn(&Totals) -> u64;

struct Chart {
    name: &'static str,
    value: Measure,
    size: bool,
    points: Vec<u64>,
}

impl PartialEq for Chart {
    fn eq(&self, other: &Chart) -> bool {
        self.name == other.name && self.points == other.points
    }
}

fn resident(totals: &Totals) -> u64 {
    totals.resident_pages.saturating_mul(mmap_playground_core::address::PAGE_SIZE)
}

fn charts(session: &Session) -> Vec<Chart> {
    let length = session.len();
    let count = length.min(POINTS);
    let samples: Vec<Totals> = (1..=count)
        .filter_map(|point| (point * length / count.max(1)).checked_sub(1))
        .filter_map(|index| session.step(index).map(|step| step.totals))
        .collect();
    let series: [(&'static str, Measure, bool); 5] = [
        ("mapped", |totals| totals.mapped_bytes, true),
        ("resident", resident, true),
        ("heap", |totals| totals.heap_in_use, true),
        ("VMAs", |totals| totals.vma_count, false),
        ("page faults", |totals| totals.page_faults, false),
    ];
    series
        .into_iter()
        .map(|(name, value, size)| Chart {
            name,
            value,
            size,
            points: samples.iter().map(value).collect(),
        })
        .collect()
}

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 22.0;

fn spark(chart: &Chart, at: f64, now: &Totals) -> Html {
    let most = chart.points.iter().copied().max().unwrap_or(0).max(1) as f64;
    let last = chart.points.len().max(1) as f64;
    let mut path = format!("M0 {HEIGHT}");
    for (index, value) in chart.points.iter().enumerate() {
        let left = index as f64 / last * WIDTH;
        let right = (index + 1) as f64 / last * WIDTH;
        let y = HEIGHT - 1.0 - *value as f64 / most * (HEIGHT - 3.0);
        path.push_str(&format!("L{left:.1} {y:.1}L{right:.1} {y:.1}"));
    }
    path.push_str(&format!("L{WIDTH} {HEIGHT}Z"));
    let value = (chart.value)(now);
    let value = if chart.size { text::short_size(value) } else { text::grouped(value) };
    let x = (at / 100.0 * WIDTH).clamp(0.5, WIDTH - 0.5);
    html! {
        <figure class="chart" title={chart.name}>
            <figcaption><span>{ chart.name }</span><b>{ value }</b></figcaption>
            <svg viewBox={format!("0 0 {WIDTH} {HEIGHT}")} preserveAspectRatio="none" aria-hidden="true">
                <path class="area" d={path} />
                <path class="now" d={format!("M{x:.1} 0V{HEIGHT}")} />
            </svg>
        </figure>
    }
}

fn failures(session: &Session) -> Vec<usize> {
    failed(session, 0..session.len().min(LOOK)).take(MARKS).collect()
}
