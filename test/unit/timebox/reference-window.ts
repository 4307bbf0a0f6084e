import assert from "node:assert/strict";

import { parseInstant, type Instant } from "../../../src/timebox/instant.ts";

/** A window with times and weekdays: what a policy judges, written down a second time as an oracle. */
export interface SimpleWindow {
  readonly start: string;
  readonly end: string;
  readonly weekdays?: readonly string[];
  readonly timeZone: string;
}

const shortDayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** Whether the window is open at `instant`, by reference/time-boxes.md §2.2. */
export function isOpen({ start, end, weekdays, timeZone }: SimpleWindow, instant: number): boolean {
  const local = new Temporal.ZonedDateTime(BigInt(instant), timeZone).toPlainDateTime();
  const time = local.toPlainTime().toString({ smallestUnit: "minute" });
  const dayMatches = (date: { readonly dayOfWeek: number }): boolean =>
    weekdays === undefined || weekdays.includes(shortDayNames[date.dayOfWeek - 1] ?? "");
  if (start < end) return start <= time && time < end && dayMatches(local);
  if (time >= start) return dayMatches(local);
  return time < end && dayMatches(dayBefore(local, instant, timeZone));
}

/** The latest local date before today's that really happened. */
function dayBefore(local: Temporal.PlainDateTime, instant: number, timeZone: string): Temporal.ZonedDateTime {
  const sinceMidnight = local.hour * 3600 + local.minute * 60 + local.second;
  return new Temporal.ZonedDateTime(BigInt(instant - (sinceMidnight + 43_200) * 1e9), timeZone);
}

/** The window as a time box writes it. */
export function timeBoxOf({ start, end, weekdays, timeZone }: SimpleWindow): {
  readonly timeZone: string;
  readonly windows: readonly [
    { readonly times: readonly [{ start: string; end: string }]; weekdays?: string[] },
  ];
} {
  const filter = weekdays === undefined ? {} : { weekdays: [...weekdays] };
  return { timeZone, windows: [{ times: [{ start, end }], ...filter }] };
}

/** An instant of a test's table. */
export function instantOf(text: string): Instant {
  const instant = parseInstant(text);
  assert.ok(instant !== undefined, `${text} is no instant`);
  return instant;
}
