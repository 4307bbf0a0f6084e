import type { Clock } from "./clock.ts";

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
  const deadline = new AbortController();
  const cancel = clock.after(limitMs, () =>
    deadline.abort(new Error(`no answer within ${limitMs / 1000} s`)),
  );
  const bounded = AbortSignal.any([signal, deadline.signal]);
  try {
    return await run(bounded);
  } catch (thrown) {
    bounded.throwIfAborted(); // says why; some clients throw an error of their own
    throw thrown;
  } finally {
    cancel();
  }
}
