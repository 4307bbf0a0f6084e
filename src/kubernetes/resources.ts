import type { JsonObject } from "./json.ts";

/**
 * The Kubernetes objects that podid reads, without the fields that it does not. The types are the
 * ones of src/engine/resources.ts, written again because this folder does not know who asks; a test
 * keeps the two assignable. Field meanings: DESIGN §3, reference/aad-pod-identity.md §1.
 */

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** Node name; empty while the pod is not scheduled. */
  readonly node: string;
  /** Pending, Running, Succeeded, Failed or Unknown; empty when the object does not say. */
  readonly phase: string;
  /** RFC 3339, as the kubelet wrote it; null until then. */
  readonly startTime: string | null;
  /** `status.podIPs`, canonical text. */
  readonly addresses: readonly string[];
  readonly hostNetwork: boolean;
  /** RFC 3339: somebody has deleted the pod, and its grace ends then. */
  readonly deletionTimestamp?: string;
}

export interface Node {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `spec.providerID`; empty when the cloud provider has not set it. */
  readonly providerID: string;
}

export interface Namespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
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
    /** As written; the policy reads it. */
    readonly timeBox: JsonObject | null;
  };
}

export interface AzurePodIdentityException extends StoredObject {
  readonly spec: { readonly podLabels: Readonly<Record<string, string>> };
}

/** Asks for just-in-time access through one binding (reference/time-boxes.md §2.4). */
export interface AzureIdentityAccessGrant extends CountedObject {
  readonly spec: {
    readonly bindingName: string;
    readonly requester: string;
    readonly justification: string;
    readonly ticket: string;
    /** A duration such as 1h30m. */
    readonly for: string;
    /** RFC 3339; null when access may begin as soon as it is approved. */
    readonly notBefore: string | null;
    /** The only pod that it is for; null when it is for every pod of the binding. */
    readonly podName: string | null;
    readonly revoked: boolean;
    readonly revokedBy: string;
    readonly revokeReason: string;
  };
}

/** One decision on one grant (reference/time-boxes.md §2.4). */
export interface AzureIdentityAccessApproval extends StoredObject {
  readonly spec: {
    readonly grantName: string;
    readonly grantUID: string;
    readonly bindingName: string;
    readonly approver: string;
    /** Approve or Deny; the policy counts no other. */
    readonly decision: string;
    readonly comment: string;
  };
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
