//! Playing: steps that run by themselves, wherever the store says so.

use crate::store::{Action, StoreContext};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use yew::prelude::*;

/// Most steps a second that are shown one by one: beyond it, several are taken at once.
const SHOWN_A_SECOND: f64 = 20.0;

/// Runs steps as the pace says while the store plays.
#[hook]
pub(crate) fn use_playing(store: &StoreContext) {
    let (dispatcher, pace) = (store.dispatcher(), store.pace);
    use_effect_with((store.playing, pace.to_bits(), store.revision), move |(playing, ..)| {
        let cancelled = Rc::new(Cell::new(!*playing));
        if *playing {
            let cancelled = cancelled.clone();
            let shown = pace.clamp(0.1, SHOWN_A_SECOND);
            let steps = (pace / shown).round().max(1.0) as isize;
            yew::platform::spawn_local(async move {
                yew::platform::time::sleep(Duration::from_secs_f64(1.0 / shown)).await;
                if !cancelled.get() {
                    dispatcher.dispatch(Action::Step(steps));
                }
            });
        }
        move || cancelled.set(true)
    });
}
