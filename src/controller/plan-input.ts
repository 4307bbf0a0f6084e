import type { AzureAssignedIdentity, Key } from "../engine/resources.ts";
import type { Place } from "./observe.ts";
import type { Desired } from "./wanted.ts";

/** All that a plan for one place is made from. */
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

/** The same before ARM was asked. */
export type Unplanned = Omit<PlanInput, "inventory">;
