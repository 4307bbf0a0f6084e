import { parseGoDuration } from "./go-duration.ts";
import { formatGoTime, type Reading } from "./go-format.ts";
import { layoutParts, type LayoutPart } from "./go-layout.ts";
import { dayNames } from "./go-layout.ts";
import { parseGoTime } from "./go-parse.ts";
import { parseInstant } from "./instant.ts";
import { exactJson, fitsInt64, type RawJson } from "./raw-json.ts";
import { nanosecondsOfWall, zonedAt } from "./zone.ts";

/** What a built-in answers; undefined makes the policy's expression undefined, as an error does in OPA. */
type TimeAnswer = string | number | readonly number[] | RawJson | undefined;

/** OPA's name of each built-in, and the function that a WASM policy calls for it. */
export type TimeBuiltins = Readonly<Record<string, (...operands: readonly unknown[]) => TimeAnswer>>;

/** An operand `ns`, `[ns]`, `[ns, zone]` or `[ns, zone, layout]`. */
interface Moment {
  readonly nanoseconds: number | bigint;
  readonly zone: string;
  readonly layout: string;
}

/**
 * The host side of OPA's `time.*` built-ins, with OPA's answers, for one WASM instance. All but
 * `time.now_ns`: the only clock a policy sees is `input.now`. Pure, except that the readings of the
 * last few instants and the last layout are kept. Odd operands give undefined; nothing throws but
 * `time.format` with a zone abbreviation (formatGoTime). opa-wasm hands numbers over as doubles, so
 * nanoseconds below a whole second may arrive rounded; a bigint is taken as it is.
 * Source: OPA v1/topdown/time.go; reference/opa-wasm.md §5.
 */
export function createTimeBuiltins(): TimeBuiltins {
  const read = createReader();
  const format = createFormatter(read);
  return {
    "time.clock": (moment) => {
      const wall = read(moment)?.wall;
      return wall && [wall.hour, wall.minute, wall.second];
    },
    "time.date": (moment) => {
      const wall = read(moment)?.wall;
      return wall && [wall.year, wall.month, wall.day];
    },
    "time.weekday": (moment) => {
      const wall = read(moment)?.wall;
      return wall && dayNames[wall.dayOfWeek - 1];
    },
    "time.add_date": (moment, years, months, days) => addDate(read(moment), years, months, days),
    "time.diff": (one, other) => difference(read(one), read(other)),
    "time.format": (moment) => format(moment),
    "time.parse_ns": (layout, value) => parseTime(layout, value),
    "time.parse_rfc3339_ns": (value) => wholeSecond(value) ?? parseTime("RFC3339", value),
    "time.parse_duration_ns": (text) =>
      typeof text === "string" ? exactJson(parseGoDuration(text)) : undefined,
  };
}

/**
 * A policy asks for clock, date and weekday of the same few instants over and over; reading the zone
 * is what costs, so the last readings are kept, also that there is none.
 */
function createReader(): (operand: unknown) => Reading | undefined {
  const capacity = 8;
  const kept: { readonly moment: Moment; readonly reading: Reading | undefined }[] = [];
  let oldest = 0;
  return (operand) => {
    const moment = readMoment(operand);
    if (moment === undefined) return undefined;
    const { nanoseconds, zone } = moment;
    const hit = kept.find((entry) => entry.moment.nanoseconds === nanoseconds && entry.moment.zone === zone);
    if (hit !== undefined) return hit.reading;
    const reading = readingOf(moment);
    kept[oldest] = { moment, reading };
    oldest = (oldest + 1) % capacity;
    return reading;
  };
}

