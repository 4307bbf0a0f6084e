import type { AzureAssignedIdentity } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { resourceIdOf } from "./assigned-identity.ts";
import type { Action } from "./action.ts";

/** How long changes of one target are gathered before ARM is asked. */
export interface GatherTerms {
  /** An identity to be added goes this long after the last one that came. */
  readonly quietMs: number;
  /** So long after it, others are not likely to come, and there is time to make ready for it. */
  readonly readyMs: number;
  /** No identity waits longer than this; those to be removed wait so long for some to be added. */
  readonly longestMs: number;
}

/** The spans that issue and reference ask for (reliability.md L6; docs/decisions/0012, 0021). */
export const gatherTerms: GatherTerms = { quietMs: 1000, readyMs: 400, longestMs: 5000 };

/** What must wait. */
export interface Held {
  /** Identities (lower-cased ids) that must not go to ARM yet; all may go when there are none. */
  readonly ids: ReadonlySet<string>;
  /** Once, some time before those to be added go, how long it is until then; else 0. */
  readonly readyForMs: number;
}

/** Makes one request of changes that come together. */
export interface Gathering {
  /**
   * What of `actions` has to wait. It is told about again: the key is due when it is time to prepare, and when the wait
   * ends.
   */
  hold(key: string, actions: readonly Action[], current: readonly AzureAssignedIdentity[]): Held;
  forget(key: string): void;
}

interface Batch {
  readonly ids: ReadonlySet<string>;
  readonly firstMs: number;
  readonly dueMs: number;
  /** When it is time to prepare; infinite when nothing is to be added. */
  readonly readyMs: number;
  readonly isPrepared: boolean;
  /** It may go, and whether it went is for others to say. */
  readonly isReleased: boolean;
}

/** Gathers by `terms`, or not at all without them. `later` asks to look at a key again. */
export function createGathering(options: {
  readonly clock: Clock;
  readonly terms: GatherTerms | null;
  readonly later: (key: string, delayMs: number) => void;
}): Gathering {
  const { clock, terms, later } = options;
  const batches = new Map<string, Batch>();
  return {
    hold: (key, actions, current) => {
      if (terms === null) return nothing;
      const change = changeIn(actions, current);
      const ids = change.add.union(change.remove);
      if (ids.size === 0) {
        batches.delete(key);
        return nothing;
      }
      const nowMs = clock.monotonicMs();
      const batch = nextBatch(batches.get(key), change, terms, nowMs);
      const isReleased = batch.dueMs <= nowMs;
      const isTimeToPrepare = !isReleased && !batch.isPrepared && batch.readyMs <= nowMs;
      const isPrepared = batch.isPrepared || isTimeToPrepare;
      batches.set(key, { ...batch, ids, isPrepared, isReleased });
      if (isReleased) return nothing;
      later(key, (isPrepared ? batch.dueMs : Math.min(batch.dueMs, batch.readyMs)) - nowMs);
      return { ids, readyForMs: isTimeToPrepare ? batch.dueMs - nowMs : 0 };
    },
    forget: (key) => void batches.delete(key),
  };
}

const nothing: Held = { ids: new Set(), readyForMs: 0 };

interface IdChange {
  readonly add: ReadonlySet<string>;
  readonly remove: ReadonlySet<string>;
}

/** What will take a PATCH, as far as the objects tell: an identity that one of them has shown is there already. */
function changeIn(actions: readonly Action[], current: readonly AzureAssignedIdentity[]): IdChange {
  const changes = actions.filter((action) => action.type === "changeIdentities");
  const there = new Set(current.filter(({ status }) => status.status === "Assigned").map(resourceIdOf));
  const add = lowered(changes.flatMap((change) => change.add));
  return {
    add: new Set([...add].filter((id) => !there.has(id))),
    remove: lowered(changes.flatMap((change) => change.remove)),
  };
}

function lowered(ids: readonly string[]): ReadonlySet<string> {
  return new Set(ids.map((id) => id.toLowerCase()));
}

/** What was due stays due until it is done, whatever fails: then waiting is for back-off and Retry-After. */
function nextBatch(
  before: Batch | undefined,
  { add, remove }: IdChange,
  { quietMs, readyMs, longestMs }: GatherTerms,
  nowMs: number,
): Omit<Batch, "ids" | "isReleased"> {
  const gathering = before?.isReleased === false ? before : undefined;
  const { firstMs, isPrepared } = gathering ?? { firstMs: nowMs, isPrepared: false };
  const hasNew = (some: ReadonlySet<string>): boolean => !some.isSubsetOf(before?.ids ?? new Set());
  if (hasNew(add)) {
    const dueMs = Math.min(nowMs + quietMs, firstMs + longestMs);
    return { firstMs, dueMs, readyMs: nowMs + readyMs, isPrepared };
  }
  const known = hasNew(remove) ? gathering : before;
  return known ?? { firstMs, dueMs: nowMs + longestMs, readyMs: Infinity, isPrepared };
}

/** `actions` without all that is about the identities `ids`: neither objects nor ARM hear of them. */
export function withhold(actions: readonly Action[], ids: ReadonlySet<string>): readonly Action[] {
  if (ids.size === 0) return actions;
  return actions.flatMap((action): readonly Action[] => {
    if (action.type === "changeIdentities") {
      const add = action.add.filter((id) => !ids.has(id.toLowerCase()));
      const remove = action.remove.filter((id) => !ids.has(id.toLowerCase()));
      return add.length + remove.length === 0 ? [] : [{ ...action, add, remove }];
    }
    const id = idOf(action);
    return id !== null && ids.has(id) ? [] : [action];
  });
}

function idOf(action: Exclude<Action, { readonly type: "changeIdentities" }>): string | null {
  if ("object" in action) return resourceIdOf(action.object);
  return "resourceId" in action ? action.resourceId : null;
}
