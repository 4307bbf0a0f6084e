import type { EmulatorRequest, EmulatorResponse } from "./http.ts";

/** The parameters that name an identity; at most one may be sent (azure.md §2). */
const selectorNames = ["client_id", "object_id", "msi_res_id"] as const;

export interface IdentitySelector {
  readonly by: (typeof selectorNames)[number];
  readonly value: string;
}

export interface ImdsTokenRequest {
  readonly kind: "token";
  readonly resource: string;
  /** Null asks for the default identity. */
  readonly selector: IdentitySelector | null;
  readonly bypassCache: boolean;
}

type ParsedImdsRequest = ImdsTokenRequest | { readonly kind: "refused"; readonly response: EmulatorResponse };

/**
 * The token route as clients send it: any letter case, a leading slash too many when
 * AZURE_POD_IDENTITY_AUTHORITY_HOST ends in one, a trailing one from msal-node (azure.md §1.1).
 */
const tokenPath = /^\/{1,2}metadata\/identity\/oauth2\/token\/?$/i;

/** The oldest version with the token route (azure.md §2). */
const oldestApiVersion = "2018-02-01";

/**
 * Applies IMDS's rules for header, method and query, in the order path, header, method, query. Unknown paths are
 * 404 before the header is looked at (azure.md §1.2 rule 2); the rest of the order is [inf].
 */
export function parseImdsRequest(request: EmulatorRequest): ParsedImdsRequest {
  if (!tokenPath.test(request.path)) return refused(404, { error: "Not found" });
  const response = refusedHeaders(request) ?? refusedQuery(request.query);
  if (response !== null) return { kind: "refused", response };
  const { query } = request;
  const selectors = selectorNames.flatMap((by) => {
    const value = query.get(by);
    return value === null ? [] : [{ by, value }];
  });
  const resource = query.get("resource") ?? "";
  if (resource === "") return invalidRequest("Required query variable 'resource' is missing");
  if (selectors.length > 1) {
    return invalidRequest("Only one of client_id, object_id and msi_res_id may be specified");
  }
  // `authority` is accepted and without effect here: an identity has one tenant.
  const bypassCache = query.get("bypass_cache")?.toLowerCase() === "true";
  return { kind: "token", resource, selector: selectors[0] ?? null, bypassCache };
}

function refusedHeaders(request: EmulatorRequest): EmulatorResponse | null {
  const { metadata } = request.headers;
  if (typeof metadata !== "string" || metadata.toLowerCase() !== "true") {
    // These 88 bytes are what probes look for (azure.md §1.2 rule 1).
    return imdsError(400, "invalid_request", "Required metadata header not specified");
  }
  // No proxying: a forwarded request is refused (azure.md §2).
  if (request.headers["x-forwarded-for"] !== undefined) {
    return imdsError(400, "invalid_request", "Requests with an X-Forwarded-For header are not served");
  }
  if (request.method === "GET") return null;
  const error = imdsError(405, "method_not_allowed", `Method ${request.method} is not allowed on this route`);
  return { ...error, headers: { allow: "GET" } };
}

function refusedQuery(query: URLSearchParams): EmulatorResponse | null {
  const repeated = [...query.keys()].find((name, index, names) => names.indexOf(name) < index);
  if (repeated !== undefined) {
    return imdsError(400, "invalid_request", `Query parameter '${repeated}' is specified more than once`);
  }
  const version = query.get("api-version") ?? "";
  if (/^\d{4}-\d{2}-\d{2}$/.test(version) && version >= oldestApiVersion) return null;
  return {
    status: 400,
    // azure.md §2, word for word: MSAL's region detection reads newest-versions.
    json: {
      error: "Bad request. api-version is invalid or was not specified in the request.",
      "newest-versions": ["2025-04-07", "2024-07-17", "2024-03-15"],
    },
  };
}

/** IMDS's error form on identity routes. */
export function imdsError(status: number, error: string, description: string): EmulatorResponse {
  return { status, json: { error, error_description: description } };
}

function invalidRequest(description: string): ParsedImdsRequest {
  return { kind: "refused", response: imdsError(400, "invalid_request", description) };
}

function refused(status: number, json: unknown): ParsedImdsRequest {
  return { kind: "refused", response: { status, json } };
}
