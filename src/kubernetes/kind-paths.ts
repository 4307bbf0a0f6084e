import type { ResourceKind } from "./resource-source.ts";

/** Where a kind is served. */
interface KindPath {
  readonly apiVersion: string;
  /** Such as `/api/v1`. */
  readonly root: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

const core = { apiVersion: "v1", root: "/api/v1" } as const;
const podid = { apiVersion: "aadpodidentity.k8s.io/v1", root: "/apis/aadpodidentity.k8s.io/v1" } as const;

/** The paths of all kinds that a cluster source can serve. */
export const kindPaths: Readonly<Record<ResourceKind, KindPath>> = {
  Pod: { ...core, plural: "pods", isNamespaced: true },
  Node: { ...core, plural: "nodes", isNamespaced: false },
  Namespace: { ...core, plural: "namespaces", isNamespaced: false },
  AzureIdentity: { ...podid, plural: "azureidentities", isNamespaced: true },
  AzureIdentityBinding: { ...podid, plural: "azureidentitybindings", isNamespaced: true },
  AzurePodIdentityException: { ...podid, plural: "azurepodidentityexceptions", isNamespaced: true },
  AzureIdentityAccessGrant: { ...podid, plural: "azureidentityaccessgrants", isNamespaced: true },
  AzureIdentityAccessApproval: { ...podid, plural: "azureidentityaccessapprovals", isNamespaced: true },
  AzureAssignedIdentity: { ...podid, plural: "azureassignedidentities", isNamespaced: true },
};

/** All of them. */
export const resourceKinds: readonly ResourceKind[] = [
  "Pod",
  "Node",
  "Namespace",
  "AzureIdentity",
  "AzureIdentityBinding",
  "AzurePodIdentityException",
  "AzureIdentityAccessGrant",
  "AzureIdentityAccessApproval",
  "AzureAssignedIdentity",
];

/** The path of all objects of a kind, in every namespace. */
export function collectionPath(kind: ResourceKind): string {
  const { root, plural } = kindPaths[kind];
  return `${root}/${plural}`;
}

/** The path of the objects of a namespaced kind in one namespace. */
export function namespacePath(kind: ResourceKind, namespace: string): string {
  const { root, plural } = kindPaths[kind];
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

/** The path of one object of a namespaced kind, by its key. */
export function objectPath(kind: ResourceKind, key: string): string {
  const { namespace, name } = splitKey(key);
  return `${namespacePath(kind, namespace)}/${encodeURIComponent(name)}`;
}

/** The two parts of `namespace/name`. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
