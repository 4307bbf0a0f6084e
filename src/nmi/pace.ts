import type { Clock } from "../runtime/clock.ts";

/** No more than `starts` begin within any span of `withinMs`. */
export interface Pace {
  readonly clock: Clock;
  readonly starts: number;
  readonly withinMs: number;
}

/** Counts what begins, and says how long the next has to wait. */
export interface PaceKeeper {
  leftMs(): number;
  begin(): void;
}

/** Remembers the last `starts` beginnings. */
export function keepPace({ clock, starts, withinMs }: Pace): PaceKeeper {
  const begun: number[] = [];
  return {
    leftMs: () => {
      const [oldest] = begun;
      if (oldest === undefined || begun.length < starts) return 0;
      return Math.max(0, oldest + withinMs - clock.monotonicMs());
    },
    begin: () => {
      begun.push(clock.monotonicMs());
      if (begun.length > starts) begun.shift();
    },
  };
}
