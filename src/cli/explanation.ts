import { ownObjects } from "../engine/assigned-objects.ts";
import { keyOf } from "../engine/cluster-document.ts";
import type { Candidate, Reason, TokenDecision } from "../engine/decision.ts";
import type { Decider } from "../engine/engine.ts";
import { assignInput, findOpening, podInput } from "../engine/questions.ts";
import { renderReason } from "../engine/reasons.ts";
import type { AzureIdentityBinding, Pod } from "../engine/resources.ts";
import type { ResourceSource } from "../kubernetes/resource-source.ts";
import { statusOf } from "../nmi/outcome.ts";
import { formatInstant, type Instant } from "../timebox/instant.ts";
import { adviseOn } from "./advice.ts";
import { explainHints, type CustomRules } from "./explanation-hints.ts";

/** The stable JSON of `podid explain` (DESIGN §5, docs/custom-policies.md). */
export interface Explanation {
  readonly pod: string;
  readonly at: string;
  readonly policy: { readonly revision: string; readonly digest: string };
  readonly exempt: boolean;
  /** What the policy failed of; null when it gave every answer. */
  readonly policyFault: string | null;
  /** Null when each boundary is known, because no custom rule took part. */
  readonly customRules: CustomRules | null;
  readonly identities: readonly ExplainedBinding[];
  readonly token: {
    readonly status: number;
    readonly outcome: TokenDecision["outcome"];
    readonly reasons: readonly ExplainedReason[];
  };
  readonly fix: string | null;
}

/** A reason with its sentence for people. */
export interface ExplainedReason extends Reason {
  readonly text: string;
}

interface ExplainedBinding {
  readonly identity: string;
  readonly binding: string;
  readonly weight: number;
  readonly inForce: boolean;
  /** Whether a request that names no identity means this one. */
  readonly default: boolean;
  readonly reasons: readonly ExplainedReason[];
  /**
   * When the pod loses the identity, over all bindings that give it; null beyond the horizon. Where custom
   * rules take part, it may come earlier than this and `nextTransition` say.
   */
  readonly validUntil: string | null;
  readonly nextTransition: string | null;
  readonly nextState: "open" | "closed" | null;
  readonly assignment: "Assigned" | "Created" | "Unassigned" | "none";
}

export interface ExplainOptions {
  readonly at: Instant;
  readonly resource: string;
  readonly clientID?: string;
  readonly policy: { readonly revision: string; readonly digest: string };
  /** What the policy has failed of so far; null when that is nothing. Not given: not known. */
  readonly faultText?: () => string | null;
}

/**
 * The whole chain for one pod at one instant, as the policy judges it. What the controller would have
 * assigned counts as assigned: a manifests directory has no VMs to look at.
 */
export function explainPod(
  decider: Decider,
  source: ResourceSource,
  pod: Pod,
  options: ExplainOptions,
): Explanation {
  const { at, policy } = options;
  const decision = decider.decide("assign", assignInput(pod, at, [], false));
  const { candidates } = decision;
  const exemption = decider.decide("exempt", { pod: podInput(pod) });
  const token = decideToken(decider, pod, candidates, options);
  const defaultIdentity = decideToken(decider, pod, candidates, { ...options, clientID: undefined }).identity;
  const customRules = explainHints(decider, pod, at, decision);
  const identities = candidates.map((candidate) =>
    explainCandidate({ decider, source, pod, candidates, defaultIdentity, now: at }, candidate),
  );
  const hasFailed = [decision, exemption, token].some(isPolicyError);
  const policyFault = options.faultText?.() ?? (hasFailed ? renderReason(policyError) : null);
  const { exempt } = exemption;
  return {
    pod: keyOf(pod),
    at: formatInstant(at),
    policy: { revision: policy.revision, digest: policy.digest },
    exempt,
    policyFault,
    customRules,
    identities,
    token: explainToken(token, exempt),
    fix: exempt
      ? adviseOn("PodExcepted")
      : adviseOn(token.reasons[0]?.code, {
          mayOpen: policyFault !== null || customRules !== null || mayOpen(identities, token),
        }),
  };
}

