//! What lights up, in every view at once, for the one thing that is pointed at.
//!
//! A view says what the pointer (or the keyboard) is on, as a [`Pointed`]. From that and the state
//! [`Lit`] works out once which bytes and which frames are meant; a view lights whatever of its own
//! shares a byte or a frame with it. So a call lights what it changed, a frame every page that maps
//! it, a page its frame, its VMA, its heap blocks, its bytes, and the calls that touched it.

use crate::grid::change::Changes;
use mmap_playground_core::address::{Address, PAGE_SIZE, PageRange, page_floor};
use mmap_playground_core::process::Process;
use mmap_playground_core::session::{Session, Step};
use mmap_playground_core::state;
use std::rc::Rc;
use yew::prelude::*;

/// What is pointed at, anywhere on the page.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Pointed {
    /// First address.
    pub start: Address,
    /// Bytes; 0 if no bytes are meant.
    pub length: u64,
    /// A frame.
    pub frame: Option<u32>,
    /// A step of the session, from 0.
    pub step: Option<usize>,
    /// Views that show only a part bring it into view.
    pub leads: bool,
}

impl Pointed {
    /// A range of bytes.
    pub fn bytes(start: Address, length: u64) -> Pointed {
        Pointed { start, length, ..Pointed::default() }
    }

    /// A range of bytes that views bring into view.
    pub fn lead(start: Address, length: u64) -> Pointed {
        Pointed { leads: true, ..Pointed::bytes(start, length) }
    }

    /// A range of pages.
    pub fn pages(range: PageRange) -> Pointed {
        Pointed::bytes(range.start(), range.size_bytes())
    }

    /// A frame.
    pub fn frame(number: u32) -> Pointed {
        Pointed { frame: Some(number), ..Pointed::default() }
    }

    /// A step of the session, from 0: all that it changed.
    pub fn step(index: usize) -> Pointed {
        Pointed { step: Some(index), ..Pointed::default() }
    }

    /// Says whether it shares a byte with a range.
    pub fn overlaps(&self, start: Address, length: u64) -> bool {
        shares((self.start, self.length), (start, length))
    }
}

/// Says whether two spans (first address and length) share a byte.
fn shares((one, length): (Address, u64), (other, other_length): (Address, u64)) -> bool {
    length > 0
        && other_length > 0
        && one <= other.saturating_add(other_length - 1)
        && other <= one.saturating_add(length - 1)
}

/// All that is lit.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Lit {
    /// Bytes: first address and length.
    pub spans: Vec<(Address, u64)>,
    /// Frames.
    pub frames: Vec<u32>,
    /// The byte to bring into view, if there is one.
    pub lead: Option<Address>,
}

impl Lit {
    /// What lights for a thing that is pointed at.
    pub fn of(pointed: Option<Pointed>, session: &Session) -> Lit {
        let Some(pointed) = pointed else { return Lit::default() };
        let process = session.process();
        let lead = pointed.leads.then_some(pointed.start);
        let mut lit = Lit { lead, ..Lit::default() };
        if pointed.length > 0 {
            lit.spans.push((pointed.start, pointed.length));
            lit.frames.extend(frame_of(process, pointed));
        }
        if let Some(frame) = pointed.frame {
            let pages = state::frame(process, frame).pages;
            lit.spans.extend(pages.into_iter().map(|page| (page, PAGE_SIZE)));
            lit.frames.push(frame);
        }
        if let Some(step) = pointed.step.and_then(|index| session.step(index)) {
            lit.spans.extend(places(&step));
        }
        lit
    }

    /// Says whether a range has a lit byte.
    pub fn overlaps(&self, start: Address, length: u64) -> bool {
        self.spans.iter().any(|span| shares(*span, (start, length)))
    }

    /// Says whether a page is lit, by its address or its frame.
    pub fn lights(&self, address: Address, frame: Option<u32>) -> bool {
        self.overlaps(page_floor(address), PAGE_SIZE) || frame.is_some_and(|it| self.frame(it))
    }

    /// Says whether a frame is lit by its number.
    pub fn frame(&self, number: u32) -> bool {
        self.frames.contains(&number)
    }
}

