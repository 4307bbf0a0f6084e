import type { Clock } from "../runtime/clock.ts";
import { instantFromMs } from "../timebox/instant.ts";
import type { WakeUps } from "../timebox/wake-ups.ts";
import { apply, type ApplyDependencies } from "./apply.ts";
import { findDesired } from "./desired.ts";
import type { Snapshot, Unit } from "./observe.ts";
import type { Observed } from "./observed.ts";
import { needsInventory, plan, type PlanInput } from "./plan.ts";
import type { PodAnswers } from "./pod-answers.ts";
import type { ProblemReporter } from "./problem-reporter.ts";
import type { WorkResult } from "./work-queue.ts";

export interface ReconcileDependencies extends ApplyDependencies {
  readonly clock: Clock;
  readonly answers: Pick<PodAnswers, "of">;
  readonly namespaced: boolean;
  readonly observed: Pick<Observed, "now">;
  readonly wakeUps: WakeUps;
  readonly problems: ProblemReporter;
}

interface Inventory {
  /** Lower-cased ids; null when ARM gave no answer. */
  readonly ids: ReadonlySet<string> | null;
  readonly retryAfterMs: number;
}

/** Observe, decide, plan, apply: brings one unit to what the policy wants now, whatever happened before. */
export async function reconcile(deps: ReconcileDependencies, key: string): Promise<WorkResult> {
  const snapshot = deps.observed.now();
  const unit = snapshot.units.get(key);
  if (unit === undefined) {
    deps.wakeUps.delete(key);
    deps.problems.report(key, []);
    return { done: true };
  }
  const planInput = decide(deps, unit, snapshot);
  const inventory = await takeInventory(deps, planInput);
  const { actions, problems } = plan({ ...planInput, inventory: inventory.ids });
  deps.problems.report(key, problems);
  const result = await apply(deps, actions);
  if (inventory.ids !== null) return result;
  const retryAfterMs = Math.max(inventory.retryAfterMs, result.done ? 0 : result.retryAfterMs);
  return { done: false, retryAfterMs, endsOnChange: false };
}

function decide(deps: ReconcileDependencies, unit: Unit, snapshot: Snapshot): Omit<PlanInput, "inventory"> {
  const desired = findDesired(deps.answers, unit, instantFromMs(deps.clock.nowMs()));
  for (const pod of desired.undecidedPods) {
    deps.log.warn({ pod }, "the policy gave no usable answer; the pod keeps what it has");
  }
  if (desired.wakeAt === null) deps.wakeUps.delete(unit.key);
  else deps.wakeUps.set(unit.key, desired.wakeAt);
  return {
    place: unit.place,
    desired,
    current: unit.assigned,
    everywhere: snapshot.assigned,
    namespaced: deps.namespaced,
  };
}

async function takeInventory(
  { compute, log, signal }: ReconcileDependencies,
  input: Omit<PlanInput, "inventory">,
): Promise<Inventory> {
  if (input.place.kind !== "compute" || !needsInventory(input)) return { ids: new Set(), retryAfterMs: 0 };
  const { target } = input.place;
  const result = await compute.getIdentities(target, signal);
  if (result.ok) return { ids: new Set(result.identities.map((id) => id.toLowerCase())), retryAfterMs: 0 };
  const { kind, detail, retryAfterSeconds } = result.failure;
  log.warn({ target, kind, detail }, "the identities of a compute target could not be read");
  return { ids: null, retryAfterMs: (retryAfterSeconds ?? 0) * 1000 };
}
