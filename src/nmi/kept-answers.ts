import type { Decider } from "../engine/engine.ts";
import type { Pod } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Resources } from "./ports.ts";

/** What the policy says of each pod, for questions that are about nothing but the pod. */
export interface KeptAnswers<T> {
  of(pod: Pod): T;
  close(): void;
}

/** Rules of users may select by the time, and everything else follows from the store and the policy. */
const keepMs = 1_000;

/** Asks once for each pod as it stands, and anew after any change in the store or of the policy, and after a second. */
export function createKeptAnswers<T>(
  deps: {
    readonly clock: Clock;
    readonly resources: Pick<Resources, "subscribe">;
    readonly decider: Pick<Decider, "onPolicyChange">;
  },
  ask: (pod: Pod) => T,
): KeptAnswers<T> {
  const { clock, resources, decider } = deps;
  let kept = new WeakMap<Pod, { readonly answer: T; readonly sinceMs: number }>();
  const forget = (): void => {
    kept = new WeakMap();
  };
  const unsubscribe = resources.subscribe(forget);
  const unsubscribePolicy = decider.onPolicyChange?.(forget);
  return {
    of: (pod) => {
      const nowMs = clock.monotonicMs();
      const last = kept.get(pod);
      if (last !== undefined && nowMs - last.sinceMs < keepMs) return last.answer;
      const answer = ask(pod);
      kept.set(pod, { answer, sinceMs: nowMs });
      return answer;
    },
    close: () => {
      unsubscribe();
      unsubscribePolicy?.();
    },
  };
}
