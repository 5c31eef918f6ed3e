//! The console: every line that ran with its result, WHY under failures, what could not be read.
//!
//! Only a window of lines is in the document, so that a log of a million lines costs as much as
//! one of a hundred.

use crate::components::console_input::ConsoleInput;
use crate::lit::{self, Lit, Pointed, use_lit};
use crate::store::{Action, Store, Trouble, use_pointed, use_store};
use mmap_playground_core::address::Address;
use mmap_playground_core::event::Event;
use mmap_playground_core::session::{Session, Step};
use mmap_playground_core::trace::print_line;
use std::rc::Rc;
use std::sync::Arc;
use yew::prelude::*;

/// How many lines are in the document at once.
const WINDOW: usize = 80;
/// How many lines a step through the log moves the window.
const STRIDE: usize = 40;

/// The console panel.
#[component]
pub fn Console() -> Html {
    let store = use_store();
    let lit = use_lit();
    let pointing = use_pointed().setter();
    let scroller = use_node_ref();
    let moved = use_state_eq(|| 0_isize);

    let length = store.session.len();
    let position = store.session.position();
    let start = window_start(length, position, *moved);
    let end = (start + WINDOW).min(length);
    let rows = use_memo((store.revision, start), |_| rows(&store.session, start, end));

    {
        let moved = moved.clone();
        use_effect_with(store.revision, move |_| moved.set(0));
    }
    {
        let scroller = scroller.clone();
        use_effect_with((store.revision, store.trouble.len()), move |_| {
            follow(&scroller);
        });
    }

    let shift = |by: isize| {
        let moved = moved.clone();
        Callback::from(move |_: MouseEvent| moved.set(*moved + by))
    };
    let lines = rows.iter().map(|row| {
        let lights = row.lights(&lit);
        html! {
            // A line that is far from all that were here takes the elements of one of them.
            <Line key={row.index % WINDOW} row={row.clone()} current={row.index + 1 == position}
                ahead={row.index >= position} lit={lights}
                dispatcher={store.dispatcher()} pointing={pointing.clone()} />
        }
    });
    html! {
        <section class="panel console" data-panel="console" role={store.place.panel_role()} aria-label="Console">
            <h2 class="panel-title">{ "Console" }</h2>
            <div class="console-lines" ref={scroller} data-testid="console-lines" tabindex="0" role="log" aria-live="off" aria-label="Lines that ran">
                if length == 0 && store.trouble.is_empty() {
                    <p class="hint">{ "Lines appear here as they run, printed as strace prints them. Type one below, or click." }</p>
                }
                if start > 0 {
                    <button type="button" class="button quiet" onclick={shift(-(STRIDE as isize))}>{ format!("{start} earlier lines") }</button>
                }
                // A list of its own: among siblings without a key no line would be known again.
                <>{ for lines }</>
                if end < length {
                    <button type="button" class="button quiet" onclick={shift(STRIDE as isize)}>{ format!("{} later lines", length - end) }</button>
                }
                { for store.trouble.iter().map(trouble) }
            </div>
            if !store.place.is_read_only() {
                <ConsoleInput />
            }
        </section>
    }
}

fn window_start(length: usize, position: usize, moved: isize) -> usize {
    let last = length.saturating_sub(WINDOW);
    let centred = position.saturating_sub(WINDOW / 2).min(last);
    centred.saturating_add_signed(moved).min(last)
}

/// Scrolls so that the line at the position, or the last trouble, is in view.
fn follow(scroller: &NodeRef) {
    let Some(list) = scroller.cast::<web_sys::HtmlElement>() else { return };
    let trouble = list.query_selector(".trouble:last-child").ok().flatten();
    let current = list.query_selector(".line.current").ok().flatten();
    let Some(line) = trouble.or(current) else { return };
    let (outer, inner) = (list.get_bounding_client_rect(), line.get_bounding_client_rect());
    if inner.bottom() > outer.bottom() {
        // Where it is taller than the list, its start matters: the call and its result.
        let by = (inner.bottom() - outer.bottom() + 8.0).min(inner.top() - outer.top() - 8.0);
        list.set_scroll_top(list.scroll_top() + by.ceil() as i32);
    } else if inner.top() < outer.top() {
        let by = outer.top() - inner.top() + 8.0;
        list.set_scroll_top(list.scroll_top() - by.ceil() as i32);
    }
}

/// A line with what it touched.
#[derive(Clone)]
struct Row {
    index: usize,
    step: Arc<Step>,
    remark: Option<String>,
    inner: Vec<String>,
    /// The heap blocks that it is about, or else the pages.
    places: Rc<Vec<(Address, u64)>>,
}

impl PartialEq for Row {
    fn eq(&self, other: &Row) -> bool {
        let same = Arc::ptr_eq(&self.step, &other.step) || self.step == other.step;
        same && self.index == other.index
    }
}

impl Row {
    fn lights(&self, lit: &Lit) -> bool {
        self.places.iter().any(|(start, length)| lit.overlaps(*start, *length))
    }
}

