//! What the original liballoc 1.1 did, operation by operation.
//!
//! Every trace of `data/liballoc` (its README has the format) is run again, and all that was
//! recorded is compared: results, calls of the page hooks with their addresses, list order, headers,
//! counters, resident pages, and where a list is broken.

#![allow(dead_code, unreachable_pub)]

use include_dir::{Dir, include_dir};
use mmap_playground_core as model;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange};
use mmap_playground_core::call::SignalInfo;
use mmap_playground_core::heap::Heap;
use mmap_playground_core::liballoc::layout::MAGIC_LIVE;
use mmap_playground_core::liballoc::{HeapLists, Liballoc, inspect};
use mmap_playground_core::replay::Runner;
use mmap_playground_core::trace::Script;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use test_host::{Hook, Machine, Ret};

#[path = "../../src/liballoc/test_host.rs"]
pub mod test_host;

/// What the original did, built in, so that the same tests run natively, in Node and in a browser.
static RECORDED: Dir = include_dir!("$CARGO_MANIFEST_DIR/tests/data/liballoc");

/// Every trace of the three folders gives what was recorded.
pub fn traces() {
    let (mut op_count, mut trace_count) = (0, 0);
    let mut differences = Vec::new();
    for name in names(".jsonl") {
        match run_trace(&text(&name)) {
            Ok(ops) => {
                op_count += ops;
                trace_count += 1;
            }
            Err(difference) => differences.push(format!("{name}: {difference}")),
        }
    }
    println!("{op_count} ops in {trace_count} traces agree");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    assert!(trace_count >= 44, "{trace_count} traces");
}

