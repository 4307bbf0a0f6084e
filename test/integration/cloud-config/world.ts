import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as realDelay } from "node:timers/promises";

import type { EndpointOverrides } from "../../../src/azure/cloud.ts";
import { type AzureAccess, openAzureAccess } from "../../../src/cli/daemon/azure-access.ts";
import type { Environment } from "../../../src/cli/environment.ts";
import type { WatchFolder } from "../../../src/cli/follow-files.ts";
import { createEmulator, type Emulator } from "../../../src/emulator/emulator.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createMetrics, type Metrics } from "../../../src/runtime/metrics.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createServiceAccountIssuer } from "../../unit/azure/application-keys.ts";
import { nobody } from "../../unit/cli/daemon/azure-environment.ts";

export const tenantID = "40000000-0000-4000-8000-00000000000a";
const group = "/subscriptions/40000000-0000-4000-8000-00000000000b/resourceGroups/MC_shop";
export const vm = `${group}/providers/Microsoft.Compute/virtualMachines/node-0`;
export const managed = (name: string): string =>
  `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

/** Two applications, and the cluster's own identity, which is on the machine of the controller. */
export const first = { clientID: "41000000-0000-4000-8000-000000000001", secret: "canary-first" };
export const second = { clientID: "41000000-0000-4000-8000-000000000002", secret: "canary-second" };
export const kubelet = { clientID: "42000000-0000-4000-8000-000000000001", resourceID: managed("kubelet") };
export const system = { clientID: "42000000-0000-4000-8000-000000000003" };

const issuer = "https://oidc.example/cluster/";
const subject = "system:serviceaccount:podid-system:podid-controller";
const audience = "api://AzureADTokenExchange";
const cluster = createServiceAccountIssuer();

/** The token that the kubelet projects for the controller. */
export function serviceAccountToken(): string {
  const seconds = Math.floor(Date.now() / 1000);
  return cluster.issue({ iss: issuer, sub: subject, aud: [audience], nbf: seconds, exp: seconds + 3600 });
}

export interface Azure {
  /** Stands at the time of the machine, by which MSAL signs. */
  readonly clock: SimulatedClock;
  readonly emulator: Emulator;
  readonly endpoints: EndpointOverrides;
}

/** Starts an emulated Azure; `certificates` prove the second application. */
export async function startAzure(
  t: TestContext,
  options: { readonly certificates?: readonly string[]; readonly armOrigin?: string } = {},
): Promise<Azure> {
  const { certificates = [], armOrigin = "https://management.azure.com" } = options;
  const clock = createSimulatedClock(Date.now());
  const application = ({ clientID, secret }: typeof first) => ({
    tenantID,
    clientID,
    objectID: clientID,
    secrets: [secret],
    certificates: [...certificates],
    federatedCredentials: [{ issuer, subject, audience, publicKey: cluster.publicKey }],
  });
  const emulator = createEmulator({
    clock,
    settings: { operationDurationMs: 0, retryAfterSeconds: 1, armOrigin },
    state: {
      tenants: [{ tenantID }],
      applications: [application(first), application(second)],
      userAssignedIdentities: [
        { tenantID, objectID: kubelet.clientID, ...kubelet },
        {
          tenantID,
          resourceID: managed("reader"),
          clientID: "42000000-0000-4000-8000-000000000002",
          objectID: "42000000-0000-4000-8000-000000000002",
        },
      ],
      machines: [
        {
          resourceID: vm,
          location: "westeurope",
          tenantID,
          userAssigned: [kubelet.resourceID],
          systemAssigned: { ...system, objectID: system.clientID },
        },
      ],
      nodes: [{ name: "node-0", machineID: vm }],
    },
  });
  t.after(() => emulator.close());
  const { entra, arm, imds } = await emulator.start();
  const endpoints = { authorityUrl: entra, armUrl: arm, imdsUrl: imds.get("node-0") ?? assert.fail() };
  return { clock, emulator, endpoints };
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "podid-cloud-config-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An azure.json that logs in as this application. */
export function fileOf({ clientID, secret }: typeof first): string {
  return JSON.stringify({
    cloud: "AzurePublicCloud",
    tenantId: tenantID,
    aadClientId: clientID,
    aadClientSecret: secret,
    userAssignedIdentityID: kubelet.clientID,
  });
}

export interface Opened {
  readonly access: AzureAccess;
  readonly metrics: Metrics;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

/** Opens the controller's access; it ends with the test. */
export async function openAccess(
  t: TestContext,
  azure: Azure,
  options: {
    readonly path?: string;
    readonly environment?: Partial<Environment>;
    readonly watchFolder?: WatchFolder;
  },
): Promise<Opened> {
  const { clock, endpoints } = azure;
  const { path = "", environment = {}, ...rest } = options;
  const lines: Readonly<Record<string, unknown>>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line));
  const log = createLog({ clock, level: "debug", component: "test", destination: { write } });
  const metrics = createMetrics();
  const access = await openAzureAccess({
    clock,
    log,
    metrics,
    endpoints,
    path,
    ...rest,
    environment: { ...nobody, ...environment },
  });
  t.after(() => access.close());
  return { access, metrics, lines };
}

/** Who got the tokens that Entra and IMDS gave out so far, in turn. */
export function logins({ emulator }: Azure): readonly (string | undefined)[] {
  return emulator.journal
    .list()
    .filter(({ listener, status }) => listener !== "arm" && status === 200)
    .map(({ clientID }) => clientID);
}

/** Lets `ms` pass, and waits until the files were looked at: only then is the next look planned. */
export async function pass(clock: SimulatedClock, ms: number): Promise<void> {
  clock.advance(ms);
  while (clock.nextTimerInMs() === null) await realDelay(1);
}

/** A look that finds the change, and the one after which it has settled. */
export async function look(clock: SimulatedClock): Promise<void> {
  await pass(clock, 5000);
  await pass(clock, 1000);
}
