import type { TimeFacts } from "../timebox/candidates.ts";
import { parseInstant, type Instant } from "../timebox/instant.ts";
import { findNextChange, type NextChange } from "../timebox/next-change.ts";
import type { Decider } from "./engine.ts";
import type { AssignInput } from "./input.ts";
import type { AzureIdentityBinding, Pod } from "./resources.ts";
import { keyOf } from "./cluster-document.ts";

/** The pod as the policy sees it: facts that the server sets, and none that change by themselves. */
export function podInput(pod: Pod): AssignInput["pod"] {
  const { namespace, name, uid, labels, annotations, serviceAccount, node, phase, startTime } = pod;
  const known = { namespace, name, uid, labels, annotations, serviceAccount, node, phase };
  return startTime === null ? known : { ...known, startTime };
}

/** The question "which identities may this pod have" at `now` and at each of `probes`. */
export function assignInput(
  pod: Pod,
  now: Instant,
  probes: readonly Instant[],
  namespaced: boolean,
): AssignInput {
  return { now, probes: [...probes], pod: podInput(pod), mode: { namespaced } };
}

/** What moves the answer for `pod` through `bindings`, for the search of instants to ask about. */
export function timeFacts(pod: Pod, bindings: readonly AzureIdentityBinding[]): TimeFacts {
  const boxes = bindings.map((binding) => ({
    timeBox: binding.spec.timeBox,
    bindingCreated: parseInstant(binding.creationTimestamp ?? "") ?? null,
  }));
  return { boxes, podStart: parseInstant(pod.startTime ?? "") ?? null, moments: [] };
}

/**
 * Whether the union of `bindings` is in force for `pod` at `now`, and when that changes: for one
 * binding its own opening, for all bindings of an identity the identity's (reference/time-boxes.md §3.3).
 */
export function findOpening(
  decider: Decider,
  question: {
    readonly pod: Pod;
    readonly bindings: readonly AzureIdentityBinding[];
    readonly now: Instant;
    readonly namespaced: boolean;
  },
): NextChange {
  const { pod, bindings, now, namespaced } = question;
  const keys = new Set(bindings.map(keyOf));
  return findNextChange({
    now,
    facts: timeFacts(pod, bindings),
    ask: (probes) => {
      const { candidates } = decider.decide("assign", assignInput(pod, now, probes, namespaced));
      const own = candidates.filter(({ binding }) => keys.has(binding));
      return {
        inForce: own.some(({ inForce }) => inForce),
        probes: probes.map((_, index) => own.some((candidate) => candidate.probes[index] === true)),
      };
    },
  });
}
