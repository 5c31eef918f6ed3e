//! Physical memory: one cell a frame, in its owner's colour, with the count where it is shared.

use crate::browser::{self, FrameJob};
use crate::components::colors::use_colors;
use crate::grid::frames;
use crate::grid::paint::{self, FrameCell};
use crate::lit::{Lit, Pointed, use_lit};
use crate::store::{Action, StoreContext, use_pointed, use_store};
use crate::text;
use crate::theme::Palette;
use mmap_playground_core::session::Session;
use mmap_playground_core::state::{self, FrameUse, FrameView};
use std::rc::Rc;
use web_sys::{HtmlCanvasElement, HtmlElement};
use yew::prelude::*;

/// The frames panel.
#[component]
pub fn Frames() -> Html {
    let store = use_store();
    let pointed = use_pointed();
    let lit = use_lit();
    let scroller = use_node_ref();
    let canvas = use_node_ref();
    let size = use_state_eq(|| (0.0_f64, 0.0_f64));
    let top = use_state_eq(|| 0.0_f64);
    let chosen = use_state_eq(|| None::<u32>);
    let job = use_memo((), |()| FrameJob::default());
    let colors = use_colors();
    let count = store.moment.totals.frames_limit;
    let columns = frames::columns(size.0);

    {
        let (scroller, size) = (scroller.clone(), size.clone());
        use_effect_with((), move |()| {
            let element = scroller.cast::<HtmlElement>();
            let guard = element.and_then(|element| {
                let measured = element.clone();
                browser::on_resize(&element, move || {
                    size.set(browser::inner_size(&measured));
                })
            });
            move || drop(guard)
        });
    }
    let (first, shown) = frames::window(columns, count, *top, *top + size.1);
    let views = use_memo((store.revision, first, shown), |_| {
        Rc::new(state::frames(store.session.process(), first, shown))
    });
    {
        let (views, canvas, job) = (views.clone(), canvas.clone(), job.clone());
        let colors = colors.clone();
        let (size, top, lit, chosen) = (*size, *top, lit, *chosen);
        use_effect(move || {
            job.request(move || {
                let Some(canvas) = canvas.cast::<HtmlCanvasElement>() else { return };
                let Some(context) = paint::prepare(&canvas, size.0, size.1, browser::pixel_ratio())
                else {
                    return;
                };
                let palette = colors.at(&canvas);
                let mut cells: Vec<FrameCell> =
                    views.iter().map(|view| cell(view, &lit, chosen, &palette)).collect();
                let known = first + cells.len() as u32;
                cells.extend(
                    (known..first + shown)
                        .map(|number| FrameCell::free(number, chosen == Some(number))),
                );
                paint::frame_cells(&context, &cells, columns, top, &palette);
            });
        });
    }
    let find = {
        let (canvas, top) = (canvas.clone(), *top);
        move |event: &MouseEvent| {
            let rect = canvas.cast::<HtmlElement>()?.get_bounding_client_rect();
            let x = f64::from(event.client_x()) - rect.left();
            let y = f64::from(event.client_y()) - rect.top() + top;
            frames::hit(columns, count, x, y)
        }
    };
    let onmousemove = {
        let (find, pointed) = (find.clone(), pointed.clone());
        move |event: MouseEvent| {
            pointed.set(find(&event).map(Pointed::frame));
        }
    };
    let onclick = {
        let (chosen, store, views) = (chosen.clone(), store.clone(), views.clone());
        move |event: MouseEvent| {
            if let Some(number) = find(&event) {
                chosen.set(Some(number));
                show_owner(&store, &views, number);
            }
        }
    };
    let onmouseleave = {
        let pointed = pointed.clone();
        move |_: MouseEvent| pointed.set(None)
    };
    let onscroll = {
        let (scroller, top) = (scroller.clone(), top.clone());
        move |_: Event| {
            if let Some(element) = scroller.cast::<HtmlElement>() {
                top.set(f64::from(element.scroll_top()));
            }
        }
    };
    let onkeydown = {
        let (chosen, store, views, pointed) =
            (chosen.clone(), store.clone(), views.clone(), pointed.clone());
        move |event: KeyboardEvent| {
            let current = chosen.unwrap_or(0);
            let next = match event.key().as_str() {
                "ArrowRight" => current.saturating_add(1),
                "ArrowLeft" => current.saturating_sub(1),
                "ArrowDown" => current.saturating_add(columns),
                "ArrowUp" => current.saturating_sub(columns),
                "Enter" | " " => {
                    event.prevent_default();
                    show_owner(&store, &views, current);
                    return;
                }
                _ => return,
            };
            event.prevent_default();
            let next = next.min(count.saturating_sub(1));
            chosen.set(Some(next));
            pointed.set(Some(Pointed::frame(next)));
            let said = describe(&state::frame(store.session.process(), next));
            store.dispatch(Action::Say(said.into()));
        }
    };
    let onblur = {
        let pointed = pointed.clone();
        move |_: FocusEvent| pointed.set(None)
    };
    let hint = pointed
        .get()
        .and_then(|it| it.frame)
        .or(*chosen)
        .map(|frame| describe(&state::frame(store.session.process(), frame)))
        .unwrap_or_else(|| "point at one: its pages light".to_owned());
    let totals = &store.moment.totals;
    let used = u64::from(totals.frames_used);
    let in_use = format!("{} of {} in use", text::grouped(used), text::grouped(u64::from(count)));
    let in_use = Session::at_least(in_use, used, store.moment.unrecorded);
    let zeros = state::zero_page_count(store.session.process());
    html! {
        <section class="panel frames" data-panel="frames" role={store.place.panel_role()} aria-label="Physical frames" data-testid="frames">
            <div class="panel-head">
                <h2 class="panel-title">{ "Frames" }</h2>
                <span class="spring"></span>
                <span class="row-size" data-testid="frames-used">{ in_use }</span>
            </div>
            if zeros > 0 {
                <p class="frames-zero" data-testid="frames-zero">{ zero_pages(zeros) }</p>
            }
            <div class="frames-scroll" ref={scroller} {onscroll} tabindex="0" role="application" aria-roledescription="grid of frames"
                aria-label={format!("Frames. {hint}")} {onkeydown} {onblur} data-testid="frames-grid">
                <div class="frames-all" style={format!("height:{:.0}px", frames::height(columns, count))}>
                    <canvas ref={canvas} style={format!("top:{:.0}px", *top)} {onmousemove} {onclick} {onmouseleave} />
                </div>
            </div>
            <p class="grid-hint">{ hint }</p>
        </section>
    }
}

