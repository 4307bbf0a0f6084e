import { toError } from "../../runtime/to-error.ts";
import { isTaken, whenFree, type Waiting } from "./when-free.ts";

const loopbacks = ["127.0.0.1", "::1"];
/** Whoever holds a loopback's port may do so for days. */
const pauseMs = 1000;

/** The loopback addresses at which the node's own processes are served. */
export interface HostEndpoint {
  /** Why they cannot ask at one of them, though they should; null when they can. */
  problem(): string | null;
  /** Ends the waiting for those that are taken. */
  close(): Promise<void>;
}

/**
 * Serves the node's own processes at both loopback addresses, whatever address pods are served at: the Key Vault
 * provider asks "localhost", which is either (reference/azure.md §1.6). Resolves when each was tried. One that another
 * daemon has is waited for, for as long as it takes; a node may lack one of them, so what cannot be served is told and
 * no more.
 * @param host the address that is served already.
 */
export async function listenAtLoopbacks(
  waiting: BackgroundWaiting,
  host: string,
  listen: (loopback: string) => Promise<unknown>,
): Promise<HostEndpoint> {
  const closing = new AbortController();
  const signal = AbortSignal.any([waiting.signal, closing.signal]);
  const problems = new Map<string, string>();
  const missing = host === "::" || host === "0.0.0.0" ? [] : loopbacks.filter((one) => one !== host);
  const attempts = missing.map((loopback) => {
    const onTried = (problem: string | null): void => {
      if (problem === null) problems.delete(loopback);
      else problems.set(loopback, problem);
    };
    return listenAt({ ...waiting, signal }, loopback, listen, onTried);
  });
  await Promise.all(attempts.map(({ tried }) => tried));
  return {
    problem: () => {
      const untold = [...problems].map(([loopback, problem]) => `${loopback} (${problem})`);
      return untold.length === 0 ? null : `/host/token is not served at ${untold.join(", ")}`;
    },
    close: async () => {
      closing.abort();
      await Promise.all(attempts.map(({ ended }) => ended));
    },
  };
}

type BackgroundWaiting = Pick<Waiting, "clock" | "log" | "signal">;

/** `tried`: the first attempt is over; `ended`: there is no other one. Neither rejects. */
function listenAt(
  waiting: BackgroundWaiting,
  loopback: string,
  listen: (loopback: string) => Promise<unknown>,
  onTried: (problem: string | null) => void,
): { readonly tried: Promise<void>; readonly ended: Promise<unknown> } {
  const tried = Promise.withResolvers<void>();
  const attempt = async (): Promise<void> => {
    try {
      await listen(loopback);
      onTried(null);
    } catch (thrown) {
      // That there is no IPv6 is a node's own affair.
      if (loopback === "127.0.0.1" || isTaken(thrown)) onTried(toError(thrown).message);
      throw thrown;
    } finally {
      tried.resolve();
    }
  };
  const patient = { ...waiting, patienceMs: Number.POSITIVE_INFINITY, pauseMs };
  const ended = whenFree(patient, "the host token endpoint", attempt).catch((thrown: unknown) => {
    waiting.log.warn(
      { err: toError(thrown), loopback },
      "the host token endpoint is not served at this address",
    );
  });
  return { tried: tried.promise, ended };
}
