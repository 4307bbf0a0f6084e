import { delay, type Clock } from "../runtime/clock.ts";
import { createTally } from "./tally.ts";

/**
 * Keeps callers that send more than they may waiting for their answers, so that they ask no faster than their
 * connections take turns: an answer given at once is asked for again at once, and costs what the others need
 * (reference/reliability.md L4).
 */
export interface FloodPause {
  /** Resolves after the pause, or once `gone` aborts; false, and at once, when as many of `caller` wait already as may. */
  wait(caller: string, gone: AbortSignal): Promise<boolean>;
}

export interface FloodPauseTerms {
  /** How long who comes alone waits. */
  readonly pauseMs: number;
  /** By so much longer waits each who comes while others do: those who are let go at once are back at once. */
  readonly apartMs: number;
  /** More of one caller wait only where requests are sent without awaiting answers. */
  readonly mostPerCaller: number;
}

/** Makes the pauses of one daemon. */
export function createFloodPause(clock: Clock, terms: FloodPauseTerms): FloodPause {
  const { pauseMs, apartMs, mostPerCaller } = terms;
  const waiting = createTally();
  return {
    wait: async (caller, gone) => {
      const own = waiting.of(caller);
      if (own >= mostPerCaller) return false;
      waiting.add(caller);
      try {
        await delay(clock, pauseMs + own * apartMs, gone);
      } catch {
        // It has left: nobody reads the answer.
      } finally {
        waiting.drop(caller);
      }
      return true;
    },
  };
}
