import type { Cancel, Clock } from "../runtime/clock.ts";
import { createLaterKeys } from "./later-keys.ts";

/** Keys that change many times in a row, and that are looked at when that is over. */
export interface QuietKeys {
  /** The key has changed. */
  note(key: string): void;
  readonly cancelAll: Cancel;
}

/** Nothing has changed yet. `onQuiet` hears of a key `quietMs` after its last change, `longestMs` after the first at the latest. */
export function createQuietKeys(options: {
  readonly clock: Clock;
  readonly quietMs: number;
  readonly longestMs: number;
  readonly onQuiet: (key: string) => void;
}): QuietKeys {
  const { clock, quietMs, longestMs, onQuiet } = options;
  const changing = new Map<string, { readonly firstMs: number; lastMs: number }>();
  // One timer that looks again, rather than a new one for each of a thousand changes.
  const later = createLaterKeys(clock, (key) => {
    const { firstMs, lastMs } = changing.get(key) ?? { firstMs: 0, lastMs: 0 };
    const leftMs = Math.min(lastMs + quietMs, firstMs + longestMs) - clock.monotonicMs();
    if (leftMs > 0) later.add(key, leftMs);
    else {
      changing.delete(key);
      onQuiet(key);
    }
  });
  return {
    note: (key) => {
      const nowMs = clock.monotonicMs();
      const known = changing.get(key);
      if (known !== undefined) known.lastMs = nowMs;
      else {
        changing.set(key, { firstMs: nowMs, lastMs: nowMs });
        later.add(key, quietMs);
      }
    },
    cancelAll: () => {
      later.cancelAll();
      changing.clear();
    },
  };
}
