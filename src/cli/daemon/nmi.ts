import { once } from "node:events";

import { createPlatformMetadata } from "../../azure/platform-metadata.ts";
import { createTokenSource } from "../../azure/token-source.ts";
import { createNmi, type NmiOptions } from "../../nmi/nmi.ts";
import { createNodeInterfaces } from "../../nmi/node-interfaces.ts";
import type { ListenAddress } from "../../nmi/server.ts";
import { toError } from "../../runtime/to-error.ts";
import { readEnvironment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { cloudNamed, readEndpoints } from "./azure-access.ts";
import { runDaemon, type Daemon } from "./daemon.ts";
import { nmiFlags } from "./flags.ts";
import { readAnswers } from "./nmi-answers.ts";
import { parseFlags, renderFlags, type ParsedFlags } from "./go-flags.ts";
import { listenAtLoopbacks } from "./host-endpoint.ts";
import { becomesReady } from "./source.ts";
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
  const node = flags.get(nmiFlags.node) || readEnvironment().nodeName;
  if (node === undefined) {
    throw new CommandError(2, "podid nmi: which node's pods to serve? Give --node or set NODE_NAME");
  }
  const mode = readMode(flags);
  const daemonOptions = {
    component: "nmi" as const,
    flags,
    metricsPort: flags.get(nmiFlags["prometheus-port"]),
    node,
    health: () => "Active",
    lease: null,
    fieldCase: null,
    rate: null,
  };
  await runDaemon(daemonOptions, signal, (daemon, until) => serve(daemon, flags, { node, mode }, until));
}

interface Terms {
  readonly node: string;
  readonly mode: Pick<NmiOptions, "namespaced" | "managed">;
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
  const { node, mode } = terms;
  const { clock, environment, log, open, readiness } = daemon;
  const { source } = open;
  const endpoints = await readEndpoints(flags.get(nmiFlags["azure-endpoints"]));
  const { imdsUrl } = endpoints;
  const cloud = await cloudNamed(environment.cloud ?? "", environment);
  let isSynced = false;
  const host = flags.get(nmiFlags["nmi-listen-address"]);
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
    options: { hosts: [flags.get(nmiFlags["metadata-ip"]), host], ...mode, ...readAnswers(flags) },
  });
  daemon.onClose(() => nmi.close());
  const address = await nmi.listen({ host, port: flags.get(nmiFlags["nmi-port"]) }).catch(cannotListen);
  if (flags.get(nmiFlags["host-token-endpoint"])) {
    await listenAtLoopbacks(log, host, (loopback) => nmi.listen({ host: loopback, port: address.port }));
  }
  log.info({ address, node }, "serving tokens");
  if (!(await becomesReady(open, signal))) return;
  isSynced = true;
  readiness.set("source", null);
  log.info({ node }, "ready");
  if (!signal.aborted) await once(signal, "abort");
}

function cannotListen(cause: unknown): ListenAddress {
  const problem = toError(cause).message;
  throw new CommandError(3, `podid nmi: the token port cannot be served: ${problem}`, { cause });
}
