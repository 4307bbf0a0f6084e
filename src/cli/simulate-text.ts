import type { Instant } from "../timebox/instant.ts";
import type { Cause, TimeRange } from "./simulate-timeline.ts";

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** An instant on the clocks of a zone, in parts for people; never in the words of the machine's language. */
export interface WallClock {
  /** `Mon` */
  readonly weekday: string;
  /** 1 to 31 */
  readonly day: number;
  /** `Jun` */
  readonly month: string;
  readonly year: number;
  /** `2026-06-15` */
  readonly date: string;
  /** `00:00`, and with seconds where there are some: `00:00:30` */
  readonly time: string;
  /** `+02:00` */
  readonly offset: string;
  /** Whether these clocks show this date and time at another instant as well, before or after they are set back. */
  readonly isRepeated: boolean;
}

/** Reads the clocks of a known `zone` at `instant`. */
export function wallClock(instant: Instant, zone: string): WallClock {
  const zoned = new Temporal.ZonedDateTime(BigInt(instant), zone);
  const [earlier, later] = (["earlier", "later"] as const).map((disambiguation) =>
    zoned.toPlainDateTime().toZonedDateTime(zone, { disambiguation }),
  );
  return {
    weekday: weekdays[zoned.dayOfWeek - 1] ?? "",
    day: zoned.day,
    month: months[zoned.month - 1] ?? "",
    year: zoned.year,
    date: zoned.toPlainDate().toString(),
    time: zoned.toPlainTime().toString({ smallestUnit: zoned.second === 0 ? "minute" : "second" }),
    offset: zoned.offset,
    isRepeated: earlier?.epochNanoseconds !== later?.epochNanoseconds,
  };
}

/**
 * The range on the clocks of a known zone: `Mon 2026-06-15 00:00 – 01:00 Europe/Berlin`; with offsets
 * when these are set in between, or when one of the times comes twice that day.
 */
export function localRange({ from, to }: TimeRange, zone: string): string {
  const start = wallClock(from, zone);
  const end = wallClock(to, zone);
  const isSteady = start.offset === end.offset && !start.isRepeated && !end.isRepeated;
  const startTime = isSteady ? start.time : `${start.time}${start.offset}`;
  const endTime = isSteady ? end.time : `${end.time}${end.offset}`;
  const endDay = end.date === start.date ? "" : `${end.weekday} ${end.date} `;
  return `${start.weekday} ${start.date} ${startTime} – ${endDay}${endTime} ${zone}`;
}

/** The reason codes of edges or closed spans, each once: `Excluded, OutsideSchedule`. */
export function codesOf(...causes: readonly Cause[]): string {
  return [...new Set(causes.flatMap(({ reasons }) => reasons.map(({ code }) => code)))].join(", ");
}

/** What opens an interval: the end of all that kept it closed; custom rules may also begin to select the pod. */
export function openingOf(cause: Cause): string {
  const codes = codesOf(cause);
  if (codes === "") return "selected";
  return codes.includes(",") ? `${codes} end` : `${codes} ends`;
}

/** What closes an interval: reasons, or custom rules that no longer select the pod. */
export function closingOf(cause: Cause): string {
  const codes = codesOf(cause);
  return codes === "" ? "no longer selected" : codes;
}
