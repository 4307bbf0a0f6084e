import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, Key } from "../engine/resources.ts";
import type { Cluster } from "./ports.ts";

/** How many objects assign an identity through each binding, and of how many that is done. */
export interface AssignedCounts {
  of(binding: Key): { readonly total: number; readonly ready: number };
  /** Takes note of a change of an AzureAssignedIdentity; answers the bindings whose counts it changes. */
  noteChange(key: Key): readonly Key[];
}

interface Known {
  readonly binding: Key;
  readonly isReady: boolean;
}

/** Counts what `cluster` holds; each change costs one look. */
export function createAssignedCounts(cluster: Pick<Cluster, "get" | "list">): AssignedCounts {
  const known = new Map<Key, Known>();
  const counts = new Map<Key, { total: number; ready: number }>();
  const add = ({ binding, isReady }: Known, sign: 1 | -1): void => {
    const count = counts.get(binding) ?? { total: 0, ready: 0 };
    count.total += sign;
    if (isReady) count.ready += sign;
    if (count.total === 0) counts.delete(binding);
    else counts.set(binding, count);
  };
  const put = (key: Key, next: Known | null): void => {
    const before = known.get(key);
    if (before !== undefined) add(before, -1);
    if (next === null) known.delete(key);
    else {
      known.set(key, next);
      add(next, 1);
    }
  };
  for (const object of cluster.list("AzureAssignedIdentity")) put(keyOf(object), factsOf(object));
  return {
    of: (binding) => ({ ...(counts.get(binding) ?? { total: 0, ready: 0 }) }),
    noteChange: (key) => {
      const before = known.get(key);
      const next = factsOf(cluster.get("AzureAssignedIdentity", key));
      if (before?.binding === next?.binding && before?.isReady === next?.isReady) return [];
      put(key, next);
      return [...new Set([before, next].flatMap((one) => one?.binding ?? []))];
    },
  };
}

function factsOf(object: AzureAssignedIdentity | undefined): Known | null {
  const binding = object?.spec.azureBindingRef ?? null;
  if (object === undefined || binding === null) return null;
  return { binding: keyOf(binding), isReady: object.status.status === "Assigned" };
}
