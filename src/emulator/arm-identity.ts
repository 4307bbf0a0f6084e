import { z } from "zod";

import { keyOf } from "./state.ts";

const identityTypes = ["None", "SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned"] as const;
type IdentityType = (typeof identityTypes)[number];

/** The identities of a machine: what ARM keeps and PATCH changes. */
export interface IdentityBlock {
  readonly systemAssigned: boolean;
  /** Resource ids, each once without regard to letter case. */
  readonly userAssigned: readonly string[];
}

/**
 * `identity` of a PATCH: `{}` adds, `null` removes, absent keys stay (azure.md §4.1). Objects may carry
 * the properties of a GET ("should only be empty json objects, null or the resource existing property").
 */
export const identityPatchSchema = z.strictObject({
  type: z.enum(identityTypes),
  userAssignedIdentities: z.record(z.string(), z.union([z.null(), z.looseObject({})])).optional(),
});
export type IdentityPatch = z.infer<typeof identityPatchSchema>;

export type IdentityMerge =
  | {
      readonly kind: "merged";
      readonly block: IdentityBlock;
      /** Resource ids as the client wrote them, or as they stood on the machine when the type wiped them. */
      readonly added: readonly string[];
      readonly removed: readonly string[];
      /** False when the PATCH asks for what is there already. */
      readonly changed: boolean;
    }
  | { readonly kind: "refused"; readonly code: string; readonly message: string };

/** At most this many identities in one request (azure.md §4.1, quoted from an Azure answer). */
const maxIdentitiesPerRequest = 150;

/**
 * Merges `patch` into `current` by the rules of azure.md §4.1, or refuses it with ARM's error code.
 * `exists` tells whether a user-assigned identity of that resource id is there to be assigned.
 */
export function mergeIdentity(
  current: IdentityBlock,
  patch: IdentityPatch,
  exists: (resourceID: string) => boolean,
): IdentityMerge {
  const sent = Object.entries(patch.userAssignedIdentities ?? {});
  const refusal = refusalOf(patch.type, sent, exists);
  if (refusal !== null) return refusal;

  const systemAssigned = wantsSystem(patch.type);
  const has = new Set(current.userAssigned.map(keyOf));
  const added = sent.filter(([id, value]) => value !== null && !has.has(keyOf(id))).map(([id]) => id);
  const removed = wantsUser(patch.type)
    ? // Removing what is not there changes nothing [inf].
      sent.filter(([id, value]) => value === null && has.has(keyOf(id))).map(([id]) => id)
    : // These types wipe every user-assigned identity, also one that somebody else attached (azure.md §4.1).
      current.userAssigned;
  const gone = new Set(removed.map(keyOf));
  return {
    kind: "merged",
    block: {
      // A type without SystemAssigned drops the system identity (azure.md §4.1: "read first").
      systemAssigned,
      userAssigned: [...current.userAssigned.filter((id) => !gone.has(keyOf(id))), ...added],
    },
    added,
    removed,
    changed: added.length > 0 || removed.length > 0 || systemAssigned !== current.systemAssigned,
  };
}

/** The `type` ARM shows for `block`; with the last user-assigned identity removed it is back to None [inf]. */
export function typeOf(block: IdentityBlock): IdentityType {
  if (block.userAssigned.length === 0) return block.systemAssigned ? "SystemAssigned" : "None";
  return block.systemAssigned ? "SystemAssigned, UserAssigned" : "UserAssigned";
}

function wantsSystem(type: IdentityType): boolean {
  return type === "SystemAssigned" || type === "SystemAssigned, UserAssigned";
}

function wantsUser(type: IdentityType): boolean {
  return type === "UserAssigned" || type === "SystemAssigned, UserAssigned";
}

function refusalOf(
  type: IdentityType,
  sent: readonly (readonly [string, object | null])[],
  exists: (resourceID: string) => boolean,
): IdentityMerge | null {
  const ids = sent.map(([id]) => id);
  const twice = ids.find((id, index) => ids.findIndex((other) => keyOf(other) === keyOf(id)) < index);
  if (twice !== undefined) {
    return refused("InvalidParameter", `User assigned identity '${twice}' cannot be duplicated.`);
  }
  if (ids.length > maxIdentitiesPerRequest) {
    return refused(
      "FailedIdentityOperation",
      `User Assigned Identities Number '${ids.length}' Assign exceed limit '${maxIdentitiesPerRequest}' in one request.`,
    );
  }
  // Text and code from aad-pod-identity issue 214; whether nulls would pass is open (azure.md §8).
  if (ids.length > 0 && !wantsUser(type)) {
    return refused(
      "InvalidParameter",
      `ResourceIdentity identityIds should not be provided if the type is "${type}".`,
    );
  }
  // One bad identity fails the whole batch (azure.md §4.1).
  const unknown = sent.filter(([id, value]) => value !== null && !exists(id)).map(([id]) => id);
  if (unknown.length > 0) {
    return refused(
      "FailedIdentityOperation",
      `Failed to perform resource identity operation. Status: 'BadRequest'. Resource '${unknown.join("', '")}' was not found.`,
    );
  }
  return null;
}

function refused(code: string, message: string): IdentityMerge {
  return { kind: "refused", code, message };
}
