import type { IsImmutable } from "./immutable-identities.ts";

/** The identity block of a machine as ARM answered it. */
export interface MachineIdentity {
  /** Resource ids of user-assigned identities, in the letter case ARM used. */
  readonly userAssigned: readonly string[];
  readonly systemAssigned: boolean;
  readonly etag: string | undefined;
  /** Client ids by lower-cased resource id; those of identities that do not exist any more are unknown. */
  readonly clientIDs: ReadonlyMap<string, string>;
  /** Some operation is running on the machine, whoever's it is. */
  readonly isUpdating: boolean;
  /** ARM is about to delete the machine, and refuses to change it. */
  readonly isDeleting: boolean;
}

export interface IdentityChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** What a caller wants of a machine. */
export interface IdentityRequest extends IdentityChange {
  /** Those of `add` that ARM did not show before, and that podid has asked nobody for. */
  readonly unsent?: readonly string[];
}

/** The body of an identity PATCH, a merge: `{}` adds, `null` removes, what is absent stays (azure.md §4.1). */
export interface IdentityPatch {
  readonly type: "None" | "SystemAssigned" | "UserAssigned" | "SystemAssigned, UserAssigned";
  readonly userAssignedIdentities?: Readonly<Record<string, object | null>>;
  /** The etag that the machine must still have. */
  readonly ifMatch?: string;
}

/** ARM refuses more identities in one request (azure.md §4.1). */
const mostPerRequest = 150;

/**
 * What of `change` is not yet so on the machine; ids are compared without regard to letter case, once each, and what
 * is to be added as well is not removed. Immutable identities stay.
 */
export function openChange(
  current: MachineIdentity,
  change: IdentityChange,
  isImmutable: IsImmutable,
): IdentityChange {
  const present = keysOf(current.userAssigned);
  return {
    add: distinct(change.add).filter((id) => !present.has(keyOf(id))),
    remove: unwanted(current, change).filter((id) => !stays(current, id, isImmutable)),
  };
}

/** Which identities on the machine stay there although `change` removes them. */
export function keptIdentities(
  current: MachineIdentity,
  change: IdentityChange,
  isImmutable: IsImmutable,
): readonly string[] {
  return unwanted(current, change).filter((id) => stays(current, id, isImmutable));
}

/** In ARM's own spelling: it is the key that the machine's map has. */
function unwanted({ userAssigned }: MachineIdentity, { add, remove }: IdentityChange): readonly string[] {
  const leaving = keysOf(remove).difference(keysOf(add));
  return userAssigned.filter((id) => leaving.has(keyOf(id)));
}

function stays({ clientIDs }: MachineIdentity, id: string, isImmutable: IsImmutable): boolean {
  return isImmutable(id, clientIDs.get(keyOf(id)));
}

/** How many identities a change names. */
export function sizeOf(change: IdentityChange): number {
  return change.add.length + change.remove.length;
}

/**
 * Forms the PATCH for `open`, or for as much of it as one request may hold. Taking the last user-assigned
 * identity away needs another type and no map (as azure-cli and aad-pod-identity do), which wipes whatever is
 * on the machine; a type that changes could also undo another tool's change: both only at the etag we saw.
 */
export function formPatch(current: MachineIdentity, open: IdentityChange): IdentityPatch {
  const remove = open.remove.slice(0, mostPerRequest);
  const add = open.add.slice(0, mostPerRequest - remove.length);
  const system = current.systemAssigned;
  const noneLeft = add.length === 0 && remove.length === current.userAssigned.length;
  const typeChanges = noneLeft || current.userAssigned.length === 0;
  const ifMatch = typeChanges && current.etag !== undefined ? { ifMatch: current.etag } : {};
  if (noneLeft) return { type: system ? "SystemAssigned" : "None", ...ifMatch };
  const delta = [...add.map((id) => [id, {}] as const), ...remove.map((id) => [id, null] as const)];
  return {
    type: system ? "SystemAssigned, UserAssigned" : "UserAssigned",
    userAssignedIdentities: Object.fromEntries(delta),
    ...ifMatch,
  };
}

/** The identities that `patch` adds. */
export function addedBy({ userAssignedIdentities = {} }: IdentityPatch): readonly string[] {
  return Object.entries(userAssignedIdentities).flatMap(([id, value]) => (value === null ? [] : [id]));
}

function distinct(ids: readonly string[]): readonly string[] {
  return [...new Map(ids.map((id) => [keyOf(id), id])).values()];
}

function keysOf(ids: readonly string[]): ReadonlySet<string> {
  return new Set(ids.map(keyOf));
}

function keyOf(id: string): string {
  return id.toLowerCase();
}
