import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity } from "../engine/resources.ts";
import type { Action } from "./action.ts";
import { hasFreeName, isOnTarget, pairOf, pairWanted, resourceIdOfIdentity } from "./assigned-identity.ts";
import { isElsewhere, pairUp, type Pairing } from "./pairing.ts";
import { idsOf, planChange } from "./plan-change.ts";
import type { PlanInput, Unplanned } from "./plan-input.ts";
import {
  assignKept,
  assignWritten,
  planCreates,
  planReleases,
  planReplaces,
  showKept,
  targetOf,
} from "./plan-writes.ts";
import type { Problem } from "./problem.ts";
import type { Wanted } from "./wanted.ts";

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
export function needsInventory(input: Unplanned): boolean {
  return pairFor({ ...input, inventory: null }).hasUnknown;
}

/** Leaves out the wishes that must wait: for ARM's inventory, or for a predecessor at the same place. */
function pairFor(input: PlanInput): Pairing & { readonly hasUnknown: boolean } {
  const pairing = pairUp(input.place, input.desired, input.current);
  const creatable = creatableOf(pairing, input);
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

/**
 * A former object at the same place must go first, unless it does so in this plan: the two would answer for one identity.
 * One elsewhere has nothing to do with this place, and its machine may keep it waiting for long.
 */
function creatableOf({ missing, removed }: Pairing, input: PlanInput): readonly Wanted[] {
  const leaving = new Set(removed);
  const here = new Set(input.current.map(keyOf));
  return missing.filter((wanted) => {
    const isAway = (former: AzureAssignedIdentity): boolean =>
      !here.has(keyOf(former)) && isElsewhere(former, wanted.pod, input.place);
    const mayStay = (former: AzureAssignedIdentity): boolean => leaving.has(former) || isAway(former);
    const target = targetOf(input.place);
    return hasFreeName(wanted, { ...input, target, mayStay, isElsewhere: isAway });
  });
}
