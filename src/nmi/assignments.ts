import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, Key, Pod } from "../engine/resources.ts";
import type { Resources } from "./ports.ts";

/** Written by the controller. */
const podUidAnnotation = "podid.dev/pod-uid";
const targetAnnotation = "podid.dev/target";

/** What the controller has recorded for a pod, as the token policy reads it. */
export interface Assignments {
  of(pod: Pod): readonly { readonly identity: Key; readonly state: string }[];
  close(): void;
}

/**
 * Groups AzureAssignedIdentities by pod, following the store's changes. One that was recorded for another
 * pod UID or node belongs to an earlier pod of the same name; aad-pod-identity recorded no UID. One that was recorded
 * for another machine than the pod's newest is of the VM that stood under the node's name before.
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
      const own = assigned.filter(({ spec, annotations }) => {
        const uid = annotations[podUidAnnotation] ?? pod.uid;
        return spec.nodename === pod.node && uid === pod.uid;
      });
      return onNewestMachine(own).flatMap(({ spec, status }) => {
        const identity = spec.azureIdentityRef;
        return identity === null ? [] : [{ identity: keyOf(identity), state: status.status }];
      });
    },
    close,
  };
}

/** A pod outlives its VM where a Node comes back under its name at once; ARM may keep the old objects for long. */
function onNewestMachine(objects: readonly AzureAssignedIdentity[]): readonly AzureAssignedIdentity[] {
  const recorded = objects.filter((object) => targetOf(object) !== undefined);
  if (new Set(recorded.map(targetOf)).size < 2) return objects;
  const newest = recorded.reduce((a, b) => (createdMs(a) < createdMs(b) ? b : a));
  return objects.filter((object) => [undefined, targetOf(newest)].includes(targetOf(object)));
}

/** ARM ids change their letter case between answers (reference/azure.md §4.1). */
function targetOf({ annotations }: AzureAssignedIdentity): string | undefined {
  return annotations[targetAnnotation]?.toLowerCase();
}

function createdMs({ creationTimestamp }: AzureAssignedIdentity): number {
  return creationTimestamp === null
    ? Number.NEGATIVE_INFINITY
    : Temporal.Instant.from(creationTimestamp).epochMilliseconds;
}
