import type { AzureStateInput } from "../../../src/emulator/state.ts";
import { binding, clientIDOf, machineID, managedIdentity, manifest, node, pod } from "../manifests.ts";

/** Pods of the node, each with a binding and an identity of its name, and what each is there for. */
export const podNames = ["open", "closed", "late"] as const;
export type PodName = (typeof podNames)[number];

/** Outside 127.0.0.0/8: these addresses are those of a pod network. */
export const addressOf: Readonly<Record<PodName, string>> = {
  open: "10.244.0.10",
  closed: "10.244.0.11",
  late: "10.244.0.12",
};

const tenantID = "22222222-2222-4222-8222-222222222222";
const identityIDs = `${machineID.split("/providers/")[0]}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;

export function resourceIDOf(name: string): string {
  return `${identityIDs}/${name}`;
}

/** Another GUID than the client id, the same for the same name. */
export function objectIDOf(name: string): string {
  return clientIDOf(`object of ${name}`);
}

/** The files of the node's folder. `closed` has a window, but not around `nowMs`. */
export function nodeManifests(nowMs: number): Readonly<Record<string, string>> {
  const timeBox = { openWhen: "Schedule", timeZone: "Etc/UTC", windows: [{ times: [hoursAfter(nowMs)] }] };
  const startTime = "2026-01-01T00:00:00Z";
  const status = (name: PodName): object => ({
    phase: "Running",
    startTime,
    podIP: addressOf[name],
    podIPs: [{ ip: addressOf[name] }],
  });
  const identities = podNames.map((name) =>
    managedIdentity(name, { resourceID: resourceIDOf(name), objectID: objectIDOf(name) }),
  );
  const pods = podNames.map((name) => pod(name, status(name), { nodeName: "node-0" }));
  const bindings = podNames.map((name) => binding(name, name === "closed" ? { timeBox } : {}));
  return { "all.yaml": manifest(node, ...identities, ...bindings, ...pods) };
}

/** An hour of the day that begins at least five hours from now and ends before midnight. */
function hoursAfter(nowMs: number): { readonly start: string; readonly end: string } {
  const hour = (new Date(nowMs).getUTCHours() + 6) % 23;
  return { start: clockTime(hour), end: clockTime(hour + 1) };
}

function clockTime(hour: number): string {
  return `${String(hour).padStart(2, "0")}:00`;
}

/** An Azure in which everything is on the node's machine already. */
export const nodeAzure: AzureStateInput = {
  tenants: [{ tenantID }],
  userAssignedIdentities: podNames.map((name) => ({
    resourceID: resourceIDOf(name),
    clientID: clientIDOf(name),
    objectID: objectIDOf(name),
    tenantID,
  })),
  machines: [
    { resourceID: machineID, location: "westeurope", tenantID, userAssigned: podNames.map(resourceIDOf) },
  ],
  nodes: [{ name: "node-0", machineID }],
};