/// The frame of bytes within one page. The zero page is not meant: half the pages may show it.
fn frame_of(process: &Process, pointed: Pointed) -> Option<u32> {
    let start = page_floor(pointed.start);
    let last = pointed.start.saturating_add(pointed.length - 1);
    let page = PageRange::spanning(start, PAGE_SIZE).filter(|page| page.contains(last))?;
    let page = *state::pages(process, page).first()?;
    page.frame.filter(|_| !page.shows_zero_page())
}

/// What a step is about: the heap blocks that it made or freed, or else the pages that it changed;
/// and the place that its failure is about.
pub fn places(step: &Step) -> Vec<(Address, u64)> {
    let mut places: Vec<(Address, u64)> = step.blocks().collect();
    if places.is_empty() {
        let changes = Changes::of(&step.events);
        let ranges = changes.changed.iter().chain(&changes.gone);
        places.extend(ranges.map(|range| (range.start(), range.size_bytes())));
    }
    let place = step.reason_address.and_then(|address| PageRange::spanning(page_floor(address), 1));
    places.extend(place.map(|range| (range.start(), range.size_bytes())));
    places
}

/// What is lit, as components get it.
#[derive(Clone, PartialEq)]
pub struct LitContext(pub Rc<Lit>);

/// What is lit, from any component below the page.
#[hook]
pub fn use_lit() -> Rc<Lit> {
    let context = use_context::<LitContext>().expect("every component stands below the page");
    context.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmap_playground_core::machine::Machine;

    fn after(text: &str) -> Session {
        let mut session = Session::new(Machine::default());
        session.run(text);
        session
    }

    /// Two pages of one memory file that share a frame.
    const TWICE: &str = "fd = memfd_create(\"m\", 0)\nftruncate(fd, 4096)\n\
        p = mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)\n\
        q = mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)\n\
        store(p, 1)\nload(q)";
    const P: Address = 0x7fff_f7ff_e000;
    const Q: Address = 0x7fff_f7ff_d000;

    #[test]
    fn a_frame_lights_every_page_that_maps_it() {
        let session = after(TWICE);
        let page = state::pages(session.process(), PageRange::spanning(P, 1).unwrap())[0];
        let lit = Lit::of(Some(Pointed::frame(page.frame.unwrap())), &session);
        assert!(lit.overlaps(P, 1) && lit.overlaps(Q + 4095, 1));
        assert!(!lit.overlaps(Q - 1, 1));
    }

    #[test]
    fn a_byte_lights_its_frame_and_so_the_other_page() {
        let session = after(TWICE);
        let lit = Lit::of(Some(Pointed::bytes(P + 7, 1)), &session);
        let other = state::pages(session.process(), PageRange::spanning(Q, 1).unwrap())[0];
        assert!(lit.frame(other.frame.unwrap()));
        assert!(lit.lights(Q, other.frame));
        assert!(lit.lights(P, None) && !lit.overlaps(P + 8, 1));
    }

    #[test]
    fn a_call_lights_all_that_it_changed() {
        let session = after(
            "p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
             q = mremap(p, 8192, 8192, MREMAP_MAYMOVE|MREMAP_FIXED, 0x10000000)\nload(0x1234)",
        );
        let lit = Lit::of(Some(Pointed::step(1)), &session);
        assert!(lit.overlaps(Q, 1) && lit.overlaps(0x1000_0000, 1));
        let lit = Lit::of(Some(Pointed::step(2)), &session);
        assert!(lit.overlaps(0x1234, 1));
        assert_eq!(Lit::of(Some(Pointed::step(99)), &session), Lit::default());
    }

    #[test]
    fn the_zero_page_lights_no_strangers() {
        let session = after(
            "p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\
             load(p)\nload(p + PAGE_SIZE)",
        );
        let lit = Lit::of(Some(Pointed::bytes(Q, 1)), &session);
        assert!(lit.lights(Q, Some(0)) && !lit.lights(P, Some(0)));
    }

    #[test]
    fn spans_share_bytes_up_to_the_last_address() {
        assert!(Pointed::bytes(u64::MAX, 1).overlaps(u64::MAX, 1));
        assert!(Pointed::bytes(0x1ff8, 16).overlaps(0x2000, 4096));
        assert!(!Pointed::bytes(0x1ff8, 8).overlaps(0x2000, 4096));
        assert!(!Pointed::bytes(0x1000, 0).overlaps(0x1000, 1));
    }
}
