import type { Step } from "./hold.ts";
import { refuse } from "./refusals.ts";
import { createTally } from "./tally.ts";

/** Keeps the number of requests that wait within bounds, for each caller and in all (reference/reliability.md N12). */
export interface HeldCap {
  /**
   * Runs `wait` with an `attempt` that may wait only while there is room: the first time that it would, it takes a
   * place, or is refused at once when there is none. The place is free again when `wait` has ended.
   */
  within<T, R>(
    caller: string,
    attempt: () => Step<T> | Promise<Step<T>>,
    wait: (attempt: () => Promise<Step<T>>) => Promise<R>,
  ): Promise<R>;
}

/** Makes the bounds of one daemon. */
export function createHeldCap(limits: {
  readonly mostHeld: number;
  readonly mostHeldPerCaller: number;
}): HeldCap {
  const { mostHeld, mostHeldPerCaller } = limits;
  const byCaller = createTally();
  let held = 0;

  const take = (caller: string): boolean => {
    if (held >= mostHeld || byCaller.of(caller) >= mostHeldPerCaller) return false;
    held += 1;
    byCaller.add(caller);
    return true;
  };
  const free = (caller: string): void => {
    held -= 1;
    byCaller.drop(caller);
  };
  return {
    within: async (caller, attempt, wait) => {
      let hasPlace = false;
      try {
        return await wait(async () => {
          const step = await attempt();
          if (step.kind !== "hold" || hasPlace) return step;
          hasPlace = take(caller);
          return hasPlace ? step : { ...step, untilMs: 0, refusal: refuse("tooManyHeld", "TooManyHeld") };
        });
      } finally {
        if (hasPlace) free(caller);
      }
    },
  };
}
