import type { TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { findCloud } from "../../../src/azure/cloud.ts";
import { type Compute, createCompute } from "../../../src/azure/compute.ts";
import { createSecretCredential } from "../../../src/azure/credential.ts";
import { type Controller, createController } from "../../../src/controller/controller.ts";
import type { ArmTerms } from "../../../src/controller/arm-care.ts";
import { gatherTerms } from "../../../src/controller/gathering.ts";
import type { AzureIdentityBinding } from "../../../src/engine/resources.ts";
import { createEmulator, type Emulator } from "../../../src/emulator/emulator.ts";
import type { EmulatorSettings } from "../../../src/emulator/settings.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createFakeDecider } from "../../unit/controller/fake-decider.ts";
import { createFakeCluster, type FakeCluster } from "../../unit/controller/fakes.ts";
import { makeBinding, makeIdentity, makePod } from "../../unit/controller/objects.ts";

const startMs = Temporal.Instant.from("2026-06-14T12:00:00Z").epochMilliseconds;
const tenantID = "00000000-0000-4000-8000-00000000000a";
const subscription = "/subscriptions/00000000-0000-4000-8000-00000000000b";
const compute = "providers/Microsoft.Compute";
const secret = "the-controller's-secret";
const clientID = "20000000-0000-4000-8000-000000000001";

/** The resource id of a virtual machine, in group `nodes` unless said otherwise. */
export function vmID(name: string, group = "nodes"): string {
  return `${subscription}/resourceGroups/${group}/${compute}/virtualMachines/${name}`;
}

/** The resource id of a scale set. */
export function setID(name: string, group = "nodes"): string {
  return `${subscription}/resourceGroups/${group}/${compute}/virtualMachineScaleSets/${name}`;
}

/** The resource id of a managed identity. */
export function managedID(name: string): string {
  return `${subscription}/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

/** The client id of the `index`-th identity that Azure has. */
export function clientIDOf(index: number): string {
  return `10000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

/** The controller with podid's own access to ARM, and Azure, on a clock that stands still until a test moves it. */
export interface ArmWorld {
  readonly clock: SimulatedClock;
  readonly emulator: Emulator;
  readonly cluster: FakeCluster;
  /** The access of somebody else, who knows nothing of the controller. */
  readonly others: Compute;
  readonly controller: Controller;
  /** Makes Azure have managed identities of these names. */
  addIdentities(names: readonly string[]): Promise<void>;
  /** A pod on `node` that wants the identities `names`, each by a binding of its own. */
  addPod(name: string, node: string, names: readonly string[]): void;
  /** Lets `ms` pass: each timer fires when nothing is under way any more. */
  pass(ms: number): Promise<void>;
  /** Names of the identities on a machine now, sorted. */
  on(machineID: string): readonly string[];
  /** `name state` of the assigned identities, sorted. */
  objects(): readonly string[];
  /** What was asked of ARM: `+seconds METHOD status`, polls left out. */
  calls(method: "GET" | "PATCH"): readonly string[];
}

interface ArmWorldOptions extends ArmTerms {
  readonly settings?: Partial<EmulatorSettings>;
  /** VMs (by resource id) and nodes, each with its VM or, as `set/instance`, its scale set. */
  readonly machines: Readonly<Record<string, readonly string[]>>;
  readonly identities?: readonly string[];
  readonly access?: Partial<Parameters<typeof createCompute>[0]>;
}

const random = (): number => 0.5;

/** Starts all of it, with the gathering and reconciling that the daemon has unless told otherwise; it ends with the test. */
export async function startArmWorld(t: TestContext, options: ArmWorldOptions): Promise<ArmWorld> {
  const { settings = {}, machines, identities = [], access = {}, gather = gatherTerms } = options;
  const clock = createSimulatedClock(startMs);
  const emulator = createEmulator({ clock, settings, state: azureState(Object.keys(machines)) });
  const addIdentities = createIdentities(emulator);
  await addIdentities(identities);
  const addresses = await emulator.start();
  t.after(() => emulator.close());

  const requests = countRequests(clock);
  const cloud = findCloud("");
  const endpoints = { authorityUrl: addresses.entra, armUrl: addresses.arm };
  const login = { tenantID, clientID, clientSecret: secret };
  const credential = createSecretCredential({ clock: requests.clock, cloud, endpoints, ...login });
  const open = (more: typeof access): Compute =>
    createCompute({ clock: requests.clock, cloud, credential, endpoints, random, ...more });
  const cluster = createFakeCluster();
  const bindings = new Map<string, AzureIdentityBinding>();
  const controller = createController({
    clock,
    log: createSilentLog(),
    cluster,
    decider: createFakeDecider(() => [...bindings.values()]),
    compute: open(access),
    namespaced: false,
    random,
    statusTerms: { policyDigest: "digest", tzdata: "2026c" },
    ...options,
    gather,
  });
  putNodes(cluster, machines);
  controller.start();
  t.after(() => controller.close());

  const addPod = createPods(cluster, bindings);
  return {
    clock,
    emulator,
    cluster,
    controller,
    others: open({}),
    addIdentities,
    addPod,
    pass: (ms) => pass(clock, ms, () => requests.underWay() === 0),
    on: (machineID) =>
      (emulator.identitiesOf(machineID)?.userAssigned ?? [])
        .map((id) => id.split("/").at(-1) ?? "")
        .toSorted(),
    objects: () =>
      cluster
        .list("AzureAssignedIdentity")
        .map(({ name, status }) => `${name} ${status.status}`)
        .toSorted(),
    calls: (wanted) => callsIn(emulator, wanted),
  };
}

/** The next write of this kind fails. */
export function failOnce(
  { cluster }: ArmWorld,
  write: "createAssignedIdentity" | "patchAssignedIdentityStatus",
): void {
  const real = { ...cluster };
  const fail = async (): Promise<never> => {
    Object.assign(cluster, { [write]: real[write] });
    throw new Error("the API server is busy");
  };
  Object.assign(cluster, { [write]: fail });
}

function createIdentities(emulator: Emulator): ArmWorld["addIdentities"] {
  let made = 0;
  return async (names) => {
    const numbered = names.map((name) => ({ name, index: (made += 1) }));
    await emulator.add({
      userAssignedIdentities: numbered.map(({ name, index }) => ({
        resourceID: managedID(name),
        clientID: clientIDOf(index),
        objectID: `11000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
        tenantID,
      })),
    });
  };
}

function createPods(cluster: FakeCluster, bindings: Map<string, AzureIdentityBinding>): ArmWorld["addPod"] {
  const bind = (identity: string, selector: string): void => {
    const spec = { resourceID: managedID(identity), clientID: "not what ARM says" };
    if (cluster.get("AzureIdentity", `shop/${identity}`) === undefined)
      cluster.put("AzureIdentity", makeIdentity(identity, { spec }));
    const binding = makeBinding(`${identity}-${selector.replaceAll(" ", "-")}`, { identity, selector });
    if (bindings.has(binding.name)) return;
    bindings.set(binding.name, binding);
    cluster.put("AzureIdentityBinding", binding);
  };
  return (name, node, names) => {
    const selector = names.join(" ");
    for (const identity of names) bind(identity, selector);
    cluster.put("Pod", makePod(name, { node, labels: { aadpodidbinding: selector } }));
  };
}

function callsIn(emulator: Emulator, wanted: string): readonly string[] {
  const calls = emulator.journal.list().filter(({ listener, method, target }) => {
    return listener === "arm" && method === wanted && !target.includes("/operations/");
  });
  return calls.map(({ at, status }) => {
    const seconds = (Temporal.Instant.from(at).epochMilliseconds - startMs) / 1000;
    return `+${seconds} ${wanted} ${status}`;
  });
}

function putNodes(cluster: FakeCluster, machines: ArmWorldOptions["machines"]): void {
  for (const [machineID, nodes] of Object.entries(machines)) {
    for (const [index, name] of nodes.entries()) {
      const instance = machineID.includes("virtualMachineScaleSets") ? `/virtualMachines/${index}` : "";
      cluster.put("Node", { name, providerID: `azure://${machineID}${instance}` });
    }
  }
}

function azureState(machineIDs: readonly string[]): Parameters<Emulator["add"]>[0] {
  return {
    tenants: [{ tenantID }],
    applications: [
      { clientID, objectID: "21000000-0000-4000-8000-000000000001", tenantID, secrets: [secret] },
    ],
    machines: machineIDs.map((resourceID) => ({ resourceID, location: "westeurope", tenantID })),
  };
}

/** Requests to Azure that are under way: each has a deadline, and no other timer there is as long. */
function countRequests(clock: Clock): { readonly clock: Clock; underWay(): number } {
  const open = new Set<() => void>();
  const deadlines = new Set([20_000, 60_000]);
  const after: Clock["after"] = (delayMs, run) => {
    const cancel = clock.after(delayMs, () => {
      open.delete(end);
      run();
    });
    const end = (): void => {
      open.delete(end);
      cancel();
    };
    if (deadlines.has(delayMs)) open.add(end);
    return end;
  };
  return {
    clock: { nowMs: () => clock.nowMs(), monotonicMs: () => clock.monotonicMs(), after },
    underWay: () => open.size,
  };
}

/** Turns of the event loop without a request after which there is nothing more to do at this moment. */
const quietTurns = 20;

async function pass(clock: SimulatedClock, ms: number, isQuiet: () => boolean): Promise<void> {
  const endMs = clock.monotonicMs() + ms;
  for (;;) {
    for (let quiet = 0; quiet < quietTurns; quiet = isQuiet() ? quiet + 1 : 0) await turn();
    const leftMs = endMs - clock.monotonicMs();
    if (leftMs <= 0) return;
    clock.advance(Math.min(leftMs, clock.nextTimerInMs() ?? leftMs));
  }
}
