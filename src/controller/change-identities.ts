import type { Compute, ComputeResult } from "./ports.ts";
import type { Attempt, Quarantine } from "./quarantine.ts";
import { type IdentityChange, settle, type Step, type StepFailure, stepsOf } from "./settle-change.ts";

interface ChangeFailure {
  readonly detail: string;
  /** Whether ARM refused this very identity; else the target as a whole is in trouble. */
  readonly isRefusal: boolean;
}

/** What one target is to have and not to have. */
export interface ChangeRequest extends IdentityChange {
  /** Those of `add` that ARM did not show before, and has not been asked for; none when left out. */
  readonly unsent?: readonly string[];
}

interface ChangeOutcome {
  /** Lower-cased ids of those `unsent` that somebody else has put on the target. */
  readonly found: ReadonlySet<string>;

  /** By lower-cased id: what was not added or not removed. All else is as wanted, and ARM has shown it. */
  readonly failures: ReadonlyMap<string, ChangeFailure>;
  /** When to come back, at the earliest: ARM asked for it, or nothing but refused identities is left. */
  readonly retryAfterMs: number;
}

/** Changes the identities of one target. @throws nothing. */
export type ChangeIdentities = (
  target: string,
  request: ChangeRequest,
  signal: AbortSignal,
) => Promise<ChangeOutcome>;

/**
 * Makes the one way in which the controller changes identities: refused ones fail alone (`settle`), wait in
 * `quarantine` and are tried again with the others when their time has come.
 */
export function createIdentityChanger(compute: Compute, quarantine: Quarantine): ChangeIdentities {
  return async (target, request, signal) => {
    const attemptOf = ({ verb, id }: Step): Attempt => ({
      target: target.toLowerCase(),
      verb,
      id: id.toLowerCase(),
    });
    const failures = new Map<Step, StepFailure>();
    const steps: Step[] = [];
    for (const step of stepsOf(request)) {
      const detail = quarantine.held(attemptOf(step));
      if (detail === null) steps.push(step);
      else failures.set(step, { detail, kind: "refused", isNamed: true });
    }
    const { ask, found } = finding(request.unsent ?? [], (part) =>
      compute.changeIdentities(target, part, signal),
    );
    const settled = await settle(steps, ask);
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
      found,
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

/** Names the `unsent` with the first request; by the second, podid may have put them there. */
function finding(
  unsent: readonly string[],
  ask: (part: ChangeRequest) => Promise<ComputeResult>,
): { readonly ask: (part: IdentityChange) => Promise<ComputeResult>; readonly found: ReadonlySet<string> } {
  const found = new Set<string>();
  let unnamed = unsent;
  return {
    found,
    ask: async (part) => {
      const result = await ask(unnamed.length === 0 ? part : { ...part, unsent: unnamed });
      unnamed = [];
      for (const id of result.found ?? []) found.add(id.toLowerCase());
      return result;
    },
  };
}
