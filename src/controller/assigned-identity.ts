import { isMadeFor, objectAnnotation } from "../engine/assigned-objects.ts";
import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, AzureIdentity, Key } from "../engine/resources.ts";
import { isUserAssignedIdentityId } from "../runtime/identity-id.ts";
import { namesFor } from "./object-name.ts";
import type { NewAssignedIdentity } from "./ports.ts";
import type { Wanted } from "./wanted.ts";

/**
 * AzureAssignedIdentity objects: how one is written, and what is read back from it. They are the
 * controller's only memory (reference/aad-pod-identity.md §1.3, §5.4).
 */

const finalizer = "azureassignedidentity.finalizers.aadpodidentity.k8s.io";

/** Whether an identity of this kind has to be on the VM before it can be used. */
export function needsCompute(identity: AzureIdentity): boolean {
  return identity.spec.type === 0;
}

/** 0 managed identity, 1 and 2 service principals; no agent gets a token for any other (src/azure/token-source.ts). */
const servedTypes: ReadonlySet<number> = new Set([0, 1, 2]);

/** Whether tokens can be had for an identity of this kind at all. */
export function isServed({ spec }: AzureIdentity): boolean {
  return servedTypes.has(spec.type);
}

/** Which pod and which identity an object is about; equal for an object and the wish it fulfils. */
export function pairOf(object: AzureAssignedIdentity): string {
  const identity = object.spec.azureIdentityRef;
  return pair(object.spec.podNamespace, object.spec.pod, identity?.namespace ?? "", identity?.name ?? "");
}

/** The pair that `wanted` asks for. */
export function pairWanted({ pod, identity }: Wanted): string {
  return pair(pod.namespace, pod.name, identity.namespace, identity.name);
}

function pair(...names: readonly string[]): string {
  return names.join("/");
}

/** The key of the pod that the object was made for. */
export function podOf({ spec }: Pick<AzureAssignedIdentity, "spec">): Key {
  return `${spec.podNamespace}/${spec.pod}`;
}

/** The lower-cased id that `identity` asks to have on the VM; null when it needs none or it is malformed. */
export function resourceIdOfIdentity(identity: AzureIdentity): string | null {
  const { resourceID } = identity.spec;
  return needsCompute(identity) && isUserAssignedIdentityId(resourceID) ? resourceID.toLowerCase() : null;
}

/** The same for the identity that `object` was made for. */
export function resourceIdOf(object: Pick<AzureAssignedIdentity, "spec">): string | null {
  const identity = object.spec.azureIdentityRef;
  return identity === null ? null : resourceIdOfIdentity(identity);
}

/** Says of an object that its identity was on the VM before podid, so that podid must leave it there. */
export const preAssigned = { [objectAnnotation.preAssigned]: "true" };

/** Whether an object says so. */
export function isPreAssigned(object: AzureAssignedIdentity): boolean {
  return object.annotations[objectAnnotation.preAssigned] === "true";
}

/** Whether the identity may be on the target: not so after ARM has confirmed its removal. */
export function isOnTarget(object: AzureAssignedIdentity): boolean {
  return object.status.status !== "Unassigned";
}

/** Whether `object` answers for the resource on the target, or the kind of credential, that `wanted` needs. */
export function hasSameUse({ spec, status }: AzureAssignedIdentity, { identity }: Wanted): boolean {
  const held = spec.azureIdentityRef;
  return (
    held !== null &&
    status.status !== "Unassigned" &&
    held.spec.type === identity.spec.type &&
    (!needsCompute(held) || held.spec.resourceID.toLowerCase() === identity.spec.resourceID.toLowerCase())
  );
}

/** Whether the snapshots in `object` say what identity and binding say now. */
export function isUpToDate({ spec }: AzureAssignedIdentity, { identity, binding }: Wanted): boolean {
  const { azureIdentityRef: heldIdentity, azureBindingRef: heldBinding } = spec;
  return (
    heldBinding !== null &&
    keyOf(heldBinding) === keyOf(binding) &&
    JSON.stringify([heldIdentity?.spec, heldBinding.spec]) === JSON.stringify([identity.spec, binding.spec])
  );
}

