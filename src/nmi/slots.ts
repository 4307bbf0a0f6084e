/** Lets a few tasks run at once; the others wait their turn. */
export interface Slots {
  /** Runs `task` when a slot is free, unless `signal` has aborted by then: rejects with its reason. */
  run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T>;
}

/** Makes `count` slots, served in the order of asking. */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  const take = async (): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push(resolve);
    await promise;
  };
  return {
    run: async (signal, task) => {
      await take();
      try {
        signal.throwIfAborted();
        return await task();
      } finally {
        release();
      }
    },
  };
}
