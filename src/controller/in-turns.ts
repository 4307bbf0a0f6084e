import type { Clock } from "../runtime/clock.ts";

/** Tasks begin with a look at one unit, some milliseconds of work: what the first ones ask for must get out meanwhile. */
const turnMs = 10;

/**
 * The way to run `step` until it answers false, which is soon. However often it is asked for: 10 ms after the first step
 * of a turn of the event loop the rest waits for the next turn, so that answers are read and timers run in between.
 */
export function inTurns(clock: Clock, step: () => boolean): () => void {
  let startedMs: number | undefined;
  let isLeft = false;
  const beginTurn = (): number => {
    setImmediate(() => {
      startedMs = undefined;
      if (isLeft) run();
    });
    return clock.monotonicMs();
  };
  const run = (): void => {
    startedMs ??= beginTurn();
    isLeft = false;
    while (clock.monotonicMs() - startedMs < turnMs) if (!step()) return;
    isLeft = true;
  };
  return run;
}
