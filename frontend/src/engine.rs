//! A stand-in for `core::session`, with hand-made values, until the real one lands.
#![allow(missing_docs, clippy::unused_self)]

use mmap_playground_core::abi::Prot;
use mmap_playground_core::address::{Address, PAGE_SIZE, Page, PageRange};
use mmap_playground_core::call::{Call, Returned};
use mmap_playground_core::event::{Event, FaultKind};
use mmap_playground_core::state::*;

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Machine;
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Process(usize);
#[derive(Clone, PartialEq, Debug)]
pub struct Diagnostic {
    pub line: u32,
    pub column: u32,
    pub message: String,
}
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    pub diagnostics: Vec<Diagnostic>,
    pub ran: usize,
}
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    pub line: u32,
    pub source: String,
    pub call: Option<Call>,
    pub text: String,
    pub result: String,
    pub signal: Option<String>,
    pub why: Option<String>,
    pub reason_address: Option<Address>,
    pub notes: Vec<String>,
    pub divergence: Option<String>,
    pub skipped: bool,
    pub failed: bool,
    pub events: Vec<Event>,
    pub totals: Totals,
}
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Session {
    steps: Vec<Step>,
    position: usize,
    process: Process,
}

impl Session {
    pub fn new(_: Machine) -> Session {
        Session::default()
    }
    pub fn start_from_maps(_: &str) -> (Session, Vec<Diagnostic>) {
        (Session::default(), Vec::new())
    }
    pub fn run(&mut self, text: &str) -> Report {
        self.steps.truncate(self.position);
        let mut report = Report::default();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if !line.contains('(') {
                report.diagnostics.push(Diagnostic {
                    line: index as u32 + 1,
                    column: 1,
                    message: "expected a call, such as munmap(p, 4096)".into(),
                });
                continue;
            }
            let bad = line.contains("0x1,");
            let number = self.steps.len() as u64 + 1;
            self.steps.push(Step {
                line: index as u32 + 1,
                source: line.into(),
                call: None,
                text: line.into(),
                result: if bad { "-1 EINVAL (Invalid argument)" } else { "0x7ffff7ffd000" }.into(),
                signal: line.starts_with("store").then(|| {
                    "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x7ffff7ffe000} ---".into()
                }),
                why: bad.then(|| "addr 0x1 is not a multiple of the page size (4096): the nearest are 0x0 and 0x1000".into()),
                reason_address: None,
                notes: Vec::new(),
                divergence: None,
                skipped: false,
                failed: bad,
                events: vec![
                    Event::Protected {
                        range: PageRange::new(0x7fff_f7ff_d000, 0x7fff_f7ff_f000).unwrap(),
                        before: Prot::RW,
                        after: Prot::READ,
                    },
                    Event::Split { at: 0x7fff_f7ff_d000 },
                    Event::PageFault {
                        page: Page::containing(0x5555_5555_7000),
                        kind: FaultKind::CopyOnWrite,
                    },
                    Event::SystemCall {
                        call: Call::Munmap { addr: 4096, length: 4096 },
                        returned: Returned::Value(0),
                    },
                ],
                totals: Totals {
                    mapped_bytes: number * number * 4096,
                    vma_count: number,
                    resident_pages: number * 2,
                    frames_used: number as u32,
                    frames_limit: 65536,
                    page_faults: number * 3,
                    heap_allocated: 65536,
                    heap_in_use: number * 132,
                },
            });
            report.ran += 1;
        }
        self.position = self.steps.len();
        self.process.0 = self.position;
        report
    }
    pub fn len(&self) -> usize {
        self.steps.len()
    }
    pub fn position(&self) -> usize {
        self.position
    }
    pub fn go_to(&mut self, position: usize) {
        self.position = position.min(self.steps.len());
        self.process.0 = self.position;
    }
    pub fn step(&self, index: usize) -> &Step {
        &self.steps[index]
    }
    pub fn process(&self) -> &Process {
        &self.process
    }
}

fn demo(start: Address, pages: u64, letters: u64, kind: VmaKind, name: &str) -> VmaView {
    let prot = Prot::from_bits_retain(letters);
    VmaView {
        range: PageRange::new(start, start + pages * PAGE_SIZE).unwrap(),
        prot,
        shared: kind == VmaKind::SharedFile,
        kind,
        name: name.into(),
        label: if name.is_empty() {
            "anonymous".into()
        } else {
            name.rsplit('/').next().unwrap_or("").into()
        },
        offset: 0,
        writable_and_executable: letters & 6 == 6,
        grows_down: kind == VmaKind::Stack,
        accounted: true,
        written: false,
        locked: false,
        inferred: name.contains("locale"),
        beyond_end_of_file: None,
        resident_pages: pages / 2,
    }
}

