import type { TimeFacts } from "../timebox/candidates.ts";
import { parseInstant, type Instant } from "../timebox/instant.ts";
import { findNextChange, type NextChange } from "../timebox/next-change.ts";
import type { Decider } from "./engine.ts";
import type { AssignInput, ValidateInput } from "./input.ts";
import type {
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  Pod,
} from "./resources.ts";
import { bindingOf, grantOf, keyOf } from "./cluster-document.ts";

/** Where just-in-time access is looked up; resource sources fit by shape. */
export interface AccessSource {
  list(kind: "AzureIdentityAccessGrant"): readonly AzureIdentityAccessGrant[];
  list(kind: "AzureIdentityAccessApproval"): readonly AzureIdentityAccessApproval[];
}

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

/** The question "is this binding well formed", with nothing but what the policy judges. */
export function validateInput(binding: AzureIdentityBinding): ValidateInput {
  const { azureIdentity, selector, weight, match, timeBox } = binding.spec;
  const parts = { ...(match === null ? {} : { match }), ...(timeBox === null ? {} : { timeBox }) };
  return { kind: "AzureIdentityBinding", object: { spec: { azureIdentity, selector, weight, ...parts } } };
}

/** What moves the answer for `pod` through `bindings`, for the search of instants to ask about. */
export function timeFacts(
  pod: Pod,
  bindings: readonly AzureIdentityBinding[],
  access: AccessSource,
): TimeFacts {
  const grants = Map.groupBy(access.list("AzureIdentityAccessGrant"), bindingOf);
  const isGranted = bindings.some((binding) => grants.has(keyOf(binding)));
  const approvals = Map.groupBy(isGranted ? access.list("AzureIdentityAccessApproval") : [], grantOf);
  const boxes = bindings.map((binding) => ({
    timeBox: binding.spec.timeBox,
    bindingCreated: createdAt(binding),
    grants: (grants.get(keyOf(binding)) ?? []).map((grant) => ({
      created: createdAt(grant),
      notBefore: parseInstant(grant.spec.notBefore ?? "") ?? null,
      for: grant.spec.for,
      approved: (approvals.get(keyOf(grant)) ?? []).flatMap((approval) => createdAt(approval) ?? []),
    })),
  }));
  return { boxes, podStart: parseInstant(pod.startTime ?? "") ?? null };
}

function createdAt(object: { readonly creationTimestamp: string | null }): Instant | null {
  return parseInstant(object.creationTimestamp ?? "") ?? null;
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
    readonly access: AccessSource;
  },
): NextChange {
  const { pod, bindings, now, namespaced, access } = question;
  const keys = new Set(bindings.map(keyOf));
  return findNextChange({
    now,
    facts: timeFacts(pod, bindings, access),
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
