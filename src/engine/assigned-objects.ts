import type { AzureAssignedIdentity, Pod } from "./resources.ts";

/** Written by the controller. */
const podUidAnnotation = "podid.dev/pod-uid";
const targetAnnotation = "podid.dev/target";

/**
 * Which of the objects for pods of `pod`'s name are of this very pod where it is now. One that was recorded for
 * another pod UID or node belongs to an earlier pod; aad-pod-identity recorded no UID. One that was recorded for another
 * machine than the pod's newest is of the VM that stood under the node's name before.
 */
export function ownObjects(
  pod: Pod,
  objects: readonly AzureAssignedIdentity[],
): readonly AzureAssignedIdentity[] {
  const own = objects.filter(({ spec, annotations }) => {
    const uid = annotations[podUidAnnotation] ?? pod.uid;
    return spec.nodename === pod.node && uid === pod.uid;
  });
  return onNewestMachine(own);
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
function targetOf({ annotations }: AzureAssignedIdentity): string | undefined {
  return annotations[targetAnnotation]?.toLowerCase();
}

function createdMs({ creationTimestamp }: AzureAssignedIdentity): number {
  return creationTimestamp === null
    ? Number.NEGATIVE_INFINITY
    : Temporal.Instant.from(creationTimestamp).epochMilliseconds;
}
