/** The CRDs of aad-pod-identity 1.8 as far as they decide what is stored: written from its field tables. */

const text = { type: "string" };
const integer = { type: "integer" };
const int32 = { type: "integer", format: "int32" };
const object = { type: "object" };
const objectWith = (properties: object): object => ({ type: "object", properties });
const root = (spec: object, status: object): object =>
  objectWith({
    apiVersion: text,
    kind: text,
    metadata: object,
    spec: objectWith({ ...spec, metadata: object }),
    status: objectWith({ ...status, metadata: object }),
  });

const identitySpec = {
  type: integer,
  resourceID: text,
  clientID: text,
  clientPassword: objectWith({ name: text, namespace: text }),
  tenantID: text,
  auxiliaryTenantIDs: { type: "array", nullable: true, items: text },
  adEndpoint: text,
  adResourceID: text,
  replicas: { ...int32, nullable: true },
};
const bindingSpec = { azureIdentity: text, selector: text, weight: integer };
const counted = { availableReplicas: int32 };
const embedded = (spec: object): object => ({
  ...root(spec, counted),
  "x-kubernetes-embedded-resource": true,
});
const assignedSpec = {
  azureIdentityRef: embedded(identitySpec),
  azureBindingRef: embedded(bindingSpec),
  pod: text,
  podNamespace: text,
  nodename: text,
  replicas: { ...int32, nullable: true },
};

const crd = (kind: string, plural: string, schema: object): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: {
    name: `${plural}.aadpodidentity.k8s.io`,
    annotations: { "api-approved.kubernetes.io": "unapproved" },
  },
  spec: {
    group: "aadpodidentity.k8s.io",
    scope: "Namespaced",
    names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
});

export const referenceCrds: readonly object[] = [
  crd("AzureIdentity", "azureidentities", root(identitySpec, counted)),
  crd("AzureIdentityBinding", "azureidentitybindings", root(bindingSpec, counted)),
  crd("AzureAssignedIdentity", "azureassignedidentities", root(assignedSpec, { status: text, ...counted })),
  crd(
    "AzurePodIdentityException",
    "azurepodidentityexceptions",
    root({ podLabels: { type: "object", additionalProperties: text } }, { status: text }),
  ),
];
