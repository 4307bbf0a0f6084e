import { keyOf } from "../engine/cluster-document.ts";
import type { Key } from "../engine/resources.ts";
import { inState, subjectOf, type Action, type Writing } from "./action.ts";
import {
  isOnTarget,
  isPreAssigned,
  newAssignedIdentity,
  renewedAssignedIdentity,
  resourceIdOf,
  resourceIdOfIdentity,
} from "./assigned-identity.ts";
import type { Place } from "./observe.ts";
import type { Pairing } from "./pairing.ts";
import { answeredFor, byId, idsOf, isAssigned } from "./plan-change.ts";
import type { PlanInput } from "./plan-input.ts";

type Create = Extract<Action, { type: "create" | "createAssigned" }>;
type Replace = Extract<Action, { type: "replace" }>;
type Change = Extract<Action, { type: "changeIdentities" }>;

/** For each wish without an object: in state Created for the first of its identity, after ARM's answer for the others. */
export function planCreates(pairing: Pairing, input: PlanInput): readonly Create[] {
  const { current, inventory, place, namespaced, everywhere } = input;
  const ours = idsOf(current.filter(isOnTarget));
  const foreign = (inventory ?? new Set()).difference(ours).union(idsOf(current.filter(isPreAssigned)));
  const isUnsent = (id: string | null): id is string => id !== null && !ours.has(id) && !foreign.has(id);
  const { confirmed, pending } = answeredFor(pairing);
  const answered = new Set(pending.keys());
  const planned = new Set<Key>();
  return pairing.missing.map((wanted): Create => {
    const id = resourceIdOfIdentity(wanted.identity);
    const created = newAssignedIdentity(wanted, {
      namespaced,
      preAssigned: id !== null && foreign.has(id),
      target: targetOf(place),
      isTaken: (key) => planned.has(key) || everywhere.has(key),
    });
    planned.add(keyOf(created));
    const subject = subjectOf(created);
    const isKnown = id === null || confirmed.has(id);
    if (!isKnown && !answered.has(id)) {
      answered.add(id);
      return { type: "create", subject, object: created, unsent: isUnsent(id) ? id : null };
    }
    return {
      type: "createAssigned",
      subject,
      object: inState("Assigned", created),
      resourceId: isKnown ? null : id,
    };
  });
}

/** Objects that go over to another pod, or whose snapshots are outdated. */
export function planReplaces({ replaced }: Pairing, { place }: PlanInput): readonly Replace[] {
  return replaced.map(({ object: old, wanted }) => {
    const object = renewedAssignedIdentity(old, wanted, targetOf(place));
    return { type: "replace", subject: subjectOf(object), object };
  });
}

export function targetOf(place: Place): string | null {
  return place.kind === "compute" ? place.target : null;
}

/** What follows the writing of an object, once ARM has its identity. */
export function assignWritten({ object, subject }: Writing): readonly Action[] {
  const { status, inForce, validUntil } = object.status;
  if (status === "Assigned") return [];
  return [
    { type: "markAssigned", subject, resourceId: resourceIdOf(object), display: { inForce, validUntil } },
  ];
}

/** The same for an object that stands since an earlier plan. */
export function assignKept({ object, wanted }: Pairing["kept"][number]): readonly Action[] {
  if (isAssigned(object)) return [];
  const { inForce, validUntil } = wanted;
  const subject = { ...subjectOf(object), binding: keyOf(wanted.binding) };
  return [
    { type: "markAssigned", subject, resourceId: resourceIdOf(object), display: { inForce, validUntil } },
  ];
}

/** Keeps up what an object in state Assigned displays. */
export function showKept({ object, wanted }: Pairing["kept"][number]): readonly Action[] {
  const { inForce, validUntil } = wanted;
  const isShown = object.status.inForce === inForce && object.status.validUntil === validUntil;
  if (!isAssigned(object) || isShown) return [];
  return [{ type: "showTimeBox", subject: subjectOf(object), display: { inForce, validUntil } }];
}

/**
 * An object whose identity stays only because of one that is made in this very plan waits for the next:
 * if that cannot be made, nothing would answer for the identity on the target.
 */
export function planReleases(pairing: Pairing, change: readonly Change[]): readonly Action[] {
  const { removed, kept, replaced, missing } = pairing;
  const removing = new Set(change.flatMap(({ remove }) => remove.map((id) => id.toLowerCase())));
  const onlyPlanned = new Set(byId(missing.map(({ identity }) => identity)).keys()).difference(
    idsOf([...kept, ...replaced].map(({ object }) => object)),
  );
  return removed.flatMap((object) => {
    const subject = subjectOf(object);
    const id = resourceIdOf(object);
    if (!isOnTarget(object)) return [{ type: "delete", subject, resourceId: null }];
    if (id !== null && onlyPlanned.has(id)) return [];
    const resourceId = id !== null && removing.has(id) ? id : null;
    return [
      { type: "markUnassigned", subject, resourceId },
      { type: "delete", subject, resourceId },
    ];
  });
}
