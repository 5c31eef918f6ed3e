// Shown when the playground itself fails: its module has trapped and does nothing any more. So this
// is a script of its own, and it stands beside the page's body, where no event reaches the module.
// What was about to run is in the journal (frontend/src/keeping/journal.rs); here the reader decides
// whether it is tried again.
(() => {
  const JOURNAL = "mmap-playground.journal";
  const TRIED = "tried ";

  addEventListener("error", ({ error }) => look(error));
  addEventListener("unhandledrejection", ({ reason }) => look(reason));

  /** Shows the message if an error is a trap, or a stack that was used up, of the playground's page. */
  function look(error) {
    const root = document.documentElement;
    const trapped =
      error instanceof WebAssembly.RuntimeError ||
      error?.name === "InternalError" ||
      (error instanceof RangeError && /call stack/i.test(error.message));
    if (trapped && root.dataset.mmapPlayground === "page" && !document.getElementById("trap")) {
      document.body.inert = true;
      root.append(message(error));
      document.getElementById("trap-title").focus();
    }
  }

  function message(error) {
    const entry = stored();
    const lines = entry?.replace(TRIED, "").split("\n").slice(1).join("\n");
    const text = report(error, lines);
    const shown = make("pre", { textContent: text, tabIndex: 0 });
    shown.dataset.testid = "trap-report";
    const said = make("span", { role: "status" });
    const children = [
      make("h1", { id: "trap-title", textContent: "The playground has failed", tabIndex: -1 }),
      make("p", { textContent: "This is a mistake in the playground, not in your trace." }),
    ];
    if (entry === null) {
      const words = "What has run is kept in this browser, if it lets the page keep anything.";
      children.push(make("p", { textContent: words }));
    } else {
      children.push(make("p", { textContent: "What ran before is kept in this browser. This was running:" }));
      const running = make("pre", { textContent: lines.slice(0, 2000), tabIndex: 0 });
      running.dataset.testid = "trap-lines";
      children.push(running);
    }
    const actions = make("div", { className: "dialog-actions" });
    if (entry !== null) {
      actions.append(
        button("Load again without it", "trap-without", () => {
          localStorage.setItem(JOURNAL, TRIED + entry.replace(TRIED, ""));
          location.reload();
        }),
      );
    }
    actions.append(
      button("Load again", "trap-reload", () => location.reload()),
      button("Copy a report", "trap-copy", () =>
        navigator.clipboard.writeText(text).then(
          () => (said.textContent = "Copied."),
          () => (said.textContent = "The browser refuses: select the text below."),
        ),
      ),
      said,
    );
    actions.firstChild.classList.add("primary");
    const details = make("details");
    details.append(make("summary", { textContent: "The report" }), shown);
    const box = make("section", { id: "trap", className: "trap", role: "alertdialog" });
    box.setAttribute("aria-labelledby", "trap-title");
    box.append(...children, actions, details);
    return box;
  }

  function report(error, lines) {
    const module = document.querySelector('link[rel="modulepreload"]')?.getAttribute("href");
    return [
      `mmap playground ${module}`,
      navigator.userAgent,
      globalThis.mmapPanic ?? "",
      String(error.stack || error),
      lines === undefined ? "Nothing was running." : `This was running:\n${lines}`,
    ].join("\n\n");
  }

  /** What was about to run, as the journal has it; null where it holds nothing. */
  function stored() {
    try {
      return localStorage.getItem(JOURNAL);
    } catch {
      return null;
    }
  }

  function make(name, properties = {}) {
    return Object.assign(document.createElement(name), properties);
  }

  function button(text, id, onclick) {
    const it = make("button", { type: "button", className: "button", textContent: text, onclick });
    it.dataset.testid = id;
    return it;
  }
})();
