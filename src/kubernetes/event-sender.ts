import { delay, type Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import type { KubernetesApi } from "./api.ts";
import { KubernetesError, type KubernetesErrorCode } from "./errors.ts";
import type { EventSeries } from "./event-series.ts";

/** What became of an event; for a counter. */
export type EventOutcome =
  | "sent"
  /** Too many were waiting. */
  | "dropped"
  /** The server does not want it. */
  | "refused"
  /** The server could not be reached, twelve times. */
  | "givenUp";

/**
 * Brings series to the server, one after the other, in the order in which they were given, and after all else that waits
 * to be written: a thousand pods that are assigned come before the telling of it.
 */
export interface EventSender {
  /** False when too many are waiting; a series that waits already counts as given. */
  give(series: EventSeries): boolean;
  /** Tries what waits once more each, for 2 s at most; resolves when nothing is under way. */
  close(): Promise<void>;
}

const queueLimit = 1000;
const tries = 12;
const pauseMs = 10_000;
const flushMs = 2_000;

/** Makes a sender. `onEnd` hears what became of each series that was given. */
export function createEventSender(options: {
  readonly api: Pick<KubernetesApi, "call">;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEnd: (series: EventSeries, outcome: EventOutcome) => void;
}): EventSender {
  const { clock, onEnd } = options;
  const waiting = new Set<EventSeries>();
  const closing = new AbortController();
  const flushed = new AbortController();
  let pumping: Promise<void> | null = null;

  const pump = async (): Promise<void> => {
    for (const series of waiting) {
      waiting.delete(series);
      // oxlint-disable-next-line no-await-in-loop -- one after the other spares the server
      onEnd(series, await send(series, { ...options, closing: closing.signal, flushed: flushed.signal }));
    }
    pumping = null;
  };
  return {
    give: (series) => {
      if (waiting.has(series)) return true;
      if (closing.signal.aborted || waiting.size >= queueLimit) return false;
      waiting.add(series);
      pumping ??= pump();
      return true;
    },
    close: async () => {
      closing.abort(new Error("the event recorder is closing"));
      const cancel = clock.after(flushMs, () => flushed.abort(new Error("no more time for events")));
      await pumping;
      cancel();
    },
  };
}

interface Sending {
  readonly api: Pick<KubernetesApi, "call">;
  readonly clock: Clock;
  readonly log: Log;
  readonly closing: AbortSignal;
  readonly flushed: AbortSignal;
}

async function send(series: EventSeries, sending: Sending): Promise<EventOutcome> {
  const { clock, log, closing, flushed } = sending;
  for (let attempt = 1; ; attempt += 1) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- tries follow one another
      await sendOnce(series, sending);
      return "sent";
    } catch (error) {
      const mayHeal = error instanceof KubernetesError && healing.has(error.code);
      const isLast = attempt === tries || closing.aborted;
      if (!mayHeal || isLast) {
        log.warn({ err: toError(error), attempt }, "an event could not be recorded");
        return mayHeal || flushed.aborted ? "givenUp" : "refused";
      }
      // oxlint-disable-next-line no-await-in-loop -- as above; a closing sender waits no longer
      await delay(clock, Math.max(pauseMs, error.retryAfterMs ?? 0), closing).catch(toError);
    }
  }
}

const healing: ReadonlySet<KubernetesErrorCode> = new Set(["Unreachable", "Throttled", "Unauthorized"]);

/** @throws KubernetesError */
async function sendOnce(series: EventSeries, { api, clock, flushed }: Sending): Promise<void> {
  const { count } = series;
  const call = (request: ReturnType<EventSeries["create"]>): Promise<unknown> =>
    api.call({ ...request, signal: flushed, yields: true });
  const create = async (): Promise<void> => {
    // An earlier try whose answer was lost has made it: the name is ours alone.
    await call(series.create()).catch((error: unknown) => {
      if (!isCode(error, "AlreadyExists")) throw error;
    });
  };
  if (series.sentCount === 0) await create();
  else {
    await call(series.update()).catch((error: unknown) => {
      // Events live for an hour; a long series can outlive its object.
      if (!isCode(error, "NotFound")) throw error;
      return create();
    });
  }
  series.sentCount = count;
  series.lastSentMs = clock.monotonicMs();
}

function isCode(error: unknown, code: KubernetesErrorCode): boolean {
  return error instanceof KubernetesError && error.code === code;
}
