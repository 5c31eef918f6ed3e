//! The VMAs of an address space: ordered, never overlapping.
//!
//! A weight-balanced binary search tree, whose nodes are shared between clones until changed. Each
//! node also knows the largest gap between the VMAs below it, so that finding a place for a
//! mapping looks at O(log n) nodes, as the kernel's maple tree does.
//!
//! Invariant, asserted by [`VmaSet::check`]: VMAs are in address order and do not overlap, and
//! each node's summary is that of its VMAs.

use crate::address::{Address, PageRange};
use crate::file::OpenId;
use crate::vma::Vma;
use imbl::OrdMap;
use std::sync::Arc;

type Link = Option<Arc<Node>>;

#[derive(Clone, Debug)]
struct Node {
    vma: Vma,
    low: Link,
    high: Link,
    summary: Summary,
}

/// What a subtree is, seen from outside.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Summary {
    count: u64,
    /// Start of the lowest VMA.
    first: Address,
    /// End of the highest VMA.
    last: Address,
    /// Largest gap between neighbours inside.
    gap: u64,
    /// Bytes mapped.
    bytes: u64,
}

/// An ordered set of VMAs.
#[derive(Clone, Debug, Default)]
pub struct VmaSet {
    root: Link,
    /// How many VMAs show each open file.
    users: OrdMap<OpenId, u64>,
}

/// A stretch of free address space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// First free address.
    pub start: Address,
    /// First address behind.
    pub end: Address,
}

impl VmaSet {
    /// Number of VMAs (`mm->map_count`).
    pub fn len(&self) -> u64 {
        count(&self.root)
    }

    /// Says whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Bytes mapped.
    pub fn mapped_bytes(&self) -> u64 {
        self.root.as_ref().map_or(0, |node| node.summary.bytes)
    }

    /// The VMA that holds an address.
    pub fn at(&self, address: Address) -> Option<&Vma> {
        self.at_or_above(address).filter(|vma| vma.range.contains(address))
    }

    /// The lowest VMA that ends above an address (`find_vma`).
    pub fn at_or_above(&self, address: Address) -> Option<&Vma> {
        let mut found = None;
        let mut link = &self.root;
        while let Some(node) = link {
            if node.vma.range.end() > address {
                found = Some(&node.vma);
                link = &node.low;
            } else {
                link = &node.high;
            }
        }
        found
    }

    /// The highest VMA that begins below an address.
    pub fn below(&self, address: Address) -> Option<&Vma> {
        let mut found = None;
        let mut link = &self.root;
        while let Some(node) = link {
            if node.vma.range.start() < address {
                found = Some(&node.vma);
                link = &node.high;
            } else {
                link = &node.low;
            }
        }
        found
    }

