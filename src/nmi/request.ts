import { routeOf, type MetadataArea, type Route } from "./request-path.ts";
import {
  readMetadataQuery,
  readTokenQuery,
  type MetadataQuery,
  type Read,
  type TokenRequest,
} from "./request-query.ts";
import { refuse } from "./refusals.ts";
import { invalid, type Refusal } from "./response.ts";

/** A request as it came over the wire. Nothing in it has been decoded or joined. */
export interface RawRequest {
  readonly method: string;
  /** "1.1": Node also lets 0.9 and 2.0 pass in a request line that it reads as HTTP/1. */
  readonly version: string;
  /** The request line's target, byte for byte. */
  readonly target: string;
  /** All values of each header, by lower-case name. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
}

/** Whom a process of the node asks for. */
export interface NamedPod {
  readonly namespace: string;
  readonly name: string;
}

/** What to ask the platform's metadata service for, in parts that we have read: never what the client wrote. */
export interface MetadataRequest extends MetadataQuery {
  /** Segments behind /metadata. */
  readonly path: readonly string[];
}

/** All that NMI serves; `route` of a refused request is what its path led to. */
export type ParsedRequest =
  | { readonly kind: "token"; readonly request: TokenRequest }
  | { readonly kind: "hostToken"; readonly request: TokenRequest; readonly pod: NamedPod }
  | { readonly kind: "metadata"; readonly request: MetadataRequest }
  | { readonly kind: "refused"; readonly route: Route["kind"]; readonly refusal: Refusal };

/** What is served on this node. */
export interface RequestTerms {
  /** Lower-case host names, without port, that `Host` may carry. */
  readonly hosts: ReadonlySet<string>;
  /** Whether processes of the node may ask for the tokens of pods that they name. */
  readonly servesHostToken: boolean;
  /** What of the platform's metadata is passed on; the rest of it is refused. */
  readonly metadataAreas: ReadonlySet<MetadataArea>;
}

/** What else a process of the node calls itself: its requests do not come through the metadata address. */
const loopbackNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Reads a request once, before anything is done for it. In this order: the path, what is not served at all, the
 * Metadata header, the rest of the headers and the method, the query (reference/azure.md §1.2, §1.7).
 */
export function parseRequest(raw: RawRequest, terms: RequestTerms): ParsedRequest {
  const route = routeOf(raw.target);
  const refusal = refuseRoute(route, terms) ?? refuseHeaders(raw, route, terms);
  if (refusal !== undefined || route.kind === "none") {
    return { kind: "refused", route: route.kind, refusal: refusal ?? pathNotFound };
  }
  if (route.kind === "metadata") {
    return orRefused(route, readMetadataQuery(raw.target), (query) => ({
      kind: "metadata",
      request: { path: route.path, ...query },
    }));
  }
  const read = readTokenQuery(raw.target);
  if (route.kind === "token") return orRefused(route, read, (request) => ({ kind: "token", request }));
  const named = readPod(raw.headers);
  if (!named.ok) return { kind: "refused", route: route.kind, refusal: named.refusal };
  return orRefused(route, read, (request) => ({ kind: "hostToken", request, pod: named.value }));
}

/** The answer to a probe: exactly the bytes that the SDKs know from the real service. */
export const metadataHeaderMissing: Refusal = {
  kind: "metadataHeaderMissing",
  description: "Required metadata header not specified",
  reasons: [],
};

const pathNotFound: Refusal = { kind: "pathNotFound", description: "no such path", reasons: [] };

function orRefused<T>(
  route: Route,
  read: Read<T>,
  accept: (value: T) => Exclude<ParsedRequest, { kind: "refused" }>,
): ParsedRequest {
  return read.ok ? accept(read.value) : { kind: "refused", route: route.kind, refusal: read.refusal };
}

function refuseRoute(route: Route, { servesHostToken, metadataAreas }: RequestTerms): Refusal | undefined {
  if (route.kind === "none") return route.refusal;
  if (route.kind === "hostToken" && !servesHostToken) return pathNotFound;
  if (route.kind === "metadata" && !metadataAreas.has(route.area)) {
    return refuse("metadataBlocked", "MetadataBlocked");
  }
  return undefined;
}

/** Forwarding, host, body and method (reference/reliability.md S4, S14); and first of all, whether this is a probe. */
function refuseHeaders(
  { method, version, headers }: RawRequest,
  route: Route,
  terms: RequestTerms,
): Refusal | undefined {
  const isOfNode = route.kind === "hostToken";
  if (!isOfNode && !hasMetadataHeader(headers)) return metadataHeaderMissing;
  if (version !== "1.1" && version !== "1.0") return invalid("only HTTP/1.0 and HTTP/1.1 are served here");
  if (method !== "GET") {
    return { kind: "methodNotAllowed", description: "only GET is served here", reasons: [] };
  }
  if (headers["x-forwarded-for"] !== undefined || headers["forwarded"] !== undefined) {
    return invalid("a forwarded request is not served: ask from the pod itself");
  }
  const host = hostOf(headers["host"]);
  if (host === null || !(terms.hosts.has(host) || (isOfNode && loopbackNames.has(host)))) {
    return invalid("the Host header names another service");
  }
  const lengths = headers["content-length"] ?? [];
  if (headers["transfer-encoding"] !== undefined || lengths.some((length) => length.trim() !== "0")) {
    return { kind: "bodyNotServed", description: "these requests have no body", reasons: [] };
  }
  return undefined;
}

/**
 * Whether `Metadata: true` was sent, in any letter case, exactly once. Clients probe for the service
 * without it, so this must stay the cheapest check of all (reference/azure.md §1.2).
 */
function hasMetadataHeader(headers: RawRequest["headers"]): boolean {
  const values = headers["metadata"];
  return values?.length === 1 && values[0]?.trim().toLowerCase() === "true";
}

/** The one Host, in lower case and without port; null when there is none or several. */
function hostOf(values: readonly string[] | undefined): string | null {
  const [host, ...others] = values ?? [];
  return host === undefined || others.length > 0 ? null : host.toLowerCase().replace(/:\d{1,5}$/, "");
}

/** The CSI provider's headers, with names as Kubernetes allows them. */
function readPod(headers: RawRequest["headers"]): Read<NamedPod> {
  const [namespace, name] = [headers["podns"], headers["podname"]].map(onlyName);
  return namespace === undefined || name === undefined
    ? { ok: false, refusal: invalid("the headers podns and podname name the pod, once each") }
    : { ok: true, value: { namespace, name } };
}

function onlyName(values: readonly string[] | undefined): string | undefined {
  const [value = "", ...others] = values ?? [];
  return others.length === 0 && /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(value) ? value : undefined;
}
