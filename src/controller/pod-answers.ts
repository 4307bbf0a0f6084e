import { keyOf } from "../engine/cluster-document.ts";
import type { AssignDecision, Candidate } from "../engine/decision.ts";
import type { Decider } from "../engine/engine.ts";
import { assignInput, timeFacts, type AccessSource } from "../engine/questions.ts";
import type { AzureIdentity, AzureIdentityBinding, Pod } from "../engine/resources.ts";
import type { Cancel } from "../runtime/clock.ts";
import { askAgainAt, type SpotCheck } from "../timebox/hints.ts";
import type { Instant } from "../timebox/instant.ts";
import { findNextChange, type NextChange, type ProbeAnswer } from "../timebox/next-change.ts";
import { createBindingDoubts } from "./binding-doubts.ts";
import { placedKinds } from "./observe.ts";
import type { Cluster } from "./ports.ts";

/** One identity that bindings give to a pod, and when that changes. */
export interface Opening {
  readonly identity: AzureIdentity;
  /** Heaviest first; never empty. */
  readonly bindings: readonly [AzureIdentityBinding, ...AzureIdentityBinding[]];
  readonly change: NextChange;
}

/** What the policy says of one pod. */
interface PodAnswer {
  readonly openings: readonly Opening[];
  /** When custom rules may change their mind at an instant that no time box names. */
  readonly askAgainAt: Instant | null;
}

/**
 * The policy's answers, kept as long as they cannot differ: until an object that decisions depend on changes, or the
 * policy, or the pod, or the clock comes to the next instant at which the policy said that they would. A binding that
 * changes makes only the answers for pods doubtful that it selects by its indexes, now or before; where custom rules
 * take part, which may select by anything, all answers.
 */
export interface PodAnswers {
  /** Null when the policy gave no usable answer. */
  of(pod: Pod, now: Instant): PodAnswer | null;
  /** Begins to forget what changes make doubtful. */
  follow(): Cancel;
}

export interface PodAnswersDependencies {
  readonly decider: Decider;
  readonly cluster: Pick<Cluster, "get" | "list" | "subscribe">;
  readonly namespaced: boolean;
  /** Told of each boundary that custom rules declare and that is none. */
  readonly onHintMismatch?: () => void;
}

interface Kept {
  readonly answer: PodAnswer;
  /** The count of doubts when the policy was asked. */
  readonly asOf: number;
  readonly from: Instant;
  /** Null: as long as nothing else changes. */
  readonly until: Instant | null;
}

/** No answers yet. Sources hand out a new object for every change of a pod. */
export function createPodAnswers(deps: PodAnswersDependencies): PodAnswers {
  const { cluster, decider } = deps;
  const doubts = createBindingDoubts(cluster);
  let kept = new WeakMap<Pod, Kept>();
  const forget = (): void => {
    kept = new WeakMap();
    doubts.clear();
  };
  return {
    of: (pod, now) => {
      const known = kept.get(pod);
      if (known !== undefined && holdsAt(known, now) && !doubts.concern(pod, known.asOf)) return known.answer;
      const asOf = doubts.count();
      const answer = askFor(deps, pod, now);
      if (answer !== null) kept.set(pod, { answer, asOf, from: now, until: endOf(answer) });
      return answer;
    },
    follow: () => {
      doubts.start();
      const stop = cluster.subscribe(({ kind, key }) => {
        if (placedKinds.has(kind)) return;
        const isNarrow =
          kind === "AzureIdentityBinding" && doubts.note(key) && decider.isShipped?.() === true;
        if (!isNarrow) forget();
      });
      const stopPolicy = decider.onPolicyChange?.(forget);
      return () => {
        stop();
        stopPolicy?.();
      };
    },
  };
}

function holdsAt({ from, until }: Kept, now: Instant): boolean {
  return from <= now && (until === null || now < until);
}

function endOf({ openings, askAgainAt: again }: PodAnswer): Instant | null {
  return [again, ...openings.map(({ change }) => change.nextTransition)].reduce(earlier, null);
}

/** Of two instants, of which null is never. */
export function earlier(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

type Ask = (probes: readonly Instant[]) => readonly Candidate[] | null;

function askFor(deps: PodAnswersDependencies, pod: Pod, now: Instant): PodAnswer | null {
  const { decider, cluster, namespaced } = deps;
  const decide = (probes: readonly Instant[]): AssignDecision =>
    decider.decide("assign", assignInput(pod, now, probes, namespaced));
  const decision = decide([]);
  const candidates = candidatesOf(decision);
  if (candidates === null) return null;
  // Most boxes have no edges, and then the first answer is all there is.
  const askOn: Ask = (probes) => (probes.length === 0 ? candidates : candidatesOf(decide(probes)));
  const openings: Opening[] = [];
  for (const [identityKey, ofIdentity] of Map.groupBy(candidates, ({ identity }) => identity)) {
    const identity = cluster.get("AzureIdentity", identityKey);
    const [first, ...others] = ofIdentity.flatMap(
      ({ binding }) => cluster.get("AzureIdentityBinding", binding) ?? [],
    );
    // The policy says IdentityMissing itself; here both may also have gone since it was told.
    if (identity === undefined || first === undefined) continue;
    const bindings: Opening["bindings"] = [first, ...others];
    const change = findChange(keyOf(identity), { pod, bindings, now, access: cluster, ask: askOn });
    if (change === null) return null;
    openings.push({ identity, bindings, change });
  }
  return { openings, askAgainAt: askAgainAt(now, decision.hints, spotCheckOf(askOn, deps)) };
}

/** Hints are about all candidates of the pod: at a true boundary one of them opens or closes. */
function spotCheckOf(ask: Ask, { onHintMismatch = () => undefined }: PodAnswersDependencies): SpotCheck {
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
  identity: string,
  question: {
    readonly pod: Pod;
    readonly bindings: readonly AzureIdentityBinding[];
    readonly now: Instant;
    readonly access: AccessSource;
    readonly ask: Ask;
  },
): NextChange | null {
  const { pod, bindings, now, access, ask: askAt } = question;
  let hasFailed = false;
  const askUnion = (probes: readonly Instant[]): ProbeAnswer => {
    const candidates = askAt(probes)?.filter((candidate) => candidate.identity === identity);
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
