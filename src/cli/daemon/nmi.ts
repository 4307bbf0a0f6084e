import { once } from "node:events";

import { createPlatformMetadata } from "../../azure/platform-metadata.ts";
import { createTokenSource } from "../../azure/token-source.ts";
import { createNmi, type Nmi, type NmiOptions } from "../../nmi/nmi.ts";
import { createNodeInterfaces } from "../../nmi/node-interfaces.ts";
import { readEnvironment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { cloudNamed, readEndpoints } from "./azure-access.ts";
import { runDaemon, type Daemon } from "./daemon.ts";
import { nmiFlags } from "./flags.ts";
import { readAnswers } from "./nmi-answers.ts";
import { parseFlags, renderFlags, type ParsedFlags } from "./go-flags.ts";
import { listenAtLoopbacks } from "./host-endpoint.ts";
import { removeNodeRules, startBehindGuard, startNodeNetwork, type NodeNetwork } from "./node-network.ts";
import { becomesReady } from "./source.ts";
import { removeStartupTaint } from "./startup-taint.ts";
import { listenInTurn } from "./token-port.ts";
import { versionLine } from "./version.ts";

/**
 * `podid nmi`: serves tokens to the pods of one node until `signal` aborts, then lets the requests in
 * flight end.
 * @throws CommandError 2 for wrong flags, 3 for what it cannot work without.
 */
export async function runNmi(options: {
  readonly args: readonly string[];
  readonly print: (text: string) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { args, print, signal } = options;
  if (args.includes("--help") || args.includes("-h")) return print(renderFlags(nmiFlags));
  const flags = parseFlags("nmi", nmiFlags, args);
  if (flags.get(nmiFlags.version)) return print(await versionLine());
  if (flags.get(nmiFlags["remove-rules"])) return removeNodeRules(print);
  const { node, mode, network } = await startBehindGuard(flags, () => readTerms(flags));
  const daemonOptions = {
    component: "nmi" as const,
    flags,
    metricsPort: flags.get(nmiFlags["prometheus-port"]),
    node,
    health: () => (network.problem() === null ? "Active" : "Not Active"),
    lease: null,
    fieldCase: null,
    rate: null,
    sharesPorts,
    waitsForPorts: true,
  };
  try {
    await runDaemon(daemonOptions, signal, (daemon, until) =>
      serve(daemon, flags, { node, mode, network }, until),
    );
  } finally {
    await network.close();
  }
}

/** So that the next daemon of a node serves before this one stops; elsewhere there is no such sharing. */
const sharesPorts = process.platform === "linux";

interface Terms {
  readonly node: string;
  readonly mode: Pick<NmiOptions, "namespaced" | "managed">;
  readonly network: NodeNetwork;
}

/** @throws CommandError 2 for terms that the agent cannot work on. */
async function readTerms(flags: ParsedFlags): Promise<Terms> {
  const node = flags.get(nmiFlags.node) || readEnvironment().nodeName;
  if (node === undefined) {
    throw new CommandError(2, "podid nmi: which node's pods to serve? Give --node or set NODE_NAME");
  }
  const mode = readMode(flags);
  return { node, mode, network: await startNodeNetwork(flags) };
}

/** @throws CommandError 2 as the reference: in managed mode anybody's label could ask for anybody's identity. */
function readMode(flags: ParsedFlags): Terms["mode"] {
  const namespaced = flags.get(nmiFlags.forceNamespaced) || readEnvironment().isNamespaced;
  const managed = flags.get(nmiFlags["operation-mode"]) === "managed";
  if (managed && !namespaced) {
    throw new CommandError(2, "podid nmi: --operation-mode=managed needs --forceNamespaced");
  }
  return { namespaced, managed };
}

/** Listens before the caches are filled: a pod that asks early gets an answer that its SDK repeats. */
async function serve(daemon: Daemon, flags: ParsedFlags, terms: Terms, signal: AbortSignal): Promise<void> {
  const { node, mode, network } = terms;
  const { clock, environment, log, open, readiness } = daemon;
  const { source } = open;
  const endpoints = await readEndpoints(flags.get(nmiFlags["azure-endpoints"]));
  const { imdsUrl } = endpoints;
  const cloud = await cloudNamed(environment.cloud ?? "", environment);
  readiness.watch(() => network.problem());
  readiness.note(() => network.note());
  network.countIn(daemon.metrics);
  let isSynced = false;
  const nmi = createNmi({
    clock,
    log,
    node,
    resources: source,
    decider: daemon.decider,
    tokens: createTokenSource({
      clock,
      cloud,
      endpoints,
      readSecret: (namespace, name) => source.readSecret(namespace, name),
    }),
    platform: createPlatformMetadata({ clock, ...(imdsUrl === undefined ? {} : { imdsUrl }) }),
    interfaceBehind: createNodeInterfaces(clock),
    metrics: daemon.metrics,
    isSynced: () => isSynced,
    options: { hosts: [flags.get(nmiFlags["metadata-ip"]), network.host], ...mode, ...readAnswers(flags) },
  });
  daemon.onClose(() => nmi.close());
  signal.addEventListener("abort", () => readiness.set("stop", "told to stop"), { once: true });
  if (!(await listenEverywhere(nmi, daemon, flags, { node, host: network.host, signal }))) return;
  if (!(await becomesReady(open, signal))) return;
  isSynced = true;
  readiness.set("source", null);
  log.info({ node }, "ready");
  await removeStartupTaint(daemon, signal);
  if (!signal.aborted) await once(signal, "abort");
}

/**
 * At the address that pods are led to, and at the loopbacks for the node's own processes. False when it is told to stop
 * before it is served at the former.
 */
async function listenEverywhere(
  nmi: Nmi,
  daemon: Daemon,
  flags: ParsedFlags,
  where: { readonly node: string; readonly host: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const { clock, log, readiness } = daemon;
  const { node, host, signal } = where;
  const on = { host, port: flags.get(nmiFlags["nmi-port"]), isShared: sharesPorts };
  const address = await listenInTurn({ clock, log, signal }, () => nmi.listen(on));
  if (address === null) return false;
  if (flags.get(nmiFlags["host-token-endpoint"])) {
    const { port } = address;
    const listen = (loopback: string) => nmi.listen({ ...on, host: loopback, port });
    const endpoint = await listenAtLoopbacks({ clock, log, signal }, host, listen);
    // Before NMI itself, so that none begins to listen while that ends.
    daemon.onClose(() => endpoint.close());
    readiness.note(() => endpoint.problem());
  }
  log.info({ address, node }, "serving tokens");
  return true;
}
