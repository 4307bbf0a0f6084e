import type { Key } from "../engine/resources.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import type { ChangeIdentities } from "./change-identities.ts";
import {
  recordApplied,
  recordApplyError,
  recordRemoved,
  recordRemoveError,
  recordStatusError,
} from "./events.ts";
import { inState, type Action, type Subject, type Writing } from "./action.ts";
import { preAssigned } from "./assigned-identity.ts";
import { makeObject } from "./make-object.ts";
import type { Cluster } from "./ports.ts";
import type { UnsentIdentities } from "./unsent-identities.ts";
import type { WorkResult } from "./work-queue.ts";

export interface ApplyDependencies {
  readonly cluster: Cluster;
  readonly changeIdentities: ChangeIdentities;
  readonly unsent: UnsentIdentities;
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
  const failed: Failed = new Map();
  const steps = createSteps(deps, failed);
  const phase = <T extends Action["type"]>(type: T, run: (action: ActionOf<T>) => Promise<void>) =>
    Promise.all(actionsOf(actions, type).map(run));

  await phase("create", (action) => steps.create(action, action.unsent));
  await phase("replace", (action) => steps.replace(action));
  const early = unanswered(actions, failed);
  await Promise.all(
    Array.from(early, (action) =>
      steps.create({ ...action, object: inState("Created", action.object) }, null),
    ),
  );
  const { retryAfterMs, found } = await applyChange(deps, { actions, early, failed });
  const markOf = ({ resourceId }: { readonly resourceId: string | null }): Mark =>
    resourceId !== null && found.has(resourceId) ? { annotations: preAssigned } : {};
  await phase("markAssigned", (action) => steps.assign(action.subject, action.display, markOf(action)));
  await phase("createAssigned", (action) =>
    early.has(action)
      ? steps.assign(action.subject, action.object.status, markOf(action))
      : steps.createAssigned(withMark(action, markOf(action))),
  );
  await phase("showTimeBox", ({ subject, display }) => steps.patch(subject, display));
  await phase("markUnassigned", ({ subject }) => steps.patch(subject, { status: "Unassigned" }));
  await phase("delete", ({ subject }) => steps.remove(subject));
  if (deps.signal.aborted) return { done: false, retryAfterMs, endsOnChange: false };
  if (failed.size === 0) return { done: true };
  // One refused identity must not make the others of this target wait.
  const endsOnChange = [...failed.values()].every((how) => how === "refused");
  return { done: false, retryAfterMs, endsOnChange };
}

function actionsOf<T extends Action["type"]>(actions: readonly Action[], type: T): readonly ActionOf<T>[] {
  return actions.filter((action): action is ActionOf<T> => action.type === type);
}

type StatusPatch = Parameters<Cluster["patchAssignedIdentityStatus"]>[1];

/** What an object says beside its state, if anything. */
type Mark = Pick<StatusPatch, "annotations">;

function withMark(writing: Writing, { annotations: added }: Mark): Writing {
  const { object } = writing;
  return { ...writing, object: { ...object, annotations: { ...object.annotations, ...added } } };
}

/** One write to the cluster each, with its events. */
interface Steps {
  create(writing: Writing, unsent: string | null): Promise<void>;
  createAssigned(writing: Writing): Promise<void>;
  replace(writing: Writing): Promise<void>;
  assign(subject: Subject, display: StatusPatch, mark: Mark): Promise<void>;
  patch(subject: Subject, status: StatusPatch): Promise<void>;
  remove(subject: Subject): Promise<void>;
}

