import type { Pod } from "../engine/resources.ts";
import { shareOf } from "./caller-slots.ts";
import type { Judge } from "./decide.ts";
import { createPlatformCalls, type PlatformCallsDeps } from "./platform-calls.ts";
import type { PlatformMetadata } from "./ports.ts";
import { refuse } from "./refusals.ts";
import type { TokenRequest } from "./request-query.ts";
import { platformAnswer } from "./response.ts";
import { refused, type Served } from "./served.ts";
import { createSlots, type Slots } from "./slots.ts";

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

interface PassThroughDeps extends Omit<PlatformCallsDeps, "slots" | "mostAtOncePerCaller"> {
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
 * and for all of them together, so that others' tokens are fetched whatever excepted pods do.
 */
export function createPassThrough(deps: PassThroughDeps): PassThrough {
  const { clock, imdsSlots, platform, judge } = deps;
  const slots = shareOf(imdsSlots, createSlots(callsAtOnce, { clock, ...pace }));
  const calls = createPlatformCalls({ ...deps, slots, mostAtOncePerCaller: callsAtOncePerPod });
  return {
    serve: async ({ request, caller, currentPod, gone }) => {
      const called = await calls.make(caller, gone, (signal) => platform.fetchToken({ ...request, signal }));
      const pod = currentPod();
      if (pod === null) return refused(refuse("podReplaced", "PodReplaced"));
      if (!judge.isExempt(pod)) return null;
      if (!called.ok) return refused(called.refusal);
      return { answer: platformAnswer(called.answer), outcome: "passedThrough", reasons: ["PodExcepted"] };
    },
  };
}
