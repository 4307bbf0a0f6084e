/** Lets so many work at a time, first come first served. */
export interface Slots {
  /** Resolves, with the way to end it, when it is the caller's turn. @throws the signal's reason when it aborts first. */
  take(signal: AbortSignal): Promise<() => void>;
}

/** `count` free slots. */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting = new Set<() => void>();
  const release = (): void => {
    const [next] = waiting;
    if (next === undefined) free += 1;
    else next();
  };
  return {
    take: async (signal) => {
      signal.throwIfAborted();
      if (free > 0) free -= 1;
      else await waitForTurn(waiting, signal);
      return release;
    },
  };
}

function waitForTurn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = (): void => {
    waiting.delete(takeTurn);
    signal.removeEventListener("abort", giveUp);
  };
  const takeTurn = (): void => {
    leave();
    resolve();
  };
  const giveUp = (): void => {
    leave();
    reject(signal.reason);
  };
  waiting.add(takeTurn);
  signal.addEventListener("abort", giveUp);
  return promise;
}
