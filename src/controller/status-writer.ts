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
import type { JudgeDependencies } from "./binding-judgement.ts";
import type { Cluster, UnbelievedGrant } from "./ports.ts";
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
  parseSubject,
  subjectsTouched,
  subjectText,
  type StatusSubject,
} from "./status-keys.ts";
import { createWorkQueue, type WorkResult } from "./work-queue.ts";

/** Keeps the statuses of bindings and grants what the policy says. Nothing decides by them. */
export interface StatusWriter {
  start(): void;
  close(): Promise<void>;
  /** Resolves when all that can be written now is written. */
  settled(): Promise<void>;
}

export interface StatusWriterDependencies extends JudgeDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly cluster: Cluster;
  readonly terms: StatusTerms;
  /** 0..1; spreads retries. */
  readonly random: () => number;
}

/** Few at a time: a thousand bindings may flip at midnight, and their writes share a budget with the assignments'. */
const concurrency = 8;

interface Parts extends StatusWriterDependencies {
  readonly findings: Findings;
  readonly wakeUps: WakeUps;
  /** What was written since the last resync: the object may not show it yet. */
  readonly written: Map<string, { readonly uid: string; readonly status: JsonObject }>;
  /** Uids of the grants that were there at the start. */
  readonly oldGrants: Set<string>;
}

/** Makes a writer that does nothing before `start`. It has a queue of its own, and no work of others waits for it. */
export function createStatusWriter(deps: StatusWriterDependencies): StatusWriter {
  const { clock, log, cluster } = deps;
  const counts = createAssignedCounts(cluster);
  const grantBindings = new Map<Key, Key>();
  const wakeUps = createWakeUps();
  const parts: Parts = {
    ...deps,
    findings: createFindings({ ...deps, counts }),
    wakeUps,
    written: new Map(),
    oldGrants: new Set(),
  };
  const queue = createWorkQueue({ ...deps, concurrency, work: (text) => writeStatus(parts, text) });
  const stops: Cancel[] = [];
  const addAll = (): void => {
    parts.written.clear();
    for (const subject of allSubjects(cluster)) queue.add(subjectText(subject), "resync");
  };
  const start = (): void => {
    for (const grant of cluster.list("AzureIdentityAccessGrant")) {
      parts.oldGrants.add(grant.uid);
      grantBindings.set(keyOf(grant), bindingOf(grant));
    }
    stops.push(
      cluster.subscribe((change) => {
        const touched = subjectsTouched(change, { cluster, counts, grantBindings });
        for (const subject of touched) queue.add(subjectText(subject));
      }),
      startSchedule({ clock, log, wakeUps, onDue: (text) => queue.add(text), onAll: addAll }),
      deps.decider.onPolicyChange?.(addAll) ?? (() => undefined),
    );
    addAll();
  };
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0)) stop();
    await queue.close();
  };
  return { start, close, settled: () => queue.settled() };
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
  return unbelieved === undefined ? forget(parts, text) : writeUnbelieved(parts, subject, unbelieved);
}

function forget({ wakeUps, written }: Parts, text: string): WorkResult {
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
): Promise<WorkResult> {
  const { uid } = unbelieved.grant;
  const before = statusBefore(parts, subject, uid);
  const after = unbelievedStatus(unbelieved, before);
  wake(parts, subject, null);
  if (after === null) return { done: true };
  return write(parts, subject, {
    uid,
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
  { log, written }: Parts,
  subject: StatusSubject,
  change: {
    readonly uid: string;
    readonly before: JsonObject | undefined;
    readonly after: JsonObject;
    readonly apply: (status: JsonObject) => Promise<void>;
    readonly record: (after: JsonObject) => void;
  },
): Promise<WorkResult> {
  const { uid, before, after, apply, record } = change;
  if (isShown(after, before)) return { done: true };
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
