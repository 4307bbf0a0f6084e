import { createCompute } from "../../azure/compute.ts";
import type { EndpointOverrides } from "../../azure/cloud.ts";
import { createController, type ControllerDependencies } from "../../controller/controller.ts";
import type { StatusTerms } from "../../controller/status-findings.ts";
import { countHintMismatches } from "../../controller/hint-mismatches.ts";
import { observeByMetrics } from "../../controller/work-queue-observer.ts";
import type { Engine } from "../../engine/engine.ts";
import { countArmBudget } from "./arm-metrics.ts";
import { type AzureAccess, readAzureAccess, readEndpoints } from "./azure-access.ts";
import { runDaemon, type Daemon, type DaemonOptions } from "./daemon.ts";
import { controllerFlags } from "./flags.ts";
import { parseFlags, renderFlags, type ParsedFlags } from "./go-flags.ts";
import { demandLead, fenceCluster, fenceCompute } from "./leader-fence.ts";
import { becomesReady } from "./source.ts";
import { versionLine } from "./version.ts";

/**
 * `podid controller`: waits until it may lead, then keeps identities where the policy wants them, until
 * `signal` aborts.
 * @throws CommandError 2 for wrong flags, 3 for what it cannot work without.
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
  await runDaemon(daemonOptions, signal, (daemon, until) => serve(daemon, flags, setActive, until));
}

/**
 * Caches are filled before the election, so that a successor acts at once. A lost lease is no fault: the API server may
 * have been away. Who leads again begins with nothing in memory but the caches.
 */
async function serve(
  daemon: Daemon,
  flags: ParsedFlags,
  setActive: (active: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  const { environment, log, open, readiness, clock } = daemon;
  const endpoints = await readEndpoints(flags.get(controllerFlags["azure-endpoints"]));
  const path = flags.get(controllerFlags.cloudconfig);
  const access = await readAzureAccess({ clock, path, environment, endpoints });
  if (!(await becomesReady(open, signal))) return;
  readiness.set("source", null);
  const isNamespaced = flags.get(controllerFlags.forceNamespaced) || environment.isNamespaced;
  const dependencies = dependenciesOf(daemon, { ...access, endpoints }, isNamespaced);
  const lead = async (leading: AbortSignal): Promise<void> => {
    const controller = createController(dependencies);
    controller.start();
    setActive(true);
    log.info({}, "leading");
    await whenAborted(leading, () => {
      setActive(false);
      return controller.close();
    });
  };
  // oxlint-disable-next-line no-await-in-loop -- one time in office follows another
  while ((await open.elect(signal, lead)) === "lost" && !signal.aborted) {
    log.warn({}, "the lease was lost; waiting to lead again");
  }
}

/** What a controller works with; its effects go out while this process leads. */
function dependenciesOf(
  { clock, log, metrics, open, decider, engine }: Daemon,
  azure: AzureAccess & { readonly endpoints: EndpointOverrides },
  namespaced: boolean,
): ControllerDependencies {
  const compute = createCompute({
    clock,
    ...azure,
    onBudget: countArmBudget(metrics),
    beforeChange: () => demandLead(open),
  });
  return {
    clock,
    log,
    cluster: fenceCluster(open.source, open, clock),
    decider,
    compute: fenceCompute(compute, open),
    namespaced,
    random: Math.random,
    observer: observeByMetrics(metrics),
    onHintMismatch: countHintMismatches(metrics),
    statusTerms: statusTerms(engine),
  };
}

/** Within the abort itself, so that whatever fails by it finds the work closed already. */
function whenAborted(signal: AbortSignal, close: () => Promise<void>): Promise<void> {
  if (signal.aborted) return close();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(close()), { once: true });
  });
}

/** Statuses name the policy that found them, which may be replaced meanwhile. */
function statusTerms(engine: Engine): StatusTerms {
  const tzdata = process.versions["tz"] ?? "";
  return {
    get policyDigest() {
      return engine.digest;
    },
    tzdata,
  };
}
