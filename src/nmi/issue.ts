import { keyOf } from "../engine/cluster-document.ts";
import type { AzureIdentity, Key, Pod } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { toSeconds } from "../timebox/instant.ts";
import { clampLifetime } from "./clamp.ts";
import type { Allowed, Confirmation, Judge, Refused } from "./decide.ts";
import type { Change, Step } from "./hold.ts";
import { refusalKindOf } from "./outcome.ts";
import type { PastGrants } from "./past-grants.ts";
import { identityGraceLeftMs } from "./patience.ts";
import type { Resources, UpstreamToken } from "./ports.ts";
import type { RecentChanges } from "./recent-changes.ts";
import { assignmentPending, denial, identityNotFound, refuse, upstreamFailure } from "./refusals.ts";
import type { TokenRequest } from "./request-query.ts";
import type { Refusal, ToldLifetime } from "./response.ts";
import type { TokenCache } from "./token-cache.ts";

/** A token that may be handed out now. */
export interface Issued {
  readonly identity: AzureIdentity;
  readonly binding: Key;
  readonly token: UpstreamToken;
  readonly told: ToldLifetime;
}

export type Verdict =
  | { readonly ok: true; readonly issued: Issued }
  | { readonly ok: false; readonly refusal: Refusal; readonly identity?: Key; readonly binding?: Key };

export interface IssueDeps {
  readonly clock: Clock;
  readonly resources: Resources;
  readonly judge: Judge;
  readonly cache: TokenCache;
  readonly grants: PastGrants;
  readonly recent: RecentChanges;
  readonly holdPendingMs: number;
  readonly holdUnboundMs: number;
  readonly refuseUnboundAtOnce: boolean;
  readonly identityGraceMs: number;
}

export interface Asking {
  readonly request: TokenRequest;
  /** When the request came in, monotonic. */
  readonly arrivedMs: number;
  /** The pod behind the source address as it is now; null once that is no longer the pod that asked. */
  readonly currentPod: () => Pod | null;
}

/** IMDS learns of an assignment late, and nothing here changes when it does. */
const upstreamLagRetryMs = 2_000;

/**
 * One attempt to issue a token: policy, upstream call, the same pod and policy again, clamp. What the
 * policy no longer allows after the call is thrown away, so no token crosses a closing edge
 * (reference/time-boxes.md §3.6).
 */
export async function attemptIssue(deps: IssueDeps, asking: Asking): Promise<Step<Verdict>> {
  const pod = asking.currentPod();
  if (pod === null) return refused(refuse("podReplaced", "PodReplaced"));
  const again = issueAgain(deps, pod, asking.request);
  if (again !== null) return again;
  const first = deps.judge.mayHave(pod, asking.request);
  if (!first.allow) return onRefused(deps, asking, pod, first);
  const identity = deps.resources.get("AzureIdentity", first.identity);
  if (identity === undefined) return refused(refuse("denied", "IdentityMissing"), first.identity);

  const fetched = await deps.cache.get(identity, asking.request.resource);

  const podAfter = asking.currentPod();
  if (podAfter === null) return refused(refuse("podReplaced", "PodReplaced"));
  if (!fetched.ok) {
    const refusal = upstreamFailure(fetched.failure);
    return fetched.failure.kind === "identityNotFound"
      ? {
          ...hold(deps, podAfter, refusal, asking.arrivedMs + deps.holdPendingMs),
          retryMs: upstreamLagRetryMs,
        }
      : refused(refusal, first.identity);
  }
  const confirmed = deps.judge.confirm(
    podAfter,
    asking.request,
    first.bindings,
    fetched.token.expiresOnSeconds,
  );
  const second = confirmed.decision;
  if (!second.allow) {
    deps.cache.drop(identity, asking.request.resource);
    return onRefused(deps, asking, podAfter, second);
  }
  const identityAfter = deps.resources.get("AzureIdentity", first.identity);
  if (!isSameGrant(first, second) || identityAfter?.resourceVersion !== identity.resourceVersion) {
    return { kind: "again" };
  }
  deps.grants.remember(podAfter, asking.request, second);
  return onConfirmed(identity, second, fetched.token, confirmed);
}

