/** CPU microseconds (user and system) of one call: the best of several batches, after a warm-up. */
export function cpuMicrosecondsPerCall(call: () => void, batches = 15, callsPerBatch = 400): number {
  // V8 compiles WASM again, and better, once it has seen it run for a while.
  for (let i = 0; i < 20 * callsPerBatch; i += 1) call();
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < batches; batch += 1) {
    const before = process.cpuUsage();
    for (let i = 0; i < callsPerBatch; i += 1) call();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / callsPerBatch);
  }
  return best;
}
