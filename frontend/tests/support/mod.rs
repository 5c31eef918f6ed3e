//! What the tests of components share: a page of its own, and what a person does on it.

#![allow(dead_code, unreachable_pub, missing_docs)]

use mmap_playground::App;
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{
    Element, Event, EventInit, HtmlElement, HtmlTextAreaElement, KeyboardEvent, KeyboardEventInit,
};
use yew::platform::time::sleep;

/// Forgets earlier visits.
pub fn first_visit() {
    let storage = web_sys::window().unwrap().local_storage().unwrap().unwrap();
    storage.clear().unwrap();
}

/// A page of its own, taken away at the end.
pub struct Page {
    /// The element that holds it.
    pub root: Element,
    app: Option<yew::AppHandle<App>>,
}

impl Page {
    pub async fn open() -> Page {
        let document = web_sys::window().unwrap().document().unwrap();
        let root = document.create_element("div").unwrap();
        document.body().unwrap().append_child(&root).unwrap();
        let app = yew::Renderer::<App>::with_root(root.clone()).render();
        let page = Page { root, app: Some(app) };
        page.settle().await;
        page
    }

    pub async fn settle(&self) {
        for _ in 0..3 {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until a map that was scrolled or zoomed counts as at rest.
    pub async fn rest(&self) {
        sleep(Duration::from_millis(300)).await;
        self.settle().await;
    }

    pub fn all(&self, id: &str) -> Vec<HtmlElement> {
        let list = self.root.query_selector_all(&format!("[data-testid={id}]")).unwrap();
        (0..list.length()).map(|index| list.item(index).unwrap().unchecked_into()).collect()
    }

    pub fn get(&self, id: &str) -> HtmlElement {
        self.all(id).into_iter().next().unwrap_or_else(|| panic!("no {id} on the page"))
    }

    pub fn text(&self, id: &str) -> String {
        self.get(id).text_content().unwrap_or_default()
    }

    pub async fn click(&self, id: &str) {
        self.get(id).click();
        self.settle().await;
    }

    pub async fn run(&self, lines: &str) {
        self.type_text(lines).await;
        self.key("console-input", "Enter").await;
    }

    /// Has the console's input hold a text, the caret at its end.
    pub async fn type_text(&self, text: &str) {
        let input: HtmlTextAreaElement = self.get("console-input").unchecked_into();
        input.set_value(text);
        self.send(&input, "input").await;
    }

    /// What the console's input holds.
    pub fn typed(&self) -> String {
        self.get("console-input").unchecked_into::<HtmlTextAreaElement>().value()
    }

    /// Sends a bubbling event to an element.
    pub async fn send(&self, element: &Element, name: &str) {
        let init = EventInit::new();
        init.set_bubbles(true);
        element.dispatch_event(&Event::new_with_event_init_dict(name, &init).unwrap()).unwrap();
        self.settle().await;
    }

    /// Presses a key on an element, and says whether the page took it.
    pub async fn key(&self, id: &str, key: &str) -> bool {
        let init = KeyboardEventInit::new();
        init.set_key(key);
        init.set_bubbles(true);
        init.set_cancelable(true);
        let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap();
        let untouched = self.get(id).dispatch_event(&event).unwrap();
        self.settle().await;
        !untouched
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            app.destroy();
        }
        self.root.remove();
    }
}
