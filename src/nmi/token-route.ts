import { keyOf } from "../engine/cluster-document.ts";
import type { ReasonCode } from "../engine/reasons.ts";
import type { Key, Pod } from "../engine/resources.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { canonicalAddress, type CallerIndex } from "./caller.ts";
import { withDeadline } from "./deadline.ts";
import { clientGone, type Change, type Holds, type Step } from "./hold.ts";
import { attemptIssue, type IssueDeps, type Issued, type Verdict } from "./issue.ts";
import type { PlatformMetadata } from "./ports.ts";
import { refuse } from "./refusals.ts";
import {
  hasMetadataHeader,
  metadataHeaderMissing,
  parseTokenRequest,
  type RawRequest,
  type TokenRequest,
} from "./request.ts";
import type { Slots } from "./slots.ts";
import {
  platformAnswer,
  refusalAnswer,
  tokenAnswer,
  type Answer,
  type Refusal,
  type RefusalKind,
} from "./response.ts";
import { upstreamTimeoutMs } from "./token-fetch.ts";

/** What became of a request: the answer, and what the access log says about it. */
export interface Served {
  readonly answer: Answer;
  readonly outcome: RefusalKind | "issued" | "passedThrough";
  readonly reasons: readonly ReasonCode[];
  readonly pod?: Pod;
  readonly resource?: string;
  readonly identity?: Key;
  readonly binding?: Key;
  /** When Azure stops honouring the token; Unix seconds. */
  readonly realExp?: number;
  /** When the client was told to stop using it; Unix seconds. */
  readonly toldExp?: number;
}

/** A request with its connection's facts. */
export interface Arrival {
  readonly raw: RawRequest;
  readonly peerAddress: string;
  /** Monotonic. */
  readonly arrivedMs: number;
  /** Aborts when the client has left. */
  readonly gone: AbortSignal;
}

export interface TokenRouteDeps extends IssueDeps {
  readonly log: Log;
  readonly callers: CallerIndex;
  readonly holds: Holds;
  readonly platform: PlatformMetadata;
  /** Shared with the token cache: calls to IMDS that run at once. */
  readonly imdsSlots: Slots;
  /** Lower-case host names that `Host` may carry. */
  readonly hosts: ReadonlySet<string>;
  readonly holdUnknownCallerMs: number;
  /** Whether `resources` shows everything by now. */
  readonly isSynced: () => boolean;
}

/** Caches older than this are not served from (reference/reliability.md K1; time-boxes.md §3.6 would allow twice as long). */
const longestServedStalenessSeconds = 300;
/** Caches become whole without a change that would end the wait. */
const syncRetryMs = 250;

/** Serves one request on the token path: header, request, caller, exemption, decision and token. */
export async function serveToken(deps: TokenRouteDeps, arrival: Arrival): Promise<Served> {
  if (!hasMetadataHeader(arrival.raw.headers)) return refused(metadataHeaderMissing);
  const parsed = parseTokenRequest(arrival.raw, deps.hosts);
  if (!parsed.ok) return refused(parsed.refusal);
  const { request } = parsed;
  const { resource } = request;

  const address = canonicalAddress(arrival.peerAddress) ?? arrival.peerAddress;
  const caller = await deps.holds.until(() => attemptFind(deps, address, arrival.arrivedMs), arrival.gone);
  if (!caller.ok) return { ...refused(caller.refusal), resource };
  if (!caller.value.ok) return { ...refused(caller.value.refusal), resource };
  const { pod } = caller.value;
  const currentPod = (): Pod | null => podAt(deps.callers, address, pod.uid);

  if (deps.judge.isExempt(pod)) {
    const served = await passThrough(deps, request, currentPod, arrival.gone);
    if (served !== null) return { ...served, pod, resource };
  }
  const asking = { request, arrivedMs: arrival.arrivedMs, currentPod };
  const held = await deps.holds.until<Verdict>(() => attemptIssue(deps, asking), arrival.gone);
  const verdict: Verdict = held.ok ? held.value : held;
  return { ...(verdict.ok ? issued(verdict.issued, resource) : denied(verdict)), pod, resource };
}

type Found = { readonly ok: true; readonly pod: Pod } | { readonly ok: false; readonly refusal: Refusal };

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

/** The pod may be younger than our view of the cluster; two claims to an address are not settled by luck. */
function attemptFind(deps: TokenRouteDeps, address: string, arrivedMs: number): Step<Found> {
  if (!deps.isSynced()) {
    const untilMs = arrivedMs + deps.holdUnknownCallerMs;
    return { kind: "hold", refusal: notSynced, untilMs, retryMs: syncRetryMs };
  }
  if (deps.resources.ageSeconds() > longestServedStalenessSeconds) {
    return { kind: "done", value: { ok: false, refusal: tooStale } };
  }
  const caller = deps.callers.find(address);
  if (caller.kind === "pod") return { kind: "done", value: { ok: true, pod: caller.pod } };
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

const isPod = ({ kind }: Change): boolean => kind === "Pod";

function podAt(callers: CallerIndex, address: string, uid: string): Pod | null {
  const caller = callers.find(address);
  return caller.kind === "pod" && caller.pod.uid === uid ? caller.pod : null;
}

/** An excepted pod gets the platform's answer as it is; null when the exception has gone meanwhile. */
async function passThrough(
  deps: TokenRouteDeps,
  request: TokenRequest,
  currentPod: () => Pod | null,
  gone: AbortSignal,
): Promise<Served | null> {
  try {
    const raw = await withDeadline(
      { clock: deps.clock, timeoutMs: upstreamTimeoutMs, signal: gone },
      (signal) => deps.imdsSlots.run(signal, () => deps.platform.fetchToken({ ...request, signal })),
    );
    const podAfter = currentPod();
    if (podAfter === null) return refused(refuse("podReplaced", "PodReplaced"));
    if (!deps.judge.isExempt(podAfter)) return null;
    return { answer: platformAnswer(raw), outcome: "passedThrough", reasons: ["PodExcepted"] };
  } catch (thrown) {
    if (gone.aborted) return refused(clientGone);
    deps.log.error({ err: toError(thrown) }, "platform metadata call failed");
    return refused(refuse("upstreamUnavailable", "UpstreamUnavailable"));
  }
}

function issued({ identity, binding, token, told }: Issued, resource: string): Served {
  const { accessToken, notBeforeSeconds, expiresOnSeconds } = token;
  const { clientID } = identity.spec;
  return {
    answer: tokenAnswer({ accessToken, clientID, resource, notBeforeSeconds, told }),
    outcome: "issued",
    reasons: [],
    identity: keyOf(identity),
    binding,
    realExp: expiresOnSeconds,
    toldExp: told.expiresOnSeconds,
  };
}

function denied({ refusal, identity, binding }: Extract<Verdict, { ok: false }>): Served {
  return {
    ...refused(refusal),
    ...(identity === undefined ? {} : { identity }),
    ...(binding === undefined ? {} : { binding }),
  };
}

/** A refusal on its way out. */
export function refused(refusal: Refusal): Served {
  return { answer: refusalAnswer(refusal), outcome: refusal.kind, reasons: refusal.reasons };
}
