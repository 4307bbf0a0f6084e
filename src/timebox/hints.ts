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

/** How a declared boundary is found out to be none. */
export interface SpotCheck {
  /**
   * Judges these instants (each boundary's last second before it, then the boundary): one list of answers
   * for everything that the hints are about. Null when the policy gave no usable answer.
   */
  readonly ask: (probes: readonly Instant[]) => readonly (readonly boolean[])[] | null;
  /** Told once for each boundary at which no answer changes. */
  readonly onMismatch: () => void;
}

const nanosecondsPerSecond = 1e9;
const pollSeconds = 60;

/**
 * When to ask again a policy in which custom rules took part: at the nearest boundary that they declare and
 * that `check` finds to be one, else after the span that they ask for, else in a minute. Null without hints:
 * then every boundary is known. Costs one question where boundaries are declared, none elsewhere.
 */
export function askAgainAt(now: Instant, hints: BoundaryHints | undefined, check: SpotCheck): Instant | null {
  if (hints === undefined) return null;
  const nowSeconds = toSeconds(now);
  const declared = [...new Set([hints.nextTransition, hints.validUntil])]
    .flatMap((ns) => (ns === undefined ? [] : Math.floor(ns / nanosecondsPerSecond)))
    .filter((seconds) => nowSeconds < seconds && seconds <= latestSeconds);
  const spanSeconds =
    hints.recheckAfter === undefined ? pollSeconds : Math.ceil(hints.recheckAfter / nanosecondsPerSecond);
  const fallback = nowSeconds + Math.max(1, spanSeconds);
  const nearest = Math.min(...trueOnes(declared, check));
  return instantFromSeconds(Math.min(nearest === Infinity ? fallback : nearest, latestSeconds));
}

/** Those of the `declared` seconds at which some answer changes. */
function trueOnes(declared: readonly number[], { ask, onMismatch }: SpotCheck): readonly number[] {
  if (declared.length === 0) return [];
  const answers = ask(declared.flatMap((at) => [at - 1, at]).map(instantFromSeconds));
  if (answers === null) return [];
  // Where the hints are about nothing, they cannot be wrong.
  if (answers.length === 0) return declared;
  return declared.filter((_, index) => {
    const isTrue = answers.some((answer) => answer[2 * index] !== answer[2 * index + 1]);
    if (!isTrue) onMismatch();
    return isTrue;
  });
}
