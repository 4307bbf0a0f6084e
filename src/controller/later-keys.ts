import type { Cancel, Clock } from "../runtime/clock.ts";

/** Keys that are to be looked at again after a while. */
export interface LaterKeys {
  /** Of several delays of a key the one that ends first counts, and the key is due once. */
  add(key: string, delayMs: number): void;
  cancelAll(): void;
}

/** An empty plan; `onDue` hears of each key when its time has come. */
export function createLaterKeys(clock: Clock, onDue: (key: string) => void): LaterKeys {
  const planned = new Map<string, { readonly atMs: number; readonly cancel: Cancel }>();
  return {
    add: (key, delayMs) => {
      const atMs = clock.monotonicMs() + delayMs;
      const before = planned.get(key);
      if (before !== undefined && before.atMs <= atMs) return;
      before?.cancel();
      const cancel = clock.after(delayMs, () => {
        planned.delete(key);
        onDue(key);
      });
      planned.set(key, { atMs, cancel });
    },
    cancelAll: () => {
      for (const { cancel } of planned.values()) cancel();
      planned.clear();
    },
  };
}
