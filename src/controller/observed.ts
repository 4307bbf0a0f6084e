import type { Key } from "../engine/resources.ts";
import { observe, type Places, type Snapshot } from "./observe.ts";
import type { Cluster } from "./ports.ts";

interface Change {
  readonly kind: string;
  readonly key: Key;
}

/** The cluster as the controller sees it, grouped by place and kept up with each change. */
export interface Observed {
  /** It lives: what is read from it later may be later. */
  now(): Snapshot;
  /** Takes note of a change that reads of the cluster can already see. */
  noteChange(change: Change): void;
  /** Groups everything anew. */
  renew(): void;
}

/** Makes the view; after each burst of changes `onTouched` hears the keys of the units concerned. */
export function createObserved(cluster: Cluster, onTouched: (unitKey: string) => void): Observed {
  let places: Places | undefined;
  let touched = new Set<string>();

  const tell = (): void => {
    const keys = touched;
    touched = new Set();
    for (const key of keys) onTouched(key);
  };
  return {
    now: () => (places ??= observe(cluster)),
    noteChange: (change) => {
      places ??= observe(cluster);
      if (touched.size === 0) queueMicrotask(tell);
      for (const key of places.update(change)) touched.add(key);
    },
    renew: () => void (places = undefined),
  };
}
