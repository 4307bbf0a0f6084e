import type { AzureIdentity, Key } from "../engine/resources.ts";
import type { Resources, TokenResult, UpstreamToken } from "./ports.ts";
import { createSlots } from "./slots.ts";
import { answerOf, settle, spareOf, type Now } from "./token-entry.ts";
import { entraCallsAtOnce, isManaged, type TokenFetchDeps } from "./token-fetch.ts";
import { createTokenFlights } from "./token-flights.ts";
import { createTokenShelf, factsOf, placeOf, type Place, type TokenShelf } from "./token-shelf.ts";

/**
 * Tokens by identity and resource, shared by all pods: whoever calls must hold a fresh allow from the
 * policy for this very identity (reference/reliability.md S2).
 */
export interface TokenCache {
  get(identity: AzureIdentity, resource: string): Promise<TokenResult>;
  /** A token that is at hand and needs no renewal; undefined when `get` has something to do. */
  ready(identity: AzureIdentity, resource: string): UpstreamToken | undefined;
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
  const { clock, resources } = deps;
  const shelf = createTokenShelf();
  const now = (): Now => ({ wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() });
  const onLanded = (place: Place, identity: AzureIdentity, fetched: TokenResult): TokenResult =>
    land(deps, shelf, now(), { place, identity, fetched });
  const flights = createTokenFlights({ ...deps, entraSlots: createSlots(entraCallsAtOnce), onLanded });

  const look = (place: Place, at: Now) => {
    const entry = shelf.use(place, at.monotonicMs);
    return { entry, known: entry === undefined ? null : answerOf(entry, at) };
  };
  const get = async (identity: AzureIdentity, resource: string): Promise<TokenResult> => {
    const at = now();
    const place = placeOf(identity, resource);
    const { entry, known } = look(place, at);
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
    if (kind === "AzureIdentity") shelf.keepOnly(key, currentFacts(resources, key));
  });
  return {
    get,
    ready: (identity, resource) => {
      const { known } = look(placeOf(identity, resource), now());
      return known?.result.ok === true && !known.isRenewalDue ? known.result.token : undefined;
    },
    drop: (identity, resource) => shelf.drop(placeOf(identity, resource)),
    close,
  };
}

/** Keeps what a call brought, and answers what those who waited for it are told. */
function land(
  { resources, onFetch, random = Math.random }: TokenCacheDeps,
  shelf: TokenShelf,
  now: Now,
  { place, identity, fetched }: Landed,
): TokenResult {
  onFetch(fetched.ok ? "ok" : fetched.failure.kind);
  const terms = { random: random(), isManaged: isManaged(identity) };
  const { result, entry } = settle(fetched, shelf.use(place, now.monotonicMs) ?? null, now, terms);
  // Edited or deleted while the call was under way: nothing of it is kept.
  if (entry === null || currentFacts(resources, place.identity) !== place.facts) shelf.drop(place);
  else shelf.put(place, entry, now.monotonicMs);
  return result;
}

interface Landed {
  readonly place: Place;
  readonly identity: AzureIdentity;
  readonly fetched: TokenResult;
}

function currentFacts(resources: Pick<Resources, "get">, key: Key): string | null {
  const identity = resources.get("AzureIdentity", key);
  return identity === undefined ? null : factsOf(identity);
}
