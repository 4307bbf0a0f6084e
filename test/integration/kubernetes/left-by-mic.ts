import { randomUUID } from "node:crypto";

import { type Api, succeed, textAt } from "../../control-plane/api.ts";

const apiVersion = "aadpodidentity.k8s.io/v1";
const root = `/apis/${apiVersion}`;
export const finalizer = "azureassignedidentity.finalizers.aadpodidentity.k8s.io";
const noTime = { creationTimestamp: null };

/** An object as the server stored it. */
export type StoredObject = Readonly<Record<string, unknown>>;

/** What MIC knew when it made an AzureAssignedIdentity. */
export interface LeftByMic {
  readonly pod: string;
  readonly podNamespace: string;
  readonly node: string;
  readonly identity: StoredObject;
  readonly binding: StoredObject;
  /** Empty before 1.5. */
  readonly status: "Created" | "Assigned" | "Unassigned" | "";
  /** `default`, or the identity's namespace in namespaced mode. */
  readonly namespace?: string;
  /** `<pod>-<podns>-<identity>` unless said otherwise. */
  readonly name?: string;
  /** After MIC's upgrade of old field names the snapshots carry the kinds of lists. */
  readonly kindSuffix?: "List";
}

/** Stores an AzureAssignedIdentity field by field as MIC 1.8 does (reference/aad-pod-identity.md §1.3). */
export async function leaveByMic(api: Api, left: LeftByMic): Promise<{ readonly uid: string; path: string }> {
  const { pod, podNamespace, node, identity, binding, status, namespace = "default", kindSuffix = "" } = left;
  const name = left.name ?? `${pod}-${podNamespace}-${textAt(identity, "metadata", "name")}`;
  const collection = `${root}/namespaces/${namespace}/azureassignedidentities`;
  const snapshot = (kind: string, object: StoredObject): object => ({
    ...object,
    apiVersion,
    kind: `${kind}${kindSuffix}`,
    status: { availableReplicas: 0, metadata: noTime },
  });
  const stored = await succeed(
    api.post(collection, {
      apiVersion,
      kind: "AzureAssignedIdentity",
      metadata: { name, namespace, labels: { nodename: node }, finalizers: [finalizer] },
      spec: {
        azureBindingRef: snapshot("AzureIdentityBinding", binding),
        azureIdentityRef: snapshot("AzureIdentity", identity),
        metadata: noTime,
        nodename: node,
        pod,
        podNamespace,
        replicas: null,
      },
      status: { availableReplicas: 1, metadata: noTime, ...(status === "" ? {} : { status }) },
    }),
  );
  return { uid: textAt(stored, "metadata", "uid"), path: `${collection}/${name}` };
}

/** Stores an AzureIdentity, as a Go client writes it. */
export function storeIdentity(
  api: Api,
  namespace: string,
  identity: {
    readonly name: string;
    readonly resourceID: string;
    readonly clientID: string;
    readonly isNamespaced?: boolean;
  },
): Promise<StoredObject> {
  const { name, resourceID, clientID, isNamespaced = false } = identity;
  const annotations = isNamespaced ? { "aadpodidentity.k8s.io/Behavior": "namespaced" } : {};
  return store(api, namespace, "azureidentities", {
    kind: "AzureIdentity",
    metadata: { name, annotations },
    spec: { auxiliaryTenantIDs: null, clientID, clientPassword: {}, metadata: noTime, resourceID, type: 0 },
    status: { availableReplicas: 0, metadata: noTime },
  });
}

/** Stores an AzureIdentityBinding of the same name. */
export function storeBinding(
  api: Api,
  namespace: string,
  name: string,
  selector: string,
): Promise<StoredObject> {
  return store(api, namespace, "azureidentitybindings", {
    kind: "AzureIdentityBinding",
    metadata: { name },
    spec: { azureIdentity: name, metadata: noTime, selector, weight: 0 },
    status: { availableReplicas: 0, metadata: noTime },
  });
}

/** A snapshot of an object that is no more. */
export function gone(namespace: string, name: string, spec: object): StoredObject {
  return { metadata: { name, namespace, uid: randomUUID(), resourceVersion: "1" }, spec };
}

async function store(api: Api, namespace: string, plural: string, object: object): Promise<StoredObject> {
  const body = await succeed(
    api.post(`${root}/namespaces/${namespace}/${plural}`, { apiVersion, ...object }),
  );
  return { ...Object(body) };
}