const policyError: Reason = { code: "PolicyError", params: {} };

function isPolicyError({ reasons }: { readonly reasons: readonly Reason[] }): boolean {
  return reasons.some(({ code }) => code === policyError.code);
}

/** Whether a binding of the identity that was meant opens within the horizon; of any, where that is not known. */
function mayOpen(identities: readonly ExplainedBinding[], { identity }: TokenDecision): boolean {
  const meant = identities.filter((entry) => identity === undefined || entry.identity === identity);
  return meant.some(({ nextState }) => nextState === "open");
}

/** What NMI answers. For excepted pods that is the platform's own answer: the policy has no say in it. */
function explainToken(token: TokenDecision, exempt: boolean): Explanation["token"] {
  if (exempt) {
    return { status: 200, outcome: "allowed", reasons: [withText({ code: "PodExcepted", params: {} })] };
  }
  return { status: statusOf(token), outcome: token.outcome, reasons: token.reasons.map(withText) };
}

function decideToken(
  decider: Decider,
  pod: Pod,
  candidates: readonly Candidate[],
  {
    at,
    resource,
    clientID,
  }: { readonly at: Instant; readonly resource: string; readonly clientID?: string | undefined },
): TokenDecision {
  const request = clientID === undefined ? { resource } : { resource, clientID };
  const assigned = candidates.map(({ identity }) => ({ identity, state: "Assigned" }));
  return decider.decide("token", {
    ...assignInput(pod, at, [], false),
    request,
    assigned,
    caches: { ageSeconds: 0 },
  });
}

interface ExplainedPod {
  readonly decider: Decider;
  readonly source: ResourceSource;
  readonly pod: Pod;
  readonly candidates: readonly Candidate[];
  readonly defaultIdentity: string | undefined;
  readonly now: Instant;
}

function explainCandidate(explained: ExplainedPod, candidate: Candidate): ExplainedBinding {
  const { decider, source, pod, candidates, defaultIdentity, now } = explained;
  const { identity, binding, weight, inForce, reasons } = candidate;
  const opening = (names: readonly string[]): ReturnType<typeof findOpening> =>
    findOpening(decider, {
      pod,
      bindings: bindingsOf(source, names),
      now,
      namespaced: false,
      access: source,
    });
  const own = opening([binding]);
  const union = opening(
    candidates.filter((other) => other.identity === identity).map((other) => other.binding),
  );
  return {
    identity,
    binding,
    weight,
    inForce,
    default: identity === defaultIdentity,
    reasons: reasons.map(withText),
    validUntil: union.validUntil === null ? null : formatInstant(union.validUntil),
    nextTransition: own.nextTransition === null ? null : formatInstant(own.nextTransition),
    nextState: own.nextState,
    assignment: assignmentOf(source, pod, identity),
  };
}

/** The bindings of these names that the source still has. */
export function bindingsOf(
  source: ResourceSource,
  names: readonly string[],
): readonly AzureIdentityBinding[] {
  return names.flatMap((name) => source.get("AzureIdentityBinding", name) ?? []);
}

/** By the rule of NMI; of two objects that count, the one that gives the identity. */
function assignmentOf(source: ResourceSource, pod: Pod, identity: string): ExplainedBinding["assignment"] {
  const ofName = source
    .list("AzureAssignedIdentity")
    .filter(({ spec }) => spec.pod === pod.name && spec.podNamespace === pod.namespace);
  const states = ownObjects(pod, ofName)
    .filter(({ spec }) => spec.azureIdentityRef !== null && keyOf(spec.azureIdentityRef) === identity)
    .map(({ status }) => status.status);
  const [state = ""] = states.includes("Assigned") ? ["Assigned" as const] : states;
  return state === "" ? "none" : state;
}

/** Adds the sentence for people. */
export function withText(reason: Reason): ExplainedReason {
  return { ...reason, text: renderReason(reason) };
}
