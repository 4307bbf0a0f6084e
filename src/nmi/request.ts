import type { Refusal } from "./response.ts";

/** A request as it came over the wire. Nothing in it has been decoded or joined. */
export interface RawRequest {
  readonly method: string;
  /** The request line's target, byte for byte. */
  readonly target: string;
  /** All values of each header, by lower-case name. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
}

/** What a pod asks for; at most one of the three ids is present. */
export interface TokenRequest {
  /** Echoed and forwarded byte for byte. */
  readonly resource: string;
  readonly clientID?: string;
  readonly objectID?: string;
  readonly resourceID?: string;
}

export type ParsedRequest =
  | { readonly ok: true; readonly request: TokenRequest }
  | { readonly ok: false; readonly refusal: Refusal };

export const tokenPath = "/metadata/identity/oauth2/token";

/** aad-pod-identity's pattern for attempts to get around the token route; it answered them 400 too. */
const tokenLike = /\/metadata\/identity.*oauth2.*token/i;

/** The three names that SDKs have for a resource id (reference/azure.md §1.1). */
const selectors: ReadonlyMap<string, "clientID" | "objectID" | "resourceID"> = new Map([
  ["client_id", "clientID"],
  ["object_id", "objectID"],
  ["msi_res_id", "resourceID"],
  ["mi_res_id", "resourceID"],
  ["msi-res-id", "resourceID"],
]);

/**
 * The path to route by. The token path is recognised in any letter case, with one extra leading and
 * one trailing slash, because SDKs send those; every other path stays as it is. The target is never
 * handed to a URL parser: that would read `//metadata/…` as a host name (reference/reliability.md S3).
 */
export function routePath(target: string): string {
  const path = pathOf(target);
  const single = path.startsWith("//") ? path.slice(1) : path;
  const bare = single.endsWith("/") ? single.slice(0, -1) : single;
  return bare.toLowerCase() === tokenPath ? tokenPath : path;
}

/** Why a path that no route serves is refused. */
export function refuseUnserved(target: string): Refusal {
  return tokenLike.test(pathOf(target))
    ? invalid(`the token path is ${tokenPath}`)
    : { kind: "pathNotFound", description: "no such path", reasons: [] };
}

/**
 * Whether `Metadata: true` was sent, in any letter case, exactly once. Clients probe for the service
 * without it, so this must stay the cheapest check of all (reference/azure.md §1.2).
 */
export function hasMetadataHeader(headers: RawRequest["headers"]): boolean {
  const values = headers["metadata"];
  return values?.length === 1 && values[0]?.trim().toLowerCase() === "true";
}

/** The answer to a probe: exactly the bytes that the SDKs know from the real service. */
export const metadataHeaderMissing: Refusal = {
  kind: "metadataHeaderMissing",
  description: "Required metadata header not specified",
  reasons: [],
};

/**
 * Reads a request on the token path whose Metadata header is already checked.
 * @param hosts lower-case host names, without port, that `Host` may carry.
 */
export function parseTokenRequest(raw: RawRequest, hosts: ReadonlySet<string>): ParsedRequest {
  const refusal = refuseEnvelope(raw, hosts);
  if (refusal !== undefined) return { ok: false, refusal };
  const query = parseQuery(raw.target);
  return typeof query === "string" ? refuse(query) : readParameters(query);
}

/** Everything about a request but its query: method, forwarding, host, body (reliability.md S4, S14). */
function refuseEnvelope({ method, headers }: RawRequest, hosts: ReadonlySet<string>): Refusal | undefined {
  if (method !== "GET") {
    return { kind: "methodNotAllowed", description: "only GET is served here", reasons: [] };
  }
  if (headers["x-forwarded-for"] !== undefined || headers["forwarded"] !== undefined) {
    return invalid("a forwarded request is not served: ask from the pod itself");
  }
  if (!isAllowedHost(headers["host"], hosts)) return invalid("the Host header names another service");
  const lengths = headers["content-length"] ?? [];
  if (headers["transfer-encoding"] !== undefined || lengths.some((length) => length.trim() !== "0")) {
    return { kind: "bodyNotServed", description: "a token request has no body", reasons: [] };
  }
  return undefined;
}

function isAllowedHost(values: readonly string[] | undefined, hosts: ReadonlySet<string>): boolean {
  const [host, ...others] = values ?? [];
  if (host === undefined || others.length > 0) return false;
  return hosts.has(host.toLowerCase().replace(/:\d{1,5}$/, ""));
}

/** Decoded parameters by lower-case name, or what is wrong with the query. */
function parseQuery(target: string): ReadonlyMap<string, string> | string {
  const parameters = new Map<string, string>();
  for (const pair of target.slice(pathOf(target).length + 1).split("&")) {
    if (pair === "") continue;
    const separator = pair.indexOf("=");
    const name = decode(separator < 0 ? pair : pair.slice(0, separator))?.toLowerCase();
    const value = decode(separator < 0 ? "" : pair.slice(separator + 1));
    if (name === undefined || value === undefined) return "the query is not correctly percent-encoded";
    if (parameters.has(name)) return "a query parameter is repeated";
    parameters.set(name, value);
  }
  return parameters;
}

function readParameters(query: ReadonlyMap<string, string>): ParsedRequest {
  const version = query.get("api-version");
  if (version !== undefined && !isServedVersion(version)) {
    return refuse("api-version is invalid: use 2018-02-01 or later");
  }
  const resource = query.get("resource") ?? "";
  if (resource === "") return refuse("the query parameter resource is required");
  // aad-pod-identity reads an empty id as none; scripts with unset variables rely on it.
  const given = [...query].filter(([name, value]) => selectors.has(name) && value !== "");
  if (given.length > 1) return refuse("give only one of client_id, object_id and msi_res_id");
  if (![resource, ...given.map(([, value]) => value)].every(isPlain)) {
    return refuse("resource and ids are printable ASCII without spaces, at most 1024 characters");
  }
  const ids = Object.fromEntries(given.map(([name, value]) => [selectors.get(name) ?? name, value]));
  return { ok: true, request: { resource, ...ids } };
}

/** Date-shaped, from the first version on that has the token route; text compares like dates here. */
function isServedVersion(version: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(version) && version >= "2018-02-01";
}

function isPlain(value: string): boolean {
  return /^[\x21-\x7e]{1,1024}$/.test(value);
}

function pathOf(target: string): string {
  const end = target.indexOf("?");
  return end < 0 ? target : target.slice(0, end);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function refuse(description: string): ParsedRequest {
  return { ok: false, refusal: invalid(description) };
}

function invalid(description: string): Refusal {
  return { kind: "invalidRequest", description, reasons: [] };
}
