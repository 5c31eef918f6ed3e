//! The heap: liballoc's counters, its list of major blocks, and each of them as a strip to scale.

use crate::components::heap_figures::HeapFigures;
use crate::components::heap_links::{HeapOrder, arrows};
use crate::components::heap_search::HeapSearch;
use crate::components::heap_setting::{HeapAbout, HeapChoice};
use crate::components::icons;
use crate::grid::heap::{self, Part, Piece};
use crate::grid::links::{self, Pointer};
use crate::lit::{Lit, Pointed, use_lit};
use crate::store::{Action, Store, use_pointed, use_store};
use crate::text;
use mmap_playground_core::address::Address;
use mmap_playground_core::heap::HeapShape;
use mmap_playground_core::state::{HeapState, Life, MajorState, MinorState};
use std::rc::Rc;
use std::sync::Arc;
use web_sys::HtmlElement;
use yew::prelude::*;

/// Scales to choose from, in CSS pixels a byte.
const SCALES: [f64; 6] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0];
/// How many major blocks are drawn; the rest is counted.
const MAJORS: usize = 40;
/// Room for the links above a strip, and below, in CSS pixels.
const LINKS: f64 = 16.0;

/// What liballoc means by its words.
pub const ROOT: &str = "the first major block of the list (liballoc's l_memRoot)";
/// What liballoc means by its words.
pub const BEST_BET: &str =
    "where the next malloc looks first (l_bestBet): it had the most room when liballoc last looked";

/// The heap panel.
#[component]
pub fn Heap() -> Html {
    let store = use_store();
    let (lit, pointing) = (use_lit(), use_pointed().setter());
    let unlit = use_memo((), |()| Lit::default());
    let scale = use_state_eq(|| 3_usize);
    let (smaller, larger) = {
        let (down, up) = (scale.clone(), scale.clone());
        (
            move |_| down.set(down.saturating_sub(1)),
            move |_| up.set((*up + 1).min(SCALES.len() - 1)),
        )
    };
    let body = match &store.moment.heap {
        None if store.place.is_read_only() => html! { <p class="hint">{ "No malloc yet." }</p> },
        None => {
            let dispatcher = store.dispatcher();
            let onclick = move |_| dispatcher.dispatch(Action::Run("a = malloc(100)".into()));
            html! {
                <p class="hint">
                    { "This shows what malloc and free do, and none has run. The first " }<code>{ "malloc" }</code>{ " makes a heap: " }
                    <button type="button" class="button" {onclick} data-testid="heap-malloc"><code>{ "a = malloc(100)" }</code></button>
                </p>
            }
        }
        Some(state) => html! { <>
            <Counters state={state.clone()} />
            if !few(state) {
                <HeapSearch />
            }
            <HeapOrder state={state.clone()} />
            <>{ for state.majors.iter().take(MAJORS).enumerate().map(|(index, major)| html! {
                <Major key={index} {index} major={major.clone()} shape={state.shape.clone()} scale={SCALES[*scale]} best_bet={state.best_bet == Some(major.address)} last={index + 1 == state.majors.len()}
                    cursor={store.cursor.filter(|cursor| major.holds(*cursor))} dispatcher={store.dispatcher()}
                    lit={if lit.overlaps(major.address, u64::from(major.size)) { lit.clone() } else { unlit.clone() }} pointing={pointing.clone()} />
            }) }</>
            if state.majors.len() > MAJORS {
                <p class="hint">{ format!("and {} more", text::count((state.majors.len() - MAJORS) as u64, "major block")) }</p>
            }
            if let Some(broken) = &state.broken {
                <p class="why"><b>{ "BROKEN" }</b>{ format!(" The list of major blocks ends here: {broken}") }</p>
            }
            if few(state) {
                <HeapSearch />
            }
            <HeapFigures state={state.clone()} />
            <HeapAbout />
        </> },
    };
    html! {
        <section class="panel heap" data-panel="heap" role={store.place.panel_role()} aria-label="Heap" data-testid="heap">
            <div class="panel-head">
                <h2 class="panel-title">{ "Heap" }</h2>
                if !store.place.is_read_only() {
                    <HeapChoice />
                }
                <span class="spring"></span>
                if store.moment.heap.is_some() {
                    <span class="heap-scale">
                        <span class="row-size">{ format!("{} px a byte", SCALES[*scale]) }</span>
                        <button type="button" class="button quiet" onclick={smaller} disabled={*scale == 0} aria-label="Smaller scale">{ icons::minus() }</button>
                        <button type="button" class="button quiet" onclick={larger} disabled={*scale + 1 == SCALES.len()} aria-label="Larger scale">{ icons::plus() }</button>
                    </span>
                }
            </div>
            <div class="heap-body">{ body }</div>
        </section>
    }
}

/// Few enough to be seen with what stands below them: the picture comes first.
fn few(state: &HeapState) -> bool {
    state.majors.len() <= 2
}

#[derive(PartialEq, Properties)]
struct CountersProps {
    state: Rc<HeapState>,
}

