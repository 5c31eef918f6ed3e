// The workloads of this folder's library in WebAssembly: `measure(count, work)` gives the
// nanoseconds for one of `count`, of each round.
//
// The module imports nothing and has no clock: the clock is the caller's.
function workloads(wasm, measure) {
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
  return result;
}
