import { TimeboxError } from "./errors.ts";
import { dayNames, monthNames, type LayoutPart } from "./go-layout.ts";

/** An instant in its zone, and what calendar and clock read there, which is dear to ask a zoned time for. */
export interface Reading {
  readonly zoned: Temporal.ZonedDateTime;
  readonly wall: Temporal.PlainDateTime;
}

/**
 * Text of a time in the `layout` that `layoutParts` cut, as Go's `Time.Format` writes it.
 * @throws TimeboxError when the layout wants a zone's abbreviation (`MST`) outside UTC: Node has no
 * such data, and a policy that then saw *undefined* might open something.
 */
export function formatGoTime(reading: Reading, layout: readonly LayoutPart[]): string {
  let written = "";
  for (const { text, element } of layout) written += text + renderElement(reading, element);
  return written;
}

const renderers: Readonly<Record<string, (time: Temporal.PlainDateTime) => string>> = {
  "": () => "",
  January: (time) => nameAt(monthNames, time.month),
  Jan: (time) => nameAt(monthNames, time.month).slice(0, 3),
  Monday: (time) => nameAt(dayNames, time.dayOfWeek),
  Mon: (time) => nameAt(dayNames, time.dayOfWeek).slice(0, 3),
  "01": (time) => padded(time.month, 2),
  "1": (time) => String(time.month),
  "02": (time) => padded(time.day, 2),
  _2: (time) => String(time.day).padStart(2),
  "2": (time) => String(time.day),
  "002": (time) => padded(time.dayOfYear, 3),
  __2: (time) => String(time.dayOfYear).padStart(3),
  "2006": (time) => padded(time.year, 4),
  "06": (time) => padded(time.year % 100, 2),
  "15": (time) => padded(time.hour, 2),
  "03": (time) => padded(hourOnDial(time), 2),
  "3": (time) => String(hourOnDial(time)),
  "04": (time) => padded(time.minute, 2),
  "4": (time) => String(time.minute),
  "05": (time) => padded(time.second, 2),
  "5": (time) => String(time.second),
  PM: (time) => (time.hour >= 12 ? "PM" : "AM"),
  pm: (time) => (time.hour >= 12 ? "pm" : "am"),
};

function renderElement({ zoned, wall }: Reading, element: string): string {
  const render = renderers[element];
  if (render !== undefined) return render(wall);
  if (element === "MST") return zoneAbbreviation(zoned);
  return /^[-Z]/.test(element) ? renderOffset(zoned, element) : renderFraction(wall, element);
}

/** `-0700`, `Z07:00`, …: the `Z` forms print `Z` for UTC. */
function renderOffset(time: Temporal.ZonedDateTime, element: string): string {
  const seconds = Math.trunc(time.offsetNanoseconds / 1e9);
  if (seconds === 0 && element.startsWith("Z")) return "Z";
  const minutes = Math.trunc(seconds / 60);
  const sign = minutes < 0 ? "-" : "+";
  const colon = element.includes(":") ? ":" : "";
  let text = sign + padded(Math.trunc(Math.abs(minutes) / 60), 2);
  if (element.length > "-07".length) text += colon + padded(Math.abs(minutes) % 60, 2);
  if (element.length > "-07:00".length) text += colon + padded(Math.abs(seconds) % 60, 2);
  return text;
}

/** `.000` prints that many digits; `.999` drops trailing zeros, and the point with the last of them. */
function renderFraction(time: Temporal.PlainDateTime, element: string): string {
  const nanoseconds = time.millisecond * 1_000_000 + time.microsecond * 1_000 + time.nanosecond;
  const text = element.slice(0, 1) + padded(nanoseconds, 9).slice(0, element.length - 1);
  return element.includes("9") ? text.replace(/[.,]?0*$/, "") : text;
}

function zoneAbbreviation(time: Temporal.ZonedDateTime): string {
  if (time.timeZoneId === "UTC") return "UTC";
  throw new TimeboxError(
    "ZoneAbbreviationUnknown",
    `time.format: no abbreviation is known for ${time.timeZoneId}; write the layout with -0700 instead of MST`,
  );
}

function hourOnDial(time: Temporal.PlainDateTime): number {
  return time.hour % 12 === 0 ? 12 : time.hour % 12;
}

function nameAt(names: readonly string[], oneBased: number): string {
  return names[oneBased - 1] ?? "";
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
