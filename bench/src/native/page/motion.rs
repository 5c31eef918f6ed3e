//! The map in motion and calls, with little and with much in the address space.

use super::{import, measured, spread};
use crate::native::measure::Figure;
use crate::native::table::{Goal, Table};
use anyhow::Result;
use e2e::{Page, id};
use serde_json::json;
use std::fmt::Write;

/// Frames of each measurement.
const FRAMES: usize = 240;
/// Where the VMAs lie.
const START: u64 = 0x1_0000_0000;
/// Where the resident pages lie.
const PAGES: u64 = 0x20_0000_0000;

/// The tables, in the order of the report.
pub(super) async fn tables(page: &Page) -> Result<[Table; 2]> {
    let mut frames = Table::new(
        "The page: a frame",
        "From frame to frame while something is done in each, at 1440×900 without a GPU, the \
         screen's own pace switched off: rows of VMAs and of pages go by, a step of zoom, the \
         pointer over the map until what lies under it is highlighted.",
        "ms",
    );
    let mut calls = Table::new(
        "The page: a call",
        "From Enter in the console until the map shows what the call did.",
        "ms",
    );
    let worlds = [
        ("20 VMAs", vmas(20)),
        ("1,000 VMAs", vmas(1_000)),
        ("65,530 VMAs", vmas(65_530)),
        ("65,528 VMAs, 1,000,000 pages", format!("{}{}", vmas(65_528), pages(1_000_000))),
        ("100,000 heap blocks", heap(100_000)),
    ];
    for (name, trace) in worlds {
        eprintln!("The page with {name} …");
        import(page, &trace).await?;
        let heap = trace.contains("malloc");
        if !heap {
            frames.row(name, in_motion(page).await?);
        }
        calls.row(name, vec![spread("call to paint", a_call(page, heap).await?)]);
    }
    goals(&mut frames, &mut calls);
    Ok([frames, calls])
}

/// Each way in which the map moves.
async fn in_motion(page: &Page) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let ways = [
        ("VMAs scroll", "vmas", "scroll"),
        ("pages scroll", "pages", "scroll"),
        ("zoom", "whole", "zoom"),
        ("hover", "pages", "hover"),
    ];
    for (who, level, what) in ways {
        page.click(&id(&format!("crumb-{level}"))).await?;
        let times = measured(page, what, vec![json!(FRAMES)]).await?;
        figures.push(spread(who, times));
    }
    Ok(figures)
}

/// Calls that leave all as it was, one by one.
async fn a_call(page: &Page, heap: bool) -> Result<Vec<f64>> {
    const PAIR: [[&str; 2]; 2] = [
        [
            "mmap(0x90000000, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
            "munmap(0x90000000, 8192)",
        ],
        ["z = malloc(24)", "free(z)"],
    ];
    let lines: Vec<&str> = PAIR[usize::from(heap)].into_iter().cycle().take(40).collect();
    measured(page, "calls", vec![json!(lines)]).await
}

fn goals(frames: &mut Table, calls: &mut Table) {
    for (index, what) in ["VMAs scroll", "pages scroll", "zoom", "hover"].into_iter().enumerate() {
        let few = frames.figure(0, index).map(|figure| figure.median);
        let Some(many) = frames.figure(3, index).cloned() else { continue };
        let ratio = few.map(|few| many.median / few);
        frames.goal(Goal::most(&format!("{what}, much / 20 VMAs"), ratio, 1.5));
        frames.goal(Goal::most(&format!("{what}, p95 with much, ms"), Some(many.least), 16.0));
    }
    let heap = calls.figure(4, 0).map(|figure| figure.least);
    calls.goal(Goal::most("100,000 heap blocks, p95, ms", heap, 16.0));
    calls.bounded_by(CALL_BOUND);
    frames.bounded_by(FRAME_BOUND);
}

const CALL_BOUND: &str = "The map itself takes 2 ms. Of the time from Enter to the paint, Chromium's \
    timeline gives a third to the module, for the most part to yew, which renders each panel that \
    shows the moment; a third to styles and layout of what changed in them (some 300 elements at 1,000 \
    VMAs: the strip of the whole, rows of the list, the bytes); a third to painting without a GPU and \
    to the frame's way to the screen. With all panels hidden but the map, 60 % of the time is left.";

const FRAME_BOUND: &str = "While the map scrolls or zooms it alone is painted; the other views hear \
    of it when it rests. Of a step of zoom at 65,530 VMAs, Chromium's profiler gives half to the \
    module and its canvas calls (a fifth of that is the copy of what was seen, which fades, and a \
    seventh the plan of the next level over all VMAs) and half to the browser, which paints without a \
    GPU. Of a move of the pointer it gives most to yew, which renders each view that may light up.";

/// A trace after which there are so many VMAs, with the stack.
fn vmas(count: u64) -> String {
    let pages = count - 1;
    let mut trace = format!(
        "mmap({START:#x}, {}, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)\n",
        pages * 4096
    );
    for index in (1..pages).step_by(2) {
        let _ = writeln!(trace, "mprotect({:#x}, 4096, PROT_READ)", START + index * 4096);
    }
    trace
}

/// A mapping of so many pages, all resident.
fn pages(count: u64) -> String {
    format!(
        "mmap({PAGES:#x}, {}, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE, -1, 0)\n",
        count * 4096
    )
}

/// So many blocks of the allocator.
fn heap(count: usize) -> String {
    "a = malloc(24)\n".repeat(count)
}
