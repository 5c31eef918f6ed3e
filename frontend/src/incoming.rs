//! A saved session on its way into the page: run again in slices, so that the page stays alive.

use crate::browser;
use mmap_playground_core::saved::{Restore, Saved, SavedError, View};
use mmap_playground_core::session::{Session, Source};
use std::sync::Arc;

/// Lines read or run between two looks at the clock.
const LINES: usize = 100;
/// Time at work between two frames of the screen, in milliseconds.
const SLICE: f64 = 40.0;

/// A session that came back.
pub struct Came {
    /// The session.
    pub session: Session,
    /// What it is called.
    pub title: Option<String>,
    /// Where one looked.
    pub view: View,
    /// Its texts, in the order of its saved form.
    pub sources: Vec<Arc<Source>>,
}

/// Runs it again; says now and then which share is done, and stops when that returns `false`.
///
/// # Errors
///
/// It does not fit together, or it was stopped.
pub async fn run(saved: Saved, goes_on: impl Fn(f64) -> bool) -> Result<Came, SavedError> {
    let mut restore = Restore::new(saved)?;
    let mut until = browser::now() + SLICE;
    while !restore.is_done() {
        let progress = restore.advance(LINES);
        if browser::now() < until {
            continue;
        }
        let part = progress.done as f64 / progress.total.max(1) as f64;
        if !goes_on(share(restore.is_read(), part)) {
            break;
        }
        browser::next_frame().await;
        until = browser::now() + SLICE;
    }
    let sources = restore.sources();
    let (title, view) = (restore.saved().title.clone(), restore.saved().view.clone());
    Ok(Came { session: restore.finish()?, title, view, sources })
}

/// The share of all that is done, of the share of reading or, once all is read, of running.
pub fn share(is_read: bool, part: f64) -> f64 {
    // Reading is about a third of the work.
    if is_read { 0.3 + part * 0.7 } else { part * 0.3 }
}
