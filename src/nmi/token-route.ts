import { keyOf } from "../engine/cluster-document.ts";
import type { Pod } from "../engine/resources.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { withDeadline } from "./deadline.ts";
import { findCaller, sourceOf, type FindCallerDeps } from "./find-caller.ts";
import { clientGone } from "./hold.ts";
import { attemptIssue, type Asking, type IssueDeps, type Issued, type Verdict } from "./issue.ts";
import type { PlatformMetadata } from "./ports.ts";
import { asNotSelected, refuse } from "./refusals.ts";
import type { TokenRequest } from "./request-query.ts";
import type { Slots } from "./slots.ts";
import { platformAnswer, tokenAnswer, type Answer, type TokenWords } from "./response.ts";
import { refused, type Arrival, type Served } from "./served.ts";
import { upstreamTimeoutMs } from "./token-fetch.ts";

export interface TokenRouteDeps extends IssueDeps, FindCallerDeps {
  readonly log: Log;
  readonly platform: PlatformMetadata;
  /** Shared with the token cache: calls to IMDS that run at once. */
  readonly imdsSlots: Slots;
  /** Answer 503 with Retry-After 20 where no identity is found, as aad-pod-identity on request. */
  readonly retryAfterUnselected: boolean;
}

/** Serves a request for a token to the pod behind its source address: caller, exemption, decision and token. */
export async function serveToken(
  deps: TokenRouteDeps,
  request: TokenRequest,
  arrival: Arrival,
): Promise<Served> {
  const { resource } = request;
  const caller = await findCaller(deps, arrival);
  if (!caller.ok) return { ...refused(caller.refusal), resource };
  const { pod, current: currentPod } = caller;

  if (deps.judge.isExempt(pod)) {
    const served = await passThrough(deps, request, currentPod, arrival.gone);
    if (served !== null) return { ...served, pod, resource };
  }
  const asking = { request, arrivedMs: arrival.arrivedMs, currentPod };
  const verdict = await issue(deps, sourceOf(arrival), asking, arrival.gone);
  if (verdict.ok)
    return { ...issued(verdict.issued, tokenAnswer(wordsOf(verdict.issued, resource))), pod, resource };
  const { refusal } = verdict;
  const told = deps.retryAfterUnselected ? asNotSelected(refusal) : refusal;
  return { ...denied({ ...verdict, refusal: told }), pod, resource };
}

/** Decision and token, with the patience of `asking`, under the caps of `caller`. */
export async function issue(
  deps: IssueDeps & Pick<FindCallerDeps, "heldCap" | "holds">,
  caller: string,
  asking: Asking,
  gone: AbortSignal,
): Promise<Verdict> {
  const attempt = () => attemptIssue(deps, asking);
  const held = await deps.heldCap.within(caller, attempt, (capped) => deps.holds.until(capped, gone));
  return held.ok ? held.value : held;
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
    // With the Retry-After without which some SDKs give up at once; the platform's own is not always there.
    if (raw.status === 429) return refused(refuse("upstreamThrottled", "UpstreamThrottled"));
    if (raw.status === 503) return refused(refuse("upstreamUnavailable", "UpstreamUnavailable"));
    return { answer: platformAnswer(raw), outcome: "passedThrough", reasons: ["PodExcepted"] };
  } catch (thrown) {
    if (gone.aborted) return refused(clientGone);
    deps.log.error({ err: toError(thrown) }, "platform metadata call failed");
    return refused(refuse("upstreamUnavailable", "UpstreamUnavailable"));
  }
}

/** What both token answers say. */
export function wordsOf({ identity, token, told }: Issued, resource: string): TokenWords {
  const { accessToken, notBeforeSeconds } = token;
  return { accessToken, clientID: identity.spec.clientID, resource, notBeforeSeconds, told };
}

/** An issued token on its way out. */
export function issued({ identity, binding, token, told }: Issued, answer: Answer): Served {
  return {
    answer,
    outcome: "issued",
    reasons: [],
    identity: keyOf(identity),
    binding,
    realExp: token.expiresOnSeconds,
    toldExp: told.expiresOnSeconds,
  };
}

/** A refusal that may be about one identity and binding. */
export function denied({ refusal, identity, binding }: Extract<Verdict, { ok: false }>): Served {
  return {
    ...refused(refusal),
    ...(identity === undefined ? {} : { identity }),
    ...(binding === undefined ? {} : { binding }),
  };
}
