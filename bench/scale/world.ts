import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { createEmulator, type Emulator } from "../../src/emulator/emulator.ts";
import { createSystemClock } from "../../src/runtime/clock.ts";
import type { Api } from "../../test/control-plane/api.ts";
import type { ControlPlane } from "../../test/control-plane/control-plane.ts";
import { applyCrds } from "../../test/control-plane/fixtures.ts";
import { serviceAccountOf } from "../../test/integration/kubernetes/cluster-world.ts";
import { type DaemonProcess, startDaemon } from "../../test/integration/kubernetes/daemon-process.ts";
import { createAll } from "./load.ts";

const tenantID = "22222222-2222-4222-8222-222222222222";
const login = { clientID: "cccccccc-0000-4000-8000-000000000001", secret: "emulator-only" };
const group = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/nodes/providers";
const crdApi = "/apis/aadpodidentity.k8s.io/v1/namespaces";

/** How big the cluster is. */
export interface Shape {
  /** Nodes that are virtual machines of their own. */
  readonly vms: number;
  readonly sets: number;
  readonly nodesPerSet: number;
  readonly identities: number;
}

/** A cluster as users make it, with an Azure whose changes are done at once. */
export interface ScaleWorld {
  readonly plane: ControlPlane;
  readonly api: Api;
  readonly namespace: string;
  readonly nodes: readonly string[];
  readonly emulator: Emulator;
  /** Accepted PATCHes so far. */
  patches(): number;
  startController(...more: readonly string[]): Promise<DaemonProcess>;
  createPods(first: number, count: number, placeOf: (index: number) => PodPlace): Promise<void>;
  /** A binding for each identity; resolves when the last was made. */
  createBindings(): Promise<void>;
  close(): Promise<void>;
}

/** Which node a pod is on, and for which identity its label asks, both by number. */
export interface PodPlace {
  readonly node: number;
  readonly identity: number;
}

const namespace = "load";

/** Installs podid, makes nodes and identities, and starts Azure. */
export async function startScaleWorld(plane: ControlPlane, shape: Shape): Promise<ScaleWorld> {
  const api = plane.api();
  await applyCrds(plane);
  const deploy = resolve(import.meta.dirname, "../../deploy");
  const applied = await plane.kubectl(["apply", "--server-side", "--force-conflicts", "-k", deploy]);
  if (applied.code !== 0) throw new Error(`kubectl apply -k deploy: ${applied.stderr}`);
  await createAll(api, "/api/v1/namespaces", [{ metadata: { name: namespace } }]);
  const places = placesOf(shape);
  await createAll(
    api,
    "/api/v1/nodes",
    places.map(({ name, providerID }) => ({ metadata: { name }, spec: { providerID } })),
  );
  const identities = Array.from({ length: shape.identities }, (_, i) => identityOf(i));
  await createAll(
    api,
    `${crdApi}/${namespace}/azureidentities`,
    identities.map(({ name, resourceID, clientID }) => ({
      apiVersion: "aadpodidentity.k8s.io/v1",
      kind: "AzureIdentity",
      metadata: { name },
      spec: { type: 0, resourceID, clientID },
    })),
  );
  const emulator = createEmulator({
    clock: createSystemClock(),
    settings: { operationDurationMs: 0 },
    state: {
      tenants: [{ tenantID }],
      applications: [
        { tenantID, clientID: login.clientID, objectID: login.clientID, secrets: [login.secret] },
      ],
      userAssignedIdentities: identities.map(({ resourceID, clientID }) => ({
        resourceID,
        clientID,
        objectID: clientID,
        tenantID,
      })),
      machines: [...new Set(places.map(({ machineID }) => machineID))].map((resourceID) => ({
        resourceID,
        location: "westeurope",
        tenantID,
      })),
    },
  });
  const azure = await emulator.start();
  const endpoints = join(plane.folder, "azure.json");
  await writeFile(endpoints, JSON.stringify({ authorityUrl: azure.entra, armUrl: azure.arm }));
  const { hostname, port } = new URL(plane.url);
  const account = await serviceAccountOf(plane, "podid-controller");
  return {
    plane,
    api,
    namespace,
    emulator,
    nodes: places.map(({ name }) => name),
    patches: () => emulator.journal.list().filter(isPatch).length,
    startController: async (...more) =>
      startDaemon(
        [
          "controller",
          `--service-account-dir=${account}`,
          `--azure-endpoints=${endpoints}`,
          "--leader-election-namespace=podid-system",
          ...more,
        ],
        {
          KUBERNETES_SERVICE_HOST: hostname,
          KUBERNETES_SERVICE_PORT: port,
          CLOUD: "AzurePublicCloud",
          TENANT_ID: tenantID,
          CLIENT_ID: login.clientID,
          CLIENT_SECRET: login.secret,
          NODE_OPTIONS: process.env["PODID_NODE_OPTIONS"] ?? "",
        },
      ),
    createPods: (first, count, placeOf) =>
      createAll(
        api,
        `/api/v1/namespaces/${namespace}/pods`,
        Array.from({ length: count }, (_, i) => podBody(first + i, places, placeOf(first + i))),
      ),
    createBindings: () =>
      createAll(
        api,
        `${crdApi}/${namespace}/azureidentitybindings`,
        identities.map(({ name }) => ({
          apiVersion: "aadpodidentity.k8s.io/v1",
          kind: "AzureIdentityBinding",
          metadata: { name: `${name}-binding` },
          spec: { azureIdentity: name, selector: name },
        })),
      ),
    close: () => emulator.close(),
  };
}

function isPatch({ listener, method, status }: ReturnType<Emulator["journal"]["list"]>[number]): boolean {
  return listener === "arm" && method === "PATCH" && status < 300;
}

interface NodePlace {
  readonly name: string;
  readonly machineID: string;
  readonly providerID: string;
}

function placesOf({ vms, sets, nodesPerSet }: Shape): readonly NodePlace[] {
  const single = Array.from({ length: vms }, (_, i) => {
    const machineID = `${group}/Microsoft.Compute/virtualMachines/vm-${i}`;
    return { name: `vm-${i}`, machineID, providerID: `azure://${machineID}` };
  });
  const inSets = Array.from({ length: sets * nodesPerSet }, (_, i) => {
    const machineID = `${group}/Microsoft.Compute/virtualMachineScaleSets/set-${i % sets}`;
    return { name: `set-${i}`, machineID, providerID: `azure://${machineID}/virtualMachines/${i}` };
  });
  return [...single, ...inSets];
}

function identityOf(i: number): {
  readonly name: string;
  readonly resourceID: string;
  readonly clientID: string;
} {
  const name = `identity-${i}`;
  return {
    name,
    resourceID: `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
    clientID: `10000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
  };
}

/** A pod of 6 kB, as deployments make them. */
function podBody(index: number, places: readonly NodePlace[], { node, identity }: PodPlace): object {
  return {
    metadata: {
      name: `web-${index}`,
      labels: { app: `app-${identity}`, aadpodidbinding: `identity-${identity}` },
      annotations: { checksum: `sha256:${String(index).padStart(64, "0")}` },
    },
    spec: {
      nodeName: places[node]?.name,
      containers: [
        {
          name: "app",
          image: "registry.invalid/shop/web:1.2.3",
          env: Array.from({ length: 40 }, (_, i) => ({ name: `SETTING_NUMBER_${i}`, value: "x".repeat(60) })),
        },
      ],
    },
  };
}