function createSteps(deps: ApplyDependencies, failed: Failed): Steps {
  const { cluster } = deps;
  const attempt = createAttempt(deps, failed);
  const write = ({ subject }: Writing, rest: Omit<Attempt, "onError">): Promise<void> =>
    attempt(subject, { ...rest, onError: ({ message }) => recordApplyError(cluster, subject, message) });
  const patch = (subject: Subject, status: StatusPatch, onDone?: () => void): Promise<void> =>
    attempt(subject, {
      effect: () => cluster.patchAssignedIdentityStatus(subject.object, status),
      onDone,
      onError: () => recordStatusError(cluster, subject, status.status ?? "the time box"),
    });
  return {
    create: (writing, id) => write(writing, { effect: () => makeObject(deps, writing.object, id) }),
    createAssigned: (writing) =>
      write(writing, {
        effect: () => cluster.createAssignedIdentity(writing.object),
        onDone: () => recordApplied(cluster, writing.subject),
      }),
    replace: (writing) => write(writing, { effect: () => cluster.replaceAssignedIdentity(writing.object) }),
    assign: (subject, display, mark) =>
      patch(subject, { ...display, ...mark, status: "Assigned" }, () => recordApplied(cluster, subject)),
    patch: (subject, status) => patch(subject, status),
    remove: (subject) =>
      attempt(subject, {
        effect: () => cluster.deleteAssignedIdentity(subject.object),
        onDone: () => recordRemoved(cluster, subject),
        onError: ({ message }) => recordRemoveError(cluster, subject, message),
      }),
  };
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

/**
 * The pods whose identity no object answers for, since the one that was to could not be written. What is wrong with it
 * need not be wrong with theirs, so these are written before ARM is asked, too.
 */
function unanswered(actions: readonly Action[], failed: Failed): ReadonlySet<ActionOf<"createAssigned">> {
  const answeredFor = idsAnsweredFor(actionsOf(actions, "markAssigned"), failed);
  const follows = actionsOf(actions, "createAssigned");
  return new Set(follows.filter(({ resourceId: id }) => id !== null && !answeredFor.has(id)));
}

function idsAnsweredFor(
  steps: readonly { readonly subject: Subject; readonly resourceId: string | null }[],
  failed: Failed,
): ReadonlySet<string> {
  return new Set(
    steps.flatMap(({ subject, resourceId }) => (failed.has(subject.object) ? [] : (resourceId ?? []))),
  );
}

interface Changed {
  /** How long ARM asked us to stay away. */
  readonly retryAfterMs: number;
  /** Lower-cased ids of what somebody else has put on the target since it was read. */
  readonly found: ReadonlySet<string>;
}

const unchanged: Changed = { retryAfterMs: 0, found: new Set() };

/** Changes ARM for the objects that have not failed. */
async function applyChange(
  { cluster, changeIdentities, log, signal }: ApplyDependencies,
  progress: {
    readonly actions: readonly Action[];
    readonly early: ReadonlySet<ActionOf<"createAssigned">>;
    readonly failed: Failed;
  },
): Promise<Changed> {
  const { actions, early, failed } = progress;
  const [change] = actionsOf(actions, "changeIdentities");
  if (change === undefined || signal.aborted) return unchanged;
  // Without an object that answers for it, an identity would stay on the VM for ever.
  const answeredFor = idsAnsweredFor([...actionsOf(actions, "markAssigned"), ...early], failed);
  const add = change.add.filter((id) => answeredFor.has(id.toLowerCase()));
  const outcome = await changeIdentities(change.target, { ...change, add }, signal);
  if (signal.aborted) return unchanged;
  for (const [id, { detail }] of outcome.failures) {
    log.warn({ target: change.target, id, detail }, "changing an identity of a compute target failed");
  }
  for (const { type, resourceId, subject } of [
    ...actionsOf(actions, "markAssigned"),
    ...actionsOf(actions, "createAssigned"),
    ...actionsOf(actions, "markUnassigned"),
  ]) {
    const failure = resourceId === null ? undefined : outcome.failures.get(resourceId);
    if (failure === undefined || failed.has(subject.object)) continue;
    failed.set(subject.object, failure.isRefusal ? "refused" : "faulty");
    const record = type === "markUnassigned" ? recordRemoveError : recordApplyError;
    record(cluster, subject, failure.detail);
  }
  return outcome;
}