fn rows(session: &Session, start: usize, end: usize) -> Vec<Row> {
    session
        .steps(start..end)
        .map(|(index, step)| {
            let places = lit::places(&step);
            let inner = step.events.iter().filter_map(inner_call).collect();
            let remark = step.remark();
            Row { index, step, remark, inner, places: Rc::new(places) }
        })
        .collect()
}

/// A system call that liballoc made, as the console prints it.
fn inner_call(event: &Event) -> Option<String> {
    match event {
        Event::SystemCall { call, returned } => Some(print_line(call, returned)),
        _ => None,
    }
}

#[derive(PartialEq, Properties)]
struct LineProps {
    row: Row,
    current: bool,
    ahead: bool,
    lit: bool,
    /// With what it points by, it comes from the panel, so that a call draws anew no other line.
    dispatcher: UseReducerDispatcher<Store>,
    pointing: UseStateSetter<Option<Pointed>>,
}

/// One line that ran.
#[component]
fn Line(props: &LineProps) -> Html {
    let LineProps { row, dispatcher, pointing, .. } = props;
    let step = &row.step;
    let onclick = {
        let (dispatcher, position) = (dispatcher.clone(), row.index + 1);
        move |_| dispatcher.dispatch(Action::GoTo(position))
    };
    let point_at = |what: Option<Pointed>| {
        let pointing = pointing.clone();
        move || pointing.set(what)
    };
    let (point, leave) = (point_at(Some(Pointed::step(row.index))), point_at(None));
    let (onmouseenter, onmouseleave) = {
        let (point, leave) = (point.clone(), leave.clone());
        (move |_: MouseEvent| point(), move |_: MouseEvent| leave())
    };
    let (onfocus, onblur) = (move |_: FocusEvent| point(), move |_: FocusEvent| leave());
    let class = classes!(
        "line",
        props.current.then_some("current"),
        props.ahead.then_some("ahead"),
        props.lit.then_some("lit"),
        step.failed.then_some("failed"),
        step.skipped.then_some("skipped"),
    );
    let surprises = if props.current { step.surprises() } else { Vec::new() };
    html! {
        <div {class} {onmouseenter} {onmouseleave} data-testid="console-line" data-step={(row.index + 1).to_string()}>
            if let Some(remark) = &row.remark {
                <p class="remark">{ remark }</p>
            }
            <button type="button" class="line-call mono" title={step.source().to_owned()} {onclick} {onfocus} {onblur} aria-current={props.current.then_some("step")}>
                if let Some(name) = step.name() {
                    <span class="line-name">{ name.to_owned() }{ " = " }</span>
                }
                <span class={if step.call.is_none() && step.failed { "line-text signal" } else { "line-text" }}>{ step.text.clone() }</span>
                if !step.result.is_empty() {
                    <span class="line-result">{ " = " }{ step.result.clone() }</span>
                }
                if step.skipped {
                    <small>{ " skipped" }</small>
                }
            </button>
            { for row.inner.iter().map(|call| html! { <p class="inner mono">{ call }</p> }) }
            if let Some(signal) = &step.signal {
                <p class="signal mono" data-testid="console-signal">{ signal }</p>
            }
            if let Some(why) = &step.why {
                <p class={if step.failed { "why" } else { "why noted" }} data-testid="console-why"><b>{ if step.failed { "WHY" } else { "NOTE" } }</b>{ " " }{ why }</p>
            }
            // Beside the line that one stands on, a few rows each: the inspector has room for all.
            { for surprises.into_iter().map(|surprise| html! {
                <p class="why noted brief" data-testid="console-surprise" title={surprise.clone()}><b>{ "NOTE" }</b>{ " " }{ without_citation(&surprise) }</p>
            }) }
            if let Some(divergence) = &step.divergence {
                <p class="divergence"><b>{ "DIFFERS" }</b>{ " " }{ divergence }</p>
            }
            { for step.notes.iter().map(|note| html! { <p class="note">{ note }</p> }) }
        </div>
    }
}

/// A remark without where it is documented, which the inspector has room for.
fn without_citation(surprise: &str) -> String {
    surprise.split(" [").next().unwrap_or_default().to_owned()
}

fn trouble(trouble: &Trouble) -> Html {
    let indent = " ".repeat(trouble.column.saturating_sub(1).min(400));
    html! {
        <div class="trouble" data-testid="console-trouble">
            <pre class="mono">{ &trouble.source }{ "\n" }{ indent }<b>{ "^" }</b></pre>
            <p>{ format!("line {}, column {}: {}", trouble.line, trouble.column, trouble.message) }</p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_follows_the_position() {
        assert_eq!(window_start(10, 10, 0), 0);
        assert_eq!(window_start(1_000_000, 500_000, 0), 500_000 - WINDOW / 2);
        assert_eq!(window_start(1_000_000, 1_000_000, 0), 1_000_000 - WINDOW);
        assert_eq!(window_start(1000, 0, -50), 0);
        assert_eq!(window_start(1000, 0, 5000), 1000 - WINDOW);
    }
}
