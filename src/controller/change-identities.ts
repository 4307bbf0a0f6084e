import type { Compute } from "./ports.ts";
import type { Attempt, Quarantine } from "./quarantine.ts";
import { type IdentityChange, settle, type Step, type StepFailure, stepsOf } from "./settle-change.ts";

interface ChangeFailure {
  readonly detail: string;
  /** Whether ARM refused this very identity; else the target as a whole is in trouble. */
  readonly isRefusal: boolean;
}

interface ChangeOutcome {
  /** By lower-cased id: what was not added or not removed. All else is as wanted, and ARM has shown it. */
  readonly failures: ReadonlyMap<string, ChangeFailure>;
  /** When to come back, at the earliest: ARM asked for it, or nothing but refused identities is left. */
  readonly retryAfterMs: number;
}

/** Changes the identities of one target. @throws nothing. */
export type ChangeIdentities = (
  target: string,
  change: IdentityChange,
  signal: AbortSignal,
) => Promise<ChangeOutcome>;

/**
 * Makes the one way in which the controller changes identities: refused ones fail alone (`settle`), wait in
 * `quarantine` and are tried again with the others when their time has come.
 */
export function createIdentityChanger(compute: Compute, quarantine: Quarantine): ChangeIdentities {
  return async (target, change, signal) => {
    const attemptOf = ({ verb, id }: Step): Attempt => ({
      target: target.toLowerCase(),
      verb,
      id: id.toLowerCase(),
    });
    const failures = new Map<Step, StepFailure>();
    const steps: Step[] = [];
    for (const step of stepsOf(change)) {
      const detail = quarantine.held(attemptOf(step));
      if (detail === null) steps.push(step);
      else failures.set(step, { detail, kind: "refused", isNamed: true });
    }
    const settled = await settle(steps, (part) => compute.changeIdentities(target, part, signal));
    for (const step of steps) {
      const failure = settled.failures.get(step);
      if (failure !== undefined) failures.set(step, failure);
      if (failure === undefined) quarantine.accept(attemptOf(step));
      else if (failure.kind === "refused")
        quarantine.refuse(attemptOf(step), failure.detail, failure.isNamed);
    }
    const refusalsMs = Math.min(...[...failures.keys()].map((step) => quarantine.waitMs(attemptOf(step))));
    const isAllRefused = [...failures.values()].every(({ kind }) => kind === "refused");
    return {
      failures: new Map(
        [...failures].map(([{ id }, { detail, kind }]) => [
          id.toLowerCase(),
          { detail, isRefusal: kind === "refused" },
        ]),
      ),
      retryAfterMs:
        failures.size > 0 && isAllRefused ? refusalsMs : (settled.trouble?.retryAfterSeconds ?? 0) * 1000,
    };
  };
}
