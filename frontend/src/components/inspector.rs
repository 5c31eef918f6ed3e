//! The inspector: the last call and why it ended as it did; the address chosen, its facts, its page
//! walk and its bytes.

use crate::components::hex_view::HexView;
use crate::components::legend::Legend;
use crate::components::page_walk::PageWalk;
use crate::grid::scene::Marks;
use crate::store::{Action, use_store};
use crate::text;
use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange, page_floor};
use mmap_playground_core::event::Event;
use mmap_playground_core::session::{Session, Step};
use mmap_playground_core::state::{self, Forecast, PageView, VmaView};
use mmap_playground_core::trace::print_line;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// How many events of a call are listed.
const EVENTS: usize = 40;

/// The inspector panel.
#[component]
pub fn Inspector() -> Html {
    let store = use_store();
    html! {
        <section class="panel inspector" data-panel="inspector" role={store.place.panel_role()} aria-label="Inspector" data-testid="inspector">
            <h2 class="panel-title">{ "Inspector" }</h2>
            <div class="inspector-body" tabindex="0" role="group" aria-label="Facts">
                if let Some(step) = store.last_step() {
                    { last_call(step, store.last_remark()) }
                }
                if let Some(cursor) = store.cursor {
                    <Place {cursor} revision={store.revision} />
                } else {
                    <p class="hint">{ "Click a page, a VMA, a block or a frame: its facts, its page walk and its bytes show here, \
                        and what a load, a store and a fetch would do." }</p>
                    <section class="primer">
                        <h3>{ "How to read the map" }</h3>
                        <Legend marks={primer()} prots={PRIMER_PROTS.to_vec()} />
                    </section>
                }
            </div>
        </section>
    }
}

/// The protections and marks that the first look explains.
const PRIMER_PROTS: [Prot; 5] =
    [Prot::empty(), Prot::READ, Prot::RW, Prot::READ.union(Prot::EXEC), Prot::RWX];

fn primer() -> Marks {
    Marks::all() - (Marks::GONE | Marks::INFERRED)
}

fn last_call(step: &Step, remark: Option<String>) -> Html {
    let failed = step.failed;
    let events = step.events.iter().take(EVENTS).map(|event| match event {
        Event::SystemCall { call, returned } => {
            html! { <li><code>{ print_line(call, returned) }</code></li> }
        }
        _ => html! { <li>{ event.sentence() }</li> },
    });
    let more = step.events.len().saturating_sub(EVENTS);
    html! {
        <section class={classes!("last-call", failed.then_some("failed"))} data-testid="last-call">
            if let Some(remark) = remark {
                <p class="remark">{ remark }</p>
            }
            <p class="mono last-text">{ step.name().map(|name| format!("{name} = ")) }{ step.text.clone() }</p>
            if !step.result.is_empty() {
                <p class="mono last-result" title={unknown_result(&step.result)}>{ format!("= {}", step.result) }</p>
            }
            if let Some(signal) = &step.signal {
                <p class="mono signal">{ signal }</p>
                <p class="hint">{ "By default this signal ends the process. Here it goes on, so that you can look around." }</p>
            }
            if let Some(why) = &step.why {
                <p class={if failed { "why" } else { "why noted" }} data-testid="why"><b>{ if failed { "WHY" } else { "NOTE" } }</b>{ " " }{ why }</p>
            }
            { for step.surprises().into_iter().map(|surprise| html! {
                <p class="why noted" data-testid="surprise"><b>{ "NOTE" }</b>{ " " }{ surprise }</p>
            }) }
            if !step.events.is_empty() {
                <ol class="events" tabindex="0" aria-label="What happened">
                    { for events }
                    if more > 0 { <li>{ format!("and {more} more") }</li> }
                </ol>
            }
        </section>
    }
}

/// What strace's question mark says.
fn unknown_result(result: &str) -> Option<&'static str> {
    (result == "?").then_some("nothing came back: the access ended in a signal")
}

#[derive(PartialEq, Properties)]
struct PlaceProps {
    cursor: Address,
    revision: u32,
}

