//! The VMAs of an address space: ordered, never overlapping.
//!
//! A B+ tree, whose nodes are shared between clones until changed. Beside each child stands a
//! summary of what is below it, with the largest gap there, so that finding a place for a mapping
//! looks at O(log n) nodes, as in the kernel's maple tree.
//!
//! ```text
//!            ┌ count, first, last, gap, bytes │ … │ … ┐
//!                 │                         │
//!    ┌ … │ … │ … ┐                     ┌ … │ … ┐
//!      │   │
//!    VMAs VMAs
//! ```
//!
//! Invariant, asserted by [`VmaSet::check`]: VMAs are in address order and do not overlap, each
//! summary is that of the VMAs below it, and no node but the root is nearly empty.

use crate::address::{Address, PageRange};
use crate::file::OpenId;
use crate::vma::Vma;
use arrayvec::ArrayVec;
use imbl::OrdMap;
use std::sync::Arc;

/// Most VMAs of a leaf.
const LEAF: usize = 24;

/// More levels than a tree of all pages there are would have.
const DEPTH: usize = 16;

/// Most children of an inner node, which is about as large as a leaf then.
const FAN: usize = 24;

#[derive(Clone, Debug)]
enum Node {
    Leaf(ArrayVec<Vma, LEAF>),
    Inner(ArrayVec<Child, FAN>),
}

