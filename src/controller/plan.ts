import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, AzureIdentity, Key } from "../engine/resources.ts";
import {
  hasFreeName,
  isMadeFor,
  isOnTarget,
  isPreAssigned,
  newAssignedIdentity,
  pairOf,
  pairWanted,
  podOf,
  renewedAssignedIdentity,
  resourceIdOf,
  resourceIdOfIdentity,
} from "./assigned-identity.ts";
import type { Place } from "./observe.ts";
import { pairUp, type Pairing } from "./pairing.ts";
import type { NewAssignedIdentity } from "./ports.ts";
import type { Problem } from "./problem.ts";
import type { Desired, Wanted } from "./wanted.ts";

/** Whom an event about an action is for, and what it names. */
export interface Subject {
  /** Null when the object does not say which binding made it. */
  readonly binding: Key | null;
  /** Null when the object does not say which identity it is for. */
  readonly identity: Key | null;
  readonly node: string;
  readonly pod: Key;
  /** Key of the AzureAssignedIdentity. */
  readonly object: Key;
}

/** `resourceId` is the lower-cased id that ARM must have added or removed before; null: none. */
interface Step {
  readonly subject: Subject;
  readonly resourceId: string | null;
}
/** An object to be written whole. */
export interface Writing {
  readonly subject: Subject;
  readonly object: NewAssignedIdentity;
}
type Display = Pick<AzureAssignedIdentity["status"], "inForce" | "validUntil">;

export type Action =
  /** In state Created. */
  | ({ readonly type: "create" } & Writing)
  | ({ readonly type: "replace" } & Writing)
  | {
      readonly type: "changeIdentities";
      readonly target: string;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    }
  | ({ readonly type: "markAssigned"; readonly display: Display } & Step)
  /** In state Assigned, once ARM has the identity; `resourceId` is null when it is not to be asked for that. */
  | ({ readonly type: "createAssigned" } & Writing & Pick<Step, "resourceId">)
  | { readonly type: "showTimeBox"; readonly subject: Subject; readonly display: Display }
  | ({ readonly type: "markUnassigned" } & Step)
  | ({ readonly type: "delete" } & Step);

export interface PlanInput {
  readonly place: Place;
  readonly desired: Desired;
  readonly current: readonly AzureAssignedIdentity[];
  /**
   * Lower-cased ids that ARM had on the target before; empty when `needsInventory` says no, null when
   * ARM gave no answer: then no object is made for an identity that no object answers for yet.
   */
  readonly inventory: ReadonlySet<string> | null;
  /** All objects, also those of other places: two must not have one name. */
  readonly everywhere: ReadonlyMap<Key, AzureAssignedIdentity>;
  readonly namespaced: boolean;
}

export interface Plan {
  /** In the order in which they must happen. */
  readonly actions: readonly Action[];
  readonly problems: readonly Problem[];
}

/**
 * What to do so that `current` becomes `desired`. Pure. The order makes a crash harmless: an object
 * stands before ARM adds its identity, and goes only after ARM removed it (reliability.md ST1-ST5).
 * One object is enough for that: those of other pods for the same identity are written once, when ARM
 * shows it, as are those for what an object in state Assigned answers for already.
 * A pod that came back under its old name takes over the object, in state Created until ARM has shown
 * the identity; that never leaves the VM, since IMDS would not know it for minutes (azure.md §2). An
 * identity that became another resource has an object for each, and one change adds and removes.
 */
export function plan(input: PlanInput): Plan {
  const pairing = pairFor(input);
  const news = planCreates(pairing, input);
  const creates = news.filter((action) => action.type === "create");
  const follows = news.filter((action) => action.type === "createAssigned");
  const replaces = planReplaces(pairing, input);
  const assigns = [...[...creates, ...replaces].flatMap(assignWritten), ...pairing.kept.flatMap(assignKept)];
  const shows = pairing.kept.flatMap(showKept);
  const change = planChange(pairing, input);
  const releases = planReleases(pairing, change);
  const actions = [...creates, ...replaces, ...change, ...assigns, ...follows, ...shows, ...releases];
  return { actions, problems: pairing.problems };
}

/**
 * Whether ARM must be asked first what is on the target: an identity is about to be added that no
 * object answers for, and one that is there already must never be removed by us (DESIGN §3).
 */
export function needsInventory(input: Omit<PlanInput, "inventory">): boolean {
  return pairFor({ ...input, inventory: null }).hasUnknown;
}

type Create = Extract<Action, { type: "create" | "createAssigned" }>;
type Replace = Extract<Action, { type: "replace" }>;
type Change = Extract<Action, { type: "changeIdentities" }>;

/** Leaves out the wishes that must wait: for ARM's inventory, or for a predecessor on another node. */
function pairFor(input: PlanInput): Pairing & { readonly hasUnknown: boolean } {
  const pairing = pairUp(input.place, input.desired, input.current);
  const leaving = new Set(pairing.removed);
  const creatable = pairing.missing.filter((wanted) => hasFreeName(wanted, { ...input, leaving }));
  const ours = idsOf(input.current.filter(isOnTarget));
  const isKnown = ({ identity }: Wanted): boolean => {
    const id = resourceIdOfIdentity(identity);
    return id === null || ours.has(id);
  };
  const known = creatable.filter(isKnown);
  const hasUnknown = known.length < creatable.length;
  if (input.inventory !== null) return { ...pairing, missing: creatable, hasUnknown };
  // Whose successor must wait stays until both can be changed at once.
  const waiting = new Set(creatable.filter((wanted) => !isKnown(wanted)).map(pairWanted));
  const isHeld = (object: AzureAssignedIdentity): boolean => waiting.has(pairOf(object));
  const held = [...pairing.held, ...pairing.removed.filter(isHeld)];
  const removed = pairing.removed.filter((object) => !isHeld(object));
  return { ...pairing, held, removed, missing: known, hasUnknown };
}

