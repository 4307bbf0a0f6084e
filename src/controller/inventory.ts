import type { Log } from "../runtime/log.ts";
import type { Unplanned } from "./plan-input.ts";
import { needsInventory } from "./plan.ts";
import type { Compute } from "./ports.ts";

/** What is on a target already, by ARM's word. */
export interface Inventory {
  /** Lower-cased ids; null when ARM gave no answer. */
  readonly ids: ReadonlySet<string> | null;
  readonly retryAfterMs: number;
}

/** A plan for which nobody has to be asked. */
export const notNeeded: Inventory = { ids: new Set(), retryAfterMs: 0 };

/** Asks ARM when a plan needs it; answers `notNeeded` itself when none does. */
export async function takeInventory(
  { compute, log }: { readonly compute: Compute; readonly log: Log },
  input: Unplanned,
  signal: AbortSignal,
): Promise<Inventory> {
  if (input.place.kind !== "compute" || !needsInventory(input)) return notNeeded;
  const { target } = input.place;
  const result = await compute.getIdentities(target, signal);
  if (result.ok) return { ids: new Set(result.identities.map((id) => id.toLowerCase())), retryAfterMs: 0 };
  const { kind, detail, retryAfterSeconds } = result.failure;
  log.warn({ target, kind, detail }, "the identities of a compute target could not be read");
  return { ids: null, retryAfterMs: (retryAfterSeconds ?? 0) * 1000 };
}
