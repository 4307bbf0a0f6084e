import { delay, type Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { toError } from "../../runtime/to-error.ts";

export interface Waiting {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Longer than a daemon takes to stop, and shorter than kubelet's pause before it starts a container again. */
  readonly patienceMs?: number;
  readonly pauseMs?: number;
}

/**
 * Listens, or waits until whoever has the port has left: a daemon that shares no ports, such as aad-pod-identity's NMI
 * before it. Ending instead would leave the node without a daemon for as long as kubelet backs off.
 * @param purpose what the port is for, told in the log.
 * @returns null when `signal` aborts while it waits: who is told to stop has not failed.
 * @throws what `listen` does: when the wait takes longer than `patienceMs` (10 s), and for another reason than that the
 * port is taken.
 */
export async function whenFree<T>(
  { clock, log, signal, patienceMs = 10_000, pauseMs = 100 }: Waiting,
  purpose: string,
  listen: () => Promise<T>,
): Promise<T | null> {
  const endMs = clock.monotonicMs() + patienceMs;
  for (let isTold = false; ; isTold = true) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the next try follows from this one
      return await listen();
    } catch (cause) {
      if (!isTaken(cause)) throw cause;
      if (signal.aborted) return null;
      if (clock.monotonicMs() >= endMs) throw cause;
      if (!isTold) log.warn({ purpose, problem: toError(cause).message }, "a port is taken; waiting for it");
      // oxlint-disable-next-line no-await-in-loop
      await delay(clock, pauseMs, signal).catch(() => undefined);
      // Whoever is told to stop must not begin to listen.
      if (signal.aborted) return null;
    }
  }
}

/** Whether somebody else has the port. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
