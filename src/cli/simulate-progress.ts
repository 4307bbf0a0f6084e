import type { Clock } from "../runtime/clock.ts";
import { formatInstant, type Instant } from "../timebox/instant.ts";

/** Tells people who wait what is being done. */
export interface Progress {
  /** The policy is about to be asked about `pod`, the `number`th of `count`. */
  asking(pod: string, at: Instant, place: { readonly number: number; readonly count: number }): void;
}

const silentMs = 3000;
const everyMs = 10_000;

/** Silent for as long as nobody would wonder; then a line now and then. */
export function createProgress(clock: Clock, write: (text: string) => void): Progress {
  let dueMs = clock.monotonicMs() + silentMs;
  return {
    asking: (pod, at, { number, count }) => {
      if (clock.monotonicMs() < dueMs) return;
      dueMs = clock.monotonicMs() + everyMs;
      write(
        `podid: asking the policy about ${pod} (${number} of ${count} pods), at ${formatInstant(at)} so far; Ctrl-C ends it`,
      );
    },
  };
}
