import type { Clock } from "../../runtime/clock.ts";

/** When to do again what may go on failing: each pause is twice as long as the one before, up to five minutes. */
export interface GrowingPause {
  isOver(): boolean;
  /** Begins the next one. */
  begin(): void;
}

const firstMs = 5_000;
const longestMs = 300_000;

/** None has begun yet. */
export function createGrowingPause(clock: Clock): GrowingPause {
  let untilMs = Number.NEGATIVE_INFINITY;
  let nextMs = firstMs;
  return {
    isOver: () => clock.monotonicMs() >= untilMs,
    begin: () => {
      untilMs = clock.monotonicMs() + nextMs;
      nextMs = Math.min(longestMs, nextMs * 2);
    },
  };
}
