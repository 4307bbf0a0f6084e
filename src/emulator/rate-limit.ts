import type { Clock } from "../runtime/clock.ts";

/** Admits requests; `enter` returns null when there are too many, else what to call when the request is over. */
export interface RateLimit {
  enter(): (() => void) | null;
}

/**
 * Admits `requestsPerSecond` within any second of `clock` and `concurrentRequests` at once. Refused requests do
 * not count, so that a client which backs off gets through.
 */
export function createRateLimit(
  clock: Clock,
  limits: { readonly requestsPerSecond: number; readonly concurrentRequests: number },
): RateLimit {
  let admittedAtMs: readonly number[] = [];
  let running = 0;
  return {
    enter: () => {
      const nowMs = clock.monotonicMs();
      admittedAtMs = admittedAtMs.filter((atMs) => atMs > nowMs - 1000);
      if (admittedAtMs.length >= limits.requestsPerSecond || running >= limits.concurrentRequests)
        return null;
      admittedAtMs = [...admittedAtMs, nowMs];
      running += 1;
      return () => void (running -= 1);
    },
  };
}
