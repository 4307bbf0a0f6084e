import { dayNames, layoutParts, monthNames } from "./go-layout.ts";

/** What the elements of a layout have said about the time. */
interface Fields {
  readonly year?: number;
  readonly month?: number;
  readonly day?: number;
  readonly yearDay?: number;
  readonly hour?: number;
  readonly minute?: number;
  readonly second?: number;
  readonly nanosecond?: number;
  readonly half?: "am" | "pm";
  /** Said by `Z` or `UTC`; beats an offset. */
  readonly utc?: true;
  readonly offsetSeconds?: number;
}

/** Reads one element: what `pattern` finds at the start of the value; undefined when out of range. */
interface ElementReader {
  readonly pattern: RegExp;
  readonly read: (found: readonly (string | undefined)[]) => Fields | undefined;
}

interface Progress {
  readonly fields: Fields;
  /** What is left of the value. */
  readonly rest: string;
}

/**
 * Nanoseconds since 1970 of `value` read by a Go layout or one of OPA's named layouts, as Go's
 * `time.Parse` reads it in a process whose local zone is UTC; undefined when it does not fit. Without
 * an offset in the layout the value is UTC. Source: Go time.parse.
 */
export function parseGoTime(nameOrLayout: string, value: string): bigint | undefined {
  const parts = layoutParts(nameOrLayout);
  let progress: Progress | undefined = { fields: {}, rest: value };
  for (const [index, { text, element }] of parts.entries()) {
    progress = skipText(progress, text);
    if (progress !== undefined && element !== "") {
      progress = readElement(progress, element);
      const next = parts[index + 1]?.element ?? "";
      // Go takes a fraction after the second even when the layout has none.
      if (progress !== undefined && /^0?5$/.test(element) && !isFraction(next)) {
        progress = readElement(progress, ".9");
      }
    }
    if (progress === undefined) return undefined;
  }
  return progress.rest === "" ? nanosecondsOf(progress.fields) : undefined;
}

/** Literal text must be there; a run of blanks stands for any run of blanks. Source: Go time.skip. */
function skipText({ fields, rest }: Progress, text: string): Progress | undefined {
  let left = rest;
  for (const piece of text.match(/ +|[^ ]+/g) ?? []) {
    if (piece.startsWith(" ")) {
      if (left !== "" && !left.startsWith(" ")) return undefined;
      left = left.replace(/^ +/, "");
    } else {
      if (!left.startsWith(piece)) return undefined;
      left = left.slice(piece.length);
    }
  }
  return { fields, rest: left };
}

function readElement({ fields, rest }: Progress, element: string): Progress | undefined {
  const reader = readers[element] ?? (isFraction(element) ? fraction(element) : offset(element));
  const found = reader.pattern.exec(rest);
  const read = found === null ? undefined : reader.read(found);
  if (found === null || read === undefined) return undefined;
  return { fields: { ...fields, ...read }, rest: rest.slice(found[0].length) };
}

const oneOrTwo = /^(\d\d?)/;
const exactlyTwo = /^(\d\d)/;
const monthReader = (pattern: RegExp): ElementReader => number("month", pattern, 1, 12);
// Days are judged when month and year are known.
const dayReader = (pattern: RegExp): ElementReader => number("day", pattern, 0, 99);
const yearDayReader = (pattern: RegExp): ElementReader => number("yearDay", pattern, 0, 999);
const minuteReader = (pattern: RegExp): ElementReader => number("minute", pattern, 0, 59);
const secondReader = (pattern: RegExp): ElementReader => number("second", pattern, 0, 59);
const dialHourReader = (pattern: RegExp): ElementReader => number("hour", pattern, 0, 12);
const short = (names: readonly string[]): readonly string[] => names.map((name) => name.slice(0, 3));

