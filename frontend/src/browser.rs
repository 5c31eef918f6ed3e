//! What the page asks of the browser: clipboard, storage, style, frames, sizes. Besides painting
//! and event handlers this is the only place that talks to it; every request may be refused.

use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Document, Element, EventTarget, File, FileList, HtmlElement, ResizeObserver, ShadowRoot, Window,
};

/// The window, where there is one.
pub fn window() -> Option<Window> {
    web_sys::window()
}

/// The document.
pub fn document() -> Option<Document> {
    window()?.document()
}

/// Says whether the document is the playground's own page: its `index.html` says so, unless it is
/// asked to show a figure only, by `?embed`.
pub fn is_own_page() -> bool {
    let root = document().and_then(|document| document.document_element());
    root.is_some_and(|root| root.get_attribute("data-mmap-playground").as_deref() == Some("page"))
}

/// Leaves the words of a panic for `static/trap.js`, which shows them, and for whoever reads the
/// console.
pub fn tell_panic(words: &str) {
    if let Some(window) = window() {
        let _ = js_sys::Reflect::set(&window, &"mmapPanic".into(), &words.into());
    }
    web_sys::console::error_1(&words.into());
}

/// Reads variables of the style sheet as they are at an element, trimmed.
pub fn css_variables(element: &Element) -> impl Fn(&str) -> String + use<> {
    let style = window().and_then(|window| window.get_computed_style(element).ok().flatten());
    move |name| {
        let value = style.as_ref().and_then(|style| style.get_property_value(name).ok());
        // Given back to the browser again and again, as colours are, it goes over only once.
        wasm_bindgen::intern(value.unwrap_or_default().trim()).to_owned()
    }
}

fn media(query: &str) -> bool {
    let list = window().and_then(|window| window.match_media(query).ok().flatten());
    list.is_some_and(|list| list.matches())
}

/// Says whether the system asks for dark colours.
pub fn prefers_dark() -> bool {
    media("(prefers-color-scheme: dark)")
}

/// Says whether the system asks for little motion.
pub fn prefers_reduced_motion() -> bool {
    media("(prefers-reduced-motion: reduce)")
}

/// Physical pixels in a CSS pixel.
pub fn pixel_ratio() -> f64 {
    window().map_or(1.0, |window| window.device_pixel_ratio()).clamp(0.5, 4.0)
}

/// Sets an attribute of the page's root element.
pub fn set_root_attribute(name: &str, value: &str) {
    if let Some(root) = document().and_then(|document| document.document_element()) {
        let _ = root.set_attribute(name, value);
    }
}

/// A value kept from an earlier visit.
pub fn stored(key: &str) -> Option<String> {
    window()?.local_storage().ok()??.get_item(key).ok()?
}

/// Keeps a value for the next visit, if the browser lets it.
pub fn store(key: &str, value: &str) {
    if let Some(Ok(Some(storage))) = window().map(|window| window.local_storage()) {
        let _ = storage.set_item(key, value);
    }
}

/// Takes a kept value away.
pub fn forget(key: &str) {
    if let Some(Ok(Some(storage))) = window().map(|window| window.local_storage()) {
        let _ = storage.remove_item(key);
    }
}

/// A value kept for this tab only.
pub fn stored_in_tab(key: &str) -> Option<String> {
    window()?.session_storage().ok()??.get_item(key).ok()?
}

/// Keeps a value as long as this tab is there.
pub fn store_in_tab(key: &str, value: &str) {
    if let Some(Ok(Some(storage))) = window().map(|window| window.session_storage()) {
        let _ = storage.set_item(key, value);
    }
}

/// The time of day, in milliseconds since 1970.
pub fn clock() -> f64 {
    js_sys::Date::now()
}

/// A moment as people here write it.
pub fn date_text(clock: f64) -> String {
    js_sys::Date::new(&clock.into()).to_locale_string("default", &JsValue::UNDEFINED).into()
}

/// A key that no other has.
pub fn unique() -> String {
    let random = (js_sys::Math::random() * 4_294_967_296.0) as u32;
    format!("{:x}-{random:08x}", clock() as u64)
}

/// What stands behind the `#` of the address.
pub fn fragment() -> Option<String> {
    let hash = window()?.location().hash().ok()?;
    hash.strip_prefix('#').map(str::to_owned)
}

/// Says whether a fragment is a place in the page, or nothing.
pub fn is_place(fragment: &str) -> bool {
    let element = || document()?.get_element_by_id(fragment);
    fragment.is_empty() || element().is_some()
}

/// Takes the fragment off the address.
pub fn clear_fragment() {
    let Some(window) = window() else { return };
    let location = window.location();
    if let (Ok(path), Ok(query), Ok(history)) =
        (location.pathname(), location.search(), window.history())
    {
        let address = format!("{path}{query}");
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}

/// The address of the page, without its fragment.
pub fn address() -> String {
    let href = window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_owned()
}

/// Gives the person a file to save.
pub fn save_file(name: &str, kind: &str, parts: &JsValue) -> Result<(), JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    let blob = web_sys::Blob::new_with_buffer_source_sequence_and_options(parts, &options)?;
    save_blob(name, &blob)
}

