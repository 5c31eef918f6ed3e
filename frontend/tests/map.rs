//! The map in a real browser: the tree, the levels, what lights together, the page walk.
#![cfg(target_arch = "wasm32")]

mod support;

use support::Page;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

/// A page with eight pages mapped, the first of them written.
async fn mapped() -> Page {
    let page = Page::open().await;
    page.click("guide-go").await;
    page.run("store(p, 0x41)").await;
    page
}

fn lit(page: &Page, id: &str) -> usize {
    page.all(id).iter().filter(|it| it.class_list().contains("lit")).count()
}

#[wasm_bindgen_test]
async fn a_vma_opens_to_its_pages() {
    let page = mapped().await;
    page.key("vma-list", "Home").await;
    page.key("vma-list", "ArrowRight").await;
    let expanded = |it: &HtmlElement| it.get_attribute("aria-expanded").as_deref() == Some("true");
    assert_eq!(page.all("vma").iter().filter(|it| expanded(it)).count(), 1);
    page.key("vma-list", "ArrowRight").await;
    let first = page.get("vma-page");
    assert_eq!(first.get_attribute("aria-level").as_deref(), Some("2"));
    assert_eq!(first.get_attribute("aria-setsize").as_deref(), Some("8"));
    assert_eq!(first.get_attribute("aria-selected").as_deref(), Some("true"));
    assert!(page.text("announcement").contains("0x7ffff7ff7000, frame 1, accessed, dirty"));
    page.key("vma-list", "ArrowDown").await;
    assert!(page.text("announcement").contains("0x7ffff7ff8000, not resident"));
    page.key("vma-list", "ArrowLeft").await;
    page.key("vma-list", "ArrowLeft").await;
    assert!(page.all("vma-page").is_empty());
}

#[wasm_bindgen_test]
async fn a_call_lights_what_it_changed() {
    let page = mapped().await;
    assert_eq!(lit(&page, "vma"), 0);
    let line = page.get("console-line").query_selector("button").unwrap().unwrap();
    page.send(&line, "focus").await;
    assert_eq!(lit(&page, "vma"), 1);
    // both calls are about these pages
    assert_eq!(lit(&page, "console-line"), 2);
    page.send(&line, "blur").await;
    assert_eq!(lit(&page, "vma"), 0);
}

#[wasm_bindgen_test]
async fn an_entry_and_a_frame_of_the_walk_light_the_rest() {
    let page = mapped().await;
    assert!(page.text("page-walk").contains("byte 0x41"));
    for id in ["walk-PTE", "walk-frame"] {
        let element = page.get(id);
        page.send(&element, "focus").await;
        assert_eq!(lit(&page, "vma"), 1, "{id}");
        assert_eq!(lit(&page, "console-line"), 2, "{id}");
        page.send(&element, "blur").await;
        assert_eq!(lit(&page, "vma"), 0, "{id}");
    }
    page.key("page-grid", "ArrowRight").await;
    assert!(page.text("walk-stops").contains("stops at PTE["));
}

#[wasm_bindgen_test]
async fn buttons_go_down_to_bytes_and_up_to_the_whole() {
    let page = mapped().await;
    let level = |page: &Page| page.get("page-grid").get_attribute("data-level").unwrap();
    let mut seen = vec![level(&page)];
    for (button, end) in [("zoom-in", "bytes"), ("zoom-out", "whole")] {
        while page.get(button).get_attribute("disabled").is_none() {
            page.click(button).await;
            seen.push(level(&page));
        }
        assert_eq!(level(&page), end);
    }
    assert!(page.text("announcement").contains("The whole address space"));
    assert!(seen.iter().any(|level| level == "vmas"));
    page.click("crumb-vmas").await;
    assert_eq!(level(&page), "vmas");
    page.key("page-grid", "End").await;
    assert!(page.text("announcement").contains("[stack]"));
}

#[wasm_bindgen_test]
async fn a_menu_closes_by_escape_and_gives_the_focus_back() {
    let page = Page::open().await;
    page.click("examples").await;
    assert_eq!(page.all("examples-list").len(), 1);
    page.key("example-split", "Escape").await;
    assert!(page.all("examples-list").is_empty());
    let active = web_sys::window().unwrap().document().unwrap().active_element();
    assert_eq!(active.and_then(|it| it.get_attribute("data-testid")).as_deref(), Some("examples"));
}

#[wasm_bindgen_test]
async fn paper_gets_the_picture() {
    let page = mapped().await;
    let window = web_sys::window().unwrap();
    window.dispatch_event(&web_sys::Event::new("beforeprint").unwrap()).unwrap();
    assert!(page.text("print-picture").contains("7ffff7ff7000–7ffff7fff000"));
    window.dispatch_event(&web_sys::Event::new("afterprint").unwrap()).unwrap();
    assert_eq!(page.text("print-picture"), "");
}
