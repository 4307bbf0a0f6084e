import type { Reason } from "../engine/decision.ts";
import { renderReason } from "../engine/reasons.ts";
import type { AzureIdentityBinding, JsonObject } from "../engine/resources.ts";
import { formatInstant, type Instant } from "../timebox/instant.ts";
import type { BindingJudgement } from "./binding-judgement.ts";
import { openerOf } from "./box-shape.ts";
import { isObject, objectsIn } from "./json-shape.ts";

/** What a binding's status is made of. */
export interface BindingFindings {
  readonly binding: AzureIdentityBinding;
  readonly judgement: BindingJudgement;
  /** Names of the grants that are active. */
  readonly activeGrants: readonly string[];
  /** Of the objects that assign the identity through this binding. */
  readonly assigned: { readonly total: number; readonly ready: number };
  /** What ARM says when it refuses the identity; null when it does not. */
  readonly refusal: string | null;
  /** Why nobody can have the identity, whatever is done; null when it can be had. */
  readonly obstacle: IdentityObstacle | null;
  /** When clocks are set in a way that changes a window; null when nobody could say. */
  readonly clockChanges: readonly Instant[] | null;
  readonly policyDigest: string;
  readonly tzdata: string;
}

export interface IdentityObstacle {
  readonly reason: "IdentityMissing" | "IdentityMalformed" | "TypeNotServed";
  readonly message: string;
}

