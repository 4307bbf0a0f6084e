import { instantFromSeconds, latestSeconds, toSeconds, type Instant } from "./instant.ts";

/**
 * What custom rules say about their own boundaries, which no search of ours can know; nanoseconds
 * (reference/time-boxes.md §3.5). All of it is advice about when to ask again, never an answer.
 */
export interface BoundaryHints {
  readonly nextTransition?: number | undefined;
  readonly validUntil?: number | undefined;
  /** A span from now. */
  readonly recheckAfter?: number | undefined;
}

const nanosecondsPerSecond = 1e9;
const pollSeconds = 60;

/**
 * When to ask again a policy in which custom rules took part: at the boundary that they declare, else
 * after the span that they ask for, else in a minute. Null without hints: then every boundary is known.
 */
export function askAgainAt(now: Instant, hints: BoundaryHints | undefined): Instant | null {
  if (hints === undefined) return null;
  const nowSeconds = toSeconds(now);
  const declared = [hints.nextTransition, hints.validUntil]
    .map((ns) => (ns === undefined ? Infinity : Math.floor(ns / nanosecondsPerSecond)))
    .filter((seconds) => seconds > nowSeconds);
  const spanSeconds =
    hints.recheckAfter === undefined ? pollSeconds : Math.ceil(hints.recheckAfter / nanosecondsPerSecond);
  const fallback = nowSeconds + Math.max(1, spanSeconds);
  const nearest = Math.min(...declared);
  return instantFromSeconds(Math.min(nearest === Infinity ? fallback : nearest, latestSeconds));
}
