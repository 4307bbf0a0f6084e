/**
 * The Kubernetes objects as podid uses them: parsed at the edge, so that what stands here needs no
 * second look. src/kubernetes produces values of these shapes without knowing this file.
 * Field meanings: DESIGN §3, reference/aad-pod-identity.md §1.
 */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** `namespace/name`. */
export type Key = string;

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** Node name; empty while the pod is not scheduled. */
  readonly node: string;
  /** Pending, Running, Succeeded, Failed or Unknown. */
  readonly phase: string;
  /** RFC 3339, as the kubelet wrote it; null until then. */
  readonly startTime: string | null;
  /** `status.podIPs`, canonical text. */
  readonly addresses: readonly string[];
  readonly hostNetwork: boolean;
  /** RFC 3339: somebody has deleted the pod, and its grace ends then. */
  readonly deletionTimestamp?: string;
}

interface StoredObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Changes whenever the object does; compared for equality only. */
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339; null when the source does not know it. */
  readonly creationTimestamp: string | null;
}

interface CountedObject extends StoredObject {
  /** Which edit of its spec this is; absent where no API server counts. */
  readonly generation?: number;
}

export interface SecretReference {
  readonly namespace: string;
  readonly name: string;
}

export interface AzureIdentity extends StoredObject {
  readonly spec: {
    /** 0 managed identity, 1 secret, 2 certificate, 3 federated; others are stored but unsupported. */
    readonly type: number;
    readonly resourceID: string;
    readonly clientID: string;
    readonly objectID: string;
    readonly tenantID: string;
    readonly auxiliaryTenantIDs: readonly string[];
    readonly adEndpoint: string;
    readonly clientPassword: SecretReference | null;
    /** As written; the policy reads it. */
    readonly usableBy: JsonObject | null;
  };
}

export interface AzureIdentityBinding extends CountedObject {
  readonly spec: {
    readonly azureIdentity: string;
    readonly selector: string;
    readonly weight: number;
    /** As written; the policy reads it. */
    readonly match: JsonObject | null;
    /** As written; the policy reads it, src/timebox/candidates.ts looks for instants in it. */
    readonly timeBox: JsonObject | null;
  };
}

/** A request for just-in-time access through a binding of its namespace (reference/time-boxes.md §2.4). */
export interface AzureIdentityAccessGrant extends CountedObject {
  readonly spec: {
    readonly bindingName: string;
    readonly requester: string;
    readonly justification: string;
    readonly ticket: string;
    /** A duration such as `90m`; the policy reads it. */
    readonly for: string;
    readonly notBefore: string | null;
    /** Name of the only pod that it is for. */
    readonly podName: string | null;
    readonly revoked: boolean;
    readonly revokedBy: string;
    readonly revokeReason: string;
  };
}

/** What somebody says to a grant of the same namespace; it names the grant's uid, so that it cannot outlive it. */
export interface AzureIdentityAccessApproval extends StoredObject {
  readonly spec: {
    readonly grantName: string;
    readonly grantUID: string;
    readonly bindingName: string;
    readonly approver: string;
    /** Approve or Deny; the policy ignores anything else. */
    readonly decision: string;
    readonly comment: string;
  };
}

export interface AzurePodIdentityException extends StoredObject {
  readonly spec: { readonly podLabels: Readonly<Record<string, string>> };
}

export interface Namespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export type AssignedIdentityState = "" | "Created" | "Assigned" | "Unassigned";

export interface AzureAssignedIdentity extends StoredObject {
  readonly labels: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  /** Somebody has deleted it, and its finalizers alone still keep it. */
  readonly isGoing?: true;
  readonly spec: {
    readonly pod: string;
    readonly podNamespace: string;
    readonly nodename: string;
    /** Snapshots, as the reference stores them. */
    readonly azureIdentityRef: AzureIdentity | null;
    readonly azureBindingRef: AzureIdentityBinding | null;
  };
  readonly status: {
    readonly status: AssignedIdentityState;
    /** For display; nothing reads them to decide. */
    readonly inForce: boolean | null;
    readonly validUntil: string | null;
  };
}

/** Everything a decision may depend on besides its own input (DESIGN §4: `data.cluster`). */
export interface ClusterResources {
  readonly identities: readonly AzureIdentity[];
  readonly bindings: readonly AzureIdentityBinding[];
  readonly exceptions: readonly AzurePodIdentityException[];
  readonly namespaces: readonly Namespace[];
  readonly grants: readonly AzureIdentityAccessGrant[];
  readonly approvals: readonly AzureIdentityAccessApproval[];
}
