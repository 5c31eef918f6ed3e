//! The measuring program.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod kernel;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod no_kernel;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
use no_kernel as kernel;

mod logs;
mod machine;
mod measure;
mod page;
mod peer;
mod table;
mod wasm;

use anyhow::{Context, Result};
use bench::{calls, heap, memory, model::Model};
use clap::{Parser, Subcommand};
use measure::{Contender, Figure, rounds};
use std::fs;
use std::path::PathBuf;
use table::{Goal, Table};

/// Measures the model beside the kernel and beside other models, in one run.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// The same workloads as a WebAssembly module, to be measured in Node.
    #[arg(long)]
    wasm: Option<PathBuf>,
    #[command(flatten)]
    pages: page::Pages,
    /// Where to write the tables, as Markdown.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Rounds of each measurement.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Measures nothing but the page.
    #[arg(long, requires = "page")]
    only_page: bool,
}

#[derive(Subcommand)]
enum Part {
    /// Reads a log of so many lines and prints what that took; a process of its own, so that its
    /// peak of memory is that of one log.
    Log {
        /// Lines of the log.
        lines: usize,
    },
}

/// Sizes of an address space, in VMAs. The kernel allows 65,530 in all, and the measuring process
/// has some of its own.
const SIZES: [u64; 4] = [100, 1_000, 10_000, 65_000];

/// The program.
pub(crate) fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(Part::Log { lines }) = arguments.part {
        println!("{}", serde_json::to_string(&logs::read(lines))?);
        return Ok(());
    }
    let rounds = arguments.rounds;
    let module = arguments.wasm.as_deref();
    let one = |table: Table| Ok(vec![table]);
    let parts: [&dyn Fn() -> Result<Vec<Table>>; 9] = [
        &|| one(call_table(rounds)),
        &|| one(place_table(rounds)),
        &|| one(access_table(rounds)),
        &|| one(fill_table(rounds)),
        &|| one(heap_table(rounds)),
        &|| {
            let there = module.map(|module| wasm::in_node(module, rounds)).transpose()?;
            one(wasm::table("WebAssembly in Node", there.unwrap_or_default(), rounds))
        },
        &|| one(logs::table()?),
        &|| one(reservation_table()),
        &|| page::tables(&arguments.pages, module, rounds),
    ];
    let only = if arguments.only_page { parts.len() - 1 } else { 0 };
    let mut text = machine::description();
    print!("{text}");
    for part in &parts[only..] {
        for table in part()? {
            println!("{table}");
            text.push('\n');
            text.push_str(&table.to_string());
        }
    }
    if let Some(path) = arguments.report {
        fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(())
}

/// The same random calls for all.
fn call_table(times: usize) -> Table {
    let mut table = Table::new(
        "A call",
        "`mmap`, `munmap` and `mprotect` over so many VMAs, the same random list for all; a third \
         of them split a VMA and join it again. memory_set does not join, so it gets a fresh set \
         each round.",
        "ns a call",
    );
    const CALLS: usize = 4_000;
    let mut at = Vec::new();
    for size in SIZES {
        let list = calls::list(size, CALLS, 1);
        let slots = calls::slots(size);
        let mut model = Model::with(&slots);
        let mut kernel = kernel::Kernel::with(&slots);
        let mut contenders = vec![
            Contender::new("model", |timer| timer.time(|| model.run(&list))),
            Contender::new("memory_set", |timer| {
                let mut peer = peer::Peer::with(&slots);
                timer.time(|| peer.run(&list));
            }),
        ];
        if let Some(kernel) = &mut kernel {
            contenders.push(Contender::new("kernel", |timer| timer.time(|| kernel.run(&list))));
        }
        let figures = rounds(&mut contenders, times, CALLS as f64);
        at.push(figures[0].median);
        table.row(&format!("{size} VMAs"), figures);
    }
    table.goal(Goal::most("model / kernel at 1,000 VMAs", table.ratio(1, "model", "kernel"), 0.3));
    table.goal(Goal::most("model / kernel at 65,000 VMAs", table.ratio(3, "model", "kernel"), 0.5));
    let peer = table.ratio(1, "model", "memory_set");
    table.goal(Goal::most("model / memory_set at 1,000 VMAs", peer, 0.5));
    let peer = table.ratio(3, "model", "memory_set");
    table.goal(Goal::most("model / memory_set at 65,000 VMAs", peer, 0.01));
    table.goal(Goal::most("model, 65,000 VMAs / 100", Some(at[3] / at[0]), 3.0));
    table.bounded_by(CALL_BOUND);
    table
}

