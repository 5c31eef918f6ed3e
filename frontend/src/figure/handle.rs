//! What scripts get of the playground: a figure mounted in an element, and the model by itself.
//!
//! `embed/mmap-playground.js` wraps both, and `embed/mmap-playground.d.ts` has their types.

use super::options::Options;
use super::{Figure, FigureProps, telling};
use crate::store::{Action, StoreContext};
use mmap_playground_core::machine::Machine;
use mmap_playground_core::maps::print_maps;
use mmap_playground_core::picture;
use mmap_playground_core::process::Process;
use mmap_playground_core::session::Session;
use mmap_playground_core::state::{State, maps_lines};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use yew::AppHandle;

/// What connects a figure with who works it from outside.
#[derive(Clone)]
pub struct Link {
    tell: js_sys::Function,
    store: Rc<RefCell<Option<StoreContext>>>,
}

impl PartialEq for Link {
    fn eq(&self, other: &Link) -> bool {
        Rc::ptr_eq(&self.store, &other.store)
    }
}

impl Link {
    /// Has whoever works the figure see this store from now on.
    pub(super) fn connect(&self, store: &StoreContext) {
        self.store.replace(Some(store.clone()));
    }

    /// Calls the listener. What goes wrong there is no concern of the figure.
    pub(super) fn tell(&self, kind: &str, detail: &Value) {
        let (kind, detail) = (JsValue::from(kind), JsValue::from(detail.to_string()));
        let _ = self.tell.call2(&JsValue::NULL, &kind, &detail);
    }

    fn store(&self) -> Option<StoreContext> {
        self.store.borrow().clone()
    }

    fn dispatch(&self, action: Action) {
        if let Some(store) = self.store() {
            store.dispatch(action);
        }
    }
}

/// A figure in an element, as the module of the page exports it.
#[wasm_bindgen(js_name = Figure)]
pub struct FigureHandle {
    app: Option<AppHandle<Figure>>,
    link: Link,
}

#[wasm_bindgen(js_class = Figure)]
impl FigureHandle {
    /// Mounts a figure in an element, in place of what is in it. `options` are those of
    /// [`Asked`](super::options::Asked) as JSON. `tell` is called with a kind (`ready`, `change`,
    /// `fault`, `select`; `progress` with the `share` done while a long trace runs, and `shown`
    /// behind each change of the options) and a JSON text. Nothing can be asked before it was told
    /// `ready`.
    #[wasm_bindgen(constructor)]
    pub fn new(root: web_sys::Element, options: &str, tell: js_sys::Function) -> FigureHandle {
        let link = Link { tell, store: Rc::default() };
        let options = Rc::new(Options::from_json(options));
        let props = FigureProps { options, link: link.clone() };
        let app = yew::Renderer::<Figure>::with_root_and_props(root, props).render();
        FigureHandle { app: Some(app), link }
    }

    /// Shows something else. A trace or step that is the same does not run again.
    pub fn set(&mut self, options: &str) {
        if let Some(app) = &mut self.app {
            let options = Rc::new(Options::from_json(options));
            let theme = options.theme;
            app.update(FigureProps { options, link: self.link.clone() });
            // Painted anew even if it is the same: the page's own colours may be others.
            self.link.dispatch(Action::Theme(theme));
        }
    }

    /// Runs lines behind the step where the figure stands.
    pub fn run(&self, lines: &str) {
        self.link.dispatch(Action::RunForHost(lines.to_owned()));
    }

    /// Goes to a step; 0 is before the first call.
    #[wasm_bindgen(js_name = goTo)]
    pub fn go_to(&self, step: usize) {
        self.link.dispatch(Action::GoTo(step));
    }

    /// Begins or stops to step by itself.
    pub fn play(&self, playing: bool) {
        self.link.dispatch(Action::Play(playing));
    }

    /// Where it stands, as JSON: `step`, `steps`, `text`, `result`, `signal`, `why`.
    pub fn place(&self) -> String {
        self.link.store().map(|store| telling::change(&store).to_string()).unwrap_or_default()
    }

    /// The state as JSON, as `replay --print state` prints it.
    pub fn state(&self) -> String {
        let store = self.link.store();
        store.map(|store| state_json(store.session.process())).unwrap_or_default()
    }

    /// What has run, as a trace.
    pub fn trace(&self) -> String {
        self.link.store().map(|store| store.session.script()).unwrap_or_default()
    }

