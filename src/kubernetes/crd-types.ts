// Written by tools/write-crd-types.ts from deploy/crds; `npm run generate` writes it again.

/** metav1.ObjectMeta, as far as podid reads or writes it. */
interface ObjectMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/**
 * One identity of one pod. Written by the controller only; changes by hand are overwritten.
 */
export interface AzureAssignedIdentityObject {
  readonly apiVersion: "aadpodidentity.k8s.io/v1";
  readonly kind: "AzureAssignedIdentity";
  readonly metadata: ObjectMeta;
  readonly spec?: AzureAssignedIdentitySpec;
  readonly status?: AzureAssignedIdentityStatus;
}
/**
 * The pod, its node, and what was assigned.
 */
export interface AzureAssignedIdentitySpec {
  readonly azureIdentityRef?: AzureAssignedIdentitySpecAzureIdentityRef;
  readonly azureBindingRef?: AzureAssignedIdentitySpecAzureBindingRef;
  /**
   * Name of the pod.
   */
  readonly pod?: string;
  /**
   * Namespace of the pod.
   */
  readonly podNamespace?: string;
  /**
   * Name of the pod's node.
   */
  readonly nodename?: string;
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly replicas?: number | null;
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly metadata?: Readonly<Record<string, never>>;
}
/**
 * Snapshot of the AzureIdentity.
 */
export interface AzureAssignedIdentitySpecAzureIdentityRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly spec?: AzureAssignedIdentitySpecAzureIdentityRefSpec;
  readonly status?: AzureAssignedIdentitySpecAzureIdentityRefStatus;
}
export interface AzureAssignedIdentitySpecAzureIdentityRefSpec {
  readonly type?: number;
  readonly resourceID?: string;
  readonly clientID?: string;
  readonly clientPassword?: AzureAssignedIdentitySpecAzureIdentityRefSpecClientPassword;
  readonly tenantID?: string;
  readonly auxiliaryTenantIDs?: readonly string[] | null;
  readonly adEndpoint?: string;
  readonly adResourceID?: string;
  readonly replicas?: number | null;
  readonly metadata?: Readonly<Record<string, never>>;
  readonly objectID?: string;
  readonly federated?: Readonly<Record<string, unknown>>;
  readonly usableBy?: Readonly<Record<string, unknown>>;
}
export interface AzureAssignedIdentitySpecAzureIdentityRefSpecClientPassword {
  readonly name?: string;
  readonly namespace?: string;
}
export interface AzureAssignedIdentitySpecAzureIdentityRefStatus {
  readonly availableReplicas?: number;
  readonly metadata?: Readonly<Record<string, never>>;
}
/**
 * Snapshot of the AzureIdentityBinding.
 */
export interface AzureAssignedIdentitySpecAzureBindingRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly spec?: AzureAssignedIdentitySpecAzureBindingRefSpec;
  readonly status?: AzureAssignedIdentitySpecAzureBindingRefStatus;
}
export interface AzureAssignedIdentitySpecAzureBindingRefSpec {
  readonly azureIdentity?: string;
  readonly selector?: string;
  readonly weight?: number;
  readonly metadata?: Readonly<Record<string, never>>;
  readonly match?: Readonly<Record<string, unknown>>;
  readonly timeBox?: Readonly<Record<string, unknown>>;
}
export interface AzureAssignedIdentitySpecAzureBindingRefStatus {
  readonly availableReplicas?: number;
  readonly metadata?: Readonly<Record<string, never>>;
}
/**
 * How far the assignment is.
 */
export interface AzureAssignedIdentityStatus {
  /**
   * Created, Assigned or Unassigned; empty in old objects.
   */
  readonly status?: string;
  /**
   * Kept for aad-pod-identity; 1 once created.
   */
  readonly availableReplicas?: number;
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly metadata?: Readonly<Record<string, never>>;
  /**
   * Whether this pod may have tokens of this identity now. For display; nothing reads it to decide.
   */
  readonly inForce?: boolean;
  /**
   * When the pod's access to this identity ends, RFC 3339 in UTC; absent when no end is in sight. For display. Tokens handed out before work until their own expiry.
   */
  readonly validUntil?: string;
}

/**
 * An Azure identity that pods may use, once an AzureIdentityBinding of the same namespace selects them.
 */
