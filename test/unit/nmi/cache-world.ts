import { keyOf } from "../../../src/engine/cluster-document.ts";
import type { AzureIdentity } from "../../../src/engine/resources.ts";
import type { TokenFailure, TokenResult } from "../../../src/nmi/ports.ts";
import { createSlots } from "../../../src/nmi/slots.ts";
import { createTokenCache, type TokenCache, type TokenCacheDeps } from "../../../src/nmi/token-cache.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { mintToken } from "./daemon.ts";
import { createMemoryResources, identity, type MemoryResources } from "./memory-resources.ts";

export const minuteMs = 60_000;
export const reader = identity("reader");

export function failure(kind: TokenFailure["kind"], retryAfterSeconds: number | null = null): TokenResult {
  return { ok: false, failure: { kind, retryAfterSeconds, detail: kind } };
}

export function kindOf(result: TokenResult): string {
  return result.ok ? "token" : result.failure.kind;
}

export interface CacheWorld {
  readonly world: {
    readonly clock: SimulatedClock;
    readonly stop: AbortController;
    readonly mint: (lifetimeSeconds: number) => TokenResult;
    calls: number;
    /** How each call ended, as metrics hear it. */
    readonly fetched: string[];
    next: () => TokenResult | Promise<TokenResult>;
  };
  readonly cache: TokenCache;
  readonly resources: MemoryResources;
  /** Asks for a token of an identity, which the cluster then holds. */
  readonly get: (of?: AzureIdentity, resource?: string) => Promise<TokenResult>;
}

/** A cache over a source that answers what `next` says, by default a token that lives for an hour. */
export function setUp(changes: Partial<TokenCacheDeps> = {}): CacheWorld {
  const clock = createSimulatedClock(Date.parse("2026-06-14T22:00:00Z"));
  const stop = new AbortController();
  const mint = (lifetimeSeconds: number): TokenResult => ({
    ok: true,
    token: mintToken(clock.nowMs() / 1000, lifetimeSeconds),
  });
  const world: CacheWorld["world"] = {
    clock,
    stop,
    mint,
    calls: 0,
    fetched: [],
    next: () => mint(3600),
  };
  const resources = createMemoryResources();
  const cache = createTokenCache({
    clock,
    log: createSilentLog(),
    imdsSlots: createSlots(4),
    stopped: stop.signal,
    onFetch: (result) => void world.fetched.push(result),
    resources,
    random: () => 0,
    tokens: {
      acquire: async () => {
        world.calls += 1;
        return world.next();
      },
    },
    ...changes,
  });
  const get = (of: AzureIdentity = reader, resource = "r"): Promise<TokenResult> => {
    const held = resources.get("AzureIdentity", keyOf(of));
    if (held !== of) resources.put("AzureIdentity", of);
    return cache.get(of, resource);
  };
  return { world, cache, resources, get };
}
