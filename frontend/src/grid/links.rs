//! The heap's lists as arrows: `first` and `next` above a strip, `prev` below it, so that list order
//! and address order are told apart.

use super::heap::{Part, Piece};
use mmap_playground_core::address::Address;
use mmap_playground_core::state::{HeapState, MajorState};
use std::collections::HashMap;

/// Which pointer an arrow is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pointer {
    /// From a major header to the first block of its list.
    First,
    /// To the next of the list.
    Next,
    /// To the one before in the list.
    Prev,
}

/// A pointer in a header, as an arrow.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Link {
    /// Which pointer.
    pub pointer: Pointer,
    /// Where it stands, in CSS pixels.
    pub from: f64,
    /// What it leads to, in CSS pixels.
    pub to: f64,
}

impl Link {
    /// It leads the way that the addresses go: `prev` down, the others up.
    pub fn is_in_order(&self) -> bool {
        match self.pointer {
            Pointer::Prev => self.to <= self.from,
            _ => self.to >= self.from,
        }
    }

    /// How far it rises above its ends, in CSS pixels: the longer, the higher, so that arrows that
    /// pass over others are seen to.
    pub fn rise(&self, most: f64) -> f64 {
        let least = most / 2.0;
        (least + (self.to - self.from).abs() / 60.0).min(most)
    }

    /// The curve from end to end, and the tip of the arrow. `near` and `far` are the heights of its
    /// ends and of its highest point.
    pub fn path(&self, near: f64, far: f64) -> (String, String) {
        let (from, to) = (self.from, self.to);
        let tip = if far < near { -4.0 } else { 4.0 };
        let line = format!(
            "M{from:.1} {near:.1}C{from:.1} {far:.1} {to:.1} {far:.1} {to:.1} {:.1}",
            near + tip
        );
        (line, format!("M{to:.1} {near:.1}l-2.6 {tip:.0}h5.2z"))
    }

    /// Says whether some of it lies between two positions.
    pub fn is_seen(&self, left: f64, right: f64) -> bool {
        self.from.max(self.to) >= left && self.from.min(self.to) <= right
    }
}

/// The pointers of a major block's list of blocks. What leads to no header that is drawn is left out.
pub fn of_blocks(major: &MajorState, pieces: &[Piece]) -> Vec<Link> {
    let middle = |piece: &Piece| piece.x + piece.width / 2.0;
    let headers = pieces.iter().filter(|piece| piece.part == Part::MinorHeader);
    let places: HashMap<Address, f64> =
        headers.map(|piece| (piece.address, middle(piece))).collect();
    let root = pieces.first().filter(|piece| piece.part == Part::MajorHeader).map(middle);
    let link = |pointer, from: Option<f64>, to: Address| {
        Some(Link { pointer, from: from?, to: *places.get(&to)? })
    };
    let first = major.minors.first().and_then(|it| link(Pointer::First, root, it.address));
    let others = major.minors.iter().flat_map(|minor| {
        let from = places.get(&minor.address).copied();
        [link(Pointer::Next, from, minor.next), link(Pointer::Prev, from, minor.prev)]
    });
    first.into_iter().chain(others.flatten()).collect()
}

/// The major blocks in address order, by their number in the list; and the pointers of their list
/// when each is drawn `step` CSS pixels wide.
pub fn of_majors(heap: &HeapState, most: usize, step: f64) -> (Vec<usize>, Vec<Link>) {
    let majors = &heap.majors[..heap.majors.len().min(most)];
    let mut order: Vec<usize> = (0..majors.len()).collect();
    order.sort_by_key(|index| majors[*index].address);
    let places: HashMap<Address, f64> = order
        .iter()
        .enumerate()
        .map(|(place, index)| (majors[*index].address, (place as f64 + 0.5) * step))
        .collect();
    let links = majors.iter().flat_map(|major| {
        let link = |pointer, to: Address| {
            let (from, to) = (*places.get(&major.address)?, *places.get(&to)?);
            Some(Link { pointer, from, to })
        };
        [link(Pointer::Next, major.next), link(Pointer::Prev, major.prev)]
    });
    let links = links.flatten().collect();
    (order, links)
}

#[cfg(test)]
mod tests {
    use super::super::heap::pieces;
    use super::*;
    use mmap_playground_core::machine::Machine;
    use mmap_playground_core::session::Session;
    use mmap_playground_core::state;

    fn heap(text: &str) -> HeapState {
        let mut session = Session::new(Machine::default());
        session.run(text);
        state::heap(session.process()).unwrap()
    }

    #[test]
    fn a_list_in_address_order_has_arrows_in_order() {
        let heap = heap("a = malloc(8)\nb = malloc(8)\nc = malloc(8)");
        let major = &heap.majors[0];
        let links = of_blocks(major, &pieces(major, &heap.shape, 1.0));
        let count = |pointer| links.iter().filter(|it| it.pointer == pointer).count();
        assert_eq!((count(Pointer::First), count(Pointer::Next), count(Pointer::Prev)), (1, 2, 2));
        assert!(links.iter().all(Link::is_in_order));
    }

    #[test]
    fn majors_that_the_kernel_placed_downwards_are_listed_against_their_addresses() {
        let heap = heap("a = malloc(60000)\nb = malloc(60000)\nc = malloc(60000)");
        assert_eq!(heap.majors.len(), 3);
        let (order, links) = of_majors(&heap, 40, 10.0);
        assert_eq!(order, [2, 1, 0], "the newest lies lowest");
        let next: Vec<_> = links.iter().filter(|it| it.pointer == Pointer::Next).collect();
        assert_eq!(next.len(), 2);
        assert!(next.iter().all(|it| !it.is_in_order()), "{next:?}");
        assert_eq!(of_majors(&heap, 1, 10.0), (vec![0], vec![]));
    }

    #[test]
    fn a_pointer_that_was_overwritten_leads_nowhere() {
        let heap = heap("a = malloc(8)\nb = malloc(8)\nc = malloc(8)");
        let mut major = MajorState::clone(&heap.majors[0]);
        major.minors[0].next = 0x1234;
        major.minors[1].next = major.minors[0].address;
        let links = of_blocks(&major, &pieces(&major, &heap.shape, 1.0));
        let next: Vec<_> = links.iter().filter(|it| it.pointer == Pointer::Next).collect();
        assert_eq!(next.len(), 1);
        assert!(!next[0].is_in_order());
    }

    #[test]
    fn longer_arrows_rise_higher_up_to_a_limit() {
        let link = |to| Link { pointer: Pointer::Next, from: 0.0, to };
        assert!(link(50.0).rise(14.0) < link(300.0).rise(14.0));
        assert_eq!(link(1e9).rise(14.0), 14.0);
        assert!(link(100.0).is_seen(40.0, 60.0) && !link(100.0).is_seen(101.0, 200.0));
    }
}