/// Why pages are resident for which no frame is in use.
fn zero_pages(count: u64) -> String {
    let show = if count == 1 { "shows" } else { "show" };
    format!("{} {show} the shared zero page, which never counts", text::count(count, "page"))
}

fn show_owner(store: &StoreContext, views: &[FrameView], number: u32) {
    let view = views.iter().find(|view| view.number == number);
    if let Some(address) = view.and_then(|view| view.pages.first()) {
        store.dispatch(Action::Show(*address));
    }
}

fn cell(view: &FrameView, lit: &Lit, chosen: Option<u32>, palette: &Palette) -> FrameCell {
    let color = match (&view.usage, &view.owner) {
        (FrameUse::Free, _) => None,
        (_, Some(owner)) => Some(palette.prot(owner.prot).to_owned()),
        (_, None) => Some(palette.muted.clone()),
    };
    let lights = lit.frame(view.number) || view.pages.iter().any(|page| lit.lights(*page, None));
    FrameCell {
        number: view.number,
        color,
        file: matches!(view.usage, FrameUse::File { .. }),
        zeros: view.usage == FrameUse::ZeroPage,
        count: (view.mappings > 1).then_some(view.mappings),
        lit: lights || chosen == Some(view.number),
    }
}

fn describe(view: &FrameView) -> String {
    let what = match &view.usage {
        FrameUse::Free => "free".to_owned(),
        FrameUse::ZeroPage => "the zero page".to_owned(),
        FrameUse::Anonymous => "a page of its own".to_owned(),
        FrameUse::File { name, offset } => format!("{name} from byte {}", text::grouped(*offset)),
    };
    let owner = match (&view.owner, &view.usage) {
        (Some(owner), FrameUse::Anonymous) => format!("{} {}, ", owner.label, owner.prot.letters()),
        (Some(owner), _) => format!("{}, ", owner.prot.letters()),
        (None, _) => String::new(),
    };
    let by = match view.pages.first() {
        Some(page) if view.mappings > 1 => {
            format!(" · {owner}mapped by {} pages, first {}", view.mappings, text::hex(*page))
        }
        Some(page) => format!(" · {owner}mapped at {}", text::hex(*page)),
        None if view.usage == FrameUse::Free => String::new(),
        None => " · mapped by no page".to_owned(),
    };
    format!("frame {} · {what}{by}", view.number)
}
