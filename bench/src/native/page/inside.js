// What measures within the page. It runs before the page's own scripts, and the page knows nothing
// of it: whatever is done here a person could do, and what is read is on the screen.
(() => {
  const id = (name) => document.querySelector(`[data-testid="${name}"]`);
  const canvas = () => id("page-grid");

  // The module's memory, whose size is the most that was ever in use: it never shrinks.
  let memory;
  for (const way of ["instantiate", "instantiateStreaming"]) {
    const real = WebAssembly[way];
    WebAssembly[way] = async (...given) => {
      const made = await real.apply(WebAssembly, given);
      memory = (made.instance ?? made).exports.memory ?? memory;
      return made;
    };
  }

  // When the map was last painted: each time begins with this call.
  let paints = 0;
  const transform = CanvasRenderingContext2D.prototype.setTransform;
  CanvasRenderingContext2D.prototype.setTransform = function (...given) {
    paints += this.canvas === canvas() ? 1 : 0;
    return transform.apply(this, given);
  };

  const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())));
  // Behind a frame's style, layout and painting: they come after its callbacks and before this task.
  const behindFrame = () =>
    new Promise((resolve) => {
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now());
        channel.port2.postMessage(null);
      });
    });

  // Until the map was painted anew, and `holds`: the time from `start`.
  const paintedAnew = async (start, before, holds) => {
    for (;;) {
      const now = await behindFrame();
      if (paints > before && holds()) return now - start;
      if (now - start > 20000) throw new Error("waited 20 s in vain for the map");
    }
  };

  // Nothing is in motion any more.
  const rest = () => new Promise((resolve) => setTimeout(resolve, 450));

  const middle = () => {
    const box = canvas().getBoundingClientRect();
    return { clientX: box.left + box.width * 0.6, clientY: box.top + box.height / 2 };
  };
  const wheel = (init) =>
    canvas().dispatchEvent(
      new WheelEvent("wheel", { ...middle(), ...init, bubbles: true, cancelable: true }),
    );

  // From frame to frame while something is done in each: in milliseconds.
  const frames = async (count, turn) => {
    const times = [];
    let last = await frame();
    for (let index = 0; index < count; index += 1) {
      turn(index);
      const now = await frame();
      times.push(now - last);
      last = now;
    }
    return times;
  };

  const measure = {
    // Rows go by, down and up again.
    scroll: (count) => frames(count, (index) => wheel({ shiftKey: true, deltaY: index % 60 < 30 ? 90 : -90 })),
    // A step of zoom in each frame, from the whole to bytes and back.
    zoom: (count) => frames(count, (index) => wheel({ deltaY: index % 20 < 10 ? -40 : 40 })),
    // The pointer goes over the map.
    hover: (count) =>
      frames(count, (index) => {
        const { clientX, clientY } = middle();
        const at = { clientX: clientX + (index % 23) * 9 - 100, clientY: clientY + (index % 7) * 20 - 70 };
        canvas().dispatchEvent(new PointerEvent("pointermove", { ...at, bubbles: true, pointerType: "mouse" }));
      }),
    // Lines typed into the console, from Enter until the map shows what they did.
    calls: async (lines) => {
      const times = [];
      for (const line of lines) {
        const [area, count] = [id("console-input"), id("step-count")];
        area.value = line;
        area.dispatchEvent(new InputEvent("input", { bubbles: true }));
        await rest();
        const [before, text, start] = [paints, count.textContent, performance.now()];
        id("console-run").click();
        times.push(await paintedAnew(start, before, () => count.textContent !== text));
      }
      return times;
    },
    // The time line, taken to a step, until the map shows it.
    jumps: async (shares) => {
      const [times, slider, count] = [[], id("step-slider"), id("step-count")];
      for (const share of shares) {
        await rest();
        const [before, text] = [paints, count.textContent];
        slider.value = Math.round(share * Number(slider.max));
        const start = performance.now();
        slider.dispatchEvent(new InputEvent("input", { bubbles: true }));
        times.push(await paintedAnew(start, before, () => count.textContent !== text));
      }
      return times;
    },
    memory: () => memory.buffer.byteLength,
    // The workloads of the library of `bench`, in this browser.
    workloads: async (address, rounds) => {
      const { instance } = await WebAssembly.instantiate(await (await fetch(address)).arrayBuffer(), {});
      return workloads(instance.exports, (count, work) => {
        const figures = [];
        for (let round = 0; round <= rounds; round += 1) {
          const start = performance.now();
          work();
          if (round > 0) figures.push(((performance.now() - start) * 1e6) / count);
        }
        return figures;
      });
    },
  };

  // From the request for the page until something that was clicked has changed: in milliseconds.
  const started = async () => {
    while (!document.body || document.querySelector("#loading")) await frame();
    const counter = id("count");
    const button = counter ?? id("theme");
    const shown = counter ? () => counter.textContent : () => document.documentElement.dataset.theme;
    const before = shown();
    button.click();
    while (shown() === before) await behindFrame();
    return performance.now();
  };

  window.measure = measure;
  if (location.protocol !== "about:" && sessionStorage.getItem("measure start")) window.started = started();
})();
