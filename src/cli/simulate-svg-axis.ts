import { instantFromSeconds, toSeconds, type Instant } from "../timebox/instant.ts";
import type { TimeRange } from "./simulate-timeline.ts";
import { wallClock } from "./simulate-text.ts";
import { widthOf } from "./simulate-svg-text.ts";

/** A mark on the time axis, in UTC. */
export interface Tick {
  readonly at: Instant;
  readonly label: string;
}

/** Two tiers: hours under days, days under months, or months under years. */
export interface Axis {
  readonly minor: readonly Tick[];
  /** Starts of the wider periods, the one that holds the start of the range included. */
  readonly major: readonly Tick[];
}

interface Scale {
  /** Seconds between minor ticks; undefined: months. */
  readonly step: number | undefined;
  /** Pixels that a minor tick needs. */
  readonly pitch: number;
  readonly minor: (at: Instant) => string;
  /** Labels of the wider period, longest first. */
  readonly major: (at: Instant) => readonly string[];
  readonly period: "day" | "month" | "year";
}

const secondsPerDay = 86_400;
/** 1970 began on a Thursday; weeks begin on Mondays. */
const firstMonday = 4 * secondsPerDay;

const day = (at: Instant): readonly string[] => {
  const { weekday, day: number, month, year } = wallClock(at, "UTC");
  const short = `${number} ${month}`;
  return [`${weekday} ${short} ${year}`, `${weekday} ${short}`, short];
};
const month = (at: Instant): readonly string[] => {
  const { month: name, year } = wallClock(at, "UTC");
  return [`${name} ${year}`, name];
};
const dayNumber = (at: Instant): string => String(wallClock(at, "UTC").day);
const weekdayNumber = (at: Instant): string => {
  const { weekday, day: number } = wallClock(at, "UTC");
  return `${weekday} ${number}`;
};
const timeOfDay = (at: Instant): string => wallClock(at, "UTC").time;
const underDays = (step: number): Scale => {
  return { step, pitch: step < 60 ? 70 : 50, minor: timeOfDay, major: day, period: "day" };
};
const underMonths = (step: number, pitch: number, minor: Scale["minor"]): Scale => {
  return { step, pitch, minor, major: month, period: "month" };
};

/** From fine to coarse; the first whose ticks have room is taken. */
const scales: readonly Scale[] = [
  ...[1, 5, 15, 30].map(underDays),
  ...[1, 5, 15, 30, 60, 180, 360, 720].map((minutes) => underDays(minutes * 60)),
  underMonths(secondsPerDay, 60, weekdayNumber),
  underMonths(secondsPerDay, 24, dayNumber),
  underMonths(7 * secondsPerDay, 24, dayNumber),
];
const monthScale: Scale = {
  step: undefined,
  pitch: 40,
  minor: (at) => wallClock(at, "UTC").month,
  major: (at) => [String(wallClock(at, "UTC").year)],
  period: "year",
};

/** The ticks of a range that is drawn `width` pixels wide. Labels that have no room are empty. */
export function axisOf(range: TimeRange, width: number): Axis {
  const seconds = toSeconds(range.to) - toSeconds(range.from);
  const pixels = (from: Instant, to: Instant): number =>
    ((toSeconds(to) - toSeconds(from)) / seconds) * width;
  const scale =
    scales.find(({ step, pitch }) => step !== undefined && (seconds / step) * pitch <= width) ?? monthScale;
  const starts = startsWithin(range, scale.period);
  return {
    minor: minorInstants(range, scale.step).map((at) => ({ at, label: scale.minor(at) })),
    major: starts.map((at, index) => {
      const room = pixels(at, starts[index + 1] ?? range.to) - 8;
      return { at, label: scale.major(at).find((label) => widthOf(label, "label") <= room) ?? "" };
    }),
  };
}

function minorInstants(range: TimeRange, step: number | undefined): readonly Instant[] {
  if (step === undefined) return startsWithin(range, "month").filter(isMonthStart);
  const origin = step > secondsPerDay ? firstMonday : 0;
  const first = Math.ceil((toSeconds(range.from) - origin) / step) * step + origin;
  const count = Math.floor((toSeconds(range.to) - first) / step) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => instantFromSeconds(first + index * step));
}

/** The start of the range, and that of every period which begins within it. */
function startsWithin(range: TimeRange, period: Scale["period"]): readonly Instant[] {
  const starts = [range.from];
  let start = new Temporal.ZonedDateTime(BigInt(range.from), "UTC").startOfDay();
  if (period !== "day") start = start.with(period === "month" ? { day: 1 } : { month: 1, day: 1 });
  const length = { day: { days: 1 }, month: { months: 1 }, year: { years: 1 } }[period];
  for (;;) {
    start = start.add(length);
    const seconds = start.epochMilliseconds / 1000;
    if (seconds >= toSeconds(range.to)) return starts;
    starts.push(instantFromSeconds(seconds));
  }
}

function isMonthStart(at: Instant): boolean {
  const { day: number, time } = wallClock(at, "UTC");
  return number === 1 && time === "00:00";
}
