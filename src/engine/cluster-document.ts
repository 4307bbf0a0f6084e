import type { ValidateDecision } from "./decision.ts";
import type {
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  ClusterResources,
  JsonObject,
  Key,
} from "./resources.ts";

/** `data.cluster` as the policy reads it: facts and indexes, no judgements but the policy's own. */
export interface ClusterDocument {
  readonly identities: Readonly<Record<Key, IdentityFacts>>;
  readonly bindings: Readonly<Record<Key, BindingFacts>>;
  /** Classic selector → bindings with it, in any namespace. */
  readonly bindings_by_selector: Readonly<Record<string, readonly Key[]>>;
  /** Namespace → bindings there that select by `match` alone. */
  readonly bindings_by_namespace: Readonly<Record<string, readonly Key[]>>;
  /** Binding → grants for it, by name. */
  readonly grants: Readonly<Record<Key, readonly GrantFacts[]>>;
  /** Grant, by its name → approvals for it, by name. */
  readonly approvals: Readonly<Record<Key, readonly ApprovalFacts[]>>;
  readonly exceptions: Readonly<Record<string, readonly ExceptionFacts[]>>;
  readonly namespaces: Readonly<Record<string, { readonly labels: Readonly<Record<string, string>> }>>;
}

interface IdentityFacts {
  readonly namespace: string;
  readonly name: string;
  readonly type: number;
  readonly clientID: string;
  readonly objectID: string;
  readonly resourceID: string;
  /** The Behavior annotation of reference/aad-pod-identity.md §1.1. */
  readonly namespaced: boolean;
  readonly usableBy?: JsonObject;
}

interface BindingFacts {
  readonly namespace: string;
  readonly name: string;
  readonly identity: Key;
  readonly weight: number;
  readonly created?: string;
  readonly match?: JsonObject;
  readonly timeBox?: JsonObject;
  /** The policy's own answer to `validate`, asked when the binding changed. */
  readonly timeBoxCheck?: ValidateDecision;
}

interface GrantFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly created?: string;
  readonly binding: string;
  readonly requester: string;
  readonly for: string;
  readonly notBefore?: string;
  readonly podName?: string;
  readonly revoked: boolean;
}

interface ApprovalFacts {
  readonly name: string;
  readonly grantUID: string;
  readonly binding: string;
  readonly approver: string;
  readonly decision: string;
  readonly created?: string;
}

interface ExceptionFacts {
  readonly name: string;
  readonly podLabels: Readonly<Record<string, string>>;
}

const behaviorAnnotation = "aadpodidentity.k8s.io/Behavior";

/** Lays out the cluster's objects for the policy. `check` answers for a binding with a time box. */
export function buildClusterDocument(
  resources: ClusterResources,
  check: (binding: AzureIdentityBinding) => ValidateDecision,
): ClusterDocument {
  const { identities, bindings, grants, approvals, exceptions, namespaces } = resources;
  return {
    identities: Object.fromEntries(identities.map((identity) => [keyOf(identity), identityFacts(identity)])),
    bindings: Object.fromEntries(bindings.map((binding) => [keyOf(binding), bindingFacts(binding, check)])),
    bindings_by_selector: index(bindings, (binding) => binding.spec.selector, keyOf),
    bindings_by_namespace: index(bindings, matchNamespace, keyOf),
    grants: index(byName(grants), bindingOf, grantFacts),
    approvals: index(byName(approvals), grantOf, approvalFacts),
    exceptions: index(
      exceptions,
      (exception) => exception.namespace,
      ({ name, spec }) => ({ name, podLabels: spec.podLabels }),
    ),
    namespaces: Object.fromEntries(namespaces.map(({ name, labels }) => [name, { labels }])),
  };
}

/** `namespace/name`. */
export function keyOf(object: { readonly namespace: string; readonly name: string }): Key {
  return `${object.namespace}/${object.name}`;
}

/** The binding that a grant is for. */
export function bindingOf({ namespace, spec }: AzureIdentityAccessGrant): Key {
  return `${namespace}/${spec.bindingName}`;
}

/** The name of the grant that an approval is for; whether it is for this very grant, its `grantUID` says. */
export function grantOf({ namespace, spec }: AzureIdentityAccessApproval): Key {
  return `${namespace}/${spec.grantName}`;
}

function matchNamespace({ namespace, spec }: AzureIdentityBinding): string {
  return spec.selector === "" && spec.match !== null ? namespace : "";
}

function identityFacts({ namespace, name, annotations, spec }: AzureIdentity): IdentityFacts {
  return {
    namespace,
    name,
    type: spec.type,
    clientID: spec.clientID,
    objectID: spec.objectID,
    resourceID: spec.resourceID,
    namespaced: annotations[behaviorAnnotation] === "namespaced",
    ...(spec.usableBy === null ? {} : { usableBy: spec.usableBy }),
  };
}

function bindingFacts(
  binding: AzureIdentityBinding,
  check: (binding: AzureIdentityBinding) => ValidateDecision,
): BindingFacts {
  const { namespace, name, creationTimestamp, spec } = binding;
  return {
    namespace,
    name,
    identity: `${namespace}/${spec.azureIdentity}`,
    weight: spec.weight,
    ...createdAt(creationTimestamp),
    ...(spec.match === null ? {} : { match: spec.match }),
    ...(spec.timeBox === null ? {} : { timeBox: spec.timeBox, timeBoxCheck: check(binding) }),
  };
}

function grantFacts({ namespace, name, uid, creationTimestamp, spec }: AzureIdentityAccessGrant): GrantFacts {
  return {
    namespace,
    name,
    uid,
    ...createdAt(creationTimestamp),
    binding: spec.bindingName,
    requester: spec.requester,
    for: spec.for,
    ...(spec.notBefore === null ? {} : { notBefore: spec.notBefore }),
    ...(spec.podName === null ? {} : { podName: spec.podName }),
    revoked: spec.revoked,
  };
}

function approvalFacts({ name, creationTimestamp, spec }: AzureIdentityAccessApproval): ApprovalFacts {
  return {
    name,
    grantUID: spec.grantUID,
    binding: spec.bindingName,
    approver: spec.approver,
    decision: spec.decision,
    ...createdAt(creationTimestamp),
  };
}

function createdAt(creationTimestamp: string | null): { readonly created?: string } {
  return creationTimestamp === null ? {} : { created: creationTimestamp };
}

/** The same document whatever the order in which a source lists. */
function byName<T extends { readonly name: string }>(objects: readonly T[]): readonly T[] {
  return objects.toSorted((a, b) => Number(a.name > b.name) - Number(a.name < b.name));
}

/** Groups by a key; an empty key leaves the item out. */
function index<T, V>(
  items: readonly T[],
  key: (item: T) => string,
  value: (item: T) => V,
): Readonly<Record<string, readonly V[]>> {
  const groups = Object.groupBy(
    items.filter((item) => key(item) !== ""),
    key,
  );
  return Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, (group ?? []).map(value)]));
}
