import type { Compute, ComputeFailure } from "./ports.ts";

/** Ids as written; they are compared lower-cased. */
export interface IdentityChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

interface ChangeFailure {
  readonly detail: string;
  /** Whether ARM refused this very identity; else the target as a whole is in trouble. */
  readonly isRefusal: boolean;
}

interface ChangeOutcome {
  /** By lower-cased id: what was not added or not removed. */
  readonly failures: ReadonlyMap<string, ChangeFailure>;
  /** How long ARM asked us to stay away; 0 when it did not. */
  readonly retryAfterMs: number;
}

const nothingFailed: ChangeOutcome = { failures: new Map(), retryAfterMs: 0 };

/**
 * Changes the identities of `target` so that a refused one fails alone: ARM refuses the whole request
 * for one bad identity (reference/azure.md §4.1), so the culprits are left out and the rest is tried
 * again; when ARM does not name them, by halves. Success means that ARM's answer shows it.
 */
export async function changeIdentities(
  compute: Compute,
  target: string,
  change: IdentityChange,
  signal: AbortSignal,
): Promise<ChangeOutcome> {
  if (change.add.length + change.remove.length === 0) return nothingFailed;
  const result = await compute.changeIdentities(target, change, signal);
  if (result.ok) return verify(change, result.identities);
  const { failure } = result;
  if (failure.kind === "notFound") return fail({ add: change.add, remove: [] }, failure);
  if (failure.kind !== "refused" || change.add.length + change.remove.length === 1)
    return fail(change, failure);
  const culprits = new Set(failure.identities.map((id) => id.toLowerCase()));
  const refused = filterIds(change, (id) => culprits.has(id));
  if (refused.add.length + refused.remove.length > 0) {
    const rest = filterIds(change, (id) => !culprits.has(id));
    return merge(fail(refused, failure), await changeIdentities(compute, target, rest, signal));
  }
  const [first, second] = halve(change);
  const firstOutcome = await changeIdentities(compute, target, first, signal);
  return merge(firstOutcome, await changeIdentities(compute, target, second, signal));
}

function verify(change: IdentityChange, present: readonly string[]): ChangeOutcome {
  const ids = new Set(present.map((id) => id.toLowerCase()));
  const wrong = {
    add: change.add.filter((id) => !ids.has(id.toLowerCase())),
    remove: change.remove.filter((id) => ids.has(id.toLowerCase())),
  };
  return failAll(wrong, { detail: "ARM reported success but does not show the change", isRefusal: false });
}

function fail(change: IdentityChange, { kind, detail, retryAfterSeconds }: ComputeFailure): ChangeOutcome {
  const outcome = failAll(change, { detail: `${kind}: ${detail}`, isRefusal: kind === "refused" });
  return { ...outcome, retryAfterMs: (retryAfterSeconds ?? 0) * 1000 };
}

function failAll({ add, remove }: IdentityChange, failure: ChangeFailure): ChangeOutcome {
  const ids = [...add, ...remove].map((id) => id.toLowerCase());
  return { failures: new Map(ids.map((id) => [id, failure])), retryAfterMs: 0 };
}

function filterIds({ add, remove }: IdentityChange, keep: (id: string) => boolean): IdentityChange {
  const isKept = (id: string): boolean => keep(id.toLowerCase());
  return { add: add.filter(isKept), remove: remove.filter(isKept) };
}

function halve({ add, remove }: IdentityChange): readonly [IdentityChange, IdentityChange] {
  if (add.length === 0 || remove.length === 0) {
    const [a, r] = [Math.ceil(add.length / 2), Math.ceil(remove.length / 2)];
    return [
      { add: add.slice(0, a), remove: remove.slice(0, r) },
      { add: add.slice(a), remove: remove.slice(r) },
    ];
  }
  return [
    { add: [], remove },
    { add, remove: [] },
  ];
}

function merge(a: ChangeOutcome, b: ChangeOutcome): ChangeOutcome {
  return {
    failures: new Map([...a.failures, ...b.failures]),
    retryAfterMs: Math.max(a.retryAfterMs, b.retryAfterMs),
  };
}
