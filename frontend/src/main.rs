//! Mounts the page.
fn main() {
    yew::Renderer::<mmap_playground::App>::new().render();
}
