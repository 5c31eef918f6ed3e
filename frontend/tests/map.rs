//! The map in a real browser: the tree, the levels, what lights together, the page walk.
#![cfg(target_arch = "wasm32")]

mod support;

use mmap_playground::components::legend::EXPLAINED;
use mmap_playground::grid::paint::{self, FrameCell};
use mmap_playground::grid::scene::{Cell, Marks, Scene};
use mmap_playground::theme::Palette;
use mmap_playground_core::abi::Prot;
use support::{Page, first_visit};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

wasm_bindgen_test_configure!(run_in_browser);

/// A page with eight pages mapped, the first of them written.
async fn mapped() -> Page {
    first_visit();
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
    // It is said once the map rests.
    page.rest().await;
    assert!(page.text("announcement").contains("The whole address space"));
    assert!(seen.iter().any(|level| level == "vmas"));
    page.click("crumb-vmas").await;
    assert_eq!(level(&page), "vmas");
    page.key("page-grid", "End").await;
    assert!(page.text("announcement").contains("[stack]"));
    page.rest().await;
    assert!(page.text("announcement").contains("[stack]"), "what the zoom would say is no news");
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

/// What painting leaves on a canvas of its own, as a picture in text.
fn picture(paint: impl FnOnce(&CanvasRenderingContext2d, &Palette)) -> String {
    let document = web_sys::window().unwrap().document().unwrap();
    let canvas: HtmlCanvasElement = document.create_element("canvas").unwrap().unchecked_into();
    let colors = "--ink: #111; --muted: #666; --line: #ccc; --panel: #fff; --accent: #22f;
        --changed: #a50; --danger: #b22; --on-fill: #fefefe; --prot-rw-: #184; --mono: monospace";
    canvas.set_attribute("style", colors).unwrap();
    document.body().unwrap().append_child(&canvas).unwrap();
    let palette = Palette::at(&canvas);
    paint(&paint::prepare(&canvas, 120.0, 80.0, 1.0).unwrap(), &palette);
    let picture = canvas.to_data_url().unwrap();
    canvas.remove();
    picture
}

/// A page in the middle of a map, with these marks; with nothing mapped there if it is gone.
fn painted(marks: Marks, width: f64) -> String {
    let gone = marks.contains(Marks::GONE);
    let cell = Cell {
        x: 20.0,
        y: 20.0,
        width,
        height: 40.0,
        address: 0x1000,
        prot: (!gone && !marks.is_empty()).then_some(Prot::RW),
        frame: marks.contains(Marks::RESIDENT).then_some(7),
        frame_mappings: 1 + u32::from(marks.contains(Marks::FRAME_SHARED)),
        marks,
        starts: false,
        ends: false,
        lit: false,
        selected: false,
        cursor: false,
    };
    let scene = Scene { cells: vec![cell], ..Scene::default() };
    picture(|context, palette| paint::grid(context, &scene, palette, (120.0, 0.0), 1.0))
}

#[wasm_bindgen_test]
fn every_mark_of_the_legend_is_painted_and_like_no_other() {
    let mut seen = vec![(Marks::empty(), painted(Marks::empty(), 40.0))];
    for (mark, ..) in EXPLAINED {
        let mark = *mark;
        let alone = Marks::RESIDENT | Marks::ABSENT | Marks::ZERO_PAGE | Marks::GONE;
        let beside = match mark {
            _ if alone.contains(mark) => Marks::empty(),
            Marks::INFERRED => Marks::ABSENT, // what is filled has no outline
            _ => Marks::RESIDENT,
        };
        let picture = painted(mark | beside, 40.0);
        for (other, painted) in &seen {
            assert_ne!(*painted, picture, "{mark:?} looks like {other:?}");
        }
        seen.push((mark, picture));
    }
}

#[wasm_bindgen_test]
fn the_zero_page_differs_however_small_it_is() {
    for width in [4.0, 16.0, 40.0, 80.0] {
        let [zero, own, none] = [Marks::ZERO_PAGE, Marks::RESIDENT, Marks::ABSENT]
            .map(|mark| painted(mark | Marks::ACCESSED, width));
        assert!(zero != own && zero != none, "{width} px");
    }
}

#[wasm_bindgen_test]
fn a_shared_frame_shows_its_count() {
    let alone = painted(Marks::RESIDENT, 80.0);
    assert_ne!(painted(Marks::RESIDENT | Marks::FRAME_SHARED, 80.0), alone);
    let frame = |count| {
        let color = Some("#184".to_owned());
        let cell = FrameCell { color, count, ..FrameCell::free(1, false) };
        picture(|context, palette| paint::frame_cells(context, &[cell], 4, 0.0, palette))
    };
    let (one, two, three) = (frame(None), frame(Some(2)), frame(Some(3)));
    assert!(one != two && two != three && one != three);
}

/// Two mappings of one file: its frame says that two pages map it, until one is unmapped.
#[wasm_bindgen_test]
async fn a_frame_of_two_mappings_counts_both() {
    let page = Page::open().await;
    page.run("fd = memfd_create(\"m\", 0)\nftruncate(fd, 4096)").await;
    page.run(
        "p = mmap(NULL, 4096, 3, MAP_SHARED, fd, 0)\nq = mmap(NULL, 4096, 3, MAP_SHARED, fd, 0)",
    )
    .await;
    page.run("store(p, 1)").await;
    let frame = async || {
        page.key("frames-grid", "ArrowRight").await;
        let said = page.text("announcement");
        page.key("frames-grid", "ArrowLeft").await;
        said
    };
    assert!(frame().await.contains("mapped at 0x"), "{}", frame().await);
    page.run("load(q)").await;
    assert!(frame().await.contains("mapped by 2 pages"), "{}", frame().await);
    assert!(page.text("frames-used").starts_with("1 of"), "{}", page.text("frames-used"));
    page.run("munmap(p, 4096)").await;
    assert!(frame().await.contains("mapped at 0x"), "{}", frame().await);
}

/// A page that was only read is resident, and no frame is in use: the panel says why.
#[wasm_bindgen_test]
async fn the_frames_say_which_pages_show_the_zero_page() {
    first_visit();
    let page = Page::open().await;
    page.click("guide-go").await;
    assert!(page.all("frames-zero").is_empty());
    page.run("load(p)\nload(p + PAGE_SIZE)").await;
    assert!(page.text("frames-used").starts_with("0 of"));
    assert!(page.text("frames-zero").starts_with("2 pages show the shared zero page"));
    page.run("store(p, 1)").await;
    assert!(page.text("frames-used").starts_with("1 of"));
    assert!(page.text("frames-zero").starts_with("1 page shows the shared zero page"));
}
