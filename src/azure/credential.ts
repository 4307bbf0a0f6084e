import type { Clock } from "../runtime/clock.ts";
import { parseAuthority } from "./authority.ts";
import type { Cloud, EndpointOverrides } from "./cloud.ts";
import { createEntraTokens } from "./entra.ts";
import { AzureError } from "./errors.ts";
import type { TokenResult, UpstreamToken } from "./token-result.ts";

/** podid's own login, in the shape of the Azure SDK's TokenCredential. */
export interface Credential {
  /** @throws AzureError login-refused or login-unavailable. */
  getToken(
    scopes: string | string[],
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number }>;
}

/** Entra tokens live about an hour; one is replaced when it has less than this left. */
const renewBeforeSeconds = 300;

/**
 * Makes a login with an application's secret. Tokens are kept until shortly before their end on `clock`;
 * callers at the same time share one request, and a valid token outlives a failed renewal (reliability.md EN5).
 * @throws AzureError login-refused when `tenantID` cannot be one.
 */
export function createSecretCredential(options: {
  readonly clock: Clock;
  readonly cloud: Cloud;
  readonly endpoints?: EndpointOverrides;
  readonly tenantID: string;
  readonly clientID: string;
  readonly clientSecret: string;
}): Credential {
  const { clock, cloud, endpoints = {}, tenantID, clientID, clientSecret } = options;
  const parsed = parseAuthority("", tenantID, endpoints.authorityUrl ?? cloud.authorityUrl);
  if (!parsed.ok) throw new AzureError("login-refused", `own credential: ${parsed.problem}`);
  const { authority } = parsed;
  const entra = createEntraTokens(clock);
  const tokens = shareTokens(clock, (scope) =>
    entra({ authority, clientID, clientSecret, scope, signal: new AbortController().signal }),
  );
  return {
    getToken: async (scopes) => {
      const token = await tokens(Array.isArray(scopes) ? scopes.join(" ") : scopes);
      return { token: token.accessToken, expiresOnTimestamp: token.expiresOnSeconds * 1000 };
    },
  };
}

function shareTokens(
  clock: Clock,
  acquire: (scope: string) => Promise<TokenResult>,
): (scope: string) => Promise<UpstreamToken> {
  const held = new Map<string, UpstreamToken>();
  const flights = new Map<string, Promise<TokenResult>>();
  const secondsLeft = (token: UpstreamToken): number => token.expiresOnSeconds - clock.nowMs() / 1000;
  const fly = (scope: string): Promise<TokenResult> => {
    const flight = flights.get(scope) ?? acquire(scope).finally(() => flights.delete(scope));
    flights.set(scope, flight);
    return flight;
  };
  return async (scope) => {
    const old = held.get(scope);
    if (old !== undefined && secondsLeft(old) > renewBeforeSeconds) return old;
    const result = await fly(scope);
    if (result.ok) {
      held.set(scope, result.token);
      return result.token;
    }
    if (old !== undefined && secondsLeft(old) > 0) return old;
    const code = result.failure.kind === "refused" ? "login-refused" : "login-unavailable";
    throw new AzureError(code, `own credential: ${result.failure.detail}`);
  };
}
