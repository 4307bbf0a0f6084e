/** Ends a timer; calling it twice, or after the timer fired, does nothing. */
export type Cancel = () => void;

/**
 * The only source of time in podid (DESIGN §1 rule 2). Wall time judges windows; monotonic time
 * measures durations, so that a stepped wall clock neither fires nor starves a timer.
 */
export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number;
  /** Milliseconds since some fixed point; never goes back. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`; delays beyond Node's 24.8-day limit are honoured. */
  after(delayMs: number, run: () => void): Cancel;
}

/** Node fires a timer at once when its delay does not fit in 31 bits (reference/time-boxes.md §3.4). */
const longestTimerMs = 2 ** 31 - 1;

/** The clock of the machine. Its timers do not keep the process alive by themselves. */
export function createSystemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after: startTimer,
  };
}

function startTimer(delayMs: number, run: () => void): Cancel {
  let leftMs = Math.max(0, delayMs);
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const sliceMs = Math.min(leftMs, longestTimerMs);
    leftMs -= sliceMs;
    timer = setTimeout(() => (leftMs > 0 ? arm() : run()), sliceMs);
  };
  arm();
  return () => clearTimeout(timer);
}

/**
 * Waits `delayMs` on `clock`.
 * @throws the signal's reason when `signal` aborts first.
 */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(reasonOf(signal));
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(reasonOf(signal));
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error("aborted", { cause: signal?.reason });
}
