//! Sessions that leave and come back: saved, in a link, as a trace. Of recorded logs and, natively,
//! of random sessions; and what comes back damaged is told, never a panic.

mod support;

use mmap_playground_core::machine::Machine;
use mmap_playground_core::saved::{Saved, from_link, to_link};
use mmap_playground_core::session::{Import, Session};
use mmap_playground_core::state::State;
use support::{STRACE, names, text};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn json(session: &Session) -> String {
    serde_json::to_string(&State::of(session.process())).unwrap()
}

fn import(base: &Session, text: &str) -> Session {
    let mut import = Import::onto(base.clone(), text);
    while !import.is_done() {
        import.advance(500);
    }
    import.finish()
}

/// Each recorded log on its own maps text: from its saved form, from a link, and exported as a
/// trace and imported again, it gives the same state, byte for byte.
#[test]
fn recorded_logs_come_back() {
    let mut count = 0;
    for name in names(&STRACE, ".strace") {
        let maps = text(&STRACE, &format!("{name}.initial.maps"));
        let base = maps.map_or_else(
            || Session::new(Default::default()),
            |maps| Session::start_from_maps(maps).0,
        );
        let mut session = import(&base, text(&STRACE, &format!("{name}.strace")).unwrap());
        for position in [session.len(), session.len() / 2] {
            session.go_to(position);
            let state = json(&session);
            let saved = Saved::of(&session);
            let again = saved.clone().restore().unwrap();
            assert_eq!((json(&again), again.position()), (state.clone(), position), "{name}");
            let linked = from_link(&to_link(&saved)).unwrap();
            assert_eq!(linked, saved, "{name}");
            let traced = import(&base, &session.script());
            assert_eq!(json(&traced), state, "{name} as a trace, after {position} steps");
        }
        count += 1;
    }
    assert!(count >= 20, "{count} logs");
}

/// A maps text from the end of a program is no beginning of its log: what the kernel chose then is
/// mapped already.
#[test]
fn a_maps_text_of_another_moment_is_noticed() {
    let mut count = 0;
    for name in names(&STRACE, ".strace") {
        let [first, last] = ["initial", "final"].map(|moment| {
            let (session, _) =
                Session::start_from_maps(text(&STRACE, &format!("{name}.{moment}.maps"))?);
            let log = text(&STRACE, &format!("{name}.strace"))?;
            Some(import(&session, log).counts().displacing)
        });
        assert!(first.is_none_or(|count| count == 0), "{name}");
        assert!(last.is_none_or(|count| count > 0), "{name}");
        count += usize::from(last.is_some());
    }
    assert!(count >= 15, "{count} logs");
}

#[cfg(not(target_arch = "wasm32"))]
mod random {
    use super::*;
    use mmap_playground_core::saved::{Restore, SavedBranch};
    use proptest::prelude::*;
    use proptest::sample::select;

    const LINES: &[&str] = &[
        "p = mmap(NULL, 4*PAGE_SIZE, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
        "# a remark\nmprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_READ)\nstore(p, 7)\nload(p + PAGE_SIZE)",
        "a = malloc(100)\nb = malloc(50)\nfree(a)",
        "munmap(p, PAGE_SIZE)\nmunmap(1, 1)\nmmap(oops",
        "5 brk(0) = 0x555555559000\n6 brk(0) = 0x1000\n5 mmap(NULL, 4096, PROT_READ <unfinished ...>",
        "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---",
        "free(b)\nfree(b)",
    ];

    #[derive(Clone, Debug)]
    enum Act {
        Run(&'static str),
        GoTo(usize),
        Switch(usize, usize),
        Remove(usize),
        Rename(usize, String),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            6 => select(LINES).prop_map(Act::Run),
            3 => (0..40usize).prop_map(Act::GoTo),
            2 => (0..5usize, 0..40usize).prop_map(|(index, at)| Act::Switch(index, at)),
            1 => (0..5usize).prop_map(Act::Remove),
            1 => (0..5usize, "[a-z \"\\\\é]{0,6}").prop_map(|(index, name)| Act::Rename(index, name)),
        ]
    }

