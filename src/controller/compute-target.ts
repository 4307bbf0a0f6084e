/** A VM or a scale set: what ARM attaches identities to. */
export interface ComputeTarget {
  readonly kind: "virtualMachine" | "scaleSet";
  /** ARM resource id in the letter case it was given; compare by `toLowerCase()`. */
  readonly resourceId: string;
}

const group = String.raw`/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute`;
const virtualMachine = new RegExp(String.raw`^(${group}/virtualMachines/[^/]+)$`, "i");
const scaleSet = new RegExp(
  String.raw`^(${group}/virtualMachineScaleSets/[^/]+)(?:/virtualMachines/[^/]+)?$`,
  "i",
);
const scheme = /^azure:\/\//i;

/**
 * The compute resource behind a node's `spec.providerID` (reference/azure.md §4.1). Instances of a
 * scale set stand for the scale set, because identities live there. Null when it names neither.
 */
export function parseProviderID(providerID: string): ComputeTarget | null {
  return scheme.test(providerID) ? parseComputeTarget(providerID.replace(scheme, "")) : null;
}

/** The same from a bare ARM resource id. */
export function parseComputeTarget(resourceId: string): ComputeTarget | null {
  const vm = virtualMachine.exec(resourceId)?.[1];
  if (vm !== undefined) return { kind: "virtualMachine", resourceId: vm };
  const set = scaleSet.exec(resourceId)?.[1];
  return set === undefined ? null : { kind: "scaleSet", resourceId: set };
}