    /// All VMAs, lowest first.
    pub fn iter(&self) -> Iter<'_> {
        self.iter_from(0)
    }

    /// The VMAs that end above an address, lowest first.
    pub fn iter_from(&self, address: Address) -> Iter<'_> {
        let mut stack = Vec::new();
        let mut link = &self.root;
        while let Some(node) = link {
            if node.vma.range.end() > address {
                stack.push(&**node);
                link = &node.low;
            } else {
                link = &node.high;
            }
        }
        Iter { stack }
    }

    /// The VMAs that share a page with a range, lowest first.
    pub fn overlapping(&self, range: PageRange) -> impl Iterator<Item = &Vma> {
        self.iter_from(range.start()).take_while(move |vma| vma.range.start() < range.end())
    }

    /// Number of VMAs that end at or below an address: the index of the first one above.
    pub fn rank(&self, address: Address) -> u64 {
        let mut rank = 0;
        let mut link = &self.root;
        while let Some(node) = link {
            if node.vma.range.end() > address {
                link = &node.low;
            } else {
                rank += count(&node.low) + 1;
                link = &node.high;
            }
        }
        rank
    }

    /// The VMA of an index in address order.
    pub fn nth(&self, mut index: u64) -> Option<&Vma> {
        let mut link = &self.root;
        while let Some(node) = link {
            let below = count(&node.low);
            match index.cmp(&below) {
                std::cmp::Ordering::Less => link = &node.low,
                std::cmp::Ordering::Equal => return Some(&node.vma),
                std::cmp::Ordering::Greater => {
                    index -= below + 1;
                    link = &node.high;
                }
            }
        }
        None
    }

    /// Adds a VMA whose range is free.
    pub fn insert(&mut self, vma: Vma) {
        debug_assert!(self.overlapping(vma.range).next().is_none(), "{:?} is taken", vma.range);
        if let Some(open) = vma.backing.open_file() {
            *self.users.entry(open).or_insert(0) += 1;
        }
        insert(&mut self.root, vma);
    }

    /// Removes the VMA that begins at an address.
    pub fn remove(&mut self, start: Address) -> Option<Vma> {
        let vma = remove(&mut self.root, start)?;
        if let Some(open) = vma.backing.open_file() {
            let users = self.users.get(&open).copied().unwrap_or(0);
            if users > 1 {
                self.users.insert(open, users - 1);
            } else {
                self.users.remove(&open);
            }
        }
        Some(vma)
    }

    /// Says whether a VMA shows an open file.
    pub fn uses(&self, open: OpenId) -> bool {
        self.users.contains_key(&open)
    }

    /// Cuts the VMA around an address in two there; nothing if none is, or one begins there.
    pub fn split_at(&mut self, at: Address) -> bool {
        let Some(vma) = self.at(at).copied() else { return false };
        let Some((low, high)) = vma.split(at) else { return false };
        self.remove(vma.range.start());
        self.insert(low);
        self.insert(high);
        true
    }

    /// The highest gap of at least `length` bytes between two limits (`mas_empty_area_rev`), cut
    /// off at the limits.
    pub fn highest_gap(&self, length: u64, limits: Gap) -> Option<Gap> {
        search(&self.root, Gap { start: 0, end: Address::MAX }, length, limits, true)
    }

    /// The lowest gap of at least `length` bytes between two limits, cut off at the limits.
    pub fn lowest_gap(&self, length: u64, limits: Gap) -> Option<Gap> {
        search(&self.root, Gap { start: 0, end: Address::MAX }, length, limits, false)
    }

    /// Asserts the invariants.
    pub fn check(&self) {
        let mut end = 0;
        for vma in self.iter() {
            assert!(vma.range.start() >= end, "{:?} overlaps what ends at {end:#x}", vma.range);
            end = vma.range.end();
        }
        check_node(&self.root);
        let mut users: OrdMap<OpenId, u64> = OrdMap::new();
        for open in self.iter().filter_map(|vma| vma.backing.open_file()) {
            *users.entry(open).or_insert(0) += 1;
        }
        assert_eq!(users, self.users);
    }
}

