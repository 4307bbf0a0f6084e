import type { Clock } from "../runtime/clock.ts";
import type { ApiCall } from "./api.ts";
import { microTime } from "./micro-time.ts";
import type { ObjectReference } from "./object-reference.ts";

/** What an event says, whenever it happens. */
export interface EventTerms {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly note: string;
  readonly regarding: ObjectReference;
  readonly related: ObjectReference | undefined;
  /** It stands for events about many pods. */
  readonly isCombined?: boolean;
  /** The component that tells it, a qualified name such as `aadpodidentity.k8s.io/mic`. */
  readonly controller: string;
  /** The pod of the component. */
  readonly instance: string;
}

/** One event and all its repetitions, which share one object on the API server. */
export interface EventSeries {
  readonly key: string;
  readonly create: () => ApiCall;
  readonly update: () => ApiCall;
  count: number;
  lastAtMs: number;
  /** Monotonic. */
  lastSeenMs: number;
  /** 0 while it is not on the server. */
  sentCount: number;
  /** Monotonic. */
  lastSentMs: number;
  /** The server will not have it: tried no more, but counted, so that repetitions are not tried either. */
  isRefused: boolean;
}

/** What the API allows (reference/kubernetes.md §2.2, §5.6). */
const noteLimitBytes = 1024;
const nameLimit = 253;

/**
 * Events with the same key are one series: same type, reason, regarding, related and note, for a series shows the note
 * that it began with, and why a pod was refused today is not why it was yesterday. Of a note about somebody (`related`)
 * the ids, times and delays do not count: each attempt has others, and would be an event of its own. Combined ones have
 * no note of their own.
 */
export function seriesKey({ type, reason, note, regarding, related, isCombined }: EventTerms): string {
  const about = (): readonly unknown[] =>
    related === undefined ? [note] : [refer(related), note.replaceAll(varying, "#")];
  return JSON.stringify([type, reason, refer(regarding), ...(isCombined === true ? [null] : about())]);
}

/** UUIDs of requests, times, and how long to wait. Other numbers are names and status codes. */
const varying =
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?|(?<![\w-])\d+(?:\.\d+)? ?m?s\b/gi;

/** A series that begins with one event now. `suffix` makes its name unique: hexadecimal, 16 digits. */
export function createSeries(terms: EventTerms, suffix: string, clock: Clock): EventSeries {
  const { regarding } = terms;
  const namespace = regarding.namespace ?? "default";
  const name = `${regarding.name.slice(0, nameLimit - 1 - suffix.length)}.${suffix}`;
  const collection = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;
  const eventTime = microTime(clock.nowMs());
  const repetitions = (): object => ({
    series: { count: series.count, lastObservedTime: microTime(series.lastAtMs) },
  });
  const series: EventSeries = {
    key: seriesKey(terms),
    create: () => ({
      method: "POST",
      path: collection,
      body: { ...bodyOf(terms, { namespace, name }, eventTime), ...(series.count > 1 ? repetitions() : {}) },
    }),
    update: () => ({
      method: "PATCH",
      path: `${collection}/${encodeURIComponent(name)}`,
      bodyType: "application/merge-patch+json",
      body: repetitions(),
    }),
    count: 1,
    lastAtMs: clock.nowMs(),
    lastSeenMs: clock.monotonicMs(),
    sentCount: 0,
    lastSentMs: 0,
    isRefused: false,
  };
  return series;
}

function bodyOf(terms: EventTerms, metadata: object, eventTime: string): object {
  const { type, reason, note, regarding, related, controller, instance } = terms;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata,
    eventTime,
    type,
    reason,
    action: actionOf(reason),
    note: shorten(note),
    reportingController: controller,
    reportingInstance: instance,
    regarding,
    ...(related === undefined ? {} : { related }),
  };
}

/** What was being done: the API wants it of every event, and the reference's events do not have it. */
function actionOf(reason: string): string {
  if (reason.startsWith("binding appl")) return "Assign";
  if (reason.startsWith("binding remove")) return "Unassign";
  if (reason === "status update error") return "UpdateStatus";
  if (reason.startsWith("Token")) return "IssueToken";
  return reason;
}

/** What an object is known by. */
export function refer({ kind, namespace, name, uid }: ObjectReference): readonly unknown[] {
  return [kind, namespace, name, uid];
}

/** Cut where a character ends. */
function shorten(note: string): string {
  if (Buffer.byteLength(note) <= noteLimitBytes) return note;
  const ellipsis = "…";
  const room = noteLimitBytes - Buffer.byteLength(ellipsis);
  const { read } = new TextEncoder().encodeInto(note, new Uint8Array(room));
  return note.slice(0, read) + ellipsis;
}