#[component]
fn Counters(props: &CountersProps) -> Html {
    let state = &props.state;
    let numbers = [
        (
            "held",
            text::short_size(state.allocated),
            false,
            "the pages that the allocator got from the kernel and has not given back",
        ),
        (
            "in blocks",
            format!("{} B", text::grouped(state.in_use)),
            false,
            "what the live blocks take of that: what the program asked for, with the bytes for alignment",
        ),
        (
            "warnings",
            text::grouped(state.warnings),
            state.warnings > 0,
            "the allocator's own count: calls that it thought odd, such as malloc(0) and free(NULL)",
        ),
        (
            "errors",
            text::grouped(state.errors),
            state.errors > 0,
            "the allocator's own count: blocks and headers that it found damaged, or freed twice",
        ),
        (
            "possible overruns",
            text::grouped(state.possible_overruns),
            state.possible_overruns > 0,
            "the allocator's own count: headers whose magic number is overwritten in part",
        ),
    ];
    html! {
        <dl class="stats counters">
            { for numbers.into_iter().map(|(name, value, bad, about)| html! {
                <div class={bad.then_some("bad")} title={about}><dt>{ name }</dt><dd>{ value }</dd></div>
            }) }
        </dl>
    }
}

#[derive(PartialEq, Properties)]
struct MajorProps {
    index: usize,
    major: Arc<MajorState>,
    shape: HeapShape,
    scale: f64,
    best_bet: bool,
    last: bool,
    /// The byte that the inspector is about, if it lies inside. With all below it comes from the
    /// panel, so that a call draws anew only the major blocks that it touches.
    cursor: Option<Address>,
    dispatcher: UseReducerDispatcher<Store>,
    /// What lights up inside.
    lit: Rc<Lit>,
    pointing: UseStateSetter<Option<Pointed>>,
}

/// One major block.
#[component]
fn Major(props: &MajorProps) -> Html {
    let (cursor, dispatcher) = (props.cursor, &props.dispatcher);
    let (lit, pointing) = (&props.lit, &props.pointing);
    let major = &props.major;
    let scroller = use_node_ref();
    let window = use_state_eq(|| (0.0_f64, 1600.0_f64));
    let drawn =
        use_memo((major.clone(), props.shape.clone(), props.scale), |(major, shape, scale)| {
            let pieces = Rc::new(heap::pieces(major, shape, *scale));
            let links =
                if shape.links_blocks() { links::of_blocks(major, &pieces) } else { Vec::new() };
            (pieces, links)
        });
    let pieces = &drawn.0;
    let width = pieces.last().map_or(0.0, |piece| piece.x + piece.width);
    let onscroll = {
        let (scroller, window) = (scroller.clone(), window.clone());
        move |_: Event| {
            if let Some(element) = scroller.cast::<HtmlElement>() {
                let left = f64::from(element.scroll_left());
                // in steps, so that not every pixel draws anew
                window.set(((left / 200.0).floor() * 200.0, 1600.0));
            }
        }
    };
    let (left, right) = (window.0 - 400.0, window.0 + window.1 + 400.0);
    let seen = heap::visible(pieces, left, right);
    let parts = seen.iter().map(|piece| {
        let minor = piece.block.and_then(|block| major.minors.get(block)).copied();
        let lights = lit.overlaps(piece.address, piece.length);
        let here = cursor.is_some_and(|cursor| piece.holds(cursor));
        let onclick = {
            let (dispatcher, address) = (dispatcher.clone(), piece.address);
            move |_| dispatcher.dispatch(Action::Show(address))
        };
        let onmouseenter = {
            let (pointing, address, length) = (pointing.clone(), piece.address, piece.length);
            move |_| pointing.set(Some(Pointed::bytes(address, length)))
        };
        let magic = (piece.part == Part::MinorHeader).then_some(minor).flatten().map(|minor| minor.life.word());
        let class = classes!(piece.part.class(), piece.folded.then_some("folded"), lights.then_some("lit"), here.then_some("here"), magic);
        html! {
            <div role="option" aria-selected={here.to_string()} id={format!("part-{:x}", piece.address)} {class} style={format!("left:{:.1}px;width:{:.1}px", piece.x, piece.width)} {onclick} {onmouseenter}
                title={title(piece, minor)} aria-label={label(piece, minor)} data-testid="heap-part" data-part={piece.part.name()}>
                <span>{ caption(piece, minor) }</span>
            </div>
        }
    });
    let current = cursor.and_then(|cursor| pieces.iter().position(|it| it.holds(cursor)));
    {
        let (scroller, pieces) = (scroller.clone(), pieces.clone());
        use_effect_with((cursor, props.scale), move |_| {
            let piece = current.and_then(|index| pieces.get(index));
            if let (Some(piece), Some(element)) = (piece, scroller.cast::<HtmlElement>()) {
                bring_into_view(&element, piece);
            }
        });
    }
    {
        // A search that is stepped through leads to what it looks at.
        let (scroller, pieces) = (scroller.clone(), pieces.clone());
        use_effect_with(lit.lead, move |lead| {
            let piece = lead.and_then(|lead| pieces.iter().find(|piece| piece.holds(lead)));
            if let (Some(piece), Some(element)) = (piece, scroller.cast::<HtmlElement>()) {
                bring_into_view(&element, piece);
            }
        });
    }
    let onkeydown = {
        let (dispatcher, pieces) = (dispatcher.clone(), pieces.clone());
        move |event: KeyboardEvent| {
            let target = match (event.key().as_str(), current) {
                ("ArrowRight", Some(index)) => index + 1,
                ("ArrowLeft", Some(index)) => index.saturating_sub(1),
                ("ArrowRight" | "ArrowLeft", None) | ("Home", _) => 0,
                ("End", _) => pieces.len().saturating_sub(1),
                _ => return,
            };
            event.prevent_default();
            if let Some(piece) = pieces.get(target) {
                dispatcher.dispatch(Action::Show(piece.address));
            }
        }
    };
    let active = current
        .and_then(|index| pieces.get(index))
        .filter(|piece| seen.contains(piece))
        .map(|piece| format!("part-{:x}", piece.address));
    let svg = |above: bool, class: &'static str, near: f64| {
        html! {
            <svg {class} width={format!("{width:.0}")} height={format!("{LINKS}")} aria-hidden="true">{ arrows(&drawn.1, above, near, LINKS - 2.0, (left, right)) }</svg>
        }
    };
    let onmouseleave = {
        let pointing = pointing.clone();
        move |_: MouseEvent| pointing.set(None)
    };
    let linked_below = drawn.1.iter().any(|link| link.pointer == Pointer::Prev);
    let room = major.size.saturating_sub(major.usage);
    html! {
        <div class="major-block" {onmouseleave} data-testid="heap-major">
            <p class="major-title">
                <abbr title="a stretch of pages that the allocator got from the kernel at once: a header, then blocks and holes">{ "major block" }</abbr>
                <span class="mono">{ text::hex(major.address) }</span>
                <span>{ format!("{} of {} bytes used, {} free", text::grouped(u64::from(major.usage)), text::grouped(u64::from(major.size)), text::grouped(u64::from(room))) }</span>
                if props.index == 0 { <span class="tag" title={ROOT}>{ "root" }</span> }
                if props.best_bet { <span class="tag" title={BEST_BET}>{ "best bet" }</span> }
                if !props.last { <span class="tag plain" title="the list of major blocks goes on with the one below">{ "next ↓" }</span> }
            </p>
            <div class="major-scroll" ref={scroller} {onscroll} {onkeydown} tabindex="0" role="listbox" aria-orientation="horizontal"
                aria-label={format!("Blocks of the major block {}", text::hex(major.address))} aria-activedescendant={active}>
                <div class={classes!("major-strip", linked_below.then_some("linked-below"))} role="presentation" style={format!("width:{:.0}px", width.max(1.0))}>
                    { svg(true, "links", LINKS) }
                    { for parts }
                    if linked_below {
                        { svg(false, "links below", 0.0) }
                    }
                </div>
            </div>
            if let Some(broken) = &major.broken {
                <p class="why"><b>{ "BROKEN" }</b>{ format!(" The list of its blocks ends here: {broken}") }</p>
            }
        </div>
    }
}

