import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { createCallerSlots } from "./caller-slots.ts";
import { withDeadline } from "./deadline.ts";
import { clientGone, restarting } from "./hold.ts";
import { refuse } from "./refusals.ts";
import type { Refusal } from "./response.ts";
import type { Slots } from "./slots.ts";
import { throttledPauseMs } from "./token-entry.ts";
import { queueTimeoutMs, upstreamTimeoutMs } from "./token-fetch.ts";

/** Calls of the platform's metadata service whose answers are passed on, so that each request is a call. */
export interface PlatformCalls {
  /**
   * Makes one when it is the caller's turn. Refuses who has left, whose turn does not come within 45 s or before the
   * daemon stops, everybody for as long as the platform wants after a 429, and what the platform does not answer. Never
   * rejects.
   * @param caller source address.
   * @param gone aborts when nobody waits for the answer any more.
   */
  make<T extends PlatformAnswer>(
    caller: string,
    gone: AbortSignal,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<Called<T>>;
}

interface PlatformAnswer {
  readonly status: number;
  /** What the platform asks for with a 429; null: nothing. */
  readonly retryAfterSeconds: number | null;
}

type Called<T> = { readonly ok: true; readonly answer: T } | Refused;
type Refused = { readonly ok: false; readonly refusal: Refusal };

export interface PlatformCallsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Each call takes one. */
  readonly slots: Slots;
  readonly mostAtOncePerCaller: number;
  /** Ends all waits for a turn, so that a stopping daemon can still answer them. */
  readonly draining: AbortSignal;
  /** Ends what is under way then. */
  readonly stopped: AbortSignal;
}

/** Shares `slots` among callers, so that none waits behind more than the first of another's calls. */
export function createPlatformCalls(deps: PlatformCallsDeps): PlatformCalls {
  const { clock, draining, stopped } = deps;
  const slots = createCallerSlots(deps.slots, deps.mostAtOncePerCaller);
  const pause = createPause(clock);
  const tellFailure = createFailureLog(deps);
  const refusalOf = (thrown: unknown, isItsTurn: boolean, gone: AbortSignal): Refusal => {
    if (gone.aborted) return clientGone;
    if (stopped.aborted || (draining.aborted && !isItsTurn)) return restarting;
    if (!isItsTurn) return refuse("tooManyRequests", "TooManyRequests");
    tellFailure(thrown);
    return unavailable.refusal;
  };
  return {
    make: async (caller, gone, call) => {
      const paused = pause.left();
      if (paused !== null) return paused;
      let isItsTurn = false;
      const late = new AbortController();
      const endPatience = clock.after(queueTimeoutMs, () => late.abort(new Error("no turn in time")));
      try {
        return await slots.run(caller, AbortSignal.any([gone, draining, late.signal]), async () => {
          isItsTurn = true;
          endPatience();
          const signal = AbortSignal.any([gone, stopped]);
          const limit = { clock, timeoutMs: upstreamTimeoutMs, signal };
          return pause.left() ?? judge(pause.obey(await withDeadline(limit, call)));
        });
      } catch (thrown) {
        return { ok: false, refusal: refusalOf(thrown, isItsTurn, gone) };
      } finally {
        endPatience();
      }
    },
  };
}

const unavailable: Refused = { ok: false, refusal: refuse("upstreamUnavailable", "UpstreamUnavailable") };

/** With the Retry-After without which some SDKs give up at once; the platform's own is not always there. */
function judge<T extends PlatformAnswer>(answer: T): Called<T> {
  if (answer.status === 429) return throttled(answer.retryAfterSeconds);
  return answer.status === 503 ? unavailable : { ok: true, answer };
}

/** After a 429 the whole machine is to be quiet, so whoever asks then is told the same without a call. */
function createPause(clock: Clock): {
  readonly obey: <T extends PlatformAnswer>(answer: T) => T;
  readonly left: () => Refused | null;
} {
  let untilMs = Number.NEGATIVE_INFINITY;
  return {
    obey: (answer) => {
      if (answer.status === 429) untilMs = Math.max(untilMs, clock.monotonicMs() + throttledPauseMs(answer));
      return answer;
    },
    left: () => {
      const leftMs = untilMs - clock.monotonicMs();
      return leftMs > 0 ? throttled(Math.ceil(leftMs / 1000)) : null;
    },
  };
}

function throttled(retryAfterSeconds: number | null): Refused {
  const refusal = refuse("upstreamThrottled", "UpstreamThrottled");
  return { ok: false, refusal: retryAfterSeconds === null ? refusal : { ...refusal, retryAfterSeconds } };
}

const newsPauseMs = 10_000;

/** A line for the first failure of a while, with how many before it had none: a pod can make as many as it likes. */
function createFailureLog({
  clock,
  log,
}: Pick<PlatformCallsDeps, "clock" | "log">): (thrown: unknown) => void {
  let toldMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (thrown) => {
    if (clock.monotonicMs() - toldMs < newsPauseMs) {
      untold += 1;
      return;
    }
    log.error({ err: toError(thrown), untold }, "platform metadata call failed");
    toldMs = clock.monotonicMs();
    untold = 0;
  };
}