/// Equal sets hold equal VMAs, however their trees are shaped.
impl PartialEq for VmaSet {
    fn eq(&self, other: &VmaSet) -> bool {
        match (&self.root, &other.root) {
            (Some(a), Some(b)) if Arc::ptr_eq(a, b) => true,
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

/// VMAs in address order.
#[derive(Debug)]
pub struct Iter<'a> {
    stack: Vec<&'a Node>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Vma;

    fn next(&mut self) -> Option<&'a Vma> {
        let node = self.stack.pop()?;
        let mut link = &node.high;
        while let Some(next) = link {
            self.stack.push(next);
            link = &next.low;
        }
        Some(&node.vma)
    }
}

fn count(link: &Link) -> u64 {
    link.as_ref().map_or(0, |node| node.summary.count)
}

fn summarise(vma: &Vma, low: &Link, high: &Link) -> Summary {
    let mut summary = Summary {
        count: 1,
        first: vma.range.start(),
        last: vma.range.end(),
        gap: 0,
        bytes: vma.range.size_bytes(),
    };
    if let Some(low) = low {
        let low = low.summary;
        summary.count += low.count;
        summary.bytes += low.bytes;
        summary.gap = low.gap.max(vma.range.start().saturating_sub(low.last));
        summary.first = low.first;
    }
    if let Some(high) = high {
        let high = high.summary;
        summary.count += high.count;
        summary.bytes += high.bytes;
        let between = high.first.saturating_sub(vma.range.end());
        summary.gap = summary.gap.max(high.gap).max(between);
        summary.last = high.last;
    }
    summary
}

fn leaf(vma: Vma) -> Arc<Node> {
    Arc::new(Node { vma, low: None, high: None, summary: summarise(&vma, &None, &None) })
}

impl Node {
    fn refresh(&mut self) {
        self.summary = summarise(&self.vma, &self.low, &self.high);
    }
}

fn insert(link: &mut Link, vma: Vma) {
    match link {
        None => *link = Some(leaf(vma)),
        Some(node) => {
            let node = Arc::make_mut(node);
            let side = if vma.range.start() < node.vma.range.start() {
                &mut node.low
            } else {
                &mut node.high
            };
            insert(side, vma);
            node.refresh();
            balance(link);
        }
    }
}

fn remove(link: &mut Link, start: Address) -> Option<Vma> {
    let node = link.as_mut()?;
    let here = node.vma.range.start();
    let removed = match start.cmp(&here) {
        std::cmp::Ordering::Equal => {
            let node = Arc::make_mut(node);
            let removed = node.vma;
            match (node.low.take(), node.high.take()) {
                (None, other) | (other, None) => {
                    *link = other;
                    return Some(removed);
                }
                (low, mut high) => {
                    node.vma = remove_lowest(&mut high)?;
                    node.low = low;
                    node.high = high;
                }
            }
            node.refresh();
            removed
        }
        order => {
            let node = Arc::make_mut(node);
            let side =
                if order == std::cmp::Ordering::Less { &mut node.low } else { &mut node.high };
            let removed = remove(side, start)?;
            node.refresh();
            removed
        }
    };
    balance(link);
    Some(removed)
}

fn remove_lowest(link: &mut Link) -> Option<Vma> {
    let node = Arc::make_mut(link.as_mut()?);
    if node.low.is_none() {
        let vma = node.vma;
        *link = node.high.take();
        return Some(vma);
    }
    let vma = remove_lowest(&mut node.low);
    node.refresh();
    balance(link);
    vma
}

/// Restores the balance at one node: neither side holds more than three times the other
/// (Adams 1993; the constants ⟨3, 2⟩ of Hirai and Yamamoto 2011).
fn balance(link: &mut Link) {
    let Some(node) = link else { return };
    let (low, high) = (count(&node.low), count(&node.high));
    if low + high < 2 {
        return;
    }
    if high > 3 * low {
        let inner = node.high.as_ref().map_or((0, 0), |n| (count(&n.low), count(&n.high)));
        let node = Arc::make_mut(node);
        if inner.0 >= 2 * inner.1 {
            rotate_up_from_low(&mut node.high);
            node.refresh();
        }
        rotate_up_from_high(link);
    } else if low > 3 * high {
        let inner = node.low.as_ref().map_or((0, 0), |n| (count(&n.low), count(&n.high)));
        let node = Arc::make_mut(node);
        if inner.1 >= 2 * inner.0 {
            rotate_up_from_high(&mut node.low);
            node.refresh();
        }
        rotate_up_from_low(link);
    }
}

/// ```text
///   a                b
///    \      →       /
///     b            a
/// ```
fn rotate_up_from_high(link: &mut Link) {
    let Some(mut a) = link.take() else { return };
    let node = Arc::make_mut(&mut a);
    let Some(mut b) = node.high.take() else {
        *link = Some(a);
        return;
    };
    let top = Arc::make_mut(&mut b);
    node.high = top.low.take();
    node.refresh();
    top.low = Some(a);
    top.refresh();
    *link = Some(b);
}

/// The mirror image.
fn rotate_up_from_low(link: &mut Link) {
    let Some(mut a) = link.take() else { return };
    let node = Arc::make_mut(&mut a);
    let Some(mut b) = node.low.take() else {
        *link = Some(a);
        return;
    };
    let top = Arc::make_mut(&mut b);
    node.low = top.high.take();
    node.refresh();
    top.high = Some(a);
    top.refresh();
    *link = Some(b);
}

/// Looks for a gap in a subtree that stands between `around.start` (the end of the VMA before it)
/// and `around.end` (the start of the VMA behind it).
fn search(link: &Link, around: Gap, length: u64, limits: Gap, highest: bool) -> Option<Gap> {
    if around.start >= limits.end || around.end <= limits.start {
        return None;
    }
    let Some(node) = link else {
        let start = around.start.max(limits.start);
        let end = around.end.min(limits.end);
        return (end.checked_sub(start)? >= length).then_some(Gap { start, end });
    };
    let summary = node.summary;
    let edges = summary.first.saturating_sub(around.start);
    let edges = edges.max(around.end.saturating_sub(summary.last));
    if summary.gap.max(edges) < length {
        return None;
    }
    let low = Gap { start: around.start, end: node.vma.range.start() };
    let high = Gap { start: node.vma.range.end(), end: around.end };
    let search_low = || search(&node.low, low, length, limits, highest);
    let search_high = || search(&node.high, high, length, limits, highest);
    if highest { search_high().or_else(search_low) } else { search_low().or_else(search_high) }
}

fn check_node(link: &Link) {
    let Some(node) = link else { return };
    assert_eq!(node.summary, summarise(&node.vma, &node.low, &node.high));
    let (low, high) = (count(&node.low), count(&node.high));
    assert!(low + high < 2 || (low <= 3 * high && high <= 3 * low), "{low} and {high}");
    check_node(&node.low);
    check_node(&node.high);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Prot;
    use crate::vma::tests::anonymous;

    fn set(ranges: &[(Address, Address)]) -> VmaSet {
        let mut set = VmaSet::default();
        for (start, end) in ranges {
            set.insert(anonymous(*start, *end, Prot::READ));
        }
        set
    }

    #[test]
    fn finds_by_address() {
        let set = set(&[(0x1000, 0x3000), (0x5000, 0x6000)]);
        let start = |vma: Option<&Vma>| vma.map(|vma| vma.range.start());
        assert_eq!(start(set.at(0x2fff)), Some(0x1000));
        assert_eq!(start(set.at(0x3000)), None);
        assert_eq!(start(set.at_or_above(0x3000)), Some(0x5000));
        assert_eq!(start(set.below(0x5000)), Some(0x1000));
        assert_eq!((set.rank(0x3000), start(set.nth(1))), (1, Some(0x5000)));
    }

    #[test]
    fn a_thousand_stay_in_order_and_balanced() {
        let mut set = VmaSet::default();
        for i in 0..1000u64 {
            let start = (i * 617 % 1000 + 1) * 0x2000;
            set.insert(anonymous(start, start + 0x1000, Prot::READ));
            if i % 100 == 0 {
                set.check();
            }
        }
        assert_eq!((set.len(), set.mapped_bytes()), (1000, 1000 * 0x1000));
        for i in 0..500u64 {
            assert!(set.remove((i * 331 % 1000 + 1) * 0x2000).is_some());
        }
        set.check();
        assert_eq!(set.len(), 500);
    }

    #[test]
    fn gaps_end_at_limits_and_neighbours() {
        let limits = Gap { start: 0x1_0000, end: 0x50_0000 };
        let set = set(&[(0x10_0000, 0x11_0000), (0x13_0000, 0x14_0000)]);
        assert_eq!(set.highest_gap(0x1000, limits), Some(Gap { start: 0x14_0000, end: 0x50_0000 }));
        let inside = Gap { start: 0, end: 0x14_0000 };
        assert_eq!(set.highest_gap(0x1000, inside), Some(Gap { start: 0x11_0000, end: 0x13_0000 }));
        assert_eq!(set.lowest_gap(0x1000, limits), Some(Gap { start: 0x1_0000, end: 0x10_0000 }));
        assert_eq!(set.highest_gap(0x100_0000, limits), None);
    }
}