/**
 * Whether an object for `wanted` can be made now. Its own former one must have gone, unless it `mayStay` beside it; two
 * of them, unless the later one `isElsewhere`.
 */
export function hasFreeName(
  wanted: Wanted,
  options: {
    readonly namespaced: boolean;
    readonly target: string | null;
    readonly everywhere: ReadonlyMap<Key, AzureAssignedIdentity>;
    readonly mayStay: (former: AzureAssignedIdentity) => boolean;
    readonly isElsewhere: (former: AzureAssignedIdentity) => boolean;
  },
): boolean {
  const { everywhere, mayStay, isElsewhere } = options;
  const { namespace, plain, long, ofTarget } = namesFor(wanted, options);
  const holderOf = (name: string): AzureAssignedIdentity | undefined =>
    everywhere.get(keyOf({ namespace, name }));
  const holder = holderOf(plain);
  if (holder === undefined) return true;
  if (pairOf(holder) === pairWanted(wanted) && !mayStay(holder)) return false;
  const later = holderOf(long);
  if (later === undefined) return true;
  if (!isElsewhere(later)) return false;
  const name = ofTarget();
  return name !== null && holderOf(name) === undefined;
}

/**
 * The object for `wanted`, in state Created. `isTaken` tells which keys other pairs hold: the plain
 * name `<pod>-<podns>-<identity>` is ambiguous, and a longer one is used where it is not free.
 */
export function newAssignedIdentity(
  wanted: Wanted,
  options: {
    readonly namespaced: boolean;
    readonly preAssigned: boolean;
    readonly target: string | null;
    readonly isTaken: (key: Key) => boolean;
  },
): NewAssignedIdentity {
  const { pod } = wanted;
  const { namespace, plain, long, ofTarget } = namesFor(wanted, options);
  const isFree = (name: string): boolean => !options.isTaken(keyOf({ namespace, name }));
  return {
    namespace,
    name: [plain, long].find(isFree) ?? ofTarget() ?? long,
    labels: { nodename: pod.node },
    annotations: {
      ...(options.preAssigned ? preAssigned : {}),
      ...annotationsFor(wanted, options.target),
    },
    finalizers: [finalizer],
    ...contentFor(wanted),
  };
}

/**
 * What `object` becomes to be the one for `wanted`. For another pod it starts anew in state Created, and
 * keeps only what is true of the identity on the target, whoever uses it. For the same pod only the
 * snapshots change: an edited time box must not wait for ARM.
 */
export function renewedAssignedIdentity(
  object: AzureAssignedIdentity,
  wanted: Wanted,
  target: string | null,
): NewAssignedIdentity {
  const { namespace, name, labels, annotations, finalizers } = object;
  const content = contentFor(wanted);
  return {
    namespace,
    name,
    labels: { ...labels, nodename: wanted.pod.node },
    annotations: { ...annotations, ...annotationsFor(wanted, target) },
    finalizers,
    ...content,
    status: { ...content.status, status: isMadeFor(object, wanted.pod) ? object.status.status : "Created" },
  };
}

function annotationsFor({ pod }: Wanted, target: string | null): Readonly<Record<string, string>> {
  return {
    [objectAnnotation.podUid]: pod.uid,
    ...(target === null ? {} : { [objectAnnotation.target]: target }),
  };
}

function contentFor(wanted: Wanted): Pick<NewAssignedIdentity, "spec" | "status"> {
  const { pod, identity, binding, inForce, validUntil } = wanted;
  return {
    spec: {
      pod: pod.name,
      podNamespace: pod.namespace,
      nodename: pod.node,
      azureIdentityRef: identity,
      azureBindingRef: binding,
    },
    status: { status: "Created", inForce, validUntil },
  };
}
