import { isMadeFor } from "../engine/assigned-objects.ts";
import type { AzureAssignedIdentity, AzureIdentity } from "../engine/resources.ts";
import type { Action } from "./action.ts";
import { isOnTarget, isPreAssigned, resourceIdOf, resourceIdOfIdentity } from "./assigned-identity.ts";
import type { Pairing } from "./pairing.ts";
import type { PlanInput } from "./plan-input.ts";

type Change = Extract<Action, { type: "changeIdentities" }>;

/** At most one change; ids are counted by resource id, so that what another pod needs stays. */
export function planChange(
  pairing: Pairing,
  { place, current }: Pick<PlanInput, "place" | "current">,
): readonly Change[] {
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

/**
 * By resource id, what objects answer for: `confirmed` by ARM for a pod that has it still; `pending`
 * is what ARM has yet to show for theirs, as written.
 */
export function answeredFor({ kept, replaced }: Pairing): {
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

/** Resource ids as written, by their lower-cased form; identities that need no VM have none. */
export function byId(identities: readonly AzureIdentity[]): Map<string, string> {
  const ids = new Map<string, string>();
  for (const identity of identities) {
    const id = resourceIdOfIdentity(identity);
    if (id !== null && !ids.has(id)) ids.set(id, identity.spec.resourceID);
  }
  return ids;
}

/** The lower-cased resource ids of `objects`. */
export function idsOf(objects: readonly AzureAssignedIdentity[]): Set<string> {
  return new Set(objects.map(resourceIdOf).filter((id) => id !== null));
}

/** Whether ARM has shown what `object` answers for. */
export function isAssigned(object: AzureAssignedIdentity): boolean {
  return object.status.status === "Assigned";
}
