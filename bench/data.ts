// CPU time of bringing the policy's data up to date: everything, and one changed binding.
import { readPolicy } from "../src/cli/policy.ts";
import { createClusterDecider, type ClusterSource } from "../src/engine/cluster-decider.ts";
import { buildClusterDocument } from "../src/engine/cluster-document.ts";
import { createEngine } from "../src/engine/engine.ts";
import type { ExemptInput } from "../src/engine/input.ts";
import type {
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  AzurePodIdentityException,
  ClusterResources,
  Namespace,
} from "../src/engine/resources.ts";

import { bindingOf, checkWith, clusterOf } from "./cluster.ts";
import { cpuMicrosecondsPerCall } from "./measure.ts";

export interface DataRow {
  readonly bindings: number;
  readonly megabytes: number;
  /** All of it, from the document to the next decision. */
  readonly fullMs: number;
  /** One binding, from the changed object in the source to the next decision. */
  readonly changeMs: number;
}

const changes = 500;

/** Measures in clusters of 1,000 and 10,000 bindings. */
export async function measureData(bundlePath: string): Promise<readonly DataRow[]> {
  const bundle = await readPolicy(bundlePath);
  const rows: DataRow[] = [];
  for (const bindings of [1000, 10_000]) {
    const engine = await createEngine(bundle, { nowMs: () => performance.now() });
    const store = createStore(bindings);
    const document = buildClusterDocument(store.resources(), checkWith(engine));
    const load = (): void => {
      engine.setData(document);
      engine.decide("exempt", question);
    };
    const fullMs = cpuMicrosecondsPerCall(load, 5, 1) / 1000;
    const decider = createClusterDecider(engine, store.source);
    decider.decide("exempt", question);
    const change = (): void => {
      store.changeOne();
      decider.decide("exempt", question);
    };
    const changeMs = cpuMicrosecondsPerCall(change, 5, changes) / 1000;
    rows.push({ bindings, megabytes: JSON.stringify(document).length / 1e6, fullMs, changeMs });
  }
  return rows;
}

const question: ExemptInput = {
  pod: {
    namespace: "team-1",
    name: "frontend-0",
    uid: "u",
    labels: {},
    annotations: {},
    serviceAccount: "frontend",
    node: "node-0",
    phase: "Running",
  },
};

interface Store {
  readonly source: ClusterSource;
  readonly resources: () => ClusterResources;
  /** Gives the next binding another weight. */
  readonly changeOne: () => void;
}

/** As a reflector's store: one object per name, listed anew for every reader. */
function createStore(size: number): Store {
  const bindings = new Map<string, AzureIdentityBinding>();
  const put = (i: number, weight: number): void => {
    const shape = { namespace: `team-${i % 100}`, name: `binding-${i}`, selector: `app-${i}`, weight };
    bindings.set(`binding-${i}`, bindingOf(shape));
  };
  for (let i = 0; i < size; i += 1) put(i, 0);
  const { identities } = clusterOf([...bindings.values()]);
  const listeners = new Set<(change: { readonly kind: string }) => void>();
  const lists: { readonly [K in keyof Kinds]: () => readonly Kinds[K][] } = {
    AzureIdentity: () => identities,
    AzureIdentityBinding: () => [...bindings.values()],
    AzureIdentityAccessGrant: () => [],
    AzureIdentityAccessApproval: () => [],
    AzurePodIdentityException: () => [],
    Namespace: () => [],
  };
  let changed = 0;
  return {
    source: {
      list: <K extends keyof Kinds>(kind: K): readonly Kinds[K][] => lists[kind](),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    resources: () => clusterOf([...bindings.values()]),
    changeOne: () => {
      changed += 1;
      put((changed * 37) % size, changed);
      for (const listener of listeners) listener({ kind: "AzureIdentityBinding" });
    },
  };
}

interface Kinds {
  readonly AzureIdentity: AzureIdentity;
  readonly AzureIdentityBinding: AzureIdentityBinding;
  readonly AzureIdentityAccessGrant: AzureIdentityAccessGrant;
  readonly AzureIdentityAccessApproval: AzureIdentityAccessApproval;
  readonly AzurePodIdentityException: AzurePodIdentityException;
  readonly Namespace: Namespace;
}
