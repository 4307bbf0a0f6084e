import type { Key } from "../engine/resources.ts";

/** Why a wish cannot be fulfilled, told on the object whose author can mend it. */
export interface Problem {
  readonly kind: "AzureIdentity" | "AzureIdentityBinding";
  readonly key: Key;
  readonly message: string;
}
