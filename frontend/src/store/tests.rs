//! Tests of the store: what actions do to it.

use super::*;
use mmap_playground_core::heap::HeapSetting;

fn after(actions: impl IntoIterator<Item = Action>) -> Rc<Store> {
    let start = Rc::new(Store::new(Theme::System));
    actions.into_iter().fold(start, |store, action| store.reduce(action))
}

fn run(line: &str) -> Action {
    Action::Run(line.to_owned())
}

const MAP: &str = "p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)";

#[test]
fn the_cursor_follows_what_changes_until_it_is_put_somewhere() {
    let store = after([run(MAP), run("load(p + PAGE_SIZE)")]);
    assert_eq!(store.cursor, Some(0x7fff_f7ff_e000));
    let store = store.reduce(Action::Step(-1));
    assert_eq!(store.cursor, Some(0x7fff_f7ff_d000));
    let store = store.reduce(Action::Inspect(Some(0x1000))).reduce(Action::Step(1));
    assert_eq!(store.cursor, Some(0x1000));
    assert_eq!(store.reduce(run("munmap(p, 1)")).cursor, Some(0x7fff_f7ff_d000));
}

#[test]
fn undo_brings_back_steps_that_running_in_the_past_dropped() {
    let store = after([run(MAP), run("munmap(p, 8192)"), Action::Step(-1), run("load(p)")]);
    assert_eq!(store.session.len(), 2);
    let store = store.reduce(Action::Undo);
    assert_eq!(store.session.last_step().unwrap().result, "0x7ffff7ffd000");
    assert_eq!(store.session.len(), 2);
    let store = store.reduce(Action::Redo);
    assert!(store.last_step().unwrap().text.starts_with("load"));
}

#[test]
fn another_allocator_can_be_undone() {
    let tags = HeapSetting::parse("boundary-tags 32").unwrap();
    let store = after([run("a = malloc(8)"), run("free(a)"), Action::LinkWith(tags)]);
    assert_eq!((store.session.heap_setting(), store.session.len()), (tags, 2));
    assert!(store.session.script().starts_with("# heap: boundary-tags 32\n"));
    let store = store.reduce(Action::Undo);
    assert_eq!(store.session.heap_setting(), HeapSetting::default());
    let store = store.reduce(Action::LinkWith(HeapSetting::default()));
    assert!(store.can_redo());
}

#[test]
fn a_long_session_is_linked_in_a_window() {
    let tags = HeapSetting::parse("boundary-tags 32").unwrap();
    let lines = "brk(0)\n".repeat(600);
    let store = after([run(&lines), Action::LinkWith(tags)]);
    assert_eq!(store.session.heap_setting(), HeapSetting::default(), "nothing ran yet");
    assert_eq!(store.dialog, Some(Dialog::Linking(tags)));
    let linked = store.session.with_heap(tags);
    let store = store.reduce(Action::Linked(Box::new(linked)));
    assert_eq!(store.session.heap_setting(), tags);
    assert_eq!(store.reduce(Action::Undo).session.heap_setting(), HeapSetting::default());
}

#[test]
fn a_long_text_that_was_added_is_undone_at_once() {
    let store = after([run(MAP), run("munmap(p, 4096)"), Action::Step(-1)]);
    let mut session = store.session.clone();
    session.run("load(p)\nload(p)");
    let store = store.reduce(Action::Append(Box::new(session), Rc::default()));
    assert_eq!((store.session.len(), store.slot), (3, 0));
    assert!(store.announcement.ends_with("kept as a branch."), "{}", store.announcement);
    let store = store.reduce(Action::Undo);
    assert_eq!((store.session.len(), store.session.branches().len()), (2, 1));
}

#[test]
fn the_old_future_is_a_branch_to_go_back_to() {
    let store = after([run(MAP), run("munmap(p, 8192)"), Action::Step(-1), run("load(p)")]);
    assert!(store.announcement.ends_with("kept as a branch."), "{}", store.announcement);
    let store = store.reduce(Action::Branch(BranchChange::Switch(0)));
    assert!(store.last_step().unwrap().text.starts_with("munmap"));
    let store = store.reduce(Action::Branch(BranchChange::Remove(1)));
    assert_eq!(store.session.branches().len(), 1);
    assert_eq!(store.reduce(Action::Undo).session.branches().len(), 2);
}

#[test]
fn a_session_that_comes_back_is_looked_at_as_before() {
    let range = PageRange::new(0x7fff_f7ff_d000, 0x7fff_f7ff_e000);
    let store = after([run(MAP), Action::Inspect(Some(0x1234)), Action::Select(range)]);
    let store = store.reduce(Action::Tab(Tab::Heap)).reduce(Action::Inspect(Some(0x1234)));
    let (session, view) = (store.session.clone(), store.view());
    let restored = Restored { session, title: Some("back".into()), view, slot: Some(7) };
    let again = after([Action::Restore(Box::new(restored))]);
    assert_eq!((again.cursor, again.selection, again.tab), (Some(0x1234), range, Tab::Heap));
    assert_eq!((again.name().as_str(), again.slot), ("back", 7));
    assert!(!again.can_undo(), "there was nothing to go back to");
}

