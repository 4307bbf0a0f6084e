import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { KubernetesApi } from "./api.ts";
import type { JsonObject } from "./json.ts";
import { collectionPath } from "./kind-paths.ts";
import type { Collection } from "./list-pages.ts";
import { createObjectStore, type ObjectStore, type Projected } from "./object-store.ts";
import { projections } from "./projections.ts";
import { createReflector, type Reflector, type ReflectorOptions } from "./reflector.ts";
import type { ResourceKind, ResourceKinds } from "./resource-source.ts";
import { createSnapshotPool } from "./snapshot-pool.ts";
import { createStringPool, poolAssignedIdentity, poolPod, type StringPool } from "./string-pool.ts";

/** One kind, kept equal to the server. */
export interface ReflectedKind<T> {
  readonly store: ObjectStore<T>;
  readonly reflector: Reflector;
  readonly collection: Collection;
}

export interface ReflectingOptions {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly silenceLimitMs?: number;
  readonly onBusy?: ReflectorOptions["onBusy"];
  readonly readsByList?: ReflectorOptions["readsByList"];
}

/** Makes the store of a kind with its reflector, not started. `onChange` hears of each change, in order. */
export function reflectKind<K extends ResourceKind>(
  kind: K,
  selectors: Collection["selectors"],
  options: ReflectingOptions & { readonly onChange: (key: string) => void },
): ReflectedKind<ResourceKinds[K]> {
  const { log, onChange } = options;
  const collection: Collection = { path: collectionPath(kind), selectors };
  const store = createObjectStore<ResourceKinds[K]>({
    project: projectionOf(kind, createStringPool()),
    showsStatus: kind === "AzureIdentityBinding" || kind === "AzureIdentityAccessGrant",
    onDelta: ({ key }) => onChange(key),
    onMalformed: (key, problem) => {
      log.error({ kind, key, problem }, "an object of the cluster cannot be understood and is left out");
    },
  });
  // What a selector picks is small and many ask for it: the agents of all nodes.
  const listFrom = Object.keys(selectors).length > 0 ? "cache" : "pages";
  const isUrgent = kind === "AzureIdentityAccessGrant" || kind === "AzureIdentityAccessApproval";
  const reflector = createReflector({ ...options, collection, store, listFrom, isUrgent });
  return { store, collection, reflector };
}

/** Reads what podid needs of an object of this kind; texts that many pods repeat are kept once. */
export function projectionOf<K extends ResourceKind>(
  kind: K,
  pool: StringPool,
): (content: JsonObject) => Projected<ResourceKinds[K]> {
  const share = createSnapshotPool();
  const pooled: typeof projections = {
    ...projections,
    Pod: projections.Pod.transform((pod) => poolPod(pool, pod)),
    AzureAssignedIdentity: projections.AzureAssignedIdentity.transform((object) =>
      share(poolAssignedIdentity(pool, object)),
    ),
  };
  const schema = pooled[kind];
  return (content) => {
    const result = schema.safeParse(content);
    if (result.success) return { ok: true, object: result.data };
    const problems = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    return { ok: false, problem: problems.join("; ") };
  };
}
