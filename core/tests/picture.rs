//! The picture of an address space, read back as XML: well formed whatever is in it, and saying
//! what the state says.
#![cfg(not(target_arch = "wasm32"))]

use mmap_playground_core::machine::Machine;
use mmap_playground_core::picture;
use mmap_playground_core::session::Session;
use mmap_playground_core::state;
use roxmltree::{Document, Node};

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
