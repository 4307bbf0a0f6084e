import type { AzureIdentity } from "../engine/resources.ts";
import type { TokenResult, UpstreamToken } from "./ports.ts";
import { fetchToken, type TokenFetchDeps } from "./token-fetch.ts";

/** Below this much real life a token is renewed (reference/azure.md §1.5). */
const renewBelowMs = 10 * 60_000;
/** Below this much real life no client keeps a token, so none is handed out. */
const leastLifeMs = 5 * 60_000;
/** Pause after a renewal that brought nothing better: IMDS gives the same token until it renews it itself. */
const renewalPauseMs = 10_000;
/** A pause that upstream asks for is kept, within reason. */
const longestThrottleMs = 5 * 60_000;
const mostEntries = 2_000;

/**
 * Tokens by identity and resource, shared by all pods: whoever calls must hold a fresh allow from the
 * policy for this very identity (reference/reliability.md S2).
 */
export interface TokenCache {
  get(identity: AzureIdentity, resource: string): Promise<TokenResult>;
}

type Failed = Extract<TokenResult, { ok: false }>;

interface Entry {
  readonly token: UpstreamToken | null;
  /** The throttling that `quietUntilMs` obeys, if that is why. */
  readonly throttled: Failed | null;
  /** Monotonic; before it upstream is not asked again. */
  readonly quietUntilMs: number;
}

/** Both clocks: wall time judges a token's life, monotonic time measures pauses. */
interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/**
 * A bounded cache in front of the token source, with one call in flight per key. Failures are not
 * kept, except for the pause that upstream asked for by throttling.
 * @param deps.onFetch hears how each upstream call ended: "ok" or the kind of failure.
 */
export function createTokenCache(
  deps: TokenFetchDeps & { readonly onFetch: (result: string) => void },
): TokenCache {
  const { clock } = deps;
  const entries = new Map<string, Entry>();
  const flights = new Map<string, Promise<TokenResult>>();
  const now = (): Now => ({ wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() });

  const keep = (key: string, entry: Entry | null): void => {
    entries.delete(key);
    if (entry !== null) entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > mostEntries && oldest !== undefined) entries.delete(oldest);
  };
  const fly = async (key: string, identity: AzureIdentity, resource: string): Promise<TokenResult> => {
    try {
      const fetched = await fetchToken(deps, identity, resource);
      deps.onFetch(fetched.ok ? "ok" : fetched.failure.kind);
      const { result, entry } = settle(fetched, entries.get(key)?.token ?? null, now());
      keep(key, entry);
      return result;
    } finally {
      flights.delete(key);
    }
  };

  return {
    get: (identity, resource) => {
      const key = keyOf(identity, resource);
      const entry = entries.get(key);
      const known = entry === undefined ? null : answerOf(entry, now());
      if (known !== null) return Promise.resolve(known);
      const flight = flights.get(key) ?? fly(key, identity, resource);
      flights.set(key, flight);
      return flight;
    },
  };
}

/** What an entry answers without a call; null when a call is due. */
function answerOf({ token, throttled, quietUntilMs }: Entry, now: Now): TokenResult | null {
  const isQuiet = now.monotonicMs < quietUntilMs;
  if (token !== null && lifeMs(token, now) >= (isQuiet ? leastLifeMs : renewBelowMs)) {
    return { ok: true, token };
  }
  if (!isQuiet || throttled === null) return null;
  const retryAfterSeconds = Math.ceil((quietUntilMs - now.monotonicMs) / 1000);
  return { ok: false, failure: { ...throttled.failure, retryAfterSeconds } };
}

/**
 * What a finished call means for those who wait for it, and what is kept of it. `spare` is the token
 * that was to be renewed: it bridges an outage, but not a refusal.
 */
function settle(
  fetched: TokenResult,
  spare: UpstreamToken | null,
  now: Now,
): { readonly result: TokenResult; readonly entry: Entry | null } {
  if (fetched.ok && lifeMs(fetched.token, now) >= leastLifeMs) {
    const quietUntilMs = now.monotonicMs + renewalPauseMs;
    return { result: fetched, entry: { token: fetched.token, throttled: null, quietUntilMs } };
  }
  const failed = fetched.ok ? tooShort : fetched;
  const throttled = failed.failure.kind === "throttled" ? failed : null;
  const quietUntilMs = now.monotonicMs + pauseMs(throttled);
  const isTransient = throttled !== null || failed.failure.kind === "unavailable";
  if (spare !== null && isTransient && lifeMs(spare, now) >= leastLifeMs) {
    return { result: { ok: true, token: spare }, entry: { token: spare, throttled, quietUntilMs } };
  }
  return { result: failed, entry: throttled && { token: null, throttled, quietUntilMs } };
}

const tooShort: Failed = {
  ok: false,
  failure: {
    kind: "unavailable",
    retryAfterSeconds: null,
    detail: "Azure gave a token with less than 5 minutes left",
  },
};

function pauseMs(throttled: Failed | null): number {
  if (throttled === null) return renewalPauseMs;
  return Math.min(longestThrottleMs, (throttled.failure.retryAfterSeconds ?? 3) * 1000);
}

function lifeMs(token: UpstreamToken, now: Now): number {
  return token.expiresOnSeconds * 1000 - now.wallMs;
}

/** Every fact that decides which token Azure gives, so that an edited identity misses the cache. */
function keyOf({ namespace, name, spec }: AzureIdentity, resource: string): string {
  const { type, clientID, objectID, tenantID, resourceID, adEndpoint, clientPassword } = spec;
  const facts = [type, clientID, objectID, tenantID, resourceID, adEndpoint, clientPassword];
  return JSON.stringify([namespace, name, facts, resource]);
}
