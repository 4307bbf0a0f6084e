import { parseProviderID } from "../../../src/controller/compute-target.ts";
import type { Node } from "../../../src/controller/ports.ts";

/** The names of the little world in which the controller is tried. */

export const tenantID = "00000000-0000-4000-8000-00000000000a";
const group = "/subscriptions/00000000-0000-4000-8000-00000000000b/resourceGroups/Nodes/providers";

/** Identities of ARM; more than there are AzureIdentities, so that one can be edited to use another. */
const armIdentities = ["reader", "writer", "auditor", "spare"] as const;

/** ARM id of a user-assigned identity. */
export function armIdentity(name: string): string {
  return `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

export const identityIds: readonly string[] = armIdentities.map(armIdentity);

/** ARM id of a VM. */
export function vmId(name: string): string {
  return `${group}/Microsoft.Compute/virtualMachines/${name}`;
}

/** ARM id of a scale set. */
export function setId(name: string): string {
  return `${group}/Microsoft.Compute/virtualMachineScaleSets/${name}`;
}

/** Node `name` of a cluster: `vm-*` are VMs, `set-*` are instances of scale set `pool`. */
export function nodeNamed(name: string, machine = name): Node {
  const resource = name.startsWith("set-")
    ? `${setId("pool")}/virtualMachines/${name.slice("set-".length)}`
    : vmId(machine);
  return { name, providerID: `azure://${resource}` };
}

/** The lower-cased ARM id of what a node stands on. */
export function machineOf({ providerID }: Node): string {
  return parseProviderID(providerID)?.resourceId.toLowerCase() ?? "";
}

/** The last segment of an ARM id. */
export function shortName(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
