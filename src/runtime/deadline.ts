import type { Clock } from "./clock.ts";
import { toError } from "./to-error.ts";

/**
 * Runs `run` with a signal that aborts after `limitMs` on `clock`, or with `signal`, whichever is first.
 * No SDK in use here has a time limit of its own that follows the clock.
 * @throws the reason of the abort, else what `run` throws.
 */
export async function withDeadline<T>(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const bounded = new AbortController();
  const end = (): void => bounded.abort(signal.reason);
  const cancel = clock.after(limitMs, () => bounded.abort(new Error(`no answer within ${limitMs / 1000} s`)));
  // AbortSignal.any would take a tenth of what sending a request takes.
  if (signal.aborted) end();
  else signal.addEventListener("abort", end);
  try {
    return await run(bounded.signal);
  } catch (thrown) {
    bounded.signal.throwIfAborted(); // says why; some clients throw an error of their own
    throw thrown;
  } finally {
    signal.removeEventListener("abort", end);
    cancel();
  }
}

/**
 * What `promise` gives, as long as `signal` has not aborted: for what takes no signal, or may ignore it.
 * @throws the reason of the abort, as soon as it comes, else what `promise` rejects with.
 */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(toError(signal.reason));
  if (signal.aborted) end();
  else signal.addEventListener("abort", end);
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    // A combined signal that somebody listens to lives as long as what it is made of: for some, as the daemon.
    signal.removeEventListener("abort", end);
  }
}