/// A node, and what it is seen from outside.
#[derive(Clone, Debug)]
struct Child {
    summary: Summary,
    node: Arc<Node>,
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
    root: Option<Child>,
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
        self.root.as_ref().map_or(0, |root| root.summary.count)
    }

    /// Says whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Bytes mapped.
    pub fn mapped_bytes(&self) -> u64 {
        self.root.as_ref().map_or(0, |root| root.summary.bytes)
    }

    /// The VMA that holds an address.
    pub fn at(&self, address: Address) -> Option<&Vma> {
        self.at_or_above(address).filter(|vma| vma.range.contains(address))
    }

    /// The lowest VMA that ends above an address (`find_vma`).
    pub fn at_or_above(&self, address: Address) -> Option<&Vma> {
        let mut child = self.root.as_ref()?;
        loop {
            match &*child.node {
                Node::Leaf(vmas) => return vmas.get(ending_by(vmas, address)),
                Node::Inner(children) => child = children.get(behind(children, address))?,
            }
        }
    }

    /// The highest VMA that begins below an address.
    pub fn below(&self, address: Address) -> Option<&Vma> {
        let mut child = self.root.as_ref()?;
        loop {
            match &*child.node {
                Node::Leaf(vmas) => {
                    let index = vmas.partition_point(|vma| vma.range.start() < address);
                    return vmas.get(index.checked_sub(1)?);
                }
                Node::Inner(children) => {
                    let index = children.partition_point(|child| child.summary.first < address);
                    child = children.get(index.checked_sub(1)?)?;
                }
            }
        }
    }

    /// The highest VMA that begins below a range, and the lowest one that ends above it.
    pub fn around(&self, range: PageRange) -> (Option<&Vma>, Option<&Vma>) {
        let Some(mut child) = self.root.as_ref() else { return (None, None) };
        loop {
            match &*child.node {
                Node::Leaf(vmas) => {
                    let index = vmas.partition_point(|vma| vma.range.start() < range.start());
                    let below = index.checked_sub(1).and_then(|index| vmas.get(index));
                    // Most often in the same leaf, close behind.
                    let ends_above = |vma: &&Vma| vma.range.end() > range.end();
                    let above = vmas[index.saturating_sub(1)..].iter().take(4).find(ends_above);
                    return (below, above.or_else(|| self.at_or_above(range.end())));
                }
                Node::Inner(children) => {
                    let start = range.start();
                    let index = children.partition_point(|child| child.summary.first < start);
                    match index.checked_sub(1).and_then(|index| children.get(index)) {
                        Some(below) => child = below,
                        None => return (None, self.at_or_above(range.end())),
                    }
                }
            }
        }
    }

    /// All VMAs, lowest first.
    pub fn iter(&self) -> Iter<'_> {
        self.iter_from(0)
    }

    /// The VMAs that end above an address, lowest first.
    pub fn iter_from(&self, address: Address) -> Iter<'_> {
        let mut iter = Iter::default();
        let mut child = self.root.as_ref();
        while let Some(Child { node, .. }) = child {
            match &**node {
                Node::Leaf(vmas) => {
                    iter.vmas = vmas[ending_by(vmas, address)..].iter();
                    break;
                }
                Node::Inner(children) => {
                    let mut rest = children[behind(children, address)..].iter();
                    child = rest.next();
                    iter.above.push(rest);
                }
            }
        }
        iter
    }

    /// The VMAs that share a page with a range, lowest first.
    pub fn overlapping(&self, range: PageRange) -> impl Iterator<Item = &Vma> {
        self.iter_from(range.start()).take_while(move |vma| vma.range.start() < range.end())
    }

    /// Number of VMAs that end at or below an address: the index of the first one above.
    pub fn rank(&self, address: Address) -> u64 {
        let mut rank = 0;
        let mut child = self.root.as_ref();
        while let Some(Child { node, .. }) = child {
            match &**node {
                Node::Leaf(vmas) => return rank + ending_by(vmas, address) as u64,
                Node::Inner(children) => {
                    let index = behind(children, address);
                    rank += children[..index].iter().map(|child| child.summary.count).sum::<u64>();
                    child = children.get(index);
                }
            }
        }
        rank
    }

    /// The VMA of an index in address order.
    pub fn nth(&self, mut index: u64) -> Option<&Vma> {
        let mut child = self.root.as_ref()?;
        loop {
            match &*child.node {
                Node::Leaf(vmas) => return vmas.get(usize::try_from(index).ok()?),
                Node::Inner(children) => {
                    child = children.iter().find(|child| {
                        let here = index < child.summary.count;
                        if !here {
                            index -= child.summary.count;
                        }
                        here
                    })?;
                }
            }
        }
    }

    /// Adds a VMA whose range is free.
    pub fn insert(&mut self, vma: Vma) {
        debug_assert!(self.overlapping(vma.range).next().is_none(), "{:?} is taken", vma.range);
        self.put(vma, None);
    }

    /// Adds a VMA; the one before it becomes `before`, which begins where it did.
    fn put(&mut self, vma: Vma, before: Option<Vma>) {
        self.count_user(&vma, true);
        let Some(root) = &mut self.root else {
            self.root = Some(Child::new(Node::Leaf(ArrayVec::from_iter([vma]))));
            return;
        };
        if let Some(high) = insert(root, vma, before) {
            let low = root.clone();
            *root = Child::new(Node::Inner(ArrayVec::from_iter([low, high])));
        }
    }

    /// Removes the VMA that begins at an address.
    pub fn remove(&mut self, start: Address) -> Option<Vma> {
        let root = self.root.as_mut()?;
        let vma = remove(root, start)?;
        let only = match &*root.node {
            Node::Leaf(vmas) if vmas.is_empty() => Some(None),
            Node::Inner(children) if children.len() == 1 => Some(children.first().cloned()),
            _ => None,
        };
        if let Some(only) = only {
            self.root = only;
        }
        self.count_user(&vma, false);
        Some(vma)
    }

    /// Puts a VMA in the place of the one that begins at an address; between the neighbours of
    /// that one, its range is free.
    pub fn replace(&mut self, start: Address, vma: Vma) -> Option<Vma> {
        let old = replace(self.root.as_mut()?, start, vma)?;
        if old.backing.open_file() != vma.backing.open_file() {
            self.count_user(&vma, true);
            self.count_user(&old, false);
        }
        Some(old)
    }

    /// Counts the open file of a VMA that comes or goes.
    fn count_user(&mut self, vma: &Vma, comes: bool) {
        let Some(open) = vma.backing.open_file() else { return };
        let users = self.users.get(&open).copied().unwrap_or(0);
        let users = if comes { users + 1 } else { users.saturating_sub(1) };
        if users > 0 {
            self.users.insert(open, users);
        } else {
            self.users.remove(&open);
        }
    }

    /// Says whether a VMA shows an open file.
    pub fn uses(&self, open: OpenId) -> bool {
        self.users.contains_key(&open)
    }

    /// Cuts the VMA around an address in two there; nothing if none is, or one begins there.
    pub fn split_at(&mut self, at: Address) -> bool {
        let Some(vma) = self.at(at).copied() else { return false };
        let Some((low, high)) = vma.split(at) else { return false };
        self.put(high, Some(low));
        true
    }

    /// The highest gap of at least `length` bytes between two limits (`mas_empty_area_rev`), cut
    /// off at the limits.
    pub fn highest_gap(&self, length: u64, limits: Gap) -> Option<Gap> {
        self.gap(length, limits, true)
    }

    /// The lowest gap of at least `length` bytes between two limits, cut off at the limits.
    pub fn lowest_gap(&self, length: u64, limits: Gap) -> Option<Gap> {
        self.gap(length, limits, false)
    }

    fn gap(&self, length: u64, limits: Gap, highest: bool) -> Option<Gap> {
        let around = Gap { start: 0, end: Address::MAX };
        match &self.root {
            None => around.cut(limits, length),
            Some(root) => search(root, around, length, limits, highest),
        }
    }

    /// Asserts the invariants.
    pub fn check(&self) {
        let mut end = 0;
        for vma in self.iter() {
            assert!(vma.range.start() >= end, "{:?} overlaps what ends at {end:#x}", vma.range);
            end = vma.range.end();
        }
        if let Some(root) = &self.root {
            check_child(root);
        }
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
            (Some(a), Some(b)) if Arc::ptr_eq(&a.node, &b.node) => true,
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

/// VMAs in address order.
#[derive(Debug, Default)]
pub struct Iter<'a> {
    /// What is left of the leaf.
    vmas: std::slice::Iter<'a, Vma>,
    /// What is left of the nodes above it, the root's first.
    above: ArrayVec<std::slice::Iter<'a, Child>, DEPTH>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Vma;

    fn next(&mut self) -> Option<&'a Vma> {
        loop {
            if let Some(vma) = self.vmas.next() {
                return Some(vma);
            }
            match self.above.last_mut()?.next() {
                None => {
                    self.above.pop();
                }
                Some(child) => match &*child.node {
                    Node::Leaf(vmas) => self.vmas = vmas.iter(),
                    Node::Inner(children) => self.above.push(children.iter()),
                },
            }
        }
    }
}

