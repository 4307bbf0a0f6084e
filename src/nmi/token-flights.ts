import type { AzureIdentity, Key } from "../engine/resources.ts";
import type { TokenResult } from "./ports.ts";
import { remembered, throttledPauseMs, type Failed } from "./token-entry.ts";
import { fetchToken, isManaged, type TokenFetchDeps } from "./token-fetch.ts";
import type { Place } from "./token-shelf.ts";

/** Calls that one identity may have under way or in the queue: its pods must not keep others from theirs. */
const mostCallsOfIdentity = 16;
const busy: Failed = {
  ok: false,
  failure: {
    kind: "throttled",
    retryAfterSeconds: 3,
    detail: "too many resources are asked for in this identity's name at once",
  },
};

/** The calls that are under way: one for each identity and resource. */
export interface TokenFlights {
  /** Joins the call that is under way, or starts one; a failure when none may be started now. */
  join(place: Place, identity: AzureIdentity, resource: string): Promise<TokenResult> | Failed;
}

/**
 * @param deps.onLanded what a call brought, once; what it returns is told to all who wait for it.
 */
export function createTokenFlights(
  deps: TokenFetchDeps & {
    readonly onLanded: (place: Place, identity: AzureIdentity, fetched: TokenResult) => TokenResult;
  },
): TokenFlights {
  const flights = new Map<string, Promise<TokenResult>>();
  const callsOf = new Map<Key, number>();
  const imds = createPause(() => deps.clock.monotonicMs());

  const fly = async (place: Place, identity: AzureIdentity, resource: string): Promise<TokenResult> => {
    callsOf.set(place.identity, (callsOf.get(place.identity) ?? 0) + 1);
    try {
      const fetched = await fetchToken(deps, identity, resource);
      if (isManaged(identity)) imds.obey(fetched);
      return deps.onLanded(place, identity, fetched);
    } finally {
      flights.delete(place.id);
      const calls = (callsOf.get(place.identity) ?? 0) - 1;
      if (calls > 0) callsOf.set(place.identity, calls);
      else callsOf.delete(place.identity);
    }
  };
  return {
    join: (place, identity, resource) => {
      const underWay = flights.get(place.id);
      if (underWay !== undefined) return underWay;
      const pause = isManaged(identity) ? imds.left() : null;
      if (pause !== null) return pause;
      if ((callsOf.get(place.identity) ?? 0) >= mostCallsOfIdentity) return busy;
      const flight = fly(place, identity, resource);
      flights.set(place.id, flight);
      return flight;
    },
  };
}

/** IMDS asks the whole VM to slow down, not one identity. */
function createPause(monotonicMs: () => number): {
  readonly obey: (fetched: TokenResult) => void;
  readonly left: () => Failed | null;
} {
  let untilMs = Number.NEGATIVE_INFINITY;
  let said: Failed | null = null;
  return {
    obey: (fetched) => {
      if (fetched.ok || fetched.failure.kind !== "throttled") return;
      said = fetched;
      untilMs = Math.max(untilMs, monotonicMs() + throttledPauseMs(fetched.failure));
    },
    left: () => {
      const leftMs = untilMs - monotonicMs();
      return said === null || leftMs <= 0 ? null : remembered(said, leftMs);
    },
  };
}