export interface AzureIdentityObject {
  readonly apiVersion: "aadpodidentity.k8s.io/v1";
  readonly kind: "AzureIdentity";
  readonly metadata: ObjectMeta;
  readonly spec?: AzureIdentitySpec;
  readonly status?: AzureIdentityStatus;
}
/**
 * Which identity of Azure this is, and how tokens for it are obtained.
 */
export interface AzureIdentitySpec {
  /**
   * How tokens are obtained: 0 user-assigned managed identity (resourceID, clientID), 1 service principal with secret, 2 service principal with certificate (both tenantID, clientID, clientPassword), 3 federated: the pod's own token is exchanged (tenantID, clientID, federated). Absent means 0.
   */
  readonly type?: number;
  /**
   * Azure resource id of the managed identity, for type 0: /subscriptions/<id>/resourcegroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>.
   */
  readonly resourceID?: string;
  /**
   * Client id (application id) of the identity.
   */
  readonly clientID?: string;
  readonly clientPassword?: AzureIdentitySpecClientPassword;
  /**
   * Primary tenant of the service principal, for types 1, 2 and 3.
   */
  readonly tenantID?: string;
  /**
   * Further tenants, at most 3, for type 1.
   */
  readonly auxiliaryTenantIDs?: readonly string[] | null;
  /**
   * Base address of Entra ID. Absent means https://login.microsoftonline.com/.
   */
  readonly adEndpoint?: string;
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly adResourceID?: string;
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly replicas?: number | null;
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly metadata?: Readonly<Record<string, never>>;
  /**
   * Object id (principal id) of the identity, a UUID such as 0a1b2c3d-0000-4000-8000-0123456789ab. Needed by pods that ask for a token by object_id.
   */
  readonly objectID?: string;
  readonly federated?: AzureIdentitySpecFederated;
  readonly usableBy?: AzureIdentitySpecUsableBy;
}
/**
 * The Secret with the password or certificate, for types 1 and 2. Both name and namespace are needed.
 */
export interface AzureIdentitySpecClientPassword {
  /**
   * Name of the Secret.
   */
  readonly name?: string;
  /**
   * Namespace of the Secret. It must be given and be the identity's own; no other is read.
   */
  readonly namespace?: string;
}
/**
 * For type 3: which token of the pod is exchanged at Entra ID. The application or managed identity needs a federated credential that trusts its issuer and subject. Nothing secret is stored.
 */
export interface AzureIdentitySpecFederated {
  /**
   * The token that is exchanged, ServiceAccountToken (issued by the cluster for the pod's service account) or JwtSvid (issued by SPIFFE for the pod's workload).
   */
  readonly assertion?: "ServiceAccountToken" | "JwtSvid";
  /**
   * Audience of that token, as the federated credential names it.
   */
  readonly audience?: string;
}
/**
 * Who may use this identity at all, whatever bindings say; set by the identity's owner. A pod must fit all given parts. Absent: every pod that a binding selects.
 */
export interface AzureIdentitySpecUsableBy {
  /**
   * Namespaces of pods, by name.
   *
   * Items: Name of a namespace: lower-case letters, digits and '-'.
   */
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: AzureIdentitySpecUsableByNamespaceSelector;
  /**
   * Service accounts of pods.
   *
   * Items: A service account as namespace/name, or as name alone: then in whatever namespace the pod is.
   */
  readonly serviceAccounts?: readonly string[];
}
/**
 * Namespaces of pods, by their labels; all requirements must hold. {} is every namespace.
 */
export interface AzureIdentitySpecUsableByNamespaceSelector {
  /**
   * Labels that the namespace must have, with exactly these values.
   */
  readonly matchLabels?: {
    /**
     * Value of a label: at most 63 letters, digits, '-', '_' and '.', or nothing.
     */
    readonly [k: string]: string;
  };
  /**
   * Requirements on labels; all must hold.
   */
  readonly matchExpressions?: readonly AzureIdentitySpecUsableByNamespaceSelectorMatchExpressionsItem[];
}
export interface AzureIdentitySpecUsableByNamespaceSelectorMatchExpressionsItem {
  /**
   * Key of a label, such as app or example.com/team.
   */
  readonly key: string;
  /**
   * In and NotIn compare with values; Exists and DoesNotExist look at the key alone.
   */
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  /**
   * Values for In and NotIn.
   *
   * Items: Value of a label: at most 63 letters, digits, '-', '_' and '.', or nothing.
   */
  readonly values?: readonly string[];
}
/**
 * Kept for aad-pod-identity; not used.
 */
