//! The page under test, and what a person does with it.
//!
//! Elements are named by CSS selectors. Whatever needs an element waits for it,
//! up to [`PATIENCE`]. Positions are CSS pixels from an element's top left corner.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fantoccini::actions::{
    Actions, InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction, TouchActions,
    WheelAction, WheelActions,
};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use xtask::root;

use crate::driver::{BrowserKind, Printed};
use crate::server::Server;

/// How long to wait for the page to become as expected.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
const PERIOD: Duration = Duration::from_millis(25);

/// The page in its browser.
pub struct Page {
    pub(crate) client: Client,
    pub(crate) server: Server,
    pub(crate) kind: BrowserKind,
    pub(crate) printed: Printed,
}

/// The size of what the browser shows, in CSS pixels, and whether by touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewport {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// A phone or tablet: touched rather than pointed at.
    pub touch: bool,
}

impl Viewport {
    /// A phone, upright.
    pub const PHONE: Self = Self { width: 390, height: 844, touch: true };
    /// A tablet, or a small window.
    pub const TABLET: Self = Self { width: 1024, height: 768, touch: false };
    /// A laptop.
    pub const DESKTOP: Self = Self { width: 1440, height: 900, touch: false };
}

/// A rule of accessibility that the page breaks, as axe found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// axe's name of the rule, such as `color-contrast`.
    pub rule: String,
    /// `minor`, `moderate`, `serious` or `critical`.
    pub impact: String,
    /// The rule in a sentence.
    pub help: String,
    /// Selectors of the elements that break it.
    pub elements: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, impact, help, elements } = self;
        write!(f, "{impact}: {help} ({rule})")?;
        elements.iter().try_for_each(|element| write!(f, "\n    {element}"))
    }
}

/// Opening and looking.
impl Page {
    pub(crate) fn new(client: Client, server: Server, kind: BrowserKind, printed: Printed) -> Self {
        Self { client, server, kind, printed }
    }

    /// Returns the browser that shows the page.
    pub fn kind(&self) -> BrowserKind {
        self.kind
    }

    /// Returns the underlying WebDriver client, for what has no method here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the address of the page, with its final `/`.
    pub fn url(&self) -> String {
        self.server.page()
    }

    /// Opens the page and waits until the app has started. `rest` is appended to
    /// the address: nothing, a query, a fragment.
    pub async fn open(&self, rest: &str) -> Result<()> {
        // A new fragment alone would not load the page anew.
        self.client.goto("about:blank").await?;
        self.client.goto(&format!("{}{rest}", self.url())).await?;
        self.wait_until_started().await
    }

    /// Loads the page again, as the browser's button does.
    pub async fn reload(&self) -> Result<()> {
        self.client.refresh().await?;
        self.wait_until_started().await
    }

    /// Opens another page of the same host, with the text `html`, for instance one
    /// that embeds the playground by [`url`](Self::url).
    pub async fn open_host(&self, html: &str) -> Result<()> {
        let address = self.server.set_host_page(html, None, false);
        Ok(self.client.goto(&address).await?)
    }

    /// The same, sent with a `Content-Security-Policy`.
    pub async fn open_host_with_policy(&self, html: &str, policy: &str) -> Result<()> {
        let address = self.server.set_host_page(html, Some(policy), false);
        Ok(self.client.goto(&address).await?)
    }

    /// The same, on another host than the playground's.
    pub async fn open_other_host(&self, html: &str) -> Result<()> {
        let address = self.server.set_host_page(html, None, true);
        Ok(self.client.goto(&address).await?)
    }

    /// Opens a file of [`pages_folder`](crate::pages_folder).
    pub async fn open_page(&self, path: &str) -> Result<()> {
        Ok(self.client.goto(&format!("{}{path}", self.server.pages())).await?)
    }

    /// Returns the address of the playground's files where pages of all hosts may fetch them.
    pub fn shared_url(&self) -> String {
        self.server.shared()
    }

    /// Returns how many requests so far had a path that ends like this.
    pub fn requests(&self, end: &str) -> usize {
        self.server.requests(end)
    }

    async fn wait_until_started(&self) -> Result<()> {
        self.wait_until_gone("#loading").await.context("the app did not start")
    }

