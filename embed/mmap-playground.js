// <mmap-playground>: a live figure of an address space, for any page. One line loads it:
//
//   <script type="module" src="…/mmap-playground.js"></script>
//
// Nothing else is fetched until the first figure comes near the screen. Then the playground's own
// module is loaded, once for all figures of the page. README.md, "Embed", describes the element,
// mmap-playground.d.ts its types, frontend/src/figure the side written in Rust.

const HERE = new URL(".", import.meta.url);

/** The attributes that say what a figure shows, as the module takes them. */
const SHOWN = ["step", "panels", "readonly", "theme", "height", "autoplay", "zoom"];

/** How far from the screen a lazy figure begins to load. */
const NEAR = "300px";

/** What a fetched trace may have: `LOG_BYTES` of core/src/limits.rs. */
const MOST_MIB = 128;

let loading = null;

/**
 * Loads the playground's module: once, however often it is asked for. Resolves to what it exports.
 * The names of its files change with each version; index.html, which lies beside, knows them.
 */
export function load() {
  loading ??= loadOnce();
  // What failed may work later: a network comes back.
  loading.catch(() => (loading = null));
  return loading;
}

async function loadOnce() {
  if (document.documentElement.dataset.mmapPlayground) return ownModule();
  const home = new URL("index.html", HERE);
  const answer = await fetch(home, { cache: "no-cache", credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${home} answers ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const files = (selector) =>
    [...page.querySelectorAll(selector)].map((link) => new URL(link.getAttribute("href"), home).href);
  const [script] = files('link[rel="modulepreload"]');
  const [wasm] = files('link[rel="preload"][type="application/wasm"]');
  const module = await import(script);
  const { memory } = await module.default({ module_or_path: wasm });
  return { ...module, memory, styles: files('link[rel="stylesheet"]') };
}

/** On the playground's own page the module is on its way already. */
async function ownModule() {
  if (!globalThis.wasmBindings) {
    await new Promise((resolve) =>
      addEventListener("TrunkApplicationStarted", resolve, { once: true }),
    );
  }
  const styles = [...document.querySelectorAll('link[rel="stylesheet"]')].map((link) => link.href);
  return { ...globalThis.wasmBindings, styles };
}

/** Frames of the element itself; the rest comes from the playground's style sheets. */
const FRAME = `
  :host { display: block; position: relative; flex: 1 1 100%; min-width: 0; margin-block: 0.8em; }
  :host([hidden]) { display: none; }
  .start { font: inherit; cursor: pointer; margin-top: 0.4em; }
  .progress { display: flex; gap: 0.6em; align-items: center; margin: 0.4em 0; }
  .progress[hidden] { display: none; }
  .progress progress { flex: 1 1 auto; min-width: 4em; }
  .failed { border: 1px solid currentColor; border-radius: 4px; margin: 0.4em 0 0; padding: 0.3em 0.6em; }
`;

/** A style sheet of the element's own, which no content security policy minds. */
let frame = null;
function frameSheet() {
  if (frame === null) {
    frame = new CSSStyleSheet();
    frame.replaceSync(FRAME);
  }
  return frame;
}

/** Tells lazy figures that they come near the screen. */
const near =
  "IntersectionObserver" in globalThis
    ? new IntersectionObserver(
        (entries) => {
          for (const { isIntersecting, target } of entries) if (isIntersecting) target.start();
        },
        { rootMargin: NEAR },
      )
    : null;

/** How much of a figure is before the reader when it begins to play by itself. */
const BEFORE_THE_READER = 0.25;

/** The figures on the page that are as light or dark as what is behind them. */
const figures = new Set();

let watching = false;
function watchColours() {
  if (watching) return;
  watching = true;
  const look = () => figures.forEach((figure) => figure.refresh());
  const changes = new MutationObserver(look);
  for (const element of [document.documentElement, document.body]) {
    if (element) changes.observe(element, { attributeFilter: ["class", "style", "data-theme"] });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look);
  // A style sheet that came late, or was exchanged.
  document.addEventListener("load", (event) => event.target.localName === "link" && look(), true);
}

let painter = null;

/** Red, green, blue and opacity of a colour, each 0 to 255, however it is written. */
function pixel(colour) {
  const [red, green, blue, opaque = 1] = colour.match(/[\d.]+/g)?.map(Number) ?? [];
  if (colour.startsWith("rgb")) return [red, green, blue, opaque * 255];
  painter ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  painter.clearRect(0, 0, 1, 1);
  painter.fillStyle = colour;
  painter.fillRect(0, 0, 1, 1);
  return painter.getImageData(0, 0, 1, 1).data;
}

/** Says whether what is behind an element is dark, by the colour that is painted there. */
function isDarkBehind(element) {
  for (let at = element; at; at = at.assignedSlot ?? at.parentElement ?? at.getRootNode().host) {
    const [red, green, blue, opaque] = pixel(getComputedStyle(at).backgroundColor);
    if (opaque < 128) continue;
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128;
  }
  const scheme = getComputedStyle(element).colorScheme;
  if (!scheme.includes("dark")) return false;
  return !scheme.includes("light") || matchMedia("(prefers-color-scheme: dark)").matches;
}

/** The text of an answer, which may have no end. */
async function textOf(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += value;
    if (text.length > MOST_MIB << 20) {
      reader.cancel();
      throw new Error(`it is longer than ${MOST_MIB} MiB`);
    }
  }
}

/** The whole text without the spaces that markup puts in front of each line and around it. */
function unindented(text) {
  const lines = text.replace(/^\s*\n/, "").trimEnd().split("\n");
  const indents = lines.filter((line) => line.trim()).map((line) => line.match(/^\s*/)[0].length);
  const least = Math.min(...indents, 1000);
  return lines.map((line) => line.slice(least)).join("\n");
}

export class MmapPlayground extends HTMLElement {
  static observedAttributes = ["src", "loading", ...SHOWN];

  /** Tells figures that the reader has them before them. */
  static #before =
    "IntersectionObserver" in globalThis
      ? new IntersectionObserver(
          (entries) => {
            for (const { intersectionRatio, target } of entries) {
              if (intersectionRatio >= BEFORE_THE_READER) target.#see();
            }
          },
          { threshold: BEFORE_THE_READER },
        )
      : null;

  #root = null; // the element that the figure is mounted in
  #figure = null;
  #trace = null; // a trace set by a script, in place of attribute and content
  #fetched = { src: null, text: "" };
  #life = 0; // grows with each end, so that what comes late is dropped
  #started = false;
  #live = false;
  #seen = !MmapPlayground.#before;
  #waiting = null;
  #shown = []; // who waits until what was asked for is shown
  #content = new MutationObserver(() => this.refresh());

  constructor() {
    super();
    this.#expectReady();
  }

  #expectReady() {
    let settle;
    const promise = new Promise((resolve, reject) => (settle = { resolve, reject }));
    promise.catch(() => {}); // whoever waits hears of it; nobody has to
    this.#waiting = { promise, ...settle };
  }

  connectedCallback() {
    if (!this.shadowRoot) this.#build();
    figures.add(this);
    watchColours();
    this.#content.observe(this, { childList: true, characterData: true, subtree: true });
    this.#arrange();
  }

  disconnectedCallback() {
    // An element that is only moved comes back at once, and keeps its figure.
    queueMicrotask(() => {
      if (this.isConnected || !figures.delete(this)) return;
      near?.unobserve(this);
      this.#content.disconnect();
      this.#end();
    });
  }

  attributeChangedCallback(name, before, after) {
    if (before === after || !this.shadowRoot) return;
    if (name === "loading" && !this.#started) this.#arrange();
    else this.refresh();
  }

  #build() {
    const shadow = this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [frameSheet()];
    const [slot, start, progress, failed, live] = ["slot", "button", "label", "p", "div"].map(
      (name) => document.createElement(name),
    );
    start.className = "start";
    start.part = "start";
    start.type = "button";
    start.textContent = "Run it here";
    start.addEventListener("click", () => this.start());
    progress.className = "progress";
    progress.part = "progress";
    progress.append("Running the trace", document.createElement("progress"));
    failed.className = "failed";
    failed.part = "message";
    failed.setAttribute("role", "alert");
    live.className = "live";
    start.hidden = progress.hidden = failed.hidden = live.hidden = true;
    shadow.append(slot, start, progress, failed, live);
  }

  #part(name) {
    return this.shadowRoot.querySelector(`.${name}`);
  }

  /** Begins to load as the attribute `loading` says. */
  #arrange() {
    if (this.#started) return;
    const how = (this.getAttribute("loading") ?? "lazy").trim();
    this.#part("start").hidden = how !== "click";
    near?.unobserve(this);
    if (how === "click") return;
    if (how !== "lazy" && how !== "eager") {
      this.#fail(`loading="${how}": expected lazy, click or eager.`);
    }
    if (near && how !== "eager") near.observe(this);
    else this.start();
  }

  /** Makes the figure live now, whatever `loading` says. Resolves when it is. */
  start() {
    if (!this.#started && this.isConnected) {
      this.#started = true;
      near?.unobserve(this);
      this.#part("start").hidden = true;
      this.#mount(this.#life);
    }
    return this.ready;
  }

  async #mount(life) {
    try {
      const module = await load();
      await this.#fetchTrace();
      if (life !== this.#life) return;
      const live = this.#part("live");
      await this.#addStyles(module.styles);
      if (life !== this.#life) return;
      this.#root = document.createElement("div");
      live.replaceChildren(this.#root);
      this.#figure = new module.Figure(this.#root, this.#options(), (kind, detail) => {
        if (life === this.#life) this.#heard(kind, detail && JSON.parse(detail));
      });
    } catch (error) {
      if (life !== this.#life) return;
      this.#started = false;
      this.#fail(`The figure cannot run here: ${error?.message ?? error}`);
      this.#waiting.reject(error);
      this.#expectReady();
      this.#part("start").hidden = false;
    }
  }

  /** Adds the playground's style sheets, and waits for them: a figure without them looks broken. */
  #addStyles(styles) {
    const there = [...this.shadowRoot.querySelectorAll("link")].map((link) => link.href);
    const added = styles.filter((style) => !there.includes(style)).map((href) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = href;
      const loaded = new Promise((resolve) => (link.onload = link.onerror = resolve));
      this.shadowRoot.querySelector("slot").before(link);
      return loaded;
    });
    return Promise.all(added);
  }

  /** Hears that the reader has the figure before them: what plays by itself may begin. */
  #see() {
    MmapPlayground.#before?.unobserve(this);
    this.#seen = true;
    if (this.hasAttribute("autoplay")) this.refresh();
  }

  #end() {
    this.#figure?.unmount();
    this.#figure?.free();
    this.#figure = null;
    this.#root?.remove();
    this.#root = null;
    this.#life += 1;
    this.#started = false;
    this.#shown.splice(0).forEach((resolve) => resolve());
    if (this.#live) this.#expectReady();
    MmapPlayground.#before?.unobserve(this);
    this.#seen = !MmapPlayground.#before;
    this.#progress(null);
    this.#show(false);
  }

  /** Shows the figure, or what stands in the element. */
  #show(live) {
    this.#live = live;
    this.#part("live").hidden = !live;
    this.shadowRoot.querySelector("slot").style.display = live ? "none" : "";
  }

  #fail(message) {
    const failed = this.#part("failed");
    failed.textContent = message;
    failed.hidden = !message;
  }

  /** Shows which share of a long trace has run; null when none is running. */
  #progress(share) {
    const progress = this.#part("progress");
    progress.hidden = share === null;
    progress.lastChild.value = share ?? 0;
  }

  #heard(kind, detail) {
    if (kind === "progress") return this.#progress(detail.share);
    if (kind === "shown") {
      this.#progress(null);
      return this.#shown.splice(0).forEach((resolve) => resolve());
    }
    if (kind === "ready") {
      this.#show(true);
      this.#fail("");
      this.#waiting.resolve(this);
      if (!this.#seen) MmapPlayground.#before.observe(this);
    }
    this.dispatchEvent(new CustomEvent(`mmap-${kind}`, { detail, bubbles: true, composed: true }));
  }

  /** The trace that stands in the element: of a script, of a <pre>, or its own text. */
  #ownTrace() {
    const holder = this.querySelector('script[type^="text/"]') ?? this.querySelector("pre");
    return unindented((holder ?? this).textContent);
  }

  async #fetchTrace() {
    const src = this.getAttribute("src");
    if (src === null || this.#trace !== null || src === this.#fetched.src) return;
    const address = new URL(src, this.baseURI);
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address} answers ${answer.status}`);
    this.#fetched = { src, text: await textOf(answer) };
  }

  #options() {
    const home = new URL("index.html", HERE).href;
    const options = { dark: isDarkBehind(this), home, seen: this.#seen };
    for (const name of SHOWN) options[name] = this.getAttribute(name);
    const given = this.#trace ?? (this.hasAttribute("src") ? this.#fetched.text : this.#ownTrace());
    if (given.startsWith("#s=")) options.link = given.slice("#s=".length);
    else options.trace = given;
    return JSON.stringify(options);
  }

  /** Has the figure show what attributes, content and the page behind it now say; resolves then. */
  async refresh() {
    if (!this.#figure) return;
    const life = this.#life;
    let failed = "";
    await this.#fetchTrace().catch((error) => (failed = `The trace cannot be fetched: ${error.message}`));
    if (life !== this.#life) return;
    this.#fail(failed);
    if (failed) return;
    const shown = new Promise((resolve) => this.#shown.push(resolve));
    this.#figure.set(this.#options());
    await shown;
  }

  /** Resolves to the element when the figure is live. */
  get ready() {
    return this.#waiting.promise;
  }

  /** Makes the figure live, runs lines where it stands, and resolves to the state then. */
  async run(lines) {
    await this.start();
    this.#figure?.run(String(lines));
    return this.state;
  }

  /** The state, as `replay --print state` prints it; null before the figure is live. */
  get state() {
    return this.#live ? JSON.parse(this.#figure.state()) : null;
  }

  /** How many calls have run; -1 before the figure is live. */
  get step() {
    return this.#place().step ?? -1;
  }

  set step(step) {
    const target = Math.min(Math.max(0, Math.trunc(Number(step)) || 0), 2 ** 31);
    const go = () => this.#figure?.goTo(target);
    if (this.#live) go();
    else this.ready.then(go, () => {});
  }

  /** How many calls there are to step through. */
  get steps() {
    return this.#place().steps ?? 0;
  }

  #place() {
    return this.#live ? JSON.parse(this.#figure.place()) : {};
  }

  /** What has run, as a trace. Setting it shows another, in place of attribute and content. */
  get trace() {
    return this.#live ? this.#figure.trace() : (this.#trace ?? this.#ownTrace());
  }

  set trace(trace) {
    this.#trace = trace === null || trace === undefined ? null : String(trace);
    this.refresh();
  }

  /** Steps by itself, or stops to. */
  play(playing = true) {
    this.#figure?.play(Boolean(playing));
  }
}

if (!customElements.get("mmap-playground")) {
  customElements.define("mmap-playground", MmapPlayground);
}
