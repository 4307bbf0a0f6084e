import type { Key } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { instantFromMs } from "../timebox/instant.ts";
import type { WakeUps } from "../timebox/wake-ups.ts";
import type { Action } from "./action.ts";
import { apply, type ApplyDependencies } from "./apply.ts";
import { findDesired } from "./desired.ts";
import { mendDrift, type DriftWatch } from "./drift.ts";
import { withhold, type Gathering } from "./gathering.ts";
import type { Snapshot, Unit } from "./observe.ts";
import type { Observed } from "./observed.ts";
import type { PlanInput } from "./plan-input.ts";
import { needsInventory, plan, type Plan } from "./plan.ts";
import type { PodAnswers } from "./pod-answers.ts";
import type { Compute } from "./ports.ts";
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
    deps.gathering.forget(key);
    deps.problems.report(key, []);
    return { done: true };
  }
  const startedMs = deps.clock.monotonicMs();
  const planInput = decide(deps, unit, snapshot);
  const { actions, problems, inventory } = await planNow(deps, unit, planInput);
  deps.problems.report(key, problems);
  const result = await apply(deps, actions);
  if (deps.drift.take(key)) await mendDrift(deps, deps.observed.now().units.get(key), goingBy(actions));
  if (actions.length > 0) deps.onCycle?.(deps.clock.monotonicMs() - startedMs);
  if (inventory.ids !== null) return result;
  const retryAfterMs = Math.max(inventory.retryAfterMs, result.done ? 0 : result.retryAfterMs);
  return { done: false, retryAfterMs, endsOnChange: false };
}

/** The objects that `actions` remove. */
function goingBy(actions: readonly Action[]): ReadonlySet<Key> {
  return new Set(actions.flatMap((action) => (action.type === "delete" ? [action.subject.object] : [])));
}

type Input = Omit<PlanInput, "inventory">;

const notNeeded: Inventory = { ids: new Set(), retryAfterMs: 0 };

/** Without what is still to be gathered; ARM is asked what is there when something is about to be made. */
async function planNow(
  deps: ReconcileDependencies,
  unit: Unit,
  input: Input,
): Promise<Plan & { readonly inventory: Inventory }> {
  const draft = plan({ ...input, inventory: notNeeded.ids });
  const held = deps.gathering.hold(unit.key, draft.actions, unit.assigned);
  if (held.ids.size > 0) {
    const ahead = held.isTimeToPrepare ? await planAhead(deps, input, held.ids) : [];
    return { ...draft, actions: [...withhold(draft.actions, held.ids), ...ahead], inventory: notNeeded };
  }
  const inventory = await takeInventory(deps, input);
  return { ...(inventory === notNeeded ? draft : plan({ ...input, inventory: inventory.ids })), inventory };
}

/**
 * The objects that must stand before ARM adds `ids`, so that the change itself can go at once when its time has come. They
 * are `unsent` until then: whether ARM still says what it said now is found out by the change (docs/decisions/0021).
 */
async function planAhead(
  deps: ReconcileDependencies,
  input: Input,
  ids: ReadonlySet<string>,
): Promise<readonly Action[]> {
  if (!needsInventory(input)) return [];
  const { actions } = plan({ ...input, inventory: (await takeInventory(deps, input)).ids });
  return actions.flatMap((action): readonly Action[] => {
    if (action.type !== "create" || action.unsent === null || !ids.has(action.unsent)) return [];
    return [{ ...action, type: "createAhead", unsent: action.unsent }];
  });
}

function decide(deps: ReconcileDependencies, unit: Unit, snapshot: Snapshot): Input {
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
  input: Input,
): Promise<Inventory> {
  if (input.place.kind !== "compute" || !needsInventory(input)) return notNeeded;
  const { target } = input.place;
  const result = await compute.getIdentities(target, signal);
  if (result.ok) return { ids: new Set(result.identities.map((id) => id.toLowerCase())), retryAfterMs: 0 };
  const { kind, detail, retryAfterSeconds } = result.failure;
  log.warn({ target, kind, detail }, "the identities of a compute target could not be read");
  return { ids: null, retryAfterMs: (retryAfterSeconds ?? 0) * 1000 };
}
