/** Lets so many work at a time, first come first served. */
export interface Slots {
  /**
   * Resolves, with the way to end it, when it is the caller's turn. Who `yields` lets everybody else go first, also those
   * who come later: it waits until fewer than half of the slots are taken, but for one turn in a hundred.
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
  // A slot that is free for a moment in a rush is not for those who yield.
  const isQuiet = (): boolean => waiting.size === 0 && free > count / 2;
  const release = (): void => {
    free += 1;
    const [first] = waiting;
    const [last] = yielding;
    const isTurnOfLast = last !== undefined && (isQuiet() || before >= mostBefore);
    before = isTurnOfLast || last === undefined ? 0 : before + 1;
    const next = isTurnOfLast ? last : first;
    if (next === undefined) return;
    free -= 1;
    next();
  };
  return {
    take: async (signal, yields = false) => {
      signal.throwIfAborted();
      const isFree = yields ? isQuiet() : free > 0;
      if (isFree) free -= 1;
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
