import type { Cancel, Clock } from "../runtime/clock.ts";
import { createRetryBudget } from "./retry-budget.ts";

/** Which keys wait after a failure, and for how long. */
export interface Backoff {
  /** Whether work on `key` may start; ends its wait when that may end early. */
  mayStart(key: string): boolean;
  /** Starts the next wait of `key`: twice as long as the one before, and at least `retryAfterMs`. */
  wait(key: string, terms: WaitTerms): void;
  /** Forgets the failures of `key`. */
  reset(key: string): void;
  cancelAll(): void;
}

export interface WaitTerms {
  readonly retryAfterMs: number;
  /** Whether new work on the key may end the wait. */
  readonly endsOnChange: boolean;
}

const firstMs = 1000;
const longestMs = 60_000;

/**
 * Waits run from 1 s to 60 s, less up to a quarter by `random` (0..1), and longer when too many keys fail
 * at once (`RetryBudget`); `onEnd` hears when one is over.
 */
export function createBackoff(options: {
  readonly clock: Clock;
  readonly random: () => number;
  readonly onEnd: (key: string) => void;
}): Backoff {
  const { clock, random, onEnd } = options;
  const budget = createRetryBudget(clock);
  const failures = new Map<string, number>();
  const waiting = new Map<string, { readonly cancel: Cancel; readonly endsOnChange: boolean }>();

  const wait = (key: string, { retryAfterMs, endsOnChange }: WaitTerms): void => {
    const count = failures.get(key) ?? 0;
    failures.set(key, count + 1);
    const backoffMs = Math.min(firstMs * 2 ** count, longestMs) * (1 - random() / 4);
    const cancel = clock.after(Math.max(backoffMs, retryAfterMs, budget.reserve()), () => {
      waiting.delete(key);
      onEnd(key);
    });
    waiting.set(key, { cancel, endsOnChange });
  };
  const mayStart = (key: string): boolean => {
    const current = waiting.get(key);
    if (current === undefined) return true;
    if (!current.endsOnChange) return false;
    current.cancel();
    waiting.delete(key);
    return true;
  };

  return {
    mayStart,
    wait,
    reset: (key) => {
      failures.delete(key);
    },
    cancelAll: () => {
      for (const { cancel } of waiting.values()) cancel();
      waiting.clear();
    },
  };
}
