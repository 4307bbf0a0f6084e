import type { Cluster, NewAssignedIdentity } from "../../../src/controller/ports.ts";
import type { AzureAssignedIdentity, Key } from "../../../src/engine/resources.ts";
import { createFakeCluster, type FakeCluster } from "../../unit/controller/fakes.ts";

/** Something that happens to the objects, in the truth and later in every cache. */
type Change = (cluster: FakeCluster) => void;

/** The objects as they are, and the caches that follow them by watches that may lag. */
export interface ApiServer {
  readonly truth: FakeCluster;
  /** Counts the changes. */
  version(): number;
  apply(change: Change): void;
  connect(): Cache;
  /** Called after an assigned identity was removed, or written. */
  onRemoved: (object: AzureAssignedIdentity) => void;
  onWritten: (object: AzureAssignedIdentity, before: AzureAssignedIdentity | undefined) => void;
}

/** What a process sees of the objects, and how it writes. */
export interface Cache {
  readonly cluster: FakeCluster;
  /** How many of the changes have come in. */
  version(): number;
  /** Lets changes come in at once, or only when this is called again with false. */
  lag(is: boolean): void;
  /** Calls back when the cache shows version `version`; then writers go on (src/kubernetes). */
  until(version: number): Promise<void>;
  close(): void;
}

/** The writes of one process, as an API server and src/kubernetes treat them. All throw at once or have happened. */
export interface Writes {
  create(object: NewAssignedIdentity): AzureAssignedIdentity;
  replace(object: NewAssignedIdentity): void;
  patchStatus(key: Key, patch: StatusPatch): void;
  remove(key: Key): void;
}

type StatusPatch = Parameters<Cluster["patchAssignedIdentityStatus"]>[1];

/** A server without objects. */
export function createApiServer(): ApiServer {
  const truth = createFakeCluster();
  const caches = new Set<{ readonly take: (change: Change) => void }>();
  const history: Change[] = [];
  const server: ApiServer = {
    truth,
    version: () => history.length,
    apply: (change) => {
      history.push(change);
      change(truth);
      for (const cache of caches) cache.take(change);
    },
    connect: () => {
      const cluster = createFakeCluster();
      const waiting: Change[] = [...history];
      let waiters: { readonly version: number; readonly wake: () => void }[] = [];
      let seen = 0;
      let isLagging = false;
      const catchUp = (): void => {
        for (const change of waiting.splice(0)) {
          seen += 1;
          change(cluster);
        }
        for (const { wake } of waiters.filter(({ version }) => version <= seen)) wake();
        waiters = waiters.filter(({ version }) => version > seen);
      };
      catchUp();
      const link = {
        take: (change: Change): void => {
          waiting.push(change);
          if (!isLagging) catchUp();
        },
      };
      caches.add(link);
      return {
        cluster,
        version: () => seen,
        lag: (is) => {
          isLagging = is;
          if (!is) catchUp();
        },
        until: (version) =>
          version <= seen ? Promise.resolve() : new Promise((wake) => void waiters.push({ version, wake })),
        close: () => void caches.delete(link),
      };
    },
    onRemoved: () => undefined,
    onWritten: () => undefined,
  };
  return server;
}

/** How a process with `cache` writes to `server`. */
export function createWrites(server: ApiServer, cache: Cache): Writes {
  const inTruth = (key: Key): AzureAssignedIdentity => {
    const object = server.truth.get("AzureAssignedIdentity", key);
    if (object === undefined) throw new Error(`404: there is no ${key}`);
    return object;
  };
  const put = (object: Omit<AzureAssignedIdentity, "resourceVersion">): AzureAssignedIdentity => {
    const before = server.truth.get("AzureAssignedIdentity", `${object.namespace}/${object.name}`);
    const stored = { ...object, resourceVersion: String(server.version() + 1) };
    server.apply((cluster) => cluster.put("AzureAssignedIdentity", stored));
    server.onWritten(stored, before);
    return stored;
  };
  return {
    create: (object) => {
      const key = `${object.namespace}/${object.name}`;
      if (server.truth.get("AzureAssignedIdentity", key) !== undefined) {
        throw Object.assign(new Error(`409: ${key} exists`), { code: "AlreadyExists" });
      }
      return put({ ...object, uid: `${key}#${server.version()}`, creationTimestamp: null });
    },
    replace: (object) => {
      const key = `${object.namespace}/${object.name}`;
      const { uid, creationTimestamp, resourceVersion } = inTruth(key);
      if (cache.cluster.get("AzureAssignedIdentity", key)?.resourceVersion !== resourceVersion) {
        throw new Error(`409: ${key} changed since it was read`);
      }
      put({ ...object, uid, creationTimestamp });
    },
    patchStatus: (key, { annotations, ...patch }) => {
      const object = inTruth(key);
      put({
        ...object,
        annotations: { ...object.annotations, ...annotations },
        status: { ...object.status, ...patch },
      });
    },
    remove: (key) => {
      const object = server.truth.get("AzureAssignedIdentity", key);
      if (object === undefined) return;
      const seen = cache.cluster.get("AzureAssignedIdentity", key);
      if (seen !== undefined && seen.uid !== object.uid) throw new Error(`409: ${key} is another object now`);
      server.apply((cluster) => cluster.remove("AzureAssignedIdentity", key));
      server.onRemoved(object);
    },
  };
}
