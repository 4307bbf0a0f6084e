import type { Decider } from "../engine/engine.ts";
import { assignInput } from "../engine/questions.ts";
import type { Clock } from "../runtime/clock.ts";
import { instantFromMs } from "../timebox/instant.ts";
import type { Assignments } from "./assignments.ts";
import { createKeptAnswers } from "./kept-answers.ts";
import type { Resources } from "./ports.ts";

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
  const { clock, decider, namespaced } = deps;
  return createKeptAnswers(deps, (pod) => {
    const input = assignInput(pod, instantFromMs(clock.nowMs()), [], namespaced);
    const { candidates } = decider.decide("assign", input);
    return candidates.map(({ identity }) => ({ identity, state: "Assigned" }));
  });
}