function planCreates(pairing: Pairing, input: PlanInput): readonly Create[] {
  const { current, inventory, place, namespaced, everywhere } = input;
  const ours = idsOf(current.filter(isOnTarget));
  const foreign = (inventory ?? new Set()).difference(ours).union(idsOf(current.filter(isPreAssigned)));
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
      return { type: "create", subject, object: created };
    }
    return {
      type: "createAssigned",
      subject,
      object: inState("Assigned", created),
      resourceId: isKnown ? null : id,
    };
  });
}

/** `object`, not written yet, as it is to be in state `status`. */
export function inState(status: "Created" | "Assigned", object: NewAssignedIdentity): NewAssignedIdentity {
  return { ...object, status: { ...object.status, status } };
}

function planReplaces({ replaced }: Pairing, { place }: PlanInput): readonly Replace[] {
  return replaced.map(({ object: old, wanted }) => {
    const object = renewedAssignedIdentity(old, wanted, targetOf(place));
    return { type: "replace", subject: subjectOf(object), object };
  });
}

function targetOf(place: Place): string | null {
  return place.kind === "compute" ? place.target : null;
}

/**
 * By resource id, what objects answer for: `confirmed` by ARM for a pod that has it still; `pending`
 * is what ARM has yet to show for theirs, as written.
 */
function answeredFor({ kept, replaced }: Pairing): {
  readonly confirmed: ReadonlySet<string>;
  readonly pending: ReadonlyMap<string, string>;
} {
  const pairs = [...kept, ...replaced];
  const isConfirmed = ({ object, wanted }: (typeof pairs)[number]): boolean =>
    isAssigned(object) && isMadeFor(object, wanted.pod);
  return {
    confirmed: idsOf(pairs.filter(isConfirmed).map(({ object }) => object)),
    pending: byId(pairs.filter((pair) => !isConfirmed(pair)).map(({ wanted }) => wanted.identity)),
  };
}

/** At most one change; ids are counted by resource id, so that what another pod needs stays. */
function planChange(pairing: Pairing, { place, current }: PlanInput): readonly Change[] {
  if (place.kind !== "compute") return [];
  const { kept, replaced, held, removed, missing } = pairing;
  const { confirmed, pending } = answeredFor(pairing);
  const wanted = byId(missing.map(({ identity }) => identity));
  const add = new Map([...pending, ...[...wanted].filter(([id]) => !confirmed.has(id) && !pending.has(id))]);
  const inUse = [...kept, ...replaced].map(({ object }) => object);
  const stays = idsOf([...inUse, ...held.filter(isOnTarget)])
    .union(new Set([...add.keys(), ...wanted.keys()]))
    .union(idsOf(current.filter(isPreAssigned)));
  const remove = byId(
    removed
      .filter(isOnTarget)
      .flatMap(({ spec }) => (spec.azureIdentityRef === null ? [] : [spec.azureIdentityRef])),
  );
  for (const id of stays) remove.delete(id);
  if (add.size === 0 && remove.size === 0) return [];
  return [
    { type: "changeIdentities", target: place.target, add: [...add.values()], remove: [...remove.values()] },
  ];
}

/** Resource ids as written, by their lower-cased form; identities that need no VM have none. */
function byId(identities: readonly AzureIdentity[]): Map<string, string> {
  const ids = new Map<string, string>();
  for (const identity of identities) {
    const id = resourceIdOfIdentity(identity);
    if (id !== null && !ids.has(id)) ids.set(id, identity.spec.resourceID);
  }
  return ids;
}

function assignWritten({ object, subject }: Writing): readonly Action[] {
  const { status, inForce, validUntil } = object.status;
  if (status === "Assigned") return [];
  return [
    { type: "markAssigned", subject, resourceId: resourceIdOf(object), display: { inForce, validUntil } },
  ];
}

function assignKept({ object, wanted }: Pairing["kept"][number]): readonly Action[] {
  if (isAssigned(object)) return [];
  const { inForce, validUntil } = wanted;
  const subject = { ...subjectOf(object), binding: keyOf(wanted.binding) };
  return [
    { type: "markAssigned", subject, resourceId: resourceIdOf(object), display: { inForce, validUntil } },
  ];
}

function showKept({ object, wanted }: Pairing["kept"][number]): readonly Action[] {
  const { inForce, validUntil } = wanted;
  const isShown = object.status.inForce === inForce && object.status.validUntil === validUntil;
  if (!isAssigned(object) || isShown) return [];
  return [{ type: "showTimeBox", subject: subjectOf(object), display: { inForce, validUntil } }];
}

/**
 * An object whose identity stays only because of one that is made in this very plan waits for the next:
 * if that cannot be made, nothing would answer for the identity on the target.
 */
function planReleases(pairing: Pairing, change: readonly Change[]): readonly Action[] {
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

function isAssigned(object: AzureAssignedIdentity): boolean {
  return object.status.status === "Assigned";
}

function idsOf(objects: readonly AzureAssignedIdentity[]): Set<string> {
  return new Set(objects.map(resourceIdOf).filter((id) => id !== null));
}

function subjectOf(object: NewAssignedIdentity): Subject {
  const { azureBindingRef: binding, azureIdentityRef: identity, nodename } = object.spec;
  return {
    binding: binding === null ? null : keyOf(binding),
    identity: identity === null ? null : keyOf(identity),
    node: nodename,
    pod: podOf(object),
    object: keyOf(object),
  };
}
