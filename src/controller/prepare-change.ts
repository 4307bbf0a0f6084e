import type { Clock } from "../runtime/clock.ts";
import { withDeadline } from "../runtime/deadline.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { notNeeded, takeInventory } from "./inventory.ts";
import { makeObject } from "./make-object.ts";
import type { Unplanned } from "./plan-input.ts";
import { plan } from "./plan.ts";
import type { Cluster, Compute } from "./ports.ts";
import type { UnsentIdentities } from "./unsent-identities.ts";

interface PrepareDependencies {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly compute: Compute;
  readonly unsent: UnsentIdentities;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Makes the objects that must stand before ARM adds the identities `ids`, so that the change itself can go at once when its
 * time has come. Whether ARM still says then what it says now is for the change to find out (docs/decisions/0021). ARM has
 * `limitMs` to answer, nothing is done when that is over; what fails is left to the change. @throws nothing.
 */
export async function prepareChange(
  deps: PrepareDependencies,
  input: Unplanned,
  { ids, limitMs }: { readonly ids: ReadonlySet<string>; readonly limitMs: number },
): Promise<void> {
  const { clock, log, signal } = deps;
  if (limitMs <= 0 || signal.aborted) return;
  try {
    const inventory = await withDeadline(clock, limitMs, signal, (bounded) =>
      takeInventory(deps, input, bounded),
    );
    if (inventory === notNeeded) return;
    const { actions } = plan({ ...input, inventory: inventory.ids });
    const made = actions.map(async (action) => {
      if (action.type !== "create" || action.unsent === null || !ids.has(action.unsent)) return;
      await makeObject(deps, action.object, action.unsent);
    });
    const ended = await Promise.allSettled(made);
    for (const one of ended) if (one.status === "rejected") throw one.reason;
  } catch (thrown) {
    log.info({ err: toError(thrown) }, "an object of a change could not be made ahead of it");
  }
}
