import type { AssignDecision } from "../engine/decision.ts";
import type { Decider } from "../engine/engine.ts";
import { assignInput } from "../engine/questions.ts";
import type { Pod } from "../engine/resources.ts";
import { askAgainAt } from "../timebox/hints.ts";
import { formatInstant, toSeconds, type Instant } from "../timebox/instant.ts";

/** Rules that may change the answer at instants which no time box names. */
export interface CustomRules {
  /** When daemons ask again, at the latest. */
  readonly askAgainAt: string;
  /**
   * `declared`: at a boundary that the rules declare, and that is one; `recheckAfter`: as often as they say;
   * `unknown`: every minute.
   */
  readonly because: "declared" | "recheckAfter" | "unknown";
}

const pollSeconds = 60;

/**
 * What becomes of the hints in an answer about `pod` at `at`, which the controller judges in the same way; null where
 * no custom rule took part.
 */
export function explainHints(
  decider: Decider,
  pod: Pod,
  at: Instant,
  { hints }: AssignDecision,
): CustomRules | null {
  const again = askAgainAt(at, hints, {
    ask: (probes) => {
      const { candidates, reasons } = decider.decide("assign", assignInput(pod, at, probes, false));
      return reasons.some(({ code }) => code === "PolicyError") ? null : candidates.map((one) => one.probes);
    },
    onMismatch: () => undefined,
  });
  if (again === null) return null;
  const { recheckAfter } = hints ?? {};
  const span = recheckAfter === undefined ? pollSeconds : Math.max(1, Math.ceil(recheckAfter / 1e9));
  const usual = recheckAfter === undefined ? "unknown" : "recheckAfter";
  const because = toSeconds(again) === toSeconds(at) + span ? usual : "declared";
  return { askAgainAt: formatInstant(again), because };
}
