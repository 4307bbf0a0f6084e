import { instantFromSeconds, latestSeconds, type Instant } from "./instant.ts";

/**
 * The wall clock and calendar of `zone` at `nanoseconds` since 1970; undefined for a zone that Go would
 * not load: the name must be exact. Temporal folds case and takes offsets (`+05:30`) as zones; that it
 * gives the very same name back tells them apart (reference/opa-wasm.md §5 "Zone names").
 */
export function zonedAt(nanoseconds: bigint, zone: string): Temporal.ZonedDateTime | undefined {
  if (!/^[A-Z]/.test(zone)) return undefined;
  try {
    const zoned = new Temporal.ZonedDateTime(nanoseconds, zone);
    return zoned.timeZoneId === zone ? zoned : undefined;
  } catch {
    return undefined;
  }
}

/** Whether `name` is an exact IANA name that the time zone data of this Node knows. */
export function isKnownZone(name: string): boolean {
  return zonedAt(0n, name) !== undefined;
}

/** Seconds that the clocks of a known `zone` are ahead of UTC at `instant`. */
export function offsetSecondsAt(instant: Instant, zone: string): number {
  return offsetNanoseconds(BigInt(instant), zone) / 1e9;
}

/** The first instant after `instant` at which the clocks of a known `zone` are set; undefined when never again up to 2116. */
export function nextOffsetChange(instant: Instant, zone: string): Instant | undefined {
  const change = new Temporal.ZonedDateTime(BigInt(instant), zone).getTimeZoneTransition("next");
  const seconds = change === null ? Infinity : change.epochMilliseconds / 1000;
  return seconds <= latestSeconds ? instantFromSeconds(seconds) : undefined;
}

/**
 * Nanoseconds since 1970 at which the clocks of a known `zone` show `wall`, by Go's rule for a wall time
 * that occurs twice or never (`time.Date`). No single `disambiguation` of Temporal gives the same
 * (reference/opa-wasm.md §5 "Gap and fold").
 */
export function nanosecondsOfWall(wall: Temporal.PlainDateTime, zone: string): bigint {
  const asUtc = wall.toZonedDateTime("UTC").epochNanoseconds;
  const guess = offsetNanoseconds(asUtc, zone);
  return asUtc - BigInt(offsetNanoseconds(asUtc - BigInt(guess), zone));
}

function offsetNanoseconds(nanoseconds: bigint, zone: string): number {
  return new Temporal.ZonedDateTime(nanoseconds, zone).offsetNanoseconds;
}
