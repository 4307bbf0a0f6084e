import { bindingOf, keyOf } from "../engine/cluster-document.ts";
import type { AssignDecision, Candidate, Reason } from "../engine/decision.ts";
import type { Decider } from "../engine/engine.ts";
import { assignInput, timeFacts, validateInput } from "../engine/questions.ts";
import type { AzureIdentityBinding, Pod } from "../engine/resources.ts";
import { candidateInstants } from "../timebox/candidates.ts";
import { askAgainAt, type SpotCheck } from "../timebox/hints.ts";
import { formatInstant, instantFromSeconds, toSeconds, type Instant } from "../timebox/instant.ts";
import { findNextChange, type NextChange } from "../timebox/next-change.ts";
import { countsFromPodStart } from "./box-shape.ts";
import type { Cluster } from "./ports.ts";
import { isStandIn, livePodsFor, standInsFor } from "./stand-in.ts";

/** What the policy says of a binding, whichever pod asks. */
export interface BindingJudgement {
  /** Null when the policy gave no answer, or there is no pod to ask about. */
  readonly inForce: "Yes" | "No" | "PerPod" | null;
  /** Why it is closed, in the order of reference/time-boxes.md §2.3; why there is no answer. */
  readonly reasons: readonly Reason[];
  /** What is malformed; null when the policy gave no answer. */
  readonly problems: readonly Reason[] | null;
  readonly next: NextChange | null;
  /** When to ask again, at the latest. */
  readonly wakeAt: Instant | null;
  readonly hasUnknownBoundaries: boolean;
  /** The pod that was asked about. */
  readonly pod: Pod | null;
}

export interface JudgeDependencies {
  readonly decider: Decider;
  readonly cluster: Pick<Cluster, "get" | "list">;
  readonly namespaced: boolean;
}

const retryPolicySeconds = 60;
const fewGrants = 16;
const shortHorizonSeconds = 32 * 86_400;

/** Asks the policy about `binding` by a stand-in for its pods (docs/decisions/0011). */
export function judgeBinding(
  deps: JudgeDependencies,
  binding: AzureIdentityBinding,
  now: Instant,
): BindingJudgement {
  const { reasons: found } = deps.decider.decide("validate", validateInput(binding));
  if (found.some(({ code }) => code === "PolicyError")) return unjudged(now, found, null);
  const problems = found.filter(({ code }) => code === "InvalidTimeBox");
  const pod = findPod(deps, binding, now);
  if (pod === null) return { ...unjudged(now, found, problems), wakeAt: null };
  if (countsFromPodStart(binding.spec.timeBox)) return judgePerPod(deps, binding, pod, { now, problems });
  const general = judgeFor(deps, binding, pod, now);
  if (general === null) return unjudged(now, found, problems);
  const named = grantedPods(deps, binding, pod).flatMap((own) => judgeFor(deps, binding, own, now) ?? []);
  const wakeAt = [general, ...named].flatMap(({ wakeAt: at }) => at ?? []);
  const isPerPod = named.some(({ next }) => next.inForce !== general.next.inForce);
  return {
    inForce: isPerPod ? "PerPod" : general.next.inForce ? "Yes" : "No",
    reasons: general.reasons,
    problems,
    next: isPerPod ? null : general.next,
    wakeAt: wakeAt.length === 0 ? null : instantFromSeconds(Math.min(...wakeAt.map(toSeconds))),
    hasUnknownBoundaries: general.hasUnknownBoundaries,
    pod,
  };
}

/** Whether the answer is the policy's about a pod that does not exist, and so depends on none that does. */
export function isSettled({ problems, pod }: BindingJudgement): boolean {
  return problems !== null && pod !== null && isStandIn(pod);
}

function unjudged(
  now: Instant,
  reasons: readonly Reason[],
  problems: readonly Reason[] | null,
): BindingJudgement {
  const wakeAt = instantFromSeconds(toSeconds(now) + retryPolicySeconds);
  return { inForce: null, reasons, problems, next: null, wakeAt, hasUnknownBoundaries: false, pod: null };
}

/** With a duration from the pod's start: a pod that starts now has the best chance, so where it has none nobody has. */
function judgePerPod(
  deps: JudgeDependencies,
  binding: AzureIdentityBinding,
  pod: Pod,
  { now, problems }: { readonly now: Instant; readonly problems: readonly Reason[] },
): BindingJudgement {
  const starting = { ...pod, startTime: formatInstant(now) };
  const answer = ask(deps, binding, starting, { now, probes: [] });
  if (answer === null) return unjudged(now, [], problems);
  const { candidate, decision } = answer;
  const edges = candidateInstants(timeFacts(pod, [binding], deps.cluster), now, shortHorizonSeconds);
  return {
    inForce: candidate.inForce ? "PerPod" : "No",
    reasons: inOrder(candidate.reasons),
    problems,
    next: null,
    wakeAt: edges[0] ?? askAgainAt(now, decision.hints, spotCheck(deps, binding, starting, now)),
    hasUnknownBoundaries: decision.hints !== undefined,
    pod: starting,
  };
}

