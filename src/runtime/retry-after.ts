const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const httpDate = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT$/;

/**
 * Reads a Retry-After header (RFC 9110 §10.2.3): seconds, or an HTTP date taken against `nowMs` (unix
 * milliseconds). Answers whole seconds from now, 0 for a date in the past; null when absent or unreadable.
 */
export function retryAfterSeconds(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const dateMs = parseHttpDate(text);
  return dateMs === null ? null : Math.max(0, Math.ceil((dateMs - nowMs) / 1000));
}

/** An HTTP date in its one current form (RFC 9110 §5.6.7) as unix milliseconds; null when it is none. */
export function parseHttpDate(text: string): number | null {
  const [, day, monthName = "", year, time] = httpDate.exec(text) ?? [];
  const month = months.indexOf(monthName) + 1;
  if (month === 0) return null;
  try {
    const instant = Temporal.Instant.from(`${year}-${String(month).padStart(2, "0")}-${day}T${time}Z`);
    return instant.epochMilliseconds;
  } catch {
    return null; // the 31st of June
  }
}