const CALL_BOUND: &str = "At 65,000 VMAs the tree (four levels, 3 MB of leaves) is larger than the \
    second-level cache, and the random list goes to another leaf with each call. `perf` finds 22 % \
    of the time in the first descent, whose misses are the cost of the size, and 50 % in the \
    descents that follow (`mprotect` makes four, and one or two that write) and in the leaves that \
    they write, whose summaries are added up anew.";

/// Mappings without a hint, where all holes but the last are too small.
fn place_table(times: usize) -> Table {
    let mut table = Table::new(
        "Placement",
        "`mmap(NULL, …)` and `munmap` of it, in an address space whose holes below `mmap_base` are \
         all too small but the last.",
        "ns a pair",
    );
    const PAIRS: usize = 2_000;
    let mut at = Vec::new();
    for size in SIZES {
        let mut model = Model::with(&[]);
        model.run(&calls::slots_below(model.mmap_base(), size));
        let mut kernel = kernel::Kernel::with_holes(size);
        let mut peer = peer::Peer::with(&calls::slots(size));
        let mut contenders = vec![
            Contender::new("model", |timer| timer.time(|| model.place(PAIRS))),
            Contender::new("memory_set", |timer| {
                timer.time_part(PAIRS, 20, |pairs| peer.place(pairs, size));
            }),
        ];
        if let Some(kernel) = &mut kernel {
            contenders.push(Contender::new("kernel", |timer| timer.time(|| kernel.place(PAIRS))));
        }
        let figures = rounds(&mut contenders, times, PAIRS as f64);
        at.push(figures[0].median);
        table.row(&format!("{size} VMAs"), figures);
    }
    table.goal(Goal::most("model, 65,000 VMAs / 100", Some(at[3] / at[0]), 3.0));
    table
}

/// Loads, stores and page faults.
fn access_table(times: usize) -> Table {
    const PAGES: u64 = 4_000;
    let mut table = Table::new(
        "An access",
        "Eight bytes of each of 4,000 pages, as calls of the model. The kernel's column is the \
         processor itself, with the kernel's page faults.",
        "ns an access",
    );
    for access in memory::Access::ALL {
        let mut contenders = vec![Contender::new("model", |timer| {
            let (mut model, accesses) = memory::prepared(access, PAGES);
            timer.time(|| model.run_calls(&accesses));
        })];
        if kernel::there() {
            contenders.push(Contender::new("kernel", move |timer| {
                kernel::access(access, PAGES, timer);
            }));
        }
        let figures = rounds(&mut contenders, times, PAGES as f64);
        table.row(access.name(), figures);
    }
    table
}