/// Gives the person a text to save.
pub fn save_text(name: &str, kind: &str, text: &str) {
    let bytes = js_sys::Uint8Array::from(text.as_bytes());
    let _ = save_file(name, kind, &js_sys::Array::of1(&bytes));
}

fn save_blob(name: &str, blob: &web_sys::Blob) -> Result<(), JsValue> {
    let document = document().ok_or(JsValue::NULL)?;
    let url = web_sys::Url::create_object_url_with_blob(blob)?;
    let link: web_sys::HtmlAnchorElement = document.create_element("a")?.dyn_into()?;
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser reads it after this event.
    wasm_bindgen_futures::spawn_local(async move {
        next_frame().await;
        let _ = web_sys::Url::revoke_object_url(&url);
    });
    Ok(())
}

/// Gives the person a picture to save: an SVG, painted at twice its size as PNG.
///
/// # Errors
///
/// The browser does not paint it.
pub async fn save_png(name: &str, svg: &str) -> Result<(), JsValue> {
    let document = document().ok_or(JsValue::NULL)?;
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("image/svg+xml");
    let bytes = js_sys::Uint8Array::from(svg.as_bytes());
    let parts = js_sys::Array::of1(&bytes);
    let blob = web_sys::Blob::new_with_buffer_source_sequence_and_options(&parts, &options)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    let image: web_sys::HtmlImageElement = document.create_element("img")?.dyn_into()?;
    image.set_src(&url);
    JsFuture::from(image.decode()).await?;
    let canvas: web_sys::HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
    canvas.set_width(image.natural_width().saturating_mul(2).clamp(2, 8000));
    canvas.set_height(image.natural_height().saturating_mul(2).clamp(2, 8000));
    let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
    let context: web_sys::CanvasRenderingContext2d = context.dyn_into()?;
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height)?;
    web_sys::Url::revoke_object_url(&url)?;
    let name = name.to_owned();
    let save = Closure::once_into_js(move |blob: Option<web_sys::Blob>| {
        if let Some(blob) = blob {
            let _ = save_blob(&name, &blob);
        }
    });
    canvas.to_blob(save.unchecked_ref())
}

/// Puts text on the clipboard, then calls back with whether it is there: a page that came over plain
/// HTTP has no clipboard, and a person may refuse it.
pub fn copy(text: &str, told: impl FnOnce(bool) + 'static) {
    let navigator = window().map(|window| window.navigator());
    // Declared as always there, which it is not.
    let clipboard = navigator
        .and_then(|navigator| js_sys::Reflect::get(&navigator, &"clipboard".into()).ok())
        .filter(JsValue::is_object)
        .map(JsCast::unchecked_into::<web_sys::Clipboard>);
    let promise = clipboard.map(|clipboard| clipboard.write_text(text));
    wasm_bindgen_futures::spawn_local(async move {
        let done = match promise {
            Some(promise) => JsFuture::from(promise).await.is_ok(),
            None => false,
        };
        told(done);
    });
}

/// Bytes of a file that are read at once.
const CHUNK: f64 = 4_194_304.0;

/// Reads a file part by part, until `take` has no room for more. Gives `take` the share that is
/// read, too; and nothing if the file cannot be read.
pub async fn read(file: &web_sys::File, mut take: impl FnMut(&[u8], f64) -> bool) -> Option<()> {
    let size = file.size();
    let mut start = 0.0;
    while start < size {
        let end = (start + CHUNK).min(size);
        let blob = file.slice_with_f64_and_f64(start, end).ok()?;
        let buffer = JsFuture::from(blob.array_buffer()).await.ok()?;
        start = end;
        if !take(&js_sys::Uint8Array::new(&buffer).to_vec(), start / size) {
            break;
        }
    }
    Some(())
}

