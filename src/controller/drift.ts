import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, Key } from "../engine/resources.ts";
import type { Cancel, Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { resourceIdOf } from "./assigned-identity.ts";
import type { ChangeIdentities } from "./change-identities.ts";
import type { Unit } from "./observe.ts";

/** Which targets are to be compared with ARM, since somebody else may have taken identities off them. */
export interface DriftWatch {
  /** Until the returned function is called. */
  start(): Cancel;
  /** Whether `key` is due; then it is not any more. */
  take(key: string): boolean;
}

/**
 * Makes all of `keys` due every `intervalMs`, or never when that is 0 (`--identity-assignment-reconcile-interval` of the
 * reference, aad-pod-identity.md §5.6), and tells `onDue` of each.
 */
export function createDriftWatch(options: {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly keys: () => Iterable<string>;
  readonly onDue: (key: string) => void;
}): DriftWatch {
  const { clock, intervalMs, keys, onDue } = options;
  const due = new Set<string>();
  let cancel: Cancel | null = null;
  const tick = (): void => {
    cancel = clock.after(intervalMs, tick);
    due.clear();
    for (const key of keys()) {
      due.add(key);
      onDue(key);
    }
  };
  return {
    start: () => {
      if (intervalMs > 0) cancel = clock.after(intervalMs, tick);
      return () => cancel?.();
    },
    take: (key) => due.delete(key),
  };
}

/**
 * Adds what ARM lost of what the objects of `unit` say is assigned; removes nothing. One read when nothing is missing.
 * It has to be the unit as it is now: what nothing answers for any more would stay on the target for ever.
 * `going` are objects that have just been removed, or nearly so: a watch that lags shows them still.
 * What fails is told to the log alone and tried again at the next interval: nobody else waits for it.
 */
export async function mendDrift(
  deps: { readonly changeIdentities: ChangeIdentities; readonly log: Log; readonly signal: AbortSignal },
  unit: Unit | undefined,
  going: ReadonlySet<Key>,
): Promise<void> {
  if (unit?.place.kind !== "compute" || deps.signal.aborted) return;
  const { place, assigned } = unit;
  const add = idsToHave(assigned.filter((object) => !going.has(keyOf(object))));
  if (add.length === 0) return;
  const { target } = place;
  const { failures } = await deps.changeIdentities(target, { add, remove: [] }, deps.signal);
  for (const [id, { detail }] of failures) {
    deps.log.warn({ target, id, detail }, "an assigned identity may be missing from its compute target");
  }
}

function idsToHave(objects: readonly AzureAssignedIdentity[]): readonly string[] {
  const assigned = objects.filter(({ status }) => status.status === "Assigned");
  const ids = assigned.flatMap((object) => {
    const id = resourceIdOf(object);
    return id === null ? [] : [[id, object.spec.azureIdentityRef?.spec.resourceID ?? id] as const];
  });
  return [...new Map(ids).values()];
}