pub fn vmas(process: &Process) -> Vec<VmaView> {
    if process.0 == 0 {
        return Vec::new();
    }
    use VmaKind::*;
    vec![
        demo(0x5555_5555_4000, 4, 1, PrivateFile, "/usr/bin/ls"),
        demo(0x5555_5555_8000, 22, 5, PrivateFile, "/usr/bin/ls"),
        demo(0x5555_5556_e000, 9, 1, PrivateFile, "/usr/bin/ls"),
        demo(0x5555_5557_7000, 2, 3, PrivateFile, "/usr/bin/ls"),
        demo(0x5555_5557_9000, 1, 3, Anonymous, ""),
        demo(0x5555_5557_a000, 33, 3, Heap, "[heap]"),
        demo(0x7fff_f000_0000, 1, 7, Anonymous, ""),
        demo(0x7fff_f7d0_8000, 3, 3, Anonymous, ""),
        demo(0x7fff_f7d0_b000, 70, 1, SharedFile, "/usr/lib/locale/locale-archive"),
        demo(0x7fff_f7fc_2000, 4, 0, Kernel, "[vvar]"),
        demo(0x7fff_f7fc_8000, 2, 5, Kernel, "[vdso]"),
        demo(0x7fff_f7ff_d000, 2, 1, Anonymous, ""),
        demo(0x7fff_ffdd_e000, 33, 3, Stack, "[stack]"),
    ]
}
pub fn pages(process: &Process, range: PageRange) -> Vec<PageView> {
    vmas(process)
        .iter()
        .filter_map(|vma| vma.range.intersection(range).map(|part| (vma.clone(), part)))
        .flat_map(|(vma, part)| {
            part.pages().map(move |page| {
                let n = page.number();
                let frame = match n % 7 {
                    0 | 3 => None,
                    1 => Some(0),
                    _ => Some((n % 97) as u32),
                };
                PageView {
                    address: page.start(),
                    frame,
                    vma_prot: vma.prot,
                    pte_prot: vma.prot,
                    accessed: frame.is_some(),
                    dirty: n.is_multiple_of(2) && frame.is_some(),
                    copy_on_write: frame == Some(0),
                    frame_mappings: 1 + u32::from(n.is_multiple_of(11)),
                    beyond_end_of_file: vma.shared && n.is_multiple_of(13),
                }
            })
        })
        .collect()
}
pub fn walk(_: &Process, address: Address) -> WalkView {
    let level = |name, high: u32, low: u32| WalkLevel {
        name,
        bits: (high, low),
        index: ((address >> low) & 511) as u16,
        present: true,
    };
    WalkView {
        address,
        levels: vec![
            level("PGD", 47, 39),
            level("PUD", 38, 30),
            level("PMD", 29, 21),
            level("PTE", 20, 12),
        ],
        entry: Some(EntryView {
            frame: 12,
            present: true,
            writable: true,
            user: true,
            accessed: true,
            dirty: false,
            no_execute: true,
        }),
        offset: address & 4095,
        would: AccessForecast {
            load: Forecast { succeeds: true, text: "reads 0x00".into() },
            store: Forecast {
                succeeds: true,
                text: "writes, after a page fault that copies the zero page".into(),
            },
            fetch: Forecast {
                succeeds: false,
                text: "SIGSEGV, SEGV_ACCERR: the mapping may not be executed".into(),
            },
        },
    }
}
pub fn bytes(process: &Process, address: Address, length: u64) -> Vec<Option<u8>> {
    let mapped = vmas(process);
    (0..length)
        .map(|i| {
            let a = address.wrapping_add(i);
            mapped
                .iter()
                .any(|vma| vma.range.contains(a))
                .then_some((a % 251) as u8 * u8::from(a % 64 < 40))
        })
        .collect()
}
pub fn frames(process: &Process, first: u32, count: u32) -> Vec<FrameView> {
    (first..first + count)
        .map(|number| FrameView {
            number,
            usage: match number {
                0 => FrameUse::ZeroPage,
                n if n < 60 && n % 3 == 0 => {
                    FrameUse::File { name: "/usr/bin/ls".into(), offset: 4096 * u64::from(n) }
                }
                n if n < 97 && process.0 > 0 => FrameUse::Anonymous,
                _ => FrameUse::Free,
            },
            pages: vec![0x5555_5555_8000 + u64::from(number) * 4096],
            mappings: 1 + number % 5 / 4,
        })
        .collect()
}
pub fn heap(process: &Process) -> Option<HeapState> {
    (process.0 > 1).then(|| HeapState {
        allocated: 65536,
        in_use: 300,
        warnings: 1,
        errors: 0,
        possible_overruns: 0,
        best_bet: Some(0x7fff_f7fd_e000),
        majors: vec![MajorState {
            address: 0x7fff_f7fd_e000,
            pages: 16,
            size: 65536,
            usage: 500,
            minors: vec![
                MinorState {
                    address: 0x7fff_f7fd_e028,
                    payload: 0x7fff_f7fd_e060,
                    size: 132,
                    req_size: 100,
                    magic: 0xc001_c0de,
                },
                MinorState {
                    address: 0x7fff_f7fd_e100,
                    payload: 0x7fff_f7fd_e140,
                    size: 132,
                    req_size: 100,
                    magic: 0x41c0_41de,
                },
            ],
            broken: None,
        }],
        broken: None,
    })
}
pub fn totals(process: &Process) -> Totals {
    Totals {
        frames_limit: 65536,
        frames_used: 97,
        mapped_bytes: process.0 as u64 * 8192,
        ..Totals::default()
    }
}
pub fn printed(_: &Call, _: &Returned) -> String {
    "mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x7ffff7fde000"
        .into()
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Summary {
    pub kind: &'static str,
    pub calls: usize,
    pub skipped: usize,
    pub divergences: usize,
    pub processes: Vec<(u32, usize)>,
    pub diagnostics: Vec<Diagnostic>,
}
#[derive(Debug)]
pub struct Import {
    text: String,
    session: Session,
}
impl Import {
    pub fn new(text: String, _pid: Option<u32>) -> Import {
        Import { text, session: Session::default() }
    }
    /// Runs some lines; the share done, 1 at the end.
    pub fn advance(&mut self, _lines: usize) -> f64 {
        self.session.run(&self.text);
        1.0
    }
    pub fn summary(&self) -> Summary {
        Summary { kind: "trace", calls: self.session.len(), ..Summary::default() }
    }
    pub fn session(&self) -> &Session {
        &self.session
    }
}
