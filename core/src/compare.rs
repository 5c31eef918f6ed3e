//! Two moments held against each other: which VMAs are new, gone, split, merged or changed.
//!
//! What belongs together is decided by place: VMAs of the two moments that share an address form a
//! group, and so do those that share one with them. A group of one before and one after is the
//! same mapping, changed or not; one that became several was split, several that became one were
//! merged. A mapping that was replaced by another at its place counts as changed.

use crate::address::{Address, size_text};
use crate::process::Process;
use crate::state::{Totals, VmaView, totals, vmas};

/// What became of a group of VMAs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Nothing was mapped there before.
    Added,
    /// Nothing is mapped there any more.
    Removed,
    /// One became several, or several became more.
    Split,
    /// Several became one, or fewer.
    Merged,
    /// As many as before, and not the same.
    Changed,
}

impl Change {
    /// All of them, in the order of a list.
    pub const ALL: [Change; 5] =
        [Change::Added, Change::Removed, Change::Split, Change::Merged, Change::Changed];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Split => "split",
            Change::Merged => "merged",
            Change::Changed => "changed",
        }
    }
}

/// A group of VMAs that is not the same in both moments.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// What became of it.
    pub change: Change,
    /// Its VMAs in the first moment, lowest first.
    pub before: Vec<VmaView>,
    /// Its VMAs in the second moment, lowest first.
    pub after: Vec<VmaView>,
    /// What is different, in a few words each.
    pub details: Vec<String>,
}

impl Difference {
    /// The lowest address that it is about.
    pub fn start(&self) -> Address {
        let first = |vmas: &[VmaView]| vmas.first().map(|vma| vma.range.start());
        let starts = [first(&self.before), first(&self.after)];
        starts.into_iter().flatten().min().unwrap_or_default()
    }
}

/// Two moments held against each other.
#[derive(Clone, PartialEq, Debug)]
pub struct Comparison {
    /// The totals of the first.
    pub before: Totals,
    /// The totals of the second.
    pub after: Totals,
    /// What is different, in address order.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// How many differences are of a kind.
    pub fn count(&self, change: Change) -> usize {
        self.differences.iter().filter(|it| it.change == change).count()
    }
}

/// Holds two moments against each other.
pub fn compare(before: &Process, after: &Process) -> Comparison {
    let groups = groups(vmas(before), vmas(after));
    Comparison {
        before: totals(before),
        after: totals(after),
        differences: groups.filter_map(|(old, new)| difference(old, new)).collect(),
    }
}

/// Cuts two ordered lists into the groups that share addresses, lowest first.
fn groups(
    before: Vec<VmaView>,
    after: Vec<VmaView>,
) -> impl Iterator<Item = (Vec<VmaView>, Vec<VmaView>)> {
    let (mut old, mut new) = (before.into_iter().peekable(), after.into_iter().peekable());
    std::iter::from_fn(move || {
        let starts = [old.peek(), new.peek()].map(|vma| vma.map(|vma| vma.range.start()));
        let mut end = starts.into_iter().flatten().min()?.saturating_add(1);
        let mut group = (Vec::new(), Vec::new());
        loop {
            if let Some(vma) = old.next_if(|vma| vma.range.start() < end) {
                end = end.max(vma.range.end());
                group.0.push(vma);
            } else if let Some(vma) = new.next_if(|vma| vma.range.start() < end) {
                end = end.max(vma.range.end());
                group.1.push(vma);
            } else {
                return Some(group);
            }
        }
    })
}

fn difference(before: Vec<VmaView>, after: Vec<VmaView>) -> Option<Difference> {
    if before == after {
        return None;
    }
    let change = match (before.len(), after.len()) {
        (0, _) => Change::Added,
        (_, 0) => Change::Removed,
        (old, new) if old < new => Change::Split,
        (old, new) if old > new => Change::Merged,
        _ => Change::Changed,
    };
    let details = match (&before[..], &after[..]) {
        ([old], [new]) => changes(old, new),
        ([], _) | (_, []) => Vec::new(),
        _ => sizes(&before, &after),
    };
    Some(Difference { change, before, after, details })
}

/// What is different between a VMA and what it became.
fn changes(old: &VmaView, new: &VmaView) -> Vec<String> {
    let mut details = sizes(std::slice::from_ref(old), std::slice::from_ref(new));
    let mut became = |what: &str, before: String, after: String| {
        if before != after {
            details.push(format!("{what}{before} became {after}"));
        }
    };
    became("", old.label.to_string(), new.label.to_string());
    became("protection ", old.prot.to_string(), new.prot.to_string());
    let sharing = |vma: &VmaView| if vma.shared { "shared" } else { "private" }.to_owned();
    became("", sharing(old), sharing(new));
    // Where a part was cut off in front, the offset only keeps up with the start.
    let base = |vma: &VmaView| vma.offset.wrapping_sub(vma.range.start());
    if base(old) != base(new) && (old.offset, new.offset) != (0, 0) {
        became("offset ", format!("{:#x}", old.offset), format!("{:#x}", new.offset));
    }
    let pages = |vma: &VmaView| vma.resident_pages.to_string();
    became("resident pages: ", pages(old), pages(new));
    for (what, before, after) in [
        ("locked in memory", old.locked, new.locked),
        ("counted against the overcommit limit", old.accounted, new.accounted),
        ("growing down", old.grows_down, new.grows_down),
    ] {
        match (before, after) {
            (false, true) => details.push(format!("now {what}")),
            (true, false) => details.push(format!("no longer {what}")),
            _ => {}
        }
    }
    if details.is_empty() {
        details.push("written pages or the end of its file differ".to_owned());
    }
    details
}

