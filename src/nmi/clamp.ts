import type { Limits } from "../engine/decision.ts";
import type { UpstreamToken } from "./ports.ts";
import type { ToldLifetime } from "./response.ts";

export type Clamped =
  | { readonly ok: true; readonly told: ToldLifetime }
  | { readonly ok: false; readonly code: "TokenLifetimeTooShort" | "TokenOverhang" };

/**
 * Fits the lifetime told to the client into the time box, without touching the token
 * (reference/time-boxes.md §4). Both limits bite only when the box has a known end.
 * @param validUntilSeconds when the pod loses the identity, in Unix seconds; null: not within the
 * token's lifetime.
 */
export function clampLifetime(ask: {
  readonly token: UpstreamToken;
  readonly nowSeconds: number;
  readonly validUntilSeconds: number | null;
  readonly limits: Limits;
}): Clamped {
  const { token, nowSeconds, validUntilSeconds, limits } = ask;
  const told = (expiresOnSeconds: number): Clamped => {
    const expiresInSeconds = Math.max(0, expiresOnSeconds - nowSeconds);
    return { ok: true, told: { expiresOnSeconds, expiresInSeconds, extExpiresInSeconds: expiresInSeconds } };
  };
  if (validUntilSeconds === null) return told(token.expiresOnSeconds);
  if (validUntilSeconds - nowSeconds < limits.minLifetimeSeconds) {
    return { ok: false, code: "TokenLifetimeTooShort" };
  }
  if (limits.maxOverhangSeconds !== null) {
    const realExpiry = jwtExpirySeconds(token.accessToken);
    if (realExpiry === null || realExpiry - validUntilSeconds > limits.maxOverhangSeconds) {
      return { ok: false, code: "TokenOverhang" };
    }
  }
  return told(
    limits.clampResponse ? Math.min(token.expiresOnSeconds, validUntilSeconds) : token.expiresOnSeconds,
  );
}

/** The `exp` claim (RFC 7519 §4.1.4) of a token that we do not verify, only read; null when unreadable. */
function jwtExpirySeconds(token: string): number | null {
  const [, payload, , ...rest] = token.split(".");
  if (payload === undefined || rest.length > 0) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    if (typeof claims !== "object" || claims === null || !("exp" in claims)) return null;
    return typeof claims.exp === "number" && Number.isFinite(claims.exp) ? claims.exp : null;
  } catch {
    return null;
  }
}
