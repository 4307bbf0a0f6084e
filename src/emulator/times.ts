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
  const utc = instant(unixMs).toZonedDateTimeISO("UTC");
  const weekday = utc.toLocaleString("en-US", { weekday: "short" });
  const month = utc.toLocaleString("en-US", { month: "short" });
  const day = String(utc.day).padStart(2, "0");
  return `${weekday}, ${day} ${month} ${utc.year} ${utc.toPlainTime().toString({ smallestUnit: "second" })} GMT`;
}

function instant(unixMs: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(unixMs));
}