/// How many VMAs of a leaf end at or below an address.
fn ending_by(vmas: &[Vma], address: Address) -> usize {
    vmas.partition_point(|vma| vma.range.end() <= address)
}

/// The child in which the first VMA is that ends above an address.
fn behind(children: &[Child], address: Address) -> usize {
    children.partition_point(|child| child.summary.last <= address)
}

/// The child in which a VMA is that begins at an address, or would be.
fn holding(children: &[Child], start: Address) -> usize {
    children.partition_point(|child| child.summary.first <= start).saturating_sub(1)
}

impl Summary {
    const NOTHING: Summary = Summary { count: 0, first: 0, last: 0, gap: 0, bytes: 0 };

    fn of_vma(vma: &Vma) -> Summary {
        let range = vma.range;
        let bytes = range.size_bytes();
        Summary { count: 1, first: range.start(), last: range.end(), gap: 0, bytes }
    }

    /// What lies below and what lies above it, together.
    fn and(self, above: Summary) -> Summary {
        if self.count == 0 {
            return above;
        }
        let between = above.first.saturating_sub(self.last);
        Summary {
            count: self.count + above.count,
            first: self.first,
            last: above.last,
            gap: self.gap.max(above.gap).max(between),
            bytes: self.bytes + above.bytes,
        }
    }

    fn of(node: &Node) -> Summary {
        let nothing = Summary::NOTHING;
        match node {
            Node::Leaf(vmas) => vmas.iter().map(Summary::of_vma).fold(nothing, Summary::and),
            Node::Inner(children) => {
                children.iter().map(|child| child.summary).fold(nothing, Summary::and)
            }
        }
    }
}

impl Node {
    fn len(&self) -> usize {
        match self {
            Node::Leaf(vmas) => vmas.len(),
            Node::Inner(children) => children.len(),
        }
    }

    /// Fewest entries of a node that is not the root.
    fn least(&self) -> usize {
        match self {
            Node::Leaf(_) => LEAF / 4,
            Node::Inner(_) => FAN / 4,
        }
    }
}

impl Child {
    fn new(node: Node) -> Child {
        Child { summary: Summary::of(&node), node: Arc::new(node) }
    }

    fn refresh(&mut self) {
        self.summary = Summary::of(&self.node);
    }
}

