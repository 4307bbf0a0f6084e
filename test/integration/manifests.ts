import { createHash } from "node:crypto";

// Objects of one namespace, as small as the schemas allow, for folders that a test writes.

const podidVersion = "aadpodidentity.k8s.io/v1";
const subscription = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups";

export const machineID = `${subscription}/nodes/providers/Microsoft.Compute/virtualMachineScaleSets/pool`;

/** The text of one file with these objects; JSON is YAML. */
export function manifest(...items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items }, null, 2);
}

/** An instance of a scale set: `machineID` is the set. */
export const node = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "node-0" },
  spec: { providerID: `azure://${machineID}/virtualMachines/0` },
};

/** A managed identity (type 0): it must be assigned on the node's machine. */
export function managedIdentity(name: string, spec: object = {}): object {
  const resourceID = `${subscription}/identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  return inShop("AzureIdentity", name, { type: 0, resourceID, clientID: clientIDOf(name), ...spec });
}

/** A service principal with a secret (type 1), and its Secret: nothing to assign. */
export function principal(name: string): readonly object[] {
  const tenantID = "22222222-2222-2222-2222-222222222222";
  const clientPassword = { name, namespace: "shop" };
  return [
    inShop("AzureIdentity", name, { type: 1, tenantID, clientID: clientIDOf(name), clientPassword }),
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: "shop" },
      stringData: { clientSecret: "not-a-real-secret" },
    },
  ];
}

/** Binds identity and pods of the same name; `spec` adds or overrides. */
export function binding(name: string, spec: object = {}, created?: string): object {
  const object = inShop("AzureIdentityBinding", name, { azureIdentity: name, selector: name, ...spec });
  return created === undefined
    ? object
    : { ...object, metadata: { name, namespace: "shop", creationTimestamp: created } };
}

/** A pod `shop/<name>` that asks for the binding of its name. */
export function pod(name: string, status: object = {}, spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shop", labels: { aadpodidbinding: name } },
    spec: { containers: [], ...spec },
    status,
  };
}

/** The same name gives the same client id. */
export function clientIDOf(name: string): string {
  return `aaaaaaaa-0000-4000-8000-${createHash("sha256").update(name).digest("hex").slice(0, 12)}`;
}

function inShop(kind: string, name: string, spec: object): object {
  return { apiVersion: podidVersion, kind, metadata: { name, namespace: "shop" }, spec };
}
