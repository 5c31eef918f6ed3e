//! The picture of an address space, read back as XML: well formed whatever is in it, and saying
//! what the state says.
#![cfg(not(target_arch = "wasm32"))]

use mmap_playground_core::machine::Machine;
use mmap_playground_core::picture::{self, Panel};
use mmap_playground_core::session::Session;
use mmap_playground_core::state;
use roxmltree::{Document, Node};
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn after(text: &str) -> Session {
    let mut session = Session::new(Machine::default());
    session.run(text);
    session
}

fn with_class<'a>(document: &'a Document<'a>, class: &str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.attribute("class") == Some(class)).collect()
}

fn words<'a>(document: &'a Document<'a>, class: &str) -> Vec<&'a str> {
    with_class(document, class).iter().filter_map(|node| node.text()).map(str::trim).collect()
}

fn number(node: &Node<'_, '_>, attribute: &str) -> f64 {
    node.attribute(attribute).and_then(|text| text.parse().ok()).expect(attribute)
}

#[test]
fn a_split_mapping_is_three_lanes() {
    let session = after(
        "p = mmap(NULL, 8*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
         store(p, 1)\nstore(p + PAGE_SIZE, 1)\nload(p + 5*PAGE_SIZE)\n\
         mprotect(p + 2*PAGE_SIZE, 3*PAGE_SIZE, PROT_READ|PROT_EXEC)",
    );
    let svg = picture::svg(session.process(), "mprotect(…) = 0");
    let document = Document::parse(&svg).unwrap();
    assert_eq!(words(&document, "as-caption"), ["mprotect(…) = 0"]);
    assert_eq!(document.root_element().tag_name().name(), "svg");
    assert_eq!(words(&document, "as-letters"), ["rw-p", "r-xp", "rw-p", "rw-p"]);
    assert_eq!(
        words(&document, "as-range"),
        [
            "7ffff7ff7000–7ffff7ff9000",
            "7ffff7ff9000–7ffff7ffc000",
            "7ffff7ffc000–7ffff7fff000",
            "7ffffffde000–7ffffffff000",
        ]
    );
    assert_eq!(words(&document, "as-name")[3], "[stack]");
    assert!(words(&document, "as-title")[0].starts_with("Address space: 4 VMAs, 164 KiB mapped"));
    // Two dirty pages, one that shows the zero page.
    assert_eq!(with_class(&document, "as-resident").len(), 3);
    assert_eq!(with_class(&document, "as-dirty").len(), 2);
    assert_eq!(with_class(&document, "as-cow").len(), 1);
    let free = words(&document, "as-muted");
    assert!(free.iter().any(|words| words.ends_with("MiB free")), "{free:?}");
}

#[test]
fn lanes_keep_the_order_and_stay_inside() {
    let log = include_str!("strace/ls.strace");
    let maps = include_str!("strace/ls.initial.maps");
    let (mut session, _) = Session::start_from_maps(maps);
    session.run(log);
    let svg = picture::svg(session.process(), "");
    let document = Document::parse(&svg).unwrap();
    let vmas = with_class(&document, "as-vma");
    assert_eq!(vmas.len(), state::vmas(session.process()).len());
    let root = document.root_element();
    let (width, height) = (number(&root, "width"), number(&root, "height"));
    let mut last = 0.0;
    for text in with_class(&document, "as-letters") {
        let y = number(&text, "y");
        assert!(y > last && y < height, "{y} in {height}");
        last = y;
    }
    for node in document.descendants().filter(|node| node.has_tag_name("rect")) {
        let x = node.attribute("x").map_or(0.0, |_| number(&node, "x"));
        assert!(x + number(&node, "width") <= width + 0.1);
    }
}

#[test]
fn what_is_writable_and_executable_is_hatched() {
    let session =
        after("mmap(NULL, 4096, PROT_READ|PROT_WRITE|PROT_EXEC, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)");
    let svg = picture::svg(session.process(), "");
    let document = Document::parse(&svg).unwrap();
    let hatched =
        document.descendants().filter(|it| it.attribute("fill") == Some("url(#as-hazard)"));
    assert_eq!(hatched.count(), 1);
    assert!(words(&document, "as-name").iter().any(|name| name.ends_with("W+X")));
    assert!(words(&document, "as-muted").iter().any(|it| it.contains("writable and executable")));
}

#[test]
fn names_and_captions_cannot_break_it() {
    let session = after(
        "fd = open(\"/tmp/<a href=\\\"x\\\">&\\x01]]>\\xff.so\", O_RDWR|O_CREAT, 0644)\n\
         mmap(NULL, 3*4096, PROT_READ, MAP_PRIVATE, fd, 0)",
    );
    let svg = picture::svg(session.process(), "</svg><script>alert(1)</script>\u{0}");
    let document = Document::parse(&svg).unwrap();
    assert!(!document.descendants().any(|node| node.has_tag_name("script")));
    assert!(words(&document, "as-caption")[0].starts_with("</svg><script>"));
    assert!(words(&document, "as-name").iter().any(|name| name.contains(']')), "{svg}");
    // The whole mapping lies behind the end of an empty file.
    assert!(
        words(&document, "as-muted").iter().any(|it| it.contains("behind the end of the file"))
    );
}

