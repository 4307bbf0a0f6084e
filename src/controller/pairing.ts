import { isMadeFor, recordedTarget } from "../engine/assigned-objects.ts";
import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, Pod } from "../engine/resources.ts";
import { isUserAssignedIdentityId, userAssignedIdentityForm } from "../runtime/identity-id.ts";
import {
  hasSameUse,
  isOnTarget,
  isUpToDate,
  needsCompute,
  pairOf,
  pairWanted,
  podOf,
  resourceIdOf,
} from "./assigned-identity.ts";
import type { Place } from "./observe.ts";
import type { Problem } from "./problem.ts";
import type { Desired, Wanted } from "./wanted.ts";

interface Pair {
  readonly object: AzureAssignedIdentity;
  readonly wanted: Wanted;
}

/** Wishes and objects, matched by what they say and never by name. */
export interface Pairing {
  /** Objects that fulfil a wish. */
  readonly kept: readonly Pair[];
  /** Objects that answer for what a wish needs, but for an earlier pod or with an outdated snapshot. */
  readonly replaced: readonly Pair[];
  /** Objects to leave exactly as they are, because what is wanted cannot be told or not be done now. */
  readonly held: readonly AzureAssignedIdentity[];
  readonly removed: readonly AzureAssignedIdentity[];
  /** Wishes that can be fulfilled now by making an object. */
  readonly missing: readonly Wanted[];
  readonly problems: readonly Problem[];
}

type Verdict =
  | { readonly kind: "possible" }
  | { readonly kind: "notNow" | "never"; readonly problem: Problem };

/** Matches what is wanted at `place` with the objects that are there. */
export function pairUp(place: Place, desired: Desired, current: readonly AzureAssignedIdentity[]): Pairing {
  const { open, notNow, problems } = sortWishes(desired.wanted, place);
  const isInUse = (object: AzureAssignedIdentity): boolean =>
    notNow.has(pairOf(object)) || desired.undecidedPods.has(podOf(object));
  const kept: Pair[] = [];
  const replaced: Pair[] = [];
  const held: AzureAssignedIdentity[] = [];
  const removed: AzureAssignedIdentity[] = [];
  for (const object of current.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))) {
    const pair = pairOf(object);
    const wanted = open.get(pair);
    if (object.isGoing === true) {
      // Kept, it would stay half deleted, and whoever deleted it would wait for ever.
      removed.push(object);
    } else if (isInUse(object) || isOutOfReach(object, place)) {
      held.push(object);
    } else if (wanted !== undefined && fits(object, wanted)) {
      kept.push({ object, wanted });
      open.delete(pair);
    } else if (wanted !== undefined && hasSameUse(object, wanted) && isRecordedAt(object, place)) {
      replaced.push({ object, wanted });
      open.delete(pair);
    } else {
      removed.push(object);
    }
  }
  for (const object of removed) {
    const wanted = open.get(pairOf(object));
    if (wanted !== undefined && !isOutdated(object, wanted)) open.delete(pairOf(object));
  }
  const unwanted = held.filter((object) => isOutOfReach(object, place) && !isInUse(object));
  return {
    kept,
    replaced,
    held,
    removed,
    missing: [...open.values()],
    problems: [...problems, ...unwanted.map(whyItStays)],
  };
}

/** By pair: those that can be fulfilled, and those that cannot be now. */
function sortWishes(
  wishes: readonly Wanted[],
  place: Place,
): {
  readonly open: Map<string, Wanted>;
  readonly notNow: ReadonlySet<string>;
  readonly problems: readonly Problem[];
} {
  const open = new Map<string, Wanted>();
  const notNow = new Set<string>();
  const problems: Problem[] = [];
  for (const wanted of wishes) {
    const verdict = judge(wanted, place);
    if (verdict.kind === "possible") open.set(pairWanted(wanted), wanted);
    else problems.push(verdict.problem);
    if (verdict.kind === "notNow") notNow.add(pairWanted(wanted));
  }
  return { open, notNow, problems };
}

function fits(object: AzureAssignedIdentity, wanted: Wanted): boolean {
  return isMadeFor(object, wanted.pod) && hasSameUse(object, wanted) && isUpToDate(object, wanted);
}

/**
 * Whether `object` answers for what its identity was before it became another resource. Its successor is made beside it,
 * so that one change adds and removes; any other must wait until the object has gone, for it has the same name.
 */
function isOutdated(object: AzureAssignedIdentity, { identity }: Wanted): boolean {
  const held = resourceIdOf(object);
  const isAlive = object.isGoing !== true && isOnTarget(object);
  return (
    isAlive && held !== null && needsCompute(identity) && held !== identity.spec.resourceID.toLowerCase()
  );
}

/** A new Node has no providerID at first; until it has, nobody knows whether what was written down is its machine. */
function isOutOfReach(object: AzureAssignedIdentity, place: Place): boolean {
  return place.kind === "noTarget" && recordedTarget(object) !== null && resourceIdOf(object) !== null;
}

function whyItStays(object: AzureAssignedIdentity): Problem {
  const { azureBindingRef: binding, nodename } = object.spec;
  const what = binding === null ? keyOf(object) : `binding ${keyOf(binding)}`;
  const why = `spec.providerID of Node ${nodename} names no Azure VM or scale set, so that ${recordedTarget(object)} keeps the identity: mend the Node, or delete it`;
  return {
    kind: "AzureAssignedIdentity",
    key: keyOf(object),
    message: `failed to remove ${what} from node ${nodename} for pod ${podOf(object)}, error: ${why}`,
  };
}

/** A node made anew under its old name is another VM: what was written down about the old one is void. */
function isRecordedAt(object: AzureAssignedIdentity, place: Place): boolean {
  const recorded = recordedTarget(object);
  if (recorded === null) return true;
  return place.kind === "compute" && recorded.toLowerCase() === place.target.toLowerCase();
}

/**
 * Whether `object` answers for another machine than `place`, which `pod` is at. Where nothing was written down, the node
 * tells: its objects and those of other nodes of one scale set are at one place.
 */
export function isElsewhere(object: AzureAssignedIdentity, pod: Pod, place: Place): boolean {
  const recorded = recordedTarget(object);
  return recorded === null ? object.spec.nodename !== pod.node : !isRecordedAt(object, place);
}

function judge(wanted: Wanted, place: Place): Verdict {
  const { pod, identity, binding } = wanted;
  const onBinding = (message: string): Problem => ({
    kind: "AzureIdentityBinding",
    key: keyOf(binding),
    message: `failed to apply binding ${keyOf(binding)} node ${pod.node} for pod ${keyOf(pod)}, error: ${message}`,
  });
  if (place.kind === "nodeGone") {
    return { kind: "never", problem: onBinding(`there is no Node ${place.node}`) };
  }
  if (!needsCompute(identity)) return { kind: "possible" };
  if (!isUserAssignedIdentityId(identity.spec.resourceID)) {
    const message = `spec.resourceID is no id of a user-assigned identity: write ${userAssignedIdentityForm}, not ${JSON.stringify(identity.spec.resourceID)}`;
    return { kind: "never", problem: { kind: "AzureIdentity", key: keyOf(identity), message } };
  }
  if (place.kind === "noTarget") {
    const message = `spec.providerID of Node ${place.node} names no Azure VM or scale set; identities of type 0 need one`;
    return { kind: "notNow", problem: onBinding(message) };
  }
  return { kind: "possible" };
}
