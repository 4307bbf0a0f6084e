/** CPU microseconds (user and system) of one call: the best of several batches, after a warm-up. */
export function cpuMicrosecondsPerCall(call: () => void, batches = 15, callsPerBatch = 400): number {
  for (let i = 0; i < callsPerBatch; i += 1) call();
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < batches; batch += 1) {
    const before = process.cpuUsage();
    for (let i = 0; i < callsPerBatch; i += 1) call();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / callsPerBatch);
  }
  return best;
}