/// How many bytes came and went.
fn sizes(before: &[VmaView], after: &[VmaView]) -> Vec<String> {
    let bytes = |vmas: &[VmaView]| vmas.iter().map(|vma| vma.range.size_bytes()).sum::<u64>();
    let (mut both, mut first) = (0, 0);
    for old in before {
        // Both lists are in order: what ends before this one ends before all that follow.
        while after.get(first).is_some_and(|new| new.range.end() <= old.range.start()) {
            first += 1;
        }
        let overlapping = after[first..].iter().map_while(|new| old.range.intersection(new.range));
        both += overlapping.map(|part| part.size_bytes()).sum::<u64>();
    }
    let mut details = Vec::new();
    for (size, what) in [(bytes(before) - both, "unmapped"), (bytes(after) - both, "more mapped")] {
        if size > 0 {
            details.push(format!("{} {what}", size_text(size)));
        }
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::session::Session;

    const START: &str = "p = mmap(0x10000000, 8*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)";

    /// What a text changes after [`START`]: the kinds of change, and all details.
    fn changed(text: &str) -> (Vec<Change>, String) {
        let mut session = Session::new(Machine::default());
        session.run(START);
        let before = session.process().clone();
        assert_eq!(session.run(text).diagnostics, []);
        let found = compare(&before, session.process());
        let kinds = found.differences.iter().map(|it| it.change).collect();
        let details: Vec<&str> =
            found.differences.iter().flat_map(|it| &it.details).map(String::as_str).collect();
        (kinds, details.join("; "))
    }

    #[test]
    fn each_kind_of_change() {
        for (text, kinds, details) in [
            ("brk(0)", vec![], ""),
            (
                "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
                vec![Change::Added],
                "",
            ),
            ("munmap(p, 8*PAGE_SIZE)", vec![Change::Removed], ""),
            ("mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_READ)", vec![Change::Split], ""),
            ("munmap(p + PAGE_SIZE, PAGE_SIZE)", vec![Change::Split], "4 KiB unmapped"),
            ("munmap(p, PAGE_SIZE)", vec![Change::Changed], "4 KiB unmapped"),
            (
                "mprotect(p, 8*PAGE_SIZE, PROT_READ)",
                vec![Change::Changed],
                "protection rw- became r--",
            ),
            ("store(p, 1)", vec![Change::Changed], "resident pages: 0 became 1"),
            (
                "mmap(p, 8*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
                vec![Change::Changed],
                "anonymous became shared anonymous; private became shared",
            ),
            (
                "mmap(p + 8*PAGE_SIZE, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
                vec![Change::Changed],
                "4 KiB more mapped",
            ),
        ] {
            let found = changed(text);
            assert_eq!(found.0, kinds, "{text}");
            if !found.1.contains("counted") {
                assert_eq!(found.1, details, "{text}");
            }
        }
    }

    #[test]
    fn what_was_split_is_merged_the_other_way_round() {
        let mut session = Session::new(Machine::default());
        session.run(START);
        session.run("mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_READ)");
        let before = session.process().clone();
        session.go_to(1);
        let found = compare(&before, session.process());
        assert_eq!((found.count(Change::Merged), found.differences.len()), (1, 1));
        assert_eq!((found.differences[0].before.len(), found.differences[0].after.len()), (3, 1));
        assert_eq!(found.differences[0].start(), 0x1000_0000);
        assert_eq!(found.before.vma_count, found.after.vma_count + 2);
    }

    #[test]
    fn a_border_that_moved_is_a_change_of_both() {
        let mut session = Session::new(Machine::default());
        session.run(START);
        session.run("mprotect(p, 4*PAGE_SIZE, PROT_READ)");
        let before = session.process().clone();
        session.run("mprotect(p, 5*PAGE_SIZE, PROT_READ)");
        let found = compare(&before, session.process());
        assert_eq!((found.count(Change::Changed), found.differences.len()), (1, 1));
    }

    #[test]
    fn a_moment_equals_itself() {
        let mut session = Session::new(Machine::default());
        session.run(START);
        assert_eq!(compare(session.process(), session.process()).differences, []);
    }
}