#[test]
fn much_is_counted_not_drawn() {
    let one = "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
               mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n";
    let session = after(&one.repeat(600));
    let svg = picture::svg(session.process(), "");
    let document = Document::parse(&svg).unwrap();
    assert_eq!(with_class(&document, "as-vma").len(), 500);
    assert!(words(&document, "as-muted").contains(&"and 701 more VMAs above"));
    let whole =
        after("mmap(NULL, 1 << 46, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)");
    assert!(Document::parse(&picture::svg(whole.process(), "")).is_ok());
}

/// The picture of one panel behind the map's.
fn panel(text: &str, panel: Panel, subject: Option<u64>) -> String {
    picture::svg_of(after(text).process(), "", &[Panel::Map, panel], subject)
}

const BLOCKS: &str = "a = malloc(100)\nb = malloc(200)\nc = malloc(300)\nfree(b)";

#[test]
fn the_pieces_of_a_heap_fill_its_major_block() {
    let svg = panel(BLOCKS, Panel::Heap, None);
    let document = Document::parse(&svg).unwrap();
    let ranges: Vec<(u64, u64)> = with_class(&document, "as-piece")
        .iter()
        .map(|piece| {
            let range = piece.descendants().find(|it| it.attribute("class") == Some("as-range"));
            let text = range.and_then(|node| node.text()).unwrap().trim();
            let (start, end) = text.split_once('–').unwrap();
            (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap())
        })
        .collect();
    assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0), "{ranges:x?}");
    assert_eq!(ranges.last().unwrap().1 - ranges[0].0, 65536);
    let names = words(&document, "as-piece-name");
    assert_eq!(names[0], "major header");
    assert_eq!(names.iter().filter(|name| **name == "hole").count(), 2, "{names:?}");
    assert_eq!(names.iter().filter(|name| name.starts_with("300 bytes at 0x")).count(), 1);
}

#[test]
fn a_damaged_heap_is_drawn_as_far_as_it_can_be_read() {
    let broken = format!("{BLOCKS}\nmemset(a, 0xff, 600)");
    let svg = panel(&broken, Panel::Heap, None);
    let document = Document::parse(&svg).unwrap();
    assert!(!words(&document, "as-broken").is_empty(), "{svg}");
    let magic = format!("{BLOCKS}\nstore(a - 32, 0, 4)");
    let svg = panel(&magic, Panel::Heap, None);
    let document = Document::parse(&svg).unwrap();
    let names = words(&document, "as-piece-name");
    assert!(names.iter().any(|name| name.starts_with("minor header, damaged")), "{names:?}");
    let none = panel("", Panel::Heap, None);
    let document = Document::parse(&none).unwrap();
    assert!(words(&document, "as-muted").contains(&"Heap: nothing yet"));
}

#[test]
fn a_frame_of_two_pages_says_so() {
    let svg = panel(
        "fd = memfd_create(\"m\", 0)\nftruncate(fd, 8192)\n\
         p = mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)\n\
         q = mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)\n\
         store(p, 1)\nstore(q, 1)",
        Panel::Frames,
        None,
    );
    let document = Document::parse(&svg).unwrap();
    assert_eq!(words(&document, "as-frame-number"), ["0", "1 ×2"]);
}

#[test]
fn a_walk_is_drawn_to_where_it_stops() {
    let map = "p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(p)";
    let states = |address| {
        let svg = panel(map, Panel::Walk, address);
        let document = Document::parse(&svg).unwrap();
        words(&document, "as-level-state").iter().map(|&it| it.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        states(Some(0x7fff_f7ff_d000)),
        ["present", "present", "present", "present", "accessed NX"]
    );
    let stops = "not present: the walk stops";
    assert_eq!(states(Some(0x7fff_f7ff_e000)), ["present", "present", "present", stops]);
    assert_eq!(states(Some(0x1000)), [stops, "not reached", "not reached", "not reached"]);
    assert_eq!(states(None), [""; 0]);
}

/// Runs `replay` over a trace.
fn replay(arguments: &[&str], trace: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_replay"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A tool that refuses its arguments reads nothing: that the pipe breaks is no failure.
    let _ = child.stdin.take().unwrap().write_all(trace.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn replay_draws_what_the_page_saves() {
    let session = after(BLOCKS);
    let last = session.step(session.len() - 1).unwrap();
    let caption = format!("{} = {}", last.text, last.result);
    let whole = replay(&["--print", "svg"], BLOCKS);
    assert!(whole.status.success());
    assert_eq!(String::from_utf8(whole.stdout).unwrap(), picture::svg(session.process(), &caption));

    let step = replay(&["--print", "svg", "--step", "2", "--panels", "heap,walk"], BLOCKS);
    let session = after("a = malloc(100)\nb = malloc(200)");
    let last = session.step(1).unwrap();
    let caption = format!("{} = {}", last.text, last.result);
    let subject = u64::from_str_radix(last.result.trim_start_matches("0x"), 16).unwrap();
    let panels = [Panel::Heap, Panel::Walk];
    assert_eq!(
        String::from_utf8(step.stdout).unwrap(),
        picture::svg_of(session.process(), &caption, &panels, Some(subject))
    );
}

#[test]
fn replay_refuses_what_it_cannot_draw() {
    for (arguments, words) in [
        (["--panels", "map,lanes"], "there is no panel \"lanes\"; the panels are map, heap"),
        (["--step", "two"], "invalid digit"),
        (["--at", "there"], "expected an address"),
    ] {
        let output = replay(&[&["--print", "svg"], &arguments[..]].concat(), BLOCKS);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
}