    /// Takes the figure away, with everything that it holds.
    pub fn unmount(&mut self) {
        if let Some(app) = self.app.take() {
            app.destroy();
        }
        self.link.store.replace(None);
    }
}

/// The model without a page: a process, and the lines that it has run.
#[wasm_bindgen]
pub struct Model {
    session: Session,
}

#[wasm_bindgen]
impl Model {
    /// A process that has run nothing; or one that starts with the mappings of a
    /// `/proc/PID/maps` text.
    #[wasm_bindgen(constructor)]
    pub fn new(maps: Option<String>) -> Model {
        let session = match maps {
            Some(maps) => Session::start_from_maps(&maps).0,
            None => Session::new(Machine::default()),
        };
        Model { session }
    }

    /// Runs lines behind the step where it stands, and gives each step that ran as JSON: `text`,
    /// `result`, `signal`, `why`; and in `errors` what could not be read: `line`, `column`,
    /// `message`.
    pub fn run(&mut self, lines: &str) -> String {
        let from = self.session.position();
        let report = self.session.run(lines);
        let steps: Vec<Value> = self
            .session
            .steps(from..self.session.position())
            .map(|(_, step)| {
                json!({
                    "text": step.text,
                    "result": step.result,
                    "signal": step.signal,
                    "why": step.why,
                })
            })
            .collect();
        let errors: Vec<Value> = report
            .diagnostics
            .iter()
            .map(|it| json!({ "line": it.line, "column": it.column, "message": it.message }))
            .collect();
        json!({ "steps": steps, "errors": errors }).to_string()
    }

    /// How many steps have run before the state shown.
    #[wasm_bindgen(getter)]
    pub fn step(&self) -> usize {
        self.session.position()
    }

    /// How many steps there are.
    #[wasm_bindgen(getter)]
    pub fn steps(&self) -> usize {
        self.session.len()
    }

    /// Goes to a step, or the last there is; 0 is before the first.
    #[wasm_bindgen(js_name = goTo)]
    pub fn go_to(&mut self, step: usize) {
        self.session.go_to(step);
    }

    /// The state as JSON, as `replay --print state` prints it.
    pub fn state(&self) -> String {
        state_json(self.session.process())
    }

    /// The mappings as the text of `/proc/PID/maps`.
    pub fn maps(&self) -> String {
        print_maps(&maps_lines(self.session.process()))
    }

    /// The address space as a picture, an SVG.
    pub fn svg(&self) -> String {
        let caption = self.session.last_step().map(|step| step.text.clone()).unwrap_or_default();
        picture::svg(self.session.process(), &caption)
    }
}

fn state_json(process: &Process) -> String {
    serde_json::to_string(&State::of(process)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const TYPES: &str = include_str!("../../../embed/mmap-playground.d.ts");

    fn keys(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    found.insert(key.clone());
                    keys(value, found);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
            _ => {}
        }
    }

    /// A style sheet is read in the encoding of the page that it is used in, and not every page
    /// says that it is UTF-8.
    #[test]
    fn style_sheets_mean_the_same_in_any_encoding() {
        for sheet in [include_str!("../../style.css"), include_str!("../../figure.css")] {
            let strange = sheet.lines().find(|line| !line.is_ascii());
            assert_eq!(strange, None);
        }
    }

    #[test]
    fn the_types_name_every_field_of_what_scripts_get() {
        let mut model = Model::new(None);
        let ran = model.run("p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nload(p)\na = malloc(9)\nmun(");
        let mut found = BTreeSet::new();
        for text in [ran, model.state()] {
            keys(&serde_json::from_str(&text).unwrap(), &mut found);
        }
        assert!(found.len() > 30, "{found:?}");
        let unnamed = |key: &&String| {
            let field = |end: &str| TYPES.contains(&format!(" {key}{end}"));
            !field(": ") && !field("?: ")
        };
        assert_eq!(found.iter().filter(unnamed).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_model_steps_back_and_starts_from_mappings() {
        let mut model = Model::new(Some("1000-3000 rw-p 00000000 00:00 0\n".to_owned()));
        assert!(model.maps().contains("rw-p"), "{}", model.maps());
        model.run("munmap(0x1000, 4096)");
        assert_eq!((model.step(), model.steps()), (1, 1));
        assert!(!model.maps().contains("1000-"), "{}", model.maps());
        model.go_to(0);
        assert!(model.maps().contains("1000-"), "{}", model.maps());
    }
}
