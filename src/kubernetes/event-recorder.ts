import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import type { KubernetesApi } from "./api.ts";
import { createEventMemory, hasUntold } from "./event-memory.ts";
import { createEventSender, type EventOutcome } from "./event-sender.ts";
import type { EventSeries, EventTerms } from "./event-series.ts";
import type { ReferTo } from "./object-reference.ts";
import type { ResourceEvent } from "./resource-source.ts";

/** Writes events of events.k8s.io/v1. Nothing may depend on them: they are dropped rather than waited for. */
export interface EventRecorder {
  /** Returns at once and never throws. */
  record(event: ResourceEvent): void;
  /** Tells what is not told yet, for 2 s at most, and ends. */
  close(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly api: Pick<KubernetesApi, "call">;
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1; tells apart events of several processes in the same millisecond. */
  readonly random: () => number;
  readonly referTo: ReferTo;
  /** A qualified name; the reference's component is `aadpodidentity.k8s.io`. */
  readonly controller: string;
  /** The name of the pod. */
  readonly instance: string;
  /** Hears what became of each request; for a counter. */
  readonly onOutcome?: (outcome: EventOutcome) => void;
}

/**
 * Makes a recorder (reference/kubernetes.md §5.6). The first of equal events is written at once, the second
 * makes it a series; further ones are only counted, the count is written every 30 minutes and when
 * there was none for 6.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { log, onOutcome } = options;
  let isClosed = false;

  const give = (series: EventSeries): void => {
    if (series.isRefused || sender.give(series)) return;
    onOutcome?.("dropped");
    if (series.sentCount === 0) memory.forget(series);
  };
  const memory = createEventMemory({ ...options, give });
  const sender = createEventSender({
    ...options,
    onEnd: (series, outcome) => {
      onOutcome?.(outcome);
      if (outcome === "refused") series.isRefused = true;
      if (outcome === "givenUp" && series.sentCount === 0) memory.forget(series);
      if (outcome === "sent" && isSecondUntold(series)) give(series);
    },
  });
  return {
    record: (event) => {
      try {
        if (isClosed) return;
        const series = memory.note(termsOf(event, options));
        if (series.count === 1 || isSecondUntold(series)) give(series);
      } catch (error) {
        log.error({ err: toError(error) }, "an event could not be put together");
      }
    },
    close: () => {
      isClosed = true;
      memory.close();
      return sender.close();
    },
  };
}

/** The second event is told at once: it is what makes a series. */
function isSecondUntold(series: EventSeries): boolean {
  return series.sentCount === 1 && hasUntold(series);
}

function termsOf(event: ResourceEvent, options: EventRecorderOptions): EventTerms {
  const { referTo, controller, instance } = options;
  const { type, reason, message, related } = event;
  return {
    type,
    reason,
    note: message,
    regarding: referTo(event.kind, event.key),
    related: related === undefined ? undefined : referTo(related.kind, related.key),
    controller,
    instance,
  };
}
