import type { ReasonCode } from "../engine/reasons.ts";

/** What a person can do about a refusal, by its first reason; codes without a line need no action of theirs. */
const advice: Partial<Record<ReasonCode, string>> = {
  NoMatchingBinding:
    "create an AzureIdentityBinding whose selector equals the pod's label aadpodidbinding (on the pod template, not on the Deployment), or whose match fits the pod",
  IdentityMissing: "create the AzureIdentity in the binding's namespace, or correct spec.azureIdentity",
  IdentityNotUsable: "the identity's owner must add this pod's namespace or service account to spec.usableBy",
  NamespaceMismatch: "move binding and identity into the pod's namespace",
  PodTerminated: "the pod has finished; start a new one",
  Suspended: "set spec.timeBox.suspend to false on the binding",
  InvalidTimeBox: "correct the field named in the reason; `podid explain` lists all problems of a folder",
  BeforeNotBefore: "wait for spec.timeBox.notBefore, or move it",
  AfterNotAfter: "move spec.timeBox.notAfter, or remove the binding",
  AnchorUnknown: "the pod's status.startTime or the binding's creationTimestamp is missing",
  DurationNotStarted: "the duration counts from a later instant; wait for it",
  DurationElapsed: "restart the pod or re-create the binding, whichever spec.timeBox.durations counts from",
  Excluded: "an exclusion covers this instant; wait for its end, or change spec.timeBox.exclusions",
  OutsideSchedule: "wait for the next opening (nextTransition), or change spec.timeBox.windows",
  NoActiveGrant: "create an AzureIdentityAccessGrant for the binding, in the binding's namespace",
  GrantPendingApproval:
    "somebody other than the requester must create an AzureIdentityAccessApproval for the grant, before spec.timeBox.jit.approvalTimeout runs out",
  StaleCache: "the agent has lost touch with the API server; see its log, grants count again when it is back",
  DeniedByPolicy: "ask the owners of the custom rule named in the reason",
  IdentityNotFound:
    "ask for the client id of one of the identities listed here, or bind the asked one to this pod",
  UnsupportedIdentityType: "use an AzureIdentity of type 0, 1 or 2",
  AssignmentPending: "wait until the controller has assigned the identity; see its log if that takes minutes",
  PolicyError:
    'mend what the fault names (`podid explain --policy FILE` prints it, a daemon logs it as "policy fault") and build the policy bundle anew: docs/custom-policies.md',
  HostNetworkPod: "run the pod without hostNetwork: with it, it is the node that asks",
  PodExcepted: "remove the AzurePodIdentityException to bring the pod under podid's policy",
};

/** In place of advice to wait, where that is in vain. */
const inVain: Partial<Record<ReasonCode, string>> = {
  BeforeNotBefore: "change spec.timeBox: from spec.timeBox.notBefore on it stays closed for another reason",
  DurationNotStarted: "change spec.timeBox: when the duration begins it stays closed for another reason",
  Excluded: "change spec.timeBox.exclusions",
  OutsideSchedule: "change spec.timeBox.windows",
};

/**
 * The next step for a reason, or null when there is none to take. `mayOpen`: whether what is closed may open by
 * itself within the 800 days that are looked at.
 */
export function adviseOn(
  code: ReasonCode | undefined,
  { mayOpen }: { readonly mayOpen: boolean } = { mayOpen: true },
): string | null {
  if (code === undefined) return null;
  const change = inVain[code];
  if (change !== undefined && !mayOpen) return `it never opens again, as far as 800 days show: ${change}`;
  return advice[code] ?? null;
}
