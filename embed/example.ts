// How a script works a figure, and the model without one. A test checks this file against the types
// and runs it; lines that must not fit the types are marked, and the check fails if one does.

import { load, type Change, type Fault, type Ran, type State } from "./mmap-playground.js";

/** What is found out below. */
export interface Told {
  signal: string | null;
  protections: string[];
  resident: number;
  heap: number;
  unread: number;
  steps: number;
}

/** Works the first figure of a page that maps `p`, then a process of its own. */
export async function example(page: Document): Promise<Told> {
  const figure = page.querySelector("mmap-playground");
  if (!figure) throw new Error("the page has no figure");
  const faults: Fault[] = [];
  figure.addEventListener("mmap-fault", (event) => faults.push(event.detail));
  const changed = new Promise<Change>((resolve) =>
    figure.addEventListener("mmap-change", (event) => resolve(event.detail), { once: true }),
  );
  await figure.start();
  const state: State | null = await figure.run("mprotect(p, PAGE_SIZE, PROT_READ)\nstore(p, 1)");
  const { signal } = await changed;
  if (!faults.some((fault) => fault.kind === "signal")) throw new Error("no signal was told");

  const { Model } = await load();
  const model = new Model();
  const ran: Ran = JSON.parse(model.run("a = malloc(100)\nmun("));
  const heap: State = JSON.parse(model.state());
  model.goTo(0);
  model.free();

  // @ts-expect-error: an address is a text, for no number of JavaScript holds all of them
  const end: number = heap.vmas[0].end;
  // @ts-expect-error: before the figure is live there is no state
  figure.state.vmas;
  // @ts-expect-error: there is no such kind of fault
  faults.some((fault) => fault.kind === "page");
  // @ts-expect-error: a text is run, not a list
  if (end < 0) model.run(["malloc(1)"]);

  return {
    signal,
    protections: state?.vmas.slice(0, 2).map((vma) => vma.prot) ?? [],
    resident: state?.pages.length ?? -1,
    heap: heap.heap?.majors[0]?.minors[0]?.req_size ?? -1,
    unread: ran.errors.length,
    steps: figure.steps,
  };
}
