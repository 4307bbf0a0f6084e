import type { JsonObject } from "./json.ts";
import type {
  AssignedIdentityState,
  AzureAssignedIdentity,
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  AzurePodIdentityException,
  Namespace,
  Node,
  Pod,
} from "./resources.ts";

/** The kinds a source serves, by the name its changes carry. */
export interface ResourceKinds {
  readonly Pod: Pod;
  readonly Node: Node;
  readonly Namespace: Namespace;
  readonly AzureIdentity: AzureIdentity;
  readonly AzureIdentityBinding: AzureIdentityBinding;
  readonly AzurePodIdentityException: AzurePodIdentityException;
  readonly AzureIdentityAccessGrant: AzureIdentityAccessGrant;
  readonly AzureIdentityAccessApproval: AzureIdentityAccessApproval;
  readonly AzureAssignedIdentity: AzureAssignedIdentity;
}
export type ResourceKind = keyof ResourceKinds;

/** The kinds whose status is for display and written by podid alone. */
export type StatusKind = "AzureIdentityBinding" | "AzureIdentityAccessGrant";

/** `key` is `namespace/name`, or the name alone for nodes and namespaces. */
export interface Change {
  readonly kind: ResourceKind;
  readonly key: string;
}

/** A new AzureAssignedIdentity; the store adds uid, resourceVersion and creationTimestamp. */
export type NewAssignedIdentity = Omit<
  AzureAssignedIdentity,
  "uid" | "resourceVersion" | "creationTimestamp"
>;

export interface AssignedIdentityStatusPatch {
  readonly status?: AssignedIdentityState;
  readonly inForce?: boolean | null;
  readonly validUntil?: string | null;
  /** Those to be added, or to have another value. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An event about an object, in the manner of events.k8s.io. */
export interface ResourceEvent {
  /** What a source serves, or the Lease by which a controller leads. */
  readonly kind: ResourceKind | "Lease";
  readonly key: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** A second object that it is about: events of a binding are told apart by the pod. */
  readonly related?: Change;
}

/** A grant or approval, and no other that took its name. */
export interface AccessRecord {
  readonly kind: "AzureIdentityAccessGrant" | "AzureIdentityAccessApproval";
  readonly key: string;
  readonly uid: string;
}

/**
 * The grants that reads do not show, because nobody vouches for who wrote them. Of those that come to be shown, or no
 * longer are, subscribers hear.
 */
export interface UnbelievedGrants {
  list(): readonly AzureIdentityAccessGrant[];
  /** The grant of this key, and why it is not believed; undefined when it is, or there is none. */
  get(key: string): { readonly grant: AzureIdentityAccessGrant; readonly why: string } | undefined;
}

/**
 * Where podid's objects come from and go to: a manifests directory, or an API server.
 * Reads are from memory and synchronous; writes are promises that settle when the store has them.
 */
export interface ResourceSource {
  list<K extends ResourceKind>(kind: K): readonly ResourceKinds[K][];
  get<K extends ResourceKind>(kind: K, key: string): ResourceKinds[K] | undefined;
  /** Calls `listener` after each change that reads can already see. Returns the way to stop. */
  subscribe(listener: (change: Change) => void): () => void;
  /** Seconds since the caches were last known to be true; 0 for a source that cannot lag. */
  ageSeconds(): number;
  /** The data of a Secret, decoded; undefined when there is none. Never cached by callers. */
  readSecret(namespace: string, name: string): Promise<ReadonlyMap<string, string> | undefined>;
  createAssignedIdentity(object: NewAssignedIdentity): Promise<AzureAssignedIdentity>;
  /**
   * Puts `object` in the place of the one with its namespace and name, all but uid and creationTimestamp.
   * @throws KubernetesError `NotFound`
   */
  replaceAssignedIdentity(object: NewAssignedIdentity): Promise<void>;
  patchAssignedIdentityStatus(key: string, patch: AssignedIdentityStatusPatch): Promise<void>;
  /** Removes the object and our finalizer; absent already is success. */
  deleteAssignedIdentity(key: string): Promise<void>;
  /**
   * Makes `status` the status that podid owns of a binding, or of a grant: fields that it does not name any
   * more go, fields of others stay.
   * @throws KubernetesError `NotFound`
   */
  applyBindingStatus(key: string, status: JsonObject): Promise<void>;
  applyGrantStatus(key: string, status: JsonObject): Promise<void>;
  /** The status of a binding or grant as it is now; undefined when there is none. Its changes are not told to subscribers. */
  statusOf(kind: StatusKind, key: string): JsonObject | undefined;
  /** Gone already, or replaced by one with another uid, is success. In a folder they are their owner's to delete. */
  deleteAccessRecord(record: AccessRecord): Promise<void>;
  /** Absent where reads show every grant. */
  readonly unbelieved?: UnbelievedGrants;
  recordEvent(event: ResourceEvent): void;
  close(): Promise<void>;
}
