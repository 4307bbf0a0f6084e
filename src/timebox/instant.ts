import { TimeboxError } from "./errors.ts";

declare const brand: unique symbol;

/**
 * A moment of the time line: nanoseconds since 1970, always of a whole second. This is `input.now` as
 * it is: a double holds such a value exactly, and JSON prints all its digits (reference/opa-wasm.md §5).
 */
export type Instant = number & { readonly [brand]: "Instant" };

const nanosecondsPerSecond = 1e9;

/** 2116-02-20T23:53:38Z, in Unix seconds. Beyond 2⁶² ns doubles are too coarse for odd seconds. */
export const latestSeconds = 4_611_686_018;

const rfc3339 =
  /^(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * The instant of a Unix time in seconds.
 * @throws TimeboxError when `seconds` is no integer, or lies beyond what a double holds exactly.
 */
export function instantFromSeconds(seconds: number): Instant {
  const nanoseconds = seconds * nanosecondsPerSecond;
  if (!isInstant(nanoseconds)) {
    throw new TimeboxError(
      "InstantOutOfRange",
      `${seconds} s is no whole second up to 2116-02-20; check the machine's clock`,
    );
  }
  return nanoseconds;
}

/** The one place where the brand is given. */
function isInstant(nanoseconds: number): nanoseconds is Instant {
  const seconds = nanoseconds / nanosecondsPerSecond;
  return Number.isInteger(seconds) && Math.abs(seconds) <= latestSeconds;
}

/** The instant of a Unix time in milliseconds; a fraction of a second is floored. Throws like `instantFromSeconds`. */
export function instantFromMs(ms: number): Instant {
  return instantFromSeconds(Math.floor(ms / 1000));
}

/** Unix time in seconds. */
export function toSeconds(instant: Instant): number {
  return instant / nanosecondsPerSecond;
}

/** Unix time in milliseconds. */
export function toMs(instant: Instant): number {
  return toSeconds(instant) * 1000;
}

/**
 * Reads RFC 3339 as Kubernetes writes it: upper-case `T` and `Z`, offset `Z` or `±hh:mm`, no leap
 * second. A fraction is floored. Undefined when malformed, not a date, or beyond `latestSeconds`.
 */
export function parseInstant(text: string): Instant | undefined {
  const parts = rfc3339.exec(text);
  if (parts === null) return undefined;
  const [, wall, offset] = parts;
  let seconds: number;
  try {
    // Temporal alone would also take lower case, `+01`, `:60` and `[Zone]`: hence the pattern above.
    seconds = Temporal.Instant.from(`${wall}${offset}`).epochMilliseconds / 1000;
  } catch {
    return undefined; // 30 February
  }
  return Math.abs(seconds) > latestSeconds ? undefined : instantFromSeconds(seconds);
}

/** RFC 3339 in UTC without fraction: `2026-06-14T22:00:00Z`. */
export function formatInstant(instant: Instant): string {
  return Temporal.Instant.fromEpochMilliseconds(toMs(instant)).toString();
}
