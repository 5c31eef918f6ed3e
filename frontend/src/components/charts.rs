//! Small charts over time: what is mapped, resident, on the heap, how many VMAs and page faults.
//! A click goes to the step under it; the slider does the same by keyboard.

use crate::store::{Action, Moment, use_store};
use crate::text;
use mmap_playground_core::session::Session;
use mmap_playground_core::state::Totals;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

/// Points of a chart at most.
const POINTS: usize = 160;

/// All of the charts.
#[component]
pub fn Charts() -> Html {
    let store = use_store();
    let length = store.session.len();
    let position = store.session.position();
    let charts = use_memo(store.history, |_| charts(&store.session));
    let share = position as f64 / length.max(1) as f64;
    let onclick = {
        let dispatcher = store.dispatcher();
        Callback::from(move |event: MouseEvent| {
            let Some(chart) = event.target().and_then(|it| it.dyn_into::<Element>().ok()) else {
                return;
            };
            let area = chart.get_bounding_client_rect();
            let share = (f64::from(event.client_x()) - area.left()) / area.width().max(1.0);
            let step = (share.clamp(0.0, 1.0) * length as f64).round() as usize;
            dispatcher.dispatch(Action::GoTo(step));
        })
    };
    html! {
        <div class="charts">
            { for charts.iter().map(|chart| spark(chart, share, &store.moment, &onclick)) }
        </div>
    }
}

/// What a chart shows of the totals.
type Measure = fn(&Totals) -> u64;

struct Chart {
    name: &'static str,
    about: &'static str,
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
        .filter_map(|index| session.totals_after(index))
        .collect();
    let series: [(&'static str, &'static str, Measure, bool); 5] = [
        ("mapped", "bytes of addresses in use", |totals| totals.mapped_bytes, true),
        ("resident", "bytes of pages that translate to a frame", resident, true),
        ("in blocks", "bytes in the blocks of malloc", |totals| totals.heap_in_use, true),
        ("VMAs", "mappings, as the kernel counts them", |totals| totals.vma_count, false),
        ("page faults", "page faults that the kernel resolved", |totals| totals.page_faults, false),
    ];
    series
        .into_iter()
        .map(|(name, about, value, size)| Chart {
            name,
            about,
            value,
            size,
            points: samples.iter().map(value).collect(),
        })
        .collect()
}

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 22.0;

fn spark(chart: &Chart, share: f64, now: &Moment, onclick: &Callback<MouseEvent>) -> Html {
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
    let value = (chart.value)(&now.totals);
    let value = match (chart.size, value) {
        // Nothing says how much it was.
        (_, 0) if now.unrecorded && matches!(chart.name, "resident" | "page faults") => {
            "?".to_owned()
        }
        (true, _) => text::short_size(value),
        (false, _) => text::grouped(value),
    };
    let x = (share * WIDTH).clamp(0.5, WIDTH - 0.5);
    let id = format!("chart-{}", chart.name.replace(' ', "-"));
    html! {
        <figure class="chart" title={format!("{}, over time: click to go there", chart.about)}>
            <figcaption><span>{ chart.name }</span><b>{ value }</b></figcaption>
            <svg viewBox={format!("0 0 {WIDTH} {HEIGHT}")} preserveAspectRatio="none" aria-hidden="true" {onclick} data-testid={id}>
                <path class="area" d={path} />
                <path class="now" d={format!("M{x:.1} 0V{HEIGHT}")} />
            </svg>
        </figure>
    }
}
