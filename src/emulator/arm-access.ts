import { armError } from "./arm-answers.ts";
import type { EmulatorRequest, EmulatorResponse } from "./http.ts";
import type { TokenIssuer } from "./tokens.ts";

/** ARM takes tokens for its endpoint and for the older service management one, in both slash forms (azure.md §3.1, §3.5). */
function isForArm(audience: string, armOrigin: string): boolean {
  return [armOrigin, "https://management.core.windows.net"].includes(audience.replace(/\/$/, ""));
}

/** The identities' map form, which PATCH merges, exists since this version (azure.md §4.1). */
const oldestApiVersion = "2018-06-01";

/** Null when the request bears a token this Azure issued for ARM, else the 401. */
export function refusedToken(
  issuer: Pick<TokenIssuer, "verify">,
  request: EmulatorRequest,
  armOrigin: string,
): EmulatorResponse | null {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  if (scheme?.toLowerCase() !== "bearer" || token === undefined) {
    const message = "Authentication failed. The 'Authorization' header is missing.";
    return unauthorized("AuthenticationFailed", message);
  }
  const verdict = issuer.verify(token);
  if (verdict.kind === "invalid") {
    return unauthorized("InvalidAuthenticationToken", "The access token is invalid.");
  }
  if (verdict.kind === "expired") {
    return unauthorized("ExpiredAuthenticationToken", "The access token has expired.");
  }
  if (!isForArm(verdict.audience, armOrigin)) {
    const message = `The access token has been obtained for wrong audience or resource '${verdict.audience}'.`;
    return unauthorized("InvalidAuthenticationTokenAudience", message);
  }
  return null;
}

function unauthorized(code: string, message: string): EmulatorResponse {
  // RFC 6750 §3; without a `claims` parameter arm-compute does not try again (azure.md §4.3).
  return armError(401, code, message, { "www-authenticate": 'Bearer error="invalid_token"' });
}

/** Null when the request names an api-version that ARM could know, else the 400. */
export function refusedApiVersion(request: EmulatorRequest): EmulatorResponse | null {
  const version = request.query.get("api-version");
  if (version === null || version === "") {
    const message = "The api-version query parameter (?api-version=) is required for all requests.";
    return armError(400, "MissingApiVersionParameter", message);
  }
  if (!/^\d{4}-\d{2}-\d{2}(?:-preview)?$/.test(version) || version < oldestApiVersion) {
    return armError(400, "InvalidApiVersionParameter", `The api-version '${version}' is invalid.`);
  }
  return null;
}

/** The request's api-version, which `refusedApiVersion` has let through. */
export function apiVersionOf(request: EmulatorRequest): string {
  return request.query.get("api-version") ?? "";
}
