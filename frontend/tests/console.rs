//! The console's input, the guided start and the lessons, in a real browser.
#![cfg(target_arch = "wasm32")]

mod support;

use support::{Page, first_visit};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const INPUT: &str = "console-input";

#[wasm_bindgen_test]
async fn tab_completes_what_is_clear() {
    let page = Page::open().await;
    page.type_text("mun").await;
    assert!(page.key(INPUT, "Tab").await);
    assert_eq!(page.typed(), "munmap(");
    assert!(page.all("completions").is_empty());
    page.type_text("mmap(NULL, 1, PROT_READ|PROT_W").await;
    page.key(INPUT, "Tab").await;
    assert_eq!(page.typed(), "mmap(NULL, 1, PROT_READ|PROT_WRITE");
}

#[wasm_bindgen_test]
async fn tab_lists_what_may_stand_there_and_what_it_means() {
    let page = Page::open().await;
    page.type_text("mmap(NULL, 1, P").await;
    assert!(page.key(INPUT, "Tab").await);
    assert_eq!(page.typed(), "mmap(NULL, 1, PROT_");
    assert_eq!(page.all("completion").len(), 7);
    let input = page.get(INPUT);
    let active = input.get_attribute("aria-activedescendant").unwrap();
    assert_eq!(page.all("completion")[0].id(), active);
    assert!(page.key(INPUT, "ArrowDown").await);
    assert!(page.text("announcement").contains("PROT_WRITE: pages may be written"));
    assert_eq!(page.all("completion")[1].get_attribute("aria-selected").as_deref(), Some("true"));
    // Typing narrows the list.
    page.type_text("mmap(NULL, 1, PROT_GROWS").await;
    assert_eq!(page.all("completion").len(), 2);
    assert!(page.key(INPUT, "Enter").await);
    assert_eq!(page.typed(), "mmap(NULL, 1, PROT_GROWSDOWN");
    assert!(page.all("completions").is_empty());
    assert!(page.all("console-line").is_empty(), "Enter took the candidate and ran nothing");
}

#[wasm_bindgen_test]
async fn a_button_lists_what_may_stand_there_for_whoever_has_no_tab() {
    let page = Page::open().await;
    page.click("console-complete").await;
    assert!(page.all("completion").len() > 5, "all calls, on an empty line");
    let first = page.text("completion");
    page.send(&page.get("completions-on"), "mousedown").await;
    page.send(&page.get("completions-on"), "mousedown").await;
    assert_ne!(page.text("completion"), first, "further down");
    page.click("console-complete").await;
    assert!(page.all("completions").is_empty(), "closed again");
    page.type_text("mmap(NULL, 1, PROT_EX").await;
    page.click("console-complete").await;
    assert_eq!(page.all("completion").len(), 1);
    let candidate = page.get("completion");
    page.send(&candidate, "mousedown").await;
    assert_eq!(page.typed(), "mmap(NULL, 1, PROT_EXEC");
    page.type_text("munmap(0x1000, 4096)").await;
    page.click("console-complete").await;
    assert!(page.all("completions").is_empty());
    assert!(page.text("announcement").contains("Nothing can be completed here"));
}

#[wasm_bindgen_test]
async fn tab_leaves_the_input_where_there_is_nothing_to_complete() {
    let page = Page::open().await;
    assert!(!page.key(INPUT, "Tab").await, "empty");
    page.type_text("munmap(0x1000, 4096)").await;
    assert!(!page.key(INPUT, "Tab").await, "behind the call");
    // A list that was closed stays closed until something is typed.
    page.type_text("mmap(NULL, 1, ").await;
    assert!(page.key(INPUT, "Tab").await);
    assert!(page.key(INPUT, "Escape").await);
    assert!(page.all("completions").is_empty());
    assert!(!page.key(INPUT, "Tab").await, "after Escape");
    page.type_text("mmap(NULL, 1, P").await;
    assert!(page.key(INPUT, "Tab").await);
}

#[wasm_bindgen_test]
async fn names_and_files_complete() {
    let page = Page::open().await;
    page.run("pool = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)").await;
    page.run("fd = open(\"notes.txt\", O_RDWR|O_CREAT, 0644)").await;
    page.type_text("load(po").await;
    page.key(INPUT, "Tab").await;
    assert_eq!(page.typed(), "load(pool");
    page.type_text("open(\"no").await;
    page.key(INPUT, "Tab").await;
    assert_eq!(page.typed(), "open(\"notes.txt\"");
}

