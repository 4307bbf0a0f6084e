import { ownObjects } from "../engine/assigned-objects.ts";
import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, Key, Pod } from "../engine/resources.ts";
import type { Resources } from "./ports.ts";

/** What the controller has recorded for a pod, as the token policy reads it. */
export interface Assignments {
  of(pod: Pod): readonly { readonly identity: Key; readonly state: string }[];
  close(): void;
}

/**
 * Groups AzureAssignedIdentities by pod, following the store's changes. Of those of a pod's name only its own count
 * (src/engine/assigned-objects.ts).
 */
export function createAssignments(resources: Resources): Assignments {
  const podOf = new Map<Key, Key>();
  const byPod = new Map<Key, Map<Key, AzureAssignedIdentity>>();

  const remove = (key: Key): void => {
    const pod = podOf.get(key);
    if (pod === undefined) return;
    podOf.delete(key);
    const assigned = byPod.get(pod);
    assigned?.delete(key);
    if (assigned?.size === 0) byPod.delete(pod);
  };
  const refresh = (key: Key): void => {
    remove(key);
    const assigned = resources.get("AzureAssignedIdentity", key);
    if (assigned === undefined) return;
    const pod = `${assigned.spec.podNamespace}/${assigned.spec.pod}`;
    podOf.set(key, pod);
    byPod.set(pod, (byPod.get(pod) ?? new Map<Key, AzureAssignedIdentity>()).set(key, assigned));
  };

  for (const assigned of resources.list("AzureAssignedIdentity")) refresh(keyOf(assigned));
  const close = resources.subscribe((change) => {
    if (change.kind === "AzureAssignedIdentity") refresh(change.key);
  });
  return {
    of: (pod) => {
      const assigned = [...(byPod.get(keyOf(pod))?.values() ?? [])];
      return ownObjects(pod, assigned).flatMap(({ spec, status }) => {
        const identity = spec.azureIdentityRef;
        return identity === null ? [] : [{ identity: keyOf(identity), state: status.status }];
      });
    },
    close,
  };
}