/**
 * The same pod has asked for the same before, and the token is at hand: one decision, made now, is before and after a
 * call that does not take place. Null when anything is not as it was, or the policy says no.
 */
function issueAgain(deps: IssueDeps, pod: Pod, request: TokenRequest): Step<Verdict> | null {
  const past = deps.grants.of(pod, request);
  const identity = past && deps.resources.get("AzureIdentity", past.identity);
  const token = identity && deps.cache.ready(identity, request.resource);
  if (past === undefined || identity === undefined || token === undefined) return null;
  const confirmed = deps.judge.confirm(pod, request, past.bindings, token.expiresOnSeconds);
  const { decision } = confirmed;
  if (!decision.allow || !isSameGrant(past, decision)) return null;
  return onConfirmed(identity, decision, token, confirmed);
}

/** Fits the token into the box; the last step, and a synchronous one. */
function onConfirmed(
  identity: AzureIdentity,
  decision: Allowed,
  token: UpstreamToken,
  { now, validUntil }: Confirmation,
): Step<Verdict> {
  const clamped = clampLifetime({
    token,
    nowSeconds: toSeconds(now),
    validUntilSeconds: validUntil === null ? null : toSeconds(validUntil),
    limits: decision.limits,
  });
  if (!clamped.ok) return refused(refuse("denied", clamped.code), decision.identity, decision.binding);
  const issued = { identity, binding: decision.binding, token, told: clamped.told };
  return { kind: "done", value: { ok: true, issued } };
}

/** A closed box is answered at once; what may open by itself within moments is worth a wait. */
function onRefused(deps: IssueDeps, asking: Asking, pod: Pod, decision: Refused): Step<Verdict> {
  const kind = refusalKindOf(decision);
  const pendingUntilMs = asking.arrivedMs + deps.holdPendingMs;
  if (kind === "pending") return hold(deps, pod, assignmentPending(decision), pendingUntilMs);
  if (kind === "unbound") {
    if (deps.refuseUnboundAtOnce) return refused(refuse("identityNotFound", "NoMatchingBinding"));
    return hold(deps, pod, refuse("unbound", "NoMatchingBinding"), asking.arrivedMs + deps.holdUnboundMs);
  }
  if (kind === "denied") {
    const { bindings } = decision;
    const opening = bindings.length === 0 ? null : deps.judge.opening(pod, bindings);
    return refused(denial(decision, opening), decision.identity, decision.binding ?? bindings[0]);
  }
  const graceLeftMs = identityGraceLeftMs(deps, pod, deps.judge.candidates(pod));
  if (graceLeftMs === 0) return refused(identityNotFound("identityNotFound"));
  const graceUntilMs = deps.clock.monotonicMs() + graceLeftMs;
  return hold(deps, pod, identityNotFound("pending"), Math.min(pendingUntilMs, graceUntilMs));
}

/** Whether the token that was fetched for `first` is what `second` allows, for the same span of time. */
function isSameGrant(first: Pick<Allowed, "identity" | "bindings">, second: Allowed): boolean {
  return (
    first.identity === second.identity &&
    new Set(first.bindings).symmetricDifference(new Set(second.bindings)).size === 0
  );
}

type HoldStep = Extract<Step<Verdict>, { kind: "hold" }>;

function refused(refusal: Refusal, identity?: Key, binding?: Key): Step<Verdict> {
  const names = {
    ...(identity === undefined ? {} : { identity }),
    ...(binding === undefined ? {} : { binding }),
  };
  return { kind: "done", value: { ok: false, refusal, ...names } };
}

/** Of pods and their assignments only the pod's own are news; of all else anything may be. */
function hold(deps: IssueDeps, pod: Pod, refusal: Refusal, untilMs: number): HoldStep {
  const key = keyOf(pod);
  const isNews = (change: Change): boolean => {
    if (change.kind === "Pod") return change.key === key;
    if (change.kind !== "AzureAssignedIdentity") return true;
    // One that has gone gives nobody an identity.
    const spec = deps.resources.get("AzureAssignedIdentity", change.key)?.spec;
    return spec?.pod === pod.name && spec.podNamespace === pod.namespace;
  };
  return { kind: "hold", refusal, untilMs, isNews };
}
