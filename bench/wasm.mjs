// Runs the workloads of this folder's library in WebAssembly and prints what they took.
//
//     node wasm.mjs bench.wasm ROUNDS
//
// The module imports nothing and has no clock: the clock is here.
import { readFile } from "node:fs/promises";
import { argv } from "node:process";

const [, , file, rounds] = argv;
const { instance } = await WebAssembly.instantiate(await readFile(file), {});
const wasm = instance.exports;

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

const result = {};
for (const slots of [100, 1000, 10000, 65000]) {
  wasm.prepare_calls(slots, 4000);
  // Many passes, for the clock is coarse.
  result[`${slots} VMAs`] = measure(4000 * 10, () => {
    for (let pass = 0; pass < 10; pass += 1) wasm.run_calls();
  });
}
wasm.prepare_heap(5000, 500);
result["liballoc, at most 500 blocks"] = measure(5000 * 5, () => {
  for (let pass = 0; pass < 5; pass += 1) wasm.run_heap();
});
console.log(JSON.stringify(result));
