import type { Decider } from "../engine/engine.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Resources } from "./ports.ts";
import type { Refusal } from "./response.ts";

/** A change of the store. */
export type Change = Parameters<Parameters<Resources["subscribe"]>[0]>[0];

/** What an attempt to serve a request came to. */
export type Step<T> =
  | { readonly kind: "done"; readonly value: T }
  /** The ground moved during the attempt: try again at once. */
  | { readonly kind: "again" }
  /** Not yet; `refusal` is the answer when monotonic `untilMs` has passed. */
  | {
      readonly kind: "hold";
      readonly untilMs: number;
      readonly refusal: Refusal;
      /** Try again after this long even if nothing changed here: the obstacle is upstream. */
      readonly retryMs?: number;
      /** Which changes of the store are worth another attempt; by default each. */
      readonly isNews?: (change: Change) => boolean;
    };

type Held<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** Lets requests wait until the world may have changed in their favour. */
export interface Holds {
  /**
   * Repeats `attempt` until it is done or its patience ends: after each change in the store that may matter to it
   * and of the policy, never by polling. `gone` aborts when the client has left, which ends the wait.
   */
  until<T>(attempt: () => Step<T> | Promise<Step<T>>, gone: AbortSignal): Promise<Held<T>>;
}

interface HoldDeps {
  readonly clock: Clock;
  readonly resources: Resources;
  readonly decider: Pick<Decider, "onPolicyChange">;
  /** Ends all waits, so that a stopping daemon can still answer them. */
  readonly draining: AbortSignal;
  /** Hears how many requests wait, for metrics. */
  readonly onHeld: (count: number) => void;
}

/** Nobody is left to answer. */
export const clientGone: Refusal = { kind: "clientGone", description: "the client has left", reasons: [] };
/** The next agent is about to answer. */
export const restarting: Refusal = { kind: "draining", description: "the agent is restarting", reasons: [] };

/** The ground moves now and then; a policy that answers differently each time would hold up everybody else. */
const mostRepeats = 8;
const unsettled: Refusal = {
  kind: "internalError",
  description: "the decision differs each time it is asked for",
  reasons: ["PolicyError"],
};

/** Makes the waiting room of one daemon. Nothing is left behind by a wait that has ended. */
export function createHolds(deps: HoldDeps): Holds {
  let held = 0;
  const count = (change: 1 | -1): void => deps.onHeld((held += change));

  const until = async <T>(attempt: () => Step<T> | Promise<Step<T>>, gone: AbortSignal): Promise<Held<T>> => {
    let repeats = 0;
    // Each attempt follows from how the wait before it ended, so these awaits cannot run side by side.
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      const step = await attempt();
      if (gone.aborted) return { ok: false, refusal: clientGone };
      if (step.kind === "done") return { ok: true, value: step.value };
      if (step.kind === "again") {
        if (repeats === mostRepeats) return { ok: false, refusal: unsettled };
        repeats += 1;
        continue;
      }
      repeats = 0;
      const leftMs = step.untilMs - deps.clock.monotonicMs();
      if (leftMs <= 0) return { ok: false, refusal: step.refusal };
      if (deps.draining.aborted) return { ok: false, refusal: restarting };
      count(1);
      // oxlint-disable-next-line no-await-in-loop
      await nextChange(deps, { ...step, waitMs: Math.min(leftMs, step.retryMs ?? leftMs) }, gone);
      count(-1);
    }
  };
  return { until };
}

/** Resolves at the next news from store or policy, after `waitMs`, or when the client leaves or the daemon stops. */
function nextChange(
  deps: HoldDeps,
  { waitMs, isNews }: { readonly waitMs: number; readonly isNews?: (change: Change) => boolean },
  gone: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    unsubscribe();
    unsubscribePolicy?.();
    cancel();
    gone.removeEventListener("abort", end);
    deps.draining.removeEventListener("abort", end);
    resolve();
  };
  const unsubscribe = deps.resources.subscribe((change) => {
    if (isNews === undefined || isNews(change)) end();
  });
  const unsubscribePolicy = deps.decider.onPolicyChange?.(end);
  const cancel = deps.clock.after(waitMs, end);
  gone.addEventListener("abort", end, { once: true });
  deps.draining.addEventListener("abort", end, { once: true });
  return promise;
}
