import type { Decider } from "../engine/engine.ts";
import { assignInput } from "../engine/questions.ts";
import type { Pod } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { instantFromMs } from "../timebox/instant.ts";
import type { Assignments } from "./assignments.ts";
import type { Resources } from "./ports.ts";

type Assigned = ReturnType<Assignments["of"]>;

/** Rules of users may select by the time, and everything else follows from the store and the policy. */
const keepMs = 1_000;

/**
 * In managed mode somebody else puts identities on VMs and nobody records it: what the policy selects for a pod counts
 * as assigned to it (reference/aad-pod-identity.md §0). It is kept for a moment, since whatever stands here the policy
 * selects anew for each token: too much in this list opens nothing.
 */
export function createManagedAssignments(deps: {
  readonly clock: Clock;
  readonly resources: Pick<Resources, "subscribe">;
  readonly decider: Decider;
  readonly namespaced: boolean;
}): Assignments {
  const { clock, resources, decider, namespaced } = deps;
  let kept = new WeakMap<Pod, { readonly assigned: Assigned; readonly sinceMs: number }>();
  const forget = (): void => {
    kept = new WeakMap();
  };
  const unsubscribe = resources.subscribe(forget);
  const unsubscribePolicy = decider.onPolicyChange?.(forget);
  return {
    of: (pod) => {
      const nowMs = clock.monotonicMs();
      const last = kept.get(pod);
      if (last !== undefined && nowMs - last.sinceMs < keepMs) return last.assigned;
      const { candidates } = decider.decide(
        "assign",
        assignInput(pod, instantFromMs(clock.nowMs()), [], namespaced),
      );
      const assigned = candidates.map(({ identity }) => ({ identity, state: "Assigned" }));
      kept.set(pod, { assigned, sinceMs: nowMs });
      return assigned;
    },
    close: () => {
      unsubscribe();
      unsubscribePolicy?.();
    },
  };
}
