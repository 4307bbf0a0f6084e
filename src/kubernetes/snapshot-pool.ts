import { isSameJson } from "./json.ts";
import type { AzureAssignedIdentity } from "./resources.ts";

/** More bindings and identities than a large cluster has. */
const largestPool = 50_000;

/**
 * Makes a function that gives back the same object with snapshots that are one for all objects that hold the same: the
 * pods of a binding are many, and each of their objects carries it whole. When the pool grows too large it
 * forgets, which costs memory and nothing else.
 */
export function createSnapshotPool(): (object: AzureAssignedIdentity) => AzureAssignedIdentity {
  const known = new Map<string, object>();
  const one = <T extends { readonly uid: string; readonly namespace: string; readonly name: string }>(
    snapshot: T,
    kind: string,
    isSame: (other: object) => other is T,
  ): T => {
    const key = `${kind} ${snapshot.namespace}/${snapshot.name} ${snapshot.uid}`;
    const shared = known.get(key);
    if (shared !== undefined && isSame(shared)) return shared;
    if (known.size >= largestPool) known.clear();
    known.set(key, snapshot);
    return snapshot;
  };
  return (object) => {
    const { azureIdentityRef: identity, azureBindingRef: binding } = object.spec;
    const isIdentity = (other: object): other is NonNullable<typeof identity> => isSameJson(other, identity);
    const isBinding = (other: object): other is NonNullable<typeof binding> => isSameJson(other, binding);
    return {
      ...object,
      spec: {
        ...object.spec,
        azureIdentityRef: identity === null ? null : one(identity, "identity", isIdentity),
        azureBindingRef: binding === null ? null : one(binding, "binding", isBinding),
      },
    };
  };
}
