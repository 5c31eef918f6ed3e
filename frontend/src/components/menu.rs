//! A button with a list of things to do behind it.

use crate::components::icons;
use wasm_bindgen::JsCast;
use web_sys::Node;
use yew::prelude::*;

/// Something to do.
#[derive(Clone, PartialEq)]
pub struct MenuItem {
    /// Its name for tests.
    pub id: AttrValue,
    /// What it is.
    pub title: AttrValue,
    /// What comes of it, in a few words.
    pub summary: AttrValue,
    /// Called when it is chosen. The focus is on the menu's button by then, so that it goes back
    /// there when a window that opens is closed.
    pub onchoose: Callback<()>,
}

/// What a menu needs.
#[derive(PartialEq, Properties)]
pub struct MenuProps {
    /// Its name for tests; its list is `NAME-list`.
    pub name: &'static str,
    /// What stands on its button.
    pub title: &'static str,
    /// More classes.
    #[prop_or_default]
    pub class: Classes,
    /// What it offers.
    pub items: Vec<MenuItem>,
}

/// The button, and its list while that is open.
#[component]
pub fn Menu(props: &MenuProps) -> Html {
    let open = use_state_eq(|| false);
    let (menu, button) = (use_node_ref(), use_node_ref());
    let toggle = {
        let open = open.clone();
        move |_| open.set(!*open)
    };
    let close = {
        let (open, button) = (open.clone(), button.clone());
        move || {
            if let Some(button) = button.cast::<web_sys::HtmlElement>() {
                let _ = button.focus();
            }
            open.set(false);
        }
    };
    let onkeydown = {
        let (open, close) = (open.clone(), close.clone());
        move |event: KeyboardEvent| {
            if event.key() == "Escape" && *open {
                event.prevent_default();
                event.stop_propagation();
                close();
            }
        }
    };
    let onfocusout = {
        let (open, menu) = (open.clone(), menu.clone());
        move |event: FocusEvent| {
            let next = event.related_target().and_then(|next| next.dyn_into::<Node>().ok());
            let stays = menu.cast::<Node>().is_some_and(|menu| menu.contains(next.as_ref()));
            if !stays {
                open.set(false);
            }
        }
    };
    let items = props.items.iter().map(|item| {
        let (close, onchoose) = (close.clone(), item.onchoose.clone());
        let onclick = move |_| {
            close();
            onchoose.emit(());
        };
        html! {
            <li>
                <button type="button" class="example" {onclick} data-testid={item.id.clone()}>
                    <strong>{ &item.title }</strong>
                    <small>{ &item.summary }</small>
                </button>
            </li>
        }
    });
    html! {
        <div class={classes!("menu", props.class.clone())} ref={menu} {onkeydown} {onfocusout}>
            <button ref={button} type="button" class="button" aria-expanded={open.to_string()} onclick={toggle} data-testid={props.name}>
                { props.title }{ icons::chevron() }
            </button>
            if *open {
                <ul class="menu-list" data-testid={format!("{}-list", props.name)}>{ for items }</ul>
            }
        </div>
    }
}