/// Adds a VMA to a subtree, and perhaps puts another in the place of the one before it, which
/// begins at the same address; if the subtree has to be cut in two, the upper half comes back.
fn insert(child: &mut Child, vma: Vma, before: Option<Vma>) -> Option<Child> {
    let high = match Arc::make_mut(&mut child.node) {
        Node::Leaf(vmas) => {
            let index = vmas.partition_point(|other| other.range.start() < vma.range.start());
            if let (Some(before), Some(low)) = (before, index.checked_sub(1)) {
                vmas[low] = before;
            }
            add(vmas, index, vma).map(Node::Leaf)
        }
        Node::Inner(children) => {
            let index = holding(children, vma.range.start());
            let high = insert(&mut children[index], vma, before);
            high.and_then(|high| add(children, index + 1, high)).map(Node::Inner)
        }
    };
    child.refresh();
    high.map(Child::new)
}

/// Adds an entry at an index; if there is no room, the upper half comes back.
fn add<T, const N: usize>(
    entries: &mut ArrayVec<T, N>,
    index: usize,
    entry: T,
) -> Option<ArrayVec<T, N>> {
    if !entries.is_full() {
        entries.insert(index, entry);
        return None;
    }
    let mut high: ArrayVec<T, N> = entries.drain(N / 2..).collect();
    match index.checked_sub(N / 2 + 1) {
        None => entries.insert(index, entry),
        Some(_) => high.insert(index - N / 2, entry),
    }
    Some(high)
}

/// Takes the VMA that begins at an address out of a subtree.
fn remove(child: &mut Child, start: Address) -> Option<Vma> {
    let removed = match Arc::make_mut(&mut child.node) {
        Node::Leaf(vmas) => {
            let index = vmas.binary_search_by_key(&start, |vma| vma.range.start()).ok()?;
            vmas.remove(index)
        }
        Node::Inner(children) => {
            let index = holding(children, start);
            let removed = remove(&mut children[index], start)?;
            if children[index].node.len() < children[index].node.least() {
                fill_up(children, index);
            }
            removed
        }
    };
    child.refresh();
    Some(removed)
}

/// Joins a child that is nearly empty with one beside it, or takes from that.
fn fill_up(children: &mut ArrayVec<Child, FAN>, index: usize) {
    let high = (index + 1).min(children.len() - 1);
    let Some(low) = high.checked_sub(1) else { return };
    let (below, above) = children.split_at_mut(high);
    let (below, above) = (&mut below[low], &mut above[0]);
    match (Arc::make_mut(&mut below.node), Arc::make_mut(&mut above.node)) {
        (Node::Leaf(low), Node::Leaf(high)) => even_out(low, high),
        (Node::Inner(low), Node::Inner(high)) => even_out(low, high),
        // All leaves are equally deep.
        _ => {}
    }
    below.refresh();
    above.refresh();
    if above.node.len() == 0 {
        children.remove(high);
    }
}

/// Moves all to the lower node, or where that has no room, as much as makes both equal.
fn even_out<T, const N: usize>(low: &mut ArrayVec<T, N>, high: &mut ArrayVec<T, N>) {
    let both = low.len() + high.len();
    let target = if both <= N { both } else { both / 2 };
    if low.len() < target {
        let missing = target - low.len();
        low.extend(high.drain(..missing));
    } else {
        let mut moved: ArrayVec<T, N> = low.drain(target..).collect();
        moved.extend(high.drain(..));
        *high = moved;
    }
}

/// Puts a VMA in the place of the one that begins at an address.
fn replace(child: &mut Child, start: Address, vma: Vma) -> Option<Vma> {
    let old = match Arc::make_mut(&mut child.node) {
        Node::Leaf(vmas) => {
            let index = vmas.binary_search_by_key(&start, |vma| vma.range.start()).ok()?;
            std::mem::replace(&mut vmas[index], vma)
        }
        Node::Inner(children) => {
            let index = holding(children, start);
            replace(&mut children[index], start, vma)?
        }
    };
    if old.range != vma.range {
        child.refresh();
    }
    Some(old)
}

impl Gap {
    /// What of it lies between limits, if that is long enough.
    fn cut(self, limits: Gap, length: u64) -> Option<Gap> {
        let (start, end) = (self.start.max(limits.start), self.end.min(limits.end));
        (end.checked_sub(start)? >= length).then_some(Gap { start, end })
    }
}

