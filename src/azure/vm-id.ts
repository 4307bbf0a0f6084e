/** A virtual machine or scale set, whose identities ARM can change. */
export interface VmId {
  readonly subscriptionID: string;
  readonly resourceGroup: string;
  readonly kind: "virtualMachine" | "scaleSet";
  readonly name: string;
}

const pattern =
  /^\/subscriptions\/([\da-f-]{36})\/resourceGroups\/([^/?#\s]+)\/providers\/Microsoft\.Compute\/(virtualMachines|virtualMachineScaleSets)\/([^/?#\s]+)$/i;

/**
 * Parses an ARM resource id in any letter case, since Azure's own answers differ in it (azure.md §4.1). Answers
 * undefined for everything else; also for instances of scale sets, since their identities stand at the set.
 */
export function parseVmId(id: string): VmId | undefined {
  const [, subscriptionID, resourceGroup, type, name] = pattern.exec(id) ?? [];
  if (
    subscriptionID === undefined ||
    resourceGroup === undefined ||
    type === undefined ||
    name === undefined
  ) {
    return undefined;
  }
  const kind = type.toLowerCase() === "virtualmachines" ? "virtualMachine" : "scaleSet";
  return { subscriptionID, resourceGroup, kind, name };
}
