/** Whole unix seconds of `unixMs`, as tokens carry them (RFC 7519 NumericDate). */
export function unixSeconds(unixMs: number): number {
  return Math.floor(unixMs / 1000);
}

/** RFC 3339 text in UTC, to the millisecond. */
export function isoTime(unixMs: number): string {
  return instant(unixMs).toString();
}

/** The form of Entra's error timestamps: `2026-06-14 22:00:00Z` (azure.md §3.2). */
export function entraTime(unixMs: number): string {
  return instant(unixMs).toString({ smallestUnit: "second" }).replace("T", " ");
}

/** The form of the `Date` header: `Sun, 14 Jun 2026 22:00:00 GMT` (RFC 9110 §5.6.7). */
export function httpTime(unixMs: number): string {
  // This very form (ECMA-262, Date.prototype.toUTCString), in a hundredth of the time that a formatter of locales takes.
  // oxlint-disable-next-line no-restricted-globals -- it asks no clock
  return new Date(unixMs).toUTCString();
}

function instant(unixMs: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(unixMs));
}
