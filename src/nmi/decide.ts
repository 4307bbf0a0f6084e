import type { Candidate, TokenDecision } from "../engine/decision.ts";
import type { Decider } from "../engine/engine.ts";
import { assignInput, findOpening, podInput, timeFacts } from "../engine/questions.ts";
import type { AzureIdentityBinding, Key, Pod } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { candidateInstants } from "../timebox/candidates.ts";
import { askAgainAt, type SpotCheck } from "../timebox/hints.ts";
import { instantFromMs, instantFromSeconds, toSeconds, type Instant } from "../timebox/instant.ts";
import type { NextChange } from "../timebox/next-change.ts";
import type { Assignments } from "./assignments.ts";
import { createKeptAnswers, type KeptAnswers } from "./kept-answers.ts";
import type { Resources } from "./ports.ts";
import type { TokenRequest } from "./request-query.ts";

export type Allowed = Extract<TokenDecision, { allow: true }>;
export type Refused = Extract<TokenDecision, { allow: false }>;

/** A decision, when it was made, and how long it will hold. */
export interface Confirmation {
  readonly decision: TokenDecision;
  readonly now: Instant;
  /** The first instant at which the pod loses the identity; null: not before the horizon. */
  readonly validUntil: Instant | null;
}

/** However far custom rules look ahead, they are asked again after this long. */
const longestCustomSeconds = 300;

/** The policy's questions as NMI asks them. Each call asks anew, at the clock's now, but for exemption. */
export interface Judge {
  /** The answer to this very pod is kept, until something changes or for a second: it depends on no time. */
  isExempt(pod: Pod): boolean;
  /** Every binding that selects the pod, whatever the request. */
  candidates(pod: Pod): readonly Candidate[];
  mayHave(pod: Pod, request: TokenRequest): TokenDecision;
  /**
   * Asks again after the upstream call, together with every instant up to `horizonSeconds` (Unix) at
   * which one of `bindings` could close.
   */
  confirm(pod: Pod, request: TokenRequest, bindings: readonly Key[], horizonSeconds: number): Confirmation;
  /** Whether one of `bindings` is in force for the pod, and when that changes. */
  opening(pod: Pod, bindings: readonly Key[]): NextChange;
}

/** Whether the policy excepts a pod. */
export type Exemptions = KeptAnswers<boolean>;

/** Follows exceptions from now on. */
export function createExemptions(deps: {
  readonly clock: Clock;
  readonly resources: Resources;
  readonly decider: Decider;
}): Exemptions {
  return createKeptAnswers(deps, (pod) => deps.decider.decide("exempt", { pod: podInput(pod) }).exempt);
}

/** Builds the inputs of DESIGN §4 from pod, request and what the controller has assigned. */
export function createJudge(deps: {
  readonly clock: Clock;
  readonly resources: Resources;
  readonly decider: Decider;
  readonly assignments: Assignments;
  readonly exemptions: Exemptions;
  readonly namespaced: boolean;
  /** Told of each boundary that custom rules declare and that is none. */
  readonly onHintMismatch: () => void;
}): Judge {
  const { clock, resources, decider, assignments, exemptions, namespaced, onHintMismatch } = deps;
  const clockNow = (): Instant => instantFromMs(clock.nowMs());
  const existing = (keys: readonly Key[]): readonly AzureIdentityBinding[] =>
    keys.flatMap((key) => resources.get("AzureIdentityBinding", key) ?? []);
  const decideToken = (pod: Pod, request: TokenRequest, now: Instant, probes: readonly Instant[]) =>
    decider.decide("token", {
      ...assignInput(pod, now, probes, namespaced),
      request,
      assigned: [...assignments.of(pod)],
      caches: { ageSeconds: Math.floor(resources.ageSeconds()) },
    });

  return {
    isExempt: (pod) => exemptions.of(pod),
    candidates: (pod) => decider.decide("assign", assignInput(pod, clockNow(), [], namespaced)).candidates,
    mayHave: (pod, request) => decideToken(pod, request, clockNow(), []),
    confirm: (pod, request, bindings, horizonSeconds) => {
      const now = clockNow();
      const facts = timeFacts(pod, existing(bindings), resources);
      const probes = candidateInstants(facts, now, Math.max(0, horizonSeconds - toSeconds(now)));
      const decision = decideToken(pod, request, now, probes);
      const closes = probes.find((_, index) => decision.probes[index] !== true) ?? null;
      const ask: SpotCheck["ask"] = (instants) => probesOf(decideToken(pod, request, now, instants));
      const end = customEnd(decision, now, { ask, onMismatch: onHintMismatch });
      return { decision, now, validUntil: earlier(closes, end) };
    },
    opening: (pod, keys) => {
      const question = { pod, bindings: existing(keys), now: clockNow(), namespaced, access: resources };
      return findOpening(decider, question);
    },
  };
}

/** Where custom rules take part, an answer holds until they are to be asked again (reference/time-boxes.md §3.5). */
function customEnd(decision: TokenDecision, now: Instant, check: SpotCheck): Instant | null {
  const again = decision.allow ? askAgainAt(now, decision.hints, check) : null;
  return again === null ? null : earlier(again, instantFromSeconds(toSeconds(now) + longestCustomSeconds));
}

/** Null when the policy has failed, or has changed its mind, since it was asked a moment ago. */
function probesOf(decision: TokenDecision): readonly (readonly boolean[])[] | null {
  return decision.allow ? [decision.probes] : null;
}

function earlier(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
