import type {
  AssignedIdentityState,
  AzureAssignedIdentity,
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  JsonObject,
  Key,
  Pod,
} from "../engine/resources.ts";

/** An AzureAssignedIdentity to be written; the store knows uid, resourceVersion and creationTimestamp. */
export type NewAssignedIdentity = Omit<
  AzureAssignedIdentity,
  "uid" | "resourceVersion" | "creationTimestamp"
>;

export interface Node {
  readonly name: string;
  /** `azure:///subscriptions/…/virtualMachines/n` or `…/virtualMachineScaleSets/s/virtualMachines/i`. */
  readonly providerID: string;
}

/** The kinds whose status shows what the policy says of them. */
export type StatusKind = "AzureIdentityBinding" | "AzureIdentityAccessGrant";

/** A grant that counts for nothing, and why, in words for its requester. */
export interface UnbelievedGrant {
  readonly grant: AzureIdentityAccessGrant;
  readonly why: string;
}

/** What the controller reads and writes; src/kubernetes' ResourceSource fits by shape. */
export interface Cluster {
  list(kind: "Pod"): readonly Pod[];
  list(kind: "AzureAssignedIdentity"): readonly AzureAssignedIdentity[];
  list(kind: "AzureIdentityBinding"): readonly AzureIdentityBinding[];
  list(kind: "AzureIdentityAccessGrant"): readonly AzureIdentityAccessGrant[];
  list(kind: "AzureIdentityAccessApproval"): readonly AzureIdentityAccessApproval[];
  get(kind: "Pod", key: Key): Pod | undefined;
  get(kind: "Node", name: string): Node | undefined;
  get(kind: "AzureIdentity", key: Key): AzureIdentity | undefined;
  get(kind: "AzureIdentityBinding", key: Key): AzureIdentityBinding | undefined;
  get(kind: "AzureAssignedIdentity", key: Key): AzureAssignedIdentity | undefined;
  get(kind: "AzureIdentityAccessGrant", key: Key): AzureIdentityAccessGrant | undefined;
  /** What the object shows now. Its changes alone are told to nobody. */
  statusOf(kind: StatusKind, key: Key): JsonObject | undefined;
  subscribe(listener: (change: { readonly kind: string; readonly key: Key }) => void): () => void;
  /** Grants that reads do not show, because nobody vouches for who wrote them; absent where reads show every grant. */
  readonly unbelieved?: {
    list(): readonly AzureIdentityAccessGrant[];
    get(key: Key): UnbelievedGrant | undefined;
  };
  /** Rejects with an Error whose `code` is `AlreadyExists` when one with the same namespace and name is there. */
  createAssignedIdentity(object: NewAssignedIdentity): Promise<AzureAssignedIdentity>;
  /** Takes the place of the object with the same namespace and name; rejects when there is none. */
  replaceAssignedIdentity(object: NewAssignedIdentity): Promise<void>;
  patchAssignedIdentityStatus(
    key: Key,
    patch: {
      readonly status?: AssignedIdentityState;
      readonly inForce?: boolean | null;
      readonly validUntil?: string | null;
      /** Those to be added, or to have another value. */
      readonly annotations?: Readonly<Record<string, string>>;
    },
  ): Promise<void>;
  deleteAssignedIdentity(key: Key): Promise<void>;
  /** Makes `status` what podid owns of the status; others' fields stay. */
  applyBindingStatus(key: Key, status: JsonObject): Promise<void>;
  applyGrantStatus(key: Key, status: JsonObject): Promise<void>;
  recordEvent(event: {
    readonly kind:
      | "AzureIdentity"
      | "AzureIdentityBinding"
      | "AzureIdentityAccessGrant"
      | "AzureAssignedIdentity";
    readonly key: Key;
    readonly type: "Normal" | "Warning";
    readonly reason: string;
    readonly message: string;
    /** Events about different pods are not repetitions of one. */
    readonly related?: { readonly kind: "Pod"; readonly key: Key };
  }): void;
}

export interface ComputeFailure {
  /**
   * notFound: the VM is gone. deleting: it is about to, so nothing was sent. conflict: another change is running.
   * throttled: 429. refused: 4xx that will not heal by itself; `identities` names the culprits when ARM
   * did: those that were sent as they were sent, and others as ARM wrote them. forbidden: podid itself is refused, whatever it asks of this target. unavailable: outcome unknown.
   */
  readonly kind: "notFound" | "deleting" | "conflict" | "throttled" | "refused" | "forbidden" | "unavailable";
  readonly retryAfterSeconds: number | null;
  readonly identities: readonly string[];
  readonly detail: string;
}

/** What became of the `unsent` identities of a change. */
interface Sought {
  /** Those that somebody else has put on the target. */
  readonly found?: readonly string[];
  /** Those of which no request that may have done anything has asked, with those found. */
  readonly unsent?: readonly string[];
}

export type ComputeResult = Sought &
  (
    | {
        readonly ok: true;
        readonly identities: readonly string[];
        /** Those of `identities` that are immutable and stay although they were to be removed. */
        readonly kept?: readonly string[];
      }
    | {
        readonly ok: false;
        readonly failure: ComputeFailure;
        /** What is on the target all the same, when that could be read: an earlier request may have done its part. */
        readonly identities?: readonly string[];
      }
  );

/** User-assigned identities of a VM or scale set, by ARM resource id; src/azure fits by shape. */
export interface Compute {
  /** Resource ids of the user-assigned identities now on `target`. */
  getIdentities(target: string, signal: AbortSignal): Promise<ComputeResult>;
  /**
   * Adds and removes in one PATCH, waits for the operation, verifies by GET and answers what is on
   * the target then. Nothing to change means no PATCH. Other identities on the target are kept, and
   * immutable ones whatever is asked.
   */
  changeIdentities(
    target: string,
    request: {
      readonly add: readonly string[];
      readonly remove: readonly string[];
      /** Those of `add` that ARM did not show before, and that podid has asked nobody for. */
      readonly unsent?: readonly string[];
    },
    signal: AbortSignal,
  ): Promise<ComputeResult>;
}
