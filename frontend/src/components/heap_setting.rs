//! Which allocator the program is linked with. Another one runs all lines again from the start.

use crate::store::{Action, use_store};
use mmap_playground_core::heap::{Allocator, HeapSetting};
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// Pointers of so many bits, to choose from.
const BITS: [u32; 2] = [64, 32];

/// Two choices: the allocator, and the machine it is compiled for.
#[component]
pub fn HeapChoice() -> Html {
    let store = use_store();
    let setting = store.session.heap_setting();
    let onchange = |change: fn(HeapSetting, &str) -> Option<HeapSetting>| {
        let dispatcher = store.dispatcher();
        move |event: Event| {
            let select = event.target().and_then(|it| it.dyn_into::<HtmlSelectElement>().ok());
            if let Some(changed) = select.and_then(|select| change(setting, &select.value())) {
                dispatcher.dispatch(Action::LinkWith(changed));
            }
        }
    };
    let (allocators, widths) = (use_node_ref(), use_node_ref());
    {
        // After undo, and where the choice was stopped, the browser would still show what was chosen.
        let selects = [
            (allocators.clone(), setting.allocator.name().to_owned()),
            (widths.clone(), setting.bits.to_string()),
        ];
        use_effect(move || {
            for (select, value) in selects {
                if let Some(select) = select.cast::<HtmlSelectElement>() {
                    select.set_value(&value);
                }
            }
        });
    }
    let allocator = onchange(|setting, name| {
        let allocator = Allocator::ALL.into_iter().find(|it| it.name() == name)?;
        Some(HeapSetting { allocator, ..setting })
    });
    let bits = onchange(|setting, bits| Some(HeapSetting { bits: bits.parse().ok()?, ..setting }));
    html! { <>
        <select ref={allocators} class="heap-choice" aria-label="Allocator" onchange={allocator} title={setting.allocator.about()} data-testid="heap-allocator">
            { for Allocator::ALL.into_iter().map(|it| html! {
                <option value={it.name()} selected={it == setting.allocator}>{ it.title() }</option>
            }) }
        </select>
        <select ref={widths} class="heap-choice" aria-label="Bits of its pointers" onchange={bits} data-testid="heap-bits">
            { for BITS.into_iter().map(|it| html! {
                <option value={it.to_string()} selected={it == setting.bits}>{ format!("{it}-bit") }</option>
            }) }
        </select>
    </> }
}

/// What the allocators differ in.
#[component]
pub fn HeapAbout() -> Html {
    html! {
        <details class="heap-about" data-testid="heap-about">
            <summary>{ "The two allocators" }</summary>
            <dl>
                { for Allocator::ALL.into_iter().map(|it| html! {
                    <><dt>{ it.title() }</dt><dd>{ it.about() }</dd></>
                }) }
            </dl>
            <p class="hint">{ "Choose the other one above: every line runs again from the start, and Undo goes back." }</p>
        </details>
    }
}
