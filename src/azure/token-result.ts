/** A token as Azure gave it; the JWT is never changed. */
export interface UpstreamToken {
  readonly accessToken: string;
  readonly expiresOnSeconds: number;
  readonly notBeforeSeconds: number;
}

export interface TokenFailure {
  /**
   * identityNotFound: IMDS does not (yet) know the identity. refused: definitive (AADSTS, 4xx).
   * throttled: 429. unavailable: network, 5xx, nonsense. credential: the Secret is missing or unusable.
   * unsupported: an identity type that is not served.
   */
  readonly kind: "identityNotFound" | "refused" | "throttled" | "unavailable" | "credential" | "unsupported";
  readonly retryAfterSeconds: number | null;
  /** Text for people; holds no secret. */
  readonly detail: string;
}

export interface FailedResult {
  readonly ok: false;
  readonly failure: TokenFailure;
}

export type TokenResult = { readonly ok: true; readonly token: UpstreamToken } | FailedResult;

/** The parts of an AzureIdentity that decide how its tokens are got. */
export interface AzureIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly spec: {
    /** 0 managed identity, 1 service principal with a secret, 2 with a certificate. */
    readonly type: number;
    readonly resourceID: string;
    readonly clientID: string;
    readonly objectID: string;
    readonly tenantID: string;
    /** Replaces the cloud's Entra endpoint; empty for the cloud's own. */
    readonly adEndpoint: string;
    readonly clientPassword: { readonly namespace: string; readonly name: string } | null;
  };
}

export interface TokenRequest {
  readonly identity: AzureIdentity;
  /** As the pod asked for it: never trimmed, since the token's audience keeps a slash. */
  readonly resource: string;
  readonly signal: AbortSignal;
}

/** A failed acquisition. `detail` names the place and the fix, never a secret. */
export function failed(
  kind: TokenFailure["kind"],
  detail: string,
  retryAfterSeconds: number | null = null,
): FailedResult {
  return { ok: false, failure: { kind, retryAfterSeconds, detail } };
}
