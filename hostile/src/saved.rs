//! Saved sessions: as text that somebody altered, and with any numbers in the right places.

use crate::model::report::Choice;
use crate::model::saved::{Part, Restore, Saved, SavedBranch, SavedText};
use crate::{check, json, lossy};
use arbitrary::{Result, Unstructured};

/// Steps and bytes that are run here at most; more takes long and shows nothing else.
const MOST_STEPS: usize = 2000;

/// What can be read is told or run, and what ran can be saved and had back.
pub(crate) fn run(bytes: &[u8]) {
    let saved = match bytes.split_first() {
        Some((b'{', _)) | None => Saved::from_text(&lossy(bytes)).ok(),
        Some((_, rest)) => made_of(&mut Unstructured::new(rest)).ok(),
    };
    let Some(saved) = saved.filter(is_small) else { return };
    let read = Saved::from_text(&saved.to_text());
    assert_eq!(read.as_ref(), Ok(&saved));
    let slice = saved.position % 40 + 1;
    let Ok(mut restore) = Restore::new(saved.clone()) else { return };
    while !restore.is_done() {
        let progress = restore.advance(slice);
        assert!(progress.done <= progress.total, "{progress:?}");
    }
    let Ok(session) = restore.finish() else { return };
    check(&session);
    assert_eq!((session.active_branch(), session.position()), (saved.active, saved.position));
    let again = Saved::of(&session).restore().expect("what was run can be had back");
    assert_eq!(again.branches(), session.branches());
    assert_eq!(json(&again), json(&session));
}

fn is_small(saved: &Saved) -> bool {
    let parts = saved.branches.iter().flat_map(|branch| &branch.parts);
    let lines: usize = saved.texts.iter().map(|text| text.text.lines().count()).sum();
    let steps = parts.map(|part| part.steps.min(lines)).fold(0_usize, usize::saturating_add);
    steps <= MOST_STEPS && saved.branches.len() <= 50
}

const TEXTS: [&str; 6] = [
    "p = mmap(NULL, 4*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nstore(p, 7)",
    "# a remark\na = malloc(100)\nb = malloc(50)\nfree(a)\nmmap(oops\nfree(a)",
    "5 brk(0) = 0x555555559000\n6 brk(0) = 0x1000\n5 mmap(NULL, 4096, PROT_READ <unfinished ...>",
    "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---\nstore(0, 1)",
    "store(p, 1)\nmunmap(p, PAGE_SIZE)",
    "",
];

fn made_of(from: &mut Unstructured<'_>) -> Result<Saved> {
    let number = |from: &mut Unstructured<'_>| -> Result<usize> {
        if from.ratio(1, 30)? { from.arbitrary() } else { from.int_in_range(0..=8) }
    };
    let mut saved = Saved {
        maps: from.ratio(1, 4)?.then(|| "10000-20000 rw-p 00000000 00:00 0 \n".into()),
        protection_keys: from.ratio(1, 4)?,
        max_map_count: if from.ratio(1, 4)? { Some(number(from)? as u64) } else { None },
        ..Saved::default()
    };
    let heaps = ["boundary-tags 32", "boundary-tags", "liballoc 32", "no such"];
    saved.heap = if from.ratio(1, 4)? { Some((*from.choose(&heaps)?).into()) } else { None };
    for _ in 0..from.int_in_range(0..=4_u8)? {
        let choice = match from.int_in_range(0..=3_u8)? {
            0 => Choice::Pid(from.int_in_range(4..=7)?),
            1 => Choice::Unnamed,
            _ => Choice::All,
        };
        saved.texts.push(SavedText { text: (*from.choose(&TEXTS)?).into(), choice });
    }
    for _ in 0..from.int_in_range(0..=5_u8)? {
        let from_branch =
            if from.arbitrary()? { Some((number(from)?, number(from)?)) } else { None };
        let mut parts = Vec::new();
        for _ in 0..from.int_in_range(0..=3_u8)? {
            let (text, line, steps) = (number(from)?, number(from)?, number(from)?);
            parts.push(Part { text, line, steps });
        }
        let name = lossy(from.bytes(2.min(from.len()))?).into_owned();
        saved.branches.push(SavedBranch { name, from: from_branch, parts });
    }
    (saved.active, saved.position) = (number(from)?, number(from)?);
    Ok(saved)
}
