import type { TokenFailure, TokenResult, UpstreamToken } from "./ports.ts";

/** Below this much real life a token is renewed before it is handed out (reference/azure.md §1.5). */
const renewBelowMs = 10 * 60_000;
/** Below this much real life no client keeps a token, so none is handed out. */
const leastLifeMs = 5 * 60_000;
/** Pause after a renewal that brought nothing better: IMDS gives the same token until it renews it itself. */
const renewalPauseMs = 10_000;
/** A pause that upstream asks for is kept, within reason. */
const longestPauseMs = 5 * 60_000;
/** Throttled without a word for how long. */
const throttledPauseSeconds = 3;
/** Faults in a row are answered by ever longer pauses: 1, 2, 4, 8 s (reference/reliability.md IM2). */
const faultPauseMs = 1000;
const mostDoublings = 3;
/** IMDS learns of an assignment late; all who wait for that ask together once in this time. */
const notFoundPauseMs = 1000;
/** What IMDS refuses for good it refuses again a moment later. */
const refusedPauseMs = 30_000;
/** Tokens that came together are not all renewed together: this much of a half life earlier at most. */
const jitter = 0.1;

export type Failed = Extract<TokenResult, { ok: false }>;

/** What is known of one identity's token for one resource. */
export interface Entry {
  readonly token: UpstreamToken | null;
  /** From this monotonic time on the token is renewed while it is served: its half life. */
  readonly renewAtMs: number;
  /** What upstream said instead of a token, for as long as that is to be believed. */
  readonly failed: Failed | null;
  /** Failures in a row. */
  readonly failures: number;
  /** Monotonic; before it upstream is not asked. */
  readonly quietUntilMs: number;
}

/** What differs from call to call. */
export interface Terms {
  /** In [0, 1): spreads renewals. */
  readonly random: number;
  /** The identity has no credential in the cluster that could be put right: a refusal stands for a while. */
  readonly isManaged: boolean;
}

/** Both clocks: wall time judges a token's life, monotonic time measures pauses. */
export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** What an entry answers without a call, and whether a call is due beside the answer; null when one is due first. */
export function answerOf(
  entry: Entry,
  now: Now,
): { readonly result: TokenResult; readonly isRenewalDue: boolean } | null {
  const { token, failed, quietUntilMs, renewAtMs } = entry;
  const isQuiet = now.monotonicMs < quietUntilMs;
  const lifeMs = token === null ? 0 : lifeOf(token, now);
  if (token !== null && lifeMs >= (isQuiet ? leastLifeMs : renewBelowMs)) {
    return { result: { ok: true, token }, isRenewalDue: !isQuiet && now.monotonicMs >= renewAtMs };
  }
  if (!isQuiet || failed === null) return null;
  return { result: remembered(failed, quietUntilMs - now.monotonicMs), isRenewalDue: false };
}

/** A failure as it is told again: whoever is to come back later is told how much later. */
export function remembered({ failure }: Failed, leftMs: number): Failed {
  if (failure.kind !== "throttled") return { ok: false, failure };
  return { ok: false, failure: { ...failure, retryAfterSeconds: Math.ceil(leftMs / 1000) } };
}

/**
 * What a finished call means for those who wait for it, and what is kept of it. The token that was to be renewed
 * bridges an outage, also one in which IMDS does not know the identity (reference/azure.md §2), but not a refusal.
 */
export function settle(
  fetched: TokenResult,
  before: Entry | null,
  now: Now,
  terms: Terms,
): { readonly result: TokenResult; readonly entry: Entry | null } {
  if (fetched.ok && lifeOf(fetched.token, now) >= leastLifeMs) {
    const halfLifeMs = (lifeOf(fetched.token, now) / 2) * (1 - jitter * terms.random);
    const entry = {
      token: fetched.token,
      renewAtMs: now.monotonicMs + halfLifeMs,
      failed: null,
      failures: 0,
      quietUntilMs: now.monotonicMs + renewalPauseMs,
    };
    return { result: fetched, entry };
  }
  const failed = fetched.ok ? tooShort : fetched;
  const failures = (before?.failures ?? 0) + 1;
  const quietUntilMs = now.monotonicMs + pauseMs(failed, failures, terms.isManaged);
  const spare = before?.token ?? null;
  const token = spare !== null && isPassing(failed) && lifeOf(spare, now) >= leastLifeMs ? spare : null;
  const isQuiet = quietUntilMs > now.monotonicMs;
  return {
    result: token === null ? failed : { ok: true, token },
    entry:
      token === null && !isQuiet
        ? null
        : { token, renewAtMs: before?.renewAtMs ?? 0, failed, failures, quietUntilMs },
  };
}

/** The token of an entry that may still be handed out, whatever upstream says. */
export function spareOf(entry: Entry | undefined, now: Now): UpstreamToken | null {
  const token = entry?.token ?? null;
  return token !== null && lifeOf(token, now) >= leastLifeMs ? token : null;
}

/**
 * How long upstream is to be left alone after this failure, the `failures`th in a row. Entra's refusals depend on a
 * credential that may be put right at any moment: whoever reads that remembers them.
 */
function pauseMs({ failure }: Failed, failures: number, isManaged: boolean): number {
  switch (failure.kind) {
    case "throttled":
      return throttledPauseMs(failure);
    case "unavailable": {
      const ownMs = faultPauseMs * 2 ** Math.min(failures - 1, mostDoublings);
      return Math.min(longestPauseMs, Math.max((failure.retryAfterSeconds ?? 0) * 1000, ownMs));
    }
    case "identityNotFound":
      return notFoundPauseMs;
    case "refused":
      return isManaged ? refusedPauseMs : 0;
    // Nobody upstream was asked: what is wrong stands in the cluster, and may be put right at any moment.
    case "credential":
    case "unsupported":
      return 0;
    default:
      return failure.kind satisfies never;
  }
}

/** How long to leave somebody alone who said 429. */
export function throttledPauseMs({ retryAfterSeconds }: Pick<TokenFailure, "retryAfterSeconds">): number {
  return Math.min(longestPauseMs, (retryAfterSeconds ?? throttledPauseSeconds) * 1000);
}

function isPassing({ failure: { kind } }: Failed): boolean {
  return kind === "throttled" || kind === "unavailable" || kind === "identityNotFound";
}

const tooShort: Failed = {
  ok: false,
  failure: {
    kind: "unavailable",
    retryAfterSeconds: null,
    detail: "Azure gave a token with less than 5 minutes left",
  },
};

function lifeOf(token: UpstreamToken, now: Now): number {
  return token.expiresOnSeconds * 1000 - now.wallMs;
}
