import type { Cancel } from "../runtime/clock.ts";
import { toError } from "../runtime/to-error.ts";
import { keepPace, type Pace } from "./pace.ts";

/** Lets a few tasks run at once; the others wait their turn. */
export interface Slots {
  /**
   * Runs `task` when a slot is free. Rejects with the signal's reason when `signal` aborts before that; a task that
   * has begun must watch the signal itself.
   */
  run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T>;
}

/** Makes `count` slots, served in the order of asking; with `pace` also no faster than that. */
export function createSlots(count: number, pace?: Pace): Slots {
  const queue = createQueue(count, pace);
  return {
    run: async (signal, task) => {
      await take(queue, signal);
      try {
        signal.throwIfAborted();
        return await task();
      } finally {
        queue.release();
      }
    },
  };
}

interface Queue {
  enter(start: () => void): void;
  leave(start: () => void): void;
  release(): void;
}

function createQueue(count: number, pace: Pace | undefined): Queue {
  let free = count;
  let endPause: Cancel | null = null;
  /** In the order of asking. */
  const waiting = new Set<() => void>();
  const keeper = pace === undefined ? null : keepPace(pace);

  const serve = (): void => {
    for (const start of waiting) {
      if (free === 0) return;
      const leftMs = keeper?.leftMs() ?? 0;
      if (leftMs > 0) return pause(leftMs);
      waiting.delete(start);
      free -= 1;
      keeper?.begin();
      start();
    }
  };
  const pause = (ms: number): void => {
    endPause ??=
      pace?.clock.after(ms, () => {
        endPause = null;
        serve();
      }) ?? null;
  };
  return {
    enter: (start) => {
      waiting.add(start);
      serve();
    },
    leave: (start) => {
      waiting.delete(start);
      if (waiting.size > 0) return;
      endPause?.();
      endPause = null;
    },
    release: () => {
      free += 1;
      serve();
    },
  };
}

async function take(queue: Queue, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = (): void => {
    queue.leave(resolve);
    reject(toError(signal.reason));
  };
  signal.addEventListener("abort", leave, { once: true });
  queue.enter(resolve);
  await promise.finally(() => signal.removeEventListener("abort", leave));
}