/// Looks for a gap in a subtree that stands between `around.start` (the end of the VMA before it)
/// and `around.end` (the start of the VMA behind it).
fn search(child: &Child, around: Gap, length: u64, limits: Gap, highest: bool) -> Option<Gap> {
    if around.start >= limits.end || around.end <= limits.start {
        return None;
    }
    let summary = child.summary;
    let edges = summary.first.saturating_sub(around.start);
    let edges = edges.max(around.end.saturating_sub(summary.last));
    if summary.gap.max(edges) < length {
        return None;
    }
    match &*child.node {
        Node::Leaf(vmas) => in_order(vmas.len() + 1, highest, |index| {
            let start = index.checked_sub(1).map_or(around.start, |low| vmas[low].range.end());
            let end = vmas.get(index).map_or(around.end, |high| high.range.start());
            Gap { start, end }.cut(limits, length)
        }),
        Node::Inner(children) => in_order(children.len(), highest, |index| {
            let below = index.checked_sub(1).map(|low| children[low].summary.last);
            let above = children.get(index + 1).map(|high| high.summary.first);
            let start = below.unwrap_or(around.start);
            let inside = Gap { start, end: above.unwrap_or(around.end) };
            search(&children[index], inside, length, limits, highest)
        }),
    }
}

/// Asks for each index, from one end or the other, until there is an answer.
fn in_order<T>(count: usize, highest: bool, ask: impl FnMut(usize) -> Option<T>) -> Option<T> {
    if highest { (0..count).rev().find_map(ask) } else { (0..count).find_map(ask) }
}

fn check_child(child: &Child) {
    assert_eq!(child.summary, Summary::of(&child.node));
    if let Node::Inner(children) = &*child.node {
        assert!(children.len() > 1, "an inner node with {} children", children.len());
        for child in children {
            assert!(child.node.len() >= child.node.least(), "a node with {}", child.node.len());
            check_child(child);
        }
    }
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
    fn does_what_a_sorted_list_does() {
        let slot = |slot: u64, pages: u64| {
            let start = (slot + 1) * 0x8000;
            anonymous(start, start + pages * 0x1000, Prot::READ)
        };
        let (mut set, mut list) = (VmaSet::default(), std::collections::BTreeMap::new());
        let mut random: u64 = 1;
        let mut below = |limit: u64| {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (random >> 33) % limit
        };
        for step in 0..6000 {
            // Grows for half of the time, then shrinks until little is left.
            let adds = below(10) < if step < 3000 { 7 } else { 2 };
            let (place, pages) = (below(2000), below(8) + 1);
            let vma = slot(place, pages);
            match (list.contains_key(&place), adds) {
                (false, true) => set.insert(vma),
                (true, true) => {
                    assert_eq!(set.replace(vma.range.start(), vma), list.get(&place).copied())
                }
                (there, false) => assert_eq!(set.remove(vma.range.start()).is_some(), there),
            }
            if adds {
                list.insert(place, vma);
            } else {
                list.remove(&place);
            }
            let probe = below(2000 * 0x8000);
            assert_eq!(set.at_or_above(probe), list.values().find(|vma| vma.range.end() > probe));
            assert_eq!(set.below(probe), list.values().rfind(|vma| vma.range.start() < probe));
            let rank = list.values().filter(|vma| vma.range.end() <= probe).count() as u64;
            assert_eq!(set.rank(probe), rank);
            assert_eq!(set.nth(rank), set.at_or_above(probe));
            let pages = PageRange::spanning(probe, (below(12) + 1) * 0x1000).unwrap();
            let beside = (set.below(pages.start()), set.at_or_above(pages.end()));
            assert_eq!(set.around(pages), beside, "{pages:?}");
            if step % 200 == 0 {
                set.check();
                assert!(set.iter().eq(list.values()));
                let (length, limits) =
                    ((below(40) + 1) * 0x1000, Gap { start: 0x9000, end: probe });
                assert_eq!(set.highest_gap(length, limits), plain_gap(&set, length, limits, true));
                assert_eq!(set.lowest_gap(length, limits), plain_gap(&set, length, limits, false));
            }
        }
    }

    /// The same, by looking at all.
    fn plain_gap(set: &VmaSet, length: u64, limits: Gap, highest: bool) -> Option<Gap> {
        let mut start = 0;
        let mut gaps = Vec::new();
        for vma in set.iter() {
            gaps.push(Gap { start, end: vma.range.start() });
            start = vma.range.end();
        }
        gaps.push(Gap { start, end: Address::MAX });
        let mut fitting = gaps.into_iter().filter_map(|gap| gap.cut(limits, length));
        if highest { fitting.next_back() } else { fitting.next() }
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