/** A policy writes its times in one layout, mostly, and those of one second many times over. */
function createFormatter(
  read: (operand: unknown) => Reading | undefined,
): (operand: unknown) => string | undefined {
  let kept: { readonly layout: string; readonly parts: readonly LayoutPart[] } | undefined;
  let texts = new WeakMap<Reading, string>();
  return (operand) => {
    const reading = read(operand);
    if (reading === undefined) return undefined;
    const layout = readMoment(operand)?.layout || "RFC3339Nano";
    if (kept?.layout !== layout) {
      kept = { layout, parts: layoutParts(layout) };
      texts = new WeakMap();
    }
    const text = texts.get(reading) ?? formatGoTime(reading, kept.parts);
    texts.set(reading, text);
    return text;
  };
}

function readMoment(operand: unknown): Moment | undefined {
  const parts: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const [nanoseconds, zone = "", layout = ""] = parts;
  if (typeof nanoseconds !== "bigint" && !isInteger(nanoseconds)) return undefined;
  if (typeof zone !== "string" || typeof layout !== "string") return undefined;
  return { nanoseconds, zone, layout };
}

function readingOf(moment: Moment): Reading | undefined {
  const nanoseconds = BigInt(moment.nanoseconds);
  const zoned = fitsInt64(nanoseconds) ? zonedAt(nanoseconds, moment.zone || "UTC") : undefined;
  return zoned && { zoned, wall: zoned.toPlainDateTime() };
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

/** The short way for what time boxes and Kubernetes write; Go's reading of RFC 3339 is laxer and slower. */
function wholeSecond(value: unknown): number | undefined {
  return typeof value === "string" && !value.includes(".") ? parseInstant(value) : undefined;
}

function parseTime(layout: unknown, value: unknown): RawJson | undefined {
  if (typeof layout !== "string" || typeof value !== "string") return undefined;
  return exactJson(parseGoTime(layout, value));
}

/** 31 January plus one month is 3 March (2 in a leap year): the surplus days run over, as in Go. */
function addDate(
  reading: Reading | undefined,
  years: unknown,
  months: unknown,
  days: unknown,
): RawJson | undefined {
  if (reading === undefined || !isInteger(years) || !isInteger(months) || !isInteger(days)) return undefined;
  const { zoned, wall } = reading;
  const monthsSinceJanuary = wall.month - 1 + months;
  const year = wall.year + years + Math.floor(monthsSinceJanuary / 12);
  const month = monthsSinceJanuary - Math.floor(monthsSinceJanuary / 12) * 12 + 1;
  try {
    const date = new Temporal.PlainDate(year, month, 1).add({ days: wall.day - 1 + days });
    return exactJson(nanosecondsOfWall(date.toPlainDateTime(wall), zoned.timeZoneId));
  } catch {
    return undefined; // beyond Temporal's calendar, so far beyond int64
  }
}

/**
 * Calendar difference `[years, months, days, hours, minutes, seconds]`, never negative, in the first
 * operand's zone. The borrowing is Go code by icza that OPA uses, not Temporal's `until`.
 */
function difference(one: Reading | undefined, other: Reading | undefined): readonly number[] | undefined {
  if (one === undefined || other === undefined) return undefined;
  const moved = other.zoned.withTimeZone(one.zoned.timeZoneId);
  const inOrder = Temporal.ZonedDateTime.compare(one.zoned, moved) <= 0;
  const [from, to] = inOrder ? [one.wall, moved.toPlainDateTime()] : [moved.toPlainDateTime(), one.wall];
  const [seconds, minuteBorrow] = borrow(to.second - from.second, 60);
  const [minutes, hourBorrow] = borrow(to.minute - from.minute - minuteBorrow, 60);
  const [hours, dayBorrow] = borrow(to.hour - from.hour - hourBorrow, 24);
  const [days, monthBorrow] = borrow(to.day - from.day - dayBorrow, from.daysInMonth);
  const [months, yearBorrow] = borrow(to.month - from.month - monthBorrow, 12);
  return [to.year - from.year - yearBorrow, months, days, hours, minutes, seconds];
}

/** A negative amount takes one of the next larger unit. */
function borrow(amount: number, unit: number): readonly [rest: number, borrowed: 0 | 1] {
  return amount < 0 ? [amount + unit, 1] : [amount, 0];
}
