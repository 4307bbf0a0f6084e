import type { Decider } from "../engine/engine.ts";
import { assignInput } from "../engine/questions.ts";
import type { Clock } from "../runtime/clock.ts";
import { instantFromMs } from "../timebox/instant.ts";
import type { Assignments } from "./assignments.ts";

/**
 * In managed mode somebody else puts identities on VMs and nobody records it: what the policy selects for a pod counts
 * as assigned to it (reference/aad-pod-identity.md §0).
 */
export function createManagedAssignments(deps: {
  readonly clock: Clock;
  readonly decider: Decider;
  readonly namespaced: boolean;
}): Assignments {
  const { clock, decider, namespaced } = deps;
  return {
    of: (pod) =>
      decider
        .decide("assign", assignInput(pod, instantFromMs(clock.nowMs()), [], namespaced))
        .candidates.map(({ identity }) => ({ identity, state: "Assigned" })),
    close: () => {},
  };
}
