import { delay, type Clock } from "../runtime/clock.ts";

/** How many requests per second in the long run, and how many at once after a pause. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Holds back whoever asks too often, first come first served. */
export interface RateLimit {
  /** Resolves when it is the caller's turn. @throws the signal's reason when it aborts first. */
  take(signal: AbortSignal): Promise<void>;
}

/** A bucket of `burst` tokens that fills at `perSecond`; turns are promised ahead, so the order holds. */
export function createRateLimit(clock: Clock, { perSecond, burst }: Rate): RateLimit {
  let tokens = burst;
  let countedAtMs = clock.monotonicMs();
  return {
    take: async (signal) => {
      signal.throwIfAborted();
      const nowMs = clock.monotonicMs();
      tokens = Math.min(burst, tokens + ((nowMs - countedAtMs) / 1000) * perSecond) - 1;
      countedAtMs = nowMs;
      if (tokens >= 0) return;
      try {
        await delay(clock, (-tokens / perSecond) * 1000, signal);
      } catch (thrown) {
        tokens += 1; // not used
        throw thrown;
      }
    },
  };
}
