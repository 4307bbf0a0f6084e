import { bindingOf, keyOf } from "../engine/cluster-document.ts";
import type { AzureIdentityAccessGrant, AzureIdentityBinding, JsonObject, Key } from "../engine/resources.ts";
import type { Cancel, Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { instantFromMs, instantFromSeconds, toSeconds, type Instant } from "../timebox/instant.ts";
import { createWakeUps, type WakeUps } from "../timebox/wake-ups.ts";
import { createAssignedCounts } from "./assigned-counts.ts";
import { bindingStatus } from "./binding-status.ts";
import { isObject } from "./json-shape.ts";
import { isSettled, type JudgeDependencies } from "./binding-judgement.ts";
import type { Cluster, UnbelievedGrant } from "./ports.ts";
import { createQuietKeys } from "./quiet-keys.ts";
import { isShown } from "./same-status.ts";
import { startSchedule } from "./schedule.ts";
import { recordBindingFlip, recordGrantFlip, recordUnbelieved } from "./status-events.ts";
import {
  createFindings,
  grantStatus,
  unbelievedStatus,
  type Findings,
  type StatusTerms,
} from "./status-findings.ts";
import {
  allSubjects,
  bindingsOfResource,
  parseSubject,
  subjectsTouched,
  subjectText,
  type StatusSubject,
} from "./status-keys.ts";
import { createStatusLooks, type StatusLooks } from "./status-looks.ts";
import type { Priority } from "./work-queue-observer.ts";
import { createWorkQueue, type WorkQueue, type WorkResult } from "./work-queue.ts";

/** Keeps the statuses of bindings and grants what the policy says. Nothing decides by them. */
export interface StatusWriter {
  start(): void;
  close(): Promise<void>;
  /** Resolves when all that can be written now is written. */
  settled(): Promise<void>;
  /** Something became known of the identity with this lower-cased resource id. */
  noteIdentity(resourceID: string): void;
}

export interface StatusWriterDependencies extends JudgeDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly cluster: Cluster;
  readonly terms: StatusTerms;
  /** 0..1; spreads retries. */
  readonly random: () => number;
  /** What ARM says when it refuses the identity with this lower-cased resource id; null when it does not. */
  readonly refusal?: (resourceID: string) => string | null;
}

/** Few at a time: a thousand bindings may flip at midnight, and their writes share a budget with the assignments'. */
const concurrency = 8;
/** How many pods are assigned changes a thousand times in a rollout, and what is shown of it a few times. */
const countTerms = { quietMs: 1000, longestMs: 5000 };

interface Parts extends StatusWriterDependencies {
  readonly findings: Findings;
  readonly wakeUps: WakeUps;
  /** What was written since the last resync: the object may not show it yet. */
  readonly written: Map<string, { readonly uid: string; readonly status: JsonObject }>;
  readonly looks: StatusLooks;
  /** Uids of the grants that were there at the start. */
  readonly oldGrants: Set<string>;
}

/** Makes a writer that does nothing before `start`. It has a queue of its own, and no work of others waits for it. */
export function createStatusWriter(deps: StatusWriterDependencies): StatusWriter {
  const { cluster } = deps;
  const grantBindings = new Map<Key, Key>();
  const known = { cluster, counts: createAssignedCounts(cluster), grantBindings };
  const wakeUps = createWakeUps();
  const looks = createStatusLooks(cluster);
  const findings = createFindings({ ...deps, ...known });
  const parts: Parts = { ...deps, findings, wakeUps, looks, written: new Map(), oldGrants: new Set() };
  const queue = createWorkQueue({ ...deps, concurrency, work: (text) => writeStatus(parts, text) });
  const addEach = addTo(queue);
  const stops: Cancel[] = [];
  const addAll = (): void => {
    parts.written.clear();
    addEach(unsettledSubjects(deps, looks), "resync");
  };
  const start = (): void => {
    rememberGrants(parts, grantBindings);
    stops.push(
      looks.follow(deps.decider),
      followChanges(deps, known, queue),
      startSchedule({ ...deps, wakeUps, onDue: (text) => queue.add(text), onAll: addAll }),
      deps.decider.onPolicyChange?.(addAll) ?? (() => undefined),
    );
    addAll();
  };
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0)) stop();
    await queue.close();
  };
  return {
    start,
    close,
    settled: () => queue.settled(),
    noteIdentity: (resourceID) => addEach(bindingsOfResource(cluster, resourceID)),
  };
}

function unsettledSubjects(
  { clock, cluster }: StatusWriterDependencies,
  looks: StatusLooks,
): readonly StatusSubject[] {
  const now = instantFromMs(clock.nowMs());
  return allSubjects(cluster).filter((subject) => !looks.isSettled(subject, now));
}

function addTo(queue: WorkQueue): (subjects: readonly StatusSubject[], priority?: Priority) => void {
  return (subjects, priority) => {
    for (const subject of subjects) queue.add(subjectText(subject), priority);
  };
}

/** What changes is looked at at once, how many pods are assigned when that is over. */
function followChanges(
  { clock, cluster }: StatusWriterDependencies,
  known: Parameters<typeof subjectsTouched>[1],
  queue: WorkQueue,
): Cancel {
  const counts = createQuietKeys({ clock, ...countTerms, onQuiet: (text) => queue.add(text) });
  const stop = cluster.subscribe((change) => {
    for (const subject of subjectsTouched(change, known)) {
      if (change.kind === "AzureAssignedIdentity") counts.note(subjectText(subject));
      else queue.add(subjectText(subject));
    }
  });
  return () => {
    stop();
    counts.cancelAll();
  };
}

