import type { Pod } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { createCallerSlots, shareOf } from "./caller-slots.ts";
import { withDeadline } from "./deadline.ts";
import type { Judge } from "./decide.ts";
import { clientGone } from "./hold.ts";
import type { PlatformMetadata } from "./ports.ts";
import { refuse } from "./refusals.ts";
import type { TokenRequest } from "./request-query.ts";
import { platformAnswer, type Refusal } from "./response.ts";
import { refused, type Served } from "./served.ts";
import { createSlots, type Slots } from "./slots.ts";
import { throttledPauseMs } from "./token-entry.ts";
import { queueTimeoutMs, upstreamTimeoutMs } from "./token-fetch.ts";

/** Hands excepted pods the platform's own token answers. */
export interface PassThrough {
  /** Null when the exception has gone meanwhile. */
  serve(asking: PassThroughAsking): Promise<Served | null>;
}

interface PassThroughAsking {
  readonly request: TokenRequest;
  /** Source address. */
  readonly caller: string;
  readonly currentPod: () => Pod | null;
  readonly gone: AbortSignal;
}

interface PassThroughDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly platform: PlatformMetadata;
  readonly judge: Pick<Judge, "isExempt">;
  /** All calls to IMDS for tokens take one of these. */
  readonly imdsSlots: Slots;
}

/** Of the four that IMDS serves us at once, and of the 15 in a second: the rest is for pods that podid judges. */
const callsAtOnce = 2;
const pace = { starts: 5, withinMs: 1000 };
const callsAtOncePerPod = 2;

/**
 * Nothing of what excepted pods ask is kept, so each of their requests is a call. Hence bounds of its own: for each pod,
 * and for all of them together, so that others' tokens are fetched whatever excepted pods do. After a 429 nothing is asked
 * for as long as IMDS wants it.
 */
export function createPassThrough(deps: PassThroughDeps): PassThrough {
  const { clock, imdsSlots, judge } = deps;
  const share = shareOf(imdsSlots, createSlots(callsAtOnce, { clock, ...pace }));
  const slots = createCallerSlots(share, callsAtOncePerPod);
  const pause = createPause(clock);

  /** The platform's answer, or why there is none. */
  const ask = async ({ request, caller, gone }: PassThroughAsking): Promise<RawAnswer | Refusal> => {
    let isItsTurn = false;
    const turn = { clock, timeoutMs: queueTimeoutMs, signal: gone };
    try {
      return await withDeadline(turn, (inTime) =>
        slots.run(caller, inTime, async () => {
          isItsTurn = true;
          return pause.left() ?? pause.obey(await fetchInTime(deps, request, inTime));
        }),
      );
    } catch (thrown) {
      if (gone.aborted) return clientGone;
      if (!isItsTurn) return refuse("tooManyRequests", "TooManyRequests");
      deps.log.error({ err: toError(thrown) }, "platform metadata call failed");
      return refuse("upstreamUnavailable", "UpstreamUnavailable");
    }
  };
  return {
    serve: async (asking) => {
      const raw = pause.left() ?? (await ask(asking));
      if ("kind" in raw) return refused(raw);
      const pod = asking.currentPod();
      if (pod === null) return refused(refuse("podReplaced", "PodReplaced"));
      if (!judge.isExempt(pod)) return null;
      // With the Retry-After without which some SDKs give up at once; the platform's own is not always there.
      if (raw.status === 429) return refused(throttled(raw.retryAfterSeconds));
      if (raw.status === 503) return refused(refuse("upstreamUnavailable", "UpstreamUnavailable"));
      return { answer: platformAnswer(raw), outcome: "passedThrough", reasons: ["PodExcepted"] };
    },
  };
}

type RawAnswer = Awaited<ReturnType<PlatformMetadata["fetchToken"]>>;

function fetchInTime(
  { clock, platform }: PassThroughDeps,
  request: TokenRequest,
  inTime: AbortSignal,
): Promise<RawAnswer> {
  const limit = { clock, timeoutMs: upstreamTimeoutMs, signal: inTime };
  return withDeadline(limit, (signal) => platform.fetchToken({ ...request, signal }));
}

/** After a 429 the whole machine is to be quiet, so whoever asks then is told the same without a call. */
function createPause(clock: Clock): {
  readonly obey: (answer: RawAnswer) => RawAnswer;
  readonly left: () => Refusal | null;
} {
  let untilMs = Number.NEGATIVE_INFINITY;
  return {
    obey: (answer) => {
      const { status, retryAfterSeconds } = answer;
      if (status === 429)
        untilMs = Math.max(untilMs, clock.monotonicMs() + throttledPauseMs({ retryAfterSeconds }));
      return answer;
    },
    left: () => {
      const leftMs = untilMs - clock.monotonicMs();
      return leftMs > 0 ? throttled(Math.ceil(leftMs / 1000)) : null;
    },
  };
}

function throttled(retryAfterSeconds: number | null): Refusal {
  const refusal = refuse("upstreamThrottled", "UpstreamThrottled");
  return retryAfterSeconds === null ? refusal : { ...refusal, retryAfterSeconds };
}
