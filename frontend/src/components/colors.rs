//! The colours of a canvas, kept from one painting to the next: reading them makes the browser
//! compute the styles of the whole page, which it would otherwise do once a frame.

use crate::browser;
use crate::store::use_store;
use crate::theme::Palette;
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

/// The palette as it was read last.
#[derive(Clone, Default)]
pub struct Colors(Rc<RefCell<Option<Rc<Palette>>>>);

impl Colors {
    /// The palette at an element; `use_colors` says when it is read anew.
    pub fn at(&self, element: &Element) -> Rc<Palette> {
        self.0.borrow_mut().get_or_insert_with(|| Rc::new(Palette::at(element))).clone()
    }

    fn forget(&self) {
        self.0.replace(None);
    }
}

/// Colours that are read anew after each call, where another theme is chosen, and where the system
/// changes its own, which renders the component again.
#[hook]
pub fn use_colors() -> Colors {
    let store = use_store();
    let colors = (*use_memo((), |()| Colors::default())).clone();
    let update = use_force_update();
    {
        let colors = colors.clone();
        use_effect_with((store.revision, store.theme), move |_| colors.forget());
    }
    {
        let colors = colors.clone();
        use_effect_with((), move |()| {
            let guard = browser::on_scheme_change(move |_| {
                colors.forget();
                update.force_update();
            });
            move || drop(guard)
        });
    }
    colors
}
