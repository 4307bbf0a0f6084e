import { recordedTarget } from "../engine/assigned-objects.ts";
import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, Key } from "../engine/resources.ts";
import { delay, type Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { apply } from "./apply.ts";
import { createIdentityChanger } from "./change-identities.ts";
import type { Place, Snapshot } from "./observe.ts";
import { createObserved } from "./observed.ts";
import type { Action } from "./action.ts";
import { plan } from "./plan.ts";
import type { Cluster, Compute } from "./ports.ts";
import { createQuarantine } from "./quarantine.ts";
import { createUnsentIdentities } from "./unsent-identities.ts";
import type { Desired } from "./wanted.ts";
import { createWorkQueue, type WorkResult } from "./work-queue.ts";

export interface DrainDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly cluster: Cluster;
  readonly compute: Compute;
  readonly namespaced: boolean;
  /** 0..1; spreads retries. */
  readonly random: () => number;
}

/** An AzureAssignedIdentity that could not be removed. */
export interface Leftover {
  readonly key: Key;
  readonly why: string;
}

const nothing: Desired = { wanted: [], undecidedPods: new Set(), wakeAt: null };

/**
 * Takes away all that was assigned: the identities that podid, or aad-pod-identity before it, put on VMs and scale
 * sets, and every AzureAssignedIdentity with its finalizer; what was on a VM before stays there. No policy is asked.
 * What fails is tried again until `signal` aborts. Answers what is left then; asking again goes on from there.
 */
export async function drain(deps: DrainDependencies, signal: AbortSignal): Promise<readonly Leftover[]> {
  const failures = createFailures();
  const cluster = failures.ofWrites(deps.cluster);
  const compute = failures.ofCompute(deps.compute);
  const { clock } = deps;
  const quarantine = createQuarantine({ clock, onFree: (key) => queue.add(key), onChange: () => undefined });
  const unsent = createUnsentIdentities();
  const changeIdentities = createIdentityChanger(compute, quarantine, unsent);
  const parts = { ...deps, cluster, changeIdentities, unsent };
  const unfinished = new Set<string>();
  const work = async (key: string, working: AbortSignal): Promise<WorkResult> => {
    unfinished.add(key);
    const snapshot = observed.now();
    const result = await apply({ ...parts, signal: working }, actionsFor(deps, snapshot, key));
    if (result.done) unfinished.delete(key);
    return result;
  };
  const queue = createWorkQueue({ ...deps, work });
  const observed = createObserved(cluster, (key) => queue.add(key));
  const unsubscribe = cluster.subscribe((change) => observed.noteChange(change));
  for (const { key, assigned } of observed.now().units.values()) if (assigned.length > 0) queue.add(key);
  // What somebody else's finalizer holds is done with, and still there.
  await untilDone(() => queue.settled().then(() => unfinished.size === 0), deps, signal);
  unsubscribe();
  await queue.close();
  return [...observed.now().units.values()].flatMap(({ assigned, place }) =>
    assigned.map((object) => ({ key: keyOf(object), why: failures.why(object, place) })),
  );
}

/** Nothing is wanted: then nothing is added either, and what ARM had before need not be asked for. */
function actionsFor(
  { namespaced }: DrainDependencies,
  { units, assigned: everywhere }: Snapshot,
  key: string,
): readonly Action[] {
  const unit = units.get(key);
  if (unit === undefined) return [];
  const { place, assigned: current } = unit;
  return plan({ place, desired: nothing, current, everywhere, namespaced, inventory: new Set() }).actions;
}

const lookMs = 1000;

/** Asks `isDone`, and again after a while, until it answers true or `signal` aborts. */
async function untilDone(
  isDone: () => Promise<boolean>,
  { clock }: Pick<DrainDependencies, "clock">,
  signal: AbortSignal,
): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<true>();
  signal.addEventListener("abort", () => resolve(true), { once: true });
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- asked again after the answer
    if (await Promise.race([isDone(), aborted])) return;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await delay(clock, lookMs, signal).catch(toError);
  }
}

interface Failures {
  ofWrites(cluster: Cluster): Cluster;
  ofCompute(compute: Compute): Compute;
  why(object: AzureAssignedIdentity, place: Place): string;
}

/** Remembers what went wrong last, object by object and target by target. */
function createFailures(): Failures {
  const last = new Map<string, string>();
  const noting = async (key: Key, write: () => Promise<void>): Promise<void> => {
    try {
      await write();
      last.delete(key);
    } catch (thrown) {
      last.set(key, toError(thrown).message);
      throw thrown;
    }
  };
  return {
    ofWrites: (cluster) => ({
      ...cluster,
      patchAssignedIdentityStatus: (key, patch) =>
        noting(key, () => cluster.patchAssignedIdentityStatus(key, patch)),
      deleteAssignedIdentity: (key) => noting(key, () => cluster.deleteAssignedIdentity(key)),
    }),
    ofCompute: (compute) => ({
      ...compute,
      changeIdentities: async (target, change, signal) => {
        const result = await compute.changeIdentities(target, change, signal);
        if (result.ok) last.delete(target.toLowerCase());
        else last.set(target.toLowerCase(), `${target}: ${result.failure.kind}: ${result.failure.detail}`);
        return result;
      },
    }),
    why: (object, place) => {
      const target = place.kind === "compute" ? place.target.toLowerCase() : "";
      const held = object.finalizers.filter((one) => !one.endsWith("aadpodidentity.k8s.io"));
      const holder = held.length === 0 ? undefined : `it is held by the finalizer ${held.join(", ")}`;
      const lost =
        place.kind === "noTarget"
          ? `spec.providerID of Node ${place.node} names no Azure VM or scale set: take it off ${recordedTarget(object)} yourself, or mend or delete the Node`
          : undefined;
      return last.get(keyOf(object)) ?? holder ?? last.get(target) ?? lost ?? "there was no time left";
    },
  };
}
