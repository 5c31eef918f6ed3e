// The playground as a figure that fills its window, for an <iframe>: index.html?embed#s=…
// README.md, "Embed", describes the parameters and the messages.

import "./mmap-playground.js";

const ATTRIBUTES = ["step", "panels", "readonly", "theme", "autoplay", "zoom"];
const asked = new URLSearchParams(location.search);

/** Who may speak with the frame: pages of its own host, and whom `allow` names. */
const own = new URL(location.href).origin;
const named = (asked.get("allow") ?? "").split(/[\s,]+/).filter(Boolean);
const isAllowed = (origin) => origin === own || named.includes(origin) || named.includes("*");

const figure = document.createElement("mmap-playground");
figure.setAttribute("loading", "eager");
figure.setAttribute("height", "100dvh");
figure.style.margin = "0";
for (const name of ATTRIBUTES) if (asked.has(name)) figure.setAttribute(name, asked.get(name));
figure.trace = given();
document.body.replaceChildren(figure);
document.body.style.cssText = "margin: 0; height: auto;";
addEventListener("hashchange", () => (figure.trace = given()));

/** The trace of the address: a shared session behind `#s=`, or the text behind `trace=`. */
function given() {
  if (location.hash.startsWith("#s=")) return location.hash;
  return new URLSearchParams(location.hash.slice(1)).get("trace") ?? asked.get("trace") ?? "";
}

/** Windows that asked to hear of changes, each with its origin. */
const listeners = new Map();

function post(target, origin, message) {
  // An opaque origin cannot be named.
  target?.postMessage({ from: "mmap-playground", ...message }, origin === "null" ? "*" : origin);
}

for (const kind of ["change", "fault", "select"]) {
  figure.addEventListener(`mmap-${kind}`, ({ detail }) => {
    for (const [target, origin] of listeners) post(target, origin, { type: kind, ...detail });
  });
}

/** What can be asked for, by the `type` of the message. Each gives what the answer holds. */
const answers = {
  listen: (message, event) => {
    listeners.set(event.source, event.origin);
    return place();
  },
  trace: async ({ trace, step }) => {
    if (typeof trace !== "string") throw new TypeError("trace is not a text");
    if (step === undefined) figure.removeAttribute("step");
    else figure.setAttribute("step", step);
    figure.trace = trace;
    await figure.refresh();
    return place();
  },
  run: async ({ lines }) => {
    if (typeof lines !== "string") throw new TypeError("lines is not a text");
    await figure.run(lines);
    return place();
  },
  step: ({ step }) => {
    figure.step = step;
    return place();
  },
  state: () => ({ state: figure.state }),
};

function place() {
  return { step: figure.step, steps: figure.steps };
}

async function hear(event) {
  const message = event.data;
  if (message?.to !== "mmap-playground") return; // not meant for the frame
  const { id } = message;
  const answer = (told) => post(event.source, event.origin, { id, ...told });
  if (!isAllowed(event.origin)) {
    const error = `${event.origin} may not speak with this frame: its address must hold allow=${event.origin}`;
    return answer({ type: "refused", error });
  }
  const act = Object.hasOwn(answers, message.type) ? answers[message.type] : null;
  if (!act) return answer({ type: "error", error: `unknown type ${message.type}` });
  try {
    await figure.ready;
    answer({ type: message.type, ...(await act(message, event)) });
  } catch (error) {
    answer({ type: "error", error: String(error?.message ?? error) });
  }
}

addEventListener("message", hear);
// What came while this module was on its way.
removeEventListener("message", globalThis.keepMessage);
(globalThis.keptMessages ?? []).splice(0).forEach(hear);
// Says nothing but that the frame is there, so that anybody may hear it.
if (parent !== window) figure.ready.then(() => post(parent, "*", { type: "hello" }), () => {});
