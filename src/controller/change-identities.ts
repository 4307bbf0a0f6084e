import type { Compute, ComputeResult } from "./ports.ts";
import type { Attempt, Quarantine } from "./quarantine.ts";
import { type IdentityChange, settle, type Step, type StepFailure, stepsOf } from "./settle-change.ts";
import type { UnsentIdentities } from "./unsent-identities.ts";

interface ChangeFailure {
  readonly detail: string;
  /** Whether ARM refused this very identity; else the target as a whole is in trouble. */
  readonly isRefusal: boolean;
}

interface ChangeOutcome {
  /** Lower-cased ids of those that somebody else has put on the target since it was read. */
  readonly found: ReadonlySet<string>;
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
 * `quarantine` and are tried again with the others when their time has come. What is `unsent` podid does not remove.
 */
export function createIdentityChanger(
  compute: Compute,
  quarantine: Quarantine,
  unsent: UnsentIdentities,
): ChangeIdentities {
  return async (target, { add, remove }, signal) => {
    const isUnsent = (id: string): boolean => unsent.has(target, id);
    const ours = { add, remove: remove.filter((id) => !isUnsent(id)) };
    const seeking = seekForeign(add.filter(isUnsent), (part) =>
      compute.changeIdentities(target, part, signal),
    );
    const outcome = await changeUnlessHeld({ target, quarantine, ask: seeking.ask }, ours);
    const asked = add.filter((id) => !seeking.isUnsent(id));
    unsent.drop(target, asked);
    return { ...outcome, found: seeking.found() };
  };
}

async function changeUnlessHeld(
  options: {
    readonly target: string;
    readonly quarantine: Quarantine;
    readonly ask: (part: IdentityChange) => Promise<ComputeResult>;
  },
  change: IdentityChange,
): Promise<Omit<ChangeOutcome, "found">> {
  const { target, quarantine, ask } = options;
  const attemptOf = (step: Step): Attempt => attemptOn(target, step);
  const failures = new Map<Step, StepFailure>();
  const steps: Step[] = [];
  for (const step of stepsOf(change)) {
    const detail = quarantine.held(attemptOf(step));
    if (detail === null) steps.push(step);
    else failures.set(step, { detail, kind: "refused", isNamed: true });
  }
  const settled = await settle(steps, ask);
  for (const step of steps) {
    const failure = settled.failures.get(step);
    if (failure !== undefined) failures.set(step, failure);
    if (failure === undefined) quarantine.accept(attemptOf(step));
    else if (failure.kind === "refused") quarantine.refuse(attemptOf(step), failure.detail, failure.isNamed);
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
}

function attemptOn(target: string, { verb, id }: Step): Attempt {
  return { target: target.toLowerCase(), verb, id: id.toLowerCase() };
}

interface Seeking {
  readonly ask: (part: IdentityChange) => Promise<ComputeResult>;
  isUnsent(id: string): boolean;
  found(): ReadonlySet<string>;
}

/** Lets each request look for the identities of which none before it has asked. */
function seekForeign(
  unsent: readonly string[],
  ask: (part: Parameters<Compute["changeIdentities"]>[1]) => Promise<ComputeResult>,
): Seeking {
  let left = unsent;
  let found: ReadonlySet<string> = new Set();
  return {
    ask: async (part) => {
      const result = await ask(left.length === 0 ? part : { ...part, unsent: left });
      left = result.unsent ?? [];
      const foundNow = keysOf(result.found ?? []);
      // Where the target was read, its owner may have taken off what was found before.
      found = isRead(result) ? foundNow : found.union(foundNow);
      return result;
    },
    isUnsent: (id) => keysOf(left).has(id.toLowerCase()),
    found: () => found.intersection(keysOf(left)),
  };
}

function isRead(result: ComputeResult): boolean {
  return result.ok || result.identities !== undefined;
}

function keysOf(ids: readonly string[]): ReadonlySet<string> {
  return new Set(ids.map((id) => id.toLowerCase()));
}
