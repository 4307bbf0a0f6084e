import type { AzureIdentity, AzureIdentityBinding, Key, Pod } from "../engine/resources.ts";
import type { Instant } from "../timebox/instant.ts";

/** One identity that one pod shall have. */
export interface Wanted {
  readonly pod: Pod;
  readonly identity: AzureIdentity;
  /** The heaviest binding that gives the pod this identity: it is written down and gets the events. */
  readonly binding: AzureIdentityBinding;
  /** Whether the box is open now; for display. */
  readonly inForce: boolean;
  /** RFC 3339: when an open box closes; for display. */
  readonly validUntil: string | null;
}

/** What the policy wants for one compute target. */
export interface Desired {
  readonly wanted: readonly Wanted[];
  /** Pods for which the policy gave no answer: what they have stays as it is. */
  readonly undecidedPods: ReadonlySet<Key>;
  /** When to ask again, at the latest; null when no answer will change by itself. */
  readonly wakeAt: Instant | null;
}
