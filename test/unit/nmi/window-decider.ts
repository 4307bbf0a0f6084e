import { keyOf } from "../../../src/engine/cluster-document.ts";
import type { Candidate, Limits, Reason, TokenDecision } from "../../../src/engine/decision.ts";
import type { Decider } from "../../../src/engine/engine.ts";
import type { Entrypoint, Entrypoints } from "../../../src/engine/entrypoints.ts";
import type { AssignInput, TokenInput } from "../../../src/engine/input.ts";
import type { AzureIdentityBinding, JsonObject } from "../../../src/engine/resources.ts";
import type { MemoryResources } from "./memory-resources.ts";

/** What custom rules would say of their boundaries. */
export type Hints = Extract<TokenDecision, { allow: true }>["hints"];

/** Custom rules: what they say of their boundaries, and the instant at which they close all. */
export interface CustomRules {
  readonly hints: Hints;
  readonly endsAt?: number;
}

/**
 * A decider that behaves like the policy for classic selectors and daily windows in UTC, by
 * arithmetic on `input.now`. Pods labelled `excepted` are exempt.
 */
export function createWindowDecider(
  resources: MemoryResources,
  limits: Limits = { clampResponse: true, minLifetimeSeconds: 0, maxOverhangSeconds: null },
  custom?: CustomRules,
): Decider {
  const answers: {
    readonly [E in Entrypoint]: (input: Entrypoints[E]["input"]) => Entrypoints[E]["decision"];
  } = {
    assign: (input) => ({ candidates: candidatesFor(resources, input, custom?.endsAt), reasons: [] }),
    token: (input) => {
      const decision = decideToken(resources, input, limits, custom?.endsAt);
      return decision.allow && custom !== undefined ? { ...decision, hints: custom.hints } : decision;
    },
    exempt: ({ pod }) => ({ exempt: pod.labels["excepted"] === "true", reasons: [] }),
    validate: () => ({ valid: true, reasons: [] }),
  };
  return { decide: (entrypoint, input) => answers[entrypoint](input) };
}

/** A time box that is open each day from `start` to `end`, "hh:mm" in UTC. */
export function daily(start: string, end: string): JsonObject {
  return { timeZone: "UTC", openWhen: "Schedule", windows: [{ times: [{ start, end }] }] };
}

function candidatesFor(
  resources: MemoryResources,
  { now, probes, pod }: AssignInput,
  endsAt = Number.POSITIVE_INFINITY,
): Candidate[] {
  const isOpen = (binding: AzureIdentityBinding, at: number): boolean =>
    at < endsAt && isBoxOpen(binding, at);
  return resources
    .list("AzureIdentityBinding")
    .filter(({ spec }) => spec.selector === pod.labels["aadpodidbinding"])
    .map((binding) => ({
      binding: keyOf(binding),
      identity: `${binding.namespace}/${binding.spec.azureIdentity}`,
      weight: binding.spec.weight,
      inForce: isOpen(binding, now),
      reasons: isOpen(binding, now) ? [] : [reason("OutsideSchedule")],
      probes: probes.map((probe) => isOpen(binding, probe)),
    }))
    .toSorted((a, b) => b.weight - a.weight || (a.binding < b.binding ? -1 : 1));
}

function decideToken(
  resources: MemoryResources,
  input: TokenInput,
  limits: Limits,
  endsAt: number | undefined,
): TokenDecision {
  const candidates = candidatesFor(resources, input, endsAt);
  if (candidates.length === 0) return refuse("unknown", "NoMatchingBinding");
  const meant = candidates.find(({ identity }) => isMeant(resources, input, identity));
  if (meant === undefined) return refuse("unknown", "IdentityNotFound");
  const { identity } = meant;
  const own = candidates.filter((candidate) => candidate.identity === identity);
  const bindings = own.map(({ binding }) => binding);
  const probes = input.probes.map((_, index) => own.some((candidate) => candidate.probes[index] === true));
  const known = { identity, binding: meant.binding, bindings, probes };
  const open = own.find(({ inForce }) => inForce);
  if (open === undefined) return refuse("denied", "OutsideSchedule", known);
  const isAssigned = input.assigned.some(
    (entry) => entry.identity === identity && entry.state === "Assigned",
  );
  if (!isAssigned && resources.get("AzureIdentity", identity)?.spec.type === 0) {
    return refuse("pending", "AssignmentPending", known);
  }
  return { ...known, allow: true, outcome: "allowed", binding: open.binding, reasons: [], limits };
}

function isMeant(resources: MemoryResources, { request }: TokenInput, key: string): boolean {
  const spec = resources.get("AzureIdentity", key)?.spec;
  return (
    isSame(request.clientID, spec?.clientID) &&
    isSame(request.objectID, spec?.objectID) &&
    isSame(request.resourceID, spec?.resourceID)
  );
}

function isBoxOpen({ spec }: AzureIdentityBinding, nowNs: number): boolean {
  const times = /"start":"(\d\d):(\d\d)","end":"(\d\d):(\d\d)"/.exec(JSON.stringify(spec.timeBox));
  if (times === null) return true;
  const [startHour = 0, startMinute = 0, endHour = 0, endMinute = 0] = times.slice(1).map(Number);
  const minute = Math.floor((nowNs / 1e9 / 60) % (24 * 60));
  return startHour * 60 + startMinute <= minute && minute < endHour * 60 + endMinute;
}

function reason(code: Reason["code"]): Reason {
  return { code, params: {} };
}

function isSame(asked: string | undefined, own: string | undefined): boolean {
  return asked === undefined || asked.toLowerCase() === own?.toLowerCase();
}

function refuse(
  outcome: "denied" | "pending" | "unknown",
  code: Reason["code"],
  known: { readonly bindings?: string[] } = {},
): TokenDecision {
  return { allow: false, outcome, bindings: [], reasons: [reason(code)], probes: [], ...known };
}
