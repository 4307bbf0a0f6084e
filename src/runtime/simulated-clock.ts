import type { Cancel, Clock } from "./clock.ts";

/** A clock that stands still until it is moved: for tests and for `podid demo`. */
export interface SimulatedClock extends Clock {
  /** Moves wall and monotonic time on by `ms`, firing the timers that fall due, in order. */
  advance(ms: number): void;
  /** Steps the wall clock alone, as an NTP correction does; timers stay where they were. */
  stepWall(ms: number): void;
  /** Milliseconds until the next timer, or null when none is waiting. */
  nextTimerInMs(): number | null;
  /** Resolves when the next timer (of `delayMs`, if given) is started: the sign that some task has begun to wait. */
  timerStarted(delayMs?: number): Promise<void>;
}

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Makes a simulated clock that reads `startMs` (unix milliseconds). */
export function createSimulatedClock(startMs: number): SimulatedClock {
  let monotonicMs = 0;
  let wallOffsetMs = startMs;
  let order = 0;
  let waiters: { readonly delayMs: number | undefined; readonly wake: () => void }[] = [];
  const timers = new Set<Timer>();

  const next = (): Timer | undefined =>
    [...timers].toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];

  const after = (delayMs: number, run: () => void): Cancel => {
    const timer: Timer = { dueMs: monotonicMs + Math.max(0, delayMs), order: (order += 1), run };
    timers.add(timer);
    const isMeant = (waiter: (typeof waiters)[number]): boolean =>
      waiter.delayMs === undefined || waiter.delayMs === delayMs;
    for (const { wake } of waiters.filter(isMeant)) wake();
    waiters = waiters.filter((waiter) => !isMeant(waiter));
    return () => void timers.delete(timer);
  };

  const advance = (ms: number): void => {
    const endMs = monotonicMs + ms;
    for (let timer = next(); timer !== undefined && timer.dueMs <= endMs; timer = next()) {
      monotonicMs = Math.max(monotonicMs, timer.dueMs);
      timers.delete(timer);
      timer.run();
    }
    monotonicMs = endMs;
  };

  return {
    // Whole milliseconds, as the clock of a machine reads.
    nowMs: () => Math.floor(wallOffsetMs + monotonicMs),
    monotonicMs: () => monotonicMs,
    after,
    advance,
    stepWall: (ms) => void (wallOffsetMs += ms),
    nextTimerInMs: () => {
      const timer = next();
      return timer === undefined ? null : timer.dueMs - monotonicMs;
    },
    timerStarted: (delayMs) => new Promise((wake) => void waiters.push({ delayMs, wake })),
  };
}