interface Answer {
  readonly decision: AssignDecision;
  readonly candidate: Candidate;
}

/** What the policy says of `binding` for `pod`; null when nothing, or when it does not select it. */
function ask(
  { decider, namespaced }: JudgeDependencies,
  binding: AzureIdentityBinding,
  pod: Pod,
  { now, probes }: { readonly now: Instant; readonly probes: readonly Instant[] },
): Answer | null {
  const decision = decider.decide("assign", assignInput(pod, now, probes, namespaced));
  const candidate = decision.candidates.find((one) => one.binding === keyOf(binding));
  return candidate === undefined ? null : { decision, candidate };
}

/** What the policy answers at other instants; null when it gives no answer. */
export function askProbes(
  deps: JudgeDependencies,
  binding: AzureIdentityBinding,
  pod: Pod,
  at: { readonly now: Instant; readonly probes: readonly Instant[] },
): readonly boolean[] | null {
  return ask(deps, binding, pod, at)?.candidate.probes ?? null;
}

/** The first that the policy selects and does not refuse for what the pod is; else the first that it selects. */
function findPod(deps: JudgeDependencies, binding: AzureIdentityBinding, now: Instant): Pod | null {
  const identity = deps.cluster.get("AzureIdentity", `${binding.namespace}/${binding.spec.azureIdentity}`);
  let selected: Pod | null = null;
  const takes = (pod: Pod): boolean => {
    const answer = ask(deps, binding, pod, { now, probes: [] });
    if (answer !== null) selected ??= pod;
    return answer?.candidate.reasons.every(({ code }) => !aboutPod.has(code)) ?? false;
  };
  const made = standInsFor(binding, identity).find(takes) ?? selected;
  return made ?? livePodsFor(binding, deps.cluster.list("Pod")).find(takes) ?? selected;
}

const aboutPod: ReadonlySet<string> = new Set(["IdentityNotUsable", "NamespaceMismatch", "PodTerminated"]);

interface PodJudgement {
  readonly next: NextChange;
  readonly reasons: readonly Reason[];
  readonly wakeAt: Instant | null;
  readonly hasUnknownBoundaries: boolean;
}

function judgeFor(
  deps: JudgeDependencies,
  binding: AzureIdentityBinding,
  pod: Pod,
  now: Instant,
): PodJudgement | null {
  let hasFailed = false;
  const next = findNextChange({
    now,
    facts: timeFacts(pod, [binding], deps.cluster),
    ask: (probes) => {
      const found = ask(deps, binding, pod, { now, probes });
      hasFailed ||= found === null;
      return found?.candidate ?? { inForce: false, probes: probes.map(() => false) };
    },
  });
  const answer = ask(deps, binding, pod, { now, probes: [] });
  if (hasFailed || answer === null) return null;
  const again = askAgainAt(now, answer.decision.hints, spotCheck(deps, binding, pod, now));
  const ends = [next.nextTransition, again].flatMap((at) => at ?? []).map(toSeconds);
  return {
    next,
    reasons: inOrder(answer.candidate.reasons),
    wakeAt: ends.length === 0 ? null : instantFromSeconds(Math.min(...ends)),
    hasUnknownBoundaries: answer.decision.hints !== undefined,
  };
}

/** Of boundaries that custom rules declare. Those that are none are counted where assignments are planned, not again here. */
function spotCheck(
  deps: JudgeDependencies,
  binding: AzureIdentityBinding,
  pod: Pod,
  now: Instant,
): SpotCheck {
  return {
    ask: (probes) => {
      const found = ask(deps, binding, pod, { now, probes });
      return found === null ? null : [found.candidate.probes];
    },
    onMismatch: () => undefined,
  };
}

/** The stand-in under the name of each pod that a grant for the binding names. */
function grantedPods(deps: JudgeDependencies, binding: AzureIdentityBinding, pod: Pod): readonly Pod[] {
  const grants = deps.cluster.list("AzureIdentityAccessGrant");
  const names = grants
    .filter((grant) => bindingOf(grant) === keyOf(binding))
    .flatMap(({ spec }) => spec.podName ?? []);
  return [...new Set(names)].slice(0, fewGrants).map((name) => renamed(pod, name));
}

function renamed(pod: Pod, name: string): Pod {
  return { ...pod, name };
}

const order: readonly string[] = [
  "Suspended",
  "InvalidTimeBox",
  "BeforeNotBefore",
  "AfterNotAfter",
  "AnchorUnknown",
  "DurationNotStarted",
  "DurationElapsed",
  "Excluded",
  "OutsideSchedule",
  "GrantPendingApproval",
  "NoActiveGrant",
];

/** As the formula of reference/time-boxes.md §2.3 has them; what is no matter of time comes after. */
function inOrder(reasons: readonly Reason[]): readonly Reason[] {
  return reasons.toSorted((a, b) => rank(a) - rank(b));
}

function rank({ code }: Reason): number {
  const index = order.indexOf(code);
  return index === -1 ? order.length : index;
}
