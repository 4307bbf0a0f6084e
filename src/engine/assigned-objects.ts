import type { AzureAssignedIdentity, Pod } from "./resources.ts";

/** What the controller writes on AzureAssignedIdentities. */
export const objectAnnotation = {
  podUid: "podid.dev/pod-uid",
  preAssigned: "podid.dev/pre-assigned",
  target: "podid.dev/target",
} as const;

/** Whether `object` was made for this very pod. Objects of aad-pod-identity carry no pod UID and are adopted. */
export function isMadeFor({ annotations, spec }: AzureAssignedIdentity, pod: Pod): boolean {
  const uid = annotations[objectAnnotation.podUid];
  return spec.nodename === pod.node && (uid === undefined || uid === pod.uid);
}

/** The VM or scale set written down when the object was made: for nodes that are gone. */
export function recordedTarget({ annotations }: Pick<AzureAssignedIdentity, "annotations">): string | null {
  return annotations[objectAnnotation.target] ?? null;
}

/**
 * Which of the objects for pods of `pod`'s name are of this very pod where it is now. One that was recorded for another
 * machine than the pod's newest is of the VM that stood under the node's name before.
 */
export function ownObjects(
  pod: Pod,
  objects: readonly AzureAssignedIdentity[],
): readonly AzureAssignedIdentity[] {
  return onNewestMachine(objects.filter((object) => isMadeFor(object, pod)));
}

/** A pod outlives its VM where a Node comes back under its name at once; ARM may keep the old objects for long. */
function onNewestMachine(objects: readonly AzureAssignedIdentity[]): readonly AzureAssignedIdentity[] {
  const recorded = objects.filter((object) => targetOf(object) !== undefined);
  if (new Set(recorded.map(targetOf)).size < 2) return objects;
  const newest = targetOf(recorded.reduce((a, b) => (isNewer(b, a) ? b : a)));
  return objects.filter((object) => [undefined, newest].includes(targetOf(object)));
}

/**
 * Kubernetes writes whole seconds, and some sources none: of two that are as old, the one that gives nothing yet counts
 * as newer, in doubt; then the machine's id decides, so that every look says the same.
 */
function isNewer(a: AzureAssignedIdentity, b: AzureAssignedIdentity): boolean {
  const [aMs, bMs] = [createdMs(a), createdMs(b)];
  if (aMs !== bMs) return aMs > bMs;
  const [aGives, bGives] = [givesToken(a), givesToken(b)];
  if (aGives !== bGives) return bGives;
  return (targetOf(a) ?? "") > (targetOf(b) ?? "");
}

function givesToken({ status }: AzureAssignedIdentity): boolean {
  return status.status === "Assigned";
}

/** ARM ids change their letter case between answers (reference/azure.md §4.1). */
function targetOf(object: AzureAssignedIdentity): string | undefined {
  return recordedTarget(object)?.toLowerCase();
}

function createdMs({ creationTimestamp }: AzureAssignedIdentity): number {
  return creationTimestamp === null
    ? Number.NEGATIVE_INFINITY
    : Temporal.Instant.from(creationTimestamp).epochMilliseconds;
}
