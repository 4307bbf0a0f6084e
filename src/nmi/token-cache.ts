import type { AzureIdentity, Key } from "../engine/resources.ts";
import type { Resources, TokenResult } from "./ports.ts";
import { createSlots } from "./slots.ts";
import { answerOf, settle, spareOf, type Now } from "./token-entry.ts";
import { entraCallsAtOnce, isManaged, type TokenFetchDeps } from "./token-fetch.ts";
import { createTokenFlights } from "./token-flights.ts";
import { createTokenShelf, factsOf, placeOf, type Place } from "./token-shelf.ts";

/**
 * Tokens by identity and resource, shared by all pods: whoever calls must hold a fresh allow from the
 * policy for this very identity (reference/reliability.md S2).
 */
export interface TokenCache {
  get(identity: AzureIdentity, resource: string): Promise<TokenResult>;
  /** Forgets a token, for instance because who asked for it has lost the right to it meanwhile. */
  drop(identity: AzureIdentity, resource: string): void;
  /** Ends to follow the store. */
  close(): void;
}

export interface TokenCacheDeps extends Omit<TokenFetchDeps, "entraSlots"> {
  readonly resources: Pick<Resources, "get" | "subscribe">;
  /** Hears how each upstream call ended: "ok" or the kind of failure. */
  readonly onFetch: (result: string) => void;
  /** In [0, 1); by default chance. */
  readonly random?: () => number;
}

/**
 * A bounded cache in front of the token source, with one call in flight per identity and resource. From half its life
 * on a token is renewed while the old one is served; failures stand for the pauses of token-entry.ts. An identity that
 * is edited or deleted takes its tokens with it, and so does an hour in which nobody asks.
 */
export function createTokenCache(deps: TokenCacheDeps): TokenCache {
  const { clock, resources, random = Math.random } = deps;
  const shelf = createTokenShelf();
  const now = (): Now => ({ wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() });
  const factsNow = (key: Key): string | null => currentFacts(resources, key);
  const onLanded = (place: Place, identity: AzureIdentity, fetched: TokenResult): TokenResult => {
    deps.onFetch(fetched.ok ? "ok" : fetched.failure.kind);
    const at = now();
    const terms = { random: random(), isManaged: isManaged(identity) };
    const { result, entry } = settle(fetched, shelf.use(place, at.monotonicMs) ?? null, at, terms);
    // Edited or deleted while the call was under way: nothing of it is kept.
    if (entry === null || factsNow(place.identity) !== place.facts) shelf.drop(place);
    else shelf.put(place, entry, at.monotonicMs);
    return result;
  };
  const flights = createTokenFlights({ ...deps, entraSlots: createSlots(entraCallsAtOnce), onLanded });

  const get = async (identity: AzureIdentity, resource: string): Promise<TokenResult> => {
    const at = now();
    shelf.dropIdle(at.monotonicMs);
    const place = placeOf(identity, resource);
    const entry = shelf.use(place, at.monotonicMs);
    const known = entry === undefined ? null : answerOf(entry, at);
    if (known !== null && !known.isRenewalDue) return known.result;
    const flight = flights.join(place, identity, resource);
    // A renewal goes on by itself, and never rejects.
    if (known !== null) return known.result;
    if (flight instanceof Promise) return flight;
    const token = spareOf(entry, at);
    return token === null ? flight : { ok: true, token };
  };
  const close = resources.subscribe(({ kind, key }) => {
    shelf.dropIdle(clock.monotonicMs());
    if (kind === "AzureIdentity") shelf.keepOnly(key, factsNow(key));
  });
  return {
    get,
    drop: (identity, resource) => shelf.drop(placeOf(identity, resource)),
    close,
  };
}

function currentFacts(resources: Pick<Resources, "get">, key: Key): string | null {
  const identity = resources.get("AzureIdentity", key);
  return identity === undefined ? null : factsOf(identity);
}
