//! Runs the model where it can do no harm: a panic and a hang become words.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

/// How long the model may take over one run.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What became of the model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ModelTrouble {
    /// It panicked, with these words.
    Panicked(String),
    /// It was not done in time. Its thread is left to itself.
    Hung,
}

impl std::fmt::Display for ModelTrouble {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ModelTrouble::Panicked(words) => write!(out, "the model panicked: {words}"),
            ModelTrouble::Hung => write!(out, "the model hung"),
        }
    }
}

const THREAD: &str = "model";

/// Does work in a thread of its own, and waits for it as long as the patience lasts.
///
/// # Errors
/// A panic, or a hang.
pub fn guarded<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ModelTrouble> {
    keep_panics_quiet();
    let (send, receive) = channel();
    let started = Builder::new().name(THREAD.to_owned()).spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("?").to_owned()
        });
        let _ = send.send(result);
    });
    if let Err(error) = started {
        return Err(ModelTrouble::Panicked(format!("no thread for it: {error}")));
    }
    match receive.recv_timeout(patience) {
        Ok(result) => result.map_err(ModelTrouble::Panicked),
        Err(RecvTimeoutError::Timeout) => Err(ModelTrouble::Hung),
        Err(RecvTimeoutError::Disconnected) => Err(ModelTrouble::Panicked("its end".to_owned())),
    }
}

/// The panics of these threads are reported with their trace; nobody needs them twice.
fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name() != Some(THREAD) {
                usual(info);
            }
        }));
    });
}
