import { delay, type Clock } from "../runtime/clock.ts";

/**
 * Keeps callers that send more than they may waiting for their answers, so that they ask no faster than their
 * connections take turns: an answer given at once is asked for again at once, and costs what the others need
 * (reference/reliability.md L4).
 */
export interface FloodPause {
  /** Resolves after the pause, a second or two, or once `gone` aborts; false, and at once, when as many of `caller` wait already as may. */
  wait(caller: string, gone: AbortSignal): Promise<boolean>;
}

const pauseMs = 1_000;
/** By so much longer waits each who comes while others do: those who are let go at once are back at once. */
const apartMs = 5;

/** Makes the pauses of one daemon. More than `mostPerCaller` wait only where requests are sent without awaiting answers. */
export function createFloodPause(clock: Clock, mostPerCaller: number): FloodPause {
  const waiting = new Map<string, number>();
  return {
    wait: async (caller, gone) => {
      const own = waiting.get(caller) ?? 0;
      if (own >= mostPerCaller) return false;
      waiting.set(caller, own + 1);
      try {
        await delay(clock, pauseMs + own * apartMs, gone);
      } catch {
        // It has left: nobody reads the answer.
      } finally {
        const left = (waiting.get(caller) ?? 0) - 1;
        if (left > 0) waiting.set(caller, left);
        else waiting.delete(caller);
      }
      return true;
    },
  };
}