#[wasm_bindgen_test]
async fn history_is_there_on_the_next_visit() {
    first_visit();
    let page = Page::open().await;
    page.run("brk(NULL)").await;
    page.run("munmap(0x1000, 4096)").await;
    drop(page);
    let page = Page::open().await;
    page.type_text("unfinished").await;
    page.key(INPUT, "ArrowUp").await;
    assert_eq!(page.typed(), "munmap(0x1000, 4096)");
    page.key(INPUT, "ArrowUp").await;
    assert_eq!(page.typed(), "brk(NULL)");
    page.key(INPUT, "ArrowDown").await;
    page.key(INPUT, "ArrowDown").await;
    assert_eq!(page.typed(), "unfinished");
}

#[wasm_bindgen_test]
async fn several_lines_are_one_undo() {
    let page = Page::open().await;
    page.run("brk(NULL)").await;
    page.run("a = malloc(24)\nb = malloc(24)\nfree(a)").await;
    assert_eq!(page.all("console-line").len(), 4);
    page.click("undo").await;
    assert_eq!(page.all("console-line").len(), 1);
}

#[wasm_bindgen_test]
async fn a_long_console_keeps_its_lines_where_one_is_added() {
    let page = Page::open().await;
    page.run(&"brk(NULL)\n".repeat(300)).await;
    let last = page.all("console-line").pop().unwrap();
    assert_eq!(last.get_attribute("data-step").unwrap(), "300");
    page.run("brk(NULL)").await;
    let lines = page.all("console-line");
    let same = lines.iter().find(|line| line.is_same_node(Some(&last)));
    assert_eq!(same.unwrap().get_attribute("data-step").unwrap(), "300");
}

#[wasm_bindgen_test]
async fn advice_is_chosen_by_name_and_meaning() {
    let page = Page::open().await;
    page.click("call-madvise").await;
    assert_eq!(page.text("c-line"), "madvise(p, PAGE_SIZE, MADV_DONTNEED)");
    assert!(page.text("call-form").contains("private ones are zeros afterwards"));
    page.click("call-msync").await;
    page.click("flag-MS_INVALIDATE").await;
    assert_eq!(page.text("c-line"), "msync(p, PAGE_SIZE, MS_SYNC|MS_INVALIDATE)");
}

fn done(page: &Page) -> Option<String> {
    page.all("guide").first().and_then(|guide| guide.get_attribute("data-done"))
}

#[wasm_bindgen_test]
async fn the_guide_leads_to_a_fault_and_is_never_in_the_way_again() {
    first_visit();
    let page = Page::open().await;
    for step in 0..5 {
        assert_eq!(done(&page), Some(step.to_string()));
        page.click("guide-go").await;
    }
    assert_eq!(done(&page).as_deref(), Some("5"));
    assert!(page.text("guide").contains("may not be written"));
    assert!(page.text("console-signal").contains("SIGSEGV"));
    page.click("guide-end").await;
    assert_eq!(done(&page), None);
    drop(page);
    assert_eq!(done(&Page::open().await), None);
}

#[wasm_bindgen_test]
async fn the_guide_waits_for_what_is_done_not_for_its_button() {
    first_visit();
    let page = Page::open().await;
    page.run("brk(NULL)").await;
    assert_eq!(done(&page).as_deref(), Some("0"));
    page.click("run").await; // the form's mmap
    assert_eq!(done(&page).as_deref(), Some("1"));
    page.key("page-grid", "s").await; // a store on the map
    assert_eq!(done(&page).as_deref(), Some("3"));
    page.click("undo").await;
    assert_eq!(done(&page).as_deref(), Some("1"));
}

#[wasm_bindgen_test]
async fn the_guide_is_skipped_for_good_and_started_again_from_the_help() {
    first_visit();
    let page = Page::open().await;
    page.click("guide-skip").await;
    assert_eq!(done(&page), None);
    page.run("store(NULL, 1)").await;
    page.click("keys").await;
    page.click("guide-start").await;
    assert_eq!(done(&page).as_deref(), Some("0"));
    assert!(page.all("console-line").is_empty());
    page.click("examples").await;
    page.click("example-ls").await;
    assert_eq!(done(&page), None, "something else was opened");
}

#[wasm_bindgen_test]
async fn the_guide_stays_with_the_session_it_began_in() {
    first_visit();
    let page = Page::open().await;
    page.click("guide-go").await;
    assert_eq!(done(&page).as_deref(), Some("1"));
    page.click("sessions-open").await;
    page.click("session-new").await;
    assert_eq!(done(&page), None, "a session of one's own");
    page.run("q = mmap(NULL, 4096, 3, 34, -1, 0)").await;
    assert_eq!(done(&page), None, "nor does it come back there");
    page.click("undo").await;
    page.click("undo").await;
    assert_eq!(done(&page).as_deref(), Some("1"), "its own session");
    page.run("a = malloc(100)").await;
    assert_eq!(done(&page), None, "a way of one's own");
}