    fn after(acts: &[Act]) -> Session {
        let mut session = Session::new(Default::default());
        for act in acts {
            match act {
                Act::Run(text) => drop(session.run(text)),
                Act::GoTo(position) => session.go_to(*position),
                Act::Switch(index, position) => session.switch_branch(*index, *position),
                Act::Remove(index) => drop(session.remove_branch(*index)),
                Act::Rename(index, name) => session.rename_branch(*index, name),
            }
        }
        session
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        #[test]
        fn any_session_comes_back(acts in prop::collection::vec(act(), 1..40), slice in 1..50usize) {
            let session = after(&acts);
            let text = Saved::of(&session).to_text();
            let mut restore = Restore::new(Saved::from_text(&text).unwrap()).unwrap();
            while !restore.is_done() {
                let progress = restore.advance(slice);
                prop_assert!(progress.done <= progress.total);
            }
            let mut again = restore.finish().unwrap();
            prop_assert_eq!(again.branches(), session.branches());
            prop_assert_eq!(again.position(), session.position());
            prop_assert_eq!(json(&again), json(&session));
            prop_assert_eq!(Saved::of(&again).to_text(), text);
            for branch in 0..session.branches().len() {
                let mut other = session.clone();
                other.switch_branch(branch, usize::MAX);
                again.switch_branch(branch, usize::MAX);
                prop_assert_eq!(json(&again), json(&other));
            }
        }

        #[test]
        fn an_altered_one_is_told_or_runs(
            acts in prop::collection::vec(act(), 1..20),
            at in any::<prop::sample::Index>(),
            digit in 0..10u8,
        ) {
            let mut text = Saved::of(&after(&acts)).to_text().into_bytes();
            let numbers: Vec<usize> =
                (0..text.len()).filter(|index| text[*index].is_ascii_digit()).collect();
            text[numbers[at.index(numbers.len())]] = b'0' + digit;
            let text = String::from_utf8(text).unwrap();
            if let Ok(saved) = Saved::from_text(&text)
                && let Ok(session) = saved.restore()
            {
                State::of(session.process());
            }
        }

        #[test]
        fn any_numbers_are_told_or_run(
            from in prop::option::of((0..4usize, 0..9usize)),
            parts in prop::collection::vec((0..3usize, 0..9usize, 0..9usize), 0..4),
            active in 0..4usize,
            position in 0..30usize,
        ) {
            let mut session = Session::new(Default::default());
            session.run("malloc(8)\nmalloc(9)\nmalloc(10)");
            session.run("brk(0)");
            let mut saved = Saved::of(&session);
            let part = |(text, line, steps)| mmap_playground_core::saved::Part { text, line, steps };
            saved.branches.push(SavedBranch {
                name: String::new(),
                from,
                parts: parts.into_iter().map(part).collect(),
            });
            saved.active = active;
            saved.position = position;
            if let Ok(session) = saved.restore() {
                prop_assert_eq!((session.active_branch(), session.position()), (active, position));
            }
        }

        #[test]
        fn any_text_is_told(text in ".{0,200}", letters in "[A-Za-z0-9_-]{0,200}") {
            prop_assert!(Saved::from_text(&text).is_err());
            prop_assert!(from_link(&letters).is_err());
        }
    }
}

/// It could be run, but what ran could not be saved again.
#[test]
fn a_part_that_begins_in_the_middle_of_a_text_is_told() {
    let mut session = Session::new(Default::default());
    session.run("malloc(8)\nmalloc(9)\nmalloc(10)");
    let saved = Saved::of(&session);
    for (line, steps) in [(1, 1), (0, 2), (3, 1)] {
        let mut altered = saved.clone();
        let part = altered.branches[0].parts[0];
        altered.branches[0].parts.push(mmap_playground_core::saved::Part { line, steps, ..part });
        altered.branches[0].parts[0].steps = 2;
        assert!(altered.restore().is_err(), "{line}");
    }
    let mut two = saved.clone();
    two.branches[0].parts[0].steps = 2;
    let part = two.branches[0].parts[0];
    two.branches[0].parts.push(mmap_playground_core::saved::Part { line: 2, steps: 1, ..part });
    assert_eq!(two.restore().map(|session| json(&session)), Ok(json(&session)));
}

#[test]
fn settings_and_stated_rules_are_no_remarks_of_the_next_call() {
    let mut session = Session::new(Machine::default());
    session.run(
        "# machine: max_map_count=9\n# The first.\nmunmap(1, 1)\n# WHY: not aligned\nbrk(0)\n\
         # WHY: stated\n# The third.\nbrk(0)",
    );
    let remarks: Vec<_> = session.steps(0..3).map(|(_, step)| step.remark()).collect();
    assert_eq!(remarks, [Some("The first.".to_owned()), None, Some("The third.".to_owned())]);
}

/// `d_path`: the name of a file that was removed keeps its ` (deleted)` in the maps, be it known from
/// there or from a note of strace.
#[test]
fn a_removed_file_stays_removed() {
    let maps = "10000000-10001000 rw-s 00000000 00:01 7                          /SYSV00000000 (deleted)\n";
    let log = "mmap(0x20000000, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, 3</tmp/f>(deleted), 0) = 0x20000000\n\
        mmap(0x20001000, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, 4</tmp/f>(deleted), 0x1000) = 0x20001000\n";
    let (runner, _) = support::run(log, Some(maps), false);
    let text = support::maps_text(&runner.process);
    let names: Vec<&str> =
        text.lines().filter_map(|line| line.split_once('/')).map(|it| it.1).collect();
    assert_eq!(names, ["SYSV00000000 (deleted)", "tmp/f (deleted)", "tmp/f (deleted)"], "{text}");
}