interface Condition {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

const mostGrants = 64;

/**
 * The status of a binding (reference/time-boxes.md §2.6), for the eyes of people. Pure. `shown` is what the object
 * shows: what has not flipped keeps its times.
 */
export function bindingStatus(
  findings: BindingFindings,
  shown: JsonObject | undefined,
  now: Instant,
): JsonObject {
  const { binding, judgement, activeGrants, policyDigest, tzdata } = findings;
  const { inForce, next } = judgement;
  const before = isObject(shown?.["timeBox"]) ? shown["timeBox"] : {};
  const generation = binding.generation === undefined ? {} : { observedGeneration: binding.generation };
  const since = inForce === before["inForce"] ? before["since"] : undefined;
  const shownConditions = objectsIn(shown?.["conditions"]);
  const conditions: JsonObject[] = [];
  for (const [type, condition] of Object.entries(conditionsOf(findings))) {
    const old = shownConditions.find((one) => one["type"] === type);
    const isSame = old?.["status"] === condition.status;
    const lastTransitionTime = (isSame ? old["lastTransitionTime"] : undefined) ?? formatInstant(now);
    conditions.push({ type, ...condition, ...generation, lastTransitionTime });
  }
  const at = next?.nextTransition ?? null;
  return {
    timeBox: {
      ...generation,
      policyDigest,
      tzdata,
      ...(inForce === null ? {} : { inForce, since: since ?? formatInstant(now) }),
      reason: reasonOf(findings),
      ...(at === null ? {} : { nextTransition: formatInstant(at), nextState: next?.nextState ?? "closed" }),
      activeGrants: activeGrants.slice(0, mostGrants),
    },
    conditions,
  };
}

function reasonOf({ binding, judgement, activeGrants }: BindingFindings): string {
  const [first] = judgement.reasons;
  const { timeBox } = binding.spec;
  switch (judgement.inForce) {
    case "Yes":
      return openerOf(timeBox, activeGrants.length > 0);
    case "PerPod":
      // Closed for a pod that no grant names, and so open by a grant for one that is named.
      return first === undefined && activeGrants.length === 0 ? "DurationRunning" : "Granted";
    case "No":
      return first?.code ?? "OutsideSchedule";
    case null:
    default:
      return first?.code ?? "NoPodToAskAbout";
  }
}

function conditionsOf(findings: BindingFindings): Readonly<Record<string, Condition>> {
  return {
    TimeBoxValid: validCondition(findings.judgement),
    InForce: inForceCondition(findings),
    Provisioned: provisionedCondition(findings),
    NeverOpens: neverOpensCondition(findings.judgement),
    DSTSensitive: sensitiveCondition(findings),
    BoundariesUnknown: findings.judgement.hasUnknownBoundaries
      ? holds(
          "CustomPolicy",
          "custom rules take part, whose boundaries are not known; the policy is asked again regularly",
        )
      : fails("AllKnown", "every instant at which the answer can change is known"),
  };
}

function validCondition({ problems }: BindingJudgement): Condition {
  if (problems === null) return unknown("PolicyError", "the policy gave no usable answer");
  return problems.length === 0
    ? holds("Valid", "the policy finds nothing wrong with the time box")
    : fails("InvalidTimeBox", textOf(problems));
}

function inForceCondition(findings: BindingFindings): Condition {
  const { judgement, binding } = findings;
  const { inForce, reasons, next } = judgement;
  const reason = reasonOf(findings);
  const at = next?.nextTransition ?? null;
  const change =
    at === null ? "" : `; ${next?.nextState === "open" ? "opens" : "closes"} ${renderTime(at, binding)}`;
  if (inForce === null) {
    const message =
      reasons.length > 0 ? textOf(reasons) : "no pod could be made or found that the binding selects";
    return unknown(reason, message);
  }
  if (inForce === "PerPod")
    return unknown(reason, "differs from pod to pod: see the AzureAssignedIdentities");
  return inForce === "Yes" ? holds(reason, `open${change}`) : fails(reason, `${textOf(reasons)}${change}`);
}

/** Without numbers, so that a deployment of a thousand pods is not a thousand writes. */
function provisionedCondition({ assigned, refusal, obstacle }: BindingFindings): Condition {
  if (obstacle !== null) return fails(obstacle.reason, obstacle.message);
  if (assigned.total === 0)
    return unknown("NoPods", "no pod has or waits for the identity through this binding");
  if (assigned.ready < assigned.total && refusal !== null) {
    return fails(
      "IdentityRefused",
      `Azure refuses the identity, which is tried again ever later: ${refusal}`,
    );
  }
  return assigned.ready === assigned.total
    ? holds("Assigned", "the identity is assigned for every pod that has it through this binding")
    : fails("AssignmentPending", "the identity is not assigned yet for some pods");
}

/** What only a grant can end, a grant can end. */
const endedByGrant: ReadonlySet<string> = new Set(["NoActiveGrant", "GrantPendingApproval"]);
const endedByNothing: ReadonlySet<string> = new Set([
  "Suspended",
  "InvalidTimeBox",
  "AfterNotAfter",
  "DurationElapsed",
]);

function neverOpensCondition({
  inForce,
  next,
  reasons,
  problems,
  hasUnknownBoundaries,
}: BindingJudgement): Condition {
  if (problems !== null && problems.length > 0) return holds("InvalidTimeBox", textOf(problems));
  if (inForce === null || hasUnknownBoundaries)
    return unknown("NotKnown", "the policy cannot be asked, or custom rules take part");
  const lasting = reasons.find(({ code }) => endedByNothing.has(code));
  const waitsForGrant = lasting === undefined && reasons.some(({ code }) => endedByGrant.has(code));
  const isShut = inForce === "No" && next?.nextTransition == null && (next !== null || lasting !== undefined);
  const [first = null] = lasting === undefined ? reasons : [lasting];
  return isShut && !waitsForGrant && first !== null
    ? holds(first.code, `${renderReason(first)}; nothing opens it within 800 days`)
    : fails("Opens", "it is open, or can open within 800 days");
}

function sensitiveCondition({ clockChanges, binding }: BindingFindings): Condition {
  if (clockChanges === null)
    return unknown("NotKnown", "the answer depends on the pod, or the policy gave none");
  if (clockChanges.length === 0)
    return fails("NoClockChange", "no change of the clock within 13 months changes a window");
  const instants = clockChanges.map((at) => renderTime(at, binding)).join(", ");
  return holds(
    "ClockChange",
    `the clocks are set inside a window, which is then shorter, longer, doubled or left out: ${instants}`,
  );
}

/** UTC, and what clocks show where the box lives. */
function renderTime(at: Instant, { spec }: AzureIdentityBinding): string {
  const utc = formatInstant(at);
  const zone = spec.timeBox?.["timeZone"];
  if (typeof zone !== "string") return utc;
  try {
    const local = Temporal.Instant.from(utc).toZonedDateTimeISO(zone);
    return `${utc} (${local.toString({ smallestUnit: "minute", timeZoneName: "never" })} ${zone})`;
  } catch {
    return utc; // an unknown zone, which the policy has said already
  }
}

function textOf(reasons: readonly Reason[]): string {
  return reasons.map(renderReason).join("; ");
}

function holds(reason: string, message: string): Condition {
  return { status: "True", reason, message };
}

function fails(reason: string, message: string): Condition {
  return { status: "False", reason, message };
}

function unknown(reason: string, message: string): Condition {
  return { status: "Unknown", reason, message };
}
