import { isMadeFor } from "../engine/assigned-objects.ts";
import { keyOf } from "../engine/cluster-document.ts";
import type { Pod } from "../engine/resources.ts";
import { formatInstant, instantFromSeconds, toSeconds, type Instant } from "../timebox/instant.ts";
import { hasSameUse, pairOf, pairWanted } from "./assigned-identity.ts";
import { readAssignmentTerms } from "./assignment-terms.ts";
import type { Unit } from "./observe.ts";
import { earlier, type Opening, type PodAnswers } from "./pod-answers.ts";
import type { Desired, Wanted } from "./wanted.ts";

/** How soon to ask a policy again that gave no usable answer (reference/time-boxes.md §3.2). */
const retryPolicySeconds = 60;

interface Wish {
  readonly wanted: Wanted | null;
  readonly wakeAt: Instant | null;
}

/** What the pods of `unit` shall have at `now`, by the policy's answers. Never throws. */
export function findDesired(answers: Pick<PodAnswers, "of">, unit: Unit, now: Instant): Desired {
  const isAssigned = assignedIn(unit);
  const undecided: Pod[] = [];
  const wishes: Wish[] = [];
  for (const pod of unit.pods) {
    const answer = answers.of(pod, now);
    if (answer === null) {
      undecided.push(pod);
      continue;
    }
    wishes.push({ wanted: null, wakeAt: answer.askAgainAt });
    for (const opening of answer.openings) wishes.push(wish(pod, opening, isAssigned, now));
  }
  const retryAt = undecided.length === 0 ? null : instantFromSeconds(toSeconds(now) + retryPolicySeconds);
  return {
    wanted: wishes.flatMap(({ wanted }) => wanted ?? []),
    undecidedPods: new Set(undecided.map(keyOf)),
    wakeAt: wishes.reduce((at: Instant | null, { wakeAt }) => earlier(at, wakeAt), retryAt),
  };
}

/** Whether an object says that a wish is fulfilled. */
function assignedIn({ assigned }: Unit): (wanted: Wanted) => boolean {
  const byPair = Map.groupBy(
    assigned.filter(({ status }) => status.status === "Assigned"),
    pairOf,
  );
  return (wanted) =>
    byPair
      .get(pairWanted(wanted))
      ?.some((object) => isMadeFor(object, wanted.pod) && hasSameUse(object, wanted)) === true;
}

/**
 * Whether the identity shall be on the VM: while the box is open, from `leadTime` before it opens, and
 * still when it opens again within `keepIfReopensWithin` (reference/time-boxes.md §3.6).
 */
function wish(
  pod: Pod,
  { identity, bindings, change }: Opening,
  isAssigned: (wanted: Wanted) => boolean,
  now: Instant,
): Wish {
  const validUntil = change.validUntil === null ? null : formatInstant(change.validUntil);
  const wanted: Wanted = { pod, identity, binding: bindings[0], inForce: change.inForce, validUntil };
  const next = change.nextTransition;
  if (change.inForce) return { wanted, wakeAt: next };
  if (next === null) return { wanted: null, wakeAt: null };
  const terms = bindings.map(({ spec }) => readAssignmentTerms(spec.timeBox));
  const leadSeconds = Math.max(...terms.map(({ leadTimeSeconds }) => leadTimeSeconds));
  const keepSeconds = Math.max(...terms.map(({ keepIfReopensWithinSeconds }) => keepIfReopensWithinSeconds));
  const opensInSeconds = toSeconds(next) - toSeconds(now);
  return opensInSeconds <= leadSeconds || (opensInSeconds <= keepSeconds && isAssigned(wanted))
    ? { wanted, wakeAt: next }
    : { wanted: null, wakeAt: instantFromSeconds(toSeconds(next) - leadSeconds) };
}