    /// Waits for the first element that matches `selector`.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        let wait = self.client.wait().at_most(PATIENCE).every(PERIOD);
        let element = wait.for_element(Locator::Css(selector)).await;
        element.with_context(|| format!("no element matches {selector}"))
    }

    /// Returns all elements that match now.
    pub async fn all(&self, selector: &str) -> Result<Vec<Element>> {
        Ok(self.client.find_all(Locator::Css(selector)).await?)
    }

    /// Returns how many elements match now.
    pub async fn count(&self, selector: &str) -> Result<usize> {
        Ok(self.all(selector).await?.len())
    }

    /// Returns the text of an element as a person sees it.
    pub async fn text(&self, selector: &str) -> Result<String> {
        Ok(self.find(selector).await?.text().await?)
    }

    /// Returns an attribute, if the element has it.
    pub async fn attribute(&self, selector: &str, name: &str) -> Result<Option<String>> {
        Ok(self.find(selector).await?.attr(name).await?)
    }

    /// Returns what a field holds.
    pub async fn value(&self, selector: &str) -> Result<String> {
        let value = self.find(selector).await?.prop("value").await?;
        value.with_context(|| format!("{selector} holds no value"))
    }

    /// Runs `script` as the body of a function and returns what it returns.
    /// `arguments` are its `arguments`.
    pub async fn eval(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        let value = self.client.execute(script, arguments).await;
        value.with_context(|| format!("could not run: {script}"))
    }
}

/// Waiting.
impl Page {
    /// Waits until `selector` matches something.
    pub async fn wait_for(&self, selector: &str) -> Result<()> {
        self.find(selector).await.map(drop)
    }

    /// Waits until `selector` matches nothing.
    pub async fn wait_until_gone(&self, selector: &str) -> Result<()> {
        let gone = async || Ok(self.count(selector).await? == 0);
        self.wait_until(&format!("{selector} is gone"), gone).await
    }

    /// Waits until the first match of `selector` holds `text`.
    pub async fn wait_for_text(&self, selector: &str, text: &str) -> Result<()> {
        const HOLDS: &str = "const element = document.querySelector(arguments[0]);
            return element !== null && element.textContent.includes(arguments[1]);";
        let holds = async || {
            let holds = self.eval(HOLDS, vec![json!(selector), json!(text)]).await?;
            Ok(holds == json!(true))
        };
        let waited = self.wait_until(&format!("{selector} holds {text:?}"), holds).await;
        if let Err(error) = waited {
            let found = self.text(selector).await?;
            return Err(error.context(format!("{selector} holds {found:?}")));
        }
        Ok(())
    }

    /// Waits until `condition` holds; `what` names it in the error.
    pub async fn wait_until(
        &self,
        what: &str,
        condition: impl AsyncFn() -> Result<bool>,
    ) -> Result<()> {
        let start = Instant::now();
        while !condition().await? {
            if start.elapsed() > PATIENCE {
                bail!("waited {} s in vain until {what}", PATIENCE.as_secs());
            }
            tokio::time::sleep(PERIOD).await;
        }
        Ok(())
    }
}

