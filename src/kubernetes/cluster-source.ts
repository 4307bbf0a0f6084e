import type { Metrics } from "../runtime/metrics.ts";
import { createAssignedIdentityWriter } from "./assigned-identity-writer.ts";
import { auditRegularly } from "./audit.ts";
import { createBusyNote } from "./busy-note.ts";
import { applyStatus, deleteAccessRecord, readSecret } from "./cluster-writes.ts";
import type { Collection } from "./list-pages.ts";
import { watchLiveness } from "./liveness.ts";
import { reflectKind, type ReflectedKind, type ReflectingOptions } from "./reflected-kind.ts";
import type { Reflector } from "./reflector.ts";
import type { ReflectorStats } from "./reflector-stats.ts";
import type {
  Change,
  ResourceEvent,
  ResourceKind,
  ResourceKinds,
  ResourceSource,
} from "./resource-source.ts";
import { createSourceMetrics } from "./source-metrics.ts";
import { createSubscribers } from "./subscribers.ts";

export interface ClusterSourceOptions extends ReflectingOptions {
  /** What is followed; of other kinds nothing is there. */
  readonly kinds: readonly ResourceKind[];
  /** Narrows what is followed of a kind, as `{ Pod: { fieldSelector: "spec.nodeName=n1" } }`. */
  readonly selectors?: Readonly<Partial<Record<ResourceKind, Collection["selectors"]>>>;
  readonly metrics?: Metrics;
  /** How far apart many such processes may come back to a server that was away; 800 ms unless said otherwise. */
  readonly wakeSpreadMs?: number;
  /** Takes events about objects; must not throw and not wait. */
  readonly recordEvent: (event: ResourceEvent) => void;
}

/** The objects of a cluster, followed by watches that never end (reference/kubernetes.md §5). */
export interface ClusterSource extends ResourceSource {
  /** Resolves when every kind has been read; never rejects: an API server that is away is waited for. */
  synced(): Promise<void>;
  isSynced(): boolean;
  stats(): ReadonlyMap<ResourceKind, ReflectorStats>;
}

type Tables = { readonly [K in ResourceKind]: ReflectedKind<ResourceKinds[K]> };

/** What `ageSeconds` answers before everything has been read once. Fits the 31 bits of a policy's numbers. */
const neverSeconds = 1_000_000_000;

/** Starts to follow the API server; `synced` tells when reads can be believed. */
export function createClusterSource(options: ClusterSourceOptions): ClusterSource {
  const { api, clock } = options;
  const subscribers = createSubscribers(options.log);
  const tables = makeTables(options, (change) => subscribers.notify([change]));
  const kinds = [...new Set(options.kinds)];
  const followed = kinds.map((kind) => tables[kind].reflector);
  const ageOf = ({ aliveAtMs }: Reflector): number => {
    const atMs = aliveAtMs();
    return atMs === null ? neverSeconds : Math.max(0, clock.monotonicMs() - atMs) / 1000;
  };
  const stop = startFollowing(options, tables, ageOf);
  return {
    list: (kind) => tables[kind].store.list(),
    get: (kind, key) => tables[kind].store.get(key),
    subscribe: (listener) => subscribers.add(listener),
    ageSeconds: () => Math.max(0, ...followed.map(ageOf)),
    readSecret: (namespace, name) => readSecret(api, namespace, name),
    ...createAssignedIdentityWriter({ ...options, cached: tables.AzureAssignedIdentity }),
    applyBindingStatus: (key, status) => applyStatus(api, "AzureIdentityBinding", key, status),
    applyGrantStatus: (key, status) => applyStatus(api, "AzureIdentityAccessGrant", key, status),
    statusOf: (kind, key) => tables[kind].store.statusOf(key),
    deleteAccessRecord: (record) => deleteAccessRecord(api, record),
    recordEvent: options.recordEvent,
    synced: async () => void (await Promise.all(followed.map(({ synced }) => synced))),
    isSynced: () => followed.every((reflector) => reflector.isSynced()),
    stats: () => new Map(kinds.map((kind) => [kind, tables[kind].reflector.stats()])),
    close: stop,
  };
}

function makeTables(options: ClusterSourceOptions, notify: (change: Change) => void): Tables {
  const onBusy = createBusyNote(options.clock, options.log);
  const make = <K extends ResourceKind>(kind: K): ReflectedKind<ResourceKinds[K]> =>
    reflectKind(kind, options.selectors?.[kind] ?? {}, {
      ...options,
      onBusy,
      onChange: (key) => notify({ kind, key }),
    });
  return {
    Pod: make("Pod"),
    Node: make("Node"),
    Namespace: make("Namespace"),
    AzureIdentity: make("AzureIdentity"),
    AzureIdentityBinding: make("AzureIdentityBinding"),
    AzurePodIdentityException: make("AzurePodIdentityException"),
    AzureIdentityAccessGrant: make("AzureIdentityAccessGrant"),
    AzureIdentityAccessApproval: make("AzureIdentityAccessApproval"),
    AzureAssignedIdentity: make("AzureAssignedIdentity"),
  };
}

/** Starts reflectors, probes and comparisons; answers the way to end them all. */
function startFollowing(
  options: ClusterSourceOptions,
  tables: Tables,
  ageOf: (reflector: Reflector) => number,
): () => Promise<void> {
  const { metrics, wakeSpreadMs = 800 } = options;
  const closing = new AbortController();
  const followed = [...new Set(options.kinds)].map((kind) => ({ kind, table: tables[kind] }));
  const reflectors = followed.map(({ table }) => table.reflector);
  const observe = metrics === undefined ? null : createSourceMetrics(metrics);
  const onLook = (): void => {
    for (const { kind, table } of followed) {
      const { reflector, store } = table;
      const objects = store.versions().size;
      observe?.(kind, { ageSeconds: ageOf(reflector), objects, stats: reflector.stats() });
    }
  };
  for (const reflector of reflectors) reflector.start();
  const stopLiveness = watchLiveness({ ...options, reflectors, wakeSpreadMs, onLook });
  const audits = followed.map(({ table }) =>
    auditRegularly({ ...options, kind: table, signal: closing.signal }),
  );
  return async () => {
    stopLiveness();
    closing.abort();
    await Promise.all([...audits, ...reflectors.map((reflector) => reflector.close())]);
  };
}