/// The log that a trace was made of, run as a log, ends in the state that was recorded.
pub fn logs() {
    let mut differences = Vec::new();
    let logs = names(".ltrace");
    for name in &logs {
        let recorded = text(&name.replace(".ltrace", ".jsonl"));
        if let Err(difference) = run_log(&text(name), &recorded) {
            differences.push(format!("{name}: {difference}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(logs.len() >= 4, "{} logs", logs.len());
}

/// The files with an ending, compressed or not, as `real/git.ltrace`.
fn names(ending: &str) -> Vec<String> {
    let files = RECORDED.dirs().flat_map(|folder| folder.files());
    let paths = files.filter_map(|file| file.path().to_str());
    let names = paths.map(|path| path.strip_suffix(".gz").unwrap_or(path).to_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(ending)).collect();
    names.sort_unstable();
    names
}

/// The text of a file.
fn text(name: &str) -> String {
    if let Some(file) = RECORDED.get_file(name) {
        return file.contents_utf8().expect("UTF-8").to_owned();
    }
    let file = RECORDED.get_file(format!("{name}.gz")).expect("a file");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file.contents()).read_to_string(&mut text).expect("gzip");
    text
}

/// Runs a log in a process, and compares the heap at its end with the last recorded state.
fn run_log(log: &str, recorded: &str) -> Result<(), String> {
    let lines = recorded.lines().skip(1);
    let ops: Vec<Value> = lines.map(|line| serde_json::from_str(line).expect("JSON")).collect();
    // The recorded names of major blocks, by the addresses that the page hook gave.
    let hooks = ops.iter().flat_map(|op| items(&op["hooks"]));
    let given = hooks.filter(|hook| hook[0] == "alloc").filter_map(|hook| {
        let size = hook[1].as_u64()? * PAGE_SIZE;
        PageRange::spanning(read_address(&[], &hook[3])?, size)
    });
    let made: Vec<PageRange> = given.collect();
    let last = ops.iter().rev().find(|op| !op["state"].is_null()).expect("a state at the end");
    let expected = Snapshot::read(&made, &last["state"]);

    let script = Script::parse(log);
    let mut runner = Runner::new(model::machine::Machine::default());
    for line in &script.lines {
        runner.run(line, log);
    }
    same("divergences", 0, runner.counts.divergences)?;
    same("unreadable lines", 0, script.unreadable_count() as u64 + runner.counts.unreadable)?;
    let Some(Heap::Liballoc(heap)) = &runner.process.heap else {
        return Err("no heap".to_owned());
    };
    let kernel = &runner.process.kernel;
    let lists = inspect(heap, &|address, bytes| kernel.peek(address, bytes).is_ok());
    expected.compare(&Snapshot::new(heap, &lists, &made, |_| None))
}

/// Runs a trace and counts its operations, or says where the first difference is.
fn run_trace(text: &str) -> Result<u64, String> {
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let header = lines.next().expect("a first line");
    let mut machine = Machine::new();
    let mut recorded = Snapshot::default();
    let mut ops = 0;
    for op in lines {
        ops += 1;
        let call = op["call"].as_str().expect("a call");
        machine.host.hooks.clear();
        machine.host.events.clear();
        let ret = machine.run(call);
        compare_op(&machine, &mut recorded, &op, ret)
            .map_err(|difference| format!("op {}, {call}: {difference}", op["i"]))?;
    }
    same("number of ops", header["ops"].as_u64(), Some(ops))?;
    Ok(ops)
}

fn compare_op(
    machine: &Machine,
    recorded: &mut Snapshot,
    op: &Value,
    ret: Ret,
) -> Result<(), String> {
    let made = &machine.host.majors;
    let hooks: Vec<Hook> = items(&op["hooks"]).map(|hook| read_hook(made, hook)).collect();
    same("hooks", &hooks, &machine.host.hooks)?;
    compare_ret(made, &op["ret"], ret)?;

    let got = Snapshot::of(machine);
    recorded.apply(made, op);
    recorded.compare(&got)?;
    if !op["state"].is_null() {
        Snapshot::read(made, &op["state"]).compare(&got)?;
    }
    Ok(())
}

fn compare_ret(made: &[PageRange], recorded: &Value, ret: Ret) -> Result<(), String> {
    match ret {
        Ret::Void => same("result", recorded, &"void".into()),
        Ret::Value(value) => same("result", recorded, &value.into()),
        Ret::Address(0) => same("result", recorded, &"NULL".into()),
        Ret::Address(address) => {
            same("result", hex(read_address(made, recorded)), hex(Some(address)))
        }
        Ret::Signal(SignalInfo { signal, code, address }) => {
            same("signal", &recorded["signal"], &signal.name().into())?;
            same("code", &recorded["code"], &code.name().into())?;
            same("addr", hex(read_address(made, &recorded["addr"])), hex(Some(address)))
        }
    }
}

/// The number of a major block: 2 is the second one ever made. An address if none was made there.
type Id = u64;

/// What a dump of the heap shows.
#[derive(Default)]
struct Snapshot {
    /// `allocated`, `in_use`, `warnings`, `errors`, `possible_overruns`.
    sums: [u64; 5],
    best_bet: Option<Address>,
    /// Major blocks in list order.
    order: Vec<Id>,
    majors: BTreeMap<Id, Major>,
    /// The list of major blocks cannot be followed to its end. Nothing if it was not recorded.
    broken: Option<bool>,
}

#[derive(Default)]
struct Major {
    pages: u64,
    size: u64,
    usage: u64,
    /// Offset in the major block, `size`, `req_size`, magic number.
    minors: Vec<[u64; 4]>,
    /// Runs of touched pages, if they were recorded.
    resident: Option<Vec<[u64; 2]>>,
    /// The list of minor blocks cannot be followed to its end. Nothing if it was not recorded.
    broken: Option<bool>,
}

impl Snapshot {
    /// What the heap of a machine looks like.
    fn of(machine: &Machine) -> Snapshot {
        let made = &machine.host.majors;
        let resident = |index: usize| Some(machine.host.resident(made[index]));
        Snapshot::new(&machine.heap, &machine.lists(), made, resident)
    }

    /// What lists look like, of a heap whose page hook made these major blocks. `resident` gives the
    /// touched pages of one.
    fn new(
        heap: &Liballoc,
        lists: &HeapLists,
        made: &[PageRange],
        resident: impl Fn(usize) -> Option<Vec<[u64; 2]>>,
    ) -> Snapshot {
        let majors = lists.majors.iter().map(|major| {
            let index = made.iter().rposition(|range| range.start() == major.address);
            let id = index.map_or(major.address, |index| index as u64 + 1);
            let minors = major.minors.iter().map(|minor| {
                let offset = minor.address.wrapping_sub(major.address);
                [offset, minor.size.into(), minor.req_size.into(), minor.magic.into()]
            });
            let major = Major {
                pages: major.pages.into(),
                size: major.size.into(),
                usage: major.usage.into(),
                minors: minors.collect(),
                resident: index.and_then(&resident),
                broken: Some(major.broken.is_some()),
            };
            (id, major)
        });
        let majors: Vec<(Id, Major)> = majors.collect();
        Snapshot {
            sums: [heap.allocated, heap.in_use, heap.warnings, heap.errors, heap.possible_overruns],
            best_bet: heap.best_bet,
            order: majors.iter().map(|(id, _)| *id).collect(),
            majors: majors.into_iter().collect(),
            broken: Some(lists.broken.is_some()),
        }
    }

    /// Reads a recorded `state`.
    fn read(made: &[PageRange], state: &Value) -> Snapshot {
        const SUMS: [&str; 5] = ["allocated", "in_use", "warnings", "errors", "possible_overruns"];
        let majors = items(&state["majors"]).map(|recorded| {
            let mut major = Major { broken: Some(is_broken(recorded)), ..Major::default() };
            major.read_numbers(recorded);
            major.minors = items(&recorded["minors"]).map(read_minor).collect();
            if !recorded["resident"].is_null() {
                let run = |run: &Value| [number(&run[0]), number(&run[1])];
                major.resident = Some(items(&recorded["resident"]).map(run).collect());
            }
            (read_id(&recorded["id"]), major)
        });
        Snapshot {
            sums: SUMS.map(|key| number(&state[key])),
            best_bet: read_address(made, &state["best_bet"]),
            order: items(&state["majors"]).map(|major| read_id(&major["id"])).collect(),
            majors: majors.collect(),
            broken: Some(is_broken(state)),
        }
    }

    /// Applies what an operation changed.
    fn apply(&mut self, made: &[PageRange], op: &Value) {
        if !op["order"].is_null() {
            self.order = items(&op["order"]).map(read_id).collect();
            self.majors.retain(|id, _| self.order.contains(id));
        }
        if !op["sum"].is_null() {
            self.sums = [0, 1, 2, 3, 4].map(|index| number(&op["sum"][index]));
            self.best_bet = read_address(made, &op["sum"][5]);
        }
        for (id, change) in op["d"].as_object().into_iter().flatten() {
            let major = self.majors.entry(read_id(&id.as_str().into())).or_default();
            major.read_numbers(change);
            let splice = &change["splice"];
            if !splice.is_null() {
                let [from, removed] = [0, 1].map(|index| number(&splice[index]) as usize);
                major.minors.splice(from..from + removed, items(&splice[2]).map(read_minor));
            }
        }
    }

    fn compare(&self, got: &Snapshot) -> Result<(), String> {
        same("allocated, in_use, warnings, errors, possible_overruns", self.sums, got.sums)?;
        same("best bet", hex(self.best_bet), hex(got.best_bet))?;
        same("list order", &self.order, &got.order)?;
        same_if_recorded("broken list of major blocks", self.broken, got.broken)?;
        let mut majors = self.order.iter().filter_map(|id| Some((id, self.majors.get(id)?)));
        majors.try_for_each(|(id, major)| {
            major.compare(&got.majors[id]).map_err(|difference| format!("M{id}: {difference}"))
        })
    }
}

impl Major {
    fn read_numbers(&mut self, recorded: &Value) {
        let fields = [&mut self.pages, &mut self.size, &mut self.usage];
        for (key, field) in ["pages", "size", "usage"].into_iter().zip(fields) {
            *field = recorded[key].as_u64().unwrap_or(*field);
        }
    }

    fn compare(&self, got: &Major) -> Result<(), String> {
        same(
            "pages, size, usage",
            [self.pages, self.size, self.usage],
            [got.pages, got.size, got.usage],
        )?;
        same("minor blocks", &self.minors, &got.minors)?;
        same_if_recorded("resident pages", self.resident.as_ref(), got.resident.as_ref())?;
        same_if_recorded("broken list of minor blocks", self.broken, got.broken)
    }
}

/// The address that `M2+0x60`, `0x7ffff7fef000`, a number or null means: `M2` is the second major
/// block ever made.
fn read_address(made: &[PageRange], value: &Value) -> Option<Address> {
    let Some(text) = value.as_str() else { return value.as_u64() };
    let hex = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    let Some(name) = text.strip_prefix('M') else { return hex(text) };
    let (major, offset) = name.split_once('+').unwrap_or((name, "0x0"));
    let index = major.parse::<usize>().ok()?.checked_sub(1)?;
    Some(made.get(index)?.start().wrapping_add(hex(offset)?))
}

fn read_id(id: &Value) -> Id {
    let number = id.as_str().and_then(|id| id.strip_prefix('M')?.parse().ok());
    number.or_else(|| read_address(&[], id)).expect("an id")
}

fn read_hook(made: &[PageRange], hook: &Value) -> Hook {
    let page_count = |value: &Value| value.as_i64().expect("a page count") as i32;
    match hook[0].as_str() {
        Some("alloc") => {
            Hook::Map { page_count: page_count(&hook[1]), address: read_address(made, &hook[3]) }
        }
        _ => Hook::Unmap {
            address: read_address(made, &hook[1]).expect("an address"),
            page_count: page_count(&hook[2]),
            result: hook[3].as_i64().expect("a result") as i32,
        },
    }
}

fn read_minor(minor: &Value) -> [u64; 4] {
    let magic = if minor[3].is_null() { u64::from(MAGIC_LIVE) } else { number(&minor[3]) };
    [number(&minor[0]), number(&minor[1]), number(&minor[2]), magic]
}

fn number(value: &Value) -> u64 {
    let negative = || value.as_i64().map(|number| number as u64);
    value.as_u64().or_else(negative).or_else(|| read_address(&[], value)).expect("a number")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn is_broken(value: &Value) -> bool {
    !value["broken"].is_null()
}

fn hex(address: Option<Address>) -> String {
    address.map_or("NULL".to_owned(), |address| format!("{address:#x}"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, recorded: T, got: T) -> Result<(), String> {
    if recorded == got {
        return Ok(());
    }
    Err(format!("{what}\n  expected {recorded:?}\n  got      {got:?}"))
}

fn same_if_recorded<T: PartialEq + std::fmt::Debug>(
    what: &str,
    recorded: Option<T>,
    got: Option<T>,
) -> Result<(), String> {
    if recorded.is_some() { same(what, recorded, got) } else { Ok(()) }
}
