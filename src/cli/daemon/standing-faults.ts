import { KubernetesError } from "../../kubernetes/errors.ts";
import { delay, type Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { toError } from "../../runtime/to-error.ts";
import type { Readiness } from "./readiness.ts";

const retryMs = 2_000;
const standingMs = 10_000;

export interface AskOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly readiness: Readiness;
  readonly signal: AbortSignal;
}

/**
 * The faults that `ask` finds, as soon as it finds none or has found some for ten seconds: a server that has just
 * started refuses what it allows moments later, so that faults have to stand before they are believed. An API server
 * that is away is asked again until `signal` aborts.
 * @throws the reason of `signal`, and what `ask` throws but KubernetesErrors.
 */
export async function standingFaults(
  options: AskOptions,
  ask: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const { clock, readiness, signal } = options;
  let sinceMs: number | undefined;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- asked again while there are faults
    const faults = await untilAnswered(options, ask, () => (sinceMs = undefined));
    const [fault] = faults;
    if (fault === undefined) return [];
    sinceMs ??= clock.monotonicMs();
    if (clock.monotonicMs() - sinceMs >= standingMs) return faults;
    readiness.set("source", fault);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await delay(clock, retryMs, signal);
  }
}

async function untilAnswered<T>(
  { clock, log, readiness, signal }: AskOptions,
  ask: () => Promise<T>,
  onSilence: () => void,
): Promise<T> {
  let told = "";
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- asked again when there was no answer
      const answer = await ask();
      readiness.set("source", "not everything of the cluster has been read yet");
      return answer;
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof KubernetesError)) throw thrown;
      onSilence();
      if (thrown.message !== told) log.warn({ err: toError(thrown) }, "the API server cannot be asked yet");
      told = thrown.message;
      readiness.set("source", `the API server cannot be asked: ${thrown.message}`);
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    await delay(clock, retryMs, signal);
  }
}
