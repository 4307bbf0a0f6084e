import type { Clock } from "../runtime/clock.ts";
import { orAborted } from "../runtime/deadline.ts";

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
  try {
    return await orAborted(run(signal), signal);
  } finally {
    cancel();
  }
}
