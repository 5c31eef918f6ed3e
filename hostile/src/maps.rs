//! Any text as a `/proc/PID/maps`: read, printed, and started from.

use crate::model::maps::{parse_maps, print_maps};
use crate::model::session::Session;
use crate::{check, lossy};

/// What was read prints as a text that reads the same; a process starts from it, and what that
/// lists is a text to start from as well.
pub(crate) fn run(bytes: &[u8]) {
    let text = lossy(bytes);
    let count = text.split('\n').count() as u32;
    let (lines, diagnostics) = parse_maps(&text);
    for diagnostic in &diagnostics {
        assert!((1..=count).contains(&diagnostic.line) && diagnostic.column > 0);
    }
    let printed = print_maps(&lines);
    assert_eq!(parse_maps(&printed).0, lines, "{printed}");

    let (mut session, _) = Session::start_from_maps(&text);
    check(&session);
    session.run(
        "p = mmap(NULL, PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
         store(p, 1)\nbrk(0)\nmalloc(10)\nmunmap(p, PAGE_SIZE)",
    );
    check(&session);
    if let Some(first) = lines.first() {
        let middle = (first.start / 2 + first.end / 2) & !0xfff;
        session
            .run(&format!("load({middle})\nmunmap({middle}, 4096)\nmprotect({middle}, 4096, 0)"));
        check(&session);
    }
    let listed = print_maps(&crate::model::state::maps_lines(session.process()));
    assert_eq!(parse_maps(&listed).1, [], "{listed}");
    check(&Session::start_from_maps(&listed).0);
}
