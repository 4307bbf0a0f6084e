import { pathOf } from "./request-path.ts";
import { invalid, type Refusal } from "./response.ts";

/** What is asked for on a token path; at most one of the three ids is present. */
export interface TokenRequest {
  /** Echoed and forwarded byte for byte. */
  readonly resource: string;
  readonly clientID?: string;
  readonly objectID?: string;
  readonly resourceID?: string;
}

/** The parameters of a metadata path; nothing else of the query goes upstream. */
export interface MetadataQuery {
  /** Date-shaped. Absent when the client sent none: IMDS then names the versions it has, which MSAL reads. */
  readonly apiVersion?: string;
  readonly format?: "json" | "text";
}

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

/** The three names that SDKs have for a resource id (reference/azure.md §1.1). */
const selectors: ReadonlyMap<string, "clientID" | "objectID" | "resourceID"> = new Map([
  ["client_id", "clientID"],
  ["object_id", "objectID"],
  ["msi_res_id", "resourceID"],
  ["mi_res_id", "resourceID"],
  ["msi-res-id", "resourceID"],
]);

const formats = ["json", "text"] as const;

/** Reads the query of a token path. Unknown parameters are passed over, and repeated ones refused. */
export function readTokenQuery(target: string): Read<TokenRequest> {
  const query = parseQuery(target);
  if (typeof query === "string") return refuse(query);
  const version = query.get("api-version");
  if (version !== undefined && !(isVersion(version) && version >= "2018-02-01")) {
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
  return { ok: true, value: { resource, ...ids } };
}

/** Reads the query of a metadata path. */
export function readMetadataQuery(target: string): Read<MetadataQuery> {
  const query = parseQuery(target);
  if (typeof query === "string") return refuse(query);
  const apiVersion = query.get("api-version");
  if (apiVersion !== undefined && !isVersion(apiVersion)) return refuse("api-version is no date");
  const wanted = query.get("format")?.toLowerCase();
  const format = formats.find((known) => known === wanted);
  if (wanted !== undefined && format === undefined) return refuse("format is json or text");
  const value = {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(format === undefined ? {} : { format }),
  };
  return { ok: true, value };
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

/** Date-shaped, as all of Azure's versions are; text compares like dates then. */
function isVersion(version: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(version);
}

function isPlain(value: string): boolean {
  return /^[\x21-\x7e]{1,1024}$/.test(value);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function refuse(description: string): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: invalid(description) };
}
