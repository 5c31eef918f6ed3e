// Types of mmap-playground.js. README.md, "Embed", tells how the element is used.

/** An address in hex, `0x7ffff7ffd000`: a number of JavaScript cannot hold all of them. */
export type Address = string;

/** A VMA: a range of pages with one protection and one backing. */
export interface VmaState {
  /** First address. */
  start: Address;
  /** First address behind it. */
  end: Address;
  /** Letters of `rwx`, a dash where a right is missing. */
  prot: string;
  sharing: "private" | "shared";
  /** Offset into the file, in bytes. */
  offset: number;
  /** Path of the file behind it. */
  file: string | null;
  /** `[heap]`, `[stack]` and the like. */
  name: string | null;
  /** Not made by a call: implied by a later line of a log. */
  inferred: boolean;
}

/** A page that has a frame. */
export interface PageState {
  address: Address;
  /** Number of its frame; 0 is the shared zero page, 1048576 and the 511 behind it the huge one. */
  frame: number;
  /** What the processor allows without a page fault. */
  prot: string;
  accessed: boolean;
  dirty: boolean;
  /** Private, and still sharing the frame of the file or of the zero page. */
  copy_on_write: boolean;
}

/** The allocator's counters and lists, as its headers in memory say. */
export interface HeapState {
  /** Left out where it is liballoc. */
  allocator?: string;
  /** Bits of a pointer in its headers; left out where they are 64. */
  layout?: number;
  /** Bytes got from the system. */
  allocated: number;
  /** Bytes in blocks, without their headers. */
  in_use: number;
  warnings: number;
  errors: number;
  possible_overruns: number;
  best_bet: Address | null;
  majors: MajorState[];
  /** Why the list could not be read further. */
  broken?: string;
}

/** A major block. */
export interface MajorState {
  address: Address;
  pages: number;
  size: number;
  usage: number;
  minors: MinorState[];
  broken?: string;
}

/** A block of the heap, as its header says. */
export interface MinorState {
  /** Of its header. */
  address: Address;
  /** What `malloc` returned. */
  payload: Address;
  size: number;
  /** What was asked for. */
  req_size: number;
  /** In hex; the other allocator has its tag here. */
  magic: string;
}

/** The whole state at one moment, as `replay --print state` prints it. */
export interface State {
  page_size: number;
  /** In address order. */
  vmas: VmaState[];
  /** The resident pages, in address order. */
  pages: PageState[];
  frames: { limit: number; used: number };
  /** null before the allocator's first call. */
  heap: HeapState | null;
}

/** Where a figure stands, and the call that led there. */
export interface Change {
  step: number;
  steps: number;
  text: string | null;
  result: string | null;
  signal: string | null;
  why: string | null;
}

/** A page fault that the kernel answered, or a signal. */
export interface Fault {
  /** The call that it came in, from 1. */
  step: number;
  kind: "zero-page" | "new-frame" | "file-page" | "huge-zero-page" | "huge-page" | "copy-on-write" | "made-writable" | "signal";
  address: Address | null;
  sentence: string;
  /** The rule behind a signal. */
  why?: string | null;
}

/** The bytes that one looks at. */
export interface Selection {
  start: Address;
  /** First address behind them. */
  end: Address;
}

/** `<mmap-playground>`. */
export class MmapPlayground extends HTMLElement {
  /** Resolves to the element when the figure is live; rejects if it cannot be. */
  readonly ready: Promise<this>;
  /** The state; null before the figure is live. */
  readonly state: State | null;
  /** How many calls have run; -1 before the figure is live. Setting it steps there. */
  step: number;
  /** How many calls there are to step through. */
  readonly steps: number;
  /** What has run. Setting it shows another trace, and null that of attribute and content again. */
  get trace(): string;
  set trace(trace: string | null);
  /** Makes the figure live now, whatever `loading` says. */
  start(): Promise<this>;
  /** Makes the figure live, runs lines where it stands, and resolves to the state then. */
  run(lines: string): Promise<State | null>;
  /** Steps by itself, or stops to. */
  play(playing?: boolean): void;
  /** Has the figure show what attributes, content and the page behind it now say; resolves then. */
  refresh(): Promise<void>;
}

/** What a model gives for lines that it ran. */
export interface Ran {
  steps: { text: string; result: string; signal: string | null; why: string | null }[];
  /** What could not be read; the lines around it ran. */
  errors: { line: number; column: number; message: string }[];
}

/** A process without a figure. Texts are JSON where a type says so: `JSON.parse` gives it. */
export class Model {
  /** A process that has run nothing, or one with the mappings of a `/proc/PID/maps` text. */
  constructor(maps?: string);
  /** Runs lines; JSON of {@link Ran}. */
  run(lines: string): string;
  readonly step: number;
  readonly steps: number;
  goTo(step: number): void;
  /** JSON of {@link State}. */
  state(): string;
  /** The text of `/proc/PID/maps`. */
  maps(): string;
  /** The address space as an SVG. */
  svg(): string;
  /** Gives its memory back. */
  free(): void;
}

/** Loads the playground's module: once, however often it is asked for. */
export function load(): Promise<{ Model: typeof Model }>;

export interface MmapPlaygroundEvents {
  "mmap-ready": CustomEvent<Change>;
  "mmap-change": CustomEvent<Change>;
  "mmap-fault": CustomEvent<Fault>;
  "mmap-select": CustomEvent<Selection>;
}

declare global {
  interface HTMLElementTagNameMap {
    "mmap-playground": MmapPlayground;
  }
  interface HTMLElementEventMap extends MmapPlaygroundEvents {}
}