/// Filling of memory that is resident.
fn fill_table(times: usize) -> Table {
    let mut table = Table::new(
        "`memset`",
        "Of resident pages, and of a plain byte array: in one go, and 4 KiB at a time, as pages lie.",
        "ns a KiB",
    );
    for kib in [4_u64, 64, 1024, 16 * 1024] {
        let length = kib << 10;
        let (mut model, call) = memory::filling(length);
        let mut plain = vec![1_u8; length as usize];
        let mut paged = plain.clone();
        let repeats = (16 * 1024 / kib).clamp(1, 500) as usize;
        let mut contenders = vec![
            Contender::new("model", |timer| {
                timer.time(|| {
                    for _ in 0..repeats {
                        model.run_calls(std::slice::from_ref(&call));
                    }
                });
            }),
            Contender::new("byte array", |timer| {
                timer.time(|| {
                    for _ in 0..repeats {
                        std::hint::black_box(&mut plain).fill(7);
                    }
                });
            }),
            Contender::new("byte array, by 4 KiB", |timer| {
                timer.time(|| {
                    for _ in 0..repeats {
                        for page in paged.chunks_mut(4096) {
                            std::hint::black_box(page).fill(7);
                        }
                    }
                });
            }),
        ];
        let figures = rounds(&mut contenders, times, (kib as usize * repeats) as f64);
        table.row(&format!("{kib} KiB"), figures);
    }
    for row in 1..4 {
        let what = format!("model / byte array, {}", table.name(row));
        table.goal(Goal::most(&what, table.ratio(row, "model", "byte array"), 1.5));
        let what = format!("model / byte array by 4 KiB, {}", table.name(row));
        let ratio = table.ratio(row, "model", "byte array, by 4 KiB");
        table.goal(Goal::most(&what, ratio, 1.5));
    }
    table.bounded_by(MEMSET_BOUND);
    table
}

const MEMSET_BOUND: &str = "Frames lie apart: the model fills 4 KiB at a time, and the C \
    library's `memset` of 64 KiB and more in one go uses an instruction that is faster the longer \
    the piece. Beside the same byte array filled 4 KiB at a time, what the model adds is one walk \
    of the page table and one lookup of the frame a page.";

/// liballoc in simulated memory, and the same code on a byte array.
fn heap_table(times: usize) -> Table {
    let mut table = Table::new(
        "liballoc",
        "`malloc` and `free`, the same random list; the byte array has the same code, without \
         pages, protections or page faults.",
        "ns a call",
    );
    for (calls, live) in [(2_000, 20), (5_000, 500), (5_000, 2_500)] {
        let list = heap::list(calls, live, 1);
        let mut contenders = vec![
            Contender::new("model", |timer| {
                timer.time(|| std::hint::black_box(heap::in_the_model(&list)));
            }),
            Contender::new("byte array", |timer| {
                timer.time(|| std::hint::black_box(heap::on_a_byte_array(&list)));
            }),
        ];
        let figures = rounds(&mut contenders, times, calls as f64);
        table.row(&format!("at most {live} blocks"), figures);
    }
    for row in 0..3 {
        let what = format!("model / byte array, {}", table.name(row));
        table.goal(Goal::most(&what, table.ratio(row, "model", "byte array"), 3.0));
    }
    table.bounded_by(HEAP_BOUND);
    table
}

const HEAP_BOUND: &str = "Each field of a header is a load or a store of the simulated processor. \
    With at most 20 blocks, `perf` finds 33 % of the time in `load`, `store` and the translation (what \
    was translated of late is remembered), 16 % in finding the frame in a tree that moments share, and \
    7 % in copying bytes.";

/// What a mapping costs that nobody touches.
fn reservation_table() -> Table {
    let mut table = Table::new(
        "A reservation",
        "A fresh process of the model after `mmap` of so much.",
        "bytes",
    );
    for (name, length) in [("1 page", 4096_u64), ("1 TiB", 1 << 40)] {
        let before = measure::heap_bytes();
        let mut model = Model::with(&[]);
        model.reserve(length);
        let bytes = measure::heap_bytes() - before;
        drop(model);
        table.row(name, vec![Figure::exact("model", bytes as f64)]);
    }
    let (page, tib) = (table.median(0, "model"), table.median(1, "model"));
    let ratio = page.zip(tib).map(|(page, tib)| tib / page);
    table.goal(Goal::most("1 TiB / 1 page", ratio, 1.0));
    table
}
