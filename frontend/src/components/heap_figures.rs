//! The heap in numbers, now and over time.

use crate::store::use_store;
use crate::text;
use mmap_playground_core::session::FiguresAt;
use mmap_playground_core::state::{Figures, HeapState, percent};
use yew::prelude::*;

/// Points of the chart at most.
const POINTS: usize = 120;
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 36.0;

/// What the figures are of.
#[derive(PartialEq, Properties)]
pub struct HeapFiguresProps {
    /// The heap.
    pub state: HeapState,
}

/// The figures of a heap, and a chart of two of them.
#[component]
pub fn HeapFigures(props: &HeapFiguresProps) -> Html {
    let store = use_store();
    let figures = use_memo(props.state.clone(), Figures::of);
    let over_time = use_memo(store.history, |_| store.session.figures_over_time(POINTS));
    let rows = [
        ("held", text::short_size(figures.held), "bytes got from the system"),
        ("asked for", text::short_size(figures.asked), "bytes that the program asked for"),
        ("overhead", percent(figures.overhead()), "of what is held was not asked for"),
        (
            "internal fragmentation",
            percent(figures.internal_fragmentation()),
            "of what blocks take is header and padding",
        ),
        (
            "external fragmentation",
            percent(figures.external_fragmentation()),
            "of the free bytes lie outside the largest hole",
        ),
        ("largest hole", text::short_size(figures.largest_hole), "the most that fits in"),
    ];
    let position = store.session.position();
    html! {
        <details class="heap-figures" open=true data-testid="heap-figures">
            <summary>{ "Figures" }</summary>
            <dl class="stats">
                { for rows.into_iter().map(|(name, value, about)| html! {
                    <div title={about}><dt>{ name }</dt><dd data-testid={format!("figure-{}", name.replace(' ', "-"))}>{ value }</dd></div>
                }) }
            </dl>
            { chart(&over_time, position) }
        </details>
    }
}

/// What is held as an area, and of it what was asked for.
fn chart(over_time: &[FiguresAt], position: usize) -> Html {
    let last = over_time.last().map_or(0, |it| it.position).max(1) as f64;
    let most = over_time.iter().map(|it| it.figures.held).max().unwrap_or(0).max(1) as f64;
    let area = |value: fn(&Figures) -> u64| {
        let mut path = format!("M0 {HEIGHT}");
        for it in over_time {
            let x = it.position as f64 / last * WIDTH;
            let y = HEIGHT - value(&it.figures) as f64 / most * (HEIGHT - 3.0);
            path.push_str(&format!("H{x:.1}V{y:.1}"));
        }
        path + &format!("L{WIDTH} {HEIGHT}Z")
    };
    let x = (position as f64 / last * WIDTH).clamp(0.5, WIDTH - 0.5);
    let label = format!(
        "Bytes held and bytes asked for over {}",
        text::count(over_time.last().map_or(0, |it| it.position) as u64, "step")
    );
    html! {
        <figure class="chart heap-chart" data-testid="heap-chart">
            <figcaption><span><i class="key held"></i>{ "held" }<i class="key asked"></i>{ "asked for" }</span></figcaption>
            <svg viewBox={format!("0 0 {WIDTH} {HEIGHT}")} preserveAspectRatio="none" role="img" aria-label={label}>
                <path class="area held" d={area(|figures| figures.held)} />
                <path class="area asked" d={area(|figures| figures.asked)} />
                <path class="now" d={format!("M{x:.1} 0V{HEIGHT}")} />
            </svg>
        </figure>
    }
}
