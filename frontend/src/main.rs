//! Mounts the page.
use mmap_playground::{App, AppProps};

fn main() {
    yew::Renderer::<App>::with_props(AppProps { keep: true }).render();
}
