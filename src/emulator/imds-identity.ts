import type { IdentitySelector } from "./imds-request.ts";
import { keyOf } from "./state.ts";

/** An identity that IMDS can give tokens for. */
export interface ManagedIdentity {
  readonly kind: "system" | "user";
  /** Of the identity, or of the machine for a system-assigned one. */
  readonly resourceID: string;
  readonly clientID: string;
  readonly objectID: string;
  readonly tenantID: string;
}

export type IdentityChoice =
  | { readonly kind: "found"; readonly identity: ManagedIdentity }
  | { readonly kind: "refused"; readonly description: string };

/**
 * Picks the identity of a token request among those IMDS knows on its machine. Without selector: the system-assigned
 * one, else the only user-assigned one (azure.md §2). The texts are those Azure sends (azure.md §1.7, §2).
 */
export function chooseIdentity(
  identities: readonly ManagedIdentity[],
  selector: IdentitySelector | null,
): IdentityChoice {
  if (selector !== null) return found(identities.find((identity) => matches(identity, selector)));
  const system = identities.find((identity) => identity.kind === "system");
  if (system !== undefined) return found(system);
  if (identities.length > 1) {
    const description =
      "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request";
    return { kind: "refused", description };
  }
  return found(identities[0]);
}

function found(identity: ManagedIdentity | undefined): IdentityChoice {
  return identity === undefined
    ? { kind: "refused", description: "Identity not found" }
    : { kind: "found", identity };
}

function matches(identity: ManagedIdentity, selector: IdentitySelector): boolean {
  const names = {
    client_id: identity.clientID,
    object_id: identity.objectID,
    // A system-assigned identity is no resource of its own.
    msi_res_id: identity.kind === "user" ? identity.resourceID : null,
  };
  const name = names[selector.by];
  return name !== null && keyOf(name) === keyOf(selector.value);
}
