import { randomUUID } from "node:crypto";

import type { Clock } from "../runtime/clock.ts";
import { entraErrors, type EntraRefusal, grant, refusedTenant } from "./entra-grant.ts";
import type { EmulatorRequest, EmulatorResponse, Handler } from "./http.ts";
import type { Directory } from "./state.ts";
import { entraTime, unixSeconds } from "./times.ts";
import type { TokenIssuer } from "./tokens.ts";

interface EntraParts {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly issuer: Pick<TokenIssuer, "issue" | "keys">;
}

/** What a v2.0 answer says of a fresh token (azure.md §3.2). */
const tokenLifetimeSeconds = 3_599;

/** With and without trailing slash: regional authorities are asked with one (azure.md §3.1). */
const tokenPath = /^\/([^/]+)\/oauth2\/v2\.0\/token\/?$/;
const keysPath = /^\/([^/]+)\/discovery\/v2\.0\/keys$/;
const configurationPath = /^\/([^/]+)\/v2\.0\/\.well-known\/openid-configuration$/;

/** Entra's v2.0 token endpoint with its keys and discovery document (azure.md §3). */
export function createEntraHandler(parts: EntraParts): Handler {
  const routes = [
    { path: tokenPath, method: "POST", answer: tokenAnswer },
    { path: keysPath, method: "GET", answer: keysAnswer },
    { path: configurationPath, method: "GET", answer: configurationAnswer },
  ] as const;
  return (request) => {
    for (const { path, method, answer } of routes) {
      const [, segment] = path.exec(request.path) ?? [];
      if (segment === undefined) continue;
      if (request.method !== method) return { status: 405, headers: { allow: method } };
      const tenantID = decoded(segment);
      const refusal = refusedTenant(parts.directory, tenantID);
      return refusal === null ? answer(parts, tenantID, request) : refusedAnswer(parts, request, refusal);
    }
    return { status: 404 };
  };
}

function tokenAnswer(parts: EntraParts, tenantID: string, request: EmulatorRequest): EmulatorResponse {
  const form = new URLSearchParams(request.body);
  const decision = grant(parts.directory, tenantID, form, {
    tokenUrl: `http://${request.headers.host}/${tenantID}/oauth2/v2.0/token`,
    nowSeconds: unixSeconds(parts.clock.nowMs()),
  });
  const clientID = form.get("client_id") ?? "";
  if (decision.kind === "refused") {
    return { ...refusedAnswer(parts, request, decision), facts: { clientID } };
  }
  const { application, audience } = decision;
  // Integers, and neither expires_on nor resource: unlike IMDS (azure.md §3.2).
  return {
    status: 200,
    headers: { "cache-control": "no-store" },
    json: {
      token_type: "Bearer",
      expires_in: tokenLifetimeSeconds,
      ext_expires_in: tokenLifetimeSeconds,
      access_token: parts.issuer.issue(application, audience, tokenLifetimeSeconds).token,
    },
    facts: { clientID: application.clientID, audience },
  };
}

function keysAnswer(parts: EntraParts): EmulatorResponse {
  return { status: 200, json: parts.issuer.keys };
}

/** OpenID Connect Discovery 1.0; issuer is Entra's own, since tokens do not depend on where the emulator listens. */
function configurationAnswer(
  _parts: EntraParts,
  tenantID: string,
  request: EmulatorRequest,
): EmulatorResponse {
  const base = `http://${request.headers.host}/${tenantID}`;
  return {
    status: 200,
    json: {
      issuer: `https://login.microsoftonline.com/${tenantID}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
      response_types_supported: ["token"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
  };
}

/** Entra's error form (azure.md §3.2). */
function refusedAnswer(parts: EntraParts, request: EmulatorRequest, refusal: EntraRefusal): EmulatorResponse {
  const { status, error } = entraErrors[refusal.code];
  const traceID = randomUUID();
  const correlationID = correlationOf(request) ?? randomUUID();
  const timestamp = entraTime(parts.clock.nowMs());
  return {
    status,
    headers: { "cache-control": "no-store" },
    json: {
      error,
      error_description: `AADSTS${refusal.code}: ${refusal.text} Trace ID: ${traceID} Correlation ID: ${correlationID} Timestamp: ${timestamp}`,
      error_codes: [refusal.code],
      timestamp,
      trace_id: traceID,
      correlation_id: correlationID,
      error_uri: `https://login.microsoftonline.com/error?code=${refusal.code}`,
    },
  };
}

/** msal-node sends its correlation id in header and query (azure.md §3.1). */
function correlationOf(request: EmulatorRequest): string | null {
  const sent = request.headers["client-request-id"] ?? request.query.get("client-request-id");
  return typeof sent === "string" && /^[0-9a-f-]{36}$/i.test(sent) ? sent : null;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // no tenant is named so
  }
}
