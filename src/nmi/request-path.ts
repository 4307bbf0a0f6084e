import { invalid, type Refusal } from "./response.ts";

/** The token path of IMDS, and of podid. */
export const tokenPath = "/metadata/identity/oauth2/token";
/** Where processes of the node ask for the token of a pod that they name. */
export const hostTokenPath = "/host/token";

/** The parts of the platform's metadata that can be passed on at all; /metadata/identity is not among them. */
export const metadataAreas = ["instance", "versions", "loadbalancer", "scheduledevents", "attested"] as const;
export type MetadataArea = (typeof metadataAreas)[number];

/** What a path leads to. */
export type Route =
  | { readonly kind: "token" }
  | { readonly kind: "hostToken" }
  /** `path`: the segments behind /metadata, each made of letters, digits, `_` and `-` only. */
  | { readonly kind: "metadata"; readonly area: MetadataArea; readonly path: readonly string[] }
  | { readonly kind: "none"; readonly refusal: Refusal };

/** aad-pod-identity's pattern for attempts to get around the token route; it answered them 400 too. */
const tokenLike = /\/metadata\/identity.*oauth2.*token/i;

/** What readers of paths disagree about: escapes, parameters, fragments, other slashes, dot segments. */
const ambiguous = /[^\x21-\x7e]|[\\%;#]|\/\.{1,2}(?:\/|$)/;

const segment = /^[A-Za-z0-9_-]{1,64}$/;
/** The deepest leaf of instance metadata has nine. */
const mostSegments = 12;

/**
 * Finds the route of a request line's target, which is read once, here, byte by byte. The token path is recognised in
 * any letter case, with one extra leading and one trailing slash, because SDKs send those; the host path with a
 * trailing slash, because the CSI provider sends it; every other path is exact. The target is never handed to a URL
 * parser: that would read `//metadata/…` as a host name (reference/reliability.md S3).
 */
export function routeOf(target: string): Route {
  const path = pathOf(target);
  const bare = withoutTrailingSlash(path.startsWith("//") ? path.slice(1) : path);
  if (bare.toLowerCase() === tokenPath) return { kind: "token" };
  if (withoutTrailingSlash(path) === hostTokenPath) return { kind: "hostToken" };
  if (tokenLike.test(path)) return none(invalid(`the token path is ${tokenPath}`));
  if (!path.startsWith("/") || ambiguous.test(path)) {
    return none(invalid("the path is not in its plain form"));
  }
  return metadataRoute(path) ?? none({ kind: "pathNotFound", description: "no such path", reasons: [] });
}

/** The target up to its query. */
export function pathOf(target: string): string {
  const end = target.indexOf("?");
  return end < 0 ? target : target.slice(0, end);
}

function metadataRoute(path: string): Route | null {
  const [, root, ...segments] = path.split("/");
  const area = metadataAreas.find((name) => name === segments[0]);
  if (root !== "metadata" || area === undefined) return null;
  if (segments.length > mostSegments || !segments.every((text) => segment.test(text))) return null;
  return isPathOf(area, segments.slice(1)) ? { kind: "metadata", area, path: segments } : null;
}

function isPathOf(area: MetadataArea, rest: readonly string[]): boolean {
  if (area === "instance") return true;
  return area === "attested" ? rest.length === 1 && rest[0] === "document" : rest.length === 0;
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

function none(refusal: Refusal): Route {
  return { kind: "none", refusal };
}
