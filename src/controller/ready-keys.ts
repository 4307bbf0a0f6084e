import type { Clock } from "../runtime/clock.ts";
import { createLine } from "./line.ts";
import type { Priority, WorkQueueObserver } from "./work-queue-observer.ts";

/** Keys with work to do, each once, in the order in which they came: all live ones, then the others. */
export interface ReadyKeys {
  /** Does nothing for a key that is here, except that one waiting for a resync comes forward when it is live. */
  add(key: string, priority: Priority): void;
  /** Takes out the first key, which is busy until `done`: if it is added meanwhile, it does not come in. */
  take(): string | undefined;
  /** Ends that, and answers the priority with which the key was added meanwhile, if it was. */
  done(key: string): Priority | undefined;
  busy(): number;
  clear(): void;
}

interface Entry {
  readonly priority: Priority;
  readonly sinceMs: number;
}

/** An empty collection. */
export function createReadyKeys(clock: Clock, observer: WorkQueueObserver): ReadyKeys {
  const entries = new Map<string, Entry>();
  const busy = new Map<string, Priority | undefined>();
  const lines = { live: createLine(), resync: createLine() };

  const add = (key: string, priority: Priority): void => {
    if (busy.has(key)) {
      if (busy.get(key) !== "live") busy.set(key, priority);
      return;
    }
    const before = entries.get(key);
    if (before?.priority === "live" || before?.priority === priority) return;
    entries.set(key, { priority, sinceMs: before?.sinceMs ?? clock.monotonicMs() });
    lines[priority].push(key);
    if (before === undefined) observer.added(priority);
    observer.depth(entries.size);
  };
  // A key that came forward is still in the line that it left: there its entry no longer fits.
  const isIn = (key: string, priority: Priority): boolean => entries.get(key)?.priority === priority;
  const take = (): string | undefined => {
    const key =
      lines.live.shift((one) => isIn(one, "live")) ?? lines.resync.shift((one) => isIn(one, "resync"));
    const entry = key === undefined ? undefined : entries.get(key);
    if (key === undefined || entry === undefined) return undefined;
    entries.delete(key);
    busy.set(key, undefined);
    observer.waited(clock.monotonicMs() - entry.sinceMs);
    observer.depth(entries.size);
    return key;
  };
  const clear = (): void => {
    entries.clear();
    observer.depth(0);
  };
  const done = (key: string): Priority | undefined => {
    const asked = busy.get(key);
    busy.delete(key);
    return asked;
  };
  return { add, take, done, busy: () => busy.size, clear };
}
