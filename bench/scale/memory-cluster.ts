import { assignedIdentityBody } from "../../src/kubernetes/assigned-identity-wire.ts";
import { isJsonObject, type JsonObject } from "../../src/kubernetes/json.ts";
import { createObjectStore, type ObjectStore } from "../../src/kubernetes/object-store.ts";
import { parseJsonValue, readRawObject } from "../../src/kubernetes/raw-object.ts";
import { projectionOf } from "../../src/kubernetes/reflected-kind.ts";
import type {
  Change,
  NewAssignedIdentity,
  ResourceKind,
  ResourceKinds,
} from "../../src/kubernetes/resource-source.ts";
import type { AzureAssignedIdentity } from "../../src/kubernetes/resources.ts";
import { createStringPool } from "../../src/kubernetes/string-pool.ts";
import type { Cluster } from "../../src/controller/ports.ts";

/** The stores that a controller reads, and an API server in memory behind them: every object comes as JSON text. */
export interface MemoryCluster {
  readonly cluster: Cluster & { list<K extends ResourceKind>(kind: K): readonly ResourceKinds[K][] };
  put(kind: ResourceKind, content: JsonObject): void;
  /** Of AzureAssignedIdentities and statuses. */
  writes(): number;
}

/** Empty, and used by one controller. */
export function createMemoryCluster(): MemoryCluster {
  const listeners = new Set<(change: Change) => void>();
  let version = 0;
  let writes = 0;
  const storeOf = <K extends ResourceKind>(kind: K): ObjectStore<ResourceKinds[K]> =>
    createObjectStore({
      project: projectionOf(kind, createStringPool()),
      showsStatus: kind === "AzureIdentityBinding" || kind === "AzureIdentityAccessGrant",
      onDelta: ({ key }) => {
        for (const listener of listeners) listener({ kind, key });
      },
      onMalformed: (key, problem) => {
        throw new Error(`${kind} ${key}: ${problem}`);
      },
    });
  const stores: { readonly [K in ResourceKind]: ObjectStore<ResourceKinds[K]> } = {
    Pod: storeOf("Pod"),
    Node: storeOf("Node"),
    Namespace: storeOf("Namespace"),
    AzureIdentity: storeOf("AzureIdentity"),
    AzureIdentityBinding: storeOf("AzureIdentityBinding"),
    AzurePodIdentityException: storeOf("AzurePodIdentityException"),
    AzureIdentityAccessGrant: storeOf("AzureIdentityAccessGrant"),
    AzureIdentityAccessApproval: storeOf("AzureIdentityAccessApproval"),
    AzureAssignedIdentity: storeOf("AzureAssignedIdentity"),
  };
  const put = (kind: ResourceKind, content: JsonObject): void => {
    version += 1;
    const metadata = isJsonObject(content["metadata"]) ? content["metadata"] : {};
    const text = JSON.stringify({
      ...content,
      metadata: { uid: `uid-${version}`, ...metadata, resourceVersion: String(version) },
    });
    const value = parseJsonValue(text);
    const raw = readRawObject(value);
    if (raw === null) throw new Error(`no ${kind}`);
    stores[kind].put(raw);
  };
  const storedOf = (key: string): AzureAssignedIdentity => {
    const object = stores.AzureAssignedIdentity.get(key);
    if (object === undefined) throw new Error(`there is no ${key}`);
    return object;
  };
  const putObject = (object: NewAssignedIdentity, uid?: string): void => {
    const body = assignedIdentityBody(object);
    const metadata = { ...Object(body["metadata"]), ...(uid === undefined ? {} : { uid }) };
    put("AzureAssignedIdentity", { ...body, metadata });
  };
  const applyStatus = async (
    kind: "AzureIdentityBinding" | "AzureIdentityAccessGrant",
    key: string,
    status: JsonObject,
  ): Promise<void> => {
    await Promise.resolve();
    writes += 1;
    const text = shown.get(`${kind} ${key}`);
    const content = text === undefined ? undefined : parseJsonValue(text);
    if (isJsonObject(content)) put(kind, { ...content, status });
  };
  const shown = new Map<string, string>();
  return {
    put: (kind, content) => {
      put(kind, content);
      if (kind !== "AzureIdentityBinding") return;
      const { namespace, name } = Object(content["metadata"]);
      const object = stores.AzureIdentityBinding.get(`${namespace}/${name}`);
      shown.set(
        `${kind} ${namespace}/${name}`,
        JSON.stringify({ ...content, metadata: { ...Object(content["metadata"]), uid: object?.uid } }),
      );
    },
    writes: () => writes,
    cluster: {
      list: <K extends ResourceKind>(kind: K): readonly ResourceKinds[K][] => stores[kind].list(),
      get: <K extends ResourceKind>(kind: K, key: string): ResourceKinds[K] | undefined =>
        stores[kind].get(key),
      statusOf: (kind, key) => stores[kind].statusOf(key),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      createAssignedIdentity: async (object) => {
        await Promise.resolve();
        writes += 1;
        putObject(object);
        return storedOf(`${object.namespace}/${object.name}`);
      },
      replaceAssignedIdentity: async (object) => {
        await Promise.resolve();
        writes += 1;
        putObject(object, storedOf(`${object.namespace}/${object.name}`).uid);
      },
      patchAssignedIdentityStatus: async (key, { annotations, ...patch }) => {
        await Promise.resolve();
        writes += 1;
        const object = storedOf(key);
        const status = { ...object.status, ...patch };
        putObject({ ...object, annotations: { ...object.annotations, ...annotations }, status }, object.uid);
      },
      deleteAssignedIdentity: async (key) => {
        await Promise.resolve();
        writes += 1;
        const { uid, resourceVersion } = storedOf(key);
        stores.AzureAssignedIdentity.remove({ key, uid, resourceVersion, content: {} });
      },
      applyBindingStatus: (key, status) => applyStatus("AzureIdentityBinding", key, status),
      applyGrantStatus: (key, status) => applyStatus("AzureIdentityAccessGrant", key, status),
      recordEvent: () => undefined,
    },
  };
}
