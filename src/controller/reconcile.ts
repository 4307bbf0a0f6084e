import type { Key } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { instantFromMs } from "../timebox/instant.ts";
import type { WakeUps } from "../timebox/wake-ups.ts";
import type { Action } from "./action.ts";
import { apply, type ApplyDependencies } from "./apply.ts";
import { findDesired } from "./desired.ts";
import { mendDrift, type DriftWatch } from "./drift.ts";
import { type Gathering, type Held, withhold } from "./gathering.ts";
import { type Inventory, notNeeded, takeInventory } from "./inventory.ts";
import type { Snapshot, Unit } from "./observe.ts";
import type { Observed } from "./observed.ts";
import type { Unplanned } from "./plan-input.ts";
import { plan, type Plan } from "./plan.ts";
import type { PodAnswers } from "./pod-answers.ts";
import type { Compute } from "./ports.ts";
import { prepareChange } from "./prepare-change.ts";
import type { ProblemReporter } from "./problem-reporter.ts";
import type { WorkResult } from "./work-queue.ts";

export interface ReconcileDependencies extends ApplyDependencies {
  readonly clock: Clock;
  readonly answers: Pick<PodAnswers, "of">;
  readonly compute: Compute;
  readonly drift: Pick<DriftWatch, "take">;
  readonly gathering: Gathering;
  readonly namespaced: boolean;
  readonly observed: Pick<Observed, "now">;
  readonly wakeUps: WakeUps;
  readonly problems: ProblemReporter;
  /** Hears how long a look took that found something to do. */
  readonly onCycle?: (durationMs: number) => void;
}

/** Observe, decide, plan, apply: brings one unit to what the policy wants now, whatever happened before. */
export async function reconcile(deps: ReconcileDependencies, key: string): Promise<WorkResult> {
  const snapshot = deps.observed.now();
  const unit = snapshot.units.get(key);
  if (unit === undefined) {
    deps.wakeUps.delete(key);
    deps.gathering.forget(key);
    deps.unsent.forget(key);
    deps.problems.report(key, []);
    return { done: true };
  }
  const startedMs = deps.clock.monotonicMs();
  const planInput = decide(deps, unit, snapshot);
  const { actions, problems, inventory, held } = await planNow(deps, unit, planInput);
  deps.problems.report(key, problems);
  const result = await apply(deps, actions);
  if (deps.drift.take(key)) await mendDrift(deps, deps.observed.now().units.get(key), goingBy(actions));
  const tookMs = deps.clock.monotonicMs() - startedMs;
  if (actions.length > 0) deps.onCycle?.(tookMs);
  await prepareChange(deps, planInput, { ids: held.ids, limitMs: held.readyForMs - tookMs });
  if (inventory.ids !== null) return result;
  const retryAfterMs = Math.max(inventory.retryAfterMs, result.done ? 0 : result.retryAfterMs);
  return { done: false, retryAfterMs, endsOnChange: false };
}

/** The objects that `actions` remove. */
function goingBy(actions: readonly Action[]): ReadonlySet<Key> {
  return new Set(actions.flatMap((action) => (action.type === "delete" ? [action.subject.object] : [])));
}

/** Without what is still to be gathered; ARM is asked what is there when something is about to be made. */
async function planNow(
  deps: ReconcileDependencies,
  unit: Unit,
  input: Unplanned,
): Promise<Plan & { readonly inventory: Inventory; readonly held: Held }> {
  const draft = plan({ ...input, inventory: notNeeded.ids });
  const held = deps.gathering.hold(unit.key, draft.actions, unit.assigned);
  if (held.ids.size > 0) {
    return { ...draft, actions: withhold(draft.actions, held.ids), inventory: notNeeded, held };
  }
  const inventory = await takeInventory(deps, input, deps.signal);
  const planned = inventory === notNeeded ? draft : plan({ ...input, inventory: inventory.ids });
  return { ...planned, inventory, held };
}

function decide(deps: ReconcileDependencies, unit: Unit, snapshot: Snapshot): Unplanned {
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
