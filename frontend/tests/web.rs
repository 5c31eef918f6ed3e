//! The page in a real browser: what a person clicks and types, and what the document then says.
#![cfg(target_arch = "wasm32")]

mod support;

use mmap_playground::text::grouped;
use support::{Page, first_visit};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Event, EventInit, HtmlElement, HtmlTextAreaElement};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn the_empty_page_teaches_and_one_click_maps() {
    first_visit();
    let page = Page::open().await;
    assert!(page.text("welcome").contains("128 TiB"));
    assert!(page.all("welcome-mmap").is_empty(), "the guide has the one thing to click");
    page.click("guide-go").await;
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
async fn a_failure_and_a_signal_name_the_manual() {
    let page = Page::open().await;
    page.run("munmap(0x10000, 0)").await;
    assert!(page.text("why").contains("[munmap(2), ERRORS, EINVAL: length was 0]"));
    assert!(page.text("console-why").contains("[munmap(2), ERRORS, EINVAL: length was 0]"));
    assert!(page.all("surprise").is_empty());
    page.run("load(0)").await;
    assert!(
        page.text("why").contains("[sigaction(2), DESCRIPTION, The si_code field, SEGV_MAPERR")
    );
}

/// Each line surprises as the text beside it says; all run on one page, one after the other.
const SURPRISES: [(&str, &str); 20] = [
    ("p = mmap(0x10000fff, 4*PAGE_SIZE, 3, 0x22, -1, 0)", "lies inside a page"),
    ("mprotect(p + PAGE_SIZE, 1, PROT_READ)", "rounded up to 1 whole page"),
    ("mprotect(p + 3*PAGE_SIZE, PAGE_SIZE, PROT_WRITE)", "one VMA became two at 0x10003000"),
    ("mprotect(p + 2*PAGE_SIZE, PAGE_SIZE, PROT_WRITE)", "it can be read too"),
    ("mprotect(p, 4*PAGE_SIZE, PROT_READ|PROT_WRITE)", "two VMAs became one at 0x10001000"),
    ("load(p)", "shows the one page of zeros"),
    ("store(p, 1)", "the store got a copy of its own"),
    ("mprotect(p, 0, 0)", "the length is 0"),
    ("mmap(p, PAGE_SIZE, 3, 0x32, -1, 0)", "MAP_FIXED replaced what was mapped"),
    ("munmap(0x30000000, PAGE_SIZE)", "nothing was mapped in the range"),
    ("munmap(p + 3*PAGE_SIZE, 3*PAGE_SIZE)", "only 1 of the 3 pages were mapped"),
    ("mmap(NULL, PAGE_SIZE, 3, 0x22, 7, 0)", "the descriptor was ignored"),
    ("mmap(NULL, PAGE_SIZE, 3, 0x822, -1, 0)", "MAP_DENYWRITE means nothing any more"),
    ("mremap(p, PAGE_SIZE, PAGE_SIZE, 3, 0x40000000)", "pointers into the old place are wrong"),
    ("mremap(p + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, 7, 0x50000000)", "stays, empty"),
    ("madvise(p + PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED)", "the contents are gone at once"),
    ("madvise(p + PAGE_SIZE, PAGE_SIZE, MADV_FREE)", "the contents may still be read"),
    ("brk(0x555555559001)", "lies inside a page, all of which is mapped"),
    ("mmap(0x40000000, PAGE_SIZE, 1, 0x22, -1, 0)", "was dropped: something is mapped there"),
    ("malloc(24)", "asked for 16 pages at once"),
];

#[wasm_bindgen_test]
async fn what_surprises_is_said_beside_the_result() {
    let page = Page::open().await;
    for (line, expected) in SURPRISES {
        page.run(line).await;
        for ids in [["surprise", "why"], ["console-surprise", "console-why"]] {
            let said: Vec<HtmlElement> = ids.iter().flat_map(|id| page.all(id)).collect();
            let said: Vec<String> = said.iter().filter_map(|it| it.text_content()).collect();
            let found = said.iter().find(|text| text.contains(expected));
            // The console leaves out where it is documented: it has no room for that.
            let whole = |text: &String| ids[0] != "surprise" || text.contains('[');
            assert!(found.is_some_and(whole), "{line}: {said:?}");
        }
    }
}

#[wasm_bindgen_test]
async fn a_broken_line_is_shown_at_its_column_and_the_rest_runs() {
    let page = Page::open().await;
    page.run("a = malloc(24)\nmunmap(0x1000, \nfree(a)").await;
    assert_eq!(page.all("console-line").len(), 2);
    assert!(page.text("console-trouble").contains("line 2, column 16: "));
    // The sign stands under that column, also where letters before it have several bytes.
    page.run("store(0, \"äöü\" oops)").await;
    let trouble = page.get("console-trouble").query_selector("pre").unwrap().unwrap();
    let shown = trouble.text_content().unwrap();
    let (source, sign) = shown.split_once('\n').unwrap();
    assert_eq!(source, "store(0, \"äöü\" oops)");
    assert_eq!(sign.find('^'), Some("store(0, 'aou' ".len()));
}

#[wasm_bindgen_test]
async fn boxes_make_the_flags() {
    let page = Page::open().await;
    page.click("flag-PROT_WRITE").await;
    page.click("flag-PROT_EXEC").await;
    page.click("flag-MAP_SHARED").await;
    assert_eq!(
        page.text("c-line"),
        "p = mmap(NULL, 8*PAGE_SIZE, PROT_READ|PROT_EXEC, MAP_SHARED_VALIDATE|MAP_ANONYMOUS, -1, 0)"
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
    first_visit();
    let page = Page::open().await;
    page.click("guide-go").await;
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
async fn the_last_call_of_the_allocator_can_be_stepped_through() {
    let page = Page::open().await;
    page.run("a = malloc(100)\nb = malloc(200)\nfree(a)\nc = malloc(500)").await;
    let selected = || {
        let steps = page.all("heap-step");
        let mut chosen =
            steps.iter().filter(|it| it.get_attribute("aria-selected").as_deref() == Some("true"));
        chosen.next().and_then(|it| it.text_content()).unwrap_or_default()
    };
    assert!(selected().starts_with("needs 572 bytes"), "{}", selected());
    let mut sentences = vec![selected()];
    for _ in 0..4 {
        page.key("heap-steps", "ArrowDown").await;
        sentences.push(selected());
    }
    let gap = sentences.iter().position(|it| it.starts_with("gap before the first block")).unwrap();
    assert!(sentences[gap].ends_with("172 bytes, 572 needed: too small"), "{sentences:?}");
    // The hole that was measured is lit in the strip.
    page.key("heap-steps", "Home").await;
    for _ in 0..gap {
        page.click("heap-step-on").await;
    }
    let parts = page.all("heap-part");
    let lit = parts.iter().filter(|it| it.class_list().contains("lit")).collect::<Vec<_>>();
    assert_eq!(lit.len(), 1);
    assert_eq!(lit[0].get_attribute("data-part").as_deref(), Some("hole"));
    page.key("heap-steps", "End").await;
    assert!(selected().contains("places the block"), "{}", selected());
    assert!(page.text("heap-search-summary").contains("the best bet stays"));
    page.run("brk(0)").await;
    assert_eq!(page.all("heap-step").len(), 0);
}

#[wasm_bindgen_test]
async fn list_order_and_address_order_are_told_apart() {
    let page = Page::open().await;
    page.run("a = malloc(100)\nb = malloc(100)").await;
    let arrows = |class: &str| page.root.query_selector_all(class).unwrap().length();
    assert_eq!(page.text("heap-order-words"), "Blocks: list order is address order.");
    let counts = (arrows(".arrow.first"), arrows(".arrow.next"), arrows(".arrow.prev"));
    assert_eq!((counts, arrows(".arrow.against")), ((1, 1, 1), 0));
    // The kernel places each further major block below the one before.
    page.run("c = malloc(100000)\nd = malloc(100000)").await;
    let boxes = page.all("heap-order-major");
    let text = |index: usize| boxes[index].text_content().unwrap_or_default();
    assert!(text(0).contains("3rd in the list"), "{}", text(0));
    assert!(text(2).contains("1st in the list") && text(2).contains("root"), "{}", text(2));
    assert_eq!(arrows(".arrow.next.against"), 2);
    let words = page.text("heap-order-words");
    assert!(words.contains("2 of 2 next lead to a lower address"), "{words}");
}

#[wasm_bindgen_test]
async fn the_heap_has_figures_and_a_chart_of_them() {
    let page = Page::open().await;
    page.run("a = malloc(1024)\nb = malloc(1024)\nfree(a)").await;
    assert_eq!(page.text("figure-held"), "64 KiB");
    assert_eq!(page.text("figure-asked-for"), "1 KiB");
    assert_eq!(page.text("figure-overhead"), "98.4 %");
    assert_ne!(page.text("figure-external-fragmentation"), "0.0 %");
    let paths = page.get("heap-chart").query_selector_all("path.area").unwrap();
    assert_eq!(paths.length(), 2);
}

#[wasm_bindgen_test]
async fn another_allocator_runs_the_lines_again() {
    let page = Page::open().await;
    page.run("a = malloc(100)\nb = malloc(200)\nfree(a)").await;
    let choose = |id: &'static str, value: &'static str| {
        let page = &page;
        async move {
            let select: web_sys::HtmlSelectElement = page.get(id).unchecked_into();
            select.set_value(value);
            let init = EventInit::new();
            init.set_bubbles(true);
            let event = Event::new_with_event_init_dict("change", &init).unwrap();
            select.dispatch_event(&event).unwrap();
            page.settle().await;
        }
    };
    let parts = |part: &str| {
        let parts = page.all("heap-part");
        parts.iter().filter(|it| it.get_attribute("data-part").as_deref() == Some(part)).count()
    };
    assert_eq!((parts("minor header"), parts("footer")), (1, 0));
    choose("heap-allocator", "boundary-tags").await;
    assert_eq!((parts("minor header"), parts("footer")), (3, 4));
    assert!(page.text("heap-steps").contains("writes tag"));
    choose("heap-bits", "32").await;
    assert!(page.text("console-line").contains("malloc(100) = 0x40000020"));
    page.click("undo").await;
    page.click("undo").await;
    assert_eq!((parts("minor header"), parts("footer")), (1, 0));
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
    // What was read is there again behind Back.
    for again in [true, false] {
        page.click("import-read").await;
        for _ in 0..50 {
            if !page.all("import-summary").is_empty() {
                break;
            }
            page.settle().await;
        }
        assert!(page.text("import-summary").contains("a log of strace"));
        if again {
            page.click("import-back").await;
            let area: HtmlTextAreaElement = page.get("import-text").unchecked_into();
            assert!(area.value().contains("[pid 11] brk"), "{}", area.value());
        }
    }
    assert_eq!((page.all("pid-10").len(), page.all("pid-11").len()), (1, 1));
    page.click("import-accept").await;
    assert!(page.all("import-dialog").is_empty());
    assert_eq!(page.text("session-title"), "Pasted log");
    assert!(!page.all("console-line").is_empty());
}

/// The window says what the report says, all of it, and nothing of its own; mouse and keyboard
/// open it.
#[wasm_bindgen_test]
async fn how_true_the_page_is_stands_on_it() {
    let report = include_str!("../../docs/conformance.json");
    let report: serde_json::Value = serde_json::from_str(report).unwrap();
    let list = |name: &str| report[name].as_array().unwrap().clone();
    let number = |number: &serde_json::Value| number.as_u64().map(grouped).unwrap();
    let page = Page::open().await;
    page.key("app", "t").await;
    assert!(page.get("truth-dialog").has_attribute("open"));

    let summary = page.text("truth-summary");
    assert!(summary.contains(report["kernel"].as_str().unwrap()), "{summary}");
    let calls = format!("{} random calls", number(&report["calls"]));
    assert!(summary.starts_with(&calls), "{summary}");
    let differences = match report["differences"].as_u64() {
        Some(0) => "no difference".to_owned(),
        _ => format!("{} difference", number(&report["differences"])),
    };
    assert!(summary.contains(&differences), "{summary}");
    let rows: Vec<_> = page.all("truth-profile").iter().map(cells).collect();
    let expected = list("profiles").into_iter().map(|profile| {
        let about = profile["about"].as_str().unwrap().to_owned();
        vec![about, number(&profile["calls"]), number(&profile["differences"])]
    });
    assert_eq!(rows, expected.collect::<Vec<_>>());

    let known = page.text("truth-known");
    for difference in list("known") {
        let part = |name: &str| difference[name].as_str().unwrap().to_owned();
        assert!(known.contains(&part("what")) && known.contains(&part("reason")), "{known}");
    }
    let sections = list("sections");
    let outside = sections.iter().filter_map(|section| section["outside"].as_u64()).sum();
    let said = format!("{} are outside the model", grouped(outside));
    assert!(page.text("truth-outside").contains(&said), "{said}");
    assert_eq!(page.all("truth-section").len(), sections.len());

    page.click("truth-close").await;
    assert!(page.all("truth-dialog").is_empty());
    page.click("truth").await;
    assert!(page.get("truth-dialog").has_attribute("open"));
}

/// The texts of a table row's cells.
fn cells(row: &HtmlElement) -> Vec<String> {
    let cells = row.children();
    let cell = |index| cells.item(index).and_then(|cell| cell.text_content());
    (0..cells.length()).filter_map(cell).collect()
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

/// Has the clipboard do something else, or be away, from now on.
fn with_clipboard(script: &str) {
    js_sys::eval(script).unwrap();
}

#[wasm_bindgen_test]
async fn the_line_of_the_form_is_copied_as_it_will_run() {
    let page = Page::open().await;
    with_clipboard(
        "navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); };",
    );
    let title = || page.get("copy-line").title();
    assert_eq!(title(), "Copy");
    page.click("call-munmap").await;
    page.click("copy-line").await;
    let copied = js_sys::eval("window.copied").unwrap().as_string();
    assert_eq!(copied.as_deref(), Some("munmap(p, PAGE_SIZE)"));
    assert_eq!((title().as_str(), page.text("announcement").as_str()), ("Copied", "Copied"));
    page.click("call-brk").await;
    assert_eq!(title(), "Copy", "another line is not copied yet");

    // Somebody refuses; or the page came over plain HTTP, where there is no clipboard.
    for refusal in [
        "navigator.clipboard.writeText = () => Promise.reject(new Error('no'));",
        "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });",
    ] {
        with_clipboard(refusal);
        page.click("call-brk").await;
        page.click("copy-line").await;
        assert!(title().contains("refuses to copy"), "{}", title());
        assert!(page.text("announcement").contains("refuses to copy"));
    }
    with_clipboard("delete navigator.clipboard; delete navigator.clipboard.writeText;");
}