function rememberGrants({ cluster, oldGrants }: Parts, grantBindings: Map<Key, Key>): void {
  for (const grant of cluster.list("AzureIdentityAccessGrant")) {
    oldGrants.add(grant.uid);
    grantBindings.set(keyOf(grant), bindingOf(grant));
  }
}

async function writeStatus(parts: Parts, text: string): Promise<WorkResult> {
  // Each look asks the policy, which blocks: what else there is to do gets its turn in between.
  await new Promise<void>((resolve) => void setImmediate(resolve));
  const subject = parseSubject(text);
  const now = instantFromMs(parts.clock.nowMs());
  const { cluster } = parts;
  if (subject.kind === "AzureIdentityBinding") {
    const binding = cluster.get("AzureIdentityBinding", subject.key);
    return binding === undefined ? forget(parts, text) : writeBinding(parts, subject, binding, now);
  }
  const grant = cluster.get("AzureIdentityAccessGrant", subject.key);
  if (grant !== undefined) return writeGrant(parts, subject, grant, now);
  const unbelieved = cluster.unbelieved?.get(subject.key);
  return unbelieved === undefined ? forget(parts, text) : writeUnbelieved(parts, subject, unbelieved, now);
}

function forget({ wakeUps, written, looks }: Parts, text: string): WorkResult {
  looks.forget(text);
  wakeUps.delete(text);
  written.delete(text);
  return { done: true };
}

function writeBinding(
  parts: Parts,
  subject: StatusSubject,
  binding: AzureIdentityBinding,
  now: Instant,
): Promise<WorkResult> {
  const { cluster } = parts;
  const before = statusBefore(parts, subject, binding.uid);
  const findings = parts.findings.ofBinding(binding, now);
  wake(parts, subject, findings.judgement.wakeAt);
  return write(parts, subject, {
    uid: binding.uid,
    now,
    isSettled: isSettled(findings.judgement),
    before,
    after: bindingStatus(findings, before, now),
    apply: (status) => cluster.applyBindingStatus(subject.key, status),
    record: (after) => recordBindingFlip(cluster, subject.key, before, after),
  });
}

function writeGrant(
  parts: Parts,
  subject: StatusSubject,
  grant: AzureIdentityAccessGrant,
  now: Instant,
): Promise<WorkResult> {
  const { cluster, oldGrants } = parts;
  const before = statusBefore(parts, subject, grant.uid);
  const view = parts.findings.ofGrant(grant, now);
  wake(parts, subject, view.changesAt);
  const jit = cluster.get("AzureIdentityBinding", bindingOf(grant))?.spec.timeBox?.["jit"];
  const needsApproval = isObject(jit) && jit["approvals"] !== 0;
  const facts = { key: subject.key, requester: grant.spec.requester, needsApproval };
  const isNew = !oldGrants.has(grant.uid);
  return write(parts, subject, {
    uid: grant.uid,
    now,
    isSettled: true,
    before,
    after: grantStatus(grant, view),
    apply: (status) => cluster.applyGrantStatus(subject.key, status),
    record: (after) => recordGrantFlip(cluster, facts, before, after, isNew),
  });
}

async function writeUnbelieved(
  parts: Parts,
  subject: StatusSubject,
  unbelieved: UnbelievedGrant,
  now: Instant,
): Promise<WorkResult> {
  const { uid } = unbelieved.grant;
  const before = statusBefore(parts, subject, uid);
  const after = unbelievedStatus(unbelieved, before);
  wake(parts, subject, null);
  if (after === null) return { done: true };
  return write(parts, subject, {
    uid,
    now,
    isSettled: true,
    before,
    after,
    apply: (status) => parts.cluster.applyGrantStatus(subject.key, status),
    record: () => recordUnbelieved(parts.cluster, subject.key, before, after),
  });
}

/** What was written last, or what the object shows: writes come back by the watch, later. */
function statusBefore(
  { written, cluster }: Parts,
  subject: StatusSubject,
  uid: string,
): JsonObject | undefined {
  const last = written.get(subjectText(subject));
  return last?.uid === uid ? last.status : cluster.statusOf(subject.kind, subject.key);
}

/** Never for now or before: the policy was just asked. */
function wake({ wakeUps, clock }: Parts, subject: StatusSubject, at: Instant | null): void {
  const text = subjectText(subject);
  if (at === null) return wakeUps.delete(text);
  const soonest = instantFromSeconds(toSeconds(instantFromMs(clock.nowMs())) + 1);
  wakeUps.set(text, at > soonest ? at : soonest);
}

async function write(
  { log, written, looks }: Parts,
  subject: StatusSubject,
  change: {
    readonly uid: string;
    readonly now: Instant;
    /** Whether only what is followed can change it. */
    readonly isSettled: boolean;
    readonly before: JsonObject | undefined;
    readonly after: JsonObject;
    readonly apply: (status: JsonObject) => Promise<void>;
    readonly record: (after: JsonObject) => void;
  },
): Promise<WorkResult> {
  const { uid, before, after, apply, record } = change;
  if (isShown(after, before)) {
    looks.note(subject, change.now, change.isSettled);
    return { done: true };
  }
  try {
    await apply(after);
  } catch (error) {
    log.warn({ ...subject, err: toError(error) }, "a status could not be written");
    return { done: false, retryAfterMs: 0, endsOnChange: true };
  }
  written.set(subjectText(subject), { uid, status: after });
  record(after);
  return { done: true };
}
