import { createPlatformMetadata } from "../../../src/azure/platform-metadata.ts";
import { createTokenSource } from "../../../src/azure/token-source.ts";
import { findCloud } from "../../../src/azure/cloud.ts";
import { shippedFiles } from "../../../src/cli/paths.ts";
import { judgeManifests } from "../../../src/cli/policy.ts";
import { startPolicy } from "../../../src/cli/running-policy.ts";
import { createEmulator } from "../../../src/emulator/emulator.ts";
import { createClusterDecider } from "../../../src/engine/cluster-decider.ts";
import { loadCrdSchemas } from "../../../src/kubernetes/manifest-schema.ts";
import { createManifestSource } from "../../../src/kubernetes/manifest-source.ts";
import type { ResourceSource } from "../../../src/kubernetes/resource-source.ts";
import { createNodeCommands } from "../../../src/cli/daemon/node-commands.ts";
import { createNmi } from "../../../src/nmi/nmi.ts";
import { createNodeRules, type NodeRules } from "../../../src/nmi/redirect/node-rules.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { metadataAddress, nodeAddress } from "./namespaces.ts";
import { orderSchema, type Order, type Report } from "./node-messages.ts";
import { nodeAzure, type PodName } from "./node-objects.ts";

// A node, run inside its network: NMI with the real policy over the folder of the first argument, and an Azure on loopback.
// The second argument says how pods reach it: by podid's own rules, or since it has the metadata address itself. It does
// what the test tells it, and ends with the test.

const agent = { address: nodeAddress, port: 2579 };
const tell = (report: Report): void => {
  // Once the test has let go, nobody listens.
  if (process.connected) process.send?.(report);
};
const clock = createSystemClock();
const write = (text: string): void => tell({ report: "logged", line: JSON.parse(text) });
// Answers to probes are told at this level.
const log = createLog({ clock, level: "debug", component: "node", destination: { write } });

const policy = await startPolicy({ policy: "", decisionLog: "", clock, log });
const source = await createManifestSource({
  directory: process.argv[2] ?? "",
  crds: await loadCrdSchemas(shippedFiles.crds),
  clock,
  log,
  judge: judgeManifests(policy.engine),
  watch: false,
});
const emulator = createEmulator({ clock, state: nodeAzure, settings: { imdsRequestsPerSecond: 1000 } });
const azure = await emulator.start();
const imdsUrl = azure.imds.get("node-0") ?? "";
const decider = createClusterDecider(policy.engine, source);
const metrics = createMetrics();
const rules = process.argv[3] === "by-rules" ? createRules() : null;
const nmi = createNmi({
  clock,
  log,
  node: "node-0",
  resources: source,
  decider,
  tokens: createTokenSource({
    clock,
    cloud: findCloud(""),
    endpoints: { imdsUrl, authorityUrl: azure.entra },
    readSecret: (namespace, name) => source.readSecret(namespace, name),
  }),
  platform: createPlatformMetadata({ clock, imdsUrl }),
  metrics,
});

function createRules(): NodeRules {
  return createNodeRules({
    clock,
    log,
    commands: createNodeCommands(process.env["PATH"] ?? ""),
    terms: { metadata: { address: metadataAddress, port: 80 }, agent },
    mode: "nft",
    checkEveryMs: 5000,
  });
}

/** Stands for the controller, at the moment of the test's choice. */
async function assign(resources: ResourceSource, pod: PodName): Promise<void> {
  const key = `shop/${pod}`;
  await resources.createAssignedIdentity({
    namespace: "shop",
    name: `${pod}-shop-${pod}`,
    labels: {},
    annotations: {},
    finalizers: [],
    spec: {
      pod,
      podNamespace: "shop",
      nodename: "node-0",
      azureIdentityRef: resources.get("AzureIdentity", key) ?? null,
      azureBindingRef: resources.get("AzureIdentityBinding", key) ?? null,
    },
    status: { status: "Assigned", inForce: null, validUntil: null },
  });
}

async function carryOut(order: Order): Promise<void> {
  if (order.do === "assign") await assign(source, order.pod);
  if (order.do === "release") await source.deleteAssignedIdentity(`shop/${order.pod}-shop-${order.pod}`);
  const { text } = await metrics.render();
  tell({
    report: "done",
    id: order.id,
    held: Number(/^podid_nmi_held_requests (\d+)$/m.exec(text)?.[1] ?? 0),
  });
}

async function close(): Promise<void> {
  await nmi.close();
  await rules?.close();
  decider.close();
  await source.close();
  await emulator.close();
  await policy.close();
}

process.on("message", (message) => void carryOut(orderSchema.parse(message)));
process.on("disconnect", () => void close());
await rules?.start();
const problem = rules?.problem() ?? null;
if (problem !== null) throw new Error(problem);
const [host, port] = rules === null ? [metadataAddress, 80] : [agent.address, agent.port];
await nmi.listen({ host, port, isShared: true });
tell({ report: "ready" });