export interface AzureIdentityStatus {
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly availableReplicas?: number;
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly metadata?: Readonly<Record<string, never>>;
}

/**
 * One person's decision on one AzureIdentityAccessGrant of the same namespace. It counts when grantName, grantUID and bindingName all are the grant's. It cannot be changed; a Deny, whoever it is from, ends the grant for good.
 */
export interface AzureIdentityAccessApprovalObject {
  readonly apiVersion: "aadpodidentity.k8s.io/v1";
  readonly kind: "AzureIdentityAccessApproval";
  readonly metadata: ObjectMeta;
  readonly spec: AzureIdentityAccessApprovalSpec;
}
/**
 * Who decides what about which grant.
 */
export interface AzureIdentityAccessApprovalSpec {
  /**
   * Name of an AzureIdentityAccessGrant in this approval's namespace: lower-case letters, digits, '-' and '.'.
   */
  readonly grantName: string;
  /**
   * The grant's metadata.uid, so that the approval does not carry over to another grant of that name: letters, digits, '-', '_' and '.'.
   */
  readonly grantUID: string;
  /**
   * The grant's bindingName, since the right to approve belongs to a binding: lower-case letters, digits, '-' and '.'.
   */
  readonly bindingName: string;
  /**
   * User name of who decides, exactly as the API server knows it, such as bob@example.com. Admission refuses any other name than that of who creates the approval. Each approver counts once, and the requester not at all.
   */
  readonly approver: string;
  /**
   * Approve, or Deny: that ends the grant for good, whatever others decide.
   */
  readonly decision: "Approve" | "Deny";
  /**
   * Anything to add, in at most 1024 characters.
   */
  readonly comment?: string;
}

/**
 * Asks for just-in-time access through one AzureIdentityBinding whose time box has jit. The time begins when the grant has all its approvals, or at notBefore if that is later. To extend access create another grant; to end it set revoked. Nothing else can be changed.
 */
export interface AzureIdentityAccessGrantObject {
  readonly apiVersion: "aadpodidentity.k8s.io/v1";
  readonly kind: "AzureIdentityAccessGrant";
  readonly metadata: ObjectMeta;
  readonly spec: AzureIdentityAccessGrantSpec;
  readonly status?: AzureIdentityAccessGrantStatus;
}
/**
 * Who asks for which binding, why, and for how long.
 */
export interface AzureIdentityAccessGrantSpec {
  /**
   * Name of an AzureIdentityBinding in this grant's namespace: lower-case letters, digits, '-' and '.'.
   */
  readonly bindingName: string;
  /**
   * User name of who asks, exactly as the API server knows it, such as alice@example.com or system:serviceaccount:shop:oncall-bot. Admission refuses any other name than that of who creates the grant. The requester's own approval does not count.
   */
  readonly requester: string;
  /**
   * Why access is needed, in 10 to 1024 characters. Approvers decide by it, and it goes into the audit record.
   */
  readonly justification: string;
  /**
   * The ticket or incident that this belongs to, as a number or an address of at most 256 characters.
   */
  readonly ticket?: string;
  /**
   * A duration in hours, minutes and seconds, in this order, such as 90m, 1h30m or 45m30s; from 1m to 8784h. The binding's jit.maxDuration shortens it, also when that is lowered later.
   */
  readonly for: string;
  /**
   * An instant with its zone, such as 2027-01-01T00:00:00Z or 2027-01-01T00:00:00+01:00, whole seconds, years 2000 to 2099. Access does not begin earlier; absent means as soon as it is approved.
   */
  readonly notBefore?: string;
  /**
   * Name of the only pod that this grant is for: lower-case letters, digits, '-' and '.'. Absent means every pod that the binding selects.
   */
  readonly podName?: string;
  /**
   * true ends this grant for good, also before it began. Pods that have a token already keep it until it expires.
   */
  readonly revoked?: boolean;
  /**
   * User name of who revokes, exactly as the API server knows it. Admission refuses any other name; frozen once revoked is true.
   */
  readonly revokedBy?: string;
  /**
   * Why the grant was revoked, in at most 1024 characters; frozen once revoked is true.
   */
  readonly revokeReason?: string;
}
/**
 * What the controller saw. For display; nothing reads it to decide.
 */
