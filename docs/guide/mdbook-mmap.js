// Makes the figures of a book live: fenced blocks with the word mmap become <mmap-playground>
// elements, and the module that drives them is loaded if the page has any.
//
// Where the playground lies: PLAYGROUND, relative to the root of the book, or what
// <meta name="mmap-playground" content="…"> says.
"use strict";
(() => {
  const PLAYGROUND = "playground/";
  const ATTRIBUTES = ["step", "panels", "readonly", "theme", "height", "autoplay", "zoom", "loading"];

  // mdBook makes a class of each word behind the fence.
  for (const code of document.querySelectorAll("pre > code.language-mmap")) {
    const figure = document.createElement("mmap-playground");
    for (const word of code.classList) {
      const [name, ...value] = word.split("=");
      if (ATTRIBUTES.includes(name)) figure.setAttribute(name, value.join("=").replaceAll("+", " "));
    }
    const pre = document.createElement("pre");
    pre.textContent = code.textContent;
    figure.append(pre);
    const block = code.closest("pre");
    // A block of mdBook with buttons sits in a box of its own.
    const box = block.parentElement.matches("div.code-wrapper") ? block.parentElement : block;
    box.replaceWith(figure);
  }

  // The page for print is all chapters at once: there the pictures are enough.
  const forPrint = /(^|\/)print(\.html)?$/.test(location.pathname);
  if (forPrint || !document.querySelector("mmap-playground")) return;
  const root = typeof path_to_root === "string" ? path_to_root : "";
  const meta = document.querySelector('meta[name="mmap-playground"]');
  const place = meta ? meta.content : root + PLAYGROUND;
  const module = new URL(`${place}mmap-playground.js`, location.href);
  import(module.href).catch((error) => console.warn("The figures stay still:", error));
})();
