//! The legend: what the marks on screen mean, and no others.

use crate::grid::scene::Marks;
use crate::store::use_store;
use mmap_playground_core::abi::Prot;
use yew::prelude::*;

/// What is explained: a mark, the class of its sample, and what it means.
pub const EXPLAINED: &[(Marks, &str, &str)] = &[
    (Marks::RESIDENT, "filled", "resident, in a frame"),
    (Marks::ZERO_PAGE, "zero", "the zero page: no frame of its own"),
    (Marks::ABSENT, "outlined", "mapped, not resident"),
    (Marks::CHANGED, "changed", "changed by the last call"),
    (Marks::GONE, "gone", "unmapped by the last call"),
    (Marks::SPLIT, "split", "split here"),
    (Marks::MERGED, "merged", "merged here"),
    (Marks::WHY, "why", "the reason: the place that WHY is about"),
    (Marks::DIRTY, "dirty", "dirty"),
    (Marks::ACCESSED, "accessed", "accessed"),
    (Marks::COPY_ON_WRITE, "cow", "copy-on-write"),
    (Marks::SHARED, "shared", "shared"),
    (Marks::FILE, "file", "of a file"),
    (Marks::BEYOND_END, "beyond", "behind the end of the file"),
    (Marks::INFERRED, "inferred", "inferred: no call of the log made it"),
    (Marks::HAZARD, "hazard", "writable and executable"),
];

/// What the legend explains.
#[derive(PartialEq, Properties)]
pub struct LegendProps {
    /// The marks on screen.
    pub marks: Marks,
    /// The protections on screen.
    pub prots: Vec<Prot>,
}

/// The legend.
#[component]
pub fn Legend(props: &LegendProps) -> Html {
    // What a maps text lists may well be resident.
    let unrecorded = use_store().moment.unrecorded && !props.marks.contains(Marks::RESIDENT);
    let prots = props.prots.iter().map(|prot| {
        html! { <li><span class="key-prot mono" data-prot={prot.letters()}>{ prot.letters() }</span></li> }
    });
    let marks = EXPLAINED.iter().filter(|(mark, ..)| props.marks.contains(*mark)).map(
        |(_, class, text)| {
            let text = if unrecorded && *class == "outlined" {
                "mapped; whether resident is not recorded"
            } else {
                *text
            };
            html! { <li><KeyMark class={*class} />{ text }</li> }
        },
    );
    html! {
        <ul class="legend" aria-label="Legend" data-testid="legend">
            { for prots }
            { for marks }
        </ul>
    }
}

#[derive(PartialEq, Properties)]
struct KeyMarkProps {
    class: &'static str,
}

/// A sample of a mark, drawn as the grid draws it.
#[component]
fn KeyMark(props: &KeyMarkProps) -> Html {
    let inside = match props.class {
        "filled" => {
            html! { <rect class="k-fill" x="1.5" y="1.5" width="13" height="13" rx="2.5" /> }
        }
        "zero" => {
            html! { <><rect class="k-zero" x="2" y="2" width="12" height="12" rx="2.5" /><ellipse class="k-line" cx="8" cy="8" rx="2.2" ry="3.4" /></> }
        }
        "changed" => {
            html! { <rect class="k-changed" x="2" y="2" width="12" height="12" rx="2.5" /> }
        }
        "gone" => {
            html! { <rect class="k-changed dashed" x="2" y="2" width="12" height="12" rx="2.5" /> }
        }
        "inferred" => {
            html! { <rect class="k-box dashed" x="2" y="2" width="12" height="12" rx="2.5" /> }
        }
        "split" => html! { <path class="k-seam" d="M8 1v14M4.5 1h7L8 5.5zM4.5 15h7L8 10.5z" /> },
        "merged" => html! { <path class="k-seam" d="M4.5 1h7L8 5.5zM4.5 15h7L8 10.5z" /> },
        "why" => html! { <circle class="k-why" cx="8" cy="8" r="5.5" /> },
        "dirty" => {
            html! { <><rect class="k-box" x="2" y="2" width="12" height="12" rx="2.5" /><circle class="k-solid" cx="10.5" cy="10.5" r="2.2" /></> }
        }
        "accessed" => {
            html! { <><rect class="k-box" x="2" y="2" width="12" height="12" rx="2.5" /><circle class="k-line" cx="10.5" cy="10.5" r="1.9" /></> }
        }
        "cow" => html! { <path class="k-line" d="M4.5 4.5h5v5h-5zM7 7h5v5H7z" /> },
        "shared" => {
            html! { <><rect class="k-box" x="2" y="2" width="12" height="12" rx="2.5" /><path class="k-line" d="M4.5 9.2h5M4.5 11.5h5" /></> }
        }
        "file" => {
            html! { <path class="k-fill" d="M7.5 1.5h4.5a2.5 2.5 0 0 1 2.5 2.5v8a2.5 2.5 0 0 1-2.5 2.5H4A2.5 2.5 0 0 1 1.5 12V7.5z" /> }
        }
        "beyond" => {
            html! { <><rect class="k-box" x="2" y="2" width="12" height="12" rx="2.5" /><path class="k-line" d="M4.5 4.5l7 7M11.5 4.5l-7 7" /></> }
        }
        "hazard" => {
            html! { <><rect class="k-hazard" x="2" y="2" width="12" height="12" rx="2.5" /><path class="k-line" d="M3 9l6-6M5 13l8-8M10 13l3-3" /></> }
        }
        _ => html! { <rect class="k-box" x="2" y="2" width="12" height="12" rx="2.5" /> },
    };
    html! { <svg class="key-mark" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">{ inside }</svg> }
}