#[wasm_bindgen_test]
async fn the_end_of_the_guide_speaks_of_the_signal_only_at_the_signal() {
    first_visit();
    let page = Page::open().await;
    page.run("store(NULL, 1)").await;
    assert!(page.text("guide").contains("A first signal"));
    page.click("guide-back").await;
    assert!(page.text("guide").contains("Before the signal"), "{}", page.text("guide"));
    page.click("guide-back").await;
    assert!(page.text("guide").contains("A first signal"));
    page.run("brk(NULL)").await;
    assert_eq!(done(&page), None, "it has gone on");
}

#[wasm_bindgen_test]
async fn a_refused_line_stays_with_its_session() {
    let page = Page::open().await;
    page.run("a = malloc(100)").await;
    page.run("free(b)").await;
    assert_eq!(page.typed(), "free(b)");
    page.click("undo").await;
    assert_eq!((page.typed().as_str(), lines(&page)), ("", 1), "only the line is taken back");
    page.run("free(b)").await;
    page.click("sessions-open").await;
    page.click("session-new").await;
    assert_eq!(page.typed(), "");
}

/// The only call shown in the console, or all of them.
fn lines(page: &Page) -> usize {
    page.all("console-line").len()
}

#[wasm_bindgen_test]
async fn a_lesson_asks_before_the_call_runs() {
    let page = Page::open().await;
    page.click("lessons-open").await;
    page.click("lesson-address-space").await;
    assert_eq!(page.text("lesson-title"), "Addresses are not memory");
    assert!(page.text("lesson-question").contains("How many pages are resident"));
    assert_eq!(lines(&page), 0, "nothing runs before an answer");
    page.click("lesson-answer-2").await;
    assert_eq!(lines(&page), 1);
    let verdict = page.get("lesson-verdict");
    assert_eq!(verdict.get_attribute("data-right").as_deref(), Some("false"));
    assert!(page.text("lesson-verdict").contains("It is: Afterwards no pages are resident."));
    assert!(page.text("lesson-result").contains("= 0x7ffff7ff7000"));
    page.click("lesson-next").await;
    page.click("lesson-answer-1").await;
    let verdict = page.get("lesson-verdict");
    assert_eq!(verdict.get_attribute("data-right").as_deref(), Some("true"));
    page.click("lesson-next").await;
    page.click("lesson-answer-0").await;
    assert_eq!(page.text("lesson-score"), "2 of 3 right");
    page.click("lesson-another").await;
    assert_eq!(page.text("lesson-title"), "What mmap looks at");
    assert_eq!(lines(&page), 0);
    page.click("lesson-end").await;
    assert!(page.all("lesson").is_empty());
}

#[wasm_bindgen_test]
async fn an_exercise_is_not_the_one_before() {
    let page = Page::open().await;
    page.click("lessons-open").await;
    page.click("lessons-exercise").await;
    let mut seen = Vec::new();
    for number in 1..=3 {
        assert_eq!(page.text("lesson-title"), format!("Exercise {number}"));
        while !page.all("lesson-run").is_empty() {
            page.click("lesson-run").await;
            page.click("lesson-next").await;
        }
        page.click("lesson-answer-0").await;
        assert_eq!(page.all("lesson-verdict").len(), 1);
        let all: Vec<String> =
            page.all("console-line").iter().filter_map(|it| it.text_content()).collect();
        assert!(!seen.contains(&all), "{all:?}");
        seen.push(all);
        page.click("lesson-another").await;
    }
}

#[wasm_bindgen_test]
async fn a_lesson_of_ones_own_is_judged_by_the_model() {
    let page = Page::open().await;
    page.click("lessons-open").await;
    let write = async |text: &str| {
        let field: web_sys::HtmlTextAreaElement = page.get("lessons-text").unchecked_into();
        field.set_value(text);
        page.send(&field, "input").await;
        page.click("lessons-begin").await;
    };
    write("# lesson: Mine\n#? And?\n#- 0 VMAs\n#- succeeds\nbrk(NULL)").await;
    assert!(page.text("lessons-said").contains("line 5, column 1: of its answers 2 hold"));
    write("# lesson: Mine\n#? And?\n#- EINVAL\n#- succeeds\nbrk(NULL)").await;
    assert_eq!(page.text("lesson-title"), "Mine");
    page.click("lesson-answer-1").await;
    assert_eq!(page.text("lesson-score"), "1 of 1 right");
}
