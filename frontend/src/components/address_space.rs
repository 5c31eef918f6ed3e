//! The address space at three levels: the whole as a strip, the VMAs as a list, the pages as a grid.

use crate::components::overview::Overview;
use crate::components::page_grid::PageGrid;
use crate::components::vma_list::VmaList;
use crate::components::welcome::Welcome;
use crate::store::use_store;
use crate::text;
use mmap_playground_core::address::PAGE_SIZE;
use yew::prelude::*;

/// The address space panel.
#[component]
pub fn AddressSpace() -> Html {
    let store = use_store();
    let totals = &store.moment.totals;
    let resident = totals.resident_pages.saturating_mul(PAGE_SIZE);
    html! {
        <section class={classes!("panel", "space", store.picking.map(|_| "picking"))} aria-label="Address space" data-testid="address-space">
            <div class="panel-head">
                <h2 class="panel-title">{ "Address space" }</h2>
                <dl class="stats">
                    <div><dt>{ "VMAs" }</dt><dd data-testid="stat-vmas">{ text::grouped(totals.vma_count) }</dd></div>
                    <div title={text::bytes(totals.mapped_bytes)}><dt>{ "mapped" }</dt><dd data-testid="stat-mapped">{ text::short_size(totals.mapped_bytes) }</dd></div>
                    <div title={text::count(totals.resident_pages, "page")}><dt>{ "resident" }</dt><dd data-testid="stat-resident">{ text::short_size(resident) }</dd></div>
                    <div><dt>{ "page faults" }</dt><dd data-testid="stat-faults">{ text::grouped(totals.page_faults) }</dd></div>
                </dl>
            </div>
            if store.is_empty() {
                <Welcome />
            } else {
                <Overview />
                <VmaList />
                <PageGrid />
            }
        </section>
    }
}