#[test]
fn a_new_session_has_a_number_of_its_own_and_undo_goes_back_to_the_old_one() {
    let store = after([run(MAP)]);
    assert_eq!(store.slot, 0, "the first stays where it began");
    let store = store.reduce(Action::New);
    assert_eq!((store.slot, store.session.len()), (1, 0));
    let store = store.reduce(run(MAP)).reduce(Action::Undo).reduce(Action::Undo);
    assert_eq!((store.slot, store.session.len()), (0, 1));
}

#[test]
fn undo_takes_back_a_refused_line_before_what_ran() {
    let store = after([run(MAP), run("free(b)")]);
    assert_eq!((store.trouble.len(), store.session.len()), (1, 1));
    let store = store.reduce(Action::Undo);
    assert_eq!((store.trouble.len(), store.session.len(), store.taken_back), (0, 1, 1));
    assert!(store.announcement.contains("taken back"), "{}", store.announcement);
    let store = store.reduce(Action::Undo);
    assert_eq!((store.session.len(), store.taken_back), (0, 1));
    // Of a text that ran in part, undo takes back what ran.
    let store = after([run(MAP), run("load(p)\nfree(b)"), Action::Undo]);
    assert_eq!((store.trouble.len(), store.session.len()), (0, 1));
    // Where something was done since, the refusal is past.
    let store = after([run(MAP), run("load(p)"), run("free(b)"), Action::Step(-1), Action::Undo]);
    assert_eq!(store.session.len(), 1);
}

#[test]
fn sessions_of_one_visit_have_titles_of_their_own() {
    let load = || {
        let session = Session::new(Machine::default());
        Action::Load(Box::new(Loaded { session, title: "git".into(), trouble: Vec::new() }))
    };
    let store = after([load(), run(MAP)]);
    assert_eq!(store.name(), "git");
    let store = store.reduce(load());
    assert_eq!(store.name(), "git (2)");
    assert_eq!(store.reduce(load()).name(), "git (3)");
}

#[test]
fn the_form_follows_the_session() {
    let store = after([run(MAP), Action::Form("munmap")]);
    assert_eq!(store.draft.line(), "munmap(p, PAGE_SIZE)");
    let store = store.reduce(Action::New).reduce(run("q = mmap(NULL, 4096, 3, 34, -1, 0)"));
    assert_eq!(store.draft.line(), "munmap(q, PAGE_SIZE)");
}

#[test]
fn failures_are_gone_to_in_a_circle() {
    let store = after([run("munmap(1, 1)"), run(MAP), run("store(p, 1)"), run(MAP)]);
    let to = |store: Rc<Store>| store.reduce(Action::Jump(Landmark::Failure, true));
    let first = to(store);
    assert_eq!(first.session.position(), 1);
    let second = to(first);
    assert_eq!(second.session.position(), 3);
    assert_eq!(to(second).session.position(), 1);
}

#[test]
fn comments_stand_above_the_step_below_them() {
    let store = after([run("# one\n# two\nbrk(0)\n\nbrk(0)\n// three\nbrk(0)")]);
    let steps = store.session.steps(0..usize::MAX);
    let remarks: Vec<_> = steps.filter_map(|(index, step)| Some((index, step.remark()?))).collect();
    assert_eq!(remarks, [(0, "one two".to_owned()), (2, "three".to_owned())]);
}

#[test]
fn columns_count_characters() {
    let store = after([run("load(\"é\" oops")]);
    let trouble = &store.trouble[0];
    assert_eq!(trouble.source, "load(\"é\" oops");
    assert!(trouble.column <= trouble.source.chars().count() + 1);
    assert!(store.announcement.starts_with("Line 1, column"));
}

#[test]
fn a_place_picked_on_the_map_fills_the_field() {
    let store = after([Action::Form("munmap"), Action::Pick(Some(0)), Action::Picked(0x1234)]);
    assert_eq!(store.draft.line(), "munmap(0x1000, PAGE_SIZE)");
    assert_eq!(store.picking, None);
}

#[test]
fn every_example_reads_without_trouble() {
    for example in crate::examples::EXAMPLES {
        let store = after([crate::examples::load(example)]);
        assert_eq!(*store.trouble, [], "{}", example.title);
        let counts = store.session.counts();
        assert_eq!(counts.divergences, 0, "{}", example.title);
        assert!(counts.calls > 8, "{}", example.title);
    }
}
