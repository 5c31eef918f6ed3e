//! Logs of strace and ltrace, and what is left of them after somebody cut and altered them.

use crate::model::report::Choice;
use crate::model::session::{Import, Session};
use crate::{check, json, lossy, machine};

/// An import in slices is a run; every process of the log can be chosen; going back and forth, and
/// running the script of a session, give the same state.
pub(crate) fn run(bytes: &[u8]) {
    let slice = bytes.first().map_or(1, |byte| usize::from(byte % 64) + 1);
    let text = lossy(bytes);
    let mut import = Import::onto(Session::new(machine()), text.as_ref());
    while !import.is_read() {
        import.advance(slice);
    }
    let other = import.processes().last().and_then(|process| process.pid);
    while !import.is_done() {
        let progress = import.advance(slice);
        assert!(progress.done <= progress.total);
    }
    let (counts, diagnostics) = (import.counts(), import.diagnostics().len());
    assert!(counts.unreadable as usize <= diagnostics);
    let mut session = import.finish();
    check(&session);

    let mut whole = Session::new(machine());
    whole.run(&text);
    assert_eq!(session.process(), whole.process());
    assert_eq!((session.len(), session.counts()), (whole.len(), whole.counts()));

    let (end, length) = (session.process().clone(), session.len());
    session.go_to(length / 2);
    session.go_to(length);
    assert_eq!(session.process(), &end);
    comes_back_as_a_trace(&session);

    let mut import = Import::onto(Session::new(machine()), text.as_ref());
    import.choose(other.map_or(Choice::All, Choice::Pid));
    while !import.is_done() {
        import.advance(usize::MAX);
    }
    check(&import.finish());
}

fn comes_back_as_a_trace(session: &Session) {
    let script = session.script();
    let mut again = Session::new(machine());
    again.run(&script);
    assert_eq!(json(&again), json(session), "as a trace:\n{script}");
}
