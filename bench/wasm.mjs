// Runs the workloads of this folder's library in WebAssembly and prints what they took.
//
//     node wasm.mjs bench.wasm ROUNDS
import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { runInThisContext } from "node:vm";

const [, , file, rounds] = argv;
const { instance } = await WebAssembly.instantiate(await readFile(file), {});
// A script rather than a module, for it runs in a page as well.
runInThisContext(await readFile(new URL("workloads.js", import.meta.url), "utf8"));

// Nanoseconds for one of `count`, each round after one to warm up.
function measure(count, work) {
  const figures = [];
  for (let round = 0; round <= Number(rounds); round += 1) {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    if (round > 0) figures.push(((user + system) * 1000) / count);
  }
  return figures;
}

console.log(JSON.stringify(workloads(instance.exports, measure)));