export interface AzureIdentityAccessGrantStatus {
  /**
   * The generation of the grant that was judged.
   */
  readonly observedGeneration?: number;
  /**
   * Pending (lacks approvals), Scheduled (approved, begins later), Active, Expired, TimedOut (approved too late or never), Denied, Revoked, Void (no such binding, or one that is newer than the grant or has no jit), or NotBelieved (written while admission policies did not vouch for who asks).
   */
  readonly state?: string;
  /**
   * Why the grant is NotBelieved, and what to do about it; absent in other states.
   */
  readonly message?: string;
  /**
   * When access begins or began, RFC 3339 in UTC; absent while approvals are lacking.
   */
  readonly start?: string;
  /**
   * When access ends or ended, RFC 3339 in UTC; while approvals are lacking, the last instant at which they count.
   */
  readonly until?: string;
}

/**
 * Lets the pods that it selects use one AzureIdentity, always or within a time box.
 */
export interface AzureIdentityBindingObject {
  readonly apiVersion: "aadpodidentity.k8s.io/v1";
  readonly kind: "AzureIdentityBinding";
  readonly metadata: ObjectMeta;
  readonly spec?: AzureIdentityBindingSpec;
  readonly status?: AzureIdentityBindingStatus;
}
/**
 * Which identity, which pods, and when.
 */
export interface AzureIdentityBindingSpec {
  /**
   * Name of an AzureIdentity in this binding's namespace.
   */
  readonly azureIdentity?: string;
  /**
   * Selects the pods whose label aadpodidbinding has exactly this value. A plain text, not a label selector; see match for those. A binding with neither selector nor match selects nothing.
   */
  readonly selector?: string;
  /**
   * When several identities fit a pod and its request names none, the highest weight wins; of equal weights the first by namespace/name.
   */
  readonly weight?: number;
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly metadata?: Readonly<Record<string, never>>;
  readonly match?: AzureIdentityBindingSpecMatch;
  readonly timeBox?: AzureIdentityBindingSpecTimeBox;
}
/**
 * Selects pods beyond the classic label. A pod must fit all given parts, and selector too if that is given. Without selector, match selects among the pods of this binding's own namespace.
 */
export interface AzureIdentityBindingSpecMatch {
  readonly podSelector?: AzureIdentityBindingSpecMatchPodSelector;
  /**
   * Service accounts of pods, by name; each is looked for in the pod's own namespace.
   *
   * Items: Name of a service account: lower-case letters, digits, '-' and '.', without a namespace.
   */
  readonly serviceAccounts?: readonly string[];
  /**
   * Pods by name.
   *
   * Items: Name of a pod: lower-case letters, digits, '-' and '.'.
   */
  readonly pods?: readonly string[];
  /**
   * Pods by the SPIFFE ID of their workload; one must be equal.
   *
   * Items: A SPIFFE ID such as spiffe://example.org/ns/shop/sa/frontend.
   */
  readonly spiffeIDs?: readonly string[];
}
/**
 * Pods by their labels; all requirements must hold. {} is every pod.
 */
export interface AzureIdentityBindingSpecMatchPodSelector {
  /**
   * Labels that the pod must have, with exactly these values.
   */
  readonly matchLabels?: {
    /**
     * Value of a label: at most 63 letters, digits, '-', '_' and '.', or nothing.
     */
    readonly [k: string]: string;
  };
  /**
   * Requirements on labels; all must hold.
   */
  readonly matchExpressions?: readonly AzureIdentityBindingSpecMatchPodSelectorMatchExpressionsItem[];
}
export interface AzureIdentityBindingSpecMatchPodSelectorMatchExpressionsItem {
  /**
   * Key of a label, such as app or example.com/team.
   */
  readonly key: string;
  /**
   * In and NotIn compare with values; Exists and DoesNotExist look at the key alone.
   */
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  /**
   * Values for In and NotIn.
   *
   * Items: Value of a label: at most 63 letters, digits, '-', '_' and '.', or nothing.
   */
  readonly values?: readonly string[];
}
/**
 * When this binding is in force; absent means always. A time box limits when NMI hands out tokens. It does not recall them. All limits that are given must hold, and every interval includes its first second and excludes its last.
 */
