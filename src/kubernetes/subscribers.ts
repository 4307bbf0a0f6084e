import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import type { Change } from "./resource-source.ts";

/** Those who want to know of changes. */
export interface Subscribers {
  /** Returns the way to stop. */
  add(listener: (change: Change) => void): () => void;
  notify(changes: readonly Change[]): void;
}

/** Makes an empty set. A listener that throws is logged and does not keep the others from a change. */
export function createSubscribers(log: Log): Subscribers {
  const listeners = new Set<(change: Change) => void>();
  const tell = (listener: (change: Change) => void, change: Change): void => {
    try {
      listener(change);
    } catch (error) {
      log.error({ err: toError(error), ...change }, "a listener failed on a change");
    }
  };
  return {
    add: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    notify: (changes) => {
      for (const change of changes) for (const listener of listeners) tell(listener, change);
    },
  };
}
