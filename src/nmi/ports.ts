import type {
  AzureAssignedIdentity,
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  Key,
  Pod,
} from "../engine/resources.ts";

/** What NMI reads from the cluster; src/kubernetes' ResourceSource fits by shape. */
export interface Resources {
  list(kind: "Pod"): readonly Pod[];
  list(kind: "AzureAssignedIdentity"): readonly AzureAssignedIdentity[];
  list(kind: "AzureIdentityAccessGrant"): readonly AzureIdentityAccessGrant[];
  list(kind: "AzureIdentityAccessApproval"): readonly AzureIdentityAccessApproval[];
  get(kind: "Pod", key: Key): Pod | undefined;
  get(kind: "AzureAssignedIdentity", key: Key): AzureAssignedIdentity | undefined;
  get(kind: "AzureIdentity", key: Key): AzureIdentity | undefined;
  get(kind: "AzureIdentityBinding", key: Key): AzureIdentityBinding | undefined;
  /** Calls `listener` after each change that reads can already see. Returns the way to stop. */
  subscribe(listener: (change: { readonly kind: string; readonly key: Key }) => void): () => void;
  ageSeconds(): number;
  /** Takes an event at once; equal ones are counted, not repeated. Absent: nobody is told. */
  recordEvent?(event: {
    readonly kind: "AzureIdentityBinding";
    readonly key: Key;
    readonly type: "Normal" | "Warning";
    readonly reason: "TokenIssued" | "TokenDenied";
    readonly message: string;
    readonly related: { readonly kind: "Pod"; readonly key: Key };
  }): void;
}

/** A token as Azure gave it; the JWT is never changed. */
export interface UpstreamToken {
  readonly accessToken: string;
  readonly expiresOnSeconds: number;
  readonly notBeforeSeconds: number;
}

export interface TokenFailure {
  /**
   * identityNotFound: IMDS does not (yet) know the identity. refused: definitive (AADSTS, 403).
   * throttled: 429. unavailable: network, 5xx, nonsense. credential: the Secret is missing or unusable.
   * unsupported: an identity type that is not served.
   */
  readonly kind: "identityNotFound" | "refused" | "throttled" | "unavailable" | "credential" | "unsupported";
  readonly retryAfterSeconds: number | null;
  /** Text for people; holds no secret. */
  readonly detail: string;
}

export type TokenResult =
  | { readonly ok: true; readonly token: UpstreamToken }
  | { readonly ok: false; readonly failure: TokenFailure };

/** Gets tokens for identities of types 0, 1 and 2; src/azure fits by shape. */
export interface TokenSource {
  acquire(request: {
    readonly identity: AzureIdentity;
    readonly resource: string;
    readonly signal: AbortSignal;
  }): Promise<TokenResult>;
}

/** The platform's own metadata service. Paths and queries are built by us, never copied. */
export interface PlatformMetadata {
  fetchToken(request: {
    readonly resource: string;
    readonly clientID?: string;
    readonly objectID?: string;
    readonly resourceID?: string;
    readonly signal: AbortSignal;
  }): Promise<{
    readonly status: number;
    readonly body: string;
    /** What IMDS asks for with a 429; null: nothing. */
    readonly retryAfterSeconds: number | null;
  }>;
  /** Reads what stands at /metadata/ and these segments. A failed call is an answer too: 503. */
  fetchMetadata(request: {
    readonly path: readonly string[];
    readonly apiVersion?: string;
    readonly format?: "json" | "text";
    readonly signal: AbortSignal;
  }): Promise<{
    readonly status: number;
    readonly contentType: string;
    readonly body: string;
    /** As of `fetchToken`. */
    readonly retryAfterSeconds: number | null;
  }>;
}