export interface AzureIdentityBindingSpecTimeBox {
  /**
   * Kill switch: true closes the box, whatever else is written.
   */
  readonly suspend?: boolean;
  /**
   * An instant with its zone, such as 2027-01-01T00:00:00Z or 2027-01-01T00:00:00+01:00, whole seconds, years 2000 to 2099. The first second in force.
   */
  readonly notBefore?: string;
  /**
   * An instant with its zone, such as 2027-01-01T00:00:00Z or 2027-01-01T00:00:00+01:00, whole seconds, years 2000 to 2099. The first second no longer in force.
   */
  readonly notAfter?: string;
  /**
   * The box is closed unless every one of these is running.
   */
  readonly durations?: readonly AzureIdentityBindingSpecTimeBoxDurationsItem[];
  /**
   * What opens the box within the other limits. Always: nothing more is needed. Schedule: a window must be open. Grant: a just-in-time grant must be active. ScheduleOrGrant: either. ScheduleAndGrant: both.
   */
  readonly openWhen?: "Always" | "Schedule" | "Grant" | "ScheduleOrGrant" | "ScheduleAndGrant";
  /**
   * A time zone by its IANA name in exact case, such as Europe/Berlin or UTC; no offsets, no abbreviations. There is no default, and an unknown zone closes the box.
   */
  readonly timeZone?: string;
  /**
   * Recurring openings: one of them must be open. Within a window all given fields must hold, within a field one of its entries. Days are those of the zone's wall clock; a window past midnight belongs to the day on which it starts. Quote all values.
   */
  readonly windows?: readonly AzureIdentityBindingSpecTimeBoxWindowsItem[];
  /**
   * Closed times that beat windows and, without exemptGrants, grants; written like windows. An exclusion acts on instants: a window that began the evening before stays open past midnight. Quote all values.
   */
  readonly exclusions?: readonly AzureIdentityBindingSpecTimeBoxExclusionsItem[];
  readonly jit?: AzureIdentityBindingSpecTimeBoxJit;
  readonly token?: AzureIdentityBindingSpecTimeBoxToken;
  readonly assignment?: AzureIdentityBindingSpecTimeBoxAssignment;
}
export interface AzureIdentityBindingSpecTimeBoxDurationsItem {
  /**
   * What starts the duration: PodStart (status.startTime of the pod; restarts of containers do not move it) or BindingCreation (deleting and creating the binding starts it again).
   */
  readonly from: "PodStart" | "BindingCreation";
  /**
   * A duration in hours, minutes and seconds, in this order, such as 90m, 1h30m or 45m30s; from 1m to 8784h.
   */
  readonly for: string;
}
export interface AzureIdentityBindingSpecTimeBoxWindowsItem {
  /**
   * A name for messages, at most 63 characters. Reasons show it; without it they show the position.
   */
  readonly name?: string;
  /**
   * Times of day. Absent means the whole day.
   */
  readonly times?: readonly AzureIdentityBindingSpecTimeBoxWindowsItemTimesItem[];
  /**
   * Days of the week.
   *
   * Items: A day of the week or a range with '..', such as Mon, Mon..Fri or Fri..Mon.
   */
  readonly weekdays?: readonly string[];
  /**
   * Days of the month.
   *
   * Items: A day of the month or a range with '..', such as "1", "8..14", "-1" (the last day) or "20..-1". A range may not run into the next month.
   */
  readonly daysOfMonth?: readonly string[];
  /**
   * Months.
   *
   * Items: A month or a range with '..', such as Jan, Apr..Jun or Nov..Feb.
   */
  readonly months?: readonly string[];
  /**
   * Years.
   *
   * Items: A year from 2000 to 2099 or a range with '..', such as "2026" or "2026..2027".
   */
  readonly years?: readonly string[];
  /**
   * Dates of the zone's calendar.
   *
   * Items: A date or a range with '..', such as "2026-12-24", "12-25" (every year), "2026-12-24..2027-01-02" or "12-24..01-02"; both ends in the same form, years 2000 to 2099.
   */
  readonly dates?: readonly string[];
  /**
   * A time zone by its IANA name in exact case, such as Europe/Berlin or UTC; no offsets, no abbreviations. There is no default, and an unknown zone closes the box.
   */
  readonly timeZone?: string;
}
export interface AzureIdentityBindingSpecTimeBoxWindowsItemTimesItem {
  /**
   * A time of day on the 24-hour clock, such as "09:00" or "22:30". Included in the window.
   */
  readonly start: string;
  /**
   * A time of day on the 24-hour clock, such as "17:00" or "24:00". Excluded from the window; earlier than start means the next morning.
   */
  readonly end: string;
}
export interface AzureIdentityBindingSpecTimeBoxExclusionsItem {
  /**
   * A name for messages, at most 63 characters. Reasons show it; without it they show the position.
   */
  readonly name?: string;
  /**
   * Times of day. Absent means the whole day.
   */
  readonly times?: readonly AzureIdentityBindingSpecTimeBoxExclusionsItemTimesItem[];
  /**
   * Days of the week.
   *
   * Items: A day of the week or a range with '..', such as Mon, Mon..Fri or Fri..Mon.
   */
  readonly weekdays?: readonly string[];
  /**
   * Days of the month.
   *
   * Items: A day of the month or a range with '..', such as "1", "8..14", "-1" (the last day) or "20..-1". A range may not run into the next month.
   */
  readonly daysOfMonth?: readonly string[];
  /**
   * Months.
   *
   * Items: A month or a range with '..', such as Jan, Apr..Jun or Nov..Feb.
   */
  readonly months?: readonly string[];
  /**
   * Years.
   *
   * Items: A year from 2000 to 2099 or a range with '..', such as "2026" or "2026..2027".
   */
  readonly years?: readonly string[];
  /**
   * Dates of the zone's calendar.
   *
   * Items: A date or a range with '..', such as "2026-12-24", "12-25" (every year), "2026-12-24..2027-01-02" or "12-24..01-02"; both ends in the same form, years 2000 to 2099.
   */
  readonly dates?: readonly string[];
  /**
   * A time zone by its IANA name in exact case, such as Europe/Berlin or UTC; no offsets, no abbreviations. There is no default, and an unknown zone closes the box.
   */
  readonly timeZone?: string;
  /**
   * true: this exclusion does not close the box while a grant is active. Default false.
   */
  readonly exemptGrants?: boolean;
}
export interface AzureIdentityBindingSpecTimeBoxExclusionsItemTimesItem {
  /**
   * A time of day on the 24-hour clock, such as "09:00" or "22:30". Included in the window.
   */
  readonly start: string;
  /**
   * A time of day on the 24-hour clock, such as "17:00" or "24:00". Excluded from the window; earlier than start means the next morning.
   */
  readonly end: string;
}
/**
 * Just-in-time access, by AzureIdentityAccessGrant and AzureIdentityAccessApproval. Needs openWhen with Grant.
 */
