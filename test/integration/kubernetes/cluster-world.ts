import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { z } from "zod";

import { createEmulator, type Emulator } from "../../../src/emulator/emulator.ts";
import type { EmulatorSettings } from "../../../src/emulator/settings.ts";
import type { ListenAddress } from "../../../src/nmi/server.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { succeed } from "../../control-plane/api.ts";
import type { ControlPlane } from "../../control-plane/control-plane.ts";
import { applyCrds, createNode, requestToken, uniqueName } from "../../control-plane/fixtures.ts";
import { metadataHost, requestToken as askNmi, type TokenAnswer } from "../token-request.ts";
import { type DaemonProcess, startDaemon } from "./daemon-process.ts";

const deploy = resolve(import.meta.dirname, "../../../deploy");
const tenantID = "22222222-2222-4222-8222-222222222222";
const login = { clientID: "cccccccc-0000-4000-8000-000000000001", secret: "emulator-only" };
const subscription = "/subscriptions/00000000-0000-4000-8000-0000000000aa";
const group = `${subscription}/resourceGroups/nodes`;
const vm = `${group}/providers/Microsoft.Compute/virtualMachines/node-0`;

const managed = [
  { name: "reader", clientID: "10000000-0000-4000-8000-000000000001" },
  { name: "writer", clientID: "10000000-0000-4000-8000-000000000002" },
  { name: "auditor", clientID: "10000000-0000-4000-8000-000000000003" },
  { name: "keeper", clientID: "10000000-0000-4000-8000-000000000004" },
];
function resourceID(name: string): string {
  return `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

export const readerClientID = "10000000-0000-4000-8000-000000000001";
export const readerID = resourceID("reader");
export const writerClientID = "10000000-0000-4000-8000-000000000002";
export const writerID = resourceID("writer");

/** A cluster with podid's definitions, rights and policies, and an emulated Azure in this process. */
export interface ClusterWorld {
  readonly plane: ControlPlane;
  readonly emulator: Emulator;
  readonly node: string;
  startController(...more: readonly string[]): Promise<DaemonProcess>;
  startControllerWith(
    environment: Readonly<Record<string, string>>,
    ...more: readonly string[]
  ): Promise<DaemonProcess>;
  startNmi(...more: readonly string[]): Promise<DaemonProcess>;
  /** A token for the pod with this address, at that NMI. */
  ask(nmi: DaemonProcess, address: string): Promise<TokenAnswer>;
  /** Names of the managed identities on the node's VM. */
  identitiesOnVm(): readonly string[];
  /** Accepted ARM changes so far: `+identity` or `-identity`. */
  patches(): readonly string[];
  close(): Promise<void>;
}

/** Installs `deploy/` as a user would, and starts Azure. Daemons are the caller's to end. */
export async function startClusterWorld(
  plane: ControlPlane,
  settings: Partial<EmulatorSettings> = {},
  /** Ids that are on the VM from the start. */
  onVm: readonly string[] = [],
  node = uniqueName("node"),
): Promise<ClusterWorld> {
  const api = plane.api();
  await applyCrds(plane);
  const applied = await plane.kubectl(["apply", "--server-side", "--force-conflicts", "-k", deploy]);
  if (applied.code !== 0) throw new Error(`kubectl apply -k deploy: ${applied.stderr}`);
  await createNode(api, { name: node, providerID: `azure://${vm}` });
  const emulator = createEmulator({
    clock: createSystemClock(),
    settings: { operationDurationMs: 500, retryAfterSeconds: 1, imdsRequestsPerSecond: 1000, ...settings },
    state: {
      tenants: [{ tenantID }],
      applications: [
        { tenantID, clientID: login.clientID, objectID: login.clientID, secrets: [login.secret] },
      ],
      userAssignedIdentities: managed.map(({ name, clientID }) => ({
        resourceID: resourceID(name),
        clientID,
        objectID: clientID,
        tenantID,
      })),
      machines: [{ resourceID: vm, location: "westeurope", tenantID, userAssigned: [...onVm] }],
      nodes: [{ name: node, machineID: vm }],
    },
  });
  const azure = await emulator.start();
  const endpoints = join(plane.folder, `azure-${node}.json`);
  const imdsUrl = azure.imds.get(node);
  await writeFile(endpoints, JSON.stringify({ imdsUrl, authorityUrl: azure.entra, armUrl: azure.arm }));
  const { hostname, port } = new URL(plane.url);
  const accounts = {
    controller: await serviceAccountOf(plane, "podid-controller"),
    nmi: await serviceAccountOf(plane, "podid-nmi"),
  };
  const daemon = async (
    component: "controller" | "nmi",
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<DaemonProcess> => {
    return startDaemon(
      [component, `--service-account-dir=${accounts[component]}`, `--azure-endpoints=${endpoints}`, ...args],
      { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, ...environment },
    );
  };
  const startController = (
    environment: Readonly<Record<string, string>>,
    more: readonly string[],
  ): Promise<DaemonProcess> =>
    daemon("controller", more, {
      CLOUD: "AzurePublicCloud",
      TENANT_ID: tenantID,
      CLIENT_ID: login.clientID,
      CLIENT_SECRET: login.secret,
      ...environment,
    });
  return {
    plane,
    emulator,
    node,
    startController: (...more) => startController({}, more),
    startControllerWith: (environment, ...more) => startController(environment, more),
    startNmi: (...more) => daemon("nmi", [`--node=${node}`, "--nmi-port=0", "--redirect=off", ...more]),
    ask: async (nmi, address) => {
      const { address: at } = addressLine.parse(await nmi.said("serving tokens"));
      return askNmi({ nmi: at, address, host: metadataHost }, {}, heldMs);
    },
    identitiesOnVm: () => (emulator.identitiesOf(vm)?.userAssigned ?? []).map(lastSegment),
    patches: () => patchesIn(emulator),
    close: () => emulator.close(),
  };
}

/** Longer than an agent keeps a pod waiting that it does not know. */
const heldMs = 30_000;

const addressLine = z.looseObject({
  address: z.custom<ListenAddress>(
    (value) => z.object({ host: z.string(), port: z.number() }).safeParse(value).success,
  ),
});

/** The files of a pod's service account, with its own token. */
export async function serviceAccountOf(
  plane: ControlPlane,
  serviceAccount: string,
  /** The pod that it is mounted in; by default the token names none. */
  pod?: { readonly name: string; readonly uid: string },
): Promise<string> {
  const bound = pod === undefined ? {} : { pod: { name: pod.name, uid: pod.uid } };
  const token = await requestToken(plane.api(), { namespace: "podid-system", serviceAccount, ...bound });
  const directory = join(plane.folder, uniqueName(serviceAccount));
  await mkdir(directory, { recursive: true });
  const files = { token, "ca.crt": plane.caPem, namespace: "podid-system" };
  await Promise.all(
    Object.entries(files).map(([file, text]) => writeFile(join(directory, file), text, { mode: 0o600 })),
  );
  return directory;
}

/** An AzureIdentity for the managed identity of that name, `reader` unless said otherwise, and a binding for `selector`. */
export async function createAccess(
  plane: ControlPlane,
  namespace: string,
  options: { readonly selector: string; readonly timeBox?: object; readonly identity?: string },
): Promise<void> {
  const root = `/apis/aadpodidentity.k8s.io/v1/namespaces/${namespace}`;
  const api = plane.api();
  const { identity = "reader", ...binding } = options;
  const { clientID } = managed.find(({ name }) => name === identity) ?? {};
  await succeed(
    api.post(`${root}/azureidentities`, {
      apiVersion: "aadpodidentity.k8s.io/v1",
      kind: "AzureIdentity",
      metadata: { name: identity },
      spec: { type: 0, resourceID: resourceID(identity), clientID },
    }),
  );
  await succeed(
    api.post(`${root}/azureidentitybindings`, {
      apiVersion: "aadpodidentity.k8s.io/v1",
      kind: "AzureIdentityBinding",
      metadata: { name: identity === "reader" ? "reads" : identity },
      spec: { azureIdentity: identity, ...binding },
    }),
  );
}

function patchesIn({ journal }: Emulator): readonly string[] {
  return journal
    .list()
    .filter(({ listener, method }) => listener === "arm" && method === "PATCH")
    .flatMap(({ added, removed }) => signed("+", added).concat(signed("-", removed)));
}

function signed(sign: string, ids: readonly string[] = []): readonly string[] {
  return ids.map((id) => `${sign}${lastSegment(id)}`);
}

function lastSegment(id: string): string {
  return id.split("/").at(-1) ?? "";
}
