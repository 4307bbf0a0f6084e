import type { Clock } from "../runtime/clock.ts";

const perSecond = 10;
const burst = 100;
const intervalMs = 1000 / perSecond;

/** How fast all keys together may be tried again. */
export interface RetryBudget {
  /** Takes a place and answers how long it is until then, in milliseconds. */
  reserve(): number;
}

/**
 * A bucket of 100 tries that gains 10 a second (reference/kubernetes.md §5.2): when everything fails at
 * once, as in an outage of ARM, single waits would not keep the tries together from being a flood.
 */
export function createRetryBudget(clock: Pick<Clock, "monotonicMs">): RetryBudget {
  let emptyUntilMs = Number.NEGATIVE_INFINITY;
  return {
    reserve: () => {
      const nowMs = clock.monotonicMs();
      emptyUntilMs = Math.max(emptyUntilMs, nowMs) + intervalMs;
      return Math.max(0, emptyUntilMs - nowMs - burst * intervalMs);
    },
  };
}
