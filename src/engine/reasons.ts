/**
 * The closed list of reason codes and their text for people. Codes never change; texts may
 * (reference/code-style.md). The policy's own list is policies/bundle/podid/reasons; a test holds
 * the two equal. `host: true` marks codes that only host code gives, always to refuse more.
 */
const table = {
  // Selection
  NoMatchingBinding: "no AzureIdentityBinding selects this pod",
  NothingSelected: "the binding has neither selector nor match, so it selects no pod",
  IdentityMissing: "the binding names an AzureIdentity that does not exist in its namespace",
  IdentityNotUsable: "the identity's usableBy does not include this pod",
  NamespaceMismatch: "namespaced mode: the identity lives in another namespace than the pod",
  PodTerminated: "the pod has finished",
  InvalidMatch: "a part of match or usableBy is empty, so it can fit no pod",
  DeniedByPolicy: "a custom rule refuses it",
  // Time box
  Suspended: "the time box is suspended",
  InvalidTimeBox: "the time box is malformed, so it stays closed",
  BeforeNotBefore: "the time box has not begun",
  AfterNotAfter: "the time box has ended",
  AnchorUnknown: "the start of a duration is not known",
  DurationNotStarted: "a duration has not begun",
  DurationElapsed: "a duration has run out",
  Excluded: "an exclusion is open",
  OutsideSchedule: "no window is open",
  NoActiveGrant: "just-in-time access is needed, and no grant is active",
  GrantPendingApproval: "just-in-time access is needed, and a grant waits for approvals",
  StaleCache: "just-in-time access is needed, and what is known of grants is too old to rely on",
  InvalidGrant: "the grant is malformed, so it opens nothing",
  InvalidApproval: "the approval is malformed, so it approves nothing",
  // Token
  IdentityNotFound: "none of the pod's identities has the requested id",
  UnsupportedIdentityType: "the identity has a type that podid does not serve",
  AssignmentPending: "the identity is not yet assigned on the node's VM",
  // Host
  PolicyError: "the policy gave no usable answer",
  UnknownCaller: "no pod on this node has the source address of the request",
  HostNetworkPod:
    "the request comes from the node's own address, where pods with hostNetwork cannot be told apart",
  AmbiguousCaller: "several pods claim the source address of the request",
  NotFromNode: "only processes of the node itself may ask for the tokens of pods that they name",
  UnknownPod: "no live pod of this node has the name that was given",
  MetadataBlocked: "this part of the platform's metadata is not passed on to pods here",
  TooManyHeld: "as many requests wait already as may",
  TooManyRequests: "this pod sends more requests than are served to one pod",
  PodReplaced: "the pod behind the source address changed during the request",
  PodExcepted: "an AzurePodIdentityException passes this pod through to the platform's metadata service",
  TokenLifetimeTooShort: "less time is left in the time box than its minLifetime",
  TokenOverhang: "the token would outlive the time box by more than its maxOverhang",
  CredentialUnavailable: "the identity's credential cannot be read",
  UpstreamRefused: "Azure refused to issue a token",
  UpstreamThrottled: "Azure asked to slow down",
  UpstreamUnavailable: "Azure could not be reached or gave no usable answer",
} as const;

export type ReasonCode = keyof typeof table;

/** All codes, for the test that compares them with the policy's list. */
export const reasonCodes: readonly string[] = Object.keys(table);

/** Whether `code` is one of ours. */
export function isReasonCode(code: unknown): code is ReasonCode {
  return typeof code === "string" && Object.hasOwn(table, code);
}

/** One sentence for people: what the code means, and the facts that came with it. */
export function renderReason(reason: {
  readonly code: ReasonCode;
  readonly params: Readonly<Record<string, string>>;
}): string {
  const facts = Object.entries(reason.params).map(([key, value]) => `${key}: ${value}`);
  return facts.length === 0 ? table[reason.code] : `${table[reason.code]} (${facts.join(", ")})`;
}
