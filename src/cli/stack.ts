import { findCloud } from "../azure/cloud.ts";
import { createCompute } from "../azure/compute.ts";
import { createSecretCredential } from "../azure/credential.ts";
import { createPlatformMetadata } from "../azure/platform-metadata.ts";
import { createTokenSource } from "../azure/token-source.ts";
import { createController, type Controller } from "../controller/controller.ts";
import { createEmulator, type Emulator } from "../emulator/emulator.ts";
import type { EmulatorAddresses } from "../emulator/network.ts";
import { createClusterDecider, type ClusterDecider } from "../engine/cluster-decider.ts";
import type { BundleSlot } from "../engine/bundle-slot.ts";
import type { Engine } from "../engine/engine.ts";
import { loadCrdSchemas } from "../kubernetes/manifest-schema.ts";
import type { Problem } from "../kubernetes/manifest-problem.ts";
import { createManifestSource } from "../kubernetes/manifest-source.ts";
import type { ResourceSource } from "../kubernetes/resource-source.ts";
import type { InterfaceBehind } from "../nmi/interface-memory.ts";
import { createNmi, type Nmi, type NmiOptions } from "../nmi/nmi.ts";
import type { ListenAddress } from "../nmi/server.ts";
import type { Clock } from "../runtime/clock.ts";
import { createLog, type DestinationStream, type Log } from "../runtime/log.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { controllerLogin, emulatedAzureFor } from "./azure-state.ts";
import { shippedFiles } from "./paths.ts";
import { judgeManifests } from "./policy.ts";
import { startPolicy, type RunningPolicy } from "./running-policy.ts";

/** Objects, and what is wrong with those that were left out. */
export interface StackSource extends ResourceSource {
  problems(): readonly Problem[];
}

/** All of podid on one machine: manifests for a cluster, an emulated Azure, one NMI for each node. */
export interface Stack {
  readonly engine: BundleSlot;
  readonly policy: RunningPolicy;
  readonly source: StackSource;
  readonly decider: ClusterDecider;
  readonly emulator: Emulator;
  readonly azure: EmulatorAddresses;
  readonly controller: Controller;
  /** Where the NMI of each node listens. */
  readonly nmis: ReadonlyMap<string, ListenAddress>;
  close(): Promise<void>;
}

export interface StackOptions {
  readonly manifests: string;
  /** Opens another source than the folder; by default that is followed. */
  readonly openSource?: ((log: Log) => Promise<StackSource>) | undefined;
  readonly clock: Clock;
  /** Where the daemons' log lines go. */
  readonly logDestination: DestinationStream;
  readonly nmi: Partial<NmiOptions>;
  /** What each node's network shows behind an address; by default nothing. */
  readonly interfaceBehind?: InterfaceBehind | undefined;
  /** Bundle file that is followed; by default the one that ships. */
  readonly policy?: string | undefined;
  /** File for JSON lines, or `-`; by default decisions are not recorded. */
  readonly decisionLog?: string | undefined;
}

/** Starts everything in the order in which it depends on each other. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { clock } = options;
  const log = createLog({ clock, level: "info", component: "podid", destination: options.logDestination });
  const { policy: file = "", decisionLog = "" } = options;
  const policy = await startPolicy({ policy: file, decisionLog, clock, log });
  const { engine } = policy;
  const openFolder = (): Promise<StackSource> => followFolder(options.manifests, clock, log, engine);
  const source = await (options.openSource ?? openFolder)(log);
  const emulator = createEmulator({
    clock,
    state: await emulatedAzureFor(source),
    settings: { imdsRequestsPerSecond: 1000 },
  });
  const azure = await emulator.start();
  const decider = createClusterDecider(engine, source);
  const controller = startController({ clock, log, engine, source, decider, azure });
  const nmis = await startNmis({ ...options, log, source, decider, azure, policy });
  const close = async (): Promise<void> => {
    await Promise.all(nmis.map(({ nmi }) => nmi.close()));
    await controller.close();
    decider.close();
    await source.close();
    await emulator.close();
    await policy.close();
  };
  const addresses = new Map(nmis.map(({ node, address }) => [node, address]));
  return { engine, policy, source, decider, emulator, azure, controller, nmis: addresses, close };
}

async function followFolder(directory: string, clock: Clock, log: Log, engine: Engine): Promise<StackSource> {
  const crds = await loadCrdSchemas(shippedFiles.crds);
  const judge = judgeManifests(engine);
  return createManifestSource({ directory, crds, clock, log, judge, watch: true });
}

interface Parts {
  readonly clock: Clock;
  readonly log: Log;
  readonly source: StackSource;
  readonly decider: ClusterDecider;
  readonly azure: EmulatorAddresses;
}

function startController({
  clock,
  log,
  engine,
  source,
  decider,
  azure,
}: Parts & { readonly engine: Engine }): Controller {
  const cloud = findCloud("");
  const endpoints = { authorityUrl: azure.entra, armUrl: azure.arm };
  const credential = createSecretCredential({ clock, cloud, endpoints, ...controllerLogin });
  const controller = createController({
    clock,
    log,
    cluster: source,
    decider,
    compute: createCompute({ clock, cloud, credential, endpoints }),
    namespaced: false,
    random: Math.random,
    statusTerms: { policyDigest: engine.digest, tzdata: process.versions["tz"] ?? "" },
  });
  controller.start();
  return controller;
}

interface RunningNmi {
  readonly node: string;
  readonly nmi: Nmi;
  readonly address: ListenAddress;
}

function startNmis(
  parts: Parts & Pick<StackOptions, "nmi" | "interfaceBehind"> & { readonly policy: RunningPolicy },
): Promise<readonly RunningNmi[]> {
  const { clock, log, source, decider, azure } = parts;
  return Promise.all(
    [...azure.imds].map(async ([node, imdsUrl]) => {
      const nmi = createNmi({
        clock,
        log,
        node,
        resources: source,
        decider,
        tokens: createTokenSource({
          clock,
          cloud: findCloud(""),
          endpoints: { imdsUrl, authorityUrl: azure.entra },
          readSecret: (namespace, name) => source.readSecret(namespace, name),
        }),
        platform: createPlatformMetadata({ clock, imdsUrl }),
        metrics: parts.policy.countIn(createMetrics()),
        options: parts.nmi,
        interfaceBehind: parts.interfaceBehind,
      });
      return { node, nmi, address: await nmi.listen({ host: "127.0.0.1", port: 0 }) };
    }),
  );
}
