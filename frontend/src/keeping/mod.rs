//! Keeps the session in the browser as it is made, so that a reload, a crash or a closed tab loses
//! nothing, and brings it back.
//!
//! Two places. The database ([`shelf`]) holds whole sessions; saving one takes a moment, and while
//! it lasts more may happen: then it is saved once more. What is about to run is written down
//! before it runs ([`journal`]), at once, for the call may be the one that the page does not
//! survive. Where the browser keeps nothing, the page says so and works as before.

pub mod journal;
mod keeper;
pub mod lessons;
pub mod shelf;

pub use keeper::{Keeper, Snapshot, Status};

use crate::browser;
use crate::incoming;
use crate::store::{Action, Restored, Store, StoreContext};
use mmap_playground_core::saved::{Saved, from_link};
use std::rc::Rc;
use yew::prelude::*;

/// What the views know of it.
#[derive(Clone, PartialEq)]
pub struct Keeping {
    /// Who keeps; nothing where nothing is to be kept.
    pub keeper: Option<Rc<Keeper>>,
    /// How it stands.
    pub status: Status,
    /// What is on its way in, and the share done.
    pub incoming: Option<(AttrValue, f64)>,
    /// What the page has to tell.
    pub notice: Option<AttrValue>,
    /// Takes the notice away.
    pub dismiss: Callback<()>,
    /// Ends what is on its way in.
    pub stop: Callback<()>,
    /// Opens a kept session by its key.
    pub open: Callback<String>,
}

/// Keeps the store's session, and brings back what a link or an earlier visit left.
#[hook]
pub fn use_keeping(store: &StoreContext, keep: bool) -> Keeping {
    let status = use_state_eq(|| Status::Nothing);
    let arriving = use_state_eq(|| None::<(AttrValue, f64)>);
    let notice = use_state_eq(|| None::<AttrValue>);
    let stopped = use_memo((), |()| std::cell::Cell::new(0_u32));
    let keeper = use_memo(keep, |keep| {
        let (status, notice) = (status.clone(), notice.setter());
        keep.then(|| {
            Keeper::new(move |now| status.set(now), move |told| notice.set(Some(told.into())))
        })
    });
    let arrival = Arrival {
        dispatcher: store.dispatcher(),
        keeper: (*keeper).clone(),
        arriving: arriving.setter(),
        notice: notice.setter(),
        round: stopped.clone(),
    };
    {
        let arrival = arrival.clone();
        use_effect_with(keep, move |keep| {
            let guard = keep.then(|| {
                let arrival = arrival.clone();
                let first = arrival.clone();
                // Asked now: whoever begins the lesson takes it off the address.
                let lesson = crate::lessons::in_address();
                yew::platform::spawn_local(async move { first.begin(lesson).await });
                browser::window().map(|window| {
                    browser::listen(&window, "hashchange", move |_| {
                        let arrival = arrival.clone();
                        yew::platform::spawn_local(async move {
                            arrival.take_link().await;
                        });
                    })
                })
            });
            move || drop(guard)
        });
    }
    use_saving(store, &keeper);
    let open = {
        let arrival = arrival.clone();
        Callback::from(move |id: String| {
            let arrival = arrival.clone();
            yew::platform::spawn_local(async move {
                if let Err(wrong) = arrival.open(&id).await {
                    arrival.tell(format!("The session cannot be opened: {wrong}."));
                }
            });
        })
    };
    let dismiss = {
        let notice = notice.setter();
        Callback::from(move |()| notice.set(None))
    };
    let stop = {
        let arriving = arriving.setter();
        Callback::from(move |()| {
            stopped.set(stopped.get().wrapping_add(1));
            arriving.set(None);
        })
    };
    Keeping {
        keeper: (*keeper).clone(),
        status: (*status).clone(),
        incoming: (*arriving).clone(),
        notice: (*notice).clone(),
        dismiss,
        stop,
        open,
    }
}

/// Saves whenever what is kept has changed.
#[hook]
fn use_saving(store: &StoreContext, keeper: &Rc<Option<Rc<Keeper>>>) {
    let keeper = keeper.clone();
    let snapshot = Snapshot::of(store);
    let view = (store.cursor, store.selection, store.tab, store.title.clone());
    use_effect_with((store.history, store.revision, store.slot, view), move |_| {
        if let Some(keeper) = &*keeper {
            keeper.save(snapshot);
        }
    });
}

