//! Mounts the page, where it is the playground's own.
//!
//! A page that only embeds figures loads the same module; nothing is mounted there until the element
//! asks for it.
use mmap_playground::{App, AppProps, browser};

fn main() {
    if browser::is_own_page() {
        yew::set_custom_panic_hook(Box::new(|info| browser::tell_panic(&info.to_string())));
        yew::Renderer::<App>::with_props(AppProps { keep: true }).render();
    }
}
