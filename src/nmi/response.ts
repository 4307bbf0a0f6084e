import type { ReasonCode } from "../engine/reasons.ts";

/**
 * What each refusal looks like to a pod: the one table from outcome to HTTP status and IMDS body.
 * Statuses and Retry-After are chosen by what the SDKs do with them (reference/azure.md §1.3, §1.7):
 * 400 and 403 end the attempt at once, 404 without Retry-After gives every client its full patience.
 */
const table = {
  metadataHeaderMissing: { status: 400, error: "invalid_request" },
  invalidRequest: { status: 400, error: "invalid_request" },
  /** What follows on such a connection cannot be trusted to be a request (reference/reliability.md S14). */
  bodyNotServed: { status: 400, error: "invalid_request", headers: { connection: "close" } },
  methodNotAllowed: { status: 405, error: "method_not_allowed", headers: { allow: "GET" } },
  pathNotFound: { status: 404, error: "not_found" },
  unknownCaller: { status: 404, error: "not_found" },
  ambiguousCaller: { status: 503, error: "service_unavailable" },
  podReplaced: { status: 503, error: "service_unavailable" },
  denied: { status: 403, error: "access_denied" },
  /** Metadata of the platform that is not passed on here. */
  metadataBlocked: { status: 403, error: "access_denied" },
  pending: { status: 404, error: "not_found" },
  unbound: { status: 404, error: "not_found" },
  identityNotFound: { status: 400, error: "invalid_request" },
  /** `--set-retry-after-header`: what pending, unbound and identityNotFound become, as in aad-pod-identity. */
  notSelected: { status: 503, error: "service_unavailable", retryAfterSeconds: { least: 20, most: 20 } },
  /** More requests wait than may: 410 gives msal-node and msal4j 70 s of patience instead of 7 and 14. */
  tooManyHeld: { status: 410, error: "service_unavailable" },
  /** @azure/identity gives up on a 429 without Retry-After. */
  tooManyRequests: { status: 429, error: "too_many_requests", retryAfterSeconds: { least: 3, most: 10 } },
  upstreamRefused: { status: 403, error: "access_denied" },
  upstreamThrottled: { status: 429, error: "too_many_requests", retryAfterSeconds: { least: 3, most: 10 } },
  upstreamUnavailable: {
    status: 503,
    error: "service_unavailable",
    retryAfterSeconds: { least: 10, most: 10 },
  },
  draining: {
    status: 503,
    error: "service_unavailable",
    retryAfterSeconds: { least: 2, most: 2 },
    headers: { connection: "close" },
  },
  /** What the cluster holds is not known yet, or has not been for too long; it will be again by itself. */
  notReady: { status: 503, error: "service_unavailable", retryAfterSeconds: { least: 5, most: 5 } },
  /** Nobody reads this answer; the status is what the access log shows (nginx's convention). */
  clientGone: { status: 499, error: "client_closed_request" },
  internalError: { status: 500, error: "server_error" },
} as const satisfies Record<string, Row>;

interface Row {
  readonly status: number;
  readonly error: string;
  readonly retryAfterSeconds?: { readonly least: number; readonly most: number };
  readonly headers?: Readonly<Record<string, string>>;
}

export type RefusalKind = keyof typeof table;

export interface Refusal {
  readonly kind: RefusalKind;
  /** For people; shown to the pod, so it holds no secret and no foreign pod's name. */
  readonly description: string;
  readonly reasons: readonly ReasonCode[];
  /** What upstream asked for, if anything; the table bounds it. */
  readonly retryAfterSeconds?: number;
}

/** A request that is malformed or not served in this form, for good. */
export function invalid(description: string): Refusal {
  return { kind: "invalidRequest", description, reasons: [] };
}

/** The lifetime told to the client, in the words of IMDS; Unix seconds and seconds. */
export interface ToldLifetime {
  readonly expiresOnSeconds: number;
  readonly expiresInSeconds: number;
  readonly extExpiresInSeconds: number;
}

/** What a success body is made of. */
export interface TokenWords {
  readonly accessToken: string;
  readonly clientID: string;
  readonly resource: string;
  readonly notBeforeSeconds: number;
  readonly told: ToldLifetime;
}

/** An HTTP answer, before the server adds request id and Server. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const jsonType = "application/json; charset=utf-8";

/** The answer to a refused request: JSON always, since msal-node cannot retry anything else. */
export function refusalAnswer(refusal: Refusal): Answer {
  const row: Row = table[refusal.kind];
  return {
    status: row.status,
    headers: { "content-type": jsonType, ...row.headers, ...retryAfter(row, refusal) },
    body: JSON.stringify({ error: row.error, error_description: forClients(refusal.description) }),
  };
}

/** The HTTP status of a refusal. */
export function statusOfRefusal(kind: RefusalKind): number {
  return table[kind].status;
}

/**
 * A success body as IMDS writes it: all values strings, `expires_in` before `expires_on` (MSAL.NET
 * writes both to one field), `resource` byte for byte as asked (reference/azure.md §1.5).
 */
export function tokenAnswer(token: TokenWords): Answer {
  const { told } = token;
  return unstored(
    200,
    JSON.stringify({
      access_token: token.accessToken,
      client_id: token.clientID,
      expires_in: String(told.expiresInSeconds),
      expires_on: String(told.expiresOnSeconds),
      ext_expires_in: String(told.extExpiresInSeconds),
      not_before: String(token.notBeforeSeconds),
      resource: token.resource,
      token_type: "Bearer",
    }),
  );
}

/**
 * A success body as aad-pod-identity's host endpoint writes it, for the Key Vault provider: all seven keys, strings,
 * an empty `refresh_token` (reference/aad-pod-identity.md §2.4).
 */
export function hostTokenAnswer(token: TokenWords): Answer {
  const { told } = token;
  return unstored(
    200,
    JSON.stringify({
      token: {
        access_token: token.accessToken,
        refresh_token: "",
        expires_in: String(told.expiresInSeconds),
        expires_on: String(told.expiresOnSeconds),
        not_before: String(token.notBeforeSeconds),
        resource: token.resource,
        token_type: "Bearer",
      },
      clientid: token.clientID,
    }),
  );
}

/** The platform's own token answer, for excepted pods. */
export function platformAnswer(raw: { readonly status: number; readonly body: string }): Answer {
  return unstored(raw.status, raw.body);
}

/** The platform's own metadata. Of its headers only the type is told, and of types only these two. */
export function metadataAnswer(raw: {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}): Answer {
  const type = /^text\/plain\b/i.test(raw.contentType) ? "text/plain; charset=utf-8" : jsonType;
  return unstored(raw.status, raw.body, type);
}

/** An answer that nobody on the way may keep. */
function unstored(status: number, body: string, type = jsonType): Answer {
  return { status, headers: { "content-type": type, "cache-control": "no-store" }, body };
}

function retryAfter(row: Row, refusal: Refusal): Readonly<Record<string, string>> {
  if (row.retryAfterSeconds === undefined) return {};
  const { least, most } = row.retryAfterSeconds;
  const seconds = Math.min(most, Math.max(least, Math.ceil(refusal.retryAfterSeconds ?? least)));
  return { "retry-after": String(seconds) };
}

const longestDescription = 1000;

/**
 * Azure's texts pass through here too. "unreachable" in a 403 makes three SDKs conclude that there is
 * no metadata service at all (Docker Desktop's marker, reference/azure.md §1.2).
 */
function forClients(description: string): string {
  return description
    .replaceAll(/\p{Cc}+/gu, " ")
    .replaceAll(/unreachable/giu, "not reachable")
    .slice(0, longestDescription);
}
