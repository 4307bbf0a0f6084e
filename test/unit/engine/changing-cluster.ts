import * as fc from "fast-check";

import type { ClusterSource } from "../../../src/engine/cluster-decider.ts";
import { keyOf } from "../../../src/engine/cluster-document.ts";
import type {
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  AzurePodIdentityException,
  ClusterResources,
  Namespace,
} from "../../../src/engine/resources.ts";

interface Kinds {
  readonly AzureIdentity: AzureIdentity;
  readonly AzureIdentityBinding: AzureIdentityBinding;
  readonly AzureIdentityAccessGrant: AzureIdentityAccessGrant;
  readonly AzureIdentityAccessApproval: AzureIdentityAccessApproval;
  readonly AzurePodIdentityException: AzurePodIdentityException;
  readonly Namespace: Namespace;
}
type Kind = keyof Kinds;

interface Named {
  readonly name: string;
  readonly namespace: string;
  /** Which of several bodies. */
  readonly body: number;
}

/** One object put or removed. */
export interface Step {
  readonly kind: Kind;
  readonly object: Named;
  readonly isRemoved: boolean;
}

/** Kinds and names come from small sets, so that steps meet. */
export const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Kind>(
    "AzureIdentity",
    "AzureIdentityBinding",
    "AzureIdentityBinding",
    "AzureIdentityAccessGrant",
    "AzureIdentityAccessApproval",
    "AzurePodIdentityException",
    "Namespace",
  ),
  object: fc.record({
    name: fc.constantFrom("a", "b", "c"),
    namespace: fc.constantFrom("shop", "bank"),
    body: fc.nat(5),
  }),
  isRemoved: fc.boolean(),
});

export interface ChangingCluster {
  readonly source: ClusterSource;
  take(step: Step): void;
  resources(): ClusterResources;
}

export function createChangingCluster(): ChangingCluster {
  const stores: { readonly [K in Kind]: Store<Kinds[K]> } = {
    AzureIdentity: createStore(bodies.AzureIdentity),
    AzureIdentityBinding: createStore(bodies.AzureIdentityBinding),
    AzureIdentityAccessGrant: createStore(bodies.AzureIdentityAccessGrant),
    AzureIdentityAccessApproval: createStore(bodies.AzureIdentityAccessApproval),
    AzurePodIdentityException: createStore(bodies.AzurePodIdentityException),
    Namespace: createStore(bodies.Namespace),
  };
  const listeners = new Set<(change: { readonly kind: string }) => void>();
  const list = <K extends Kind>(kind: K): readonly Kinds[K][] => stores[kind].list();
  return {
    source: {
      list,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    take: ({ kind, object, isRemoved }) => {
      // A namespace has no namespace; one name each.
      const named = kind === "Namespace" ? { ...object, name: object.namespace } : object;
      if (isRemoved) stores[kind].remove(named);
      else stores[kind].put(named);
      for (const listener of listeners) listener({ kind });
    },
    resources: () => ({
      identities: list("AzureIdentity"),
      bindings: list("AzureIdentityBinding"),
      grants: list("AzureIdentityAccessGrant"),
      approvals: list("AzureIdentityAccessApproval"),
      exceptions: list("AzurePodIdentityException"),
      namespaces: list("Namespace"),
    }),
  };
}

interface Store<T> {
  put(named: Named): void;
  remove(named: Named): void;
  list(): readonly T[];
}

function createStore<T>(body: (named: Named) => T): Store<T> {
  const objects = new Map<string, T>();
  return {
    put: (named) => void objects.set(keyOf(named), body(named)),
    remove: (named) => void objects.delete(keyOf(named)),
    list: () => [...objects.values()],
  };
}

const stored = ({ namespace, name, body }: Named) => ({
  namespace,
  name,
  uid: `${name}-${body}`,
  resourceVersion: String(body),
  annotations: {},
  creationTimestamp: "2026-06-14T12:00:00Z",
});

const nameIn = ({ body }: Named): string => ["a", "b", "c"][body % 3] ?? "";

const jitBox = { openWhen: "Grant", jit: { maxDuration: "1h", approvals: 0 } };

const bodies: { readonly [K in Kind]: (named: Named) => Kinds[K] } = {
  AzureIdentity: (named) => ({
    ...stored(named),
    spec: {
      type: named.body % 4,
      resourceID: "",
      clientID: `client-${named.body}`,
      objectID: "",
      tenantID: "",
      auxiliaryTenantIDs: [],
      adEndpoint: "",
      clientPassword: null,
      usableBy: named.body === 5 ? { namespaces: ["bank"] } : null,
    },
  }),
  AzureIdentityBinding: (named) => ({
    ...stored(named),
    spec: {
      azureIdentity: named.name,
      selector: named.body < 3 ? `selector-${named.body % 2}` : "",
      weight: named.body,
      match: named.body > 1 ? { pods: ["web-0"] } : null,
      timeBox: named.body % 2 === 0 ? jitBox : null,
    },
  }),
  AzureIdentityAccessGrant: (named) => ({
    ...stored(named),
    spec: {
      bindingName: nameIn(named),
      requester: "alice",
      justification: "",
      ticket: "",
      for: "1h",
      notBefore: null,
      podName: null,
      revoked: named.body === 5,
      revokedBy: "",
      revokeReason: "",
    },
  }),
  AzureIdentityAccessApproval: (named) => ({
    ...stored(named),
    spec: {
      grantName: nameIn(named),
      grantUID: "",
      bindingName: "a",
      approver: "bob",
      decision: "Approve",
      comment: "",
    },
  }),
  AzurePodIdentityException: (named) => ({
    ...stored(named),
    spec: { podLabels: { app: `app-${named.body}` } },
  }),
  Namespace: ({ name, body }) => ({ name, labels: { tier: String(body) } }),
};
