import type { TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import type { AzureIdentity } from "../../../src/azure/token-result.ts";
import { createEmulator, type Emulator } from "../../../src/emulator/emulator.ts";
import type { EmulatorSettings } from "../../../src/emulator/settings.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";

export const startMs = Temporal.Instant.from("2026-06-14T22:00:00Z").epochMilliseconds;
export const tenantID = "00000000-0000-4000-8000-00000000000a";
const subscription = "/subscriptions/00000000-0000-4000-8000-00000000000b";
const group = `${subscription}/resourceGroups/Nodes`;

export const vm = `${group}/providers/Microsoft.Compute/virtualMachines/node-0`;
export const systemVm = `${group}/providers/Microsoft.Compute/virtualMachines/node-1`;
export const scaleSet = `${group}/providers/Microsoft.Compute/virtualMachineScaleSets/pool`;

/** The resource id of a managed identity; `reader`, `writer` and `auditor` exist. */
export function managed(name: string): string {
  return `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

export const readerClientID = "10000000-0000-4000-8000-000000000001";
export const appClientID = "20000000-0000-4000-8000-000000000001";
export const appSecret = "canary-application-secret/+=";

const identities = ["reader", "writer", "auditor"].map((name, index) => ({
  resourceID: managed(name),
  clientID: `10000000-0000-4000-8000-00000000000${index + 1}`,
  objectID: `11000000-0000-4000-8000-00000000000${index + 1}`,
  tenantID,
}));

export interface World {
  readonly clock: SimulatedClock;
  readonly emulator: Emulator;
  readonly imdsUrl: string;
  readonly authorityUrl: string;
  readonly armUrl: string;
}

/** Starts an emulated Azure: `reader` is on `vm`, whose IMDS is `imdsUrl`; it ends with the test. */
export async function startWorld(t: TestContext, settings: Partial<EmulatorSettings> = {}): Promise<World> {
  const clock = createSimulatedClock(startMs);
  const machine = { location: "westeurope", tenantID };
  const systemAssigned = {
    clientID: "30000000-0000-4000-8000-000000000001",
    objectID: "31000000-0000-4000-8000-000000000001",
  };
  const emulator = createEmulator({
    clock,
    settings,
    state: {
      tenants: [{ tenantID }],
      applications: [
        {
          clientID: appClientID,
          objectID: "21000000-0000-4000-8000-000000000001",
          tenantID,
          secrets: [appSecret],
        },
      ],
      userAssignedIdentities: identities,
      machines: [
        { ...machine, resourceID: vm, userAssigned: [managed("reader")] },
        { ...machine, resourceID: systemVm, systemAssigned, userAssigned: [managed("reader")] },
        { ...machine, resourceID: scaleSet },
      ],
      nodes: [{ name: "node-0", machineID: vm }],
    },
  });
  const addresses = await emulator.start();
  t.after(() => emulator.close());
  return {
    clock,
    emulator,
    imdsUrl: addresses.imds.get("node-0") ?? "",
    authorityUrl: addresses.entra,
    armUrl: addresses.arm,
  };
}

/** An identity of type 0 on the emulator, or with what `spec` says instead. */
export function identity(spec: Partial<AzureIdentity["spec"]> = {}): AzureIdentity {
  return {
    namespace: "shop",
    name: "reader",
    spec: {
      type: 0,
      resourceID: managed("reader"),
      clientID: readerClientID,
      objectID: "",
      tenantID: "",
      adEndpoint: "",
      clientPassword: null,
      ...spec,
    },
  };
}

/** An identity of type 1 whose secret stands in shop/app. */
export function principal(spec: Partial<AzureIdentity["spec"]> = {}): AzureIdentity {
  const clientPassword = { namespace: "shop", name: "app" };
  return identity({ type: 1, clientID: appClientID, resourceID: "", tenantID, clientPassword, ...spec });
}

/** The time limits of single requests: their timers stand while a request is under way. */
const requestLimitsMs = new Set([20_000, 60_000]);

/** Moves the clock on to the next timer whenever `work` waits for one, but never past a request, until it is done. */
export async function drive<T>(clock: SimulatedClock, work: Promise<T>): Promise<T> {
  const progress = { done: false };
  const watched = work.finally(() => (progress.done = true));
  while (!progress.done) {
    const nextMs = clock.nextTimerInMs();
    if (nextMs !== null && !requestLimitsMs.has(nextMs)) clock.advance(nextMs);
    await turn();
  }
  return watched;
}

/** Waits until `condition` holds, while input and output go on. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}
