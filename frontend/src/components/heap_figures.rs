//! The heap in numbers, now and over time.

use crate::browser;
use crate::store::{StoreContext, use_store};
use crate::text;
use mmap_playground_core::session::{FiguresAt, Session};
use mmap_playground_core::state::{Figures, HeapReader, HeapState, percent};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use yew::prelude::*;

/// Points of the chart at most.
const POINTS: usize = 120;
/// Steps of a session whose figures over time are there at once.
const SHORT: usize = 500;
/// How long nothing may have happened before those of a longer one are looked for.
const REST: Duration = Duration::from_millis(800);
/// Time at work between two frames of the screen, in milliseconds.
const SLICE: f64 = 6.0;
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 36.0;

/// What the figures are of.
#[derive(PartialEq, Properties)]
pub struct HeapFiguresProps {
    /// The heap.
    pub state: Rc<HeapState>,
}

/// The figures of a heap, and a chart of two of them.
#[component]
pub fn HeapFigures(props: &HeapFiguresProps) -> Html {
    let store = use_store();
    let figures = use_memo(props.state.clone(), |state| Figures::of(state));
    let over_time = use_figures_over_time(&store);
    let rows = [
        (
            "held",
            text::short_size(figures.held),
            "bytes of pages that the allocator got from the kernel and has not given back",
        ),
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

/// The figures over time: of a short session at once, of a long one a few at a time, once nothing
/// has happened for a while; until then what was known before.
#[hook]
fn use_figures_over_time(store: &StoreContext) -> Rc<Vec<FiguresAt>> {
    let known = use_state_eq(Rc::<Vec<FiguresAt>>::default);
    let short = store.session.len() <= SHORT;
    let now = use_memo((store.history, short), |(_, short)| {
        if *short { store.session.figures_over_time(POINTS) } else { Vec::new() }
    });
    let (set, session) = (known.setter(), store.session.clone());
    use_effect_with((store.history, short), move |(_, short)| {
        let short = *short;
        let newest = Rc::new(Cell::new(true));
        let goes_on = newest.clone();
        if !short {
            yew::platform::spawn_local(async move {
                yew::platform::time::sleep(REST).await;
                if let Some(figures) = in_slices(session, || goes_on.get()).await {
                    set.set(Rc::new(figures));
                }
            });
        }
        move || newest.set(false)
    });
    if short { now } else { (*known).clone() }
}

/// Looks at one position after the other, and between them lets the page do what else there is.
async fn in_slices(mut session: Session, goes_on: impl Fn() -> bool) -> Option<Vec<FiguresAt>> {
    let (mut figures, mut heap) = (Vec::new(), HeapReader::default());
    let mut until = browser::now() + SLICE;
    for position in session.positions_of_figures(POINTS) {
        if !goes_on() {
            return None;
        }
        figures.push(session.figures_at(position, &mut heap));
        if browser::now() >= until {
            browser::next_frame().await;
            until = browser::now() + SLICE;
        }
    }
    Some(figures)
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
