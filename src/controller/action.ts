import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, Key } from "../engine/resources.ts";
import { podOf } from "./assigned-identity.ts";
import type { NewAssignedIdentity } from "./ports.ts";

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

/** One step of a plan; `apply` says in which order they happen. */
export type Action =
  /**
   * In state Created. `unsent` is the lower-cased id of an identity that ARM did not show and that it has not been asked
   * for; null when the object is of no such one.
   */
  | ({ readonly type: "create"; readonly unsent: string | null } & Writing)
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

/** `object`, not written yet, as it is to be in state `status`. */
export function inState(status: "Created" | "Assigned", object: NewAssignedIdentity): NewAssignedIdentity {
  return { ...object, status: { ...object.status, status } };
}

/** Whom events about `object` are for. */
export function subjectOf(object: NewAssignedIdentity): Subject {
  const { azureBindingRef: binding, azureIdentityRef: identity, nodename } = object.spec;
  return {
    binding: binding === null ? null : keyOf(binding),
    identity: identity === null ? null : keyOf(identity),
    node: nodename,
    pod: podOf(object),
    object: keyOf(object),
  };
}