export interface AzureIdentityBindingSpecTimeBoxJit {
  /**
   * A duration in hours, minutes and seconds, in this order, such as 90m, 1h30m or 45m30s; from 1m to 8784h.
   */
  readonly maxDuration: string;
  /**
   * How many others must approve a grant, 0 to 8. 0 means that who may activate need ask nobody.
   */
  readonly approvals: number;
  /**
   * How long a grant waits for approvals: a duration such as 90m or 24h, from 1m to 8784h.
   */
  readonly approvalTimeout?: string;
  /**
   * When the identity is put on the node ahead of access: OnApproval (default), OnRequest, or Always. The earlier, the faster access begins, and the longer whatever bypasses NMI on that node could use it.
   */
  readonly preProvision?: "OnRequest" | "OnApproval" | "Always";
}
/**
 * Limits on the tokens themselves. They restrict nothing by themselves.
 */
export interface AzureIdentityBindingSpecTimeBoxToken {
  /**
   * Tell clients that the token ends when the box closes, so that they come back. Default true.
   */
  readonly clampResponse?: boolean;
  /**
   * A duration such as 30s, 5m or 0s, at most 8784h. Tokens are refused when less than this is left in the box. Default 0s. For jobs that cannot use a short time.
   */
  readonly minLifetime?: string;
  /**
   * A duration such as 1h, 30m or 0s, at most 8784h. Tokens are refused that would really live longer than the box by more than this; absent means no bound. The only hard bound: with managed identities, whose tokens live about 24 hours, it refuses nearly always, so pair it with service principals.
   */
  readonly maxOverhang?: string;
}
/**
 * When the identity is put on the node and taken off it, for type 0. They restrict nothing by themselves.
 */
