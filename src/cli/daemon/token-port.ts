import { delay, type Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { toError } from "../../runtime/to-error.ts";
import { CommandError } from "../errors.ts";

/** Longer than a daemon takes to stop, and shorter than kubelet's pause before it starts a container again. */
const patienceMs = 10_000;
const pauseMs = 100;

/**
 * Listens, or waits until whoever has the port has left: a daemon that shares no ports, such as aad-pod-identity's NMI
 * before it. Ending instead would leave the node without a daemon for as long as kubelet backs off.
 * @throws CommandError 3 when that takes more than 10 s, or for another reason than that the port is taken.
 */
export async function listenInTurn<T>(
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
  listen: () => Promise<T>,
): Promise<T> {
  const endMs = clock.monotonicMs() + patienceMs;
  for (let isTold = false; ; isTold = true) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the next try follows from this one
      return await listen();
    } catch (cause) {
      const problem = toError(cause).message;
      if (!isTaken(cause) || signal.aborted || clock.monotonicMs() >= endMs) {
        throw new CommandError(3, `podid nmi: the token port cannot be served: ${problem}`, { cause });
      }
      if (!isTold) log.warn({ problem }, "the token port is taken; waiting for it");
    }
    // oxlint-disable-next-line no-await-in-loop
    await delay(clock, pauseMs, signal).catch(() => undefined);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