fn bring_into_view(scroller: &HtmlElement, piece: &Piece) {
    let (left, width) = (f64::from(scroller.scroll_left()), f64::from(scroller.client_width()));
    if piece.x < left || piece.x + piece.width.min(width) > left + width {
        scroller.set_scroll_left((piece.x - width / 3.0).max(0.0) as i32);
    }
}

fn caption(piece: &Piece, minor: Option<MinorState>) -> String {
    if piece.folded {
        return format!("{}\n{}", piece.part.name(), text::short_size(piece.length));
    }
    let caption = match (piece.part, minor) {
        (Part::MajorHeader, _) => "major".to_owned(),
        (Part::MinorHeader, Some(minor)) => match minor.life {
            Life::Damaged if !fits("damaged", piece) => "bad".to_owned(),
            life => life.word().to_owned(),
        },
        (Part::Payload, _) => format!("{}", piece.length),
        (Part::Hole, _) => "hole".to_owned(),
        _ => String::new(),
    };
    if fits(&caption, piece) { caption } else { String::new() }
}

/// What is read out: what is to be seen, then the rest.
fn label(piece: &Piece, minor: Option<MinorState>) -> String {
    let (seen, title) = (caption(piece, minor).replace('\n', " "), title(piece, minor));
    if seen.is_empty() { title } else { format!("{seen}: {title}") }
}

/// Says whether a word in the strip's small letters fits into a piece.
fn fits(word: &str, piece: &Piece) -> bool {
    word.chars().count() as f64 * 6.6 + 4.0 <= piece.width
}

fn title(piece: &Piece, minor: Option<MinorState>) -> String {
    let mut title = format!(
        "{} at {}, {}",
        piece.part.name(),
        text::hex(piece.address),
        text::bytes(piece.length)
    );
    if let Some(minor) = minor {
        title.push_str(&format!(
            "\nblock {}: {} bytes asked for, size {}, magic {:#010x} ({}: {})",
            text::hex(minor.payload),
            minor.req_size,
            minor.size,
            minor.magic,
            minor.life.word(),
            minor.life.meaning()
        ));
    }
    title
}
