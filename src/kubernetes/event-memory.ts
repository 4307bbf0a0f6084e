import type { Cancel, Clock } from "../runtime/clock.ts";
import { createEventGroups, type Placed } from "./event-groups.ts";
import { createSeries, type EventSeries, type EventTerms } from "./event-series.ts";

/** The series that go on: those of which there was an event in the last six minutes. */
export interface EventMemory {
  /** Counts one event now: in the series that it belongs to, or as the first of a new one. */
  note(terms: EventTerms): EventSeries;
  forget(series: EventSeries): void;
  /** Gives all whose count the server does not know, and ends. */
  close(): void;
}

const refreshMs = 30 * 60_000;
const endMs = 6 * 60_000;
const sweepMs = 60_000;
/** More kinds of events in six minutes than this, and the oldest is begun anew when it comes again. */
const seriesLimit = 10_000;

/** Makes an empty memory. `give` hears of series whose count is to be written: every 30 min, and at the end. */
export function createEventMemory(options: {
  readonly clock: Clock;
  /** 0..1; tells apart series that several processes begin in the same millisecond. */
  readonly random: () => number;
  readonly give: (series: EventSeries) => void;
}): EventMemory {
  const { clock, random, give } = options;
  const nextSuffix = createSuffixes(clock, random);
  const { known, place, forget } = createKnownSeries();
  let sweeping: Cancel | null = null;

  const end = (series: EventSeries): void => {
    forget(series);
    if (hasUntold(series)) give(series);
  };
  const sweep = (): void => {
    const nowMs = clock.monotonicMs();
    for (const series of known.values()) {
      if (nowMs - series.lastSeenMs >= endMs) end(series);
      else if (hasUntold(series) && nowMs - series.lastSentMs >= refreshMs) give(series);
    }
    sweeping = known.size === 0 ? null : clock.after(sweepMs, sweep);
  };
  const begin = (terms: EventTerms): EventSeries => {
    const series = createSeries(terms, nextSuffix(), clock);
    const [oldest] = known.size < seriesLimit ? [] : known.values();
    if (oldest !== undefined) end(oldest);
    known.set(series.key, series);
    sweeping ??= clock.after(sweepMs, sweep);
    return series;
  };
  const count = ({ key, terms }: Placed): EventSeries => repeat(known.get(key), clock) ?? begin(terms);
  return {
    note: (terms) => count(place(terms)),
    forget,
    close: () => {
      sweeping?.();
      for (const series of known.values()) end(series);
    },
  };
}

interface KnownSeries {
  readonly known: Map<string, EventSeries>;
  readonly place: (terms: EventTerms) => Placed;
  readonly forget: (series: EventSeries) => void;
}

function createKnownSeries(): KnownSeries {
  const known = new Map<string, EventSeries>();
  const groups = createEventGroups();
  return {
    known,
    place: (terms) => groups.place(terms, (key) => known.has(key)),
    forget: (series) => {
      if (known.get(series.key) !== series) return;
      known.delete(series.key);
      groups.leave(series.key);
    },
  };
}

function repeat(series: EventSeries | undefined, clock: Clock): EventSeries | undefined {
  if (series === undefined) return undefined;
  series.count += 1;
  series.lastAtMs = clock.nowMs();
  series.lastSeenMs = clock.monotonicMs();
  return series;
}

/** Whether the server knows the series, and not how many there are. */
export function hasUntold({ count, sentCount }: EventSeries): boolean {
  return sentCount > 0 && count > sentCount;
}

/**
 * Endings of names: nanoseconds in hexadecimal, as client-go's are. The part below the millisecond is by
 * chance, so that processes differ; within this one they only ever rise.
 */
function createSuffixes(clock: Clock, random: () => number): () => string {
  let last = 0n;
  return () => {
    const now = BigInt(clock.nowMs()) * 1_000_000n + BigInt(Math.floor(random() * 1_000_000));
    last = now > last ? now : last + 1n;
    return last.toString(16).padStart(16, "0");
  };
}
