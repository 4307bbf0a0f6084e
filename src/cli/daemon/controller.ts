import { once } from "node:events";

import { createCompute } from "../../azure/compute.ts";
import { createController } from "../../controller/controller.ts";
import { CommandError } from "../errors.ts";
import { readAzureAccess, readEndpoints } from "./azure-access.ts";
import { runDaemon, type Daemon, type DaemonOptions } from "./daemon.ts";
import { controllerFlags } from "./flags.ts";
import { parseFlags, renderFlags, type ParsedFlags } from "./go-flags.ts";
import { fenceCluster, fenceCompute } from "./leader-fence.ts";
import { becomesReady } from "./source.ts";
import { versionLine } from "./version.ts";

/**
 * `podid controller`: waits until it may lead, then keeps identities where the policy wants them, until
 * `signal` aborts.
 * @throws CommandError 1 when another controller has taken over, 2 for wrong flags, 3 for what it cannot
 *   work without.
 */
export async function runController(options: {
  readonly args: readonly string[];
  readonly print: (text: string) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { args, print, signal } = options;
  if (args.includes("--help") || args.includes("-h")) return print(renderFlags(controllerFlags));
  const flags = parseFlags("controller", controllerFlags, args);
  if (flags.get(controllerFlags.version)) return print(await versionLine());
  let isActive = false;
  const setActive = (active: boolean): void => void (isActive = active);
  const daemonOptions: DaemonOptions = {
    component: "controller",
    flags,
    metricsPort: flags.get(controllerFlags["prometheus-port"]),
    node: null,
    // The reference's words; probes of its charts look for nothing but status 200.
    health: () => (isActive ? "Active" : "Not Active"),
    lease: {
      namespace: flags.get(controllerFlags["leader-election-namespace"]),
      name: flags.get(controllerFlags["leader-election-name"]),
      instance: flags.get(controllerFlags["leader-election-instance"]),
      durationMs: flags.get(controllerFlags["leader-election-duration"]),
    },
  };
  const end = await runDaemon(daemonOptions, signal, (daemon, until) =>
    serve(daemon, flags, setActive, until),
  );
  if (end === "lost") {
    throw new CommandError(1, "podid controller: the lease was lost, another controller may lead now");
  }
}

/** Caches are filled before the election, so that a successor acts at once. */
async function serve(
  daemon: Daemon,
  flags: ParsedFlags,
  setActive: (active: boolean) => void,
  signal: AbortSignal,
): Promise<"stopped" | "lost" | "finished"> {
  const { clock, environment, log, open, readiness } = daemon;
  const endpoints = await readEndpoints(flags.get(controllerFlags["azure-endpoints"]));
  const path = flags.get(controllerFlags.cloudconfig);
  const access = await readAzureAccess({ clock, path, environment, endpoints });
  if (!(await becomesReady(open, signal))) return "stopped";
  readiness.set("source", null);
  const compute = createCompute({ clock, ...access, endpoints });
  return open.elect(signal, async (leading) => {
    const controller = createController({
      clock,
      log,
      cluster: fenceCluster(open.source, () => open.isLeader()),
      decider: daemon.decider,
      compute: fenceCompute(compute, () => open.isLeader()),
      namespaced: flags.get(controllerFlags.forceNamespaced) || environment.isNamespaced,
      random: Math.random,
      statusTerms: { policyDigest: daemon.engine.digest, tzdata: process.versions["tz"] ?? "" },
    });
    controller.start();
    setActive(true);
    log.info({}, "leading");
    if (!leading.aborted) await once(leading, "abort");
    setActive(false);
    await controller.close();
  });
}