/// Gives a keyboard's focus to an element.
pub fn focus(selector: &str) {
    let found = document().and_then(|document| document.query_selector(selector).ok().flatten());
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Says whether a keyboard's focus is nowhere: what had it went away.
pub fn focus_is_lost() -> bool {
    let Some(document) = document() else { return false };
    let active = document.active_element();
    active.is_none_or(|active| document.body().is_some_and(|body| *body == active))
}

/// Scrolls the page so that an element stands at its top, once what was dispatched is rendered.
pub fn scroll_to(selector: String) {
    wasm_bindgen_futures::spawn_local(async move {
        let rendered = js_sys::Promise::resolve(&JsValue::UNDEFINED);
        let _ = JsFuture::from(rendered).await;
        let found = document().and_then(|it| it.query_selector(&selector).ok().flatten());
        if let Some(element) = found {
            element.scroll_into_view();
        }
    });
}

/// Gives a keyboard's focus to an element and leaves the page where it is: whoever has a finger on
/// a part of it presses there again.
pub fn focus_still(element: &HtmlElement) {
    let still = web_sys::FocusOptions::new();
    still.set_prevent_scroll(true);
    let _ = element.focus_with_options(&still);
}

/// As [`focus_still`], in the document or shadow tree that `near` stands in.
pub fn focus_near(near: &Element, selector: &str) {
    let root = near.get_root_node();
    let found = match root.dyn_ref::<ShadowRoot>() {
        Some(shadow) => shadow.query_selector(selector),
        None => root.unchecked_ref::<Document>().query_selector(selector),
    };
    if let Some(element) = found.ok().flatten() {
        focus_still(element.unchecked_ref());
    }
}

/// Says whether an element takes typed text, so that single keys are not commands.
pub fn takes_text(target: Option<EventTarget>) -> bool {
    let Some(element) = target.and_then(|target| target.dyn_into::<HtmlElement>().ok()) else {
        return false;
    };
    let tag = element.tag_name();
    let text_input = tag == "INPUT"
        && !matches!(
            element.get_attribute("type").as_deref(),
            Some("checkbox" | "radio" | "range" | "button")
        );
    text_input || tag == "TEXTAREA" || tag == "SELECT" || element.is_content_editable()
}

/// Milliseconds on a clock that only goes forward; 0 where there is none.
pub fn now() -> f64 {
    window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}

/// How long a frame of the screen is waited for, in milliseconds: pages that nobody sees have none.
const FRAME_AWAITED: i32 = 250;

/// Waits for the next frame of the screen, so that the page can do its own work.
pub async fn next_frame() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        if let Some(window) = window() {
            let _ = window.request_animation_frame(&resolve);
            let _ = window
                .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, FRAME_AWAITED);
        }
    });
    let _ = JsFuture::from(promise).await;
}

/// Something that is undone when it is dropped.
pub struct Guard(Option<Box<dyn FnOnce()>>);

impl Guard {
    /// Runs this when dropped.
    pub fn new(undo: impl FnOnce() + 'static) -> Guard {
        Guard(Some(Box::new(undo)))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(undo) = self.0.take() {
            undo();
        }
    }
}

/// Most that an element counts as wide or high, in CSS pixels: no screen is larger, and what is
/// drawn must not grow with the content.
const LARGEST: f64 = 4000.0;

/// Width and height inside an element's borders, in CSS pixels.
pub fn inner_size(element: &Element) -> (f64, f64) {
    let most = |length: i32| f64::from(length).min(LARGEST);
    (most(element.client_width()), most(element.client_height()))
}

/// Calls back whenever an element's size changes, until the guard is dropped.
pub fn on_resize(element: &Element, callback: impl Fn() + 'static) -> Option<Guard> {
    let closure = Closure::<dyn FnMut()>::new(callback);
    let observer = ResizeObserver::new(closure.as_ref().unchecked_ref()).ok()?;
    observer.observe(element);
    Some(Guard::new(move || {
        observer.disconnect();
        drop(closure);
    }))
}

/// The files that somebody chose or dropped.
pub fn files(list: FileList) -> Vec<File> {
    (0..list.length()).filter_map(|index| list.get(index)).collect()
}

/// Listens to an event, until the guard is dropped. Not passive: the handler may prevent.
pub fn listen(
    target: &EventTarget,
    name: &'static str,
    callback: impl FnMut(web_sys::Event) + 'static,
) -> Guard {
    let closure = Closure::<dyn FnMut(web_sys::Event)>::new(callback);
    let options = web_sys::AddEventListenerOptions::new();
    options.set_passive(false);
    let _ = target.add_event_listener_with_callback_and_add_event_listener_options(
        name,
        closure.as_ref().unchecked_ref(),
        &options,
    );
    let target = target.clone();
    Guard::new(move || {
        let _ = target.remove_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    })
}

/// Calls back when the system's colour scheme changes, until the guard is dropped.
pub fn on_scheme_change(callback: impl FnMut(web_sys::Event) + 'static) -> Option<Guard> {
    let list = window()?.match_media("(prefers-color-scheme: dark)").ok()??;
    Some(listen(&list, "change", callback))
}

type Job = Box<dyn FnOnce()>;

/// A job for the next frame of the screen. Asking again before it comes replaces the job, so that
/// what runs is always the newest.
#[derive(Clone, Default)]
pub struct FrameJob {
    waiting: Rc<RefCell<Option<Job>>>,
}

impl FrameJob {
    /// Runs a job at the next frame, in place of one that is waiting.
    pub fn request(&self, job: impl FnOnce() + 'static) {
        if self.waiting.replace(Some(Box::new(job))).is_some() {
            return;
        }
        let waiting = self.waiting.clone();
        let closure = Closure::once_into_js(move || {
            let job = waiting.take();
            if let Some(job) = job {
                job();
            }
        });
        if let Some(window) = window() {
            let _ = window.request_animation_frame(closure.unchecked_ref());
        }
    }
}
