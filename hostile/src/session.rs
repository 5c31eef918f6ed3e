//! Sessions: run, go back, run something else there, change branches, another allocator, save and
//! have back. Whatever was done, each branch is what running its lines gives.

use crate::model::heap::{Allocator, HeapSetting};
use crate::model::saved::{Saved, from_link, to_link};
use crate::model::session::{Landmark, Session};
use crate::{check, json};
use arbitrary::{Result, Unstructured};

const LINES: [&str; 16] = [
    "p = mmap(NULL, 4*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
    "mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_READ)",
    "store(p, 7)",
    "# a remark\n# of two lines\nload(p + PAGE_SIZE)",
    "munmap(p, PAGE_SIZE)",
    "a = malloc(100)",
    "b = malloc(3000)\nfree(a)",
    "free(b)",
    "a = realloc(a, 500)",
    "munmap(1, 1)\nmmap(oops",
    "5 brk(0) = 0x555555559000\n6 brk(0) = 0x1000\n5 mmap(NULL, 4096, PROT_READ <unfinished ...>",
    "store(0x10, 1) = ?\n--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---",
    "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---",
    "fd = open(\"f\", O_RDWR|O_CREAT, 0600)\nftruncate(fd, 8192)",
    "q = mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)\nstore(q + 4096, 1)",
    "malloc(24) = 0x5575b11af4b0\nfree(0x5575b11af4b0) = <void>",
];

/// Acts of one input at most.
const MOST: usize = 60;

/// Does what the bytes say.
pub(crate) fn run(bytes: &[u8]) {
    let mut numbers = Unstructured::new(bytes);
    let mut session = Session::new(Default::default());
    for _ in 0..MOST {
        if numbers.is_empty() || act(&mut session, &mut numbers).is_err() {
            break;
        }
        check(&session);
    }
    let (active, position) = (session.active_branch(), session.position());
    for branch in 0..session.branches().len() {
        session.switch_branch(branch, usize::MAX);
        is_what_its_lines_give(&session);
    }
    session.switch_branch(active, position);
    is_what_its_lines_give(&session);
}

fn act(session: &mut Session, from: &mut Unstructured<'_>) -> Result<()> {
    let number = |from: &mut Unstructured<'_>| from.int_in_range(0..=40_usize);
    match from.int_in_range(0..=15_u8)? {
        0..=6 => drop(session.run(from.choose(&LINES)?)),
        7..=9 => goes_there_and_back(session, number(from)?),
        10 => session.switch_branch(number(from)? % 6, number(from)?),
        11 => drop(session.remove_branch(number(from)? % 6)),
        12 => session.rename_branch(number(from)? % 6, from.choose(&["", "a", "\u{202e}x"])?),
        13 => {
            let allocator = *from.choose(&Allocator::ALL)?;
            let setting = HeapSetting { allocator, bits: *from.choose(&[64, 32])? };
            *session = session.with_heap(setting);
        }
        14 => *session = session.with_protection_keys(from.arbitrary()?),
        _ => comes_back(session),
    }
    if let Some(landmark) = Landmark::ALL.get(number(from)?)
        && let Some(position) = session.next_landmark(*landmark)
    {
        session.go_to(position);
        assert!(session.last_step().is_some_and(|step| step.is(*landmark)));
    }
    Ok(())
}

fn goes_there_and_back(session: &mut Session, position: usize) {
    let (before, here) = (session.process().clone(), session.position());
    session.go_to(position);
    let there = session.process().clone();
    let (branch, position) = (session.active_branch(), session.position());
    assert_eq!(session.process_at(branch, position).as_ref(), Some(&there));
    session.go_to(here);
    assert_eq!(session.process(), &before);
    session.go_to(position);
    assert_eq!(session.process(), &there);
}

/// Saved and had back, in a link too.
fn comes_back(session: &mut Session) {
    let saved = Saved::of(session);
    let linked = from_link(&to_link(&saved)).expect("a link that was just made");
    assert_eq!(linked, saved);
    let again = linked.restore().expect("a session that was just saved");
    assert_eq!(again.branches(), session.branches());
    assert_eq!(again.position(), session.position());
    assert_eq!(json(&again), json(session));
    *session = again;
}

fn is_what_its_lines_give(session: &Session) {
    let script = session.script();
    let mut fresh = Session::new(Default::default());
    fresh.run(&script);
    assert_eq!(json(&fresh), json(session), "{script}");
}
