import type {
  Cluster,
  Compute,
  ComputeFailure,
  ComputeResult,
  Node,
  UnbelievedGrant,
} from "../../../src/controller/ports.ts";
import type {
  AzureAssignedIdentity,
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  JsonObject,
  Key,
  Pod,
} from "../../../src/engine/resources.ts";

/** Thrown by an effect of a process that has "crashed". */
export class CrashError extends Error {}

/** Lets the n-th effect be the last of a process: it happens or not, and nothing after it does. */
export interface CrashPoint {
  /** Calls `effect`, unless the process is dead. */
  run<T>(effect: () => T): T;
}

export const neverCrash: CrashPoint = { run: (effect) => effect() };

/** The process dies at its `n`-th effect, just before it or just after it. */
export function crashAt(
  n: number,
  when: "before" | "after",
): CrashPoint & { readonly isDead: () => boolean } {
  let count = 0;
  return {
    run: (effect) => {
      count += 1;
      if (count > n || (count === n && when === "before")) throw new CrashError();
      const result = effect();
      if (count === n) throw new CrashError();
      return result;
    },
    isDead: () => count >= n,
  };
}

type RecordedEvent = Parameters<Cluster["recordEvent"]>[0];

type Access = AzureIdentityAccessGrant | AzureIdentityAccessApproval;
type Stored = Pod | Node | AzureIdentity | AzureIdentityBinding | AzureAssignedIdentity | Access;

/** A cluster in memory. `put` and `remove` are what users do, the port is what the controller does. */
export interface FakeCluster extends Cluster {
  put(kind: "Pod", object: Pod): void;
  put(kind: "Node", object: Node): void;
  put(kind: "AzureIdentity", object: AzureIdentity): void;
  put(kind: "AzureIdentityBinding", object: AzureIdentityBinding): void;
  put(kind: "AzureAssignedIdentity", object: AzureAssignedIdentity): void;
  put(kind: "AzureIdentityAccessGrant", object: AzureIdentityAccessGrant): void;
  put(kind: "AzureIdentityAccessApproval", object: AzureIdentityAccessApproval): void;
  remove(kind: string, key: Key): void;
  /** Shows the grant no longer, since nobody vouches for it. */
  distrust(grant: AzureIdentityAccessGrant, why: string): void;
  readonly events: readonly RecordedEvent[];
  /** Every status that was written, as `key status`. */
  readonly statusWrites: readonly string[];
  /** What was applied to bindings and grants, in order. */
  readonly applied: readonly { readonly key: Key; readonly status: JsonObject }[];
  crash: CrashPoint;
  /** Runs before a status is applied; a rejection is the server's. */
  onApply: () => Promise<void>;
}