export interface AzureIdentityBindingSpecTimeBoxAssignment {
  /**
   * A duration such as 180s, 5m or 0s, at most 8784h. The identity is assigned so long before the box opens. Default 180s. The longer, the longer whatever bypasses NMI on that node could use it.
   */
  readonly leadTime?: string;
  /**
   * A duration such as 26h, 90m or 0s, at most 8784h. The identity stays assigned when the box opens again so soon. Default 26h; 0s takes it off at every close.
   */
  readonly keepIfReopensWithin?: string;
}
/**
 * What the controller saw. For display; nothing reads it to decide.
 */
export interface AzureIdentityBindingStatus {
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly availableReplicas?: number;
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly metadata?: Readonly<Record<string, never>>;
  /**
   * TimeBoxValid (False closes the box), InForce (open now), Provisioned (the identity is on every node that needs it), NeverOpens, DSTSensitive (a change of the clock changes a window), BoundariesUnknown (a custom policy does not say when its answer changes).
   */
  readonly conditions?: readonly AzureIdentityBindingStatusConditionsItem[];
  readonly timeBox?: AzureIdentityBindingStatusTimeBox;
}
export interface AzureIdentityBindingStatusConditionsItem {
  /**
   * Name of the condition: a CamelCase word, with a prefix such as example.com/ when others write it.
   */
  readonly type: string;
  /**
   * Whether it holds, or that this is not known.
   */
  readonly status: "True" | "False" | "Unknown";
  /**
   * The generation of the binding that was judged.
   */
  readonly observedGeneration?: number;
  /**
   * When status changed last.
   */
  readonly lastTransitionTime: string;
  /**
   * Why, as one CamelCase word for programs: letters, digits, '_', ',' and ':'.
   */
  readonly reason: string;
  /**
   * Why, as a sentence for people.
   */
  readonly message: string;
}
/**
 * The time box as the policy judged it last.
 */
export interface AzureIdentityBindingStatusTimeBox {
  /**
   * The generation of the binding that was judged.
   */
  readonly observedGeneration?: number;
  /**
   * The policy bundle that judged it.
   */
  readonly policyDigest?: string;
  /**
   * The release of the time zone data that was used.
   */
  readonly tzdata?: string;
  /**
   * Yes, No, or PerPod when the answer depends on the pod; then see status.inForce of each AzureAssignedIdentity.
   */
  readonly inForce?: "Yes" | "No" | "PerPod";
  /**
   * What opens the box (NotLimited, InWindow, Granted, DurationRunning), or the first reason why it is closed.
   */
  readonly reason?: string;
  /**
   * When the controller saw the last change, RFC 3339 in UTC.
   */
  readonly since?: string;
  /**
   * When the answer changes next, RFC 3339 in UTC; absent when no change is in sight.
   */
  readonly nextTransition?: string;
  /**
   * What the box will be then, open or closed.
   */
  readonly nextState?: "open" | "closed";
  /**
   * Names of the grants that are active now.
   */
  readonly activeGrants?: readonly string[];
}

/**
 * Pods of this namespace that NMI passes through to the platform's own metadata service.
 */
export interface AzurePodIdentityExceptionObject {
  readonly apiVersion: "aadpodidentity.k8s.io/v1";
  readonly kind: "AzurePodIdentityException";
  readonly metadata: ObjectMeta;
  readonly spec?: AzurePodIdentityExceptionSpec;
  readonly status?: AzurePodIdentityExceptionStatus;
}
/**
 * Which pods are excepted.
 */
export interface AzurePodIdentityExceptionSpec {
  /**
   * Labels of the excepted pods. A pod that has any one of them is excepted; keys are compared exactly, values without regard to case.
   */
  readonly podLabels?: {
    readonly [k: string]: string;
  };
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly metadata?: Readonly<Record<string, never>>;
}
/**
 * Kept for aad-pod-identity; not used.
 */
export interface AzurePodIdentityExceptionStatus {
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly status?: string;
  /**
   * Kept for aad-pod-identity; not used.
   */
  readonly metadata?: Readonly<Record<string, never>>;
}
