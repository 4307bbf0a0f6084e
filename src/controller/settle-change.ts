import type { ComputeFailure, ComputeResult } from "./ports.ts";

/** Ids as written; they are compared lower-cased. */
export interface IdentityChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** One identity of a change. */
export interface Step {
  readonly verb: "add" | "remove";
  readonly id: string;
}

export interface StepFailure {
  readonly detail: string;
  /** `refused`: by ARM, this very identity. `trouble`: the target as a whole, or nobody knows. */
  readonly kind: "refused" | "trouble";
  /** ARM named the identity; else it was found by halves. */
  readonly isNamed: boolean;
}

export interface Settled {
  /** What was not done; all other steps are, and ARM has shown it. */
  readonly failures: ReadonlyMap<Step, StepFailure>;
  /** What ended the attempt before its end, if anything did. */
  readonly trouble: ComputeFailure | null;
}

/** How many requests one attempt may take: with several culprits the others are found by the next ones. */
const mostRequests = 8;

/** The steps of `change`; those that remove come first, since they make room. */
export function stepsOf({ add, remove }: IdentityChange): readonly Step[] {
  return [
    ...remove.map((id) => ({ verb: "remove", id }) as const),
    ...add.map((id) => ({ verb: "add", id }) as const),
  ];
}

/**
 * Does `steps` so that a refused identity fails alone: ARM refuses the whole request for one bad identity
 * (reference/azure.md §4.1). Whom ARM names is left out; when it names nobody of them, halves are tried, and what is
 * shown neither good nor bad waits for one request at the end. So one culprit among n costs 2 + log2 n requests: 8 for 50.
 */
export async function settle(
  steps: readonly Step[],
  ask: (change: IdentityChange) => Promise<ComputeResult>,
): Promise<Settled> {
  const search = createSearch(steps);
  for (let requests = 0; ; requests += 1) {
    const asked = search.next();
    if (asked.length === 0) return search.end(null);
    if (requests === mostRequests) return search.end(unfinished);
    // oxlint-disable-next-line no-await-in-loop -- each answer decides what to ask next
    const trouble = search.learn(asked, await ask(changeOf(asked)));
    if (trouble !== null) return search.end(trouble);
  }
}

interface Search {
  /** What to ask for next; nothing when all is settled. */
  next(): readonly Step[];
  /** Answers what makes further requests pointless, if anything does. */
  learn(asked: readonly Step[], result: ComputeResult): ComputeFailure | null;
  end(trouble: ComputeFailure | null): Settled;
}

function createSearch(steps: readonly Step[]): Search {
  const failures = new Map<Step, StepFailure>();
  let open = steps;
  // While ARM names nobody of them: some of `open`, among which there is a culprit.
  let suspects: readonly Step[] = [];
  let lastDetail = "";

  const convict = (culprits: readonly Step[], isNamed: boolean): void => {
    for (const step of culprits) failures.set(step, { detail: lastDetail, kind: "refused", isNamed });
    open = open.filter((step) => !failures.has(step));
    suspects = [];
  };
  return {
    next: () => {
      if (suspects.length === 1) convict(suspects, false);
      return suspects.length === 0 ? open : suspects.slice(0, Math.ceil(suspects.length / 2));
    },
    learn: (asked, result) => {
      open = open.filter((step) => !isDone(step, result));
      const left = asked.filter((step) => open.includes(step));
      suspects = suspects.filter((step) => open.includes(step));
      if (result.ok) return left.length === 0 ? null : unshown;
      const { failure } = result;
      lastDetail = detailOf(failure);
      if (failure.kind !== "refused") return failure;
      const names = new Set(failure.identities.map((id) => id.toLowerCase()));
      const named = left.filter(({ id }) => names.has(id.toLowerCase()));
      if (named.length > 0) convict(named, true);
      else if (isBlocked(asked, names, result)) return failure;
      else suspects = left;
      return null;
    },
    end: (trouble) => {
      const detail = trouble === null ? "" : detailOf(trouble);
      for (const step of open) failures.set(step, { detail, kind: "trouble", isNamed: false });
      return { failures, trouble };
    },
  };
}

/** Whether ARM has shown that `step` is as wanted, or the machine is gone and with it what was to be removed. */
function isDone({ verb, id }: Step, result: ComputeResult): boolean {
  if (!result.ok && result.failure.kind === "notFound") return verb === "remove";
  if (result.identities === undefined) return false;
  const has = (ids: readonly string[]): boolean => ids.some((one) => one.toLowerCase() === id.toLowerCase());
  if (verb === "add") return has(result.identities);
  return !has(result.identities) || (result.ok && has(result.kept ?? []));
}

/** Whether ARM refuses for an identity of somebody else that is on the machine: no half would fare better. */
function isBlocked(asked: readonly Step[], names: ReadonlySet<string>, result: ComputeResult): boolean {
  const askedIds = new Set(asked.map(({ id }) => id.toLowerCase()));
  const present = (result.identities ?? []).map((id) => id.toLowerCase());
  return present.some((id) => names.has(id) && !askedIds.has(id));
}

function changeOf(steps: readonly Step[]): IdentityChange {
  const idsOf = (verb: Step["verb"]): readonly string[] =>
    steps.filter((step) => step.verb === verb).map(({ id }) => id);
  return { add: idsOf("add"), remove: idsOf("remove") };
}

function detailOf({ kind, detail }: ComputeFailure): string {
  return `${kind}: ${detail}`;
}

function troubleOf(detail: string): ComputeFailure {
  return { kind: "unavailable", retryAfterSeconds: null, identities: [], detail };
}
const unshown = troubleOf("ARM reported success but does not show the change");
const unfinished = troubleOf(`ARM refused ${mostRequests} requests; the rest is tried later`);
