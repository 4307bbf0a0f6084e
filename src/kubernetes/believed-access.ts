import type { Change, ResourceKinds, ResourceSource } from "./resource-source.ts";

/** A source whose grants and approvals are there only while they can be believed. */
export interface BelievedAccess {
  readonly source: ResourceSource;
  /** From now on; those who follow the source hear of every object that comes or goes by it. */
  believe(isBelieved: boolean): void;
}

type AccessKind = "AzureIdentityAccessGrant" | "AzureIdentityAccessApproval";
const accessKinds: readonly AccessKind[] = ["AzureIdentityAccessGrant", "AzureIdentityAccessApproval"];

function isAccess(kind: keyof ResourceKinds): kind is AccessKind {
  return kind === "AzureIdentityAccessGrant" || kind === "AzureIdentityAccessApproval";
}

/**
 * Hides the grants and approvals of `source` until told to believe them: without admission policies their names are
 * what anybody typed, and a hidden grant can open nothing (reference/time-boxes.md §2.4).
 */
export function createBelievedAccess(source: ResourceSource): BelievedAccess {
  let isBelieved = false;
  const listeners = new Set<(change: Change) => void>();
  const isHidden = (kind: keyof ResourceKinds): boolean => !isBelieved && isAccess(kind);
  return {
    source: {
      ...source,
      list: (kind) => (isHidden(kind) ? [] : source.list(kind)),
      get: (kind, key) => (isHidden(kind) ? undefined : source.get(kind, key)),
      subscribe: (listener) => {
        listeners.add(listener);
        const stop = source.subscribe(listener);
        return () => {
          listeners.delete(listener);
          stop();
        };
      },
    },
    believe: (next) => {
      if (next === isBelieved) return;
      isBelieved = next;
      const changes = accessKinds.flatMap((kind) =>
        source.list(kind).map(({ namespace, name }) => ({ kind, key: `${namespace}/${name}` })),
      );
      for (const change of changes) for (const listener of listeners) listener(change);
    },
  };
}
