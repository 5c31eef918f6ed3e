//! Measuring contenders in turn, round after round, so that what disturbs one disturbs all.

use cpu_time::ThreadTime;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Something that can be measured.
pub(crate) struct Contender<'a> {
    name: &'static str,
    work: Box<dyn FnMut(&mut Timer) + 'a>,
}

impl<'a> Contender<'a> {
    /// Work that tells the timer which part of it counts.
    pub(crate) fn new(name: &'static str, work: impl FnMut(&mut Timer) + 'a) -> Contender<'a> {
        Contender { name, work: Box::new(work) }
    }
}

/// A stop watch that stands still while other processes run: it counts the time that this thread
/// had a processor, in its own code and in the kernel's.
#[derive(Default)]
pub(crate) struct Timer {
    spent: Duration,
}

impl Timer {
    /// Counts what this takes.
    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> T) {
        let start = ThreadTime::now();
        std::hint::black_box(work());
        self.spent += start.elapsed();
    }

    /// Does only a part of the work, for it is slow, and counts as if it had been the whole.
    pub(crate) fn time_part(&mut self, whole: usize, part: usize, work: impl FnOnce(usize)) {
        let start = ThreadTime::now();
        work(part);
        self.spent += start.elapsed().mul_f64(whole as f64 / part as f64);
    }
}

/// What was measured of one contender.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// Who.
    pub(crate) who: String,
    /// The median of the rounds.
    pub(crate) median: f64,
    /// The fastest round.
    pub(crate) least: f64,
    /// The slowest round.
    pub(crate) most: f64,
}

impl Figure {
    /// The figure of at least one round.
    pub(crate) fn of(who: &str, mut rounds: Vec<f64>) -> Figure {
        rounds.sort_by(f64::total_cmp);
        let (least, most) = (rounds[0], rounds[rounds.len() - 1]);
        Figure { who: who.to_owned(), median: rounds[rounds.len() / 2], least, most }
    }

    /// A figure that has no spread.
    pub(crate) fn exact(who: &str, value: f64) -> Figure {
        Figure { who: who.to_owned(), median: value, least: value, most: value }
    }
}

/// Measures each contender once to warm up and then in turn, `times` rounds, in nanoseconds for
/// one of `count`.
pub(crate) fn rounds(contenders: &mut [Contender], times: usize, count: f64) -> Vec<Figure> {
    let mut spent = vec![Vec::new(); contenders.len()];
    for round in 0..=times {
        for (index, contender) in contenders.iter_mut().enumerate() {
            let mut timer = Timer::default();
            (contender.work)(&mut timer);
            if round > 0 {
                spent[index].push(timer.spent.as_nanos() as f64 / count);
            }
        }
    }
    let named = contenders.iter().map(|contender| contender.name);
    named.zip(spent).map(|(name, spent)| Figure::of(name, spent)).collect()
}

/// Counts the bytes of the heap.
struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything on to the system's allocator, and only counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes of the heap in use.
pub(crate) fn heap_bytes() -> usize {
    BYTES.load(Ordering::Relaxed)
}