/// One address.
#[component]
fn Place(props: &PlaceProps) -> Html {
    let store = use_store();
    let cursor = props.cursor;
    let process = store.session.process();
    let vma = store.moment.vma_at(cursor);
    let page = PageRange::spanning(page_floor(cursor), PAGE_SIZE)
        .and_then(|range| state::pages(process, range).first().copied());
    let walk = state::walk(process, cursor);
    let jump = {
        let dispatcher = store.dispatcher();
        move |event: KeyboardEvent| {
            if event.key() != "Enter" {
                return;
            }
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            let value = input.as_ref().map(|input| input.value()).unwrap_or_default();
            let hex =
                text::parse_number(&value).or_else(|| u64::from_str_radix(value.trim(), 16).ok());
            match (hex, input) {
                (Some(address), _) => dispatcher.dispatch(Action::Show(address)),
                (None, Some(input)) => {
                    input.set_custom_validity("An address is a number such as 0x7ffff7ffd000.");
                    input.report_validity();
                }
                (None, None) => {}
            }
        }
    };
    let mend = |event: InputEvent| {
        let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
        if let Some(input) = input {
            input.set_custom_validity("");
        }
    };
    html! {
        <>
            <div class="place">
                <label for="go-to">{ "address" }</label>
                <input id="go-to" class="mono" type="text" value={text::hex(cursor)} onkeydown={jump} oninput={mend} spellcheck="false"
                    autocapitalize="off" title="Type an address and press Enter" data-testid="inspect-address" />
            </div>
            { facts(&store.session, vma, page) }
            <ul class="forecast" aria-label="What an access would do">
                { would("load", &walk.would.load) }
                { would("store", &walk.would.store) }
                { would("fetch", &walk.would.fetch) }
            </ul>
            <PageWalk walk={walk.clone()} />
            <HexView {cursor} revision={props.revision} />
        </>
    }
}

fn would(name: &'static str, forecast: &Forecast) -> Html {
    html! {
        <li class={if forecast.succeeds { "yes" } else { "no" }}>
            <b class="mono">{ name }</b><span>{ &forecast.text }</span>
        </li>
    }
}

fn facts(session: &Session, vma: Option<&VmaView>, page: Option<PageView>) -> Html {
    let Some(vma) = vma else {
        return html! { <p class="fact-line" data-testid="facts">{ "Nothing is mapped here." }</p> };
    };
    let mut facts: Vec<(&str, String)> = vec![
        ("VMA", format!("{} ({})", vma.range, text::short_size(vma.range.size_bytes()))),
        ("sharing", if vma.shared { "shared" } else { "private" }.to_owned()),
    ];
    if !vma.name.is_empty() {
        facts.push(("name", vma.name.clone()));
        facts.push(("offset", text::hex(vma.offset)));
    }
    facts.push(("resident", text::resident(session, vma)));
    let words = [
        (vma.writable_and_executable, "writable and executable"),
        (vma.grows_down, "grows down"),
        (vma.written, "has pages of its own"),
        (vma.locked, "locked"),
        (vma.inferred, "inferred from the log"),
    ];
    let words: Vec<&str> =
        words.iter().filter(|(there, _)| *there).map(|(_, word)| *word).collect();
    if !words.is_empty() {
        facts.push(("also", words.join(", ")));
    }
    if let Some(page) = page {
        facts.push(("page", session.page_words(&page).join(", ")));
    }
    if vma.accounted {
        facts.push((
            "limit",
            "all of it counts against the overcommit limit (VM_ACCOUNT)".to_owned(),
        ));
    }
    html! {
        <>
            <p class="fact-title">
                <span class={classes!("chip", "mono", vma.writable_and_executable.then_some("hazard"))} data-prot={vma.prot.letters()}>{ vma.prot.letters() }</span>
                <strong>{ vma.label.to_string() }</strong>
            </p>
            <dl class="facts" data-testid="facts">
                { for facts.into_iter().map(|(name, value)| html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> }) }
            </dl>
        </>
    }
}
