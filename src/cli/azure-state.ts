import { createHash } from "node:crypto";

import type { AzureStateInput } from "../emulator/state.ts";
import type { ResourceSource } from "../kubernetes/resource-source.ts";
import type { AzureIdentity } from "../kubernetes/resources.ts";

/** The application with which the controller signs in to the emulator. */
export const controllerLogin = {
  tenantID: "22222222-2222-2222-2222-222222222222",
  clientID: "cccccccc-0000-4000-8000-000000000000",
  clientSecret: "emulator-only",
} as const;

const { tenantID } = controllerLogin;

/**
 * An Azure that fits a folder of manifests: every VM or scale set behind its nodes, every managed
 * identity and application that its AzureIdentities name. Nothing is assigned yet.
 */
export async function emulatedAzureFor(source: ResourceSource): Promise<AzureStateInput> {
  const identities = source.list("AzureIdentity");
  const machines = new Map(
    source.list("Node").map(({ name, providerID }) => [name, machineOf(providerID)] as const),
  );
  const principals = identities.filter(({ spec }) => spec.type === 1);
  return {
    tenants: distinct([tenantID, ...principals.map(({ spec }) => spec.tenantID)]).map((id) => ({
      tenantID: id,
    })),
    applications: [
      {
        tenantID,
        clientID: controllerLogin.clientID,
        objectID: guidFor(controllerLogin.clientID),
        secrets: [controllerLogin.clientSecret],
      },
      ...(await Promise.all(principals.map((identity) => applicationFor(identity, source)))),
    ],
    userAssignedIdentities: identities
      .filter(({ spec }) => spec.type === 0)
      .map(({ spec }) => ({
        resourceID: spec.resourceID,
        clientID: spec.clientID,
        objectID: guidFor(spec.resourceID),
        tenantID,
      })),
    machines: distinct([...machines.values()]).map((resourceID) => ({
      resourceID,
      location: "westeurope",
      tenantID,
      systemAssigned: { clientID: guidFor(`${resourceID}#client`), objectID: guidFor(resourceID) },
    })),
    nodes: [...machines].map(([name, machineID]) => ({ name, machineID })),
  };
}

async function applicationFor(
  { spec }: AzureIdentity,
  source: ResourceSource,
): Promise<NonNullable<AzureStateInput["applications"]>[number]> {
  const reference = spec.clientPassword;
  const secret =
    reference === null ? undefined : await source.readSecret(reference.namespace, reference.name);
  return {
    tenantID: spec.tenantID,
    clientID: spec.clientID,
    objectID: guidFor(spec.clientID),
    secrets: [...(secret?.values() ?? [])],
  };
}

/** `azure:///…/virtualMachineScaleSets/pool/virtualMachines/0` belongs to the scale set. */
function machineOf(providerID: string): string {
  return providerID.replace(/^azure:\/\//, "").replace(/(\/virtualMachineScaleSets\/[^/]+)\/.*$/i, "$1");
}

function guidFor(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
