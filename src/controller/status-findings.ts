import { bindingOf, grantOf, keyOf } from "../engine/cluster-document.ts";
import { timeFacts } from "../engine/questions.ts";
import type {
  AzureIdentity,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  JsonObject,
} from "../engine/resources.ts";
import { isUserAssignedIdentityId } from "../runtime/identity-id.ts";
import { formatInstant, toSeconds, type Instant } from "../timebox/instant.ts";
import { isServed, needsCompute } from "./assigned-identity.ts";
import type { AssignedCounts } from "./assigned-counts.ts";
import {
  askProbes,
  judgeBinding,
  type BindingJudgement,
  type JudgeDependencies,
} from "./binding-judgement.ts";
import type { BindingFindings, IdentityObstacle } from "./binding-status.ts";
import { findClockSensitivity } from "./clock-sensitivity.ts";
import { isEndState, viewGrant, type GrantView } from "./grant-view.ts";
import type { UnbelievedGrant } from "./ports.ts";

/** By which policy and time zone data a status was found. */
export interface StatusTerms {
  readonly policyDigest: string;
  readonly tzdata: string;
}

export interface FindingDependencies extends JudgeDependencies {
  readonly terms: StatusTerms;
  readonly counts: Pick<AssignedCounts, "of">;
  /** What ARM says when it refuses the identity with this lower-cased resource id; null when it does not. */
  readonly refusal?: (resourceID: string) => string | null;
}

/** Finds out what the statuses say. */
export interface Findings {
  ofBinding(binding: AzureIdentityBinding, now: Instant): BindingFindings;
  ofGrant(grant: AzureIdentityAccessGrant, now: Instant): GrantView;
}

const secondsPerDay = 86_400;
/** As the CRD has it. */
const longestMessage = 1024;

interface Sensitivity {
  readonly found: readonly Instant[] | null;
  readonly at: Instant;
}

/** What clock changes do to a binding is asked once for each state of it, and again each day. */
export function createFindings(deps: FindingDependencies): Findings {
  const { cluster, counts, terms } = deps;
  const known = new WeakMap<AzureIdentityBinding, Sensitivity>();
  const sensitivity = (
    binding: AzureIdentityBinding,
    judgement: BindingJudgement,
    now: Instant,
  ): readonly Instant[] | null => {
    const before = known.get(binding);
    if (before !== undefined && toSeconds(now) - toSeconds(before.at) < secondsPerDay) return before.found;
    const found = findSensitivity(deps, binding, judgement, now);
    if (found !== null) known.set(binding, { found, at: now });
    return found;
  };
  const ofGrant = (grant: AzureIdentityAccessGrant, now: Instant): GrantView => {
    const votes = cluster
      .list("AzureIdentityAccessApproval")
      .filter((approval) => grantOf(approval) === keyOf(grant));
    return viewGrant(grant, cluster.get("AzureIdentityBinding", bindingOf(grant)), votes, now);
  };
  return {
    ofGrant,
    ofBinding: (binding, now) => {
      const judgement = judgeBinding(deps, binding, now);
      const activeGrants = cluster
        .list("AzureIdentityAccessGrant")
        .filter((grant) => bindingOf(grant) === keyOf(binding) && ofGrant(grant, now).state === "Active")
        .map(({ name }) => name);
      return {
        binding,
        judgement,
        activeGrants: activeGrants.toSorted(),
        assigned: counts.of(keyOf(binding)),
        ...identityFindings(deps, binding),
        clockChanges: sensitivity(binding, judgement, now),
        ...terms,
      };
    },
  };
}

function identityFindings(
  { cluster, refusal }: FindingDependencies,
  binding: AzureIdentityBinding,
): Pick<BindingFindings, "refusal" | "obstacle"> {
  const key = `${binding.namespace}/${binding.spec.azureIdentity}`;
  const identity = cluster.get("AzureIdentity", key);
  if (identity === undefined) {
    const message = `there is no AzureIdentity ${key}: create it, or mend spec.azureIdentity`;
    return { refusal: null, obstacle: { reason: "IdentityMissing", message } };
  }
  const { resourceID } = identity.spec;
  return { refusal: refusal?.(resourceID.toLowerCase()) ?? null, obstacle: obstacleOf(identity) };
}

function obstacleOf(identity: AzureIdentity): IdentityObstacle | null {
  const { type, resourceID } = identity.spec;
  if (!isServed(identity)) {
    const message = `AzureIdentity ${keyOf(identity)} is of type ${type}: types 0, 1 and 2 are served`;
    return { reason: "TypeNotServed", message };
  }
  if (!needsCompute(identity) || isUserAssignedIdentityId(resourceID)) return null;
  const message = `spec.resourceID of AzureIdentity ${keyOf(identity)} is not the id of a user-assigned identity`;
  return { reason: "IdentityMalformed", message };
}

function findSensitivity(
  deps: FindingDependencies,
  binding: AzureIdentityBinding,
  { pod, inForce }: BindingJudgement,
  now: Instant,
): readonly Instant[] | null {
  if (pod === null || inForce === null || inForce === "PerPod") return null;
  let hasFailed = false;
  const found = findClockSensitivity(timeFacts(pod, [binding], deps.cluster), now, (probes) => {
    const answers = askProbes(deps, binding, pod, { now, probes });
    hasFailed = answers === null;
    return answers;
  });
  return hasFailed ? null : found;
}

/** The status of a grant that nobody vouches for; null where what was shown tells more: it had ended before. */
export function unbelievedStatus(
  { grant, why }: UnbelievedGrant,
  before: JsonObject | undefined,
): JsonObject | null {
  if (isEndState(before?.["state"])) return null;
  const { generation, spec } = grant;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(spec.revoked
      ? { state: "Revoked" }
      : { state: "NotBelieved", message: why.slice(0, longestMessage) }),
  };
}

/** The status of a grant, as its CRD has it. */
export function grantStatus({ generation }: AzureIdentityAccessGrant, view: GrantView): JsonObject {
  const { state, start, until } = view;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    state,
    ...(start === null ? {} : { start: formatInstant(start) }),
    ...(until === null ? {} : { until: formatInstant(until) }),
  };
}
