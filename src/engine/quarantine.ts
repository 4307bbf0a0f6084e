/** Keeps askers away from the policy whose question broke it, so that they cannot stop everybody else's. */
export interface Quarantine {
  holds(subject: string): boolean;
  /** The question of `subject` broke the policy: hold it, twice as long as the last time. */
  punish(subject: string): void;
  /** `subject` got an answer: forget what was. */
  pardon(subject: string): void;
}

const firstTermMs = 1000;
const longestTermMs = 5 * 60 * 1000;

/** `nowMs` should be monotonic. */
export function createQuarantine(nowMs: () => number): Quarantine {
  const terms = new Map<string, { readonly untilMs: number; readonly lengthMs: number }>();

  /** Pods go without a word; a term that nobody came back from within its own length is of no use. */
  const forgetOld = (now: number): void => {
    for (const [subject, { untilMs, lengthMs }] of terms) {
      if (untilMs + lengthMs < now) terms.delete(subject);
    }
  };
  return {
    holds: (subject) => (terms.get(subject)?.untilMs ?? Number.NEGATIVE_INFINITY) > nowMs(),
    punish: (subject) => {
      const now = nowMs();
      forgetOld(now);
      const lastMs = terms.get(subject)?.lengthMs ?? firstTermMs / 2;
      const lengthMs = Math.min(2 * lastMs, longestTermMs);
      terms.set(subject, { untilMs: now + lengthMs, lengthMs });
    },
    pardon: (subject) => void terms.delete(subject),
  };
}