export function createFakeCluster(): FakeCluster {
  const pods = new Map<Key, Pod>();
  const nodes = new Map<Key, Node>();
  const identities = new Map<Key, AzureIdentity>();
  const bindings = new Map<Key, AzureIdentityBinding>();
  const assigned = new Map<Key, AzureAssignedIdentity>();
  const grants = new Map<Key, AzureIdentityAccessGrant>();
  const approvals = new Map<Key, AzureIdentityAccessApproval>();
  const stores: Readonly<Record<string, Map<Key, unknown>>> = {
    Pod: pods,
    Node: nodes,
    AzureIdentity: identities,
    AzureIdentityBinding: bindings,
    AzureAssignedIdentity: assigned,
    AzureIdentityAccessGrant: grants,
    AzureIdentityAccessApproval: approvals,
  };
  const unbelieved = new Map<Key, UnbelievedGrant>();
  const listeners = new Set<(change: { readonly kind: string; readonly key: Key }) => void>();
  const events: RecordedEvent[] = [];
  const statusWrites: string[] = [];
  const applied: { readonly key: Key; readonly status: JsonObject }[] = [];
  const shown = new Map<string, JsonObject>();
  const applyStatus = (kind: string, key: Key, status: JsonObject): void => {
    applied.push({ key, status });
    shown.set(`${kind} ${key}`, status);
  };
  const changed = (kind: string, key: Key): void => {
    for (const listener of listeners) listener({ kind, key });
  };
  const put = (kind: string, object: Stored): void => {
    const key = "namespace" in object ? `${object.namespace}/${object.name}` : object.name;
    stores[kind]?.set(key, object);
    changed(kind, key);
  };
  const lists = {
    Pod: pods,
    AzureAssignedIdentity: assigned,
    AzureIdentityBinding: bindings,
    AzureIdentityAccessGrant: grants,
    AzureIdentityAccessApproval: approvals,
  };
  const gettable = {
    Pod: pods,
    Node: nodes,
    AzureIdentity: identities,
    AzureIdentityBinding: bindings,
    AzureAssignedIdentity: assigned,
    AzureIdentityAccessGrant: grants,
  };
  function list(kind: "Pod"): readonly Pod[];
  function list(kind: "AzureAssignedIdentity"): readonly AzureAssignedIdentity[];
  function list(kind: "AzureIdentityBinding"): readonly AzureIdentityBinding[];
  function list(kind: "AzureIdentityAccessGrant"): readonly AzureIdentityAccessGrant[];
  function list(kind: "AzureIdentityAccessApproval"): readonly AzureIdentityAccessApproval[];
  function list(kind: keyof typeof lists): readonly unknown[] {
    return [...lists[kind].values()];
  }
  function get(kind: "Pod", key: Key): Pod | undefined;
  function get(kind: "Node", key: Key): Node | undefined;
  function get(kind: "AzureIdentity", key: Key): AzureIdentity | undefined;
  function get(kind: "AzureIdentityBinding", key: Key): AzureIdentityBinding | undefined;
  function get(kind: "AzureAssignedIdentity", key: Key): AzureAssignedIdentity | undefined;
  function get(kind: "AzureIdentityAccessGrant", key: Key): AzureIdentityAccessGrant | undefined;
  function get(kind: keyof typeof gettable, key: Key): unknown {
    return gettable[kind].get(key);
  }

  const cluster: FakeCluster = {
    events,
    statusWrites,
    applied,
    statusOf: (kind, key) => shown.get(`${kind} ${key}`),
    onApply: async () => {},
    applyBindingStatus: async (key, status) => {
      await cluster.onApply();
      applyStatus("AzureIdentityBinding", key, status);
    },
    applyGrantStatus: async (key, status) => {
      await cluster.onApply();
      applyStatus("AzureIdentityAccessGrant", key, status);
    },
    crash: neverCrash,
    list,
    get,
    put,
    remove: (kind, key) => {
      stores[kind]?.delete(key);
      changed(kind, key);
    },
    distrust: (grant, why) => {
      const key = `${grant.namespace}/${grant.name}`;
      unbelieved.set(key, { grant, why });
      cluster.remove("AzureIdentityAccessGrant", key);
    },
    unbelieved: {
      list: () => [...unbelieved.values()].map(({ grant }) => grant),
      get: (key) => unbelieved.get(key),
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    createAssignedIdentity: async (object) =>
      cluster.crash.run(() => {
        const key = `${object.namespace}/${object.name}`;
        if (assigned.has(key)) throw new Error(`${key} exists already`);
        const stored = { ...object, uid: `uid-of-${key}`, resourceVersion: "1", creationTimestamp: null };
        put("AzureAssignedIdentity", stored);
        return stored;
      }),
    replaceAssignedIdentity: async (object) =>
      cluster.crash.run(() => {
        const key = `${object.namespace}/${object.name}`;
        const old = assigned.get(key);
        if (old === undefined) throw new Error(`${key} is not there`);
        statusWrites.push(`${key} ${object.status.status}`);
        put("AzureAssignedIdentity", { ...old, ...object });
      }),
    patchAssignedIdentityStatus: async (key, { annotations, ...patch }) =>
      cluster.crash.run(() => {
        const object = assigned.get(key);
        if (object === undefined) throw new Error(`${key} is not there`);
        if (patch.status !== undefined) statusWrites.push(`${key} ${patch.status}`);
        put("AzureAssignedIdentity", {
          ...object,
          annotations: { ...object.annotations, ...annotations },
          status: { ...object.status, ...patch },
        });
      }),
    deleteAssignedIdentity: async (key) =>
      cluster.crash.run(() => cluster.remove("AzureAssignedIdentity", key)),
    recordEvent: (event) => void events.push(event),
  };
  return cluster;
}

/** ARM in memory, with a journal of the PATCHes: `+id` and `-id`, in lower case. */
export interface FakeCompute extends Compute {
  /** Lower-cased target → identities on it. */
  readonly machines: Map<string, Set<string>>;
  readonly journal: readonly string[];
  /** Counts all calls, also those that change nothing. */
  readonly calls: readonly string[];
  /** Answers a failure instead of doing the change. */
  failWith: (target: string, ids: readonly string[]) => ComputeFailure | null;
  crash: CrashPoint;
}

export function createFakeCompute(): FakeCompute {
  const machines = new Map<string, Set<string>>();
  const journal: string[] = [];
  const calls: string[] = [];
  const onMachine = (target: string): Set<string> => {
    const key = target.toLowerCase();
    const ids = machines.get(key) ?? new Set<string>();
    machines.set(key, ids);
    return ids;
  };
  const compute: FakeCompute = {
    machines,
    journal,
    calls,
    failWith: () => null,
    crash: neverCrash,
    getIdentities: async (target): Promise<ComputeResult> => {
      calls.push(`GET ${target}`);
      const failure = compute.failWith(target, []);
      return failure === null ? { ok: true, identities: [...onMachine(target)] } : { ok: false, failure };
    },
    changeIdentities: async (target, { add, remove }): Promise<ComputeResult> => {
      calls.push(`CHANGE ${target}`);
      const ids = onMachine(target);
      const added = add
        .map((id) => id.toLowerCase())
        .filter((id) => !ids.has(id))
        .toSorted();
      const removed = remove
        .map((id) => id.toLowerCase())
        .filter((id) => ids.has(id))
        .toSorted();
      const failure = compute.failWith(target, [...added, ...removed]);
      if (failure !== null) return { ok: false, failure };
      if (added.length + removed.length > 0) {
        compute.crash.run(() => {
          for (const id of added) ids.add(id);
          for (const id of removed) ids.delete(id);
          journal.push(
            [...added.map((id) => `+${nameOf(id)}`), ...removed.map((id) => `-${nameOf(id)}`)].join(" "),
          );
        });
      }
      return { ok: true, identities: [...ids] };
    },
  };
  return compute;
}

function nameOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
