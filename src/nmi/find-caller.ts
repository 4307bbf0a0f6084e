import type { Pod } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { canonicalAddress, type CallerIndex } from "./caller.ts";
import type { HeldCap } from "./held-cap.ts";
import type { Change, Holds, Step } from "./hold.ts";
import type { Resources } from "./ports.ts";
import { refuse } from "./refusals.ts";
import type { Refusal } from "./response.ts";
import type { Arrival } from "./served.ts";

export interface FindCallerDeps {
  readonly clock: Clock;
  readonly resources: Resources;
  readonly callers: CallerIndex;
  readonly holds: Holds;
  readonly heldCap: HeldCap;
  readonly holdUnknownCallerMs: number;
  /** Whether `resources` shows everything by now. */
  readonly isSynced: () => boolean;
}

export type Found =
  /** `current`: the same pod as it is now; null once it is another one, or none. */
  | { readonly ok: true; readonly pod: Pod; readonly current: () => Pod | null }
  | { readonly ok: false; readonly refusal: Refusal };

/** Caches older than this are not served from (reference/reliability.md K1; time-boxes.md §3.6 would allow twice as long). */
const longestServedStalenessSeconds = 300;
/** Caches become whole without a change that would end the wait. */
const syncRetryMs = 250;

const notSynced: Refusal = {
  kind: "notReady",
  description: "the agent does not know the cluster yet",
  reasons: [],
};
const tooStale: Refusal = {
  kind: "notReady",
  description: "the agent has not heard from the API server for too long",
  reasons: [],
};

/** Finds the pod behind a request, and waits for it if it may be younger than our view of the cluster. */
export function findCaller(deps: FindCallerDeps, arrival: Arrival): Promise<Found> {
  const address = sourceOf(arrival);
  return waitFor(deps, address, arrival.gone, () => attemptFind(deps, address, arrival.arrivedMs));
}

/** The source address in its one spelling. */
export function sourceOf({ peerAddress }: Arrival): string {
  return canonicalAddress(peerAddress) ?? peerAddress;
}

/** Waits for `attempt` under the caps, and answers why it ended otherwise. */
export async function waitFor(
  deps: Pick<FindCallerDeps, "heldCap" | "holds">,
  caller: string,
  gone: AbortSignal,
  attempt: () => Step<Found>,
): Promise<Found> {
  const held = await deps.heldCap.within(caller, attempt, (capped) => deps.holds.until(capped, gone));
  return held.ok ? held.value : held;
}

/** What there is to say while nothing is known of the cluster, or only what is too old; null otherwise. */
export function attemptKnow(deps: FindCallerDeps, arrivedMs: number): Step<Found> | null {
  if (!deps.isSynced()) {
    const untilMs = arrivedMs + deps.holdUnknownCallerMs;
    return { kind: "hold", refusal: notSynced, untilMs, retryMs: syncRetryMs };
  }
  if (deps.resources.ageSeconds() > longestServedStalenessSeconds) {
    return { kind: "done", value: { ok: false, refusal: tooStale } };
  }
  return null;
}

/** The pod may be younger than our view of the cluster; two claims to an address are not settled by luck. */
function attemptFind(deps: FindCallerDeps, address: string, arrivedMs: number): Step<Found> {
  const blind = attemptKnow(deps, arrivedMs);
  if (blind !== null) return blind;
  const caller = deps.callers.find(address);
  if (caller.kind === "pod") {
    const { pod } = caller;
    return { kind: "done", value: { ok: true, pod, current: () => podAt(deps.callers, address, pod.uid) } };
  }
  if (caller.kind === "unknown") {
    const refusal = refuse("unknownCaller", "UnknownCaller");
    return { kind: "hold", refusal, untilMs: arrivedMs + deps.holdUnknownCallerMs, isNews: isPod };
  }
  if (caller.kind === "hostNetwork") {
    return { kind: "done", value: { ok: false, refusal: refuse("denied", "HostNetworkPod") } };
  }
  const refusal = refuse("ambiguousCaller", "AmbiguousCaller");
  return { kind: "hold", refusal, untilMs: arrivedMs + deps.holdUnknownCallerMs, isNews: isPod };
}

/** The change that may tell whose an address is. */
export const isPod = ({ kind }: Change): boolean => kind === "Pod";

function podAt(callers: CallerIndex, address: string, uid: string): Pod | null {
  const caller = callers.find(address);
  return caller.kind === "pod" && caller.pod.uid === uid ? caller.pod : null;
}
