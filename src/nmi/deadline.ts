import type { Clock } from "../runtime/clock.ts";
import { toError } from "../runtime/to-error.ts";

/**
 * Runs a call that may hang. Rejects when it took `timeoutMs` or `signal` aborted, even if `run`
 * ignores the signal it is given.
 */
export async function withDeadline<T>(
  limit: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const cancel = limit.clock.after(limit.timeoutMs, () => late.abort(new Error("no answer in time")));
  const signal = AbortSignal.any([late.signal, limit.signal]);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(toError(signal.reason));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([run(signal), aborted]);
  } finally {
    cancel();
    // A combined signal that somebody listens to lives as long as what it is made of: here, as the daemon.
    signal.removeEventListener("abort", abort);
  }
}
