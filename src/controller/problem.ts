import type { Key } from "../engine/resources.ts";

/**
 * Why a wish cannot be fulfilled, told on the object whose author can mend it; or why an AzureAssignedIdentity that
 * nobody wants any more stays, told on itself: its binding may have gone.
 */
export interface Problem {
  readonly kind: "AzureIdentity" | "AzureIdentityBinding" | "AzureAssignedIdentity";
  readonly key: Key;
  readonly message: string;
}
