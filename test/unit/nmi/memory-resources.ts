import { keyOf } from "../../../src/engine/cluster-document.ts";
import type {
  AzureAssignedIdentity,
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  JsonObject,
  Pod,
} from "../../../src/engine/resources.ts";
import type { Resources } from "../../../src/nmi/ports.ts";

interface Kinds {
  readonly Pod: Pod;
  readonly AzureIdentity: AzureIdentity;
  readonly AzureIdentityBinding: AzureIdentityBinding;
  readonly AzureAssignedIdentity: AzureAssignedIdentity;
  readonly AzureIdentityAccessGrant: AzureIdentityAccessGrant;
  readonly AzureIdentityAccessApproval: AzureIdentityAccessApproval;
}
type Kind = keyof Kinds;

/** A store that behaves like a resource source: reads see a change before its listeners hear of it. */
export interface MemoryResources {
  list<K extends Kind>(kind: K): readonly Kinds[K][];
  get<K extends Kind>(kind: K, key: string): Kinds[K] | undefined;
  subscribe(listener: (change: { readonly kind: string; readonly key: string }) => void): () => void;
  ageSeconds(): number;
  put<K extends Kind>(kind: K, object: Kinds[K]): void;
  remove(kind: Kind, key: string): void;
  listenerCount(): number;
  recordEvent: NonNullable<Resources["recordEvent"]>;
  readonly events: readonly Parameters<NonNullable<Resources["recordEvent"]>>[0][];
}

export function createMemoryResources(): MemoryResources {
  const stores: { readonly [K in Kind]: Map<string, Kinds[K]> } = {
    Pod: new Map(),
    AzureIdentity: new Map(),
    AzureIdentityBinding: new Map(),
    AzureAssignedIdentity: new Map(),
    AzureIdentityAccessGrant: new Map(),
    AzureIdentityAccessApproval: new Map(),
  };
  const events: MemoryResources["events"][number][] = [];
  const listeners = new Set<(change: { readonly kind: string; readonly key: string }) => void>();
  const tell = (kind: Kind, key: string): void => {
    for (const listener of listeners) listener({ kind, key });
  };
  return {
    list: (kind) => [...stores[kind].values()],
    get: (kind, key) => stores[kind].get(key),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ageSeconds: () => 0,
    put: (kind, object) => {
      stores[kind].set(keyOf(object), object);
      tell(kind, keyOf(object));
    },
    remove: (kind, key) => {
      stores[kind].delete(key);
      tell(kind, key);
    },
    listenerCount: () => listeners.size,
    events,
    recordEvent: (event) => void events.push(event),
  };
}

let version = 0;
const stored = (namespace: string, name: string) => ({
  namespace,
  name,
  uid: `uid-${name}`,
  resourceVersion: String((version += 1)),
  annotations: {},
  creationTimestamp: "2026-01-01T00:00:00Z",
});

/** A running pod of namespace shop on node-1, long started. */
export function pod(name: string, address: string, changes: Partial<Pod> = {}): Pod {
  return {
    namespace: "shop",
    name,
    uid: `uid-${name}`,
    labels: { aadpodidbinding: name },
    annotations: {},
    serviceAccount: "default",
    node: "node-1",
    phase: "Running",
    startTime: "2026-01-01T00:00:00Z",
    addresses: [address],
    hostNetwork: false,
    ...changes,
  };
}

/** A managed identity of namespace shop whose client id is `<name>-client`. */
export function identity(name: string, spec: Partial<AzureIdentity["spec"]> = {}): AzureIdentity {
  return {
    ...stored("shop", name),
    spec: {
      type: 0,
      resourceID: `/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
      clientID: `${name}-client`,
      objectID: `${name}-object`,
      tenantID: "tenant",
      auxiliaryTenantIDs: [],
      adEndpoint: "",
      clientPassword: null,
      usableBy: null,
      ...spec,
    },
  };
}

/** A classic binding: pods labelled `selector` get `azureIdentity`, within `timeBox` if there is one. */
export function binding(
  name: string,
  spec: {
    readonly azureIdentity: string;
    readonly selector: string;
    readonly weight?: number;
    readonly timeBox?: JsonObject;
  },
): AzureIdentityBinding {
  const { azureIdentity, selector, weight = 0, timeBox = null } = spec;
  return { ...stored("shop", name), spec: { azureIdentity, selector, weight, match: null, timeBox } };
}

/** What the controller writes once `of` is on the VM of node-1 for the pod. */
export function assigned(
  podName: string,
  of: AzureIdentity,
  state: AzureAssignedIdentity["status"]["status"] = "Assigned",
): AzureAssignedIdentity {
  return {
    ...stored("default", `${podName}-shop-${of.name}`),
    labels: {},
    finalizers: [],
    spec: {
      pod: podName,
      podNamespace: "shop",
      nodename: "node-1",
      azureIdentityRef: of,
      azureBindingRef: null,
    },
    status: { status: state, inForce: null, validUntil: null },
  };
}
