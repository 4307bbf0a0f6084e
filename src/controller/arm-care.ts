import type { Key } from "../engine/resources.ts";
import type { Cancel, Clock } from "../runtime/clock.ts";
import { createIdentityChanger, type ChangeIdentities } from "./change-identities.ts";
import { createDriftWatch, type DriftWatch } from "./drift.ts";
import { createGathering, type Gathering, type GatherTerms } from "./gathering.ts";
import type { Cluster, Compute } from "./ports.ts";
import { createQuarantine } from "./quarantine.ts";
import type { StatusWriter } from "./status-writer.ts";
import type { UnsentIdentities } from "./unsent-identities.ts";
import type { WorkQueue } from "./work-queue.ts";

/** How the controller treats ARM, beside how it is called. */
export interface ArmTerms {
  /** How changes of one target are gathered; each goes at once without it. */
  readonly gather?: GatherTerms;
  /** How often targets are compared with what the objects say; 3 min unless given, never when 0. */
  readonly driftIntervalMs?: number;
}

/** What spares ARM, and one identity the faults of another. */
export interface ArmCare {
  readonly changeIdentities: ChangeIdentities;
  readonly gathering: Gathering;
  readonly drift: Pick<DriftWatch, "take">;
  /** What ARM says when it refuses the identity with this lower-cased resource id; null when it does not. */
  readonly refusal: (resourceID: string) => string | null;
  /** Follows the cluster and the clock until it is told to stop. */
  start(): Cancel;
}

/** As in the reference (aad-pod-identity.md §6.1). */
const defaultDriftIntervalMs = 180_000;

interface ArmCareOptions extends ArmTerms {
  readonly clock: Clock;
  readonly cluster: Pick<Cluster, "get" | "subscribe">;
  readonly compute: Compute;
  readonly unsent: UnsentIdentities;
  readonly unitKeys: () => Iterable<string>;
  /** Where units are looked at; asked for only after this call. */
  readonly queue: () => Pick<WorkQueue, "add" | "addAfter">;
  /** Where refusals are shown; asked for only after this call. */
  readonly statuses: () => Pick<StatusWriter, "noteIdentity">;
}

/** Makes it; it does nothing by itself before `start`. Keys are those of units of work: of a target, its lower-cased id. */
export function createArmCare(options: ArmCareOptions): ArmCare {
  const { clock, cluster, compute, unsent, gather = null, driftIntervalMs, unitKeys: keys, queue } = options;
  const quarantine = createQuarantine({
    clock,
    onFree: (target) => queue().add(target),
    onChange: (resourceID) => options.statuses().noteIdentity(resourceID),
  });
  const drift = createDriftWatch({
    clock,
    keys,
    intervalMs: driftIntervalMs ?? defaultDriftIntervalMs,
    onDue: (key) => queue().add(key, "resync"),
  });
  const later = (key: string, delayMs: number): void => queue().addAfter(key, delayMs);
  const noteChange = ({ kind, key }: { readonly kind: string; readonly key: Key }): void => {
    const identity = kind === "AzureIdentity" ? cluster.get("AzureIdentity", key) : undefined;
    // Whoever edits it may have mended what ARM refused.
    if (identity !== undefined) quarantine.forget(identity.spec.resourceID.toLowerCase());
  };
  return {
    changeIdentities: createIdentityChanger(compute, quarantine, unsent),
    gathering: createGathering({ clock, terms: gather, later }),
    drift,
    refusal: (resourceID) => quarantine.refusal(resourceID),
    start: () => {
      const stops = [cluster.subscribe(noteChange), drift.start()];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
