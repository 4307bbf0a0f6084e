// A node to load: the built `podid nmi` in a process of its own, with 110 pods, over an emulated Azure in this one.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { createEmulator } from "../../src/emulator/emulator.ts";
import type { AzureStateInput } from "../../src/emulator/state.ts";
import { createSystemClock } from "../../src/runtime/clock.ts";
import { useOf, type ProcessUse } from "../scale/process-stat.ts";

const root = resolve(import.meta.dirname, "../..");
/** What a kubelet allows by default. */
export const podsOnNode = 110;
const identities = 8;
const subscription = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/nodes";
const machineID = `${subscription}/providers/Microsoft.Compute/virtualMachines/vm`;
const tenantID = "22222222-2222-2222-2222-222222222222";
const clientSecret = "not-a-real-secret";

export interface LoadedNode {
  readonly host: string;
  readonly port: number;
  /** Source address of each pod. */
  readonly addresses: readonly string[];
  use(): ProcessUse;
  /** Token calls that reached IMDS or Entra. */
  upstreamCalls(): number;
  close(): Promise<void>;
}

/**
 * Starts the node. Pods share eight identities, each bound within a time box, so that every request is judged against
 * one. `type` 0: managed identities, in managed mode, where the policy is asked for the assignments too; 1: service
 * principals, in standard mode.
 */
export async function startNode(options: {
  readonly type: 0 | 1;
  readonly imdsLatencyMs?: number;
}): Promise<LoadedNode> {
  const folder = await mkdtemp(join(tmpdir(), "podid-load-"));
  const azure = createEmulator({
    clock: createSystemClock(),
    settings: { imdsLatencyMs: options.imdsLatencyMs ?? 0 },
    state: azureState(),
  });
  const { imds, entra } = await azure.start();
  const files = {
    endpoints: join(folder, "endpoints.json"),
    manifests: join(folder, "manifests"),
    log: join(folder, "log"),
  };
  await mkdir(files.manifests);
  await writeFile(files.endpoints, JSON.stringify({ imdsUrl: imds.get("node-0"), authorityUrl: entra }));
  await writeFile(join(files.manifests, "objects.json"), manifestText(options.type));
  const { child, port } = await startDaemon(files, options.type);
  return {
    host: "127.0.0.1",
    port,
    addresses: numbers(podsOnNode).map(addressOf),
    use: () => useOf(child.pid ?? 0),
    upstreamCalls: () => azure.journal.list().filter(({ target }) => target.includes("token")).length,
    close: async () => {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
      await azure.close();
      await rm(folder, { recursive: true });
    },
  };
}

interface Files {
  readonly endpoints: string;
  readonly manifests: string;
  /** A file, since somebody would have to read a pipe. */
  readonly log: string;
}

/** PODID_LOAD_NODE_OPTIONS: for instance --cpu-prof, in place of what bin/podid says. */
async function startDaemon(
  { endpoints, manifests, log }: Files,
  type: 0 | 1,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const output = openSync(log, "w");
  const args = ["nmi", "--node=node-0", `--manifests=${manifests}`, `--azure-endpoints=${endpoints}`].concat(
    type === 0 ? ["--operation-mode=managed", "--forceNamespaced=true"] : [],
    [
      "--nmi-listen-address=127.0.0.1",
      "--nmi-port=0",
      "--http-probe-port=0",
      "--prometheus-port=0",
      "--probe-address=127.0.0.1",
    ],
  );
  const child = spawn(join(root, "bin/podid"), args, {
    cwd: root,
    env: { PATH: "/usr/bin:/bin", ...nodeOptions() },
    stdio: ["ignore", output, "inherit"],
  });
  closeSync(output);
  for (;;) {
    const text = await readFile(log, "utf8");
    const [, port] = /"port":(\d+)\},"node":"node-0","msg":"serving tokens"/.exec(text) ?? [];
    if (port !== undefined && text.includes('"msg":"ready"')) return { child, port: Number(port) };
    if (child.exitCode !== null) throw new Error(`podid nmi ended: ${text}`);
    await delay(50);
  }
}

function nodeOptions(): Readonly<Record<string, string>> {
  const options = process.env["PODID_LOAD_NODE_OPTIONS"];
  return options === undefined ? {} : { NODE_OPTIONS: options };
}

function azureState(): AzureStateInput {
  const resourceIDs = numbers(identities).map(resourceID);
  return {
    tenants: [{ tenantID }],
    applications: numbers(identities).map((i) => ({
      tenantID,
      clientID: guid(100 + i),
      objectID: guid(200 + i),
      secrets: [clientSecret],
    })),
    userAssignedIdentities: numbers(identities).map((i) => ({
      resourceID: resourceID(i),
      clientID: guid(300 + i),
      objectID: guid(400 + i),
      tenantID,
    })),
    machines: [{ resourceID: machineID, location: "westeurope", tenantID, userAssigned: resourceIDs }],
    nodes: [{ name: "node-0", machineID }],
  };
}

function manifestText(type: 0 | 1): string {
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "node-0" },
    spec: { providerID: `azure://${machineID}` },
  };
  const items = [
    node,
    ...numbers(identities).flatMap((i) => accessOf(i, type)),
    ...numbers(podsOnNode).map(podOf),
  ];
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

function accessOf(i: number, type: 0 | 1): readonly object[] {
  const name = `i${i}`;
  const metadata = { name, namespace: "load" };
  const apiVersion = "aadpodidentity.k8s.io/v1";
  const managed = { type, resourceID: resourceID(i), clientID: guid(300 + i) };
  const principal = { type, tenantID, clientID: guid(100 + i), clientPassword: metadata };
  const windows = [{ times: [{ start: "00:00", end: "24:00" }] }];
  const timeBox = { openWhen: "Schedule", timeZone: "Europe/Berlin", windows };
  return [
    { apiVersion, kind: "AzureIdentity", metadata, spec: type === 0 ? managed : principal },
    {
      apiVersion,
      kind: "AzureIdentityBinding",
      metadata,
      spec: { azureIdentity: name, selector: name, timeBox },
    },
    { apiVersion: "v1", kind: "Secret", metadata, stringData: { clientSecret } },
  ];
}

function podOf(i: number): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `pod-${i}`, namespace: "load", labels: { aadpodidbinding: `i${i % identities}` } },
    spec: { nodeName: "node-0", containers: [] },
    status: { phase: "Running", podIP: addressOf(i) },
  };
}

function addressOf(i: number): string {
  return `127.1.0.${i + 1}`;
}

function resourceID(i: number): string {
  return `${subscription}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-${i}`;
}

function guid(i: number): string {
  return `aaaaaaaa-0000-4000-8000-${String(i).padStart(12, "0")}`;
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
