import { keyOf } from "../engine/cluster-document.ts";
import type { AssignDecision, Candidate } from "../engine/decision.ts";
import type { Decider } from "../engine/engine.ts";
import { assignInput, timeFacts, type AccessSource } from "../engine/questions.ts";
import type { AzureAssignedIdentity, AzureIdentityBinding, Key, Pod } from "../engine/resources.ts";
import { askAgainAt, type SpotCheck } from "../timebox/hints.ts";
import { formatInstant, instantFromSeconds, toSeconds, type Instant } from "../timebox/instant.ts";
import { findNextChange, type NextChange, type ProbeAnswer } from "../timebox/next-change.ts";
import { hasSameUse, isMadeFor, pairOf, pairWanted } from "./assigned-identity.ts";
import { readAssignmentTerms } from "./assignment-terms.ts";
import type { Unit } from "./observe.ts";
import type { Cluster } from "./ports.ts";
import type { Desired, Wanted } from "./wanted.ts";

export interface DesireDependencies {
  readonly decider: Decider;
  readonly cluster: Pick<Cluster, "get" | "list">;
  readonly namespaced: boolean;
  /** Told of each boundary that custom rules declare and that is none. */
  readonly onHintMismatch?: () => void;
}

/** How soon to ask a policy again that gave no usable answer (reference/time-boxes.md §3.2). */
const retryPolicySeconds = 60;

interface Wish {
  readonly wanted: Wanted | null;
  readonly wakeAt: Instant | null;
}

/** Asks the policy what the pods of `unit` shall have at `now`. Never throws. */
export function findDesired(deps: DesireDependencies, unit: Unit, now: Instant): Desired {
  const answers = unit.pods.map((pod) => ({ pod, wishes: askForPod(deps, pod, unit.assigned, now) }));
  const undecided = answers.filter(({ wishes }) => wishes === null).map(({ pod }) => keyOf(pod));
  const wishes = answers.flatMap((answer) => answer.wishes ?? []);
  const retryAt = undecided.length === 0 ? null : instantFromSeconds(toSeconds(now) + retryPolicySeconds);
  return {
    wanted: wishes.flatMap(({ wanted }) => wanted ?? []),
    undecidedPods: new Set(undecided),
    wakeAt: [...wishes.map(({ wakeAt }) => wakeAt), retryAt].reduce(earlier, null),
  };
}

/** Null when the policy gave no usable answer. */
function askForPod(
  deps: DesireDependencies,
  pod: Pod,
  assigned: readonly AzureAssignedIdentity[],
  now: Instant,
): readonly Wish[] | null {
  const decide = (probes: readonly Instant[]): AssignDecision =>
    deps.decider.decide("assign", assignInput(pod, now, probes, deps.namespaced));
  const ask = (probes: readonly Instant[]): readonly Candidate[] | null => candidatesOf(decide(probes));
  const decision = decide([]);
  const candidates = candidatesOf(decision);
  if (candidates === null) return null;
  // Custom rules may change their mind at instants that no time box names.
  const wishes: Wish[] = [{ wanted: null, wakeAt: askAgainAt(now, decision.hints, spotCheckOf(ask, deps)) }];
  for (const [identityKey, ofIdentity] of Map.groupBy(candidates, ({ identity }) => identity)) {
    const identity = deps.cluster.get("AzureIdentity", identityKey);
    const bindings = ofIdentity.flatMap(
      ({ binding }) => deps.cluster.get("AzureIdentityBinding", binding) ?? [],
    );
    const [binding] = bindings;
    // The policy says IdentityMissing itself; here both may also have gone since it was told.
    if (identity === undefined || binding === undefined) continue;
    const change = findChange(identityKey, { pod, bindings, now, access: deps.cluster, ask });
    if (change === null) return null;
    const validUntil = change.validUntil === null ? null : formatInstant(change.validUntil);
    const wanted: Wanted = { pod, identity, binding, inForce: change.inForce, validUntil };
    const isAssigned = assigned.some(
      (object) => object.status.status === "Assigned" && isFor(object, wanted),
    );
    wishes.push(wish(wanted, { change, bindings, isAssigned, now }));
  }
  return wishes;
}

/** Hints are about all candidates of the pod: at a true boundary one of them opens or closes. */
function spotCheckOf(
  ask: (probes: readonly Instant[]) => readonly Candidate[] | null,
  { onHintMismatch = () => undefined }: DesireDependencies,
): SpotCheck {
  return {
    ask: (probes) => ask(probes)?.map((candidate) => candidate.probes) ?? null,
    onMismatch: onHintMismatch,
  };
}

function candidatesOf({ candidates, reasons }: AssignDecision): readonly Candidate[] | null {
  return reasons.some(({ code }) => code === "PolicyError") ? null : candidates;
}

/** When the union of all bindings that give the pod this identity changes; null when the policy fails. */
function findChange(
  identity: Key,
  question: {
    readonly pod: Pod;
    readonly bindings: readonly AzureIdentityBinding[];
    readonly now: Instant;
    readonly access: AccessSource;
    readonly ask: (probes: readonly Instant[]) => readonly Candidate[] | null;
  },
): NextChange | null {
  const { pod, bindings, now, access, ask } = question;
  let hasFailed = false;
  const askUnion = (probes: readonly Instant[]): ProbeAnswer => {
    const candidates = ask(probes)?.filter((candidate) => candidate.identity === identity);
    hasFailed ||= candidates === undefined;
    return {
      inForce: candidates?.some(({ inForce }) => inForce) ?? false,
      probes: probes.map(
        (_, index) => candidates?.some((candidate) => candidate.probes[index] === true) ?? false,
      ),
    };
  };
  const change = findNextChange({ now, facts: timeFacts(pod, bindings, access), ask: askUnion });
  return hasFailed ? null : change;
}

/**
 * Whether the identity shall be on the VM: while the box is open, from `leadTime` before it opens, and
 * still when it opens again within `keepIfReopensWithin` (reference/time-boxes.md §3.6).
 */
function wish(
  wanted: Wanted,
  facts: {
    readonly change: NextChange;
    readonly bindings: readonly AzureIdentityBinding[];
    readonly isAssigned: boolean;
    readonly now: Instant;
  },
): Wish {
  const { change, bindings, isAssigned, now } = facts;
  const next = change.nextTransition;
  if (change.inForce) return { wanted, wakeAt: next };
  if (next === null) return { wanted: null, wakeAt: null };
  const terms = bindings.map(({ spec }) => readAssignmentTerms(spec.timeBox));
  const leadSeconds = Math.max(...terms.map(({ leadTimeSeconds }) => leadTimeSeconds));
  const keepSeconds = Math.max(...terms.map(({ keepIfReopensWithinSeconds }) => keepIfReopensWithinSeconds));
  const opensInSeconds = toSeconds(next) - toSeconds(now);
  return opensInSeconds <= leadSeconds || (isAssigned && opensInSeconds <= keepSeconds)
    ? { wanted, wakeAt: next }
    : { wanted: null, wakeAt: instantFromSeconds(toSeconds(next) - leadSeconds) };
}

function isFor(object: AzureAssignedIdentity, wanted: Wanted): boolean {
  return pairOf(object) === pairWanted(wanted) && isMadeFor(object, wanted.pod) && hasSameUse(object, wanted);
}

function earlier(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
