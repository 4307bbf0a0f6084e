import type { Clock } from "../runtime/clock.ts";
import type { Resources } from "./ports.ts";

/** Remembers which objects changed a short while ago. */
export interface RecentChanges {
  /** Milliseconds since the object last changed; null when that is longer ago than is remembered. */
  ageMs(kind: string, key: string): number | null;
  close(): void;
}

/** Follows all changes of the store and forgets each after `keepMs`. */
export function createRecentChanges(deps: {
  readonly clock: Clock;
  readonly resources: Resources;
  readonly keepMs: number;
}): RecentChanges {
  const { clock, resources, keepMs } = deps;
  /** Monotonic times, oldest first. */
  const changedAt = new Map<string, number>();
  const age = (atMs: number): number => clock.monotonicMs() - atMs;

  const forgetOld = (): void => {
    for (const [id, atMs] of changedAt) {
      if (age(atMs) < keepMs) return;
      changedAt.delete(id);
    }
  };
  const close = resources.subscribe(({ kind, key }) => {
    forgetOld();
    changedAt.delete(`${kind} ${key}`);
    changedAt.set(`${kind} ${key}`, clock.monotonicMs());
  });
  return {
    ageMs: (kind, key) => {
      const atMs = changedAt.get(`${kind} ${key}`);
      return atMs === undefined || age(atMs) >= keepMs ? null : age(atMs);
    },
    close,
  };
}
