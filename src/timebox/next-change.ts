import { candidateInstants, type TimeFacts } from "./candidates.ts";
import type { Instant } from "./instant.ts";

/** The policy's answer for now, and for each probe in the same order. */
export interface ProbeAnswer {
  readonly inForce: boolean;
  readonly probes: readonly boolean[];
}

/** When the answer changes next, as far as the horizon of 800 days shows. */
export interface NextChange {
  readonly inForce: boolean;
  /** The first instant after now with the other answer; null = beyond the horizon. */
  readonly nextTransition: Instant | null;
  readonly nextState: "open" | "closed" | null;
  /** While in force: the first instant after now at which it is not; null otherwise and beyond the horizon. */
  readonly validUntil: Instant | null;
}

const secondsPerDay = 86_400;
/** Most boxes change within days, so most searches end after one short question. */
const horizonsDays: readonly number[] = [8, 32, 128, 800];
/**
 * Instants times boxes in one question. Each costs the policy some 20 µs; a policy with user rules has to
 * answer within 40 ms.
 */
const judgementsPerQuestion = 500;

/**
 * Searches the first instant after `now` at which the policy changes its answer. `ask` judges now and the
 * given probes (ascending) in one call; it is called for each horizon with the instants that are new
 * there, some at a time, at least once, and not again when a wider horizon adds none. For one binding ask for its
 * own openness, for an identity ask for the union over its bindings: `boxes` then holds them all.
 * An answer with another number of probes is no answer: it counts as closed, with nothing known of
 * what comes; callers then fall back to asking again regularly (reference/time-boxes.md §3.2, §3.3).
 */
export function findNextChange(question: {
  readonly now: Instant;
  readonly facts: TimeFacts;
  readonly ask: (probes: readonly Instant[]) => ProbeAnswer;
}): NextChange {
  const probesPerQuestion = Math.ceil(judgementsPerQuestion / Math.max(1, question.facts.boxes.length));
  let inForce: boolean | undefined;
  let asked = 0;
  for (const days of horizonsDays) {
    const instants = candidateInstants(question.facts, question.now, days * secondsPerDay);
    while (inForce === undefined || asked < instants.length) {
      const probes = instants.slice(asked, asked + probesPerQuestion);
      const answer = question.ask(probes);
      if (answer.probes.length !== probes.length) return unchanging(false);
      inForce = answer.inForce;
      const change = probes.find((_, index) => answer.probes[index] !== answer.inForce);
      if (change !== undefined) return changing(inForce, change);
      asked += probes.length;
    }
  }
  return unchanging(inForce ?? false);
}

function changing(inForce: boolean, at: Instant): NextChange {
  return {
    inForce,
    nextTransition: at,
    nextState: inForce ? "closed" : "open",
    validUntil: inForce ? at : null,
  };
}

function unchanging(inForce: boolean): NextChange {
  return { inForce, nextTransition: null, nextState: null, validUntil: null };
}