/// Acting.
impl Page {
    /// Clicks in the middle of an element.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let element = self.find(selector).await?;
        element.click().await.with_context(|| format!("could not click {selector}"))
    }

    /// The same with an element that is there now, or never: waits for nothing.
    pub async fn click_now(&self, selector: &str) -> Result<()> {
        let element = self.client.find(Locator::Css(selector)).await?;
        element.click().await.with_context(|| format!("could not click {selector}"))
    }

    /// Clicks at a place on an element.
    pub async fn click_at(&self, selector: &str, at: (f64, f64)) -> Result<()> {
        let at = self.on_screen(selector, at).await?;
        self.mouse(vec![move_to(at), DOWN, UP]).await
    }

    /// Clicks twice at a place on an element.
    pub async fn double_click_at(&self, selector: &str, at: (f64, f64)) -> Result<()> {
        let at = self.on_screen(selector, at).await?;
        self.mouse(vec![move_to(at), DOWN, UP, DOWN, UP]).await
    }

    /// Moves the mouse to a place on an element.
    pub async fn hover_at(&self, selector: &str, at: (f64, f64)) -> Result<()> {
        let at = self.on_screen(selector, at).await?;
        self.mouse(vec![move_to(at)]).await
    }

    /// Drags with the mouse from one place on an element to another.
    pub async fn drag(&self, selector: &str, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        let from = self.on_screen(selector, from).await?;
        let to = self.on_screen(selector, to).await?;
        self.mouse(stroke(from, to)).await
    }

    /// Drags with a finger from one place on an element to another.
    pub async fn swipe(&self, selector: &str, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        let from = self.on_screen(selector, from).await?;
        let to = self.on_screen(selector, to).await?;
        let finger = stroke(from, to)
            .into_iter()
            .fold(TouchActions::new("finger".into()), TouchActions::then);
        Ok(self.client.perform_actions(Actions::from(finger)).await?)
    }

    /// Puts two fingers on an element, so far apart around a place, and moves them together or away
    /// from each other.
    pub async fn pinch(
        &self,
        selector: &str,
        around: (f64, f64),
        from: f64,
        to: f64,
    ) -> Result<()> {
        let (x, y) = self.on_screen(selector, around).await?;
        let finger = |name: &str, side: f64| {
            let at = |apart: f64| (x + side * apart / 2.0, y);
            stroke(at(from), at(to))
                .into_iter()
                .fold(TouchActions::new(name.into()), TouchActions::then)
        };
        let both = Actions::from(finger("one finger", -1.0)).and(finger("other finger", 1.0));
        Ok(self.client.perform_actions(both).await?)
    }

    /// Touches the middle of an element with a finger.
    pub async fn tap(&self, selector: &str) -> Result<()> {
        const HALF: &str =
            "const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return [box.width / 2, box.height / 2];";
        self.wait_for(selector).await?;
        let half = self.eval(HALF, vec![json!(selector)]).await?;
        let at = (half[0].as_f64().unwrap_or(0.0), half[1].as_f64().unwrap_or(0.0));
        let at = self.on_screen(selector, at).await?;
        let finger = [move_to(at), DOWN, UP]
            .into_iter()
            .fold(TouchActions::new("finger".into()), TouchActions::then);
        Ok(self.client.perform_actions(Actions::from(finger)).await?)
    }

    /// Turns the wheel at a place on an element; down is positive.
    pub async fn wheel(&self, selector: &str, at: (f64, f64), pixels: i64) -> Result<()> {
        let (x, y) = self.on_screen(selector, at).await?;
        let mut wheel = WheelActions::new("wheel".into());
        wheel.push(WheelAction::Scroll {
            duration: None,
            x: x.round() as i64,
            y: y.round() as i64,
            delta_x: 0,
            delta_y: pixels,
        });
        Ok(self.client.perform_actions(Actions::from(wheel)).await?)
    }

    /// Types into an element, after what it holds. `\n` is the Enter key.
    pub async fn type_into(&self, selector: &str, text: &str) -> Result<()> {
        let element = self.find(selector).await?;
        let typed = element.send_keys(&with_enter(text)).await;
        typed.with_context(|| format!("could not type into {selector}"))
    }

    /// Empties a field, then types into it.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        self.find(selector).await?.clear().await?;
        self.type_into(selector, text).await
    }

    /// Presses keys where the focus is: `Key::Tab`, `"abc\n"`, `Key::Control + "z"`.
    pub async fn press(&self, keys: impl fmt::Display) -> Result<()> {
        let focused = self.client.active_element().await?;
        Ok(focused.send_keys(&with_enter(&keys.to_string())).await?)
    }

    /// Chooses the option of a `<select>` by its value.
    pub async fn select(&self, selector: &str, value: &str) -> Result<()> {
        let element = self.find(selector).await?;
        let chosen = element.select_by_value(value).await;
        chosen.with_context(|| format!("{selector} has no option {value}"))
    }

    async fn mouse(&self, actions: Vec<PointerAction>) -> Result<()> {
        let mouse = actions.into_iter().fold(MouseActions::new("mouse".into()), MouseActions::then);
        Ok(self.client.perform_actions(Actions::from(mouse)).await?)
    }

    /// Scrolls an element into view and returns where on the screen a place on it is.
    async fn on_screen(&self, selector: &str, (x, y): (f64, f64)) -> Result<(f64, f64)> {
        const CORNER: &str = "const element = arguments[0];
            element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
            const box = element.getBoundingClientRect();
            return [box.left, box.top];";
        let element = serde_json::to_value(self.find(selector).await?)?;
        let corner = self.eval(CORNER, vec![element]).await?;
        let (left, top) = (corner[0].as_f64(), corner[1].as_f64());
        let corner = left.zip(top).with_context(|| format!("{selector} is nowhere"));
        corner.map(|(left, top)| (left + x, top + y))
    }
}

/// Keys with Enter for each new line: Firefox takes the key, not the character.
fn with_enter(keys: &str) -> String {
    keys.replace('\n', &char::from(Key::Enter).to_string())
}

const DOWN: PointerAction = PointerAction::Down { button: MOUSE_BUTTON_LEFT };
const UP: PointerAction = PointerAction::Up { button: MOUSE_BUTTON_LEFT };

fn move_to((x, y): (f64, f64)) -> PointerAction {
    PointerAction::MoveTo { duration: Some(Duration::ZERO), x, y }
}

