/** Lets so many work at a time, first come first served. */
export interface Slots {
  /**
   * Resolves, with the way to end it, when it is the caller's turn. Who `yields` lets everybody else go first, also those
   * who come later, but for one turn in a hundred.
   * @throws the signal's reason when it aborts first.
   */
  take(signal: AbortSignal, yields?: boolean): Promise<() => void>;
}

/** So many turns in a row others may go before those who yield. */
const mostBefore = 99;

/** `count` free slots. */
export function createSlots(count: number): Slots {
  let free = count;
  let before = 0;
  const waiting: Waiting = new Set();
  const yielding: Waiting = new Set();
  const release = (): void => {
    const [first] = waiting;
    const [last] = yielding;
    const isTurnOfLast = first === undefined || (last !== undefined && before >= mostBefore);
    before = isTurnOfLast || last === undefined ? 0 : before + 1;
    const next = isTurnOfLast ? last : first;
    if (next === undefined) free += 1;
    else next();
  };
  return {
    take: async (signal, yields = false) => {
      signal.throwIfAborted();
      if (free > 0) free -= 1;
      else await waitForTurn(yields ? yielding : waiting, signal);
      return release;
    },
  };
}

type Waiting = Set<() => void>;

function waitForTurn(waiting: Waiting, signal: AbortSignal): Promise<void> {
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
