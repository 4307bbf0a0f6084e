import type { Kind } from "./cluster.ts";

/** What aad-pod-identity's schema answers (reference/kubernetes.md §4): a status, and what is stored of the object. */
export interface ReferenceRow {
  readonly name: string;
  readonly kind: Kind;
  readonly body: Readonly<Record<string, unknown>>;
  readonly status: 201 | 400 | 422;
  /** Part of the stored object, by its fields; absent where nothing is stored or nothing is special. */
  readonly stored?: Readonly<Record<string, unknown>>;
  /** Unknown fields are pruned with a warning, as by clients that do not ask for Strict. */
  readonly lax?: boolean;
}

const reference = (more: object = {}): object => ({
  apiVersion: "aadpodidentity.k8s.io/v1",
  kind: "AzureIdentity",
  ...more,
});
const identity = (
  name: string,
  spec: unknown,
  status: 201 | 422,
  stored?: Readonly<Record<string, unknown>>,
): ReferenceRow => ({
  name,
  kind: "AzureIdentity",
  body: { spec },
  status,
  ...(stored === undefined ? {} : { stored }),
});
const assigned = (name: string, azureIdentityRef: unknown, status: 201 | 422): ReferenceRow => ({
  name,
  kind: "AzureAssignedIdentity",
  body: { spec: { azureIdentityRef } },
  status,
});

export const referenceRows: readonly ReferenceRow[] = [
  { name: "no spec", kind: "AzureIdentity", body: {}, status: 201, stored: { spec: undefined } },
  identity("spec null", null, 201, { spec: undefined }),
  identity("type 7", { type: 7 }, 201),
  identity("no type", { clientID: "x" }, 201),
  identity("type as text", { type: "0" }, 422),
  identity("type a fraction", { type: 0.5 }, 422),
  identity("replicas beyond int32", { replicas: 5_000_000_000 }, 422),
  identity("clientID null", { clientID: null }, 201, { spec: {} }),
  identity("nullable fields null", { auxiliaryTenantIDs: null, replicas: null }, 201, {
    spec: { auxiliaryTenantIDs: null, replicas: null },
  }),
  {
    name: "keys of before 1.6, without Strict",
    kind: "AzureIdentity",
    body: { spec: { ClientID: "x", type: 0 } },
    status: 201,
    stored: { spec: { type: 0 } },
    lax: true,
  },
  { name: "keys of before 1.6", kind: "AzureIdentity", body: { spec: { ClientID: "x" } }, status: 400 },
  {
    name: "content of spec.metadata",
    kind: "AzureIdentityBinding",
    body: { spec: { metadata: { name: "x" } } },
    status: 201,
    stored: { spec: { metadata: {} } },
    lax: true,
  },
  {
    name: "a binding without anything",
    kind: "AzureIdentityBinding",
    body: { spec: {} },
    status: 201,
  },
  {
    name: "a negative weight",
    kind: "AzureIdentityBinding",
    body: { spec: { weight: -1 } },
    status: 201,
  },
  {
    name: "a label that is no text",
    kind: "AzurePodIdentityException",
    body: { spec: { podLabels: { a: true } } },
    status: 422,
  },
  {
    name: "an empty label",
    kind: "AzurePodIdentityException",
    body: { spec: { podLabels: { a: "" } } },
    status: 201,
  },
  {
    name: "a status in POST",
    kind: "AzureIdentity",
    body: { spec: {}, status: { availableReplicas: 1 } },
    status: 201,
    stored: { status: { availableReplicas: 1 } },
  },
  {
    name: "a status in POST",
    kind: "AzureAssignedIdentity",
    body: { spec: {}, status: { status: "Created", availableReplicas: 1 } },
    status: 201,
    stored: { status: { status: "Created", availableReplicas: 1 } },
  },
  assigned("no reference", null, 201),
  assigned("an empty reference", {}, 422),
  assigned("a reference without kind", { apiVersion: "aadpodidentity.k8s.io/v1" }, 422),
  assigned("a reference without metadata", reference(), 201),
  assigned("a reference of a list's kind", reference({ kind: "AzureIdentityList" }), 201),
  assigned("a reference with a name that is no DNS name", reference({ metadata: { name: "Not DNS" } }), 201),
  {
    name: "the metadata of a reference",
    kind: "AzureAssignedIdentity",
    body: {
      spec: {
        azureIdentityRef: reference({ metadata: { name: "reader", uid: "u", resourceVersion: "7" } }),
      },
    },
    status: 201,
    stored: {
      spec: {
        azureIdentityRef: reference({ metadata: { name: "reader", uid: "u", resourceVersion: "7" } }),
      },
    },
  },
];