const readers: Readonly<Record<string, ElementReader>> = {
  January: named(monthNames, (month) => ({ month })),
  Jan: named(short(monthNames), (month) => ({ month })),
  Monday: named(dayNames, () => ({})), // Go does not compare the weekday with the date
  Mon: named(short(dayNames), () => ({})),
  "01": monthReader(exactlyTwo),
  "1": monthReader(oneOrTwo),
  "02": dayReader(exactlyTwo),
  _2: dayReader(/^ ?(\d\d?)/),
  "2": dayReader(oneOrTwo),
  "002": yearDayReader(/^(\d{3})/),
  __2: yearDayReader(/^ {0,2}(\d{1,3})/),
  "2006": number("year", /^(\d{4})/, 0, 9999),
  // Unix time begins in 1969 west of Greenwich: Go's reason for 69.
  "06": {
    pattern: exactlyTwo,
    read: ([year]) => ({ year: Number(year) + (Number(year) >= 69 ? 1900 : 2000) }),
  },
  "15": number("hour", oneOrTwo, 0, 23),
  "03": dialHourReader(exactlyTwo),
  "3": dialHourReader(oneOrTwo),
  "04": minuteReader(exactlyTwo),
  "4": minuteReader(oneOrTwo),
  "05": secondReader(exactlyTwo),
  "5": secondReader(oneOrTwo),
  PM: { pattern: /^[AP]M/, read: ([half]) => ({ half: half === "PM" ? "pm" : "am" }) },
  pm: { pattern: /^[ap]m/, read: ([half]) => ({ half: half === "pm" ? "pm" : "am" }) },
  MST: {
    pattern:
      /^(?=.{3})(?:UTC|ChST|MeST|(?:GMT)?[+-]0*(?:1?\d|2[0-3])(?!\d)|GMT|[A-Z]{4}T(?![A-Z])|(?:[A-Z]{3}T|WITA)(?![A-Z])|[A-Z]{3}(?![A-Z]))/,
    // Go knows no offset for other abbreviations, not even for GMT+3, and takes the time as UTC.
    read: ([abbreviation]) => (abbreviation === "UTC" ? { utc: true } : {}),
  },
};

function number(
  field: "year" | "month" | "day" | "yearDay" | "hour" | "minute" | "second",
  pattern: RegExp,
  min: number,
  max: number,
): ElementReader {
  const read: ElementReader["read"] = ([, text]) => {
    const value = Number(text);
    return min <= value && value <= max ? { [field]: value } : undefined;
  };
  return { pattern, read };
}

/** Names are matched without regard to case; `fieldsOf` gets their position, counted from 1. */
function named(names: readonly string[], fieldsOf: (position: number) => Fields): ElementReader {
  return {
    pattern: new RegExp(`^(?:${names.join("|")})`, "i"),
    read: ([text = ""]) => fieldsOf(names.findIndex((name) => name.toLowerCase() === text.toLowerCase()) + 1),
  };
}

function isFraction(element: string): boolean {
  return /^[.,]/.test(element);
}

/** `.000` wants exactly that many digits, `.999` takes any number or none; nine of them count. */
function fraction(element: string): ElementReader {
  const pattern = element.includes("9") ? /^(?:[.,](\d+))?/ : new RegExp(`^[.,](\\d{${element.length - 1}})`);
  return { pattern, read: readFraction };
}

const readFraction: ElementReader["read"] = ([, text]) =>
  text === undefined ? {} : { nanosecond: Number(text.slice(0, 9).padEnd(9, "0")) };

/** `±07:00` in all its forms; the range check is Go's, which lets 24 hours and 60 minutes pass. */
function offset(element: string): ElementReader {
  const colon = element.includes(":") ? ":" : "";
  const more = `${colon}(\\d\\d)`.repeat((element.length - "-07".length) / (2 + colon.length));
  const z = element.startsWith("Z") ? "Z|" : "";
  return { pattern: new RegExp(`^(?:${z}([+-])(\\d\\d)${more})`), read: readOffset };
}

const readOffset: ElementReader["read"] = ([, sign, hours = "0", minutes = "0", seconds = "0"]) => {
  if (sign === undefined) return { utc: true };
  if (Number(hours) > 24 || Number(minutes) > 60 || Number(seconds) > 60) return undefined;
  const magnitude = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return { offsetSeconds: sign === "-" ? -magnitude : magnitude };
};

function nanosecondsOf(fields: Fields): bigint | undefined {
  const { hour = 0, minute = 0, second = 0, nanosecond = 0, half } = fields;
  const date = dateOf(fields);
  if (date === undefined) return undefined;
  let fullHour = hour;
  if (half === "pm" && hour < 12) fullHour += 12;
  if (half === "am" && hour === 12) fullHour = 0;
  const wall = date.toPlainDateTime({ hour: fullHour, minute, second });
  const offsetSeconds = fields.utc ? 0 : (fields.offsetSeconds ?? 0);
  const start = wall.toZonedDateTime("UTC").epochNanoseconds;
  return start - BigInt(offsetSeconds) * 1_000_000_000n + BigInt(nanosecond);
}

/** A day of the year beats month and day, which must then agree with it. */
function dateOf({ year = 0, month, day, yearDay }: Fields): Temporal.PlainDate | undefined {
  if (yearDay !== undefined) {
    const date = new Temporal.PlainDate(year, 1, 1).add({ days: yearDay - 1 });
    const agrees =
      date.year === year && (month ?? date.month) === date.month && (day ?? date.day) === date.day;
    return agrees ? date : undefined;
  }
  try {
    return new Temporal.PlainDate(year, month ?? 1, day ?? 1);
  } catch {
    return undefined; // 30 February
  }
}
