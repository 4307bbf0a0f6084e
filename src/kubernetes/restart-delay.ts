/** How long to wait before a connection is tried again (reference/kubernetes.md §5.1 item 7). */
export interface RestartDelay {
  /** The next delay, which doubles each time; not shorter than the server asked for. */
  next(retryAfterMs?: number | null): number;
  /** Something came through: begin again with short ones. */
  reset(): void;
}

const firstMs = 800;
const longestMs = 30_000;

/** Full jitter: anything from nothing to the bound, so that many clients spread out. `random` is 0..1. */
export function createRestartDelay(random: () => number): RestartDelay {
  let boundMs = firstMs;
  return {
    next: (retryAfterMs) => {
      const delayMs = random() * boundMs;
      boundMs = Math.min(longestMs, boundMs * 2);
      return Math.max(delayMs, retryAfterMs ?? 0);
    },
    reset: () => void (boundMs = firstMs),
  };
}
