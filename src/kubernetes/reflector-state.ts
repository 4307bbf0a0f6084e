import type { Clock } from "../runtime/clock.ts";

/** What a reflector knows of where it stands. */
export interface ReflectorState {
  /** The last resourceVersion that was applied; null before the first. */
  version(): string | null;
  isSynced(): boolean;
  readonly synced: Promise<void>;
  aliveAtMs(): number | null;
  /** The store is as the server was at `version`. */
  applied(version: string): void;
  /** Bookmarks are known to come: silence means something from now on. */
  readonly bookmarks: { areProven: boolean };
  /** The first whole state is in the store, and every listener has heard of it. */
  markSynced(): void;
  /** A watch that continues from `version` stands. */
  connected(): void;
  disconnected(): void;
  confirmAlive(sentAtMs: number): void;
  /** Resolves with true as soon as `condition` holds after an event was applied; with false after `limitMs`. */
  until(condition: () => boolean, limitMs: number): Promise<boolean>;
  /** Nothing will be applied any more: answers whoever waits with false. */
  stopWaiting(): void;
}

/**
 * Keeps the resourceVersion and the age of the store. True means: a watch from this state stands, and
 * something has just been heard from the server.
 */
export function createReflectorState(clock: Clock): ReflectorState {
  const { promise: synced, resolve: markSynced } = Promise.withResolvers<void>();
  const waiting = new Set<Wait>();
  let isSynced = false;
  let version: string | null = null;
  let aliveAtMs: number | null = null;
  let connectedAtMs: number | null = null;
  return {
    bookmarks: { areProven: false },
    version: () => version,
    isSynced: () => isSynced,
    synced,
    aliveAtMs: () => aliveAtMs,
    applied: (next) => {
      version = next;
      if (connectedAtMs !== null) aliveAtMs = clock.monotonicMs();
      for (const wait of waiting) wait.check();
    },
    markSynced: () => {
      isSynced = true;
      markSynced();
    },
    connected: () => {
      connectedAtMs = clock.monotonicMs();
      aliveAtMs = connectedAtMs;
    },
    disconnected: () => void (connectedAtMs = null),
    confirmAlive: (sentAtMs) => {
      // An answer on another connection says nothing of a watch that was opened later, or has ended.
      if (connectedAtMs === null || connectedAtMs > sentAtMs) return;
      aliveAtMs = Math.max(aliveAtMs ?? sentAtMs, sentAtMs);
    },
    stopWaiting: () => {
      for (const wait of waiting) wait.end(false);
    },
    until: (condition, limitMs) => until({ clock, waiting, condition, limitMs }),
  };
}

interface Wait {
  check(): void;
  end(answer: boolean): void;
}

function until(options: {
  readonly clock: Clock;
  readonly waiting: Set<Wait>;
  readonly condition: () => boolean;
  readonly limitMs: number;
}): Promise<boolean> {
  const { clock, waiting, condition, limitMs } = options;
  if (condition()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const wait: Wait = {
      check: () => {
        if (condition()) wait.end(true);
      },
      end: (answer) => {
        cancel();
        waiting.delete(wait);
        resolve(answer);
      },
    };
    const cancel = clock.after(limitMs, () => wait.end(false));
    waiting.add(wait);
  });
}
