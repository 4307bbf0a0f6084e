/** Gives each of many pieces of work a signal of its own, for as long as it runs. */
export interface OwnSignals {
  /** Runs `run` with a signal that aborts with `signal`, if there is one, or with the signal that all have in common. */
  during<T>(signal: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/**
 * `common` is listened to once: a signal looks through all its listeners whenever one is added or taken away, and
 * AbortSignal.any keeps a book of weak references that costs more than many a piece of work.
 */
export function createOwnSignals(common: AbortSignal): OwnSignals {
  const running = new Set<AbortController>();
  common.addEventListener("abort", () => running.forEach((own) => own.abort(common.reason)), { once: true });
  return {
    during: async (signal, run) => {
      const own = new AbortController();
      const end = (): void => own.abort(signal?.reason);
      if (common.aborted) own.abort(common.reason);
      else if (signal?.aborted === true) end();
      signal?.addEventListener("abort", end);
      running.add(own);
      try {
        return await run(own.signal);
      } finally {
        running.delete(own);
        signal?.removeEventListener("abort", end);
      }
    },
  };
}
