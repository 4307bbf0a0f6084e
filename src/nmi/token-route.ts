import { keyOf } from "../engine/cluster-document.ts";
import { findCaller, sourceOf, type FindCallerDeps } from "./find-caller.ts";
import { attemptIssue, type Asking, type IssueDeps, type Issued, type Verdict } from "./issue.ts";
import type { PassThrough } from "./pass-through.ts";
import { asNotSelected } from "./refusals.ts";
import type { TokenRequest } from "./request-query.ts";
import { tokenAnswer, type Answer, type TokenWords } from "./response.ts";
import { refused, type Arrival, type Served } from "./served.ts";

export interface TokenRouteDeps extends IssueDeps, FindCallerDeps {
  readonly passThrough: PassThrough;
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
  const caller = sourceOf(arrival);
  const found = await findCaller(deps, arrival);
  if (!found.ok) return { ...refused(found.refusal), resource };
  const { pod, current: currentPod } = found;

  if (deps.judge.isExempt(pod)) {
    const served = await deps.passThrough.serve({ request, caller, currentPod, gone: arrival.gone });
    if (served !== null) return { ...served, pod, resource };
  }
  const asking = { request, arrivedMs: arrival.arrivedMs, currentPod };
  const verdict = await issue(deps, caller, asking, arrival.gone);
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
