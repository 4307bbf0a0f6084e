/** Where a request to ARM leads. */
export type ArmRoute =
  | {
      readonly kind: "machine";
      readonly resourceID: string;
      readonly group: string;
      readonly resource: string;
    }
  | { readonly kind: "operation"; readonly id: string }
  | { readonly kind: "unknown" };

/** azure.md §4.1; ids are compared without regard to letter case. */
const machinePattern =
  /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/(Microsoft\.Compute\/(?:virtualMachines|virtualMachineScaleSets)\/[^/]+)$/i;

const operationPattern =
  /^\/subscriptions\/[^/]+\/providers\/Microsoft\.Compute\/locations\/[^/]+\/operations\/([^/]+)$/i;

/** Reads a request path. Segments are decoded one by one: arm-compute percent-encodes names (azure.md §4.3). */
export function armRoute(path: string): ArmRoute {
  const resourceID = decodedPath(path);
  const [, group, resource] = machinePattern.exec(resourceID) ?? [];
  if (group !== undefined && resource !== undefined) return { kind: "machine", resourceID, group, resource };
  const [, id] = operationPattern.exec(resourceID) ?? [];
  return id === undefined ? { kind: "unknown" } : { kind: "operation", id };
}

/** The operation's URL, without query. */
export function operationPath(machineID: string, location: string, operationID: string): string {
  const [, , subscription] = machineID.split("/");
  return `/subscriptions/${subscription}/providers/Microsoft.Compute/locations/${location}/operations/${operationID}`;
}

function decodedPath(path: string): string {
  try {
    return path.split("/").map(decodeURIComponent).join("/");
  } catch {
    return path; // a stray percent sign names nothing we have
  }
}
