import type { Key } from "../engine/resources.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { changeIdentities } from "./change-identities.ts";
import {
  recordApplied,
  recordApplyError,
  recordRemoved,
  recordRemoveError,
  recordStatusError,
} from "./events.ts";
import type { Action, Subject, Writing } from "./plan.ts";
import type { Cluster, Compute } from "./ports.ts";
import type { WorkResult } from "./work-queue.ts";

export interface ApplyDependencies {
  readonly cluster: Cluster;
  readonly compute: Compute;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Objects of which a step failed, so that their later steps are left for the next time, and how. */
type Failed = Map<Key, "refused" | "faulty">;
type ActionOf<T extends Action["type"]> = Extract<Action, { readonly type: T }>;

/**
 * Carries out a plan: objects first, then ARM once, then statuses, then deletions. What fails stops
 * only the later steps of its own object, is told by an event, and makes the result "try again".
 */
export async function apply(deps: ApplyDependencies, actions: readonly Action[]): Promise<WorkResult> {
  const { cluster, signal } = deps;
  const failed: Failed = new Map();
  const attempt = createAttempt(deps, failed);
  const phase = <T extends Action["type"]>(type: T, run: (action: ActionOf<T>) => Promise<void>) =>
    Promise.all(actionsOf(actions, type).map(run));
  const write = ({ subject }: Writing, effect: () => Promise<unknown>): Promise<void> =>
    attempt(subject, { effect, onError: ({ message }) => recordApplyError(cluster, subject, message) });
  const patch = (
    subject: Subject,
    status: Parameters<Cluster["patchAssignedIdentityStatus"]>[1],
    onDone?: () => void,
  ): Promise<void> =>
    attempt(subject, {
      effect: () => cluster.patchAssignedIdentityStatus(subject.object, status),
      onDone,
      onError: () => recordStatusError(cluster, subject, status.status ?? "the time box"),
    });

  await phase("create", (action) => write(action, () => cluster.createAssignedIdentity(action.object)));
  await phase("replace", (action) => write(action, () => cluster.replaceAssignedIdentity(action.object)));
  const retryAfterMs = await applyChange(deps, actions, failed);
  await phase("markAssigned", ({ subject, display }) =>
    patch(subject, { status: "Assigned", ...display }, () => recordApplied(cluster, subject)),
  );
  await phase("showTimeBox", ({ subject, display }) => patch(subject, display));
  await phase("markUnassigned", ({ subject }) => patch(subject, { status: "Unassigned" }));
  await phase("delete", ({ subject }) =>
    attempt(subject, {
      effect: () => cluster.deleteAssignedIdentity(subject.object),
      onDone: () => recordRemoved(cluster, subject),
      onError: ({ message }) => recordRemoveError(cluster, subject, message),
    }),
  );
  if (signal.aborted) return { done: false, retryAfterMs, endsOnChange: false };
  if (failed.size === 0) return { done: true };
  // One refused identity must not make the others of this target wait.
  const endsOnChange = [...failed.values()].every((how) => how === "refused");
  return { done: false, retryAfterMs, endsOnChange };
}

function actionsOf<T extends Action["type"]>(actions: readonly Action[], type: T): readonly ActionOf<T>[] {
  return actions.filter((action): action is ActionOf<T> => action.type === type);
}

interface Attempt {
  readonly effect: () => Promise<unknown>;
  readonly onDone?: (() => void) | undefined;
  readonly onError: (error: Error) => void;
}

/** What the end of the work cuts short is no failure, and nobody is told of it: the next leader does it. */
function createAttempt(
  { log, signal }: Pick<ApplyDependencies, "log" | "signal">,
  failed: Failed,
): (subject: Subject, attempt: Attempt) => Promise<void> {
  return async (subject, { effect, onDone, onError }) => {
    if (failed.has(subject.object) || signal.aborted) return;
    try {
      await effect();
      onDone?.();
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toError(thrown);
      log.warn({ object: subject.object, err: error }, "writing an assigned identity failed");
      failed.set(subject.object, "faulty");
      onError(error);
    }
  };
}

/** Changes ARM for the objects that have not failed. Answers how long ARM asked us to stay away. */
async function applyChange(
  { cluster, compute, log, signal }: ApplyDependencies,
  actions: readonly Action[],
  failed: Failed,
): Promise<number> {
  const [change] = actionsOf(actions, "changeIdentities");
  if (change === undefined || signal.aborted) return 0;
  // Without an object that answers for it, an identity would stay on the VM for ever.
  const answeredFor = new Set(
    actionsOf(actions, "markAssigned")
      .filter(({ subject }) => !failed.has(subject.object))
      .map(({ resourceId }) => resourceId),
  );
  const add = change.add.filter((id) => answeredFor.has(id.toLowerCase()));
  const outcome = await changeIdentities(compute, change.target, { ...change, add }, signal);
  if (signal.aborted) return 0;
  for (const [id, { detail }] of outcome.failures) {
    log.warn({ target: change.target, id, detail }, "changing an identity of a compute target failed");
  }
  for (const { type, resourceId, subject } of [
    ...actionsOf(actions, "markAssigned"),
    ...actionsOf(actions, "markUnassigned"),
  ]) {
    const failure = resourceId === null ? undefined : outcome.failures.get(resourceId);
    if (failure === undefined || failed.has(subject.object)) continue;
    failed.set(subject.object, failure.isRefusal ? "refused" : "faulty");
    const record = type === "markAssigned" ? recordApplyError : recordRemoveError;
    record(cluster, subject, failure.detail);
  }
  return outcome.retryAfterMs;
}
