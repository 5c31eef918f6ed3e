//! The page in a real browser: what a person clicks and types, and what the document then says.
#![cfg(target_arch = "wasm32")]

use mmap_playground::App;
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{
    Element, Event, EventInit, HtmlElement, HtmlTextAreaElement, KeyboardEvent, KeyboardEventInit,
};
use yew::platform::time::sleep;

wasm_bindgen_test_configure!(run_in_browser);

/// A page of its own, taken away at the end.
struct Page {
    root: Element,
    app: Option<yew::AppHandle<App>>,
}

impl Page {
    async fn open() -> Page {
        let document = web_sys::window().unwrap().document().unwrap();
        let root = document.create_element("div").unwrap();
        document.body().unwrap().append_child(&root).unwrap();
        let app = yew::Renderer::<App>::with_root(root.clone()).render();
        let page = Page { root, app: Some(app) };
        page.settle().await;
        page
    }

    async fn settle(&self) {
        for _ in 0..3 {
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn all(&self, id: &str) -> Vec<HtmlElement> {
        let list = self.root.query_selector_all(&format!("[data-testid={id}]")).unwrap();
        (0..list.length()).map(|index| list.item(index).unwrap().unchecked_into()).collect()
    }

    fn get(&self, id: &str) -> HtmlElement {
        self.all(id).into_iter().next().unwrap_or_else(|| panic!("no {id} on the page"))
    }

    fn text(&self, id: &str) -> String {
        self.get(id).text_content().unwrap_or_default()
    }

    async fn click(&self, id: &str) {
        self.get(id).click();
        self.settle().await;
    }

    async fn run(&self, lines: &str) {
        let input: HtmlTextAreaElement = self.get("console-input").unchecked_into();
        input.set_value(lines);
        let init = EventInit::new();
        init.set_bubbles(true);
        input.dispatch_event(&Event::new_with_event_init_dict("input", &init).unwrap()).unwrap();
        self.settle().await;
        self.key("console-input", "Enter").await;
    }

    async fn key(&self, id: &str, key: &str) {
        let init = KeyboardEventInit::new();
        init.set_key(key);
        init.set_bubbles(true);
        init.set_cancelable(true);
        let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap();
        self.get(id).dispatch_event(&event).unwrap();
        self.settle().await;
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            app.destroy();
        }
        self.root.remove();
    }
}

#[wasm_bindgen_test]
async fn the_empty_page_teaches_and_one_click_maps() {
    let page = Page::open().await;
    assert!(page.text("welcome").contains("128 TiB"));
    page.click("welcome-mmap").await;
    assert!(page.all("welcome").is_empty());
    // the stack is there from the start
    assert_eq!(page.text("stat-vmas"), "2");
    assert_eq!(page.text("stat-mapped"), "164 KiB");
    assert!(page.text("console-line").contains("= 0x7ffff7ff7000"));
}

#[wasm_bindgen_test]
async fn typing_and_clicking_are_the_same_road() {
    let page = Page::open().await;
    page.run("p = mmap(NULL, 2*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)")
        .await;
    page.click("call-munmap").await;
    assert_eq!(page.text("c-line"), "munmap(p, PAGE_SIZE)");
    page.click("run").await;
    let lines = page.all("console-line");
    assert_eq!(lines.len(), 2);
    assert!(lines[1].text_content().unwrap().contains("munmap(0x7ffff7ffd000, 4096) = 0"));
    assert_eq!(page.text("stat-mapped"), "136 KiB");
}

#[wasm_bindgen_test]
async fn a_refused_call_says_why() {
    let page = Page::open().await;
    page.run("munmap(0x1, 4096)").await;
    assert!(page.text("console-line").contains("-1 EINVAL (Invalid argument)"));
    assert!(page.text("console-why").contains("the nearest are 0x0 and 0x1000"));
    assert!(page.text("why").contains("the nearest are 0x0 and 0x1000"));
    assert!(page.text("announcement").contains("EINVAL"));
}

#[wasm_bindgen_test]
async fn a_broken_line_is_shown_at_its_column_and_the_rest_runs() {
    let page = Page::open().await;
    page.run("a = malloc(24)\nmunmap(0x1000, \nfree(a)").await;
    assert_eq!(page.all("console-line").len(), 2);
    assert!(page.text("console-trouble").contains("line 2, column"));
}

#[wasm_bindgen_test]
async fn boxes_make_the_flags() {
    let page = Page::open().await;
    page.click("flag-PROT_WRITE").await;
    page.click("flag-PROT_EXEC").await;
    page.click("flag-MAP_SHARED").await;
    assert_eq!(
        page.text("c-line"),
        "p = mmap(NULL, 4*PAGE_SIZE, PROT_READ|PROT_EXEC, MAP_SHARED_VALIDATE|MAP_ANONYMOUS, -1, 0)"
    );
}

#[wasm_bindgen_test]
async fn steps_and_undo_go_both_ways() {
    let page = Page::open().await;
    page.run("p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nmunmap(p, 4096)")
        .await;
    assert_eq!(page.text("stat-vmas"), "1");
    page.click("step-back").await;
    assert_eq!(page.text("stat-vmas"), "2");
    assert!(page.text("step-count").starts_with('1'));
    page.click("step-last").await;
    assert_eq!(page.text("stat-vmas"), "1");
    page.click("undo").await;
    assert_eq!(page.all("console-line").len(), 0);
    page.click("redo").await;
    assert_eq!(page.all("console-line").len(), 2);
}

#[wasm_bindgen_test]
async fn keys_of_the_grid_load_and_offer_calls() {
    let page = Page::open().await;
    page.click("welcome-mmap").await;
    page.key("page-grid", "ArrowRight").await;
    assert!(page.text("announcement").contains("0x7ffff7ff8000"));
    page.key("page-grid", "l").await;
    assert!(page.all("console-line")[1].text_content().unwrap().contains("load(0x7ffff7ff8000"));
    page.key("page-grid", "Enter").await;
    let lines: Vec<String> =
        page.all("offer").iter().filter_map(|offer| offer.get_attribute("data-line")).collect();
    assert!(lines.contains(&"mprotect(0x7ffff7ff8000, 4096, PROT_READ)".to_owned()), "{lines:?}");
}

#[wasm_bindgen_test]
async fn the_heap_shows_a_block_and_its_death() {
    let page = Page::open().await;
    page.click("heap-malloc").await;
    assert_eq!(page.all("heap-major").len(), 1);
    let parts = |part: &str| {
        let parts = page.all("heap-part");
        parts.iter().filter(|it| it.get_attribute("data-part").as_deref() == Some(part)).count()
    };
    assert_eq!((parts("minor header"), parts("payload")), (1, 1));
    page.run("b = malloc(8)\nmemset(a, 0x41, 160)").await;
    assert!(page.text("heap").contains("damaged") || page.text("heap").contains("BROKEN"));
}

#[wasm_bindgen_test]
async fn a_pasted_log_is_summed_up_before_it_is_shown() {
    let page = Page::open().await;
    page.click("import-open").await;
    let area: HtmlTextAreaElement = page.get("import-text").unchecked_into();
    area.set_value(
        "[pid 10] brk(NULL) = 0x555555559000\n[pid 11] brk(NULL) = 0x555555559000\n[pid 10] what(1) = 0",
    );
    let init = EventInit::new();
    init.set_bubbles(true);
    area.dispatch_event(&Event::new_with_event_init_dict("input", &init).unwrap()).unwrap();
    page.settle().await;
    page.click("import-read").await;
    for _ in 0..50 {
        if !page.all("import-summary").is_empty() {
            break;
        }
        page.settle().await;
    }
    assert!(page.text("import-summary").contains("a log of strace"));
    assert_eq!((page.all("pid-10").len(), page.all("pid-11").len()), (1, 1));
    page.click("import-accept").await;
    assert!(page.all("import-dialog").is_empty());
    assert_eq!(page.text("session-title"), "Pasted log");
    assert!(!page.all("console-line").is_empty());
}

#[wasm_bindgen_test]
async fn every_example_reads_and_runs() {
    for example in mmap_playground::examples::EXAMPLES {
        let page = Page::open().await;
        page.click("examples").await;
        page.click(&format!("example-{}", example.id)).await;
        assert!(page.all("console-trouble").is_empty(), "{}", example.title);
        assert!(!page.all("vma").is_empty(), "{}", example.title);
        assert_eq!(page.text("session-title"), example.title);
    }
}
