import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { KubernetesApi } from "./api.ts";
import { createObjectStore, type ObjectStore } from "./object-store.ts";
import { createReflector, type Reflector } from "./reflector.ts";
import {
  parseServedAdmission,
  type AdmissionKind,
  type ServedAdmission,
  type ShippedAdmission,
} from "./served-admission-object.ts";
import { admissionCollection, assessAdmission, settlingMs, type Vouching } from "./served-admission.ts";

/** Follows whose grants and approvals are vouched for. */
export interface FollowedAdmission {
  /** Resolves when `onChange` has heard the first state; never rejects: an API server that is away is waited for. */
  readonly synced: Promise<void>;
  close(): Promise<void>;
}

interface Options {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly shipped: readonly ShippedAdmission[];
  /** Hears the first state, and from then on whenever it has become another. */
  readonly onChange: (vouching: Vouching) => void;
}

interface Followed {
  readonly store: ObjectStore<ServedAdmission>;
  readonly reflector: Reflector;
}

/** Watches policies and bindings. Those that guard the grants are few, and change when podid is installed anew. */
export function followServedAdmission(options: Options): FollowedAdmission {
  const { shipped, onChange } = options;
  const unwritten = createUnwrittenChanges(options);
  let told = "";
  const tell = (): void => {
    if (!policies.reflector.isSynced() || !bindings.reflector.isSynced()) return;
    const vouching = assessAdmission(shipped, (kind, name) =>
      (kind === "ValidatingAdmissionPolicy" ? policies : bindings).store.get(name),
    );
    const now = vouching.inForce
      ? { ...vouching, afterMs: Math.max(vouching.afterMs, unwritten.lastMs()) }
      : vouching;
    const text = JSON.stringify(now);
    if (text === told) return;
    told = text;
    onChange(now);
  };
  const follow = (kind: AdmissionKind): Followed =>
    followKind(kind, options, (name, object) => {
      unwritten.note(`${kind} ${name}`, object);
      tell();
    });
  const policies = follow("ValidatingAdmissionPolicy");
  const bindings = follow("ValidatingAdmissionPolicyBinding");
  const reflectors = [policies.reflector, bindings.reflector];
  for (const reflector of reflectors) reflector.start();
  return {
    synced: Promise.all(reflectors.map(({ synced }) => synced)).then(tell),
    close: async () => void (await Promise.all(reflectors.map((reflector) => reflector.close()))),
  };
}

function followKind(
  kind: AdmissionKind,
  { shipped, ...options }: Options,
  onDelta: (name: string, object: ServedAdmission | undefined) => void,
): Followed {
  const names = new Set(shipped.map(({ name }) => name));
  const store = createObjectStore<ServedAdmission>({
    project: (content) => {
      const object = names.has(nameOf(content)) ? parseServedAdmission(content) : null;
      return object === null ? { ok: false, problem: "not one of podid's" } : { ok: true, object };
    },
    onDelta: ({ type, key, object }) => onDelta(key, type === "DELETED" ? undefined : object),
    onMalformed: () => {},
  });
  const collection = admissionCollection(kind);
  return { store, reflector: createReflector({ ...options, collection, store, listFrom: "cache" }) };
}

function nameOf({ metadata }: Readonly<Record<string, unknown>>): string {
  return String(Object(metadata)["name"]);
}

/**
 * Changes that took something away leave no time on the object (measured on 1.37.2): a condition that was there for a
 * minute, in which anybody could write. Who looked on knows; a daemon that starts later does not, hence `admissionRemedy`.
 */
function createUnwrittenChanges({ api, clock }: Pick<Options, "api" | "clock">): {
  note(key: string, object: ServedAdmission | undefined): void;
  /** What was created after this, unix milliseconds by the server's clock, was created after the last of them. */
  lastMs(): number;
} {
  const last = new Map<string, ServedAdmission>();
  let seenMs = Number.NEGATIVE_INFINITY;
  return {
    note: (key, object) => {
      if (object === undefined) return;
      const before = last.get(key);
      last.set(key, object);
      if (before === undefined || isWritten(before, object)) return;
      seenMs = Math.ceil(clock.nowMs() + (api.clockSkewMs() ?? 0)) + settlingMs;
    },
    lastMs: () => seenMs,
  };
}

/** Whether what the objects say of their times tells all that lies between them. */
function isWritten(before: ServedAdmission, after: ServedAdmission): boolean {
  if (after.uid !== before.uid) return after.generation === 1;
  if (after.generation === before.generation) return true;
  const isNext = after.generation === before.generation + 1;
  return isNext && (after.changedAtMs ?? 0) > (before.changedAtMs ?? 0);
}