/// Presses at one place, moves to another in steps of a frame, and lets go.
fn stroke(from: (f64, f64), to: (f64, f64)) -> Vec<PointerAction> {
    const STEPS: u32 = 8;
    let between = (1..=STEPS).map(|step| {
        let part = f64::from(step) / f64::from(STEPS);
        let (x, y) = (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
        PointerAction::MoveTo { duration: Some(Duration::from_millis(16)), x, y }
    });
    [move_to(from), DOWN].into_iter().chain(between).chain([UP]).collect()
}

/// The map, which is a picture to WebDriver.
impl Page {
    /// Returns where on the map the cell of a page is, at a level of pages: the middle of it, from
    /// the map's corner.
    ///
    /// # Errors
    ///
    /// If no cell of it is in sight.
    pub async fn cell(&self, address: u64) -> Result<(f64, f64)> {
        const ROWS: &str = "const grid = document.querySelector(arguments[0]);
            const columns = Number(document.querySelector(arguments[1]).dataset.columns);
            const room = grid.clientWidth - Number(grid.dataset.gutter) - Number(grid.dataset.bar);
            const rows = (grid.dataset.rows || '').split(' ').map(row => row.split('@'));
            return [rows, columns, room / columns, Number(grid.dataset.rowHeight),
                Number(grid.dataset.gutter)];";
        let names = [crate::id("page-grid"), crate::id("grid-columns")];
        // It is painted a frame or two after what stands around it.
        self.wait_for(&format!("{}[data-rows*=\"@\"]", names[0])).await?;
        let grid = self.eval(ROWS, names.map(|name| json!(name)).to_vec()).await?;
        let (rows, columns, width, height, gutter): (Vec<(String, String)>, u64, f64, f64, f64) =
            serde_json::from_value(grid)?;
        for (start, y) in rows {
            let start = u64::from_str_radix(start.trim_start_matches("0x"), 16)?;
            let column = address.wrapping_sub(start) / 4096;
            if address >= start && column < columns {
                let x = gutter + (column as f64 + 0.5) * width;
                return Ok((x, y.parse::<f64>()? + height / 2.0));
            }
        }
        bail!("no cell of {address:#x} in sight")
    }
}

/// Keeping and judging what it shows.
impl Page {
    /// Saves what the browser shows as `target/screenshots/NAME.png`, that of Firefox in the
    /// folder `firefox` there.
    pub async fn screenshot(&self, name: &str) -> Result<()> {
        let mut folder = root().join("target").join("screenshots");
        if self.kind == BrowserKind::Firefox {
            folder.push("firefox");
        }
        fs::create_dir_all(&folder)?;
        let picture = self.client.screenshot().await?;
        Ok(fs::write(folder.join(format!("{name}.png")), picture)?)
    }

    /// Returns the rules of accessibility that the page breaks as it is now.
    pub async fn violations(&self) -> Result<Vec<Violation>> {
        const RUN: &str = "const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] })
                .then(result => done(result.violations), error => done(String(error)));";
        let axe = root().join("node_modules/axe-core/axe.min.js");
        let axe = fs::read_to_string(axe).context("axe-core is missing: run `npm ci`")?;
        self.client.execute(&axe, vec![]).await?;
        let found = self.client.execute_async(RUN, vec![]).await?;
        let found = found.as_array().with_context(|| format!("axe failed: {found}"))?;
        Ok(found.iter().map(violation).collect())
    }

    /// Fails if axe finds anything.
    pub async fn check_accessibility(&self) -> Result<()> {
        let found = self.violations().await?;
        let lines: Vec<String> = found.iter().map(Violation::to_string).collect();
        anyhow::ensure!(lines.is_empty(), "axe found:\n{}", lines.join("\n"));
        Ok(())
    }

    /// Prints and saves what helps to understand a failure.
    pub(crate) async fn describe_failure(&self, name: &str) {
        if let Ok(address) = self.client.current_url().await {
            eprintln!("{name} failed at {address}");
        }
        for error in self.console_errors().await.unwrap_or_default() {
            eprintln!("console: {error}");
        }
        let picture = format!("{}-failed", name.replace(|c: char| !c.is_alphanumeric(), "-"));
        if self.screenshot(&picture).await.is_ok() {
            eprintln!("see target/screenshots/{picture}.png");
        }
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.client.close().await.context("the browser did not close")
    }
}

fn violation(found: &Value) -> Violation {
    let nodes = found["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    Violation {
        rule: string(&found["id"]),
        impact: string(&found["impact"]),
        help: string(&found["help"]),
        elements: nodes.iter().map(|node| string(&node["target"][0])).collect(),
    }
}

/// Returns the text of a JSON string, and any other JSON as it is written.
pub(crate) fn string(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