/// The way in of a session.
#[derive(Clone)]
struct Arrival {
    dispatcher: UseReducerDispatcher<Store>,
    keeper: Option<Rc<Keeper>>,
    arriving: UseStateSetter<Option<(AttrValue, f64)>>,
    notice: UseStateSetter<Option<AttrValue>>,
    /// Grows when it is stopped, or when another comes in its place.
    round: Rc<std::cell::Cell<u32>>,
}

impl Arrival {
    fn tell(&self, text: String) {
        self.notice.set(Some(text.into()));
    }

    /// What the page begins with: a link's lesson or session, else the one that was open.
    async fn begin(&self, lesson: bool) {
        let Some(keeper) = &self.keeper else { return };
        // A link that is damaged is told at once, however long the storage takes.
        let link = self.read_link();
        let opened = keeper.open().await;
        if lesson {
            return;
        }
        if let Some(saved) = link
            && self.bring_link(saved).await
        {
            return;
        }
        let id = match journal::current() {
            journal::Current::This(id) => id,
            journal::Current::New => return self.take_journal(),
            journal::Current::Newest => match keeper.newest().await {
                Some(id) => id,
                None => return self.take_journal(),
            },
        };
        match (opened, self.open(&id).await) {
            (Ok(()), Ok(())) => self.take_journal(),
            (_, Err(wrong)) => {
                self.tell(format!("The last session cannot be brought back: {wrong}."));
            }
            (Err(_), _) => {}
        }
    }

    /// Opens the session in the address, if there is one.
    async fn take_link(&self) {
        if let Some(saved) = self.read_link() {
            self.bring_link(saved).await;
        }
    }

    /// The session in the address, if there is one; tells if it cannot be read.
    fn read_link(&self) -> Option<Saved> {
        let text = browser::fragment()?;
        let read = match text.strip_prefix(crate::components::share::FRAGMENT) {
            Some(letters) => from_link(letters).map_err(|error| error.to_string()),
            None if crate::lessons::in_address() || browser::is_place(&text) => return None,
            None => Err("this page knows no link of its kind".to_owned()),
        };
        read.map_err(|wrong| self.tell_of_link(&wrong)).ok()
    }

    /// Opens the session of a link; says whether it could, and tells if it could not.
    async fn bring_link(&self, saved: Saved) -> bool {
        // The link has been taken: a reload is to bring back what was made of it.
        browser::clear_fragment();
        let brought = self.bring(saved, "the session of the link", None).await;
        brought.map_err(|wrong| self.tell_of_link(&wrong)).is_ok()
    }

    fn tell_of_link(&self, wrong: &str) {
        browser::clear_fragment();
        self.tell(format!(
            "The link cannot be opened: {wrong}. Ask for it again, or for the session as a file."
        ));
    }

    /// Opens a kept session.
    async fn open(&self, id: &str) -> Result<(), String> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        let Some((entry, saved, numbers)) = keeper.read(id).await? else { return Ok(()) };
        let name = format!("“{}”", entry.name);
        self.bring(saved, &name, Some((entry, numbers))).await
    }

    /// Runs a saved session again, in slices, and shows it.
    async fn bring(
        &self,
        saved: Saved,
        what: &str,
        kept: Option<(shelf::Entry, Vec<u32>)>,
    ) -> Result<(), String> {
        let mine = self.round.get().wrapping_add(1);
        self.round.set(mine);
        let goes_on = |share| {
            let newest = self.round.get() == mine;
            if newest {
                self.arriving.set(Some((AttrValue::from(what.to_owned()), share)));
            }
            newest
        };
        let came = incoming::run(saved, goes_on).await;
        if self.round.get() != mine {
            return Err("it was stopped".to_owned());
        }
        self.arriving.set(None);
        let came = came.map_err(|error| error.to_string())?;
        let slot = self.keeper.as_ref().map(|keeper| keeper.take_up(&came, kept));
        self.dispatcher.dispatch(Action::Restore(Box::new(Restored {
            session: came.session,
            title: came.title.map(Into::into),
            view: came.view,
            slot,
        })));
        Ok(())
    }

    /// Runs what was about to run when the page ended.
    fn take_journal(&self) {
        match journal::take() {
            journal::Found::Nothing => {}
            journal::Found::Lost(text) => self.tell(format!(
                "The page ended while this ran, and it was not run again: {}",
                text.chars().take(200).collect::<String>()
            )),
            journal::Found::Text(entry) => {
                self.dispatcher.dispatch(Action::RunJournal(Box::new(entry)));
            }
        }
    }
}
