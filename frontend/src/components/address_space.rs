//! The address space at three levels: the whole as a strip, the VMAs as a list, the pages as a grid.

use crate::components::overview::Overview;
use crate::components::page_grid::PageGrid;
use crate::components::vma_list::VmaList;
use crate::components::welcome::Welcome;
use crate::store::{Action, use_store};
use crate::text;
use mmap_playground_core::address::{Address, PAGE_SIZE};
use mmap_playground_core::session::Session;
use yew::prelude::*;

/// Why it is not known how much is resident.
const UNRECORDED: &str = "neither a maps text nor a log of strace holds loads and stores";

/// The address space panel.
#[component]
pub fn AddressSpace() -> Html {
    let store = use_store();
    let totals = &store.moment.totals;
    let hazards = store.moment.vmas.iter().filter(|vma| vma.writable_and_executable);
    let hazards: Vec<Address> = hazards.map(|vma| vma.range.start()).collect();
    let next_hazard = {
        // the next behind the cursor, and after the last one the first
        let behind = |start: &&Address| store.cursor.is_none_or(|cursor| **start > cursor);
        let next = hazards.iter().find(behind).or(hazards.first()).copied();
        let dispatcher = store.dispatcher();
        move |_: MouseEvent| {
            if let Some(next) = next {
                dispatcher.dispatch(Action::Show(next));
            }
        }
    };
    let resident = text::short_size(totals.resident_pages.saturating_mul(PAGE_SIZE));
    let unrecorded = store.moment.unrecorded;
    let resident = Session::at_least(resident, totals.resident_pages, unrecorded);
    let faults = text::grouped(totals.page_faults);
    let faults = Session::at_least(faults, totals.page_faults, unrecorded);
    let about =
        if unrecorded { UNRECORDED.to_owned() } else { text::count(totals.resident_pages, "page") };
    html! {
        <section class={classes!("panel", "space", store.picking.map(|_| "picking"))} role={store.place.panel_role()} aria-label="Address space" data-testid="address-space">
            <div class="panel-head">
                <h2 class="panel-title">{ "Address space" }</h2>
                <dl class="stats">
                    <div title="virtual memory areas, or mappings: stretches of pages that the kernel keeps as one, a line each in /proc/PID/maps"><dt>{ "VMAs" }</dt><dd data-testid="stat-vmas">{ text::grouped(totals.vma_count) }</dd></div>
                    <div title={text::bytes(totals.mapped_bytes)}><dt>{ "mapped" }</dt><dd data-testid="stat-mapped">{ text::short_size(totals.mapped_bytes) }</dd></div>
                    <div title={about}><dt>{ "resident" }</dt><dd data-testid="stat-resident">{ resident }</dd></div>
                    if !hazards.is_empty() {
                        <div class="bad"><dt>{ "W+X" }</dt><dd>
                            <button type="button" class="link hazards" onclick={next_hazard} data-testid="stat-hazards"
                                aria-label={format!("{} writable and executable: show the next", text::count(hazards.len() as u64, "VMA"))}
                                title="writable and executable: show the next">{ text::grouped(hazards.len() as u64) }</button>
                        </dd></div>
                    }
                    <div title="those that the kernel resolved: an access that ends in a signal is not counted"><dt>{ "page faults" }</dt><dd data-testid="stat-faults">{ faults }</dd></div>
                </dl>
            </div>
            if store.is_empty() && !store.place.is_figure() {
                <Welcome />
            } else {
                <Overview />
                <VmaList />
                <PageGrid />
            }
        </section>
    }
}
